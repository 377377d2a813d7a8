//! What tells a record from bytes that merely begin like one.
//!
//! Random bytes pass none of this but by a chance of far less than one in 2^60; what passes was a record once, or is part
//! of a hive that somebody stored inside a value.

use crate::hive::limits;
use crate::hive::raw::{CellOffset, KEY_NODE_HEADER, KEY_VALUE_HEADER, KeyNode, KeyValue, Name};
use crate::wintypes::Filetime;

use super::budget::Budget;
use super::doubt::{Doubt, Doubts};

/// Flags of key nodes that Windows has ever set (format specification, section "Key node"): those it documents, and two
/// that some versions leave behind.
const KEY_FLAGS: u16 = 0x53ff;
/// Flags of key values: one byte per character, tombstone.
const VALUE_FLAGS: u16 = 0x0003;
/// 1980 and 2200: no hive is older, no clock so wrong.
const TIMES: std::ops::Range<Filetime> = Filetime(119_600_064_000_000_000)..Filetime(189_027_648_000_000_000);
/// The first cell lies behind the first bin's header.
const FIRST_CELL: u32 = 32;

/// How far offsets may lead: the length of all bins, or `None` in bytes that may be another file's.
pub(super) type Reach = Option<u32>;

/// The key node that begins with `data`, and what is odd about it.
pub(super) fn key_node<'b>(
    at: CellOffset,
    data: &'b [u8],
    reach: Reach,
    budget: &Budget,
) -> Option<(KeyNode<'b>, Doubts)> {
    let node = KeyNode::in_bytes(at, data).ok()?;
    let written = node.last_written();
    let sane = node.flags() & !KEY_FLAGS == 0
        && (written == Filetime(0) || TIMES.contains(&written))
        && is_list(node.subkey_count(), node.subkey_list(), reach)
        && node.volatile_subkey_count() <= limits::MAX_PLAUSIBLE_COUNT
        && is_list(node.value_count(), node.value_list(), reach)
        && is_reference(node.security(), reach)
        && node.class().is_none_or(|(cell, _)| is_reference(cell, reach));
    let name = node.name();
    if !sane || name.bytes.is_empty() || !budget.take(KEY_NODE_HEADER + name.bytes.len()) {
        return None;
    }
    let mut odd = judge_name(name, limits::MAX_KEY_NAME)?;
    if !is_reference(node.parent(), reach) {
        odd.insert(Doubt::ParentUnknown);
    }
    Some((node, odd))
}

/// The key value that begins with `data`, and what is odd about it, as with [`key_node`].
pub(super) fn key_value<'b>(
    at: CellOffset,
    data: &'b [u8],
    reach: Reach,
    budget: &Budget,
) -> Option<(KeyValue<'b>, Doubts)> {
    let value = KeyValue::in_bytes(at, data).ok()?;
    let size = value.data_size();
    let data_is_sane = if value.is_resident() {
        size <= 4
    } else {
        size == 0
            || (value.data_cell() != CellOffset::NONE
                && is_reference(value.data_cell(), reach)
                && reach.is_none_or(|end| size < end))
    };
    let name = value.name();
    // Two letters before zeros are no record.
    let says_nothing =
        name.bytes.is_empty() && !value.is_resident() && size == 0 && value.value_type().0 == 0;
    let sane = data_is_sane && !says_nothing && value.flags() & !VALUE_FLAGS == 0;
    if !sane || !budget.take(KEY_VALUE_HEADER + name.bytes.len()) {
        return None;
    }
    Some((value, judge_name(name, limits::MAX_VALUE_NAME)?))
}

/// Whether this can be a reference to a cell, or to none.
fn is_reference(cell: CellOffset, reach: Reach) -> bool {
    cell == CellOffset::NONE
        || (cell.0.is_multiple_of(8)
            && cell.0 >= FIRST_CELL
            && cell.0 < reach.unwrap_or(i32::MAX.unsigned_abs()))
}

/// Whether a count and its list can belong together. The list of nothing may lead anywhere aligned: programs other than
/// Windows clear the count alone.
fn is_list(count: u32, list: CellOffset, reach: Reach) -> bool {
    count <= limits::MAX_PLAUSIBLE_COUNT
        && (count == 0 || (list != CellOffset::NONE && is_reference(list, reach)))
}

/// What is odd about a name; `None` if it cannot be one. Control characters and lone surrogates hide a key from programs, so
/// a few are nothing strange; a name made of them was overwritten by another record.
fn judge_name(name: Name<'_>, longest: usize) -> Option<Doubts> {
    let is_control = |unit: u16| unit < 0x20 || unit == 0x7f;
    let (length, odd) = if name.compressed {
        (name.bytes.len(), name.bytes.iter().filter(|byte| is_control(u16::from(**byte))).count())
    } else {
        let (units, rest) = name.bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        let odd = char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
            .filter(|unit| match unit {
                Ok(character) => character.is_control() || u32::from(*character) & 0xfffe == 0xfffe,
                Err(_) => true,
            })
            .count();
        (units.len(), odd)
    };
    if length > longest {
        None
    } else if odd * 4 > length {
        Some(Doubt::NameOverwritten.into())
    } else {
        Some(Doubts::default())
    }
}
