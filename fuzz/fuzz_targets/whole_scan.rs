//! All that is made of one hive with its logs: findings, evidence, profiles, services, changes by the logs, properties and
//! dated events, each as the rows of its table. The input is a hive with its logs.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mapihive::hive::{Care, Depth};
use mapihive::lifecycle;
use mapihive::report::{
    EvidenceRow, FindingRow, Formulas, HiveRow, LogChangeRow, ProfileRow, PropertyRow, Row, ServiceRow,
    TableWriter, TimelineRow, evidence_rows, finding_row, hive_row, log_change_rows, profile_rows,
    property_rows, service_rows, timeline_row,
};
use mapihive::rules;
use mapihive::scan::{Candidate, GivenHives, Hosts, judge_hive_and};
use mapihive_fuzz::HiveWithLogs;

fuzz_target!(|input: &[u8]| {
    mapihive_fuzz::begin();
    let Some(files) = HiveWithLogs::of(input) else { return };
    let file = mapihive_fuzz::place("NTUSER.DAT");
    for name in ["NTUSER.DAT.LOG", "NTUSER.DAT.LOG1", "NTUSER.DAT.LOG2"] {
        let _ = std::fs::remove_file(mapihive_fuzz::place(name));
    }
    std::fs::write(&file, &files.hive).expect("a writable temporary folder");
    for (name, bytes) in &files.logs {
        std::fs::write(mapihive_fuzz::place(name), bytes).expect("a writable temporary folder");
    }
    scan(&file);
});

fn scan(file: &Path) {
    let candidate = Candidate::with_logs(file);
    let hosts = Hosts::of([&candidate], &GivenHives::default(), true);
    let reading = mapihive_fuzz::reading(Care::Once, Depth::Default);
    let (report, rows) = judge_hive_and(&candidate, reading, &hosts, rules::ALL, |hive, understood| {
        let mut properties = Vec::new();
        let done = property_rows(hive, &understood.account, &understood.mapi, &understood.recovered, |row| {
            properties.push(row);
            Ok::<(), std::convert::Infallible>(())
        });
        assert!(done.is_ok());
        let events = lifecycle::events(&understood.mapi, &understood.recovered);
        table::<PropertyRow<'_>>(properties);
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

/// Writes a table to memory; none holds a control character but the ends of its lines.
fn table<R: Row>(rows: impl IntoIterator<Item = R>) {
    let mut table = TableWriter::new::<R>(Vec::new(), Formulas::Neutralize).expect("memory");
    rows.into_iter().for_each(|row| table.write(row).expect("memory"));
    let text = String::from_utf8(table.finish().expect("memory")).expect("UTF-8");
    let control = text.chars().find(|character| character.is_control() && !"\r\n".contains(*character));
    assert_eq!(control, None, "a control character in {text:?}");
}
