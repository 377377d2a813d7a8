//! The folder that `ProfileImagePath` names, and whether a collected hive lay in it.

use std::borrow::Cow;

use super::super::path::unpacked;
use crate::wintypes::same_name;

/// A profile folder, as `ProfileList` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFolder {
    start: Start,
    folders: Vec<String>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// `C:`.
    Drive(char),
    /// `%SystemDrive%`, which the path of a collected hive shows without saying so.
    SystemDrive,
    /// `%SystemRoot%`.
    WindowsFolder,
}

impl ProfileFolder {
    /// Reads a `ProfileImagePath`; `None` for one that begins in no known way.
    pub fn parse(image_path: &str) -> Option<Self> {
        let path = [r"\\?\", r"\??\"].iter().find_map(|prefix| image_path.strip_prefix(prefix));
        let mut components = path.unwrap_or(image_path).split(['\\', '/']).filter(|part| !part.is_empty());
        let first = components.next()?;
        let is = |variable: &str| first.eq_ignore_ascii_case(variable);
        let start = if is("%SystemDrive%") {
            Start::SystemDrive
        } else if is("%SystemRoot%") || is("%windir%") {
            Start::WindowsFolder
        } else {
            Start::Drive(drive(first).filter(|_| first.ends_with(':'))?)
        };
        let folders: Vec<String> = components.map(str::to_owned).collect();
        (!folders.is_empty()).then_some(Self { start, folders })
    }

    /// The folder's own name, which is not the account's.
    pub fn name(&self) -> &str {
        self.folders.last().map_or("", String::as_str)
    }

    /// Whether a hive that was collected from this path lay there as Windows keeps it: directly in the folder, or as its
    /// `UsrClass.dat`. Where the path shows no drive, any drive fits.
    pub fn is_where(&self, hive_path: &str) -> bool {
        self.is(&Collected::from(hive_path))
    }

    /// The same of a path that is compared with many folders.
    pub(super) fn is(&self, collected: &Collected) -> bool {
        let Some(above) = collected.folder.len().checked_sub(self.folders.len()) else { return false };
        let (above, below) = collected.folder.split_at(above);
        below.iter().zip(&self.folders).rev().all(|(found, wanted)| same_name(found, wanted))
            && match self.start {
                Start::Drive(letter) => lies_on_drive(above, Some(letter)),
                Start::SystemDrive => lies_on_drive(above, None),
                Start::WindowsFolder => above.split_last().is_some_and(|(windows, above)| {
                    let names = ["Windows", "WINNT", "WTSRV"];
                    names.iter().any(|name| windows.eq_ignore_ascii_case(name)) && lies_on_drive(above, None)
                }),
            }
    }
}

/// The folder of which a collected hive is the user's or the classes' hive.
pub(super) struct Collected {
    /// Its components; of a path that names no such folder, none.
    folder: Vec<String>,
}

impl Collected {
    /// Reads the path from which a hive was collected.
    pub(super) fn from(hive_path: &str) -> Self {
        /// Where `UsrClass.dat` lies below a profile, from Windows Vista on and before.
        const CLASSES: [&[&str]; 2] = [
            &["AppData", "Local", "Microsoft", "Windows"],
            &["Local Settings", "Application Data", "Microsoft", "Windows"],
        ];

        let mut folder = components(hive_path);
        let file = folder.pop().unwrap_or_default();
        if file.eq_ignore_ascii_case("UsrClass.dat") {
            let below = CLASSES.iter().find(|below| ends_with(&folder, below)).map(|below| below.len());
            folder.truncate(below.map_or(0, |below| folder.len() - below));
        } else if file.eq_ignore_ascii_case("DEFAULT") && ends_with(&folder, &["system32", "config"]) {
            // The hive of LocalSystem lies beside the folder that ProfileList names.
            folder.push("systemprofile".into());
        }
        Self { folder }
    }
}

fn ends_with(folders: &[String], end: &[&str]) -> bool {
    let tail = folders.len().checked_sub(end.len()).and_then(|at| folders.get(at..));
    tail.is_some_and(|tail| tail.iter().zip(end).all(|(found, wanted)| found.eq_ignore_ascii_case(wanted)))
}

/// Whether what lies above a folder ends with this drive, or any; a path that shows no drive may be of each.
fn lies_on_drive(above: &[String], wanted: Option<char>) -> bool {
    let Some((at, letter)) = above.iter().enumerate().rev().find_map(|(at, name)| Some((at, drive(name)?)))
    else {
        return true;
    };
    at + 1 == above.len() && wanted.is_none_or(|wanted| wanted == letter)
}

/// The letter of `C`, `C:` or `\\.\C:`, in upper case.
fn drive(name: &str) -> Option<char> {
    let name = name.strip_prefix(r"\\.\").unwrap_or(name);
    let mut characters = name.strip_suffix(':').unwrap_or(name).chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic)?;
    characters.next().is_none().then_some(letter.to_ascii_uppercase())
}

/// The components of a collected path; percent-encoded ones (`C%3A`, as collectors write them) decoded.
fn components(path: &str) -> Vec<String> {
    // The backslash of an escape (`\u{a}`) separates nothing.
    let is_escaped = path.contains("\\u{");
    let separates = |character: char| character == '/' || character == '\\' && !is_escaped;
    let name = |part: &str| decoded(part).replace("\\u{21}", "!");
    unpacked(path).split(separates).filter(|part| !part.is_empty()).map(name).collect()
}

fn decoded(component: &str) -> Cow<'_, str> {
    let Some((before, mut rest)) = component.split_once('%') else { return Cow::Borrowed(component) };
    let mut bytes = before.as_bytes().to_vec();
    loop {
        let digits = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { &rest[2..] } else { rest };
        let Some((plain, next)) = rest.split_once('%') else { break };
        bytes.extend_from_slice(plain.as_bytes());
        rest = next;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_or(Cow::Borrowed(component), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(image_path: &str, hive_path: &str) -> bool {
        ProfileFolder::parse(image_path).is_some_and(|folder| folder.is_where(hive_path))
    }

    #[test]
    fn a_profile_folder_is_where_its_hive_was_collected() {
        for (image_path, hive_path) in [
            (
                r"%SystemDrive%\Documents and Settings\exsvc",
                "EXCH01/C/Documents and Settings/ExSvc/NTUSER.DAT",
            ),
            (
                r"%SystemDrive%\Documents and Settings\exsvc",
                "EXCH01/D/Documents and Settings/exsvc/NTUSER.DAT",
            ),
            (r"%SystemDrive%\Documents and Settings\exsvc", "EXCH01/Documents and Settings/exsvc/ntuser.dat"),
            (r"%SystemRoot%\Profiles\exsvc", "EXCH01/C/WINNT/Profiles/exsvc/NTUSER.DAT"),
            (r"%windir%\Profiles\exsvc", "EXCH01/Windows/Profiles/exsvc/NTUSER.DAT"),
            (r"C:\Users\Jürgen", "H1/uploads/auto/C%3A/Users/jÜRGEN/NTUSER.DAT"),
            (r"C:\Users\a", "H1/uploads/ntfs/%5C%5C.%5CC%3A/Users/a/NTUSER.DAT"),
            (r"C:\Users\a", r"H1\C\Users\a\NTUSER.DAT"),
            ("C:/Users/a/", "H1/c/users/a/ntuser.dat"),
            (r"\??\C:\Users\a", "H1/Users/a/NTUSER.DAT"),
            (r"C:\Users\a", "H1/C/Users/a/AppData/Local/Microsoft/Windows/UsrClass.dat"),
            (
                r"%SystemDrive%\Documents and Settings\a",
                "H1/C/Documents and Settings/a/Local Settings/Application Data/Microsoft/Windows/UsrClass.dat",
            ),
            (r"%systemroot%\system32\config\systemprofile", "H1/C/WINNT/system32/config/DEFAULT"),
            (
                r"%systemroot%\system32\config\systemprofile",
                "H1/C/Windows/System32/config/systemprofile/NTUSER.DAT",
            ),
            (
                r"C:\Windows\ServiceProfiles\LocalService",
                "H1/C/Windows/ServiceProfiles/LocalService/NTUSER.DAT",
            ),
            (r"C:\Users\100%25", "H1/C/Users/100%2525/NTUSER.DAT"),
        ] {
            assert!(fits(image_path, hive_path), "{image_path} {hive_path}");
        }
    }

    #[test]
    fn another_folder_or_drive_is_not_it() {
        for (image_path, hive_path) in [
            (r"C:\Users\a", "H1/D/Users/a/NTUSER.DAT"),
            (r"C:\Users\a", "H1/C/Users/ab/NTUSER.DAT"),
            (r"C:\Users\a.DOM", "H1/C/Users/a/NTUSER.DAT"),
            (r"C:\Users\a", "H1/C/Backup/Users/a/NTUSER.DAT"),
            (r"C:\Users\a", "H1/C/Users/a/Desktop/NTUSER.DAT"),
            (r"C:\Users\a", "H1/C/Users/a/UsrClass.dat"),
            (r"%SystemRoot%\Profiles\a", "H1/C/Profiles/a/NTUSER.DAT"),
            (r"%SystemDrive%\Documents and Settings\a", "H1/C/Users/a/NTUSER.DAT"),
            (r"%USERPROFILE%", "H1/C/Users/a/NTUSER.DAT"),
            (r"\\server\profiles\a", "server/profiles/a/NTUSER.DAT"),
            (r"C:\", "H1/C/NTUSER.DAT"),
            ("", ""),
        ] {
            assert!(!fits(image_path, hive_path), "{image_path} {hive_path}");
        }
    }

    #[test]
    fn broken_percent_codes_stay_as_they_are() {
        for (text, expected) in
            [("100%", "100%"), ("%zz%3a", "%zz:"), ("%+1%ff", "%+1%ff"), ("%%41", "%A"), ("%é%41", "%éA")]
        {
            assert_eq!(decoded(text), expected);
        }
    }
}
