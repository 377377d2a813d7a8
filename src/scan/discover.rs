//! Which files are to be read. Nothing is silently left out: a file that is, claims to be or may be a hive becomes a
//! candidate, what cannot be looked at becomes a row of its own, everything else is counted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::FileType;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::account;
use crate::hive::{FileKind, HiveSource, Links, SourceError};
use crate::wintypes::{decode_utf16le, escape, escape_exclamation, unescape_part};

use super::archive::{self, Inside, Shelf};
use super::companions::Companions;
use super::fleet::{Stop, in_order};
use super::manifest::{Input, Lines, Listed, ManifestError};

/// Files that Windows keeps as hives, whatever they hold.
const HIVE_NAMES: [&str; 9] = [
    "NTUSER.DAT",
    "NTUSER.MAN",
    "USER.DAT",
    "DEFAULT",
    "SYSTEM",
    "SOFTWARE",
    "SAM",
    "SECURITY",
    "UsrClass.dat",
];

/// Endings of a hive's transaction logs.
const LOG_ENDINGS: [&str; 3] = [".LOG", ".LOG1", ".LOG2"];

/// Why a log alone is not read.
pub(super) const NO_HIVE: &str = "a transaction log without its hive";

/// What was found below the paths that were given.
#[derive(Debug, Default)]
pub struct Discovered {
    /// Files to be read, in the order of their paths.
    pub candidates: Vec<Candidate>,
    /// Files and folders that are not read, and why, in the order of their paths.
    pub passed_over: Vec<PassedOver>,
    /// Files in folders that are neither hives nor logs.
    pub other_files: u64,
    /// Those of them that tell of MAPI, by profile folder.
    pub companions: Companions,
    /// Hashes of their paths, so that a folder that was given twice counts once.
    others: HashSet<u64>,
    /// Archives that were looked through, and whether there was anything to tell of them.
    pub(super) archives: HashMap<String, bool>,
    /// What is held of their hives.
    pub(super) shelf: Arc<Shelf>,
}

/// A file to be read as a hive. A fleet has a hundred thousand of them in memory at once, so that what is the same is held once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where to open it, if it is not called by that path; of a hive in an archive, where it would lie if archives were folders.
    pub opened_at: Option<Box<Path>>,
    /// What it is called in every table.
    pub hive_path: String,
    /// The host that its path shows.
    pub host: Option<Arc<str>>,
    /// Whether its path was given, so that a symbolic link may be followed.
    pub links: Links,
    /// Its transaction logs, by name, in their order.
    pub logs: Arc<[String]>,
    /// Whether its name or its first bytes say that it is a hive.
    pub looks_like_a_hive: bool,
    /// Where it is in an archive, if it is in one.
    pub inside: Option<Arc<Inside>>,
    /// What a manifest says of it, if one names it.
    pub listed: Option<Arc<Listed>>,
}

impl Candidate {
    /// A file to be read as a hive, whatever it is and without its logs.
    pub fn named(path: &Path) -> Self {
        let is_hive = || kind_of(path, Links::Follow).is_ok_and(|kind| kind == FileKind::Hive);
        let hive_path = path_text(path);
        Self {
            opened_at: opened_at(path, &hive_path),
            host: account::host(&hive_path).map(Arc::from),
            hive_path,
            links: Links::Follow,
            logs: Arc::default(),
            looks_like_a_hive: path.file_name().is_some_and(is_hive_name) || is_hive(),
            inside: None,
            listed: None,
        }
    }

    /// Where to open it; of a hive in an archive, where it would lie if archives were folders.
    pub fn path(&self) -> &Path {
        self.opened_at.as_deref().unwrap_or(Path::new(&self.hive_path))
    }

    /// The file and its logs, where they lie; of a hive in an archive, the archive.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let logs = self.logs.iter().enumerate().filter(|_| self.inside.is_none());
        let logs = logs.map(|(number, name)| self.log_path(number, name));
        let file = self.inside.as_ref().map_or(self.path(), |inside| inside.file());
        std::iter::once(file.to_owned()).chain(logs)
    }

    /// The same with the logs that lie beside it; of an archive with one hive, and of the path of a hive in an archive, that
    /// hive.
    pub fn with_logs(path: &Path) -> Self {
        let mut in_archive = in_archive(path).map(|found| found.candidates).unwrap_or_default();
        if let (Some(only), true) = (in_archive.pop(), in_archive.is_empty()) {
            return only;
        }
        let name = path.file_name().unwrap_or_default();
        let logs = logs_of(name, &logs_in(path.parent().unwrap_or(Path::new(""))));
        Self { logs: logs.into(), ..Self::named(path) }
    }

    /// Opens the hive.
    pub(super) fn open(&self) -> Result<HiveSource, SourceError> {
        match &self.inside {
            Some(inside) => inside.open(),
            None => HiveSource::open(self.path(), self.links),
        }
    }

    /// Opens one of its logs, by its number.
    pub(super) fn open_log(&self, number: usize, name: &str) -> Result<HiveSource, SourceError> {
        match &self.inside {
            Some(inside) => inside.open_log(number),
            None => HiveSource::open(&self.log_path(number, name), self.links),
        }
    }

    /// Where one of its logs is opened, by its number.
    fn log_path(&self, number: usize, name: &str) -> PathBuf {
        let listed = self.listed.as_ref().and_then(|listed| listed.logs.as_ref()?.get(number));
        listed.cloned().unwrap_or_else(|| self.path().parent().unwrap_or(Path::new("")).join(name))
    }

    /// The text of the path by which it is opened.
    pub(super) fn opened(&self) -> String {
        self.listed.as_ref().map_or_else(|| self.hive_path.clone(), |listed| listed.opened.clone())
    }

    /// The text of the path by which one of its logs is opened.
    pub(super) fn opened_log(&self, number: usize, name: &str) -> String {
        if self.listed.as_ref().is_some_and(|listed| listed.logs.is_some()) {
            path_text(&self.log_path(number, name))
        } else {
            super::one_hive::beside(&self.opened(), name)
        }
    }

    /// Where it lay when it was collected.
    pub(super) fn lay_at(&self) -> &Path {
        let renamed = self.listed.as_ref().is_some_and(|listed| listed.line.original_path.is_some());
        if renamed { Path::new(&self.hive_path) } else { self.path() }
    }

    /// What the site calls it.
    pub fn evidence_id(&self) -> Option<String> {
        self.listed.as_ref()?.line.evidence_id.as_deref().map(escape)
    }

    /// Says that all was read of it that will be. It can be read again, but may have to be unpacked again for that.
    pub fn done(&self) {
        if let Some(inside) = &self.inside {
            inside.done();
        }
    }
}

/// A file or folder that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// What it is called in every table.
    pub hive_path: String,
    /// Why.
    pub reason: String,
    /// Whether something that is present could not be looked at, rather than being none of our business.
    pub failed: bool,
}

/// Looks through files and folders, hidden ones too; inside a folder no symbolic link is followed.
pub fn discover(paths: &[PathBuf]) -> Discovered {
    let mut found = Discovered::default();
    let mut folders = FolderLogs::default();
    for path in paths {
        add_path(path, &mut folders, &mut found);
    }
    found.sort();
    found
}

/// The same, where manifests say more of some of the files.
pub fn discover_inputs(inputs: &[Input]) -> Result<Discovered, ManifestError> {
    let mut found = Discovered::default();
    let mut folders = FolderLogs::default();
    let mut lines = Lines::default();
    for input in inputs {
        match input {
            Input::Path(path) => add_path(path, &mut folders, &mut found),
            Input::Line(number, line) => lines.add(*number, line, &mut folders, &mut found)?,
        }
    }
    found.candidates.iter().try_for_each(|candidate| lines.check(candidate))?;
    found.sort();
    Ok(found)
}

/// Looks through one file or folder.
pub(super) fn add_path(path: &Path, folders: &mut FolderLogs, found: &mut Discovered) {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => walk(path, found),
        Ok(_) => add_named(path, folders, found),
        Err(error) => {
            if archive::add_named(path, found).is_none() {
                found.fail(path, &error.to_string());
            }
        }
    }
}

/// The hives in an archive that a path names, or the one in it that it names. `None` of any other path.
pub fn in_archive(path: &Path) -> Option<Discovered> {
    let mut found = Discovered::default();
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let may_be = || kind_of(path, Links::Follow).is_ok_and(|kind| kind == FileKind::Other);
    let is_archive = is_file && may_be() && archive::add(path, Links::Follow, &mut found);
    if !is_archive {
        archive::add_named(path, &mut found)?;
    }
    found.sort();
    Some(found)
}

/// The text of a path: components joined, `.` left out, made printable, never made absolute. A byte that is not UTF-8
/// is written as the lone surrogate `\u{dc80}` to `\u{dcff}`, as Python does, and `!`, which stands between an archive and what
/// is in it, as `\u{21}`.
pub fn path_text(path: &Path) -> String {
    let text = if path.to_str().is_some_and(is_joined_plainly) {
        system_text(path.as_os_str())
    } else {
        let kept = path.components().filter(|component| *component != Component::CurDir);
        system_text(kept.collect::<PathBuf>().as_os_str())
    };
    let mut text = if text.is_empty() { ".".into() } else { escape_exclamation(text) };
    text.shrink_to_fit();
    text
}

/// Whether a path is as its components would be joined. Almost every path is, and this is sooner told than done.
fn is_joined_plainly(path: &str) -> bool {
    let components = path.strip_prefix('/').unwrap_or(path);
    components.split('/').all(|component| !matches!(component, "" | "."))
}

/// The path of a file, where what it is called does not tell it.
pub(super) fn opened_at(path: &Path, hive_path: &str) -> Option<Box<Path>> {
    (path.as_os_str() != hive_path).then(|| path.into())
}

/// What the text of a path stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathOfText {
    /// The file, or the outermost archive.
    pub file: PathBuf,
    /// Of a file in an archive, its path there; of one in an archive in it, that too, and so on.
    pub inside: Vec<PathBuf>,
}

/// The inverse of [`path_text`], and of joining such texts by `!`. `None` of a text that is no path's.
pub fn read_path_text(text: &str) -> Option<PathOfText> {
    let is_escaped = text.contains("\\u{");
    let mut parts = text.split('!').map(|part| system_path(&unescape_part(part, is_escaped)?));
    let file = parts.next()??;
    Some(PathOfText { file, inside: parts.collect::<Option<_>>()? })
}

fn system_path(units: &[u16]) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit.map_err(|lone| lone.unpaired_surrogate()) {
            Ok(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            Err(byte @ 0xdc80..=0xdcff) => bytes.push(byte.to_le_bytes()[0]),
            Err(_) => return None,
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// The text of an argument or name of the system, made printable in the same way.
pub fn system_text(text: &OsStr) -> String {
    if let Some(text) = text.to_str() {
        return escape(text);
    }
    let mut units: Vec<u16> = Vec::new();
    for chunk in text.as_encoded_bytes().utf8_chunks() {
        units.extend(chunk.valid().encode_utf16());
        units.extend(chunk.invalid().iter().map(|byte| 0xdc00 | u16::from(*byte)));
    }
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
    decode_utf16le(&bytes)
}

impl Discovered {
    /// Says of which host all hives are, whatever their paths show; a manifest knows better.
    pub fn name_host(&mut self, host: &str) {
        let host: Arc<str> = escape(host).into();
        let has_none = |candidate: &&mut Candidate| {
            candidate.listed.as_ref().is_none_or(|listed| listed.line.host.is_none())
        };
        for candidate in self.candidates.iter_mut().filter(has_none) {
            candidate.host = Some(host.clone());
        }
    }

    /// The host of a path, held once for hives that follow each other.
    pub(super) fn host_of(&self, hive_path: &str) -> Option<Arc<str>> {
        let host = account::host(hive_path)?;
        let last = self.candidates.last().and_then(|last| last.host.as_ref());
        Some(last.filter(|last| ***last == *host).map_or_else(|| Arc::from(host.as_str()), Arc::clone))
    }

    /// How many rows there are so far.
    pub(super) fn rows(&self) -> usize {
        self.candidates.len() + self.passed_over.len()
    }

    pub(super) fn fail(&mut self, path: &Path, reason: &str) {
        self.fail_text(path_text(path), reason);
    }

    pub(super) fn fail_text(&mut self, hive_path: String, reason: &str) {
        self.passed_over.push(PassedOver { hive_path, reason: reason.to_owned(), failed: true });
    }

    fn add_other(&mut self, path: &Path) {
        self.add_other_text(&path_text(path));
    }

    pub(super) fn add_other_text(&mut self, path: &str) {
        if self.others.insert(hash_of(path)) {
            self.companions.add(path);
            self.other_files += 1;
        }
    }

    fn skip(&mut self, path: &Path, reason: &str) {
        self.skip_text(path_text(path), reason);
    }

    pub(super) fn skip_text(&mut self, hive_path: String, reason: &str) {
        self.passed_over.push(PassedOver { hive_path, reason: reason.to_owned(), failed: false });
    }

    /// Order of arguments and of folders must not matter, nor that one path was given twice.
    fn sort(&mut self) {
        // Of a file that was named and also lies in a named folder, the name stands: its links may be followed.
        self.candidates.sort_unstable_by(|a, b| {
            let order = |it: &Candidate| (it.listed.is_none(), it.links == Links::Refuse);
            let opened = || a.opened_at.cmp(&b.opened_at);
            a.hive_path.cmp(&b.hive_path).then_with(|| order(a).cmp(&order(b))).then_with(opened)
        });
        self.candidates.dedup_by(|a, b| a.hive_path == b.hive_path);
        let by_path = |passed: &PassedOver| {
            self.candidates.binary_search_by(|candidate| candidate.hive_path.cmp(&passed.hive_path))
        };
        self.passed_over.retain(|passed| by_path(passed).is_err());
        self.passed_over.sort_by(|a, b| (&a.hive_path, &a.reason).cmp(&(&b.hive_path, &b.reason)));
        self.passed_over.dedup_by(|a, b| a.hive_path == b.hive_path);
    }
}

/// A file that was given by name has a row, whatever it is.
fn add_named(path: &Path, folders: &mut FolderLogs, found: &mut Discovered) {
    let name = path.file_name().unwrap_or_default();
    let kind = kind_of(path, Links::Follow);
    if !is_hive_name(name) {
        match &kind {
            Err(error) => return found.fail(path, &error.to_string()),
            Ok(FileKind::TransactionLog) => {
                return found.skip(path, "a transaction log; name its hive, and it is found beside it");
            }
            Ok(_) => {}
        }
    }
    if matches!(kind, Ok(FileKind::Other)) && archive::add(path, Links::Follow, found) {
        if found.archives.get(&path_text(path)) == Some(&false) {
            found.skip(path, "an archive without hives");
        }
        return;
    }
    let logs = logs_of(name, folders.logs_of(path.parent().unwrap_or(Path::new("")), name));
    found.candidates.push(Candidate { logs: logs.into(), ..Candidate::named(path) });
}

/// The transaction logs of the folders in which named files lie, by the name of their hive in lower case; each folder is
/// listed once.
#[derive(Default)]
pub(super) struct FolderLogs(HashMap<PathBuf, HashMap<String, Vec<String>>>);

impl FolderLogs {
    /// Those that may be a hive's.
    fn logs_of(&mut self, folder: &Path, hive: &OsStr) -> &[String] {
        let by_hive = self.0.entry(folder.to_owned()).or_insert_with(|| {
            let mut by_hive: HashMap<String, Vec<String>> = HashMap::new();
            for log in logs_in(folder) {
                let hive = log_stem(&log).unwrap_or_default().to_ascii_lowercase();
                by_hive.entry(hive).or_default().push(log);
            }
            by_hive
        });
        let hive = hive.to_str().unwrap_or_default().to_ascii_lowercase();
        by_hive.get(&hive).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The transaction logs of a folder, by name.
fn logs_in(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        // What is no regular file is told when the log would be needed.
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| log_stem(name).is_some())
        .collect();
    names.sort();
    names
}

/// The names of files that are logs by their names or first bytes, by folder.
type LogsOfFolders = BTreeMap<PathBuf, Vec<FoundLog>>;

struct FoundLog {
    name: OsString,
    /// Whether a hive has it: a log belongs to one.
    is_taken: bool,
}

impl FoundLog {
    /// The hive that it is named after, in lower case.
    fn hive(&self) -> String {
        let name = self.name.to_string_lossy();
        log_stem(&name).unwrap_or(&name).to_ascii_lowercase()
    }
}

/// Folders that are listed at the same time: listing waits for the disk, or for the network, and not for the processor.
const LISTED_TOGETHER: usize = 8;
/// Folders that are open at once for each of them.
const OPEN_OF_ONE: usize = 3;
/// Folders of a fleet that are enough to be divided, and how far down they are looked for.
const ENOUGH_FOLDERS: usize = 64;
const DOWN_TO: usize = 4;

fn walk(folder: &Path, found: &mut Discovered) {
    let first_candidate = found.candidates.len();
    let mut logs = LogsOfFolders::new();
    let mut folders = vec![folder.to_owned()];
    for level in 0..DOWN_TO {
        if folders.len() >= ENOUGH_FOLDERS {
            break;
        }
        let mut below = Vec::new();
        for folder in folders {
            // Only of a folder that was given a link is followed.
            Below::of_one(&folder, level == 0, &mut below).join(found, &mut logs);
        }
        folders = below;
    }
    let list = |folder: &PathBuf| {
        let entries = WalkDir::new(folder).follow_root_links(false).max_open(OPEN_OF_ONE);
        Below::of(folder, entries)
    };
    let listed = in_order(&folders, LISTED_TOGETHER, &Stop::default(), list, Below::size, |below| {
        below.join(found, &mut logs);
        Ok::<(), std::convert::Infallible>(())
    });
    // What cannot fail was done to the end.
    let _ = listed;
    pair_logs(found, first_candidate, logs);
}

/// What lies below a folder, told apart without looking at anything else.
#[derive(Default)]
struct Below {
    /// Hives, and what could not be looked at.
    found: Discovered,
    logs: LogsOfFolders,
    /// Files that are named like archives.
    archives: Vec<PathBuf>,
    /// Files that tell of MAPI.
    companions: Vec<String>,
    /// Hashes of the paths of all others.
    others: Vec<u64>,
}

impl Below {
    /// Lists a folder and all folders in it.
    fn of(folder: &Path, entries: WalkDir) -> Self {
        let mut below = Self::default();
        for entry in entries.follow_links(false) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => below.add(entry.path(), entry.file_name(), entry.file_type()),
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    below.found.fail(&path, &reason);
                }
            }
        }
        below
    }

    /// Lists a folder alone; folders in it go to `folders`. [`WalkDir`] would open each of them.
    fn of_one(folder: &Path, follow_link: bool, folders: &mut Vec<PathBuf>) -> Self {
        let mut below = Self::default();
        if !follow_link && folder.symlink_metadata().is_ok_and(|now| !now.is_dir()) {
            below.found.fail(folder, "was a folder, and is none any more");
            return below;
        }
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) => {
                below.found.fail(folder, &error.to_string());
                return below;
            }
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) if kind.is_dir() => folders.push(entry.path()),
                Ok((kind, entry)) => below.add(&entry.path(), &entry.file_name(), kind),
                Err(error) => below.found.fail(folder, &error.to_string()),
            }
        }
        below
    }

    /// About how many bytes it holds.
    fn size(&self) -> usize {
        /// Of a path with what is known of it.
        const PATH: usize = 256;

        let paths = self.found.rows() + self.logs.len() + self.archives.len() + self.companions.len();
        paths * PATH + self.others.len() * size_of::<u64>()
    }

    /// Adds a file.
    fn add(&mut self, path: &Path, name: &OsStr, kind: FileType) {
        if !kind.is_file() {
            // A pipe or a link with another name is none of our business; one with a hive's name is told, and one with a log's
            // where the log would be needed.
            if name.to_str().is_some_and(|name| log_stem(name).is_some()) {
                return remember_log(path, name, &mut self.logs);
            }
            match is_hive_name(name) {
                true if kind.is_symlink() => self.found.skip(path, &SourceError::SymbolicLink.to_string()),
                true => self.found.skip(path, "not a regular file"),
                false => self.add_other(path),
            }
            return;
        }
        if is_hive_name(name) {
            return add_candidate(path, &mut self.found);
        }
        let log = name.to_str().filter(|name| log_stem(name).is_some());
        match kind_of(path, Links::Refuse) {
            Err(error) => self.found.fail(path, &error.to_string()),
            Ok(FileKind::TransactionLog) => remember_log(path, name, &mut self.logs),
            Ok(FileKind::Hive | FileKind::Windows9x) => add_candidate(path, &mut self.found),
            // An unused log is empty, a damaged one may have lost its header; beside its hive the name must do.
            Ok(FileKind::Other) if log.is_some() => remember_log(path, name, &mut self.logs),
            Ok(FileKind::Other) if is_named_as_archive(&name.to_string_lossy()) => {
                self.archives.push(path.to_owned());
            }
            Ok(FileKind::Other) => self.add_other(path),
        }
    }

    fn add_other(&mut self, path: &Path) {
        let text = path_text(path);
        if Companions::is_one(&text) {
            self.companions.push(text);
        } else {
            self.others.push(hash_of(&text));
        }
    }

    /// Adds all of it to what was found so far, and looks through the archives.
    fn join(self, found: &mut Discovered, logs: &mut LogsOfFolders) {
        found.candidates.extend(self.found.candidates);
        found.passed_over.extend(self.found.passed_over);
        for (folder, names) in self.logs {
            logs.entry(folder).or_default().extend(names);
        }
        for path in &self.companions {
            found.add_other_text(path);
        }
        for hash in self.others {
            found.other_files += u64::from(found.others.insert(hash));
        }
        for path in &self.archives {
            if !archive::add(path, Links::Refuse, found) {
                found.add_other(path);
            }
        }
    }
}

fn is_named_as_archive(name: &str) -> bool {
    account::archive_stem(name).is_some()
}

/// By what a file that is no hive is known again.
fn hash_of(path: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    path.hash(&mut hash);
    hash.finish()
}

fn add_candidate(path: &Path, found: &mut Discovered) {
    let hive_path = path_text(path);
    found.candidates.push(Candidate {
        opened_at: opened_at(path, &hive_path),
        host: found.host_of(&hive_path),
        hive_path,
        links: Links::Refuse,
        logs: Arc::default(),
        looks_like_a_hive: true,
        inside: None,
        listed: None,
    });
}

fn remember_log(path: &Path, name: &OsStr, logs: &mut LogsOfFolders) {
    let folder = path.parent().unwrap_or(Path::new(""));
    let log = FoundLog { name: name.to_owned(), is_taken: false };
    match logs.get_mut(folder) {
        Some(beside) => beside.push(log),
        None => drop(logs.insert(folder.to_owned(), vec![log])),
    }
}

/// Gives each hive its logs, whatever their letter case; a log without a hive gets a row of its own.
fn pair_logs(found: &mut Discovered, first_candidate: usize, mut logs: LogsOfFolders) {
    // Most hives of a fleet have logs of the same names.
    let mut lists: HashSet<Arc<[String]>> = HashSet::new();
    // One folder may have a hundred thousand.
    for names in logs.values_mut() {
        names.sort_by_cached_key(FoundLog::hive);
    }
    let files =
        found.candidates.iter_mut().skip(first_candidate).filter(|candidate| candidate.inside.is_none());
    for candidate in files {
        let folder = candidate.path().parent().unwrap_or(Path::new(""));
        let Some(beside) = logs.get_mut(folder) else { continue };
        let hive = candidate.path().file_name().unwrap_or_default();
        let Some(key) = hive.to_str().map(str::to_ascii_lowercase) else { continue };
        let first = beside.partition_point(|log| log.hive() < key);
        let of_hive = beside.iter_mut().skip(first).take_while(|log| log.hive() == key);
        let mut names = Vec::new();
        for log in of_hive.filter(|log| !log.is_taken) {
            let Some(name) = log.name.to_str() else { continue };
            log.is_taken = true;
            names.push(name.to_owned());
        }
        let names = logs_of(hive, &names);
        if !names.is_empty() {
            candidate.logs = shared(&mut lists, names);
        }
    }
    let left = logs.iter().flat_map(|(folder, names)| {
        names.iter().filter(|log| !log.is_taken).map(|log| folder.join(&log.name))
    });
    for path in left {
        // A file that merely ends like a log is not one.
        let is_log = kind_of(&path, Links::Refuse).is_ok_and(|kind| kind == FileKind::TransactionLog);
        if is_log {
            found.skip(&path, NO_HIVE);
        } else {
            found.add_other(&path);
        }
    }
}

/// The list, one for all that have the same.
fn shared(lists: &mut HashSet<Arc<[String]>>, list: Vec<String>) -> Arc<[String]> {
    if let Some(known) = lists.get(list.as_slice()) {
        return Arc::clone(known);
    }
    let list: Arc<[String]> = list.into();
    lists.insert(Arc::clone(&list));
    list
}

/// The logs among `names` that belong to the hive `hive`, in the order `.LOG`, `.LOG1`, `.LOG2`.
pub(super) fn logs_of(hive: &OsStr, names: &[String]) -> Vec<String> {
    let Some(hive) = hive.to_str() else { return Vec::new() };
    let mut logs: Vec<String> = names
        .iter()
        .filter(|name| log_stem(name).is_some_and(|stem| stem.eq_ignore_ascii_case(hive)))
        .cloned()
        .collect();
    logs.sort_by_key(|name| (name.to_ascii_uppercase(), name.clone()));
    logs
}

/// The name of the hive whose log this is, if it is named like one.
pub(super) fn log_stem(name: &str) -> Option<&str> {
    split_log(name).map(|(stem, _)| stem)
}

/// The ending that says that a file is a log.
pub(super) fn log_ending(name: &str) -> Option<&str> {
    split_log(name).map(|(_, ending)| ending)
}

fn split_log(name: &str) -> Option<(&str, &str)> {
    LOG_ENDINGS.iter().find_map(|ending| {
        let split = name.len().checked_sub(ending.len())?;
        let (stem, tail) = (name.get(..split)?, name.get(split..)?);
        (tail.eq_ignore_ascii_case(ending) && !stem.is_empty()).then_some((stem, tail))
    })
}

pub(super) fn is_hive_name(name: &OsStr) -> bool {
    HIVE_NAMES.iter().any(|hive| name.eq_ignore_ascii_case(hive))
}

fn kind_of(path: &Path, links: Links) -> Result<FileKind, SourceError> {
    let source = HiveSource::open(path, links)?;
    let first = source.read_at(0, 32)?;
    let second = if first.starts_with(b"regf") { Vec::new() } else { source.read_at(4096, 4)? };
    Ok(FileKind::of(&first, &second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_belong_to_their_hive_in_any_letter_case() {
        let names = ["ntuser.dat.LOG2", "NTUSER.DAT.log1", "ntuser.dat", "other.dat.LOG1", ".LOG1"];
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(logs_of(OsStr::new("NTUSER.DAT"), &names), ["NTUSER.DAT.log1", "ntuser.dat.LOG2"]);
        assert_eq!(log_stem(".LOG"), None);
        assert_eq!(log_stem("é.LOG1"), Some("é"));
    }

    #[test]
    fn a_folder_that_became_a_link_is_told_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(target.join("NTUSER.DAT"), "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let of = |follow_link| Below::of_one(&link, follow_link, &mut Vec::new()).found;
        assert_eq!((of(true).candidates.len(), of(true).passed_over.len()), (1, 0));
        let refused = of(false);
        assert_eq!((refused.candidates.len(), refused.passed_over.len()), (0, 1));
        assert!(refused.passed_over[0].failed);
    }

    #[test]
    fn what_is_found_does_not_depend_on_how_folders_are_divided() {
        /// More than are enough to be divided.
        const HOSTS: usize = ENOUGH_FOLDERS + 7;

        let folder = tempfile::tempdir().unwrap();
        let hosts: Vec<PathBuf> = (0..HOSTS).map(|host| folder.path().join(format!("H{host:03}"))).collect();
        for host in &hosts {
            let profile = host.join("C/Users/a");
            std::fs::create_dir_all(profile.join("below")).unwrap();
            for name in ["NTUSER.DAT", "ntuser.dat.LOG1", "a.pst", "NTUSER.MAN.LOG", "below/b.txt"] {
                std::fs::write(profile.join(name), "").unwrap();
            }
            std::os::unix::fs::symlink("NTUSER.DAT", profile.join("SYSTEM")).unwrap();
        }
        let whole = discover(&[folder.path().to_owned()]);
        // Twice, which makes no difference.
        let one_by_one = discover(&[hosts.clone(), hosts].concat());
        assert_eq!(whole.candidates, one_by_one.candidates);
        assert_eq!(whole.passed_over, one_by_one.passed_over);
        assert_eq!(whole.other_files, one_by_one.other_files);
        assert_eq!(
            (whole.candidates.len(), whole.passed_over.len(), whole.other_files),
            (HOSTS, HOSTS, 3 * HOSTS as u64)
        );
        for candidate in &whole.candidates {
            assert_eq!(*candidate.logs, ["ntuser.dat.LOG1"]);
            for found in [&whole, &one_by_one] {
                assert_eq!(found.companions.beside(&candidate.hive_path).pst, 1);
            }
        }
    }

    #[test]
    fn every_path_comes_back_from_its_text() {
        use std::os::unix::ffi::OsStrExt as _;
        let names: [&[u8]; 14] = [
            b"a",
            b".",
            b"../a b",
            b"/a/b",
            b"a!b",
            b"a\\b",
            b"a\\u{21}b",
            b"a\\!b\\",
            b"a\nb\\c",
            b"\xff\x80a",
            b"\xed\xb2\x80",
            "Jörg \u{1f600} \u{85}".as_bytes(),
            b"=cmd/-a/@b",
            b"u{21}",
        ];
        for name in names {
            let path = Path::new(OsStr::from_bytes(name));
            let text = path_text(path);
            let read = read_path_text(&text).unwrap();
            assert_eq!((read.file.as_path(), read.inside.len()), (path, 0), "{text}");
            for other in names {
                let other = Path::new(OsStr::from_bytes(other));
                let joined = archive::inside_text(&text, &path_text(other));
                let read = read_path_text(&joined).unwrap();
                assert_eq!(
                    (read.file.as_path(), &read.inside[..]),
                    (path, &[other.to_owned()][..]),
                    "{joined}"
                );
            }
        }
        for text in ["\\u{d800}", "\\u{dc7f}", "a!\\u{", "\\u{a}\\"] {
            assert_eq!(read_path_text(text), None, "{text}");
        }
    }

    #[test]
    fn paths_are_normalised_but_never_made_absolute() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(path_text(Path::new("./a//b/./c")), "a/b/c");
        assert_eq!(path_text(Path::new("../a")), "../a");
        assert_eq!(path_text(Path::new(".")), ".");
        assert_eq!(path_text(Path::new("a!/b\\c")), "a\\u{21}/b\\\\c");
        assert_eq!(path_text(Path::new(OsStr::from_bytes(b"a\xff\n"))), "a\\u{dcff}\\u{a}");
    }
}
