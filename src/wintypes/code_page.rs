//! Text of eight-bit characters, whose meaning depends on the computer that wrote it.

use std::fmt;

use encoding_rs::Encoding;

use super::text::escape_units;

/// The ANSI code page of a computer (`Control\Nls\CodePage`, `ACP` of its SYSTEM hive), as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnsiCodePage(Option<&'static Encoding>);

/// Text that was stored in a code page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsiText {
    /// The text, escaped. Where it cannot be told, each byte above ASCII is the lone surrogate `\u{dc80}` to `\u{dcff}`.
    pub text: String,
    /// Why it cannot be told.
    pub doubt: Option<AnsiDoubt>,
}

/// Why the characters of a text cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsiDoubt {
    /// The code page of the computer that wrote it is not known.
    UnknownCodePage,
    /// The bytes are no text of the computer's code page.
    NotOfCodePage,
}

impl fmt::Display for AnsiDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownCodePage => "text in a code page that is not known",
            Self::NotOfCodePage => "no text of the code page of the host",
        })
    }
}

impl AnsiCodePage {
    /// Of a computer of which no SYSTEM hive was read.
    pub const UNKNOWN: Self = Self(None);

    /// The code page with this number; one that cannot be decoded counts as unknown.
    pub fn of(number: u32) -> Self {
        Self(u16::try_from(number).ok().and_then(codepage::to_encoding))
    }

    /// Decodes bytes. Those of ASCII are the same in every ANSI code page of Windows, so that they need none.
    pub fn decode(self, bytes: &[u8]) -> AnsiText {
        let encoding = if bytes.is_ascii() { Some(encoding_rs::UTF_8) } else { self.0 };
        let text =
            encoding.and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes));
        let doubt = match (&text, encoding) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(AnsiDoubt::NotOfCodePage),
            (None, None) => Some(AnsiDoubt::UnknownCodePage),
        };
        let text = match text {
            Some(text) => super::escape(&text),
            None => escape_units(bytes.iter().map(|byte| match byte {
                0x80.. => 0xdc00 | u16::from(*byte),
                _ => u16::from(*byte),
            })),
        };
        AnsiText { text, doubt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: u32, bytes: &[u8]) -> String {
        let AnsiText { text, doubt } = AnsiCodePage::of(number).decode(bytes);
        assert_eq!(doubt, None);
        text
    }

    #[test]
    fn the_same_bytes_are_other_characters_on_another_computer() {
        assert_eq!(told(1252, b"caf\xe9 \x80 \x9f \x81"), "café € Ÿ \\u{81}");
        assert_eq!(told(1251, b"\xcf\xee\xf7\xf2\xe0"), "Почта");
        assert_eq!(told(1253, b"caf\xe9"), "cafι");
        assert_eq!(told(932, b"\x83\x81\x81[\x83\x8b"), "メール");
        assert_eq!(told(936, b"\xd3\xca\xbc\xfe"), "邮件");
        assert_eq!(told(949, b"\xb8\xde\xc0\xcf"), "메일");
        assert_eq!(told(950, b"\xb6l\xa5\xf3"), "郵件");
        assert_eq!(told(874, b"\xa1"), "ก");
        assert_eq!(told(65001, b"caf\xc3\xa9"), "café");
    }

    #[test]
    fn what_cannot_be_told_keeps_its_bytes_and_says_so() {
        let unknown = [AnsiCodePage::UNKNOWN, AnsiCodePage::of(0), AnsiCodePage::of(u32::MAX)];
        for code_page in unknown {
            let found = code_page.decode(b"caf\xe9\x0c");
            assert_eq!(found.text, "caf\\u{dce9}\\u{c}");
            assert_eq!(found.doubt, Some(AnsiDoubt::UnknownCodePage));
            assert_eq!(code_page.decode(b"cafe\x0c"), AnsiText { text: "cafe\\u{c}".into(), doubt: None });
        }
        let torn = AnsiCodePage::of(932).decode(b"\x83\x81\x83");
        assert_eq!(
            (torn.text.as_str(), torn.doubt),
            ("\\u{dc83}\\u{dc81}\\u{dc83}", Some(AnsiDoubt::NotOfCodePage))
        );
    }
}
