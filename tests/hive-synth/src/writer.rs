//! Two passes: every cell gets its place, then every record is written with the offsets then known.

use crate::builder::{HiveBuilder, Key, ListKind, Value, Version};
use crate::layout::{KeyPlace, Layout, ValuePlace};
use crate::name::{bytes_of, compressed, folded, name_hash, name_hint};
use crate::record::{Record, u16_of, u32_of};
use crate::synth_hive::checksum;
use crate::{BASE_BLOCK_SIZE, NOWHERE, SEGMENT_SIZE};

const BIN_HEADER: usize = 32;
const BIN_UNIT: usize = 4096;
/// Bytes of data that fit the data offset field itself (spec, *Data size*).
const RESIDENT: usize = 4;
const RESIDENT_FLAG: u32 = 0x8000_0000;

const KEY_HIVE_ENTRY: u16 = 0x0004;
const KEY_NO_DELETE: u16 = 0x0008;
const KEY_COMP_NAME: u16 = 0x0020;
const VALUE_COMP_NAME: u16 = 0x0001;
const VALUE_TOMBSTONE: u16 = 0x0002;

pub(crate) fn write(hive: &HiveBuilder) -> (Vec<u8>, Layout) {
    let mut bins = Bins::default();
    let securities = Securities::of(hive);
    let layout = place(hive, &securities, &mut bins);

    for (key, place) in hive.keys.iter().zip(&layout.keys) {
        bins.put(place.nk, &key_node(hive, key, place, &layout));
        write_subkeys(hive, key, place, &layout, &mut bins);
        write_values(hive, key, place, &mut bins);
        if let Some(class) = place.class {
            bins.put(class, &bytes_of(&key.class));
        }
    }
    for (index, &cell) in layout.securities.iter().enumerate() {
        bins.put(cell, &securities.record(index, &layout.securities));
    }

    let bins_data = bins.finish(hive.last_written);
    let mut bytes = base_block(hive, layout.keys[0].nk, u32_of(bins_data.len()));
    bytes.extend(bins_data);
    (bytes, layout)
}

/// Entries of the largest leaf that still fits one bin unit.
pub(crate) fn largest_leaf(kind: ListKind) -> usize {
    (BIN_UNIT - BIN_HEADER - 4 - 4) / entry_size(kind)
}

pub(crate) fn entry_size(kind: ListKind) -> usize {
    match kind {
        ListKind::Index => 4,
        ListKind::Fast | ListKind::Hash => 8,
    }
}

// ---- first pass: places --------------------------------------------------------------------------------------------

fn place(hive: &HiveBuilder, securities: &Securities, bins: &mut Bins) -> Layout {
    let mut layout = Layout { keys: vec![KeyPlace::default(); hive.keys.len()], securities: Vec::new() };
    let mut waiting = vec![0];
    while let Some(index) = waiting.pop() {
        let key = &hive.keys[index];
        let name_size = stored_name(hive, &key.name).0.len();
        let mut place = KeyPlace { path: path_of(hive, &layout, index), ..KeyPlace::default() };

        place.nk = bins.allocate(76 + name_size);
        let security = securities.of_key[index];
        if security == layout.securities.len() {
            layout.securities.push(bins.allocate(20 + securities.descriptors[security].len()));
        }
        place.security = layout.securities[security];
        if !key.class.is_empty() {
            place.class = Some(bins.allocate(2 * key.class.len()));
        }
        if !key.values.is_empty() {
            place.value_list = Some(bins.allocate(4 * key.values.len()));
        }
        place.values = key.values.iter().map(|value| place_value(hive, value, bins)).collect();

        let entries = key.children.len() * key.repeat_subkeys;
        for first in (0..entries).step_by(hive.leaf_size) {
            let count = hive.leaf_size.min(entries - first);
            place.leaves.push(bins.allocate(4 + count * entry_size(hive.list_kind)));
        }
        place.subkey_list = match place.leaves[..] {
            [] => None,
            [leaf] => Some(leaf),
            _ => Some(bins.allocate(4 + 4 * place.leaves.len())),
        };
        layout.keys[index] = place;
        waiting.extend(key.children.iter().rev());
    }
    layout
}

fn place_value(hive: &HiveBuilder, value: &Value, bins: &mut Bins) -> ValuePlace {
    let name_size = stored_name(hive, &value.name).0.len();
    let mut place = ValuePlace {
        name: String::from_utf16_lossy(&value.name),
        vk: bins.allocate(20 + name_size),
        ..ValuePlace::default()
    };
    if needs_big_data(hive.version, &value.data) {
        place.data = Some(bins.allocate(8));
        let segments = value.data.chunks(SEGMENT_SIZE);
        place.segment_list = Some(bins.allocate(4 * segments.len()));
        place.segments = segments.map(|segment| bins.allocate(segment.len())).collect();
    } else if value.data.len() > RESIDENT {
        place.data = Some(bins.allocate(value.data.len()));
    }
    place
}

fn needs_big_data(version: Version, data: &[u8]) -> bool {
    version > Version::V1_3 && data.len() > SEGMENT_SIZE
}

fn path_of(hive: &HiveBuilder, layout: &Layout, index: usize) -> String {
    let key = &hive.keys[index];
    let name = String::from_utf16_lossy(&key.name);
    match key.parent {
        None => String::new(),
        Some(0) => name,
        Some(parent) => format!(r"{}\{name}", layout.keys[parent].path),
    }
}

/// The security descriptors of a hive, each kept once, in the order in which the walk meets them.
struct Securities {
    descriptors: Vec<Vec<u8>>,
    of_key: Vec<usize>,
}

impl Securities {
    fn of(hive: &HiveBuilder) -> Self {
        let mut securities = Self { descriptors: Vec::new(), of_key: vec![0; hive.keys.len()] };
        let mut waiting = vec![0];
        while let Some(index) = waiting.pop() {
            let key = &hive.keys[index];
            securities.of_key[index] = match (&key.security, key.parent) {
                (Some(descriptor), _) => securities.number_of(descriptor),
                (None, Some(parent)) => securities.of_key[parent],
                (None, None) => unreachable!("a builder gives its root key security"),
            };
            waiting.extend(key.children.iter().rev());
        }
        securities
    }

    fn number_of(&mut self, descriptor: &[u8]) -> usize {
        let known = self.descriptors.iter().position(|other| other == descriptor);
        known.unwrap_or_else(|| {
            self.descriptors.push(descriptor.to_vec());
            self.descriptors.len() - 1
        })
    }

    /// Spec, *Key security*: the cells form a ring in both directions.
    fn record(&self, index: usize, cells: &[u32]) -> Vec<u8> {
        let users = self.of_key.iter().filter(|&&used| used == index).count();
        let descriptor = &self.descriptors[index];
        Record::new(*b"sk")
            .u16(0)
            .u32(cells[(index + 1) % cells.len()])
            .u32(cells[(index + cells.len() - 1) % cells.len()])
            .u32(u32_of(users))
            .u32(u32_of(descriptor.len()))
            .raw(descriptor)
            .done()
    }
}

// ---- second pass: records ------------------------------------------------------------------------------------------

/// Spec, *Key node*.
fn key_node(hive: &HiveBuilder, key: &Key, place: &KeyPlace, layout: &Layout) -> Vec<u8> {
    let (name, compressed) = stored_name(hive, &key.name);
    let mut flags = key.more_flags;
    if compressed {
        flags |= KEY_COMP_NAME;
    }
    if key.parent.is_none() {
        flags |= KEY_HIVE_ENTRY | KEY_NO_DELETE;
    }
    let children = || key.children.iter().map(|&child| &hive.keys[child]);
    let largest = |sizes: &mut dyn Iterator<Item = usize>| u32_of(sizes.max().unwrap_or(0));

    Record::new(*b"nk")
        .u16(flags)
        .u64(key.written.unwrap_or(hive.default_written))
        .u32(key.access_bits)
        .u32(key.parent.map_or(NOWHERE, |parent| layout.keys[parent].nk))
        .u32(u32_of(key.children.len() * key.repeat_subkeys))
        .u32(0)
        .u32(place.subkey_list.unwrap_or(NOWHERE))
        .u32(NOWHERE)
        .u32(u32_of(key.values.len()))
        .u32(place.value_list.unwrap_or(NOWHERE))
        .u32(place.security)
        .u32(place.class.unwrap_or(NOWHERE))
        .u32(largest(&mut children().map(|child| 2 * child.name.len())))
        .u32(largest(&mut children().map(|child| 2 * child.class.len())))
        .u32(largest(&mut key.values.iter().map(|value| 2 * value.name.len())))
        .u32(largest(&mut key.values.iter().map(|value| value.data.len())))
        .u32(0)
        .u16(u16_of(name.len()))
        .u16(u16_of(2 * key.class.len()))
        .raw(&name)
        .done()
}

fn write_subkeys(hive: &HiveBuilder, key: &Key, place: &KeyPlace, layout: &Layout, bins: &mut Bins) {
    let mut children = key.children.clone();
    if !key.keep_order {
        children.sort_by_cached_key(|&child| folded(&hive.keys[child].name));
    }
    let entries: Vec<usize> =
        children.iter().flat_map(|&child| std::iter::repeat_n(child, key.repeat_subkeys)).collect();

    for (&leaf, entries) in place.leaves.iter().zip(entries.chunks(hive.leaf_size)) {
        let signature = match hive.list_kind {
            ListKind::Index => *b"li",
            ListKind::Fast => *b"lf",
            ListKind::Hash => *b"lh",
        };
        let mut record = Record::new(signature).u16(u16_of(entries.len()));
        for &child in entries {
            let name = &hive.keys[child].name;
            record = record.u32(layout.keys[child].nk);
            record = match hive.list_kind {
                ListKind::Index => record,
                ListKind::Fast => record.raw(&name_hint(name)),
                ListKind::Hash => record.u32(name_hash(name)),
            };
        }
        bins.put(leaf, &record.done());
    }
    if let (Some(root), [_, _, ..]) = (place.subkey_list, &place.leaves[..]) {
        let record = Record::new(*b"ri").u16(u16_of(place.leaves.len()));
        bins.put(root, &place.leaves.iter().fold(record, |record, &leaf| record.u32(leaf)).done());
    }
}

fn write_values(hive: &HiveBuilder, key: &Key, place: &KeyPlace, bins: &mut Bins) {
    if let Some(list) = place.value_list {
        let offsets: Vec<u8> = place.values.iter().flat_map(|value| value.vk.to_le_bytes()).collect();
        bins.put(list, &offsets);
    }
    for (value, place) in key.values.iter().zip(&place.values) {
        bins.put(place.vk, &key_value(hive, value, place));
        match (place.data, place.segment_list) {
            (Some(db), Some(list)) => {
                let record = Record::new(*b"db").u16(u16_of(place.segments.len())).u32(list);
                bins.put(db, &record.done());
                let offsets: Vec<u8> = place.segments.iter().flat_map(|cell| cell.to_le_bytes()).collect();
                bins.put(list, &offsets);
                for (&cell, segment) in place.segments.iter().zip(value.data.chunks(SEGMENT_SIZE)) {
                    bins.put(cell, segment);
                }
            }
            (Some(cell), None) => bins.put(cell, &value.data),
            (None, _) => {}
        }
    }
}

/// Spec, *Key value*.
fn key_value(hive: &HiveBuilder, value: &Value, place: &ValuePlace) -> Vec<u8> {
    let (name, compressed) = stored_name(hive, &value.name);
    let size = u32_of(value.data.len());
    let (size, data) = match place.data {
        Some(cell) => (size, cell.to_le_bytes()),
        None if value.tombstone => (0, NOWHERE.to_le_bytes()),
        None => {
            let mut resident = [0; RESIDENT];
            resident[..value.data.len()].copy_from_slice(&value.data);
            (size | RESIDENT_FLAG, resident)
        }
    };
    let mut flags = 0;
    if compressed {
        flags |= VALUE_COMP_NAME;
    }
    if value.tombstone {
        flags |= VALUE_TOMBSTONE;
    }
    Record::new(*b"vk")
        .u16(u16_of(name.len()))
        .u32(size)
        .raw(&data)
        .u32(value.kind)
        .u16(flags)
        .u16(0)
        .raw(&name)
        .done()
}

/// The bytes of a name and whether they are extended ASCII. Windows does not call an empty name compressed.
fn stored_name(hive: &HiveBuilder, name: &[u16]) -> (Vec<u8>, bool) {
    match compressed(name) {
        Some(bytes) if !hive.wide_names && !name.is_empty() => (bytes, true),
        _ => (bytes_of(name), false),
    }
}

/// Spec, *Base block*.
fn base_block(hive: &HiveBuilder, root: u32, bins_size: u32) -> Vec<u8> {
    const NAME_UNITS: usize = 31;
    const CHECKSUM_AT: usize = 508;

    let name = &hive.file_name[hive.file_name.len().saturating_sub(NAME_UNITS)..];
    let mut block = Record::new(*b"re")
        .raw(b"gf")
        .u32(hive.sequences.0)
        .u32(hive.sequences.1)
        .u64(hive.last_written)
        .u32(1)
        .u32(hive.version.minor())
        .u32(0)
        .u32(1)
        .u32(root)
        .u32(bins_size)
        .u32(1)
        .raw(&bytes_of(name))
        .done();
    block.resize(BASE_BLOCK_SIZE, 0);
    let sum = checksum(&block[..CHECKSUM_AT]);
    block[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
    block
}

// ---- hive bins -----------------------------------------------------------------------------------------------------

/// The hive bins data: bins of whole units, filled with cells from the start, a free cell at the end of each.
#[derive(Default)]
struct Bins {
    bytes: Vec<u8>,
    /// Where the next cell goes, in the last bin.
    next: usize,
}

impl Bins {
    /// Reserves a cell for `length` bytes of data and returns its offset (spec, *Cell*).
    fn allocate(&mut self, length: usize) -> u32 {
        let size = (4 + length).next_multiple_of(8);
        if self.next + size > self.bytes.len() {
            self.close_bin();
            self.open_bin(size);
        }
        let cell = self.next;
        let stored = i32::try_from(size).expect("a cell below 2 GiB");
        self.bytes[cell..cell + 4].copy_from_slice(&(-stored).to_le_bytes());
        self.next += size;
        u32_of(cell)
    }

    fn put(&mut self, cell: u32, data: &[u8]) {
        let start = cell as usize + 4;
        self.bytes[start..start + data.len()].copy_from_slice(data);
    }

    fn finish(mut self, last_written: u64) -> Vec<u8> {
        self.close_bin();
        // The first bin repeats the time of the base block (spec, *Hive bin*, note 3).
        self.bytes[20..28].copy_from_slice(&last_written.to_le_bytes());
        self.bytes
    }

    fn open_bin(&mut self, cell_size: usize) {
        let start = self.bytes.len();
        let size = (BIN_HEADER + cell_size).next_multiple_of(BIN_UNIT);
        let header = Record::new(*b"hb").raw(b"in").u32(u32_of(start)).u32(u32_of(size)).done();
        self.bytes.extend(header);
        self.bytes.resize(start + size, 0);
        self.next = start + BIN_HEADER;
    }

    fn close_bin(&mut self) {
        let rest = u32_of(self.bytes.len() - self.next);
        if rest > 0 {
            let free = self.next;
            self.bytes[free..free + 4].copy_from_slice(&rest.to_le_bytes());
            self.next = self.bytes.len();
        }
    }
}
