use crate::account::Confidence;
use crate::finding::Severity;

use super::hits::{self, Hit};
use super::{Rule, Verdict, View, directory_name};

pub(super) static RULE: Rule = Rule {
    id: "L17",
    slug: "dsa-mailbox-profile",
    title: "A profile for the mailbox of a directory service",
    severities: &[Severity::Medium],
    // That the name ends in DS, as in the article, adds nothing: the reference asks for such a name in the directory then too.
    condition: "In a profile, live or marked for deletion, a section of Exchange names as user (6603), as typed (6607) or as \
                mailbox (660b) an object with /cn=Microsoft DSA in its name, in any letter case. One finding for each profile.",
    implies: "The profile names the mailbox over which directory services of Exchange replicate. Microsoft describes such \
              a profile, named as the server with DS behind it, for looking into that mailbox with MDBVU32 when \
              replication is in trouble (Q271744).",
    does_not_prove: "Misuse. That the mailbox was ever opened.",
    remediation: "Find out who looked for what. After preserving the evidence, the profile should be deleted, as the article says \
                  at its end (Q271744).",
    false_positives: "An object whose name only contains these words. No normal use of such a profile is known.",
    references: &["Q271744"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits: Vec<Hit<'_, '_>> = directory_name::all(place.1)
            .filter(|hit| directory_name::contains(&hit.says, "/cn=Microsoft DSA"))
            .collect();
        let detail = || {
            format!(
                "Profile \"{}\" names the mailbox of a directory service: {}.",
                place.1.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Medium, Confidence::Medium, place, &hits, detail));
    }
}
