//! The bins of a hive and whether their cells tile them.

use std::ops::Range;

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
    fn read(bytes: &'b [u8], at: usize, size: usize) -> Option<Self> {
        let bytes = bytes.get(at..)?.get(..size)?;
        let header = bytes.first_chunk().copied()?;
        Some(Self { at, bytes, allocated: i32::from_le_bytes(header) < 0 })
    }

    /// Where it ends in the file.
    pub(super) fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    /// The bytes behind the size field.
    pub(super) fn data(&self) -> &'b [u8] {
        self.bytes.get(CELL_HEADER..).unwrap_or_default()
    }
}

/// Bytes of a cell that are looked at before it is known whether anybody wants it: up to the name of a key.
const WINDOW: usize = 80;

/// A cell as it is met, before it is known whether anybody wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance<'w> {
    /// The size field and the four bytes behind it, as one little-endian number.
    first: u64,
    size: usize,
    /// The bytes from its beginning on, beyond its end too; zeros behind the end of the bins.
    window: &'w [u8; WINDOW],
}

impl Glance<'_> {
    /// Length in bytes with the size field.
    #[inline]
    pub(super) fn size(self) -> usize {
        self.size
    }

    /// Whether it is not in use.
    #[inline]
    pub(super) fn is_free(self) -> bool {
        self.first & 0x8000_0000 == 0
    }

    /// The first two bytes behind the size field, where records have their signature.
    #[inline]
    pub(super) fn signature(self) -> [u8; 2] {
        let [_, _, _, _, signature @ .., _, _] = self.first.to_le_bytes();
        signature
    }

    /// The number at a place behind the size field, at most 74; zero behind the end of the bins. It may lie behind the cell's own
    /// end.
    #[inline]
    pub(super) fn u16_at(self, at: usize) -> u16 {
        let there = self.window.get(CELL_HEADER + at..).and_then(<[u8]>::first_chunk).copied();
        there.map_or(0, u16::from_le_bytes)
    }
}

/// Checks signature, place and size of every bin and that cells follow each other to its end (format specification,
/// section "Hive bin"). Behind a bad header the next page with a header is looked for.
pub(super) fn check(bins: Bins<'_>, problems: &mut Problems) {
    walk(bins, problems, |_| false, |_| {});
}

/// The same, showing the cells that are wanted in the order of the file. Bytes that belong to no sound bin, and those behind a
/// cell that does not fit into its bin, are not shown: what is free there cannot be told.
///
/// All cells of the hive are met, and where the next one begins only the one before tells. So several bins are walked at a
/// time, a cell of each in turn: while one size is fetched the others are worked on.
pub(super) fn walk<'b>(
    bins: Bins<'b>,
    problems: &mut Problems,
    wanted: impl Fn(Glance<'_>) -> bool,
    mut show: impl FnMut(Placed<'b>),
) {
    /// Bins that are walked at a time: with more of them nothing is gained.
    const LANES: usize = 4;
    /// Bins that are shared out among them.
    const BATCH: usize = 64;
    /// Their bytes, so that few cells wait to be shown; a bin that is longer is walked alone.
    const BATCH_BYTES: usize = 1 << 20;
    /// Cells of the first lane, which are the next ones in the file, that wait to be shown.
    const WAITING: usize = 1 << 12;

    let bytes = bins.bytes();
    let mut at = BASE_BLOCK_SIZE;
    let mut batch = Vec::with_capacity(BATCH);
    let mut met: [Met; LANES] = Default::default();
    while at < bytes.len() {
        let mut wrong = None;
        batch.clear();
        let begin = at;
        while batch.len() < BATCH && at < bytes.len() && wrong.is_none() {
            match header(bytes, at) {
                Ok(size) if at > begin && at + size - begin > BATCH_BYTES => break,
                Ok(size) => {
                    batch.push(at + BIN_HEADER..at + size);
                    at += size;
                }
                Err(error) => wrong = Some(error),
            }
        }
        let mut shares = batch.chunks(batch.len().div_ceil(LANES).max(1));
        let mut lanes: [Lane<'_>; LANES] =
            std::array::from_fn(|_| Lane::of(shares.next().unwrap_or_default()));
        let mut busy = lanes.iter().filter(|lane| lane.has_cells()).count();
        let [a, b, c, d] = &mut lanes;
        let [met_a, met_b, met_c, met_d] = &mut met;
        while busy > 0 {
            a.step(bytes, &wanted, met_a, &mut busy);
            b.step(bytes, &wanted, met_b, &mut busy);
            c.step(bytes, &wanted, met_c, &mut busy);
            d.step(bytes, &wanted, met_d, &mut busy);
            if met_a.cells.len() >= WAITING {
                met_a.show(bytes, &mut show);
            }
        }
        for met in &mut met {
            met.show(bytes, &mut show);
            met.wrong.drain(..).for_each(|(at, error)| problems.add(at, None, error));
        }
        if let Some(error) = wrong {
            problems.add(Offset(at as u64), None, error);
            at += PAGE;
            while at < bytes.len() && header(bytes, at).is_err() {
                at += PAGE;
            }
        }
    }
}

/// What was met in a lane, in the order of the file.
#[derive(Debug, Default)]
struct Met {
    /// Place and size of those that are wanted.
    cells: Vec<(usize, usize)>,
    /// Those that do not fit.
    wrong: Vec<(Offset, Error)>,
}

impl Met {
    /// Shows the cells and forgets them.
    fn show<'b>(&mut self, bytes: &'b [u8], show: impl FnMut(Placed<'b>)) {
        self.cells.drain(..).filter_map(|(at, size)| Placed::read(bytes, at, size)).for_each(show);
    }
}

/// Bins that are walked one after the other.
#[derive(Debug)]
struct Lane<'l> {
    /// Where the next cell begins, and where its bin ends: the same if there is none.
    at: usize,
    end: usize,
    bins: std::slice::Iter<'l, Range<usize>>,
}

impl<'l> Lane<'l> {
    fn of(bins: &'l [Range<usize>]) -> Self {
        let mut lane = Self { at: 0, end: 0, bins: bins.iter() };
        lane.next_bin();
        lane
    }

    fn next_bin(&mut self) {
        if let Some(bin) = self.bins.next() {
            (self.at, self.end) = (bin.start, bin.end);
        }
    }

    #[inline]
    fn has_cells(&self) -> bool {
        self.at < self.end
    }

    /// Meets the next cell, if there is one. The last one of the lane takes it off those that are `busy`.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "a few instructions for each cell of a hive, of which there are tens of thousands"
    )]
    fn step(&mut self, bytes: &[u8], wanted: impl Fn(Glance<'_>) -> bool, met: &mut Met, busy: &mut usize) {
        let left = self.end - self.at;
        if left == 0 {
            return;
        }
        let padded;
        let window = if let Some(from_here) = bytes.get(self.at..)
            && let Some(window) = from_here.first_chunk()
        {
            window
        } else {
            padded = padded_window(bytes, self.at);
            &padded
        };
        let first = window.first_chunk().copied().map_or(0, u64::from_le_bytes);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the size field")]
        let size = (first as u32).cast_signed().unsigned_abs();
        // Eighths behind the first eight bytes: of a size below eight, or no multiple of it, more than any bin has.
        let eighths_behind_first = size.wrapping_sub(8).rotate_right(3) as usize;
        let size = size as usize;
        if eighths_behind_first >= left / 8 {
            // Where the next cell begins cannot be told; references to cells behind this place still work.
            let error = Error::CellSize { size: size as u64, left: left as u64 };
            met.wrong.push((Offset(self.at as u64), error));
            self.at = self.end;
        } else {
            if wanted(Glance { first, size, window }) {
                met.cells.push((self.at, size));
            }
            self.at += size;
        }
        if self.at == self.end {
            self.next_bin();
            *busy -= usize::from(!self.has_cells());
        }
    }
}

/// What [`walk`] wants where free cells are looked for.
pub(super) fn is_free(cell: Glance<'_>) -> bool {
    cell.is_free()
}

/// The last bytes of the bins, and zeros.
#[cold]
fn padded_window(bytes: &[u8], at: usize) -> [u8; WINDOW] {
    let mut window = [0; WINDOW];
    for (place, byte) in window.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *place = *byte;
    }
    window
}

/// The size of the bin at `at`.
fn header(bytes: &[u8], at: usize) -> Result<usize, Error> {
    let left = bytes.len().saturating_sub(at);
    let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BIN_HEADER>) else {
        return Err(Error::CellSize { size: BIN_HEADER as u64, left: left as u64 });
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % end
        }
    }

    /// A base block and bins, of which some have a bad header and some a cell that does not fit.
    fn made(numbers: &mut Numbers) -> Vec<u8> {
        let mut bytes = vec![0; BASE_BLOCK_SIZE];
        for _ in 0..numbers.below(200) {
            let (start, size) = (bytes.len(), PAGE * (1 + numbers.below(3)));
            bytes.extend_from_slice(if numbers.below(40) == 0 { b"none" } else { b"hbin" });
            bytes.extend_from_slice(&u32::try_from(start - BASE_BLOCK_SIZE).unwrap().to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
            bytes.resize(start + BIN_HEADER, 0);
            while bytes.len() < start + size {
                let left = start + size - bytes.len();
                let fitting = (8 * (1 + numbers.below(40))).min(left);
                let told = match numbers.below(2_000) {
                    0 => 0,
                    1 => left + 8,
                    2 => fitting + 4,
                    3 => 1 + numbers.below(7),
                    4 => 1 << 31,
                    _ => fitting,
                };
                let told = i32::try_from(told).unwrap_or(i32::MIN);
                let sign = if numbers.below(4) == 0 { 1 } else { -1 };
                bytes.extend_from_slice(&told.wrapping_mul(sign).to_le_bytes());
                bytes.resize(bytes.len() + fitting - CELL_HEADER, 0);
            }
        }
        bytes
    }

    /// Place and size of each free cell, and the places of problems, one cell after the other.
    fn one_by_one(bytes: &[u8]) -> (Vec<(usize, usize)>, Vec<usize>) {
        let (mut free, mut wrong, mut at) = (Vec::new(), Vec::new(), BASE_BLOCK_SIZE);
        while at < bytes.len() {
            let Ok(size) = header(bytes, at) else {
                wrong.push(at);
                at += PAGE;
                while at < bytes.len() && header(bytes, at).is_err() {
                    at += PAGE;
                }
                continue;
            };
            let (mut cell, end) = (at + BIN_HEADER, at + size);
            while cell < end {
                let field = i32::from_le_bytes(*bytes[cell..].first_chunk().unwrap());
                let length = field.unsigned_abs() as usize;
                if length < 8 || !length.is_multiple_of(8) || length > end - cell {
                    wrong.push(cell);
                    break;
                }
                if field >= 0 {
                    free.push((cell, length));
                }
                cell += length;
            }
            at = end;
        }
        (free, wrong)
    }

    #[test]
    fn cells_and_damage_are_met_in_the_order_of_the_file() {
        let mut numbers = Numbers(1);
        let (mut cells, mut damage) = (0, 0);
        for _ in 0..100 {
            let bytes = made(&mut numbers);
            let mut problems = Problems::default();
            let mut shown = Vec::new();
            walk(Bins::new(&bytes, bytes.len()), &mut problems, is_free, |cell| {
                assert!(!cell.allocated);
                shown.push((cell.at, cell.bytes.len()));
            });
            let (free, wrong) = one_by_one(&bytes);
            assert_eq!(shown, free);
            let place = |problem: &crate::hive::Problem| usize::try_from(problem.at.unwrap().0).unwrap();
            let told: Vec<_> = problems.kept().iter().map(place).collect();
            assert!(wrong.starts_with(&told) && problems.total() == wrong.len() as u64);
            (cells, damage) = (cells + free.len(), damage + wrong.len());
        }
        assert!(cells > 10_000 && damage > 100, "{cells} {damage}");
    }

    #[test]
    fn a_glance_sees_the_bytes_behind_a_cell_and_zeros_behind_the_bins() {
        let mut bytes = vec![0; BASE_BLOCK_SIZE];
        bytes.extend_from_slice(b"hbin\0\0\0\0\0\x10\0\0");
        bytes.resize(BASE_BLOCK_SIZE + BIN_HEADER, 0);
        let first = i32::try_from(PAGE - BIN_HEADER - 8).unwrap();
        bytes.extend_from_slice(&(-first).to_le_bytes());
        bytes.extend_from_slice(b"nk\x34\x12");
        bytes.resize(BASE_BLOCK_SIZE + BIN_HEADER + CELL_HEADER + 72, 0);
        bytes.extend_from_slice(&[0x78, 0x56]);
        bytes.resize(BASE_BLOCK_SIZE + PAGE - 8, 0);
        bytes.extend_from_slice(&8_i32.to_le_bytes());
        bytes.extend_from_slice(b"vk\xbc\x9a");
        let seen = std::cell::RefCell::new(Vec::new());
        let glance = |cell: Glance<'_>| {
            let numbers = [cell.u16_at(2), cell.u16_at(4), cell.u16_at(72)];
            seen.borrow_mut().push((cell.size(), cell.is_free(), cell.signature(), numbers));
            false
        };
        let mut problems = Problems::default();
        walk(Bins::new(&bytes, bytes.len()), &mut problems, glance, |_| unreachable!("nothing is wanted"));
        let first = (PAGE - BIN_HEADER - 8, false, *b"nk", [0x1234, 0, 0x5678]);
        assert_eq!(seen.into_inner(), [first, (8, true, *b"vk", [0x9abc, 0, 0])]);
        assert!(problems.is_empty(), "{problems:?}");
    }
}
