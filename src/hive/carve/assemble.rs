//! Puts recovered records together: values to their keys, keys to their paths, and what is doubtful about it.

use std::cmp::Reverse;

use crate::hive::image::Origin;
use crate::hive::raw::{BASE_BLOCK_SIZE, CELL_HEADER, CellOffset, KeyNode, KeyValue};
use crate::hive::{Error, Offset, Problems};

use super::ancestry::Lineage;
use super::budget::Budget;
use super::contents;
use super::doubt::{Doubt, Doubts, Trust};
use super::lost_lists::{self, ABOUT_DATA, Bereft, Lost};
use super::scan::Found;
use super::space::{Hit, Space};
use super::{Carved, DeletedKey, DeletedValue, LostList};

/// Makes keys and values of what was found.
pub(super) fn assemble<'b>(
    space: &Space<'b>,
    root: CellOffset,
    found: Found<'b>,
    problems: &mut Problems,
) -> Carved<'b> {
    let results = Budget::for_results(space.len());
    let contents = Budget::for_results(space.len());
    let overlapping = overlapping_records(&found);
    let mut lists = Lists::of(space, &found.keys);
    let mut values = Vec::new();
    let mut owners = Vec::new();
    for claim in lists.settle() {
        if let Some(key) = found.keys.get(claim.key)
            && let Some(hit) = space.value(claim.value, key.referrer())
        {
            let doubts = lists.doubts_of(claim.key).only(&[Doubt::CountLost]);
            values.push(recovered_value(space, hit, doubts, &overlapping, &contents));
            owners.push(claim.key);
        }
    }
    let attached = values.len();
    let unlisted: Vec<Hit<KeyValue<'b>>> =
        found.values.into_iter().filter(|hit| !lists.is_settled(hit.record.cell_offset())).collect();
    let lost = lost_lists::find(space, &lists.bereft(&found.keys), &unlisted, &lists.visits);
    for hit in unlisted {
        values.push(recovered_value(space, hit, Doubt::KeyUnknown.into(), &overlapping, &contents));
    }
    doubt_shared_data(&mut values, &found.keys);

    let mut lineage = Lineage::new(space, root, &results);
    let unattached = values.split_off(attached);
    let mut attached = values.into_iter().zip(owners).peekable();
    let mut keys = Vec::with_capacity(found.keys.len());
    for (index, hit) in found.keys.iter().enumerate() {
        let ancestry = lineage.of(hit);
        let mut doubts = hit.doubts;
        doubts.extend(ancestry.doubts);
        doubts.extend(lists.doubts_of(index));
        if overlapping.binary_search(&hit.record.at()).is_ok() {
            doubts.insert(Doubt::Overlaps);
        }
        let mut values = Vec::new();
        while let Some((value, _)) = attached.next_if(|(_, owner)| *owner == index) {
            doubts.extend(value.doubts.only(ABOUT_DATA));
            values.push(value);
        }
        if doubts.trust() == Trust::Low {
            for value in &mut values {
                value.doubts.insert(Doubt::KeyDoubted);
            }
        }
        if !results.take(ancestry.path.len()) {
            break;
        }
        keys.push(DeletedKey {
            node: hit.record,
            origin: hit.origin,
            path: ancestry.path.as_ref().to_owned(),
            path_complete: ancestry.complete,
            values,
            values_complete: lists.is_complete(index),
            doubts,
        });
    }
    let mut carved = Carved { keys, values: Vec::new(), lists: Vec::new(), complete: true };
    carved.settle(unattached, lost, &results);
    let stopped = space.exceeded()
        || lists.exceeded()
        || lineage.exceeded()
        || results.exceeded()
        || contents.exceeded();
    if stopped {
        problems.add(Offset(BASE_BLOCK_SIZE as u64), None, Error::RecoveryStopped);
    }
    carved.complete = !stopped;
    carved
}

impl<'b> Carved<'b> {
    /// Takes the values that no key lists, among them those of lost lists, which go to their keys where these are certain.
    fn settle(&mut self, values: Vec<DeletedValue<'b>>, lost: Vec<Lost>, results: &Budget) {
        let mut values: Vec<Option<DeletedValue<'b>>> = values.into_iter().map(Some).collect();
        for list in lost {
            let all_known = list.candidates.iter().all(|key| *key < self.keys.len());
            let named: usize =
                list.candidates.iter().filter_map(|key| self.keys.get(*key)).map(|key| key.path.len()).sum();
            // Each value is told with the names of all candidates.
            if !all_known || !(list.certain || results.take(named * list.values.len())) {
                continue;
            }
            let of_list = list.values.iter().filter_map(|value| values.get_mut(*value)?.take()).collect();
            let found = LostList { values: of_list, candidates: list.candidates, at: list.at };
            match found.candidates.first().copied().filter(|_| list.certain) {
                Some(key) => self.attach(found, key),
                None => self.lists.push(found),
            }
        }
        self.values = values.into_iter().flatten().collect();
    }
}

fn recovered_value<'b>(
    space: &Space<'b>,
    hit: Hit<KeyValue<'b>>,
    more: Doubts,
    overlapping: &[Offset],
    bytes: &Budget,
) -> DeletedValue<'b> {
    let data = contents::data(space, &hit, bytes);
    let mut doubts = hit.doubts;
    doubts.extend(more);
    if overlapping.binary_search(&hit.record.at()).is_ok() {
        doubts.insert(Doubt::Overlaps);
    }
    if !data.as_ref().is_ok_and(|data| data.complete) {
        doubts.insert(Doubt::DataLost);
    }
    DeletedValue { record: hit.record, origin: hit.origin, data, doubts }
}

impl Found<'_> {
    /// Marks what lies in unreferenced cells as perhaps live after all.
    pub(super) fn doubt_unreferenced(&mut self) {
        let keys = self.keys.iter_mut().map(|hit| (hit.origin, &mut hit.doubts));
        let values = self.values.iter_mut().map(|hit| (hit.origin, &mut hit.doubts));
        for (_, doubts) in keys.chain(values).filter(|(origin, _)| *origin == Origin::Unreferenced) {
            doubts.insert(Doubt::TreeIncomplete);
        }
    }
}

/// That a key lists a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    value: CellOffset,
    /// How weak the claim is: 0 if the key counts its values and has them all, 1 if some are missing, 2 without a count.
    weakness: u8,
    /// A cell that was used again belongs to the later key.
    written: Reverse<u64>,
    key: usize,
    /// The place in the key's list.
    index: usize,
}

/// The lists of values of all keys.
struct Lists {
    /// Sorted by value, the best claim first; after [`Lists::settle`] one claim for each value.
    claims: Vec<Claim>,
    claims_left: Budget,
    visits: Budget,
    /// What each key's list leaves in doubt.
    doubts: Vec<Doubts>,
}

/// Doubts that mean that a key has not all the values it once had.
const INCOMPLETE: &[Doubt] = &[Doubt::CountLost, Doubt::HadValues, Doubt::ValuesLost, Doubt::ClaimedTwice];

impl Lists {
    fn of<'b>(space: &Space<'b>, keys: &[Hit<KeyNode<'b>>]) -> Self {
        let mut lists = Self {
            claims: Vec::new(),
            claims_left: Budget::for_results(space.len()),
            visits: Budget::for_visits(space.len()),
            doubts: Vec::new(),
        };
        for (index, key) in keys.iter().enumerate() {
            let doubts = lists.add(space, index, key);
            lists.doubts.push(doubts);
        }
        lists.claims.sort_unstable();
        lists
    }

    /// Adds the claims of one key; tells what its list leaves in doubt.
    fn add<'b>(&mut self, space: &Space<'b>, key_index: usize, key: &Hit<KeyNode<'b>>) -> Doubts {
        let counted = key.record.value_count() as usize;
        let at = key.record.value_list();
        let cell = match counted {
            // In a key that may be live this means no more than what it says.
            0 if at == CellOffset::NONE
                && key.record.had_values()
                && space.is_free(key.record.cell_offset()) =>
            {
                return Doubt::HadValues.into();
            }
            0 if at == CellOffset::NONE || !space.is_free(at) => return Doubts::default(),
            0 => space.cell(at, 4, key.referrer()),
            _ => space.cell(at, counted * 4, key.referrer()),
        };
        let Some(cell) = cell else {
            return if counted == 0 { Doubts::default() } else { Doubt::ValuesLost.into() };
        };
        let (offsets, _) = cell.data().as_chunks::<4>();
        let first = self.claims.len();
        let mut missing = false;
        for (index, offset) in
            offsets.iter().take(if counted == 0 { usize::MAX } else { counted }).enumerate()
        {
            let value = CellOffset(u32::from_le_bytes(*offset));
            if !self.visits.take(offset.len()) {
                return Doubt::ValuesLost.into();
            }
            let is_there =
                (counted > 0 || space.is_free(value)) && space.value(value, key.referrer()).is_some();
            if is_there && self.claims_left.take(KeyValue::NAME_AT) {
                let written = Reverse(key.record.last_written().0);
                self.claims.push(Claim { value, weakness: 0, written, key: key_index, index });
            } else if counted == 0 {
                break;
            } else {
                missing = true;
            }
        }
        let claims = self.claims.get_mut(first..).unwrap_or_default();
        let (doubts, weakness) = match (counted, missing) {
            (0, _) if claims.is_empty() => return Doubts::default(),
            (0, _) => (Doubt::CountLost.into(), 2),
            (_, true) => (Doubt::ValuesLost.into(), 1),
            (_, false) => return Doubts::default(),
        };
        for claim in claims {
            claim.weakness = weakness;
        }
        doubts
    }

    /// Gives each value to the key with the best claim, and doubts all who claimed it. The claims that hold, by key and in
    /// the order of its list.
    fn settle(&mut self) -> Vec<Claim> {
        let doubts = &mut self.doubts;
        self.claims.dedup_by(|worse, better| {
            let same = worse.value == better.value;
            for key in [worse.key, better.key] {
                if let Some(doubts) = doubts.get_mut(key).filter(|_| same) {
                    doubts.insert(Doubt::ClaimedTwice);
                }
            }
            same
        });
        let mut settled = self.claims.clone();
        settled.sort_unstable_by_key(|claim| (claim.key, claim.index));
        settled
    }

    /// The keys that had values and name no list.
    fn bereft<'k, 'b>(&self, keys: &'k [Hit<KeyNode<'b>>]) -> Vec<Bereft<'k, 'b>> {
        let bereft = keys.iter().enumerate().filter(|(index, key)| {
            // What lies behind the bins or in a log may be of another time.
            let is_here = matches!(key.origin, Origin::Free | Origin::Slack | Origin::Unreferenced);
            is_here && self.doubts_of(*index).contains(Doubt::HadValues)
        });
        bereft.map(|(index, key)| Bereft { index, node: &key.record }).collect()
    }

    /// Whether there was more to read than lists of one hive can hold.
    fn exceeded(&self) -> bool {
        self.claims_left.exceeded() || self.visits.exceeded()
    }

    /// Whether a key has this value.
    fn is_settled(&self, value: CellOffset) -> bool {
        self.claims.binary_search_by_key(&value, |claim| claim.value).is_ok()
    }

    fn doubts_of(&self, key: usize) -> Doubts {
        self.doubts.get(key).copied().unwrap_or_default()
    }

    fn is_complete(&self, key: usize) -> bool {
        self.doubts_of(key).only(INCOMPLETE).is_empty()
    }
}

/// The records that share bytes with another one, in the order of the file.
fn overlapping_records(found: &Found<'_>) -> Vec<Offset> {
    let mut extents: Vec<(u64, u64)> = found.keys.iter().map(|hit| extent_of_key(&hit.record)).collect();
    extents.extend(found.values.iter().map(|hit| extent_of_value(&hit.record)));
    extents.sort_unstable();
    let mut overlapping = Vec::new();
    sweep(&extents, |extent| *extent, |&(start, _)| overlapping.push(Offset(start - CELL_HEADER as u64)));
    overlapping.sort_unstable();
    overlapping.dedup();
    overlapping
}

/// Doubts data whose bytes are also those of other data or of a record.
fn doubt_shared_data(values: &mut [DeletedValue<'_>], keys: &[Hit<KeyNode<'_>>]) {
    let mut extents: Vec<((u64, u64), Option<usize>)> =
        keys.iter().map(|hit| (extent_of_key(&hit.record), None)).collect();
    for (index, value) in values.iter().enumerate() {
        extents.push((extent_of_value(&value.record), None));
        if let Ok(data) = &value.data
            && !value.record.is_resident()
            && !data.bytes.is_empty()
        {
            // Of big data, the record's own cell stands for all.
            let length = if value.record.data_cell().in_file() == data.at { 12 } else { data.bytes.len() };
            extents.push(((data.at.0, data.at.0 + length as u64), Some(index)));
        }
    }
    extents.sort_unstable();
    let mut shared = Vec::new();
    sweep(&extents, |(extent, _)| *extent, |(_, value)| shared.extend(*value));
    for index in shared {
        if let Some(value) = values.get_mut(index) {
            value.doubts.insert(Doubt::DataShared);
        }
    }
}

/// Shows everything that shares bytes with something else, some of it more than once. Sorted by start, whatever overlaps an
/// earlier extent overlaps the one that reaches furthest.
fn sweep<T>(sorted: &[T], extent: impl Fn(&T) -> (u64, u64), mut show: impl FnMut(&T)) {
    let mut furthest: Option<&T> = None;
    for next in sorted {
        let (start, end) = extent(next);
        if let Some(earlier) = furthest
            && start < extent(earlier).1
        {
            show(earlier);
            show(next);
        }
        if furthest.is_none_or(|earlier| extent(earlier).1 < end) {
            furthest = Some(next);
        }
    }
}

/// The bytes of a record without its size field and without what its cell has left.
fn extent_of_key(node: &KeyNode<'_>) -> (u64, u64) {
    let at = node.at().0;
    (at + CELL_HEADER as u64, at + (KeyNode::NAME_AT + node.name().bytes.len()) as u64)
}

fn extent_of_value(record: &KeyValue<'_>) -> (u64, u64) {
    let at = record.at().0;
    (at + CELL_HEADER as u64, at + (KeyValue::NAME_AT + record.name().bytes.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_shows_just_what_overlaps_something() {
        let mut number = 1_u64;
        let mut next = |bound: u64| {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (number >> 33) % bound
        };
        for _ in 0..2_000 {
            let mut extents: Vec<(u64, u64)> = (0..next(9))
                .map(|_| {
                    let start = next(40);
                    (start, start + 1 + next(12))
                })
                .collect();
            extents.sort_unstable();
            let overlaps = |one: usize| {
                let (start, end) = extents[one];
                let mut others = extents.iter().enumerate().filter(|(other, _)| *other != one);
                others.any(|(_, other)| other.0 < end && start < other.1)
            };
            let expected: Vec<(u64, u64)> =
                (0..extents.len()).filter(|one| overlaps(*one)).map(|one| extents[one]).collect();
            let mut shown = Vec::new();
            sweep(&extents, |extent| *extent, |extent| shown.push(*extent));
            shown.sort_unstable();
            shown.dedup();
            let mut expected = expected;
            expected.dedup();
            assert_eq!(shown, expected, "{extents:?}");
        }
    }
}
