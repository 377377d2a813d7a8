//! A case folder: what is in it, what it agrees with, and what is left alone.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

use walkdir::WalkDir;

use crate::case::hive_tables;
use crate::program::{Run, manifest_dir, mapihive_in, program, rows_of_file};

/// The tables that depend on nothing but hives and settings.
pub const TABLES: [&str; 14] = [
    "accounts.csv",
    "bodyfile.txt",
    "evidence.csv",
    "findings.csv",
    "findings.jsonl",
    "fleet_findings.csv",
    "hives.csv",
    "inputs.csv",
    "log_changes.csv",
    "profiles.csv",
    "properties.csv",
    "rules.csv",
    "services.csv",
    "timeline.csv",
];

/// A temporary folder with the sample hives in `ev`.
pub fn with_samples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let samples = manifest_dir().join("sample-hives");
    for entry in WalkDir::new(&samples).into_iter().map(Result::unwrap) {
        let target = folder.path().join("ev").join(entry.path().strip_prefix(&samples).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    folder
}

/// Runs the program in a folder and says how it ended; it has not panicked.
pub fn run_in(folder: &Path, line: &str) -> Run {
    let run = mapihive_in(folder, line.split_whitespace());
    assert!(run.code.is_some_and(|code| code < 101 || code == 130), "{line}: {}", run.stderr);
    run
}

/// Runs the program where it must do its work.
pub fn done_in(folder: &Path, line: &str) -> Run {
    let run = run_in(folder, line);
    assert!([Some(0), Some(3)].contains(&run.code), "{line}: {:?} {}", run.code, run.stderr);
    run
}

/// The names and bytes of everything below a folder.
pub fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = WalkDir::new(folder).min_depth(1).into_iter().map(Result::unwrap);
    files
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            let bytes =
                if entry.file_type().is_file() { std::fs::read(entry.path()).unwrap() } else { vec![] };
            (name, bytes)
        })
        .collect()
}

/// Every table of a case.
pub fn tables(case: &Path) -> BTreeMap<String, Vec<u8>> {
    TABLES.iter().map(|name| ((*name).to_owned(), std::fs::read(case.join(name)).unwrap())).collect()
}

/// Two cases say the same, and neither holds more than a case does.
pub fn assert_same_case(left: &Path, right: &Path, what: &str) {
    for case in [left, right] {
        let mut expected: Vec<&str> =
            TABLES.into_iter().chain(["SHA256SUMS", "manifest.json", "report.html"]).collect();
        expected.sort_unstable();
        let found: Vec<String> = everything(case).into_keys().collect();
        assert_eq!(found, expected, "{what}");
    }
    for ((name, left), right) in tables(left).iter().zip(tables(right).values()) {
        assert!(left == right, "{name} differs: {what}");
    }
    let [left, right] = [left, right].map(report_without_audit);
    assert!(left == right, "report.html differs: {what}");
}

/// The report but for what may differ: the line below the title, and the audit.
fn report_without_audit(case: &Path) -> String {
    let report = std::fs::read_to_string(case.join("report.html")).unwrap();
    let (before_line, rest) = report.split_once("<p class=\"meta\">").unwrap();
    let (before_audit, rest) =
        rest.split_once("</p>").unwrap().1.split_once("<section id=\"audit\"").unwrap();
    [before_line, before_audit, rest.split_once("</section>").unwrap().1].concat()
}

/// `sha256sum -c` agrees with the list of hashes, which names every other file.
pub fn assert_sums(case: &Path) {
    let check = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(case)
        .status();
    assert!(check.expect("sha256sum").success());
    let listed = std::fs::read_to_string(case.join("SHA256SUMS")).unwrap().lines().count();
    let files = std::fs::read_dir(case).unwrap().flatten().filter(|entry| entry.path().is_file());
    let others =
        files.filter(|entry| !["SHA256SUMS", ".lock"].contains(&entry.file_name().to_str().unwrap()));
    assert_eq!(listed, others.count());
}

#[test]
fn a_case_holds_what_the_single_commands_write_and_nothing_else() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case case ev");
    let case = at.join("case");
    assert_same_case(&case, &case, "a case");
    assert_sums(&case);
    for line in [
        "scan -q --hash -o findings.csv --evidence evidence.csv --coverage hives.csv --accounts accounts.csv --fleet fleet_findings.csv ev",
        "scan -q --hash --format jsonl -o findings.jsonl --fleet again.csv ev",
        "profiles -o properties.csv ev",
        "timeline -o timeline.csv ev",
    ] {
        done_in(at, line);
    }
    let rules = done_in(at, "rules --csv").stdout;
    std::fs::write(at.join("rules.csv"), rules).unwrap();
    for name in [
        "findings.csv",
        "evidence.csv",
        "hives.csv",
        "accounts.csv",
        "fleet_findings.csv",
        "findings.jsonl",
        "properties.csv",
        "timeline.csv",
        "rules.csv",
    ] {
        let [single, of_case] = [at.join(name), case.join(name)].map(|path| std::fs::read(path).unwrap());
        assert!(single == of_case, "{name} of the case is another one");
        assert!(of_case.len() > 300, "{name} says nothing");
    }
    let hives = hive_tables(&[at.join("ev")]);
    let prefix = format!("{}/", at.display());
    for (name, table) in [
        ("profiles.csv", hives.profiles),
        ("services.csv", hives.services),
        ("log_changes.csv", hives.log_changes),
    ] {
        let table = String::from_utf8(table).unwrap().replace(&prefix, "");
        assert!(
            table.as_bytes() == std::fs::read(case.join(name)).unwrap(),
            "{name} of the case is another one"
        );
    }
}

#[test]
fn hashes_are_those_of_sha256sum_and_logs_are_listed() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case case ev");
    let sha256 = |path: &str| {
        let run = std::process::Command::new("sha256sum").arg(at.join(path)).output().expect("sha256sum");
        String::from_utf8(run.stdout).unwrap().trim_start_matches('\\')[..64].to_owned()
    };
    let inputs = rows_of_file(&at.join("case/inputs.csv"));
    assert!(inputs.iter().any(|row| row["kind"] != "hive"), "no log is listed");
    for row in &inputs {
        assert_eq!(row["sha256"], sha256(&row["path"]), "{}", row["path"]);
    }
    let hashed = rows_of_file(&at.join("case/hives.csv"));
    let hashed: Vec<_> =
        hashed.iter().filter(|row| ["parsed", "partial"].contains(&&*row["status"])).collect();
    assert!(hashed.len() > 30);
    for row in hashed {
        assert_eq!(row["hive_sha256"], sha256(&row["hive_path"]), "{}", row["hive_path"]);
    }
}

#[test]
fn a_folder_with_anything_else_in_it_is_refused_untouched() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --part part ev");
    let cases: [(&str, &[&str]); 5] = [
        ("tables", &["findings.csv", "notes.txt"]),
        ("work", &["work-3/thesis.tex"]),
        ("per-account", &["findings-by-account/letter.odt"]),
        ("number", &["work-4294967295/settings.json"]),
        ("temporary", &["report.html", ".tmpABCDEF"]),
    ];
    for (name, files) in cases {
        for file in files {
            let path = at.join(name).join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let before = everything(&at.join(name));
        for line in ["scan -q --case", "scan -q --clobber --case", "scan -q --resume --case"] {
            let run = run_in(at, &format!("{line} {name} ev"));
            assert_eq!(run.code, Some(2), "{line} {name}: {}", run.stderr);
            assert!(run.stderr.contains(name), "{}", run.stderr);
            assert_eq!(before, everything(&at.join(name)), "{line} {name}");
        }
        for line in ["merge -q part --clobber --case", "scan -q --clobber ev --part", "scan -q ev --part"] {
            assert_eq!(run_in(at, &format!("{line} {name}")).code, Some(2), "{line} {name}");
            assert_eq!(before, everything(&at.join(name)), "{line} {name}");
        }
    }
    // An editor's settings are none of ours.
    std::fs::create_dir(at.join("editor")).unwrap();
    std::fs::write(at.join("editor/settings.json"), r#"{"theme": "dark"}"#).unwrap();
    std::fs::write(at.join("editor/keys.json"), "{}").unwrap();
    let before = everything(&at.join("editor"));
    assert_eq!(run_in(at, "scan -q --clobber --part editor ev").code, Some(2));
    assert_eq!(before, everything(&at.join("editor")));
}

#[test]
fn a_case_and_a_part_are_replaced_where_that_is_asked_for() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case case --split-by account ev/CASE09");
    done_in(at, "scan -q --part part ev/CASE09");
    assert_eq!(run_in(at, "scan -q --case case ev").code, Some(2));
    assert_eq!(run_in(at, "scan -q --part part ev").code, Some(2));
    done_in(at, "scan -q --clobber --case case ev");
    done_in(at, "scan -q --clobber --part part ev");
    done_in(at, "merge -q part --case merged");
    assert_same_case(&at.join("case"), &at.join("merged"), "replaced");
}

#[test]
fn a_case_lies_in_no_evidence_and_holds_none_by_whatever_way_it_is_named() {
    let folder = with_samples();
    let at = folder.path();
    symlink("ev", at.join("link")).unwrap();
    std::fs::create_dir(at.join("outer")).unwrap();
    symlink("../ev/CASE09", at.join("outer/in")).unwrap();
    let before = everything(&at.join("ev"));
    for (case, evidence) in [
        ("ev", "ev"),
        ("ev/case", "ev"),
        ("ev/a/b", "ev"),
        ("link/case", "ev"),
        ("ev/case", "link"),
        ("new/../ev/case", "ev"),
        ("new/../link/case", "ev"),
        ("outer/in/case", "ev"),
        ("outer/in/../case", "ev"),
        (".", "ev"),
        ("ev/CASE09", "ev/CASE09/C"),
    ] {
        for line in
            ["scan -q --case", "scan -q --resume --case", "scan -q --clobber --case", "scan -q --part"]
        {
            let run = run_in(at, &format!("{line} {case} {evidence}"));
            assert_eq!(run.code, Some(2), "{line} {case} {evidence}: {}", run.stderr);
        }
    }
    assert_eq!(before, everything(&at.join("ev")));
    assert!(!at.join("new").exists());
}

#[test]
fn what_cannot_be_written_is_named() {
    let folder = with_samples();
    let at = folder.path();
    std::fs::write(at.join("file"), "mine").unwrap();
    symlink("nowhere", at.join("dangling")).unwrap();
    for name in ["file", "file/case", "dangling"] {
        for line in
            ["scan -q --case", "scan -q --resume --case", "scan -q --clobber --case", "scan -q --part"]
        {
            let run = run_in(at, &format!("{line} {name} ev"));
            assert!([Some(2), Some(5)].contains(&run.code), "{line} {name}: {:?}", run.code);
            assert!(run.stderr.contains(name.split('/').next().unwrap()), "{}", run.stderr);
        }
    }
    assert_eq!(std::fs::read(at.join("file")).unwrap(), b"mine");
    assert!(!at.join("nowhere").exists());
}

#[test]
fn a_full_disk_is_told_and_gone_on_with_when_there_is_room_again() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case whole ev");
    // No file may grow beyond this many blocks; the signal for that is ignored, so that writing fails as on a full disk.
    for blocks in [1, 60, 200, 400] {
        let case = format!("case-{blocks}");
        let run: Run = std::process::Command::new("bash")
            .args(["-c", "trap '' XFSZ; ulimit -f $0; shift 0; exec \"$@\""])
            .arg(blocks.to_string())
            .arg(program().get_program())
            .args(["scan", "-q", "--case", &case, "ev"])
            .current_dir(at)
            .output()
            .expect("bash")
            .into();
        if run.code == Some(3) {
            continue;
        }
        assert_eq!(run.code, Some(5), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("cannot write {case}/")), "{}", run.stderr);
        assert!(!at.join(&case).join("SHA256SUMS").exists());
        done_in(at, &format!("scan -q --resume --case {case} ev"));
        assert_same_case(&at.join("whole"), &at.join(&case), &case);
    }
    assert!(!at.join("case-1/work-1").exists() && at.join("case-1/SHA256SUMS").exists());
}
