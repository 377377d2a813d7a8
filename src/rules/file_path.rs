//! Paths of files as profiles hold them.

/// The components of a path.
pub(super) fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split(['\\', '/']).filter(|component| !component.is_empty())
}

/// The last component.
pub(super) fn file_name(path: &str) -> &str {
    components(path).last().unwrap_or_default()
}

/// Whether a path is one to another computer (`\\server\share\…`), which a drive letter does not show.
///
/// `\\?\` and `\\.\` begin paths on the computer itself, but for `\\?\UNC\server\…`. In a text that contains an escape every
/// backslash is doubled (see [`wintypes`](crate::wintypes)).
pub(super) fn is_unc(path: &str) -> bool {
    let unescaped = if path.contains("\\u{") { path.replace("\\\\", "\\") } else { path.to_owned() };
    let Some(rest) = unescaped.strip_prefix("\\\\").or_else(|| unescaped.strip_prefix("//")) else {
        return false;
    };
    let mut names = rest.split(['\\', '/']);
    match names.next() {
        Some("?") => names.next().is_some_and(|name| name.eq_ignore_ascii_case("UNC")),
        Some("" | ".") | None => false,
        Some(_) => true,
    }
}

/// Whether a path leads into a folder that is named or placed like those in which an ordinary user may write: of a
/// user's profile, or for temporary files.
pub(super) fn is_user_writable(path: &str) -> bool {
    const VARIABLES: [&str; 6] =
        ["%TEMP%", "%TMP%", "%APPDATA%", "%LOCALAPPDATA%", "%USERPROFILE%", "%HOMEPATH%"];
    if !path.bytes().any(|byte| matches!(byte, b'\\' | b'/')) {
        return false;
    }
    let mut folders: Vec<&str> = components(path).collect();
    folders.pop();
    let is = |name: &str, wanted: &[&str]| wanted.iter().any(|other| name.eq_ignore_ascii_case(other));
    let is_prefix = |name: &str| is(name, &["?", ".", "%SystemDrive%"]) || name.ends_with(':');
    let below_drive = folders.iter().position(|name| !is_prefix(name)).unwrap_or(folders.len());
    let of_profile = match folders.get(below_drive..).unwrap_or_default() {
        [users, _, ..] if is(users, &["Users", "Documents and Settings", "DOCUME~1"]) => true,
        [windows, profiles, _, ..] => is(windows, &["WINNT", "Windows"]) && is(profiles, &["Profiles"]),
        _ => false,
    };
    of_profile || folders.iter().any(|folder| is(folder, &["Temp", "Tmp"]) || is(folder, &VARIABLES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_another_computer_are_told_from_paths_on_this_one() {
        for path in
            [r"\\server\share\a.pst", "//server/share/a.pst", r"\\?\UNC\server\share\a.pst", r"\\?\unc\s\x"]
        {
            assert!(is_unc(path), "{path}");
        }
        for path in [r"C:\a.pst", r"\\?\C:\a.pst", r"\\.\C:\a.pst", r"\a.pst", "", r"\\", r"\\a\\\u{1}"] {
            assert!(!is_unc(path), "{path}");
        }
        // With an escape in the text every backslash is doubled.
        assert!(is_unc(r"\\\\server\\\u{1}"));
    }

    #[test]
    fn folders_that_users_may_write_to_are_told_by_name() {
        for path in [
            r"C:\Users\anna\AppData\Roaming\x.dll",
            r"c:\documents and settings\anna\x.dll",
            r"C:\WINNT\Profiles\anna\x.dll",
            r"C:\Windows\Temp\x.dll",
            r"\\?\C:\Users\anna\x.dll",
            r"%AppData%\x.dll",
            r"D:\tmp\deep\x.dll",
        ] {
            assert!(is_user_writable(path), "{path}");
        }
        for path in [
            "x.dll",
            "Temp",
            r"C:\Users\x.dll",
            r"C:\Program Files\Users\anna\x.dll",
            r"C:\Windows\System32\x.dll",
            r"C:\Template\x.dll",
            "",
        ] {
            assert!(!is_user_writable(path), "{path}");
        }
    }

    #[test]
    fn a_path_is_taken_apart_at_either_slash() {
        assert_eq!(components(r"D:\EXMERGEDATA/a.pst").collect::<Vec<_>>(), ["D:", "EXMERGEDATA", "a.pst"]);
        assert_eq!((file_name(r"D:\x\a.dll"), file_name("a.dll"), file_name("")), ("a.dll", "a.dll", ""));
    }
}
