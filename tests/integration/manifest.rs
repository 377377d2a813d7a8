//! Files that a queue has renamed keep their identity by a manifest, and a wrong manifest is told, never guessed at.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use hive_synth::fleet::Plan;
use serde_json::{Value, json};

use crate::program::{Row, Run, mapihive_in, plant, program, rows_of_file};

const PLAN: Plan = Plan { hives: 24, hives_per_host: 3, seed: 11 };
/// The tables of a case that no run puts its own time or folder into.
const TABLES: [&str; 10] = [
    "findings.csv",
    "evidence.csv",
    "findings.jsonl",
    "profiles.csv",
    "services.csv",
    "properties.csv",
    "timeline.csv",
    "log_changes.csv",
    "accounts.csv",
    "fleet_findings.csv",
];
/// Columns that say when and where files were opened.
const OPENED: [&str; 4] = ["opened_path", "modified", "file_modified", "evidence_id"];

/// A fleet in `fleet`, the same renamed to numbers in `queue`, and the manifest that tells which is which.
fn renamed(folder: &Path, logs: impl Fn(&str, &str) -> Value) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut number = 100;
    for host in (0..PLAN.hosts()).map(|number| PLAN.host(number)) {
        let files: Vec<(String, &[u8])> =
            host.files.iter().map(|file| (format!("fleet/{}", file.path), &file.bytes[..])).collect();
        plant(folder, &files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect::<Vec<_>>());
        let mut queued: Vec<(String, &str)> = Vec::new();
        for (path, bytes) in &files {
            number += 1;
            let name = format!("queue/{number}");
            plant(folder, &[(&name, bytes)]);
            queued.push((name, path));
        }
        for (name, path) in &queued {
            if path.to_uppercase().contains(".LOG") {
                continue;
            }
            let of_it = queued.iter().filter(|(_, log)| log.starts_with(&format!("{path}.")));
            let logs: Vec<Value> = of_it.map(|(name, log)| logs(name, log)).collect();
            let host = path.split('/').nth(1).expect("a host");
            lines.push(json!({
                "path": name, "original_path": path, "host": host, "logs": logs, "evidence_id": format!("E-{name}"),
            }));
        }
    }
    lines
}

fn with_original(name: &str, original: &str) -> Value {
    json!({"path": name, "original_path": original})
}

/// Values as JSON lines.
fn lined(lines: &[Value]) -> String {
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

fn write(path: &Path, lines: &[Value]) {
    let text = lined(lines);
    std::fs::write(path, text).expect("a writable folder");
}

fn case(folder: &Path, name: &str, arguments: &[&str]) {
    let out = folder.join("out");
    std::fs::create_dir_all(&out).expect("a writable folder");
    let case = out.join(name);
    let run = mapihive_in(folder, [&["scan", "-q", "--case", case.to_str().unwrap()], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Runs `scan` on a list that is given on standard input.
fn scan_list(folder: &Path, list: &str, more: &[&str]) -> Run {
    let mut child = program()
        .current_dir(folder)
        .args(["scan", "-q", "--files-from", "-"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(list.as_bytes()).expect("a reader");
    child.wait_with_output().expect("the program ends").into()
}

fn without(rows: Vec<Row>, columns: &[&str]) -> Vec<Row> {
    let strip = |mut row: Row| {
        for column in columns {
            row.remove(*column);
        }
        row
    };
    rows.into_iter().map(strip).collect()
}

#[test]
fn a_fleet_renamed_to_numbers_gives_the_tables_of_the_original_tree() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = renamed(folder.path(), with_original);
    assert!(lines.iter().any(|line| !line["logs"].as_array().unwrap().is_empty()), "the fleet has logs");
    // In any order.
    lines.reverse();
    write(&folder.path().join("manifest.jsonl"), &lines);
    case(folder.path(), "tree", &["fleet"]);
    case(folder.path(), "queue", &["--files-from", "manifest.jsonl"]);
    let [tree, queue] = ["tree", "queue"].map(|name| folder.path().join("out").join(name));
    for table in TABLES {
        let [one, other] = [&tree, &queue].map(|case| std::fs::read_to_string(case.join(table)).unwrap());
        assert_eq!(one, other, "{table}");
    }
    for table in ["hives.csv", "inputs.csv"] {
        let [one, other] = [&tree, &queue].map(|case| without(rows_of_file(&case.join(table)), &OPENED));
        assert_eq!(one, other, "{table}");
        assert!(one.len() >= 24);
    }
    for row in rows_of_file(&queue.join("inputs.csv")) {
        assert!(row["path"].starts_with("fleet/") && row["opened_path"].starts_with("queue/"), "{row:?}");
        let expected = std::fs::read(folder.path().join(&row["path"])).unwrap();
        assert_eq!(std::fs::read(folder.path().join(&row["opened_path"])).unwrap(), expected);
        assert!(row["evidence_id"].starts_with("E-queue/"));
    }
    assert!(rows_of_file(&queue.join("hives.csv")).iter().all(|row| row["evidence_id"].starts_with("E-")));
    assert!(rows_of_file(&tree.join("inputs.csv")).iter().all(|row| row["path"] == row["opened_path"]));
}

#[test]
fn paths_and_manifest_lines_may_be_mixed_and_end_with_nul() {
    let folder = tempfile::tempdir().unwrap();
    let lines = renamed(folder.path(), with_original);
    let list: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| match index % 2 {
            0 => line.to_string().replace(',', ",\n"),
            _ => line["original_path"].as_str().unwrap().to_owned(),
        })
        .collect();
    let by_list = scan_list(folder.path(), &(list.join("\0") + "\0"), &["-0"]);
    let by_tree = mapihive_in(folder.path(), ["scan", "-q", "fleet"]);
    assert_eq!(by_list.code, Some(0), "{}", by_list.stderr);
    assert_eq!(by_list.stdout, by_tree.stdout);
}

#[test]
fn logs_without_original_names_are_called_as_their_hive() {
    let folder = tempfile::tempdir().unwrap();
    let lines = renamed(folder.path(), with_original);
    let dirty = lines.iter().find(|line| !line["logs"].as_array().unwrap().is_empty()).expect("a dirty hive");
    let hive = dirty["path"].as_str().unwrap();
    let mut with_logs = Vec::new();
    for log in dirty["logs"].as_array().unwrap() {
        let original = log["original_path"].as_str().unwrap();
        let name = format!("{hive}{}", &original[original.rfind('.').unwrap()..]);
        std::fs::copy(folder.path().join(log["path"].as_str().unwrap()), folder.path().join(&name)).unwrap();
        with_logs.push(json!(name));
    }
    let original = dirty["original_path"].as_str().unwrap();
    let hives = folder.path().join("hives.csv");
    let of = |line: Value| {
        let run = scan_list(folder.path(), &format!("{line}\n"), &["--clobber", "--coverage", "hives.csv"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        rows_of_file(&hives)
    };
    let expected = of(dirty.clone());
    assert_eq!(expected[0]["hive_state"], "dirty-replayed");
    let told = |rows: &[Row]| (rows[0]["hive_state"].clone(), rows[0]["logs"].clone());
    // Given, or found beside the file.
    let given = of(json!({"path": hive, "original_path": original, "logs": with_logs}));
    let found = of(json!({"path": hive, "original_path": original}));
    assert_eq!((told(&given), told(&found)), (told(&expected), told(&expected)));
    let none = of(json!({"path": hive, "original_path": original, "logs": []}));
    assert_eq!(told(&none), ("dirty-unreplayed".into(), String::new()));
}

#[test]
fn machine_hives_of_a_host_may_be_given_and_lines_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let lines = renamed(folder.path(), with_original);
    let path = |line: &Value| line["original_path"].as_str().unwrap().to_owned();
    let system = lines.iter().find(|line| path(line).ends_with("/SYSTEM")).expect("a machine hive");
    let host = &system["host"];
    let mut of_host: Vec<Value> = lines.iter().filter(|line| line["host"] == *host).cloned().collect();
    let users = |lines: &[Value]| {
        let users = lines.iter().filter(|line| path(line).ends_with("NTUSER.DAT"));
        users.map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n"
    };
    let hives = folder.path().join("hives.csv");
    let names = |list: &str| {
        let run = scan_list(folder.path(), list, &["--clobber", "--coverage", "hives.csv"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        rows_of_file(&hives).iter().map(|row| row["computer_name"].clone()).collect::<Vec<_>>()
    };
    assert!(names(&users(&of_host)).iter().all(String::is_empty));
    for line in &mut of_host {
        line["system"] = system["path"].clone();
    }
    let list = users(&of_host);
    assert!(list.lines().count() > 1 && names(&list).iter().all(|name| !name.is_empty()));
    // One line is enough for its host.
    of_host[1].as_object_mut().unwrap().remove("system");
    assert!(names(&users(&of_host)).iter().all(|name| !name.is_empty()));

    of_host[1]["system"] = json!("queue/other");
    let numbered = lined(&of_host);
    let run = scan_list(folder.path(), &numbered, &[]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("cannot read the list -: line 2: line 1 says that system of host"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_wrong_line_is_told_with_list_and_number() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("1", b"regf"), ("2", b"regf"), ("f/NTUSER.DAT", b"regf"), ("f/SAM", b"regf")]);
    for (list, says) in [
        (
            "1\n{\"path\": \"2\", \"hostname\": \"x\"}\n",
            "line 2: unknown field `hostname`, expected one of `path`",
        ),
        ("1\n\n{\"path\": 5}\n", "line 3: invalid type"),
        ("{\"path\": \"1\", \"host\": \"\"}\n", "line 1: an empty text"),
        (
            "{\"path\": \"1\", \"original_path\": \"a/b\"}\n{\"path\": \"2\", \"original_path\": \"a\\\\b\"}\n",
            "line 2: line 1 names a/b too",
        ),
        (
            "{\"path\": \"1\"}\n{\"path\": \"1\", \"host\": \"x\"}\n",
            "line 2: line 1 says something else of 1",
        ),
        ("2\n{\"path\": \"1\", \"original_path\": \"2\"}\n", "line 2: there is another file called 2"),
        (
            "{\"path\": \"f\", \"original_path\": \"a\"}\n",
            "line 1: original_path and logs are those of one hive",
        ),
        ("{\"path\": \"1\", \"system\": \"2\"}\n", "line 1: system is that of a host"),
        (
            "{\"path\": \"1\", \"original_path\": \"a/b\", \"logs\": [{\"path\": \"2\", \"original_path\": \"c/b.LOG\"}]}\n",
            "line 1: c/b.LOG did not lie beside a/b",
        ),
    ] {
        let run = scan_list(folder.path(), list, &[]);
        assert_eq!(run.code, Some(2), "{list}: {}", run.stderr);
        let wanted = format!("cannot read the list -: {says}");
        assert!(run.stderr.contains(&wanted), "{list}: {}", run.stderr);
    }
    let twice = "{\"path\": \"f/NTUSER.DAT\", \"host\": \"x\"}\n".repeat(2);
    std::fs::create_dir(folder.path().join("out")).unwrap();
    let run = scan_list(folder.path(), &twice, &["--coverage", "out/hives.csv"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert_eq!(rows_of_file(&folder.path().join("out/hives.csv")).len(), 1);
}

#[test]
fn every_line_has_its_row_in_a_part_and_its_record_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = renamed(folder.path(), with_original);
    let missing = [
        json!({"path": "queue/none", "original_path": "fleet/GONE/C/Users/a/NTUSER.DAT", "host": "GONE", "evidence_id": "X"}),
        json!({"path": "queue/none2", "host": "GONE"}),
    ];
    lines.extend(missing);
    write(&folder.path().join("manifest.jsonl"), &lines);
    let run = mapihive_in(folder.path(), ["scan", "-q", "--files-from", "manifest.jsonl", "--part", "part"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let rows = rows_of_file(&folder.path().join("part/hives.csv"));
    let record: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("part/part.json")).unwrap()).unwrap();
    assert_eq!((rows.len(), &record["units"]), (lines.len(), &json!(lines.len())));
    let gone: Vec<_> = rows.iter().filter(|row| row["host"] == "GONE").collect();
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().all(|row| row["status"] == "failed" && row["reason"].contains("No such file")));
    assert_eq!(gone[0]["evidence_id"], "X");
}

#[test]
fn a_plan_lists_every_file_so_that_it_can_be_read_by_any_run() {
    let folder = tempfile::tempdir().unwrap();
    let lines = renamed(folder.path(), with_original);
    write(&folder.path().join("manifest.jsonl"), &lines);
    for inputs in [&["fleet"][..], &["--files-from", "manifest.jsonl"]] {
        let plan = mapihive_in(folder.path(), [&["plan"], inputs].concat());
        assert_eq!(plan.code, Some(0), "{}", plan.stderr);
        let planned: Vec<Value> = plan
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(planned.len(), lines.len());
        assert!(planned.iter().all(|row| row["bytes"].as_u64() > Some(4096)));
        let list = lined(&planned.iter().map(|row| row["line"].clone()).collect::<Vec<_>>());
        let by_plan = scan_list(folder.path(), &list, &[]);
        let at_once = mapihive_in(folder.path(), [&["scan", "-q"], inputs].concat());
        assert!(by_plan.stdout == at_once.stdout && !by_plan.stdout.is_empty());
        let hosts: std::collections::BTreeSet<_> =
            planned.iter().map(|row| row["group"].to_string()).collect();
        assert_eq!(hosts.len() as u64, PLAN.hosts());
    }
}
