//! The axis of the chart of lives: where a time lies, and which dates are marked.

use crate::wintypes::Filetime;

const DAY: u64 = 864_000_000_000;
/// Dates that are marked at most.
const MOST_TICKS: u64 = 9;

/// Times from `from` to `to` on a line of `width` units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeAxis {
    from: u64,
    to: u64,
    width: u64,
}

/// A date that is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) x: u64,
    pub(super) label: String,
}

impl TimeAxis {
    /// An axis that holds these times, with a margin. What lies before 1990, when there was no registry, or behind 2100 was
    /// set by nobody's clock and would leave no room for the rest: it is drawn at the end.
    pub(super) fn of(times: impl IntoIterator<Item = Filetime>, width: u64) -> Option<Self> {
        let bound = |text| Filetime::parse_rfc3339(text).unwrap_or_default();
        let sane = bound("1990-01-01T00:00:00Z")..=bound("2100-01-01T00:00:00Z");
        let times: Vec<u64> =
            times.into_iter().filter(|time| sane.contains(time)).map(|time| time.0).collect();
        let (from, to) = times.iter().min().copied().zip(times.iter().max().copied())?;
        let margin = if from == to { DAY / 48 } else { (to - from) / 24 };
        Some(Self { from: from - margin, to: to + margin, width })
    }

    /// The earliest and the latest time of it.
    pub(super) fn ends(&self) -> (Filetime, Filetime) {
        (Filetime(self.from), Filetime(self.to))
    }

    /// Where a time lies.
    pub(super) fn x(&self, time: Filetime) -> u64 {
        let inside = time.0.clamp(self.from, self.to) - self.from;
        let x = u128::from(inside) * u128::from(self.width) / u128::from(self.to - self.from);
        u64::try_from(x).unwrap_or(self.width)
    }

    /// Dates at even distances.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let days = (self.to - self.from) / DAY;
        if days <= 60 {
            return self.clock_ticks();
        }
        // Months between two marks; a year and its multiples are marked at their beginning.
        let months = [1, 2, 3, 6, 12, 24, 60, 120];
        let step = months.into_iter().find(|months| days / (months * 30) <= MOST_TICKS).unwrap_or(120);
        let first = year_and_month(self.from);
        let mut month = first.next_multiple_of(step);
        let mut ticks = Vec::new();
        while ticks.len() <= 2 * usize::try_from(MOST_TICKS).unwrap_or(9) {
            let (year, of_year) = (month / 12, month % 12 + 1);
            let time = Filetime::parse_rfc3339(&format!("{year:04}-{of_year:02}-01T00:00:00Z"));
            let Some(time) = time.filter(|time| time.0 <= self.to) else { break };
            if time.0 >= self.from {
                let label = if step % 12 == 0 { format!("{year}") } else { format!("{year}-{of_year:02}") };
                ticks.push(Tick { x: self.x(time), label });
            }
            month += step;
        }
        ticks
    }

    /// Marks at whole days, hours or minutes.
    fn clock_ticks(&self) -> Vec<Tick> {
        let minutes = [1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7200, 10_080];
        let length = self.to - self.from;
        let steps = minutes.map(|minutes| minutes * (DAY / 1440));
        let step = steps.into_iter().find(|step| length / step <= MOST_TICKS).unwrap_or(10 * DAY);
        let mut time = self.from.next_multiple_of(step);
        let mut ticks = Vec::new();
        while time <= self.to {
            let text = Filetime(time).to_string();
            let label = if step >= DAY { text.get(..10) } else { text.get(5..16) };
            let label = label.unwrap_or_default().replace('T', " ");
            ticks.push(Tick { x: self.x(Filetime(time)), label });
            time += step;
        }
        ticks
    }
}

/// Months since the year 0 at a time.
fn year_and_month(ticks: u64) -> u64 {
    let text = Filetime(ticks).to_string();
    let part = |range: std::ops::Range<usize>| {
        text.get(range).and_then(|digits| digits.parse::<u64>().ok()).unwrap_or(1)
    };
    part(0..4) * 12 + part(5..7) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Filetime {
        Filetime::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn marks_lie_at_whole_dates_within_the_axis() {
        for (from, to) in [
            ("1998-02-03T04:05:06Z", "2018-09-03T12:00:00Z"),
            ("2003-02-03T04:05:06Z", "2004-09-03T12:00:00Z"),
            ("2004-03-01T00:00:00Z", "2004-03-20T00:00:00Z"),
            ("2004-03-01T09:00:00Z", "2004-03-01T09:40:00Z"),
            ("2004-03-01T09:00:00Z", "2004-03-01T09:00:00Z"),
        ] {
            let axis = TimeAxis::of([at(from), at(to)], 700).unwrap();
            let ticks = axis.ticks();
            assert!((1..=12).contains(&ticks.len()), "{from} {to}: {ticks:?}");
            assert!(ticks.is_sorted_by(|a, b| a.x < b.x && a.x <= 700 && b.x <= 700), "{ticks:?}");
            assert!(axis.x(at(from)) <= axis.x(at(to)));
        }
    }

    #[test]
    fn a_time_that_nobody_set_does_not_stretch_the_axis() {
        let times = [Filetime(0), at("2004-03-01T00:00:00Z"), at("2004-04-01T00:00:00Z"), Filetime(u64::MAX)];
        let axis = TimeAxis::of(times, 700).unwrap();
        assert_eq!([axis.x(Filetime(0)), axis.x(Filetime(u64::MAX))], [0, 700]);
        assert!(axis.x(times[2]) - axis.x(times[1]) > 600);
        assert_eq!(TimeAxis::of([Filetime(0)], 700), None);
    }
}
