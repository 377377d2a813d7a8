//! Signals end a run in order: no half table gets its name, and a case says what was not looked at.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{manifest_dir, mapihive, rows_of_file};

const HIVE: &str = "sample-hives/EXCH55A/C/WINNT/Profiles/exsvc/NTUSER.DAT";
/// Enough hives that a run over them is not through before a signal comes.
const MANY: usize = 3_000;

/// Many hosts with a hive each.
fn fleet(folder: &Path, hosts: usize) {
    for host in 0..hosts {
        let place = folder.join(format!("HOST{host:04}/C/WINNT/Profiles/exsvc"));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::hard_link(folder.join("../one"), place.join("NTUSER.DAT")).unwrap();
    }
}

/// A folder with such a fleet in `fleet` and an empty folder `out`.
fn folder(hosts: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(manifest_dir().join(HIVE), folder.path().join("one")).unwrap();
    std::fs::create_dir(folder.path().join("fleet")).unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    fleet(&folder.path().join("fleet"), hosts);
    folder
}

/// The program as a terminal starts it: whoever runs the tests may have signals ignored, which are inherited.
fn with_default_signals() -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,TERM,HUP", env!("CARGO_BIN_EXE_mapihive")]).stdin(Stdio::null());
    command
}

fn start<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Child {
    let mut command = with_default_signals();
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program runs")
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the program runs still");
}

/// Waits until something is true, but not for ever.
fn wait_for(what: &str, is_true: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_true() {
        assert!(begin.elapsed() < Duration::from_mins(2), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn an_interrupted_run_leaves_no_table() {
    let folder = folder(MANY);
    let out = folder.path().join("out");
    for (signal, command) in [(Signal::INT, "scan"), (Signal::TERM, "profiles"), (Signal::HUP, "timeline")] {
        let child = start(folder.path(), [command, "fleet", "--threads", "1", "-o", "out/table.csv"]);
        wait_for("the table is begun", || !names(&out).is_empty());
        send(&child, signal);
        let ended = child.wait_with_output().unwrap();
        let says = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(130), "{command}: {says}");
        assert_eq!(names(&out), [""; 0], "{command}");
        assert!(says.contains("interrupted; no file was written"), "{command}: {says}");
    }
}

#[test]
fn an_interrupted_case_says_what_was_not_looked_at_and_can_be_gone_on_with() {
    let folder = folder(1_500);
    let scan = ["scan", "fleet", "--threads", "1", "--case", "out/case"];
    let case = folder.path().join("out/case");
    let child = start(folder.path(), scan);
    wait_for("the case is begun", || names(&case).iter().any(|name| name.starts_with("work-")));
    send(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    let says = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{says}");
    assert!(says.contains("--resume goes on with it"), "{says}");
    let rows = rows_of_file(&case.join("hives.csv"));
    assert_eq!(rows.len(), 1_500);
    let left = rows.iter().filter(|row| row["reason"].contains("the run was interrupted")).count();
    assert!(left > 0, "something was not looked at");
    let resumed = start(folder.path(), scan.iter().chain(&["--resume"])).wait_with_output().unwrap();
    assert_eq!(resumed.status.code(), Some(0));
    let whole = start(folder.path(), ["scan", "fleet", "--case", "out/whole"]).wait_with_output().unwrap();
    assert_eq!(whole.status.code(), Some(0));
    for table in ["findings.csv", "hives.csv", "evidence.csv"] {
        let read = |case: &str| std::fs::read(folder.path().join(case).join(table)).unwrap();
        assert!(read("out/case") == read("out/whole"), "{table}");
    }
}

/// The program amid writing: more than a pipe holds, of which nobody has read more than one byte.
fn writing(command: &mut Command) -> Child {
    command.current_dir(manifest_dir()).stdin(Stdio::null());
    command.arg("dump").args([HIVE; 40]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut byte = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
    child
}

#[test]
fn an_interrupted_merge_leaves_no_case_and_parts_that_can_be_merged_again() {
    let folder = folder(MANY);
    let at = folder.path();
    let run = mapihive([
        "scan",
        "-q",
        "--part",
        at.join("part").to_str().unwrap(),
        at.join("fleet").to_str().unwrap(),
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let merge = ["merge", "-q", "--case", "case", "part"];
    let child = start(at, merge);
    wait_for("the case is begun", || at.join("case/work-1/index.jsonl").exists());
    send(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("no case was written"), "{stderr}");
    assert!(!at.join("case").exists());
    let again = start(at, merge).wait_with_output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(at.join("case/manifest.json").exists());
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut child = writing(&mut with_default_signals());
    send(&child, Signal::TERM);
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("stopping"), "{line}");
    assert_eq!(child.try_wait().unwrap(), None, "it waits for who reads its output");
    send(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mapihive")]);
    let child = writing(&mut shell);
    send(&child, Signal::HUP);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
    let whole = mapihive(["dump"].iter().chain(&[HIVE; 40]));
    assert_eq!(ended.stdout.len() + 1, whole.stdout.len());
}

/// Waits until the handlers of a process are there: the last one is that of SIGHUP, bit 0 of `SigCgt`.
fn wait_for_handlers(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let is_caught = || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        mask.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 1 != 0)
    };
    wait_for("the handlers are there", is_caught);
}

/// The threads of a process.
fn threads(child: &Child) -> usize {
    names(Path::new(&format!("/proc/{}/task", child.id()))).len()
}

/// A process that waits for what it is given to read.
fn waiting(arguments: &[&str]) -> Child {
    let mut command = with_default_signals();
    command.current_dir(manifest_dir()).args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How it ends by a signal, and what it says.
fn ended_by_a_signal(mut child: Child) -> (Option<i32>, String) {
    // Waiting would close what it reads, and that would end before the signal is looked at.
    let input = child.stdin.take();
    send(&child, Signal::INT);
    let code = child.wait().unwrap().code();
    drop(input);
    let mut says = String::new();
    child.stderr.take().unwrap().read_to_string(&mut says).unwrap();
    (code, says)
}

#[test]
fn a_signal_before_anything_is_begun_ends_at_once() {
    let child = waiting(&["scan", "--files-from", "-"]);
    wait_for_handlers(&child);
    wait_for("the thread is there", || threads(&child) > 1);
    assert_eq!(ended_by_a_signal(child), (Some(130), "mapihive: interrupted\n".to_owned()));
}

#[test]
fn a_single_small_hive_is_read_without_a_thread_for_signals() {
    let child = waiting(&["scan", "--families", "/dev/stdin", HIVE]);
    wait_for_handlers(&child);
    assert_eq!(ended_by_a_signal(child), (Some(130), String::new()));

    let mut child = waiting(&["scan", "--families", "/dev/stdin", HIVE]);
    wait_for_handlers(&child);
    assert_eq!(threads(&child), 1);
    let family = "[[family]]\nid = \"Site\"\nproduct = \"Its own\"\npatterns = [\"SiteOwn\"]\ndynamic = false\n\
                  sources = [\"site\"]\nexamples = [\"SiteOwn\"]\nnearly = [\"SiteOwn2\"]\n";
    child.stdin.take().unwrap().write_all(family.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.stdout, mapihive(["scan", HIVE]).stdout);
}
