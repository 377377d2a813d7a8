//! What is wrong with an archive or with an entry of it.

use std::error::Error;
use std::io;

/// Why an archive or an entry could not be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The system refused the bytes.
    #[error("{0}")]
    Io(String),
    /// The bytes end before the archive does.
    #[error("truncated: it ends before its contents do")]
    Truncated,
    /// The bytes end before the checksum over them.
    #[error("truncated: the checksum over what was unpacked is missing")]
    Unchecked,
    /// A checksum does not match, or the compressed bytes make no sense.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The archive became another file while it was read.
    #[error("changed while read")]
    Changed,
    /// The parts that tell what is where make no sense.
    #[error("{0}")]
    Structure(String),
    /// The contents need a password.
    #[error("encrypted; no passwords are tried")]
    Encrypted,
    /// A way of packing that is not known here.
    #[error("packed by a method that is not supported ({0})")]
    Method(String),
    /// One of several files that are an archive together.
    #[error("one part of a split archive; join its parts first")]
    Split,
    /// More bytes than a bound allows.
    #[error("has more than the {0} bytes that {1} may have")]
    TooLong(u64, &'static str),
    /// Unpacks to far more than any hive does.
    #[error("unpacks to more than {0} times its size, as a bomb does")]
    Ratio(u64),
    /// Entries that lie over each other.
    #[error("has the same bytes as other entries of the archive, as in a bomb")]
    Shared,
    /// Too many entries.
    #[error("has more than {0} entries; those behind them are not read")]
    TooManyEntries(u64),
    /// An archive in an archive in an archive.
    #[error("an archive {0} levels deep in others, which is not read")]
    TooDeep(usize),
}

impl Fault {
    /// Whether bytes that were unpacked before it showed may be wrong: they are never facts.
    pub(super) fn spoils(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Unchecked | Self::Changed)
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return fault.clone();
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Truncated;
        }
        if let Some(zip) = error.get_ref().and_then(|inner| inner.downcast_ref::<rawzip::Error>()) {
            return Self::of_zip_entry(zip.kind());
        }
        if error.raw_os_error().is_some() {
            Self::Io(error.to_string())
        } else {
            Self::Damaged(error.to_string())
        }
    }
}

impl Fault {
    /// What is wrong with the bytes of an entry of a zip archive.
    pub(super) fn of_zip_entry(kind: &rawzip::ErrorKind) -> Self {
        match kind {
            rawzip::ErrorKind::InvalidChecksum { expected, actual } => Self::Damaged(format!(
                "the CRC-32 in the archive is {expected:#010x}, the bytes give {actual:#010x}"
            )),
            rawzip::ErrorKind::InvalidSize { expected, actual } => Self::Damaged(format!(
                "the archive says that it has {expected} bytes, and {actual} were unpacked"
            )),
            rawzip::ErrorKind::Eof => Self::Truncated,
            rawzip::ErrorKind::IO(error) if error.raw_os_error().is_some() => Self::Io(error.to_string()),
            rawzip::ErrorKind::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Truncated,
            other => Self::Damaged(other.to_string()),
        }
    }

    /// What is wrong with compressed bytes of which a decoder says this.
    pub(super) fn of_decoder(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                if io.kind() == io::ErrorKind::UnexpectedEof {
                    return Self::Truncated;
                }
                if let Some(fault) = io.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
                    return fault.clone();
                }
                if io.raw_os_error().is_some() {
                    return Self::Io(io.to_string());
                }
            }
            cause = error.source();
        }
        Self::Damaged(error.to_string())
    }
}
