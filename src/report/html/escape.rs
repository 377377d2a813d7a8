//! Text from hives in a page: inert, and no longer than a reader can take in.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

use crate::report::summary::misleads;

/// Escapes for HTML and spells out characters that reorder or hide text, so that `exe.txt` is what it looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inert;

impl Escaper for Inert {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| misleads(*character)) {
            let (plain, behind) = rest.split_at(at);
            Html.write_escaped_str(&mut out, plain)?;
            write!(out, "\\u{{{:x}}}", u32::from(character))?;
            rest = behind.strip_prefix(character).unwrap_or_default();
        }
        Html.write_escaped_str(&mut out, rest)
    }
}

/// A text, cut where it is longer than `most` characters, which it then says.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text.chars().count() - most;
            format!("{} … ({more} more characters)", text.split_at(end).0)
        }
    }
}

/// A path for a POSIX shell; `None` of a text that tables show with escapes, so that it is not what was given.
pub(super) fn shell(path: &str) -> Option<String> {
    let guarded = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    is_given(path).then(|| format!("'{}'", guarded.replace('\'', r"'\''")))
}

/// An argument for a POSIX shell as it was given, with quotes where it needs them.
pub(super) fn quoted(argument: &str) -> Option<String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./,:=@%+".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return Some(argument.to_owned());
    }
    is_given(argument).then(|| format!("'{}'", argument.replace('\'', r"'\''")))
}

fn is_given(argument: &str) -> bool {
    !argument.contains("\\u{") && !argument.contains('\n') && !argument.chars().any(misleads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inert(text: &str) -> String {
        let mut out = String::new();
        Inert.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn markup_and_marks_are_shown_and_not_obeyed() {
        assert_eq!(inert("<script>&\"'"), "&#60;script&#62;&#38;&#34;&#39;");
        assert_eq!(inert("exe\u{202e}txt.\u{0}"), "exe\\u{202e}txt.\\u{0}");
        assert_eq!(inert("Ünïcode ✓"), "Ünïcode ✓");
    }

    #[test]
    fn a_long_text_says_how_much_is_missing() {
        assert_eq!(clipped("äöü", 3), "äöü");
        assert_eq!(clipped("äöüß!", 3), "äöü … (2 more characters)");
    }

    #[test]
    fn a_shell_gets_the_name_as_it_is_or_not_at_all() {
        assert_eq!(shell("it's").as_deref(), Some(r"'it'\''s'"));
        assert_eq!(shell("-rf").as_deref(), Some("'./-rf'"));
        assert_eq!(shell(r"a\u{1b}b"), None);
    }
}
