use crate::finding::Severity;

use super::family::only_one;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L02",
    slug: "calcon-one",
    title: "One profile named as those of the Calendar Connector",
    severities: &[Severity::Info],
    condition: "Exactly one name under the Profiles keys of the hive begins with MSExchangeCalCon, in any letter case.",
    implies: "If the Calendar Connector made it: the connector was running when the hive was copied, or has left the \
              profile behind (Q214637).",
    does_not_prove: "Either of the two alone; that the service ever ended abnormally.",
    remediation: "None. To decide between the two, compare the profile's times with the times at which the system and \
                  the service were last stopped and started.",
    false_positives: "Any other program or person can create a profile with such a name.",
    references: &["Q214637"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    verdict.claims.extend(only_one(view, "MSExchangeCalCon"));
}
