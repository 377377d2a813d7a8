use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::ProfileState;

use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "L11",
    slug: "deleted-empty-key",
    title: "An empty list of deleted profiles",
    severities: &[Severity::Info],
    // The emptiness argues from absence: entries that stand in a log, or in what could not be read, would make it L07.
    condition: "A key Deleted Profiles exists, has no subkey, and the list of its subkeys is complete. One finding for \
                each such key.",
    implies: "Something made the key, as MAPI does where a profile is deleted while a session uses it (KB303221). Its \
              last change is its creation or a later change, such as the removal of the last entry; this meaning is \
              inferred.",
    does_not_prove: "When profiles were deleted, which, or how many; that any was.",
    remediation: "None. Deleted keys and transaction logs may still show the entries.",
    false_positives: "A key that was made by hand or came with an import.",
    references: &["KB303221", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::DeletedPending], verdict);
    for root in &view.mapi.roots {
        let Some(list) = root.deleted.as_ref().here() else { continue };
        if !list.profiles.is_empty() || !list.key.subkeys_complete {
            continue;
        }
        let detail = format!(
            "Deleted Profiles of this root ({root}) exists and holds nothing. It was last changed {}.",
            list.key.last_written
        );
        let evidence = Evidence::key("empty key Deleted Profiles", &list.key);
        let subject = Subject { profile_state: Some(ProfileState::DeletedPending), ..Subject::root(root) };
        let mut claim = Claim::new(Severity::Info, view.as_seen(), subject, evidence, detail);
        "creation of the key, or its last change".clone_into(&mut claim.time_meaning);
        verdict.claim(claim);
    }
}
