//! The bytes of files of evidence as they are now, for comparison with what they were.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::discover::{in_archive, read_path_text};
use super::one_hive::{beside, sha256_of_file};
use crate::hive::{HiveSource, Links, SourceError};

/// What a file is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Length and hash of a file, which is opened as evidence is.
pub fn hash_file(path: &Path, links: Links) -> Result<Hashed, SourceError> {
    hash(&HiveSource::open(path, links)?)
}

fn hash(source: &HiveSource) -> Result<Hashed, SourceError> {
    let hashed = Hashed { size: source.identity().len, sha256: sha256_of_file(source)? };
    if source.has_changed()? {
        return Err(io::Error::other("changed while read").into());
    }
    Ok(hashed)
}

/// Length and hash of hives and logs in an archive, by their paths in it. What the archive does not have any more is left out.
/// The archive is looked through once.
pub fn hash_in_archive(
    archive: &Path,
    wanted: impl Fn(&[PathBuf]) -> bool,
) -> Result<HashMap<Vec<PathBuf>, Result<Hashed, SourceError>>, SourceError> {
    // What is no file any more is told as such, not as something that is no archive.
    HiveSource::open(archive, Links::Follow)?;
    let found = in_archive(archive).ok_or_else(|| io::Error::other("no archive"))?;
    let inside = |text: &str| read_path_text(text).map(|path| path.inside).filter(|path| wanted(path));
    let mut hashes = HashMap::new();
    for passed in &found.passed_over {
        if let Some(path) = inside(&passed.hive_path) {
            hashes.insert(path, Err(io::Error::other(passed.reason.clone()).into()));
        }
    }
    for candidate in &found.candidates {
        if let Some(path) = inside(&candidate.hive_path) {
            hashes.insert(path, candidate.open().and_then(|source| hash(&source)));
        }
        for (number, name) in candidate.logs.iter().enumerate() {
            if let Some(path) = inside(&beside(&candidate.hive_path, name)) {
                hashes.insert(path, candidate.open_log(number, name).and_then(|source| hash(&source)));
            }
        }
        candidate.done();
    }
    Ok(hashes)
}
