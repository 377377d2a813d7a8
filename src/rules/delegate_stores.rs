use std::borrow::Cow;

use crate::account::{AccountKind, Confidence};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::uid::{DELEGATE_STORE, MapiUid};
use crate::mapi::{Profile, ProviderSection, Root, tags};

use super::exchange::{Part, part};
use super::hits::Hit;
use super::wording::{account_sentence, counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C24",
    slug: "delegate-stores",
    title: "A profile that is set up to open other mailboxes",
    severities: &[Severity::Info, Severity::Medium],
    // An online archive is stored as a delegate store too (measured), but is the account's own.
    condition: "A provider of an Exchange service has the type of a delegate store (660a = 2, or 3414 = \
                9eb4770074e411ce8c5e00aa004254e2), and is not marked as an online archive (65d0 = Archive). Medium only \
                for more than five such stores in a profile of an account that is established as one of an ordinary user; \
                else info. One finding for each profile.",
    implies: "The profile is set up to open the mailboxes of others beside its own.",
    does_not_prove: "That the account has the right to open them, or ever did.",
    remediation: "Review who gave the account access to these mailboxes.",
    false_positives: "Assistants, shared mailboxes, and services that work in the mailboxes of others by design.",
    references: &["Q222914", "EdkMdb.h", "measured"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// Delegate stores that an ordinary user may have without further question.
const USUAL: usize = 5;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        verdict.claims.extend(claim(view, root, profile));
    }
}

fn claim(view: &View<'_>, root: &Root<'_>, profile: &Profile<'_>) -> Option<Claim> {
    let stores: Vec<&ProviderSection<'_>> =
        profile.sections.iter().filter(|section| is_delegate_store(section)).collect();
    let [first, others @ ..] = stores.as_slice() else { return None };
    let mut mailboxes: Vec<Cow<'_, str>> =
        stores.iter().filter_map(|store| mailbox(store)).map(|hit| hit.says).collect();
    mailboxes.sort_unstable();
    mailboxes.dedup();
    let which = if mailboxes.is_empty() {
        "none names its mailbox (660b)".to_owned()
    } else {
        format!("mailboxes (660b): {}", listed(&mailboxes))
    };
    let detail = format!(
        "Profile \"{}\" has {} of other mailboxes; {which}. {}",
        profile.name(),
        counted(stores.len(), "store", "stores"),
        account_sentence(view)
    );
    let is_user = view.account.kind == AccountKind::User;
    let severity = if is_user && stores.len() > USUAL { Severity::Medium } else { Severity::Info };
    let mut claim =
        Claim::new(severity, Confidence::Medium, Subject::profile(root, profile), evidence(first), detail)
            .with(others.iter().map(|store| evidence(store)))
            .timed_by(profile);
    claim.count = stores.len() as u64;
    Some(claim)
}

fn is_delegate_store(section: &ProviderSection<'_>) -> bool {
    const DELEGATE: u32 = 2;

    let by_type = || section.long(tags::PR_PROFILE_TYPE).here().is_some_and(|(_, kind)| kind == DELEGATE);
    let by_store = || {
        let kind = section.prop(tags::PR_MDB_PROVIDER).here();
        kind.is_some_and(|kind| MapiUid::from_bytes(kind.bytes()) == Some(DELEGATE_STORE))
    };
    let is_archive = || {
        let alternate = section.text(tags::PR_PROFILE_ALTERNATE_STORE_TYPE).here();
        alternate.is_some_and(|alternate| alternate.eq_ignore_ascii_case("Archive"))
    };
    part(section) == Some(Part::Provider) && (by_type() || by_store()) && !is_archive()
}

fn mailbox<'p, 'b>(store: &'p ProviderSection<'b>) -> Option<Hit<'p, 'b>> {
    Hit::text("mailbox of a delegate store", store, tags::PR_PROFILE_MAILBOX)
}

fn evidence(store: &ProviderSection<'_>) -> Evidence {
    match mailbox(store) {
        Some(mailbox) => mailbox.evidence(),
        None => Evidence::key("delegate store", &store.key),
    }
}
