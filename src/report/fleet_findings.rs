//! `fleet_findings.csv`: one row for each finding about several hives.

use crate::fleet::FleetFinding;
use crate::hive::Offset;
use crate::wintypes::Filetime;

use super::SCHEMA;
use super::evidence::EvidenceRow;
use super::table::{Cell, table};
use crate::scan::beside;

table! {
    /// A row of `fleet_findings.csv`.
    FleetFindingRow {
        schema: "version of these columns",
        finding_id: "hash of rule, subject and places",
        severity: "how much it matters: info, low, medium or high",
        confidence: "how sure the finding is: low, medium or high",
        rule_id: "the rule",
        title: "the rule in a few words",
        subject: "what the hives have in common: the server, mailbox, instance key, family or account",
        hosts: "hosts concerned",
        accounts: "accounts concerned; one with a security identifier counts once, wherever it is",
        count: "places concerned; what several copies of one hive hold counts once",
        copies: "files that were read of the hives concerned, each hive with all of its copies",
        first_seen: "the earliest time of their keys, among those that are listed as evidence",
        last_seen: "the latest of these times",
        detail: "what was seen",
        implies: "what the rule concludes",
        does_not_prove: "what it does not prove",
        references: "where the rule comes from",
        evidence_left_out: "places that are not listed as evidence",
    }
}

/// The row of a finding.
pub fn fleet_finding_row(finding: &FleetFinding) -> FleetFindingRow<'_> {
    let (rule, group) = (finding.rule, &finding.group);
    let times = || group.facts.iter().filter_map(|fact| fact.last_written).map(Filetime);
    FleetFindingRow {
        schema: SCHEMA.into(),
        finding_id: Cell::from(&finding.id),
        severity: finding.severity.as_str().into(),
        confidence: finding.confidence.as_str().into(),
        rule_id: rule.id.into(),
        title: rule.title.into(),
        subject: Cell::from(&group.value),
        hosts: group.hosts.into(),
        accounts: group.accounts.count().into(),
        count: group.total.into(),
        copies: group.copies.into(),
        first_seen: times().min().into(),
        last_seen: times().max().into(),
        detail: Cell::from(&finding.detail),
        implies: rule.implies.into(),
        does_not_prove: rule.does_not_prove.into(),
        references: rule.references.join(" ").into(),
        evidence_left_out: group.total.saturating_sub(group.facts.len() as u64).into(),
        neutralized: Cell::Empty,
    }
}

/// The rows of `evidence.csv` that a finding rests on.
pub fn fleet_evidence_rows(finding: &FleetFinding) -> impl Iterator<Item = EvidenceRow<'_>> {
    finding.group.facts.iter().zip(1_u64..).map(|(fact, n)| EvidenceRow {
        finding_id: Cell::from(&finding.id),
        n: n.into(),
        role: fact.kind.as_str().into(),
        hive_path: Cell::from(&fact.hive_path),
        key_path: Cell::from(&fact.key_path),
        value_name: fact.value_name.as_deref().into(),
        record: Cell::from(&fact.record),
        file: match &fact.log {
            Some(log) => beside(&fact.hive_path, log).into(),
            None => Cell::from(&fact.hive_path),
        },
        file_offset: Offset(fact.file_offset).into(),
        size: fact.size.into(),
        last_written: fact.last_written.map(Filetime).into(),
        origin: Cell::from(&fact.origin),
        log_sequence: fact.log_sequence.into(),
        value: Cell::from(&fact.value),
        hive_sha256: Cell::Empty,
        neutralized: Cell::Empty,
    })
}
