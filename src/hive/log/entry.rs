//! The new format: entries `HvLE`, each with the pages that one flush changed (section "Log entries").

use std::ops::Range;

use super::marvin32::{marvin32, marvin32_of_each};
use super::{Header, Log, LogFate, LogFault, Page, Plan, Primary, SECTOR, longest};
use crate::hive::Offset;
use crate::hive::raw::BASE_BLOCK_SIZE;

/// Length of an entry before its page references.
const HEADER: usize = 40;
/// Length of the part of the header that `Hash-2` covers.
const HASHED_HEADER: usize = 32;

/// An entry of a log whose header is sound.
#[derive(Clone, Debug)]
pub(in crate::hive) struct LogEntry<'l> {
    /// Its bytes; of a log of the old format none.
    bytes: &'l [u8],
    /// Where it begins in the log.
    pub(super) at: usize,
    /// Its sequence number.
    pub(in crate::hive) sequence: u32,
    /// Length of the hive's bins once it is applied.
    pub(super) bins_size: u32,
    /// Whether the hive was locked by the Kernel Transaction Manager.
    locked: bool,
    /// Its pages.
    pages: Vec<Page>,
}

impl<'l> LogEntry<'l> {
    /// The one set of pages that a log of the old format has.
    pub(super) fn of_old_format(sequence: u32, bins_size: u32, pages: Vec<Page>) -> Self {
        Self { bytes: &[], at: SECTOR, sequence, bins_size, locked: false, pages }
    }

    /// The pages; the number of the log is left 0.
    pub(in crate::hive) fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// Whether the hash over references and pages matches. A log of the old format has none.
    pub(in crate::hive) fn is_intact(&self) -> bool {
        self.bytes.is_empty() || self.stored_hash() == marvin32(self.body())
    }

    /// References and pages.
    fn body(&self) -> &'l [u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }

    /// The hash over them that the entry has.
    fn stored_hash(&self) -> u64 {
        self.bytes.first_chunk::<HEADER>().map_or(0, |header| number64(header, 24))
    }

    /// Reads the entry at `at`: everything but the hash over its pages is found right.
    fn read(log: &'l [u8], at: usize) -> Result<Self, LogFault> {
        let place = Offset(at as u64);
        let rest = log.get(at..).unwrap_or_default();
        let header = rest.first_chunk::<HEADER>().filter(|header| header.starts_with(b"HvLE"));
        let header = header.ok_or(LogFault::NoEntryHere { at: place })?;
        let sequence = number(header, 12);
        if number64(header, 32) != marvin32(header.get(..HASHED_HEADER).unwrap_or_default()) {
            return Err(LogFault::Hash { at: place, sequence, which: "Hash-2" });
        }
        let size = number(header, 4) as usize;
        let bytes = rest.get(..size).filter(|_| size >= SECTOR && size.is_multiple_of(SECTOR));
        let bytes =
            bytes.ok_or(LogFault::EntrySize { at: place, size: size as u64, left: rest.len() as u64 })?;
        let bins_size = number(header, 16);
        if bins_size == 0 || !bins_size.is_multiple_of(4096) {
            return Err(LogFault::BinsSize { at: place, size: bins_size });
        }
        let locked = number(header, 8) & 1 != 0;
        let count = number(header, 20) as usize;
        let pages = pages(bytes, at, count, sequence).map_err(|what| LogFault::Pages { at: place, what })?;
        Ok(Self { bytes, at, sequence, bins_size, locked, pages })
    }

    /// Where it lies in the log. Of a log of the old format the bitmap and all pages.
    pub(in crate::hive) fn extent(&self) -> Range<usize> {
        let last_page = self.pages.last().map_or(self.at, |page| page.at + page.len);
        self.at..self.end().max(last_page)
    }

    fn end(&self) -> usize {
        self.at + self.bytes.len()
    }
}

/// The pages of an entry: whole sectors that lie behind each other, as the references say.
fn pages(entry: &[u8], at: usize, count: usize, sequence: u32) -> Result<Vec<Page>, &'static str> {
    let references = entry.get(HEADER..).unwrap_or_default().as_chunks::<8>().0;
    let references = references.get(..count).filter(|references| !references.is_empty());
    let references = references.ok_or("entry has no pages, or claims more than it holds")?;
    let mut next = HEADER + references.as_flattened().len();
    let mut pages = Vec::new();
    for [a, b, c, d, e, f, g, h] in references {
        let offset = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let len = u32::from_le_bytes([*e, *f, *g, *h]) as usize;
        if len == 0 || !len.is_multiple_of(SECTOR) || !offset.is_multiple_of(SECTOR) {
            return Err("a page is not made of whole sectors");
        }
        let hive = offset.checked_add(BASE_BLOCK_SIZE).ok_or("a page lies outside of any hive")?;
        let end = next.checked_add(len).filter(|end| *end <= entry.len());
        let end = end.ok_or("the pages are longer than the entry")?;
        pages.push(Page { hive, log: 0, at: at + next, len, sequence });
        next = end;
    }
    Ok(pages)
}

/// Every entry with a sound header from `start` on, old ones too, looked for at each sector.
pub(super) fn entries_from(log: &[u8], start: usize) -> Vec<LogEntry<'_>> {
    let mut entries = Vec::new();
    let mut at = start;
    while at + HEADER <= log.len() {
        at = match LogEntry::read(log, at) {
            Ok(entry) => {
                let end = entry.end();
                entries.push(entry);
                end
            }
            Err(_) => at + SECTOR,
        };
    }
    entries
}

/// Decides which entries of one or two logs are applied ("New format" of "Multiple transaction log files").
pub(super) fn plan(
    primary: &Primary<'_>,
    logs: &[Log<'_>],
    mut chosen: Vec<(usize, Header)>,
    plan: &mut Plan,
) {
    // The log whose entries are earlier comes first; sequence numbers may have run over.
    let from = primary.sound.as_ref().map(|block| block.secondary_sequence);
    let from = from.or_else(|| chosen.first().map(|(_, header)| header.sequence())).unwrap_or_default();
    chosen.sort_by_key(|(_, header)| header.sequence().wrapping_sub(from).cast_signed());
    let mut replay = Replay { file_len: primary.file.len(), last: None };
    if primary.sound.is_none() {
        // Only the log with the latest entries is used for a hive without a sound base block.
        let latest = chosen.pop();
        for (index, _) in chosen {
            plan.set_fate(index, LogFate::Stale(LogFault::AnotherIsUsed));
        }
        if let Some((index, header)) = latest {
            replay.log(primary, logs, index, &header, plan);
            plan.base_block_from = plan.applies().then_some(index);
        }
        return;
    }
    for (index, header) in chosen {
        replay.log(primary, logs, index, &header, plan);
    }
}

/// How far replay has come.
struct Replay {
    file_len: usize,
    last: Option<u32>,
}

impl Replay {
    fn log(
        &mut self,
        primary: &Primary<'_>,
        logs: &[Log<'_>],
        index: usize,
        header: &Header,
        plan: &mut Plan,
    ) {
        let first = header.sequence();
        if let Some(last) = self.last
            && first != last.wrapping_add(1)
        {
            plan.set_fate(index, LogFate::Stale(LogFault::Gap { first, last }));
            return;
        }
        if let Some(written) = primary.sound.as_ref().map(|block| block.secondary_sequence)
            && self.last.is_none()
            && first.wrapping_sub(written).cast_signed() < 0
        {
            plan.set_fate(index, LogFate::Stale(LogFault::Older { first, written }));
            return;
        }
        let bytes = logs.get(index).map_or(&[][..], |log| log.bytes);
        let applied = self.entries(bytes, index, first, plan);
        match applied {
            (Some(last), ended) => {
                let (bins_size, locked) = (last.bins_size, Some(last.locked));
                let block = primary.replayed_base_block(bytes, Some(last.sequence), bins_size, locked);
                plan.base_block = Some(block);
                let pages = plan.pages.iter().filter(|page| page.log == index).count();
                let ended = ended.filter(|fault| !is_merely_older(fault));
                plan.set_fate(index, LogFate::Applied { first, last: last.sequence, pages, ended });
                self.last = Some(last.sequence);
            }
            (None, fault) => {
                let fault = fault.unwrap_or(LogFault::NoEntryHere { at: Offset(SECTOR as u64) });
                plan.set_fate(index, LogFate::Refused(LogFault::NoEntry(Box::new(fault))));
            }
        }
    }

    /// Takes the entries that follow each other, up to the first that is not the next one or not sound.
    fn entries<'l>(
        &mut self,
        log: &'l [u8],
        index: usize,
        first: u32,
        plan: &mut Plan,
    ) -> (Option<LogEntry<'l>>, Option<LogFault>) {
        let (chain, mut fault) = self.chain(log, first);
        let bodies: Vec<&[u8]> = chain.iter().map(LogEntry::body).collect();
        let mut last = None;
        for (entry, hash) in chain.into_iter().zip(marvin32_of_each(&bodies)) {
            if entry.stored_hash() != hash {
                let (at, sequence) = (Offset(entry.at as u64), entry.sequence);
                fault = Some(LogFault::Hash { at, sequence, which: "Hash-1" });
                break;
            }
            plan.pages.extend(entry.pages.iter().map(|page| Page { log: index, ..*page }));
            self.file_len = entry.pages.iter().map(Page::end).fold(self.file_len, usize::max);
            last = Some(entry);
        }
        (last, fault)
    }

    /// The entries that follow each other, their pages not hashed yet, and why there is not one more.
    fn chain<'l>(&self, log: &'l [u8], first: u32) -> (Vec<LogEntry<'l>>, Option<LogFault>) {
        let (mut at, mut expected) = (SECTOR, first);
        let mut chain: Vec<LogEntry<'l>> = Vec::new();
        let mut file_len = self.file_len;
        while at < log.len() {
            let next = LogEntry::read(log, at).and_then(|entry| {
                let (place, found) = (Offset(at as u64), entry.sequence);
                if found != expected {
                    return Err(LogFault::Sequence { at: place, found, expected });
                }
                let end = entry.pages.iter().map(Page::end).fold(file_len, usize::max);
                if end > longest(file_len, log.len()) {
                    let what = "a page lies far behind the end of the hive";
                    return Err(LogFault::Pages { at: place, what });
                }
                file_len = end;
                Ok(entry)
            });
            match next {
                Ok(entry) => {
                    at = entry.end();
                    expected = expected.wrapping_add(1);
                    chain.push(entry);
                }
                Err(fault) => return (chain, Some(fault)),
            }
        }
        (chain, None)
    }
}

/// Behind the last entry lie those of earlier rounds, or what was never written to: no sign of damage.
fn is_merely_older(fault: &LogFault) -> bool {
    match fault {
        LogFault::NoEntryHere { .. } => true,
        LogFault::Sequence { found, expected, .. } => found.wrapping_sub(*expected).cast_signed() < 0,
        _ => false,
    }
}

/// A number of the header; all callers name offsets inside it.
fn number(header: &[u8; HEADER], at: usize) -> u32 {
    header.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes)
}

fn number64(header: &[u8; HEADER], at: usize) -> u64 {
    header.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u64::from_le_bytes)
}
