//! The bins of a hive and whether their cells tile them.

use super::raw::{BASE_BLOCK_SIZE, Bins};
use super::{Error, Offset, Problems};

/// Length of a bin's header.
const BIN_HEADER: usize = 32;
/// Bins begin at multiples of this.
const PAGE: usize = 4096;

/// A cell as its bin's grid shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Where it begins in the file, its size field first.
    pub(super) at: usize,
    /// Length with the size field; the cell ends inside its bin.
    pub(super) size: usize,
    /// Whether it is in use.
    pub(super) allocated: bool,
}

/// Checks signature, place and size of every bin and that cells follow each other to its end (format specification,
/// section "Hive bin"). Behind a bad header the next page with a header is looked for.
pub(super) fn check(bins: Bins<'_>, problems: &mut Problems) {
    walk(bins, problems, |_| {});
}

/// The same, showing every cell in the order of the file. Bytes that belong to no sound bin, and those behind a cell that
/// does not fit into its bin, are not shown: what is free there cannot be told.
pub(super) fn walk(bins: Bins<'_>, problems: &mut Problems, mut show: impl FnMut(Placed)) {
    let bytes = bins.bytes();
    let mut at = BASE_BLOCK_SIZE;
    while at < bytes.len() {
        let here = Offset(at as u64);
        match header(bytes, at) {
            Ok(size) => {
                walk_cells(bytes, at, size, problems, &mut show);
                at += size;
            }
            Err(error) => {
                problems.add(here, None, error);
                at += PAGE;
                while at < bytes.len() && header(bytes, at).is_err() {
                    at += PAGE;
                }
            }
        }
    }
}

/// The size of the bin at `at`.
fn header(bytes: &[u8], at: usize) -> Result<usize, Error> {
    let left = bytes.len().saturating_sub(at);
    let header: &[u8; BIN_HEADER] = bytes
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .ok_or(Error::CellSize { size: BIN_HEADER as u64, left: left as u64 })?;
    let word =
        |at: usize| header.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes);
    let wrong = |what, found, expected: String| Error::Bin { what, found, expected };
    if !header.starts_with(b"hbin") {
        return Err(wrong("signature", word(0), "\"hbin\"".into()));
    }
    let place = u32::try_from(at - BASE_BLOCK_SIZE).unwrap_or(u32::MAX);
    if word(4) != place {
        return Err(wrong("offset", word(4), format!("{place:#x}")));
    }
    let size = word(8) as usize;
    if size == 0 || !size.is_multiple_of(PAGE) {
        return Err(wrong("size", word(8), "a multiple of 0x1000".into()));
    }
    if size > left {
        return Err(wrong("size", word(8), format!("at most the {left:#x} bytes that are left")));
    }
    Ok(size)
}

fn walk_cells(bytes: &[u8], bin: usize, size: usize, problems: &mut Problems, show: &mut impl FnMut(Placed)) {
    let end = bin + size;
    let mut at = bin + BIN_HEADER;
    while at < end {
        let left = (end - at) as u64;
        let cell = bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, i32::from_le_bytes);
        let length = u64::from(cell.unsigned_abs());
        if length < 8 || length % 8 != 0 || length > left {
            // Where the next cell begins cannot be told; references to cells behind this place still work.
            problems.add(Offset(at as u64), None, Error::CellSize { size: length, left });
            return;
        }
        let size = usize::try_from(length).unwrap_or(size);
        show(Placed { at, size, allocated: cell < 0 });
        at += size;
    }
}
