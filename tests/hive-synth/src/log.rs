//! Transaction logs: what would bring a hive from one state to a later one (spec, *Format of transaction log files*).
//!
//! Both writers compare the hive `before` and `after` a change in pages. `before` is then the dirty primary, `after`
//! what a reader must see once the log is applied.

use crate::BASE_BLOCK_SIZE;
use crate::record::{Record, u32_of};
use crate::synth_hive::checksum;

pub(crate) const SECTOR: usize = 512;
pub(crate) const PAGE: usize = 4096;
const CHECKSUM_AT: usize = 508;

/// File type of an old-format log since Windows XP.
pub const OLD_LOG: u32 = 1;
/// File type of an old-format log of Windows 2000.
pub const WINDOWS_2000_LOG: u32 = 2;
/// File type of a new-format log.
pub const NEW_LOG: u32 = 6;

/// The copy of a base block that starts a log (spec, *Old format*, *Base block*): that of `hive` with other sequence
/// numbers, file type and checksum.
///
/// # Panics
/// When the hive has no base block.
pub fn log_base_block(hive: &[u8], file_type: u32, sequences: (u32, u32)) -> Vec<u8> {
    let mut block = hive[..SECTOR].to_vec();
    block[4..8].copy_from_slice(&sequences.0.to_le_bytes());
    block[8..12].copy_from_slice(&sequences.1.to_le_bytes());
    block[28..32].copy_from_slice(&file_type.to_le_bytes());
    let sum = checksum(&block[..CHECKSUM_AT]);
    block[CHECKSUM_AT..].copy_from_slice(&sum.to_le_bytes());
    block
}

/// A log of the old format: base block, `DIRT` vector, dirty pages. The last-written time is that of `before`, which
/// the primary must share for the log to be applied; size and all else come from `after`.
pub fn old_log(before: &[u8], after: &[u8], file_type: u32, sequences: (u32, u32)) -> Vec<u8> {
    let mut header = after[..SECTOR].to_vec();
    header[12..20].copy_from_slice(&before[12..20]);
    let mut log = log_base_block(&header, file_type, sequences);

    log.extend(dirty_vector_and_pages(&dirty_pages(before, after), bins_size(after)));
    log
}

/// A log of the new format: base block with `sequence` twice, then the entries.
pub fn new_log(hive: &[u8], sequence: u32, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut log = log_base_block(hive, NEW_LOG, (sequence, sequence));
    log.extend(entries.concat());
    log
}

/// One `HvLE` entry (spec, *Log entries*).
pub fn log_entry(before: &[u8], after: &[u8], sequence: u32) -> Vec<u8> {
    entry_of_pages(&dirty_pages(before, after), bins_size(after), sequence)
}

/// What follows the base block in a log of the old format (spec, *Dirty vector* and *Dirty pages*).
pub(crate) fn dirty_vector_and_pages(pages: &[(u32, &[u8])], bins_size: u32) -> Vec<u8> {
    let mut bitmap = vec![0_u8; bins_size as usize / SECTOR / 8];
    for &(offset, _) in pages {
        // One byte of the bitmap stands for eight sectors: one page of 4096 bytes.
        bitmap[offset as usize / PAGE] = 0xFF;
    }
    let mut bytes = b"DIRT".to_vec();
    bytes.extend(bitmap);
    bytes.resize(bytes.len().next_multiple_of(SECTOR), 0);
    bytes.extend(pages.iter().flat_map(|(_, page)| *page));
    bytes
}

/// One `HvLE` entry with these pages.
pub(crate) fn entry_of_pages(pages: &[(u32, &[u8])], bins_size: u32, sequence: u32) -> Vec<u8> {
    const HEADER: usize = 40;
    const HASHED_HEADER: usize = 32;

    let mut body = Vec::new();
    for (offset, page) in pages {
        body.extend(Record::default().u32(*offset).u32(u32_of(page.len())).done());
    }
    body.extend(pages.iter().flat_map(|(_, page)| *page));
    body.resize((HEADER + body.len()).next_multiple_of(SECTOR) - HEADER, 0);

    let header = Record::new(*b"Hv")
        .raw(b"LE")
        .u32(u32_of(HEADER + body.len()))
        .u32(0)
        .u32(sequence)
        .u32(bins_size)
        .u32(u32_of(pages.len()))
        .u64(marvin32(&body))
        .done();
    let header_hash = marvin32(&header[..HASHED_HEADER]);
    Record::default().raw(&header).u64(header_hash).raw(&body).done()
}

fn bins_size(hive: &[u8]) -> u32 {
    u32_of(hive.len() - BASE_BLOCK_SIZE)
}

/// Makes the hashes of all entries and the checksum of the base block right again, wherever an entry seems to begin.
pub fn fix_hashes(log: &mut [u8]) {
    const HEADER: usize = 40;

    if log.len() >= SECTOR {
        let sum = checksum(&log[..CHECKSUM_AT]);
        log[CHECKSUM_AT..SECTOR].copy_from_slice(&sum.to_le_bytes());
    }
    for at in (SECTOR..log.len().saturating_sub(HEADER)).step_by(SECTOR) {
        let size = u32::from_le_bytes(log[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        if &log[at..at + 4] == b"HvLE" && size > HEADER && size <= log.len() - at {
            let body = marvin32(&log[at + HEADER..at + size]);
            log[at + 24..at + 32].copy_from_slice(&body.to_le_bytes());
            let header = marvin32(&log[at..at + 32]);
            log[at + 32..at + HEADER].copy_from_slice(&header.to_le_bytes());
        }
    }
}

/// The pages of the hive bins data that differ, with their offsets; pages past the old end are all new.
fn dirty_pages<'a>(before: &[u8], after: &'a [u8]) -> Vec<(u32, &'a [u8])> {
    let before: Vec<&[u8]> = before[BASE_BLOCK_SIZE..].chunks(PAGE).collect();
    let pages = after[BASE_BLOCK_SIZE..].chunks(PAGE).enumerate();
    pages
        .filter(|(index, page)| before.get(*index) != Some(page))
        .map(|(index, page)| (u32_of(index * PAGE), page))
        .collect()
}

/// Marvin32 with the seed of the registry (spec, *Log entries*, notes 1 to 3).
pub(crate) fn marvin32(data: &[u8]) -> u64 {
    // The specification prints the seed with its highest byte first.
    let mut state = (0x7A4E_55C5, 0x82EF_4D88);

    let words = data.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        state = marvin_block(state, u32::from_le_bytes(word.try_into().expect("four bytes")));
    }
    // The rest of the data, one byte 0x80, zeros.
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    state = marvin_block(state, u32::from_le_bytes(last));
    state = marvin_block(state, 0);
    u64::from(state.1) << 32 | u64::from(state.0)
}

fn marvin_block((low, high): (u32, u32), word: u32) -> (u32, u32) {
    let low = low.wrapping_add(word);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    (low, high.rotate_left(19))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HiveBuilder, Version};

    #[test]
    fn the_hash_is_that_of_windows() {
        // From a second implementation, which gives the hashes that stand in a log of Windows 10.
        assert_eq!(marvin32(b""), 0xb39e_fca4_0396_6e08);
        assert_eq!(marvin32(b"abcdefg"), 0x0c00_597a_c6bf_45f2);
    }

    #[test]
    fn a_log_holds_just_the_pages_that_differ() {
        let mut hive = HiveBuilder::new(Version::V1_5);
        hive.key("A").binary("large", &[1; 12_000]);
        let before = hive.build().bytes;
        let mut after = before.clone();
        after[BASE_BLOCK_SIZE + 8200] ^= 1;

        let entry = log_entry(&before, &after, 5);
        assert_eq!(&entry[..4], b"HvLE");
        assert_eq!(entry.len() % SECTOR, 0);
        assert_eq!(&entry[20..24], &1_u32.to_le_bytes());
        assert_eq!(&entry[40..48], &[0, 0x20, 0, 0, 0, 0x10, 0, 0]);
        assert_eq!(&entry[48..48 + PAGE], &after[BASE_BLOCK_SIZE + 8192..][..PAGE]);

        let log = old_log(&before, &after, OLD_LOG, (6, 6));
        assert_eq!(&log[SECTOR..SECTOR + 8], b"DIRT\0\0\xFF\0");
        assert_eq!(&log[2 * SECTOR..], &after[BASE_BLOCK_SIZE + 8192..][..PAGE]);
    }
}
