//! Tables are what their documentation says: columns, words, quoting, and nothing that a spreadsheet would run.

use std::collections::{BTreeMap, BTreeSet};

use hive_synth::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, REG_SZ, SecurityDescriptor, Version, filetime, utf16_nul};
use mapihive::account::{AccountKind, Confidence};
use mapihive::finding::{Record, Severity};
use mapihive::hive::{HiveState, Origin};
use mapihive::mapi::ProfileState;
use mapihive::report::{
    ComparisonRow, DumpRow, EvidenceRow, FindingRow, HiveRow, LogChangeRow, ProfileRow, PropertyRow,
    Row as _, RuleRow, ServiceRow,
};
use mapihive::scan::Status;

use crate::program::{Row, mapihive, plant, rows, scan_in};

/// Section 6 of the design, word by word; guarded tables end with `neutralized`.
const FINDINGS: &str = "\
    schema, finding_id, host, account, account_sid, account_kind, account_basis, account_confidence, \
    services, severity, confidence, rule_id, title, root, profile, profile_family, profile_state, \
    name_pid, name_created, section_uid, service_name, key_path, value_name, value, last_written, \
    time_meaning, first_seen, last_seen, count, origin, file_offset, detail, implies, does_not_prove, \
    references, hive_path, hive_state, hive_sha256, neutralized";
const EVIDENCE: &str = "\
    finding_id, n, role, hive_path, key_path, value_name, record, file, file_offset, size, \
    last_written, origin, log_sequence, value, hive_sha256, neutralized";
const PROPERTIES: &str = "\
    kind, host, account, account_sid, root, profile, profile_state, section_uid, section_kind, \
    service_name, key_path, value_name, prop_id, prop_type, prop_name, value_type, data_size, decoded, \
    raw_hex, secret, last_written, origin, file_offset, hive_path, problem, file, log_sequence, trust, \
    neutralized";
const DUMP: &str = "\
    kind, key_path, value_name, value_type, data_size, data_sha256, last_written, origin, file_offset, \
    problem, hive_path, file, log_sequence, trust";

const COMPARISON: &str = "\
    schema, host, account, account_sid, paired_by, root, profile, section_uid, key_path, value_name, what, \
    before_value, after_value, before_type, after_type, count, detail, certainty, before_file, \
    before_offset, before_origin, before_log_sequence, before_last_written, after_file, after_offset, \
    after_origin, after_log_sequence, after_last_written, before_hive, before_hive_state, after_hive, \
    after_hive_state, neutralized";

fn columns<R: mapihive::report::Row>() -> String {
    R::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

#[test]
fn columns_are_those_of_the_design() {
    assert_eq!(columns::<FindingRow<'_>>(), FINDINGS);
    assert_eq!(columns::<EvidenceRow<'_>>(), EVIDENCE);
    assert_eq!(columns::<PropertyRow<'_>>(), PROPERTIES);
    assert_eq!(columns::<DumpRow<'_>>(), DUMP);
    assert_eq!(columns::<ComparisonRow<'_>>(), COMPARISON);
    let of_hives = columns::<HiveRow<'_>>();
    for column in [
        "hive_path",
        "status",
        "reason",
        "format_version",
        "hive_state",
        "logs",
        "problems",
        "rules_not_judged",
    ] {
        assert!(of_hives.split(", ").any(|name| name == column), "{column}");
    }
    assert!(of_hives.starts_with("schema, ") && of_hives.ends_with(", neutralized"));
    assert!(columns::<RuleRow<'_>>().starts_with("schema, rule_id, "));
    for columns in [columns::<ProfileRow<'_>>(), columns::<ServiceRow<'_>>(), columns::<LogChangeRow<'_>>()] {
        assert!(
            columns.starts_with("schema, host, account, account_sid, ") && columns.ends_with(", neutralized")
        );
    }
}

#[test]
fn every_column_says_what_it_holds() {
    for columns in [
        FindingRow::COLUMNS,
        EvidenceRow::COLUMNS,
        PropertyRow::COLUMNS,
        DumpRow::COLUMNS,
        ComparisonRow::COLUMNS,
        HiveRow::COLUMNS,
        RuleRow::COLUMNS,
        ProfileRow::COLUMNS,
        ServiceRow::COLUMNS,
        LogChangeRow::COLUMNS,
    ] {
        assert!(columns.iter().all(|column| column.holds.len() > 5));
        let names: BTreeSet<&str> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), columns.len());
    }
}

#[test]
fn words_of_tables_are_those_of_the_design() {
    assert_eq!(Severity::ALL.map(Severity::as_str), ["info", "low", "medium", "high"]);
    assert_eq!(Confidence::ALL.map(Confidence::as_str), ["low", "medium", "high"]);
    assert_eq!(AccountKind::ALL.map(AccountKind::as_str), ["service", "system", "user", "unknown"]);
    let origins = ["primary", "log", "log-remnant", "free", "slack", "unreferenced", "tail"];
    assert_eq!(Origin::ALL.map(Origin::as_str), origins);
    assert_eq!(
        HiveState::ALL.map(HiveState::as_str),
        ["clean", "dirty-replayed", "dirty-unreplayed", "damaged"]
    );
    assert_eq!(Status::ALL.map(Status::as_str), ["parsed", "partial", "failed", "skipped"]);
    assert_eq!(Record::ALL.map(Record::as_str), ["nk", "vk", "data"]);
    let states = [ProfileState::Live, ProfileState::DeletedPending, ProfileState::Recovered];
    assert_eq!(states.map(ProfileState::as_str), ["live", "deleted-pending", "recovered"]);
    for rule in mapihive::rules::every() {
        let (letter, number) = rule.id.split_at(1);
        assert!(
            "LCSXH".contains(letter) && number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit())
        );
        for spelling in
            [rule.id.to_owned(), format!("MAPI-{}", rule.id), rule.id.to_lowercase(), rule.slug.to_owned()]
        {
            assert!(std::ptr::eq(mapihive::rules::find(&spelling).expect("a rule"), rule), "{spelling}");
        }
    }
}

/// Profile names that are formulas to a spreadsheet, or hold what would break a table.
const NASTY: [&str; 14] = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\u{ff1d}1+1",
    "\u{ff0b}1",
    "\u{ff0d}1",
    "\u{ff20}A",
    "\ttab",
    "\rreturn",
    "quote\"d, with comma",
    "two\nlines",
    "'already",
    "\u{1b}[31mred\u{7}",
];

fn nasty_hive() -> Vec<u8> {
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    for (number, name) in NASTY.into_iter().enumerate() {
        for root in [PROFILES, DELETED_PROFILES] {
            let time = filetime(2001, 1, 1, 0, number as u64, 0, 0);
            exchange_profile(&mut builder, &NewProfile::new(root, name, time), &mailbox);
        }
        let section = format!(r"{PROFILES}\{name}\13dbb0c8aa05101a9bb000aa002fc45a");
        builder.key(&section).value("001e6602", REG_SZ, &utf16_nul(name)).value(
            name,
            REG_SZ,
            &utf16_nul("x"),
        );
    }
    builder.build().bytes
}

fn nasty_tables(more: &[&str]) -> BTreeMap<&'static str, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = "=HOST/C/Users/@user/NTUSER.DAT";
    plant(folder.path(), &[(path, &nasty_hive())]);
    let file = std::fs::File::options().append(true).open(folder.path().join(path)).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let scan = scan_in(folder.path(), ["."].iter().chain(more));
    assert_eq!(scan.run.code, Some(0), "{}", scan.run.stderr);
    assert!(!scan.run.stderr.chars().any(|character| character.is_control() && character != '\n'));
    let profiles = crate::program::mapihive_in(folder.path(), ["profiles", "."].iter().chain(more));
    assert_eq!(profiles.code, Some(0), "{}", profiles.stderr);
    BTreeMap::from([
        ("findings", scan.findings),
        ("coverage", scan.coverage),
        ("evidence", scan.evidence),
        ("profiles", profiles.stdout),
    ])
}

/// Asserts RFC 4180: CRLF after every record and nowhere else, as many cells in each, and the same bytes from a second
/// writer.
fn assert_rfc_4180(name: &str, table: &[u8]) {
    let text = std::str::from_utf8(table).expect("UTF-8");
    assert!(!text.starts_with('\u{feff}'), "{name} has a byte order mark");
    let control = text.chars().find(|character| character.is_control() && !"\r\n".contains(*character));
    assert_eq!(control, None, "{name}");
    assert!(text.ends_with("\r\n"), "{name}");
    assert_eq!(text.matches('\r').count(), text.matches('\n').count(), "{name}");
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count(), "{name}");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(false).from_reader(table);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut records = 0;
    for record in reader.records() {
        writer.write_record(&record.expect("as many cells as the header")).expect("memory");
        records += 1;
    }
    assert!(writer.into_inner().expect("memory") == table, "{name} reads back as another table");
    assert_eq!(records, text.matches("\r\n").count(), "{name}: one line a record");
}

#[test]
fn tables_follow_rfc_4180_and_hold_no_control_character() {
    for more in [&[][..], &["--csv-raw"]] {
        for (name, table) in nasty_tables(more) {
            assert_rfc_4180(name, &table);
        }
    }
    for arguments in [vec!["rules", "--csv"], vec!["dump", "sample-hives/WKS014/C/Users/mlind/NTUSER.DAT"]] {
        assert_rfc_4180(arguments[0], &mapihive(arguments).stdout);
    }
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

#[test]
fn no_cell_starts_a_formula_and_each_guarded_one_is_named() {
    let (guarded, raw) = (nasty_tables(&[]), nasty_tables(&["--csv-raw"]));
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (name, table) in &guarded {
        let (guarded, raw) = (rows(table), rows(&raw[name]));
        assert_eq!(guarded.len(), raw.len());
        for (guarded, raw) in guarded.iter().zip(&raw) {
            assert_eq!(raw["neutralized"], "");
            let mut told: Vec<&str> =
                guarded["neutralized"].split(' ').filter(|name| !name.is_empty()).collect();
            for (column, cell) in guarded.iter().filter(|(column, _)| *column != "neutralized") {
                assert!(!is_formula(cell), "{name} {column}: {cell}");
                let is_named =
                    told.iter().position(|name| name == column).map(|at| told.remove(at)).is_some();
                let original = if is_named { cell.strip_prefix('\'').expect("an apostrophe") } else { cell };
                assert_eq!(original, raw[column], "{name} {column}");
                assert_eq!(is_named, is_formula(&raw[column]), "{name} {column}");
                names.extend(is_named.then(|| column.clone()));
            }
            assert_eq!(told, [""; 0], "columns that are none");
        }
    }
    for column in ["profile", "host", "account", "hive_path", "file", "value_name", "decoded"] {
        assert!(names.contains(column), "{column} is guarded: {names:?}");
    }
}

#[test]
fn names_with_controls_are_escaped_and_still_told_apart() {
    let tables = nasty_tables(&["--csv-raw"]);
    let profiles: BTreeSet<String> = rows(&tables["profiles"])
        .into_iter()
        .filter(|row| row["profile_state"] == "live")
        .map(|row| row["profile"].clone())
        .collect();
    let expected = NASTY.map(|name| {
        let escape = |character: char| {
            if character.is_control() {
                format!("\\u{{{:x}}}", character as u32)
            } else {
                character.to_string()
            }
        };
        name.chars().map(escape).collect::<String>()
    });
    assert_eq!(profiles, expected.into_iter().collect());
    // Texts of values too.
    let decoded: BTreeSet<String> = rows(&tables["profiles"])
        .into_iter()
        .filter(|row| row["value_name"] == "001e6602" && row["profile_state"] == "live")
        .map(|row| row["decoded"].clone())
        .collect();
    assert_eq!(decoded, profiles);
}

#[test]
fn dump_is_never_changed_for_spreadsheets() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("=1+1").sz("@x", "y");
    plant(folder.path(), &[("NTUSER.DAT", &builder.build().bytes)]);
    let table = crate::program::mapihive_in(folder.path(), ["dump", "NTUSER.DAT"]).rows();
    let cells: Vec<(&str, &str)> =
        table.iter().map(|row| (row["key_path"].as_str(), row["value_name"].as_str())).collect();
    assert_eq!(cells, [("", ""), ("=1+1", ""), ("=1+1", "@x")]);
}

/// A time as every table writes it, or none.
fn assert_time(row: &Row, column: &str) {
    let cell = &row[column];
    let form: String =
        cell.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    assert!(cell.is_empty() || form == "0000-00-00T00:00:00.0000000Z", "{column}: {cell}");
}

#[test]
fn cells_have_the_forms_that_the_design_gives_them() {
    let scan = scan_in(crate::program::manifest_dir(), ["sample-hives"]);
    let (findings, coverage, evidence) = (rows(&scan.findings), rows(&scan.coverage), rows(&scan.evidence));
    let profiles = mapihive(["profiles", "sample-hives"]).rows();
    assert!(findings.len() > 10 && evidence.len() > 20 && profiles.len() > 300);
    for row in &findings {
        for column in ["name_created", "last_written", "first_seen", "last_seen"] {
            assert_time(row, column);
        }
        assert!(Severity::ALL.iter().any(|severity| severity.as_str() == row["severity"]));
        assert!(Confidence::ALL.iter().any(|grade| grade.as_str() == row["confidence"]));
        assert!(AccountKind::ALL.iter().any(|kind| kind.as_str() == row["account_kind"]));
        assert!(Origin::ALL.iter().any(|origin| origin.as_str() == row["origin"]));
        assert!(HiveState::ALL.iter().any(|state| state.as_str() == row["hive_state"]));
        assert!(row["count"].parse::<u64>().is_ok_and(|count| count > 0));
        assert!(row["file_offset"].parse::<u64>().is_ok());
        for column in ["title", "detail", "implies", "does_not_prove", "references", "account_basis"] {
            assert!(!row[column].is_empty(), "{column}");
        }
        // The place shown is that of the first evidence.
        let first = evidence.iter().find(|other| other["finding_id"] == row["finding_id"]).expect("evidence");
        assert_eq!(first["n"], "1");
        for column in
            ["key_path", "value_name", "file_offset", "last_written", "origin", "hive_path", "value"]
        {
            assert_eq!(first[column], row[column], "{column}");
        }
    }
    for row in &coverage {
        assert_time(row, "header_last_written");
        assert_time(row, "file_modified");
        assert!(Status::ALL.iter().any(|status| status.as_str() == row["status"]));
        let found = findings.iter().filter(|finding| finding["hive_path"] == row["hive_path"]).count();
        assert!(row["findings"].is_empty() || row["findings"] == found.to_string());
    }
    for row in &profiles {
        assert_time(row, "last_written");
        assert!(["key", "property", "account-value"].contains(&row["kind"].as_str()));
        let named = row["value_type"].starts_with("REG_") || row["value_type"].starts_with("0x");
        assert_eq!(row["kind"] == "key", !named);
        assert!(row["raw_hex"].len() <= 128);
    }
}

#[test]
fn a_time_that_nobody_set_is_not_a_time_that_is_missing() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("zero").written(0);
    builder.key("far").written(u64::MAX);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &builder.build().bytes)]);
    let table = crate::program::mapihive_in(folder.path(), ["dump", "NTUSER.DAT"]).rows();
    let time =
        |path: &str| table.iter().find(|row| row["key_path"] == path).expect("a key")["last_written"].clone();
    assert_eq!(time("zero"), "1601-01-01T00:00:00.0000000Z");
    assert_eq!(time("far"), "0xffffffffffffffff");
}
