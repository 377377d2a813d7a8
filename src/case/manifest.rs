//! `manifest.json` and `SHA256SUMS`: what a case is, how it came about, and the hash of every file in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{CaseError, read_error, write_error};
use super::part::{NewFile, Settings, json_text, new_name, read_json, write_text};
use crate::finding::Severity;
use crate::report::{SCHEMA, Summary};
use crate::scan::Status as FileStatus;
use crate::wintypes::hex;

/// The manifest's name in a case folder. It is written last: a case without it is not finished.
pub const MANIFEST: &str = "manifest.json";
/// The name of the list of hashes.
pub const SUMS: &str = "SHA256SUMS";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Everything was looked at.
    Complete,
    /// It was interrupted; the coverage table says what was not looked at.
    Interrupted,
}

/// How a case came about. Times and arguments differ from run to run; no table depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Name of the program.
    pub program: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file, where that could be read.
    pub program_sha256: Option<String>,
    /// Arguments, as they were given.
    pub arguments: Vec<String>,
    /// The folder from which relative paths of inputs are to be read.
    pub working_folder: String,
    /// When the run began, in RFC 3339.
    pub started: String,
    /// When it ended.
    pub ended: String,
    /// Threads that were used.
    pub threads: usize,
    /// Parts that were joined; none for a single run.
    pub parts: Vec<String>,
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the tables' columns and vocabularies.
    pub schema: u64,
    /// How the run ended.
    pub status: Ending,
    /// How it came about.
    pub audit: Audit,
    /// How hives were read and judged.
    pub settings: Settings,
    /// Files by what became of them.
    pub files: BTreeMap<String, u64>,
    /// Files in the folders that are neither hives nor logs.
    pub other_files: u64,
    /// Findings about one hive, by severity.
    pub findings: BTreeMap<String, u64>,
    /// Findings about several hives.
    pub fleet_findings: u64,
    /// Every other file of the case but the list of hashes.
    pub tables: Vec<TableFile>,
}

/// A file of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// Its path in the case folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Manifest {
    /// What is to be said of a finished case but for its files.
    pub fn of(status: Ending, audit: Audit, settings: Settings, summary: &Summary) -> Self {
        let files = FileStatus::ALL.iter().zip(summary.statuses());
        let findings = Severity::ALL.iter().zip(summary.severities());
        Self {
            schema: SCHEMA,
            status,
            audit,
            settings,
            files: files.map(|(status, count)| (status.as_str().to_owned(), count)).collect(),
            other_files: 0,
            findings: findings.map(|(severity, count)| (severity.as_str().to_owned(), count)).collect(),
            fleet_findings: 0,
            tables: Vec::new(),
        }
    }

    /// Reads the manifest of a case.
    pub fn read(case: &Path) -> Result<Self, CaseError> {
        read_json(&case.join(MANIFEST))?.ok_or_else(|| CaseError::NoCase {
            folder: case.to_owned(),
            why: format!("it has no {MANIFEST}"),
        })
    }

    /// Writes the list of hashes of all that lies in the case folder, then the manifest. Both get their bytes before either gets
    /// its name, so that a list without a manifest is there for one moment only, in which the list names a file that is missing.
    pub fn write(mut self, case: &Path) -> Result<Self, CaseError> {
        self.tables = files_of(case)?
            .into_iter()
            .filter(|file| [MANIFEST, SUMS].iter().all(|name| file != name && *file != new_name(name)))
            .map(|file| {
                let (bytes, sha256) = hash_of(&case.join(&file))?;
                Ok(TableFile { file, bytes, sha256 })
            })
            .collect::<Result<_, CaseError>>()?;
        let path = case.join(MANIFEST);
        let text = json_text(&self).map_err(write_error(&path))?;
        let mut sums: Vec<(String, String)> =
            self.tables.iter().map(|table| (table.file.clone(), table.sha256.clone())).collect();
        sums.push((MANIFEST.to_owned(), hex(&Sha256::digest(&text))));
        sums.sort();
        let mut manifest = NewFile::create(&path)?;
        manifest.write_all(text.as_bytes()).map_err(write_error(&path))?;
        manifest.save()?;
        write_text(&case.join(SUMS), &sums_text(&sums))?;
        manifest.publish()?;
        Ok(self)
    }
}

/// The list of hashes, of files and their hashes in order: as sha256sum(1) writes and checks it.
pub(super) fn sums_text(sums: &[(String, String)]) -> String {
    let lines: Vec<String> = sums.iter().map(|(file, sha256)| format!("{sha256}  {file}")).collect();
    lines.join("\n") + "\n"
}

/// Every file of a case by its path in the folder, in order; working folders, which are hidden from nobody but are no part
/// of the case, left out.
pub(super) fn files_of(case: &Path) -> Result<Vec<String>, CaseError> {
    let mut files = Vec::new();
    let walk = walkdir::WalkDir::new(case)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() != 1 || !super::folder::is_work(entry.file_name()));
    for entry in walk {
        let entry = entry.map_err(io::Error::from).map_err(read_error(case))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path: PathBuf = entry.path().strip_prefix(case).unwrap_or(entry.path()).to_owned();
        files.push(path.to_string_lossy().into_owned());
    }
    files.sort();
    Ok(files)
}

/// Length and SHA-256 of a file.
pub(super) fn hash_of(path: &Path) -> Result<(u64, String), CaseError> {
    let hash = || {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        let mut bytes = 0;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok((bytes, hex(&hash.finalize()))),
                Ok(count) => {
                    hash.update(buffer.get(..count).unwrap_or_default());
                    bytes += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    hash().map_err(read_error(path))
}
