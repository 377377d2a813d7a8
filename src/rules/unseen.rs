//! What a rule that argues from absence has to say about profiles and sections that could not be listed.

use crate::hive::Found;
use crate::mapi::{Profile, ProfileState};

use super::{Verdict, View};

/// Names every place where profiles of these states may be that were not seen.
pub(super) fn lists(view: &View<'_>, states: &[ProfileState], verdict: &mut Verdict) {
    if !view.is_first() {
        return;
    }
    for path in &view.mapi.unknown {
        verdict.cannot_judge(format!("{path}: whether profiles are below it could not be read"));
    }
    let lists =
        view.mapi.roots.iter().flat_map(|root| states.iter().map(move |state| (root, root.list(*state))));
    for (root, list) in lists {
        match list {
            Found::Here(list) if !list.key.subkeys_complete => {
                verdict.cannot_judge(format!("{}: not all profiles could be listed", list.key.path()));
            }
            Found::Unknown => {
                let path = root.key.path();
                verdict.cannot_judge(format!(
                    "{path}: whether a list of profiles is below it could not be read"
                ));
            }
            Found::Here(_) | Found::Absent => {}
        }
    }
}

/// Tells that a profile may have sections that were not seen.
pub(super) fn sections(profile: &Profile<'_>, verdict: &mut Verdict) {
    if !profile.key.subkeys_complete {
        verdict.cannot_judge(format!("{}: not all sections could be listed", profile.key.path()));
    }
}
