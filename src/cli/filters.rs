//! Which findings `scan` writes, and which of them make its exit code 1.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::complain;
use crate::case::Filter;
use crate::finding::Severity;
use crate::rules;
use crate::wintypes::Filetime;

// Which findings are written. Evidence, JSON lines, fleet findings and the summary follow; the coverage table and the
// accounts count all findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which findings are written")]
pub(super) struct Filters {
    /// Leave out findings of lower severity
    #[arg(long, value_name = "SEVERITY", value_parser = severity_parser())]
    min_severity: Option<Severity>,
    /// Write only findings of these rules: L01, MAPI-L01 or the rule's name, several with commas or by repeating the option
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = parse_rule)]
    only: Vec<&'static str>,
    /// Leave out findings of these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = parse_rule)]
    skip: Vec<&'static str>,
    /// Leave out findings that end before TIME: a date, or date and time in UTC such as 2024-03-01T08:00:00Z
    ///
    /// A finding spans its `first_seen`, `last_seen` and `last_written`; it is kept where that span has a part in the wanted one.
    /// A finding without any of these times is kept, for nothing shows that it lies outside.
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    since: Option<Filetime>,
    /// Leave out findings that begin after TIME; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    until: Option<Filetime>,
    #[command(flatten)]
    pub(super) fail_on: FailOn,
}

// Which findings make the exit code 1.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct FailOn {
    /// Exit with 1 where a finding of SEVERITY or above is written and no other exit code applies
    #[arg(long, value_name = "SEVERITY", value_parser = severity_parser())]
    fail_on: Option<Severity>,
}

impl Filters {
    /// The filter that is asked for.
    pub(super) fn filter(&self) -> anyhow::Result<Filter> {
        if let Some(both) = self.only.iter().find(|rule| self.skip.contains(rule)) {
            anyhow::bail!("rule {both} is given to --only and to --skip; leave one of them away");
        }
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since > until
        {
            anyhow::bail!("--since {since} is later than --until {until}; exchange them");
        }
        Ok(Filter {
            min_severity: self.min_severity,
            only: in_order(&self.only),
            skip: in_order(&self.skip),
            since: self.since,
            until: self.until,
        })
    }
}

impl FailOn {
    /// Whether findings that were written, counted by severity, make the exit code 1. Says so unless `quiet`.
    pub(super) fn fails(self, written: [u64; Severity::ALL.len()], quiet: bool) -> bool {
        let Some(least) = self.fail_on else { return false };
        let grave = Severity::ALL.iter().zip(written).filter(|(severity, _)| **severity >= least);
        let count: u64 = grave.map(|(_, count)| count).sum();
        if count > 0 && !quiet {
            let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
            complain(&format!("{findings} at or above --fail-on {}", least.as_str()));
        }
        count > 0
    }
}

fn severity_parser() -> impl TypedValueParser<Value = Severity> {
    let words = PossibleValuesParser::new(Severity::ALL.map(Severity::as_str));
    words.try_map(|word| {
        let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == word);
        known.ok_or("no severity")
    })
}

fn parse_rule(name: &str) -> Result<&'static str, String> {
    rules::find(name.trim()).map(|rule| rule.id).ok_or_else(|| unknown_rule(name))
}

/// That there is no such rule, with those that are called nearly so.
pub(super) fn unknown_rule(name: &str) -> String {
    /// Rules that are named.
    const SHOWN: usize = 3;
    /// How much alike names have to be: one wrong character of an identifier's three.
    const ALIKE: f64 = 0.6;

    let wanted = name.trim().to_ascii_lowercase();
    let wanted = wanted.strip_prefix("mapi-").unwrap_or(&wanted);
    let likeness = |known: &str| strsim::normalized_damerau_levenshtein(wanted, &known.to_ascii_lowercase());
    let mut near: Vec<(f64, String)> = rules::every()
        .map(|rule| (likeness(rule.id).max(likeness(rule.slug)), format!("{} ({})", rule.id, rule.slug)))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let near: Vec<String> = near.into_iter().take(SHOWN).map(|(_, rule)| rule).collect();
    let near = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    format!("there is no rule {name:?}{near}; `mapihive rules` lists all")
}

/// Without duplicates and in the order of the registry, so that the same wish has the same words.
fn in_order(ids: &[&'static str]) -> Vec<&'static str> {
    rules::every().map(|rule| rule.id).filter(|id| ids.contains(id)).collect()
}

fn parse_since(text: &str) -> Result<Filetime, String> {
    parse_time(text, "T00:00:00Z")
}

fn parse_until(text: &str) -> Result<Filetime, String> {
    parse_time(text, "T23:59:59.9999999Z")
}

/// A date, completed to a time by `of_day`, or a time in UTC.
fn parse_time(text: &str, of_day: &str) -> Result<Filetime, String> {
    let is_date = text.len() == "2024-03-01".len();
    let completed = if is_date { format!("{text}{of_day}") } else { text.to_owned() };
    let time = Filetime::parse_rfc3339(&completed);
    // What is read must be what was written: 30 February and dates of one digit are not.
    let same = |time: &Filetime| time.to_string().starts_with(completed.trim_end_matches('Z'));
    time.filter(same).ok_or_else(|| {
        "expected a date such as 2024-03-01, or a time in UTC such as 2024-03-01T08:00:00Z, of the years 1601 to 9999"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_beginning_or_the_end_of_its_day() {
        let texts = |text| [parse_since(text), parse_until(text)].map(|time| time.unwrap().to_string());
        assert_eq!(
            texts("2024-02-29"),
            ["2024-02-29T00:00:00.0000000Z", "2024-02-29T23:59:59.9999999Z"].map(str::to_owned)
        );
        for time in ["2024-02-29T08:00:00Z", "2024-02-29T08:00:00.5Z"] {
            assert_eq!(parse_since(time), parse_until(time));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024",
            "2023-02-29",
            "2024-02-30",
            "2024-13-01",
            "2024-1-1",
            "24-01-01",
            "+024-01-01",
            "2024-03-01T08:00:00",
            "2024-03-01T08:00:00+01:00",
            "2024-03-01T24:00:00Z",
            "2024-03-01 08:00:00Z",
            "1600-12-31",
            "2024-03-01T08:00Z",
        ] {
            assert!(parse_since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_rule_names_near_ones() {
        assert!(unknown_rule("calcon-mult").contains("L01 (calcon-multi)"));
        assert!(unknown_rule("MAPI-L011").contains("L01 "));
        assert!(!unknown_rule("zzzzzzzz").contains("near it"));
    }
}
