//! Keys and values that were deleted: in free cells, in slack, behind the bins, and, on request, in allocated cells to
//! which nothing refers.
//!
//! Deleting frees cells and leaves their bytes, so that records stay whole until a later cell is laid over them. Windows
//! joins a free cell with its free neighbours: one free cell may hold many records. Nothing that is live is told as deleted,
//! no byte that a later record uses is told as a deleted one's, and whatever is uncertain is named ([`Doubt`]).

mod ancestry;
mod assemble;
mod budget;
mod contents;
mod doubt;
mod lost_lists;
mod plausible;
mod referenced;
mod scan;
mod space;

use std::ops::Range;

use crate::wintypes::Filetime;

use super::bins::{self, Placed};
use super::image::Origin;
use super::raw::{Bins, CellOffset, Data, KeyNode, KeyValue, Name};
use super::{Error, Offset, Problems};

pub use doubt::{Doubt, Doubts, Trust};
pub use lost_lists::LostList;

use referenced::Referenced;
use scan::{may_have_slack, slack, slack_behind};
use space::{Head, Region, Space, cell_offset};

/// The first component of a path whose beginning is lost. A key may have this name as well; [`DeletedKey::path_complete`]
/// tells the two apart.
pub const UNKNOWN_PARENT: &str = "?";

/// Where to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Free cells, slack behind records and lists, and the bytes behind the bins.
    #[default]
    Default,
    /// Also allocated cells to which nothing live refers, and the slack of data. This reads the whole live tree.
    Deep,
}

/// A range of a hive's bytes to scan, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the file.
    pub range: Range<usize>,
    /// What the records there are told to come from.
    pub origin: Origin,
}

/// What was recovered.
#[derive(Debug, Default)]
pub struct Carved<'b> {
    /// Deleted keys in the order of the file, each with its values.
    pub keys: Vec<DeletedKey<'b>>,
    /// Deleted values that no recovered key lists, in the order of the file. Most were deleted from keys that live on.
    pub values: Vec<DeletedValue<'b>>,
    /// Lists of deleted values that fit several deleted keys, or one of which more than one list fits, in the order of the
    /// file. Which belongs to which the hive does not tell.
    pub lists: Vec<LostList<'b>>,
    /// Whether all places were looked at; where not, a problem says so.
    pub complete: bool,
}

/// A key that was deleted.
#[derive(Clone, Debug)]
pub struct DeletedKey<'b> {
    node: KeyNode<'b>,
    /// Where the record lies.
    pub origin: Origin,
    /// From the root of the hive, names joined by backslashes; the root itself is empty. Begins with [`UNKNOWN_PARENT`]
    /// where a parent is missing.
    pub path: String,
    /// Whether the path leads to the root without a gap.
    pub path_complete: bool,
    /// The values that could be attached, in the order of the key's list.
    pub values: Vec<DeletedValue<'b>>,
    /// Whether these are all that the key counts, as far as can be told: a program other than Windows may have cleared the
    /// count, and what it was before nothing tells.
    pub values_complete: bool,
    /// What lowers the trust in the key, its place and its values.
    pub doubts: Doubts,
}

/// A value that was deleted.
#[derive(Clone, Debug)]
pub struct DeletedValue<'b> {
    record: KeyValue<'b>,
    /// Where the record lies.
    pub origin: Origin,
    /// The value's bytes, as far as they are surely its own.
    pub data: Result<Data<'b>, Error>,
    /// What lowers the trust in the value, its data and to whom it belonged.
    pub doubts: Doubts,
}

impl<'b> DeletedKey<'b> {
    /// The key's record.
    pub fn node(&self) -> &KeyNode<'b> {
        &self.node
    }

    /// The key's name as a component of a path.
    pub fn name(&self) -> String {
        self.node.name().to_component()
    }

    /// Where the key's cell began in the file, its size field first.
    pub fn at(&self) -> Offset {
        self.node.at()
    }

    /// Length of the cell; where it is not known any more, of the record with the size field.
    pub fn size(&self) -> u32 {
        self.node.cell_size()
    }

    /// When the key last changed. Deleting it does not stamp the key itself, but its parent.
    pub fn last_written(&self) -> Filetime {
        self.node.last_written()
    }

    /// How far the key, its place and its values can be trusted.
    pub fn trust(&self) -> Trust {
        self.doubts.trust()
    }
}

impl<'b> DeletedValue<'b> {
    /// The value's record.
    pub fn record(&self) -> &KeyValue<'b> {
        &self.record
    }

    /// The value's name as stored; empty for the unnamed value.
    pub fn name(&self) -> Name<'b> {
        self.record.name()
    }

    /// Where the value's cell began in the file, its size field first.
    pub fn at(&self) -> Offset {
        self.record.at()
    }

    /// Length of the cell; where it is not known any more, of the record with the size field.
    pub fn size(&self) -> u32 {
        self.record.cell_size()
    }

    /// How far the value can be trusted.
    pub fn trust(&self) -> Trust {
        self.doubts.trust()
    }
}

/// Deleted keys and values of a hive. `tail` is what lies behind the bins in the file.
///
/// Bins whose cells do not tile are told as problems and left out from there on: what is free there cannot be known.
pub fn carve<'b>(
    bins: Bins<'b>,
    tail: &'b [u8],
    root: CellOffset,
    depth: Depth,
    problems: &mut Problems,
) -> Carved<'b> {
    carve_unless(bins, tail, root, depth, |_| false, problems)
}

/// The same where any key in such a place, or one above it, has a name of interest; otherwise nothing is put together, which
/// is most of the work.
pub fn carve_if_any<'b>(
    bins: Bins<'b>,
    tail: &'b [u8],
    root: CellOffset,
    depth: Depth,
    of_interest: impl Fn(Name<'_>) -> bool,
    problems: &mut Problems,
) -> Carved<'b> {
    carve_unless(bins, tail, root, depth, |space| !scan::any_key(space, of_interest), problems)
}

fn carve_unless<'b>(
    bins: Bins<'b>,
    tail: &'b [u8],
    root: CellOffset,
    depth: Depth,
    is_idle: impl FnOnce(&Space<'b>) -> bool,
    problems: &mut Problems,
) -> Carved<'b> {
    let mut space = Space::new(bins, tail, false);
    let mut live = match depth {
        Depth::Default => None,
        Depth::Deep => Some(Referenced::from_root(bins, root)),
    };
    let is_deep = live.is_some();
    let look = |cell: Placed<'b>| {
        let whole = |origin, head| Region { start: cell.at, end: cell.end(), origin, head };
        let region = match &mut live {
            _ if !cell.allocated => Some(whole(Origin::Free, Head::FreeCell)),
            None => slack(&space, cell),
            Some(live) => match cell_offset(cell.at).and_then(|at| live.used(at)) {
                Some(used) => slack_behind(cell, used),
                None => Some(whole(Origin::Unreferenced, Head::AllocatedCell)),
            },
        };
        if let Some(region) = region {
            space.add(region);
        }
    };
    if is_deep {
        bins::walk(bins, problems, |_| true, look);
    } else {
        bins::walk(bins, problems, |cell| cell.is_free() | may_have_slack(cell), look);
    }
    if !tail.is_empty() {
        let start = bins.bytes().len();
        space.add(Region { start, end: start + tail.len(), origin: Origin::Tail, head: Head::Nothing });
    }
    if is_idle(&space) {
        return Carved { complete: true, ..Carved::default() };
    }
    let mut found = scan::regions(&space);
    if live.is_some_and(|live| !live.complete) {
        found.doubt_unreferenced();
    }
    assemble::assemble(&space, root, found, problems)
}

/// The same for bytes that were pages of the hive once and no longer say of which place: what overwritten entries of a log
/// have left. Only keys can be put in their place, by a parent that is live; values are not attached. Offsets in what is
/// returned count on behind the bins.
pub fn carve_remnant<'b>(
    bins: Bins<'b>,
    root: CellOffset,
    remnant: &'b [u8],
    problems: &mut Problems,
) -> Carved<'b> {
    let mut space = Space::new(bins, remnant, false);
    let start = bins.bytes().len();
    let end = start + remnant.len();
    space.add(Region { start, end, origin: Origin::LogRemnant, head: Head::Nothing });
    let found = scan::regions(&space);
    let mut carved = assemble::assemble(&space, root, found, problems);
    carved.keys.iter_mut().for_each(|key| key.doubts.insert(Doubt::PlaceUnknown));
    carved.values.iter_mut().for_each(|value| value.doubts.insert(Doubt::PlaceUnknown));
    carved
}

/// The same for given places, such as the pages that a transaction log laid over the hive: every key and value there, be its
/// cell allocated or free. Which of them are live is for the caller to compare.
pub fn carve_places<'b>(
    bins: Bins<'b>,
    root: CellOffset,
    places: &[Place],
    problems: &mut Problems,
) -> Carved<'b> {
    let mut space = Space::new(bins, &[], true);
    // Pages laid over others need not fit each other; whoever made the view knows what is wrong with it.
    bins::walk(bins, &mut Problems::default(), bins::is_free, |cell| {
        let (start, end) = (cell.at, cell.end());
        space.add(Region { start, end, origin: Origin::Free, head: Head::FreeCell });
    });
    let found = scan::places(&space, places);
    assemble::assemble(&space, root, found, problems)
}
