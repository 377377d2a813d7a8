//! One hive from the file to what is understood of it.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::account::{self, Attribution};
use crate::hive::{
    BaseBlock, Care, Depth, Error, HiveSource, HiveState, Image, ImageError, Links, LogFate, LogFile,
    Problems, SourceError, Tree, Way, limits,
};
use crate::mapi::families::Families;
use crate::mapi::{Mapi, Recovered, before_replay};
use crate::wintypes::{AnsiCodePage, hex};

use super::discover::{Candidate, PassedOver, PathOfText, path_text, read_path_text};

/// How much of a file could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All that was looked for.
    Parsed,
    /// Some of it; the reason says what is missing.
    Partial,
    /// Nothing.
    Failed,
    /// Not looked at.
    Skipped,
}

impl Status {
    /// All of them, for the documentation of the vocabulary.
    pub const ALL: [Self; 4] = [Self::Parsed, Self::Partial, Self::Failed, Self::Skipped];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one file: its row in the coverage table.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The file, as every table calls it.
    pub hive_path: String,
    /// The host its path shows.
    pub host: Option<String>,
    /// What the site calls it, where a manifest says so.
    pub evidence_id: Option<String>,
    /// Whose hive it is, as far as is known.
    pub account: Attribution,
    /// How much could be read.
    pub status: Status,
    /// Why not all; empty where all was read.
    pub reason: String,
    /// The header as it is in the file.
    pub base_block: Option<BaseBlock>,
    /// How far the header vouches for the rest.
    pub state: Option<HiveState>,
    /// The name of the root key, which stays as it was when the hive was made.
    pub root_name: Option<String>,
    /// The transaction logs beside it, and what became of each.
    pub logs: Vec<(String, LogFate)>,
    /// Length of the file.
    pub size: Option<u64>,
    /// When the file was last modified: seconds since 1970 and nanoseconds.
    pub modified: Option<(i64, u64)>,
    /// Bytes behind the last bin.
    pub tail: u64,
    /// Cells of keys, values and lists that were read.
    pub cells_read: u64,
    /// The files whose bytes were read: the hive, then its logs.
    pub inputs: Vec<InputFile>,
    /// Everything that could not be read, or was not as it should be.
    pub problems: Problems,
}

/// A file whose bytes were read as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The file, as every table calls it.
    pub path: String,
    /// Where it was opened, which is another place where a manifest says so.
    pub opened: String,
    /// What it is read as.
    pub kind: InputKind,
    /// Its length when it was opened.
    pub size: u64,
    /// When it was last modified: seconds since 1970 and nanoseconds.
    pub modified: Option<(i64, u64)>,
    /// SHA-256 of the bytes that were read, in hexadecimal, where that was asked for.
    pub sha256: Option<String>,
}

/// A machine hive that was given by name, and its logs, as files whose bytes were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenInput {
    /// The hive, as every table calls it.
    pub hive_path: String,
    /// The hive, then its logs.
    pub files: Vec<InputFile>,
}

/// What a file of evidence is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A hive.
    Hive,
    /// A transaction log.
    Log,
    /// A machine hive that was given by name, not found.
    Machine,
}

impl InputKind {
    /// All kinds, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::Hive, Self::Log, Self::Machine];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hive => "hive",
            Self::Log => "log",
            Self::Machine => "machine",
        }
    }
}

/// How hives are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How carefully lists are read.
    pub care: Care,
    /// How the bytes are had.
    pub way: Way,
    /// Whether transaction logs are applied to dirty hives.
    pub logs: bool,
    /// How deep deleted keys are searched, if at all.
    pub recovery: Option<Depth>,
    /// By which the names of profiles are told.
    pub families: &'static Families,
    /// Whether the bytes of hives and logs are hashed.
    pub hash: bool,
    /// Whether facts are gathered for the rules that judge all hives together.
    pub fleet: bool,
    /// The code page of the host, where a SYSTEM hive tells it.
    pub ansi: AnsiCodePage,
}

impl Reading {
    /// How the bytes are had for what is to be done with them: recovery looks at every one, and more than once.
    fn way_in(self) -> Way {
        match self.way {
            Way::Map if self.recovery.is_some() => Way::ReadUnlessLong,
            way => way,
        }
    }
}

/// A hive that could be opened.
pub struct OpenHive<'h> {
    /// The file, as every table calls it.
    pub hive_path: &'h str,
    /// The host its path shows.
    pub host: Option<&'h str>,
    /// The transaction logs beside it, and what became of each.
    pub logs: &'h [(String, LogFate)],
    /// How deep deleted keys are searched, if at all.
    pub recovery: Option<Depth>,
    /// By which the names of profiles are told.
    pub families: &'static Families,
    /// The code page of the host, where a SYSTEM hive tells it.
    pub ansi: AnsiCodePage,
    /// Its bytes.
    pub image: &'h Image,
    /// Its keys.
    pub tree: &'h Tree<'h>,
}

/// What is understood of a hive.
pub struct Understood<'h> {
    /// Whose hive it is.
    pub account: Attribution,
    /// What it holds for MAPI.
    pub mapi: Mapi<'h>,
    /// What the hive file itself shows for MAPI, where transaction logs were applied.
    pub before: Option<Mapi<'h>>,
    /// What it held for MAPI and holds no more; empty where that was not asked for.
    pub recovered: Recovered<'h>,
}

impl<'h> OpenHive<'h> {
    /// Reads accounts and profiles, and recovers profiles that are no more.
    pub fn understand(&self, problems: &mut Problems) -> Understood<'h> {
        let account = Attribution::read(self.hive_path, self.image, self.tree, problems);
        let mapi = Mapi::read(self.tree, self.families, self.ansi, problems);
        let before = before_replay(self.image, self.families, self.ansi);
        let recovered = match self.recovery {
            Some(depth) => Recovered::read(self.image, &mapi, before.as_ref(), depth, problems),
            None => Recovered::default(),
        };
        Understood { account, mapi, before, recovered }
    }
}

/// Opens a hive, lets `read` look at it, and tells what became of it. `read` gets what it needs to report problems, and
/// may say whose hive it is. It is called again, and what it said first is forgotten, where a page of a mapped file could
/// not be had; with [`Way::Read`] it is called once at most.
pub fn read_hive<T>(
    candidate: &Candidate,
    reading: Reading,
    mut read: impl FnMut(&OpenHive<'_>, &mut Problems) -> (Option<Attribution>, T),
) -> (Coverage, Option<T>) {
    match read_once(candidate, reading, &mut read) {
        Ok(done) => done,
        // In memory no page can fail.
        Err(PageFailed) => read_once(candidate, Reading { way: Way::Read, ..reading }, &mut read)
            .unwrap_or_else(|PageFailed| (Coverage::of(candidate, Status::Failed, PAGE_FAILED.into()), None)),
    }
}

/// The transaction logs beside a hive. One that cannot be opened is told as such when it would be needed; one that can is
/// an input.
fn logs_of(candidate: &Candidate, reading: Reading, inputs: &mut Vec<InputFile>) -> Vec<LogFile> {
    let read = |(number, name): (usize, &String)| match candidate.open_log(number, name) {
        Ok(source) => {
            let log = LogFile::read(name, &source, reading.way_in());
            let path = beside(&candidate.hive_path, name);
            let opened = candidate.opened_log(number, name);
            let mut input = InputFile::of(path, opened, InputKind::Log, &source);
            input.sha256 = log.bytes().filter(|_| reading.hash).map(sha256);
            inputs.push(input);
            log
        }
        Err(error) => LogFile::unreadable(name, &error.to_string()),
    };
    let too_many = |name: &String| LogFile::unreadable(name, "too many logs of this name beside the hive");
    let (first, more) = candidate.logs.split_at_checked(limits::MAX_LOGS).unwrap_or((&candidate.logs, &[]));
    first.iter().enumerate().map(read).chain(more.iter().map(too_many)).collect()
}

/// The path of a file that lies in the same folder, or directly in the same archive, as a hive. `name` is as the system has it; of
/// a file in an archive, as tables have it.
pub fn beside(hive_path: &str, name: &str) -> String {
    match read_path_text(hive_path) {
        Some(PathOfText { file, inside }) if inside.is_empty() => {
            path_text(&file.parent().unwrap_or(Path::new("")).join(name))
        }
        _ => {
            let folder = hive_path.rfind(['/', '!']).and_then(|end| hive_path.get(..=end));
            format!("{}{name}", folder.unwrap_or_default())
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Of a file that is too long for a hive, piece by piece.
pub(super) fn sha256_of_file(source: &HiveSource) -> io::Result<String> {
    const PIECE: usize = 1 << 20;

    let mut hash = Sha256::new();
    let mut at = 0;
    while at < source.identity().len {
        let bytes = source.read_at(at, PIECE)?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        at += bytes.len() as u64;
    }
    Ok(hex(&hash.finalize()))
}

impl InputFile {
    fn of(path: String, opened: String, kind: InputKind, source: &HiveSource) -> Self {
        let identity = source.identity();
        Self { path, opened, kind, size: identity.len, modified: identity.modified, sha256: None }
    }
}

/// A page of a mapped file could not be had.
struct PageFailed;

const PAGE_FAILED: &str = "the file could not be read to its end";

fn read_once<T>(
    candidate: &Candidate,
    reading: Reading,
    read: &mut impl FnMut(&OpenHive<'_>, &mut Problems) -> (Option<Attribution>, T),
) -> Result<(Coverage, Option<T>), PageFailed> {
    let mut coverage = Coverage::begun(candidate);
    let source = match candidate.open() {
        Ok(source) => source,
        Err(error) => return Ok((coverage.not_opened(candidate.links, &error).known_by_path(), None)),
    };
    coverage.size = Some(source.identity().len);
    coverage.modified = source.identity().modified;
    let mut inputs =
        vec![InputFile::of(candidate.hive_path.clone(), candidate.opened(), InputKind::Hive, &source)];
    let logs = if reading.logs { logs_of(candidate, reading, &mut inputs) } else { Vec::new() };
    let mut hash = reading.hash.then(Sha256::new);
    let show = |piece: &[u8]| hash.iter_mut().for_each(|hash| hash.update(piece));
    let image = Image::open_shown(&source, logs, reading.way_in(), &mut coverage.problems, show);
    if let Some(input) = inputs.first_mut() {
        input.sha256 = match &image {
            // Bytes that are no hive are evidence too.
            Err(ImageError::Io(_) | ImageError::Hive(Error::TooLong { .. })) => {
                hash.and_then(|_| sha256_of_file(&source).ok())
            }
            _ => hash.map(|hash| hex(&hash.finalize())),
        };
    }
    coverage.inputs = inputs;
    let image = match image {
        Ok(image) => image,
        Err(error) => {
            coverage.reason = error.to_string();
            return Ok((coverage.known_by_path(), None));
        }
    };
    coverage.logs = if reading.logs {
        image.log_fates().map(|(name, fate)| (name.to_owned(), fate.clone())).collect()
    } else {
        candidate.logs.iter().map(|name| (name.clone(), LogFate::NotAsked)).collect()
    };
    let tree = Tree::new(&image, reading.care);
    let hive = OpenHive {
        hive_path: &candidate.hive_path,
        host: candidate.host.as_deref(),
        logs: &coverage.logs,
        recovery: reading.recovery,
        families: reading.families,
        ansi: reading.ansi,
        image: &image,
        tree: &tree,
    };
    let root_name = tree.root().ok().map(|root| root.name());
    let (account, result) = read(&hive, &mut coverage.problems);
    if image.failed() {
        return Err(PageFailed);
    }
    coverage.account = account.unwrap_or_else(|| Attribution::by_path(&candidate.hive_path));
    coverage.base_block = image.base_block().cloned();
    coverage.state = Some(image.state());
    coverage.root_name = root_name;
    coverage.tail = image.tail_len();
    coverage.cells_read = tree.cells_read();
    Ok((coverage.settled(&source), Some(result)))
}

impl Coverage {
    /// The row of a file that was not read.
    fn unread(hive_path: &str, host: Option<String>, status: Status, reason: String) -> Self {
        Self::new(hive_path, host, status, reason).known_by_path()
    }

    /// The row of a file of which nothing is known, not even what its path tells of the account.
    fn new(hive_path: &str, host: Option<String>, status: Status, reason: String) -> Self {
        Self {
            host,
            evidence_id: None,
            account: Attribution::unknown(),
            hive_path: hive_path.to_owned(),
            status,
            reason,
            base_block: None,
            state: None,
            root_name: None,
            logs: Vec::new(),
            size: None,
            modified: None,
            tail: 0,
            cells_read: 0,
            inputs: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// The row of a file that was passed over when folders were searched.
    pub fn passed_over(passed: &PassedOver) -> Self {
        let status = if passed.failed { Status::Failed } else { Status::Skipped };
        Self::unread(&passed.hive_path, account::host(&passed.hive_path), status, passed.reason.clone())
    }

    /// The row of a file that was not looked at.
    pub fn skipped(candidate: &Candidate, why: &str) -> Self {
        Self::of(candidate, Status::Skipped, why.to_owned())
    }

    /// The row of a file of which nothing is known but its path.
    fn of(candidate: &Candidate, status: Status, reason: String) -> Self {
        Self { status, reason, ..Self::begun(candidate) }.known_by_path()
    }

    /// The row of a file that is about to be read: failed, unless more is said of it.
    fn begun(candidate: &Candidate) -> Self {
        let host = candidate.host.as_deref().map(str::to_owned);
        let new = Self::new(&candidate.hive_path, host, Status::Failed, String::new());
        Self { evidence_id: candidate.evidence_id(), ..new }
    }

    /// Says of the account what the path tells.
    fn known_by_path(self) -> Self {
        Self { account: Attribution::by_path(&self.hive_path), ..self }
    }

    fn not_opened(mut self, links: Links, error: &SourceError) -> Self {
        // What a folder holds may be no file; what was named as one was to be read.
        self.status = match (error, links) {
            (SourceError::NotAFile(_) | SourceError::SymbolicLink, Links::Refuse) => Status::Skipped,
            _ => Status::Failed,
        };
        self.reason = error.to_string();
        self
    }

    /// Says how much was read, now that it was.
    fn settled(mut self, source: &HiveSource) -> Self {
        let lost: Vec<_> =
            self.problems.kept().iter().filter(|problem| problem.error.costs_facts()).collect();
        let changed = source.has_changed().unwrap_or(true);
        (self.status, self.reason) = match (changed, lost.first()) {
            (true, _) => (Status::Partial, "changed while read".to_owned()),
            (false, None) => (Status::Parsed, String::new()),
            (false, Some(first)) => {
                let more = self.problems.total().saturating_sub(1);
                let more = if more == 0 { String::new() } else { format!(" (and {more} more problems)") };
                (Status::Partial, format!("{first}{more}"))
            }
        };
        self
    }

    /// Whether something that is present could not be read.
    pub fn is_failure(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Partial) || self.state == Some(HiveState::Damaged)
    }

    /// SHA-256 of the hive file, where it was asked for.
    pub fn sha256(&self) -> Option<&str> {
        self.inputs.first()?.sha256.as_deref()
    }

    /// The order of rows: by host, then by the bytes of the path.
    pub fn order(&self) -> (Option<&str>, &str) {
        (self.host.as_deref(), &self.hive_path)
    }

    /// The last component of the path.
    pub fn file_name(&self) -> &str {
        Path::new(&self.hive_path).file_name().and_then(|name| name.to_str()).unwrap_or(&self.hive_path)
    }
}
