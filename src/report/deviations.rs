//! `verify`: what of a case is not as it was when the case was made.

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of what `verify` writes.
    DeviationRow {
        schema: "version of these columns",
        role: "output (a file of the case) or input (a file whose bytes were read as evidence)",
        path: "the file: of an output, in the case folder; of an input, as inputs.csv has it",
        what: "changed, missing, unread, additional or unfinished",
        expected_size: "bytes that it had",
        found_size: "bytes that it has",
        expected_sha256: "SHA-256 of the bytes that it had",
        found_sha256: "SHA-256 of the bytes that it has",
        detail: "where it was looked for, or why it could not be read",
    }
}

/// Whose bytes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file of the case.
    Output,
    /// A file of evidence.
    Input,
}

impl Role {
    /// All of them, for the documentation of the vocabulary.
    pub const ALL: [Self; 2] = [Self::Output, Self::Input];

    /// The word used in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
        }
    }
}

/// How something is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Other bytes.
    Changed,
    /// Not there.
    Missing,
    /// There, and cannot be read or compared.
    Unread,
    /// There, and no part of the case.
    Additional,
    /// The run that made the case did not end, or was interrupted.
    Unfinished,
}

impl Change {
    /// All of them, for the documentation of the vocabulary.
    pub const ALL: [Self; 5] =
        [Self::Changed, Self::Missing, Self::Unread, Self::Additional, Self::Unfinished];

    /// The word used in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Unread => "unread",
            Self::Additional => "additional",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Length and SHA-256 of a file, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Its length.
    pub size: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Option<String>,
}

/// A file that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Whose bytes are compared.
    pub role: Role,
    /// The file.
    pub path: String,
    /// How it is not as it was.
    pub change: Change,
    /// What it was.
    pub expected: Bytes,
    /// What it is.
    pub found: Bytes,
    /// Where it was looked for, or why it could not be read.
    pub detail: String,
}

/// The row of a deviation.
pub fn deviation_row(deviation: &Deviation) -> DeviationRow<'_> {
    let Deviation { role, path, change, expected, found, detail } = deviation;
    DeviationRow {
        schema: SCHEMA.into(),
        role: role.as_str().into(),
        path: Cell::from(path),
        what: change.as_str().into(),
        expected_size: expected.size.into(),
        found_size: found.size.into(),
        expected_sha256: expected.sha256.as_deref().into(),
        found_sha256: found.sha256.as_deref().into(),
        detail: if detail.is_empty() { Cell::Empty } else { Cell::from(detail) },
        neutralized: Cell::Empty,
    }
}
