//! The finished tables of a case, read back row by row.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use csv::{Position, StringRecord};

use super::ReportError;

/// A table that is being read; one row is in memory at a time.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<File>,
    columns: HashMap<String, usize>,
    record: StringRecord,
}

/// A row.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    columns: &'t HashMap<String, usize>,
    record: &'t StringRecord,
}

impl Table {
    /// Opens a table; `None` where the case does not have it.
    pub(super) fn open(folder: &Path, name: &str) -> Result<Option<Self>, ReportError> {
        let path = folder.join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ReportError::Table { path, source: error.into() }),
        };
        let mut reader = csv::Reader::from_reader(file);
        let fail = |source| ReportError::Table { path: path.clone(), source };
        let header = reader.headers().map_err(fail)?;
        let columns = header.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        Ok(Some(Self { path, reader, columns, record: StringRecord::new() }))
    }

    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, ReportError> {
        let read = self.reader.read_record(&mut self.record);
        let is_row = read.map_err(|source| ReportError::Table { path: self.path.clone(), source })?;
        Ok(is_row.then_some(Row { columns: &self.columns, record: &self.record }))
    }

    /// Goes back to a row.
    pub(super) fn seek(&mut self, to: &Position) -> Result<(), ReportError> {
        let sought = self.reader.seek(to.clone());
        sought.map_err(|source| ReportError::Table { path: self.path.clone(), source })
    }
}

/// Hands every row of a table to `take`; whether the case has that table.
pub(super) fn each_row(
    folder: &Path,
    name: &str,
    mut take: impl FnMut(Row<'_>) -> Result<(), ReportError>,
) -> Result<bool, ReportError> {
    each_row_until(folder, name, |row| take(row).map(ControlFlow::Continue))
}

/// The same, until `take` has had enough: some tables have gigabytes.
pub(super) fn each_row_until(
    folder: &Path,
    name: &str,
    mut take: impl FnMut(Row<'_>) -> Result<ControlFlow<()>, ReportError>,
) -> Result<bool, ReportError> {
    let Some(mut table) = Table::open(folder, name)? else { return Ok(false) };
    while let Some(row) = table.next()? {
        if take(row)?.is_break() {
            break;
        }
    }
    Ok(true)
}

/// Breaks off once all is there.
pub(super) fn until(is_all: bool) -> ControlFlow<()> {
    if is_all { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl<'t> Row<'t> {
    /// A cell; empty where the table has no such column. An apostrophe that guards a spreadsheet is taken away.
    pub(super) fn get(&self, column: &str) -> &'t str {
        let cell = self.raw(column);
        match cell.strip_prefix('\'') {
            Some(original) if self.raw("neutralized").split(' ').any(|name| name == column) => original,
            _ => cell,
        }
    }

    fn raw(&self, column: &str) -> &'t str {
        self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default()
    }

    /// A cell that counts; 0 where there is none.
    pub(super) fn number(&self, column: &str) -> u64 {
        self.get(column).parse().unwrap_or_default()
    }

    /// Where the row stands.
    pub(super) fn position(&self) -> Option<Position> {
        self.record.position().cloned()
    }

    /// `HOST\account`, as the report calls an account; its identifier where it has no name.
    pub(super) fn account(&self) -> String {
        let name = match (self.get("account"), self.get("account_sid")) {
            ("", "") => "account not known",
            ("", sid) => sid,
            (name, _) => name,
        };
        match self.get("host") {
            "" => name.to_owned(),
            host => format!("{host}\\{name}"),
        }
    }

    /// What tells the profile of the row from all others, whatever its state: hive, root and name.
    pub(super) fn profile(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.get("hive_path"), self.get("root"), self.get("profile").to_uppercase()).hash(&mut hasher);
        hasher.finish()
    }
}
