//! Paths of deleted keys: through deleted parents up to a key of the live tree.

use std::collections::HashMap;
use std::rc::Rc;

use crate::hive::image::Origin;
use crate::hive::raw::{CellOffset, KeyNode, SubkeyListKind};
use crate::hive::{join, limits};
use crate::wintypes::Filetime;

use super::UNKNOWN_PARENT;
use super::budget::Budget;
use super::doubt::{Doubt, Doubts};
use super::space::{Hit, Space};

/// Where a key belongs.
#[derive(Clone, Debug)]
pub(super) struct Ancestry {
    pub(super) path: Rc<str>,
    /// Whether it leads to the root without a gap.
    pub(super) complete: bool,
    pub(super) doubts: Doubts,
}

impl Ancestry {
    fn unknown(doubt: Doubt) -> Self {
        Self { path: UNKNOWN_PARENT.into(), complete: false, doubts: doubt.into() }
    }
}

/// The paths found so far.
#[derive(Debug)]
pub(super) struct Lineage<'s, 'b> {
    space: &'s Space<'b>,
    root: CellOffset,
    /// Paths of allocated keys; `None` for those that are not live.
    live: HashMap<CellOffset, Option<Rc<str>>>,
    /// The keys of each live list of subkeys, sorted.
    lists: HashMap<CellOffset, Vec<CellOffset>>,
    deleted: HashMap<CellOffset, Ancestry>,
    visits: Budget,
    paths: &'s Budget,
}

impl<'s, 'b> Lineage<'s, 'b> {
    /// Paths are charged to `paths`.
    pub(super) fn new(space: &'s Space<'b>, root: CellOffset, paths: &'s Budget) -> Self {
        Self {
            space,
            root,
            live: HashMap::new(),
            lists: HashMap::new(),
            deleted: HashMap::new(),
            visits: Budget::for_visits(space.len()),
            paths,
        }
    }

    /// Whether reading had to stop, so that parents may be unknown that are there.
    pub(super) fn exceeded(&self) -> bool {
        self.visits.exceeded() || self.paths.exceeded()
    }

    /// Where a recovered key belongs.
    pub(super) fn of(&mut self, key: &Hit<KeyNode<'b>>) -> Ancestry {
        let mut waiting: Vec<(Hit<KeyNode<'b>>, Doubts)> = Vec::new();
        let mut next = *key;
        let mut above = loop {
            let at = next.record.cell_offset();
            if let Some(known) = self.deleted.get(&at) {
                break known.clone();
            }
            if waiting.len() == limits::MAX_DEPTH {
                break Ancestry::unknown(Doubt::ParentCircle);
            }
            // Met again before its path is known, it is its own ancestor.
            self.deleted.insert(at, Ancestry::unknown(Doubt::ParentCircle));
            match self.parent(&next) {
                Parent::Deleted(parent) => {
                    let mut doubts = doubt_about(&parent.record, &next.record);
                    if parent.in_use {
                        doubts.insert(Doubt::ParentNotLive);
                    }
                    waiting.push((next, doubts));
                    next = parent;
                }
                Parent::Known(ancestry) => {
                    waiting.push((next, Doubts::default()));
                    break ancestry;
                }
            }
        };
        while let Some((key, doubts)) = waiting.pop() {
            let at = key.record.cell_offset();
            above = match self.live_in_places(&key) {
                Some(path) => Ancestry { path, complete: true, doubts: Doubts::default() },
                None => self.below(&above, doubts, &key.record),
            };
            self.deleted.insert(at, above.clone());
        }
        above
    }

    /// Among the pages of a log are live keys as well.
    fn live_in_places(&mut self, key: &Hit<KeyNode<'b>>) -> Option<Rc<str>> {
        let at = key.record.cell_offset();
        if self.space.counts_allocated() { self.live_path(at) } else { None }
    }

    fn below(&self, above: &Ancestry, mut doubts: Doubts, key: &KeyNode<'b>) -> Ancestry {
        let name = key.name().to_component();
        doubts.extend(above.doubts);
        let path = join(&above.path, &name);
        if path.len() <= limits::MAX_PATH_HELD && self.paths.take(path.len()) {
            return Ancestry { path: path.into(), complete: above.complete, doubts };
        }
        doubts.insert(Doubt::PathTooLong);
        Ancestry { path: join(UNKNOWN_PARENT, &name).into(), complete: false, doubts }
    }

    fn parent(&mut self, key: &Hit<KeyNode<'b>>) -> Parent<'b> {
        let at = key.record.parent();
        if key.origin != Origin::Tail
            && let Some(path) = self.live_path(at)
        {
            let parent = self.space.bins().key_node(at);
            let doubts = parent.map(|parent| doubt_about(&parent, &key.record)).unwrap_or_default();
            return Parent::Known(Ancestry { path, complete: true, doubts });
        }
        match self.space.key(at, key.referrer()) {
            Some(parent) => Parent::Deleted(parent),
            None => Parent::Known(Ancestry::unknown(Doubt::ParentUnknown)),
        }
    }

    /// The path of an allocated key to which lists lead from the root; `None` for any other.
    fn live_path(&mut self, at: CellOffset) -> Option<Rc<str>> {
        let mut climbed: Vec<(CellOffset, KeyNode<'b>)> = Vec::new();
        let mut here = at;
        let mut path: Option<Rc<str>> = loop {
            if let Some(known) = self.live.get(&here) {
                break known.clone();
            }
            let Ok(node) = self.space.bins().key_node(here) else { break None };
            if !self.visits.take(node.name().bytes.len()) {
                break None;
            }
            if here == self.root {
                break Some("".into());
            }
            if climbed.len() == limits::MAX_DEPTH || !self.lists_key(node.parent(), here) {
                break None;
            }
            // In a circle nobody leads to the root.
            self.live.insert(here, None);
            climbed.push((here, node));
            here = node.parent();
        };
        self.live.insert(here, path.clone());
        while let Some((key, node)) = climbed.pop() {
            path = path.and_then(|above| {
                let path = join(&above, &node.name().to_component());
                (path.len() <= limits::MAX_PATH_HELD && self.paths.take(path.len())).then(|| path.into())
            });
            self.live.insert(key, path.clone());
        }
        path
    }

    /// Whether the key at `parent` lists the one at `child`.
    fn lists_key(&mut self, parent: CellOffset, child: CellOffset) -> bool {
        let Ok(parent) = self.space.bins().key_node(parent) else { return false };
        if parent.subkey_count() == 0 {
            return false;
        }
        let list = parent.subkey_list();
        if !self.lists.contains_key(&list) {
            let mut keys = self.keys_of(list);
            keys.sort_unstable();
            self.lists.insert(list, keys);
        }
        self.lists.get(&list).is_some_and(|keys| keys.binary_search(&child).is_ok())
    }

    fn keys_of(&self, list: CellOffset) -> Vec<CellOffset> {
        let bins = self.space.bins();
        let read = |at| bins.subkey_list(at).ok().filter(|list| self.visits.take(list.byte_len()));
        let Some(top) = read(list) else { return Vec::new() };
        if top.kind != SubkeyListKind::IndexRoot {
            return top.entries().map(|entry| entry.target).collect();
        }
        let leaves = top.entries().filter_map(|entry| read(entry.target));
        let leaves = leaves.filter(|leaf| leaf.kind != SubkeyListKind::IndexRoot);
        leaves.flat_map(|leaf| leaf.entries().map(|entry| entry.target)).collect()
    }
}

/// Removing a subkey stamps its parent: a parent that changed last before its deleted child did may be another key, in a cell
/// that was used again.
fn doubt_about(parent: &KeyNode<'_>, child: &KeyNode<'_>) -> Doubts {
    let stamped = parent.last_written();
    if stamped != Filetime(0) && stamped < child.last_written() {
        Doubt::ParentOlder.into()
    } else {
        Doubts::default()
    }
}

enum Parent<'b> {
    Deleted(Hit<KeyNode<'b>>),
    Known(Ancestry),
}
