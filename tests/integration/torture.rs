//! What machines, file systems and hostile people do to a run: it ends in time and quietly, has a row for everything, and never
//! ends with 0 where something was not read.
//!
//! Elsewhere: files that change (`changing_files.rs`), unreadable ones and loops of links (`coverage.rs`), bombs and shared lists
//! (`bounds.rs`, `damage.rs`), full disks and closed outputs (`case_folder.rs`, `exit_codes.rs`), packed bombs
//! (`archive_damage.rs`).

mod clock;
mod files;
mod hives;
mod injection;
mod limits;
mod packed;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime};

use crate::program::Run;

/// More than any of these runs needs, in a build without optimisation on a busy machine.
const SECONDS: u32 = 60;

/// Runs the program in `folder` after the shell has set limits, and kills it where it takes too long.
fn run_within<S: AsRef<OsStr>>(folder: &Path, limits: &str, arguments: impl IntoIterator<Item = S>) -> Run {
    let script = format!("{limits}\nexec timeout -s KILL {SECONDS} \"$0\" \"$@\"");
    let mut shell = Command::new("bash");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_mapihive")]).args(arguments);
    let output = shell.current_dir(folder).stdin(Stdio::null()).output().expect("bash");
    let run = Run {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert_ne!(run.code, Some(137), "it takes too long: {}", run.stderr);
    run
}

/// The same of a line of arguments without spaces in them; it says nothing that only programmers understand.
fn quiet_run(folder: &Path, limits: &str, line: &str) -> Run {
    let run = run_within(folder, limits, line.split_whitespace());
    for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "src/"] {
        assert!(!run.stderr.contains(word), "{limits} {line}: {}", run.stderr);
    }
    assert!(run.code.is_some(), "{limits} {line}: ended by a signal: {}", run.stderr);
    run
}

/// Whether those who run the tests are root and may do what only root may; says so where they may not.
fn may(what: &str, command: &str) -> bool {
    let done = Command::new("bash").args(["-c", command]).stdin(Stdio::null()).output().expect("bash");
    if !done.status.success() {
        eprintln!("skipped: {what}: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    done.status.success()
}

/// A hive with a profile that some rule has something to say of.
fn hive() -> Vec<u8> {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    let profile = NewProfile::new(PROFILES, "MSExchangeIMC 00000123", filetime(2001, 1, 1, 0, 0, 0, 0));
    exchange_profile(&mut builder, &profile, &Mailbox::new("SERVER", "SITE", "box", "Box"));
    builder.build().bytes
}
