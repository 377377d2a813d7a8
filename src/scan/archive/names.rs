//! Names of entries as tables have them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::super::discover::path_text;

/// Characters 128 to 255 of code page 437, in which names of zip archives are without another word (APPNOTE.TXT D.1).
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name in UTF-8; a byte that is none is escaped as in paths of files.
pub(super) fn utf8(name: &[u8]) -> String {
    path_text(Path::new(OsStr::from_bytes(name)))
}

/// A name of a zip archive, which may have backslashes between its components as early .NET wrote them.
pub(super) fn of_zip(name: &[u8], is_utf8: bool) -> String {
    let mut bytes = if is_utf8 || name.is_ascii() { name.to_vec() } else { from_code_page_437(name) };
    if !bytes.contains(&b'/') {
        bytes.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    utf8(&bytes)
}

fn from_code_page_437(name: &[u8]) -> Vec<u8> {
    let character = |byte: &u8| match byte.checked_sub(128) {
        Some(high) => CODE_PAGE_437.chars().nth(high.into()).unwrap_or('\u{fffd}'),
        None => char::from(*byte),
    };
    name.iter().map(character).collect::<String>().into_bytes()
}

/// The path of an entry in an archive, so that the escapes of both can be taken back: where one has any, backslashes of
/// the other are doubled too.
pub(in super::super) fn inside(archive: &str, name: &str) -> String {
    let is_escaped = |text: &str| text.contains("\\u{");
    let doubled = |text: &str| text.replace('\\', "\\\\");
    match (is_escaped(archive), is_escaped(name)) {
        (true, false) => format!("{archive}!{}", doubled(name)),
        (false, true) => format!("{}!{name}", doubled(archive)),
        _ => format!("{archive}!{name}"),
    }
}

/// The last component of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '!']).next().unwrap_or(path)
}

/// What comes before the last component.
pub(super) fn folder(path: &str) -> &str {
    path.rfind(['/', '!']).and_then(|end| path.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_zip_archives_are_read_in_their_code_page() {
        assert_eq!(CODE_PAGE_437.chars().count(), 128);
        assert_eq!(of_zip(b"Users/J\x94rg/NTUSER.DAT", false), "Users/Jörg/NTUSER.DAT");
        assert_eq!(of_zip("Users/Jörg/NTUSER.DAT".as_bytes(), true), "Users/Jörg/NTUSER.DAT");
        assert_eq!(of_zip(b"Users\\a\\NTUSER.DAT", false), "Users/a/NTUSER.DAT");
        assert_eq!(of_zip(b"./Users//a!b", true), "Users/a\\u{21}b");
        assert_eq!(of_zip(b"a\xff", true), "a\\u{dcff}");
    }

    #[test]
    fn the_escapes_of_archive_and_entry_can_be_taken_back_together() {
        assert_eq!(inside("a.zip", "b"), "a.zip!b");
        assert_eq!(inside("a\\b.zip", "c\\u{a}"), "a\\\\b.zip!c\\u{a}");
        assert_eq!(inside("a\\u{21}.zip", "b\\c"), "a\\u{21}.zip!b\\\\c");
        assert_eq!((folder("a.zip!b/c"), file_name("a.zip!b/c")), ("a.zip!b", "c"));
        assert_eq!((folder("a.zip!c"), file_name("a.zip!c")), ("a.zip", "c"));
    }
}
