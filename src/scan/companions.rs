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
    /// Whether a file is one.
    pub(super) fn is_one(path: &str) -> bool {
        count_of(path).is_some()
    }

    /// Counts a file, if it is one.
    pub(super) fn add(&mut self, path: &str) {
        if let Some(count) = count_of(path) {
            *count(self.by_folder.entry(folder(path)).or_default()) += 1;
        }
    }

    /// What was seen in the profile folder of a hive.
    pub fn beside(&self, hive_path: &str) -> Seen {
        let folder = folder(hive_path);
        let seen = folder.1.as_ref().and_then(|_| self.by_folder.get(&folder));
        seen.copied().unwrap_or_default()
    }
}

/// Which of the counts is that of a file, by its ending.
fn count_of(path: &str) -> Option<fn(&mut Seen) -> &mut u64> {
    let ending = Path::new(path).extension()?.to_str()?;
    match ending.to_ascii_lowercase().as_str() {
        "mmp" => Some(|seen| &mut seen.mmp),
        "nk2" => Some(|seen| &mut seen.nk2),
        "ost" => Some(|seen| &mut seen.ost),
        "pst" => Some(|seen| &mut seen.pst),
        _ => None,
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
