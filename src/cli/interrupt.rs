//! Signals that ask the program to end: Ctrl-C (SIGINT), SIGTERM, and SIGHUP of a terminal that is closed.
//!
//! The first one ends a run before it begins work, and later asks it to stop: no further file is read, and what is under way
//! is finished. The second one ends the program at once.

use std::fs::File;
use std::io::Read as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

use super::{Exit, complain};
use crate::scan::Stop;

/// A command was interrupted before it was through.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; no file was written, and what went to standard output is not all")]
pub(super) struct Interrupted;

/// Set by the first signal.
static STOP: LazyLock<Stop> = LazyLock::new(Stop::default);
/// Whether something looks at [`STOP`].
static IS_HEEDED: AtomicBool = AtomicBool::new(false);

/// Installs the handlers. For `main`: a library does not change what signals do on its own.
pub(super) fn install() {
    let ignored = ignored();
    // Who starts a program with a signal ignored, as nohup does, wants it to stay so.
    let signals: Vec<i32> =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect();
    for signal in &signals {
        // In this order, so that only a second signal finds the flag set. Where a handler cannot be had, the system's own
        // way of ending the program stays.
        let second = flag::register_conditional_shutdown(*signal, Exit::Interrupted as i32, STOP.flag());
        let _ = second.and_then(|_| flag::register(*signal, STOP.flag()));
    }
    let Ok(mut signals) = Signals::new(signals) else { return };
    // Without this thread the first signal only asks.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if signals.forever().next().is_none() {
            return;
        }
        if IS_HEEDED.load(Ordering::SeqCst) {
            complain("stopping: what is being read is finished first; a second signal ends at once");
        } else {
            complain("interrupted");
            low_level::exit(Exit::Interrupted as i32);
        }
    });
}

/// What tells this process to stop. From now on the first signal only asks, so that the caller has to heed it.
pub(super) fn heed() -> Stop {
    IS_HEEDED.store(true, Ordering::SeqCst);
    STOP.clone()
}

/// The signals that were ignored when the program was started, one bit each; proc(5), `SigIgn`.
fn ignored() -> u64 {
    /// More than it has, so that the kernel makes it once.
    const LENGTH: usize = 8192;

    let mut status = String::with_capacity(LENGTH);
    // Without it no signal is known to be ignored.
    let _ = File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
