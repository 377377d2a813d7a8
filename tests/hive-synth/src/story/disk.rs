use std::collections::BTreeSet;

use super::memory::Memory;
use crate::BASE_BLOCK_SIZE;
use crate::log::{NEW_LOG, OLD_LOG, PAGE, SECTOR, dirty_vector_and_pages, entry_of_pages, log_base_block};
use crate::record::u32_of;
use crate::synth_hive::checksum;

/// How a version of Windows brings a hive to the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Windows XP and Server 2003: one log of the old format, `.LOG`, whose sequence numbers are one lower than those
    /// of the primary afterwards (spec, *Old format*, *Base block*, note 5).
    Xp,
    /// Windows Vista to 8: the old format in `.LOG1`, and an empty `.LOG2` (spec, *Multiple transaction log files*).
    Vista,
    /// Windows 8.1 and later: log entries, alternating between `.LOG1` and `.LOG2`.
    Windows81,
}

impl LogFormat {
    /// All of them, oldest first.
    pub const ALL: [Self; 3] = [Self::Xp, Self::Vista, Self::Windows81];

    /// Whether a flush writes the primary at once (spec, *Flush strategies*).
    pub fn is_old(self) -> bool {
        self != Self::Windows81
    }

    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Xp => &["LOG"],
            Self::Vista | Self::Windows81 => &["LOG1", "LOG2"],
        }
    }
}

/// What somebody gets who copies the files of a hive just as they lie on the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopiedHive {
    /// The primary file.
    pub primary: Vec<u8>,
    /// The transaction logs, each with its suffix: `LOG`, or `LOG1` and `LOG2`.
    pub logs: Vec<(&'static str, Vec<u8>)>,
}

impl CopiedHive {
    /// The log with this suffix.
    ///
    /// # Panics
    /// When this version of Windows writes no such log.
    pub fn log(&self, suffix: &str) -> &[u8] {
        let found = self.logs.iter().find(|(other, _)| *other == suffix);
        &found.unwrap_or_else(|| panic!("no {suffix} beside this hive")).1
    }

    /// Whether the sequence numbers of the primary differ (spec, *Dirty state of a hive*).
    pub fn is_dirty(&self) -> bool {
        self.primary[PRIMARY_SEQUENCE..SECONDARY_SEQUENCE] != self.primary[SECONDARY_SEQUENCE..LAST_WRITTEN]
    }
}

const PRIMARY_SEQUENCE: usize = 4;
const SECONDARY_SEQUENCE: usize = 8;
const LAST_WRITTEN: usize = 12;
const CHECKSUM_AT: usize = 508;

/// The files of a hive, and what Windows remembers about them while the hive is loaded.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    format: LogFormat,
    files: CopiedHive,
    /// The log that the next write goes to.
    current: usize,
    /// Where the next entry goes in it; `None` as long as its base block is that of an earlier turn.
    next_entry: Option<usize>,
    /// Of the next log entry, or of both numbers in a clean primary.
    sequence: u32,
    /// Whether the last entry is not whole.
    torn: bool,
    /// Whether the other log holds entries that the primary lacks.
    divided: bool,
    /// Pages that reached a log and not yet the primary.
    unreconciled: BTreeSet<u32>,
    durable: Vec<u8>,
}

impl Disk {
    pub(super) fn new(primary: Vec<u8>, format: LogFormat) -> Self {
        let sequence = primary[PRIMARY_SEQUENCE..].first_chunk().expect("a base block");
        Self {
            format,
            current: 0,
            next_entry: None,
            torn: false,
            divided: false,
            sequence: u32::from_le_bytes(*sequence),
            unreconciled: BTreeSet::new(),
            durable: primary.clone(),
            files: CopiedHive {
                primary,
                logs: format.suffixes().iter().map(|&suffix| (suffix, Vec::new())).collect(),
            },
        }
    }

    pub(super) fn format(&self) -> LogFormat {
        self.format
    }

    pub(super) fn files(&self) -> &CopiedHive {
        &self.files
    }

    /// The hive as of the last write that is whole in a log or in the primary.
    pub(super) fn durable(&self) -> &[u8] {
        &self.durable
    }

    pub(super) fn is_reconciled(&self) -> bool {
        self.unreconciled.is_empty()
    }

    /// What a whole file with this content has as its base block.
    pub(super) fn clean_image(&self, memory: &Memory) -> Vec<u8> {
        let sequence = match self.format {
            // A reader knows the number of the last entry and no later one.
            LogFormat::Windows81 if !self.is_reconciled() => self.sequence - 1,
            _ => self.sequence,
        };
        let mut image = memory.bytes().to_vec();
        set_sequences(&mut image, sequence, sequence);
        image
    }

    // ---- new format -------------------------------------------------------------------------------------------------

    /// Writes an entry with the dirty pages; `reach` bytes of it, when the machine stops then.
    pub(super) fn write_entry(&mut self, memory: &Memory, dirty: BTreeSet<u32>, reach: Option<usize>) {
        self.mark_dirty();
        let sequence = self.sequence;
        let log = &mut self.files.logs[self.current].1;
        let start = self.next_entry.unwrap_or_else(|| {
            overwrite(log, 0, &log_base_block(memory.bytes(), NEW_LOG, (sequence, sequence)));
            SECTOR
        });
        let mut entry = entry_of_pages(&runs(memory, &dirty), memory.bins_size(), sequence);
        if let Some(reach) = reach {
            assert!(reach < entry.len(), "a torn entry is shorter than its {} bytes", entry.len());
            entry.truncate(reach);
            overwrite(log, start, &entry);
            self.torn = true;
            return;
        }
        overwrite(log, start, &entry);
        self.next_entry = Some(start + entry.len());
        self.sequence += 1;
        self.unreconciled.extend(dirty);
        self.durable = self.clean_image(memory);
    }

    /// The next entry goes to the start of the other log, over what stands there.
    pub(super) fn switch_log(&mut self) {
        assert!(!self.divided, "the other log holds entries that are not reconciled");
        self.divided = !self.is_reconciled();
        self.current = (self.current + 1) % self.files.logs.len();
        self.next_entry = None;
    }

    /// Brings all unreconciled pages to the primary; the first few of them, when the machine stops then.
    pub(super) fn reconcile(&mut self, memory: &Memory, reach: Option<usize>) {
        self.extend_primary(memory);
        let pages = std::mem::take(&mut self.unreconciled);
        self.write_pages(memory, &pages, reach);
        if reach.is_some() {
            self.unreconciled = pages;
            return;
        }
        let image = self.clean_image(memory);
        overwrite(&mut self.files.primary, 0, &image[..BASE_BLOCK_SIZE]);
        self.durable = image;
        self.divided = false;
        self.switch_log();
    }

    /// The primary sequence number runs ahead as long as there is something to reconcile.
    fn mark_dirty(&mut self) {
        let secondary = &self.files.primary[SECONDARY_SEQUENCE..];
        let secondary = u32::from_le_bytes(*secondary.first_chunk().expect("a base block"));
        set_sequences(&mut self.files.primary, secondary + 1, secondary);
    }

    // ---- old format -------------------------------------------------------------------------------------------------

    /// Writes the log, then the primary; less when the machine stops then.
    pub(super) fn write_log_and_primary(&mut self, memory: &Memory, dirty: &BTreeSet<u32>, until: Until) {
        let before = self.sequence;
        let logged = before + 1;
        let pages: Vec<(u32, &[u8])> = dirty.iter().map(|&page| run(memory, page, page)).collect();
        let body = dirty_vector_and_pages(&pages, memory.bins_size());
        let log = &mut self.files.logs[self.current].1;
        if let Until::InLog(reach) = until {
            assert!(reach < body.len(), "a torn log is shorter than its {} bytes", body.len());
            // Windows XP counts the second number when the log is whole, Vista writes both at once (spec, *Old
            // format*, *Base block*, 2).
            let secondary = if self.format == LogFormat::Xp { before } else { logged };
            overwrite(log, 0, &log_base_block(memory.bytes(), OLD_LOG, (logged, secondary)));
            overwrite(log, SECTOR, &body[..reach]);
            return;
        }
        overwrite(log, 0, &log_base_block(memory.bytes(), OLD_LOG, (logged, logged)));
        overwrite(log, SECTOR, &body);

        let primary = if self.format == LogFormat::Xp { logged + 1 } else { logged };
        self.sequence = primary;
        self.durable = self.clean_image(memory);
        let mut block = self.durable[..BASE_BLOCK_SIZE].to_vec();
        set_sequences(&mut block, primary, primary - 1);
        overwrite(&mut self.files.primary, 0, &block);
        self.extend_primary(memory);
        if let Until::InPrimary(reach) = until {
            self.write_pages(memory, dirty, Some(reach));
            self.unreconciled.extend(dirty);
            return;
        }
        self.write_pages(memory, dirty, None);
        self.unreconciled.clear();
        set_sequences(&mut self.files.primary, primary, primary);
    }

    // ---- both -------------------------------------------------------------------------------------------------------

    /// What loading the hive after a crash does: all that is durable reaches the primary.
    pub(super) fn recover(&mut self) -> Memory {
        if std::mem::take(&mut self.torn) {
            // What Windows does is not published. Two entries of one number would leave it open which one follows.
            self.sequence += 1;
        }
        self.unreconciled.clear();
        self.durable = self.clean_image(&Memory::new(self.durable.clone()));
        self.files.primary.clone_from(&self.durable);
        self.divided = false;
        if !self.format.is_old() {
            self.switch_log();
        }
        Memory::new(self.durable.clone())
    }

    fn extend_primary(&mut self, memory: &Memory) {
        let length = self.files.primary.len().max(memory.bytes().len());
        self.files.primary.resize(length, 0);
    }

    fn write_pages(&mut self, memory: &Memory, pages: &BTreeSet<u32>, reach: Option<usize>) {
        assert!(reach.is_none_or(|reach| reach <= pages.len()), "only {} pages are to write", pages.len());
        for &page in pages.iter().take(reach.unwrap_or(pages.len())) {
            let (offset, bytes) = run(memory, page, page);
            overwrite(&mut self.files.primary, BASE_BLOCK_SIZE + offset as usize, bytes);
        }
    }
}

/// How far a write gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Until {
    Done,
    /// So many bytes of the log behind its base block.
    InLog(usize),
    /// So many pages of the primary.
    InPrimary(usize),
}

/// The pages as Windows puts them into entries: what is contiguous has one reference.
fn runs<'a>(memory: &'a Memory, pages: &BTreeSet<u32>) -> Vec<(u32, &'a [u8])> {
    let pages: Vec<u32> = pages.iter().copied().collect();
    let contiguous = pages.chunk_by(|one, next| one + 1 == *next);
    contiguous.map(|pages| run(memory, pages[0], pages[pages.len() - 1])).collect()
}

fn run(memory: &Memory, first: u32, last: u32) -> (u32, &[u8]) {
    let (start, end) = (first as usize * PAGE, (last as usize + 1) * PAGE);
    (u32_of(start), &memory.bytes()[BASE_BLOCK_SIZE + start..BASE_BLOCK_SIZE + end])
}

/// What lies behind the new bytes stays there.
fn overwrite(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn set_sequences(block: &mut [u8], primary: u32, secondary: u32) {
    block[PRIMARY_SEQUENCE..SECONDARY_SEQUENCE].copy_from_slice(&primary.to_le_bytes());
    block[SECONDARY_SEQUENCE..LAST_WRITTEN].copy_from_slice(&secondary.to_le_bytes());
    let sum = checksum(&block[..CHECKSUM_AT]);
    block[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
}

/// Sets the last-written time of a base block, which Windows keeps up to date before 8.1 (spec, *Base block*, note 9).
pub(super) fn set_last_written(block: &mut [u8], time: u64) {
    block[LAST_WRITTEN..LAST_WRITTEN + 8].copy_from_slice(&time.to_le_bytes());
}
