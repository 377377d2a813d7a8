//! Records of a hive read by offset, each access checked against the bytes there are.
//!
//! Source of every layout: the public specification of the registry file format (M. Suhanov, "Windows registry file
//! format specification"), sections "Cell", "Key node", "Key value", "Key security", "Big data" and the lists.
//! What nt-hive does not tell (times, offsets, flags, security, value bytes) is read here, and what it cannot read.

use std::borrow::Cow;

use crate::wintypes::{Filetime, decode_latin1, decode_utf16le, escape_component, hex, plain_component};

use super::{Error, Offset, ValueType};

/// Length of the base block; the first bin begins behind it.
pub(super) const BASE_BLOCK_SIZE: usize = 4096;

/// Length of a cell's size field.
pub(super) const CELL_HEADER: usize = 4;

/// Bytes of a segment of big data that hold data (section "Big data").
pub(super) const SEGMENT: usize = 16_344;

/// A place inside the bins as records refer to each other: bytes from the first bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellOffset(pub u32);

impl CellOffset {
    /// "No cell": an unset reference.
    pub const NONE: Self = Self(u32::MAX);

    /// The place that lies at a byte of the file; `None` in the base block or behind what an offset can name.
    pub(super) fn of_file(at: usize) -> Option<Self> {
        u32::try_from(at.checked_sub(BASE_BLOCK_SIZE)?).ok().map(Self)
    }

    /// The same place counted from the start of the file.
    pub fn in_file(self) -> Offset {
        Offset(BASE_BLOCK_SIZE as u64 + u64::from(self.0))
    }
}

/// The bytes of a hive from its base block to the end of its bins.
#[derive(Clone, Copy, Debug)]
pub struct Bins<'b> {
    bytes: &'b [u8],
}

/// What looks like a key node at `at`, whatever its cell is or was; `bytes` begin with its cell.
pub(super) fn key_node_anywhere(at: CellOffset, bytes: &[u8]) -> Option<KeyNode<'_>> {
    /// Longest key node in bytes, as far as it is of interest.
    const LONGEST: usize = KEY_NODE_HEADER + 1024;

    let rest = bytes.get(CELL_HEADER..)?;
    if !rest.starts_with(b"nk") {
        return None;
    }
    KeyNode::in_bytes(at, rest.get(..LONGEST).unwrap_or(rest)).ok()
}

/// An allocated cell: its place and the bytes behind its size field.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'b> {
    at: CellOffset,
    data: &'b [u8],
}

impl<'b> Bins<'b> {
    /// Takes the bytes of a file whose bins end at `end` (cut to the bytes there are).
    pub fn new(file: &'b [u8], end: usize) -> Self {
        Self { bytes: file.get(..end).unwrap_or(file) }
    }

    /// The bytes from the start of the file to the end of the bins.
    pub fn bytes(self) -> &'b [u8] {
        self.bytes
    }

    /// The cell at `at`, which must be allocated and lie wholly inside the bins.
    #[inline]
    pub fn cell(self, at: CellOffset) -> Result<Cell<'b>, Error> {
        if at == CellOffset::NONE {
            return Err(Error::NoCell);
        }
        let bytes = self.bytes;
        // Built only when needed: this runs for every cell.
        let out_of_bins = || Error::OutOfBins { target: at.in_file().0, end: bytes.len() as u64 };
        let rest = usize::try_from(at.in_file().0).ok().and_then(|start| bytes.get(start..));
        let rest = rest.ok_or_else(out_of_bins)?;
        let header = rest.first_chunk::<CELL_HEADER>().ok_or_else(out_of_bins)?;
        let size = i32::from_le_bytes(*header);
        if size > 0 {
            return Err(Error::FreeCell { size: size.unsigned_abs() });
        }
        let size = size.unsigned_abs() as usize;
        let Some(data) = rest.get(CELL_HEADER..size) else {
            return Err(Error::CellSize { size: size as u64, left: rest.len() as u64 });
        };
        Ok(Cell { at, data })
    }

    /// The key node at `at`.
    #[inline]
    pub fn key_node(self, at: CellOffset) -> Result<KeyNode<'b>, Error> {
        KeyNode::new(self.cell(at)?)
    }

    /// The key value at `at`.
    #[inline]
    pub fn key_value(self, at: CellOffset) -> Result<KeyValue<'b>, Error> {
        KeyValue::new(self.cell(at)?)
    }

    /// The bytes of the security descriptor that the `sk` record at `at` holds.
    pub fn security_descriptor(self, at: CellOffset) -> Result<&'b [u8], Error> {
        let cell = self.cell(at)?;
        cell.expect_signature(*b"sk", "sk")?;
        let size = u64::from(cell.u32(16)?);
        let found = cell.data.len() as u64;
        usize::try_from(size)
            .ok()
            .and_then(|size| cell.data.get(20..)?.get(..size))
            .ok_or(Error::RecordTooLong { record: "sk", needed: 20 + size, found })
    }

    /// The list of subkeys at `at`: a leaf, or an index root that refers to leaves.
    pub fn subkey_list(self, at: CellOffset) -> Result<SubkeyList<'b>, Error> {
        let cell = self.cell(at)?;
        let (kind, entry_size) = match cell.signature()? {
            [b'l', b'i'] => (SubkeyListKind::IndexLeaf, 4),
            [b'l', b'f'] => (SubkeyListKind::FastLeaf, 8),
            [b'l', b'h'] => (SubkeyListKind::HashLeaf, 8),
            [b'r', b'i'] => (SubkeyListKind::IndexRoot, 4),
            other => return Err(signature_error("lf, lh, li or ri", other)),
        };
        let declared = usize::from(cell.u16(2)?);
        let entries = cell.data.get(4..).unwrap_or_default();
        let whole = entries.get(..declared * entry_size);
        Ok(SubkeyList { at, kind, declared, entries: whole.unwrap_or(entries) })
    }

    /// The offsets in a key's list of values, as many as the key counts or the cell holds; the flag tells whether the
    /// cell held them all.
    pub fn value_list(self, key: &KeyNode<'b>) -> Result<(&'b [[u8; 4]], bool), Error> {
        let cell = self.cell(key.value_list())?;
        let (offsets, _) = cell.data.as_chunks::<4>();
        let counted = key.value_count() as usize;
        Ok((offsets.get(..counted).unwrap_or(offsets), counted <= offsets.len()))
    }

    /// The bytes of a value, its type aside.
    ///
    /// Small values are stored in the `vk` record itself, others in a cell of their own, long ones of format 1.4 and
    /// later in a `db` record's segments. A `db` record is known by its signature and by being shorter than its value,
    /// not by the version: hives of format 1.3 hold long values in one cell.
    #[inline]
    pub fn value_data(self, value: &KeyValue<'b>) -> Result<Data<'b>, Error> {
        let size = value.data_size() as usize;
        if value.is_resident() {
            // At most four bytes fit; a larger size with this flag is damage.
            let field = value.cell.data.get(8..12).unwrap_or_default();
            let Some(bytes) = field.get(..size) else {
                let (needed, found) = (size as u64, field.len() as u64);
                return Err(Error::RecordTooLong { record: "resident data", needed, found });
            };
            return Ok(Data { at: Offset(value.at().0 + 12), bytes: Cow::Borrowed(bytes), complete: true });
        }
        if size == 0 {
            return Ok(Data { at: value.at(), bytes: Cow::Borrowed(&[]), complete: true });
        }
        let cell = self.cell(value.data_cell())?;
        let at = Offset(cell.at.in_file().0 + CELL_HEADER as u64);
        if let Some(bytes) = cell.data.get(..size) {
            return Ok(Data { at, bytes: Cow::Borrowed(bytes), complete: true });
        }
        if cell.data.starts_with(b"db") {
            return Ok(self.big_data(cell, size));
        }
        Ok(Data { at, bytes: Cow::Borrowed(cell.data), complete: false })
    }

    /// Joins the segments of a `db` record, up to the value's size or the first segment that cannot be read.
    fn big_data(self, record: Cell<'b>, size: usize) -> Data<'b> {
        let mut bytes = Vec::new();
        // A segment that cannot be read ends the value early; the value then says that it is incomplete.
        let _ = self.read_segments(record, size, &mut bytes);
        let complete = bytes.len() == size;
        Data { at: record.at.in_file(), bytes: Cow::Owned(bytes), complete }
    }

    fn read_segments(self, record: Cell<'b>, size: usize, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let count = usize::from(record.u16(2)?);
        let list = self.cell(CellOffset(record.u32(4)?))?;
        for segment in list.data.as_chunks::<4>().0.iter().take(count) {
            // No value is longer than the hive that holds it; a list that repeats its segments is a bomb.
            if bytes.len() == size || bytes.len() >= self.bytes.len() {
                break;
            }
            let segment = self.cell(CellOffset(u32::from_le_bytes(*segment)))?.data;
            let wanted = (size - bytes.len()).min(SEGMENT);
            bytes.extend_from_slice(segment.get(..wanted).unwrap_or(segment));
            if segment.len() < wanted {
                break;
            }
        }
        Ok(())
    }
}

/// The bytes of a value.
#[derive(Clone, Debug)]
pub struct Data<'b> {
    /// Where the first byte lies; of big data, where the `db` record lies.
    pub at: Offset,
    /// The bytes that could be read.
    pub bytes: Cow<'b, [u8]>,
    /// Whether these are as many as the value says.
    pub complete: bool,
}

impl<'b> Cell<'b> {
    /// The bytes behind the size field.
    pub(super) fn data(&self) -> &'b [u8] {
        self.data
    }

    /// Length with the size field.
    fn size(&self) -> u32 {
        u32::try_from(self.data.len() + CELL_HEADER).unwrap_or(u32::MAX)
    }

    fn signature(&self) -> Result<[u8; 2], Error> {
        self.field("cell", 0)
    }

    #[inline]
    fn expect_signature(&self, signature: [u8; 2], expected: &'static str) -> Result<(), Error> {
        let found = self.signature()?;
        if found == signature { Ok(()) } else { Err(signature_error(expected, found)) }
    }

    fn u16(&self, at: usize) -> Result<u16, Error> {
        self.field("cell", at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Result<u32, Error> {
        self.field("cell", at).map(u32::from_le_bytes)
    }

    #[inline]
    fn field<const N: usize>(&self, record: &'static str, at: usize) -> Result<[u8; N], Error> {
        let field = self.data.get(at..).and_then(<[u8]>::first_chunk).copied();
        field.ok_or_else(|| too_long(record, at + N, *self))
    }
}

#[cold]
fn signature_error(expected: &'static str, found: [u8; 2]) -> Error {
    Error::Signature { expected, found: hex(&found) }
}

#[cold]
fn too_long(record: &'static str, needed: usize, cell: Cell<'_>) -> Error {
    Error::RecordTooLong { record, needed: needed as u64, found: cell.data.len() as u64 }
}

/// A name as stored: one byte per character ("compressed") or UTF-16LE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'b> {
    /// The stored bytes.
    pub bytes: &'b [u8],
    /// Whether one byte is one character (Latin-1).
    pub compressed: bool,
}

impl<'b> Name<'b> {
    /// The name as text, escaped as [`crate::wintypes::escape`] says.
    pub fn to_text(self) -> String {
        if self.compressed { decode_latin1(self.bytes) } else { decode_utf16le(self.bytes) }
    }

    /// The same, borrowed where the stored bytes are the text.
    pub fn text(self) -> Cow<'b, str> {
        self.plain().map_or_else(|| Cow::Owned(self.to_text()), Cow::Borrowed)
    }

    /// The name as a component of a path.
    pub fn to_component(self) -> String {
        self.plain().map_or_else(|| escape_component(self.to_text()), str::to_owned)
    }

    /// Lengthens the path of a key by the name of a key below it; the root's path is empty.
    pub(super) fn append_to(self, path: &mut String) {
        if !path.is_empty() {
            path.push('\\');
        }
        match self.plain() {
            Some(name) => path.push_str(name),
            None => path.push_str(&escape_component(self.to_text())),
        }
    }

    /// The name, where its bytes are its text and a component of a path as they are. Almost every name is of this kind.
    fn plain(self) -> Option<&'b str> {
        plain_component(self.bytes).filter(|_| self.compressed)
    }

    /// Whether this is `name`, in ASCII and in any letter case.
    pub fn is_ascii(self, name: &str) -> bool {
        if self.compressed {
            return self.bytes.eq_ignore_ascii_case(name.as_bytes());
        }
        let units = self.bytes.as_chunks::<2>().0;
        units.len() == name.len()
            && self.bytes.len().is_multiple_of(2)
            && units
                .iter()
                .zip(name.bytes())
                .all(|(unit, byte)| unit[1] == 0 && unit[0].eq_ignore_ascii_case(&byte))
    }

    /// The hash that `lh` lists store: each upcased character added to 37 times the hash so far.
    pub fn hash(self) -> u32 {
        let upcase = |unit: u16| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => u16::from(byte.to_ascii_uppercase()),
            _ => upcase_beyond_ascii(unit),
        };
        let step = |hash: u32, unit: u16| hash.wrapping_mul(37).wrapping_add(u32::from(upcase(unit)));
        if self.bytes.is_ascii() && self.compressed {
            let step = |hash: u32, byte: &u8| {
                hash.wrapping_mul(37).wrapping_add(u32::from(byte.to_ascii_uppercase()))
            };
            self.bytes.iter().fold(0, step)
        } else if self.compressed {
            self.bytes.iter().map(|byte| u16::from(*byte)).fold(0, step)
        } else {
            self.bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).fold(0, step)
        }
    }
}

/// The upper case of a unit, where that is one unit too.
fn upcase_beyond_ascii(unit: u16) -> u16 {
    match char::from_u32(u32::from(unit)).map(char::to_uppercase) {
        Some(mut upper) if upper.len() == 1 => {
            upper.next().and_then(|upper| u16::try_from(u32::from(upper)).ok()).unwrap_or(unit)
        }
        _ => unit,
    }
}

/// Flags of a key node.
const KEY_HIVE_ENTRY: u16 = 0x0004;
const KEY_COMP_NAME: u16 = 0x0020;
/// Length of a key node before its name.
pub(super) const KEY_NODE_HEADER: usize = 76;

/// A key node (`nk`).
#[derive(Clone, Copy, Debug)]
pub struct KeyNode<'b> {
    cell: Cell<'b>,
    header: &'b [u8; KEY_NODE_HEADER],
    name: &'b [u8],
}

impl<'b> KeyNode<'b> {
    /// How many bytes lie between the start of a key node's cell and its name.
    pub const NAME_AT: usize = CELL_HEADER + KEY_NODE_HEADER;

    #[inline]
    fn new(cell: Cell<'b>) -> Result<Self, Error> {
        cell.expect_signature(*b"nk", "nk")?;
        let too_long = |needed| too_long("nk", needed, cell);
        let (header, rest) =
            cell.data.split_first_chunk::<KEY_NODE_HEADER>().ok_or_else(|| too_long(KEY_NODE_HEADER))?;
        let name_len = usize::from(u16::from_le_bytes([header[72], header[73]]));
        let name = rest.get(..name_len).ok_or_else(|| too_long(KEY_NODE_HEADER + name_len))?;
        Ok(Self { cell, header, name })
    }

    /// Reads a record in bytes that no allocated cell vouches for; its cell would have begun at `at`, four bytes before
    /// `data`, and ended with `data`.
    pub(super) fn in_bytes(at: CellOffset, data: &'b [u8]) -> Result<Self, Error> {
        Self::new(Cell { at, data })
    }

    /// Where the cell lies among the bins.
    pub fn cell_offset(&self) -> CellOffset {
        self.cell.at
    }

    /// Where the cell lies in the file, its size field first.
    pub fn at(&self) -> Offset {
        self.cell.at.in_file()
    }

    /// Length of the cell.
    pub fn cell_size(&self) -> u32 {
        self.cell.size()
    }

    /// The key's name.
    pub fn name(&self) -> Name<'b> {
        Name { bytes: self.name, compressed: self.flags() & KEY_COMP_NAME != 0 }
    }

    /// When the key's own record, its list of subkeys or one of its values last changed.
    pub fn last_written(&self) -> Filetime {
        Filetime(u64::from(self.u32_at(4)) | u64::from(self.u32_at(8)) << 32)
    }

    /// Whether this key is marked as the root of its hive (`KEY_HIVE_ENTRY`).
    pub fn is_root(&self) -> bool {
        self.flags() & KEY_HIVE_ENTRY != 0
    }

    /// Whether the record only says that the key is deleted, in a layer of a hive that lies over another one (formats from
    /// 1.6, Windows 10 1607 and later; "Layered keys" of the format specification: layer semantics 1).
    pub fn is_tombstone(&self) -> bool {
        self.header[13] & 0x03 == 1
    }

    /// The key above this one. In a root key this says nothing.
    pub fn parent(&self) -> CellOffset {
        CellOffset(self.u32_at(16))
    }

    /// Subkeys the key counts.
    pub fn subkey_count(&self) -> u32 {
        self.u32_at(20)
    }

    /// The list of subkeys.
    pub fn subkey_list(&self) -> CellOffset {
        CellOffset(self.u32_at(28))
    }

    /// Values the key counts.
    pub fn value_count(&self) -> u32 {
        self.u32_at(36)
    }

    /// The list of values.
    pub fn value_list(&self) -> CellOffset {
        CellOffset(self.u32_at(40))
    }

    /// The security record.
    pub fn security(&self) -> CellOffset {
        CellOffset(self.u32_at(44))
    }

    /// Subkeys that were never meant to reach the disk.
    pub(super) fn volatile_subkey_count(&self) -> u32 {
        self.u32_at(24)
    }

    /// Whether the longest name or the longest data of its values are noted. Windows never takes these back.
    pub(super) fn had_values(&self) -> bool {
        self.u32_at(60) != 0 || self.u32_at(64) != 0
    }

    /// The cell of the class name and the length of that name in bytes; `None` without a class.
    pub(super) fn class(&self) -> Option<(CellOffset, usize)> {
        let length = usize::from(u16::from_le_bytes([self.header[74], self.header[75]]));
        (length > 0).then(|| (CellOffset(self.u32_at(48)), length))
    }

    pub(super) fn flags(&self) -> u16 {
        u16::from_le_bytes([self.header[2], self.header[3]])
    }

    /// A field of the header; all callers name offsets inside it.
    fn u32_at(&self, at: usize) -> u32 {
        self.header.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
    }
}

/// Flag of a key value: its name has one byte per character.
const VALUE_COMP_NAME: u16 = 0x0001;
/// Flag of a key value: it is deleted in this layer.
const VALUE_TOMBSTONE: u16 = 0x0002;
/// Length of a key value before its name.
pub(super) const KEY_VALUE_HEADER: usize = 20;
/// Bit of the size field: the data lies in the record itself.
const RESIDENT: u32 = 0x8000_0000;

/// A key value (`vk`).
#[derive(Clone, Copy, Debug)]
pub struct KeyValue<'b> {
    cell: Cell<'b>,
    header: &'b [u8; KEY_VALUE_HEADER],
    name: &'b [u8],
}

impl<'b> KeyValue<'b> {
    /// How many bytes lie between the start of a key value's cell and its name.
    pub const NAME_AT: usize = CELL_HEADER + KEY_VALUE_HEADER;

    #[inline]
    fn new(cell: Cell<'b>) -> Result<Self, Error> {
        cell.expect_signature(*b"vk", "vk")?;
        let too_long = |needed| too_long("vk", needed, cell);
        let (header, rest) =
            cell.data.split_first_chunk::<KEY_VALUE_HEADER>().ok_or_else(|| too_long(KEY_VALUE_HEADER))?;
        let name_len = usize::from(u16::from_le_bytes([header[2], header[3]]));
        let name = rest.get(..name_len).ok_or_else(|| too_long(KEY_VALUE_HEADER + name_len))?;
        Ok(Self { cell, header, name })
    }

    /// Reads a record in bytes that no allocated cell vouches for; its cell would have begun at `at`, four bytes before
    /// `data`, and ended with `data`.
    pub(super) fn in_bytes(at: CellOffset, data: &'b [u8]) -> Result<Self, Error> {
        Self::new(Cell { at, data })
    }

    /// Where the cell lies among the bins.
    pub fn cell_offset(&self) -> CellOffset {
        self.cell.at
    }

    /// Where the cell lies in the file, its size field first.
    pub fn at(&self) -> Offset {
        self.cell.at.in_file()
    }

    /// Length of the cell.
    pub fn cell_size(&self) -> u32 {
        self.cell.size()
    }

    /// The value's name; empty for the unnamed ("default") value.
    pub fn name(&self) -> Name<'b> {
        Name { bytes: self.name, compressed: self.flags() & VALUE_COMP_NAME != 0 }
    }

    /// Whether the record only says that the value is deleted, in a layer of a hive that lies over another one.
    pub fn is_tombstone(&self) -> bool {
        self.flags() & VALUE_TOMBSTONE != 0
    }

    pub(super) fn flags(&self) -> u16 {
        u16::from_le_bytes([self.header[16], self.header[17]])
    }

    /// The registry type as stored.
    pub fn value_type(&self) -> ValueType {
        ValueType(u32::from_le_bytes([self.header[12], self.header[13], self.header[14], self.header[15]]))
    }

    /// Bytes of data the value says it has.
    pub fn data_size(&self) -> u32 {
        self.size_field() & !RESIDENT
    }

    /// Whether the data lies in the record itself.
    pub fn is_resident(&self) -> bool {
        self.size_field() & RESIDENT != 0
    }

    /// The cell of the data, if it is not resident.
    pub fn data_cell(&self) -> CellOffset {
        CellOffset(u32::from_le_bytes([self.header[8], self.header[9], self.header[10], self.header[11]]))
    }

    fn size_field(&self) -> u32 {
        u32::from_le_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }
}

/// The four kinds of subkey list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubkeyListKind {
    /// `li`: offsets only.
    IndexLeaf,
    /// `lf`: offsets with the first four characters of each name.
    FastLeaf,
    /// `lh`: offsets with a hash of each name.
    HashLeaf,
    /// `ri`: offsets of leaves.
    IndexRoot,
}

/// A list of subkeys, or an index root.
#[derive(Clone, Copy, Debug)]
pub struct SubkeyList<'b> {
    at: CellOffset,
    /// Which kind.
    pub kind: SubkeyListKind,
    /// How many entries the list says it has.
    pub declared: usize,
    entries: &'b [u8],
}

/// One entry of a subkey list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubkeyEntry {
    /// The key node, or the leaf if the list is an index root.
    pub target: CellOffset,
    /// Name hint (`lf`) or hash (`lh`).
    pub hint: u32,
}

impl<'b> SubkeyList<'b> {
    /// Where the list lies in the file.
    pub fn at(&self) -> Offset {
        self.at.in_file()
    }

    /// Whether the cell holds as many entries as the list says.
    pub fn is_whole(&self) -> bool {
        self.entries().len() == self.declared
    }

    /// Bytes of all entries.
    pub fn byte_len(&self) -> usize {
        self.entries.len()
    }

    /// The entries there are.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = SubkeyEntry> + use<'b> {
        let kind = self.kind;
        let size = match kind {
            SubkeyListKind::IndexLeaf | SubkeyListKind::IndexRoot => 4,
            SubkeyListKind::FastLeaf | SubkeyListKind::HashLeaf => 8,
        };
        self.entries.chunks_exact(size).map(|entry| {
            let number = |at: usize| {
                entry.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
            };
            SubkeyEntry { target: CellOffset(number(0)), hint: number(4) }
        })
    }

    /// The entries of a hash leaf that have this hash, with their numbers.
    pub(super) fn with_hash(&self, hash: u32) -> impl Iterator<Item = (usize, CellOffset)> + use<'b> {
        let fits = move |found: u32| found == hash;
        self.fitting(move |found| u32::from(fits(found)).wrapping_neg(), fits)
    }

    /// The entries of a fast leaf that may be those of a name, with their numbers.
    pub(super) fn with_hint(&self, hint: NameHint) -> impl Iterator<Item = (usize, CellOffset)> + use<'b> {
        self.fitting(move |found| hint.may_admit(found), move |found| hint.admits(found))
    }

    /// The entries whose hash or hint fits, with their numbers. Few fit, and whole blocks of others are told by arithmetic
    /// without branches: where `fits` is true, `may_fit` has one of the bits [`MAY_FIT`].
    fn fitting<M: Fn(u32) -> u32 + Copy, F: Fn(u32) -> bool + Copy>(
        &self,
        may_fit: M,
        fits: F,
    ) -> impl Iterator<Item = (usize, CellOffset)> + use<'b, M, F> {
        /// Entries of a block. The last eight of each are compared one by one.
        const BLOCK: usize = 256;

        let hint = |[_, _, _, _, hint @ ..]: &[u8; 8]| u32::from_le_bytes(*hint);
        let blocks = self.entries.as_chunks::<8>().0.chunks(BLOCK).enumerate();
        let any = move |block: &[[u8; 8]]| {
            block.iter().fold(0, |any, entry| any | may_fit(hint(entry))) & MAY_FIT != 0
        };
        blocks.filter(move |(_, block)| any(block)).flat_map(move |(number, block)| {
            let entries = block.iter().enumerate().filter(move |(_, entry)| fits(hint(entry)));
            entries.map(move |(in_block, [target @ .., _, _, _, _])| {
                (number * BLOCK + in_block, CellOffset(u32::from_le_bytes(*target)))
            })
        })
    }
}

/// The highest bit of each byte.
const MAY_FIT: u32 = 0x8080_8080;

/// By what an `lf` list tells that an entry is not that of a name: the name's first four characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct NameHint {
    wanted: u32,
    /// Bits that count: none of a character that the name does not have, and not the one that tells the case of a letter.
    mask: u32,
}

impl NameHint {
    /// The hint of a name in ASCII, which is found in any letter case.
    pub(super) fn of(name: &str) -> Self {
        let (mut wanted, mut mask) = ([0; 4], [0; 4]);
        for ((wanted, mask), byte) in wanted.iter_mut().zip(&mut mask).zip(name.bytes()) {
            (*wanted, *mask) = (byte, if byte.is_ascii_alphabetic() { 0xdf } else { 0xff });
        }
        Self { wanted: u32::from_le_bytes(wanted), mask: u32::from_le_bytes(mask) }
    }

    /// Has one of the bits [`MAY_FIT`] where [`Self::admits`] is true, and where any byte is zero.
    fn may_admit(self, hint: u32) -> u32 {
        let has_zero = hint.wrapping_sub(0x0101_0101) & !hint;
        u32::from((hint ^ self.wanted) & self.mask == 0).wrapping_neg() | has_zero
    }

    /// Whether an entry with this hint may be the name's. A zero byte where the name has a character says nothing, for names
    /// outside Latin-1 have no hint.
    pub(super) fn admits(self, hint: u32) -> bool {
        const LOW_BITS: u32 = 0x7f7f_7f7f;

        // The highest bit of each byte that is zero, then all bits of it.
        let zero = !(((hint & LOW_BITS) + LOW_BITS) | hint | LOW_BITS);
        let zero_bytes = (zero << 1).wrapping_sub(zero >> 7);
        (hint ^ self.wanted) & self.mask & !zero_bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_admits_what_no_character_rules_out() {
        let by_character = |name: &str, hint: u32| {
            let mut pairs = hint.to_le_bytes().into_iter().zip(name.bytes());
            pairs.all(|(stored, wanted)| stored == 0 || stored.eq_ignore_ascii_case(&wanted))
        };
        let bytes =
            [0, 1, b'.', b'1', b'@', b'A', b'M', b'Z', b'[', b'`', b'a', b'm', b'z', b'{', 0x80, 0xc1];
        for name in ["", "M", "1.", "mAz", "Microsoft", "@[`{", "z1A."] {
            let wanted = NameHint::of(name);
            for number in 0..bytes.len().pow(4) {
                let byte = |place: u32| bytes[number / bytes.len().pow(place) % bytes.len()];
                let hint = u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]);
                assert_eq!(wanted.admits(hint), by_character(name, hint), "{name} {hint:08x}");
                assert!(!wanted.admits(hint) || wanted.may_admit(hint) & MAY_FIT != 0, "{name} {hint:08x}");
            }
        }
    }
}
