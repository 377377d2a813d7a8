//! One fact of a machine hive, and how it is read.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::hive::{
    Data, Error, Found, Key, Listed, Problems, Provenance, Reached, Tree, Value, ValueType, join,
};
use crate::wintypes::{Filetime, decode_utf16le, hex, trim_nul};

use super::{MAX_HELD_OF_EACH_BYTE, MAX_VALUE};

/// Something that a key or a value says, and where: what evidence needs, without the hive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What it says.
    pub value: T,
    /// The key, from the root of the hive.
    pub key_path: Arc<str>,
    /// The value, if it is one; empty for the unnamed one.
    pub value_name: Option<String>,
    /// Where the record lies: the `vk` of a value, else the `nk` of the key.
    pub place: Provenance,
    /// Length of that record's cell.
    pub size: u64,
    /// Where the bytes of a value lie, and how many there are.
    pub data: Option<(Provenance, u64)>,
    /// When the key last changed.
    pub last_written: Filetime,
    /// What it says, as tables show it.
    pub text: String,
}

/// A key that is being read, with its path.
#[derive(Clone)]
pub(super) struct Opened<'t, 'b> {
    pub(super) key: Key<'t, 'b>,
    pub(super) path: Arc<str>,
}

/// A key with its values, listed once.
pub(super) struct Values<'o, 't, 'b> {
    of: &'o Opened<'t, 'b>,
    listed: Listed<Value<'b>>,
}

/// Reads facts of one hive, and keeps account of how much is held of it.
pub(super) struct Reader<'t, 'b, 'p> {
    tree: &'t Tree<'b>,
    problems: &'p mut Problems,
    held: usize,
}

impl<T: fmt::Display> Fact<T> {
    /// What a key says by being there.
    pub(super) fn of_key(of: &Opened<'_, '_>, value: T) -> Self {
        Self {
            text: value.to_string(),
            value,
            key_path: Arc::clone(&of.path),
            value_name: None,
            place: of.key.provenance(),
            size: u64::from(of.key.node().cell_size()),
            data: None,
            last_written: of.key.last_written(),
        }
    }
}

impl<'t, 'b, 'p> Reader<'t, 'b, 'p> {
    pub(super) fn new(tree: &'t Tree<'b>, problems: &'p mut Problems) -> Self {
        Self { tree, problems, held: 0 }
    }

    /// The root key; unknown if it cannot be read.
    pub(super) fn root(&mut self) -> Found<Opened<'t, 'b>> {
        match self.tree.root() {
            Ok(key) => Found::Here(Opened { key, path: Arc::from("") }),
            Err(error) => {
                self.problems.add(self.tree.image().root().in_file(), Some(""), error);
                Found::Unknown
            }
        }
    }

    /// A key below another by a path of ASCII names.
    pub(super) fn below(&mut self, above: &Opened<'t, 'b>, path: &str) -> Found<Opened<'t, 'b>> {
        above.key.located(&above.path, path, self.problems).and_then(|(key, path)| {
            if key.is_tombstone() {
                self.problems.add(key.at(), Some(&path), Error::Tombstone);
                return Found::Absent;
            }
            Found::Here(Opened { key, path: path.into() })
        })
    }

    /// Reads something of each key directly below `above`, of which no more than `most` are kept.
    ///
    /// Keys that are hidden by another of their name, or that say that something is deleted, are passed over.
    pub(super) fn each_below<T>(
        &mut self,
        above: &Opened<'t, 'b>,
        most: usize,
        mut read: impl FnMut(&mut Self, &Opened<'t, 'b>) -> Option<T>,
    ) -> Listed<T> {
        let subkeys = above.key.subkeys(&above.path, self.problems);
        let mut kept = Listed { items: Vec::new(), complete: subkeys.complete };
        let (mut reached, mut names) = (Reached::default(), HashSet::new());
        for key in subkeys.items {
            let name = key.name();
            let child = Opened { path: join(&above.path, &name).into(), key };
            if !reached.first_time(&child.key) {
                self.problem_of(&child, Error::SeenBefore);
                kept.complete = false;
            } else if child.key.is_tombstone() {
                self.problem_of(&child, Error::Tombstone);
            } else if names.contains(&name.to_ascii_uppercase()) {
                self.problem_of(&child, Error::SecondOfName);
            } else if kept.items.len() == most || !self.may_hold(child.path.len()) {
                self.problem_of(above, Error::VisitedTooMuch);
                kept.complete = false;
                break;
            } else {
                names.insert(name.to_ascii_uppercase());
                kept.items.extend(read(self, &child));
            }
        }
        kept
    }

    /// The values of a key.
    pub(super) fn values<'o>(&mut self, of: &'o Opened<'t, 'b>) -> Values<'o, 't, 'b> {
        Values { of, listed: of.key.values(&of.path, self.problems) }
    }

    /// A text, up to its first NUL.
    pub(super) fn text(&mut self, values: &Values<'_, 't, 'b>, name: &str) -> Found<Fact<String>> {
        let fact = self.fact(values, name, text_of);
        let odd = fact.as_ref().here().and_then(|fact| fact.data.as_ref()).filter(|(_, size)| size % 2 == 1);
        if let (Some((_, found)), Some(value)) = (odd, values.find(name)) {
            let value_type = value.value_type();
            let error = Error::ValueSize { value_type, found: *found, expected: found - 1 };
            self.problems.add(value.at(), Some(&values.of.path), error);
        }
        fact
    }

    /// A text, or bytes in hexadecimal, of a value whose type is nowhere documented.
    pub(super) fn text_or_bytes(&mut self, values: &Values<'_, 't, 'b>, name: &str) -> Found<Fact<String>> {
        self.fact(values, name, |value_type, bytes| {
            Ok(text_of(value_type, bytes).unwrap_or_else(|_| hex(bytes)))
        })
    }

    /// A 32-bit number.
    pub(super) fn number(&mut self, values: &Values<'_, 't, 'b>, name: &str) -> Found<Fact<u32>> {
        self.fact(values, name, number_of)
    }

    /// A text of a key below another.
    pub(super) fn text_below(
        &mut self,
        above: &Opened<'t, 'b>,
        path: &str,
        name: &str,
    ) -> Found<Fact<String>> {
        self.below(above, path).and_then(|key| {
            let values = self.values(&key);
            self.text(&values, name)
        })
    }

    /// A number of a key below another.
    pub(super) fn number_below(
        &mut self,
        above: &Opened<'t, 'b>,
        path: &str,
        name: &str,
    ) -> Found<Fact<u32>> {
        self.fact_below(above, path, name, number_of)
    }

    /// A FILETIME of a key below another.
    pub(super) fn time_below(
        &mut self,
        above: &Opened<'t, 'b>,
        path: &str,
        name: &str,
    ) -> Found<Fact<Filetime>> {
        self.fact_below(above, path, name, time_of)
    }

    /// A value of a key below another, understood as `understand` does.
    pub(super) fn fact_below<T: fmt::Display>(
        &mut self,
        above: &Opened<'t, 'b>,
        path: &str,
        name: &str,
        understand: impl FnOnce(ValueType, &[u8]) -> Result<T, Error>,
    ) -> Found<Fact<T>> {
        self.below(above, path).and_then(|key| {
            let values = self.values(&key);
            self.fact(&values, name, understand)
        })
    }

    /// A value, understood as `understand` does. One that is there and cannot be understood is unknown, and reported.
    pub(super) fn fact<T: fmt::Display>(
        &mut self,
        values: &Values<'_, 't, 'b>,
        name: &str,
        understand: impl FnOnce(ValueType, &[u8]) -> Result<T, Error>,
    ) -> Found<Fact<T>> {
        let Some(value) = values.find(name) else { return values.not_seen() };
        let read = self.whole_data(value).and_then(|data| {
            let says = understand(value.value_type(), &data.bytes)?;
            Ok((data, says))
        });
        match read {
            Ok((data, says)) => self.hold(values.of, value, Some(&data), says),
            Err(Error::Tombstone) => {
                self.problems.add(value.at(), Some(&values.of.path), Error::Tombstone);
                Found::Absent
            }
            Err(error) => {
                self.problems.add(value.at(), Some(&values.of.path), error);
                Found::Unknown
            }
        }
    }

    /// What the type of a value says; its data are not read.
    pub(super) fn value_type(&mut self, values: &Values<'_, 't, 'b>, name: &str) -> Found<Fact<u32>> {
        let Some(value) = values.find(name) else { return values.not_seen() };
        self.hold(values.of, value, None, value.value_type().0)
    }

    fn whole_data(&self, value: &Value<'b>) -> Result<Data<'b>, Error> {
        let claimed = value.record().data_size();
        if value.is_tombstone() {
            return Err(Error::Tombstone);
        }
        if claimed > MAX_VALUE {
            let (value_type, found) = (value.value_type(), u64::from(claimed));
            return Err(Error::ValueSize { value_type, found, expected: u64::from(MAX_VALUE) });
        }
        let data = self.tree.data(value)?;
        if data.complete {
            return Ok(data);
        }
        Err(Error::DataShort { size: u64::from(claimed), found: data.bytes.len() as u64 })
    }

    fn hold<T: fmt::Display>(
        &mut self,
        of: &Opened<'t, 'b>,
        value: &Value<'b>,
        data: Option<&Data<'b>>,
        says: T,
    ) -> Found<Fact<T>> {
        let fact = Fact {
            value_name: Some(value.name().to_text()),
            place: self.provenance(value.at(), value.record().cell_size() as usize),
            size: u64::from(value.record().cell_size()),
            data: data.map(|data| (self.provenance(data.at, data.bytes.len()), data.bytes.len() as u64)),
            ..Fact::of_key(of, says)
        };
        if self.may_hold(fact.text.len() + fact.value_name.as_ref().map_or(0, String::len)) {
            return Found::Here(fact);
        }
        self.problem_of(of, Error::VisitedTooMuch);
        Found::Unknown
    }

    fn provenance(&self, at: crate::hive::Offset, len: usize) -> Provenance {
        self.tree.image().provenance(at, len)
    }

    /// Counts what is held; false when that is more than an intact hive of this size could say.
    fn may_hold(&mut self, bytes: usize) -> bool {
        self.held = self.held.saturating_add(bytes);
        self.held <= self.tree.bins().bytes().len().saturating_mul(MAX_HELD_OF_EACH_BYTE)
    }

    pub(super) fn problem_of(&mut self, of: &Opened<'t, 'b>, error: Error) {
        self.problems.add(of.key.at(), Some(&of.path), error);
    }
}

impl<'b> Values<'_, '_, 'b> {
    fn find(&self, name: &str) -> Option<&Value<'b>> {
        self.listed.items.iter().find(|value| value.name().is_ascii(name))
    }

    /// What not having seen a value is worth.
    fn not_seen<T>(&self) -> Found<T> {
        if self.listed.complete { Found::Absent } else { Found::Unknown }
    }
}

/// A text, up to its first NUL.
pub(super) fn text_of(value_type: ValueType, bytes: &[u8]) -> Result<String, Error> {
    match value_type {
        ValueType::REG_SZ | ValueType::REG_EXPAND_SZ => Ok(decode_utf16le(trim_nul(bytes).0)),
        other => Err(unexpected("REG_SZ or REG_EXPAND_SZ", other)),
    }
}

fn number_of(value_type: ValueType, bytes: &[u8]) -> Result<u32, Error> {
    let four = || <[u8; 4]>::try_from(bytes).map_err(|_| size(value_type, bytes, 4));
    match value_type {
        ValueType::REG_DWORD => four().map(u32::from_le_bytes),
        ValueType::REG_DWORD_BIG_ENDIAN => four().map(u32::from_be_bytes),
        other => Err(unexpected("REG_DWORD", other)),
    }
}

fn time_of(value_type: ValueType, bytes: &[u8]) -> Result<Filetime, Error> {
    match value_type {
        ValueType::REG_BINARY | ValueType::REG_QWORD => {
            <[u8; 8]>::try_from(bytes).map(Filetime::from_le_bytes).map_err(|_| size(value_type, bytes, 8))
        }
        other => Err(unexpected("REG_BINARY", other)),
    }
}

/// A value of another type than it has in every Windows.
fn unexpected(expected: &'static str, found: impl fmt::Display) -> Error {
    Error::Signature { expected, found: found.to_string() }
}

fn size(value_type: ValueType, bytes: &[u8], expected: u64) -> Error {
    Error::ValueSize { value_type, found: bytes.len() as u64, expected }
}
