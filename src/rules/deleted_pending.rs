use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileList, ProfileState, Root};

use super::wording::{counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L07",
    slug: "deleted-pending",
    title: "Profiles marked for deletion",
    severities: &[Severity::Info],
    // One finding for each key Deleted Profiles, not for each entry: what matters is the list, and a gateway that is
    // restarted often would otherwise fill the table.
    condition: "A key Deleted Profiles has at least one subkey. One finding for each such key.",
    implies: "A profile that is deleted while a session uses it moves to Deleted Profiles and is removed when the session \
              ends (KB303221). If MAPI moved these there, their sessions were alive when the hive was copied, or ended \
              without that cleanup.",
    does_not_prove: "A fault. That MAPI moved them: keys can be made by hand or imported. Deleting a profile right after \
                     logon is the documented way to use a temporary one, so that a healthy running gateway, Event Service, \
                     Outlook Web Access or CDO program looks the same, for weeks.",
    remediation: "Let the services of the account stop, which should empty the key. After preserving the evidence, and \
                  with all MAPI programs of the account stopped, what is left there can be removed.",
    false_positives: "Profiles of programs that were running when the hive was copied.",
    references: &[
        "KB303221",
        "Q199977",
        "office-developer-client-docs:iprofadmin-deleteprofile",
        "EDK:gwmain.c",
    ],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for root in &view.mapi.roots {
        if let Some(list) = root.deleted.as_ref().here() {
            verdict.claims.extend(claim(view, root, list));
        }
    }
}

fn claim(view: &View<'_>, root: &Root<'_>, list: &ProfileList<'_>) -> Option<Claim> {
    let mut evidence =
        list.profiles.iter().map(|profile| Evidence::key("profile marked for deletion", &profile.key));
    let first = evidence.next()?;
    let count = list.profiles.len();
    let entries = counted(count, "entry", "entries");
    let holds = if list.key.subkeys_complete {
        format!("Deleted Profiles holds {entries}")
    } else {
        format!("Deleted Profiles holds at least {entries}, not all of which could be listed")
    };
    let detail =
        format!("{holds}: {}.{}", listed(list.profiles.iter().map(described)), gateways(&list.profiles));
    let subject = Subject { profile_state: Some(ProfileState::DeletedPending), ..Subject::root(root) };
    let mut claim = Claim::new(Severity::Info, view.as_seen(), subject, first, detail)
        .with(evidence)
        .beside([Evidence::key("key Deleted Profiles", &list.key)]);
    if let Some(first) = list.profiles.first() {
        claim = claim.timed_by(first);
    }
    claim.count = count as u64;
    Some(claim)
}

/// A profile moves by being copied, so that its key is about as old as the deletion; the reference infers that.
fn described(profile: &Profile<'_>) -> String {
    match &profile.name_facts.edk {
        Some(edk) => format!(
            "\"{}\" (key last changed {}, time in the name {})",
            profile.name(),
            profile.key.last_written,
            edk.created
        ),
        None => format!("\"{}\" (key last changed {})", profile.name(), profile.key.last_written),
    }
}

fn gateways(profiles: &[Profile<'_>]) -> String {
    let count = profiles.iter().filter(|profile| profile.name_facts.edk.is_some()).count();
    if count == 0 {
        return String::new();
    }
    format!(
        " {} named as the sample gateway of the Exchange Development Kit names its own, which marks its profile for \
         deletion right after logon: the normal state of a running one.",
        counted(count, "of them is", "of them are")
    )
}
