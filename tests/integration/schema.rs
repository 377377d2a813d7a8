//! docs/schema.md and docs/schema say what the tables of a case hold.
//!
//! `MAPIHIVE_UPDATE_SCHEMA=1 cargo test schema` rewrites what is made from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

use mapihive::account::{AccountKind, Confidence};
use mapihive::compare::{PairedBy, What};
use mapihive::finding::{Record, Severity};
use mapihive::hive::{HiveState, Origin, Trust};
use mapihive::lifecycle::{Bound, EventKind};
use mapihive::mapi::ProfileState;
use mapihive::mapi::tags::SectionKind;
use mapihive::report::{
    AccountRow, Change, Column, ComparisonRow, DeviationRow, DumpRow, EvidenceRow, FindingRow,
    FleetFindingRow, HiveRow, InputRow, LogChangeRow, ProfileRow, PropertyRow, Role, Row as _, RuleRow,
    SCHEMA, ServiceRow, TimelineRow,
};
use mapihive::scan::{InputKind, Status};
use serde_json::{Value, json};

use crate::program::{Row, manifest_dir, mapihive, rows};
use crate::readme::{assert_block_of, cell};

const UPDATE: &str = "MAPIHIVE_UPDATE_SCHEMA";

/// A table: its name, what a row is, its columns, and by what its rows are ordered.
type Table = (&'static str, &'static str, &'static [Column], &'static str);

/// By host, file and what lies in it, as the design has it.
const BY_HIVE: &str = "host, path of the hive";

/// The tables of a case.
fn tables_of_case() -> Vec<Table> {
    vec![
        (
            "findings.csv",
            "a finding about one hive",
            FindingRow::COLUMNS,
            "host, path of the hive, rule as in `rules.csv`, place of the first evidence",
        ),
        (
            "evidence.csv",
            "a place that a finding rests on",
            EvidenceRow::COLUMNS,
            "as `findings.csv`, then `n`; behind them those of `fleet_findings.csv`",
        ),
        (
            "fleet_findings.csv",
            "a finding about several hives",
            FleetFindingRow::COLUMNS,
            "rule, what the hives have in common",
        ),
        (
            "profiles.csv",
            "a profile: live, marked for deletion or recovered",
            ProfileRow::COLUMNS,
            "host, path of the hive, place of profiles, live ones first",
        ),
        (
            "services.csv",
            "a message service or provider of a profile",
            ServiceRow::COLUMNS,
            "as `profiles.csv`, then service by service",
        ),
        (
            "properties.csv",
            "a key or value that belongs to MAPI, decoded",
            PropertyRow::COLUMNS,
            "host, path of the hive, then as they lie in it; recovered ones last",
        ),
        (
            "timeline.csv",
            "a dated event in the life of a profile",
            TimelineRow::COLUMNS,
            "host, path of the hive, profile, time",
        ),
        ("log_changes.csv", "what transaction logs changed", LogChangeRow::COLUMNS, BY_HIVE),
        ("accounts.csv", "an account of a host", AccountRow::COLUMNS, "host, account"),
        ("hives.csv", "a file, and what became of it: the coverage table", HiveRow::COLUMNS, BY_HIVE),
        (
            "inputs.csv",
            "a file whose bytes were read as evidence",
            InputRow::COLUMNS,
            "host, path of the hive; the hive before its logs; behind them the machine hives given for the host",
        ),
        ("rules.csv", "a rule", RuleRow::COLUMNS, "as the rules are registered"),
    ]
}

/// What commands write to standard output or `--output`, and is in no case.
fn other_tables() -> Vec<Table> {
    vec![
        (
            "mapihive compare",
            "what differs between two copies",
            ComparisonRow::COLUMNS,
            "host, path, then key and value",
        ),
        (
            "mapihive dump",
            "a key or value of a hive",
            DumpRow::COLUMNS,
            "hives as they were given, keys as they lie in them",
        ),
        (
            "mapihive verify",
            "a file that is not as it was",
            DeviationRow::COLUMNS,
            "files of the case, then evidence as in `inputs.csv`",
        ),
    ]
}

fn columns_of(tables: &[Table]) -> String {
    let mut text = String::new();
    for (name, row, columns, order) in tables {
        write!(text, "### {name}\n\nA row is {row}. Order: {order}.\n\n| Column | Holds |\n|---|---|\n")
            .expect("memory");
        for column in *columns {
            writeln!(text, "| `{}` | {} |", column.name, cell(column.holds)).expect("memory");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// A vocabulary: what it is, the columns that have its words, and these.
type Vocabulary = (&'static str, &'static [&'static str], Vec<&'static str>);

/// The words of an enum; each is another one, and tells which of them it is.
fn words<T: Copy + PartialEq + Debug>(all: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
    let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
    for (one, text) in all.iter().zip(&words) {
        let mut named = all.iter().filter(|other| word(**other) == *text);
        assert_eq!((named.next(), named.next()), (Some(one), None), "{text}");
    }
    words
}

fn vocabularies() -> Vec<Vocabulary> {
    let section_kinds: Vec<SectionKind> = SectionKind::ALL.iter().map(|(kind, _)| *kind).collect();
    vec![
        ("severity", &["severity"], words(&Severity::ALL, Severity::as_str)),
        (
            "confidence",
            &["confidence", "account_confidence", "certainty"],
            words(&Confidence::ALL, Confidence::as_str),
        ),
        ("kind of account", &["account_kind"], words(&AccountKind::ALL, AccountKind::as_str)),
        ("state of a profile", &["profile_state"], words(&ProfileState::ALL, ProfileState::as_str)),
        (
            "where bytes are",
            &["origin", "before_origin", "after_origin"],
            words(&Origin::ALL, Origin::as_str),
        ),
        (
            "state of a hive",
            &["hive_state", "before_hive_state", "after_hive_state"],
            words(&HiveState::ALL, HiveState::as_str),
        ),
        ("what became of a file", &["status"], words(&Status::ALL, Status::as_str)),
        ("record", &["record"], words(&Record::ALL, Record::as_str)),
        ("trust in what was recovered", &["trust"], words(&Trust::ALL, Trust::as_str)),
        ("kind of section", &["section_kind"], words(&section_kinds, SectionKind::as_str)),
        ("event", &["event"], words(&EventKind::ALL, EventKind::as_str)),
        ("what a time bounds", &["bound"], words(&Bound::ALL, Bound::as_str)),
        ("difference", &["what (compare, log_changes.csv)"], words(&What::ALL, What::as_str)),
        ("how hives were paired", &["paired_by"], words(&PairedBy::ALL, PairedBy::as_str)),
        ("input", &["kind (inputs.csv)"], words(&InputKind::ALL, InputKind::as_str)),
        ("whose bytes are compared", &["role (verify)"], words(&Role::ALL, Role::as_str)),
        ("deviation", &["what (verify)"], words(&Change::ALL, Change::as_str)),
    ]
}

#[test]
fn the_documented_columns_are_those_of_the_tables() {
    assert_block_of("docs/schema.md", UPDATE, "version", &format!("Schema version: {SCHEMA}."));
    assert_block_of("docs/schema.md", UPDATE, "tables", &columns_of(&tables_of_case()));
    assert_block_of("docs/schema.md", UPDATE, "other-tables", &columns_of(&other_tables()));
}

#[test]
fn the_documented_words_are_those_of_the_program() {
    let mut table = "| Vocabulary | Columns | Words |\n|---|---|---|\n".to_owned();
    for (name, columns, words) in vocabularies() {
        let quoted =
            |texts: &[&str]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
        writeln!(table, "| {name} | {} | {} |", quoted(columns), quoted(&words)).expect("memory");
    }
    assert_block_of("docs/schema.md", UPDATE, "vocabularies", table.trim_end());
}

#[test]
fn words_of_kinds_of_sections_are_read_back() {
    for (kind, word) in SectionKind::ALL {
        assert_eq!(SectionKind::parse(word), Some(kind));
    }
}

/// The case of the samples.
fn case() -> (tempfile::TempDir, BTreeMap<String, Vec<Row>>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let case = folder.path().join("case");
    let run = mapihive(
        ["scan", "sample-hives", "--quiet", "--case"]
            .iter()
            .map(std::ffi::OsStr::new)
            .chain([case.as_os_str()]),
    );
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let mut tables = BTreeMap::new();
    for entry in std::fs::read_dir(&case).expect("a case") {
        let path = entry.expect("a case").path();
        let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        let is_table = std::path::Path::new(&name).extension().is_some_and(|ending| ending == "csv");
        let rows = if is_table { rows(&std::fs::read(&path).expect("a table")) } else { Vec::new() };
        tables.insert(name, rows);
    }
    (folder, tables)
}

#[test]
fn every_table_of_a_case_is_documented_and_has_only_documented_words() {
    let (folder, case) = case();
    let documented: BTreeSet<&str> = tables_of_case()
        .iter()
        .map(|(name, ..)| *name)
        .chain(["findings.jsonl", "bodyfile.txt", "report.html", "manifest.json", "SHA256SUMS"])
        .collect();
    let there: BTreeSet<&str> = case.keys().map(String::as_str).collect();
    assert_eq!(there, documented);
    let text = std::fs::read_to_string(manifest_dir().join("docs/schema.md")).expect("docs/schema.md");
    for name in documented {
        assert!(text.contains(name), "{name}");
    }
    for (name, _, columns, _) in tables_of_case() {
        let header = std::fs::read_to_string(folder.path().join("case").join(name)).expect("a table");
        let expected: Vec<&str> = columns.iter().map(|column| column.name).collect();
        assert_eq!(header.lines().next(), Some(expected.join(",").as_str()), "{name}");
    }
    let mut seen = BTreeSet::new();
    for (_, columns, words) in vocabularies() {
        for (table, rows) in &case {
            for row in rows {
                for column in columns.iter().filter_map(|column| {
                    let (column, only) = column.split_once(" (").unwrap_or((column, table));
                    only.trim_end_matches(')').split(", ").any(|only| only == table).then_some(column)
                }) {
                    let Some(word) = row.get(column).filter(|word| !word.is_empty()) else { continue };
                    assert!(words.contains(&word.as_str()), "{table} {column}: {word}");
                    seen.insert((table, column));
                }
            }
        }
    }
    assert!(seen.len() > 30, "{seen:?}");
}

/// The schema of a column in JSON, where numbers are numbers and what is absent is left out.
fn schema_of_column(column: &Column) -> Value {
    const NUMBERS: [&str; 10] = [
        "schema",
        "n",
        "count",
        "file_offset",
        "name_pid",
        "hosts",
        "accounts",
        "copies",
        "evidence_left_out",
        "size",
    ];
    const TIMES: [&str; 4] = ["name_created", "last_written", "first_seen", "last_seen"];

    let name = column.name;
    let words =
        vocabularies().into_iter().find(|(_, columns, _)| columns.contains(&name)).map(|(.., words)| words);
    let mut schema = match (name, words) {
        ("schema", _) => json!({ "const": SCHEMA }),
        (_, Some(words)) => json!({ "enum": words }),
        ("hive_sha256", _) => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
        ("finding_id", _) => json!({ "type": "string", "pattern": "^[0-9a-f]+$" }),
        ("rule_id", _) => json!({ "type": "string", "pattern": "^[LCSXH][0-9]{2}$" }),
        _ if NUMBERS.contains(&name) => json!({ "type": "integer", "minimum": 0 }),
        _ if TIMES.contains(&name) => json!({ "$ref": "#/$defs/time" }),
        _ => json!({ "type": "string" }),
    };
    schema["description"] = column.holds.into();
    schema
}

fn schema_of_row(columns: &[Column], required: &[&str]) -> Value {
    // JSON is never guarded.
    let columns = columns.iter().filter(|column| column.name != "neutralized");
    let properties: serde_json::Map<String, Value> =
        columns.map(|column| (column.name.to_owned(), schema_of_column(column))).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

#[test]
fn the_schema_of_json_lines_has_the_columns_of_the_tables() {
    let text = json!({ "type": "string" });
    let object = |names: &[&str]| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
    };
    let mut event = object(&["kind", "module", "dataset", "id", "reason"]);
    for (name, schema) in [
        ("kind", json!({ "const": "alert" })),
        ("category", json!({ "const": ["registry"] })),
        ("type", json!({ "const": ["info"] })),
        ("module", json!({ "const": "mapihive" })),
        ("dataset", json!({ "enum": ["mapihive.findings", "mapihive.fleet_findings"] })),
        ("severity", json!({ "type": "integer", "minimum": 1, "maximum": 4 })),
        ("start", json!({ "$ref": "#/$defs/time" })),
        ("end", json!({ "$ref": "#/$defs/time" })),
    ] {
        event["properties"][name] = schema;
    }
    event["required"] = json!(["kind", "category", "type", "module", "dataset", "id", "severity"]);
    let required = [
        "schema",
        "finding_id",
        "severity",
        "confidence",
        "rule_id",
        "title",
        "implies",
        "does_not_prove",
        "references",
    ];
    let of_hive: Vec<&str> = required.into_iter().chain(["hive_path"]).collect();
    let of_fleet: Vec<&str> = required.into_iter().chain(["subject"]).collect();
    let hash = json!({ "type": "object", "properties": { "sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" } }, "additionalProperties": false });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of findings.jsonl",
        "description": "A finding in the names of the Elastic Common Schema; below mapihive every column of findings.csv or fleet_findings.csv. What is absent is left out.",
        "$defs": { "time": { "type": "string", "pattern": "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{7}Z$" } },
        "type": "object",
        "properties": {
            "@timestamp": { "$ref": "#/$defs/time" },
            "message": text,
            "ecs": { "const": { "version": mapihive::report::ECS_VERSION } },
            "event": event,
            "rule": object(&["id", "name", "description", "reference", "ruleset"]),
            "host": object(&["name"]),
            "user": object(&["id", "name"]),
            "registry": {
                "type": "object",
                "properties": {
                    "key": text,
                    "value": text,
                    "data": { "type": "object", "properties": { "strings": { "type": "array", "items": text, "minItems": 1, "maxItems": 1 } }, "additionalProperties": false },
                },
                "additionalProperties": false,
            },
            "file": { "type": "object", "properties": { "path": text, "hash": hash }, "additionalProperties": false },
            "mapihive": { "oneOf": [
                schema_of_row(FindingRow::COLUMNS, &of_hive),
                schema_of_row(FleetFindingRow::COLUMNS, &of_fleet),
            ] },
        },
        "required": ["ecs", "event", "rule", "mapihive"],
        "additionalProperties": false,
    });
    let path = manifest_dir().join("docs/schema/findings.schema.json");
    let expected = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &expected).expect("a writable file");
    }
    let there = std::fs::read_to_string(&path).expect("docs/schema/findings.schema.json");
    assert!(there == expected, "{} is not what the program says; {UPDATE}=1 rewrites it", path.display());
}
