//! An archive whose hives are still to be read, and what of them is held in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::{Entry, Place, Visitor, fill, read_whole};
use super::fault::Fault;
use super::format::{Format, HEAD};
use super::{Member, limits, names, walk};
use crate::hive::{HiveSource, Identity, Links};
use crate::scan::discover::path_text;

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

/// Hives of one host in one archive, with their logs. Groups are in the order in which hosts are read.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Hives that are still needed.
    pub(super) waiting: usize,
    /// All that can only be had by reading what lies before it, with the bytes that each is said to have.
    pub(super) streamed: BTreeMap<Place, u64>,
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
        if let Some(held) = groups.get(group).and_then(|group| group.held.get(&member.place)) {
            return Ok(Arc::clone(&held.bytes));
        }
        let planned = plan(&mut groups, group, &member.place);
        let mut fetch =
            Fetch { archive: self, requested: &member.place, found: None, planned, held: Vec::new() };
        let source = self.open()?;
        let name = names::file_name(&path_text(&self.path)).to_owned();
        let walked = walk::file(&source, self.format, &name, &mut fetch);
        for (number, place, held) in fetch.held {
            if let Some(group) = groups.get_mut(number) {
                group.held.insert(place, held);
            }
        }
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

/// What is read together with an entry of a group: the other hives of its host, then those of the hosts behind it, as far as
/// there is room. What is held of others behind it makes room.
fn plan(groups: &mut [Group], first: usize, requested: &Place) -> BTreeMap<Place, usize> {
    let mut planned = BTreeMap::from([(requested.clone(), first)]);
    let mut bytes = 0_u64;
    for (number, group) in groups.iter_mut().enumerate().skip(first) {
        if number > first && group.waiting == 0 {
            continue;
        }
        bytes = group.streamed.values().fold(bytes, |sum, len| sum.saturating_add(*len));
        if bytes <= limits::MAX_HELD {
            let missing = group.streamed.keys().filter(|place| !group.held.contains_key(*place));
            planned.extend(missing.map(|place| (place.clone(), number)));
        } else if number > first {
            group.held.clear();
        }
    }
    planned
}

/// Reads the requested entry, and others as planned.
struct Fetch<'f> {
    archive: &'f Archive,
    requested: &'f Place,
    found: Option<Result<Arc<Vec<u8>>, Fault>>,
    /// What is still to be read, with its group.
    planned: BTreeMap<Place, usize>,
    /// What was read and is held.
    held: Vec<(usize, Place, Held)>,
}

impl Visitor for Fetch<'_> {
    fn wants(&self, place: &[u32]) -> bool {
        let mut from_here = self.planned.range::<[u32], _>((Bound::Included(place), Bound::Unbounded));
        from_here.next().is_some_and(|(planned, _)| planned.starts_with(place))
    }

    fn visit(&mut self, entry: Entry<'_>) -> ControlFlow<()> {
        let is_requested = entry.place == *self.requested;
        match (entry.content, self.planned.remove(&entry.place)) {
            (Ok(content), Some(group)) => {
                let bytes = read_whole(content).map(Arc::new);
                let held = bytes.as_ref().ok().and_then(|bytes| self.archive.shelf.hold(bytes));
                self.held.extend(held.map(|held| (group, entry.place, held)));
                if is_requested {
                    self.found = Some(bytes);
                }
            }
            (Err(fault), _) if is_requested => self.found = Some(Err(fault)),
            (Ok(content), None) => self.inner(content, &entry.place, &entry.name),
            (Err(_), _) => {}
        }
        let is_done = self.found.is_some() && self.planned.is_empty();
        if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Fetch<'_> {
    /// Reads an archive in which something is planned. What is wrong with it shows where the requested entry is not found.
    fn inner(&mut self, content: &mut dyn Read, place: &[u32], name: &str) {
        let mut head = [0; HEAD];
        let count = fill(content, &mut head).unwrap_or(0);
        let head = head.get(..count).unwrap_or_default();
        let Some(format) = Format::of(head) else { return };
        let walked = walk::inner(&mut head.chain(content), format, place, names::file_name(name), self);
        if let (Err(fault), true) = (walked, self.requested.starts_with(place)) {
            self.found.get_or_insert(Err(fault));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::super::discover::Discovered;
    use super::super::sift::sift;
    use super::*;
    use crate::hive::Way;

    const HOSTS: [&str; 3] = ["A", "B", "C"];

    /// Three hosts, two hives each, in a compressed tar archive.
    fn packed() -> Vec<u8> {
        let mut tar = ::tar::Builder::new(Vec::new());
        for host in ["C", "A", "B"] {
            for user in ["a", "b"] {
                let mut header = ::tar::Header::new_gnu();
                let bytes = bytes_of(host, user);
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                let path = format!("{host}/C/Users/{user}/NTUSER.DAT");
                tar.append_data(&mut header, path, &*bytes).unwrap();
            }
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&tar.into_inner().unwrap()).unwrap();
        packed.finish().unwrap()
    }

    fn bytes_of(host: &str, user: &str) -> Vec<u8> {
        format!("regf of {host} {user}").repeat(500).into_bytes()
    }

    #[test]
    fn what_is_not_held_is_fetched_again_and_all_is_given_up_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tgz");
        std::fs::write(&path, packed()).unwrap();
        let len = bytes_of("A", "a").len() as u64;
        for taken in [0, limits::MAX_HELD - 3 * len, limits::MAX_HELD] {
            let mut found = Discovered::default();
            found.shelf.held.store(taken, Ordering::Relaxed);
            assert!(sift(&path, Links::Refuse, &HiveSource::open(&path, Links::Refuse).unwrap(), &mut found));
            let mut candidates = found.candidates.iter();
            for host in HOSTS {
                for user in ["a", "b"] {
                    let candidate = candidates.next().unwrap();
                    assert_eq!(candidate.host.as_deref(), Some(host));
                    for _ in 0..2 {
                        let bytes = candidate.open().unwrap().bytes(Way::Read).unwrap();
                        assert!(*bytes == *bytes_of(host, user), "{host} {user} with {taken} taken");
                    }
                    candidate.done();
                    assert!(found.shelf.held.load(Ordering::Relaxed) <= limits::MAX_HELD);
                }
            }
            assert_eq!(found.shelf.held.load(Ordering::Relaxed), taken);
        }
    }
}
