//! Profiles that lack a part. The reference lets the most specific rule win: of all that hold for a profile only the
//! first in the order below makes a finding, which names the others.
//!
//! Only live profiles are judged. One marked for deletion may have lost its parts to that.

use crate::hive::Found;
use crate::mapi::Profile;

use super::{empty_profile, msems_no_providers, no_service_table, provider_dangling, service_dangling};

/// A rule and whether it holds for a profile, taken for itself.
type Entry = (&'static str, fn(&Profile<'_>) -> bool);

/// The most specific first.
const ORDER: [Entry; 5] = [
    ("C03", |profile| holds(&empty_profile::found(profile))),
    ("C04", |profile| holds(&no_service_table::found(profile))),
    ("C05", |profile| holds(&service_dangling::found(profile))),
    ("C06", |profile| !provider_dangling::found(profile).lists.is_empty()),
    ("C07", |profile| !msems_no_providers::found(profile).bare.is_empty()),
];

/// For a profile for which the rule `own` holds: `None` if a more specific rule holds too. Otherwise a sentence with a
/// space in front that names the less specific ones that hold, empty if there are none.
pub(super) fn most_specific(profile: &Profile<'_>, own: &str) -> Option<String> {
    let mut holding = ORDER.iter().filter(|(id, holds)| *id == own || holds(profile)).map(|(id, _)| *id);
    if holding.next() != Some(own) {
        return None;
    }
    let others: Vec<&str> = holding.collect();
    Some(match others.as_slice() {
        [] => String::new(),
        others => format!(" {} would hold too; the more specific rule stands for it.", others.join(" and ")),
    })
}

fn holds<T>(found: &Found<T>) -> bool {
    matches!(found, Found::Here(_))
}
