use std::collections::BTreeSet;

use crate::BASE_BLOCK_SIZE;
use crate::log::PAGE;
use crate::record::{Record, u32_of};

const BIN_HEADER: u32 = 32;
const BIN_SIZE: usize = 8;
const BASE_BLOCK_BINS_SIZE: usize = 40;

/// A hive in memory: bins full of cells that are allocated and freed, and the pages that were touched on the way.
///
/// Bins are never given back: Windows drops bins that are free as a whole now and then, a story has no need to.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    bytes: Vec<u8>,
    /// Pages of the hive bins data, by number.
    dirty: BTreeSet<u32>,
}

impl Memory {
    /// The bytes are those of a primary file, without a tail.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let memory = Self { bytes, dirty: BTreeSet::new() };
        assert_eq!(
            memory.bins_size() as usize + BASE_BLOCK_SIZE,
            memory.bytes.len(),
            "a hive without a tail"
        );
        memory
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn base_block(&mut self) -> &mut [u8] {
        &mut self.bytes[..BASE_BLOCK_SIZE]
    }

    pub(super) fn bins_size(&self) -> u32 {
        self.number(BASE_BLOCK_BINS_SIZE)
    }

    /// Whether a page was touched since [`Self::take_dirty`].
    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The pages touched since the last call.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<u32> {
        std::mem::take(&mut self.dirty)
    }

    // ---- records ----------------------------------------------------------------------------------------------------

    /// The data of a cell, up to its padded end.
    pub(super) fn data(&self, cell: u32) -> &[u8] {
        let start = Self::at(cell);
        &self.bytes[start + 4..start + self.size(cell).unsigned_abs() as usize]
    }

    pub(super) fn u16(&self, cell: u32, field: usize) -> u16 {
        let field = self.data(cell)[field..].first_chunk().expect("a field inside of its cell");
        u16::from_le_bytes(*field)
    }

    pub(super) fn u32(&self, cell: u32, field: usize) -> u32 {
        let field = self.data(cell)[field..].first_chunk().expect("a field inside of its cell");
        u32::from_le_bytes(*field)
    }

    /// Sets bytes of a record; `field` counts from its signature.
    pub(super) fn set(&mut self, cell: u32, field: usize, bytes: &[u8]) {
        assert!(field + bytes.len() <= self.data(cell).len(), "a record inside of its cell");
        self.write(Self::at(cell) + 4 + field, bytes);
    }

    pub(super) fn set_u32(&mut self, cell: u32, field: usize, number: u32) {
        self.set(cell, field, &number.to_le_bytes());
    }

    /// Sets the time in the first bin (spec, *Hive bin*, note 3).
    pub(super) fn stamp_first_bin(&mut self, time: u64) {
        const BIN_TIME: usize = 20;
        self.write(BASE_BLOCK_SIZE + BIN_TIME, &time.to_le_bytes());
    }

    // ---- cells ------------------------------------------------------------------------------------------------------

    /// A cell for so many bytes: the smallest free one that is large enough, cut to size, or the start of a new bin at
    /// the end of the hive. What lay there before stays until it is overwritten.
    pub(super) fn allocate(&mut self, length: usize) -> u32 {
        let size = u32_of((4 + length).next_multiple_of(8));
        let cell = self.smallest_free_cell(size).unwrap_or_else(|| self.add_bin(size));
        let rest = self.size(cell).unsigned_abs() - size;
        if rest > 0 {
            self.set_size(cell + size, signed(rest));
        }
        self.set_size(cell, -signed(size));
        self.touch(Self::at(cell), size as usize);
        cell
    }

    /// Marks a cell as free and joins it with free neighbours in its bin (spec, *Unallocated cell*): the size of the
    /// first of them then covers all, and everything else stays as it is, the sizes inside among it.
    pub(super) fn free(&mut self, cell: u32) {
        let size = self.size(cell);
        assert!(size < 0, "the cell at {cell:#x} is free already");
        let (mut start, mut end) = (cell, cell + size.unsigned_abs());
        let (first, bin_end) = self.bin_around(cell);
        if end < bin_end && self.size(end) > 0 {
            end += self.size(end).unsigned_abs();
        }
        let before = self.cells_between(first, cell).last();
        if let Some((previous, size)) = before
            && size > 0
        {
            start = previous;
        }
        self.set_size(start, signed(end - start));
    }

    fn smallest_free_cell(&self, size: u32) -> Option<u32> {
        let cells = self.bins().flat_map(|(first, end)| self.cells_between(first, end));
        let large_enough = cells.filter(|&(_, free)| free >= signed(size));
        large_enough.min_by_key(|&(cell, free)| (free, cell)).map(|(cell, _)| cell)
    }

    /// A new bin that holds one free cell of at least this size.
    fn add_bin(&mut self, cell_size: u32) -> u32 {
        let start = self.bins_size();
        let size = (BIN_HEADER + cell_size).next_multiple_of(u32_of(PAGE));
        let at = Self::at(start);
        self.bytes.resize(at + size as usize, 0);
        self.bytes[BASE_BLOCK_BINS_SIZE..BASE_BLOCK_BINS_SIZE + 4]
            .copy_from_slice(&(start + size).to_le_bytes());
        self.write(at, &Record::new(*b"hb").raw(b"in").u32(start).u32(size).done());
        self.touch(at, size as usize);
        self.set_size(start + BIN_HEADER, signed(size - BIN_HEADER));
        start + BIN_HEADER
    }

    /// The bins, each by its first cell and its end.
    fn bins(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = next;
            (start < self.bins_size()).then(|| {
                next = start + self.number(Self::at(start) + BIN_SIZE);
                (start + BIN_HEADER, next)
            })
        })
    }

    fn bin_around(&self, cell: u32) -> (u32, u32) {
        let mut bins = self.bins();
        bins.find(|&(first, end)| (first..end).contains(&cell)).expect("a cell lies in a bin")
    }

    /// The cells from one to another, with their sizes.
    fn cells_between(&self, first: u32, end: u32) -> impl Iterator<Item = (u32, i32)> {
        let mut next = first;
        std::iter::from_fn(move || {
            let cell = next;
            (cell < end).then(|| {
                let size = self.size(cell);
                next = cell + size.unsigned_abs();
                (cell, size)
            })
        })
    }

    fn size(&self, cell: u32) -> i32 {
        self.number(Self::at(cell)).cast_signed()
    }

    fn set_size(&mut self, cell: u32, size: i32) {
        self.write(Self::at(cell), &size.to_le_bytes());
    }

    // ---- bytes ------------------------------------------------------------------------------------------------------

    fn at(offset: u32) -> usize {
        BASE_BLOCK_SIZE + offset as usize
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_le_bytes(*self.bytes[at..].first_chunk().expect("four bytes"))
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.touch(at, bytes.len());
    }

    fn touch(&mut self, at: usize, length: usize) {
        let page = |at: usize| u32_of((at - BASE_BLOCK_SIZE) / PAGE);
        if length > 0 {
            self.dirty.extend(page(at)..=page(at + length - 1));
        }
    }
}

fn signed(size: u32) -> i32 {
    i32::try_from(size).expect("a cell below 2 GiB")
}
