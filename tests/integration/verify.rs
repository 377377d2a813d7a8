//! `verify` finds whatever of a case or of its evidence is not as it was, and nothing else.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::packing::{tar, zip};
use crate::program::{Row, Run, manifest_dir, mapihive_in, program, rows};

/// Evidence and the case made of it, side by side in one folder.
struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    /// Scans `evidence`, which `plant` writes below the folder, into `case`.
    fn of(plant: impl FnOnce(&Path), more: &[&str]) -> Self {
        let made = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::create_dir(made.path("evidence")).expect("a writable folder");
        plant(&made.path("evidence"));
        let run = made.run(&[&["scan", "evidence", "--case", "case"][..], more].concat());
        assert!([Some(0), Some(3)].contains(&run.code), "{}", run.stderr);
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        mapihive_in(self.folder.path(), arguments)
    }

    /// What `verify` tells, after its exit code was held against it.
    fn told(&self) -> Vec<Row> {
        told(&self.run(&["verify", "case"]))
    }

    fn inputs(&self) -> Vec<Row> {
        rows(&std::fs::read(self.path("case/inputs.csv")).expect("inputs.csv"))
    }
}

fn told(run: &Run) -> Vec<Row> {
    let rows = run.rows();
    assert_eq!(run.code, Some(if rows.is_empty() { 0 } else { 3 }), "{}", run.stderr);
    rows
}

fn sample(path: &str) -> Vec<u8> {
    std::fs::read(manifest_dir().join("sample-hives").join(path)).expect("a sample")
}

const HIVE: &str = "WKS014/C/Users/mlind/NTUSER.DAT";
const SYSTEM: &str = "WKS014/C/Windows/System32/config/SYSTEM";

fn copy(from: &str, to: &Path) {
    for entry in WalkDir::new(manifest_dir().join("sample-hives").join(from)) {
        let entry = entry.expect("samples");
        let place = to.join(entry.path().strip_prefix(manifest_dir().join("sample-hives")).expect("below"));
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(place).expect("a writable folder");
        } else {
            std::fs::copy(entry.path(), place).expect("a writable folder");
        }
    }
}

fn plant(folder: &Path) {
    copy("WKS014", folder);
    copy("RUN55C", folder);
    copy("DAMAGED7", folder);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.expect("a folder"));
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// Changes one byte, lets `look` see that, and changes it back.
fn with_flipped_byte(file: &Path, at: usize, look: impl FnOnce()) {
    let whole = std::fs::read(file).expect("a file");
    let mut changed = whole.clone();
    changed[at] ^= 1;
    std::fs::write(file, changed).expect("a writable file");
    look();
    std::fs::write(file, whole).expect("a writable file");
}

#[test]
fn what_nobody_touched_is_as_it_was() {
    let made = Made::of(plant, &["--split-by", "account"]);
    assert_eq!(made.told(), Vec::<Row>::new());
    let run = made.run(&["verify", "case"]);
    let (outputs, inputs) = (files(&made.path("case")).len() - 1, made.inputs().len());
    let summary =
        format!("{outputs} files of the case and {inputs} of evidence compared: all as they were.\n");
    assert_eq!(run.stderr, summary);
    assert!(inputs > 4 && made.path("case/findings-by-account").is_dir());
    assert_eq!(made.run(&["verify", "case", "--quiet"]).stderr, "");
}

#[test]
fn one_changed_byte_of_any_file_is_found() {
    let made = Made::of(plant, &["--split-by", "account"]);
    let case = made.path("case");
    let listed = made.inputs();
    let outputs = files(&case);
    assert!(outputs.len() > 17);
    let evidence: Vec<PathBuf> = listed.iter().map(|input| made.path(&input["path"])).collect();
    for file in outputs.iter().chain(&evidence) {
        let length = usize::try_from(std::fs::metadata(file).expect("a file").len()).expect("small");
        // Empty tables have a header, empty lists nothing: of nothing no byte can change.
        let places = [0, length / 2, length.saturating_sub(1)];
        for at in places.into_iter().filter(|at| *at < length) {
            with_flipped_byte(file, at, || {
                let below = file
                    .strip_prefix(&case)
                    .unwrap_or_else(|_| file.strip_prefix(made.folder.path()).expect("below"));
                let name = below.to_str().expect("UTF-8");
                let told = made.told();
                let is_it = |row: &Row| row["path"] == name && row["what"] == "changed";
                assert!(told.iter().any(is_it), "{name} at {at}: {told:?}");
            });
        }
    }
    assert_eq!(made.told(), Vec::<Row>::new());
}

#[test]
fn what_is_missing_or_there_in_addition_is_told() {
    let made = Made::of(plant, &[]);
    std::fs::remove_file(made.path("case/hives.csv")).unwrap();
    std::fs::write(made.path("case/=notes\n.txt"), "x").unwrap();
    std::fs::create_dir(made.path("case/work-9")).unwrap();
    std::fs::write(made.path("case/work-9/findings.csv"), "x").unwrap();
    std::fs::rename(made.path("case/rules.csv"), made.path("rules.csv")).unwrap();
    std::os::unix::fs::symlink(made.path("rules.csv"), made.path("case/rules.csv")).unwrap();
    std::fs::remove_file(made.path("evidence").join(HIVE)).unwrap();
    let told: Vec<_> = made
        .told()
        .into_iter()
        .map(|row| [row["role"].clone(), row["path"].clone(), row["what"].clone()].join(" "))
        .collect();
    let hive = format!("input evidence/{HIVE} missing");
    assert_eq!(
        told,
        [
            "output '=notes\\u{a}.txt additional",
            "output hives.csv missing",
            "output rules.csv unread",
            "output work-9/findings.csv additional",
            &hive,
        ]
    );
}

#[test]
fn a_list_that_was_changed_with_its_table_contradicts_the_manifest() {
    let made = Made::of(plant, &[]);
    let before = made.told();
    assert!(before.is_empty());
    std::fs::write(made.path("case/findings.csv"), "schema\r\n").unwrap();
    let sums = |of: &str| {
        let run = std::process::Command::new("sha256sum").arg(of).current_dir(made.path("case")).output();
        String::from_utf8(run.unwrap().stdout).unwrap()
    };
    let text = std::fs::read_to_string(made.path("case/SHA256SUMS")).unwrap();
    let line = text.lines().find(|line| line.ends_with("  findings.csv")).unwrap();
    let text = text.replace(line, sums("findings.csv").trim_end());
    std::fs::write(made.path("case/SHA256SUMS"), text).unwrap();
    let told = made.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!([&*told[0]["path"], &*told[0]["what"]], ["SHA256SUMS", "changed"]);
    assert!(told[0]["detail"].ends_with("say other hashes of findings.csv"), "{}", told[0]["detail"]);
    // Of the file itself the manifest still has the length.
    assert_eq!([&*told[1]["path"], &*told[1]["what"]], ["findings.csv", "changed"]);
}

#[test]
fn a_case_without_an_end_is_told_and_another_folder_refused() {
    let made = Made::of(plant, &[]);

    // A run that was killed between the two last files.
    std::fs::create_dir(made.path("killed")).unwrap();
    for file in files(&made.path("case")) {
        std::fs::copy(&file, made.path("killed").join(file.file_name().unwrap())).unwrap();
    }
    std::fs::rename(made.path("killed/manifest.json"), made.path("killed/manifest.json.new")).unwrap();
    std::fs::create_dir(made.path("killed/work-1")).unwrap();
    std::fs::write(made.path("killed/work-1/index.jsonl"), "").unwrap();
    let told = self::told(&made.run(&["verify", "killed"]));
    let told: Vec<[&str; 2]> = told.iter().map(|row| [&*row["path"], &*row["what"]]).collect();
    assert_eq!(told, [["manifest.json", "unfinished"], ["manifest.json.new", "additional"]]);

    std::fs::remove_file(made.path("case/SHA256SUMS")).unwrap();
    let told = made.told();
    assert_eq!(told.len(), 1);
    assert_eq!([&*told[0]["path"], &*told[0]["what"]], ["SHA256SUMS", "unfinished"]);

    let part = made.run(&["scan", "evidence", "--part", "part"]);
    assert!([Some(0), Some(3)].contains(&part.code), "{}", part.stderr);
    for (folder, why) in [("evidence", "is no case"), ("part", "mapihive merge"), ("absent", "is no case")] {
        let run = made.run(&["verify", folder]);
        assert_eq!((run.code, run.stdout.len()), (Some(2), 0), "{folder}");
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
    std::fs::create_dir_all(made.path("begun/work-1")).unwrap();
    let told = self::told(&made.run(&["verify", "begun"]));
    assert_eq!([&*told[0]["path"], &*told[0]["what"]], ["SHA256SUMS", "unfinished"]);
}

#[test]
fn evidence_and_case_may_have_moved() {
    let made = Made::of(plant, &[]);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(made.path("case"), elsewhere.path().join("case")).unwrap();
    let verify = |more: &[&str]| {
        let run = program().args(["verify"]).arg(elsewhere.path().join("case")).args(more).output().unwrap();
        told(&run.into())
    };
    assert_eq!(verify(&[]), Vec::<Row>::new());
    std::fs::create_dir(made.path("moved")).unwrap();
    std::fs::rename(made.path("evidence"), made.path("moved/evidence")).unwrap();
    let told = verify(&[]);
    assert!(!told.is_empty() && told.iter().all(|row| row["what"] == "missing"));
    assert_eq!(verify(&["--from", made.path("moved").to_str().unwrap()]), Vec::<Row>::new());
}

/// Names that tables escape, guard or take apart.
const HOSTILE: [&[u8]; 8] =
    [b"=HOST", b"@b\\c", b"wow!/in", b"a\\u{21}", b"line\nfeed\\x", b"\xff\xfe not text", b" space ", b"-rf"];

#[test]
fn paths_of_any_bytes_are_found_again() {
    let made = Made::of(
        |folder| {
            for name in HOSTILE {
                let place = folder.join(OsStr::from_bytes(name)).join("C/Users/user");
                std::fs::create_dir_all(&place).unwrap();
                for file in ["NTUSER.DAT", "odd!\\name\u{7}"] {
                    std::fs::write(place.join(file), sample(HIVE)).unwrap();
                    std::fs::write(place.join(format!("{file}.LOG1")), "").unwrap();
                }
            }
        },
        &[],
    );
    assert_eq!(made.inputs().len(), HOSTILE.len() * 4);
    assert_eq!(made.told(), Vec::<Row>::new());
    for file in files(&made.path("evidence")) {
        if std::fs::metadata(&file).unwrap().len() == 0 {
            std::fs::write(&file, "1").unwrap();
            assert_eq!(made.told().len(), 1, "{}", file.display());
            std::fs::write(&file, "").unwrap();
        } else {
            with_flipped_byte(&file, 4096, || assert_eq!(made.told().len(), 1, "{}", file.display()));
        }
    }
}

#[test]
fn evidence_in_archives_is_read_there() {
    let hive = sample(HIVE);
    let mut other = hive.clone();
    *other.last_mut().unwrap() ^= 1;
    let pack = |hive: &[u8]| {
        let inner = tar(&[("D!/\\x/NTUSER.DAT", hive)]);
        zip(&[
            ("HOST/C/Users/a/NTUSER.DAT", &sample(HIVE)),
            ("HOST/C/Users/a/NTUSER.DAT.LOG1", b""),
            ("HOST/C/in\\er!.tar", &inner),
        ])
    };
    let name = "fl!ee\\t \u{7}.zip";
    let made = Made::of(|folder| std::fs::write(folder.join(name), pack(&hive)).unwrap(), &[]);
    assert_eq!(made.inputs().len(), 3);
    assert_eq!(made.told(), Vec::<Row>::new());
    let archive = made.path("evidence").join(name);
    std::fs::write(&archive, pack(&other)).unwrap();
    let told = made.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["what"], "changed");
    assert!(told[0]["path"].contains("in\\\\er\\u{21}.tar!D\\u{21}"), "{}", told[0]["path"]);
    std::fs::write(&archive, "no archive").unwrap();
    let told = made.told();
    assert!(told.len() == 3 && told.iter().all(|row| row["what"] == "unread"), "{told:?}");
    std::fs::remove_file(&archive).unwrap();
    let told = made.told();
    assert!(told.len() == 3 && told.iter().all(|row| row["what"] == "missing"), "{told:?}");
}

#[test]
fn machine_hives_that_were_given_are_evidence_too() {
    let plant = |folder: &Path| {
        for (host, hive) in [("ONE", "NTUSER.DAT"), ("TWO", "NTUSER.DAT")] {
            let place = folder.join(host).join("C/Users/user");
            std::fs::create_dir_all(&place).unwrap();
            std::fs::write(place.join(hive), sample(HIVE)).unwrap();
        }
        std::fs::write(folder.join("../SYSTEM"), sample(SYSTEM)).unwrap();
        std::fs::write(folder.join("../SYSTEM.LOG1"), "").unwrap();
    };
    let made = Made::of(plant, &["--system", "SYSTEM"]);
    let listed: Vec<_> = made
        .inputs()
        .iter()
        .map(|row| [row["kind"].clone(), row["path"].clone(), row["hive_path"].clone()].join(" "))
        .collect();
    let [one, two] = ["ONE", "TWO"].map(|host| format!("evidence/{host}/C/Users/user/NTUSER.DAT"));
    let given = ["machine SYSTEM SYSTEM", "log SYSTEM.LOG1 SYSTEM"];
    assert_eq!(
        listed,
        [&format!("hive {one} {one}"), given[0], given[1], &format!("hive {two} {two}"), given[0], given[1]]
    );
    let hashed = made.inputs().iter().all(|row| row["sha256"].len() == 64);
    assert!(hashed);
    assert_eq!(made.told(), Vec::<Row>::new());
    // Parts say the same, whoever joins them.
    for shard in ["1/2", "2/2"] {
        let part = format!("part-{}", &shard[..1]);
        let run = made.run(&["scan", "evidence", "--part", &part, "--shard", shard, "--system", "SYSTEM"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let run = made.run(&["merge", "part-1", "part-2", "--case", "joined"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let table = |case: &str| std::fs::read(made.path(case).join("inputs.csv")).unwrap();
    assert_eq!(table("joined"), table("case"));
    assert_eq!(told(&made.run(&["verify", "joined"])), Vec::<Row>::new());

    for (name, bytes) in [("SYSTEM.LOG1", b"x".to_vec()), ("SYSTEM", sample(HIVE))] {
        std::fs::write(made.path(name), bytes).unwrap();
    }
    let told: Vec<_> = made.told().iter().map(|row| row["path"].clone()).collect();
    assert_eq!(told, ["SYSTEM", "SYSTEM.LOG1"]);
}

#[test]
fn nothing_is_written_into_the_case() {
    let made = Made::of(plant, &[]);
    let run = made.run(&["verify", "case", "-o", "case/verified.csv"]);
    assert_eq!(run.code, Some(5), "{}", run.stderr);
    let run = made.run(&["verify", "case", "-o", "verified.csv"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(std::fs::read(made.path("verified.csv")).unwrap().starts_with(b"schema,role,path,what,"));
}
