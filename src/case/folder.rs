//! The case folder: made new, gone on with, or replaced.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::close::{self, CLOSED};
use super::error::{CaseError, read_error, write_error};
use super::manifest::{Ending, MANIFEST, Manifest, SUMS};
use super::part::{LOCK, PartReader, Settings, is_begun, is_file_of_part, lock, new_name};
use super::streams::Stream;

/// What is done where the folder holds something already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is refused.
    Refuse,
    /// What an interrupted run left is gone on with.
    Resume,
    /// A case there is removed.
    Replace,
}

/// A case folder that this run may write to.
#[derive(Debug)]
pub struct CaseFolder {
    path: PathBuf,
    /// Folders of earlier runs, oldest first.
    earlier: Vec<PathBuf>,
    /// The folder of this run.
    work: PathBuf,
    _lock: File,
}

/// Beginning of the names of folders in which runs work.
const WORK: &str = "work-";

/// Whether a name in a case folder belongs to work that is under way or was interrupted.
pub(super) fn is_work(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name == LOCK || number(name).is_some())
}

fn number(name: &str) -> Option<u32> {
    let number = name.strip_prefix(WORK)?.parse().ok()?;
    // One folder has one number, and there is always a next one.
    (number < u32::MAX && name == format!("{WORK}{number}")).then_some(number)
}

impl CaseFolder {
    /// Takes hold of a case folder; `evidence` are the paths that are examined.
    pub fn take(path: &Path, existing: Existing, evidence: &[PathBuf]) -> Result<Self, CaseError> {
        refuse_evidence(path, evidence)?;
        // Nothing is left in a folder that is refused, not even a lock.
        if !path.join(LOCK).exists() {
            refuse_content(path, existing)?;
        }
        std::fs::create_dir_all(path).map_err(write_error(path))?;
        let lock = lock(path)?;
        refuse_content(path, existing)?;
        match existing {
            Existing::Refuse => {}
            Existing::Replace => remove_case(path)?,
            Existing::Resume => {
                let is_closed = [MANIFEST, SUMS].iter().all(|name| path.join(name).exists());
                if is_closed && Manifest::read(path)?.status == Ending::Complete {
                    // The run may have ended between the last file and the removal of its own.
                    works(path)?.iter().try_for_each(|work| remove_folder(work))?;
                    remove(&path.join(LOCK))?;
                    return Err(CaseError::Complete(path.to_owned()));
                }
                reopen(path)?;
            }
        }
        let earlier = works(path)?;
        let last = earlier.last().and_then(|work| work.file_name()?.to_str().and_then(number)).unwrap_or(0);
        let work = path.join(format!("{WORK}{}", last + 1));
        Ok(Self { path: path.to_owned(), earlier, work, _lock: lock })
    }

    /// The case folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder for the part of this run; not there yet.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// What interrupted runs with the same settings left.
    pub fn earlier(&self, settings: &Settings) -> Vec<PartReader> {
        let parts = self.earlier.iter().filter_map(|folder| PartReader::open(folder).ok());
        parts.filter(|part| part.settings() == settings).collect()
    }

    /// Removes what interrupted runs left: everything of it is in the part of this run now.
    pub fn forget_earlier(&mut self) -> Result<(), CaseError> {
        self.earlier
            .drain(..)
            .try_for_each(|folder| std::fs::remove_dir_all(&folder).map_err(write_error(&folder)))
    }

    /// Gives up a case that has nothing of its own yet; the folder goes too, if nothing else is in it.
    pub fn abandon(self) -> Result<(), CaseError> {
        let path = self.path.clone();
        self.forget_work()?;
        match std::fs::remove_dir(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::DirectoryNotEmpty => {
                Err(write_error(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes the part of this run, now that the case is finished.
    pub fn forget_work(self) -> Result<(), CaseError> {
        std::fs::remove_dir_all(&self.work).map_err(write_error(&self.work))?;
        let lock = self.path.join(LOCK);
        std::fs::remove_file(&lock).map_err(write_error(&lock))
    }
}

/// Folders of earlier runs, oldest first.
fn works(path: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let mut works: Vec<(u32, PathBuf)> = std::fs::read_dir(path)
        .map_err(read_error(path))?
        .flatten()
        .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    works.sort();
    Ok(works.into_iter().map(|(_, path)| path).collect())
}

/// Refuses a folder that this run may not write to, and touches nothing in it.
fn refuse_content(path: &Path, existing: Existing) -> Result<(), CaseError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        // A file in its place, say.
        Err(error) => return Err(write_error(path)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(read_error(path))?;
        let name = entry.file_name();
        if name != OsStr::new(LOCK) && existing == Existing::Refuse {
            return Err(CaseError::NotEmpty(path.to_owned()));
        }
        let is_in = |holds: fn(&str) -> bool, name: &OsStr| name.to_str().is_some_and(holds);
        let inside: fn(&str) -> bool = if is_in(|name| close::BY_ACCOUNT.contains(&name), &name) {
            |name| Path::new(name).extension().is_some_and(|ending| ending == "csv")
        } else if is_in(|name| number(name).is_some(), &name) {
            is_file_of_part
        } else {
            let is_ours = is_in(is_file_of_case, &name) && is_file(&entry.path());
            if is_ours {
                continue;
            }
            return Err(CaseError::Foreign { folder: path.to_owned(), entry: name.into() });
        };
        // A link in place of a folder would lead elsewhere.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let foreign = if is_folder { first_foreign(&entry.path(), inside)? } else { Some(PathBuf::new()) };
        if let Some(foreign) = foreign {
            let entry = Path::new(&name).join(foreign).components().collect();
            return Err(CaseError::Foreign { folder: path.to_owned(), entry });
        }
    }
    Ok(())
}

/// Makes room for a part: its folder is new, empty, or holds a part that may be replaced.
pub fn make_room_for_part(folder: &Path, existing: Existing) -> Result<(), CaseError> {
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        _ => {}
    }
    let is_other = |name: &str| name != LOCK;
    let names = std::fs::read_dir(folder).map_err(write_error(folder))?.flatten();
    let mut names = names.map(|entry| entry.file_name());
    if existing != Existing::Replace && names.any(|name| name.to_str().is_none_or(is_other)) {
        return Err(CaseError::NotEmpty(folder.to_owned()));
    }
    if let Some(entry) = first_foreign(folder, is_file_of_part)? {
        return Err(CaseError::Foreign { folder: folder.to_owned(), entry });
    }
    let _lock = lock(folder)?;
    for entry in std::fs::read_dir(folder).map_err(read_error(folder))?.flatten() {
        remove(&entry.path())?;
    }
    Ok(())
}

/// The first entry of a folder that is no regular file with such a name.
fn first_foreign(folder: &Path, is_ours: fn(&str) -> bool) -> Result<Option<PathBuf>, CaseError> {
    for entry in std::fs::read_dir(folder).map_err(read_error(folder))? {
        let entry = entry.map_err(read_error(folder))?;
        let name = entry.file_name();
        if !(name.to_str().is_some_and(is_ours) && is_file(&entry.path())) {
            return Ok(Some(name.into()));
        }
    }
    Ok(None)
}

fn is_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Every name of a file that a case folder has at some time.
fn files_of_case() -> impl Iterator<Item = String> {
    let tables = Stream::ALL.into_iter().filter(|stream| stream.is_table()).map(Stream::file);
    let closed = || [MANIFEST, SUMS].into_iter().chain(CLOSED);
    closed().chain(tables).map(str::to_owned).chain(closed().map(new_name))
}

fn is_file_of_case(name: &str) -> bool {
    name == LOCK || files_of_case().any(|file| file == name)
}

/// Takes back what an interrupted run closed, so that its streams lie with their index again.
fn reopen(path: &Path) -> Result<(), CaseError> {
    let works = works(path)?;
    // What cannot be understood is told before anything is changed.
    for work in &works {
        if let Err(error @ CaseError::Read { .. }) = PartReader::open(work) {
            return Err(error);
        }
    }
    for name in [MANIFEST, SUMS].into_iter().chain(CLOSED) {
        remove(&path.join(name))?;
    }
    close::BY_ACCOUNT.iter().try_for_each(|name| remove_folder(&path.join(name)))?;
    for work in works.iter().rev() {
        for stream in Stream::ALL.into_iter().filter(|stream| stream.is_table()) {
            let (closed, open) = (path.join(stream.file()), work.join(stream.file()));
            if !open.exists() && closed.exists() {
                std::fs::rename(&closed, &open).map_err(write_error(&open))?;
            }
        }
        // A run that ended before it had all of its files left nothing to go on with.
        if is_begun(work) { PartReader::open(work)?.cut()? } else { remove_folder(work)? }
    }
    files_of_case().try_for_each(|name| remove(&path.join(name)))
}

/// Removes what a case consists of.
fn remove_case(path: &Path) -> Result<(), CaseError> {
    files_of_case().try_for_each(|name| remove(&path.join(name)))?;
    close::BY_ACCOUNT.iter().try_for_each(|name| remove_folder(&path.join(name)))?;
    works(path)?.iter().try_for_each(|work| remove_folder(work))
}

fn remove(path: &Path) -> Result<(), CaseError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(write_error(path)(error)),
        _ => Ok(()),
    }
}

fn remove_folder(path: &Path) -> Result<(), CaseError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(write_error(path)(error)),
        _ => Ok(()),
    }
}

/// A case lies in no folder that is examined, and holds none.
pub fn refuse_evidence(path: &Path, evidence: &[PathBuf]) -> Result<(), CaseError> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = real_path(&absolute);
    for path in evidence {
        let Ok(held) = path.canonicalize() else { continue };
        let inside = held.is_dir() && real.starts_with(&held);
        let around = held.starts_with(&real);
        let beside = !held.is_dir() && held.parent() == Some(&real);
        if inside || around || beside {
            return Err(CaseError::BesideEvidence { folder: real, evidence: path.clone() });
        }
    }
    Ok(())
}

/// Where an absolute path leads once its folders are made: links are followed as far as there are any.
fn real_path(absolute: &Path) -> PathBuf {
    let mut real = PathBuf::new();
    for component in absolute.components() {
        match component {
            std::path::Component::ParentDir => {
                real.pop();
            }
            other => real.push(other),
        }
        real = real.canonicalize().unwrap_or(real);
    }
    real
}
