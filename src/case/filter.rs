//! Which findings are written: by severity, by rule and by time.

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::{Finding, Severity};
use crate::fleet::FleetFinding;
use crate::rules;
use crate::wintypes::Filetime;

/// Which findings are written. What is left out is judged and counted all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Findings of lower severity are left out.
    pub min_severity: Option<Severity>,
    /// Identifiers of the rules whose findings are written, in the order of the registry; empty for all rules.
    pub only: Vec<&'static str>,
    /// Identifiers of the rules whose findings are left out, in the order of the registry.
    pub skip: Vec<&'static str>,
    /// Findings all of whose times lie before it are left out.
    pub since: Option<Filetime>,
    /// Findings all of whose times lie after it are left out.
    pub until: Option<Filetime>,
}

impl Filter {
    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a finding is written. Its times are `first_seen`, `last_seen` and `last_written`.
    pub fn keeps(&self, finding: &Finding) -> bool {
        let claim = &finding.claim;
        let last_written = claim.evidence.first().and_then(|evidence| evidence.last_written);
        let times = [claim.first_seen, claim.last_seen, last_written];
        self.keeps_rule(claim.severity, finding.rule_id) && self.keeps_times(times.into_iter().flatten())
    }

    /// Whether a finding about several hives is written. Its times are `first_seen` and `last_seen`; where not all of its
    /// places are kept, these are not all of its times, and it is kept whatever they are.
    pub fn keeps_fleet(&self, finding: &FleetFinding) -> bool {
        let group = &finding.group;
        let knows_all = group.total <= group.facts.len() as u64;
        let times =
            group.facts.iter().filter(|_| knows_all).filter_map(|fact| fact.last_written).map(Filetime);
        self.keeps_rule(finding.severity, finding.rule.id) && self.keeps_times(times)
    }

    fn keeps_rule(&self, severity: Severity, rule_id: &str) -> bool {
        let is_named = |rules: &[&str]| rules.contains(&rule_id);
        self.min_severity.is_none_or(|least| severity >= least)
            && (self.only.is_empty() || is_named(&self.only))
            && !is_named(&self.skip)
    }

    /// Whether the span from the earliest to the latest time has a part in the wanted span, both ends included. A finding
    /// without any time is kept: nothing shows that it lies outside, and what is left out on a guess would be missed.
    fn keeps_times(&self, times: impl Iterator<Item = Filetime>) -> bool {
        let span = times.fold(None, |span: Option<(Filetime, Filetime)>, time| {
            let (first, last) = span.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
        span.is_none_or(|(first, last)| {
            self.since.is_none_or(|since| last >= since) && self.until.is_none_or(|until| first <= until)
        })
    }

    /// What is asked for, as names and values.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let rules = |rules: &[&str]| (!rules.is_empty()).then(|| rules.join(","));
        let all = [
            (MIN_SEVERITY, self.min_severity.map(|least| least.as_str().to_owned())),
            (ONLY, rules(&self.only)),
            (SKIP, rules(&self.skip)),
            (SINCE, self.since.map(|time| time.to_string())),
            (UNTIL, self.until.map(|time| time.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The filter that [`Self::settings`] told of, among other settings. The error names the setting that this program does
    /// not know.
    pub fn of_settings(settings: &BTreeMap<String, String>) -> Result<Self, String> {
        fn read<T>(
            settings: &BTreeMap<String, String>,
            name: &str,
            read: impl Fn(&str) -> Option<T>,
        ) -> Result<Option<T>, String> {
            let Some(value) = settings.get(name) else { return Ok(None) };
            read(value).map(Some).ok_or_else(|| format!("{name} {value:?} is not known to this version"))
        }
        let severity = |word: &str| Severity::ALL.into_iter().find(|severity| severity.as_str() == word);
        let rules = |list: &str| list.split(',').map(|id| Some(rules::find(id)?.id)).collect();
        Ok(Self {
            min_severity: read(settings, MIN_SEVERITY, severity)?,
            only: read(settings, ONLY, rules)?.unwrap_or_default(),
            skip: read(settings, SKIP, rules)?.unwrap_or_default(),
            since: read(settings, SINCE, Filetime::parse_rfc3339)?,
            until: read(settings, UNTIL, Filetime::parse_rfc3339)?,
        })
    }
}

const MIN_SEVERITY: &str = "min-severity";
const ONLY: &str = "only";
const SKIP: &str = "skip";
const SINCE: &str = "since";
const UNTIL: &str = "until";

/// `min-severity medium; skip L02,L03`; empty where nothing is left out.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> =
            self.settings().into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(since: u64, until: u64) -> Filter {
        Filter { since: Some(Filetime(since)), until: Some(Filetime(until)), ..Filter::default() }
    }

    #[test]
    fn a_span_is_kept_where_any_part_of_it_is_wanted() {
        let keeps = |times: &[u64]| between(10, 20).keeps_times(times.iter().copied().map(Filetime));
        for times in [&[10][..], &[20], &[5, 10], &[20, 30], &[5, 30], &[12, 13], &[30, 5, 6], &[]] {
            assert!(keeps(times), "{times:?}");
        }
        for times in [&[9][..], &[21], &[0, 9], &[21, 30], &[u64::MAX]] {
            assert!(!keeps(times), "{times:?}");
        }
    }

    #[test]
    fn a_filter_reads_back_from_the_settings_of_a_case() {
        let filter = Filter {
            min_severity: Some(Severity::Low),
            only: vec!["L01", "L06", "X01"],
            skip: vec!["L06"],
            ..between(5, 7)
        };
        let settings = |filter: &Filter| -> BTreeMap<String, String> {
            filter.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        };
        assert_eq!(Filter::of_settings(&settings(&filter)).as_ref(), Ok(&filter));
        assert_eq!(Filter::of_settings(&settings(&Filter::default())), Ok(Filter::default()));
        let mut other = settings(&filter);
        other.insert(ONLY.to_owned(), "L01,ZZ9".to_owned());
        assert!(Filter::of_settings(&other).is_err_and(|why| why.contains("ZZ9")));
    }
}
