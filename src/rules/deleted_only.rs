use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState};

use super::wording::{counted, quoted};
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "L10",
    slug: "deleted-only",
    title: "Only deleted profiles are left",
    severities: &[Severity::Low],
    // Entries that were seen under Deleted Profiles are there, whether or not that list is complete; only the emptiness
    // of Profiles argues from absence.
    condition: "No Profiles key of the hive has a subkey, their lists are complete, and a key Deleted Profiles has at \
                least one subkey.",
    implies: "A client shows an empty list of profiles and does not start its wizard for a first profile (Q175786): \
              deleted profiles are not shown, and it seems that they count as profiles (inferred).",
    does_not_prove: "A malfunction: Outlook Web Access leaves an account in this state by design, and so does deleting all \
                     profiles. That the account used no other profile: temporary ones may lie in .mmp files, which no hive \
                     shows (KB891425).",
    remediation: "Create a profile for the account by hand if it needs one. After preserving the evidence, and with all \
                  MAPI programs of the account stopped, Deleted Profiles can be cleared.",
    false_positives: "An account that only runs programs which delete their profile right after logon.",
    references: &["Q175786", "KB303221", "KB891425", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if view.mapi.profiles(ProfileState::Live).next().is_some() {
        return;
    }
    let mut deleted = view.mapi.profiles(ProfileState::DeletedPending);
    let Some((root, first)) = deleted.next() else {
        // With nothing seen on either side, entries that could not be listed would still make a finding.
        return unseen::lists(view, &[ProfileState::DeletedPending], verdict);
    };
    if !view.mapi.is_complete(ProfileState::Live) {
        return unseen::lists(view, &[ProfileState::Live], verdict);
    }
    let mut one_root = true;
    let others =
        deleted.inspect(|(other, _)| one_root &= other.key.at == root.key.at).map(|(_, profile)| profile);
    let all: Vec<&Profile<'_>> = std::iter::once(first).chain(others).collect();
    let entries = counted(all.len(), "entry", "entries");
    let complete = view.mapi.is_complete(ProfileState::DeletedPending);
    // Where there is no key Profiles, the key above shows that.
    let shown_empty = view.mapi.roots.iter().map(|root| match root.live.as_ref().here() {
        Some(list) => Evidence::key("empty key Profiles", &list.key),
        None => Evidence::key("root without a key Profiles", &root.key),
    });
    let has_key = view.mapi.roots.iter().any(|root| root.live.as_ref().here().is_some());
    let detail = format!(
        "{}, while Deleted Profiles holds {}{entries}: {}.",
        if has_key { "Profiles is empty" } else { "No key Profiles exists" },
        if complete { "" } else { "at least " },
        quoted(all.iter().map(|profile| profile.name()))
    );
    let subject = if one_root { Subject::root(root) } else { Subject::default() };
    let mut claim = Claim::new(
        Severity::Low,
        view.as_seen(),
        Subject { profile_state: Some(ProfileState::DeletedPending), ..subject },
        Evidence::key("profile marked for deletion", &first.key),
        detail,
    )
    .with(all.iter().skip(1).map(|profile| Evidence::key("profile marked for deletion", &profile.key)))
    .beside(shown_empty)
    .timed_by(first);
    claim.count = all.len() as u64;
    verdict.claim(claim);
}
