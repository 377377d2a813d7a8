//! Nothing is silently absent: what is, claims to be or was named as a hive has its one row, all else is counted.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use hive_synth::{HiveBuilder, Version, log};

use crate::program::{Row, Scan, mapihive_in, mapihive_unprivileged, plant, rows, scan_in};

fn hive() -> Vec<u8> {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Software\Microsoft").dword("v", 1);
    builder.build().bytes
}

/// The rows of the coverage table by their paths; a path with two rows fails.
fn by_path(scan: &Scan) -> BTreeMap<String, Row> {
    let mut by_path = BTreeMap::new();
    for row in rows(&scan.coverage) {
        let path = row["hive_path"].clone();
        assert!(by_path.insert(path.clone(), row).is_none(), "{path} has two rows");
    }
    by_path
}

/// Path, status and reason of every row.
fn told(scan: &Scan) -> Vec<(String, String, String)> {
    by_path(scan)
        .into_values()
        .map(|row| (row["hive_path"].clone(), row["status"].clone(), row["reason"].clone()))
        .collect()
}

fn row(path: &str, status: &str, reason: &str) -> (String, String, String) {
    (path.into(), status.into(), reason.into())
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

const NO_HIVE: &str =
    "not a registry hive: expected \"regf\" at byte 0 or \"hbin\" at byte 4096, found 74657874";

#[test]
fn every_candidate_of_a_folder_has_its_row_and_all_else_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let whole = hive();
    let mut headless = whole.clone();
    headless[..4096].fill(0);
    let orphan = log::log_base_block(&whole, log::OLD_LOG, (1, 1));
    plant(
        folder.path(),
        &[
            ("a/NTUSER.DAT", &whole),
            ("a/ntuser.dat.LOG1", &orphan),
            ("a/copy of a hive.bin", &whole),
            ("a/headless", &headless),
            ("b/ntuser.dat", b"text"),
            ("b/UsrClass.dat", b""),
            ("b/NTUSER.MAN", &whole[..5_000]),
            ("b/user.dat", &[b"CREG".as_slice(), &[0; 5_000]].concat()),
            ("b/sub/SYSTEM", b"text"),
            ("b/sub/other.LOG", &orphan),
            ("b/sub/empty.LOG1", b""),
            ("b/sub/notes.txt", b"text"),
            ("b/sub/NTUSER.DAT.bak", b"text"),
            (".hidden/.deeper/NTUSER.DAT", &whole),
        ],
    );
    fifo(&folder.path().join("b/sub/NTUSER.DAT"));
    fifo(&folder.path().join("b/sub/pipe"));
    symlink("../a/NTUSER.DAT", folder.path().join("b/software")).unwrap();
    symlink("nowhere", folder.path().join("b/SAM")).unwrap();
    symlink("../a/NTUSER.DAT", folder.path().join("b/link")).unwrap();
    let _socket = UnixListener::bind(folder.path().join("b/DEFAULT")).unwrap();

    let scan = scan_in(folder.path(), ["."]);
    let link = "a symbolic link, which is not followed inside a folder";
    let found = told(&scan);
    let partial = found.iter().filter(|(_, status, _)| status == "partial").map(|(path, _, _)| path.as_str());
    assert_eq!(partial.collect::<Vec<_>>(), ["a/headless", "b/NTUSER.MAN"]);
    let others: Vec<_> = found.into_iter().filter(|(_, status, _)| status != "partial").collect();
    assert_eq!(
        others,
        [
            row(".hidden/.deeper/NTUSER.DAT", "parsed", ""),
            row("a/NTUSER.DAT", "parsed", ""),
            row("a/copy of a hive.bin", "parsed", ""),
            row("b/DEFAULT", "skipped", "not a regular file"),
            row("b/SAM", "skipped", link),
            row("b/UsrClass.dat", "failed", "the file is empty"),
            row("b/ntuser.dat", "failed", NO_HIVE),
            row("b/software", "skipped", link),
            row("b/sub/NTUSER.DAT", "skipped", "not a regular file"),
            row("b/sub/SYSTEM", "failed", NO_HIVE),
            row("b/sub/other.LOG", "skipped", "a transaction log without its hive"),
            row("b/user.dat", "failed", "a Windows 9x registry file (CREG), a format that is not supported"),
        ]
    );
    assert_eq!(by_path(&scan)["a/NTUSER.DAT"]["logs"], "ntuser.dat.LOG1: not needed");
    // notes.txt, the copy named .bak, the empty log without its hive, the pipe and the link with names of their own.
    assert!(scan.run.stderr.contains("; 5 other files in the folders are no hives"), "{}", scan.run.stderr);
    assert!(scan.run.stderr.contains("3 parsed, 2 partial, 4 failed, 5 skipped"), "{}", scan.run.stderr);
    assert_eq!(scan.run.code, Some(3));
}

#[test]
fn a_file_that_was_named_has_a_row_whatever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = hive();
    let log = log::log_base_block(&whole, log::NEW_LOG, (1, 1));
    plant(
        folder.path(),
        &[("notes.txt", b"text"), ("empty", b""), ("NTUSER.DAT", &whole), ("NTUSER.DAT.LOG1", &log)],
    );
    fifo(&folder.path().join("pipe"));
    symlink("NTUSER.DAT", folder.path().join("link")).unwrap();
    symlink("nowhere", folder.path().join("broken")).unwrap();
    let names = [
        "notes.txt",
        "empty",
        "NTUSER.DAT",
        "NTUSER.DAT.LOG1",
        "pipe",
        "link",
        "broken",
        "missing",
        "/dev/null",
    ];
    let scan = scan_in(folder.path(), names);
    assert_eq!(
        told(&scan),
        [
            row("/dev/null", "failed", "not a regular file (device)"),
            row("NTUSER.DAT", "parsed", ""),
            row("NTUSER.DAT.LOG1", "skipped", "a transaction log; name its hive, and it is found beside it"),
            row("broken", "failed", "No such file or directory (os error 2)"),
            row("empty", "failed", "the file is empty"),
            row("link", "parsed", ""),
            row("missing", "failed", "No such file or directory (os error 2)"),
            row("notes.txt", "failed", NO_HIVE),
            row("pipe", "failed", "not a regular file (named pipe)"),
        ]
    );
    assert_eq!(scan.run.code, Some(3));
    assert!(!scan.run.stderr.contains("other file"));
}

#[test]
fn an_unreadable_folder_or_file_is_told_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    plant(
        folder.path(),
        &[
            ("in/closed/NTUSER.DAT", &hive()),
            ("in/open/NTUSER.DAT", &hive()),
            ("in/open/secret", b"text"),
            ("in/open/SAM", b"text"),
        ],
    );
    for path in ["in/closed", "in/open/secret", "in/open/SAM"] {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(0o000)).unwrap();
    }
    let run = mapihive_unprivileged(
        folder.path(),
        ["scan", "in", "--coverage", "-", "-o", "/dev/null", "--clobber"],
    );
    let run = if run.code == Some(5) {
        // One table at a time goes to standard output; the findings go where nobody keeps them.
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::set_permissions(&out, Permissions::from_mode(0o777)).unwrap();
        mapihive_unprivileged(folder.path(), ["scan", "in", "--coverage", "-", "-o", "out/findings.csv"])
    } else {
        run
    };
    let denied = "Permission denied (os error 13)";
    let rows: Vec<_> = run
        .rows()
        .into_iter()
        .map(|row| (row["hive_path"].clone(), row["status"].clone(), row["reason"].clone()))
        .collect();
    assert_eq!(
        rows,
        [
            row("in/closed", "failed", denied),
            row("in/open/NTUSER.DAT", "parsed", ""),
            row("in/open/SAM", "failed", denied),
            row("in/open/secret", "failed", denied),
        ],
        "{}",
        run.stderr
    );
    assert_eq!(run.code, Some(3));
    fs::set_permissions(folder.path().join("in/closed"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn logs_are_found_whatever_their_letter_case() {
    let whole = hive();
    let log = log::log_base_block(&whole, log::NEW_LOG, (1, 1));
    for names in [
        ["NTUSER.DAT", "ntuser.dat.LOG1", "NtUser.Dat.log2"],
        ["ntuser.dat", "NTUSER.DAT.LOG", "NTUSER.DAT.LOG1"],
        ["User Hive.bin", "user hive.BIN.Log1", "USER HIVE.BIN.log2"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        plant(folder.path(), &[(names[0], &whole), (names[1], &log), (names[2], &[])]);
        let expected = format!("{}: not needed; {}: unused", names[1], names[2]);
        for argument in [".", names[0]] {
            let rows = by_path(&scan_in(folder.path(), [argument]));
            assert_eq!(rows.len(), 1, "{argument}");
            assert_eq!(rows[names[0]]["logs"], expected, "{argument}");
        }
    }
}

#[test]
fn a_hive_has_the_same_row_whether_it_or_its_folder_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = log::log_base_block(&hive(), log::NEW_LOG, (1, 1));
    // A log whose header is destroyed is still one by its name.
    plant(
        folder.path(),
        &[
            ("NTUSER.DAT", &hive()),
            ("NTUSER.DAT.LOG", &[0; 1_024]),
            ("NTUSER.DAT.LOG1", &log),
            ("NTUSER.DAT.LOG2", b""),
        ],
    );
    let (by_name, by_folder) = (scan_in(folder.path(), ["NTUSER.DAT"]), scan_in(folder.path(), ["."]));
    assert_eq!(by_path(&by_name), by_path(&by_folder));
    let both = scan_in(folder.path(), [".", "NTUSER.DAT"]);
    assert_eq!(by_path(&both), by_path(&by_folder));
}

#[test]
fn loops_of_symbolic_links_end() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("a/b/NTUSER.DAT", &hive())]);
    symlink("..", folder.path().join("a/b/up")).unwrap();
    symlink(folder.path(), folder.path().join("a/top")).unwrap();
    symlink("self", folder.path().join("a/self")).unwrap();
    let scan = scan_in(folder.path(), ["a"]);
    assert_eq!(told(&scan), [row("a/b/NTUSER.DAT", "parsed", "")]);
    // A link that was named is followed.
    symlink("a", folder.path().join("named")).unwrap();
    assert_eq!(told(&scan_in(folder.path(), ["named"])), [row("named/b/NTUSER.DAT", "parsed", "")]);
    // A link that leads to itself cannot be.
    let scan = scan_in(folder.path(), ["a/self"]);
    assert_eq!((told(&scan)[0].1.as_str(), scan.run.code), ("failed", Some(4)));
}

#[test]
fn paths_given_twice_or_in_another_spelling_are_read_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("a/NTUSER.DAT", &hive()), ("a/notes.txt", b"text"), ("a/b/SAM", b"text")]);
    let once = scan_in(folder.path(), ["a"]);
    for arguments in [
        vec!["a", "a"],
        vec!["./a", "a/"],
        vec!["a", "a/b"],
        vec!["a/b", "a"],
        vec!["a//.", "a/NTUSER.DAT", "./a/./b/SAM"],
    ] {
        let scan = scan_in(folder.path(), &arguments);
        assert_eq!(by_path(&scan), by_path(&once), "{arguments:?}");
        assert_eq!(scan.run.stderr, once.run.stderr, "{arguments:?}");
        assert_eq!(scan.run.code, once.run.code);
    }
}

#[test]
fn names_that_are_no_text_are_told_in_a_reversible_form() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"f\xffolder\nwith\x1b[31m"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("NTUSER.DAT"), hive()).unwrap();
    fs::write(odd.join(OsStr::from_bytes(b"SYSTEM")), b"text").unwrap();
    let scan = scan_in(folder.path(), ["."]);
    let paths: Vec<_> = by_path(&scan).into_keys().collect();
    let expected =
        ["NTUSER.DAT", "SYSTEM"].map(|name| format!("f\\u{{dcff}}older\\u{{a}}with\\u{{1b}}[31m/{name}"));
    assert_eq!(paths, expected);
    assert!(!scan.run.stderr.contains('\u{1b}'));
}

#[test]
fn rows_say_what_the_header_and_the_file_system_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = HiveBuilder::new(Version::V1_3);
    builder.sequences(12, 11).file_name(r"\??\C:\Documents and Settings\svc\NTUSER.DAT");
    builder.last_written(hive_synth::filetime(2003, 2, 1, 4, 5, 6, 0));
    let mut hive = builder.build();
    hive.append_tail(&[1; 100]);
    plant(folder.path(), &[("NTUSER.DAT", &hive.bytes), ("short", &hive.bytes[..4_400])]);
    let file = fs::File::options().append(true).open(folder.path().join("NTUSER.DAT")).unwrap();
    let seconds = std::time::Duration::new(1_100_000_000, 123_456_700);
    file.set_modified(std::time::UNIX_EPOCH + seconds).unwrap();
    let rows = by_path(&scan_in(folder.path(), ["."]));
    let row = &rows["NTUSER.DAT"];
    for (column, expected) in [
        ("schema", "1"),
        ("format_version", "1.3"),
        ("hive_state", "dirty-unreplayed"),
        ("primary_sequence", "12"),
        ("secondary_sequence", "11"),
        ("header_last_written", "2003-02-01T04:05:06.0000000Z"),
        ("size", &hive.bytes.len().to_string()),
        ("file_modified", "2004-11-09T11:33:20.1234567Z"),
        ("tail_bytes", "100"),
        ("bytes_unreachable", "0"),
        ("mapi_roots", "no"),
        ("live_profiles", "0"),
        ("problems", "0"),
    ] {
        assert_eq!(row[column], expected, "{column}");
    }
    assert!(r"\??\C:\Documents and Settings\svc\NTUSER.DAT".ends_with(&row["header_file_name"]));
    assert!(row["header_file_name"].len() > 25);
    assert_eq!(rows["short"]["bytes_unreachable"], (4_096 + 4_096 - 4_400).to_string());
}

#[test]
fn profiles_and_dump_tell_what_they_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &hive()), ("SAM", b"text"), ("short.dat", &hive()[..4_300])]);
    let run = mapihive_in(folder.path(), ["profiles", "."]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains(&format!("mapihive: SAM: failed: {NO_HIVE}")), "{}", run.stderr);
    assert!(
        run.stderr.contains("mapihive: short.dat: partial: byte 4300: the file is truncated"),
        "{}",
        run.stderr
    );
    let run = mapihive_in(folder.path(), ["dump", "NTUSER.DAT", "SAM", "short.dat", "missing"]);
    assert_eq!(run.code, Some(3));
    for told in ["SAM: failed", "short.dat: partial", "missing: failed: No such file"] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert!(run.rows().iter().any(|row| row["hive_path"] == "NTUSER.DAT" && row["value_name"] == "v"));
}
