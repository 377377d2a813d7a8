//! Signals that ask the program to end: Ctrl-C (SIGINT), SIGTERM, and SIGHUP of a terminal that is closed.
//!
//! The first one ends a run before it begins work, and later asks it to stop: no further file is read, and what is under way
//! is finished. The second one ends the program at once.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Once};

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
/// Whether the first signal ends the program at once, without a word.
static ENDS: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));
/// Whether something looks at [`STOP`].
static IS_HEEDED: AtomicBool = AtomicBool::new(false);

/// Installs the handlers. For `main`: a library does not change what signals do on its own.
pub(super) fn install() {
    for signal in signals() {
        // In this order, so that no signal is lost before all are there, and only a second one finds the flag set. Where a
        // handler cannot be had, the system's own way of ending the program stays.
        let exit = Exit::Interrupted as i32;
        let _ = flag::register_conditional_shutdown(signal, exit, Arc::clone(&ENDS))
            .and_then(|_| flag::register_conditional_shutdown(signal, exit, STOP.flag()))
            .and_then(|_| flag::register(signal, STOP.flag()));
    }
}

/// Answers the first signal by a word. For what may take so long that somebody waits for it: the thread that does it costs as
/// much time as reading a small hive.
pub(super) fn answer() {
    static BEGUN: Once = Once::new();

    BEGUN.call_once(|| {
        let Ok(mut signals) = Signals::new(signals()) else { return };
        // From here on signals wait for the thread.
        let ends = ENDS.swap(false, Ordering::SeqCst);
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
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
        if thread.is_err() {
            ENDS.store(ends, Ordering::SeqCst);
        }
    });
}

/// What tells this process to stop. From now on the first signal only asks, so that the caller has to heed it.
pub(super) fn heed() -> Stop {
    IS_HEEDED.store(true, Ordering::SeqCst);
    ENDS.store(false, Ordering::SeqCst);
    STOP.clone()
}

/// The signals that end the program. Who starts a program with one of them ignored, as nohup does, wants it to stay so.
fn signals() -> impl Iterator<Item = i32> {
    let ignored = ignored();
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(move |signal| ignored >> (signal - 1) & 1 == 0)
}

/// The signals that were ignored when the program was started, one bit each; proc(5), `SigIgn`.
fn ignored() -> u64 {
    /// Mostly more than it has, so that the kernel makes it once.
    const LENGTH: usize = 8192;

    // Without it no signal is known to be ignored.
    let Ok(status) = File::open("/proc/self/status") else { return 0 };
    let mut lines = BufReader::with_capacity(LENGTH, status).split(b'\n').map_while(Result::ok);
    let mask = lines.find_map(|line| String::from_utf8(line.strip_prefix(b"SigIgn:")?.to_vec()).ok());
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
