//! Live keys and values. The only file that names nt-hive: it enumerates, and every record it names is read raw.
//!
//! nt-hive lends names as slices of our own bytes, so that the place of a record follows from the address of its name
//! without any `unsafe`. Where nt-hive fails on a list, that list is read raw and a problem says so.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::bins;
use super::contain::{Panicked, contain};
use super::image::{Image, Provenance};
use super::raw::{
    BASE_BLOCK_SIZE, Bins, CellOffset, Data, KeyNode, KeyValue, Name, NameHint, SubkeyList, SubkeyListKind,
};
use super::{Error, Offset, Problems, ValueType, limits};
use crate::wintypes::{Filetime, SecurityDescriptor};

type NtHive<'b> = nt_hive::Hive<&'b [u8]>;
type NtKeyNode<'t, 'b> = nt_hive::KeyNode<'t, &'b [u8]>;

/// The number of a subkey in its list, and its cell.
type Place = (usize, CellOffset);

/// Entries of a list that are taken from nt-hive in one go; most lists of a hive are shorter.
type Batch<T> = [Option<T>; 16];

/// How carefully lists are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Each list by one reader.
    Once,
    /// Each list by both readers, differences reported, and name hashes checked.
    Compare,
}

/// The keys of a hive.
pub struct Tree<'b> {
    image: &'b Image,
    bins: Bins<'b>,
    root: CellOffset,
    layered: bool,
    care: Care,
    nt_hive: Option<NtHive<'b>>,
    panics: Cell<u32>,
    visited_bytes: Cell<u64>,
    data_bytes: Cell<u64>,
    cells_read: Cell<u64>,
    /// What was looked for in long lists: the number and cell of the subkey, or that it is not there. Many paths begin alike.
    lookups: RefCell<HashMap<CellOffset, HashMap<String, Option<Place>>>>,
}

/// A live key.
#[derive(Clone)]
pub struct Key<'t, 'b> {
    tree: &'t Tree<'b>,
    nt: Option<NtKeyNode<'t, 'b>>,
    node: KeyNode<'b>,
}

/// A list, and whether it is all of it.
#[derive(Debug)]
pub struct Listed<T> {
    /// What could be read, in the order on disk.
    pub items: Vec<T>,
    /// Whether that is everything that the key counts.
    pub complete: bool,
}

/// What looking for something gave: not seeing it and knowing that it is not there are two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    Here(T),
    /// The whole list shows that it is not.
    Absent,
    /// It was not seen, but the list could not be read to its end.
    Unknown,
}

impl<T> Found<T> {
    /// What is there, if it was seen.
    pub fn here(self) -> Option<T> {
        match self {
            Self::Here(found) => Some(found),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Goes on with what is there.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Found<U>) -> Found<U> {
        match self {
            Self::Here(found) => next(found),
            Self::Absent => Found::Absent,
            Self::Unknown => Found::Unknown,
        }
    }

    /// The same, where not having seen it proves nothing.
    #[must_use]
    pub fn or_unknown(self) -> Self {
        match self {
            Self::Absent => Self::Unknown,
            other => other,
        }
    }

    /// Whether it is known not to be there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it may be there unseen.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Found<&T> {
        match self {
            Self::Here(found) => Found::Here(found),
            Self::Absent => Found::Absent,
            Self::Unknown => Found::Unknown,
        }
    }
}

/// A live value, its data still unread.
#[derive(Clone, Copy, Debug)]
pub struct Value<'b> {
    record: KeyValue<'b>,
    bins: Bins<'b>,
    layered: bool,
}

impl<'b> Tree<'b> {
    /// Prepares to read an image; reads nothing yet.
    pub fn new(image: &'b Image, care: Care) -> Self {
        let bins = image.bins();
        Self {
            image,
            bins,
            root: image.root(),
            layered: image.base_block().is_some_and(|block| block.minor >= 6),
            care,
            // Fails only on fewer bytes than a base block has.
            nt_hive: contain(|| NtHive::without_validation(bins.bytes())).ok().and_then(Result::ok),
            panics: Cell::new(0),
            visited_bytes: Cell::new(0),
            data_bytes: Cell::new(0),
            cells_read: Cell::new(0),
            lookups: RefCell::default(),
        }
    }

    /// The root key.
    pub fn root(&self) -> Result<Key<'_, 'b>, Error> {
        let node = self.bins.key_node(self.root)?;
        let nt = self.ask(NtHive::root_key_node).and_then(Result::ok);
        Ok(Key { tree: self, nt: nt.filter(|nt| self.offset_of(nt) == Some(self.root)), node })
    }

    /// The image that is read.
    pub fn image(&self) -> &'b Image {
        self.image
    }

    /// The bytes that are read.
    pub fn bins(&self) -> Bins<'b> {
        self.bins
    }

    /// How many cells of keys, values and lists were read so far.
    pub fn cells_read(&self) -> u64 {
        self.cells_read.get()
    }

    /// Calls nt-hive; `None` where it is no longer asked or panicked.
    fn ask<'t, T>(&'t self, call: impl FnOnce(&'t NtHive<'b>) -> T) -> Option<T> {
        let hive = self.nt_hive.as_ref().filter(|_| self.panics.get() < limits::MAX_CONTAINED_PANICS)?;
        contain(|| call(hive)).map_err(|Panicked| self.panics.set(self.panics.get() + 1)).ok()
    }

    /// Takes the next entries of a list of nt-hive, until `batch` is full: containing each of them on its own would cost more
    /// than reading it. Tells whether there may be more. What came before an error or a panic is in the batch.
    fn next_batch<T>(
        &self,
        batch: &mut Batch<T>,
        mut next: impl FnMut() -> Option<Result<T, nt_hive::NtHiveError>>,
    ) -> Result<bool, Error> {
        let taken = self.ask(|_| {
            for place in batch {
                match next() {
                    Some(entry) => *place = Some(entry?),
                    None => return Ok(false),
                }
            }
            Ok(true)
        });
        match taken {
            Some(taken) => taken.map_err(gave_up),
            None => Err(Error::NtHivePanic),
        }
    }

    /// The cell of a key that nt-hive names, by the address of its name.
    fn offset_of(&self, nt: &NtKeyNode<'_, 'b>) -> Option<CellOffset> {
        let name = self.ask(|_| address_of_name(nt.name()))?.ok()?;
        self.cell_before(name, KeyNode::NAME_AT).ok()
    }

    #[inline]
    fn cell_before(&self, name_address: usize, distance: usize) -> Result<CellOffset, Error> {
        let first_bin = self.bins.bytes().as_ptr().addr() + BASE_BLOCK_SIZE;
        let at = name_address.checked_sub(first_bin).and_then(|name_at| name_at.checked_sub(distance));
        match at.map(u32::try_from) {
            Some(Ok(at)) => Ok(CellOffset(at)),
            // A name that is not among the bytes that nt-hive was given.
            _ => Err(Error::NtHivePanic),
        }
    }

    /// Counts bytes visited; fails when so many were visited that lists or data must be shared.
    #[inline]
    fn visit(&self, bytes: usize) -> Result<(), Error> {
        self.cells_read.set(self.cells_read.get() + 1);
        let visited = self.visited_bytes.get() + bytes as u64;
        self.visited_bytes.set(visited);
        if visited > self.bound(limits::MAX_VISITS_OF_EACH_BYTE) {
            Err(Error::VisitedTooMuch)
        } else {
            Ok(())
        }
    }

    /// So many bytes for each one of the hive.
    #[inline]
    fn bound(&self, of_each_byte: u64) -> u64 {
        (self.bins.bytes().len() as u64 * of_each_byte).max(limits::MIN_VISITED_BYTES)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "handing over a key by memory costs more than reading it")]
    fn key_node(&self, at: CellOffset) -> Result<KeyNode<'b>, Error> {
        let node = self.bins.key_node(at)?;
        self.visit(node.cell_size() as usize)?;
        Ok(node)
    }
}

fn address_of_name(
    name: Result<nt_hive::NtHiveNameString<'_>, nt_hive::NtHiveError>,
) -> Result<usize, nt_hive::NtHiveError> {
    let (nt_hive::NtHiveNameString::Latin1(bytes) | nt_hive::NtHiveNameString::Utf16LE(bytes)) = name?;
    Ok(bytes.as_ptr().addr())
}

impl<'t, 'b> Key<'t, 'b> {
    /// The tree it is in.
    pub fn tree(&self) -> &'t Tree<'b> {
        self.tree
    }

    /// The key's record.
    pub fn node(&self) -> &KeyNode<'b> {
        &self.node
    }

    /// The key's name as a component of a path.
    pub fn name(&self) -> String {
        self.node.name().to_component()
    }

    /// Where the key's cell lies in the file.
    pub fn at(&self) -> Offset {
        self.node.at()
    }

    /// When the key last changed.
    pub fn last_written(&self) -> Filetime {
        self.node.last_written()
    }

    /// Whether the key is there only to say that it is deleted, in a layered hive.
    pub fn is_tombstone(&self) -> bool {
        self.tree.layered && self.node.is_tombstone()
    }

    /// Where the key's record lies: in the hive file, or in a log that was applied.
    pub fn provenance(&self) -> Provenance {
        self.tree.image.provenance(self.at(), self.node.cell_size() as usize)
    }

    /// The key's security descriptor.
    pub fn security(&self) -> Result<SecurityDescriptor, Error> {
        let bytes = self.tree.bins.security_descriptor(self.node.security())?;
        Ok(SecurityDescriptor::parse(bytes)?)
    }

    /// The subkeys, in the order on disk. `path` is this key's, for problems.
    pub fn subkeys(&self, path: &str, problems: &mut Problems) -> Listed<Self> {
        let mut items = Vec::with_capacity(room_for(self.node.subkey_count()));
        let complete = self.subkeys_into(&mut items, path, problems);
        Listed { items, complete }
    }

    /// The same in place of what is in `keys`, so that one list serves many keys; tells whether it is complete.
    fn subkeys_into(&self, keys: &mut Vec<Self>, path: &str, problems: &mut Problems) -> bool {
        keys.clear();
        if self.node.subkey_count() == 0 {
            return true;
        }
        let by_nt_hive = match self.nt.as_ref().map(|nt| self.subkeys_by_nt_hive(nt, keys)) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                problems.add(self.node.subkey_list().in_file(), Some(path), error);
                false
            }
            None => false,
        };
        // A list that does not bear out the key's count is read raw as well, which tells what is wrong.
        if by_nt_hive && self.tree.care == Care::Once && keys.len() == self.node.subkey_count() as usize {
            return true;
        }
        let raw = self.subkeys_raw(path, problems);
        if by_nt_hive {
            if keys.iter().map(Self::at).eq(raw.items.iter().map(Self::at)) {
                return raw.complete;
            }
            let (nt_hive, raw_count) = (keys.len(), raw.items.len());
            let error = Error::ReadersDisagree { what: "subkeys", nt_hive, raw: raw_count };
            problems.add(self.at(), Some(path), error);
        }
        *keys = raw.items;
        raw.complete
    }

    fn subkeys_by_nt_hive(&self, nt: &NtKeyNode<'t, 'b>, keys: &mut Vec<Self>) -> Result<(), Error> {
        let tree = self.tree;
        let mut list = match tree.ask(|_| nt.subkeys()) {
            Some(Some(list)) => list.map_err(gave_up)?,
            Some(None) => return Ok(()),
            None => return Err(Error::NtHivePanic),
        };
        let mut batch: Batch<(NtKeyNode<'t, 'b>, usize)> = [const { None }; _];
        loop {
            let more = tree.next_batch(&mut batch, || {
                list.next().map(|child| {
                    let child = child?;
                    let name = address_of_name(child.name())?;
                    Ok((child, name))
                })
            });
            for (child, name) in batch.iter_mut().map_while(Option::take) {
                let at = tree.cell_before(name, KeyNode::NAME_AT)?;
                keys.push(Self { tree, node: tree.key_node(at)?, nt: Some(child) });
            }
            if !more? {
                return Ok(());
            }
        }
    }

    fn subkeys_raw(&self, path: &str, problems: &mut Problems) -> Listed<Self> {
        let tree = self.tree;
        let mut keys = Vec::new();
        let mut bad = BadEntries::new(path, problems);
        self.for_each_leaf(|leaf| {
            let leaf = match leaf {
                Ok(leaf) => leaf,
                Err((at, error)) => return bad.add(at, error),
            };
            for entry in leaf.entries() {
                match tree.key_node(entry.target) {
                    Ok(node) => {
                        let computed = (tree.care == Care::Compare && leaf.kind == SubkeyListKind::HashLeaf)
                            .then(|| node.name().hash())
                            .filter(|computed| *computed != entry.hint);
                        if let Some(computed) = computed {
                            bad.note(node.at(), Error::NameHash { found: entry.hint, computed });
                        }
                        keys.push(Self { tree, nt: None, node });
                    }
                    Err(error) => bad.add(leaf.at(), error)?,
                }
            }
            ControlFlow::Continue(())
        });
        let mut complete = bad.finish();
        let (counted, listed) = (u64::from(self.node.subkey_count()), keys.len() as u64);
        if complete && counted != listed {
            problems.add(self.at(), Some(path), Error::Count { what: "subkeys", counted, listed });
            complete = listed > counted;
        }
        Listed { items: keys, complete }
    }

    /// Shows every leaf of the list of subkeys, or why it cannot be read, until `show` breaks off.
    fn for_each_leaf(
        &self,
        mut show: impl FnMut(Result<SubkeyList<'b>, (Offset, Error)>) -> ControlFlow<()>,
    ) {
        let bins = self.tree.bins;
        let at = self.node.subkey_list();
        let read = |at: CellOffset, referred_from: Offset, leaf_wanted: bool| {
            let list = bins.subkey_list(at).map_err(|error| (referred_from, error))?;
            self.tree.visit(list.byte_len()).map_err(|error| (list.at(), error))?;
            if leaf_wanted && list.kind == SubkeyListKind::IndexRoot {
                let error = Error::Signature { expected: "lf, lh or li", found: "ri inside ri".into() };
                return Err((list.at(), error));
            }
            Ok(list)
        };
        let top = match read(at, self.at(), false) {
            Ok(top) => top,
            Err(error) => {
                let _ = show(Err(error));
                return;
            }
        };
        let not_whole = |list: &SubkeyList<'b>| {
            let record = "subkey list";
            let (needed, found) = (list.declared as u64, list.entries().len() as u64);
            (!list.is_whole()).then(|| (list.at(), Error::RecordTooLong { record, needed, found }))
        };
        let mut show_leaf = |leaf: Result<SubkeyList<'b>, (Offset, Error)>| {
            if let Some(error) = leaf.as_ref().ok().and_then(not_whole) {
                show(Err(error))?;
            }
            show(leaf)
        };
        if top.kind != SubkeyListKind::IndexRoot {
            let _ = show_leaf(Ok(top));
            return;
        }
        for entry in top.entries() {
            if show_leaf(read(entry.target, top.at(), true)).is_break() {
                return;
            }
        }
        if let Some(error) = not_whole(&top) {
            let _ = show(Err(error));
        }
    }

    /// Looks for a subkey by an ASCII name, in any letter case.
    ///
    /// Lists are scanned whole, by hash or hint where they have one: the order on disk is not trusted. A key whose
    /// stored hash does not fit its name is not found, as Windows does not find it; a full walk reports it.
    pub fn subkey(&self, name: &str) -> Found<Self> {
        if self.node.subkey_count() == 0 {
            return Found::Absent;
        }
        let is_long = self.node.subkey_count() >= limits::LONG_LIST;
        if is_long && let Some(known) = self.known(name) {
            return known;
        }
        let found = self.look_for(name);
        let known = match &found {
            Found::Here((index, node)) => Some((*index, node.cell_offset())),
            Found::Absent => None,
            Found::Unknown => return Found::Unknown,
        };
        if is_long {
            let mut lookups = self.tree.lookups.borrow_mut();
            lookups.entry(self.node.cell_offset()).or_default().insert(name.to_owned(), known);
        }
        match found {
            Found::Here((index, node)) => self.child(index, node, name),
            _ => Found::Absent,
        }
    }

    /// What is known of a name that was looked for before in this key's list.
    fn known(&self, name: &str) -> Option<Found<Self>> {
        let known = *self.tree.lookups.borrow().get(&self.node.cell_offset())?.get(name)?;
        let Some((index, at)) = known else { return Some(Found::Absent) };
        Some(self.child(index, self.tree.key_node(at).ok()?, name))
    }

    fn child(&self, index: usize, node: KeyNode<'b>, name: &str) -> Found<Self> {
        Found::Here(Self { tree: self.tree, nt: self.nt_subkey(index, &node, name), node })
    }

    /// The subkey of this name and its number in the list.
    fn look_for(&self, name: &str) -> Found<(usize, KeyNode<'b>)> {
        let hash = Name { bytes: name.as_bytes(), compressed: true }.hash();
        let hint = NameHint::of(name);
        let mut seen_all = true;
        let mut listed = 0;
        let mut here = None;
        self.for_each_leaf(|leaf| {
            let Ok(leaf) = leaf else {
                seen_all = false;
                return ControlFlow::Continue(());
            };
            let mut look = |number: usize, target| match self.tree.key_node(target) {
                Ok(node) if node.name().is_ascii(name) => {
                    here = Some((listed + number, node));
                    ControlFlow::Break(())
                }
                Ok(_) => ControlFlow::Continue(()),
                Err(_) => {
                    seen_all = false;
                    ControlFlow::Continue(())
                }
            };
            match leaf.kind {
                SubkeyListKind::HashLeaf => {
                    leaf.with_hash(hash).try_for_each(|(number, target)| look(number, target))?;
                }
                SubkeyListKind::FastLeaf => {
                    leaf.with_hint(hint).try_for_each(|(number, target)| look(number, target))?;
                }
                SubkeyListKind::IndexLeaf | SubkeyListKind::IndexRoot => {
                    let mut entries = leaf.entries().enumerate();
                    entries.try_for_each(|(number, entry)| look(number, entry.target))?;
                }
            }
            listed += leaf.entries().len();
            ControlFlow::Continue(())
        });
        match here {
            Some(found) => Found::Here(found),
            None if seen_all && listed >= self.node.subkey_count() as usize => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// The same subkey as nt-hive knows it, to let it enumerate further down.
    fn nt_subkey(&self, index: usize, node: &KeyNode<'b>, name: &str) -> Option<NtKeyNode<'t, 'b>> {
        let nt = self.nt.as_ref()?;
        let is_it = |child: &NtKeyNode<'t, 'b>| self.tree.offset_of(child) == Some(node.cell_offset());
        // Far down a list nt-hive's search, which trusts its order, is quicker than counting; what it misses is counted.
        if index >= limits::LONG_LIST as usize
            && let Some(child) = self.tree.ask(|_| nt.subkey(name))?.and_then(Result::ok).filter(is_it)
        {
            return Some(child);
        }
        let mut list = self.tree.ask(|_| nt.subkeys())??.ok()?;
        let child = self.tree.ask(|_| list.nth(index))??.ok()?;
        is_it(&child).then_some(child)
    }

    /// Looks for a key below this one by a path of ASCII names.
    pub fn descendant(&self, path: &str) -> Found<Self> {
        let mut key = self.clone();
        for name in path.split('\\') {
            match key.subkey(name) {
                Found::Here(next) => key = next,
                other => return other,
            }
        }
        Found::Here(key)
    }

    /// The same, with the path as the hive spells it, and a problem for each list that leaves it unknown. `from` is the
    /// path of this key.
    pub fn located(&self, from: &str, path: &str, problems: &mut Problems) -> Found<(Self, String)> {
        let mut key = self.clone();
        let mut key_path = String::with_capacity(from.len() + 1 + path.len());
        key_path.push_str(from);
        for name in path.split('\\') {
            match key.subkey(name) {
                Found::Here(next) => {
                    next.node.name().append_to(&mut key_path);
                    key = next;
                }
                Found::Absent => return Found::Absent,
                Found::Unknown => {
                    // Reading the list in full tells what is wrong with it.
                    key.subkeys(&key_path, problems);
                    return Found::Unknown;
                }
            }
        }
        Found::Here((key, key_path))
    }

    /// A value by an ASCII name, in any letter case, and a problem for each reason that leaves it unknown. `path` is this
    /// key's.
    pub fn located_value(&self, path: &str, name: &str, problems: &mut Problems) -> Found<Value<'b>> {
        let found = self.value(name);
        if found.is_unknown() {
            self.values(path, problems);
        }
        found
    }

    /// The values, in the order on disk. `path` is this key's, for problems.
    pub fn values(&self, path: &str, problems: &mut Problems) -> Listed<Value<'b>> {
        let mut items = Vec::with_capacity(room_for(self.node.value_count()));
        let complete = self.values_into(&mut items, path, problems);
        Listed { items, complete }
    }

    /// The same in place of what is in `values`, so that one list serves many keys; tells whether it is complete.
    pub fn values_into(&self, values: &mut Vec<Value<'b>>, path: &str, problems: &mut Problems) -> bool {
        values.clear();
        if self.node.value_count() == 0 {
            return true;
        }
        let by_nt_hive = match self.nt.as_ref().map(|nt| self.values_by_nt_hive(nt, values)) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                problems.add(self.node.value_list().in_file(), Some(path), error);
                false
            }
            None => false,
        };
        if by_nt_hive && self.tree.care == Care::Once && values.len() == self.node.value_count() as usize {
            return true;
        }
        let raw = self.values_raw(path, problems);
        if by_nt_hive && !values.iter().map(Value::at).eq(raw.items.iter().map(Value::at)) {
            let (nt_hive, raw_count) = (values.len(), raw.items.len());
            let error = Error::ReadersDisagree { what: "values", nt_hive, raw: raw_count };
            problems.add(self.at(), Some(path), error);
        }
        *values = raw.items;
        raw.complete
    }

    fn values_by_nt_hive(&self, nt: &NtKeyNode<'t, 'b>, values: &mut Vec<Value<'b>>) -> Result<(), Error> {
        let tree = self.tree;
        let mut list = match tree.ask(|_| nt.values()) {
            Some(Some(list)) => list.map_err(gave_up)?,
            Some(None) => return Ok(()),
            None => return Err(Error::NtHivePanic),
        };
        let mut batch: Batch<usize> = [None; _];
        loop {
            let more =
                tree.next_batch(&mut batch, || list.next().map(|value| address_of_name(value?.name())));
            for name in batch.iter_mut().map_while(Option::take) {
                let at = tree.cell_before(name, KeyValue::NAME_AT)?;
                values.push(tree.value(at)?);
            }
            if !more? {
                return Ok(());
            }
        }
    }

    fn values_raw(&self, path: &str, problems: &mut Problems) -> Listed<Value<'b>> {
        let (offsets, whole) = match self.tree.bins.value_list(&self.node) {
            Ok(list) => list,
            Err(error) => {
                problems.add(self.at(), Some(path), error);
                return Listed { items: Vec::new(), complete: false };
            }
        };
        let list_at = self.node.value_list().in_file();
        let mut bad = BadEntries::new(path, problems);
        if !whole {
            let (counted, listed) = (u64::from(self.node.value_count()), offsets.len() as u64);
            let _ = bad.add(list_at, Error::Count { what: "values", counted, listed });
        }
        let mut values = Vec::new();
        if let Err(error) = self.tree.visit(offsets.as_flattened().len()) {
            let _ = bad.add(list_at, error);
        } else {
            for offset in offsets {
                match self.tree.value(CellOffset(u32::from_le_bytes(*offset))) {
                    Ok(value) => values.push(value),
                    Err(error) => {
                        if bad.add(list_at, error).is_break() {
                            break;
                        }
                    }
                }
            }
        }
        Listed { items: values, complete: bad.finish() }
    }

    /// Looks for a value by an ASCII name, in any letter case.
    pub fn value(&self, name: &str) -> Found<Value<'b>> {
        if self.node.value_count() == 0 {
            return Found::Absent;
        }
        let Ok((offsets, mut seen_all)) = self.tree.bins.value_list(&self.node) else {
            return Found::Unknown;
        };
        if self.tree.visit(offsets.as_flattened().len()).is_err() {
            return Found::Unknown;
        }
        for offset in offsets {
            match self.tree.value(CellOffset(u32::from_le_bytes(*offset))) {
                Ok(value) if value.name().is_ascii(name) => return Found::Here(value),
                Ok(_) => {}
                Err(_) => seen_all = false,
            }
        }
        if seen_all { Found::Absent } else { Found::Unknown }
    }
}

/// For how many entries of a list there is room from the start. Longer lists make room as they are read: what a key counts may
/// be anything.
fn room_for(counted: u32) -> usize {
    /// Few keys of MAPI have more subkeys or values.
    const MOST: u32 = 64;

    counted.min(MOST) as usize
}

#[allow(clippy::needless_pass_by_value, reason = "handed to `map_err`")]
fn gave_up(error: nt_hive::NtHiveError) -> Error {
    Error::NtHive { message: error.to_string() }
}

/// What is wrong with the entries of one list: the first ones in full, the rest counted.
struct BadEntries<'p> {
    path: &'p str,
    problems: &'p mut Problems,
    count: u64,
    last: Option<Offset>,
}

impl<'p> BadEntries<'p> {
    fn new(path: &'p str, problems: &'p mut Problems) -> Self {
        Self { path, problems, count: 0, last: None }
    }

    /// Adds an entry that cannot be read; breaks off where nothing more can be.
    fn add(&mut self, at: Offset, error: Error) -> ControlFlow<()> {
        let exhausted = error == Error::VisitedTooMuch;
        self.count += 1;
        self.last = Some(at);
        if self.count <= limits::MAX_PROBLEMS_OF_A_LIST || exhausted {
            self.problems.add(at, Some(self.path), error);
        }
        if exhausted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Adds something that is not as it should be, but was read.
    fn note(&mut self, at: Offset, error: Error) {
        self.problems.add(at, Some(self.path), error);
    }

    /// Tells of what was only counted; returns whether nothing was bad.
    fn finish(self) -> bool {
        let count = self.count.saturating_sub(limits::MAX_PROBLEMS_OF_A_LIST);
        if let Some(at) = self.last.filter(|_| count > 0) {
            self.problems.add(at, Some(self.path), Error::FurtherEntries { count });
        }
        self.count == 0
    }
}

impl<'b> Value<'b> {
    /// The value's record.
    pub fn record(&self) -> &KeyValue<'b> {
        &self.record
    }

    /// The value's name as stored; empty for the unnamed value.
    pub fn name(&self) -> Name<'b> {
        self.record.name()
    }

    /// Where the value's cell lies in the file.
    pub fn at(&self) -> Offset {
        self.record.at()
    }

    /// The registry type.
    pub fn value_type(&self) -> ValueType {
        self.record.value_type()
    }

    /// Whether the value is there only to say that it is deleted, in a layered hive.
    pub fn is_tombstone(&self) -> bool {
        self.layered && self.record.is_tombstone()
    }

    /// The value's bytes, as far as they can be read.
    pub fn data(&self) -> Result<Data<'b>, Error> {
        self.bins.value_data(&self.record)
    }
}

/// A set of keys already reached, so that no walk runs in circles.
///
/// A bit for each eight bytes of the hive, where cells begin; in blocks that are made when a key lies in them, for a hive may be
/// large and the keys looked at few.
#[derive(Debug, Default)]
pub struct Reached {
    blocks: Vec<Option<Box<Block>>>,
    /// Cells that begin elsewhere, which damage alone makes.
    odd: HashSet<CellOffset>,
}

/// The bits of 64 KiB of a hive.
type Block = [u64; 128];

impl Reached {
    /// Takes a mark back, for a walk that begins at a key that was marked when it was listed.
    pub fn forget(&mut self, key: &Key<'_, '_>) {
        match self.bit(key) {
            Some((bits, bit)) => *bits &= !bit,
            None => _ = self.odd.remove(&key.node.cell_offset()),
        }
    }

    /// Marks a key; tells whether it was new.
    pub fn first_time(&mut self, key: &Key<'_, '_>) -> bool {
        match self.bit(key) {
            Some((bits, bit)) => {
                let is_new = *bits & bit == 0;
                *bits |= bit;
                is_new
            }
            None => self.odd.insert(key.node.cell_offset()),
        }
    }

    /// The bits among which a key's is, and its own; `None` where its cell does not begin at a multiple of eight.
    fn bit(&mut self, key: &Key<'_, '_>) -> Option<(&mut u64, u64)> {
        const BITS: usize = u64::BITS as usize;
        const BITS_OF_A_BLOCK: usize = BITS * size_of::<Block>() / size_of::<u64>();

        let at = key.node.cell_offset().0 as usize;
        if !at.is_multiple_of(8) {
            return None;
        }
        let number = at / 8;
        let block = number / BITS_OF_A_BLOCK;
        if block >= self.blocks.len() {
            // The key was read there, so that the hive has as many bytes.
            self.blocks.resize_with(block + 1, || None);
        }
        let block = self.blocks.get_mut(block)?.get_or_insert_with(|| Box::new([0; _]));
        let bits = block.get_mut(number % BITS_OF_A_BLOCK / BITS)?;
        Some((bits, 1 << (number % BITS)))
    }
}

/// A key met on a walk.
pub struct Step<'w, 't, 'b> {
    /// The key.
    pub key: &'w Key<'t, 'b>,
    /// Its path from the root of the hive, names joined by backslashes.
    pub path: &'w str,
    /// Levels below the key at which the walk began.
    pub depth: usize,
    /// Whether all of the key's subkeys were listed.
    pub subkeys_complete: bool,
}

impl<'t, 'b> Tree<'b> {
    /// Visits `start`, whose path is `path`, and every key below it: parents first, siblings in the order on disk, no key
    /// twice, none below one that lies deeper or has a longer path than Windows allows.
    pub fn walk(
        &'t self,
        start: Key<'t, 'b>,
        path: &str,
        reached: &mut Reached,
        problems: &mut Problems,
        visit: impl FnMut(Step<'_, 't, 'b>, &mut Problems),
    ) {
        self.walk_up_to(limits::MAX_PATH, start, path, reached, problems, visit);
    }

    /// The same, with paths short enough for all of them to be held ([`limits::MAX_PATH_HELD`]).
    pub fn walk_held(
        &'t self,
        start: Key<'t, 'b>,
        path: &str,
        reached: &mut Reached,
        problems: &mut Problems,
        visit: impl FnMut(Step<'_, 't, 'b>, &mut Problems),
    ) {
        self.walk_up_to(limits::MAX_PATH_HELD, start, path, reached, problems, visit);
    }

    fn walk_up_to(
        &'t self,
        max_path: usize,
        start: Key<'t, 'b>,
        path: &str,
        reached: &mut Reached,
        problems: &mut Problems,
        mut visit: impl FnMut(Step<'_, 't, 'b>, &mut Problems),
    ) {
        // The path of the key whose turn it is. Every key that waits lies below one on this path, so that its own begins with
        // as many bytes of it as its parent's has: no key needs a path before its turn comes.
        let mut path = path.to_owned();
        let mut waiting = vec![(start, None, 0)];
        let mut subkeys = Vec::new();
        while let Some((key, parent_len, depth)) = waiting.pop() {
            if let Some(parent_len) = parent_len {
                path.truncate(parent_len);
                key.node.name().append_to(&mut path);
            }
            if let Err(error) = self.charge_path(&path) {
                problems.add(key.at(), None, error);
                return;
            }
            if !reached.first_time(&key) {
                problems.add(key.at(), Some(&path), Error::SeenBefore);
                continue;
            }
            let subkeys_complete;
            if key.node.subkey_count() > 0 && (depth == limits::MAX_DEPTH || path.len() > max_path) {
                subkeys_complete = false;
                problems.add(key.at(), Some(&path), Error::TooDeep { depth, path: path.len() });
            } else {
                subkeys_complete = key.subkeys_into(&mut subkeys, &path, problems);
                let children = subkeys.drain(..).rev();
                waiting.extend(children.map(|child| (child, Some(path.len()), depth + 1)));
            }
            visit(Step { key: &key, path: &path, depth, subkeys_complete }, problems);
        }
    }

    /// Reads the value at `at`, counting what was visited.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "handing over a value by memory costs more than reading it")]
    fn value(&self, at: CellOffset) -> Result<Value<'b>, Error> {
        let record = self.bins.key_value(at)?;
        self.visit(record.cell_size() as usize)?;
        Ok(Value { record, bins: self.bins, layered: self.layered })
    }

    /// Walks the headers of all bins and the cells in them; what does not tile is reported. This touches every page.
    pub fn check_bins(&self, problems: &mut Problems) {
        bins::check(self.bins, problems);
    }

    /// Counts a path that is written out; fails when that was done too often.
    pub fn charge_path(&self, path: &str) -> Result<(), Error> {
        self.visit(path.len() / 4)
    }

    /// Reads a value's bytes, counting what was visited, and what may be held of it.
    #[inline]
    pub fn data(&self, value: &Value<'b>) -> Result<Data<'b>, Error> {
        let (held, len) = (self.data_bytes.get(), self.bins.bytes().len() as u64);
        // Before segments are joined. No value has more bytes than the hive, whatever it says.
        let size = u64::from(value.record().data_size());
        if held + size.min(len) > self.bound(limits::MAX_DATA_OF_EACH_BYTE) {
            return Err(Error::DataShared { size });
        }
        let data = value.data()?;
        self.visit(data.bytes.len())?;
        self.data_bytes.set(held + data.bytes.len() as u64);
        Ok(data)
    }
}

/// The path of a key below another; the root's path is empty.
pub fn join(parent: &str, name: &str) -> String {
    let mut path = String::with_capacity(parent.len() + 1 + name.len());
    path.push_str(parent);
    push_component(&mut path, name);
    path
}

/// Lengthens the path of a key by the name of a key below it; the root's path is empty.
pub fn push_component(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('\\');
    }
    path.push_str(name);
}
