use std::fmt;

/// A point in time as Windows stores it: 100-nanosecond ticks since 1601-01-01T00:00:00Z.
///
/// Source: \[MS-DTYP\] 2.3.3 FILETIME. Every `u64` is kept, so that a time that nobody set (0) and one that no
/// calendar can show stay distinguishable from each other and from an absent time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filetime(pub u64);

const TICKS_PER_SECOND: u64 = 10_000_000;
const SECONDS_PER_DAY: u64 = 86_400;

/// The first tick of the year 10000, which RFC 3339 cannot write.
const END_OF_RFC3339: u64 = 2_650_467_744_000_000_000;

impl Filetime {
    /// Reads the eight little-endian bytes of a FILETIME.
    pub fn from_le_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// Joins the two halves that service-made profile names carry.
    pub fn from_parts(high: u32, low: u32) -> Self {
        Self(u64::from(high) << 32 | u64::from(low))
    }

    /// Whether a calendar date of the years 1601 to 9999 exists for it.
    pub fn in_calendar(self) -> bool {
        self.0 < END_OF_RFC3339
    }

    /// How far two times lie apart, in ticks of 100 ns.
    pub fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The time `seconds` later, or the last one there is.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(TICKS_PER_SECOND)))
    }

    /// RFC 3339 in UTC with seven decimals, which is every digit a FILETIME has; `None` beyond the year 9999.
    pub fn rfc3339(self) -> Option<[u8; 28]> {
        if !self.in_calendar() {
            return None;
        }
        let ticks = self.0 % TICKS_PER_SECOND;
        let seconds = self.0 / TICKS_PER_SECOND;
        let (year, month, day) = civil_from_days(seconds / SECONDS_PER_DAY);
        let second_of_day = seconds % SECONDS_PER_DAY;
        let (hour, minute, second) = (second_of_day / 3_600, second_of_day / 60 % 60, second_of_day % 60);
        // Every row has a time or two: written two digits at a time, which costs a twentieth of a format string.
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        for (at, number) in [
            (0, year / 100),
            (2, year),
            (5, month),
            (8, day),
            (11, hour),
            (14, minute),
            (17, second),
            (20, ticks / 100_000),
            (22, ticks / 1_000),
            (24, ticks / 10),
        ] {
            if let Some(place) = text.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                *place = two_digits(number);
            }
        }
        text[26] += two_digits(ticks)[1] - b'0';
        Some(text)
    }

    /// Reads what [`fmt::Display`] writes, with one to seven decimals or none.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let mut date = date.splitn(3, '-').map(str::parse::<u64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let mut time = time.splitn(3, ':');
        let (hour, minute) = (time.next()?.parse::<u64>().ok()?, time.next()?.parse::<u64>().ok()?);
        let (second, decimals) = time.next().map(|text| text.split_once('.').unwrap_or((text, "0")))?;
        if decimals.is_empty() || decimals.len() > 7 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let second = second.parse::<u64>().ok()?;
        if !(1601..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let ticks = decimals.parse::<u64>().ok()? * 10_u64.pow(7 - u32::try_from(decimals.len()).ok()?);
        let days = days_since_1601(year, month, day);
        let seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
        Some(Self(seconds * TICKS_PER_SECOND + ticks))
    }
}

/// RFC 3339 in UTC with seven decimals, which is every digit a FILETIME has; a time beyond the year 9999 is shown as
/// its raw ticks in hexadecimal.
impl fmt::Display for Filetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rfc3339() {
            Some(text) => f.write_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => write!(f, "{:#018x}", self.0),
        }
    }
}

/// The last two decimal digits.
fn two_digits(number: u64) -> [u8; 2] {
    const DIGITS: [[u8; 2]; 100] = {
        let mut digits = [[0; 2]; 100];
        let mut number = 0;
        while number < 100 {
            digits[number as usize] = [b'0' + number / 10, b'0' + number % 10];
            number += 1;
        }
        digits
    };

    DIGITS.get((number % 100) as usize).copied().unwrap_or_default()
}

/// Proleptic Gregorian date of a day counted from 1601-01-01, which begins a 400-year cycle of 146,097 days.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    // Counted from 1600-03-01, a year ends with its leap day and needs no special case.
    let days = days + 306;
    let (cycle, day_of_cycle) = (days / 146_097, days % 146_097);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = 1_600 + 400 * cycle + year_of_cycle + u64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil_from_days`], for years from 1601 on.
fn days_since_1601(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, year_of_cycle) = ((year - 1_600) / 400, (year - 1_600) % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    cycle * 146_097 + day_of_cycle - 306
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_print_as_other_tools_print_them() {
        for (ticks, text) in [
            (0, "1601-01-01T00:00:00.0000000Z"),
            (116_444_736_000_000_000, "1970-01-01T00:00:00.0000000Z"),
            (0x01be_92e1_9c6a_e2a0, "1999-04-30T08:15:30.2500000Z"),
            (0x01dc_f023_b47f_866b, "2026-05-30T11:01:45.7050219Z"),
            (125_963_423_999_999_999, "2000-02-29T23:59:59.9999999Z"),
            (END_OF_RFC3339 - 1, "9999-12-31T23:59:59.9999999Z"),
            (END_OF_RFC3339, "0x24c85a5ed1c04000"),
            (u64::MAX, "0xffffffffffffffff"),
        ] {
            assert_eq!(Filetime(ticks).to_string(), text);
        }
    }

    #[test]
    fn printed_times_read_back_as_the_same_ticks() {
        let mut ticks = 0_u64;
        while ticks < END_OF_RFC3339 {
            let time = Filetime(ticks);
            assert_eq!(Filetime::parse_rfc3339(&time.to_string()), Some(time));
            ticks += 7_777_777_777_777_777;
        }
    }
}
