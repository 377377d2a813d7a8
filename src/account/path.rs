//! What a hive's path says: the host it was collected from and the kind of place it lay in.

use std::borrow::Cow;

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
    /// Another file of `System32\config`: a hive of the machine.
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
fn lies_as_windows_has_it(components: &[Cow<'_, str>]) -> bool {
    let Some((file, folders)) = components.split_last() else { return false };
    let parent = folders.len().checked_sub(2).is_some_and(|above| is_profiles_folder(components, above));
    parent || file.eq_ignore_ascii_case("UsrClass.dat")
}

fn place_inside(components: &[Cow<'_, str>]) -> Place {
    let is = |index: usize, name: &str| {
        components.get(index).is_some_and(|found| found.eq_ignore_ascii_case(name))
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
    if let Some(account) = WellKnown::by_folder(folder) {
        return Place::ServiceProfile(account);
    }
    if folder.eq_ignore_ascii_case("Default User") || folder.eq_ignore_ascii_case("Default") {
        return Place::Template;
    }
    Place::UserProfile(folder.clone().into_owned())
}

/// The host of a path: the folder above the drive, or above the Windows or profiles folder where no drive is shown.
/// Folders that collection tools put between (Velociraptor's `uploads/auto`) are passed over.
pub fn host(path: &str) -> Option<String> {
    let components = components(path);
    let host = components.get(host_index(&components, anchor(&components)?)?)?;
    (!matches!(host.as_ref(), "." | "..")).then(|| host.clone().into_owned())
}

/// What all hives of one collection of one host have in common: their paths down to the folder of the host, or down to the
/// drive where no folder above it names one. `None` where the path shows neither drive nor Windows folder.
pub fn collection(path: &str) -> Option<String> {
    let components = components(path);
    let anchor = anchor(&components)?;
    let end = host_index(&components, anchor).map_or(0, |host| host + 1);
    Some(components.get(..end)?.join("/"))
}

/// The first component that belongs to the Windows volume.
fn anchor(components: &[Cow<'_, str>]) -> Option<usize> {
    (0..components.len()).find(|index| {
        let here = components.get(*index).map_or("", |name| name);
        let next_is_anchor = components.get(index + 1).is_some_and(|next| is_anchor(next));
        is_anchor(here) || next_is_anchor && is_drive(here)
    })
}

fn host_index(components: &[Cow<'_, str>], anchor: usize) -> Option<usize> {
    components.get(..anchor)?.iter().rposition(|name| !is_collection_folder(name))
}

fn is_anchor(name: &str) -> bool {
    ["Users", "Documents and Settings", "WINNT", "Windows"]
        .iter()
        .any(|anchor| name.eq_ignore_ascii_case(anchor))
}

fn is_drive(name: &str) -> bool {
    let name = name.strip_prefix("\\\\.\\").unwrap_or(name);
    let letter = name.strip_suffix(':').unwrap_or(name);
    letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_collection_folder(name: &str) -> bool {
    ["uploads", "auto", "ntfs", "lazy_ntfs", "file"].iter().any(|folder| name.eq_ignore_ascii_case(folder))
}

/// `Users`, `Documents and Settings`, `ServiceProfiles`, or the `Profiles` folder of Windows NT 4.0.
fn is_profiles_folder(components: &[Cow<'_, str>], index: usize) -> bool {
    let named = |index: usize, name: &str| {
        components.get(index).is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    named(index, "Users")
        || named(index, "Documents and Settings")
        || named(index, "ServiceProfiles")
        || named(index, "Profiles")
            && index.checked_sub(1).is_some_and(|above| named(above, "WINNT") || named(above, "Windows"))
}

/// The components of a path; percent-encoded ones (`C%3A`, as collectors write them) decoded.
fn components(path: &str) -> Vec<Cow<'_, str>> {
    let encoded_device = "%5C%5C.%5C";
    // The backslash of an escape (`\u{a}`) separates nothing.
    let is_escaped = path.contains("\\u{");
    path.split('/')
        .flat_map(|part| {
            // An encoded `\\.\C:` is one component although it decodes to backslashes.
            let whole = part
                .get(..encoded_device.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(encoded_device));
            let parts: Vec<Cow<'_, str>> = if whole || is_escaped {
                vec![percent_decode(part)]
            } else {
                part.split('\\').map(percent_decode).collect()
            };
            parts
        })
        .filter(|part| !part.is_empty())
        .collect()
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
            ("NTUSER.DAT", Place::Unknown),
            ("", Place::Unknown),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn broken_percent_codes_stay_as_they_are() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%3a"), "%zz:");
        assert_eq!(percent_decode("%+1%ff"), "%+1%ff");
    }
}
