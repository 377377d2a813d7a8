//! Parts joined: their groups in one order, their bytes copied as they are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;

use super::error::CaseError;
use super::part::{Located, PartReader, PartWriter, Record, Settings};
use crate::report::Summary;
use crate::scan::{GroupKey, Stop};

/// The groups of several parts in the order of rows; of one group in several parts that of the first part first.
pub(super) struct Sorted<'p> {
    parts: Vec<Box<dyn Iterator<Item = Result<Located, CaseError>> + 'p>>,
    next: BinaryHeap<Reverse<Next>>,
    failed: Option<CaseError>,
}

/// The next group of a part; ordered by its key, then by the part.
struct Next {
    part: usize,
    located: Located,
}

impl Next {
    fn order(&self) -> (&GroupKey, usize) {
        (&self.located.entry.group, self.part)
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl<'p> Sorted<'p> {
    pub(super) fn of(parts: &'p [PartReader]) -> Result<Self, CaseError> {
        let mut sorted = Self { parts: Vec::new(), next: BinaryHeap::new(), failed: None };
        for (index, part) in parts.iter().enumerate() {
            sorted.parts.push(Box::new(part.groups()?));
            sorted.advance(index);
        }
        Ok(sorted)
    }

    fn advance(&mut self, part: usize) {
        match self.parts.get_mut(part).and_then(Iterator::next) {
            Some(Ok(located)) => self.next.push(Reverse(Next { part, located })),
            Some(Err(error)) => self.failed = Some(error),
            None => {}
        }
    }
}

impl Iterator for Sorted<'_> {
    type Item = Result<(usize, Located), CaseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let Reverse(Next { part, located }) = self.next.pop()?;
        self.advance(part);
        Some(Ok((part, located)))
    }
}

/// What parts come to together.
#[derive(Debug, Default)]
pub struct Joined {
    /// What happened to all hives.
    pub summary: Summary,
    /// Their closing records, added up.
    pub record: Record,
    /// Files that make the exit code 3.
    pub unread: u64,
}

/// Opens parts that are whole, were made alike and have no group in common.
pub fn open_parts<P: AsRef<Path>>(folders: &[P]) -> Result<Vec<PartReader>, CaseError> {
    // A part without hives would not be noticed by its groups.
    let mut seen = std::collections::BTreeSet::new();
    for folder in folders.iter().map(AsRef::as_ref) {
        if !seen.insert(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())) {
            let why = "it is given twice".to_owned();
            return Err(CaseError::NoPart { folder: folder.to_owned(), why });
        }
    }
    let parts: Vec<PartReader> =
        folders.iter().map(|folder| PartReader::open_whole(folder.as_ref())).collect::<Result<_, _>>()?;
    let Some((first, others)) = parts.split_first() else { return Ok(parts) };
    for other in others {
        let differences = first.settings().differences(other.settings());
        if !differences.is_empty() {
            return Err(CaseError::Unlike {
                first: first.folder().to_owned(),
                second: other.folder().to_owned(),
                what: differences.join(", "),
            });
        }
    }
    check_shards(&parts)?;
    check_groups(&parts)?;
    Ok(parts)
}

/// No group may be in two parts.
fn check_groups(parts: &[PartReader]) -> Result<(), CaseError> {
    let mut last: Option<(usize, GroupKey)> = None;
    for next in Sorted::of(parts)? {
        let (index, Located { entry, .. }) = next?;
        if let Some((before, group)) = last.filter(|(_, same)| *same == entry.group) {
            let [first, second] = [before, index]
                .map(|part| parts.get(part).map(|part| part.folder().to_owned()).unwrap_or_default());
            return Err(CaseError::Twice { first, second, group: group.to_string() });
        }
        last = Some((index, entry.group));
    }
    Ok(())
}

/// Of parts that are shards none may be missing.
fn check_shards(parts: &[PartReader]) -> Result<(), CaseError> {
    let mut found = std::collections::BTreeMap::new();
    for part in parts {
        let Some(shard) = part.record().shard else { continue };
        let Some((index, of)) = shard.split_once('/') else { continue };
        let (Ok(index), Ok(of)) = (index.parse::<u32>(), of.parse::<u32>()) else { continue };
        found.entry(of).or_insert_with(Vec::new).push((index, part.folder()));
    }
    for (of, shards) in found {
        let missing: Vec<String> = (1..=of)
            .filter(|index| shards.iter().all(|(found, _)| found != index))
            .take(20)
            .map(|index| index.to_string())
            .collect();
        if let Some((_, folder)) = shards.first().filter(|_| !missing.is_empty()) {
            let why = format!("it is one shard of {of}, and these are missing: {}", missing.join(", "));
            return Err(CaseError::NoPart { folder: (*folder).to_owned(), why });
        }
    }
    Ok(())
}

/// Copies all groups of the parts in their order. Where `stop` tells to, nothing is given back.
pub fn join(parts: &[PartReader], into: &mut PartWriter, stop: &Stop) -> Result<Option<Joined>, CaseError> {
    let mut joined = Joined::default();
    for next in Sorted::of(parts)? {
        if stop.is_requested() {
            return Ok(None);
        }
        let (index, located) = next?;
        let Some(part) = parts.get(index) else { continue };
        into.copy(part, &located)?;
        joined.unread = joined.unread.saturating_add(located.entry.unread);
        joined.summary.absorb(located.entry.summary);
    }
    for part in parts {
        let record = part.record();
        joined.record.groups = joined.record.groups.saturating_add(record.groups);
        joined.record.units = joined.record.units.saturating_add(record.units);
        joined.record.any_hive |= record.any_hive;
    }
    joined.record.other_files = other_files(parts);
    Ok(Some(joined))
}

/// Files in folders that are neither hives nor logs. Shards of one tree each walk all of it, so that they count once; in which order
/// parts are given makes no difference.
fn other_files(parts: &[PartReader]) -> u64 {
    let (shards, plain): (Vec<Record>, Vec<Record>) =
        parts.iter().map(PartReader::record).partition(|record| record.shard.is_some());
    let of_shards = shards.iter().map(|record| record.other_files).max();
    let of_plain = plain.iter().map(|record| record.other_files).fold(0, u64::saturating_add);
    of_plain.saturating_add(of_shards.unwrap_or_default())
}

/// The settings that parts have in common.
pub fn common_settings(parts: &[PartReader]) -> Settings {
    parts.first().map(|part| part.settings().clone()).unwrap_or_default()
}
