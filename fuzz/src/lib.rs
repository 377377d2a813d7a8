//! The fuzz targets, and what they share: hives and logs in memory, and the hook that keeps contained panics from counting.
//! Nothing here needs the fuzzer, so that what it found can be replayed without it.

pub mod targets;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use mapihive::hive::{Care, Depth, HiveSource, Image, LogFile, Problems, Way};
use mapihive::mapi::families::Families;
use mapihive::scan::Reading;
use mapihive::wintypes::AnsiCodePage;
use tempfile::TempDir;

/// Feeds one input to a target. The fuzzer ends the process at each panic; a hook before the fuzzer's lets those panics of
/// nt-hive and of decoders pass that `mapihive::hive::contain` catches.
pub fn run(target: fn(&[u8]), input: &[u8]) {
    mapihive::hive::silence_contained_panics();
    target(input);
}

/// Opens a hive in memory as the scan opens a file, with logs of the given names.
pub fn open(hive: &[u8], logs: &[(&str, &[u8])], problems: &mut Problems) -> Option<Image> {
    let source = |bytes: &[u8]| HiveSource::in_memory(Arc::new(bytes.to_vec()), None);
    let logs = logs.iter().map(|(name, bytes)| LogFile::read(name, &source(bytes), Way::Read)).collect();
    Image::open(&source(hive), logs, Way::Read, problems).ok()
}

/// How the targets read hives.
pub fn reading(care: Care, recovery: Depth) -> Reading {
    Reading {
        care,
        way: Way::Read,
        logs: true,
        recovery: Some(recovery),
        families: Families::built_in(),
        hash: false,
        fleet: true,
        ansi: AnsiCodePage::of(1252),
    }
}

/// A hive and its logs in one input.
///
/// Byte 0 holds flags, bytes 4 to 8 the length of the hive and 8 to 12 that of the first log, both little-endian and cut to
/// what there is; then follow the hive, the first log and, where flag 4 is clear, the second log.
#[derive(Debug)]
pub struct HiveWithLogs {
    /// The hive file.
    pub hive: Vec<u8>,
    /// The logs with their names.
    pub logs: Vec<(&'static str, Vec<u8>)>,
}

/// Makes the hashes and checksums of the logs right, so that what they vouch for is believed.
pub const FIX_LOGS: u8 = 1;
/// Makes the checksum of the hive's header right.
pub const FIX_HIVE: u8 = 2;
/// There is one log, `NTUSER.DAT.LOG`, as before Windows Vista.
pub const ONE_LOG: u8 = 4;

const HEAD: usize = 12;

impl HiveWithLogs {
    /// Takes an input apart; `None` where it is too short.
    pub fn of(input: &[u8]) -> Option<Self> {
        let (head, rest) = input.split_at_checked(HEAD)?;
        let length = |at: usize| {
            let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u32::from_le_bytes) as usize
        };
        let flags = head[0];
        let (hive, rest) = rest.split_at(length(4).min(rest.len()));
        let (first, second) = rest.split_at(length(8).min(rest.len()));
        let (mut hive, mut first, mut second) = (hive.to_vec(), first.to_vec(), second.to_vec());
        if flags & FIX_LOGS != 0 {
            hive_synth::log::fix_hashes(&mut first);
            hive_synth::log::fix_hashes(&mut second);
        }
        if flags & FIX_HIVE != 0 {
            fix_checksum(&mut hive);
        }
        let logs = if flags & ONE_LOG != 0 {
            vec![("NTUSER.DAT.LOG", first)]
        } else {
            vec![("NTUSER.DAT.LOG1", first), ("NTUSER.DAT.LOG2", second)]
        };
        Some(Self { hive, logs })
    }

    /// The logs as [`open`] takes them.
    pub fn logs(&self) -> Vec<(&str, &[u8])> {
        self.logs.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect()
    }
}

/// Makes the checksum of a base block right: all words before it combined by XOR, 0 told as 1 and -1 as -2 (regf
/// specification, *Base block*).
pub fn fix_checksum(block: &mut [u8]) {
    let Some((words, rest)) = block.split_at_mut_checked(508) else { return };
    let sum = words.as_chunks::<4>().0.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word));
    let sum = match sum {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        other => other,
    };
    if let Some(place) = rest.first_chunk_mut() {
        *place = sum.to_le_bytes();
    }
}

/// A file in a folder of this process, in memory where the system has such a place. The folder is left behind, empty of all
/// but the last input, where the fuzzer ends the process.
pub fn place(name: &str) -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let named = tempfile::Builder::new();
        let in_memory = named.tempdir_in("/dev/shm");
        in_memory.or_else(|_| named.tempdir()).expect("a temporary folder")
    });
    folder.path().join(name)
}
