//! A run that gets less of the machine than it needs says so; it never passes for a whole one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hive_synth::machine;
use hive_synth::{Version, filetime};

use super::{hive, may, quiet_run, run_within};
use crate::case_folder::{assert_same_case, everything};
use crate::program::{Run, mapihive_unprivileged, plant, rows_of_file};

/// Two hosts with hives that can be read whole, machine hives beside them, one of them packed.
fn evidence(at: &Path) {
    let mut system = machine::system(Version::V1_5, 1);
    machine::host(&mut system, 1, "HOST", "1252", filetime(2001, 1, 2, 0, 0, 0, 0));
    machine::service(&mut system, 1, "MSExchangeIMC", r".\svc", 2);
    let system = system.build().bytes;
    let zip = crate::packing::zip(&[("PACKED/C/Users/a/NTUSER.DAT", &hive())]);
    let mut files: BTreeMap<String, &[u8]> = BTreeMap::from([("ev/packed.zip".to_owned(), &zip[..])]);
    let hive = hive();
    for host in ["ONE", "TWO"] {
        files.insert(format!("ev/{host}/C/Windows/System32/config/SYSTEM"), &system);
        for user in ["a", "b", "c", "d"] {
            files.insert(format!("ev/{host}/C/Users/{user}/NTUSER.DAT"), &hive);
            files.insert(format!("ev/{host}/C/Users/{user}/NTUSER.DAT.LOG1"), b"");
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    plant(at, &files);
}

const TABLES: [&str; 3] = ["f.csv", "hives.csv", "accounts.csv"];
const SCAN: &str = "scan ev --threads 2 -o f.csv --coverage hives.csv --accounts accounts.csv";

/// Takes the tables of a run away and gives them back; those that are not there are empty.
fn taken(at: &Path) -> [Vec<u8>; 3] {
    TABLES.map(|table| {
        let bytes = fs::read(at.join(table)).unwrap_or_default();
        let _ = fs::remove_file(at.join(table));
        bytes
    })
}

/// A run with limits gives the tables of one without, or says that it does not.
fn assert_whole_or_told(run: &Run, found: &[Vec<u8>; 3], whole: &[Vec<u8>; 3], limits: &str) {
    match run.code {
        Some(0) => assert!(found == whole, "{limits}: ends with 0 and other tables"),
        // All tables of a run that read what it could; the coverage table says what it could not.
        Some(3 | 4) => {
            let rows = crate::program::rows(&found[1]);
            // A hive without the log that could not be opened is read in part.
            let told = rows.iter().filter(|row| ["failed", "partial"].contains(&&*row["status"])).count();
            assert!(told > 0, "{limits}: {}", run.stderr);
            for row in crate::program::rows(&whole[1]) {
                let path = &row["hive_path"];
                let is_told = |other: &BTreeMap<String, String>| {
                    *path == other["hive_path"]
                        || other["status"] == "failed" && path.starts_with(&other["hive_path"])
                };
                assert!(rows.iter().any(is_told), "{limits}: {path} has no row");
            }
        }
        _ => {
            assert!(found.iter().all(Vec::is_empty), "{limits}: {:?} {}", run.code, run.stderr);
        }
    }
}

#[test]
fn with_few_open_files_a_run_is_whole_or_says_what_it_could_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    assert_eq!(quiet_run(at, "", SCAN).code, Some(0));
    let whole = taken(at);
    let mut codes = BTreeMap::<Option<i32>, usize>::new();
    for files in 5..=24 {
        let limits = format!("ulimit -n {files}");
        let run = quiet_run(at, &limits, SCAN);
        assert_whole_or_told(&run, &taken(at), &whole, &limits);
        *codes.entry(run.code).or_default() += 1;
    }
    assert!(codes.len() > 1 && codes.contains_key(&Some(0)), "some limits matter and some do not: {codes:?}");
    // A case is whole, or is no case yet and can be gone on with.
    assert_eq!(quiet_run(at, "", "scan -q ev --case whole").code, Some(0));
    for files in [8, 12, 16, 20, 24, 28] {
        let run = quiet_run(at, &format!("ulimit -n {files}"), "scan -q ev --case case");
        assert!([Some(0), Some(3), Some(5)].contains(&run.code), "{files}: {}", run.stderr);
        if run.code == Some(5) {
            assert!(!at.join("case/SHA256SUMS").exists(), "{files}");
            assert_eq!(quiet_run(at, "", "scan -q ev --resume --case case").code, Some(0));
        }
        if run.code != Some(3) {
            assert_same_case(&at.join("whole"), &at.join("case"), &format!("{files} files"));
        }
        fs::remove_dir_all(at.join("case")).unwrap();
    }
}

/// Where memory is short the system may end the program; then no table has its name.
#[test]
fn with_little_memory_a_run_is_whole_or_leaves_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    assert_eq!(quiet_run(at, "", SCAN).code, Some(0));
    let whole = taken(at);
    let mut codes = BTreeMap::<Option<i32>, usize>::new();
    for limit in ["v", "d"] {
        for kilobytes in [2_000, 4_000, 8_000, 16_000, 24_000, 32_000, 64_000, 128_000, 512_000, 1_500_000] {
            let limits = format!("ulimit -c 0; ulimit -{limit} {kilobytes}");
            let run = run_within(at, &limits, SCAN.split(' '));
            assert_whole_or_told(&run, &taken(at), &whole, &limits);
            *codes.entry(run.code).or_default() += 1;
        }
    }
    assert!(codes.len() > 1 && codes.contains_key(&Some(0)), "some limits matter and some do not: {codes:?}");
    // Addresses for many files are reserved; where they cannot be, each file has its own.
    for scan in [SCAN.to_owned(), format!("{SCAN} --live-only")] {
        let run = quiet_run(at, "ulimit -v 600000", &scan);
        assert_eq!(run.code, Some(0), "{scan}: {}", run.stderr);
        taken(at);
    }
}

#[test]
fn with_little_stack_and_no_further_threads_a_run_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    assert_eq!(quiet_run(at, "", SCAN).code, Some(0));
    let whole = taken(at);
    for limits in ["ulimit -s 512", "ulimit -s 512; export RUST_MIN_STACK=524288"] {
        assert_eq!(quiet_run(at, limits, SCAN).code, Some(0), "{limits}");
        assert!(taken(at) == whole, "{limits}");
    }
    // The number of processes is counted for all of a user but root.
    let open = |path: &Path| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    };
    open(at);
    fs::copy(env!("CARGO_BIN_EXE_mapihive"), at.join("mapihive")).unwrap();
    let limited =
        format!("setpriv --reuid 65534 --regid 65534 --clear-groups prlimit --nproc=1 ./mapihive {SCAN}");
    if may("threads of nobody", &format!("cd '{}' && {limited} -q", at.display())) {
        assert!(taken(at) == whole, "one thread");
    }
}

#[test]
fn a_file_system_without_room_is_told_and_leaves_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    for folder in ["out", "ref"] {
        fs::create_dir(at.join(folder)).unwrap();
    }
    assert_eq!(quiet_run(at, "", "scan -q ev --case whole").code, Some(0));
    for line in [
        "scan -q ev -o ref/f.csv --evidence ref/e.csv --coverage ref/h.csv",
        "dump ev/ONE/C/Users/a/NTUSER.DAT -o ref/d.csv",
    ] {
        assert_eq!(quiet_run(at, "", line).code, Some(0));
    }
    let program = env!("CARGO_BIN_EXE_mapihive");
    let size_of_case: u64 = everything(&at.join("whole")).values().map(|bytes| bytes.len() as u64).sum();
    // A small file system of our own, seen by nobody else; the tables are looked at before it is gone.
    for kilobytes in [4, 16, 64, size_of_case / 2048, size_of_case / 1024 - 40] {
        for line in [
            "scan -q ev --case out/case",
            "scan -q ev --part out/part",
            "scan -q ev -o out/f.csv --evidence out/e.csv --coverage out/h.csv",
            "dump ev/ONE/C/Users/a/NTUSER.DAT -o out/d.csv",
        ] {
            let script = format!(
                "mount -t tmpfs -o size={kilobytes}k none out || exit 99\n\
                 timeout -s KILL 60 {program} {line} 2> said; code=$?\n\
                 find out -type f -not -path '*/work-*' -printf '%f ' > left\n\
                 for table in out/*.csv; do\n\
                 [ ! -e $table ] || cmp -s $table ref/${{table#out/}} || echo HALF $table >> left; done\n\
                 exit $code"
            );
            let mut command = std::process::Command::new("unshare");
            let run: Run =
                command.args(["-m", "bash", "-c", &script]).current_dir(at).output().unwrap().into();
            if run.code == Some(99) || run.code == Some(1) && !at.join("said").exists() {
                eprintln!("skipped: a file system of our own: {}", run.stderr);
                return;
            }
            let said = fs::read_to_string(at.join("said")).unwrap();
            let left = fs::read_to_string(at.join("left")).unwrap();
            let what = format!("{kilobytes} KiB, {line}: {said}: {left}");
            assert!(!said.contains("panicked"), "{what}");
            match run.code {
                Some(0) => {
                    assert!(kilobytes >= 64 || line.contains("d.csv") || line.contains("f.csv"), "{what}");
                }
                Some(5) => {
                    assert!(said.contains("cannot write ") && said.contains("No space left"), "{what}");
                    // What says that a case or part is whole is not there; a table has its name only if it is whole.
                    for word in ["SHA256SUMS", "part.json", "HALF"] {
                        assert!(!left.contains(word), "{what}");
                    }
                }
                code => panic!("{code:?} {what}"),
            }
        }
    }
}

#[test]
fn a_place_that_may_not_be_written_is_told_before_anything_is_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(at.join("closed")).unwrap();
    fs::set_permissions(at.join("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    for line in [
        "scan ev -o closed/f.csv",
        "scan ev --coverage closed/f.csv",
        "scan ev --case closed/case",
        "scan ev --case closed",
        "scan ev --part closed/part",
        "profiles ev -o closed/f.csv",
        "timeline ev -o closed/f.csv",
        "dump ev/ONE/C/Users/a/NTUSER.DAT -o closed/f.csv",
        "plan ev -o closed/plan",
        "man --folder closed/man",
    ] {
        let run = mapihive_unprivileged(at, line.split(' '));
        assert!([Some(2), Some(5)].contains(&run.code), "{line}: {:?} {}", run.code, run.stderr);
        assert!(
            run.stderr.contains("closed") && run.stderr.contains("Permission denied"),
            "{line}: {}",
            run.stderr
        );
        assert!(run.stdout.is_empty(), "{line}");
    }
    assert_eq!(fs::read_dir(at.join("closed")).unwrap().count(), 0);
    // Evidence from a medium that cannot be written needs nothing but to be read, and no room for temporary files.
    let run = mapihive_unprivileged(at, ["scan", "ev", "--coverage", "-", "-o", "/dev/null"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.rows().iter().all(|row| row["status"] == "parsed"));
}

#[test]
fn runs_that_begin_one_case_at_once_leave_one_case() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    evidence(at);
    assert_eq!(quiet_run(at, "", "scan -q ev --case whole").code, Some(0));
    for round in 0..5 {
        let case = format!("case-{round}");
        let run = |number: usize| {
            let how = if number == 3 { "--resume" } else { "-q" };
            quiet_run(at, "", &format!("scan -q {how} ev --case {case}").replace("-q -q", "-q"))
        };
        let codes: Vec<_> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..4).map(|number| scope.spawn(move || run(number).code)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(codes.iter().all(|code| [Some(0), Some(2)].contains(code)), "{codes:?}");
        assert_same_case(&at.join("whole"), &at.join(&case), &case);
        assert_eq!(quiet_run(at, "", &format!("verify {case}")).code, Some(0));
    }
    assert_eq!(rows_of_file(&at.join("whole/hives.csv")).len(), 11);
}
