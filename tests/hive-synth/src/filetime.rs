/// FILETIME ticks in a millisecond.
pub const MILLISECOND: u64 = 10_000;
/// FILETIME ticks in a second.
pub const SECOND: u64 = 1000 * MILLISECOND;

/// A UTC time as Windows stores it: 100-nanosecond ticks since 1601-01-01.
///
/// # Panics
/// When the date lies before 1601.
pub const fn filetime(
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millisecond: u64,
) -> u64 {
    assert!(year >= 1601 && month >= 1 && month <= 12 && day >= 1);
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days_since_1601 = days - DAYS_BEFORE_1601;
    let seconds = ((days_since_1601 * 24 + hour) * 60 + minute) * 60 + second;
    seconds * SECOND + millisecond * MILLISECOND
}

/// Days from 0000-03-01 to 1601-01-01.
const DAYS_BEFORE_1601: u64 = 365 * 1600 + 1600 / 4 - 1600 / 100 + 1600 / 400 + (153 * 10 + 2) / 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_have_their_known_ticks() {
        assert_eq!(filetime(1601, 1, 1, 0, 0, 0, 0), 0);
        assert_eq!(filetime(1970, 1, 1, 0, 0, 0, 0), 116_444_736_000_000_000);
        // Test vectors V32 and V33 of the reference.
        assert_eq!(filetime(1999, 4, 30, 8, 15, 30, 250), 0x01be_92e1_9c6a_e2a0);
        assert_eq!(filetime(1999, 4, 28, 2, 0, 0, 0), 0x01be_911a_d284_1000);
        assert_eq!(filetime(2000, 2, 29, 0, 0, 0, 0) + 86_400 * SECOND, filetime(2000, 3, 1, 0, 0, 0, 0));
    }
}
