//! Facts of many hives, sorted with bounded memory: full buffers are sorted and written to temporary files, which are merged
//! when everything is there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::finding::{FleetFact, FleetKind, Record};
use crate::scan::HiveReport;

/// Bytes of facts held in memory before they are written out.
const HELD_BYTES: usize = 4 << 20;
/// Bytes by which the room of a text is larger than the text.
const ALLOCATION: usize = 16;
/// Files that are merged into one. As many may be open of each level, and each level has this many times the facts of the one
/// below.
const MERGED: usize = 32;

/// A fact with the hive it comes from. Sorted by what it says, then by host, account and place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoredFact {
    /// What it is.
    pub kind: FleetKind,
    /// What it says, in upper case.
    pub folded: String,
    /// The host.
    pub host: String,
    /// Security identifier of the account; empty where it is not known.
    pub sid: String,
    /// The account as people call it.
    pub account: String,
    /// The series of copies of the hive, or the hive where it has none.
    pub series: String,
    /// The hive.
    pub hive_path: String,
    /// The root.
    pub root: String,
    /// The profile.
    pub profile: String,
    /// What it says.
    pub value: String,
    /// Whether the profile is not marked for deletion.
    pub is_live: bool,
    /// The key.
    pub key_path: String,
    /// The value, if it is one.
    pub value_name: Option<String>,
    /// `nk` or `vk`.
    pub record: String,
    /// Name of the log that has the bytes, if it is one.
    pub log: Option<String>,
    /// Sequence number of the log's entry.
    pub log_sequence: Option<u32>,
    /// Where in the file.
    pub file_offset: u64,
    /// How many bytes.
    pub size: u64,
    /// When the key last changed, in ticks since 1601.
    pub last_written: Option<u64>,
    /// Where the bytes are.
    pub origin: String,
    /// Copies of the hive that were read, this one included; they count once.
    pub copies: u64,
}

impl StoredFact {
    /// A fact of a hive whose copies are known.
    pub fn of(report: &HiveReport, fact: &FleetFact) -> Self {
        let (coverage, evidence) = (&report.coverage, &fact.evidence);
        let record = if evidence.record == Record::KeyValue { Record::KeyValue } else { Record::KeyNode };
        Self {
            kind: fact.kind,
            folded: fact.folded.clone(),
            host: coverage.host.clone().unwrap_or_default(),
            sid: coverage.account.sid.as_ref().map(ToString::to_string).unwrap_or_default(),
            account: report.account_label(),
            series: report.copy.as_ref().map_or(&coverage.hive_path, |copy| &copy.series).clone(),
            hive_path: coverage.hive_path.clone(),
            root: fact.root.clone(),
            profile: fact.profile.clone(),
            value: fact.value.clone(),
            is_live: fact.is_live,
            key_path: evidence.key_path.clone(),
            value_name: evidence.value_name.clone(),
            record: record.as_str().to_owned(),
            log: evidence.place.log.as_deref().map(str::to_owned),
            log_sequence: evidence.place.sequence,
            file_offset: evidence.place.at.0,
            size: evidence.size,
            last_written: evidence.last_written.map(|time| time.0),
            origin: evidence.place.origin.as_str().to_owned(),
            copies: report.copy.as_ref().map_or(1, |copy| copy.copies as u64),
        }
    }

    /// Facts as lines that [`Self::read`] reads back.
    pub fn lines(facts: impl IntoIterator<Item = Self>) -> Vec<u8> {
        let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for fact in facts {
            // Memory is always writable, and a fact can always be serialized.
            let _ = table.serialize(fact);
        }
        table.into_inner().unwrap_or_default()
    }

    /// Facts that were written by [`Self::lines`].
    pub fn read(lines: impl io::Read) -> impl Iterator<Item = io::Result<Self>> {
        let table = csv::ReaderBuilder::new().has_headers(false).from_reader(lines);
        table.into_deserialize().map(|fact| fact.map_err(io::Error::from))
    }

    /// About how many bytes it holds.
    fn size(&self) -> usize {
        let texts = [
            &self.folded,
            &self.host,
            &self.sid,
            &self.account,
            &self.series,
            &self.hive_path,
            &self.root,
            &self.profile,
            &self.value,
            &self.key_path,
            &self.record,
            &self.origin,
        ];
        let optional = [&self.value_name, &self.log].into_iter().flatten();
        let texts = texts.into_iter().chain(optional);
        size_of::<Self>() + texts.map(|text| text.capacity() + ALLOCATION).sum::<usize>()
    }

    /// What tells accounts apart: the identifier, or without one the host and the name.
    pub(super) fn account_key(&self) -> String {
        if self.sid.is_empty() { format!("{}\\{}", self.host, self.account) } else { self.sid.clone() }
    }
}

/// Facts as they come.
#[derive(Debug)]
pub(super) struct Spill {
    held: Vec<StoredFact>,
    bytes: usize,
    /// Bytes of facts that are held before they are written out.
    most: usize,
    /// Sorted files and how often their facts were merged, which becomes less along the list.
    runs: Vec<(u32, File)>,
}

/// All facts in their order.
#[derive(Debug)]
pub(super) enum Sorted {
    Held(Vec<StoredFact>),
    /// By kind.
    Written(BTreeMap<FleetKind, File>),
}

impl Default for Spill {
    fn default() -> Self {
        Self { held: Vec::new(), bytes: 0, most: HELD_BYTES, runs: Vec::new() }
    }
}

impl Spill {
    pub(super) fn push(&mut self, fact: StoredFact) -> io::Result<()> {
        self.bytes += fact.size();
        self.held.push(fact);
        if self.bytes < self.most {
            return Ok(());
        }
        self.held.sort();
        let run = written(self.held.drain(..).map(Ok))?;
        self.bytes = 0;
        self.runs.push((0, run));
        while let Some((level, same)) = self.full_level() {
            let runs = self.runs.split_off(same);
            self.runs.push((level + 1, written(merged(runs.into_iter().map(|(_, run)| run))?)?));
        }
        Ok(())
    }

    /// The level at the end of the list, and where it begins, if it has as many files as are merged.
    fn full_level(&self) -> Option<(u32, usize)> {
        let (level, _) = self.runs.last()?;
        let begin = self.runs.partition_point(|(other, _)| other > level);
        (self.runs.len() - begin >= MERGED).then_some((*level, begin))
    }

    /// Sorts everything.
    pub(super) fn close(mut self) -> io::Result<Sorted> {
        self.held.sort();
        if self.runs.is_empty() {
            return Ok(Sorted::Held(self.held));
        }
        let last = written(self.held.into_iter().map(Ok))?;
        let runs = self.runs.into_iter().map(|(_, run)| run).chain([last]);
        let mut facts = merged(runs)?.peekable();
        let mut files = BTreeMap::new();
        while let Some(Ok(StoredFact { kind, .. })) = facts.peek() {
            let kind = *kind;
            let is_same = |fact: &io::Result<StoredFact>| fact.as_ref().is_ok_and(|fact| fact.kind == kind);
            let of_kind = std::iter::from_fn(|| facts.next_if(is_same));
            files.insert(kind, written(of_kind)?);
        }
        // What is left, if anything, is what could not be read.
        facts.next().transpose()?;
        Ok(Sorted::Written(files))
    }
}

impl Sorted {
    /// All facts of a kind, from the first; may be asked for again.
    pub(super) fn facts(
        &self,
        kind: FleetKind,
    ) -> io::Result<Box<dyn Iterator<Item = io::Result<StoredFact>> + '_>> {
        match self {
            Self::Held(facts) => {
                Ok(Box::new(facts.iter().filter(move |fact| fact.kind == kind).cloned().map(Ok)))
            }
            Self::Written(files) => match files.get(&kind) {
                Some(file) => Ok(Box::new(read(file.try_clone()?)?)),
                None => Ok(Box::new(std::iter::empty())),
            },
        }
    }
}

/// The facts of sorted files in one order.
fn merged(files: impl Iterator<Item = File>) -> io::Result<impl Iterator<Item = io::Result<StoredFact>>> {
    let mut runs: Vec<_> = files.map(read).collect::<io::Result<_>>()?;
    let mut first = BinaryHeap::new();
    for (index, run) in runs.iter_mut().enumerate() {
        first.extend(run.next().transpose()?.map(|fact| Reverse((fact, index))));
    }
    Ok(std::iter::from_fn(move || {
        let Reverse((fact, index)) = first.pop()?;
        match runs.get_mut(index).and_then(Iterator::next) {
            Some(Ok(next)) => first.push(Reverse((next, index))),
            Some(Err(error)) => return Some(Err(error)),
            None => {}
        }
        Some(Ok(fact))
    }))
}

/// Writes facts to a temporary file that has no name and goes with the process.
fn written(facts: impl Iterator<Item = io::Result<StoredFact>>) -> io::Result<File> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(tempfile::tempfile()?);
    for fact in facts {
        table.serialize(fact?).map_err(io::Error::from)?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn read(mut file: File) -> io::Result<impl Iterator<Item = io::Result<StoredFact>>> {
    file.seek(SeekFrom::Start(0))?;
    Ok(StoredFact::read(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(number: u64) -> StoredFact {
        StoredFact {
            kind: if number.is_multiple_of(2) { FleetKind::Server } else { FleetKind::Family },
            folded: format!("{}", number * 7_919 % 101),
            host: format!("host \"{number}\", with a comma"),
            sid: String::new(),
            account: "a\\u{a}b".into(),
            series: "h".into(),
            hive_path: "h".into(),
            root: "Windows NT".into(),
            profile: String::new(),
            value: "=1+1".into(),
            is_live: number.is_multiple_of(3),
            key_path: r"a\b".into(),
            value_name: number.is_multiple_of(5).then(|| "001e6602".into()),
            record: "vk".into(),
            log: None,
            log_sequence: number.is_multiple_of(7).then_some(3),
            file_offset: number,
            size: 8,
            last_written: Some(u64::MAX),
            origin: "primary".into(),
            copies: number % 4,
        }
    }

    /// All facts of a spill.
    fn all(sorted: &Sorted) -> Vec<StoredFact> {
        let kinds = [FleetKind::Server, FleetKind::Family, FleetKind::Mailbox];
        kinds.into_iter().flat_map(|kind| sorted.facts(kind).unwrap().map(Result::unwrap)).collect()
    }

    #[test]
    fn facts_come_back_sorted_and_unchanged_however_many_there_are() {
        let in_memory = (HELD_BYTES / fact(0).size()) as u64;
        for count in [0, 1, 100, in_memory * 5 / 2] {
            let mut spill = Spill::default();
            for number in (0..count).rev() {
                spill.push(fact(number)).unwrap();
            }
            let sorted = spill.close().unwrap();
            let mut expected: Vec<_> = (0..count).map(fact).collect();
            expected.sort();
            expected.sort_by_key(|fact| fact.kind != FleetKind::Server);
            for _ in 0..2 {
                assert!(all(&sorted) == expected, "{count}");
            }
        }
    }

    #[test]
    fn what_is_held_in_memory_and_open_at_once_has_a_bound() {
        // Two or three facts fill the room, so that files are merged more than once.
        let most = 2 * fact(0).size();
        let count = 4 * (MERGED * MERGED + MERGED) as u64;
        let mut spill = Spill { most, ..Spill::default() };
        for number in 0..count {
            spill.push(fact(number)).unwrap();
            assert!(spill.bytes < most + fact(0).size(), "{}", spill.bytes);
            assert!(spill.runs.len() < 3 * MERGED, "{}", spill.runs.len());
        }
        assert!(spill.runs.iter().any(|(level, _)| *level == 2));
        let sorted = spill.close().unwrap();
        let kinds = [FleetKind::Server, FleetKind::Family].map(|kind| sorted.facts(kind).unwrap());
        let mut numbers: Vec<u64> =
            kinds.into_iter().flatten().map(|fact| fact.unwrap().file_offset).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    }
}
