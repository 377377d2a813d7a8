use std::collections::HashMap;

use crate::layout::Layout;
use crate::name::{bytes_of, folded, utf16, utf16_nul};
use crate::security::SecurityDescriptor;
use crate::synth_hive::SynthHive;
use crate::{
    REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_QWORD, REG_SZ, filetime, writer,
};

/// Minor version of the format; the major version is always 1 (spec, *Base block*, *Very old versions of Windows*).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// Windows NT 3.5: no fast leaves.
    V1_2,
    /// Windows NT 4.0 and later: fast leaves; no big data.
    V1_3,
    /// Pre-release Windows XP: big data.
    V1_4,
    /// Windows XP and later: hash leaves.
    V1_5,
    /// Windows 10 and later: layered keys.
    V1_6,
}

impl Version {
    /// The number in the base block.
    pub fn minor(self) -> u32 {
        match self {
            Self::V1_2 => 2,
            Self::V1_3 => 3,
            Self::V1_4 => 4,
            Self::V1_5 => 5,
            Self::V1_6 => 6,
        }
    }

    /// The subkey list that Windows writes into hives of this version.
    pub fn list_kind(self) -> ListKind {
        match self {
            Self::V1_2 => ListKind::Index,
            Self::V1_3 | Self::V1_4 => ListKind::Fast,
            Self::V1_5 | Self::V1_6 => ListKind::Hash,
        }
    }
}

/// The kind of a leaf in a subkey list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListKind {
    /// `li`, offsets only (spec, *Index leaf*).
    Index,
    /// `lf`, with the first four characters (spec, *Fast leaf*).
    Fast,
    /// `lh`, with a hash (spec, *Hash leaf*).
    Hash,
}

/// A key of a builder, also when its path is ambiguous or cannot be written as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeyId(pub(crate) usize);

/// The description of a hive. Keys are addressed by path relative to the root and come into being on first use.
#[derive(Clone, Debug)]
pub struct HiveBuilder {
    pub(crate) version: Version,
    pub(crate) list_kind: ListKind,
    pub(crate) leaf_size: usize,
    pub(crate) wide_names: bool,
    pub(crate) sequences: (u32, u32),
    pub(crate) last_written: u64,
    pub(crate) file_name: Vec<u16>,
    pub(crate) default_written: u64,
    pub(crate) keys: Vec<Key>,
    /// The first key made of each name below each parent.
    by_name: HashMap<(usize, Vec<u16>), usize>,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Key {
    pub(crate) name: Vec<u16>,
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) values: Vec<Value>,
    pub(crate) written: Option<u64>,
    pub(crate) class: Vec<u16>,
    pub(crate) security: Option<Vec<u8>>,
    pub(crate) more_flags: u16,
    pub(crate) access_bits: u32,
    pub(crate) keep_order: bool,
    pub(crate) repeat_subkeys: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: Vec<u16>,
    pub(crate) kind: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) tombstone: bool,
}

impl HiveBuilder {
    /// An empty, clean hive: a root key that belongs to administrators, sequence numbers 1, no file name.
    pub fn new(version: Version) -> Self {
        let time = filetime(2001, 1, 1, 0, 0, 0, 0);
        let root_name = match version {
            Version::V1_2 | Version::V1_3 => "$$$PROTO.HIV",
            Version::V1_4 | Version::V1_5 | Version::V1_6 => {
                "CMI-CreateHive{6A1C4018-979D-4291-A7DC-7AED1C75B67C}"
            }
        };
        let root = Key {
            name: utf16(root_name),
            security: Some(SecurityDescriptor::default_hive().bytes()),
            repeat_subkeys: 1,
            ..Key::default()
        };
        let list_kind = version.list_kind();
        Self {
            version,
            list_kind,
            leaf_size: writer::largest_leaf(list_kind),
            wide_names: false,
            sequences: (1, 1),
            last_written: time,
            file_name: Vec::new(),
            default_written: time,
            keys: vec![root],
            by_name: HashMap::new(),
        }
    }

    /// Writes another kind of subkey list than the version suggests.
    pub fn list_kind(&mut self, kind: ListKind) -> &mut Self {
        self.list_kind = kind;
        self.leaf_size = self.leaf_size.min(writer::largest_leaf(kind));
        self
    }

    /// Most entries in a leaf; a key with more subkeys gets an index root `ri` (spec, *Index root*). Windows splits
    /// near 500; a small number gives tests an index root with few keys.
    ///
    /// # Panics
    /// When the size is 0.
    pub fn leaf_size(&mut self, entries: usize) -> &mut Self {
        assert!(entries > 0, "a leaf holds at least one entry");
        self.leaf_size = entries;
        self
    }

    /// Writes all key and value names in UTF-16LE, also those that would fit extended ASCII.
    pub fn wide_names(&mut self, wide: bool) -> &mut Self {
        self.wide_names = wide;
        self
    }

    /// Primary and secondary sequence number; different numbers make the hive dirty (spec, *Dirty state of a hive*).
    pub fn sequences(&mut self, primary: u32, secondary: u32) -> &mut Self {
        self.sequences = (primary, secondary);
        self
    }

    /// Last-written time of the base block and of the first hive bin.
    pub fn last_written(&mut self, time: u64) -> &mut Self {
        self.last_written = time;
        self
    }

    /// The path of the hive; the base block keeps its last 31 characters and a NUL.
    pub fn file_name(&mut self, path: &str) -> &mut Self {
        self.file_name = utf16(path);
        self
    }

    /// Last-written time of all keys that are given none.
    pub fn default_written(&mut self, time: u64) -> &mut Self {
        self.default_written = time;
        self
    }

    /// Name of the root key.
    pub fn root_name(&mut self, name: &str) -> &mut Self {
        self.keys[0].name = utf16(name);
        self
    }

    /// Security of the root key, and so of all keys that are given none.
    pub fn root_security(&mut self, security: &SecurityDescriptor) -> &mut Self {
        self.keys[0].security = Some(security.bytes());
        self
    }

    /// The root key.
    pub fn root(&mut self) -> KeyBuilder<'_> {
        KeyBuilder { hive: self, id: KeyId(0) }
    }

    /// The key at a path like `Software\Microsoft`, made with all its parents where it is missing. Names are compared
    /// as Windows does, without case. An empty path is the root.
    pub fn key(&mut self, path: &str) -> KeyBuilder<'_> {
        let id = self.descend(KeyId(0), path);
        KeyBuilder { hive: self, id }
    }

    /// Whether a key of this path was made.
    pub fn has_key(&self, path: &str) -> bool {
        let mut names = path.split('\\').filter(|name| !name.is_empty());
        names.try_fold(KeyId(0), |parent, name| self.find(parent, &utf16(name))).is_some()
    }

    /// The key with this id.
    pub fn by_id(&mut self, id: KeyId) -> KeyBuilder<'_> {
        KeyBuilder { hive: self, id }
    }

    /// Writes the hive.
    ///
    /// # Panics
    /// When a name or a list is larger than the format can express.
    pub fn build(&self) -> SynthHive {
        let (bytes, places): (Vec<u8>, Layout) = writer::write(self);
        SynthHive { bytes, layout: places }
    }

    /// The paths of all keys, in the order in which these were made: a key comes after its parent.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let name = String::from_utf16_lossy(&key.name);
            paths.push(match key.parent {
                None => String::new(),
                Some(0) => name,
                Some(parent) => format!(r"{}\{name}", paths[parent]),
            });
        }
        paths
    }

    /// The earliest last-written time of a key and all below it.
    pub(crate) fn earliest_written(&self, index: usize) -> u64 {
        let key = &self.keys[index];
        let own = key.written.unwrap_or(self.default_written);
        key.children.iter().map(|&child| self.earliest_written(child)).fold(own, u64::min)
    }

    fn descend(&mut self, from: KeyId, path: &str) -> KeyId {
        let names = path.split('\\').filter(|name| !name.is_empty());
        names.fold(from, |parent, name| self.find_or_add(parent, &utf16(name)))
    }

    fn find_or_add(&mut self, parent: KeyId, name: &[u16]) -> KeyId {
        self.find(parent, name).unwrap_or_else(|| self.add(parent, name))
    }

    fn find(&self, parent: KeyId, name: &[u16]) -> Option<KeyId> {
        self.by_name.get(&(parent.0, folded(name))).copied().map(KeyId)
    }

    fn add(&mut self, parent: KeyId, name: &[u16]) -> KeyId {
        let id = self.keys.len();
        self.keys.push(Key {
            name: name.to_vec(),
            parent: Some(parent.0),
            repeat_subkeys: 1,
            ..Key::default()
        });
        self.keys[parent.0].children.push(id);
        self.by_name.entry((parent.0, folded(name))).or_insert(id);
        KeyId(id)
    }
}

/// One key of a [`HiveBuilder`]; every call changes the key and returns it.
#[derive(Debug)]
pub struct KeyBuilder<'h> {
    hive: &'h mut HiveBuilder,
    id: KeyId,
}

impl KeyBuilder<'_> {
    /// What finds this key again, in the builder and in the layout.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key at a path below this one, made where it is missing.
    pub fn key(&mut self, path: &str) -> KeyBuilder<'_> {
        let id = self.hive.descend(self.id, path);
        KeyBuilder { hive: self.hive, id }
    }

    /// A subkey whose name is any UTF-16 units: backslashes, control characters, lone surrogates.
    pub fn raw_key(&mut self, name: &[u16]) -> KeyBuilder<'_> {
        let id = self.hive.find_or_add(self.id, name);
        KeyBuilder { hive: self.hive, id }
    }

    /// A new subkey, also when one of this name exists: Windows never writes that.
    pub fn duplicate_key(&mut self, name: &str) -> KeyBuilder<'_> {
        let id = self.hive.add(self.id, &utf16(name));
        KeyBuilder { hive: self.hive, id }
    }

    /// Last-written time.
    pub fn written(&mut self, time: u64) -> &mut Self {
        self.node().written = Some(time);
        self
    }

    /// Last-written time, unless the key has a later one.
    pub fn written_no_earlier_than(&mut self, time: u64) -> &mut Self {
        let node = self.node();
        node.written = node.written.max(Some(time));
        self
    }

    /// Class name.
    pub fn class(&mut self, class: &str) -> &mut Self {
        self.node().class = utf16(class);
        self
    }

    /// Security of this key, and of all keys below that are given none.
    pub fn security(&mut self, security: &SecurityDescriptor) -> &mut Self {
        let bytes = security.bytes();
        self.raw_security(&bytes)
    }

    /// Any bytes as security descriptor.
    pub fn raw_security(&mut self, descriptor: &[u8]) -> &mut Self {
        self.node().security = Some(descriptor.to_vec());
        self
    }

    /// Flags to set beside those the writer sets itself (spec, *Key node*, *Flags*).
    pub fn flags(&mut self, flags: u16) -> &mut Self {
        self.node().more_flags = flags;
        self
    }

    /// The access bits, and in 1.6 hives the layered key fields in their second byte.
    pub fn access_bits(&mut self, bits: u32) -> &mut Self {
        self.node().access_bits = bits;
        self
    }

    /// Lists the subkeys in the order in which they were made instead of sorted: Windows never writes that.
    pub fn keep_order(&mut self) -> &mut Self {
        self.node().keep_order = true;
        self
    }

    /// Names every subkey this many times in a row: Windows never writes that.
    pub fn repeat_subkeys(&mut self, times: usize) -> &mut Self {
        self.node().repeat_subkeys = times;
        self
    }

    /// Sets a value; an empty name is the unnamed (default) value. A value of the same name is replaced.
    pub fn value(&mut self, name: &str, kind: u32, data: &[u8]) -> &mut Self {
        self.raw_value(&utf16(name), kind, data)
    }

    /// Sets a value whose name is any UTF-16 units.
    pub fn raw_value(&mut self, name: &[u16], kind: u32, data: &[u8]) -> &mut Self {
        let value = Value { name: name.to_vec(), kind, data: data.to_vec(), tombstone: false };
        let wanted = folded(name);
        let values = &mut self.node().values;
        match values.iter_mut().find(|other| folded(&other.name) == wanted) {
            Some(same) => *same = value,
            None => values.push(value),
        }
        self
    }

    /// Adds a value also when one of this name exists: Windows never writes that.
    pub fn duplicate_value(&mut self, name: &str, kind: u32, data: &[u8]) -> &mut Self {
        let value = Value { name: utf16(name), kind, data: data.to_vec(), tombstone: false };
        self.node().values.push(value);
        self
    }

    /// Adds a tombstone value, which hides a value of a lower layer (spec, *Key value*, *Flags*; 1.6 hives).
    pub fn tombstone(&mut self, name: &str) -> &mut Self {
        let value = Value { name: utf16(name), kind: REG_NONE, data: Vec::new(), tombstone: true };
        self.node().values.push(value);
        self
    }

    /// Takes a value out again.
    ///
    /// # Panics
    /// When the key has no such value.
    pub fn remove_value(&mut self, name: &str) -> &mut Self {
        let wanted = folded(&utf16(name));
        let values = &mut self.node().values;
        let index = values.iter().position(|value| folded(&value.name) == wanted);
        values.remove(index.unwrap_or_else(|| panic!("no value {name:?} to remove")));
        self
    }

    /// Sets a `REG_SZ` value.
    pub fn sz(&mut self, name: &str, text: &str) -> &mut Self {
        self.value(name, REG_SZ, &utf16_nul(text))
    }

    /// Sets a `REG_EXPAND_SZ` value.
    pub fn expand_sz(&mut self, name: &str, text: &str) -> &mut Self {
        self.value(name, REG_EXPAND_SZ, &utf16_nul(text))
    }

    /// Sets a `REG_MULTI_SZ` value.
    pub fn multi_sz(&mut self, name: &str, texts: &[&str]) -> &mut Self {
        let mut data: Vec<u8> = texts.iter().flat_map(|text| utf16_nul(text)).collect();
        data.extend(bytes_of(&[0]));
        self.value(name, REG_MULTI_SZ, &data)
    }

    /// Sets a `REG_DWORD` value.
    pub fn dword(&mut self, name: &str, number: u32) -> &mut Self {
        self.value(name, REG_DWORD, &number.to_le_bytes())
    }

    /// Sets a `REG_QWORD` value.
    pub fn qword(&mut self, name: &str, number: u64) -> &mut Self {
        self.value(name, REG_QWORD, &number.to_le_bytes())
    }

    /// Sets a `REG_BINARY` value.
    pub fn binary(&mut self, name: &str, data: &[u8]) -> &mut Self {
        self.value(name, REG_BINARY, data)
    }

    fn node(&mut self) -> &mut Key {
        &mut self.hive.keys[self.id.0]
    }
}

/// A hive in which every list names one child `width` times, `levels` deep: a walk without memory visits
/// `width` to the power of `levels` keys.
pub fn dag_bomb(version: Version, width: usize, levels: usize) -> SynthHive {
    let mut hive = HiveBuilder::new(version);
    let mut id = hive.root().id();
    for level in 0..levels {
        let mut parent = hive.by_id(id);
        parent.repeat_subkeys(width);
        id = parent.key(&format!("level{level:02}")).id();
    }
    hive.build()
}
