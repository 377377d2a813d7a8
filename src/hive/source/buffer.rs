//! Memory into which files are read whole, kept by each thread and used again.
//!
//! Fresh memory costs a page fault for each of its pages, more than reading into them; and processors of AMD copy 3.6 times
//! slower to an address 16 bytes behind the start of a page, where the allocator puts large blocks. Memory of whole pages
//! that is used again has neither cost.

use std::cell::RefCell;
use std::io;

use memmap2::{Advice, MmapMut, MmapOptions};

use crate::hive::limits;

/// From this length on larger pages are asked for, which are fewer: a short file would leave most of one unused.
const LARGE: usize = 1 << 20;

/// Bytes of one piece that is read at once: what is done with it finds it in the processor's cache.
const PIECE: usize = 256 << 10;

/// Memory with the bytes of a file, or with a changed copy of them.
#[derive(Debug)]
pub(super) struct Buffer {
    // Taken out when the buffer is dropped.
    memory: Option<Memory>,
    len: usize,
}

/// Memory of whole pages.
#[derive(Debug)]
struct Memory {
    pages: MmapMut,
    /// Bytes from its start that were ever written to: so many belong to the process.
    written: usize,
    /// Whether larger pages were asked for.
    has_large_pages: bool,
}

thread_local! {
    static KEPT: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

impl Memory {
    /// Room for `len` bytes.
    fn with_room(len: usize) -> io::Result<Self> {
        // Nothing is kept any more while the thread ends.
        let take = || KEPT.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        // Where addresses are short (RLIMIT_AS), those of this file may still be had.
        let fresh = || Self::fresh(limits::MAX_READ_WHOLE).or_else(|_| Self::fresh(len.max(1)));
        let mut memory = match len {
            0..=limits::MAX_READ_WHOLE => take().map_or_else(fresh, Ok)?,
            _ => Self::fresh(len)?,
        };
        if len >= LARGE && !memory.has_large_pages {
            memory.has_large_pages = true;
            // Any will do.
            let _ = memory.pages.advise(Advice::HugePage);
        }
        Ok(memory)
    }

    fn fresh(len: usize) -> io::Result<Self> {
        let pages = MmapOptions::new().len(len).no_reserve_swap().map_anon()?;
        Ok(Self { pages, written: 0, has_large_pages: false })
    }

    /// Keeps it for the next file of this thread, if there is not enough yet.
    fn keep(self) {
        // Of memory that was made for one file alone there is nothing to keep.
        if self.pages.len() != limits::MAX_READ_WHOLE {
            return;
        }
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            let written: usize = kept.iter().map(|memory| memory.written).sum();
            if written + self.written <= limits::MAX_KEPT_BY_A_THREAD {
                kept.push(self);
            }
        });
    }
}

impl Buffer {
    /// Reads up to `len` bytes by `read`, which gets the place where they begin and where they belong, and tells how many it
    /// read; none at the end. `show` sees each piece once it is there. There is room for `room` bytes, or `len` if that is
    /// more.
    pub(super) fn read(
        len: usize,
        room: usize,
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
        mut show: impl FnMut(&[u8]),
    ) -> io::Result<Self> {
        let mut memory = Memory::with_room(len.max(room))?;
        let mut filled = 0;
        while filled < len {
            let end = filled.saturating_add(PIECE).min(len);
            let Some(piece) = memory.pages.get_mut(filled..end) else { break };
            match read(filled as u64, piece)? {
                0 => break,
                count => {
                    show(piece.get(..count).unwrap_or(piece));
                    filled += count;
                }
            }
            memory.written = memory.written.max(filled);
        }
        Ok(Self { memory: Some(memory), len: filled })
    }

    /// A copy of `bytes`, cut or filled up with zeros to `len`.
    pub(super) fn copy_of(bytes: &[u8], len: usize) -> io::Result<Self> {
        let mut copy = Self { memory: Some(Memory::with_room(len)?), len: 0 };
        let bytes = bytes.get(..len).unwrap_or(bytes);
        copy.extend_to(bytes.len());
        copy.copy_from_slice(bytes);
        copy.fill_up(len);
        Ok(copy)
    }

    /// Lengthens it with zeros to `len`, as far as there is room.
    pub(super) fn fill_up(&mut self, len: usize) {
        let from = self.len;
        self.extend_to(len);
        // What an earlier file left there is none of this one's.
        self.get_mut(from..).unwrap_or_default().fill(0);
    }

    /// Lengthens it to `len`, with any bytes.
    fn extend_to(&mut self, len: usize) {
        if let Some(memory) = &mut self.memory {
            self.len = len.min(memory.pages.len()).max(self.len);
            memory.written = memory.written.max(self.len);
        }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.as_ref().and_then(|memory| memory.pages.get(..self.len)).unwrap_or_default()
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.as_mut().and_then(|memory| memory.pages.get_mut(..self.len)).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            memory.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(byte: u8, len: usize) -> Buffer {
        let all = vec![byte; len];
        let read = |at: u64, into: &mut [u8]| {
            let rest = &all[usize::try_from(at).unwrap()..];
            let count = rest.len().min(into.len()).min(10_000);
            into[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        };
        let mut shown = Vec::new();
        let buffer = Buffer::read(len + 7, 0, read, |piece| shown.extend_from_slice(piece)).unwrap();
        assert!(*shown == *buffer && buffer.len() == len);
        buffer
    }

    #[test]
    fn memory_is_used_again_and_shows_nothing_of_the_file_before() {
        std::thread::spawn(|| {
            let first = filled(1, 300_000);
            let place = first.as_ptr();
            drop(first);
            let second = filled(2, 200_000);
            assert_eq!(second.as_ptr(), place);
            assert!(second.iter().all(|byte| *byte == 2));
            drop(second);
            let copy = Buffer::copy_of(&[3; 1_000], 250_000).unwrap();
            assert_eq!(copy.as_ptr(), place);
            assert!(copy.iter().take(1_000).all(|byte| *byte == 3) && copy.len() == 250_000);
            assert!(copy.iter().skip(1_000).all(|byte| *byte == 0));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn two_at_once_have_their_own_memory() {
        let (mut first, second) = (filled(1, 100_000), filled(2, 100_000));
        first.fill(3);
        assert!(second.iter().all(|byte| *byte == 2));
    }

    #[test]
    fn no_thread_keeps_more_than_its_share() {
        std::thread::spawn(|| {
            let many: Vec<Buffer> = (0..8).map(|_| filled(1, limits::MAX_KEPT_BY_A_THREAD / 4 + 1)).collect();
            drop(many);
            let kept = KEPT.with(|kept| kept.borrow().iter().map(|memory| memory.written).sum::<usize>());
            assert!(kept > 0 && kept <= limits::MAX_KEPT_BY_A_THREAD);
            // What is too long for that is given back at once.
            let long = Buffer::copy_of(&[1], limits::MAX_READ_WHOLE + 1).unwrap();
            assert_eq!(long.len(), limits::MAX_READ_WHOLE + 1);
        })
        .join()
        .unwrap();
    }
}
