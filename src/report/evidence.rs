//! `evidence.csv`: one row for each place that a finding rests on.

use crate::finding::{Evidence, Finding, Record};
use crate::hive::Provenance;
use crate::scan::Coverage;

use super::table::{Cell, table};

table! {
    /// A row of `evidence.csv`.
    EvidenceRow {
        finding_id: "the finding",
        n: "number of the evidence in the finding, from 1",
        role: "what it is to the finding",
        hive_path: "the hive: the account's, or a machine hive of the host",
        key_path: "the key, from the root of the hive",
        value_name: "the value, if it is one",
        record: "nk (a key), vk (a value) or data",
        file: "the file in which the bytes lie",
        file_offset: "where in that file, in bytes from its start; of a cell, its size field",
        size: "how many bytes; of a cell, with its size field",
        last_written: "when the key last changed",
        origin: "where the bytes are: primary, log, log-remnant, free, slack, unreferenced or tail",
        log_sequence: "sequence number of the log entry, if the bytes are from a log",
        value: "what it says, secrets withheld",
        hive_sha256: "SHA-256 of the account's hive file, where it was asked for; that of a machine hive is in hives.csv",
    }
}

/// The rows of a finding: one for each key or value, and behind a value one for its data.
pub fn evidence_rows<'a>(
    coverage: &'a Coverage,
    finding: &'a Finding,
) -> impl Iterator<Item = EvidenceRow<'a>> {
    let rows = finding.claim.evidence.iter().flat_map(|evidence| {
        let row = EvidenceRow {
            finding_id: Cell::from(&finding.id),
            n: Cell::Empty,
            role: evidence.role.into(),
            hive_path: hive_path(coverage, evidence).into(),
            key_path: Cell::from(&evidence.key_path),
            value_name: evidence.value_name.as_deref().into(),
            record: evidence.record.as_str().into(),
            file: file(coverage, evidence, &evidence.place),
            file_offset: evidence.place.at.into(),
            size: evidence.size.into(),
            last_written: evidence.last_written.into(),
            origin: evidence.place.origin.as_str().into(),
            log_sequence: evidence.place.sequence.into(),
            value: evidence.value.as_deref().into(),
            hive_sha256: coverage.sha256().filter(|_| evidence.hive.is_none()).into(),
            neutralized: Cell::Empty,
        };
        let data = evidence.data.as_ref().map(|(place, size)| EvidenceRow {
            record: Record::Data.as_str().into(),
            file: file(coverage, evidence, place),
            file_offset: place.at.into(),
            origin: place.origin.as_str().into(),
            log_sequence: place.sequence.into(),
            size: (*size).into(),
            ..row.clone()
        });
        std::iter::once(row).chain(data)
    });
    rows.zip(1_u64..).map(|(row, n)| EvidenceRow { n: n.into(), ..row })
}

/// The file in which bytes lie: the hive, or the log beside it.
fn file<'a>(coverage: &'a Coverage, evidence: &'a Evidence, place: &Provenance) -> Cell<'a> {
    let hive = hive_path(coverage, evidence);
    match &place.log {
        Some(log) => crate::scan::beside(hive, log).into(),
        None => hive.into(),
    }
}

/// The hive in which the evidence lies: the account's, or a machine hive of the host.
fn hive_path<'a>(coverage: &'a Coverage, evidence: &'a Evidence) -> &'a str {
    evidence.hive.as_deref().unwrap_or(&coverage.hive_path)
}
