//! What happens when a page of a mapped file cannot be had: the file was truncated, or its medium fails.
//!
//! The kernel then raises SIGBUS, which would end the process and with it the reading of every other hive. The handler
//! puts a page of zeros there and marks the mapping; whoever reads it discards everything and reads the file again
//! without mapping it. Zeros never become facts.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

/// Mappings that can be watched at once: two for each of the most threads there may be.
const SLOTS: usize = 2_048;

/// Marks a slot that is being filled; no mapping begins there.
const CLAIMED: usize = 1;

struct Slot {
    /// First address of the mapping, 0 if the slot is free.
    start: AtomicUsize,
    /// First address behind it.
    end: AtomicUsize,
    /// Whether a page of it failed.
    failed: AtomicBool,
}

static WATCHED: [Slot; SLOTS] =
    [const { Slot { start: AtomicUsize::new(0), end: AtomicUsize::new(0), failed: AtomicBool::new(false) } };
        SLOTS];

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// A watched mapping; dropping it ends the watch, which must come before the end of the mapping.
#[derive(Debug)]
pub(super) struct Watch {
    slot: &'static Slot,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl Watch {
    /// Watches the bytes of a mapping. `None` where all slots are taken: then the file is better read than mapped.
    pub(super) fn begin(bytes: &[u8]) -> Option<Self> {
        let start = bytes.as_ptr().addr();
        let claim = |slot: &Slot| {
            slot.start.compare_exchange(0, CLAIMED, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        let slot = WATCHED.iter().find(|slot| claim(slot))?;
        slot.failed.store(false, Ordering::Relaxed);
        slot.end.store(start + bytes.len().next_multiple_of(rustix::param::page_size()), Ordering::Relaxed);
        slot.start.store(start, Ordering::Release);
        Some(Self { slot })
    }

    /// Whether a page failed, so that what was read may be zeros that are not in the file.
    pub(super) fn failed(&self) -> bool {
        self.slot.failed.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.slot.start.store(0, Ordering::Release);
    }
}

/// Whether the handler is there. Without it, in programs that use the library on their own, mappings are not watched.
pub(super) fn is_installed() -> bool {
    INSTALLED.load(Ordering::Relaxed)
}

static PAGE_SIZE: AtomicUsize = AtomicUsize::new(4096);
/// What was done with SIGBUS before; set before our handler is installed.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// Lets the process survive a page of a mapped hive that cannot be had.
///
/// For `main` and for test harnesses: a library does not change a process-wide handler on its own. Needs to be called
/// once; further calls do nothing. Faults anywhere else go to the handler that was there before.
pub fn survive_failing_pages() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        // Learnt here, for a handler should call as little as possible.
        PAGE_SIZE.store(rustix::param::page_size(), Ordering::Relaxed);
        // SAFETY: a zeroed `sigaction` is a valid one (no flags, empty mask, default action); its fields are set before
        // it is used, and the handler has the form that `SA_SIGINFO` asks for. All pointers are to locals that outlive the calls.
        #[allow(unsafe_code, reason = "a signal handler cannot be installed otherwise")]
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_sigbus as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            let mut previous: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut previous) == 0 {
                PREVIOUS.get_or_init(|| previous);
                let installed = libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) == 0;
                INSTALLED.store(installed, Ordering::Release);
            }
        }
    });
}

/// Backs a failed page of a watched mapping with zeros; hands any other fault on. Uses atomics and one system call.
extern "C" fn on_sigbus(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands a handler installed with `SA_SIGINFO` a valid `siginfo_t`.
    #[allow(unsafe_code, reason = "the address of the fault is in there")]
    let address = unsafe { (*info).si_addr() }.addr();
    let holds = |slot: &&Slot| {
        let start = slot.start.load(Ordering::Acquire);
        start > CLAIMED && (start..slot.end.load(Ordering::Relaxed)).contains(&address)
    };
    // A slot that another thread just takes may seem to hold the address too; its file is then read again for nothing. That of
    // the fault's own mapping does not change meanwhile and is always among them.
    let mut is_watched = false;
    for slot in WATCHED.iter().filter(holds) {
        slot.failed.store(true, Ordering::Release);
        is_watched = true;
    }
    if is_watched && back_with_zeros(address) {
        return;
    }
    // SAFETY: these are the handler's own arguments.
    #[allow(unsafe_code, reason = "a fault that is none of ours, or that cannot be mended")]
    unsafe {
        hand_on(signal, info, context);
    }
}

/// Maps zeros over the page of `address`, which lies in a watched mapping; tells whether that worked.
fn back_with_zeros(address: usize) -> bool {
    let size = PAGE_SIZE.load(Ordering::Relaxed);
    let page = ptr::without_provenance_mut(address & !(size - 1));
    // SAFETY: the page lies in a mapping of ours that is alive, since its watch ends before it does; zeros are put only
    // where nothing could be read. `errno` of the interrupted code is kept.
    #[allow(unsafe_code, reason = "the only way to let the faulting access go on")]
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let backed = libc::mmap(page, size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        *errno = kept;
        backed != libc::MAP_FAILED
    }
}

/// Does what would have been done without our handler.
///
/// # Safety
///
/// Only from the handler, with its own arguments.
#[allow(unsafe_code, reason = "calls a foreign handler")]
unsafe fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // Set before this handler was installed.
    let Some(previous) = PREVIOUS.get() else { return };
    // SAFETY: a handler other than the two constants is a function of the form that its flags tell.
    unsafe {
        match previous.sa_sigaction {
            libc::SIG_IGN | libc::SIG_DFL => {
                // The access is repeated when the handler returns, and then ends the process as it always has.
                libc::sigaction(signal, previous, ptr::null_mut());
            }
            handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
            handler => {
                let handler: extern "C" fn(libc::c_int) = std::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::super::{HiveSource, Links, Way};
    use super::*;

    #[test]
    fn a_file_truncated_under_its_mapping_is_noticed_and_kills_nothing() {
        survive_failing_pages();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NTUSER.DAT");
        std::fs::write(&path, vec![7; 1 << 20]).unwrap();
        let source = HiveSource::open(&path, Links::Refuse).unwrap();
        let bytes = source.bytes(Way::Map).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 7) && !bytes.failed());

        OpenOptions::new().write(true).open(&path).unwrap().set_len(8192).unwrap();
        assert_eq!(bytes.iter().position(|byte| *byte != 7), Some(8192));
        assert!(bytes.iter().skip(8192).all(|byte| *byte == 0));
        assert!(bytes.failed(), "and must not be believed");
        assert!(source.has_changed().unwrap());
        assert_eq!(source.bytes(Way::Read).unwrap().len(), 8192);
    }
}
