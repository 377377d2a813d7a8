//! All that is made of one hive with its logs: findings, evidence, profiles, services, changes by the logs, properties and
//! dated events, each as the rows of its table. The input is a hive with its logs.

use std::path::Path;

use crate::HiveWithLogs;
use mapihive::hive::{Care, Depth};
use mapihive::lifecycle;
use mapihive::report::{
    EvidenceRow, FindingRow, Formulas, HiveRow, LogChangeRow, ProfileRow, PropertyRow, Row, ServiceRow,
    TableWriter, TimelineRow, evidence_rows, finding_row, hive_row, log_change_rows, profile_rows,
    property_rows, service_rows, timeline_row,
};
use mapihive::rules;
use mapihive::scan::{Candidate, GivenHives, Hosts, judge_hive_and};

/// Feeds one input.
pub fn run(input: &[u8]) {
    let Some(files) = HiveWithLogs::of(input) else { return };
    let file = crate::place("NTUSER.DAT");
    for name in ["NTUSER.DAT.LOG", "NTUSER.DAT.LOG1", "NTUSER.DAT.LOG2"] {
        let _ = std::fs::remove_file(crate::place(name));
    }
    std::fs::write(&file, &files.hive).expect("a writable temporary folder");
    for (name, bytes) in &files.logs {
        std::fs::write(crate::place(name), bytes).expect("a writable temporary folder");
    }
    scan(&file);
}

fn scan(file: &Path) {
    let candidate = Candidate::with_logs(file);
    let hosts = Hosts::of([&candidate], &GivenHives::default(), true);
    let reading = crate::reading(Care::Once, Depth::Default);
    let (report, rows) = judge_hive_and(&candidate, reading, &hosts, rules::ALL, |hive, understood| {
        let (account, mapi, recovered) = (&understood.account, &understood.mapi, &understood.recovered);
        written::<PropertyRow<'_>>(|table| {
            property_rows(hive, account, mapi, recovered, |row| table.write(row))
        });
        let events = lifecycle::events(mapi, recovered);
        table::<ProfileRow<'_>>(profile_rows(hive, understood));
        table::<ServiceRow<'_>>(service_rows(hive, understood));
        table::<LogChangeRow<'_>>(log_change_rows(hive, understood));
        events
    });
    let coverage = &report.coverage;
    table::<TimelineRow<'_>>(rows.into_iter().flatten().map(|event| timeline_row(coverage, event)));
    table::<FindingRow<'_>>(report.judged.findings.iter().map(|finding| finding_row(coverage, finding)));
    table::<EvidenceRow<'_>>(
        report.judged.findings.iter().flat_map(|finding| evidence_rows(coverage, finding)),
    );
    table::<HiveRow<'_>>([hive_row(&report)]);
}

fn table<R: Row>(rows: impl IntoIterator<Item = R>) {
    written::<R>(|table| rows.into_iter().try_for_each(|row| table.write(row)));
}

/// Writes a table to memory; none holds a control character but the ends of its lines.
fn written<R: Row>(write: impl FnOnce(&mut TableWriter<Vec<u8>>) -> csv::Result<()>) {
    let mut table = TableWriter::new::<R>(Vec::new(), Formulas::Neutralize).expect("memory");
    write(&mut table).expect("memory");
    let text = table.finish().expect("memory");
    assert!(!has_control(&text), "a control character in {:?}", String::from_utf8_lossy(&text));
}

/// Whether UTF-8 text holds a control character other than the ends of lines. Decides nothing for each byte, since the fuzzer
/// notes every comparison: looking at each character was 39 % of this target's instructions.
fn has_control(text: &[u8]) -> bool {
    /// 1 for control characters of one byte, 2 for the first byte of those of two, 4 for what their second byte may be.
    const CLASS: [u8; 256] = {
        let mut class = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            class[byte] = match byte {
                0x0a | 0x0d => 0,
                0x00..0x20 | 0x7f => 1,
                0xc2 => 2,
                0x80..0xa0 => 4,
                _ => 0,
            };
            byte += 1;
        }
        class
    };
    let (found, _) = text.iter().fold((0, 0), |(found, before), byte| {
        let class = CLASS[usize::from(*byte)];
        (found | (class & 1) | ((before >> 1) & (class >> 2)), class)
    });
    found != 0
}
