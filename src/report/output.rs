//! Where a table goes: to standard output, or to a file that is complete or not there at all.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::table::{Formulas, Row, TableWriter};
use crate::scan::archive_of;

/// A table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of standard output went away.
    #[error("standard output was closed")]
    Closed,
    /// The file is there already.
    #[error("{} exists; --clobber overwrites it", .0.display())]
    Exists(PathBuf),
    /// The file would lie beside what is examined.
    #[error("{} would lie in {}, which holds evidence; choose another folder", file.display(), folder.display())]
    BesideEvidence {
        /// The file.
        file: PathBuf,
        /// The folder of the evidence.
        folder: PathBuf,
    },
    /// The file's folder is not there.
    #[error("cannot write {}: there is no folder {}; make it first", file.display(), folder.display())]
    NoFolder {
        /// The file.
        file: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot write {name}")]
    Io {
        /// The file, or `standard output`.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

/// An output that is open for writing.
pub struct Output {
    name: String,
    to: To,
}

enum To {
    Stdout(BufWriter<io::Stdout>),
    Stream(BufWriter<File>),
    File { file: BufWriter<NamedTempFile>, path: PathBuf, clobber: bool },
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Self {
            name: "standard output".into(),
            to: To::Stdout(BufWriter::with_capacity(64 << 10, io::stdout())),
        }
    }

    /// A file, written under a temporary name beside it until it is complete. It must not exist unless `clobber`, and
    /// must not lie in one of the folders `evidence`.
    pub fn file(path: &Path, clobber: bool, evidence: &[PathBuf]) -> Result<Self, OutputError> {
        let name = path.display().to_string();
        let fail = |source| OutputError::Io { name: name.clone(), source };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.exists() {
            return Err(OutputError::NoFolder { file: path.to_owned(), folder: folder.to_owned() });
        }
        refuse_evidence(path, &folder.canonicalize().map_err(fail)?, evidence)?;
        // A device or pipe is written to as it is: there is nothing to keep, and nothing may take its place.
        if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            let stream = File::options().write(true).open(path).map_err(fail)?;
            return Ok(Self { name, to: To::Stream(BufWriter::with_capacity(64 << 10, stream)) });
        }
        if !clobber && path.symlink_metadata().is_ok() {
            return Err(OutputError::Exists(path.to_owned()));
        }
        let file = tempfile::Builder::new()
            .prefix(".mapihive-")
            .suffix(".part")
            // As the umask has it, like any other file.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(fail)?;
        let file = BufWriter::with_capacity(64 << 10, file);
        Ok(Self { name, to: To::File { file, path: path.to_owned(), clobber } })
    }

    /// Writes a line of text.
    pub fn line(&mut self, text: &str) -> Result<(), OutputError> {
        writeln!(self, "{text}").map_err(|source| classify(self.name.clone(), source))
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.write_all(bytes).map_err(|source| classify(self.name.clone(), source))
    }

    /// Completes it: only now does a file get its name.
    pub fn finish(self) -> Result<(), OutputError> {
        let name = self.name;
        let result = match self.to {
            To::Stdout(mut out) => out.flush(),
            To::Stream(mut out) => out.flush(),
            To::File { file, path, clobber } => {
                file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
                    file.as_file().sync_all()?;
                    let persisted: Result<File, _> =
                        if clobber { file.persist(&path) } else { file.persist_noclobber(&path) };
                    persisted.map(drop).map_err(|error| error.error)
                })
            }
        };
        result.map_err(|source| classify(name, source))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Stdout(out) => out.write(bytes),
            To::Stream(out) => out.write(bytes),
            To::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // The buffer is flushed by `finish`; a table that ends early must not look complete.
        Ok(())
    }
}

/// A table on its way to an output.
pub struct Table {
    rows: TableWriter<Output>,
    name: String,
}

impl Table {
    /// Starts a table with its header.
    pub fn start<R: Row>(output: Output, formulas: Formulas) -> Result<Self, OutputError> {
        let name = output.name.clone();
        let rows = TableWriter::new::<R>(output, formulas).map_err(|error| csv_error(&name, error))?;
        Ok(Self { rows, name })
    }

    /// Writes a row.
    pub fn write<R: Row>(&mut self, row: R) -> Result<(), OutputError> {
        self.rows.write(row).map_err(|error| csv_error(&self.name, error))
    }

    /// Completes the table and its output.
    pub fn finish(self) -> Result<(), OutputError> {
        let output = self.rows.finish().map_err(|error| classify(self.name, error))?;
        output.finish()
    }
}

fn csv_error(name: &str, error: csv::Error) -> OutputError {
    // Turned into an `io::Error` as a whole, it would hide what kind of error it was.
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    };
    classify(name.to_owned(), source)
}

fn classify(name: String, source: io::Error) -> OutputError {
    if source.kind() == io::ErrorKind::BrokenPipe {
        OutputError::Closed
    } else {
        OutputError::Io { name, source }
    }
}

/// An examined folder holds evidence with all that is below it. A file that was named makes its own folder one, and the
/// folder of a link to it another, for that is where its logs are looked for.
fn refuse_evidence(file: &Path, folder: &Path, evidence: &[PathBuf]) -> Result<(), OutputError> {
    for path in evidence {
        let path = archive_of(path).unwrap_or(path);
        let Ok(real) = path.canonicalize() else { continue };
        let held = if real.is_dir() {
            Some(real).filter(|held| folder.starts_with(held))
        } else {
            let of_name = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.canonicalize().ok(),
                _ => Path::new(".").canonicalize().ok(),
            };
            [real.parent().map(Path::to_owned), of_name].into_iter().flatten().find(|held| held == folder)
        };
        if let Some(held) = held {
            return Err(OutputError::BesideEvidence { file: file.to_owned(), folder: held });
        }
    }
    Ok(())
}
