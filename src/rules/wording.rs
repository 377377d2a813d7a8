//! Turns of phrase that several rules share.

use std::fmt::Display;

use crate::account::AccountKind;
use crate::finding::Subject;
use crate::hive::HiveState;
use crate::mapi::{Profile, Root};

use super::View;
use super::owner::Owning;

/// How many of a list are spelled out; the evidence goes on.
pub(super) const SPELLED_OUT: usize = 10;

/// `1 section`, `2 sections`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `a, b`, and from a certain length on `a, b and 7 more`.
pub(super) fn listed(items: impl IntoIterator<Item = impl Display>) -> String {
    let mut items = items.into_iter();
    let shown: Vec<String> = items.by_ref().take(SPELLED_OUT).map(|item| item.to_string()).collect();
    let more = items.count();
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// Names of profiles in quotation marks.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    listed(names.into_iter().map(|name| format!("\"{name}\"")))
}

/// A whole sentence on what the digits at the end of a name may tell, or else on the times of the profile's keys.
pub(super) fn name_reading(profile: &Profile<'_>) -> String {
    match &profile.name_facts.edk {
        Some(edk) => format!(
            "The last 24 digits of its name read as process {} and time {}, if it is named as the sample of the \
             Exchange Development Kit names profiles, which is inferred.",
            edk.pid, edk.created
        ),
        None => format!(
            "Its name carries no time in the form of the Exchange Development Kit's sample; the latest change of any \
             key of the profile is {}.",
            profile.latest_write()
        ),
    }
}

/// A whole sentence on what the state of the hive adds to the question whether a program was running.
pub(super) fn running_or_left_over(view: &View<'_>) -> &'static str {
    match view.state {
        HiveState::Clean => {
            "The hive is clean, which does not tell whether it was loaded when it was copied."
        }
        HiveState::DirtyReplayed | HiveState::DirtyUnreplayed => {
            "The hive is dirty (H01), which fits a running service and a leftover alike."
        }
        HiveState::Damaged => "The header of the hive is damaged and does not help to decide.",
    }
}

/// A whole sentence on what is known of the account.
pub(super) fn account_sentence(view: &View<'_>) -> String {
    match view.account.kind {
        AccountKind::Service if view.account.services.is_empty() => {
            "The account is known to be one that services use.".into()
        }
        AccountKind::System if view.account.services.is_empty() => "The account is the system's own.".into(),
        AccountKind::User => "By the SYSTEM hive of the host the account runs no service.".into(),
        AccountKind::Unknown if view.account.services.is_empty() => {
            "Whether the account runs services is not known.".into()
        }
        AccountKind::Service | AccountKind::System | AccountKind::Unknown => {
            Owning::of(view.account.services.iter()).map(|owning| owning.sentence()).unwrap_or_default()
        }
    }
}

/// What a claim about these profiles is about: the one, or else the root that is theirs alone.
pub(super) fn subject_of(profiles: &[(&Root<'_>, &Profile<'_>)]) -> Subject {
    match profiles {
        [(root, profile)] => Subject::profile(root, profile),
        [(first, _), others @ ..] if others.iter().all(|(root, _)| root.key.at == first.key.at) => {
            Subject::root(first)
        }
        _ => Subject::default(),
    }
}
