//! `inputs.csv`: every file whose bytes were read as evidence, for `mapihive verify`.

use crate::scan::InputFile;

use super::SCHEMA;
use super::hives::unix_time;
use super::table::{Cell, table};

table! {
    /// A row of `inputs.csv`.
    InputRow {
        schema: "version of these columns",
        path: "the file",
        kind: "what it was read as: hive, log, or machine (a machine hive that was given by name)",
        hive_path: "the hive it belongs to: itself, or that of the log",
        size: "bytes of the file",
        modified: "when the file was last modified, as its file system says",
        sha256: "SHA-256 of the bytes that were read",
        opened_path: "where the file was opened: another place than `path` where a manifest says where it was collected from",
        evidence_id: "what the site calls the hive, where a manifest says so",
    }
}

/// The rows of a hive: one for itself, one for each log that could be opened.
pub fn input_rows<'a>(
    hive_path: &'a str,
    evidence_id: Option<&'a str>,
    inputs: &'a [InputFile],
) -> impl Iterator<Item = InputRow<'a>> {
    inputs.iter().map(move |input| {
        let InputFile { path, opened, kind, size, modified, sha256 } = input;
        InputRow {
            schema: SCHEMA.into(),
            path: Cell::from(path),
            kind: kind.as_str().into(),
            hive_path: hive_path.into(),
            size: (*size).into(),
            modified: modified.and_then(|(seconds, nanos)| unix_time(seconds, nanos)).into(),
            sha256: sha256.as_deref().into(),
            opened_path: Cell::from(opened),
            evidence_id: evidence_id.into(),
            neutralized: Cell::Empty,
        }
    })
}
