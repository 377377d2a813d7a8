//! Exit codes are those that the help lists, and nothing ends with a panic's words.

use std::io::Read as _;
use std::process::{Command, Stdio};

use hive_synth::{HiveBuilder, NOWHERE, Version};

use crate::program::{Run, mapihive, mapihive_in, plant, program};

/// A folder with an intact, a damaged, a dirty hive and a text.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Software\Microsoft").dword("v", 1);
    let intact = builder.build();
    let mut damaged = intact.clone();
    damaged.point_subkey("Software", 0, NOWHERE);
    let mut no_checksum = intact.clone();
    no_checksum.break_checksum();
    let mut dirty = intact.clone();
    dirty.set_sequences(3, 2);
    let mut format = intact.clone();
    format.bytes[24] = 1;
    format.fix_checksum();
    plant(
        folder.path(),
        &[
            ("good/NTUSER.DAT", &intact.bytes),
            ("damaged/NTUSER.DAT", &damaged.bytes),
            ("checksum/NTUSER.DAT", &no_checksum.bytes),
            ("dirty/NTUSER.DAT", &dirty.bytes),
            ("format/NTUSER.DAT", &format.bytes),
            ("text/notes.txt", b"text"),
            ("fake/NTUSER.DAT", b"text"),
            ("list", b"good\ndirty/NTUSER.DAT\n"),
            ("crlf", b"good\r\ndirty\r\n\r\n"),
            ("nul", b"good\0dirty\0"),
            ("nothing", b""),
        ],
    );
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    folder
}

fn assert_quiet(run: &Run) {
    for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "src/"] {
        assert!(!run.stderr.contains(word), "{}", run.stderr);
    }
}

#[test]
fn a_run_ends_with_the_code_that_the_help_lists() {
    let folder = files();
    for (arguments, code) in [
        ("scan good", 0),
        ("scan good -q", 0),
        ("scan dirty", 0),
        ("scan good dirty text", 0),
        ("profiles good", 0),
        ("dump good/NTUSER.DAT", 0),
        ("scan --files-from list", 0),
        ("scan --files-from crlf", 0),
        ("scan --files-from nul -0", 0),
        ("scan good --live-only --no-logs --threads 3", 0),
        ("rules", 0),
        ("rules --csv", 0),
        ("--help", 0),
        ("--version", 0),
        ("scan --help", 0),
        // 2: wrong arguments.
        ("", 2),
        ("scan", 2),
        ("profiles", 2),
        ("dump", 2),
        ("explain", 2),
        ("explain NO-SUCH-RULE", 2),
        ("scan good --no-such-option", 2),
        ("scan good --threads 0", 2),
        ("scan good --threads x", 2),
        ("scan good -0", 2),
        ("scan --files-from no-such-list", 2),
        ("dump good/NTUSER.DAT --csv-raw", 2),
        ("no-such-command", 2),
        // 3: something present could not be read, or not wholly.
        ("scan damaged good", 3),
        ("scan checksum", 3),
        ("scan format", 3),
        ("scan fake", 3),
        ("scan good missing", 3),
        ("scan good text/notes.txt", 3),
        ("profiles damaged", 3),
        ("profiles checksum", 3),
        ("profiles good missing", 3),
        ("dump damaged/NTUSER.DAT", 3),
        ("dump format/NTUSER.DAT", 3),
        ("dump good/NTUSER.DAT text/notes.txt", 3),
        ("dump good/NTUSER.DAT missing", 3),
        // 4: no hive found; it comes before 3.
        ("scan text", 4),
        ("scan empty", 4),
        ("scan missing", 4),
        ("scan text/notes.txt", 4),
        ("scan --files-from nothing", 4),
        ("profiles text", 4),
        ("profiles missing", 4),
        ("dump text/notes.txt", 4),
        ("dump missing", 4),
        // 5: output could not be written.
        ("scan good -o good/out.csv", 5),
        ("scan good -o list", 5),
        ("profiles good -o missing/out.csv", 5),
        ("dump good/NTUSER.DAT -o good/out.csv", 5),
        ("scan text -o list", 5),
    ] {
        let run = mapihive_in(folder.path(), arguments.split_whitespace());
        assert_eq!(run.code, Some(code), "mapihive {arguments}: {}", run.stderr);
        assert_quiet(&run);
        assert!(code == 0 || !run.stderr.is_empty(), "mapihive {arguments} says nothing");
    }
}

#[test]
fn wrong_arguments_write_nothing() {
    let run = mapihive(["scan", "sample-hives", "--no-such-option"]);
    assert_eq!((run.code, run.stdout.len()), (Some(2), 0));
    assert!(run.stderr.contains("--no-such-option"));
}

#[test]
fn a_scan_without_hives_still_writes_its_tables() {
    let folder = files();
    for command in ["scan", "profiles"] {
        let run = mapihive_in(folder.path(), [command, "empty"]);
        assert_eq!(run.code, Some(4));
        assert_eq!(run.rows().len(), 0);
        assert!(run.stdout.ends_with(b",neutralized\r\n"), "the header is always there");
        assert!(run.stderr.contains("no registry hive found"));
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let hive = "sample-hives/EXCH55A/C/WINNT/Profiles/exsvc/NTUSER.DAT";
    for arguments in [
        vec!["dump", hive, hive, hive],
        vec!["profiles", "sample-hives"],
        vec!["scan", "sample-hives"],
        vec!["--help"],
    ] {
        for read in [0, 1, 10_000] {
            let mut child =
                program().args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut some = vec![0; read];
            let mut stdout = child.stdout.take().unwrap();
            let mut stderr = child.stderr.take().unwrap();
            let _ = stdout.read(&mut some);
            drop(stdout);
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            let status = child.wait().unwrap();
            assert!(status.code().is_some(), "{arguments:?} was ended by a signal: {status:?}");
            assert!(!said.contains("panicked") && !said.contains("roken pipe"), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn closed_or_full_outputs_are_no_reason_to_panic() {
    let run = |script: &str| -> Run {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_mapihive")]).current_dir(env!("CARGO_MANIFEST_DIR"));
        shell.stdin(Stdio::null()).output().expect("a shell").into()
    };
    for command in
        ["scan sample-hives", "profiles sample-hives", "rules --csv", "rules", "--help", "explain L01"]
    {
        let full = run(&format!("\"$0\" {command} > /dev/full"));
        assert_eq!(full.code, Some(5), "{command}: {}", full.stderr);
        assert_quiet(&full);
        for redirection in [">&-", "2>&-", ">&- 2>&-", "2> /dev/full", "<&-"] {
            let run = run(&format!("\"$0\" {command} {redirection}"));
            assert!(
                matches!(run.code, Some(0 | 3 | 5)),
                "{command} {redirection}: {:?} {}",
                run.code,
                run.stderr
            );
            assert_quiet(&run);
        }
    }
    let pipe = run("\"$0\" dump sample-hives/EXCH55A/C/WINNT/Profiles/exsvc/NTUSER.DAT | head -n 1");
    assert_eq!(pipe.stderr, "");
    assert!(pipe.stdout.starts_with(b"kind,key_path,"));
}

#[test]
fn a_list_of_paths_may_come_from_standard_input() {
    let folder = files();
    let script = "printf 'good\\0dirty/NTUSER.DAT\\0' | \"$0\" scan -q -0 --files-from - --coverage cov.csv -o out.csv";
    let mut shell = Command::new("sh");
    let out = tempfile::tempdir().unwrap();
    let script = script.replace("cov.csv", out.path().join("cov.csv").to_str().unwrap());
    let script = script.replace("out.csv", out.path().join("out.csv").to_str().unwrap());
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_mapihive")]).current_dir(folder.path());
    let run: Run = shell.output().unwrap().into();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let rows = crate::program::rows_of_file(&out.path().join("cov.csv"));
    let paths: Vec<&str> = rows.iter().map(|row| row["hive_path"].as_str()).collect();
    assert_eq!(paths, ["dirty/NTUSER.DAT", "good/NTUSER.DAT"]);
}

#[test]
fn two_tables_never_go_into_one_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.csv");
    let path = path.to_str().unwrap();
    for arguments in [
        vec!["scan", "sample-hives/CLEAN01", "--coverage", "-"],
        vec!["scan", "sample-hives/CLEAN01", "--coverage", "-", "--evidence", "-", "-o", path],
        vec!["scan", "sample-hives/CLEAN01", "-o", path, "--coverage", path],
        vec!["scan", "sample-hives/CLEAN01", "-o", path, "--coverage", path, "--clobber"],
        vec!["scan", "sample-hives/CLEAN01", "--evidence", path, "--coverage", path, "--clobber"],
    ] {
        let run = mapihive(&arguments);
        assert_eq!(run.stdout.len(), 0, "{arguments:?}");
        assert!(matches!(run.code, Some(2 | 5)), "{arguments:?}: {:?}", run.code);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[test]
fn a_machine_hive_that_is_named_and_not_there_is_a_wrong_argument() {
    for option in ["--system", "--software", "--sam"] {
        let run = mapihive(["scan", "sample-hives/CLEAN01", option, "no-such-file"]);
        assert_eq!(run.code, Some(2), "{option}: {}", run.stderr);
        assert!(run.stderr.contains("no-such-file"), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
}
