//! The old format: one bitmap `DIRT` of the hive's sectors, and behind it those that changed (section "Old format").

use super::{Header, Log, LogEntry, LogFate, LogFault, Page, Plan, Primary, SECTOR, longest};
use crate::hive::base_block::BaseBlock;
use crate::hive::raw::BASE_BLOCK_SIZE;
use crate::wintypes::Filetime;

/// Where the bitmap begins.
const BITMAP: usize = SECTOR + 4;

/// The pages that a log holds, sectors that follow each other in hive and log joined. `None` where it has no bitmap or
/// ends before its pages do.
pub(super) fn entry<'l>(log: &'l [u8], block: &BaseBlock) -> Option<LogEntry<'l>> {
    if !log.get(SECTOR..BITMAP)?.starts_with(b"DIRT") {
        return None;
    }
    let bitmap_len = block.bins_size as usize / 4096;
    let bitmap = log.get(BITMAP..)?.get(..bitmap_len)?;
    let mut at = (BITMAP + bitmap_len).next_multiple_of(SECTOR);
    let mut pages: Vec<Page> = Vec::new();
    let bits = bitmap.iter().enumerate().flat_map(|(index, byte)| {
        (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| index * 8 + bit)
    });
    for sector in bits {
        let hive = BASE_BLOCK_SIZE + sector * SECTOR;
        if at + SECTOR > log.len() {
            return None;
        }
        match pages.last_mut() {
            Some(page) if page.end() == hive => page.len += SECTOR,
            _ => pages.push(Page { hive, log: 0, at, len: SECTOR, sequence: block.primary_sequence }),
        }
        at += SECTOR;
    }
    Some(LogEntry::of_old_format(block.primary_sequence, block.bins_size, pages))
}

/// Decides which log is applied: the one that was written for the write that had not ended, told by its time. The second
/// log may be of a later time, for it is used where writing to the hive failed (Windows 8, and 7 with KB3140410). Where
/// the base block is damaged, only the first bin tells a time, and that bin's own page may be among those that the log
/// still holds; so there a later time fits too.
pub(super) fn plan(primary: &Primary<'_>, logs: &[Log<'_>], chosen: Vec<(usize, Header)>, plan: &mut Plan) {
    let expected = primary.last_written();
    let is_second = |index: usize| logs.get(index).is_some_and(|log| log.is_second);
    let fits = |index: usize, header: &Header| {
        let written = header.block.last_written.0;
        written == expected || written > expected && (is_second(index) || primary.sound.is_none())
    };
    let best = chosen
        .iter()
        .filter(|(index, header)| fits(*index, header))
        .max_by_key(|(index, header)| (header.block.last_written, std::cmp::Reverse(*index)))
        .map(|(index, _)| *index);
    for (index, header) in chosen {
        let fate = if best == Some(index) {
            apply(primary, logs, index, &header, plan)
        } else if fits(index, &header) {
            LogFate::Stale(LogFault::AnotherIsUsed)
        } else {
            let found = header.block.last_written.to_string();
            LogFate::Stale(LogFault::OtherWrite { found, expected: Filetime(expected).to_string() })
        };
        plan.set_fate(index, fate);
    }
}

fn apply(primary: &Primary<'_>, logs: &[Log<'_>], index: usize, header: &Header, plan: &mut Plan) -> LogFate {
    let log = logs.get(index).map_or(&[][..], |log| log.bytes);
    let block = &header.block;
    if !block.bins_size.is_multiple_of(4096) || block.bins_size == 0 {
        let size = block.bins_size;
        return LogFate::Refused(LogFault::BinsSize { at: crate::hive::Offset(40), size });
    }
    if !log.get(SECTOR..).is_some_and(|rest| rest.starts_with(b"DIRT")) {
        return LogFate::Refused(LogFault::NoBitmap);
    }
    let at = crate::hive::Offset(SECTOR as u64);
    let Some(entry) = entry(log, block) else {
        let what = "the log ends before the pages of its bitmap do";
        return LogFate::Refused(LogFault::Pages { at, what });
    };
    if entry.pages().iter().any(|page| page.end() > longest(primary.file.len(), log.len())) {
        let what = "a page lies far behind the end of the hive";
        return LogFate::Refused(LogFault::Pages { at, what });
    }
    plan.pages.extend(entry.pages().iter().map(|page| Page { log: index, ..*page }));
    plan.base_block = Some(primary.replayed_base_block(log, None, block.bins_size, None));
    plan.base_block_from = primary.sound.is_none().then_some(index);
    let sequence = entry.sequence;
    LogFate::Applied { first: sequence, last: sequence, pages: entry.pages().len(), ended: None }
}
