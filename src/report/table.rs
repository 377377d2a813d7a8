//! What every CSV table shares: cells, rows, the header, and safety in spreadsheets.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::hive::Offset;
use crate::wintypes::Filetime;

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Absent.
    #[default]
    Empty,
    /// Text, already free of control characters ([`crate::wintypes::escape`]).
    Text(Cow<'a, str>),
    /// A count, a size or an offset, in decimal.
    Number(u64),
    /// A time, in RFC 3339 with seven decimals.
    Time(Filetime),
}

impl Cell<'_> {
    /// The same with a borrowed text.
    pub(super) fn lent(&self) -> Cell<'_> {
        match self {
            Self::Empty => Cell::Empty,
            Self::Text(text) => Cell::Text(Cow::Borrowed(text)),
            Self::Number(number) => Cell::Number(*number),
            Self::Time(time) => Cell::Time(*time),
        }
    }

    /// The same with a text of its own.
    pub(super) fn owned(self) -> Cell<'static> {
        match self {
            Self::Empty => Cell::Empty,
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Cell::Number(number),
            Self::Time(time) => Cell::Time(time),
        }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Time(time) => serializer.collect_str(time),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Cell<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Number(u64::from(number))
    }
}

impl From<usize> for Cell<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<Offset> for Cell<'_> {
    fn from(offset: Offset) -> Self {
        Self::Number(offset.0)
    }
}

impl From<Filetime> for Cell<'_> {
    fn from(time: Filetime) -> Self {
        Self::Time(time)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

/// A row of a table, made by `table!`.
pub trait Row: Serialize {
    /// The columns, in order.
    const COLUMNS: &'static [Column];

    /// The cells, in the order of the columns.
    fn cells(&self) -> impl Iterator<Item = &Cell<'_>>;

    /// Makes the row safe to open in a spreadsheet, and says in `neutralized` which columns that changed.
    fn guard(&mut self);
}

/// A column and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// What it holds, for the documentation.
    pub holds: &'static str,
}

/// Whether cells that a spreadsheet would run as a formula are guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formulas {
    /// Such a cell gets a leading apostrophe, and the column `neutralized` names it.
    #[default]
    Neutralize,
    /// Cells are written as they are.
    AsTheyAre,
}

/// Declares a table: one line a column, with what it holds. Every table but those declared `unguarded` ends with the
/// column `neutralized`.
macro_rules! table {
    ($(#[$meta:meta])* unguarded $row:ident { $($column:ident: $holds:literal),* $(,)? }) => {
        $crate::report::table::table!(@row $(#[$meta])* $row { $($column: $holds),* });

        impl $crate::report::table::Row for $row<'_> {
            $crate::report::table::table!(@columns $($column: $holds),*);

            fn guard(&mut self) {}
        }
    };
    ($(#[$meta:meta])* $row:ident { $($column:ident: $holds:literal),* $(,)? }) => {
        $crate::report::table::table!(@row $(#[$meta])* $row {
            $($column: $holds,)*
            neutralized: "columns that got a leading apostrophe so that no spreadsheet runs them"
        });

        impl $crate::report::table::Row for $row<'_> {
            $crate::report::table::table!(@columns
                $($column: $holds,)*
                neutralized: "columns that got a leading apostrophe so that no spreadsheet runs them"
            );

            fn guard(&mut self) {
                let mut names = Vec::new();
                $(
                    if $crate::report::table::neutralize(&mut self.$column) {
                        names.push(stringify!($column));
                    }
                )*
                if !names.is_empty() {
                    self.neutralized = names.join(" ").into();
                }
            }
        }
    };
    (@row $(#[$meta:meta])* $row:ident { $($column:ident: $holds:literal),* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct $row<'a> {
            $(#[doc = $holds] pub $column: $crate::report::table::Cell<'a>,)*
        }
    };
    (@columns $($column:ident: $holds:literal),*) => {
        const COLUMNS: &'static [$crate::report::table::Column] =
            &[$($crate::report::table::Column { name: stringify!($column), holds: $holds }),*];

        fn cells(&self) -> impl Iterator<Item = &$crate::report::table::Cell<'_>> {
            [$(&self.$column),*].into_iter()
        }
    };
}
pub(crate) use table;

/// Puts an apostrophe before a text that a spreadsheet would take for a formula; tells whether it did.
///
/// Spreadsheets run what starts with `=`, `+`, `-`, `@`, a tab or a carriage return, and some take the full-width forms
/// of the signs for the signs themselves (OWASP, "CSV Injection"). Taking
/// the apostrophe away from a cell that `neutralized` names gives the original back.
pub(crate) fn neutralize(cell: &mut Cell<'_>) -> bool {
    let Cell::Text(text) = cell else { return false };
    let dangerous = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', // and the full-width forms of the four signs:
        '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    if dangerous {
        *text = format!("'{text}").into();
    }
    dangerous
}

/// Writes one table as CSV: RFC 4180, UTF-8, the header always.
pub struct TableWriter<W: Write> {
    /// What rows with quotes go through.
    csv: csv::Writer<Shared<W>>,
    formulas: Formulas,
    /// The row that is being written.
    row: Vec<u8>,
}

impl<W: Write> TableWriter<W> {
    /// Starts the table with its header.
    pub fn new<R: Row>(out: W, formulas: Formulas) -> csv::Result<Self> {
        let mut table = Self::headless(out, formulas);
        table.csv.write_record(R::COLUMNS.iter().map(|column| column.name))?;
        Ok(table)
    }

    /// Goes on with a table whose header stands elsewhere.
    pub fn headless(out: W, formulas: Formulas) -> Self {
        let mut csv = csv::WriterBuilder::new();
        let csv =
            csv.has_headers(false).terminator(csv::Terminator::CRLF).from_writer(Shared(RefCell::new(out)));
        Self { csv, formulas, row: Vec::new() }
    }

    /// Writes one row.
    pub fn write<R: Row>(&mut self, mut row: R) -> csv::Result<()> {
        if self.formulas == Formulas::Neutralize {
            row.guard();
        }
        self.row.clear();
        if !push_plain(&mut self.row, row.cells()) {
            return self.csv.serialize(row);
        }
        // Rows that wait to be written come before this one.
        self.csv.flush()?;
        Ok(self.csv.get_ref().0.borrow_mut().write_all(&self.row)?)
    }

    /// Ends the table and gives back what it was written to.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self.csv.into_inner().map_err(csv::IntoInnerError::into_error)?.0.into_inner();
        out.flush()?;
        Ok(out)
    }
}

/// What a table is written to, for the crate and for rows that pass it by.
struct Shared<W>(RefCell<W>);

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Done at the end of the table, not for each row.
        Ok(())
    }
}

/// Writes a row none of whose cells needs quotes into `row`, as nearly all rows are; of any other it leaves nothing there. The
/// crate that knows how to quote asks for each byte whether it must, which was a third of `dump`.
fn push_plain<'c>(row: &mut Vec<u8>, cells: impl Iterator<Item = &'c Cell<'c>>) -> bool {
    /// Bytes of a text.
    const LONGEST: usize = 64 << 10;

    let mut commas = 0;
    for cell in cells {
        match cell {
            Cell::Empty => {}
            // Few texts are longer, and a value of many megabytes need not lie in memory once more.
            Cell::Text(text) if text.len() > LONGEST => {
                row.clear();
                return false;
            }
            Cell::Text(text) => row.extend_from_slice(text.as_bytes()),
            Cell::Number(number) => row.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes()),
            Cell::Time(time) => match time.rfc3339() {
                Some(text) => row.extend_from_slice(&text),
                None => row.extend_from_slice(time.to_string().as_bytes()),
            },
        }
        row.push(b',');
        commas += 1;
    }
    // A row that is one empty cell would be taken for no row.
    let is_plain = commas > 1 && special_bytes(row) == commas;
    if is_plain {
        // The last comma gives way to the end of the line.
        row.pop();
        row.extend_from_slice(b"\r\n");
    } else {
        row.clear();
    }
    is_plain
}

/// How many bytes there are for which a cell must be quoted: commas, quotes and ends of lines.
fn special_bytes(bytes: &[u8]) -> usize {
    /// Bytes that are counted at a time; no more than a byte can count.
    const WIDTH: usize = 64;

    // Added up, not asked one after the other, for which processors have instructions.
    let special = |byte: u8| {
        u8::from(byte == b',') + u8::from(byte == b'"') + u8::from(byte == b'\r') + u8::from(byte == b'\n')
    };
    let count = |block: &[u8; WIDTH]| usize::from(block.iter().map(|byte| special(*byte)).sum::<u8>());
    let (blocks, rest) = bytes.as_chunks();
    let mut last = [0; WIDTH];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    blocks.iter().map(count).sum::<usize>() + count(&last)
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro makes public rows")]
mod tests {
    use super::*;

    table! {
        /// A table for this test.
        Sample { name: "a name", size: "a number", seen: "a time" }
    }

    fn written(row: Sample<'_>, formulas: Formulas) -> String {
        let mut out = Vec::new();
        let mut table = TableWriter::new::<Sample<'_>>(&mut out, formulas).unwrap();
        table.write(row).unwrap();
        table.finish().map(drop).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_empty_table_has_its_header() {
        let mut out = Vec::new();
        TableWriter::new::<Sample<'_>>(&mut out, Formulas::Neutralize).unwrap().finish().map(drop).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name,size,seen,neutralized\r\n");
    }

    #[test]
    fn no_cell_starts_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\u{ff1d}1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}A1"] {
            let row = Sample { name: formula.into(), size: 7_u64.into(), ..Sample::default() };
            let guarded = written(row.clone(), Formulas::Neutralize);
            assert!(guarded.ends_with(&format!("'{formula},7,,name\r\n")), "{guarded}");
            let raw = written(row, Formulas::AsTheyAre);
            assert!(raw.ends_with(&format!("{formula},7,,\r\n")), "{raw}");
        }
    }

    #[test]
    fn rows_keep_their_order_whether_they_have_quotes_or_not() {
        let mut table = TableWriter::headless(Vec::new(), Formulas::AsTheyAre);
        for number in 0..2_000_u64 {
            let name = if number % 3 == 0 { "a, b" } else { "ab" };
            table.write(Sample { name: name.into(), size: number.into(), ..Sample::default() }).unwrap();
        }
        let text = String::from_utf8(table.finish().unwrap()).unwrap();
        let numbers = text.lines().map(|line| line.rsplit(',').nth(2).unwrap().parse::<u64>().unwrap());
        assert!(numbers.eq(0..2_000), "{text}");
    }

    #[test]
    fn rows_are_those_of_the_crate_that_knows_how_to_quote() {
        let texts = [
            "",
            "a",
            "a b",
            ",",
            "\"",
            "a,b",
            "\r",
            "\n",
            "é\u{2028}",
            "'",
            "#",
            "\\",
            &"long ".repeat(200),
            &"longer ".repeat(10_000),
            &",".repeat(700),
        ];
        let cells = || {
            let texts = texts.iter().map(|text| Cell::from(*text));
            let others = [
                Cell::Empty,
                Cell::Number(0),
                Cell::Number(u64::MAX),
                Cell::Time(Filetime(0)),
                Cell::Time(Filetime(u64::MAX)),
            ];
            texts.chain(others)
        };
        for (name, size) in cells().flat_map(|name| cells().map(move |size| (name.clone(), size))) {
            let row = Sample { name, size, seen: "x".into(), ..Sample::default() };
            let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            csv.serialize(row.clone()).unwrap();
            let expected = String::from_utf8(csv.into_inner().unwrap()).unwrap();
            assert_eq!(written(row, Formulas::AsTheyAre), expected);
        }
    }

    #[test]
    fn text_with_commas_and_quotes_is_quoted() {
        let row = Sample { name: "a \"b\", c".into(), seen: Filetime(0).into(), ..Sample::default() };
        let text = written(row, Formulas::Neutralize);
        assert!(text.ends_with("\"a \"\"b\"\", c\",,1601-01-01T00:00:00.0000000Z,\r\n"), "{text}");
    }
}
