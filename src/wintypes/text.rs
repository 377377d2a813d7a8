//! Text as Windows stores it, made printable without losing anything.
//!
//! Registry names and data may hold control characters and unpaired surrogates, which neither UTF-8 nor a CSV row can
//! carry as they are. One reversible escape serves all outputs: such a code unit becomes `\u{hex}`, and in a text that
//! contains an escape every literal backslash becomes `\\`. A text without the characters `\u{` in it means itself.

use std::fmt::Write as _;

/// Decodes UTF-16LE. An odd last byte is not text: the caller, which knows the length, reports it.
///
/// Nothing is trimmed; see [`trim_nul`].
pub fn decode_utf16le(bytes: &[u8]) -> String {
    let pairs = bytes.as_chunks::<2>().0;
    if pairs.iter().fold(0, |odd, [low, high]| odd | *high | u8::from(!is_printable_ascii(*low))) == 0
        && let Some(text) = unescaped_ascii(pairs.iter().map(|[low, _]| *low).collect())
    {
        return text;
    }
    let units = pairs.iter().map(|unit| u16::from_le_bytes(*unit));
    escape_chars(char::decode_utf16(units).map(|unit| unit.map_err(|lone| lone.unpaired_surrogate())))
}

/// Decodes one byte per character, which is how the registry compresses names (`KEY_COMP_NAME`, `VALUE_COMP_NAME`).
pub fn decode_latin1(bytes: &[u8]) -> String {
    if all_printable_ascii(bytes)
        && let Some(text) = unescaped_ascii(bytes.to_vec())
    {
        return text;
    }
    escape_chars(bytes.iter().map(|byte| Ok(char::from(*byte))))
}

/// Applies the escape to text that is already valid.
pub fn escape(text: &str) -> String {
    if all_printable_ascii(text.as_bytes())
        && let Some(text) = unescaped_ascii(text.into())
    {
        return text;
    }
    escape_chars(text.chars().map(Ok))
}

/// Whether a byte is a letter, digit, sign or space of ASCII. Almost every text of a hive is made of these alone, and can be
/// looked at without a branch for each byte.
fn is_printable_ascii(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

fn all_printable_ascii(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & is_printable_ascii(*byte))
}

/// The text of ASCII, unless it looks as if it held an escape.
fn unescaped_ascii(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| !looks_escaped(text))
}

/// Whether a text holds what an escape begins with.
fn looks_escaped(text: &str) -> bool {
    // Looking for one byte costs far less than looking for three, of which few texts have even the first.
    text.as_bytes().contains(&b'\\') && text.contains("\\u{")
}

/// Takes the escape back: the UTF-16 units that a text stands for. `None` of a text that no escape makes.
pub fn unescape(text: &str) -> Option<Vec<u16>> {
    unescape_part(text, text.contains("\\u{"))
}

/// The same of a part of a text; `is_escaped` tells whether there is an escape anywhere in the text.
pub fn unescape_part(part: &str, is_escaped: bool) -> Option<Vec<u16>> {
    if !is_escaped {
        return Some(part.encode_utf16().collect());
    }
    let mut units = Vec::new();
    let mut rest = part;
    while let Some((plain, tail)) = rest.split_once('\\') {
        units.extend(plain.encode_utf16());
        rest = if let Some(tail) = tail.strip_prefix('\\') {
            units.push(u16::from(b'\\'));
            tail
        } else {
            let (code, tail) = tail.strip_prefix("u{")?.split_once('}')?;
            let is_hexadecimal = !code.is_empty() && code.bytes().all(|digit| digit.is_ascii_hexdigit());
            units.push(u16::from_str_radix(code, 16).ok().filter(|_| is_hexadecimal)?);
            tail
        };
    }
    units.extend(rest.encode_utf16());
    Some(units)
}

/// Makes an already escaped name fit to be one component of a key path, so that the path can be taken apart again: a
/// literal backslash, which no Windows tool can create in a key name, is written `\u{5c}`, and the `u` of a name that
/// begins with `u{` is written `\u{75}`, for the separator before it would make it look like an escape.
pub fn escape_component(name: String) -> String {
    if !name.as_bytes().contains(&b'\\') && !name.starts_with("u{") {
        return name;
    }
    let was_escaped = name.contains("\\u{");
    let mut component = String::with_capacity(name.len() + 8);
    let mut rest = name.as_str();
    if let Some(tail) = rest.strip_prefix("u{") {
        component.push_str("\\u{75}{");
        rest = tail;
    }
    while let Some(at) = rest.find('\\') {
        component.push_str(&rest[..at]);
        let tail = &rest[at..];
        if was_escaped && tail.starts_with("\\u{") {
            component.push('\\');
            rest = &tail[1..];
        } else {
            component.push_str("\\u{5c}");
            rest = tail.strip_prefix("\\\\").filter(|_| was_escaped).unwrap_or(&tail[1..]);
        }
    }
    component.push_str(rest);
    component
}

/// Latin-1 that [`decode_latin1`] and [`escape_component`] leave as it is.
pub fn plain_component(bytes: &[u8]) -> Option<&str> {
    let all_plain = bytes.iter().fold(true, |all, byte| all & (is_printable_ascii(*byte) && *byte != b'\\'));
    let is_plain = all_plain && !bytes.starts_with(b"u{");
    str::from_utf8(bytes).ok().filter(|_| is_plain)
}

/// Makes an already escaped path of files fit to be joined with `!` to an archive or to what is in it: a literal `!` is
/// written `\u{21}`.
pub fn escape_exclamation(path: String) -> String {
    if !path.contains('!') {
        return path;
    }
    let escaped = if path.contains("\\u{") { path } else { path.replace('\\', "\\\\") };
    escaped.replace('!', "\\u{21}")
}

/// Cuts UTF-16LE bytes at the first NUL unit; also tells whether there was one.
pub fn trim_nul(bytes: &[u8]) -> (&[u8], bool) {
    let units = bytes.as_chunks::<2>().0;
    match units.iter().position(|unit| *unit == [0, 0]) {
        Some(at) => (bytes.get(..at * 2).unwrap_or(bytes), true),
        None => (bytes.get(..units.len() * 2).unwrap_or(bytes), false),
    }
}

/// Whether two names are the same to the registry, which compares without regard to letter case.
///
/// Windows upcases by a fixed table of single characters; characters whose upper case is longer than one character
/// (such as `ß`) compare as themselves there and here.
pub fn same_name(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() || !right.is_ascii()) && left.chars().map(upcase).eq(right.chars().map(upcase))
}

fn upcase(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// Applies the escape to UTF-16 units.
pub(super) fn escape_units(units: impl Iterator<Item = u16> + Clone) -> String {
    escape_chars(char::decode_utf16(units).map(|unit| unit.map_err(|error| error.unpaired_surrogate())))
}

fn escape_chars(units: impl Iterator<Item = Result<char, u16>> + Clone) -> String {
    let mut text = String::with_capacity(units.size_hint().0);
    let must_escape = units.clone().any(|unit| unit.is_ok_and(char::is_control) || unit.is_err());
    if !must_escape {
        text.extend(units.clone().flatten());
        if !looks_escaped(&text) {
            return text;
        }
        text.clear();
    }
    for unit in units {
        match unit {
            Ok('\\') => text.push_str("\\\\"),
            Ok(plain) if !plain.is_control() => text.push(plain),
            Ok(control) => write_escape(&mut text, u32::from(control)),
            Err(lone_surrogate) => write_escape(&mut text, u32::from(lone_surrogate)),
        }
    }
    text
}

fn write_escape(text: &mut String, code: u32) {
    // Writing to a `String` cannot fail.
    let _ = write!(text, "\\u{{{code:x}}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    #[test]
    fn every_utf16_text_comes_back_from_its_escape() {
        for units in [
            vec![],
            vec![0x41, 0x42],
            vec![0xd800],
            vec![0x41, 0xdc00, 0x42],
            vec![0xd83d, 0xde00],
            vec![0x43, 0x3a, 0x5c, 0x75],
            vec![0x5c, 0x75, 0x7b, 0x30, 0x7d],
            vec![0x5c, 0x5c, 0x75, 0x7b, 0x30, 0x7d],
            vec![0x5c, 0],
            vec![0x0a, 0x5c, 0x75, 0x7b],
            vec![0x85, 0x202e],
        ] {
            let text = decode_utf16le(&utf16(&units));
            assert_eq!(unescape(&text).as_ref(), Some(&units), "{text}");
            assert!(!text.chars().any(char::is_control));
        }
    }

    #[test]
    fn what_no_escape_makes_is_not_guessed() {
        for text in ["\\u{}", "\\u{1f600}", "\\u{+1}", "\\u{a}\\x", "\\u{a}\\", "\\u{a", "\\u{g}"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }

    #[test]
    fn plain_backslashes_stay_single() {
        assert_eq!(escape("C:\\Program Files"), "C:\\Program Files");
        assert_eq!(escape("C:\\a\nb"), "C:\\\\a\\u{a}b");
    }

    #[test]
    fn a_backslash_in_a_key_name_does_not_split_the_path() {
        assert_eq!(escape_component("plain".into()), "plain");
        assert_eq!(escape_component(decode_latin1(b"a\\b")), "a\\u{5c}b");
        assert_eq!(escape_component(decode_latin1(b"a\\\0b")), "a\\u{5c}\\u{0}b");
        assert_eq!(escape_component(decode_latin1(b"\\u{0}")), "\\u{5c}u{0}");
        assert_eq!(escape_component(decode_latin1(b"u{41}")), "\\u{75}{41}");
    }

    #[test]
    fn names_compare_as_the_registry_compares_them() {
        assert!(same_name("Outlook", "OUTLOOK"));
        assert!(same_name("Überall", "üBERALL"));
        assert!(!same_name("straße", "STRASSE"));
        assert!(!same_name("Outlook", "Outlook2"));
    }

    #[test]
    fn latin1_names_are_not_code_page_1252() {
        assert_eq!(decode_latin1(b"caf\xe9"), "café");
        assert_eq!(decode_latin1(b"\x80"), "\\u{80}");
    }
}
