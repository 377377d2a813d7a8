//! Writes synthetic registry hives for the tests of `mapihive`, from the public format specification
//! (*Windows registry file format specification*, M. Suhanov; its section names are cited as "spec").
//!
//! The crate shares nothing with the reader it tests: no types, no layout, no constants. A hive is described with
//! [`HiveBuilder`], built into a [`SynthHive`], and may then be damaged on purpose with the patches of [`SynthHive`].
//! The same description always gives the same bytes.
//!
//! ```
//! use hive_synth::{HiveBuilder, REG_BINARY, Version, filetime};
//!
//! let mut hive = HiveBuilder::new(Version::V1_5);
//! hive.file_name(r"\??\C:\Users\svc-mail\NTUSER.DAT");
//! hive.key(r"Software\Microsoft\Exchange")
//!     .written(filetime(1999, 4, 28, 2, 0, 0, 0))
//!     .value("001f3d09", REG_BINARY, b"M\0S\0\0\0");
//! let hive = hive.build();
//! assert!(hive.bytes.starts_with(b"regf"));
//! let nk = hive.layout.key(r"Software\Microsoft\Exchange").nk;
//! assert_eq!(&hive.cell(nk)[..2], b"nk");
//! ```

pub mod fleet;
pub mod large;
pub mod log;
pub mod machine;
pub mod mapi;
pub mod samples;
pub mod story;

mod builder;
mod filetime;
mod layout;
mod name;
mod random;
mod record;
mod security;
mod synth_hive;
mod writer;

pub use builder::{HiveBuilder, KeyBuilder, KeyId, ListKind, Version, dag_bomb};
pub use filetime::{MILLISECOND, SECOND, filetime};
pub use layout::{KeyPlace, Layout, ValuePlace};
pub use name::{name_hash, name_hint, upcase, utf16, utf16_nul};
pub use security::{
    ACE_CONTAINER_INHERIT, ACE_INHERIT_ONLY, ACE_OBJECT_INHERIT, KEY_ALL_ACCESS, KEY_READ,
    SecurityDescriptor, Sid,
};
pub use synth_hive::SynthHive;

/// Bytes before the hive bins data: the base block (spec, *Base block*). Cell offset + this = file offset.
pub const BASE_BLOCK_SIZE: usize = 4096;
/// The offset that points nowhere (spec, *Base block*, note 1).
pub const NOWHERE: u32 = 0xFFFF_FFFF;
/// Most bytes of one data segment, and of a value that needs no `db` record (spec, *Big data*).
pub const SEGMENT_SIZE: usize = 16_344;

/// Value types (spec, *Data types*).
pub const REG_NONE: u32 = 0;
/// UTF-16LE text with a terminating NUL.
pub const REG_SZ: u32 = 1;
/// Text with `%variables%`.
pub const REG_EXPAND_SZ: u32 = 2;
/// Bytes.
pub const REG_BINARY: u32 = 3;
/// 32-bit little-endian number.
pub const REG_DWORD: u32 = 4;
/// Target of a symbolic link, UTF-16LE without NUL.
pub const REG_LINK: u32 = 6;
/// Several texts, each with a NUL, then one more NUL.
pub const REG_MULTI_SZ: u32 = 7;
/// 64-bit little-endian number.
pub const REG_QWORD: u32 = 11;
