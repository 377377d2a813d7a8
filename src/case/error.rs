//! What can go wrong with cases and parts.

use std::io;
use std::path::{Path, PathBuf};

/// A case or part that cannot be written, read or joined.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The system refused to write.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused to read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds something already.
    #[error("{} is not empty; choose a new folder, --resume to go on with a case, or --clobber to replace one", .0.display())]
    NotEmpty(PathBuf),
    /// The folder holds what no case and no part consists of.
    #[error("{} holds {}, which mapihive did not write; nothing was touched, choose another folder", folder.display(), entry.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What lies in it, by its path below the folder.
        entry: PathBuf,
    },
    /// The folder would lie in what is examined.
    #[error("{} would lie in {}, which holds evidence; choose another folder", folder.display(), evidence.display())]
    BesideEvidence {
        /// The folder.
        folder: PathBuf,
        /// The examined folder.
        evidence: PathBuf,
    },
    /// Another run is at work there.
    #[error("another run of mapihive is writing to {}", .0.display())]
    Busy(PathBuf),
    /// The folder is no part.
    #[error("{}: {why}", folder.display())]
    NoPart {
        /// The folder.
        folder: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// Two parts were made in different ways.
    #[error("{} and {} were made with different {what}; parts of one case are made alike", first.display(), second.display())]
    Unlike {
        /// The first part.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// In what they differ.
        what: String,
    },
    /// Two parts hold the same hives.
    #[error("both {} and {} hold {group}; each host belongs to one part", first.display(), second.display())]
    Twice {
        /// The first part.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
        /// What both hold.
        group: String,
    },
    /// The folder is no case.
    #[error("{} is no case: {why}", folder.display())]
    NoCase {
        /// The folder.
        folder: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// The system refused a temporary file.
    #[error("cannot keep facts of all hives in a temporary file")]
    Spill(#[from] io::Error),
    /// The report could not be made of the tables.
    #[error(transparent)]
    Report(#[from] crate::report::html::ReportError),
    /// There is nothing to go on with.
    #[error("{} is complete already; scan into another folder, or replace it with --clobber", .0.display())]
    Complete(PathBuf),
}

/// Names the file in an error of writing.
pub(super) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> CaseError + '_ {
    move |source| CaseError::Write { path: path.to_owned(), source }
}

/// Names the file in an error of reading.
pub(super) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> CaseError + '_ {
    move |source| CaseError::Read { path: path.to_owned(), source }
}
