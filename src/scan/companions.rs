//! Files that tell of MAPI beside the hives: temporary profiles, nicknames, offline and personal folders. They are counted
//! where they are seen, not opened.

use std::collections::BTreeMap;
use std::path::Path;

use crate::account::{self, Place};

/// Counts of companion files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Temporary profiles (Q166599).
    pub mmp: u64,
    /// Nicknames, one file a profile (Q245421).
    pub nk2: u64,
    /// Offline folders.
    pub ost: u64,
    /// Personal folders.
    pub pst: u64,
}

/// Counts of companion files by the profile folder in which they lie.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    by_folder: BTreeMap<Folder, Seen>,
}

/// The collection and the profile folder, in upper case; without a folder what lies elsewhere on the volume.
type Folder = (Option<String>, Option<String>);

impl Companions {
    /// Counts a file, if it is one.
    pub(super) fn add(&mut self, path: &str) {
        let Some(ending) = Path::new(path).extension().and_then(|ending| ending.to_str()) else { return };
        let count: fn(&mut Seen) -> &mut u64 = match ending.to_ascii_lowercase().as_str() {
            "mmp" => |seen| &mut seen.mmp,
            "nk2" => |seen| &mut seen.nk2,
            "ost" => |seen| &mut seen.ost,
            "pst" => |seen| &mut seen.pst,
            _ => return,
        };
        *count(self.by_folder.entry(folder(path)).or_default()) += 1;
    }

    /// What was seen in the profile folder of a hive.
    pub fn beside(&self, hive_path: &str) -> Seen {
        let folder = folder(hive_path);
        let seen = folder.1.as_ref().and_then(|_| self.by_folder.get(&folder));
        seen.copied().unwrap_or_default()
    }
}

fn folder(path: &str) -> Folder {
    let profile = match account::place_of_any(path) {
        Place::UserProfile(folder) => Some(folder.to_uppercase()),
        Place::ServiceProfile(account) => Some(account.name().to_uppercase()),
        _ => None,
    };
    (account::collection(path), profile)
}
