use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L19",
    slug: "linkage-profile",
    title: "A profile named as those of LinkAge connectors",
    severities: &[Severity::Info],
    condition: "The name of a profile, live or marked for deletion, has the form <server>-LME-<connector> V<version>, in \
                any letter case.",
    implies: "LinkAge connectors of Exchange (Notes, SNADS, PROFS) keep profiles of such names and do not remove them when \
              they stop (Q185109, Q199977). If one made this profile, it ran as this account.",
    does_not_prove: "A fault; that the connector is still installed.",
    remediation: "None as long as the connector works. After preserving the evidence, and only where its log shows errors \
                  of MAPI, delete the profile and restart the services in the order of Q185109.",
    false_positives: "Any other program or person can create a profile with such a name.",
    references: &["Q185109", "Q199977"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        if profile.name_facts.family.is_some_and(|family| family.id == "LinkAge") {
            let detail = format!(
                "\"{}\" has the form of names that LinkAge connectors give to their profiles.",
                profile.name()
            );
            let evidence = Evidence::key("profile key", &profile.key);
            let subject = Subject::profile(root, profile);
            let claim = Claim::new(Severity::Info, Confidence::Medium, subject, evidence, detail);
            verdict.claim(claim.timed_by(profile));
        }
    }
}
