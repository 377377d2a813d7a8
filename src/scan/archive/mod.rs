//! Hives inside of archives: zip, tar, both in each other, and what gzip, xz and Zstandard compress. Nothing is unpacked to
//! disk. An archive is looked through once; of its hives and logs those are kept that could only be had again by unpacking
//! all before them, as far as there is room, and the others are read when they are needed. Bytes whose checksum is wrong are
//! never facts.

mod entry;
mod fault;
mod format;
mod held;
mod limits;
mod names;
mod sift;
mod tar;
mod unpack;
mod walk;
mod zip;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::discover::{Discovered, path_text};
use crate::hive::{HiveSource, Links, SourceError};

use entry::{Direct, Place};
use held::Archive;

pub(super) use held::Shelf;
#[cfg(test)]
pub(super) use names::inside as inside_text;

/// Where a hive in an archive, and its logs, are.
#[derive(Clone, Debug)]
pub struct Inside {
    archive: Arc<Archive>,
    /// Which of the archive's groups it is of: hives of one host, which are read one after the other.
    group: usize,
    hive: Member,
    /// In the order of their names in the candidate.
    logs: Vec<Result<Member, String>>,
}

/// A file in an archive.
#[derive(Clone, Debug)]
struct Member {
    place: Place,
    direct: Option<Direct>,
    modified: Option<(i64, u64)>,
}

impl PartialEq for Inside {
    fn eq(&self, other: &Self) -> bool {
        self.archive.path == other.archive.path && self.hive.place == other.hive.place
    }
}

impl Eq for Inside {}

impl Inside {
    /// Opens the hive.
    pub(super) fn open(&self) -> Result<HiveSource, SourceError> {
        self.source(&self.hive)
    }

    /// Opens a log, by its number among the names in the candidate.
    pub(super) fn open_log(&self, number: usize) -> Result<HiveSource, SourceError> {
        match self.logs.get(number) {
            Some(Ok(log)) => self.source(log),
            Some(Err(why)) => Err(io::Error::other(why.clone()).into()),
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        }
    }

    /// The file of the outermost archive.
    pub(super) fn file(&self) -> &Path {
        &self.archive.path
    }

    /// Says that the hive is needed no more: after the last one of a host their bytes are given up.
    pub(super) fn done(&self) {
        self.archive.done(self.group);
    }

    fn source(&self, member: &Member) -> Result<HiveSource, SourceError> {
        let bytes = self.archive.bytes(self.group, member)?;
        Ok(HiveSource::in_memory(bytes, member.modified))
    }
}

/// Looks through a file, if it is an archive; tells whether it is. One that was looked through already stays as it is.
pub(super) fn add(path: &Path, links: Links, found: &mut Discovered) -> bool {
    let Ok(source) = HiveSource::open(path, links) else { return false };
    sift::sift(path, links, &source, found)
}

/// What a path names that is no file itself and lies in an archive: `archive.zip!path/in/it`, as tables have it. `None` where
/// nothing of the path is a file.
pub(super) fn add_named(path: &Path, found: &mut Discovered) -> Option<()> {
    let (archive, name) = parts(path)?;
    let mut whole = Discovered::default();
    if !add(archive, Links::Follow, &mut whole) {
        found.fail(path, &format!("{} is no archive", path_text(archive)));
        return Some(());
    }
    let hive_path = names::inside(&path_text(archive), name);
    let is_it = |path: &str| path == hive_path || path == format!("{}!{name}", path_text(archive));
    let before = found.rows();
    found.candidates.extend(whole.candidates.into_iter().filter(|candidate| is_it(&candidate.hive_path)));
    found.passed_over.extend(whole.passed_over.into_iter().filter(|passed| is_it(&passed.hive_path)));
    if found.rows() == before {
        found.fail_text(hive_path, "no hive of this name in the archive");
    }
    Some(())
}

/// The archive that holds what a path names, where that is no file itself.
pub fn archive_of(path: &Path) -> Option<&Path> {
    parts(path).map(|(archive, _)| archive)
}

fn parts(path: &Path) -> Option<(&Path, &str)> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let bytes = path.as_os_str().as_bytes();
    let marks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'!').map(|(at, _)| at);
    marks.filter_map(|at| bytes.split_at_checked(at)).find_map(|(archive, name)| {
        let (archive, name) = (Path::new(OsStr::from_bytes(archive)), str::from_utf8(name).ok()?);
        archive.is_file().then_some((archive, name.strip_prefix('!')?))
    })
}

/// The path by which the name and folder of a hive in an archive are told.
fn path_of(hive_path: &str) -> PathBuf {
    PathBuf::from(crate::account::unpacked(hive_path).into_owned())
}
