//! A stretch of addresses for each thread, into which files are mapped one behind the other, and which is emptied in one go.
//!
//! Unmapping a file interrupts every processor on which the process runs, for each may remember the addresses (a TLB
//! shootdown). With one such interruption for each hive two threads took a quarter more processor time for a hive than one;
//! with one for many hives it is hardly seen.

use std::cell::OnceCell;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use memmap2::{MmapOptions, MmapRaw};
use rustix::mm::{Advice, MapFlags, ProtFlags};

/// Bytes of addresses that are reserved; no memory belongs to them.
const RESERVED: usize = 1 << 30;
/// Files after which the stretch is emptied: so long their pages stay mapped, and count as used by the process.
const MOST_FILES: usize = 32;
/// The same where only one thread maps files, so that no other processor has to be interrupted.
const MOST_FILES_OF_ONE_THREAD: usize = 4;
/// Bytes after which it is emptied too.
const MOST_BYTES: usize = 128 << 20;

/// The reserved stretch of a thread.
#[derive(Debug)]
struct Range {
    whole: MmapRaw,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes from the start into which files are mapped, or were.
    used: usize,
    /// Files mapped since it was emptied.
    files: usize,
    /// Those of them that are still read.
    alive: usize,
    /// Whether a part of the stretch may be unmapped, so that others may get its addresses.
    is_lost: bool,
}

/// A file that is mapped into the stretch of a thread, read only.
#[derive(Debug)]
pub(super) struct InRange {
    range: Arc<Range>,
    at: usize,
    len: usize,
}

/// Threads that have mapped files so far.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static RANGE: OnceCell<Option<Arc<Range>>> = const { OnceCell::new() };
}

impl InRange {
    /// Maps `len` bytes of a file. `None` where the stretch has no room, or there is none: then the file is mapped on its own.
    pub(super) fn map(file: &File, len: usize) -> Option<Self> {
        let range = RANGE.with(|range| range.get_or_init(Range::reserve).clone())?;
        let at = range.place(file, len)?;
        Some(Self { range, at, len })
    }
}

impl std::ops::Deref for InRange {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `place` mapped `len` readable bytes there, fewer than `isize::MAX`, which stay until the last file of the
        // stretch is dropped. Nobody writes through this process; of others the same holds as for every mapped file
        // (`map_alone` in the module above).
        #[allow(unsafe_code, reason = "the bytes of a mapping that memmap2 did not make")]
        unsafe {
            std::slice::from_raw_parts(self.range.whole.as_ptr().add(self.at), self.len)
        }
    }
}

impl Drop for InRange {
    fn drop(&mut self) {
        let mut state = self.range.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.alive -= 1;
        if state.alive == 0 && !state.is_lost && (state.files >= most_files() || state.used >= MOST_BYTES) {
            self.range.empty(&mut state);
        }
    }
}

fn most_files() -> usize {
    if THREADS.load(Ordering::Relaxed) > 1 { MOST_FILES } else { MOST_FILES_OF_ONE_THREAD }
}

impl Range {
    fn reserve() -> Option<Arc<Self>> {
        let whole = MmapOptions::new().len(RESERVED).no_reserve_swap().map_anon().ok()?;
        THREADS.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(Self { whole: whole.into(), state: Mutex::default() }))
    }

    /// Maps a file behind the others, and tells where.
    fn place(self: &Arc<Self>, file: &File, len: usize) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at = state.used;
        let end = at.checked_add(len)?.checked_next_multiple_of(rustix::param::page_size())?;
        if len == 0 || end > self.whole.len() || state.is_lost {
            return None;
        }
        if self.lay(at, len, Some(file)).is_err() {
            self.lose(&mut state);
            return None;
        }
        *state = State { used: end, files: state.files + 1, alive: state.alive + 1, is_lost: false };
        Some(at)
    }

    /// Takes away all files; none of them is read any more.
    fn empty(self: &Arc<Self>, state: &mut State) {
        if self.lay(0, state.used, None).is_ok() {
            *state = State::default();
        } else {
            self.lose(state);
        }
    }

    /// Gives the stretch up, for as long as the process runs: a system that refuses to lay something over a part of it may have
    /// taken away what was there, and then that part may be anybody's. It is neither laid over nor unmapped any more.
    fn lose(self: &Arc<Self>, state: &mut State) {
        state.is_lost = true;
        std::mem::forget(Arc::clone(self));
    }

    /// Lays a file, or nothing, over a part of the stretch.
    fn lay(&self, at: usize, len: usize, file: Option<&File>) -> io::Result<()> {
        // SAFETY: both callers keep within the stretch, which is ours alone until it is lost and then comes here no more, and to
        // a part of it of which nothing is read: what lies behind all files that were mapped, or all of them when the last was
        // dropped. Both hold the lock of its state. A part of a page at the end is no other file's, for each begins on a page of
        // its own.
        #[allow(unsafe_code, reason = "only mapping over one's own addresses unmaps many files in one go")]
        unsafe {
            let start = self.whole.as_mut_ptr().add(at).cast();
            let private = MapFlags::PRIVATE | MapFlags::FIXED;
            match file {
                Some(file) => {
                    rustix::mm::mmap(start, len, ProtFlags::READ, private, file.as_fd(), 0)?;
                    // A few pages of a hive are looked at, far from each other: reading ahead would read it whole. Advice that
                    // is not taken costs time only.
                    let _ = rustix::mm::madvise(start, len, Advice::Random);
                    start
                }
                None => rustix::mm::mmap_anonymous(
                    start,
                    len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    private | MapFlags::NORESERVE,
                )?,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &std::path::Path, number: usize, len: usize) -> File {
        let path = folder.join(number.to_string());
        let byte = u8::try_from(number % 251).unwrap();
        std::fs::write(&path, vec![byte; len]).unwrap();
        File::open(path).unwrap()
    }

    #[test]
    fn each_file_keeps_its_bytes_however_many_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Vec::new();
        for number in 0..5 * MOST_FILES {
            let len = 1 + number * 977;
            let mapped = InRange::map(&file(folder.path(), number, len), len).unwrap();
            assert!(mapped.len() == len && mapped.iter().all(|byte| usize::from(*byte) == number % 251));
            // Now and then one outlives those that come behind it.
            if number % 40 == 7 {
                kept.push((number, mapped));
            }
            if number % 100 == 99 {
                for (number, mapped) in kept.drain(..) {
                    assert!(mapped.iter().all(|byte| usize::from(*byte) == number % 251));
                }
            }
        }
    }

    #[test]
    fn the_stretch_is_emptied_and_used_again() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::spawn(move || {
            let one = file(folder.path(), 1, 10_000);
            let places: Vec<usize> =
                (0..2 * MOST_FILES).map(|_| InRange::map(&one, 10_000).unwrap().at).collect();
            assert!(places.iter().skip(1).any(|place| *place == places[0]));
            assert!(places[..MOST_FILES_OF_ONE_THREAD].is_sorted_by(|one, next| one < next));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_stretch_that_was_refused_something_is_left_alone_and_files_in_it_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        std::thread::spawn(move || {
            let one = file(&path, 1, 10_000);
            let kept = InRange::map(&one, 10_000).unwrap();
            // The system maps nothing of a file that may not be read.
            let write_only = File::options().write(true).open(path.join("1")).unwrap();
            assert!(InRange::map(&write_only, 10_000).is_none());
            assert!(InRange::map(&one, 10_000).is_none(), "nothing is laid over it any more");
            assert!(kept.iter().all(|byte| *byte == 1));
            let range = Arc::downgrade(&kept.range);
            drop(kept);
            range
        })
        .join()
        .map(|range| assert!(range.upgrade().is_some(), "it is never unmapped"))
        .unwrap();
    }

    #[test]
    fn what_has_no_room_is_left_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let one = file(folder.path(), 1, 10_000);
        assert!(InRange::map(&one, 0).is_none());
        assert!(InRange::map(&one, RESERVED + 1).is_none());
        assert!(InRange::map(&one, usize::MAX).is_none());
    }
}
