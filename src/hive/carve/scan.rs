//! Looks for records in bytes that nothing live uses.

use crate::hive::bins::{Glance, Placed};
use crate::hive::image::Origin;
use crate::hive::raw::{CELL_HEADER, CellOffset, KeyNode, KeyValue, Name, key_node_anywhere};

use super::Place;
use super::space::{Head, Hit, Region, Space, cell_offset};

/// The shortest record: a value without a name.
const SHORTEST: usize = KeyValue::NAME_AT - CELL_HEADER;
/// The shortest cell of a list: one without entries. A security record is longer.
const SHORTEST_LIST: usize = CELL_HEADER + 4;

/// Records in the order of the file, each place once.
#[derive(Debug, Default)]
pub(super) struct Found<'b> {
    pub(super) keys: Vec<Hit<KeyNode<'b>>>,
    pub(super) values: Vec<Hit<KeyValue<'b>>>,
}

/// Looks through all regions.
pub(super) fn regions<'b>(space: &Space<'b>) -> Found<'b> {
    let mut found = Found::default();
    for region in space.regions() {
        for_each_signature(space, region.start, region.end, region.origin, |kind, at| {
            found.take(space, kind, at, *region);
        });
    }
    found
}

/// Whether what looks like a key in any region, or one above it, has a name for which `is` holds.
pub(super) fn any_key(space: &Space<'_>, is: impl Fn(Name<'_>) -> bool) -> bool {
    /// Levels that are looked upwards.
    const LEVELS: usize = 16;

    let bins = space.bins().bytes();
    let key_at = |at: CellOffset| key_node_anywhere(at, bins.get(usize::try_from(at.in_file().0).ok()?..)?);
    let mut any = false;
    for region in space.regions() {
        for_each_signature(space, region.start, region.end, region.origin, |kind, at| {
            if any || !matches!(kind, Kind::Key) {
                return;
            }
            let start = at.saturating_sub(CELL_HEADER);
            let first = space.bytes(start, region.end).zip(cell_offset(start));
            let mut node = first.and_then(|(bytes, at)| key_node_anywhere(at, bytes));
            for _ in 0..LEVELS {
                let Some(key) = node else { return };
                any |= is(key.name());
                node = if any { None } else { key_at(key.parent()) };
            }
        });
        if any {
            return true;
        }
    }
    false
}

/// Looks through places, whatever their bytes are now.
pub(super) fn places<'b>(space: &Space<'b>, places: &[Place]) -> Found<'b> {
    let mut found = Found::default();
    let end = space.bins().bytes().len();
    for place in places {
        let (from, to) = (place.range.start, place.range.end.min(end));
        for_each_signature(space, from, to, place.origin, |kind, at| {
            let cell = at.saturating_sub(CELL_HEADER);
            let around = space.region_at(cell).or_else(|| space.allocated_cell(cell));
            let any = Region { start: at, end, origin: place.origin, head: Head::Nothing };
            found.take(space, kind, at, Region { origin: place.origin, ..around.unwrap_or(any) });
        });
    }
    found.keys.sort_by_key(|hit| hit.record.at());
    found.keys.dedup_by_key(|hit| hit.record.at());
    found.values.sort_by_key(|hit| hit.record.at());
    found.values.dedup_by_key(|hit| hit.record.at());
    found
}

#[derive(Clone, Copy)]
enum Kind {
    Key,
    Value,
}

impl<'b> Found<'b> {
    fn take(&mut self, space: &Space<'b>, kind: Kind, signature: usize, region: Region) {
        if space.exceeded() {
            return;
        }
        match kind {
            Kind::Key => self.keys.extend(space.key_in(signature, region)),
            Kind::Value => self.values.extend(space.value_in(signature, region)),
        }
    }
}

/// Shows every place where a record may begin. Records lie at multiples of eight behind their cells' size fields; behind
/// the bins, where another file's bytes may be, at any multiple of four. No hit is jumped over: what looks like a record may
/// be the rest of one, with a whole one inside its old bounds.
fn for_each_signature(
    space: &Space<'_>,
    start: usize,
    end: usize,
    origin: Origin,
    mut show: impl FnMut(Kind, usize),
) {
    /// Bytes; a multiple of every step.
    const BLOCK: usize = 64;

    let step = if origin == Origin::Tail { 4 } else { 8 };
    let first = match step {
        4 => start.next_multiple_of(4),
        _ => (start + CELL_HEADER).next_multiple_of(8) - CELL_HEADER,
    };
    let Some(bytes) = space.bytes(first, end) else { return };
    // Most bytes begin no record: a block of them is passed over at once.
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        let is_record = |word: &[u8]| matches!(word, [b'n' | b'v', b'k', ..]);
        if !block.chunks_exact(step).fold(false, |any, word| any | is_record(word)) {
            continue;
        }
        for (index, word) in block.chunks_exact(step).enumerate() {
            let at = first + number * BLOCK + index * step;
            match word {
                [b'n', b'k', ..] => show(Kind::Key, at),
                [b'v', b'k', ..] => show(Kind::Value, at),
                _ => {}
            }
        }
    }
}

/// Whether a cell may be longer than its record by another one: false of nearly all cells, each of which is asked.
#[inline]
#[allow(
    clippy::needless_bitwise_bool,
    reason = "no processor can guess what the next cell is: nothing is jumped over"
)]
pub(super) fn may_have_slack(cell: Glance<'_>) -> bool {
    let [first, second] = cell.signature();
    let (is_key, is_value) = ([first, second] == *b"nk", [first, second] == *b"vk");
    // `li`, `lf`, `lh`, `ri`, `sk`, and the beginning of some data.
    let is_list = !is_key & (first.wrapping_sub(b'l') < 8) & (second.wrapping_sub(b'f') < 6);
    let entry_bits = if second == b'i' { 2 } else { 3 };
    let number = usize::from(cell.u16_at(2));
    let used_by_key = KeyNode::NAME_AT + usize::from(cell.u16_at(72));
    let used_by_value = KeyValue::NAME_AT + number;
    let entries = if second == b'k' { 0 } else { number };
    let used_by_list = SHORTEST_LIST + (entries << entry_bits);
    let has_room = |used| cell.size() >= used + SHORTEST;
    (is_key & has_room(used_by_key))
        | (is_value & has_room(used_by_value))
        | (is_list & has_room(used_by_list))
}

/// The unused bytes behind a cell's record, if they can hold another one. Cells of data, lists of values and class names
/// have no signature: what of them is used only the records that refer to them tell.
pub(super) fn slack(space: &Space<'_>, cell: Placed<'_>) -> Option<Region> {
    slack_behind(cell, used_by_record(space, cell)?)
}

fn used_by_record(space: &Space<'_>, cell: Placed<'_>) -> Option<usize> {
    let data = cell.data();
    let list_of = |entry: usize| Some(CELL_HEADER + 4 + u16_at(data, 2)? * entry);
    match data.first_chunk()? {
        // Data of a value may begin with the letters of a record as well.
        b"nk" if space.is_key(cell_offset(cell.at)?, data) => Some(KeyNode::NAME_AT + u16_at(data, 72)?),
        b"vk" if space.is_value(cell_offset(cell.at)?, data) => Some(KeyValue::NAME_AT + u16_at(data, 2)?),
        b"li" | b"ri" => list_of(4),
        b"lf" | b"lh" => list_of(8),
        b"sk" => {
            let size = data.get(16..)?.first_chunk().copied().map(u32::from_le_bytes)?;
            Some(CELL_HEADER + 20 + size as usize)
        }
        _ => None,
    }
}

/// A number of a record; `None` behind its end.
#[inline]
fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    data.get(at..)?.first_chunk().copied().map(u16::from_le_bytes).map(usize::from)
}

/// The bytes of a cell behind the first `used` ones, if they can hold a record.
pub(super) fn slack_behind(cell: Placed<'_>, used: usize) -> Option<Region> {
    has_room(cell, used).then(|| Region {
        start: cell.at + used,
        end: cell.end(),
        origin: Origin::Slack,
        head: Head::Nothing,
    })
}

/// Whether another record fits behind the first `used` bytes of a cell.
#[inline]
fn has_room(cell: Placed<'_>, used: usize) -> bool {
    cell.bytes.len().checked_sub(used).is_some_and(|left| left >= SHORTEST)
}
