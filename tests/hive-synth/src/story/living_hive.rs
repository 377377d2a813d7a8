use super::disk::{CopiedHive, Disk, LogFormat, Until, set_last_written};
use super::memory::Memory;
use crate::builder::HiveBuilder;
use crate::name::{bytes_of, compressed, folded, name_hash, name_hint, utf16};
use crate::record::{Record, u16_of, u32_of};
use crate::{NOWHERE, SEGMENT_SIZE};

const MINOR_VERSION: usize = 24;
const ROOT_CELL: usize = 36;

const NK_FLAGS: usize = 2;
const NK_WRITTEN: usize = 4;
const NK_PARENT: usize = 16;
const NK_SUBKEY_COUNT: usize = 20;
const NK_SUBKEY_LIST: usize = 28;
const NK_VALUE_COUNT: usize = 36;
const NK_VALUE_LIST: usize = 40;
const NK_SECURITY: usize = 44;
const NK_CLASS: usize = 48;
const NK_LARGEST_SUBKEY_NAME: usize = 52;
const NK_LARGEST_VALUE_NAME: usize = 60;
const NK_LARGEST_VALUE_DATA: usize = 64;
const NK_NAME_LENGTH: usize = 72;
const NK_NAME: usize = 76;
const KEY_NO_DELETE: u16 = 0x0008;
const KEY_COMP_NAME: u16 = 0x0020;

const VK_NAME_LENGTH: usize = 2;
const VK_DATA_SIZE: usize = 4;
const VK_DATA: usize = 8;
const VK_KIND: usize = 12;
const VK_FLAGS: usize = 16;
const VK_NAME: usize = 20;
const VALUE_COMP_NAME: u16 = 0x0001;
const RESIDENT_FLAG: u32 = 0x8000_0000;
const RESIDENT: usize = 4;

const SK_FLINK: usize = 4;
const SK_BLINK: usize = 8;
const SK_USERS: usize = 12;

const LIST_COUNT: usize = 2;
const LIST_ENTRIES: usize = 4;
/// Windows splits lists long before this; no story makes so many keys.
const LONGEST_LIST: usize = 500;

/// A hive that is loaded and changed, and its files as Windows writes them meanwhile.
///
/// Keys are addressed as in [`HiveBuilder`]. Every change is given its time and stamps the last-written times as
/// Windows does: a key that is made or deleted stamps its parent, a value stamps its key. A change is in memory alone
/// until it is flushed.
///
/// # Panics
/// All methods panic on what Windows would refuse (a path without a key, a second key of one name), on what a living
/// hive does not model (values over 16,344 bytes, subkeys lists with an index root), and after a crash, until
/// [`Self::recover`].
#[derive(Clone, Debug)]
pub struct LivingHive {
    memory: Memory,
    disk: Disk,
    crashed: bool,
}

impl LivingHive {
    /// A hive as described, clean on the disk, with empty logs.
    pub fn new(description: &HiveBuilder, format: LogFormat) -> Self {
        let bytes = description.build().bytes;
        Self { disk: Disk::new(bytes.clone(), format), memory: Memory::new(bytes), crashed: false }
    }

    // ---- what is there ----------------------------------------------------------------------------------------------

    /// Whether there is a key at this path.
    pub fn has_key(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// The names of the subkeys, in the order of their list.
    pub fn subkeys(&self, path: &str) -> Vec<String> {
        self.children(self.key(path))
            .into_iter()
            .map(|nk| String::from_utf16_lossy(&self.key_name(nk)))
            .collect()
    }

    /// The names of the values, in the order of their list.
    pub fn values(&self, path: &str) -> Vec<String> {
        let values = self.value_cells(self.key(path)).into_iter();
        values.map(|vk| String::from_utf16_lossy(&self.value_name(vk))).collect()
    }

    /// Type and data of a value.
    pub fn value(&self, path: &str, name: &str) -> Option<(u32, Vec<u8>)> {
        let vk = self.find_value(self.key(path), &utf16(name))?;
        Some((self.memory.u32(vk, VK_KIND), self.value_data(vk)))
    }

    /// The last-written time of a key.
    pub fn written(&self, path: &str) -> u64 {
        let field = &self.memory.data(self.key(path))[NK_WRITTEN..];
        u64::from_le_bytes(*field.first_chunk().expect("a key node"))
    }

    // ---- changes ----------------------------------------------------------------------------------------------------

    /// Makes the key at a path, with all parents that are missing.
    pub fn create_key(&mut self, path: &str, time: u64) {
        let names = names_of(path);
        let there = (0..names.len()).rev().find(|&depth| self.descend(&names[..depth]).is_some());
        let there = there.unwrap_or_else(|| panic!("the root key is there already"));
        assert!(self.descend(&names).is_none(), "there is a key {path:?} already");
        let mut parent = self.descend(&names[..there]).expect("found above");
        for name in &names[there..] {
            parent = self.create_child(parent, name, time);
        }
    }

    /// Sets a value; data that fits the cell of the old data is written over it.
    pub fn set_value(&mut self, path: &str, name: &str, kind: u32, data: &[u8], time: u64) {
        let key = self.key(path);
        self.set_value_of(key, &utf16(name), kind, data, time);
    }

    /// Deletes a value.
    pub fn delete_value(&mut self, path: &str, name: &str, time: u64) {
        let key = self.key(path);
        let vk =
            self.find_value(key, &utf16(name)).unwrap_or_else(|| panic!("no value {name:?} in {path:?}"));
        let mut cells = self.value_cells(key);
        cells.retain(|&cell| cell != vk);
        let list = self.memory.u32(key, NK_VALUE_LIST);
        if cells.is_empty() {
            self.memory.set_u32(key, NK_VALUE_LIST, NOWHERE);
            self.memory.free(list);
        } else {
            self.memory.set(list, 0, &offsets(&cells));
        }
        self.memory.set_u32(key, NK_VALUE_COUNT, u32_of(cells.len()));
        self.free_value(vk);
        self.stamp(key, time);
    }

    /// Deletes a key without subkeys, as `RegDeleteKey` does. Its parent forgets it first, then its values are freed, the
    /// list of these, its security, its class name and last the key itself, whose counts and offsets stay as they are.
    pub fn delete_key(&mut self, path: &str, time: u64) {
        let key = self.key(path);
        assert_eq!(self.memory.u16(key, NK_FLAGS) & KEY_NO_DELETE, 0, "the root key stays");
        assert!(self.children(key).is_empty(), "Windows deletes no key with subkeys: {path:?}");
        let parent = self.memory.u32(key, NK_PARENT);
        self.unlink(parent, key);
        for vk in self.value_cells(key) {
            self.free_value(vk);
        }
        for list in [NK_VALUE_LIST, NK_CLASS].map(|field| self.memory.u32(key, field)) {
            if list != NOWHERE {
                self.memory.free(list);
            }
        }
        self.release_security(self.memory.u32(key, NK_SECURITY));
        self.memory.free(key);
        self.stamp(parent, time);
    }

    /// Deletes a key and all below it, the deepest first, as a program must.
    pub fn delete_tree(&mut self, path: &str, time: u64) {
        for name in self.subkeys(path) {
            self.delete_tree(&format!(r"{path}\{name}"), time);
        }
        self.delete_key(path, time);
    }

    /// Moves a key and all below it as MAPI does with a profile (reference, section 4): the registry of that time
    /// renames nothing, so all is copied to new keys, then the old ones are deleted. Missing parents are made.
    pub fn move_tree(&mut self, from: &str, to: &str, time: u64) {
        self.copy_tree(from, to, time);
        self.delete_tree(from, time);
    }

    /// Makes the keys of a description at and below a path, as the program did that was described: key by key with
    /// all values, each at the time that the description gives it.
    pub fn create_as_described(&mut self, description: &HiveBuilder, path: &str) {
        let below = folded(&utf16(&format!(r"{path}\")));
        let paths = description.paths();
        let inside = |place: &String| folded(&utf16(&format!(r"{place}\"))).starts_with(&below);
        for (index, place) in paths.iter().enumerate().filter(|(_, place)| inside(place)) {
            let key = &description.keys[index];
            let time = key.written.unwrap_or(description.default_written);
            if !self.has_key(place) {
                self.create_key(place, description.earliest_written(index));
            }
            let cell = self.key(place);
            for value in &key.values {
                self.set_value_of(cell, &value.name, value.kind, &value.data, time);
            }
        }
    }

    // ---- the disk ---------------------------------------------------------------------------------------------------

    /// Flushes what changed (spec, *Flush strategies*). In the old format that writes the log and the primary, in the
    /// new one an entry with the pages that changed since the last flush; the primary is then dirty until
    /// [`Self::reconcile`]. The time is that of the base block, which Windows 8.1 and later do not keep.
    pub fn flush(&mut self, time: u64) {
        self.assert_running();
        if self.disk.format().is_old() {
            self.stamp_hive(time);
            let dirty = self.memory.take_dirty();
            self.disk.write_log_and_primary(&self.memory, &dirty, Until::Done);
        } else {
            let dirty = self.memory.take_dirty();
            assert!(!dirty.is_empty(), "nothing changed since the last flush");
            self.disk.write_entry(&self.memory, dirty, None);
        }
    }

    /// Writes all unreconciled pages to the primary, which is then clean; the next entry goes to the start of the other
    /// log, over what stands there. In the old format there is never anything to reconcile.
    pub fn reconcile(&mut self) {
        self.assert_running();
        assert!(!self.disk.is_reconciled(), "nothing is unreconciled");
        assert!(!self.memory.is_dirty(), "flush what changed before the primary is written");
        self.disk.reconcile(&self.memory, None);
    }

    /// Lets the next entry go to the other log although nothing is reconciled (spec, *Multiple transaction log files*,
    /// *New format*): the entries to apply are then in both. Only once, for the third turn would lose the first.
    pub fn switch_log(&mut self) {
        self.assert_running();
        assert!(!self.disk.format().is_old(), "logs are switched in the new format");
        self.disk.switch_log();
    }

    /// The machine stops while the primary is written, when so many pages are there. In the old format the log of this
    /// flush is whole, in the new one it is the reconciliation that stops half-way.
    pub fn crash_while_writing_primary(&mut self, time: u64, pages: usize) {
        self.assert_running();
        if self.disk.format().is_old() {
            self.stamp_hive(time);
            let dirty = self.memory.take_dirty();
            self.disk.write_log_and_primary(&self.memory, &dirty, Until::InPrimary(pages));
        } else {
            assert!(!self.memory.is_dirty(), "flush what changed before the primary is written");
            self.disk.reconcile(&self.memory, Some(pages));
        }
        self.crashed = true;
    }

    /// The machine stops during a flush, when so many bytes of the new entry, or of the log behind its base block, are
    /// there. What was to be flushed is lost.
    pub fn crash_while_writing_log(&mut self, time: u64, bytes: usize) {
        self.assert_running();
        if self.disk.format().is_old() {
            self.stamp_hive(time);
            let dirty = self.memory.take_dirty();
            self.disk.write_log_and_primary(&self.memory, &dirty, Until::InLog(bytes));
        } else {
            let dirty = self.memory.take_dirty();
            self.disk.write_entry(&self.memory, dirty, Some(bytes));
        }
        self.crashed = true;
    }

    /// Windows loads the hive again after a crash: what is durable is applied and written to the primary.
    pub fn recover(&mut self) {
        assert!(self.crashed, "there was no crash");
        self.memory = self.disk.recover();
        self.crashed = false;
    }

    /// The files as they lie on the disk, copied without a snapshot.
    pub fn copy(&self) -> CopiedHive {
        self.disk.files().clone()
    }

    /// The hive in memory, with what was not flushed, as a clean primary file.
    pub fn state(&self) -> Vec<u8> {
        self.disk.clean_image(&self.memory)
    }

    /// The hive as of the last flush that is whole on the disk, as a clean primary file: what a reader gets who applies
    /// the logs to a copy. Without changes since then and without a crash that is [`Self::state`].
    pub fn durable(&self) -> Vec<u8> {
        self.disk.durable().to_vec()
    }

    /// Whether anything changed since the last flush.
    pub fn is_changed(&self) -> bool {
        self.memory.is_dirty()
    }

    /// Whether the machine has stopped and [`Self::recover`] comes next.
    pub fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// The format of the logs.
    pub fn format(&self) -> LogFormat {
        self.disk.format()
    }

    fn assert_running(&self) {
        assert!(!self.crashed, "the machine has crashed; recover first");
    }

    fn stamp_hive(&mut self, time: u64) {
        set_last_written(self.memory.base_block(), time);
        self.memory.stamp_first_bin(time);
    }

    // ---- keys -------------------------------------------------------------------------------------------------------

    fn key(&self, path: &str) -> u32 {
        self.find(path).unwrap_or_else(|| panic!("no key {path:?} in this hive"))
    }

    fn find(&self, path: &str) -> Option<u32> {
        self.descend(&names_of(path))
    }

    fn descend(&self, names: &[Vec<u16>]) -> Option<u32> {
        let root = u32::from_le_bytes(*self.memory.bytes()[ROOT_CELL..].first_chunk().expect("a base block"));
        names.iter().try_fold(root, |key, name| {
            let wanted = folded(name);
            self.children(key).into_iter().find(|&child| folded(&self.key_name(child)) == wanted)
        })
    }

    fn create_child(&mut self, parent: u32, name: &[u16], time: u64) -> u32 {
        self.assert_running();
        let security = self.memory.u32(parent, NK_SECURITY);
        let (stored, comp) = stored_name(name);
        let nk = self.memory.allocate(NK_NAME + stored.len());
        let record = Record::new(*b"nk")
            .u16(if comp { KEY_COMP_NAME } else { 0 })
            .u64(time)
            .u32(0)
            .u32(parent)
            .u32(0)
            .u32(0)
            .u32(NOWHERE)
            .u32(NOWHERE)
            .u32(0)
            .u32(NOWHERE)
            .u32(security)
            .u32(NOWHERE)
            .raw(&[0; 20])
            .u16(u16_of(stored.len()))
            .u16(0)
            .raw(&stored)
            .done();
        self.memory.set(nk, 0, &record);
        let users = self.memory.u32(security, SK_USERS) + 1;
        self.memory.set_u32(security, SK_USERS, users);
        self.link(parent, nk);
        self.raise(parent, NK_LARGEST_SUBKEY_NAME, 2 * name.len());
        self.stamp(parent, time);
        nk
    }

    fn copy_tree(&mut self, from: &str, to: &str, time: u64) {
        self.create_key(to, time);
        let (source, target) = (self.key(from), self.key(to));
        for vk in self.value_cells(source) {
            let (name, kind, data) = (self.value_name(vk), self.memory.u32(vk, VK_KIND), self.value_data(vk));
            self.set_value_of(target, &name, kind, &data, time);
        }
        for name in self.subkeys(from) {
            self.copy_tree(&format!(r"{from}\{name}"), &format!(r"{to}\{name}"), time);
        }
    }

    fn stamp(&mut self, key: u32, time: u64) {
        self.assert_running();
        self.memory.set(key, NK_WRITTEN, &time.to_le_bytes());
    }

    /// The largest-of fields of a key grow with what comes and stay when it goes.
    fn raise(&mut self, key: u32, field: usize, size: usize) {
        let largest = self.memory.u32(key, field).max(u32_of(size));
        self.memory.set_u32(key, field, largest);
    }

    fn key_name(&self, nk: u32) -> Vec<u16> {
        let length = usize::from(self.memory.u16(nk, NK_NAME_LENGTH));
        let comp = self.memory.u16(nk, NK_FLAGS) & KEY_COMP_NAME != 0;
        units_of(&self.memory.data(nk)[NK_NAME..NK_NAME + length], comp)
    }

    // ---- subkeys lists ----------------------------------------------------------------------------------------------

    fn children(&self, key: u32) -> Vec<u32> {
        let list = self.memory.u32(key, NK_SUBKEY_LIST);
        if list == NOWHERE {
            return Vec::new();
        }
        let kind = &self.memory.data(list)[..2];
        assert_ne!(kind, b"ri", "a living hive has no index roots");
        let size = if kind == b"li" { 4 } else { 8 };
        let count = usize::from(self.memory.u16(list, LIST_COUNT));
        (0..count).map(|index| self.memory.u32(list, LIST_ENTRIES + size * index)).collect()
    }

    /// Adds a key to the list of its parent. A list that is full is copied to a cell with room for half as many again.
    fn link(&mut self, parent: u32, child: u32) {
        let mut children = self.children(parent);
        let name = folded(&self.key_name(child));
        let index = children.partition_point(|&other| folded(&self.key_name(other)) < name);
        children.insert(index, child);
        assert!(children.len() <= LONGEST_LIST, "a living hive has no index roots");

        let old = self.memory.u32(parent, NK_SUBKEY_LIST);
        let record = self.list_record(&children);
        let list = if old != NOWHERE && record.len() <= self.memory.data(old).len() {
            old
        } else {
            let room = if old == NOWHERE { record.len() } else { record.len() + record.len() / 2 };
            self.memory.allocate(room)
        };
        self.memory.set(list, 0, &record);
        self.memory.set_u32(parent, NK_SUBKEY_LIST, list);
        self.memory.set_u32(parent, NK_SUBKEY_COUNT, u32_of(children.len()));
        if old != NOWHERE && old != list {
            self.memory.free(old);
        }
    }

    /// Takes a key out of the list of its parent. The last entry stays where it was, behind the end of the list.
    fn unlink(&mut self, parent: u32, child: u32) {
        self.assert_running();
        let mut children = self.children(parent);
        children.retain(|&other| other != child);
        let list = self.memory.u32(parent, NK_SUBKEY_LIST);
        if children.is_empty() {
            self.memory.set_u32(parent, NK_SUBKEY_LIST, NOWHERE);
            self.memory.free(list);
        } else {
            let record = self.list_record(&children);
            self.memory.set(list, 0, &record);
        }
        self.memory.set_u32(parent, NK_SUBKEY_COUNT, u32_of(children.len()));
    }

    /// Windows writes the kind of list that the version of the hive knows best (spec, *Base block*, *Minor version*).
    fn list_record(&self, children: &[u32]) -> Vec<u8> {
        let signature = match self.memory.bytes()[MINOR_VERSION] {
            ..=2 => *b"li",
            3 | 4 => *b"lf",
            5.. => *b"lh",
        };
        children
            .iter()
            .fold(Record::new(signature).u16(u16_of(children.len())), |record, &child| {
                let name = self.key_name(child);
                let record = record.u32(child);
                match &signature {
                    b"li" => record,
                    b"lf" => record.raw(&name_hint(&name)),
                    _ => record.u32(name_hash(&name)),
                }
            })
            .done()
    }

    // ---- values -----------------------------------------------------------------------------------------------------

    fn set_value_of(&mut self, key: u32, name: &[u16], kind: u32, data: &[u8], time: u64) {
        assert!(data.len() <= SEGMENT_SIZE, "a living hive has no values over {SEGMENT_SIZE} bytes");
        match self.find_value(key, name) {
            Some(vk) => self.replace_value(vk, kind, data),
            None => self.add_value(key, name, kind, data),
        }
        self.raise(key, NK_LARGEST_VALUE_NAME, 2 * name.len());
        self.raise(key, NK_LARGEST_VALUE_DATA, data.len());
        self.stamp(key, time);
    }

    fn add_value(&mut self, key: u32, name: &[u16], kind: u32, data: &[u8]) {
        let (stored, comp) = stored_name(name);
        let vk = self.memory.allocate(VK_NAME + stored.len());
        let field = self.store_data(data);
        let record = Record::new(*b"vk")
            .u16(u16_of(stored.len()))
            .raw(&field)
            .u32(kind)
            .u16(if comp { VALUE_COMP_NAME } else { 0 })
            .u16(0)
            .raw(&stored)
            .done();
        self.memory.set(vk, 0, &record);

        let mut cells = self.value_cells(key);
        let old = self.memory.u32(key, NK_VALUE_LIST);
        let old = (!cells.is_empty()).then_some(old);
        cells.push(vk);
        let list = match old {
            Some(list) if 4 * cells.len() <= self.memory.data(list).len() => list,
            _ => self.memory.allocate(4 * cells.len()),
        };
        self.memory.set(list, 0, &offsets(&cells));
        self.memory.set_u32(key, NK_VALUE_LIST, list);
        self.memory.set_u32(key, NK_VALUE_COUNT, u32_of(cells.len()));
        if let Some(old) = old.filter(|&old| old != list) {
            self.memory.free(old);
        }
    }

    fn replace_value(&mut self, vk: u32, kind: u32, data: &[u8]) {
        let old = self.data_cell(vk);
        match old {
            Some(cell) if data.len() > RESIDENT && data.len() <= self.memory.data(cell).len() => {
                self.memory.set(cell, 0, data);
                self.memory.set_u32(vk, VK_DATA_SIZE, u32_of(data.len()));
            }
            _ => {
                let field = self.store_data(data);
                self.memory.set(vk, VK_DATA_SIZE, &field);
                if let Some(cell) = old {
                    self.memory.free(cell);
                }
            }
        }
        self.memory.set_u32(vk, VK_KIND, kind);
    }

    /// The data size and data offset fields of a `vk` with this data, which is stored (spec, *Data size*).
    fn store_data(&mut self, data: &[u8]) -> [u8; 8] {
        let mut field = [0; 8];
        let mut size = u32_of(data.len());
        if data.len() > RESIDENT {
            let cell = self.memory.allocate(data.len());
            self.memory.set(cell, 0, data);
            field[4..].copy_from_slice(&cell.to_le_bytes());
        } else {
            size |= RESIDENT_FLAG;
            field[4..4 + data.len()].copy_from_slice(data);
        }
        field[..4].copy_from_slice(&size.to_le_bytes());
        field
    }

    fn free_value(&mut self, vk: u32) {
        if let Some(cell) = self.data_cell(vk) {
            self.memory.free(cell);
        }
        self.memory.free(vk);
    }

    fn value_cells(&self, key: u32) -> Vec<u32> {
        let count = self.memory.u32(key, NK_VALUE_COUNT) as usize;
        let list = self.memory.u32(key, NK_VALUE_LIST);
        (0..count).map(|index| self.memory.u32(list, 4 * index)).collect()
    }

    fn find_value(&self, key: u32, name: &[u16]) -> Option<u32> {
        let wanted = folded(name);
        self.value_cells(key).into_iter().find(|&vk| folded(&self.value_name(vk)) == wanted)
    }

    fn value_name(&self, vk: u32) -> Vec<u16> {
        let length = usize::from(self.memory.u16(vk, VK_NAME_LENGTH));
        let comp = self.memory.u16(vk, VK_FLAGS) & VALUE_COMP_NAME != 0;
        units_of(&self.memory.data(vk)[VK_NAME..VK_NAME + length], comp)
    }

    fn value_data(&self, vk: u32) -> Vec<u8> {
        let size = (self.memory.u32(vk, VK_DATA_SIZE) & !RESIDENT_FLAG) as usize;
        match self.data_cell(vk) {
            Some(cell) => self.memory.data(cell)[..size].to_vec(),
            None => self.memory.data(vk)[VK_DATA..VK_DATA + size].to_vec(),
        }
    }

    fn data_cell(&self, vk: u32) -> Option<u32> {
        let size = self.memory.u32(vk, VK_DATA_SIZE);
        assert!(
            size & RESIDENT_FLAG != 0 || size as usize <= SEGMENT_SIZE,
            "a living hive has no values over {SEGMENT_SIZE} bytes"
        );
        (size & RESIDENT_FLAG == 0).then(|| self.memory.u32(vk, VK_DATA))
    }

    // ---- security ---------------------------------------------------------------------------------------------------

    /// Counts one user less; without users the `sk` leaves the ring.
    fn release_security(&mut self, sk: u32) {
        let users = self.memory.u32(sk, SK_USERS) - 1;
        self.memory.set_u32(sk, SK_USERS, users);
        if users == 0 {
            let (next, previous) = (self.memory.u32(sk, SK_FLINK), self.memory.u32(sk, SK_BLINK));
            self.memory.set_u32(previous, SK_FLINK, next);
            self.memory.set_u32(next, SK_BLINK, previous);
            self.memory.free(sk);
        }
    }
}

fn names_of(path: &str) -> Vec<Vec<u16>> {
    path.split('\\').filter(|name| !name.is_empty()).map(utf16).collect()
}

/// The bytes of a name and whether they are extended ASCII. Windows does not call an empty name compressed.
fn stored_name(name: &[u16]) -> (Vec<u8>, bool) {
    match compressed(name) {
        Some(bytes) if !name.is_empty() => (bytes, true),
        _ => (bytes_of(name), false),
    }
}

fn units_of(bytes: &[u8], comp: bool) -> Vec<u16> {
    if comp {
        bytes.iter().copied().map(u16::from).collect()
    } else {
        bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
    }
}

fn offsets(cells: &[u32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}
