use crate::finding::Severity;

use super::remains::earlier_runs;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L21",
    slug: "calcon-earlier-runs",
    title: "Removed profiles named as those of the Calendar Connector",
    severities: &[Severity::Info],
    // Bytes that may be another file's, or that two records claim, tell no story.
    condition: "At least one profile's own key was recovered with a trust of medium or high whose name begins with \
                MSExchangeCalCon, in any letter case, and of whose name no profile is live under Profiles or Deleted \
                Profiles of the same root, both of which could be listed. One finding for the hive; a name that stood in \
                several places is counted once.",
    implies: "The Calendar Connector creates such a profile when it starts and leaves one behind at each abnormal end \
              (Q214637). Those that are gone were removed: by the connector when it ended, or later, as leftovers, by MAPI \
              or an administrator. That the connector made them is told by their names alone.",
    does_not_prove: "Which of these; that any of the runs ended abnormally; how many runs there were, since what later \
                     records overwrote is lost.",
    remediation: "None. Where live profiles of the connector are counted (L01), these runs come on top.",
    false_positives: "Any other program or person can create and delete a profile with such a name. Bytes that a copied or \
                      restored hive brought along.",
    references: &["Q214637", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let explained = "Leftovers that MAPI or an administrator removed look like runs that ended as they should. The bytes do \
                     not tell which, nor when; that each name is one run is inferred.";
    earlier_runs(view, "MSExchangeCalCon", explained, verdict);
}
