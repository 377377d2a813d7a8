//! Machine hives that a rule needs, and what it says where they are not there.

use crate::account::MachineHive;
use crate::account::machine::{ControlSet, SystemFacts};
use crate::finding::{Evidence, Record};
use crate::hive::{Offset, Origin, Provenance};

use super::{Verdict, View};

/// The SYSTEM hive of the host. Where there is none the rule says so; it asks only where it has something to judge.
pub(super) fn system<'v>(view: &View<'v>, verdict: &mut Verdict) -> Option<&'v MachineHive<SystemFacts>> {
    if view.host.system.is_none() {
        verdict.cannot_judge("SYSTEM hive of the host was not read");
    }
    view.host.system.as_ref()
}

/// A sentence with a space in front, where it is a guess which control set was in use.
pub(super) fn guess_sentence(system: &MachineHive<SystemFacts>) -> &'static str {
    if is_guessed(system) {
        " Which control set of the SYSTEM hive was in use is a guess: Select names none that could be read."
    } else {
        ""
    }
}

/// Whether what SYSTEM says is of a control set that may not have been in use.
pub(super) fn is_guessed(system: &MachineHive<SystemFacts>) -> bool {
    let control_set = system.facts.control_set.as_ref().here();
    control_set.is_none_or(ControlSet::is_guessed)
}

/// The user's hive itself, as the first evidence of a finding that machine hives carry: its place of profiles, or else its
/// header, which is there whatever the hive lacks.
pub(super) fn user_hive(view: &View<'_>) -> Option<Evidence> {
    if let Some(root) = view.mapi.roots.first() {
        return Some(Evidence::key("place of profiles in the user's hive", &root.key));
    }
    let base_block = view.base_block?;
    let numbers =
        format!("primary {}, secondary {}", base_block.primary_sequence, base_block.secondary_sequence);
    Some(Evidence {
        role: "sequence numbers of the user's hive",
        hive: None,
        key_path: String::new(),
        value_name: None,
        record: Record::Data,
        place: Provenance::in_hive(Origin::Primary, Offset(4)),
        size: 8,
        last_written: None,
        value: Some(numbers),
        data: None,
    })
}
