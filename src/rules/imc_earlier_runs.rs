use crate::finding::Severity;

use super::remains::earlier_runs;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L20",
    slug: "imc-earlier-runs",
    title: "Earlier profiles named as those of the Internet Mail Service",
    severities: &[Severity::Info],
    // Bytes that may be another file's, or that two records claim, tell no story.
    condition: "At least one profile's own key was recovered with a trust of medium or high whose name begins with \
                \"MSExchangeIMC \", in any letter case, and of whose name no profile is live under Profiles or Deleted \
                Profiles of the same root, both of which could be listed. One finding for the hive; a name that stood in \
                several places is counted once.",
    implies: "The Internet Mail Service creates such a profile when it starts and deletes it when it stops (Q201121). If \
              it made these, each name speaks for a run that began and whose profile was removed, as a normal stop does \
              (inferred).",
    does_not_prove: "That the service itself removed them: an administrator may have, as may MAPI. When a run ended; how many \
                     runs there were, since what later records overwrote is lost and Exchange 5.0 has several such \
                     profiles at once.",
    remediation: "None.",
    false_positives: "Any other program or person can create and delete a profile with such a name. Bytes that a copied or \
                      restored hive brought along.",
    references: &["Q201121", "Q165505", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let explained = "Runs that stopped as they should end like this. The bytes do not tell who removed the profiles, nor \
                     when; that each name is one run is inferred.";
    earlier_runs(view, "MSExchangeIMC", explained, verdict);
}
