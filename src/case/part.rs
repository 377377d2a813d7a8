//! A part: the streams of some groups of hives in one folder, with an index that says which bytes are whose, so that parts
//! can be joined, and gone on with after an interruption, without reading a hive again.
//!
//! ```text
//! PART/
//!   settings.json     how hives were read and judged
//!   findings.csv ...  the streams
//!   index.jsonl       one line a group, written when its bytes are on the disk
//!   part.json         the closing record, written last: without it the part is not whole
//! ```

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::{CaseError, read_error, write_error};
use super::streams::{Added, Stream};
use crate::report::Summary;
use crate::scan::GroupKey;
use crate::wintypes::hex;

const SETTINGS: &str = "settings.json";
const INDEX: &str = "index.jsonl";
const RECORD: &str = "part.json";
/// The file that holds a folder for one run.
pub(super) const LOCK: &str = ".lock";

/// How hives were read and judged, as names and values; parts with other settings are not joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings(pub BTreeMap<String, String>);

impl Settings {
    /// The names of settings in which two differ.
    pub fn differences<'s>(&'s self, other: &'s Self) -> Vec<&'s str> {
        let names = self.0.keys().chain(other.0.keys());
        let mut names: Vec<&str> =
            names.filter(|name| self.0.get(*name) != other.0.get(*name)).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A line of the index: a group and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The group.
    pub group: GroupKey,
    /// Hash of what its files were: paths, sizes, times of change, inodes.
    pub fingerprint: String,
    /// Rows of the coverage table.
    pub units: u64,
    /// Those of them that make the exit code 3.
    pub unread: u64,
    /// Its share of the summary.
    pub summary: Summary,
    /// Bytes of each stream, in the order of [`Stream::ALL`].
    pub lengths: Vec<u64>,
    /// SHA-256 of this line without it, and of those bytes: when either was changed later, it no longer fits.
    pub check: String,
}

impl Entry {
    /// What `check` has to be, by the SHA-256 of the bytes of each stream.
    fn expected_check(&self, digests: impl IntoIterator<Item = [u8; 32]>) -> io::Result<String> {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&Self { check: String::new(), ..self.clone() })?);
        digests.into_iter().for_each(|digest| hash.update(digest));
        Ok(hex(&hash.finalize()))
    }
}

/// The closing record of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Groups in the index.
    pub groups: u64,
    /// Rows of the coverage table.
    pub units: u64,
    /// Which shard of how many, as it was asked for.
    pub shard: Option<String>,
    /// Whether any hive was found when folders were searched.
    pub any_hive: bool,
    /// Files in folders that are neither hives nor logs.
    pub other_files: u64,
}

/// A part that is being written.
#[derive(Debug)]
pub struct PartWriter {
    folder: PathBuf,
    streams: Vec<(PathBuf, BufWriter<File>)>,
    index: (PathBuf, File),
    /// Lines of groups whose bytes may not be on the disk yet.
    pending: Vec<u8>,
    /// Bytes of the group that is being added.
    lengths: Vec<u64>,
    /// Their hashes.
    hashes: Vec<Sha256>,
    saved: Instant,
    record: Record,
    _lock: File,
}

impl PartWriter {
    /// How often what was written is brought to the disk.
    const SAVED_EVERY: Duration = Duration::from_secs(5);

    /// Begins a part in a new or empty folder.
    pub fn begin(folder: &Path, settings: &Settings) -> Result<Self, CaseError> {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
                return Err(write_error(folder)(error));
            }
            _ => {}
        }
        let lock = lock(folder)?;
        write_json(&folder.join(SETTINGS), settings)?;
        let create = |name: &str| {
            let path = folder.join(name);
            let file =
                OpenOptions::new().write(true).create_new(true).open(&path).map_err(write_error(&path))?;
            Ok::<_, CaseError>((path, file))
        };
        let mut streams = Vec::new();
        for stream in Stream::ALL {
            let (path, file) = create(stream.file())?;
            let mut file = BufWriter::with_capacity(64 << 10, file);
            file.write_all(&stream.header()).map_err(write_error(&path))?;
            streams.push((path, file));
        }
        Ok(Self {
            folder: folder.to_owned(),
            streams,
            index: create(INDEX)?,
            pending: Vec::new(),
            lengths: vec![0; Stream::ALL.len()],
            hashes: vec![Sha256::new(); Stream::ALL.len()],
            saved: Instant::now(),
            record: Record::default(),
            _lock: lock,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds what a hive of the current group adds.
    pub fn add(&mut self, added: &Added) -> Result<(), CaseError> {
        let told = self.lengths.iter_mut().zip(&mut self.hashes);
        for ((stream, (path, file)), (length, hash)) in Stream::ALL.iter().zip(&mut self.streams).zip(told) {
            let bytes = added.of(*stream);
            file.write_all(bytes).map_err(write_error(path))?;
            *length += bytes.len() as u64;
            hash.update(bytes);
        }
        Ok(())
    }

    /// Ends the current group; lengths and check of `entry` are filled in.
    pub fn end_group(&mut self, mut entry: Entry) -> Result<(), CaseError> {
        entry.lengths = std::mem::replace(&mut self.lengths, vec![0; Stream::ALL.len()]);
        let digests = self.hashes.iter_mut().map(|hash| hash.finalize_reset().into());
        entry.check = entry.expected_check(digests).map_err(write_error(&self.index.0))?;
        self.add_line(&entry)
    }

    fn add_line(&mut self, entry: &Entry) -> Result<(), CaseError> {
        self.record.groups += 1;
        self.record.units = self.record.units.saturating_add(entry.units);
        let line = serde_json::to_vec(entry).map_err(io::Error::from).map_err(write_error(&self.index.0))?;
        self.pending.extend(line);
        self.pending.push(b'\n');
        if self.saved.elapsed() >= Self::SAVED_EVERY {
            self.save()?;
        }
        Ok(())
    }

    /// Adds a group of another part as it is, if nobody changed it there.
    pub fn copy(&mut self, from: &PartReader, located: &Located) -> Result<(), CaseError> {
        let no_part = |why: String| CaseError::NoPart { folder: from.folder.clone(), why };
        let mut digests: Vec<[u8; 32]> = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        for ((stream, (path, file)), (at, length)) in
            Stream::ALL.iter().zip(&mut self.streams).zip(located.at.iter().zip(&located.entry.lengths))
        {
            let mut hash = Sha256::new();
            if *length > 0 {
                let source = from.folder.join(stream.file());
                let mut bytes = File::open(&source).map_err(read_error(&source))?;
                bytes.seek(SeekFrom::Start(*at)).map_err(read_error(&source))?;
                let mut bytes = bytes.take(*length);
                loop {
                    let count = bytes.read(&mut buffer).map_err(read_error(&source))?;
                    let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
                    hash.update(chunk);
                    file.write_all(chunk).map_err(write_error(path))?;
                }
                if bytes.limit() > 0 {
                    return Err(no_part(format!("{} is shorter than the index says", stream.file())));
                }
            }
            digests.push(hash.finalize().into());
        }
        let entry = &located.entry;
        if entry.expected_check(digests).map_err(read_error(&from.folder))? != entry.check {
            let group = &entry.group;
            return Err(no_part(format!(
                "the rows or the index line of {group} were changed after they were written"
            )));
        }
        self.add_line(entry)
    }

    /// Brings everything to the disk, the bytes before the lines that tell of them.
    pub fn save(&mut self) -> Result<(), CaseError> {
        for (path, file) in &mut self.streams {
            file.flush().and_then(|()| file.get_ref().sync_data()).map_err(write_error(path))?;
        }
        let (path, index) = &mut self.index;
        index.write_all(&self.pending).and_then(|()| index.sync_data()).map_err(write_error(path))?;
        self.pending.clear();
        self.saved = Instant::now();
        Ok(())
    }

    /// Closes a part that is whole.
    pub fn finish(
        mut self,
        shard: Option<String>,
        any_hive: bool,
        other_files: u64,
    ) -> Result<Record, CaseError> {
        self.save()?;
        let record = Record { shard, any_hive, other_files, ..self.record };
        write_json(&self.folder.join(RECORD), &record)?;
        Ok(record)
    }
}

/// Holds a folder for one run; freed when the process ends, however it ends.
pub(super) fn lock(folder: &Path) -> Result<File, CaseError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(write_error(&path))?;
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => return Err(CaseError::Busy(folder.to_owned())),
        // Some network file systems have no locks; then nobody is kept out.
        Ok(()) | Err(std::fs::TryLockError::Error(_)) => {}
    }
    // A run that has ended removes its lock; whoever opened that file before would hold nothing.
    let held = file.metadata().map_err(read_error(&path))?;
    match std::fs::symlink_metadata(&path) {
        Ok(there) if (there.dev(), there.ino()) == (held.dev(), held.ino()) => Ok(file),
        _ => Err(CaseError::Busy(folder.to_owned())),
    }
}

/// Writes a JSON file that is whole or not there.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), CaseError> {
    write_text(path, &json_text(value).map_err(write_error(path))?)
}

/// A JSON file's text.
pub(super) fn json_text(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Writes a file that is whole or not there.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), CaseError> {
    let mut file = NewFile::create(path)?;
    file.write_all(text.as_bytes()).map_err(write_error(path))?;
    file.publish()
}

/// A file that is there under its name when it is whole, and not before. What an interruption leaves has a name that
/// [`new_name`] tells.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    new: PathBuf,
    file: BufWriter<File>,
}

impl NewFile {
    /// Begins it; what an interrupted run left of it is removed.
    pub(super) fn create(path: &Path) -> Result<Self, CaseError> {
        let new = path.with_file_name(new_name(&path.file_name().unwrap_or_default().to_string_lossy()));
        let create = || {
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            OpenOptions::new().write(true).create_new(true).open(&new)
        };
        let file = BufWriter::new(create().map_err(write_error(path))?);
        Ok(Self { path: path.to_owned(), new, file })
    }

    /// Brings its bytes to the disk.
    pub(super) fn save(&mut self) -> Result<(), CaseError> {
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(write_error(&self.path))
    }

    /// Gives it its name, and brings that to the disk too.
    pub(super) fn publish(mut self) -> Result<(), CaseError> {
        self.save()?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        std::fs::rename(&self.new, &self.path)
            .and_then(|()| File::open(folder.unwrap_or(Path::new(".")))?.sync_all())
            .map_err(write_error(&self.path))
    }
}

impl io::Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The name of a file until it is whole.
pub(super) fn new_name(name: &str) -> String {
    format!("{name}.new")
}

/// Whether a part has a file of this name.
pub(super) fn is_file_of_part(name: &str) -> bool {
    let written_at_once = [SETTINGS, RECORD];
    name == LOCK
        || name == INDEX
        || written_at_once.contains(&name)
        || written_at_once.iter().any(|file| new_name(file) == name)
        || Stream::ALL.iter().any(|stream| stream.file() == name)
}

/// Whether all files of a part are there that its run makes at its beginning.
pub(super) fn is_begun(folder: &Path) -> bool {
    let streams = Stream::ALL.iter().map(|stream| stream.file());
    [SETTINGS, INDEX].into_iter().chain(streams).all(|name| folder.join(name).exists())
}

/// A part that was written.
#[derive(Debug)]
pub struct PartReader {
    folder: PathBuf,
    settings: Settings,
    record: Option<Record>,
}

/// A group of a part.
#[derive(Clone, Debug)]
pub struct Located {
    /// Its line of the index.
    pub entry: Entry,
    /// Where its bytes begin in each stream.
    at: Vec<u64>,
    /// Where its line of the index ends.
    line_end: u64,
}

impl PartReader {
    /// Opens a part that may not be whole.
    pub fn open(folder: &Path) -> Result<Self, CaseError> {
        let no_part = |why: &str| CaseError::NoPart { folder: folder.to_owned(), why: why.to_owned() };
        let settings = read_json(&folder.join(SETTINGS))?
            .ok_or_else(|| no_part("no part of a case: settings.json is missing"))?;
        let record = read_json(&folder.join(RECORD))?;
        Ok(Self { folder: folder.to_owned(), settings, record })
    }

    /// Opens a part that has its closing record: then its files hold what the index tells of, and nothing else.
    pub fn open_whole(folder: &Path) -> Result<Self, CaseError> {
        let part = Self::open(folder)?;
        if part.record.is_none() {
            let why = "its run did not end: part.json, the closing record, is missing".to_owned();
            return Err(CaseError::NoPart { folder: folder.to_owned(), why });
        }
        let mut groups = 0;
        let mut units: u64 = 0;
        let mut ends: Vec<u64> = Stream::ALL.iter().map(|stream| stream.header().len() as u64).collect();
        let mut index_end = 0;
        for located in part.groups()? {
            let Located { entry, at, line_end } = located?;
            groups += 1;
            units = entry.units.saturating_add(units);
            ends = at.iter().zip(&entry.lengths).map(|(at, length)| at.saturating_add(*length)).collect();
            index_end = line_end;
        }
        let record = part.record();
        if (groups, units) != (record.groups, record.units) {
            let why = format!(
                "the closing record counts {} groups and {} files, the index {groups} and {units}",
                record.groups, record.units
            );
            return Err(CaseError::NoPart { folder: folder.to_owned(), why });
        }
        part.check_files(&ends, index_end)?;
        Ok(part)
    }

    /// Looks whether each stream begins with its header and ends, as the index does, where the last group does.
    fn check_files(&self, ends: &[u64], index_end: u64) -> Result<(), CaseError> {
        let changed = |name: &str, what: &str| {
            let why = format!("{name} was changed after it was written: {what}");
            Err(CaseError::NoPart { folder: self.folder.clone(), why })
        };
        let streams =
            Stream::ALL.iter().zip(ends).map(|(stream, end)| (stream.file(), stream.header(), *end));
        for (name, header, end) in streams.chain([(INDEX, Vec::new(), index_end)]) {
            let path = self.folder.join(name);
            let len = regular(&path).map_err(read_error(&path))?.len();
            if len != end {
                return changed(name, &format!("it has {len} bytes, of which the index tells of {end}"));
            }
            let mut found = vec![0; header.len()];
            let read = File::open(&path).and_then(|file| file.read_exact_at(&mut found, 0));
            read.map_err(read_error(&path))?;
            if found != header {
                return changed(name, "it begins with another header");
            }
        }
        Ok(())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How its hives were read and judged.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its closing record; an empty one where it has none.
    pub fn record(&self) -> Record {
        self.record.clone().unwrap_or_default()
    }

    /// Its groups in their order. A last line that was not written to its end, and lines whose bytes are not there, are those of
    /// an interruption: they end the list.
    pub fn groups(&self) -> Result<impl Iterator<Item = Result<Located, CaseError>>, CaseError> {
        let path = self.folder.join(INDEX);
        regular(&path).map_err(read_error(&path))?;
        let mut sizes = Vec::new();
        for stream in Stream::ALL {
            let path = self.folder.join(stream.file());
            sizes.push(regular(&path).map_err(read_error(&path))?.len());
        }
        let mut at: Vec<u64> = Stream::ALL.iter().map(|stream| stream.header().len() as u64).collect();
        let mut lines = Lines { path, at: 0 };
        let mut last: Option<GroupKey> = None;
        Ok(std::iter::from_fn(move || {
            let line = match lines.next() {
                Ok(line) => line?,
                Err(source) => return Some(Err(CaseError::Read { path: lines.path.clone(), source })),
            };
            let entry: Entry = serde_json::from_slice(&line).ok()?;
            let ends: Vec<u64> =
                at.iter().zip(&entry.lengths).map(|(at, length)| at.saturating_add(*length)).collect();
            if entry.lengths.len() != sizes.len() || ends.iter().zip(&sizes).any(|(end, size)| end > size) {
                return None;
            }
            if last.as_ref().is_some_and(|last| *last >= entry.group) {
                let why = format!("{INDEX} is not in the order of rows");
                return Some(Err(CaseError::NoPart { folder: self.folder.clone(), why }));
            }
            last = Some(entry.group.clone());
            Some(Ok(Located { entry, at: std::mem::replace(&mut at, ends), line_end: lines.at }))
        }))
    }

    /// Keeps of each stream what the index tells of, so that nothing stands behind it; where that ends is given back.
    pub fn cut(&self) -> Result<(), CaseError> {
        let mut ends: Vec<u64> = Stream::ALL.iter().map(|stream| stream.header().len() as u64).collect();
        for located in self.groups()? {
            let Located { entry, at, .. } = located?;
            ends = at.iter().zip(&entry.lengths).map(|(at, length)| at + length).collect();
        }
        for (stream, end) in Stream::ALL.iter().zip(ends) {
            let path = self.folder.join(stream.file());
            let file = OpenOptions::new().write(true).open(&path).map_err(write_error(&path))?;
            file.set_len(end).map_err(write_error(&path))?;
        }
        Ok(())
    }
}

/// The lines of an index. Between two of them no file is open: thousands of parts are joined at once.
struct Lines {
    path: PathBuf,
    at: u64,
}

impl Lines {
    /// The next line; none where no line feed comes any more.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        /// Bytes read at once; most lines are shorter.
        const CHUNK: usize = 4 << 10;
        /// The longest line: a host with a thousand accounts has some hundred kilobytes.
        const LONGEST: usize = 64 << 20;

        let file = File::open(&self.path)?;
        let (mut line, mut chunk) = (Vec::new(), [0; CHUNK]);
        while line.len() < LONGEST {
            let count = file.read_at(&mut chunk, self.at + line.len() as u64)?;
            let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else { return Ok(None) };
            let end = read.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(end.and_then(|end| read.get(..end)).unwrap_or(read));
            if end.is_some() {
                self.at += line.len() as u64 + 1;
                return Ok(Some(line));
            }
        }
        Err(io::Error::other(format!("a line is longer than {LONGEST} bytes")))
    }
}

/// Looks at a file that has to be a regular one: opening a pipe would wait for ever.
fn regular(path: &Path) -> io::Result<std::fs::Metadata> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_file() { Ok(metadata) } else { Err(io::Error::other("not a regular file")) }
}

/// Reads a JSON file, if it is there.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, CaseError> {
    /// The manifest of a case with a table for each of a hundred thousand accounts has some twenty megabytes.
    const LONGEST: u64 = 256 << 20;

    let read = || {
        match regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            checked => checked?,
        };
        Ok(Some(serde_json::from_reader(BufReader::new(File::open(path)?).take(LONGEST))?))
    };
    read().map_err(read_error(path))
}
