//! The bins of a hive and whether their cells tile them.

use super::raw::{BASE_BLOCK_SIZE, Bins, CELL_HEADER};
use super::{Error, Offset, Problems};

/// Length of a bin's header.
const BIN_HEADER: usize = 32;
/// Bins begin at multiples of this.
const PAGE: usize = 4096;

/// A cell as its bin's grid shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'b> {
    /// Where it begins in the file, its size field first.
    pub(super) at: usize,
    /// Its bytes with the size field, at least eight; the cell ends inside its bin.
    pub(super) bytes: &'b [u8],
    /// Whether it is in use.
    pub(super) allocated: bool,
}

impl<'b> Placed<'b> {
    /// Where it ends in the file.
    pub(super) fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    /// The bytes behind the size field.
    pub(super) fn data(&self) -> &'b [u8] {
        self.bytes.get(CELL_HEADER..).unwrap_or_default()
    }
}

/// Checks signature, place and size of every bin and that cells follow each other to its end (format specification,
/// section "Hive bin"). Behind a bad header the next page with a header is looked for.
pub(super) fn check(bins: Bins<'_>, problems: &mut Problems) {
    walk(bins, problems, |_| {});
}

/// The same, showing every cell in the order of the file. Bytes that belong to no sound bin, and those behind a cell that
/// does not fit into its bin, are not shown: what is free there cannot be told.
pub(super) fn walk<'b>(bins: Bins<'b>, problems: &mut Problems, mut show: impl FnMut(Placed<'b>)) {
    let bytes = bins.bytes();
    let mut at = BASE_BLOCK_SIZE;
    while at < bytes.len() {
        let here = Offset(at as u64);
        match header(bytes, at) {
            Ok(size) => {
                let cells = bytes.get(at + BIN_HEADER..at + size).unwrap_or_default();
                walk_cells(cells, at + BIN_HEADER, problems, &mut show);
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

/// Shows the cells of a bin, of which the first begins at `at` in the file.
fn walk_cells<'b>(
    mut cells: &'b [u8],
    mut at: usize,
    problems: &mut Problems,
    show: &mut impl FnMut(Placed<'b>),
) {
    // This runs for every cell of every hive: nothing is looked up twice.
    while let Some(header) = cells.first_chunk::<CELL_HEADER>() {
        let header = i32::from_le_bytes(*header);
        let size = header.unsigned_abs() as usize;
        let (true, Some((bytes, behind))) =
            (size >= 8 && size.is_multiple_of(8), cells.split_at_checked(size))
        else {
            // Where the next cell begins cannot be told; references to cells behind this place still work.
            let left = cells.len() as u64;
            problems.add(Offset(at as u64), None, Error::CellSize { size: size as u64, left });
            return;
        };
        show(Placed { at, bytes, allocated: header < 0 });
        at += size;
        cells = behind;
    }
}
