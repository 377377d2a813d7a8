//! The bytes of one hive, ready to be read: mapped as they are, or in private memory with every change recorded.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::base_block::{BaseBlock, FileKind, HiveState, judge, rebuilt_header};
use super::log::{self, Log, LogEntry, LogFate, LogFault, Page, Plan};
use super::raw::{BASE_BLOCK_SIZE, Bins, CellOffset, Name, key_node_anywhere};
use super::source::{Bytes, HiveSource, Way};
use super::{Error, Offset, Problems, limits};

/// Where a fact was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A record of the hive file itself: live, or live until the transaction logs were applied.
    Primary,
    /// A live record as a transaction log has it, which the hive file has not or otherwise.
    Log,
    /// Bytes of a log that no longer count: of an entry that others replaced, or that was not applied.
    LogRemnant,
    /// A free cell.
    Free,
    /// Unused bytes behind a record in its cell.
    Slack,
    /// An allocated cell to which nothing refers.
    Unreferenced,
    /// Bytes behind the last bin.
    Tail,
}

impl Origin {
    /// All origins, for the documentation of the vocabulary.
    pub const ALL: [Self; 7] =
        [Self::Primary, Self::Log, Self::LogRemnant, Self::Free, Self::Slack, Self::Unreferenced, Self::Tail];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Log => "log",
            Self::LogRemnant => "log-remnant",
            Self::Free => "free",
            Self::Slack => "slack",
            Self::Unreferenced => "unreferenced",
            Self::Tail => "tail",
        }
    }
}

/// Why a hive cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The system refused the bytes.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The bytes are no hive that can be read.
    #[error("{0}")]
    Hive(#[from] Error),
}

/// A transaction log that lies beside a hive.
#[derive(Debug)]
pub struct LogFile {
    /// Its name.
    pub name: Arc<str>,
    /// Its bytes, or why there are none.
    bytes: Result<Bytes, LogFault>,
}

/// Where bytes of a hive really lie, and since when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance {
    /// What the place is.
    pub origin: Origin,
    /// Where in the file: of the hive, or of the log if there is one.
    pub at: Offset,
    /// The log's name, if the bytes lie in one.
    pub log: Option<Arc<str>>,
    /// Sequence number of the log's entry.
    pub sequence: Option<u32>,
}

/// The bytes of a hive and the verdict on its header.
#[derive(Debug)]
pub struct Image {
    bytes: Bytes,
    base_block: Option<BaseBlock>,
    state: HiveState,
    root: CellOffset,
    end: usize,
    logs: Vec<LogFile>,
    replayed: Option<Replayed>,
    fates: Vec<LogFate>,
}

/// What replay changed.
#[derive(Debug)]
struct Replayed {
    /// The hive as its file has it; `None` where that shows no root key.
    before: Option<Box<Image>>,
    pages: Vec<Page>,
    /// For each sector of the hive the last page that replaced it, counted from 1; 0 for none.
    by_sector: Vec<u32>,
}

const SECTOR: usize = 512;

impl Provenance {
    /// A place in the hive file itself.
    pub fn in_hive(origin: Origin, at: Offset) -> Self {
        Self { origin, at, log: None, sequence: None }
    }

    /// The same place as another kind of one: what lies in a free cell is deleted, whichever file has the bytes.
    #[must_use]
    pub fn of_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

impl LogFile {
    /// Reads a log.
    pub fn read(name: &str, source: &HiveSource, way: Way) -> Self {
        let found = source.identity().len;
        let bytes = if found > limits::MAX_LOG_SIZE {
            Err(LogFault::TooLong { limit: limits::MAX_LOG_SIZE, found })
        } else {
            source.bytes(way).map_err(|error| LogFault::Io(error.to_string()))
        };
        Self { name: name.into(), bytes }
    }

    /// Its bytes; `None` where they could not be had.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref().ok()
    }

    /// A log that could not be opened.
    pub fn unreadable(name: &str, why: &str) -> Self {
        Self { name: name.into(), bytes: Err(LogFault::Io(why.to_owned())) }
    }

    fn view(&self) -> Log<'_> {
        Log {
            bytes: self.bytes.as_ref().map_or(&[], |bytes| bytes),
            is_second: self.name.ends_with('2'),
            is_numbered: self.name.ends_with(['1', '2']),
        }
    }
}

impl Image {
    /// Maps or reads the file, applies its transaction logs in private memory if it is dirty, and judges its header. A
    /// header that cannot lead to the root key is replaced in private memory too. What was replaced or refused is added to
    /// the problems.
    pub fn open(
        source: &HiveSource,
        logs: Vec<LogFile>,
        way: Way,
        problems: &mut Problems,
    ) -> Result<Self, ImageError> {
        Self::open_shown(source, logs, way, problems, |_| {})
    }

    /// The same; shows the bytes of the file as they are to `show`, piece by piece, before anything is made of them, so that
    /// these very bytes can be hashed.
    pub fn open_shown(
        source: &HiveSource,
        logs: Vec<LogFile>,
        way: Way,
        problems: &mut Problems,
        show: impl FnMut(&[u8]),
    ) -> Result<Self, ImageError> {
        let found = source.identity().len;
        if found > limits::MAX_HIVE_SIZE {
            // Before any of it is read.
            return Err(Error::TooLong { limit: limits::MAX_HIVE_SIZE, found }.into());
        }
        let bytes = source.bytes_shown(way, show)?;
        let (plan, fates) = planned(&bytes, &logs);
        for (log, fate) in logs.iter().zip(&fates) {
            report(&log.name, fate, plan.applies(), problems);
        }
        let mut image = if plan.applies() {
            if let Some(log) = plan.base_block_from.and_then(|index| logs.get(index)) {
                problems.add(Offset(0), None, Error::BaseBlockFromLog { log: log.name.to_string() });
            }
            Self::replay(source, bytes, plan, &logs, problems)?
        } else {
            Self::of(source, bytes, problems)?
        };
        image.fates = fates;
        image.logs = logs;
        Ok(image)
    }

    /// The image of bytes as they are in the file.
    fn of(source: &HiveSource, mut bytes: Bytes, problems: &mut Problems) -> Result<Self, ImageError> {
        let judged = judge(&bytes, problems)?;
        let stored_root = judged.base_block.as_ref().map(|base_block| base_block.root);
        if stored_root != Some(judged.root) {
            if bytes.private_mut().is_none() {
                bytes = source.private_bytes(&bytes, bytes.len())?;
            }
            lead_to(judged.root, &mut bytes);
        }
        Ok(Self {
            bytes,
            base_block: judged.base_block,
            state: judged.state,
            root: judged.root,
            end: judged.end,
            logs: Vec::new(),
            replayed: None,
            fates: Vec::new(),
        })
    }

    /// The image of a dirty hive with its logs applied. The header is the one in the file.
    fn replay(
        source: &HiveSource,
        original: Bytes,
        plan: Plan,
        logs: &[LogFile],
        problems: &mut Problems,
    ) -> Result<Self, ImageError> {
        let base_block = BaseBlock::read(&original);
        let mut bytes = source.private_bytes(&original, plan.len(original.len()))?;
        let views: Vec<Log<'_>> = logs.iter().map(LogFile::view).collect();
        let by_sector = by_sector(&plan.pages, bytes.len());
        // Most pages of an entry are in the next one again.
        let shows = |number: u32, page: &Page| {
            by_sector.get(sectors(page)).is_some_and(|sectors| sectors.contains(&number))
        };
        plan.apply(bytes.private_mut().unwrap_or_default(), &views, shows);
        let judged = judge(&bytes, problems)?;
        if judged.base_block.as_ref().map(|base_block| base_block.root) != Some(judged.root) {
            lead_to(judged.root, &mut bytes);
        }
        let state = match judged.state {
            HiveState::Clean => HiveState::DirtyReplayed,
            other => other,
        };
        // What is wrong with the hive before replay is no problem once it was replayed.
        let before = Self::of(source, original, &mut Problems::default()).ok();
        let replayed = Replayed { before: before.map(Box::new), pages: plan.pages, by_sector };
        let (root, end) = (judged.root, judged.end);
        let (logs, fates) = (Vec::new(), Vec::new());
        Ok(Self { bytes, base_block, state, root, end, logs, replayed: Some(replayed), fates })
    }

    /// The header as it is in the file; `None` if it is destroyed.
    pub fn base_block(&self) -> Option<&BaseBlock> {
        self.base_block.as_ref()
    }

    /// How far the header vouches for the rest.
    pub fn state(&self) -> HiveState {
        self.state
    }

    /// Where the root key is.
    pub fn root(&self) -> CellOffset {
        self.root
    }

    /// All bytes: those of the file, with its logs applied.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes up to the end of the bins.
    pub fn bins(&self) -> Bins<'_> {
        Bins::new(&self.bytes, self.end)
    }

    /// Bytes behind the last bin.
    pub fn tail(&self) -> &[u8] {
        self.bytes.get(self.bins().bytes().len()..).unwrap_or_default()
    }

    /// What became of each transaction log beside the hive, in their order.
    pub fn log_fates(&self) -> impl Iterator<Item = (&str, &LogFate)> {
        self.logs.iter().map(|log| &*log.name).zip(&self.fates)
    }

    /// The hive as its file has it, where transaction logs were applied; `None` too where the file itself shows no root
    /// key.
    pub fn before_replay(&self) -> Option<&Self> {
        self.replayed.as_ref()?.before.as_deref()
    }

    /// Whether transaction logs were applied.
    pub fn is_replayed(&self) -> bool {
        self.replayed.is_some()
    }

    /// Where `len` bytes at `at` of the hive really lie. Bytes that a log replaced by the same are told to be where they
    /// were; of a record that begins in a replaced page the beginning counts.
    pub fn provenance(&self, at: Offset, len: usize) -> Provenance {
        let in_hive = Provenance::in_hive(Origin::Primary, at);
        let (Some(replayed), Ok(start)) = (&self.replayed, usize::try_from(at.0)) else { return in_hive };
        let number = replayed.by_sector.get(start / SECTOR).copied().unwrap_or(0);
        let page = number.checked_sub(1).and_then(|index| replayed.pages.get(index as usize));
        let Some(page) = page else { return in_hive };
        let range = start..start.saturating_add(len);
        let before = replayed.before.as_ref().and_then(|before| before.bytes.get(range.clone()));
        if before.is_some() && before == self.bytes.get(range) {
            return in_hive;
        }
        Provenance {
            origin: Origin::Log,
            at: Offset((page.at + (start - page.hive)) as u64),
            log: self.logs.get(page.log).map(|log| log.name.clone()),
            sequence: Some(page.sequence),
        }
    }

    /// Whether a page of a file could not be had: everything learnt from the image is to be discarded.
    pub fn failed(&self) -> bool {
        self.bytes.failed()
            || self.before_replay().is_some_and(Self::failed)
            || self.logs.iter().any(|log| log.bytes.as_ref().is_ok_and(Bytes::failed))
    }

    /// Bytes behind the last bin.
    pub fn tail_len(&self) -> u64 {
        self.tail().len() as u64
    }

    /// Length of the file.
    pub fn file_size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Shows the parts of the logs that belong to no entry any more.
    pub fn for_each_remnant(&self, mut show: impl FnMut(&Remnant<'_>)) {
        for log in &self.logs {
            let view = log.view();
            let mut at = SECTOR;
            let entries = log::entries(&view).into_iter().map(|entry| entry.extent());
            let end = view.bytes.len();
            for extent in entries.chain(std::iter::once(end..end)) {
                let bytes = view.bytes.get(at..extent.start).unwrap_or_default();
                if bytes.iter().any(|byte| *byte != 0) {
                    show(&Remnant { bytes, at, log: &log.name });
                }
                at = at.max(extent.end);
            }
        }
    }

    /// Shows what the logs hold of earlier or abandoned states of the hive: for each entry whose pages differ from the
    /// hive as it is, the hive with these pages laid over it; only of entries in which a key of interest changed, by its own
    /// name or that of one above it. Where there are too many, a problem says so and the rest is left out.
    pub fn for_each_past(
        &self,
        of_interest: impl Fn(Name<'_>) -> bool,
        problems: &mut Problems,
        mut show: impl FnMut(&Past<'_>, &mut Problems),
    ) {
        let mut laid_over: Option<Bytes> = None;
        let mut looked_at = 0_usize;
        for log in &self.logs {
            for entry in log::entries(&log.view()) {
                let log_bytes = log.view().bytes;
                if looked_at > limits::MAX_BYTES_OF_PASTS {
                    problems.add(Offset(0), None, Error::TooManyLogEntries { log: log.name.to_string() });
                    return;
                }
                let changed = changed_sectors(&self.bytes, &entry, log_bytes);
                if changed.is_empty() {
                    continue;
                }
                if !self.any_key(&changed, &entry, log_bytes, &of_interest) {
                    continue;
                }
                if laid_over.is_none() {
                    match Bytes::copy_of(&self.bytes, self.bytes.len()) {
                        Ok(copy) => laid_over = Some(copy),
                        Err(error) => {
                            let (log, why) = (log.name.to_string(), error.to_string());
                            problems.add(Offset(0), None, Error::LogEntriesNotSearched { log, why });
                            return;
                        }
                    }
                }
                let Some(scratch) = laid_over.as_mut().and_then(Bytes::private_mut) else { return };
                for page in entry.pages() {
                    let bytes = log_bytes.get(page.at..page.at + page.len).unwrap_or_default();
                    put(scratch, page.hive, bytes);
                }
                let past = Past {
                    bytes: scratch,
                    end: self.end,
                    root: self.root,
                    changed,
                    image: self,
                    entry: &entry,
                    pages: PagesByPlace::of(&entry, self.bytes.len()),
                    log: &log.name,
                };
                looked_at = looked_at.saturating_add(past.bytes.len());
                show(&past, problems);
                for page in entry.pages() {
                    let original = self.bytes.get(page.hive..page.end().min(self.bytes.len()));
                    put(scratch, page.hive, original.unwrap_or_default());
                }
            }
        }
    }

    /// Whether a key in the changed parts of an entry, or one above it, has a name for which `is` holds; live or not.
    fn any_key(
        &self,
        changed: &[Range<usize>],
        entry: &LogEntry<'_>,
        log: &[u8],
        is: impl Fn(Name<'_>) -> bool,
    ) -> bool {
        /// Levels that are looked upwards: MAPI's keys lie at most nine levels deep.
        const LEVELS: usize = 16;

        let pages = PagesByPlace::of(entry, self.bytes.len());
        let key_at = |at: CellOffset| {
            let start = usize::try_from(at.in_file().0).ok()?;
            match pages.at(start) {
                Some(page) => {
                    key_node_anywhere(at, log.get(page.at + (start - page.hive)..page.at + page.len)?)
                }
                None => key_node_anywhere(at, self.bins().bytes().get(start..)?),
            }
        };
        let tells = |start: usize| {
            let mut node = CellOffset::of_file(start).and_then(key_at);
            for _ in 0..LEVELS {
                match node {
                    Some(key) if is(key.name()) => return true,
                    Some(key) => node = key_at(key.parent()),
                    None => return false,
                }
            }
            false
        };
        changed.iter().any(|range| {
            let bytes_at = |start: usize| {
                let page = pages.at(start)?;
                let bytes = log.get(page.at..page.at + page.len)?.get(start - page.hive..)?;
                Some(bytes.get(..range.end - start).unwrap_or(bytes))
            };
            let mut start = range.start;
            while let Some(bytes) = bytes_at(start).filter(|bytes| !bytes.is_empty()) {
                let mut keys = bytes
                    .chunks_exact(8)
                    .zip((start..).step_by(8))
                    .filter(|(cell, _)| matches!(cell, [_, _, _, _, b'n', b'k', ..]));
                if keys.any(|(_, start)| tells(start)) {
                    return true;
                }
                start += bytes.len();
            }
            false
        })
    }
}

/// What is left in a log of entries that were overwritten.
#[derive(Debug)]
pub struct Remnant<'p> {
    /// The bytes.
    pub bytes: &'p [u8],
    at: usize,
    log: &'p Arc<str>,
}

impl Remnant<'_> {
    /// Where a byte of it lies in the log.
    pub fn provenance(&self, offset: usize) -> Provenance {
        Provenance {
            origin: Origin::LogRemnant,
            at: Offset((self.at + offset) as u64),
            log: Some(Arc::clone(self.log)),
            sequence: None,
        }
    }
}

/// The hive with the pages of one log entry laid over it: what the entry's moment looked like, as far as the other pages
/// have not changed since.
#[derive(Debug)]
pub struct Past<'p> {
    bytes: &'p [u8],
    end: usize,
    root: CellOffset,
    changed: Vec<Range<usize>>,
    image: &'p Image,
    entry: &'p LogEntry<'p>,
    pages: PagesByPlace,
    log: &'p Arc<str>,
}

impl Past<'_> {
    /// The bytes up to the end of the bins.
    pub fn bins(&self) -> Bins<'_> {
        Bins::new(self.bytes, self.end)
    }

    /// Where the root key is.
    pub fn root(&self) -> CellOffset {
        self.root
    }

    /// The parts of the entry's pages that differ from the hive as it is, as places in the hive.
    pub fn changed(&self) -> &[Range<usize>] {
        &self.changed
    }

    /// Whether the hash over the entry's pages matches; where not, the entry was torn, and some of its bytes may be those of
    /// an earlier one.
    pub fn is_intact(&self) -> bool {
        self.entry.is_intact()
    }

    /// Sequence number of the entry.
    pub fn sequence(&self) -> u32 {
        self.entry.sequence
    }

    /// Where `len` bytes at a place of the hive lie: in the log, if the entry has them, otherwise where the hive has them.
    pub fn provenance(&self, at: Offset, len: usize) -> Provenance {
        let start = usize::try_from(at.0).unwrap_or(usize::MAX);
        match self.pages.at(start) {
            Some(page) => Provenance {
                origin: Origin::LogRemnant,
                at: Offset((page.at + (start - page.hive)) as u64),
                log: Some(Arc::clone(self.log)),
                sequence: Some(self.entry.sequence),
            },
            None => self.image.provenance(at, len),
        }
    }
}

/// The pages of an entry in the order of the hive: of pages over each other, which no writer makes, the parts that are seen
/// once all are laid over the hive, and of pages that reach behind its end, none.
#[derive(Debug)]
struct PagesByPlace(Vec<Page>);

impl PagesByPlace {
    fn of(entry: &LogEntry<'_>, hive_len: usize) -> Self {
        let fitting = entry.pages().iter().filter(|page| page.end() <= hive_len);
        let mut sectors: Vec<Page> = fitting.flat_map(sectors_of).collect();
        // The order of equal places is kept, so that the page that is laid last is the last.
        sectors.sort_by_key(|sector| sector.hive);
        let mut seen: Vec<Page> = Vec::new();
        for same_place in sectors.chunk_by(|one, other| one.hive == other.hive) {
            let Some(sector) = same_place.last() else { continue };
            match seen.last_mut() {
                Some(last) if last.end() == sector.hive && last.at + last.len == sector.at => {
                    last.len += SECTOR;
                }
                _ => seen.push(*sector),
            }
        }
        Self(seen)
    }

    /// The page that has a byte of the hive.
    fn at(&self, start: usize) -> Option<&Page> {
        let after = self.0.partition_point(|page| page.hive <= start);
        self.0.get(after.checked_sub(1)?).filter(|page| start < page.end())
    }
}

fn sectors_of(page: &Page) -> impl Iterator<Item = Page> {
    let page = *page;
    (0..page.len).step_by(SECTOR).map(move |at| Page {
        hive: page.hive + at,
        at: page.at + at,
        len: SECTOR,
        ..page
    })
}

/// What the logs would make of the hive; logs that could not be read have their fate already.
fn planned(file: &[u8], logs: &[LogFile]) -> (Plan, Vec<LogFate>) {
    if FileKind::of(file, file.get(BASE_BLOCK_SIZE..).unwrap_or_default()) != FileKind::Hive {
        return (Plan::default(), logs.iter().map(|_| LogFate::NotNeeded).collect());
    }
    let views: Vec<Log<'_>> = logs.iter().map(LogFile::view).collect();
    let mut plan = log::plan(file, &views);
    let fates = std::mem::take(&mut plan.fates);
    let fates = logs.iter().zip(fates).map(|(log, fate)| match &log.bytes {
        Err(fault) if fate != LogFate::NotNeeded => LogFate::Refused(fault.clone()),
        _ => fate,
    });
    let fates = fates.collect();
    (plan, fates)
}

/// Adds to the problems what is wrong with a log that matters.
fn report(name: &str, fate: &LogFate, any_applied: bool, problems: &mut Problems) {
    let (fault, refused) = match fate {
        LogFate::Applied { ended: Some(fault), .. } => (fault, false),
        LogFate::Refused(fault) => (fault, true),
        // Old entries beside those that were applied are normal; where none were, the hive stays as it was.
        LogFate::Stale(fault) if !any_applied && *fault != LogFault::AnotherIsUsed => (fault, true),
        _ => return,
    };
    problems.push(super::Problem {
        at: None,
        key_path: None,
        error: Error::Log { log: name.to_owned(), fault: fault.clone(), refused },
    });
}

/// Puts a header in place that leads to the root.
fn lead_to(root: CellOffset, bytes: &mut Bytes) {
    put(bytes.private_mut().unwrap_or_default(), 0, &rebuilt_header(root));
}

/// For each sector of the hive the number of the page that it is of in the end, counted from 1; 0 of one that no log has.
fn by_sector(pages: &[Page], len: usize) -> Vec<u32> {
    let mut by_sector = vec![0; len.div_ceil(SECTOR)];
    for (page, number) in pages.iter().zip(1_u32..) {
        if let Some(range) = by_sector.get_mut(sectors(page)) {
            range.fill(number);
        }
    }
    by_sector
}

/// The sectors of the hive that a page replaces.
fn sectors(page: &Page) -> Range<usize> {
    page.hive / SECTOR..page.end() / SECTOR
}

/// The sectors of an entry's pages that are not as the hive has them, those of one page that follow each other joined.
fn changed_sectors(hive: &[u8], entry: &LogEntry<'_>, log: &[u8]) -> Vec<Range<usize>> {
    let mut changed: Vec<Range<usize>> = Vec::new();
    for page in entry.pages() {
        let now = hive.get(page.hive..page.end());
        let then = log.get(page.at..page.at + page.len);
        let (Some(now), Some(then)) = (now, then) else { continue };
        if now == then {
            continue;
        }
        let of_earlier_pages = changed.len();
        for (index, (now, then)) in now.chunks(SECTOR).zip(then.chunks(SECTOR)).enumerate() {
            let start = page.hive + index * SECTOR;
            // A record that begins in the sector before may reach into this one.
            let from = start.saturating_sub(SECTOR).max(page.hive);
            let of_this_page = changed.get_mut(of_earlier_pages..).unwrap_or_default();
            match of_this_page.last_mut() {
                _ if now == then => {}
                Some(last) if last.end >= from => last.end = start + SECTOR,
                _ => changed.push(from..start + SECTOR),
            }
        }
    }
    changed
}

fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = into.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}
