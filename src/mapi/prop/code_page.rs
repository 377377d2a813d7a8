//! Text whose character set the bytes do not tell.

use crate::wintypes::escape;

/// Code page 1252 where it differs from Latin-1; the five unassigned places keep the control characters that Windows
/// maps them to, and are therefore escaped.
const FROM_0X80: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes ANSI bytes as code page 1252 and escapes the result.
///
/// The code page of the account that wrote them is not stored: outside Western Europe and the Americas, letters beyond
/// ASCII may come out wrong.
pub fn decode_assuming_1252(bytes: &[u8]) -> String {
    let text: String = bytes
        .iter()
        .map(|byte| {
            let in_table = byte.checked_sub(0x80).and_then(|index| FROM_0X80.get(usize::from(index)));
            in_table.copied().unwrap_or(char::from(*byte))
        })
        .collect();
    escape(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_page_1252_is_not_latin1() {
        assert_eq!(decode_assuming_1252(b"caf\xe9 \x80 \x9f"), "café € Ÿ");
        assert_eq!(decode_assuming_1252(b"\x81\x0c"), "\\u{81}\\u{c}");
    }
}
