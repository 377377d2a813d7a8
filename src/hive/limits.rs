//! Every bound that hostile input meets, with its reason. Nothing is ever allocated by a number from a file.

/// Levels of keys below the root. Windows itself stops at 512 ("Registry element size limits", Microsoft).
pub const MAX_DEPTH: usize = 512;

/// Bytes of a key's path beyond which its subkeys are not read. Windows keeps a path in a `UNICODE_STRING`, which ends at
/// 32,767 characters; without a bound a few thousand keys below a long path would make gigabytes of text.
pub const MAX_PATH: usize = 32_767;

/// Bytes of a key's path beyond which neither its values nor its subkeys are read into memory. Paths of MAPI keys have a
/// few hundred; the bound keeps what is made of a hive in proportion to the hive.
pub const MAX_PATH_HELD: usize = 2_048;

/// Bad entries of one list that are told one by one; the rest of the list is counted.
pub const MAX_PROBLEMS_OF_A_LIST: u64 = 16;

/// Problems kept in full per hive; further ones are counted. A damaged hive can have one for each of its cells, and
/// nobody reads the thousand-and-first.
pub const MAX_PROBLEMS_KEPT: usize = 1_000;

/// Panics of nt-hive contained per hive before it is no longer asked. Each one unwinds, which costs microseconds;
/// a hive that has sixteen of them is damaged enough for the raw reader alone.
pub const MAX_CONTAINED_PANICS: u32 = 16;

/// How often over the bytes of a hive may be visited before reading stops.
///
/// In an intact hive no cell is referred to twice, so a whole walk visits less than the file's length. What visits far more
/// shares lists, data or long paths between keys: a bomb. Paths of keys and values count a quarter, for they are written
/// out once for each value, and a long path with many small values is nothing unusual.
pub const MAX_VISITS_OF_EACH_BYTE: u64 = 16;

/// How many bytes of values' data are read for each byte of a hive before what would be more is refused; smaller data behind
/// it are still read.
///
/// No intact hive shares data between values, so that all of them are less than the hive. Data are what texts and findings are made
/// of, several times as long each: what may be visited often must not be held as often.
pub const MAX_DATA_OF_EACH_BYTE: u64 = 2;

/// The least that may be visited in any hive, so that the many small look-ups of a tiny hive are never cut off.
pub const MIN_VISITED_BYTES: u64 = 4 << 20;

/// How many bytes of paths and joined data recovery may make for each byte of a hive before it stops.
///
/// A record of a deleted key has at least 80 bytes and seldom a path of more than 200; the free space of a hive holds the
/// data of its deleted values once. What makes far more lets records share long names, parents or segments: a bomb.
pub const MAX_RECOVERED_OF_EACH_BYTE: u64 = 4;

/// Subkeys or values beyond which the count of a supposed deleted key is not believed. Windows allows more of both, but no
/// hive has them, and random bytes do.
pub const MAX_PLAUSIBLE_COUNT: u32 = 1 << 20;

/// Deleted keys that a lost list of values may fit before it is told of none: among more than a few, all that is left in
/// common is chance, and each list would name each key.
pub const MAX_CANDIDATES: usize = 16;

/// Characters of a key's name ("Registry element size limits", Microsoft).
pub const MAX_KEY_NAME: usize = 255;

/// Characters of a value's name ("Registry element size limits", Microsoft).
pub const MAX_VALUE_NAME: usize = 16_383;

/// Files up to this size are read into memory instead of being mapped: a mapping costs more than such a read.
pub const MAX_READ_TO_HEAP: u64 = 64 << 10;

/// Hives that need a changed byte, or of which every byte is looked at, are read into memory up to this size, and mapped above
/// it.
pub const MAX_READ_WHOLE: usize = 16 << 20;

/// Bytes of memory that a thread keeps for the files that it reads next.
pub const MAX_KEPT_BY_A_THREAD: usize = 16 << 20;

/// Largest hive. Cell offsets have 32 bits, of which Windows uses 31.
pub const MAX_HIVE_SIZE: u64 = 2 << 30;

/// Bytes by which a hive may grow in replay beyond what its logs hold: bins that were added and not yet used.
pub const MAX_GROWTH_BEYOND_LOG: usize = 1 << 20;

/// Bytes of hives with pages of log entries laid over them that are searched for one hive. Each entry that tells of MAPI
/// costs a walk over the cells of the hive, and a hostile log can have an entry in each sector.
pub const MAX_BYTES_OF_PASTS: usize = 1 << 30;

/// Largest transaction log that is read. Those of user hives have a few megabytes at most.
pub const MAX_LOG_SIZE: u64 = 64 << 20;

/// Transaction logs that are read of one hive. There are three names; more of them differ in letter case alone, which no
/// Windows writes.
pub const MAX_LOGS: usize = 6;

/// Subkeys from which on a list is long: what was looked for in it is remembered.
pub const LONG_LIST: u32 = 256;
