//! The bytes of one hive, ready to be read: mapped as they are, or in private memory with every change recorded.

use std::io;

use super::base_block::{BaseBlock, HiveState, judge, rebuilt_header};
use super::raw::{Bins, CellOffset};
use super::source::{Bytes, HiveSource, Way};
use super::{Error, Problems, limits};

/// Where a fact was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A live record of the hive file itself.
    Primary,
    /// A page that a transaction log replaced.
    Log,
    /// Bytes of a log that no longer count.
    LogRemnant,
    /// A free cell.
    Free,
    /// Unused bytes behind a record in its cell.
    Slack,
    /// An allocated cell to which nothing refers.
    Unreferenced,
    /// Bytes behind the last bin.
    Tail,
}

impl Origin {
    /// All origins, for the documentation of the vocabulary.
    pub const ALL: [Self; 7] =
        [Self::Primary, Self::Log, Self::LogRemnant, Self::Free, Self::Slack, Self::Unreferenced, Self::Tail];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Log => "log",
            Self::LogRemnant => "log-remnant",
            Self::Free => "free",
            Self::Slack => "slack",
            Self::Unreferenced => "unreferenced",
            Self::Tail => "tail",
        }
    }
}

/// Why a hive cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The system refused the bytes.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The bytes are no hive that can be read.
    #[error("{0}")]
    Hive(#[from] Error),
}

/// The bytes of a hive and the verdict on its header.
#[derive(Debug)]
pub struct Image {
    bytes: Bytes,
    base_block: Option<BaseBlock>,
    state: HiveState,
    root: CellOffset,
    end: usize,
}

impl Image {
    /// Maps or reads the file and judges its header. A header that cannot lead to the root key is replaced in private
    /// memory; the problem that says so is added.
    pub fn open(source: &HiveSource, way: Way, problems: &mut Problems) -> Result<Self, ImageError> {
        let found = source.identity().len;
        if found > limits::MAX_HIVE_SIZE {
            // Before any of it is read.
            return Err(Error::TooLong { limit: limits::MAX_HIVE_SIZE, found }.into());
        }
        let mut bytes = source.bytes(way)?;
        let judged = judge(&bytes, problems)?;
        let stored_root = judged.base_block.as_ref().map(|base_block| base_block.root);
        if stored_root != Some(judged.root) {
            bytes = source.patched_bytes(way, &[(0, &rebuilt_header(judged.root))])?;
        }
        Ok(Self {
            bytes,
            base_block: judged.base_block,
            state: judged.state,
            root: judged.root,
            end: judged.end,
        })
    }

    /// The header as it is in the file; `None` if it is destroyed.
    pub fn base_block(&self) -> Option<&BaseBlock> {
        self.base_block.as_ref()
    }

    /// How far the header vouches for the rest.
    pub fn state(&self) -> HiveState {
        self.state
    }

    /// Where the root key is.
    pub fn root(&self) -> CellOffset {
        self.root
    }

    /// The bytes up to the end of the bins.
    pub fn bins(&self) -> Bins<'_> {
        Bins::new(&self.bytes, self.end)
    }

    /// Whether a page of the file could not be had: everything learnt from the image is to be discarded.
    pub fn failed(&self) -> bool {
        self.bytes.failed()
    }

    /// Bytes behind the last bin.
    pub fn tail_len(&self) -> u64 {
        (self.bytes.len() - self.bins().bytes().len()) as u64
    }

    /// Length of the file.
    pub fn file_size(&self) -> u64 {
        self.bytes.len() as u64
    }
}
