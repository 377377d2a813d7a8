//! What a hive's path says: the host it was collected from and the kind of place it lay in.

use std::borrow::Cow;
use std::fmt;

/// Where on a Windows volume a hive lay, as far as its path tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A user's profile folder; the folder's name, which is not the account's name.
    UserProfile(String),
    /// The profile of LocalService or NetworkService.
    ServiceProfile(WellKnown),
    /// `System32\config\DEFAULT` or `systemprofile`: LocalSystem's.
    System,
    /// A template for new accounts: `Default User`, `Default`.
    Template,
    /// Another file of `System32\config`, or by its keys one of the same: a hive of the machine.
    Machine,
    /// Nothing that is known.
    Unknown,
}

/// Accounts that every Windows has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// `S-1-5-18`.
    LocalSystem,
    /// `S-1-5-19`.
    LocalService,
    /// `S-1-5-20`.
    NetworkService,
}

impl WellKnown {
    /// Its security identifier.
    pub fn sid(self) -> &'static str {
        match self {
            Self::LocalSystem => "S-1-5-18",
            Self::LocalService => "S-1-5-19",
            Self::NetworkService => "S-1-5-20",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalSystem => "LocalSystem",
            Self::LocalService => "LocalService",
            Self::NetworkService => "NetworkService",
        }
    }

    fn by_folder(folder: &str) -> Option<Self> {
        [Self::LocalService, Self::NetworkService]
            .into_iter()
            .find(|account| account.name().eq_ignore_ascii_case(folder))
    }
}

/// The place of a hive by its path, with `/` or `\` between the components. A hive somewhere deep in a profile is a copy
/// that somebody put there, not necessarily that user's.
pub fn place(path: &str) -> Place {
    let components = components(path);
    match place_inside(&components) {
        Place::UserProfile(_) | Place::ServiceProfile(_) | Place::Template
            if !lies_as_windows_has_it(&components) =>
        {
            Place::Unknown
        }
        found => found,
    }
}

/// The place of any file or folder by its path.
pub fn place_of_any(path: &str) -> Place {
    place_inside(&components(path))
}

/// Whether a hive lies directly in a profile folder, or is the `UsrClass.dat` further down.
fn lies_as_windows_has_it(components: &[Component<'_>]) -> bool {
    let Some((file, folders)) = components.split_last() else { return false };
    let parent = folders.len().checked_sub(2).is_some_and(|above| is_profiles_folder(components, above));
    parent || file.name.eq_ignore_ascii_case("UsrClass.dat")
}

fn place_inside(components: &[Component<'_>]) -> Place {
    let is = |index: usize, name: &str| {
        components.get(index).is_some_and(|found| found.name.eq_ignore_ascii_case(name))
    };
    let Some(file) = components.len().checked_sub(1) else { return Place::Unknown };

    if let Some(config) = (0..file).rev().find(|index| is(*index, "config")) {
        if is(file, "DEFAULT") || is(config + 1, "systemprofile") {
            return Place::System;
        }
        if is(file, "SYSTEM") || is(file, "SOFTWARE") || is(file, "SAM") || is(file, "SECURITY") {
            return Place::Machine;
        }
    }
    let Some(profiles) = (0..file).rev().find(|index| is_profiles_folder(components, *index)) else {
        return Place::Unknown;
    };
    let Some(folder) = components.get(profiles + 1).filter(|_| profiles + 1 < file) else {
        return Place::Unknown;
    };
    let folder = folder.name.as_ref();
    if let Some(account) = WellKnown::by_folder(folder) {
        return Place::ServiceProfile(account);
    }
    if folder.eq_ignore_ascii_case("Default User") || folder.eq_ignore_ascii_case("Default") {
        return Place::Template;
    }
    Place::UserProfile(folder.to_owned())
}

/// The host of a path: the folder above the drive, or above the Windows or profiles folder where no drive is shown.
/// Folders that collection tools put between (Velociraptor's `uploads/auto`) are passed over, and so are those of a shadow
/// copy, which belongs to the host of its volume. An archive counts as a folder that is called as it is without its ending;
/// of a Velociraptor collection the host's name in its name counts.
pub fn host(path: &str) -> Option<String> {
    let components = components(path);
    let host = components.get(host_index(&components, Volume::of(&components)?.first)?)?;
    let name = host.archive.and_then(|_| collected_host(&host.name));
    let name = name.unwrap_or(&host.name);
    (!matches!(name, "." | "..")).then(|| name.to_owned())
}

/// What all hives of one state of one host have in common: their paths down to the folder of the host, or down to the
/// drive where no folder above it names one, and the shadow copy or former Windows in which they lie. `None` where the path
/// shows neither drive nor Windows folder.
pub fn collection(path: &str) -> Option<String> {
    let components = components(path);
    let volume = Volume::of(&components)?;
    let end = host_index(&components, volume.first).map_or(0, |host| host + 1);
    let down_to_host: Vec<&str> = components.get(..end)?.iter().map(Component::in_collection).collect();
    let folder = down_to_host.join("/");
    // No two components are joined by two slashes.
    Some(if volume.kept == Kept::default() { folder } else { format!("{folder}//{}", volume.kept) })
}

/// How Windows kept a hive beside the live ones, as far as its path tells.
pub fn kept(path: &str) -> Kept {
    let components = components(path);
    let kept = Volume::of(&components).map(|volume| volume.kept).unwrap_or_default();
    Kept { reg_back: lies_in_reg_back(&components), ..kept }
}

/// How Windows kept a hive beside the live ones. What is all empty lay where a live hive lies.
///
/// The folders of shadow copies are those of:
/// - Windows: `\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1` (`vssadmin list shadows`), which Velociraptor writes with
///   percent codes (its `accessors/ntfs/vss.go`; Dissect's loader for it, `loaders/velociraptor.py` and its test);
/// - collections of triage tools: `VSS1` beside `C` (as in the image of the challenge "Spotted in the Wild" of cyberdefenders.org);
/// - libvshadow's `vshadowmount`: `vss1`, which the SIFT workstation mounts at `shadow_mount/vss1` (sift-cli).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Number of the shadow copy, in the digits of the path; tools number them in their own ways.
    pub shadow_copy: Option<String>,
    /// The folder of the Windows before an upgrade, in lower case: `windows.old`, `windows.old.000`.
    pub windows_old: Option<String>,
    /// Whether it is a copy that Windows made in `config\RegBack`.
    pub reg_back: bool,
}

/// `live`, or `shadow copy 2, windows.old, RegBack` as far as that applies.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shadow_copy = self.shadow_copy.as_ref().map(|number| format!("shadow copy {number}"));
        let reg_back = self.reg_back.then(|| "RegBack".to_owned());
        let parts: Vec<String> =
            [shadow_copy, self.windows_old.clone(), reg_back].into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "live".to_owned() } else { parts.join(", ") }.as_str())
    }
}

/// Where in a path the Windows volume begins.
struct Volume {
    /// The first component that belongs to it: that of the shadow copy or drive, or the Windows or profiles folder.
    first: usize,
    kept: Kept,
}

impl Volume {
    fn of(components: &[Component<'_>]) -> Option<Self> {
        let name = |index: usize| components.get(index).map_or("", |component| component.name.as_ref());
        let found = (0..components.len()).find(|index| {
            let here = name(*index);
            let is_volume = is_drive(here) || shadow_copy(here).is_some();
            is_anchor(here)
                || is_volume && components.get(index + 1).is_some_and(|next| is_anchor(&next.name))
        })?;
        let root = if is_anchor(name(found)) { found } else { found + 1 };
        let above = |index: usize| index.checked_sub(1);
        let mut first = found;
        // The drive may lie in the folder of the shadow copy; `VSS1` may then be the name of a host.
        if is_drive(name(found))
            && let Some(device) = above(found).filter(|device| device_of_shadow_copy(name(*device)).is_some())
        {
            first = device;
        }
        let shadow_copy = shadow_copy(name(first)).map(str::to_owned);
        if shadow_copy.is_some() {
            while let Some(prefix) = above(first).filter(|prefix| is_above_device(name(*prefix))) {
                first = prefix;
            }
            first = above(first).filter(|drive| is_drive(name(*drive))).unwrap_or(first);
        }
        let windows_old = Some(name(root)).filter(|root| is_windows_old(root)).map(str::to_ascii_lowercase);
        Some(Self { first, kept: Kept { shadow_copy, windows_old, reg_back: false } })
    }
}

/// The name of an archive without its ending, if it has one that archives and compressed files have.
pub fn archive_stem(name: &str) -> Option<&str> {
    /// Longer ones first.
    const ENDINGS: [&str; 11] =
        [".tar.gz", ".tar.xz", ".tar.zst", ".tgz", ".txz", ".tzst", ".tar", ".zip", ".gz", ".xz", ".zst"];
    ENDINGS.iter().find_map(|ending| {
        let split = name.len().checked_sub(ending.len())?;
        let (stem, tail) = (name.get(..split)?, name.get(split..)?);
        (tail.eq_ignore_ascii_case(ending) && !stem.is_empty()).then_some(stem)
    })
}

/// A path as it would be if each archive in it were a folder. An archive that is called as the one file in it, as
/// `NTUSER.DAT.gz`, is left away: the file then lies beside it.
pub fn unpacked(path: &str) -> Cow<'_, str> {
    if !path.contains('!') {
        return Cow::Borrowed(path);
    }
    let mut unpacked = String::with_capacity(path.len());
    for component in split(path).into_iter().filter(|component| !component.text.is_empty()) {
        if !unpacked.is_empty() || path.starts_with('/') {
            unpacked.push('/');
        }
        unpacked.push_str(component.text);
    }
    Cow::Owned(unpacked)
}

fn host_index(components: &[Component<'_>], volume: usize) -> Option<usize> {
    components.get(..volume)?.iter().rposition(|component| !is_collection_folder(&component.name))
}

fn is_anchor(name: &str) -> bool {
    ["Users", "Documents and Settings", "WINNT", "Windows"]
        .iter()
        .any(|anchor| name.eq_ignore_ascii_case(anchor))
        || is_windows_old(name)
}

/// `Windows.old`, and `Windows.old.000` of an upgrade that found one.
fn is_windows_old(name: &str) -> bool {
    const NAME: &str = "Windows.old";

    let (Some(start), Some(rest)) = (name.get(..NAME.len()), name.get(NAME.len()..)) else { return false };
    let number = rest.strip_prefix('.').unwrap_or_default();
    start.eq_ignore_ascii_case(NAME) && (rest.is_empty() || number.len() == 3 && is_number(number))
}

fn is_drive(name: &str) -> bool {
    let name = name.strip_prefix("\\\\.\\").unwrap_or(name);
    let letter = name.strip_suffix(':').unwrap_or(name);
    letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The number of the shadow copy whose folder this is.
fn shadow_copy(name: &str) -> Option<&str> {
    device_of_shadow_copy(name).or_else(|| number_behind("vss", name))
}

/// The number of the shadow copy whose device this is, alone or with the path of devices in front.
fn device_of_shadow_copy(name: &str) -> Option<&str> {
    number_behind("HarddiskVolumeShadowCopy", name.rsplit('\\').next()?)
}

fn number_behind<'n>(word: &str, name: &'n str) -> Option<&'n str> {
    let (start, number) = (name.get(..word.len())?, name.get(word.len()..)?);
    (start.eq_ignore_ascii_case(word) && is_number(number)).then_some(number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands above the device of a shadow copy in its full path.
fn is_above_device(name: &str) -> bool {
    matches!(name, "?" | ".") || ["GLOBALROOT", "Device"].iter().any(|part| name.eq_ignore_ascii_case(part))
}

/// `config/RegBack`, where Windows kept copies of the hives of `config`.
fn lies_in_reg_back(components: &[Component<'_>]) -> bool {
    let Some((_, [.., config, folder])) = components.split_last() else { return false };
    config.name.eq_ignore_ascii_case("config") && folder.name.eq_ignore_ascii_case("RegBack")
}

/// Velociraptor writes what it collects below `uploads` and the name of the accessor.
fn is_collection_folder(name: &str) -> bool {
    ["uploads", "auto", "ntfs", "ntfs_vss", "lazy_ntfs", "mft", "file"]
        .iter()
        .any(|folder| name.eq_ignore_ascii_case(folder))
}

/// `Users`, `Documents and Settings`, `ServiceProfiles`, or the `Profiles` folder of Windows NT 4.0.
fn is_profiles_folder(components: &[Component<'_>], index: usize) -> bool {
    let named = |index: usize, name: &str| {
        components.get(index).is_some_and(|found| found.name.eq_ignore_ascii_case(name))
    };
    named(index, "Users")
        || named(index, "Documents and Settings")
        || named(index, "ServiceProfiles")
        || named(index, "Profiles")
            && index.checked_sub(1).is_some_and(|above| named(above, "WINNT") || named(above, "Windows"))
}

/// The host in the name of a Velociraptor collection. Its offline collector calls them `Collection-%FQDN%-%TIMESTAMP%`, the
/// time as RFC 3339 has it, with `_` for all but letters, digits and `-` (Velociraptor, `Server.Utils.CreateCollector`,
/// `opt_filename_template`); a dot in the host's name is a `_` there too.
fn collected_host(archive: &str) -> Option<&str> {
    let rest = archive.strip_prefix("Collection-")?;
    let (at, _) = rest.match_indices('-').find(|(at, _)| rest.get(at + 1..).is_some_and(starts_with_time))?;
    rest.get(..at).filter(|host| !host.is_empty())
}

/// Whether a text begins with a time as in the name of a collection: `2024-02-01T12_30_59`.
fn starts_with_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00_00_00";

    let fits = |(found, form): (u8, &u8)| if *form == b'0' { found.is_ascii_digit() } else { found == *form };
    text.len() >= FORM.len() && text.bytes().zip(FORM).all(fits)
}

/// A component of a path.
struct Component<'p> {
    /// Its name, percent codes (`C%3A`, as collectors write them) decoded; of an archive without its ending.
    name: Cow<'p, str>,
    /// Of an archive its whole name.
    archive: Option<&'p str>,
}

impl Component<'_> {
    /// The name by which collections are told apart: an archive is not the folder of the same name beside it.
    fn in_collection(&self) -> &str {
        self.archive.unwrap_or(&self.name)
    }
}

/// A component of a path as it is written.
struct Written<'p> {
    text: &'p str,
    /// Whether `!` follows it.
    is_archive: bool,
}

/// The components of a path as they are written.
fn split(path: &str) -> Vec<Written<'_>> {
    let mut components: Vec<Written<'_>> = path
        .split_inclusive(['/', '!'])
        .map(|part| match part.strip_suffix('!') {
            Some(text) => Written { text, is_archive: true },
            None => Written { text: part.strip_suffix('/').unwrap_or(part), is_archive: false },
        })
        .collect();
    if let [.., archive, file] = &components[..]
        && archive.is_archive
        && archive_stem(archive.text).is_some_and(|stem| stem.eq_ignore_ascii_case(file.text))
    {
        components.remove(components.len() - 2);
    }
    components
}

/// The components of a path.
fn components(path: &str) -> Vec<Component<'_>> {
    let encoded_devices = ["%5C%5C.%5C", "%5C%5C%3F%5C"];
    // The backslash of an escape (`\u{a}`) separates nothing.
    let is_escaped = path.as_bytes().contains(&b'\\') && path.contains("\\u{");
    // Nearly all paths have nothing to decode, and each path is taken apart several times.
    if !is_escaped && !path.bytes().any(|byte| matches!(byte, b'%' | b'!')) {
        return plain_components(path);
    }
    let plain = |part| Component { name: literal(percent_decode(part)), archive: None };
    split(path)
        .into_iter()
        .flat_map(|Written { text, is_archive }| {
            if is_archive {
                let name = literal(Cow::Borrowed(archive_stem(text).unwrap_or(text)));
                return vec![Component { name, archive: Some(text) }];
            }
            // An encoded `\\.\C:` or `\\?\GLOBALROOT\…` is one component although it decodes to backslashes.
            let whole = encoded_devices
                .iter()
                .any(|device| text.get(..device.len()).is_some_and(|head| head.eq_ignore_ascii_case(device)));
            if whole || is_escaped { vec![plain(text)] } else { text.split('\\').map(plain).collect() }
        })
        .filter(|component| !component.name.is_empty())
        .collect()
}

/// The components of a path without archives, escapes and percent codes.
fn plain_components(path: &str) -> Vec<Component<'_>> {
    /// Components of which most paths have fewer.
    const ROOM: usize = 16;

    let mut components = Vec::with_capacity(ROOM);
    let mut rest = path;
    loop {
        let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'\\'));
        let name = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        if !name.is_empty() {
            components.push(Component { name: Cow::Borrowed(name), archive: None });
        }
        match end.and_then(|end| rest.get(end + 1..)) {
            Some(behind) => rest = behind,
            None => return components,
        }
    }
}

/// A name with the `!` that paths escape.
fn literal(name: Cow<'_, str>) -> Cow<'_, str> {
    // Looking for one character costs far less than looking for six, of which few names have even the first.
    if name.contains('\\') && name.contains("\\u{21}") {
        Cow::Owned(name.replace("\\u{21}", "!"))
    } else {
        name
    }
}

fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.first_chunk::<2>().filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
        });
        if let Some(byte) = code {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_the_folder_above_the_drive_or_windows_folder() {
        for (path, expected) in [
            ("fleet/EXCH01/C/WINNT/Profiles/exsvc/NTUSER.DAT", Some("EXCH01")),
            ("fleet/EXCH01/C/Documents and Settings/a/NTUSER.DAT", Some("EXCH01")),
            ("EXCH01/c/users/a/ntuser.dat", Some("EXCH01")),
            ("case/WKS7/uploads/auto/C%3A/Users/a/NTUSER.DAT", Some("WKS7")),
            ("case/WKS7/uploads/ntfs/%5C%5C.%5CC%3A/Users/a/NTUSER.DAT", Some("WKS7")),
            ("EXCH01/WINNT/system32/config/DEFAULT", Some("EXCH01")),
            ("EXCH01/Users/a/NTUSER.DAT", Some("EXCH01")),
            ("C/Users/a/NTUSER.DAT", None),
            ("./C/Users/a/NTUSER.DAT", None),
            ("somewhere/NTUSER.DAT", None),
            ("C\\Users\\a\\NTUSER.DAT", None),
            ("HOST9\\C\\Users\\a\\NTUSER.DAT", Some("HOST9")),
            ("fleet.zip!EXCH01/C/WINNT/Profiles/exsvc/NTUSER.DAT", Some("EXCH01")),
            ("case/EXCH01.tar.gz!C/WINNT/Profiles/exsvc/NTUSER.DAT", Some("EXCH01")),
            ("case/fleet.zip!EXCH01.ZIP!C/Users/a/NTUSER.DAT", Some("EXCH01")),
            ("EXCH01/Users.zip!Users/a/NTUSER.DAT", Some("EXCH01")),
            ("EXCH01/C/Users/a/NTUSER.DAT.gz!NTUSER.DAT", Some("EXCH01")),
            (
                "Collection-WKS7_corp_example-2024-02-01T12_30_59Z.zip!uploads/auto/C%3A/Users/a/NTUSER.DAT",
                Some("WKS7_corp_example"),
            ),
            ("Collection-A-B-2024-02-01T12_30_59_1Z.zip!uploads/auto/C%3A/Users/a/NTUSER.DAT", Some("A-B")),
            ("Collection-notes.zip!C/Users/a/NTUSER.DAT", Some("Collection-notes")),
            ("x.zip!../C/Users/a/NTUSER.DAT", None),
            ("HOST\\u{21}/C/Users/a/NTUSER.DAT", Some("HOST!")),
        ] {
            assert_eq!(host(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_place_is_read_by_the_conventions_of_each_windows() {
        let user = |name: &str| Place::UserProfile(name.into());
        for (path, expected) in [
            ("H/C/WINNT/Profiles/exsvc/NTUSER.DAT", user("exsvc")),
            ("H/C/Documents and Settings/exsvc.DOM/NTUSER.DAT", user("exsvc.DOM")),
            ("H/C/Users/svc-mail/NTUSER.DAT", user("svc-mail")),
            ("H/C/Users/svc/AppData/Local/Microsoft/Windows/UsrClass.dat", user("svc")),
            ("H/C/WINNT/system32/config/DEFAULT", Place::System),
            ("H/C/Windows/System32/config/systemprofile/NTUSER.DAT", Place::System),
            ("H/C/Windows/System32/config/SYSTEM", Place::Machine),
            (
                "H/C/Windows/ServiceProfiles/LocalService/NTUSER.DAT",
                Place::ServiceProfile(WellKnown::LocalService),
            ),
            (
                "H/C/Documents and Settings/NetworkService/NTUSER.DAT",
                Place::ServiceProfile(WellKnown::NetworkService),
            ),
            ("H/C/Documents and Settings/Default User/NTUSER.DAT", Place::Template),
            ("H/C/Users/Default/NTUSER.DAT", Place::Template),
            ("H/C/Users/svc/Desktop/copies/NTUSER.DAT", Place::Unknown),
            ("H/C/Profiles/exsvc/NTUSER.DAT", Place::Unknown),
            ("H/C/Users/NTUSER.DAT", Place::Unknown),
            ("H/C/Users/a\\u{a}b/NTUSER.DAT", user("a\\u{a}b")),
            ("H/C/Users/bob\\u{21}/NTUSER.DAT", user("bob!")),
            ("H.zip!C/Users/a/NTUSER.DAT", user("a")),
            ("H/C/Users/a/NTUSER.DAT.gz!NTUSER.DAT", user("a")),
            ("H/C/Users/a/backup.zip!NTUSER.DAT", Place::Unknown),
            ("x.tar!C/Windows/System32/config/SYSTEM", Place::Machine),
            ("NTUSER.DAT", Place::Unknown),
            ("", Place::Unknown),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn a_shadow_copy_and_a_former_windows_belong_to_the_host_of_their_volume() {
        for (path, expected_host, expected) in [
            ("case/WKS7/uploads/auto/C%3A/Users/a/NTUSER.DAT", Some("WKS7"), "live"),
            (
                "WKS7/uploads/ntfs/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy12/Users/a/NTUSER.DAT",
                Some("WKS7"),
                "shadow copy 12",
            ),
            (
                "WKS7/uploads/ntfs_vss/%5C%5C.%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1/Users/a/NTUSER.DAT",
                Some("WKS7"),
                "shadow copy 1",
            ),
            ("WKS7/VSS2/Users/a/NTUSER.DAT", Some("WKS7"), "shadow copy 2"),
            ("WKS7/C/vss2/Users/a/NTUSER.DAT", Some("WKS7"), "shadow copy 2"),
            (
                "WKS7/C/HarddiskVolumeShadowCopy3/Windows/System32/config/SYSTEM",
                Some("WKS7"),
                "shadow copy 3",
            ),
            ("WKS7/HarddiskVolumeShadowCopy3/C/Users/a/NTUSER.DAT", Some("WKS7"), "shadow copy 3"),
            (
                r"WKS7\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy3\Users\a\NTUSER.DAT",
                Some("WKS7"),
                "shadow copy 3",
            ),
            ("VSS2/Users/a/NTUSER.DAT", None, "shadow copy 2"),
            // Hosts may be called so.
            ("fleet/VSS2/C/Users/a/NTUSER.DAT", Some("VSS2"), "live"),
            ("fleet/VSS/C/Users/a/NTUSER.DAT", Some("VSS"), "live"),
            ("fleet/Device/C/Users/a/NTUSER.DAT", Some("Device"), "live"),
            ("fleet/VSSERVER1/Users/a/NTUSER.DAT", Some("VSSERVER1"), "live"),
            ("WKS7/C/Windows.old/Users/a/NTUSER.DAT", Some("WKS7"), "windows.old"),
            ("WKS7/C/Windows.old.000/Users/a/NTUSER.DAT", Some("WKS7"), "windows.old.000"),
            ("fleet/Windows.older/Users/a/NTUSER.DAT", Some("Windows.older"), "live"),
            ("WKS7/VSS1/Windows.old/Users/a/NTUSER.DAT", Some("WKS7"), "shadow copy 1, windows.old"),
            ("WKS7/C/Windows/System32/config/RegBack/DEFAULT", Some("WKS7"), "RegBack"),
            ("WKS7/C/Users/a/RegBack/NTUSER.DAT", Some("WKS7"), "live"),
        ] {
            assert_eq!(host(path).as_deref(), expected_host, "{path}");
            assert_eq!(kept(path).to_string(), expected, "{path}");
        }
    }

    #[test]
    fn archives_are_collections_of_their_own_below_which_the_host_lies() {
        for (path, expected) in [
            ("H.zip!C/Users/a/NTUSER.DAT", "H.zip"),
            ("H/C/Users/a/NTUSER.DAT", "H"),
            ("H/C/Users.zip!Users/a/NTUSER.DAT", "H"),
            ("x/fleet.zip!H/C/Users/a/NTUSER.DAT", "x/fleet.zip/H"),
        ] {
            assert_eq!(collection(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_shadow_copy_is_a_collection_of_its_own() {
        let of = |path: &str| collection(path).unwrap();
        let live = of("H/C/Users/a/NTUSER.DAT");
        assert_eq!(live, of("H/C/Windows/System32/config/RegBack/SYSTEM"));
        let shadow_copy = of("H/VSS1/Users/a/NTUSER.DAT");
        assert_eq!(shadow_copy, of("H/VSS1/Windows/System32/config/SYSTEM"));
        let all =
            [live, shadow_copy, of("H/VSS2/Users/a/NTUSER.DAT"), of("H/C/Windows.old/Users/a/NTUSER.DAT")];
        assert!(all.iter().all(|one| all.iter().filter(|other| one == *other).count() == 1), "{all:?}");
    }

    #[test]
    fn an_archive_in_a_path_reads_as_a_folder() {
        for (path, expected) in [
            ("a/b.zip!C/NTUSER.DAT", "a/b.zip/C/NTUSER.DAT"),
            ("/a/NTUSER.DAT.gz!NTUSER.DAT", "/a/NTUSER.DAT"),
            ("a.zip!/etc/SAM", "a.zip/etc/SAM"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(unpacked(path), expected);
        }
    }

    #[test]
    fn broken_percent_codes_stay_as_they_are() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%3a"), "%zz:");
        assert_eq!(percent_decode("%+1%ff"), "%+1%ff");
    }
}
