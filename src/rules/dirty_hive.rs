use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Record, Severity, Subject};
use crate::hive::{HiveState, Offset, Origin, Provenance};

use super::wording::listed;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "H01",
    slug: "dirty-hive",
    title: "The hive is dirty",
    severities: &[Severity::Info],
    // The reference also fires where logs are present and unapplied. Logs beside a clean hive are normal, and whether
    // they hold anything that the hive lacks is for the replay to tell; so the sequence numbers alone decide.
    condition: "The two sequence numbers in the base block differ, and the hive has at least one root of profiles. \
                Without such a root the coverage table tells the state of the hive. Transaction logs beside a hive whose \
                numbers agree are normal and make no finding.",
    implies: "The account's hive was loaded, or had not been unloaded cleanly, when these bytes were current. Values may \
              be older than what the system last wrote, or belong to different moments, unless the transaction logs are \
              applied.",
    does_not_prove: "Which program or service was running, or that any was. Nor does a clean hive show that it was \
                     unloaded.",
    remediation: "Collect the transaction logs (.LOG, .LOG1, .LOG2) beside the hive, and if possible a copy of the hive \
                  taken while the account is logged off.",
    false_positives: "A copy made without a snapshot while the hive was in use, which is the normal case for services.",
    references: &["regf-specification:dirty-state-of-a-hive", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(base_block) = view.base_block else { return };
    let (primary, secondary) = (base_block.primary_sequence, base_block.secondary_sequence);
    if primary == secondary || view.mapi.roots.is_empty() {
        return;
    }
    let fates = || listed(view.logs.iter().map(|(name, fate)| format!("\"{name}\" {fate}")));
    let logs = match (view.state, view.logs.is_empty()) {
        (HiveState::DirtyReplayed, _) => {
            format!("Its transaction logs were applied in memory, and what is told is the hive after that: {}.", fates())
        }
        (_, true) => "No transaction log lies beside it.".to_owned(),
        (_, false) => format!("What lies beside it could not make it current: {}.", fates()),
    };
    let numbers = format!("primary {primary}, secondary {secondary}");
    let sound = base_block.checksum == base_block.computed_checksum;
    let checksum = if sound {
        ""
    } else {
        " The checksum of the base block does not match, so that the numbers may themselves be damaged."
    };
    let evidence = Evidence {
        data: None,
        role: "sequence numbers",
        hive: None,
        key_path: String::new(),
        value_name: None,
        record: Record::Data,
        place: Provenance::in_hive(Origin::Primary, Offset(4)),
        size: 8,
        last_written: None,
        value: Some(numbers.clone()),
    };
    let detail = format!("The sequence numbers differ: {numbers}. {logs}{checksum}");
    let confidence = if sound { Confidence::High } else { Confidence::Low };
    verdict.claim(Claim::new(Severity::Info, confidence, Subject::default(), evidence, detail));
}
