//! One entry of an archive, as it is shown while the archive is read.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::fault::Fault;
use super::limits;

/// Where an entry is: its number in its archive, behind the number of that archive in the one that it is in.
pub(super) type Place = Vec<u32>;

/// An entry.
pub(super) struct Entry<'e> {
    /// Its path inside its archive, as tables have it.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
    /// Bytes that it is said to have.
    pub(super) size: Option<u64>,
    /// When it was last modified: seconds since 1970 and nanoseconds, where the archive says it in UTC.
    pub(super) modified: Option<(i64, u64)>,
    /// Where it is.
    pub(super) place: Place,
    /// How it can be had without reading what lies before it.
    pub(super) direct: Option<Direct>,
    /// Its bytes, or why there are none.
    pub(super) content: Result<&'e mut dyn Read, Fault>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    SymbolicLink,
    /// Another name of an entry, which has the bytes.
    HardLink(String),
    /// A pipe, a device.
    Special,
}

/// A way to an entry of an archive that is a file of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direct {
    /// An entry of a zip archive.
    Zip {
        /// Where it is, and its checksum.
        wayfinder: rawzip::ZipArchiveEntryWayfinder,
        /// How it is packed.
        method: rawzip::CompressionMethod,
    },
    /// An entry of a tar archive that is not compressed.
    Tar {
        /// Its first byte in the archive.
        at: u64,
        /// Its length.
        len: u64,
    },
}

/// What looks at the entries of an archive.
pub(super) trait Visitor {
    /// Whether an entry, or something in it, is to be looked at.
    fn wants(&self, place: &[u32]) -> bool;

    /// Looks at an entry; may end the reading of the archive.
    fn visit(&mut self, entry: Entry<'_>) -> ControlFlow<()>;
}

/// Reads all of an entry.
pub(super) fn read_whole(content: &mut dyn Read) -> Result<Vec<u8>, Fault> {
    read_up_to(content, limits::MAX_ENTRY_BYTES, "a hive or log in an archive")
}

/// Reads to the end, which may not be further than `most` bytes away.
pub(super) fn read_up_to(content: &mut dyn Read, most: u64, what: &'static str) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    content.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Fault::TooLong(most, what));
    }
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// Reads until `into` is full or nothing is left; tells how many bytes there were.
pub(super) fn fill(content: &mut (impl Read + ?Sized), into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match content.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
