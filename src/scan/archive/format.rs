//! What kind of archive bytes are, by their signatures.

use crate::hive::HiveSource;

/// A kind of archive or of compressed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// Compressed: a tar archive or a single file.
    Compressed(Compression),
}

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1951, as entries of zip archives are.
    Deflate,
    /// RFC 1952.
    Gzip,
    /// "The .xz File Format", 1.2.1.
    Xz,
    /// RFC 8878.
    Zstd,
    /// Not at all.
    Stored,
}

/// Bytes by which a format is known: a block of a tar archive.
pub(super) const HEAD: usize = 512;

impl Format {
    /// Tells by the first [`HEAD`] bytes, or by all of a shorter file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        /// The first entry, the end of an empty archive, the mark of a split one (APPNOTE.TXT 4.3.7, 4.3.16, 8.5.3).
        const ZIP: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

        let starts = |signature: &[u8]| head.starts_with(signature);
        if ZIP.into_iter().any(starts) {
            return Some(Self::Zip);
        }
        let compressions: [(&[u8], Compression); 3] = [
            (b"\x1f\x8b\x08", Compression::Gzip),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
        ];
        let compression = compressions.into_iter().find(|(signature, _)| starts(signature));
        match compression {
            Some((_, compression)) => Some(Self::Compressed(compression)),
            None => head.first_chunk().is_some_and(is_tar_header).then_some(Self::Tar),
        }
    }

    /// Tells by the end of a file: a zip archive ends with its directory, though it may begin with a program that unpacks it,
    /// or with what does not fit into the part before it.
    pub(super) fn of_end(source: &HiveSource) -> Option<Self> {
        /// The record at the end without the comment behind it, and where it tells the comment's length (APPNOTE.TXT 4.3.16).
        const RECORD: usize = 22;
        const COMMENT: usize = 20;
        /// No comment is longer.
        const LONGEST: usize = RECORD + u16::MAX as usize;

        let end = source.identity().len;
        let at = end.saturating_sub(LONGEST as u64);
        let tail = source.read_at(at, LONGEST).ok()?;
        let is_record = |at: usize| {
            let record = tail.get(at..).filter(|record| record.starts_with(b"PK\x05\x06"));
            let comment = record.and_then(|record| record.get(COMMENT..RECORD)?.try_into().ok());
            comment.is_some_and(|length| at + RECORD + usize::from(u16::from_le_bytes(length)) == tail.len())
        };
        (0..tail.len()).rev().any(is_record).then_some(Self::Zip)
    }
}

/// Whether a block is the header of an entry: its checksum says so. Archives from before POSIX have no signature.
pub(super) fn is_tar_header(block: &[u8; HEAD]) -> bool {
    /// Where the checksum stands, counted as blanks in itself.
    const CHECKSUM: std::ops::Range<usize> = 148..156;

    let byte = |(at, byte): (usize, &u8)| if CHECKSUM.contains(&at) { b' ' } else { *byte };
    let computed: u32 = block.iter().enumerate().map(byte).map(u32::from).sum();
    let header = tar::Header::from_byte_slice(block);
    block.iter().any(|byte| *byte != 0) && header.cksum().is_ok_and(|stored| stored == computed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_bytes() {
        let mut tar = tar::Header::new_old();
        tar.set_path("a").unwrap();
        tar.set_size(0);
        tar.set_cksum();
        for (head, format) in [
            (b"PK\x03\x04rest".as_slice(), Some(Format::Zip)),
            (b"PK\x05\x06", Some(Format::Zip)),
            (b"\x1f\x8b\x08\0", Some(Format::Compressed(Compression::Gzip))),
            (b"\xfd7zXZ\0", Some(Format::Compressed(Compression::Xz))),
            (b"\x28\xb5\x2f\xfd", Some(Format::Compressed(Compression::Zstd))),
            (tar.as_bytes(), Some(Format::Tar)),
            (&[0; HEAD], None),
            (b"regf", None),
            (b"", None),
        ] {
            assert_eq!(Format::of(head), format);
        }
    }
}
