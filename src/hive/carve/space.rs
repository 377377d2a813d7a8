//! Where deleted records may lie, and the cells that were there.

use crate::hive::image::Origin;
use crate::hive::raw::{BASE_BLOCK_SIZE, Bins, CELL_HEADER, CellOffset, KeyNode, KeyValue};
use crate::hive::{Problems, bins};

use super::budget::Budget;
use super::doubt::{Doubt, Doubts};
use super::lost_lists::Maxima;
use super::plausible::{self, Reach};

/// Bytes of a file that no live record uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// The first byte in the file.
    pub(super) start: usize,
    /// Behind the last byte.
    pub(super) end: usize,
    /// What kind of bytes.
    pub(super) origin: Origin,
    /// What vouches for a record at the very start.
    pub(super) head: Head,
}

/// What the start of a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The size field of a free cell, which may have swallowed its neighbours.
    FreeCell,
    /// The size field of an allocated cell.
    AllocatedCell,
    /// Any byte.
    Nothing,
}

/// A record found where nothing live refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<R> {
    pub(super) record: R,
    pub(super) origin: Origin,
    /// Whether it is what an allocated cell holds.
    pub(super) in_use: bool,
    pub(super) doubts: Doubts,
}

/// What refers to a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referrer {
    origin: Origin,
    in_use: bool,
}

impl<R> Hit<R> {
    /// The record as one that refers to cells.
    pub(super) fn referrer(&self) -> Referrer {
        Referrer { origin: self.origin, in_use: self.in_use }
    }
}

/// A cell that a deleted record refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct StaleCell<'b> {
    data: &'b [u8],
}

impl<'b> StaleCell<'b> {
    /// The bytes behind the size field, as far as the cell may have reached.
    pub(super) fn data(self) -> &'b [u8] {
        self.data
    }
}

/// The regions of a file.
#[derive(Debug)]
pub(super) struct Space<'b> {
    bins: Bins<'b>,
    tail: &'b [u8],
    /// In the order of the file, none over another.
    regions: Vec<Region>,
    /// Whether records in allocated cells count as well.
    allocated_too: bool,
    reach: Reach,
    names: Budget,
}

impl<'b> Space<'b> {
    pub(super) fn new(bins: Bins<'b>, tail: &'b [u8], allocated_too: bool) -> Self {
        let length = bins.bytes().len() + tail.len();
        let reach = u32::try_from(bins.bytes().len().saturating_sub(BASE_BLOCK_SIZE)).unwrap_or(u32::MAX);
        let names = Budget::for_visits(length);
        Self { bins, tail, regions: Vec::new(), allocated_too, reach: Some(reach), names }
    }

    /// Adds a region behind all that were added.
    pub(super) fn add(&mut self, region: Region) {
        self.regions.push(region);
    }

    /// What keys in use that have no values remember of those they had.
    pub(super) fn emptied(&self) -> Vec<Maxima> {
        let mut emptied = Vec::new();
        let is_key = |cell: bins::Glance<'_>| {
            !cell.is_free() && cell.signature() == *b"nk" && cell.size() >= KeyNode::NAME_AT
        };
        bins::walk(self.bins, &mut Problems::default(), is_key, |cell| {
            if self.region_at(cell.at).is_some_and(|region| region.start == cell.at) {
                return;
            }
            let node = cell_offset(cell.at).and_then(|at| KeyNode::in_bytes(at, cell.data()).ok());
            let node = node.filter(|node| node.value_count() == 0 && node.had_values());
            emptied.extend(node.and_then(|node| Maxima::of_key(self, &node)));
        });
        emptied
    }

    /// All regions, in the order of the file.
    pub(super) fn regions(&self) -> &[Region] {
        &self.regions
    }

    pub(super) fn bins(&self) -> Bins<'b> {
        self.bins
    }

    /// Whether records in allocated cells count as well.
    pub(super) fn counts_allocated(&self) -> bool {
        self.allocated_too
    }

    /// Length of bins and tail.
    pub(super) fn len(&self) -> usize {
        self.bins.bytes().len() + self.tail.len()
    }

    /// Whether so many names overlap that no more are read.
    pub(super) fn exceeded(&self) -> bool {
        self.names.exceeded()
    }

    /// Bytes of the file; the bins and the tail are never mixed.
    pub(super) fn bytes(&self, start: usize, end: usize) -> Option<&'b [u8]> {
        match start.checked_sub(self.bins.bytes().len()) {
            None => self.bins.bytes().get(start..end),
            Some(from) => self.tail.get(from..end.checked_sub(self.bins.bytes().len())?),
        }
    }

    /// The region around a place.
    pub(super) fn region_at(&self, place: usize) -> Option<Region> {
        let after = self.regions.partition_point(|region| region.start <= place);
        let region = self.regions.get(after.checked_sub(1)?)?;
        (place < region.end).then_some(*region)
    }

    /// Whether a cell lies among the regions rather than in an allocated cell that counts as well.
    pub(super) fn is_free(&self, at: CellOffset) -> bool {
        usize::try_from(at.in_file().0).is_ok_and(|start| self.region_at(start).is_some())
    }

    /// The region in which a cell that a record of this origin refers to may lie. What lies behind the bins may be another
    /// file's, whose offsets mean nothing among the bins; slack is only looked at from slack. A cell that is in use again holds
    /// what its user wrote, even if nothing refers to it any more: only what lies in such a cell itself may refer to it.
    fn region_of(&self, cell: CellOffset, from: Referrer) -> Option<Region> {
        if cell == CellOffset::NONE || !cell.0.is_multiple_of(8) {
            return None;
        }
        let start = usize::try_from(cell.in_file().0).ok()?;
        let region = self.region_at(start).filter(|region| match region.origin {
            Origin::Tail => from.origin == Origin::Tail,
            Origin::Slack => from.origin == Origin::Slack,
            Origin::Unreferenced => from.origin == Origin::Unreferenced,
            _ => from.origin != Origin::Tail,
        });
        let may_be_in_use = self.allocated_too && from.in_use;
        let region = region.or_else(|| self.allocated_cell(start).filter(|_| may_be_in_use))?;
        let origin = if self.allocated_too { from.origin } else { region.origin };
        Some(Region { origin, ..region })
    }

    /// The allocated cell at a place of the file, as a region of its own.
    pub(super) fn allocated_cell(&self, start: usize) -> Option<Region> {
        let at = cell_offset(start)?;
        let data = self.bins.cell(at).ok()?.data();
        let end = start + CELL_HEADER + data.len();
        let whole = at.0.is_multiple_of(8) && (end - start).is_multiple_of(8);
        whole.then_some(Region { start, end, origin: Origin::Unreferenced, head: Head::AllocatedCell })
    }

    /// The size field at a place, if it fits a cell of at least `needed` bytes in this region.
    fn old_size(&self, start: usize, needed: usize, region: Region) -> Option<usize> {
        let field = self.bytes(start, start + CELL_HEADER)?.first_chunk().copied()?;
        let size = i32::from_le_bytes(field).unsigned_abs() as usize;
        (size.is_multiple_of(8) && size >= needed && size <= region.end.checked_sub(start)?).then_some(size)
    }

    /// The cell at `at` with at least `needed` bytes behind its size field, if a record of this origin can refer to it and
    /// no later cell was laid over it.
    pub(super) fn cell(&self, at: CellOffset, needed: usize, from: Referrer) -> Option<StaleCell<'b>> {
        let region = self.region_of(at, from)?;
        let start = usize::try_from(at.in_file().0).ok()?;
        let needed = needed.checked_add(CELL_HEADER)?;
        let size = self.old_size(start, needed, region)?;
        Some(StaleCell { data: self.bytes(start + CELL_HEADER, start + size)? })
    }

    /// The key node at `at`, if a key of this origin can have it as its parent.
    pub(super) fn key(&self, at: CellOffset, from: Referrer) -> Option<Hit<KeyNode<'b>>> {
        // A key can be deleted below one that is in use, but unreferenced now.
        let in_use = Referrer { origin: Origin::Unreferenced, in_use: true };
        let unreferenced = || self.region_of(at, in_use).filter(|_| from.origin == Origin::Free);
        let region = self.region_of(at, from).or_else(unreferenced)?;
        self.key_in(usize::try_from(at.in_file().0).ok()? + CELL_HEADER, region)
    }

    /// The key value at `at`, if a record of this origin can refer to it.
    pub(super) fn value(&self, at: CellOffset, from: Referrer) -> Option<Hit<KeyValue<'b>>> {
        let region = self.region_of(at, from)?;
        self.value_in(usize::try_from(at.in_file().0).ok()? + CELL_HEADER, region)
    }

    /// The key node whose signature is at `signature` in this region.
    pub(super) fn key_in(&self, signature: usize, region: Region) -> Option<Hit<KeyNode<'b>>> {
        let at = cell_offset(signature.checked_sub(CELL_HEADER)?)?;
        let reach = self.reach_in(region);
        let (node, odd) = plausible::key_node(at, self.bytes(signature, region.end)?, reach, &self.names)?;
        let (end, mut doubts) = self.end_of(signature, KeyNode::NAME_AT + node.name().bytes.len(), region);
        doubts.extend(odd);
        let record = KeyNode::in_bytes(at, self.bytes(signature, end)?).ok()?;
        let in_use = region.head == Head::AllocatedCell && signature == region.start + CELL_HEADER;
        Some(Hit { record, origin: region.origin, in_use, doubts })
    }

    /// The key value whose signature is at `signature` in this region.
    pub(super) fn value_in(&self, signature: usize, region: Region) -> Option<Hit<KeyValue<'b>>> {
        let at = cell_offset(signature.checked_sub(CELL_HEADER)?)?;
        let reach = self.reach_in(region);
        let (value, odd) = plausible::key_value(at, self.bytes(signature, region.end)?, reach, &self.names)?;
        let (end, mut doubts) = self.end_of(signature, KeyValue::NAME_AT + value.name().bytes.len(), region);
        doubts.extend(odd);
        let record = KeyValue::in_bytes(at, self.bytes(signature, end)?).ok()?;
        let in_use = region.head == Head::AllocatedCell && signature == region.start + CELL_HEADER;
        Some(Hit { record, origin: region.origin, in_use, doubts })
    }

    /// Whether the bytes of a cell are a key node's.
    pub(super) fn is_key(&self, at: CellOffset, data: &[u8]) -> bool {
        plausible::key_node(at, data, self.reach, &self.names).is_some()
    }

    /// Whether the bytes of a cell are a key value's.
    pub(super) fn is_value(&self, at: CellOffset, data: &[u8]) -> bool {
        plausible::key_value(at, data, self.reach, &self.names).is_some()
    }

    fn reach_in(&self, region: Region) -> Reach {
        self.reach.filter(|_| region.origin != Origin::Tail)
    }

    /// Where the cell of a record ended, as far as that is known, and what that and its place leave in doubt.
    fn end_of(&self, signature: usize, needed: usize, region: Region) -> (usize, Doubts) {
        let mut doubts = Doubts::default();
        match region.origin {
            Origin::Tail => doubts.insert(Doubt::InTail),
            Origin::Slack => doubts.insert(Doubt::InSlack),
            Origin::Unreferenced => doubts.insert(Doubt::Unreferenced),
            Origin::Primary | Origin::Log | Origin::LogRemnant | Origin::Free => {}
        }
        let start = signature - CELL_HEADER;
        let at_head = start == region.start;
        if at_head && region.head == Head::AllocatedCell {
            return (region.end, doubts);
        }
        // A free cell's size is that of all the cells that were joined to it, before or after; the record's own is lost in it.
        let joined = if at_head && region.head == Head::FreeCell {
            Some(region.end - start)
        } else {
            self.old_size(start, needed, region)
        };
        if joined.is_none() {
            doubts.insert(Doubt::SizeUnfit);
        }
        let end = start + joined.map_or(needed, |size| needed.next_multiple_of(8).min(size));
        (end, doubts)
    }
}

/// A place of the file as records refer to it.
pub(super) fn cell_offset(start: usize) -> Option<CellOffset> {
    u32::try_from(start.checked_sub(BASE_BLOCK_SIZE)?).ok().map(CellOffset)
}
