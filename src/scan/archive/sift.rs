//! What of an archive is to be read: as of a folder, every entry that is, claims to be or may be a hive becomes a candidate,
//! what cannot be looked at a row, everything else is counted.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::discover::{
    Candidate, Discovered, NO_HIVE, is_hive_name, log_stem, logs_of, opened_at, path_text,
};
use super::entry::{Entry, Kind, Visitor, fill, read_whole};
use super::fault::Fault;
use super::format::{Format, HEAD};
use super::held::{Archive, Group, Held};
use super::{Inside, Member, limits, names, path_of, walk};
use crate::account::{self, archive_stem};
use crate::hive::{FileKind, HiveSource, Links};

/// Looks through a file, if it is an archive; tells whether it is.
pub(super) fn sift(path: &Path, links: Links, source: &HiveSource, found: &mut Discovered) -> bool {
    let head = source.read_at(0, HEAD).unwrap_or_default();
    let Some(format) = Format::of(&head).or_else(|| Format::of_end(source)) else { return false };
    let text = path_text(path);
    if found.archives.contains_key(&text) {
        return true;
    }
    let before = found.rows();
    let mut sift =
        Sift { found, layers: vec![Layer::new(text.clone(), 0)], ready: Vec::new(), entries: 0, hives: 0 };
    let walked = walk::file(source, format, names::file_name(&text), &mut sift);
    let is_same = source.has_changed().is_ok_and(|has_changed| !has_changed);
    sift.settle(if is_same { walked } else { Err(Fault::Changed) });
    let ready = std::mem::take(&mut sift.ready);
    let archive = Archive {
        path: path.to_owned(),
        links,
        identity: source.identity(),
        format,
        shelf: Arc::clone(&found.shelf),
        groups: Mutex::default(),
    };
    add_candidates(ready, archive, found);
    found.archives.insert(text, found.rows() > before);
    true
}

/// An archive, or one in it, while its entries are shown.
struct Layer {
    /// What it is called in every table.
    text: String,
    /// The first of the hives that are ready when it begins.
    first: usize,
    hives: Vec<Hive>,
    logs: Vec<Log>,
    /// Entries that cannot be looked at and are not named as hives or logs.
    unread: u64,
    /// What is wrong with it.
    faults: Vec<String>,
}

/// A hive that was found.
struct Hive {
    path: String,
    file: File,
    logs: Vec<(String, Result<File, Fault>)>,
}

/// A file that was found, and its bytes if they were read.
struct File {
    member: Member,
    /// Bytes that it is said to have.
    size: u64,
    held: Option<Held>,
}

/// A log, or what is named as one.
struct Log {
    path: String,
    file: Result<File, Fault>,
    /// Whether its first bytes are those of a log.
    has_signature: bool,
}

struct Sift<'f> {
    found: &'f mut Discovered,
    layers: Vec<Layer>,
    ready: Vec<Hive>,
    /// Entries so far.
    entries: u64,
    /// Bytes of all hives and logs so far.
    hives: u64,
}

impl Layer {
    fn new(text: String, first: usize) -> Self {
        Self { text, first, hives: Vec::new(), logs: Vec::new(), unread: 0, faults: Vec::new() }
    }
}

impl Visitor for Sift<'_> {
    fn wants(&self, _: &[u32]) -> bool {
        self.entries <= limits::MAX_ENTRIES
    }

    fn visit(&mut self, entry: Entry<'_>) -> ControlFlow<()> {
        self.entries += 1;
        if self.entries > limits::MAX_ENTRIES {
            // The rest is passed over, for what is compressed has its checksum at its end.
            self.layer(|layer| {
                layer.faults.push(Fault::TooManyEntries(limits::MAX_ENTRIES).to_string());
            });
        } else {
            self.look_at(entry);
        }
        ControlFlow::Continue(())
    }
}

impl Sift<'_> {
    fn look_at(&mut self, entry: Entry<'_>) {
        let path = names::inside(self.archive(), &entry.name);
        let name = names::file_name(&path).to_owned();
        let is_hive = is_hive_name(OsStr::new(&name));
        let is_log_name = log_stem(&name).is_some();
        let why_not = match &entry.kind {
            Kind::Folder => return,
            Kind::File => None,
            Kind::SymbolicLink => Some("a symbolic link, which is not followed inside an archive".to_owned()),
            Kind::HardLink(target) => {
                Some(format!("a hard link to {target}, which has the bytes in the archive"))
            }
            Kind::Special => Some("not a regular file".to_owned()),
        };
        if let Some(why) = why_not {
            match (is_hive, is_log_name) {
                (true, _) => self.found.skip_text(path, &why),
                (_, true) => self.log(path, Err(Fault::Structure(why)), false),
                (false, false) => self.found.add_other_text(&path),
            }
            return;
        }
        let content = match entry.content {
            Ok(content) => content,
            Err(fault) => return self.unread(path, fault),
        };
        let mut head = [0; 4100];
        let head = match fill(content, &mut head) {
            Ok(count) => head.get(..count).unwrap_or_default(),
            Err(error) => return self.unread(path, error.into()),
        };
        let kind = FileKind::of(head, head.get(4096..).unwrap_or_default());
        let member = Member { place: entry.place, direct: entry.direct, modified: entry.modified };
        let whole = &mut head.chain(content);
        match kind {
            _ if is_hive => self.hive(path, member, entry.size, whole),
            FileKind::Hive | FileKind::Windows9x => self.hive(path, member, entry.size, whole),
            FileKind::TransactionLog => {
                let file = self.take(member, entry.size, whole);
                self.log(path, file, true);
            }
            FileKind::Other if is_log_name => {
                let file = self.take(member, entry.size, whole);
                self.log(path, file, false);
            }
            FileKind::Other => match Format::of(head.get(..HEAD).unwrap_or(head)) {
                Some(format) if archive_stem(&name).is_some() => {
                    self.inner(path, &name, format, &member.place, whole);
                }
                _ => self.found.add_other_text(&path),
            },
        }
    }

    fn hive(&mut self, path: String, member: Member, size: Option<u64>, content: &mut dyn std::io::Read) {
        match self.take(member, size, content) {
            Ok(file) => {
                self.layer(|layer| layer.hives.push(Hive { path, file, logs: Vec::new() }));
            }
            Err(fault) => self.found.fail_text(path, &fault.to_string()),
        }
    }

    fn log(&mut self, path: String, file: Result<File, Fault>, has_signature: bool) {
        self.layer(|layer| layer.logs.push(Log { path, file, has_signature }));
    }

    /// Takes a hive or log: its bytes too if they could only be had again by unpacking what lies before them, and if there
    /// is room.
    fn take(
        &mut self,
        member: Member,
        size: Option<u64>,
        content: &mut dyn std::io::Read,
    ) -> Result<File, Fault> {
        let said = size.unwrap_or(0);
        if said > limits::MAX_ENTRY_BYTES {
            return Err(Fault::TooLong(limits::MAX_ENTRY_BYTES, "a hive or log in an archive"));
        }
        self.hives = self.hives.saturating_add(said);
        if self.hives > limits::MAX_HIVES_OF_ARCHIVE {
            return Err(Fault::TooLong(limits::MAX_HIVES_OF_ARCHIVE, "all hives of an archive"));
        }
        let mut held = None;
        if member.direct.is_none() && self.found.shelf.has_room(said) {
            held = self.found.shelf.hold(&Arc::new(read_whole(content)?));
        }
        Ok(File { member, size: said, held })
    }

    /// Looks through an archive in this one.
    fn inner(
        &mut self,
        path: String,
        name: &str,
        format: Format,
        place: &[u32],
        content: &mut dyn std::io::Read,
    ) {
        if self.layers.len() >= limits::MAX_NESTING {
            return self.found.fail_text(path, &Fault::TooDeep(self.layers.len()).to_string());
        }
        self.layers.push(Layer::new(path, self.ready.len()));
        let walked = walk::inner(content, format, place, name, self);
        self.settle(walked);
    }

    /// An entry that cannot be looked at. It has a row as an unreadable file of a folder has.
    fn unread(&mut self, path: String, fault: Fault) {
        let name = names::file_name(&path);
        if log_stem(name).is_some() {
            return self.log(path, Err(fault), true);
        }
        let mut is_told = is_hive_name(OsStr::new(name));
        self.layer(|layer| {
            if !is_told {
                layer.unread += 1;
                is_told = layer.unread <= limits::MAX_UNREAD_TOLD;
            }
        });
        if is_told {
            self.found.fail_text(path, &fault.to_string());
        }
    }

    /// Ends the archive that was looked through: gives each hive its logs, and tells what was wrong.
    fn settle(&mut self, walked: Result<(), Fault>) {
        let Some(mut layer) = self.layers.pop() else { return };
        if let Err(fault) = walked {
            layer.faults.insert(0, fault.to_string());
            if fault.spoils() {
                self.spoil(&mut layer, &fault);
            }
        }
        if let Some(more) = layer.unread.checked_sub(limits::MAX_UNREAD_TOLD).filter(|more| *more > 0) {
            layer.faults.push(format!("{more} further entries could not be looked at"));
        }
        only_last(&mut layer.hives, |hive| &hive.path, &mut layer.faults);
        only_last(&mut layer.logs, |log| &log.path, &mut layer.faults);
        self.pair_logs(&mut layer);
        self.ready.append(&mut layer.hives);
        if !layer.faults.is_empty() {
            let told: Vec<&str> =
                layer.faults.iter().take(limits::MAX_FAULTS_TOLD).map(String::as_str).collect();
            let more = layer.faults.len() - told.len();
            let more = if more == 0 { String::new() } else { format!(" (and {more} more problems)") };
            self.found.fail_text(layer.text, &format!("the archive: {}{more}", told.join("; ")));
        }
    }

    /// Nothing that was unpacked of damaged bytes is believed.
    fn spoil(&mut self, layer: &mut Layer, fault: &Fault) {
        let reason = format!("in an archive that is not whole: {fault}");
        let ready = self.ready.drain(layer.first.min(self.ready.len())..);
        for hive in ready.chain(layer.hives.drain(..)) {
            self.found.fail_text(hive.path, &reason);
        }
        for log in &mut layer.logs {
            log.file = Err(fault.clone());
        }
    }

    /// Gives each hive its logs, whatever their letter case; a log without a hive gets a row of its own.
    fn pair_logs(&mut self, layer: &mut Layer) {
        // By folder and, in lower case, the name of the hive: a folder may have a hundred thousand logs.
        let mut by_hive: BTreeMap<(String, String), BTreeMap<String, Log>> = BTreeMap::new();
        let key = |path: &str, hive: &str| (names::folder(path).to_owned(), hive.to_ascii_lowercase());
        for log in layer.logs.drain(..) {
            let name = names::file_name(&log.path).to_owned();
            let key = key(&log.path, log_stem(&name).unwrap_or(&name));
            by_hive.entry(key).or_default().insert(name, log);
        }
        for hive in &mut layer.hives {
            let name = names::file_name(&hive.path);
            let Some(beside) = by_hive.get_mut(&key(&hive.path, name)) else { continue };
            let all: Vec<String> = beside.keys().cloned().collect();
            for name in logs_of(OsStr::new(name), &all) {
                hive.logs.extend(beside.remove(&name).map(|log| (name, log.file)));
            }
        }
        for log in by_hive.into_values().flat_map(BTreeMap::into_values) {
            match (log.has_signature, log.file) {
                (true, Err(fault)) => self.found.fail_text(log.path, &fault.to_string()),
                (true, Ok(_)) => self.found.skip_text(log.path, NO_HIVE),
                // What merely ends like a log is none.
                (false, _) => self.found.add_other_text(&log.path),
            }
        }
    }

    fn archive(&self) -> &str {
        self.layers.last().map_or("", |layer| &layer.text)
    }

    fn layer(&mut self, change: impl FnOnce(&mut Layer)) {
        if let Some(layer) = self.layers.last_mut() {
            change(layer);
        }
    }
}

/// Of entries with one name the last is read, which unpacking would leave; that there are others is told.
fn only_last<T>(entries: &mut Vec<T>, name: impl Fn(&T) -> &String, faults: &mut Vec<String>) {
    let mut last: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let (place, count) = last.entry(name(entry).clone()).or_default();
        *place = at;
        *count += 1;
    }
    let mut several: Vec<(&String, usize)> =
        last.iter().filter(|(_, (_, count))| *count > 1).map(|(name, (_, count))| (name, *count)).collect();
    several.sort();
    faults.extend(several.into_iter().map(|(path, count)| {
        let name = path.rsplit_once('!').map_or(path.as_str(), |(_, name)| name);
        format!("has {count} entries named {name}, of which only the last was read")
    }));
    let mut at = 0;
    entries.retain(|entry| {
        let is_last = last.get(name(entry)).is_some_and(|(place, _)| *place == at);
        at += 1;
        is_last
    });
}

/// Makes candidates of the hives of an archive, in groups of one host each.
fn add_candidates(mut hives: Vec<Hive>, archive: Archive, found: &mut Discovered) {
    hives.sort_by_cached_key(|hive| (account::host(&hive.path), hive.path.clone()));
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut candidates = Vec::new();
    for hive in hives {
        // What lies nowhere in a Windows volume has nothing in common with others.
        let key = account::collection(&hive.path).unwrap_or_else(|| format!("!{}", hive.path));
        let group = *numbers.entry(key).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group::default());
        }
        let Some(of_host) = groups.get_mut(group) else { continue };
        of_host.waiting += 1;
        let mut keep = |file: File| {
            if file.member.direct.is_none() {
                of_host.streamed.insert(file.member.place.clone(), file.size);
            }
            of_host.held.extend(file.held.map(|held| (file.member.place.clone(), held)));
            file.member
        };
        let member = keep(hive.file);
        let (names, logs): (Vec<String>, Vec<Result<Member, String>>) = hive
            .logs
            .into_iter()
            .map(|(name, log)| (name, log.map(&mut keep).map_err(|fault| fault.to_string())))
            .unzip();
        candidates.push((hive.path, group, member, names, logs));
    }
    let archive = Arc::new(Archive { groups: Mutex::new(groups), ..archive });
    for (hive_path, group, hive, log_names, logs) in candidates {
        let inside = Inside { archive: Arc::clone(&archive), group, hive, logs };
        found.candidates.push(Candidate {
            opened_at: opened_at(&path_of(&hive_path), &hive_path),
            host: found.host_of(&hive_path),
            hive_path,
            links: archive.links,
            logs: log_names.into(),
            looks_like_a_hive: true,
            inside: Some(Arc::new(inside)),
            listed: None,
        });
    }
}
