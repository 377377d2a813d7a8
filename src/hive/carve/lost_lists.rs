//! Lists of values to which no key leads any more.
//!
//! Programs other than Windows clear a key's count of values and the offset of its list when they delete it, and leave list
//! and values as they were. A key remembers the longest name and the largest data that its values ever had, and nobody
//! lowers these, so that they tell which list may have been its own.

use std::collections::{BTreeMap, HashMap};

use crate::hive::image::Origin;
use crate::hive::raw::{CELL_HEADER, CellOffset, KeyNode, KeyValue};
use crate::hive::{Offset, join, limits};

use super::budget::Budget;
use super::doubt::{Doubt, Trust};
use super::space::{Hit, Referrer, Space, cell_offset};
use super::{Carved, DeletedKey, DeletedValue, UNKNOWN_PARENT};

/// Doubts about a value's data, which are doubts about its key as well.
pub(super) const ABOUT_DATA: &[Doubt] = &[Doubt::DataLost, Doubt::DataShared];

/// Where a key node notes the longest name and the largest data of its values, behind the size field (format specification,
/// section "Key node").
const MAXIMA_AT: usize = 60;

/// A list of deleted values that belonged to one of several deleted keys.
#[derive(Clone, Debug)]
pub struct LostList<'b> {
    /// The values in the order of the list.
    pub values: Vec<DeletedValue<'b>>,
    /// Places in [`Carved::keys`] of the keys to which the list can have belonged.
    pub candidates: Vec<usize>,
    /// Where the list's cell began in the file, its size field first.
    pub at: Offset,
}

impl<'b> Carved<'b> {
    /// Gives a list to a key that has no values yet; a list for any other key becomes one of [`Carved::lists`] again.
    pub fn attach(&mut self, list: LostList<'b>, key: usize) {
        let Some(key) = self.keys.get_mut(key).filter(|key| key.values.is_empty()) else {
            self.lists.push(list);
            return;
        };
        key.values = list.values;
        key.doubts.remove(Doubt::HadValues);
        key.doubts.insert(Doubt::ListFound);
        for value in &mut key.values {
            value.doubts.remove(Doubt::KeyUnknown);
            value.doubts.insert(Doubt::ListFound);
            key.doubts.extend(value.doubts.only(ABOUT_DATA));
        }
        if key.trust() == Trust::Low {
            key.values.iter_mut().for_each(|value| value.doubts.insert(Doubt::KeyDoubted));
        }
    }

    /// Forgets candidates that have got another list. A list without any becomes values of which no key is known.
    pub fn rule_out_those_with_values(&mut self) {
        for mut list in std::mem::take(&mut self.lists) {
            list.candidates.retain(|key| self.keys.get(*key).is_some_and(|key| key.values.is_empty()));
            if list.candidates.is_empty() {
                self.values.extend(list.values);
            } else {
                self.lists.push(list);
            }
        }
        self.values.sort_by_key(DeletedValue::at);
    }

    /// The keys to which a list can have belonged.
    pub fn candidates_of(&self, list: &LostList<'_>) -> impl Iterator<Item = &DeletedKey<'b>> {
        list.candidates.iter().filter_map(|key| self.keys.get(*key))
    }

    /// The path of the key that had these values, as far as all candidates agree, with [`UNKNOWN_PARENT`] in place of what
    /// is not known.
    pub fn path_of(&self, list: &LostList<'_>) -> String {
        match self.common_parent(list) {
            Some(parent) => join(parent, UNKNOWN_PARENT),
            None => UNKNOWN_PARENT.to_owned(),
        }
    }

    /// Whose values these can be, in words: the names of the candidates, or their paths where the parents differ too.
    pub fn owners_of(&self, list: &LostList<'_>) -> String {
        let in_one_key = self.common_parent(list).is_some();
        let told = |key: &DeletedKey<'_>| if in_one_key { key.name() } else { key.path.clone() };
        let told: Vec<String> = self.candidates_of(list).map(told).collect();
        format!("values of one of: {}", told.join(", "))
    }

    fn common_parent(&self, list: &LostList<'_>) -> Option<&str> {
        let parent =
            |key: &'_ DeletedKey<'b>| key.path.rsplit_once('\\').map_or(0, |(parent, _)| parent.len());
        let mut parents = self.candidates_of(list).map(|key| key.path.get(..parent(key)).unwrap_or_default());
        let first = parents.next()?;
        parents.all(|other| other == first).then_some(first)
    }
}

/// The longest name of a key's values in bytes of UTF-16, and their largest data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Maxima {
    name: u32,
    data: u32,
}

impl Maxima {
    /// What a key remembers.
    pub(super) fn of_key(space: &Space<'_>, key: &KeyNode<'_>) -> Option<Self> {
        let at = usize::try_from(key.at().0).ok()? + CELL_HEADER + MAXIMA_AT;
        let (words, _) = space.bytes(at, at + 8)?.as_chunks::<4>();
        let [name, data] = words else { return None };
        Some(Self { name: u32::from_le_bytes(*name), data: u32::from_le_bytes(*data) })
    }

    fn of_value(value: &KeyValue<'_>) -> Self {
        let name = value.name();
        let length = name.bytes.len() * if name.compressed { 2 } else { 1 };
        Self { name: u32::try_from(length).unwrap_or(u32::MAX), data: value.data_size() }
    }

    fn and(self, other: Self) -> Self {
        Self { name: self.name.max(other.name), data: self.data.max(other.data) }
    }
}

/// A list as it was found.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    /// Places of its values among those that no key lists.
    pub(super) values: Vec<usize>,
    /// The keys to which it can have belonged.
    pub(super) candidates: Vec<usize>,
    /// Whether it can have been no other list than this, and of no other key.
    pub(super) certain: bool,
    pub(super) at: Offset,
}

/// A deleted key that had values and names no list. One that names a list had its values there: a list that is found
/// elsewhere is another key's, however alike the two are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bereft<'k, 'b> {
    /// Its place among all keys.
    pub(super) index: usize,
    pub(super) node: &'k KeyNode<'b>,
}

/// Lists in free cells whose values no key lists, with the keys that remember just these maxima. `values` are in the order of
/// the file. What is read is charged to `visits`.
pub(super) fn find(
    space: &Space<'_>,
    keys: &[Bereft<'_, '_>],
    values: &[Hit<KeyValue<'_>>],
    visits: &Budget,
) -> Vec<Lost> {
    // Among the pages of a log nobody knows what is free.
    if keys.is_empty() || space.counts_allocated() {
        return Vec::new();
    }
    let mut free = values.iter().enumerate().filter(|(_, hit)| hit.origin == Origin::Free).peekable();
    let Some(from) = free.peek().map(|(_, hit)| hit.referrer()) else { return Vec::new() };
    let values_at = Places::of(free.map(|(index, hit)| (hit.record.cell_offset(), index)).collect());
    let mut search = Search { space, from, values_at, met: vec![0; values.len()], lists: Vec::new(), visits };
    search.all();
    match_keys(space, keys, values, standing(search.lists, values.len()))
}

/// Offsets of values one after the other.
struct Run {
    at: Offset,
    values: Vec<usize>,
}

/// Values by the places of their cells.
struct Places {
    values: HashMap<CellOffset, usize>,
    first: CellOffset,
    last: CellOffset,
}

impl Places {
    fn of(values: HashMap<CellOffset, usize>) -> Self {
        let first = values.keys().min().copied().unwrap_or(CellOffset::NONE);
        let last = values.keys().max().copied().unwrap_or(CellOffset::NONE);
        Self { values, first, last }
    }

    /// The value at what may be an offset.
    fn value_at(&self, bytes: [u8; 4]) -> Option<usize> {
        let at = CellOffset(u32::from_le_bytes(bytes));
        // Every eight free bytes are asked for, and few are an offset at all.
        let may_be = (self.first..=self.last).contains(&at);
        if may_be { self.values.get(&at).copied() } else { None }
    }
}

struct Search<'s, 'b> {
    space: &'s Space<'b>,
    /// A record in a free cell.
    from: Referrer,
    values_at: Places,
    /// The number of the last list that names a value.
    met: Vec<usize>,
    lists: Vec<Run>,
    visits: &'s Budget,
}

impl Search<'_, '_> {
    fn all(&mut self) {
        for region in self.space.regions() {
            if region.origin != Origin::Free {
                continue;
            }
            let mut at = region.start.next_multiple_of(8);
            while at + 2 * CELL_HEADER <= region.end {
                let Some(list) = self.list(at) else {
                    at += 8;
                    continue;
                };
                if !self.visits.take(KeyValue::NAME_AT + 4 * list.values.len()) {
                    return;
                }
                // No list begins inside another one: there would be a size among its offsets.
                at = (at + CELL_HEADER + 4 * list.values.len()).next_multiple_of(8);
                self.lists.push(list);
            }
        }
    }

    /// The list in the cell that began at a place of the file. It ends with its cell, or where something else than a value
    /// or the same value again is named.
    fn list(&mut self, at: usize) -> Option<Run> {
        let first = self.space.bytes(at + CELL_HEADER, at + 2 * CELL_HEADER)?.first_chunk::<4>()?;
        self.values_at.value_at(*first)?;
        let number = self.lists.len() + 1;
        let cell = self.space.cell(cell_offset(at)?, first.len(), self.from)?;
        let mut values = Vec::new();
        for offset in cell.data().as_chunks::<4>().0 {
            let value = self.values_at.value_at(*offset);
            let Some((value, met)) = value.and_then(|value| Some((value, self.met.get_mut(value)?))) else {
                break;
            };
            if std::mem::replace(met, number) == number {
                break;
            }
            values.push(value);
        }
        Some(Run { at: Offset(at as u64), values })
    }
}

/// The lists that stand for themselves. A list with values of one longer list only is an older state of that; of lists that
/// contradict each other the longer one stands, and neither if they are of one length.
fn standing(mut lists: Vec<Run>, values: usize) -> Vec<Run> {
    lists.sort_by_key(|list| (std::cmp::Reverse(list.values.len()), list.at));
    let mut owner: Vec<Option<usize>> = vec![None; values];
    let mut stands = vec![true; lists.len()];
    for (index, list) in lists.iter().enumerate() {
        let owner_of = |value: &usize| owner.get(*value).copied().flatten();
        let owners: Vec<Option<usize>> = list.values.iter().map(owner_of).collect();
        if owners.iter().all(Option::is_none) {
            for value in &list.values {
                if let Some(owner) = owner.get_mut(*value) {
                    *owner = Some(index);
                }
            }
            continue;
        }
        let first = owners.first().copied().flatten();
        let is_older_state = first.is_some() && owners.iter().all(|owner| *owner == first);
        for other in owners.into_iter().flatten().filter(|_| !is_older_state) {
            if lists.get(other).is_some_and(|other| other.values.len() == list.values.len())
                && let Some(stands) = stands.get_mut(other)
            {
                *stands = false;
            }
        }
        if let Some(stands) = stands.get_mut(index) {
            *stands = false;
        }
    }
    let mut lists: Vec<Run> =
        lists.into_iter().zip(stands).filter_map(|(list, stands)| stands.then_some(list)).collect();
    lists.sort_by_key(|list| list.at);
    lists
}

/// Lists and keys of the same maxima.
#[derive(Default)]
struct Group<'k, 'b> {
    lists: Vec<Run>,
    keys: Vec<Bereft<'k, 'b>>,
}

fn match_keys<'k, 'b>(
    space: &Space<'_>,
    keys: &[Bereft<'k, 'b>],
    values: &[Hit<KeyValue<'_>>],
    lists: Vec<Run>,
) -> Vec<Lost> {
    let mut groups: BTreeMap<Maxima, Group<'k, 'b>> = BTreeMap::new();
    for list in lists {
        let of_values = list.values.iter().filter_map(|value| values.get(*value));
        let maxima = of_values.map(|hit| Maxima::of_value(&hit.record)).fold(Maxima::default(), Maxima::and);
        groups.entry(maxima).or_default().lists.push(list);
    }
    for key in keys {
        let group = Maxima::of_key(space, key.node).and_then(|maxima| groups.get_mut(&maxima));
        if let Some(group) = group {
            group.keys.push(*key);
        }
    }
    groups.retain(|_, group| !group.keys.is_empty());
    // A key that lives on without its values may have lost the list as well.
    let emptied = if groups.is_empty() { Vec::new() } else { space.emptied() };
    for maxima in emptied {
        groups.remove(&maxima);
    }
    let mut lost: Vec<Lost> = groups.into_values().flat_map(Group::lost).collect();
    lost.sort_by_key(|list| list.at);
    lost
}

impl Group<'_, '_> {
    /// The lists of which something can be said.
    fn lost(self) -> Vec<Lost> {
        if self.keys.len() > limits::MAX_CANDIDATES {
            return Vec::new();
        }
        let certain = self.lists.len() == 1 && self.keys.len() == 1;
        let candidates: Vec<usize> = self.keys.iter().map(|key| key.index).collect();
        let lists = self.lists.into_iter();
        lists
            .map(|list| Lost { values: list.values, candidates: candidates.clone(), certain, at: list.at })
            .collect()
    }
}
