use std::ops::Range;

use crate::layout::{KeyPlace, Layout};
use crate::record::u32_of;
use crate::{BASE_BLOCK_SIZE, NOWHERE};

/// A finished hive. The patches below damage it, or change it as Windows would; the layout keeps telling where things
/// were when the hive was built.
///
/// Offsets are those of cells, relative to the start of the hive bins data; a `field` counts from the signature of
/// the record, as in the tables of the specification.
#[derive(Clone, Debug)]
pub struct SynthHive {
    /// The file.
    pub bytes: Vec<u8>,
    /// Where the writer put things.
    pub layout: Layout,
}

const CHECKSUM_AT: usize = 508;
const NK_SUBKEY_COUNT: usize = 20;
const NK_SUBKEY_LIST: usize = 28;
const NK_VALUE_COUNT: usize = 36;
const NK_VALUE_LIST: usize = 40;
const VK_DATA_SIZE: usize = 4;
const VK_DATA: usize = 8;
const SK_FLINK: usize = 4;
const SK_BLINK: usize = 8;
const SK_USERS: usize = 12;
const LIST_COUNT: usize = 2;

impl SynthHive {
    /// Where the data of a cell starts in the file.
    pub fn file_offset(cell: u32) -> usize {
        BASE_BLOCK_SIZE + cell as usize + 4
    }

    /// The data of a cell, up to its padded end.
    pub fn cell(&self, cell: u32) -> &[u8] {
        let start = Self::file_offset(cell);
        let size = i32::from_le_bytes(self.bytes[start - 4..start].try_into().expect("four bytes"));
        &self.bytes[start..start - 4 + size.unsigned_abs() as usize]
    }

    /// A 16-bit field of a record.
    pub fn u16(&self, cell: u32, field: usize) -> u16 {
        let at = Self::file_offset(cell) + field;
        u16::from_le_bytes(self.bytes[at..at + 2].try_into().expect("two bytes"))
    }

    /// A 32-bit field of a record.
    pub fn u32(&self, cell: u32, field: usize) -> u32 {
        let at = Self::file_offset(cell) + field;
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    /// Sets bytes of a record.
    pub fn set(&mut self, cell: u32, field: usize, bytes: &[u8]) {
        let at = Self::file_offset(cell) + field;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Sets a 16-bit field of a record.
    pub fn set_u16(&mut self, cell: u32, field: usize, number: u16) {
        self.set(cell, field, &number.to_le_bytes());
    }

    /// Sets a 32-bit field of a record.
    pub fn set_u32(&mut self, cell: u32, field: usize, number: u32) {
        self.set(cell, field, &number.to_le_bytes());
    }

    /// The free cells, in the order of the file.
    pub fn free_cells(&self) -> Vec<u32> {
        let mut free = Vec::new();
        let mut bin = BASE_BLOCK_SIZE;
        while self.bytes.get(bin..bin + 4) == Some(b"hbin") {
            let end = bin + self.number(bin + 8).unsigned_abs() as usize;
            let mut cell = bin + 32;
            while cell < end {
                let size = self.number(cell);
                if size > 0 {
                    free.push(u32_of(cell - BASE_BLOCK_SIZE));
                }
                cell += size.unsigned_abs() as usize;
            }
            bin = end;
        }
        free
    }

    // ---- the file ---------------------------------------------------------------------------------------------------

    /// Sets both sequence numbers and corrects the checksum; different numbers make the hive dirty.
    pub fn set_sequences(&mut self, primary: u32, secondary: u32) {
        self.bytes[4..8].copy_from_slice(&primary.to_le_bytes());
        self.bytes[8..12].copy_from_slice(&secondary.to_le_bytes());
        self.fix_checksum();
    }

    /// Makes the checksum of the base block right.
    pub fn fix_checksum(&mut self) {
        let sum = checksum(&self.bytes[..CHECKSUM_AT]);
        self.bytes[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
    }

    /// Makes the checksum of the base block wrong.
    pub fn break_checksum(&mut self) {
        self.fix_checksum();
        self.bytes[CHECKSUM_AT] ^= 0xFF;
    }

    /// Overwrites the whole base block with zeros.
    pub fn destroy_header(&mut self) {
        self.bytes[..BASE_BLOCK_SIZE].fill(0);
    }

    /// Appends bytes behind the end of the hive.
    pub fn append_tail(&mut self, tail: &[u8]) {
        self.bytes.extend(tail);
    }

    /// Cuts the file off.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    // ---- deliberate damage ------------------------------------------------------------------------------------------

    /// Sets the size field of a cell: positive is free, negative allocated, zero impossible.
    pub fn set_cell_size(&mut self, cell: u32, size: i32) {
        let at = BASE_BLOCK_SIZE + cell as usize;
        self.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }

    /// Sets the number of entries that the first leaf of a key claims, and nothing else.
    pub fn claim_list_entries(&mut self, path: &str, count: u16) {
        let leaf = self.layout.key(path).leaves[0];
        self.set_u16(leaf, LIST_COUNT, count);
    }

    /// Sets the number of subkeys that the `nk` claims, and nothing else.
    pub fn claim_subkeys(&mut self, path: &str, count: u32) {
        self.set_u32(self.layout.key(path).nk, NK_SUBKEY_COUNT, count);
    }

    /// Sets the number of values that the `nk` claims, and nothing else.
    pub fn claim_values(&mut self, path: &str, count: u32) {
        self.set_u32(self.layout.key(path).nk, NK_VALUE_COUNT, count);
    }

    /// Points a key at another subkeys list.
    pub fn point_subkey_list(&mut self, path: &str, cell: u32) {
        self.set_u32(self.layout.key(path).nk, NK_SUBKEY_LIST, cell);
    }

    /// Points a key at another values list.
    pub fn point_value_list(&mut self, path: &str, cell: u32) {
        self.set_u32(self.layout.key(path).nk, NK_VALUE_LIST, cell);
    }

    /// Points an entry of a key's subkeys list elsewhere; `index` counts through all leaves.
    pub fn point_subkey(&mut self, path: &str, index: usize, cell: u32) {
        let at = self.subkey_entry(path, index).start;
        self.bytes[at..at + 4].copy_from_slice(&cell.to_le_bytes());
    }

    /// Points the first entry of a key's subkeys list at the key itself.
    pub fn point_subkey_at_itself(&mut self, path: &str) {
        let nk = self.layout.key(path).nk;
        self.point_subkey(path, 0, nk);
    }

    /// Exchanges two entries of a key's subkeys list.
    pub fn swap_subkeys(&mut self, path: &str, one: usize, other: usize) {
        let (one, other) = (self.subkey_entry(path, one), self.subkey_entry(path, other));
        let first = self.bytes[one.clone()].to_vec();
        self.bytes.copy_within(other.clone(), one.start);
        self.bytes[other].copy_from_slice(&first);
    }

    /// Points an entry of a key's values list elsewhere.
    pub fn point_value(&mut self, path: &str, index: usize, cell: u32) {
        let list = self.layout.key(path).value_list.expect("a key with values");
        self.set_u32(list, 4 * index, cell);
    }

    /// Points a value at other data.
    pub fn point_value_data(&mut self, path: &str, name: &str, cell: u32) {
        self.set_u32(self.layout.value(path, name).vk, VK_DATA, cell);
    }

    /// Sets the data size field of a value, with its resident flag in the highest bit.
    pub fn claim_data_size(&mut self, path: &str, name: &str, size: u32) {
        self.set_u32(self.layout.value(path, name).vk, VK_DATA_SIZE, size);
    }

    // ---- deletion ---------------------------------------------------------------------------------------------------

    /// Marks a cell as free and leaves its bytes as they are.
    pub fn free_cell(&mut self, cell: u32) {
        let at = BASE_BLOCK_SIZE + cell as usize;
        let size = i32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"));
        self.set_cell_size(cell, size.abs());
    }

    /// Deletes a key and all below it: out of its parent's list, cells freed, bytes left in place. Adjacent free
    /// cells stay apart until [`Self::coalesce_free_cells`].
    ///
    /// # Panics
    /// When the key is the root or was deleted before.
    pub fn delete_key(&mut self, path: &str) {
        assert!(!path.is_empty(), "the root key stays");
        let parent = path.rsplit_once('\\').map_or("", |(parent, _)| parent);
        self.unlink_subkey(parent, self.layout.key(path).nk);

        let below = format!(r"{}\", path.to_uppercase());
        let inside = |place: &&KeyPlace| format!(r"{}\", place.path.to_uppercase()).starts_with(&below);
        let doomed: Vec<KeyPlace> =
            self.layout.keys().filter(inside).filter(|place| self.is_allocated(place.nk)).cloned().collect();
        for place in doomed {
            self.free_key(&place);
        }
    }

    /// Deletes a value: out of the list, its cells freed, bytes left in place.
    ///
    /// # Panics
    /// When the value was deleted before.
    pub fn delete_value(&mut self, path: &str, name: &str) {
        let place = self.layout.key(path).clone();
        let value = place.value(name).clone();
        let list = place.value_list.expect("a key with values");
        let count = self.u32(place.nk, NK_VALUE_COUNT) as usize;
        let offsets: Vec<u32> = (0..count).map(|index| self.u32(list, 4 * index)).collect();
        let index = offsets.iter().position(|&cell| cell == value.vk).expect("a value not yet deleted");

        for (slot, &cell) in offsets[index + 1..].iter().enumerate() {
            self.set_u32(list, 4 * (index + slot), cell);
        }
        self.set_u32(place.nk, NK_VALUE_COUNT, u32_of(count - 1));
        if count == 1 {
            self.set_u32(place.nk, NK_VALUE_LIST, NOWHERE);
            self.free_cell(list);
        }
        for cell in value.cells() {
            self.free_cell(cell);
        }
    }

    /// Joins adjacent free cells of every bin, as Windows does (spec, *Unallocated cell*).
    pub fn coalesce_free_cells(&mut self) {
        let mut bin = BASE_BLOCK_SIZE;
        while self.bytes.get(bin..bin + 4) == Some(b"hbin") {
            let end = bin + self.number(bin + 8).unsigned_abs() as usize;
            let mut cell = bin + 32;
            let mut free: Option<usize> = None;
            while cell < end {
                let size = self.number(cell);
                match free {
                    _ if size < 0 => free = None,
                    None => free = Some(cell),
                    Some(first) => {
                        let joined = self.number(first) + size;
                        self.bytes[first..first + 4].copy_from_slice(&joined.to_le_bytes());
                    }
                }
                cell += size.unsigned_abs() as usize;
            }
            bin = end;
        }
    }

    fn free_key(&mut self, place: &KeyPlace) {
        let lists =
            place.leaves.iter().chain(&place.subkey_list).chain(&place.value_list).chain(&place.class);
        let values = place.values.iter().flat_map(crate::ValuePlace::cells);
        let cells: Vec<u32> = lists.copied().chain(values).chain([place.nk]).collect();
        for cell in cells {
            self.free_cell(cell);
        }
        self.release_security(place.security);
    }

    /// Counts one user less; without users the `sk` leaves the ring.
    fn release_security(&mut self, sk: u32) {
        let users = self.u32(sk, SK_USERS) - 1;
        self.set_u32(sk, SK_USERS, users);
        if users == 0 {
            let (next, previous) = (self.u32(sk, SK_FLINK), self.u32(sk, SK_BLINK));
            self.set_u32(previous, SK_FLINK, next);
            self.set_u32(next, SK_BLINK, previous);
            self.free_cell(sk);
        }
    }

    fn unlink_subkey(&mut self, parent: &str, nk: u32) {
        let parent = self.layout.key(parent).clone();
        let left = self.u32(parent.nk, NK_SUBKEY_COUNT) - 1;
        self.set_u32(parent.nk, NK_SUBKEY_COUNT, left);
        for &leaf in &parent.leaves {
            let count = usize::from(self.u16(leaf, LIST_COUNT));
            let size = self.entry_size(leaf);
            let Some(index) = (0..count).find(|index| self.u32(leaf, 4 + index * size) == nk) else {
                continue;
            };
            let start = Self::file_offset(leaf) + 4;
            self.bytes.copy_within(start + (index + 1) * size..start + count * size, start + index * size);
            self.set_u16(leaf, LIST_COUNT, u16::try_from(count - 1).expect("a smaller count"));
            if count == 1 {
                self.free_cell(leaf);
                self.unlink_leaf(&parent, leaf, left);
            }
            return;
        }
        panic!("the key at {nk:#x} is in no leaf of {:?}", parent.path);
    }

    fn unlink_leaf(&mut self, parent: &KeyPlace, leaf: u32, subkeys_left: u32) {
        let list = parent.subkey_list.expect("a key with leaves");
        if list != leaf {
            let count = usize::from(self.u16(list, LIST_COUNT));
            let leaves: Vec<u32> = (0..count)
                .map(|index| self.u32(list, 4 + 4 * index))
                .filter(|&other| other != leaf)
                .collect();
            for (index, &other) in leaves.iter().enumerate() {
                self.set_u32(list, 4 + 4 * index, other);
            }
            self.set_u16(list, LIST_COUNT, u16::try_from(leaves.len()).expect("a smaller count"));
        }
        if subkeys_left == 0 {
            self.set_u32(parent.nk, NK_SUBKEY_LIST, NOWHERE);
            if list != leaf {
                self.free_cell(list);
            }
        }
    }

    /// Where an entry of the subkeys list lies in the file.
    fn subkey_entry(&self, path: &str, index: usize) -> Range<usize> {
        let place = self.layout.key(path);
        let mut left = index;
        for &leaf in &place.leaves {
            let count = usize::from(self.u16(leaf, LIST_COUNT));
            if left < count {
                let size = self.entry_size(leaf);
                let start = Self::file_offset(leaf) + 4 + left * size;
                return start..start + size;
            }
            left -= count;
        }
        panic!("key {path:?} has no subkey {index}");
    }

    pub(crate) fn is_allocated(&self, cell: u32) -> bool {
        self.number(BASE_BLOCK_SIZE + cell as usize) < 0
    }

    fn entry_size(&self, leaf: u32) -> usize {
        if self.cell(leaf).starts_with(b"li") { 4 } else { 8 }
    }

    fn number(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }
}

impl crate::ValuePlace {
    fn cells(&self) -> impl Iterator<Item = u32> {
        let data = self.data.into_iter().chain(self.segment_list);
        data.chain(self.segments.iter().copied()).chain([self.vk])
    }
}

/// XOR-32 of the base block with its two forbidden results (spec, *Base block*, note 2).
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let sum = bytes
        .chunks_exact(4)
        .fold(0, |sum, word| sum ^ u32::from_le_bytes(word.try_into().expect("four bytes")));
    match sum {
        u32::MAX => u32::MAX - 1,
        0 => 1,
        other => other,
    }
}
