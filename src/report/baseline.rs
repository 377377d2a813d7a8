//! The findings of an earlier run, so that only new ones need be written.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A baseline that is no table of findings.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be opened.
    #[error("cannot read the baseline {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not as it should be.
    #[error("the baseline {}, line {line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Identifiers of findings that are known, and which of them were seen again.
#[derive(Debug, Default)]
pub struct Baseline {
    seen_again: BTreeMap<[u8; ID_BYTES], AtomicBool>,
    known: AtomicU64,
    new: AtomicU64,
}

/// A file that ends with an error where a record is longer than any of a table is: what is no table need not have records at
/// all, and each is held whole.
struct Bounded<R> {
    inner: R,
    /// Bytes that were read since the last record ended.
    since: Rc<Cell<usize>>,
}

impl<R> Bounded<R> {
    /// Far more than a finding takes.
    const LONGEST: usize = 64 << 20;
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.since.set(self.since.get() + count);
        if self.since.get() > Self::LONGEST {
            let why = format!("a row of more than {} MB: this is no table of findings", Self::LONGEST >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
        }
        Ok(count)
    }
}

/// Bytes of a finding's identifier.
const ID_BYTES: usize = 12;
const COLUMN: &str = "finding_id";

impl Baseline {
    /// Reads a `findings.csv`; of its columns only `finding_id` matters, in whatever place it stands.
    pub fn read(file: &Path) -> Result<Self, BaselineError> {
        let io = |source| BaselineError::Io { file: file.to_owned(), source };
        let at = |line: u64, why: String| BaselineError::Line { file: file.to_owned(), line, why };
        let from_csv = |error: csv::Error, last: u64| {
            let line = error.position().map_or(last + 1, |position| line(file, position));
            match error.into_kind() {
                csv::ErrorKind::Io(source) => io(source),
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    at(line, format!("{len} cells, but the header has {expected_len}"))
                }
                csv::ErrorKind::Utf8 { err, .. } => at(line, format!("no UTF-8: {err}")),
                other => at(line, format!("no CSV: {other:?}")),
            }
        };
        let since = Rc::new(Cell::new(0));
        let inner = File::open(file).map_err(io)?;
        let mut reader = csv::Reader::from_reader(Bounded { inner, since: Rc::clone(&since) });
        let header = reader.headers().map_err(|error| from_csv(error, 0))?;
        // Spreadsheets put a byte order mark before the first name.
        let column = header.iter().position(|name| name.trim_start_matches('\u{feff}') == COLUMN);
        let column =
            column.ok_or_else(|| at(1, format!("no column {COLUMN}: this is no table of findings")))?;
        let mut baseline = Self::default();
        for (last, record) in (1..).zip(reader.into_records()) {
            let record = record.map_err(|error| from_csv(error, last))?;
            since.set(0);
            let cell = record.get(column).unwrap_or_default();
            let id = parse(cell).ok_or_else(|| {
                at(
                    record.position().map_or(last + 1, |position| line(file, position)),
                    format!("{cell:?} is no {COLUMN}, which has {} hexadecimal digits", 2 * ID_BYTES),
                )
            })?;
            baseline.seen_again.insert(id, AtomicBool::new(false));
        }
        Ok(baseline)
    }

    /// Whether a finding is known.
    pub fn knows(&self, id: &str) -> bool {
        parse(id).is_some_and(|id| self.seen_again.contains_key(&id))
    }

    /// Remembers that a finding was seen, and so whether it is new.
    pub fn saw(&self, id: &str) {
        let count = match parse(id).and_then(|id| self.seen_again.get(&id)) {
            Some(seen) => {
                seen.store(true, Ordering::Relaxed);
                &self.known
            }
            None => &self.new,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A sentence for the summary.
    pub fn text(&self) -> String {
        let not_seen = self.seen_again.values().filter(|seen| !seen.load(Ordering::Relaxed)).count();
        format!(
            "Baseline: {} new, {} known and not written; {not_seen} of {} in the baseline were not seen again, which does not \
             say that their causes are gone.",
            self.new.load(Ordering::Relaxed),
            self.known.load(Ordering::Relaxed),
            self.seen_again.len()
        )
    }
}

/// The line of a record. The reader takes the line feed of a CRLF for the beginning of the next record.
fn line(file: &Path, position: &csv::Position) -> u64 {
    let mut byte = [0];
    let read = File::open(file).and_then(|file| file.read_exact_at(&mut byte, position.byte()));
    position.line() + u64::from(read.is_ok() && byte == *b"\n")
}

fn parse(id: &str) -> Option<[u8; ID_BYTES]> {
    let (pairs, []) = id.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_24_digits() {
        assert!(parse("0123456789abcdef01234567").is_some());
        for text in [
            "",
            "0123456789abcdef0123456",
            "0123456789abcdef012345678",
            "1.23457E+23",
            "ä123456789abcdef0123456",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
