//! Every bound that a hostile archive meets, with its reason. Nothing is ever allocated by a number from an archive.

/// Entries of one archive, those of archives in it too. A collection of a whole disk has some hundred thousand; a directory
/// of a few megabytes can claim millions.
pub(super) const MAX_ENTRIES: u64 = 1 << 20;

/// Archives in each other: an archive of collections is one in one. What is packed more often is packed to harm.
pub(super) const MAX_NESTING: usize = 2;

/// Bytes of one hive or log. Hives in archives lie in memory as a whole, as do those that threads read beside it; `SOFTWARE`,
/// the largest that Windows has, keeps below a few hundred megabytes.
pub(super) const MAX_ENTRY_BYTES: u64 = 1 << 30;

/// Bytes of a zip archive in another archive. Its directory lies at its end, so that it is held in memory while it is read.
pub(super) const MAX_INNER_ZIP: u64 = 1 << 30;

/// Bytes that are unpacked of one compressed stream, so that the reading of a tar archive ends in useful time: a disk is not
/// larger than what is examined this way.
pub(super) const MAX_UNPACKED: u64 = 1 << 40;

/// Bytes of all hives and logs of one archive. A host has some gigabytes of hives, a fleet some hundred hosts; entries of a
/// bomb share their compressed bytes and claim far more.
pub(super) const MAX_HIVES_OF_ARCHIVE: u64 = 1 << 40;

/// How long the entries of a zip archive may be together, packed, for each byte of the archive. In an intact one no byte belongs
/// to two entries; in a bomb thousands lie over each other.
pub(super) const MAX_USES_OF_EACH_BYTE: u64 = 4;

/// How often over compressed bytes may be unpacked. Hives shrink to a tenth or a fifth, seldom to a hundredth; deflate makes
/// up to 1,032 bytes of one, xz and Zstandard thousands.
pub(super) const MAX_RATIO: u64 = 200;

/// Bytes that are unpacked whatever their ratio: a small archive of empty space is no bomb.
pub(super) const RATIO_COUNTS_FROM: u64 = 64 << 20;

/// The window of Zstandard and the dictionary of xz. They are allocated as the stream asks; the highest level of xz asks for
/// 64 MiB, that of Zstandard for 128 MiB.
pub(super) const MAX_WINDOW: usize = 128 << 20;

/// Bytes of a name or of attributes in a tar archive that stand in an entry of their own. Paths have 32,767 characters at
/// most.
pub(super) const MAX_TAR_ATTRIBUTES: u64 = 1 << 20;

/// Bytes of hives and logs that are kept from the first reading of compressed archives until they are needed, in all
/// archives of a run. What does not fit is unpacked again.
pub(super) const MAX_HELD: u64 = 256 << 20;

/// Entries that cannot be looked at and are not named as hives or logs that get a row each; further ones are counted in the
/// row of their archive. All entries of an encrypted archive are such.
pub(super) const MAX_UNREAD_TOLD: u64 = 1_000;

/// Things that are wrong with one archive that its row tells; all are counted.
pub(super) const MAX_FAULTS_TOLD: usize = 10;
