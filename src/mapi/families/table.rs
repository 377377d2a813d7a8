//! Families as they stand in a file: the built-in `families.toml`, and a site's own.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::pattern::{Pattern, PatternError};
use super::{Families, Family};

/// What is wrong with a file of families, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct FamiliesError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a file of families.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not a text.
    #[error("the bytes are no UTF-8")]
    Utf8,
    /// Not TOML, or not of the form that a file of families has.
    #[error("{0}")]
    Toml(String),
    /// A file without families.
    #[error("there is no family in the file: each is a table [[family]]")]
    NoFamily,
    /// An identifier that would not do as a word in a table.
    #[error("the id {0:?} has other characters than ASCII letters, digits, \"-\", \"_\" and \".\", or none")]
    Id(String),
    /// Two families of one identifier.
    #[error("there is a family with the id {0:?} already{built_in}", built_in = if *.1 { ": a built-in one" } else { "" })]
    IdTaken(String, bool),
    /// A text without a word in it, or with control characters.
    #[error("{0} is empty or has control characters")]
    Text(&'static str),
    /// A list without anything in it.
    #[error("the family {id:?} has no {what}")]
    Missing {
        /// The family.
        id: String,
        /// What is missing.
        what: &'static str,
    },
    /// A pattern that is none.
    #[error("the pattern {pattern:?} is not understood: {error}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        error: PatternError,
    },
    /// An example that is none.
    #[error("the example {name:?} does not belong to the family {id:?}, but to {other}")]
    Example {
        /// The example.
        name: String,
        /// The family.
        id: String,
        /// The other family, in words.
        other: String,
    },
    /// A near miss that is none.
    #[error("{name:?} should only nearly be of the family {id:?}, but is")]
    Nearly {
        /// The name.
        name: String,
        /// The family.
        id: String,
    },
    /// A pattern that no example shows to be of use.
    #[error(
        "no example shows a name that the pattern {pattern:?} claims and no earlier one: give one, or leave the pattern away"
    )]
    Shadowed {
        /// The pattern.
        pattern: String,
    },
}

/// A file of families as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(default)]
    family: Vec<Row>,
}

/// A family as it is written; `families.toml` explains the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Text,
    product: Text,
    patterns: Vec<Text>,
    dynamic: bool,
    #[serde(default)]
    general: bool,
    sources: Vec<Text>,
    examples: Vec<Text>,
    #[serde(default)]
    nearly: Vec<Text>,
}

type Text = Spanned<String>;

/// Adds the families of a file to `families`, all of them or none, and sees to it that their examples are what they should
/// be. What they say is kept until the program ends.
pub(super) fn add(families: &mut Families, file: &[u8], by_site: bool) -> Result<(), FamiliesError> {
    let mut all = families.clone();
    let table = add_unchecked(&mut all, file, by_site)?;
    for row in &table.family {
        check_examples(row, &all)
            .map_err(|(span, fault)| FamiliesError { line: line_of(file, span.start), fault })?;
    }
    *families = all;
    Ok(())
}

/// The same for a file whose examples were looked at before; what an error leaves of it in `families` is of no use.
pub(super) fn add_unchecked(
    families: &mut Families,
    file: &[u8],
    by_site: bool,
) -> Result<Table, FamiliesError> {
    let text = str::from_utf8(file).map_err(|error| {
        let line = line_of(file, error.valid_up_to());
        FamiliesError { line, fault: Fault::Utf8 }
    })?;
    let at = |span: Range<usize>, fault| FamiliesError { line: line_of(file, span.start), fault };
    let table: Table = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        // One line, for it is told in one.
        let words: Vec<&str> = error.message().split_whitespace().collect();
        at(span, Fault::Toml(words.join(" ")))
    })?;
    if table.family.is_empty() {
        return Err(at(0..0, Fault::NoFamily));
    }
    for row in &table.family {
        let family = family(row, by_site).map_err(|(span, fault)| at(span, fault))?;
        let same = families.iter().find(|other| other.id.eq_ignore_ascii_case(family.id));
        if let Some(same) = same {
            let fault = Fault::IdTaken(family.id.to_owned(), by_site && !same.by_site);
            return Err(at(row.id.span(), fault));
        }
        families.in_order_mut().push(family);
    }
    families.in_order_mut().sort_by_key(|family| family.general);
    Ok(table)
}

/// The line in which a byte lies.
fn line_of(file: &[u8], at: usize) -> usize {
    1 + file.iter().take(at).filter(|byte| **byte == b'\n').count()
}

type Located = (Range<usize>, Fault);

fn family(row: &Row, by_site: bool) -> Result<Family, Located> {
    let id = row.id.get_ref();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty() || !id.bytes().all(is_word) {
        return Err((row.id.span(), Fault::Id(id.clone())));
    }
    for (what, is_empty) in [
        ("pattern", row.patterns.is_empty()),
        ("source", row.sources.is_empty()),
        ("example", row.examples.is_empty()),
    ] {
        if is_empty {
            return Err((row.id.span(), Fault::Missing { id: id.clone(), what }));
        }
    }
    let readable = |text: &Text, what| {
        let bad = text.get_ref().trim().is_empty() || text.get_ref().contains(char::is_control);
        if bad { Err((text.span(), Fault::Text(what))) } else { Ok(kept(text.get_ref())) }
    };
    let pattern = |text: &Text| {
        let refused = |error| Fault::Pattern { pattern: text.get_ref().clone(), error };
        Pattern::parse(text.get_ref()).map_err(|error| (text.span(), refused(error)))
    };
    Ok(Family {
        id: kept(id),
        product: readable(&row.product, "the product")?,
        patterns: row.patterns.iter().map(pattern).collect::<Result<_, _>>()?,
        dynamic: row.dynamic,
        general: row.general,
        sources: row.sources.iter().map(|text| readable(text, "the source")).collect::<Result<_, _>>()?,
        by_site,
    })
}

/// Families are read once and needed until the program ends, by all threads and in every row: none of them has to own
/// their texts.
fn kept(text: &str) -> &'static str {
    text.to_owned().leak()
}

/// Whether the examples of a family are what they should be: each of it, and each of its patterns the first to claim one,
/// so that none stands for nothing.
fn check_examples(row: &Row, families: &Families) -> Result<(), Located> {
    let id = row.id.get_ref();
    let mut used = vec![false; row.patterns.len()];
    for example in &row.examples {
        let claimed = families.claim(example.get_ref());
        match claimed {
            Some((family, pattern)) if family.id == id.as_str() => {
                used.iter_mut().skip(pattern).take(1).for_each(|used| *used = true);
            }
            other => {
                let name = example.get_ref().clone();
                let other = match other {
                    Some((family, _)) if family.by_site => format!("the family {:?}", family.id),
                    Some((family, _)) => format!("the built-in family {:?}", family.id),
                    None => "none".to_owned(),
                };
                return Err((example.span(), Fault::Example { name, id: id.clone(), other }));
            }
        }
    }
    if let Some((pattern, _)) = row.patterns.iter().zip(used).find(|(_, used)| !used) {
        return Err((pattern.span(), Fault::Shadowed { pattern: pattern.get_ref().clone() }));
    }
    for name in &row.nearly {
        if families.claim(name.get_ref()).is_some_and(|(family, _)| family.id == id.as_str()) {
            return Err((name.span(), Fault::Nearly { name: name.get_ref().clone(), id: id.clone() }));
        }
    }
    Ok(())
}
