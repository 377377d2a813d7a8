//! The hive SOFTWARE: which profile folder is which account's, and what Windows it is.

use crate::hive::{Found, Listed, Problems, Tree};
use crate::wintypes::{Filetime, Sid};

use super::fact::{Fact, Opened, Reader, Values};
use super::profile_folder::Collected;
use super::{MAX_PROFILES, ProfileFolder};

const CURRENT_VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";
const MESSAGING: &str = r"Microsoft\Windows Messaging Subsystem";

/// What SOFTWARE says.
#[derive(Debug)]
pub struct SoftwareFacts {
    /// `ProfileList`: the accounts that have a profile folder.
    pub profiles: Listed<ListedProfile>,
    /// `ProductName`: `Windows Server 2003`.
    pub product_name: Found<Fact<String>>,
    /// `CurrentVersion`: `5.2`.
    pub current_version: Found<Fact<String>>,
    /// `Windows Messaging Subsystem`, `ProfileDirectory`: where temporary profiles go, in files (Q166599).
    pub temporary_profiles: Found<Fact<String>>,
    /// The same for 32-bit programs on 64-bit Windows.
    pub temporary_profiles_wow64: Found<Fact<String>>,
    /// The policy `fDenyTSConnections`, which outweighs the value of that name in SYSTEM: 1 where no connections are taken.
    pub policy_denies_connections: Found<Fact<u32>>,
}

/// A profile folder and its account.
#[derive(Clone, Debug)]
pub struct ListedProfile {
    /// Its key; the value is its name.
    pub key: Fact<String>,
    /// The account, if the name is an identifier, with or without `.bak` behind it.
    pub sid: Option<Sid>,
    /// Whether Windows has put this entry aside for another one of the same account (`.bak`, KB 947215).
    pub is_backup: bool,
    /// `ProfileImagePath`.
    pub image_path: Found<Fact<String>>,
    /// The folder that it names, where it begins in a known way.
    pub folder: Option<ProfileFolder>,
    /// `LocalProfileLoadTimeHigh` and `…Low`: when the hive was last loaded (newer Windows).
    pub loaded: Found<SplitTime>,
    /// `LocalProfileUnloadTimeHigh` and `…Low`: when it was last unloaded.
    pub unloaded: Found<SplitTime>,
    /// `ProfileLoadTimeHigh` and `…Low` of older Windows.
    pub loaded_before: Found<SplitTime>,
    /// `State`, a set of bits.
    pub state: Found<Fact<u32>>,
    /// `Flags`.
    pub flags: Found<Fact<u32>>,
}

/// A time that is kept as two values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitTime {
    /// The time; 0 where Windows has not set it.
    pub time: Filetime,
    /// Its upper half.
    pub high: Fact<u32>,
    /// Its lower half.
    pub low: Fact<u32>,
}

impl SoftwareFacts {
    /// Reads what it can; what it cannot read, it reports.
    pub fn read(tree: &Tree<'_>, problems: &mut Problems) -> Self {
        let mut reader = Reader::new(tree, problems);
        let Found::Here(root) = reader.root() else { return Self::unknown() };
        Self {
            profiles: profiles(&mut reader, &root),
            product_name: reader.text_below(&root, CURRENT_VERSION, "ProductName"),
            current_version: reader.text_below(&root, CURRENT_VERSION, "CurrentVersion"),
            temporary_profiles: reader.text_below(&root, MESSAGING, "ProfileDirectory"),
            temporary_profiles_wow64: reader.text_below(
                &root,
                &format!(r"WOW6432Node\{MESSAGING}"),
                "ProfileDirectory",
            ),
            policy_denies_connections: reader.number_below(
                &root,
                r"Policies\Microsoft\Windows NT\Terminal Services",
                "fDenyTSConnections",
            ),
        }
    }

    /// The entries whose folder is the one in which a collected hive lay. Several can be: of two drives, where the path does
    /// not show the drive, or an entry that was put aside.
    pub fn profiles_at(&self, hive_path: &str) -> impl Iterator<Item = &ListedProfile> {
        let collected = Collected::from(hive_path);
        let fits = move |profile: &&ListedProfile| {
            profile.folder.as_ref().is_some_and(|folder| folder.is(&collected))
        };
        self.profiles.items.iter().filter(fits)
    }

    /// The entries of an account: one, and perhaps one that was put aside.
    pub fn profiles_of<'s>(&'s self, sid: &'s Sid) -> impl Iterator<Item = &'s ListedProfile> {
        self.profiles.items.iter().filter(move |profile| profile.sid.as_ref() == Some(sid))
    }

    fn unknown() -> Self {
        Self {
            profiles: Listed { items: Vec::new(), complete: false },
            product_name: Found::Unknown,
            current_version: Found::Unknown,
            temporary_profiles: Found::Unknown,
            temporary_profiles_wow64: Found::Unknown,
            policy_denies_connections: Found::Unknown,
        }
    }
}

fn profiles<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, root: &Opened<'t, 'b>) -> Listed<ListedProfile> {
    match reader.below(root, &format!(r"{CURRENT_VERSION}\ProfileList")) {
        Found::Here(key) => {
            reader.each_below(&key, MAX_PROFILES, |reader, key| Some(listed_profile(reader, key)))
        }
        other => Listed { items: Vec::new(), complete: other.is_absent() },
    }
}

fn listed_profile<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, key: &Opened<'t, 'b>) -> ListedProfile {
    const BACKUP: &str = ".bak";

    let name = key.key.name();
    let stem = name.len().checked_sub(BACKUP.len()).and_then(|at| name.split_at_checked(at));
    let stem = stem.filter(|(_, end)| end.eq_ignore_ascii_case(BACKUP)).map(|(stem, _)| stem);
    let values = reader.values(key);
    let image_path = reader.text(&values, "ProfileImagePath");
    ListedProfile {
        sid: Sid::parse(stem.unwrap_or(&name)),
        is_backup: stem.is_some(),
        folder: image_path.as_ref().here().and_then(|path| ProfileFolder::parse(&path.value)),
        image_path,
        loaded: split_time(reader, &values, "LocalProfileLoadTime"),
        unloaded: split_time(reader, &values, "LocalProfileUnloadTime"),
        loaded_before: split_time(reader, &values, "ProfileLoadTime"),
        state: reader.number(&values, "State"),
        flags: reader.number(&values, "Flags"),
        key: Fact::of_key(key, name),
    }
}

/// The two halves of a time; one of them alone is none.
fn split_time<'t, 'b>(
    reader: &mut Reader<'t, 'b, '_>,
    values: &Values<'_, 't, 'b>,
    name: &str,
) -> Found<SplitTime> {
    reader.number(values, &format!("{name}High")).and_then(|high| {
        reader.number(values, &format!("{name}Low")).and_then(|low| {
            let time = Filetime::from_parts(high.value, low.value);
            Found::Here(SplitTime { time, high, low })
        })
    })
}
