//! Looks for records in bytes that nothing live uses.

use crate::hive::bins::{Glance, Placed};
use crate::hive::image::Origin;
use crate::hive::raw::{CELL_HEADER, CellOffset, KeyNode, KeyValue, Name, key_node_anywhere};

use super::Place;
use super::space::{Head, Hit, Region, Space, cell_offset};

/// The shortest record: a value without a name.
const SHORTEST: usize = KeyValue::NAME_AT - CELL_HEADER;

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
    if origin == Origin::Tail {
        let first = start.next_multiple_of(4);
        signatures::<4>(space.bytes(first, end).unwrap_or_default(), |kind, at| show(kind, first + at));
    } else {
        let first = (start + CELL_HEADER).next_multiple_of(8) - CELL_HEADER;
        signatures::<8>(space.bytes(first, end).unwrap_or_default(), |kind, at| show(kind, first + at));
    }
}

/// The same in bytes of which every `STEP` ones may begin a record.
fn signatures<const STEP: usize>(bytes: &[u8], mut show: impl FnMut(Kind, usize)) {
    /// Steps of a block. Most bytes begin no record: a block of them is passed over at once.
    const BLOCK: usize = 32;
    // `nk` and `vk` differ in two bits. Without those two other signatures look like them, and one comparison does.
    const BOTH: u32 = u32::from_le_bytes([b'n' & b'v', b'k', 0, 0]);
    const SAME_BITS: u32 = u32::from_le_bytes([!(b'n' ^ b'v'), 0xff, 0, 0]);

    let may_begin = |word: &[u8; STEP]| {
        let first = word.first_chunk().copied().map_or(0, u32::from_le_bytes);
        u32::from(first & SAME_BITS == BOTH)
    };
    for (number, block) in bytes.as_chunks::<STEP>().0.chunks(BLOCK).enumerate() {
        if block.iter().fold(0, |any, word| any | may_begin(word)) == 0 {
            continue;
        }
        for (index, word) in block.iter().enumerate() {
            let at = (number * BLOCK + index) * STEP;
            match &word[..] {
                [b'n', b'k', ..] => show(Kind::Key, at),
                [b'v', b'k', ..] => show(Kind::Value, at),
                _ => {}
            }
        }
    }
}

/// How long a cell is that has room for another record behind its own: `fixed` bytes and what that counts.
#[derive(Clone, Copy)]
struct Length {
    signature: u16,
    fixed: u16,
    /// Where its number is, behind the size field.
    count_at: u8,
    /// Each of that number is `1 << unit_bits` bytes.
    unit_bits: u8,
}

impl Length {
    /// Of each kind of record that tells it, in the place that its signature has.
    const OF_RECORDS: [Self; 16] = {
        const NO_SIGNATURE: u16 = u16::MAX;

        #[expect(clippy::cast_possible_truncation, reason = "it was just looked at")]
        const fn length(signature: [u8; 2], fixed: usize, count_at: u8, unit_bits: u8) -> Length {
            let fixed = fixed + SHORTEST;
            assert!(fixed < 128, "fits");
            Length { signature: u16::from_le_bytes(signature), fixed: fixed as u16, count_at, unit_bits }
        }
        let records = [
            length(*b"nk", KeyNode::NAME_AT, 72, 0),
            length(*b"vk", KeyValue::NAME_AT, 2, 0),
            length(*b"li", CELL_HEADER + 4, 2, 2),
            length(*b"ri", CELL_HEADER + 4, 2, 2),
            length(*b"lf", CELL_HEADER + 4, 2, 3),
            length(*b"lh", CELL_HEADER + 4, 2, 3),
            // Its size has four bytes, of which the lower two do not make it longer than it is.
            length(*b"sk", CELL_HEADER + 20, 16, 0),
        ];
        let mut places = [Length { signature: NO_SIGNATURE, fixed: 0, count_at: 0, unit_bits: 0 }; 16];
        let mut number = 0;
        while number < records.len() {
            let place = Self::place(records[number].signature);
            assert!(places[place].signature == NO_SIGNATURE, "each has a place of its own");
            places[place] = records[number];
            number += 1;
        }
        places
    };

    /// The sum of the two letters tells the signatures of all records apart.
    const fn place(signature: u16) -> usize {
        ((signature >> 8).wrapping_add(signature) & 15) as usize
    }
}

/// Whether a cell may be longer than its record by another one: false of nearly all cells, each of which is asked.
#[inline]
#[allow(
    clippy::needless_bitwise_bool,
    reason = "no processor can guess what the next cell is: nothing is jumped over"
)]
pub(super) fn may_have_slack(cell: Glance<'_>) -> bool {
    let signature = u16::from_le_bytes(cell.signature());
    let length = Length::OF_RECORDS[Length::place(signature)];
    let counted = usize::from(cell.u16_at(usize::from(length.count_at))) << length.unit_bits;
    (length.signature == signature) & (cell.size() >= usize::from(length.fixed) + counted)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::raw::{BASE_BLOCK_SIZE, Bins};
    use crate::hive::{Problems, bins};

    /// What a record uses of its cell, by the format specification; of a security record no more than its size field says.
    fn used(cell: &[u8]) -> Option<usize> {
        let number = |at: usize| {
            cell.get(at..at + 2).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])))
        };
        Some(match cell.get(4..6)? {
            b"nk" => 80 + number(76),
            b"vk" => 24 + number(6),
            b"li" | b"ri" => 8 + 4 * number(6),
            b"lf" | b"lh" => 8 + 8 * number(6),
            b"sk" => 24 + number(20),
            _ => return None,
        })
    }

    #[test]
    fn a_glance_tells_every_cell_with_room_behind_its_record() {
        let mut random = 1_u64;
        let mut below = |end: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap() % end
        };
        let (mut with_room, mut without) = (0, 0);
        for _ in 0..200 {
            let mut bytes = vec![0; BASE_BLOCK_SIZE];
            bytes.extend_from_slice(b"hbin\0\0\0\0\0\x40\0\0");
            bytes.resize(BASE_BLOCK_SIZE + 32, 0);
            while bytes.len() < BASE_BLOCK_SIZE + 0x4000 {
                let (start, left) = (bytes.len(), BASE_BLOCK_SIZE + 0x4000 - bytes.len());
                let size = (8 * (1 + below(30))).min(left);
                bytes.extend_from_slice(&(-i32::try_from(size).unwrap()).to_le_bytes());
                bytes.extend(std::iter::repeat_with(|| u8::try_from(below(256)).unwrap()).take(size - 4));
                let signature =
                    [b"nk", b"vk", b"li", b"ri", b"lf", b"lh", b"sk", b"nl", b"\xff\xff", b"db"][below(10)];
                bytes[start + 4..start + 6].copy_from_slice(signature);
                for at in [6, 20, 76] {
                    if size >= at + 2 && below(8) > 0 {
                        bytes[start + at..start + at + 2]
                            .copy_from_slice(&u16::try_from(below(40)).unwrap().to_le_bytes());
                    }
                }
            }
            let bins = Bins::new(&bytes, bytes.len());
            let mut wanted = Vec::new();
            bins::walk(bins, &mut Problems::default(), may_have_slack, |cell| wanted.push(cell.at));
            bins::walk(
                bins,
                &mut Problems::default(),
                |_| true,
                |cell| {
                    // A number that lies behind the cell's own end is another cell's; what it makes of this one is told later.
                    if cell.bytes.len() < 80 {
                        return;
                    }
                    let has_room = used(cell.bytes).is_some_and(|used| cell.bytes.len() >= used + SHORTEST);
                    assert_eq!(wanted.contains(&cell.at), has_room, "{:?}", &cell.bytes[..8]);
                    *(if has_room { &mut with_room } else { &mut without }) += 1;
                },
            );
        }
        assert!(with_room > 1_000 && without > 1_000, "{with_room} {without}");
    }
}
