//! Manifest lines: what a list says of a file beside where it is, so that files that a queue has renamed keep their identity.
//!
//! ```json
//! {"path": "queue/17", "original_path": "EXCH01/C/WINNT/Profiles/svc/NTUSER.DAT", "host": "EXCH01", "evidence_id": "E-5"}
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::archive;
use super::discover::{Candidate, Discovered, FolderLogs, add_path, log_ending, path_text};
use crate::wintypes::escape;

/// A line of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLine {
    /// Where to open the file.
    pub path: String,
    /// Where its transaction logs are; without it, those are taken that lie beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<ManifestLog>>,
    /// Where it was collected from: what it is called in every table. Its backslashes separate folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_path: Option<String>,
    /// Its host; without it, the one that its path shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The SYSTEM hive of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The SOFTWARE hive of its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// What the site calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<String>,
}

/// A transaction log in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a log is a path, or an object with path and original_path alone")]
pub enum ManifestLog {
    /// Where to open it.
    Path(String),
    /// The same, and where it was collected from.
    Renamed(RenamedLog),
}

/// A transaction log that has another name than it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenamedLog {
    /// Where to open it.
    pub path: String,
    /// Where it was collected from: the folder of its hive.
    pub original_path: String,
}

/// What a list or the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file or folder.
    Path(PathBuf),
    /// A line of a manifest, with its number.
    Line(u64, Box<ManifestLine>),
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct ManifestError {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// What a manifest says of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The line.
    pub line: ManifestLine,
    /// The file as it would be called if the line did not say otherwise.
    pub opened: String,
    /// Where its logs are opened, in the order of their names; `None` if they lie beside it, under the names that end alike.
    pub(super) logs: Option<Vec<PathBuf>>,
}

impl ManifestLine {
    /// Reads a line.
    pub fn parse(text: &[u8], line: u64) -> Result<Self, ManifestError> {
        let parsed: Self = serde_json::from_slice(text).map_err(|error| {
            // The place that serde_json tells is one in the line.
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            ManifestError { line, why: format!("{what} (near byte {} of the line)", error.column()) }
        })?;
        let Self { path, logs, original_path, host, system, software, evidence_id } = &parsed;
        let logs = logs.iter().flatten().map(|log| Some(log.path()));
        let texts = [original_path, host, system, software, evidence_id].map(|text| text.as_deref());
        if [Some(path.as_str())].into_iter().chain(texts).chain(logs).any(|text| text == Some("")) {
            return Err(ManifestError { line, why: "an empty text; what is not known is left out".into() });
        }
        Ok(parsed)
    }

    /// Every file that the line names.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let logs = self.logs.iter().flatten().map(ManifestLog::path);
        let machine = [&self.system, &self.software].into_iter().filter_map(|file| file.as_deref());
        std::iter::once(self.path.as_str()).chain(logs).chain(machine).map(PathBuf::from)
    }
}

impl ManifestLog {
    /// Where to open it.
    pub fn path(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::Renamed(log) => &log.path,
        }
    }
}

/// What the lines so far have said.
#[derive(Default)]
pub(super) struct Lines<'l> {
    /// By the path to open.
    of_path: HashMap<&'l str, (u64, &'l ManifestLine)>,
    /// By what the file is called.
    of_name: HashMap<String, u64>,
    /// By host and kind of machine hive.
    machine: HashMap<(Arc<str>, &'static str), (u64, &'l str)>,
}

impl<'l> Lines<'l> {
    /// Adds what a line names.
    pub(super) fn add(
        &mut self,
        number: u64,
        line: &'l ManifestLine,
        folders: &mut FolderLogs,
        found: &mut Discovered,
    ) -> Result<(), ManifestError> {
        let wrong = |why: String| ManifestError { line: number, why };
        if let Some((before, other)) = self.of_path.insert(&line.path, (number, line)) {
            if other == line {
                return Ok(());
            }
            return Err(wrong(format!("line {before} says something else of {}", line.path)));
        }
        let first = found.candidates.len();
        let path = Path::new(&line.path);
        let rows = found.passed_over.len();
        add_path(path, folders, found);
        let is_missing = !path.exists() && archive::archive_of(path).is_none();
        let is_file = found.candidates.len() == first && !path.is_dir();
        if is_file && (line.original_path.is_some() || is_missing) {
            // What is wrong with it is told when it is opened, with its host.
            found.passed_over.truncate(rows);
            found.candidates.push(Candidate::named(path));
        }
        let candidates = found.candidates.get_mut(first..).unwrap_or_default();
        if line.original_path.is_some() || line.logs.is_some() {
            let [only] = candidates else {
                let count = candidates.len();
                let what = "original_path and logs are those of one hive";
                return Err(wrong(format!("{what}, but there are {count} in {}", line.path)));
            };
            rename(only, line).map_err(wrong)?;
        }
        for candidate in candidates {
            if candidate.listed.is_none() {
                let opened = candidate.hive_path.clone();
                candidate.listed = Some(Arc::new(Listed { line: line.clone(), opened, logs: None }));
            }
            if let Some(host) = &line.host {
                candidate.host = Some(escape(host).into());
            }
            self.name(number, line, candidate)?;
        }
        Ok(())
    }

    /// Whether a path that was given alone is what a line calls another file.
    pub(super) fn check(&self, candidate: &Candidate) -> Result<(), ManifestError> {
        match (self.of_name.get(&candidate.hive_path), &candidate.listed) {
            (Some(line), None) if !self.of_path.contains_key(candidate.hive_path.as_str()) => {
                let why = format!("there is another file called {}, given by its path", candidate.hive_path);
                Err(ManifestError { line: *line, why })
            }
            _ => Ok(()),
        }
    }

    /// Remembers what a file is called and which machine hives its host has.
    fn name(
        &mut self,
        number: u64,
        line: &'l ManifestLine,
        candidate: &Candidate,
    ) -> Result<(), ManifestError> {
        let wrong = |why: String| ManifestError { line: number, why };
        if let Some(before) = self.of_name.insert(candidate.hive_path.clone(), number)
            && before != number
        {
            let path = &candidate.hive_path;
            return Err(wrong(format!(
                "line {before} names {path} too; a path tells hives apart in every table, so put the host in front"
            )));
        }
        for (kind, file) in [("system", &line.system), ("software", &line.software)] {
            let Some(file) = file else { continue };
            let Some(host) = &candidate.host else {
                return Err(wrong(format!(
                    "{kind} is that of a host, and neither host nor the path says which"
                )));
            };
            let (before, other) =
                *self.machine.entry((Arc::clone(host), kind)).or_insert((number, file.as_str()));
            if other != file {
                return Err(wrong(format!(
                    "line {before} says that {kind} of host {host} is {other}, not {file}"
                )));
            }
        }
        Ok(())
    }
}

/// Calls a candidate and its logs as the line does.
fn rename(candidate: &mut Candidate, line: &ManifestLine) -> Result<(), String> {
    let opened = candidate.hive_path.clone();
    if let Some(original) = &line.original_path {
        candidate.opened_at = Some(candidate.path().into());
        candidate.hive_path = original_text(original);
        candidate.host = crate::account::host(&candidate.hive_path).map(Arc::from);
    }
    let (folder, name) = split(&candidate.hive_path);
    let called = |path: &str| match log_ending(path) {
        // A queue that renames a hive renames its logs alike.
        Some(ending) if line.original_path.is_some() => format!("{name}{ending}"),
        _ => split(path).1.to_owned(),
    };
    let mut logs: Vec<(String, PathBuf)> = Vec::new();
    match &line.logs {
        Some(_) if candidate.inside.is_some() => {
            return Err("logs of a hive in an archive are found in the archive".into());
        }
        Some(given) => {
            for log in given {
                let name = match log {
                    ManifestLog::Path(path) => called(&path_text(Path::new(path))),
                    ManifestLog::Renamed(log) => {
                        let original = original_text(&log.original_path);
                        let (beside, name) = split(&original);
                        if beside != folder {
                            return Err(format!("{original} did not lie beside {}", candidate.hive_path));
                        }
                        name.to_owned()
                    }
                };
                logs.push((name, PathBuf::from(log.path())));
            }
            logs.sort_by_cached_key(|(name, _)| (name.to_ascii_uppercase(), name.clone()));
        }
        None => {
            let beside = candidate.path().parent().unwrap_or(Path::new(""));
            logs.extend(candidate.logs.iter().map(|name| (called(name), beside.join(name))));
        }
    }
    let mut pairs = logs.iter().zip(logs.iter().skip(1));
    if let Some(((name, _), _)) = pairs.find(|((one, _), (other, _))| one == other) {
        return Err(format!("two of the logs are called {name}"));
    }
    let (names, paths): (Vec<String>, Vec<PathBuf>) = logs.into_iter().unzip();
    candidate.logs = names.into();
    let logs = candidate.inside.is_none().then_some(paths);
    candidate.listed = Some(Arc::new(Listed { line: line.clone(), opened, logs }));
    Ok(())
}

/// Where a file was collected from, normalised as other paths are; Windows separates folders by backslashes.
fn original_text(original: &str) -> String {
    path_text(Path::new(&original.replace('\\', "/")))
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        ManifestLine::parse(text.as_bytes(), 7).expect_err("an error").to_string()
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number_and_what_is_known() {
        let unknown = error(r#"{"path": "a", "hostname": "b"}"#);
        assert!(
            unknown.starts_with("line 7: unknown field `hostname`, expected one of `path`, `logs`"),
            "{unknown}"
        );
        assert!(error(r#"{"host": "b"}"#).contains("missing field `path`"));
        assert!(error(r#"{"path": ""}"#).contains("an empty text"));
        assert!(error(r#"{"path": "a", "logs": [{"path": "b"}]}"#).contains("a log is a path, or an object"));
        let cut = error(r#"{"path": "a""#);
        assert!(cut.starts_with("line 7: ") && cut.contains("near byte"), "{cut}");
    }

    #[test]
    fn an_original_path_is_normalised() {
        assert_eq!(original_text(r"C:\Users\svc\NTUSER.DAT"), "C:/Users/svc/NTUSER.DAT");
        assert_eq!(original_text("./EXCH01//C/./a!"), "EXCH01/C/a\\u{21}");
    }
}
