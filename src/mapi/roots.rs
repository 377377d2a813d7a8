//! Where MAPI keeps profiles in a user's hive, and everything that is read there.

use std::fmt;
use std::rc::Rc;

use crate::hive::{Error, Found, Key, Problems, Reached, Tree, join, limits};
use crate::wintypes::{AnsiCodePage, same_name};

use super::families::Families;
use super::key::{MapiKey, MapiValue, Room};
use super::profile::{Profile, ProfileState};
use super::secret;
use super::section::ProviderSection;
use super::tags::SectionKind;
use super::uid::{self, MapiUid};

/// Which program family's profiles a root holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootKind {
    /// `Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem` (Q183904).
    WindowsNt,
    /// `Software\Microsoft\Windows Messaging Subsystem`: Windows 95, 98 and Me (Q141984).
    Windows9x,
    /// `Software\Microsoft\Office\<version>\Outlook`: Outlook 2013 and later (KB2850989); the version.
    Office(String),
}

/// A place of profiles.
#[derive(Clone, Debug)]
pub struct Root<'b> {
    /// Which.
    pub kind: RootKind,
    /// Whether it lies in the 32-bit view that 64-bit Windows keeps for programs (not expected in a user hive).
    pub wow64: bool,
    /// The subsystem's or Outlook's key itself, with its values.
    pub key: MapiKey<'b>,
    /// `Profiles`.
    pub live: Found<ProfileList<'b>>,
    /// `Deleted Profiles`.
    pub deleted: Found<ProfileList<'b>>,
    /// Other keys below the subsystem's key (`Simple MAPI-CMC`); of Outlook's key nothing else is read.
    pub other_keys: Vec<MapiKey<'b>>,
}

/// `Profiles` or `Deleted Profiles`, and the profiles below it.
#[derive(Clone, Debug)]
pub struct ProfileList<'b> {
    /// The key.
    pub key: MapiKey<'b>,
    /// The profiles, in the order on disk.
    pub profiles: Vec<Profile<'b>>,
}

/// What a hive holds for MAPI.
#[derive(Clone, Debug)]
pub struct Mapi<'b> {
    /// By which the names of profiles were told.
    pub families: &'static Families,
    /// The code page of the computer that wrote it.
    pub ansi: AnsiCodePage,
    /// Every root that is there.
    pub roots: Vec<Root<'b>>,
    /// Paths of which it is unknown whether a root is there.
    pub unknown: Vec<String>,
    /// Keys beside the profiles that tell of MAPI too.
    pub places: Vec<Place<'b>>,
}

/// A key outside of the roots that tells of MAPI, with everything below it.
#[derive(Clone, Debug)]
pub struct Place<'b> {
    /// Which.
    pub kind: PlaceKind,
    /// The keys, the topmost first.
    pub keys: Vec<MapiKey<'b>>,
}

/// Keys outside of the roots that tell of MAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Settings of Exchange's client, provider and administrator (Q141272, Q268324, Q259577).
    Exchange,
    /// The name that becomes the first profile's (Q178183).
    Setup,
    /// Accounts of Outlook 98 and 2000 in Internet-only mode.
    OmiAccounts,
    /// Accounts of Outlook Express.
    InternetAccounts,
    /// Secrets of before DPAPI; the subkey's name is the owner's security identifier.
    ProtectedStorage,
}

impl PlaceKind {
    const ALL: [Self; 5] =
        [Self::Exchange, Self::Setup, Self::OmiAccounts, Self::InternetAccounts, Self::ProtectedStorage];

    /// Path below `Software\Microsoft`.
    fn path(self) -> &'static str {
        match self {
            Self::Exchange => "Exchange",
            Self::Setup => r"MS Setup (ACME)\User Info",
            Self::OmiAccounts => r"Office\Outlook\OMI Account Manager\Accounts",
            Self::InternetAccounts => r"Internet Account Manager\Accounts",
            Self::ProtectedStorage => "Protected Storage System Provider",
        }
    }
}

/// Which root, without what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootName {
    /// Which program family's.
    pub kind: RootKind,
    /// Whether it lies in the 32-bit view.
    pub wow64: bool,
}

impl Root<'_> {
    /// Which root this is.
    pub fn name(&self) -> RootName {
        RootName { kind: self.kind.clone(), wow64: self.wow64 }
    }
}

impl fmt::Display for Root<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

/// As tables show it: `Windows NT`, `Windows 9x`, `Office 16.0`, with ` (WOW6432Node)` where it applies.
impl fmt::Display for RootName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RootKind::WindowsNt => f.write_str("Windows NT")?,
            RootKind::Windows9x => f.write_str("Windows 9x")?,
            RootKind::Office(version) => write!(f, "Office {version}")?,
        }
        f.write_str(if self.wow64 { " (WOW6432Node)" } else { "" })
    }
}

/// Both views of the registry in which a program may have written.
const VIEWS: [(&str, bool); 2] = [(r"Software\Microsoft", false), (r"Software\WOW6432Node\Microsoft", true)];
const WINDOWS_NT: &str = r"Windows NT\CurrentVersion\Windows Messaging Subsystem";
const WINDOWS_9X: &str = "Windows Messaging Subsystem";
const OFFICE: &str = "Office";
const PROFILES: &str = "Profiles";
const DELETED_PROFILES: &str = "Deleted Profiles";

/// Paths of the keys below which profiles can lie, from the root of a hive.
pub fn places_of_profiles() -> impl Iterator<Item = String> {
    let below = |view: &'static str| [WINDOWS_NT, WINDOWS_9X, OFFICE].map(|path| join(view, path));
    VIEWS.into_iter().flat_map(move |(view, _)| below(view))
}

impl<'b> Mapi<'b> {
    /// Reads every profile it can; what it cannot read, it reports.
    pub fn read(
        tree: &Tree<'b>,
        families: &'static Families,
        ansi: AnsiCodePage,
        problems: &mut Problems,
    ) -> Self {
        let mut mapi = Self { families, ansi, roots: Vec::new(), unknown: Vec::new(), places: Vec::new() };
        let Ok(root) = tree.root() else { return mapi };
        let reached = Reached::default();
        let mut reader = Reader { tree, families, ansi, reached, problems, room: Room::default() };
        for (view, wow64) in VIEWS {
            let (microsoft, view) = match root.located("", view, reader.problems) {
                Found::Here(located) => located,
                Found::Absent => continue,
                Found::Unknown => {
                    mapi.unknown.push(view.into());
                    continue;
                }
            };
            for (path, kind) in [(WINDOWS_NT, RootKind::WindowsNt), (WINDOWS_9X, RootKind::Windows9x)] {
                match microsoft.located(&view, path, reader.problems) {
                    Found::Here((key, path)) => mapi.roots.push(reader.subsystem(&key, &path, kind, wow64)),
                    Found::Absent => {}
                    Found::Unknown => mapi.unknown.push(join(&view, path)),
                }
            }
            reader.office(&microsoft, &view, wow64, &mut mapi);
            if !wow64 {
                reader.places(&microsoft, &view, &mut mapi);
            }
        }
        mapi
    }

    /// All profiles of a state, with their roots.
    pub fn profiles(&self, state: ProfileState) -> impl Iterator<Item = (&Root<'b>, &Profile<'b>)> {
        self.roots.iter().flat_map(move |root| {
            let list = root.list(state).as_ref().here();
            list.into_iter().flat_map(move |list| list.profiles.iter().map(move |profile| (root, profile)))
        })
    }

    /// All profiles, live ones first.
    pub fn all_profiles(&self) -> impl Iterator<Item = (&Root<'b>, &Profile<'b>)> {
        self.profiles(ProfileState::Live).chain(self.profiles(ProfileState::DeletedPending))
    }

    /// Whether it is known of every place whether profiles of this state are there, and which.
    pub fn is_complete(&self, state: ProfileState) -> bool {
        self.unknown.is_empty()
            && self.roots.iter().all(|root| match root.list(state) {
                Found::Here(list) => list.key.subkeys_complete,
                Found::Absent => true,
                Found::Unknown => false,
            })
    }

    /// When any key of any root last changed.
    pub fn latest_write(&self) -> Option<crate::wintypes::Filetime> {
        self.roots.iter().flat_map(Root::keys).map(|key| key.last_written).max()
    }
}

impl<'b> Root<'b> {
    /// `Profiles` or `Deleted Profiles`.
    pub fn list(&self, state: ProfileState) -> &Found<ProfileList<'b>> {
        match state {
            ProfileState::Live => &self.live,
            ProfileState::DeletedPending => &self.deleted,
            ProfileState::Recovered => &Found::Absent,
        }
    }

    /// The value `DefaultProfile`: on `Profiles`, or on Outlook's key from Outlook 2013 on; the key that holds it too.
    pub fn default_profile(&self) -> Found<(&MapiKey<'b>, &MapiValue<'b>)> {
        let holder = match &self.kind {
            RootKind::Office(_) => Found::Here(&self.key),
            RootKind::WindowsNt | RootKind::Windows9x => {
                self.live.as_ref().and_then(|list| Found::Here(&list.key))
            }
        };
        holder.and_then(|key| key.named("DefaultProfile").and_then(|value| Found::Here((key, value))))
    }

    /// Every key that was read below the root, the root's own first.
    pub fn keys(&self) -> impl Iterator<Item = &MapiKey<'b>> {
        let of_lists = [&self.live, &self.deleted]
            .into_iter()
            .filter_map(|list| list.as_ref().here())
            .flat_map(|list| std::iter::once(&list.key).chain(list.profiles.iter().flat_map(Profile::keys)));
        std::iter::once(&self.key).chain(&self.other_keys).chain(of_lists)
    }
}

impl<'b> ProfileList<'b> {
    /// The profile with this name, in any letter case.
    pub fn named(&self, name: &str) -> Found<&Profile<'b>> {
        match self.profiles.iter().find(|profile| same_name(profile.name(), name)) {
            Some(profile) => Found::Here(profile),
            None if self.key.subkeys_complete => Found::Absent,
            None => Found::Unknown,
        }
    }
}

/// Where below MAPI's roots a path lies, told by the path alone: for keys that are in no tree any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapiPath {
    /// Which root.
    pub root: RootName,
    /// The list of profiles it lies in, if any: `Live` for `Profiles`, `DeletedPending` for `Deleted Profiles`.
    pub list: Option<ProfileState>,
    /// The profile.
    pub profile: Option<String>,
    /// The section.
    pub section: Option<MapiUid>,
    /// Whether it lies deeper than the section's own key.
    pub below_section: bool,
    /// The path of the list, as it is spelled.
    list_path: String,
}

impl MapiPath {
    /// Understands the path of a key; `None` outside of MAPI's roots.
    pub fn parse(path: &str) -> Option<Self> {
        let names: Vec<&str> = path.split('\\').collect();
        let is = |at: usize, name: &str| names.get(at).is_some_and(|found| found.eq_ignore_ascii_case(name));
        if !is(0, "Software") {
            return None;
        }
        let wow64 = is(1, "WOW6432Node");
        let at = 1 + usize::from(wow64);
        if !is(at, "Microsoft") {
            return None;
        }
        let (kind, at) = if is(at + 1, "Windows NT") && is(at + 2, "CurrentVersion") && is(at + 3, WINDOWS_9X)
        {
            (RootKind::WindowsNt, at + 4)
        } else if is(at + 1, WINDOWS_9X) {
            (RootKind::Windows9x, at + 2)
        } else if is(at + 1, "Office") && is(at + 3, "Outlook") {
            let version = names.get(at + 2).filter(|version| is_office_version(version))?;
            (RootKind::Office((*version).to_owned()), at + 4)
        } else {
            return None;
        };
        let list = match names.get(at) {
            Some(name) if name.eq_ignore_ascii_case(PROFILES) => Some(ProfileState::Live),
            Some(name) if name.eq_ignore_ascii_case(DELETED_PROFILES) => Some(ProfileState::DeletedPending),
            _ => None,
        };
        // Outlook's key holds hundreds of settings that are no part of MAPI.
        if list.is_none() && matches!(kind, RootKind::Office(_)) {
            return None;
        }
        let in_list = |offset: usize| list.and_then(|_| names.get(at + offset)).copied();
        Some(Self {
            root: RootName { kind, wow64 },
            list,
            profile: in_list(1).map(str::to_owned),
            section: in_list(2).and_then(MapiUid::from_key_name),
            below_section: in_list(3).is_some(),
            list_path: names.get(..=at).unwrap_or(&names).join("\\"),
        })
    }

    /// The path of the profile's key.
    pub fn profile_path(&self) -> Option<String> {
        self.profile.as_ref().map(|profile| join(&self.list_path, profile))
    }

    /// The path of `Profiles` or `Deleted Profiles`.
    pub fn list_path(&self) -> Option<&str> {
        self.list.map(|_| self.list_path.as_str())
    }
}

/// Where a value lies for the question whether it is a secret, by its key's path alone; `None` outside of all places in
/// which MAPI keeps secrets.
pub fn secret_place(key_path: &str) -> Option<secret::Place<'static>> {
    // Nearly all of them are short: they are told apart faster by their bytes than by searching the text.
    let mut names = key_path.as_bytes().split(|byte| *byte == b'\\');
    let is = |name: &[u8], wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    let first_two = names.next().is_some_and(|name| is(name, "Software"))
        && names.next().is_some_and(|name| is(name, "Microsoft") || is(name, "WOW6432Node"));
    if !first_two {
        return None;
    }
    let mut below = names.skip_while(|name| is(name, "Microsoft")).peekable();
    let is_outlook = below.peek().is_some_and(|name| is(name, "Office"));
    if below.peek().is_some_and(|name| is(name, "Exchange") || is(name, "MS Setup (ACME)")) {
        return Some(secret::Place::Elsewhere);
    }
    while let Some(name) = below.next() {
        if is(name, "Protected Storage System Provider") {
            return Some(secret::Place::ProtectedStorage);
        }
        if is(name, "Accounts") {
            return Some(secret::Place::Account);
        }
        let profiles = is_outlook && (is(name, PROFILES) || is(name, DELETED_PROFILES));
        if profiles || is(name, "Windows Messaging Subsystem") {
            let in_accounts = below.any(|name| {
                let uid = std::str::from_utf8(name).ok().and_then(MapiUid::from_key_name);
                uid.is_some_and(|uid| uid == uid::ACCOUNT_MANAGER_SECTION)
            });
            let unknown = secret::Place::Section { kind: SectionKind::Other, service: None };
            return Some(if in_accounts { secret::Place::Account } else { unknown });
        }
    }
    None
}

/// The place of a value of which no place is known: what is a secret anywhere is one.
pub const SOME_PLACE: secret::Place<'static> =
    secret::Place::Section { kind: SectionKind::Other, service: None };

/// Reads keys below the roots, no key twice.
struct Reader<'r, 'b> {
    tree: &'r Tree<'b>,
    families: &'static Families,
    ansi: AnsiCodePage,
    reached: Reached,
    problems: &'r mut Problems,
    room: Room<'b>,
}

impl<'r, 'b> Reader<'r, 'b> {
    /// A key with its values. `parent` is the path of the key above.
    fn read(&mut self, key: &Key<'r, 'b>, parent: &Rc<str>) -> MapiKey<'b> {
        MapiKey::read(key, parent, self.ansi, &mut self.room, self.problems)
    }

    fn subsystem(&mut self, key: &Key<'r, 'b>, path: &str, kind: RootKind, wow64: bool) -> Root<'b> {
        let (above, _) = path.rsplit_once('\\').unwrap_or_default();
        let mut root = Root {
            kind,
            wow64,
            key: self.read(key, &Rc::from(above)),
            live: Found::Absent,
            deleted: Found::Absent,
            other_keys: Vec::new(),
        };
        let shared_path = Rc::from(path);
        for child in self.children(key, path, &mut root.key) {
            match child.name() {
                name if name.eq_ignore_ascii_case(PROFILES) && root.live.is_absent() => {
                    root.live = Found::Here(self.list(&child, path, ProfileState::Live));
                }
                name if name.eq_ignore_ascii_case(DELETED_PROFILES) && root.deleted.is_absent() => {
                    root.deleted = Found::Here(self.list(&child, path, ProfileState::DeletedPending));
                }
                name => {
                    if [PROFILES, DELETED_PROFILES].iter().any(|list| name.eq_ignore_ascii_case(list)) {
                        let error = Error::SecondOfName;
                        self.problems.add(child.at(), Some(&join(path, &name)), error);
                    }
                    self.below(&child, &shared_path, &mut root.other_keys);
                }
            }
        }
        if !root.key.subkeys_complete {
            root.live = root.live.or_unknown();
            root.deleted = root.deleted.or_unknown();
        }
        root
    }

    /// Every `Office\<n>.0\Outlook` that has profiles, deleted profiles or a default profile.
    fn office(&mut self, microsoft: &Key<'r, 'b>, view: &str, wow64: bool, mapi: &mut Mapi<'b>) {
        let (office, path) = match microsoft.located(view, OFFICE, self.problems) {
            Found::Here(located) => located,
            Found::Absent => return,
            Found::Unknown => return mapi.unknown.push(join(view, OFFICE)),
        };
        let path = path.as_str();
        let versions = office.subkeys(path, self.problems);
        if !versions.complete {
            mapi.unknown.push(path.into());
        }
        for version in versions.items {
            let name = version.name();
            if !is_office_version(&name) {
                continue;
            }
            let version_path = join(path, &name);
            let outlook_path = join(&version_path, "Outlook");
            match version.located(&version_path, "Outlook", self.problems) {
                Found::Here((key, _)) => mapi.roots.extend(self.outlook(&key, &version_path, name, wow64)),
                Found::Absent => {}
                Found::Unknown => mapi.unknown.push(outlook_path),
            }
        }
    }

    fn outlook(&mut self, key: &Key<'r, 'b>, above: &str, version: String, wow64: bool) -> Option<Root<'b>> {
        let path = join(above, &key.name());
        let mut list = |name, state| match key.located(&path, name, self.problems) {
            Found::Here((child, _)) => Found::Here(self.list(&child, &path, state)),
            Found::Absent => Found::Absent,
            Found::Unknown => Found::Unknown,
        };
        let live = list(PROFILES, ProfileState::Live);
        let deleted = list(DELETED_PROFILES, ProfileState::DeletedPending);
        let nothing = live.is_absent()
            && deleted.is_absent()
            && key.located_value(&path, "DefaultProfile", self.problems).is_absent();
        if nothing {
            return None;
        }
        let kind = RootKind::Office(version);
        let mut key = self.read(key, &Rc::from(above));
        // Outlook's key holds hundreds of settings that are no part of MAPI.
        key.values.retain(|value| value.name().eq_ignore_ascii_case("DefaultProfile"));
        Some(Root { kind, wow64, key, live, deleted, other_keys: Vec::new() })
    }

    /// Keys beside the profiles that tell of MAPI too.
    fn places(&mut self, microsoft: &Key<'r, 'b>, view: &str, mapi: &mut Mapi<'b>) {
        for kind in PlaceKind::ALL {
            let Found::Here((key, path)) = microsoft.located(view, kind.path(), self.problems) else {
                continue;
            };
            let mut keys = Vec::new();
            if kind == PlaceKind::ProtectedStorage {
                // Only the names of the subkeys tell something; everything further down is a secret.
                let (above, _) = path.rsplit_once('\\').unwrap_or_default();
                keys.push(self.read(&key, &Rc::from(above)));
                let parent = Rc::from(path.as_str());
                for child in key.subkeys(&path, self.problems).items {
                    keys.push(self.read(&child, &parent));
                }
            } else if self.reached.first_time(&key) {
                let (above, _) = path.rsplit_once('\\').unwrap_or_default();
                self.below(&key, &Rc::from(above), &mut keys);
            }
            mapi.places.push(Place { kind, keys });
        }
    }

    fn list(&mut self, key: &Key<'r, 'b>, above: &str, state: ProfileState) -> ProfileList<'b> {
        let path = join(above, &key.name());
        let mut list_key = self.read(key, &Rc::from(above));
        let children = self.children(key, &path, &mut list_key);
        let parent = Rc::from(path.as_str());
        let profiles = children.iter().map(|child| self.profile(child, &parent, state)).collect();
        ProfileList { key: list_key, profiles }
    }

    fn profile(&mut self, key: &Key<'r, 'b>, parent: &Rc<str>, state: ProfileState) -> Profile<'b> {
        let mut profile_key = self.read(key, parent);
        let path = Rc::from(profile_key.path());
        let children = self.children(key, &path, &mut profile_key);
        let mut sections = Vec::with_capacity(children.len());
        let mut other_keys = Vec::new();
        for child in children {
            match MapiUid::from_key_name(&child.node().name().text()) {
                Some(uid) => sections.push(self.section(&child, uid, &path)),
                None => self.below(&child, &path, &mut other_keys),
            }
        }
        let name_facts = self.families.classify(&profile_key.name);
        let mut profile = Profile { state, key: profile_key, name_facts, sections, other_keys };
        profile.classify_sections();
        profile
    }

    fn section(&mut self, key: &Key<'r, 'b>, uid: MapiUid, parent: &Rc<str>) -> ProviderSection<'b> {
        let mut section_key = self.read(key, parent);
        let mut below = Vec::new();
        if key.node().subkey_count() > 0 {
            let path = Rc::from(section_key.path());
            for child in self.children(key, &path, &mut section_key) {
                self.below(&child, &path, &mut below);
            }
        }
        ProviderSection { uid, kind: SectionKind::Other, service_name: None, key: section_key, below }
    }

    /// A key's subkeys that were not reached before; tells the key whether these are all.
    fn children(&mut self, key: &Key<'r, 'b>, path: &str, into: &mut MapiKey<'b>) -> Vec<Key<'r, 'b>> {
        if path.len() > limits::MAX_PATH_HELD {
            // Reported when the key itself was read.
            return Vec::new();
        }
        let mut listed = key.subkeys(path, self.problems);
        into.subkeys_complete = listed.complete;
        listed.items.retain(|child| {
            let problem = if child.is_tombstone() {
                Error::Tombstone
            } else if self.reached.first_time(child) {
                return true;
            } else {
                into.subkeys_complete = false;
                Error::SeenBefore
            };
            self.problems.add(child.at(), Some(&join(path, &child.name())), problem);
            false
        });
        listed.items
    }

    /// A key and all keys below it, as they are.
    fn below(&mut self, key: &Key<'r, 'b>, above: &Rc<str>, into: &mut Vec<MapiKey<'b>>) {
        let (tree, ansi, room) = (self.tree, self.ansi, &mut self.room);
        self.reached.forget(key);
        let path = join(above, &key.name());
        // Of the keys above the one whose turn it is; each path is shared by all keys directly below it.
        let mut parents = vec![Rc::clone(above)];
        tree.walk_held(key.clone(), &path, &mut self.reached, self.problems, |step, problems| {
            parents.truncate(step.depth + 1);
            let mut read = MapiKey::read(step.key, parents.last().unwrap_or(above), ansi, room, problems);
            read.subkeys_complete &= step.subkeys_complete;
            into.push(read);
            if step.key.node().subkey_count() > 0 {
                parents.push(Rc::from(step.path));
            }
        });
    }
}

/// `<digits>.<digits>`: the folders of the Office versions among others such as `Common`.
fn is_office_version(name: &str) -> bool {
    name.split_once('.').is_some_and(|(major, minor)| {
        [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_looked_for_in_every_place_that_mapi_has() {
        let section = secret::Place::Section { kind: SectionKind::Other, service: None };
        for (path, place) in [
            (r"SOFTWARE\Microsoft\Office\16.0\Outlook\Profiles\Outlook\abc", Some(section)),
            (r"Software\WOW6432Node\Microsoft\Office\15.0\Outlook\Deleted Profiles\x\y", Some(section)),
            (r"Software\Microsoft\Windows Messaging Subsystem\Profiles\x", Some(section)),
            (
                r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles\x\9375CFF0413111d3B88A00104B2A6676\00000001",
                Some(secret::Place::Account),
            ),
            (r"Software\Microsoft\Internet Account Manager\Accounts\00000001", Some(secret::Place::Account)),
            (
                r"Software\Microsoft\Protected Storage System Provider\S-1-5-21-1",
                Some(secret::Place::ProtectedStorage),
            ),
            (r"Software\Microsoft\Exchange\Client\Options", Some(secret::Place::Elsewhere)),
            (r"Software\Microsoft\Office\16.0\Outlook\Options", None),
            (r"Software\Other\Profiles", None),
            ("", None),
        ] {
            assert_eq!(secret_place(path), place, "{path}");
        }
    }

    #[test]
    fn office_versions_are_numbers() {
        assert!(["15.0", "16.0", "9.0"].into_iter().all(is_office_version));
        assert!(!["Common", "16", "16.", ".0", "16.0.1", "16.0x"].into_iter().any(is_office_version));
    }
}
