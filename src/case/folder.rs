//! The case folder: made new, gone on with, or replaced.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::close::{self, CLOSED};
use super::error::{CaseError, read_error, write_error};
use super::manifest::{Ending, MANIFEST, Manifest, SUMS};
use super::part::{LOCK, PartReader, Settings, lock};
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
    name.strip_prefix(WORK)?.parse().ok()
}

impl CaseFolder {
    /// Takes hold of a case folder; `evidence` are the paths that are examined.
    pub fn take(path: &Path, existing: Existing, evidence: &[PathBuf]) -> Result<Self, CaseError> {
        refuse_evidence(path, evidence)?;
        std::fs::create_dir_all(path).map_err(write_error(path))?;
        let lock = lock(path)?;
        let mut earlier = works(path)?;
        let is_empty = std::fs::read_dir(path)
            .map_err(read_error(path))?
            .flatten()
            .all(|entry| entry.file_name() == OsStr::new(LOCK));
        match existing {
            Existing::Refuse if !is_empty => return Err(CaseError::NotEmpty(path.to_owned())),
            Existing::Refuse => {}
            Existing::Replace => {
                remove_case(path)?;
                earlier.clear();
            }
            Existing::Resume => {
                if path.join(SUMS).exists() && Manifest::read(path)?.status == Ending::Complete {
                    return Err(CaseError::Complete(path.to_owned()));
                }
                reopen(path, &earlier)?;
            }
        }
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

/// Takes back what an interrupted run closed, so that its streams lie with their index again.
fn reopen(path: &Path, works: &[PathBuf]) -> Result<(), CaseError> {
    for name in [SUMS, MANIFEST].into_iter().chain(CLOSED) {
        remove(&path.join(name))?;
    }
    remove_folder(&path.join(close::BY_ACCOUNT))?;
    for work in works.iter().rev() {
        for stream in Stream::ALL.into_iter().filter(|stream| stream.is_table()) {
            let (closed, open) = (path.join(stream.file()), work.join(stream.file()));
            if !open.exists() && closed.exists() {
                std::fs::rename(&closed, &open).map_err(write_error(&open))?;
            }
        }
        // A run that ended before it had all of its files left nothing to go on with.
        match PartReader::open(work).and_then(|part| part.cut()) {
            Ok(()) => {}
            Err(_) => remove_folder(work)?,
        }
    }
    for stream in Stream::ALL {
        remove(&path.join(stream.file()))?;
    }
    Ok(())
}

/// Removes what a case consists of; other files stay, and are told by the next step, which wants an empty folder.
fn remove_case(path: &Path) -> Result<(), CaseError> {
    let tables = Stream::ALL.iter().map(|stream| stream.file());
    for name in [SUMS, MANIFEST].into_iter().chain(CLOSED).chain(tables) {
        remove(&path.join(name))?;
    }
    remove_folder(&path.join(close::BY_ACCOUNT))?;
    works(path)?.iter().try_for_each(|work| remove_folder(work))?;
    let mut rest = std::fs::read_dir(path).map_err(read_error(path))?.flatten();
    match rest.find(|entry| entry.file_name() != OsStr::new(LOCK)) {
        Some(_) => Err(CaseError::NotEmpty(path.to_owned())),
        None => Ok(()),
    }
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
    // The folder need not be there yet; the nearest that is tells where links lead.
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    let real = loop {
        match (there.canonicalize(), there.parent(), there.file_name()) {
            (Ok(real), _, _) => break missing.iter().rev().fold(real, |real, name| real.join(name)),
            (Err(_), Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                there = parent;
            }
            _ => break absolute.clone(),
        }
    };
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
