//! An archive whose hives are still to be read, and what of them is held in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::{Entry, Place, Visitor, fill, read_whole};
use super::fault::Fault;
use super::format::{Format, HEAD};
use super::{Member, limits, names, walk};
use crate::hive::{HiveSource, Identity, Links};

/// How many bytes are held of all archives of a run.
#[derive(Debug, Default)]
pub(in crate::scan) struct Shelf {
    held: AtomicU64,
}

/// Bytes of a hive or log that are held until they are given up.
pub(super) struct Held {
    bytes: Arc<Vec<u8>>,
    shelf: Arc<Shelf>,
}

impl Shelf {
    /// Holds bytes, if there is room.
    pub(super) fn hold(self: &Arc<Self>, bytes: &Arc<Vec<u8>>) -> Option<Held> {
        let len = bytes.len() as u64;
        let before = self.held.fetch_add(len, Ordering::Relaxed);
        let held = Held { bytes: Arc::clone(bytes), shelf: Arc::clone(self) };
        // Dropped where there was no room.
        (before.saturating_add(len) <= limits::MAX_HELD).then_some(held)
    }

    /// Whether there is room for as many bytes.
    pub(super) fn has_room(&self, len: u64) -> bool {
        self.held.load(Ordering::Relaxed).saturating_add(len) <= limits::MAX_HELD
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shelf.held.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// An archive that was looked through.
#[derive(Debug)]
pub(super) struct Archive {
    /// Where it is.
    pub(super) path: PathBuf,
    pub(super) links: Links,
    /// What it was when it was looked through.
    pub(super) identity: Identity,
    pub(super) format: Format,
    pub(super) shelf: Arc<Shelf>,
    pub(super) groups: Mutex<Vec<Group>>,
}

/// Hives of one host in one archive, with their logs.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Hives that are still needed.
    pub(super) waiting: usize,
    /// All that can only be had by reading what lies before it.
    pub(super) places: Vec<Place>,
    pub(super) held: BTreeMap<Place, Held>,
}

impl Archive {
    /// The bytes of a file in it.
    pub(super) fn bytes(&self, group: usize, member: &Member) -> io::Result<Arc<Vec<u8>>> {
        if let Some(way) = member.direct {
            let source = self.open()?;
            let bytes = walk::direct(&source, way)?;
            return if source.has_changed()? { Err(changed()) } else { Ok(Arc::new(bytes)) };
        }
        // Others of the same archive wait here, and then find what they need.
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let mut none = Group::default();
        let group = groups.get_mut(group).unwrap_or(&mut none);
        if let Some(held) = group.held.get(&member.place) {
            return Ok(Arc::clone(&held.bytes));
        }
        let mut fetch = Fetch { archive: self, group, wanted: &member.place, found: None };
        let source = self.open()?;
        let name = names::file_name(self.path.to_str().unwrap_or_default()).to_owned();
        let walked = walk::file(&source, self.format, &name, &mut fetch);
        match (fetch.found, walked) {
            (Some(found), _) => Ok(found?),
            (None, Err(fault)) => Err(fault.into()),
            (None, Ok(())) => Err(changed()),
        }
    }

    /// Says that a hive of a group is needed no more.
    pub(super) fn done(&self, group: usize) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = groups.get_mut(group) {
            group.waiting = group.waiting.saturating_sub(1);
            if group.waiting == 0 {
                group.held.clear();
            }
        }
    }

    fn open(&self) -> io::Result<HiveSource> {
        let source = HiveSource::open(&self.path, self.links).map_err(io::Error::other)?;
        if source.identity() == self.identity { Ok(source) } else { Err(changed()) }
    }
}

fn changed() -> io::Error {
    io::Error::other("the archive has changed since it was looked through")
}

/// Reads the wanted entry, and those of its group that lie before it as far as there is room.
struct Fetch<'f> {
    archive: &'f Archive,
    group: &'f mut Group,
    wanted: &'f Place,
    found: Option<Result<Arc<Vec<u8>>, Fault>>,
}

impl Visitor for Fetch<'_> {
    fn wants(&self, place: &[u32]) -> bool {
        let leads_to = |wanted: &Place| wanted.starts_with(place);
        leads_to(self.wanted)
            || self.group.places.iter().any(|other| leads_to(other) && !self.group.held.contains_key(other))
    }

    fn visit(&mut self, entry: Entry<'_>) -> ControlFlow<()> {
        let is_wanted = entry.place == *self.wanted;
        let content = match entry.content {
            Ok(content) => content,
            Err(fault) if is_wanted => {
                self.found = Some(Err(fault));
                return ControlFlow::Break(());
            }
            Err(_) => return ControlFlow::Continue(()),
        };
        if is_wanted {
            let bytes = read_whole(content).map(Arc::new);
            self.hold(entry.place, bytes.as_ref().ok());
            self.found = Some(bytes);
        } else if self.group.places.contains(&entry.place) {
            if self.archive.shelf.has_room(entry.size.unwrap_or(0))
                && let Ok(bytes) = read_whole(content)
            {
                self.hold(entry.place, Some(&Arc::new(bytes)));
            }
        } else {
            // Something in it is wanted. What is wrong with it shows when that is not found.
            let mut head = [0; HEAD];
            let count = fill(content, &mut head).unwrap_or(0);
            let head = head.get(..count).unwrap_or_default();
            if let Some(format) = Format::of(head) {
                let name = names::file_name(&entry.name).to_owned();
                let walked = walk::inner(&mut head.chain(content), format, &entry.place, &name, self);
                if let (Err(fault), true) = (walked, self.wanted.starts_with(&entry.place)) {
                    self.found.get_or_insert(Err(fault));
                }
            }
        }
        if self.found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Fetch<'_> {
    fn hold(&mut self, place: Place, bytes: Option<&Arc<Vec<u8>>>) {
        if let Some(held) = bytes.and_then(|bytes| self.archive.shelf.hold(bytes)) {
            self.group.held.insert(place, held);
        }
    }
}
