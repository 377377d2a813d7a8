use crate::finding::Severity;

use super::family::only_one;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L03",
    slug: "imc-present",
    title: "A profile named as those of the Internet Mail Service",
    severities: &[Severity::Info],
    condition: "Exactly one name under the Profiles keys of the hive begins with \"MSExchangeIMC \", in any letter case.",
    implies: "The Internet Mail Service creates such a profile when it starts and deletes it when it stops (Q201121). If \
              it made this one, it was running when the hive was copied, or it did not stop cleanly.",
    does_not_prove: "Which of the two. A dirty hive (H01) is compatible with both.",
    remediation: "None.",
    false_positives: "Any other program or person can create a profile with such a name.",
    references: &["Q201121"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    verdict.claims.extend(only_one(view, "MSExchangeIMC"));
}
