//! Facts of many hives, sorted with bounded memory: full buffers are sorted and written to temporary files, which are merged
//! when everything is there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::finding::{FleetFact, FleetKind, Record};
use crate::scan::HiveReport;

/// Facts held in memory before they are written out: some megabytes.
const HELD: usize = 20_000;

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

    /// What tells accounts apart: the identifier, or without one the host and the name.
    pub(super) fn account_key(&self) -> String {
        if self.sid.is_empty() { format!("{}\\{}", self.host, self.account) } else { self.sid.clone() }
    }
}

/// Facts as they come.
#[derive(Debug, Default)]
pub(super) struct Spill {
    held: Vec<StoredFact>,
    runs: Vec<File>,
}

/// All facts in their order.
#[derive(Debug)]
pub(super) enum Sorted {
    Held(Vec<StoredFact>),
    Written(File),
}

impl Spill {
    pub(super) fn push(&mut self, fact: StoredFact) -> io::Result<()> {
        self.held.push(fact);
        if self.held.len() >= HELD {
            self.held.sort();
            self.runs.push(written(self.held.drain(..).map(Ok))?);
        }
        Ok(())
    }

    /// Sorts everything.
    pub(super) fn close(mut self) -> io::Result<Sorted> {
        self.held.sort();
        if self.runs.is_empty() {
            return Ok(Sorted::Held(self.held));
        }
        self.runs.push(written(self.held.drain(..).map(Ok))?);
        let mut runs: Vec<_> = self.runs.into_iter().map(read).collect::<io::Result<_>>()?;
        let mut first = BinaryHeap::new();
        for (index, run) in runs.iter_mut().enumerate() {
            first.extend(run.next().transpose()?.map(|fact| Reverse((fact, index))));
        }
        let merged = std::iter::from_fn(move || {
            let Reverse((fact, index)) = first.pop()?;
            match runs.get_mut(index).and_then(Iterator::next) {
                Some(Ok(next)) => first.push(Reverse((next, index))),
                Some(Err(error)) => return Some(Err(error)),
                None => {}
            }
            Some(Ok(fact))
        });
        written(merged).map(Sorted::Written)
    }
}

impl Sorted {
    /// All facts, from the first; may be asked for again.
    pub(super) fn facts(&self) -> io::Result<Box<dyn Iterator<Item = io::Result<StoredFact>> + '_>> {
        match self {
            Self::Held(facts) => Ok(Box::new(facts.iter().cloned().map(Ok))),
            Self::Written(file) => Ok(Box::new(read(file.try_clone()?)?)),
        }
    }
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

    #[test]
    fn facts_come_back_sorted_and_unchanged_however_many_there_are() {
        for count in [0, 1, 100, 2 * HELD as u64 + 17] {
            let mut spill = Spill::default();
            for number in (0..count).rev() {
                spill.push(fact(number)).unwrap();
            }
            let sorted = spill.close().unwrap();
            let mut expected: Vec<_> = (0..count).map(fact).collect();
            expected.sort();
            for _ in 0..2 {
                let found: Vec<_> = sorted.facts().unwrap().map(Result::unwrap).collect();
                assert!(found == expected, "{count}");
            }
        }
    }
}
