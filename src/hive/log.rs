//! Transaction logs: what a hive's logs would make of it. [`plan`] decides and reports, [`Plan::apply`] patches private
//! memory. No byte of a log is believed before its checksum or hash was found right.
//!
//! Source: format specification, sections "Format of transaction log files", "Dirty state of a hive" and "Multiple
//! transaction log files". Both formats are read: dirty sectors behind a `DIRT` bitmap (up to Windows 8) and `HvLE`
//! entries (from Windows 8.1).

mod entry;
mod marvin32;
mod old_format;

use std::fmt;

use super::base_block::BaseBlock;
use super::raw::BASE_BLOCK_SIZE;
use super::{Offset, limits};

pub(super) use entry::LogEntry;
use entry::entries_from;

/// Length of a sector, in which logs are laid out whatever the disk ("Sector size and clustering factor").
const SECTOR: usize = 512;

/// A transaction log as it lies beside a hive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log<'l> {
    /// Its bytes.
    pub(super) bytes: &'l [u8],
    /// Whether its name ends with `LOG2`, which matters for logs of the old format.
    pub(super) is_second: bool,
    /// Whether its name ends with a number: two logs are kept in turn, and a `.LOG` beside them is a dummy.
    pub(super) is_numbered: bool,
}

/// What became of a transaction log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFate {
    /// It holds nothing: no bytes, or zeros only. Normal for the one of two logs that is not in use.
    Unused,
    /// The hive is clean: all that the log holds was written to it before.
    NotNeeded,
    /// It was not asked for.
    NotAsked,
    /// Its entries were applied in memory.
    Applied {
        /// Sequence number of the first entry applied.
        first: u32,
        /// And of the last.
        last: u32,
        /// Pages that were replaced.
        pages: usize,
        /// Why what follows in the log was not applied, where it is not just older.
        ended: Option<LogFault>,
    },
    /// What it holds was written to the hive before, or is continued by nothing that was applied.
    Stale(LogFault),
    /// It is damaged, or not this hive's.
    Refused(LogFault),
}

/// What is wrong with a transaction log or one of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LogFault {
    /// The system refused the bytes.
    #[error("cannot be read: {0}")]
    Io(String),
    /// Larger than what is read into memory.
    #[error("has {found} bytes, more than the {limit} that are read")]
    TooLong {
        /// The bound.
        limit: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Too short for its base block and one page.
    #[error("has {found} bytes, a log with anything in it at least {needed}")]
    TooShort {
        /// Bytes needed.
        needed: u64,
        /// Bytes there are.
        found: u64,
    },
    /// No base block at its start.
    #[error("does not begin with a base block")]
    NoBaseBlock,
    /// The base block's checksum does not match.
    #[error("base block: checksum is {found:#010x}, the bytes give {computed:#010x}")]
    Checksum {
        /// The stored checksum.
        found: u32,
        /// The right one.
        computed: u32,
    },
    /// A file type that is no log's.
    #[error("base block: file type {0} is no transaction log's")]
    FileType(u32),
    /// The log itself was being written.
    #[error(
        "its own sequence numbers differ (primary {primary}, secondary {secondary}): it was being written"
    )]
    Unfinished {
        /// Primary sequence number.
        primary: u32,
        /// Secondary sequence number.
        secondary: u32,
    },
    /// Version, root key or size that no log of this hive has.
    #[error("base block: {field} is {found}, the hive's is {expected}: the log of another hive")]
    Foreign {
        /// The field.
        field: &'static str,
        /// In the log.
        found: String,
        /// In the hive.
        expected: String,
    },
    /// Everything in it is older than the hive.
    #[error("its entries begin with {first}, but the hive has all up to {written}")]
    Older {
        /// Sequence number of its first entry.
        first: u32,
        /// The hive's secondary sequence number.
        written: u32,
    },
    /// Its entries do not continue those that were applied.
    #[error("its entries begin with {first}, those applied end with {last}")]
    Gap {
        /// Sequence number of its first entry.
        first: u32,
        /// Sequence number of the last entry applied.
        last: u32,
    },
    /// A log of the old format from another write than the one that had not ended.
    #[error("is of {found}, the write that had not ended of {expected}")]
    OtherWrite {
        /// Last-written time of the log.
        found: String,
        /// That of the hive.
        expected: String,
    },
    /// Another log is used.
    #[error("another log is used")]
    AnotherIsUsed,
    /// No entry of a log of the new format is sound.
    #[error("no entry could be applied: {0}")]
    NoEntry(Box<LogFault>),
    /// Nothing where an entry was expected.
    #[error("{at}: no entry begins here")]
    NoEntryHere {
        /// Where in the log.
        at: Offset,
    },
    /// An entry with a size that no entry has, or that the log does not hold.
    #[error("{at}: entry claims {size} bytes, {left} are left")]
    EntrySize {
        /// Where in the log.
        at: Offset,
        /// Claimed size.
        size: u64,
        /// Bytes to the end of the log.
        left: u64,
    },
    /// A hash that does not match: the entry was torn or changed.
    #[error("{at}: entry {sequence}: {which} does not match: torn or changed")]
    Hash {
        /// Where in the log.
        at: Offset,
        /// Sequence number.
        sequence: u32,
        /// `Hash-1` (pages) or `Hash-2` (header).
        which: &'static str,
    },
    /// An entry that is not the next one.
    #[error("{at}: entry {found} where {expected} was expected")]
    Sequence {
        /// Where in the log.
        at: Offset,
        /// Sequence number found.
        found: u32,
        /// Sequence number expected.
        expected: u32,
    },
    /// A size of the hive that is none.
    #[error("{at}: hive bins data size {size}")]
    BinsSize {
        /// Where in the log.
        at: Offset,
        /// The size.
        size: u32,
    },
    /// No pages, more references than the entry holds, or pages outside of the hive.
    #[error("{at}: {what}")]
    Pages {
        /// Where in the log.
        at: Offset,
        /// What is wrong.
        what: &'static str,
    },
    /// No bitmap where it belongs.
    #[error("no DIRT bitmap at byte 512")]
    NoBitmap,
}

impl fmt::Display for LogFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused => f.write_str("unused"),
            Self::NotNeeded => f.write_str("not needed"),
            Self::NotAsked => f.write_str("not applied, as asked"),
            Self::Applied { first, last, pages, ended } => {
                write!(f, "applied, sequence {first} to {last}, {pages} pages")?;
                ended.as_ref().map_or(Ok(()), |why| write!(f, "; ends before {why}"))
            }
            Self::Stale(why) => write!(f, "stale: {why}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// Bytes of a log that replace bytes of the hive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Where in the hive file.
    pub(super) hive: usize,
    /// Which log.
    pub(super) log: usize,
    /// Where in the log.
    pub(super) at: usize,
    /// How many bytes.
    pub(super) len: usize,
    /// Sequence number of the entry.
    pub(super) sequence: u32,
}

impl Page {
    /// The bytes.
    pub(super) fn bytes<'l>(&self, logs: &[Log<'l>]) -> &'l [u8] {
        let log = logs.get(self.log).and_then(|log| log.bytes.get(self.at..));
        log.and_then(|rest| rest.get(..self.len)).unwrap_or_default()
    }

    /// Where its last byte ends in the hive file.
    pub(super) fn end(&self) -> usize {
        self.hive + self.len
    }
}

/// What the logs of a hive would make of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// What became of each log, in their order.
    pub(super) fates: Vec<LogFate>,
    /// Pages to apply, in this order; later ones replace earlier ones.
    pub(super) pages: Vec<Page>,
    /// The base block afterwards; `None` where nothing is applied.
    pub(super) base_block: Option<Vec<u8>>,
    /// Which log gave the base block, where the hive's own was damaged.
    pub(super) base_block_from: Option<usize>,
}

/// The hive that logs belong to: as much of it as decides about them.
struct Primary<'p> {
    file: &'p [u8],
    /// The base block, where it can be trusted.
    sound: Option<BaseBlock>,
}

/// Decides what is to be applied. The hive is dirty where its sequence numbers differ or its base block's checksum does
/// not match; logs beside a clean hive are not applied, whatever they hold (section "Dirty state of a hive").
pub(super) fn plan(file: &[u8], logs: &[Log<'_>]) -> Plan {
    let sound = BaseBlock::read(file).filter(|block| block.checksum == block.computed_checksum);
    let clean = sound.as_ref().is_some_and(|block| block.primary_sequence == block.secondary_sequence);
    let primary = Primary { file, sound };
    let headers: Vec<Result<Header, LogFate>> =
        logs.iter().map(|log| Header::read(log, primary.sound.as_ref())).collect();
    if clean {
        let fates = headers.into_iter().map(|header| match header {
            Err(LogFate::Unused) => LogFate::Unused,
            _ => LogFate::NotNeeded,
        });
        return Plan { fates: fates.collect(), ..Plan::default() };
    }
    let mut plan = Plan { fates: vec![LogFate::Unused; logs.len()], ..Plan::default() };
    let mut usable = Vec::new();
    for (index, header) in headers.into_iter().enumerate() {
        match header {
            Ok(header) => usable.push((index, header)),
            Err(fate) => plan.set_fate(index, fate),
        }
    }
    // The new format is preferred, and of one format two logs kept in turn to a single one: a `.LOG` beside `.LOG1` is
    // left from the installation ("Multiple transaction log files").
    let new = usable.iter().any(|(_, header)| header.is_new());
    let numbered = |(index, _): &(usize, Header)| logs.get(*index).is_some_and(|log| log.is_numbered);
    let of_format = |entry: &&(usize, Header)| entry.1.is_new() == new;
    let any_numbered = usable.iter().filter(of_format).any(numbered);
    let (chosen, others): (Vec<_>, Vec<_>) =
        usable.into_iter().partition(|entry| of_format(&entry) && numbered(entry) == any_numbered);
    for (index, _) in others {
        plan.set_fate(index, LogFate::Stale(LogFault::AnotherIsUsed));
    }
    if new {
        entry::plan(&primary, logs, chosen, &mut plan);
    } else {
        old_format::plan(&primary, logs, chosen, &mut plan);
    }
    plan
}

/// Every entry of a log that is sound, applied or not, oldest places first; of a log of the old format the one there is.
/// The hash over the pages is not looked at yet ([`LogEntry::is_intact`]).
pub(super) fn entries<'l>(log: &Log<'l>) -> Vec<LogEntry<'l>> {
    match Header::read(log, None) {
        Ok(header) if header.is_new() => entries_from(log.bytes, SECTOR),
        Ok(header) => old_format::entry(log.bytes, &header.block).into_iter().collect(),
        // Entries behind a damaged or unfinished base block are no less entries.
        Err(LogFate::Refused(_)) => entries_from(log.bytes, SECTOR),
        Err(_) => Vec::new(),
    }
}

/// A log's base block, found right.
struct Header {
    block: BaseBlock,
}

impl Header {
    fn read(log: &Log<'_>, hive: Option<&BaseBlock>) -> Result<Self, LogFate> {
        let refused = |fault| Err(LogFate::Refused(fault));
        if log.bytes.iter().all(|byte| *byte == 0) {
            return Err(LogFate::Unused);
        }
        if log.bytes.len() < 2 * SECTOR {
            let found = log.bytes.len() as u64;
            return refused(LogFault::TooShort { needed: 2 * SECTOR as u64, found });
        }
        let Some(block) = BaseBlock::read_partial(log.bytes) else { return refused(LogFault::NoBaseBlock) };
        let (found, computed) = (block.checksum, block.computed_checksum);
        if found != computed {
            return refused(LogFault::Checksum { found, computed });
        }
        if !matches!(block.file_type, 1 | 2 | 6) {
            return refused(LogFault::FileType(block.file_type));
        }
        let (primary, secondary) = (block.primary_sequence, block.secondary_sequence);
        if primary != secondary {
            return refused(LogFault::Unfinished { primary, secondary });
        }
        if let Some(foreign) = hive.and_then(|hive| foreign(&block, hive)) {
            return refused(foreign);
        }
        Ok(Self { block })
    }

    fn is_new(&self) -> bool {
        self.block.file_type == 6
    }

    fn sequence(&self) -> u32 {
        self.block.primary_sequence
    }
}

/// What shows that a log is another hive's. Its base block is a copy of the hive's from memory, so that what does not
/// change while a hive is loaded is the same.
fn foreign(log: &BaseBlock, hive: &BaseBlock) -> Option<LogFault> {
    let differs = |field, found: String, expected: String| {
        (found != expected).then_some(LogFault::Foreign { field, found, expected })
    };
    let version = |block: &BaseBlock| format!("{}.{}", block.major, block.minor);
    let named = !log.file_name.is_empty() && !hive.file_name.is_empty();
    differs("version", version(log), version(hive))
        .or_else(|| differs("root key", log.root.in_file().to_string(), hive.root.in_file().to_string()))
        .or_else(|| {
            let same = log.file_name.eq_ignore_ascii_case(&hive.file_name);
            (named && !same).then(|| LogFault::Foreign {
                field: "file name",
                found: format!("\"{}\"", log.file_name),
                expected: format!("\"{}\"", hive.file_name),
            })
        })
}

impl Primary<'_> {
    /// When the write that had not ended began: the base block's time, or where that is damaged the first bin's.
    fn last_written(&self) -> u64 {
        let in_bin = || {
            let field = self.file.get(BASE_BLOCK_SIZE + 20..).and_then(<[u8]>::first_chunk);
            field.copied().map_or(0, u64::from_le_bytes)
        };
        self.sound.as_ref().map_or_else(in_bin, |block| block.last_written.0)
    }

    /// The base block after replay: the hive's own or, where that is damaged, the log's, with what the log changed.
    fn replayed_base_block(
        &self,
        log: &[u8],
        sequence: Option<u32>,
        bins_size: u32,
        locked: Option<bool>,
    ) -> Vec<u8> {
        let own = self.sound.as_ref().and_then(|_| self.file.get(..BASE_BLOCK_SIZE));
        let mut block = own.or_else(|| log.get(..SECTOR)).unwrap_or_default().to_vec();
        block.resize(BASE_BLOCK_SIZE, 0);
        let u32_of = |bytes: &[u8], at: usize| {
            bytes.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
        };
        let sequence = sequence.unwrap_or_else(|| u32_of(&block, 4));
        // Of the flags only the lowest is taken from entries ("Log entries", note 11); the rest is the log's.
        let flags = u32_of(log, 144);
        let flags = locked.map_or(flags, |locked| flags & !1 | u32::from(locked));
        for (at, number) in [(4, sequence), (8, sequence), (28, 0), (40, bins_size), (144, flags)] {
            put(&mut block, at, &number.to_le_bytes());
        }
        let checksum = BaseBlock::read(&block).map_or(0, |block| block.computed_checksum);
        put(&mut block, 508, &checksum.to_le_bytes());
        block
    }
}

impl Plan {
    /// Whether anything is applied.
    pub(super) fn applies(&self) -> bool {
        self.base_block.is_some()
    }

    /// How long the hive file is once all pages are applied.
    pub(super) fn len(&self, file: usize) -> usize {
        self.pages.iter().map(Page::end).fold(file, usize::max)
    }

    /// Writes pages and the base block into a copy of the hive, which has the length that [`Self::len`] tells. A page of which
    /// nothing `shows` in the end, for later ones replace all of it, is left out; pages are numbered from 1.
    pub(super) fn apply(&self, copy: &mut [u8], logs: &[Log<'_>], shows: impl Fn(u32, &Page) -> bool) {
        for (number, page) in (1..).zip(&self.pages) {
            if shows(number, page) {
                put(copy, page.hive, page.bytes(logs));
            }
        }
        put(copy, 0, self.base_block.as_deref().unwrap_or_default());
    }

    fn set_fate(&mut self, log: usize, fate: LogFate) {
        if let Some(place) = self.fates.get_mut(log) {
            *place = fate;
        }
    }
}

fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = into.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

/// How far a hive of `file` bytes may grow by a log of `log` bytes. What is added to a hive is written to the log too, so
/// that more growth than the log has bytes is damage; some room is left for bins that were added without being used.
fn longest(file: usize, log: usize) -> usize {
    file.saturating_add(log).saturating_add(limits::MAX_GROWTH_BEYOND_LOG)
}
