//! A case held against its hashes: every file of it against `SHA256SUMS`, every file of evidence against `inputs.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::{CaseError, read_error};
use super::folder::is_work;
use super::manifest::{Ending, MANIFEST, Manifest, SUMS, sums_text};
use super::streams::Stream;
use crate::hive::{Links, SourceError};
use crate::report::{Bytes, Change, Deviation, Role};
use crate::scan::{
    Hashed, PathOfText, Stop, hash_file, hash_in_archive, in_order, path_text, read_path_text,
};

/// How a case is verified.
#[derive(Clone, Copy, Debug)]
pub struct Verifying<'v> {
    /// The folder from which relative paths of inputs are read; without it, the one that the manifest names.
    pub from: Option<&'v Path>,
    /// Threads to use, at least one.
    pub threads: usize,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files of the case that have a hash.
    pub outputs: u64,
    /// Files of evidence that have a hash; one that is listed twice counts twice.
    pub inputs: u64,
    /// Rows that were told.
    pub deviations: u64,
}

/// Hands everything that is not as it was to `tell`: first files of the case, then those of evidence in the order of
/// `inputs.csv`. A case whose run did not end is told as a row.
pub fn verify<E: From<CaseError>>(
    outputs: &CaseHashes,
    verifying: Verifying<'_>,
    mut tell: impl FnMut(&Deviation) -> Result<(), E>,
) -> Result<Verified, E> {
    let case = outputs.case.as_path();
    let mut verified = Verified { outputs: outputs.hashes.len() as u64, ..Verified::default() };
    let mut tell = |deviation: Deviation| {
        verified.deviations += 1;
        tell(&deviation)
    };
    for deviation in outputs.deviations(verifying.threads) {
        tell(deviation)?;
    }
    let inputs = case.join(Stream::Inputs.file());
    let from = match (verifying.from, &outputs.manifest) {
        (Some(from), _) => Some(from.to_owned()),
        (None, Some(manifest)) => read_path_text(&manifest.audit.working_folder).map(|folder| folder.file),
        (None, None) => None,
    };
    // A case without its list of inputs has been told above.
    if outputs.is_finished && inputs.is_file() {
        verified.inputs = check_inputs(&inputs, from.as_deref(), verifying.threads, &mut tell)?;
    }
    Ok(verified)
}

/// What a case folder says of its own files.
#[derive(Debug)]
pub struct CaseHashes {
    case: PathBuf,
    /// Hashes by path in the folder.
    hashes: BTreeMap<PathBuf, String>,
    /// Lengths, where the manifest has them.
    sizes: BTreeMap<PathBuf, u64>,
    manifest: Option<Manifest>,
    is_finished: bool,
    /// What is wrong with the lists themselves.
    faults: Vec<Deviation>,
}

impl CaseHashes {
    /// Reads them; a folder that is no case is an error.
    pub fn read(case: &Path) -> Result<Self, CaseError> {
        let no_case = |why: &str| CaseError::NoCase { folder: case.to_owned(), why: why.to_owned() };
        let names: Vec<_> = std::fs::read_dir(case)
            .map_err(|error| no_case(&error.to_string()))?
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        let has = |name: &str| names.iter().any(|there| there == name);
        if !has(SUMS) && has("part.json") {
            return Err(no_case("it is a part of one, which `mapihive merge` makes a case of"));
        }
        if !has(SUMS) && !has(MANIFEST) && !names.iter().any(|name| is_work(name)) {
            return Err(no_case(&format!("it has neither {SUMS} nor {MANIFEST}")));
        }
        // What is no file would be waited for.
        let manifest = Some(case.join(MANIFEST)).filter(|file| file.is_file());
        let manifest = manifest.and_then(|_| Manifest::read(case).ok());
        let mut outputs = Self {
            case: case.to_owned(),
            hashes: BTreeMap::new(),
            sizes: BTreeMap::new(),
            manifest,
            is_finished: has(SUMS),
            faults: Vec::new(),
        };
        if !has(SUMS) {
            let why = format!("there is no {SUMS}: the run did not end, or the file was removed");
            outputs.faults.push(Deviation { detail: why, ..deviation(SUMS, Change::Unfinished) });
            return Ok(outputs);
        }
        let sums = case.join(SUMS);
        let read = || if sums.is_file() { std::fs::read(&sums) } else { Err(io::Error::other("no file")) };
        match read() {
            Ok(sums) => outputs.read_sums(&sums),
            Err(error) => outputs
                .faults
                .push(Deviation { detail: error.to_string(), ..deviation(SUMS, Change::Unread) }),
        }
        if !has(MANIFEST) {
            // Said once: as a file that the list names, it would be missing too.
            outputs.hashes.remove(Path::new(MANIFEST));
            let why = format!("there is no {MANIFEST}: the run did not end, or the file was removed");
            outputs.faults.push(Deviation { detail: why, ..deviation(MANIFEST, Change::Unfinished) });
        }
        outputs.compare_lists();
        Ok(outputs)
    }

    /// Reads the list of hashes. It is told where it is not what a run writes, whatever else is wrong with it.
    fn read_sums(&mut self, sums: &[u8]) {
        let mut lines = Vec::new();
        for line in String::from_utf8_lossy(sums).lines() {
            let Some((hash, file)) = line.split_once("  ") else { continue };
            lines.push((file.to_owned(), hash.to_owned()));
            self.hashes.insert(PathBuf::from(file), hash.to_owned());
        }
        lines.sort();
        let is_whole = sums_text(&lines).as_bytes() == sums && lines.len() == self.hashes.len();
        if !is_whole || lines.iter().any(|(_, hash)| !is_sha256(hash)) {
            let detail = "it is not the list that a run writes".to_owned();
            self.faults.push(Deviation { detail, ..deviation(SUMS, Change::Changed) });
        }
    }

    /// The manifest names the same hashes, so that neither can be changed alone.
    fn compare_lists(&mut self) {
        let Some(manifest) = &self.manifest else { return };
        let listed: BTreeMap<PathBuf, &String> =
            manifest.tables.iter().map(|table| (PathBuf::from(&table.file), &table.sha256)).collect();
        self.sizes = manifest.tables.iter().map(|table| (PathBuf::from(&table.file), table.bytes)).collect();
        let names: BTreeSet<&PathBuf> =
            listed.keys().chain(self.hashes.keys()).filter(|file| *file != Path::new(MANIFEST)).collect();
        let differing: Vec<String> = names
            .into_iter()
            .filter(|file| listed.get(*file).copied() != self.hashes.get(*file))
            .map(|file| path_text(file))
            .collect();
        if !differing.is_empty() {
            let detail = format!("{SUMS} and {MANIFEST} say other hashes of {}", differing.join(", "));
            self.faults.push(Deviation { detail, ..deviation(SUMS, Change::Changed) });
        }
        if manifest.status == Ending::Interrupted {
            let detail = "the run was interrupted; hives.csv says what was not looked at".to_owned();
            self.faults.push(Deviation { detail, ..deviation(MANIFEST, Change::Unfinished) });
        }
    }

    /// Everything in the folder that is not as the lists have it, in the order of paths behind what is wrong with the lists.
    fn deviations(&self, threads: usize) -> Vec<Deviation> {
        let mut deviations = self.faults.clone();
        if !self.is_finished {
            return deviations;
        }
        let is_complete = !self.faults.iter().any(|fault| fault.change == Change::Unfinished);
        let (there, unread) = files_of(&self.case, is_complete);
        deviations.extend(unread);
        let all: BTreeSet<&PathBuf> = there.iter().chain(self.hashes.keys()).collect();
        let all: Vec<&PathBuf> = all.into_iter().filter(|file| file.as_path() != Path::new(SUMS)).collect();
        let check = |file: &&PathBuf| self.check(file, there.contains(*file));
        let took: Result<usize, std::convert::Infallible> =
            in_order(&all, threads, &Stop::default(), check, |found| {
                deviations.extend(found);
                Ok(())
            });
        // What cannot fail was done to the end.
        let _ = took;
        deviations
    }

    fn check(&self, file: &Path, is_there: bool) -> Option<Deviation> {
        let text = path_text(file);
        let Some(expected) = self.hashes.get(file) else {
            return Some(deviation(&text, Change::Additional));
        };
        let expected = Bytes { size: self.sizes.get(file).copied(), sha256: Some(expected.clone()) };
        if !is_there {
            return Some(Deviation { expected, ..deviation(&text, Change::Missing) });
        }
        let found = hash_file(&self.case.join(file), Links::Refuse);
        compare(found, expected).map(|found| Deviation { path: text, ..found })
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// A deviation of a file of the case of which nothing more is known.
fn deviation(path: &str, change: Change) -> Deviation {
    Deviation {
        role: Role::Output,
        path: path.to_owned(),
        change,
        expected: Bytes::default(),
        found: Bytes::default(),
        detail: String::new(),
    }
}

/// What is wrong with a file that is there; its path is to be filled in.
fn compare(found: Result<Hashed, SourceError>, expected: Bytes) -> Option<Deviation> {
    match found {
        Ok(found) => {
            let is_same = expected.sha256.as_ref() == Some(&found.sha256)
                && expected.size.is_none_or(|size| size == found.size);
            let found = Bytes { size: Some(found.size), sha256: Some(found.sha256) };
            (!is_same).then(|| Deviation { expected, found, ..deviation("", Change::Changed) })
        }
        Err(error) => {
            let is_missing =
                matches!(&error, SourceError::Io(error) if error.kind() == io::ErrorKind::NotFound);
            let change = if is_missing { Change::Missing } else { Change::Unread };
            Some(Deviation { expected, detail: error.to_string(), ..deviation("", change) })
        }
    }
}

/// Every file of a case folder by its path there, and folders that could not be listed. What runs leave behind belongs to an
/// interrupted case, and to no other.
fn files_of(case: &Path, is_complete: bool) -> (BTreeSet<PathBuf>, Vec<Deviation>) {
    let (mut files, mut unread) = (BTreeSet::new(), Vec::new());
    let below = |path: &Path| path.strip_prefix(case).unwrap_or(path).to_owned();
    let walk = walkdir::WalkDir::new(case)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| is_complete || entry.depth() != 1 || !is_work(entry.file_name()));
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                files.insert(below(entry.path()));
            }
            Err(error) => {
                let path = path_text(&below(error.path().unwrap_or(case)));
                unread.push(Deviation { detail: error.to_string(), ..deviation(&path, Change::Unread) });
            }
        }
    }
    (files, unread)
}

/// A row of `inputs.csv`, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Input {
    path: String,
    kind: String,
    hive_path: String,
    size: Option<u64>,
    sha256: String,
    /// Where it was opened: another place than `path` where a manifest said so.
    opened_path: String,
    neutralized: String,
}

impl Input {
    /// Where it was opened, without the apostrophe that guards it in spreadsheets.
    fn path(&self) -> &str {
        let is_guarded = self.neutralized.split(' ').any(|column| column == "opened_path");
        self.opened_path.strip_prefix('\'').filter(|_| is_guarded).unwrap_or(&self.opened_path)
    }

    fn expected(&self) -> Bytes {
        Bytes { size: self.size, sha256: Some(self.sha256.clone()).filter(|hash| !hash.is_empty()) }
    }

    /// A deviation of this file; its detail is to be filled in.
    fn deviation(&self, change: Change) -> Deviation {
        Deviation { role: Role::Input, expected: self.expected(), ..deviation(self.path(), change) }
    }
}

/// Inputs that are looked at together: one file, or what one archive holds.
struct Together {
    /// The file or archive as the table has it; `None` of texts that are no path's.
    file: Option<PathBuf>,
    inputs: Vec<(Input, Vec<PathBuf>)>,
}

/// Checks all files that `inputs.csv` lists, a few thousand at a time; tells how many there are.
fn check_inputs<E: From<CaseError>>(
    table: &Path,
    from: Option<&Path>,
    threads: usize,
    tell: &mut impl FnMut(Deviation) -> Result<(), E>,
) -> Result<u64, E> {
    /// Rows that are held at once.
    const AT_ONCE: usize = 4096;

    let mut reader = match csv::ReaderBuilder::new().from_path(table) {
        Ok(reader) => reader,
        Err(error) => return Err(read_error(table)(error.into()).into()),
    };
    let mut rows = reader.deserialize::<Input>();
    let mut count = 0;
    // Machine hives that were given are listed for each host, and looked at once.
    let mut given: BTreeSet<String> = BTreeSet::new();
    loop {
        let mut together: Vec<Together> = Vec::new();
        let mut wrong = None;
        for row in rows.by_ref().take(AT_ONCE) {
            match row {
                Ok(row) => {
                    count += 1;
                    if row.kind == "machine" && !given.insert(row.hive_path.clone())
                        || row.kind == "log" && given.contains(&row.path)
                    {
                        continue;
                    }
                    if row.kind == "log" && given.contains(&row.hive_path) {
                        given.insert(row.path.clone());
                    }
                    add(&mut together, row);
                }
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        let is_last = together.is_empty();
        in_order(
            &together,
            threads,
            &Stop::default(),
            |together| together.check(from),
            |found| found.into_iter().try_for_each(&mut *tell),
        )?;
        if let Some(error) = wrong {
            let detail = format!("its inputs cannot be read any further: {error}");
            tell(Deviation { detail, ..deviation(Stream::Inputs.file(), Change::Unread) })?;
            return Ok(count);
        }
        if is_last {
            return Ok(count);
        }
    }
}

fn add(together: &mut Vec<Together>, input: Input) {
    let (file, inside) = match read_path_text(input.path()) {
        Some(PathOfText { file, inside }) => (Some(file), inside),
        None => (None, Vec::new()),
    };
    match together.last_mut() {
        Some(last) if last.file == file && !inside.is_empty() => last.inputs.push((input, inside)),
        _ => together.push(Together { file, inputs: vec![(input, inside)] }),
    }
}

impl Together {
    fn check(&self, from: Option<&Path>) -> Vec<Deviation> {
        let all = |change: Change, detail: &str| {
            let tell =
                |(input, _): &(Input, _)| Deviation { detail: detail.to_owned(), ..input.deviation(change) };
            self.inputs.iter().map(tell).collect()
        };
        let Some(file) = &self.file else { return all(Change::Unread, "this is the path of no file") };
        let path = match from {
            Some(from) => from.join(file),
            None if file.is_absolute() => file.clone(),
            None => {
                return all(Change::Unread, "not known from which folder its path is read; --from says it");
            }
        };
        let hashes = match self.inputs.first() {
            Some((_, inside)) if !inside.is_empty() => {
                let wanted: BTreeSet<&[PathBuf]> =
                    self.inputs.iter().map(|(_, inside)| inside.as_slice()).collect();
                Some(hash_in_archive(&path, |inside| wanted.contains(inside)))
            }
            _ => None,
        };
        let place = format!("looked for at {}", path_text(&path));
        let mut in_archive = match hashes.transpose() {
            Ok(hashes) => hashes,
            Err(SourceError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                return all(Change::Missing, &place);
            }
            Err(error) => return all(Change::Unread, &format!("{error}; {place}")),
        };
        let mut deviations = Vec::new();
        for (input, inside) in &self.inputs {
            let found = match &mut in_archive {
                None => hash_file(&path, Links::Follow),
                Some(hashes) => match hashes.remove(inside) {
                    Some(found) => found,
                    None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
                },
            };
            if input.sha256.is_empty() {
                let detail = "its bytes were not hashed when the case was made".to_owned();
                deviations.push(Deviation { detail, ..input.deviation(Change::Unread) });
                continue;
            }
            let Some(deviation) = compare(found, input.expected()) else { continue };
            let detail = match deviation.change {
                Change::Unread => format!("{}; {place}", deviation.detail),
                _ => place.clone(),
            };
            let (role, path) = (Role::Input, input.path().to_owned());
            deviations.push(Deviation { role, path, detail, ..deviation });
        }
        deviations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sha256_writes_is_a_hash() {
        assert!(is_sha256(&"0a".repeat(32)));
        for text in ["", "0A", &"0A".repeat(32), &"0g".repeat(32), &"0a".repeat(33)] {
            assert!(!is_sha256(text), "{text}");
        }
    }
}
