//! `report.html`: what the tables of a case say, as one document for people. It is read back from the finished tables, so
//! that a case that was merged from parts gives the same report; of each table one row, and of each list a bounded number of
//! entries, is in memory.

mod anatomy;
mod audit;
pub(crate) mod escape;
mod findings;
mod ledger;
mod lifecycle;
mod overview;
mod tables;
mod time_axis;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub use audit::{Audit, Ending};

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A table could not be read back.
    #[error("cannot read {}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// The report itself could not be written.
    #[error("cannot write the report")]
    Write(#[source] io::Error),
}

/// Findings that are spelled out, the gravest first. A page of more is no use in a browser.
pub const MOST_FINDINGS: usize = 10_000;
/// Profiles in the chart of lives.
pub const MOST_PROFILES: usize = 250;
/// Profiles whose services and properties are spelled out.
pub const MOST_ANATOMIES: usize = 60;
/// Rows of every other table.
pub const MOST_ROWS: usize = 500;

/// Writes the report of a case: one file that needs no other and asks for none. `folder` holds the tables under their final
/// names; a table that is missing is told as such. Only the audit makes two reports on the same tables differ.
pub fn write(folder: &Path, audit: &Audit, out: &mut impl Write) -> Result<(), ReportError> {
    let overview = overview::read(folder)?;
    let (style, script) = (include_str!("page/style.css"), include_str!("page/script.js"));
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    );
    render(&Head { style, policy: &policy, verdict: &overview.verdict(audit) }, out)?;
    lifecycle::write(folder, &overview, out)?;
    findings::write(folder, &overview, out)?;
    ledger::fleet(folder, out)?;
    anatomy::write(folder, &overview, out)?;
    ledger::log_changes(folder, out)?;
    ledger::accounts(folder, out)?;
    ledger::coverage(folder, out)?;
    ledger::rules(folder, &overview, out)?;
    let [arguments, inputs] = [&audit.arguments, &audit.inputs].map(|texts| First::of(texts));
    render(&Foot { audit, arguments, inputs, again: audit.again(), script }, out)
}

/// The hash by which a Content-Security-Policy allows an inline text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// The beginning of the page: policy, style, navigation and verdict.
#[derive(Template)]
#[template(path = "head.html")]
struct Head<'a> {
    style: &'a str,
    policy: &'a str,
    verdict: &'a overview::Verdict,
}

/// The end of the page: how it came to be.
#[derive(Template)]
#[template(path = "foot.html")]
struct Foot<'a> {
    audit: &'a Audit,
    arguments: First<'a>,
    inputs: First<'a>,
    /// The command that makes the case again.
    again: Option<String>,
    script: &'a str,
}

/// The first texts of a list that may be long.
struct First<'a> {
    texts: &'a [String],
    /// How many there are besides.
    more: Option<String>,
}

impl<'a> First<'a> {
    fn of(texts: &'a [String]) -> Self {
        let (first, others) = texts.split_at(texts.len().min(MOST_ROWS));
        Self { texts: first, more: (!others.is_empty()).then(|| grouped(others.len() as u64)) }
    }
}

fn render(template: &impl Template, out: &mut impl Write) -> Result<(), ReportError> {
    Template::write_into(template, out).map_err(ReportError::Write)
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 hive`, `1,234 hives`.
fn counted(number: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        _ if number == 1 => what.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{what}s"),
    };
    format!("{} {plural}", grouped(number))
}

/// A time of a table as people read it: date, time and milliseconds. The title of the element has all digits.
fn readable(time: &str) -> String {
    match (time.get(..10), time.get(11..19), time.ends_with('Z')) {
        (Some(date), Some(clock), true) => format!("{date} {clock}"),
        _ => time.to_owned(),
    }
}

/// A sentence with its times as people read them, every digit that is not zero kept.
fn prose(text: &str) -> String {
    /// `2004-03-01T17:00:00.1800000Z`, where each 0 stands for any digit.
    const FORM: &[u8] = b"0000-00-00T00:00:00.0000000Z";

    let bytes = text.as_bytes();
    let is_time = |at: usize| {
        let found = bytes.get(at..at + FORM.len());
        found.is_some_and(|found| {
            let mut pairs = found.iter().zip(FORM);
            pairs.all(|(found, form)| if *form == b'0' { found.is_ascii_digit() } else { found == form })
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, character) in text.char_indices() {
        if at < end {
            continue;
        }
        if is_time(at) {
            end = at + FORM.len();
            let time = text.get(at..end - 1).unwrap_or_default();
            out.push_str(&time.trim_end_matches('0').trim_end_matches('.').replace('T', " "));
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_keeps_every_digit_of_its_times_that_says_something() {
        assert_eq!(
            prose(
                "“é” changed 2004-03-01T17:00:00.1800000Z, made 1999-04-20T06:00:10.0000000Z; 2004-03-01T17:00Z."
            ),
            "“é” changed 2004-03-01 17:00:00.18, made 1999-04-20 06:00:10; 2004-03-01T17:00Z."
        );
        assert_eq!(prose(""), "");
    }

    #[test]
    fn numbers_and_times_are_told_as_people_read_them() {
        assert_eq!([0, 999, 1000, 161_319].map(grouped), ["0", "999", "1,000", "161,319"].map(str::to_owned));
        assert_eq!(counted(1, "hive"), "1 hive");
        assert_eq!(counted(2, "entry"), "2 entries");
        assert_eq!(readable("2004-03-01T17:00:00.1800000Z"), "2004-03-01 17:00:00");
        assert_eq!(readable("0xffffffffffffffff"), "0xffffffffffffffff");
    }
}
