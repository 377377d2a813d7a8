//! Our own verdict on a hive's first 4,096 bytes. nt-hive refuses every hive that is dirty or damaged in its header,
//! which are most hives copied from live machines; so it is never asked about the header.

use crate::wintypes::{Filetime, decode_utf16le, hex, trim_nul};

use super::raw::{BASE_BLOCK_SIZE, Bins, CellOffset, KeyNode};
use super::{Error, Offset, Problems};

/// The fields of a base block, as stored.
///
/// Source: format specification, section "Base block".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseBlock {
    /// Incremented when a write to the hive begins.
    pub primary_sequence: u32,
    /// Set to the primary one when the write has ended.
    pub secondary_sequence: u32,
    /// When the hive was last written to, as the header says: often 0 and often older than the keys.
    pub last_written: Filetime,
    /// Format version; 1 for every hive there is.
    pub major: u32,
    /// Format version: 3 (NT 4.0 to Windows 7 users), 5 (XP and later), 6 (layered hives).
    pub minor: u32,
    /// 0 for a hive, 1, 2 or 6 for transaction logs.
    pub file_type: u32,
    /// 1 for a hive as Windows loads it.
    pub file_format: u32,
    /// Where the root key is.
    pub root: CellOffset,
    /// Length of all bins.
    pub bins_size: u32,
    /// The last characters of the path from which the hive was loaded (up to 32 characters).
    pub file_name: String,
    /// Stored checksum.
    pub checksum: u32,
    /// Checksum that the bytes give.
    pub computed_checksum: u32,
}

/// How far the header vouches for the bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HiveState {
    /// All writes had ended.
    Clean,
    /// Writes had not ended, and its transaction logs were applied.
    DirtyReplayed,
    /// Writes had not ended; the bytes are what was there before them, or half of each.
    DirtyUnreplayed,
    /// The header or the extent of the file is damaged: whether writes had ended cannot be told.
    Damaged,
}

impl HiveState {
    /// All states, for the documentation of the vocabulary.
    pub const ALL: [Self; 4] = [Self::Clean, Self::DirtyReplayed, Self::DirtyUnreplayed, Self::Damaged];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::DirtyReplayed => "dirty-replayed",
            Self::DirtyUnreplayed => "dirty-unreplayed",
            Self::Damaged => "damaged",
        }
    }

    /// Whether what is not in these bytes was not in the hive either: only then may a rule argue from absence.
    pub fn vouches_for_absence(self) -> bool {
        matches!(self, Self::Clean | Self::DirtyReplayed)
    }
}

/// What the first bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A hive, or the remains of one.
    Hive,
    /// A transaction log of a hive (file type 1, 2 or 6).
    TransactionLog,
    /// A registry file of Windows 9x.
    Windows9x,
    /// None of these.
    Other,
}

impl FileKind {
    /// Tells by the signatures at bytes 0 and 4096 and the file type at byte 28.
    ///
    /// `second` is what lies at byte 4096, or empty.
    pub fn of(first: &[u8], second: &[u8]) -> Self {
        if first.starts_with(b"regf") {
            return match file_type(first) {
                Some(1 | 2 | 6) => Self::TransactionLog,
                _ => Self::Hive,
            };
        }
        if first.starts_with(b"CREG") {
            return Self::Windows9x;
        }
        if second.starts_with(b"hbin") { Self::Hive } else { Self::Other }
    }
}

/// What was found about a hive before its first key was read.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// The header, unless it is destroyed.
    pub(super) base_block: Option<BaseBlock>,
    /// `Clean`, `DirtyUnreplayed` or `Damaged`.
    pub(super) state: HiveState,
    /// The root key that is one.
    pub(super) root: CellOffset,
    /// Where the bins end in the file.
    pub(super) end: usize,
}

/// Judges the header of a hive and finds its root key.
///
/// Fails where nothing can be read at all; everything else that is wrong becomes a problem.
pub(super) fn judge(file: &[u8], problems: &mut Problems) -> Result<Judged, Error> {
    refuse_what_is_no_hive(file)?;
    let base_block = BaseBlock::read(file);
    let Some(base_block) = base_block else {
        let root = find_root(Bins::new(file, file.len())).ok_or(Error::NoRoot)?;
        problems.add(Offset(0), None, Error::BaseBlockDestroyed { found: first_bytes(file, 16) });
        return Ok(Judged { base_block: None, state: HiveState::Damaged, root, end: file.len() });
    };

    let trusted = base_block.checksum == base_block.computed_checksum;
    if trusted && (base_block.major != 1 || base_block.minor < 2) {
        return Err(Error::Version { major: base_block.major, minor: base_block.minor });
    }
    let mut damaged = report_fields(&base_block, problems);
    let end = bins_end(file, &base_block, problems, &mut damaged);
    let bins = Bins::new(file, end);
    let (root, misplaced) = choose_root(bins, base_block.root, trusted)?;
    if let Some(why) = misplaced {
        let at = base_block.root.in_file();
        problems.add(Offset(36), None, Error::RootMisplaced { at, why: Box::new(why) });
        damaged = true;
    }
    let dirty = base_block.primary_sequence != base_block.secondary_sequence;
    let state = match (damaged, dirty) {
        (true, _) => HiveState::Damaged,
        (false, true) => HiveState::DirtyUnreplayed,
        (false, false) => HiveState::Clean,
    };
    Ok(Judged { base_block: Some(base_block), state, root, end })
}

/// A copy of the header that leads nt-hive to the root we found; the only field it needs.
pub(super) fn rebuilt_header(root: CellOffset) -> [u8; 40] {
    let mut header = [0; 40];
    header[..4].copy_from_slice(b"regf");
    header[36..].copy_from_slice(&root.0.to_le_bytes());
    header
}

impl BaseBlock {
    /// Reads the fields; `None` where the signature is missing or the file is shorter than a base block.
    pub fn read(file: &[u8]) -> Option<Self> {
        Self::read_partial(file.get(..BASE_BLOCK_SIZE)?)
    }

    /// The same of the copy of the first 512 bytes that a transaction log begins with.
    pub(super) fn read_partial(file: &[u8]) -> Option<Self> {
        let block: &[u8; 512] = file.first_chunk()?;
        if !block.starts_with(b"regf") {
            return None;
        }
        let u32_at =
            |at: usize| block.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u32::from_le_bytes);
        let (file_name, _) = trim_nul(block.get(48..112).unwrap_or_default());
        Some(Self {
            primary_sequence: u32_at(4),
            secondary_sequence: u32_at(8),
            last_written: Filetime(u64::from(u32_at(12)) | u64::from(u32_at(16)) << 32),
            major: u32_at(20),
            minor: u32_at(24),
            file_type: u32_at(28),
            file_format: u32_at(32),
            root: CellOffset(u32_at(36)),
            bins_size: u32_at(40),
            file_name: decode_utf16le(file_name),
            checksum: u32_at(508),
            computed_checksum: checksum(block.get(..508).unwrap_or_default()),
        })
    }
}

/// XOR of the 127 words before the checksum; 0 and `0xffffffff` are stored as 1 and `0xfffffffe`.
fn checksum(bytes: &[u8]) -> u32 {
    let words = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
    match words.fold(0, |sum, word| sum ^ word) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

fn refuse_what_is_no_hive(file: &[u8]) -> Result<(), Error> {
    let found = file.len() as u64;
    if found == 0 {
        return Err(Error::Empty);
    }
    match FileKind::of(file, file.get(BASE_BLOCK_SIZE..).unwrap_or_default()) {
        FileKind::Windows9x => Err(Error::Windows9x),
        FileKind::TransactionLog => Err(Error::IsALog(file_type(file).unwrap_or_default())),
        FileKind::Other => Err(Error::NotAHive { found: first_bytes(file, 8) }),
        // A base block, a bin's header and the smallest key.
        FileKind::Hive if file.len() < BASE_BLOCK_SIZE + 32 + KeyNode::NAME_AT => {
            Err(Error::TooShort { needed: (BASE_BLOCK_SIZE + 32 + KeyNode::NAME_AT) as u64, found })
        }
        FileKind::Hive => Ok(()),
    }
}

/// Reports fields that are not as they must be; tells whether the header as a whole lost its worth.
fn report_fields(base_block: &BaseBlock, problems: &mut Problems) -> bool {
    let mut check = |at, field, found, expected| {
        if found != expected {
            problems.add(Offset(at), None, Error::BaseBlockField { field, found, expected });
        }
    };
    check(20, "major version", base_block.major, 1);
    check(28, "file type", base_block.file_type, 0);
    check(32, "file format", base_block.file_format, 1);
    if !(2..=6).contains(&base_block.minor) {
        let (major, minor) = (base_block.major, base_block.minor);
        problems.add(Offset(24), None, Error::Version { major, minor });
    }
    let (found, computed) = (base_block.checksum, base_block.computed_checksum);
    if found != computed {
        problems.add(Offset(508), None, Error::Checksum { found, computed });
    }
    found != computed
}

/// Where the bins end: what the header says, or the end of the file if that comes first.
fn bins_end(file: &[u8], base_block: &BaseBlock, problems: &mut Problems, damaged: &mut bool) -> usize {
    let expected = BASE_BLOCK_SIZE as u64 + u64::from(base_block.bins_size);
    let found = file.len() as u64;
    if base_block.bins_size == 0 || !base_block.bins_size.is_multiple_of(4096) {
        let expected = (base_block.bins_size / 4096 * 4096).max(4096);
        problems.add(
            Offset(40),
            None,
            Error::BaseBlockField { field: "hive bins data size", found: base_block.bins_size, expected },
        );
        *damaged = true;
        return file.len();
    }
    if expected > found {
        problems.add(Offset(found), None, Error::Truncated { expected, found });
        *damaged = true;
    }
    usize::try_from(expected).map_or(file.len(), |end| end.min(file.len()))
}

/// The root key, and why it is not the one that the header names, if it is another or doubtful.
///
/// A key with the root flag is the root. Hives that offreg.dll wrote have none: there the key that a whole header names is
/// believed, if no other key has the flag.
fn choose_root(
    bins: Bins<'_>,
    named: CellOffset,
    trusted: bool,
) -> Result<(CellOffset, Option<Error>), Error> {
    let without_flag =
        || Error::Signature { expected: "a key node with the root flag", found: "one without it".into() };
    match bins.key_node(named) {
        Ok(node) if node.is_root() => Ok((named, None)),
        Ok(_) => match find_root(bins) {
            Some(found) => Ok((found, Some(without_flag()))),
            None if trusted => Ok((named, None)),
            None => Ok((named, Some(without_flag()))),
        },
        Err(why) => find_root(bins).map(|found| (found, Some(why))).ok_or(Error::NoRoot),
    }
}

/// The first key node with the root flag (`KEY_HIVE_ENTRY`), looked for at every place where a cell may begin.
fn find_root(bins: Bins<'_>) -> Option<CellOffset> {
    let cells = bins.bytes().get(BASE_BLOCK_SIZE..)?.as_chunks::<8>().0;
    cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell[4..6] == *b"nk" && cell[6] & 0x04 != 0)
        .filter_map(|(index, _)| u32::try_from(index * 8).ok())
        .find(|at| bins.key_node(CellOffset(*at)).is_ok_and(|node| node.is_root()))
        .map(CellOffset)
}

fn file_type(file: &[u8]) -> Option<u32> {
    file.get(28..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn first_bytes(file: &[u8], len: usize) -> String {
    hex(file.get(..len).unwrap_or(file))
}
