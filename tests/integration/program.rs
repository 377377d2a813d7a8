//! What the tests share of the program: running it, reading its tables, and trees of files to run it on.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// One row of a table, cells by column.
pub type Row = BTreeMap<String, String>;

/// How a run of the program ended.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let stderr = String::from_utf8(output.stderr).expect("messages in UTF-8");
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }
}

impl Run {
    /// The table on standard output.
    pub fn rows(&self) -> Vec<Row> {
        rows(&self.stdout)
    }
}

/// The package, in whose folder the program is run unless a test says otherwise.
pub fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, not yet run: without input, its environment as it is.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mapihive"));
    command.current_dir(manifest_dir()).stdin(Stdio::null());
    command
}

/// Runs the program in the package's folder.
pub fn mapihive<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    program().args(arguments).output().expect("the program runs").into()
}

/// Runs the program in `folder`.
pub fn mapihive_in<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Run {
    program().current_dir(folder).args(arguments).output().expect("the program runs").into()
}

/// Runs the program in `folder` as somebody whom file permissions stop: root passes for `nobody`.
pub fn mapihive_unprivileged<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Run {
    let mut command = program();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root {
        // A copy lies where everybody may look for it.
        let copy = folder.join("mapihive");
        std::fs::copy(env!("CARGO_BIN_EXE_mapihive"), &copy).expect("a copy of the program");
        command = Command::new(copy);
        command.stdin(Stdio::null()).uid(65_534).gid(65_534);
    }
    command.current_dir(folder).args(arguments).output().expect("the program runs").into()
}

/// The rows of a CSV table with a header; none of nothing.
pub fn rows(table: &[u8]) -> Vec<Row> {
    if table.is_empty() {
        return Vec::new();
    }
    let mut reader = csv::Reader::from_reader(table);
    let header = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.expect("a record"))).collect()
}

/// The rows of a CSV file.
pub fn rows_of_file(path: &Path) -> Vec<Row> {
    rows(&std::fs::read(path).expect("a table"))
}

/// What `scan` writes: findings, coverage, evidence, and the run itself.
pub struct Scan {
    /// The run.
    pub run: Run,
    /// `findings.csv`.
    pub findings: Vec<u8>,
    /// `hives.csv`.
    pub coverage: Vec<u8>,
    /// `evidence.csv`.
    pub evidence: Vec<u8>,
}

/// Scans in `folder` with all tables.
pub fn scan_in<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Scan {
    let out = tempfile::tempdir().expect("a temporary folder");
    let [coverage, evidence] = ["hives.csv", "evidence.csv"].map(|name| out.path().join(name));
    let mut command = program();
    command.current_dir(folder).arg("scan").args(arguments);
    command.arg("--coverage").arg(&coverage).arg("--evidence").arg(&evidence);
    let run: Run = command.output().expect("the program runs").into();
    let read = |path: PathBuf| std::fs::read(path).unwrap_or_default();
    Scan { findings: run.stdout.clone(), coverage: read(coverage), evidence: read(evidence), run }
}

/// Writes files below `folder`, making the folders they need.
pub fn plant(folder: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        std::fs::write(path, bytes).expect("a writable folder");
    }
}
