use std::collections::HashSet;
use std::fmt;

use crate::wintypes::SecurityDescriptorError;

use super::ValueType;

/// A place in a file, counted in bytes from its first one: what a hex editor shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.0)
    }
}

/// What is wrong with a hive, or with one place in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The file has no bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The file is shorter than a base block and one bin's header.
    #[error("the file has {found} bytes, a hive has at least {needed}")]
    TooShort {
        /// Bytes needed.
        needed: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Larger than any hive can be.
    #[error("the file has {found} bytes, more than the {limit} that a hive can have")]
    TooLong {
        /// The bound.
        limit: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Neither a base block nor a first bin where they belong.
    #[error("not a registry hive: expected \"regf\" at byte 0 or \"hbin\" at byte 4096, found {found}")]
    NotAHive {
        /// The first bytes, in hexadecimal.
        found: String,
    },
    /// A registry file of Windows 95, 98 or Me.
    #[error("a Windows 9x registry file (CREG), a format that is not supported")]
    Windows9x,
    /// A transaction log was named as a hive.
    #[error("a transaction log (file type {0}), not a hive")]
    IsALog(u32),
    /// A format version whose cells are laid out differently or are unknown.
    #[error("format {major}.{minor} not supported")]
    Version {
        /// Major version.
        major: u32,
        /// Minor version.
        minor: u32,
    },
    /// A base block field that differs from the only value it may have.
    #[error("base block: {field} is {found}, expected {expected}")]
    BaseBlockField {
        /// Name of the field in the format specification.
        field: &'static str,
        /// What is there.
        found: u32,
        /// What belongs there.
        expected: u32,
    },
    /// The XOR checksum over the first 508 bytes does not match.
    #[error("base block: checksum is {found:#010x}, the bytes give {computed:#010x}")]
    Checksum {
        /// The stored checksum.
        found: u32,
        /// The right one.
        computed: u32,
    },
    /// The base block has no signature, but bins follow it.
    #[error("the base block is destroyed (found {found}); the root key was searched by its flag")]
    BaseBlockDestroyed {
        /// The first bytes, in hexadecimal.
        found: String,
    },
    /// The base block names a root cell that is no root key.
    #[error("the base block's root key at {at} is none ({why}); the root key was searched by its flag")]
    RootMisplaced {
        /// The place named.
        at: Offset,
        /// What is wrong there.
        why: Box<Error>,
    },
    /// No key with the root flag anywhere.
    #[error("no root key found")]
    NoRoot,
    /// The file ends before its bins do.
    #[error("the file is truncated: bins end at byte {expected}, the file at byte {found}")]
    Truncated {
        /// Where the base block says the bins end.
        expected: u64,
        /// Where the file ends.
        found: u64,
    },
    /// A bin without its signature or with a wrong size or place.
    #[error("bin: {what} is {found:#x}, expected {expected}")]
    Bin {
        /// The field.
        what: &'static str,
        /// What is there.
        found: u32,
        /// What belongs there.
        expected: String,
    },
    /// A cell offset that leads out of the bins.
    #[error("refers to a cell at byte {target}, but the bins end at byte {end}")]
    OutOfBins {
        /// Where the reference leads.
        target: u64,
        /// Where the bins end.
        end: u64,
    },
    /// A reference that is not set (`0xffffffff`) although something is said to be there.
    #[error("refers to no cell although its count says there is something")]
    NoCell,
    /// A cell that is too small or runs past the end of the bins.
    #[error("cell claims {size} bytes, {left} are left before the bins end")]
    CellSize {
        /// Claimed size with its header.
        size: u64,
        /// Bytes to the end of the bins.
        left: u64,
    },
    /// A live reference to a free cell.
    #[error("refers to a free cell of {size} bytes")]
    FreeCell {
        /// Size of the free cell.
        size: u32,
    },
    /// A record without its two-letter signature.
    #[error("expected {expected}, found {found}")]
    Signature {
        /// The signatures possible here.
        expected: &'static str,
        /// The two bytes, in hexadecimal.
        found: String,
    },
    /// A record longer than its cell.
    #[error("{record} needs {needed} bytes, its cell holds {found}")]
    RecordTooLong {
        /// Kind of the record.
        record: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes in the cell.
        found: u64,
    },
    /// A count in a key node that its list does not bear out.
    #[error("key node counts {counted} {what}, its list holds {listed}")]
    Count {
        /// `subkeys` or `values`.
        what: &'static str,
        /// In the key node.
        counted: u64,
        /// In the list.
        listed: u64,
    },
    /// A key met a second time: a cycle, or two parents for one child.
    #[error("key was already reached by another way (cycle or shared list)")]
    SeenBefore,
    /// A key further down than Windows allows.
    #[error(
        "key has subkeys but lies {depth} levels deep, with a path of {path} bytes: more than Windows allows"
    )]
    TooDeep {
        /// Levels below the start of the walk.
        depth: usize,
        /// Length of the path.
        path: usize,
    },
    /// A list with many bad entries, of which the first were told one by one.
    #[error("{count} further entries of this list are bad")]
    FurtherEntries {
        /// How many.
        count: u64,
    },
    /// A key with the same name as one before it, which hides it from programs.
    #[error("a second key of this name; programs see the first one only")]
    SecondOfName,
    /// A key whose path is too long to be held.
    #[error("key has a path of {path} bytes; below MAPI's roots nothing is read beyond {limit}")]
    PathTooLong {
        /// Length of the path.
        path: usize,
        /// The bound.
        limit: usize,
    },
    /// Lists or data are shared so often that reading would not end in useful time.
    #[error("reading stopped: the keys refer to far more bytes than the file has")]
    VisitedTooMuch,
    /// Values share data so often that holding them for each would take far more memory than the file.
    #[error(
        "data of {size} bytes are not read: values refer to the same bytes so often that all of them are more than twice the file"
    )]
    DataShared {
        /// Bytes of data the value has.
        size: u64,
    },
    /// The cell of a deleted value's data is no longer free, or its old size does not fit: its bytes may be another record's.
    #[error("data of {size} bytes at {at} are overwritten: the cell is in use again or does not fit them")]
    DataOverwritten {
        /// Where the data's cell was.
        at: Offset,
        /// Bytes the value says it has.
        size: u64,
    },
    /// Supposed deleted records overlap so much that recovering them would not end in useful time or memory.
    #[error("recovery of deleted records stopped: they claim far more bytes than the file has")]
    RecoveryStopped,
    /// A value whose cell or big-data segments hold fewer bytes than it has.
    #[error("value of {size} bytes, of which {found} could be read")]
    DataShort {
        /// Size of the value.
        size: u64,
        /// Bytes that could be read.
        found: u64,
    },
    /// nt-hive gave up on a list with an error; the list was read by our own reader.
    #[error("nt-hive could not read this list ({message}); it was read raw")]
    NtHive {
        /// Its own words.
        message: String,
    },
    /// nt-hive panicked on a list; the list was read by our own reader.
    #[error("nt-hive gave up on this list altogether; it was read raw")]
    NtHivePanic,
    /// nt-hive and our own reader see different entries in one list; ours stand.
    #[error("readers disagree on the {what} of this key: nt-hive sees {nt_hive}, the raw reader {raw}")]
    ReadersDisagree {
        /// `subkeys` or `values`.
        what: &'static str,
        /// Entries nt-hive sees.
        nt_hive: usize,
        /// Entries the raw reader sees.
        raw: usize,
    },
    /// A subkey list entry whose hash does not fit the key's name: Windows does not find such a key by name.
    #[error("the hash of this key in its parent's list is {found:#010x}, its name gives {computed:#010x}")]
    NameHash {
        /// The stored hash.
        found: u32,
        /// The right one.
        computed: u32,
    },
    /// A record of a layered hive that says that something is deleted.
    #[error("marked as deleted in this layer of a layered hive")]
    Tombstone,
    /// The base block was damaged and taken from a transaction log, as Windows does.
    #[error("the base block is damaged and was taken from {log}")]
    BaseBlockFromLog {
        /// Name of the log.
        log: String,
    },
    /// A transaction log of a dirty hive that could not be applied, or not to its end.
    #[error("transaction log {log}: {fault}")]
    Log {
        /// Name of the log.
        log: String,
        /// What is wrong with it.
        fault: super::LogFault,
        /// Whether nothing of it was applied.
        refused: bool,
    },
    /// So many entries of logs tell of earlier states that not all of them are searched.
    #[error("{log} and logs after it hold more earlier states of the hive than are searched")]
    TooManyLogEntries {
        /// Name of the log.
        log: String,
    },
    /// There is no memory for the copy of the hive over which entries are laid.
    #[error("earlier states of the hive in {log} and logs after it were not searched: {why}")]
    LogEntriesNotSearched {
        /// The log.
        log: String,
        /// What the system said.
        why: String,
    },
    /// A security descriptor that cannot be read.
    #[error(transparent)]
    Security(#[from] SecurityDescriptorError),
    /// A value of a type that needs other bytes than it has.
    #[error("{value_type} of {found} bytes, expected {expected}")]
    ValueSize {
        /// Registry type.
        value_type: ValueType,
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
    },
}

impl Error {
    /// Whether a fact may be missing because of it. Where another reader read the same bytes, or something is merely
    /// not as it should be, nothing is.
    pub fn costs_facts(&self) -> bool {
        !matches!(
            self,
            Self::NtHive { .. }
                | Self::NtHivePanic
                | Self::ReadersDisagree { .. }
                | Self::NameHash { .. }
                | Self::SecondOfName
                | Self::Tombstone
                | Self::BaseBlockFromLog { .. }
                // What ends in a torn entry is read as Windows would read it.
                | Self::Log { refused: false, .. }
        )
    }
}

/// Something that could not be read, and where. What it does not name was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where in the hive file, if at one place.
    pub at: Option<Offset>,
    /// The key concerned, as far as its path was known.
    pub key_path: Option<String>,
    /// What is wrong.
    pub error: Error,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.at, &self.key_path) {
            (Some(at), Some(path)) => write!(f, "{at}, key \"{path}\": {}", self.error),
            (Some(at), None) => write!(f, "{at}: {}", self.error),
            (None, Some(path)) => write!(f, "key \"{path}\": {}", self.error),
            (None, None) => self.error.fmt(f),
        }
    }
}

/// The problems of one hive: the first ones in full, all of them counted.
#[derive(Clone, Default)]
pub struct Problems {
    kept: Vec<Problem>,
    known: HashSet<Problem>,
    total: u64,
}

/// The same problems always look the same, which the order in a hash set does not.
impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problems")
            .field("kept", &self.kept)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Problems {
    /// Adds a problem at a place of the file.
    pub fn add(&mut self, at: Offset, key_path: Option<&str>, error: Error) {
        self.push(Problem { at: Some(at), key_path: key_path.map(str::to_owned), error });
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        if self.kept.len() == super::limits::MAX_PROBLEMS_KEPT {
            self.total += 1;
        } else if self.known.insert(problem.clone()) {
            // The same damaged place may be met again by a later look-up; it stays one problem.
            self.total += 1;
            self.kept.push(problem);
        }
    }

    /// The problems kept, in the order in which they were met.
    pub fn kept(&self) -> &[Problem] {
        &self.kept
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}
