//! Copies of one hive on one host: which hives they are and in which order they were written, so that nothing is counted
//! once for each of them.
//!
//! Windows keeps copies in `RegBack`, shadow copies and `Windows.old`, and a host may be collected twice. Whether two hives
//! are copies is told by what they hold, never by their paths alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::account::{Basis, Place, Says};
use crate::hive::{BaseBlock, HiveState, LogFate};
use crate::mapi::ProfileState;
use crate::wintypes::{Filetime, Sid, hex};

use super::judge::{HeldProfile, HiveReport};

/// A hive's place among the copies of it that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOf {
    /// The series of the copies: a hash of the host and of what they have in common.
    pub series: String,
    /// Its place in the order in which they were written, from 1 for the oldest.
    pub place: usize,
    /// How many there are.
    pub copies: usize,
    /// How they are known to be copies of one hive, and how their order is known.
    pub basis: String,
    /// The account as the newest copy knows it, a short name for people.
    pub account: String,
    /// What older copies hold and the newest does not; of the newest copy only.
    pub earlier: Option<Earlier>,
}

/// Profiles that older copies of a hive hold and the newest does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The profiles, each as the newest of these copies has it, the newest copy first.
    pub profiles: Vec<EarlierProfile>,
    /// Why they may be in the newest state of the hive all the same.
    pub doubt: Option<String>,
}

/// A profile that the newest copy of a hive does not hold, or of which it only has remains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierProfile {
    /// Which, and its state in the copy.
    pub profile: HeldProfile,
    /// The place of the copy in its series.
    pub place: usize,
    /// The file of the copy.
    pub hive_path: String,
    /// Whether something of it was recovered from the newest copy, where it counts as such.
    pub has_remains: bool,
}

impl CopyOf {
    /// Whether no other copy is newer: what it says is the state of the hive.
    pub fn is_newest(&self) -> bool {
        self.place == self.copies
    }
}

/// What hives have in common that are copies of one. Bytes that are equal make copies too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    sid: String,
    /// The name of the root key, which no hive changes.
    root: Option<String>,
    /// The last component of the path that the base block remembers, in lower case: `ntuser.dat`.
    hive: String,
    /// The profile folder, in upper case: an account can have a new profile beside an old one.
    folder: Option<String>,
}

/// What hives have in common whose bytes may be equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Outline {
    sid: Option<String>,
    /// Of a hive that names no account: two accounts may have begun with one template.
    folder: Option<String>,
    size: Option<u64>,
    sequences: (u32, u32),
    last_written: Filetime,
    checksum: u32,
}

/// When a copy was written, as far as its header and its logs tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    time: Filetime,
    sequence: u32,
    /// Of two equal files the one whose logs could be applied shows the later state.
    is_replayed: bool,
}

type Content = [u8; 32];

/// Tells of the hives of one host which of them are copies of one. `reports` are in the order of paths.
pub fn link_copies(reports: &mut [HiveReport]) {
    if !may_have_copies(reports) {
        return;
    }
    let contents = contents(reports);
    for members in series(reports, &contents) {
        let series = Series::of(&members, reports, &contents);
        series.count_facts_once(reports);
        let copies = series.copies(reports, &contents);
        for (index, copy) in copies {
            if let Some(report) = reports.get_mut(index) {
                report.copy = Some(copy);
            }
        }
    }
}

/// Whether any two hives of accounts may be copies: two of different identifiers never are.
fn may_have_copies(reports: &[HiveReport]) -> bool {
    let accounts = reports.iter().filter(|report| is_of_account(report));
    let sids: Option<Vec<&Sid>> = accounts.map(|report| report.coverage.account.sid.as_ref()).collect();
    let Some(mut sids) = sids else { return true };
    sids.sort_unstable();
    !sids.is_sorted_by(|one, next| one < next)
}

/// Groups of two or more copies, as indices in ascending order.
fn series(reports: &[HiveReport], contents: &HashMap<usize, Content>) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..reports.len()).collect();
    let mut unite = |one: usize, other: usize| {
        let groups = group_of.get(one).copied().zip(group_of.get(other).copied());
        if let Some((kept, given_up)) = groups.filter(|(kept, given_up)| kept != given_up) {
            group_of.iter_mut().filter(|group| **group == given_up).for_each(|group| *group = kept);
        }
    };
    let mut first_like: BTreeMap<Likeness, usize> = BTreeMap::new();
    let mut first_equal: HashMap<(Outline, Content), usize> = HashMap::new();
    for (index, report) in reports.iter().enumerate() {
        if let Some(likeness) = Likeness::of(report) {
            unite(*first_like.entry(likeness).or_insert(index), index);
        }
        if let Some(key) = Outline::of(report).zip(contents.get(&index).copied()) {
            unite(*first_equal.entry(key).or_insert(index), index);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, group) in group_of.into_iter().enumerate() {
        groups.entry(group).or_default().push(index);
    }
    groups.into_values().filter(|members| members.len() > 1).collect()
}

/// Hashes of the hives whose header and length are those of another one, for no output. A file that cannot be read again,
/// or has changed since, has none.
fn contents(reports: &[HiveReport]) -> HashMap<usize, Content> {
    let mut alike: HashMap<Outline, Vec<usize>> = HashMap::new();
    for (index, report) in reports.iter().enumerate() {
        if let Some(outline) = Outline::of(report) {
            alike.entry(outline).or_default().push(index);
        }
    }
    let several = alike.into_values().filter(|members| members.len() > 1).flatten();
    several.filter_map(|index| Some((index, content(reports.get(index)?)?))).collect()
}

fn content(report: &HiveReport) -> Option<Content> {
    /// Bytes read at once.
    const CHUNK: usize = 1 << 20;

    let source = report.file.as_ref()?.open().ok()?;
    let identity = source.identity();
    let is_same = Some(identity.len) == report.coverage.size && identity.modified == report.coverage.modified;
    let mut hash = Sha256::new();
    let mut at = 0;
    while is_same && at < identity.len {
        let chunk = source.read_at(at, CHUNK).ok().filter(|chunk| !chunk.is_empty())?;
        hash.update(&chunk);
        at += chunk.len() as u64;
    }
    let is_whole = is_same && at == identity.len && !source.has_changed().unwrap_or(true);
    is_whole.then(|| hash.finalize().into())
}

/// Whether a report is of a hive of an account, which alone has copies that count.
fn is_of_account(report: &HiveReport) -> bool {
    report.coverage.state.is_some() && report.coverage.host.is_some() && !report.coverage.account.is_machine()
}

impl Likeness {
    fn of(report: &HiveReport) -> Option<Self> {
        let sid = report.coverage.account.sid.as_ref().filter(|_| is_of_account(report))?;
        let remembered = report.coverage.base_block.as_ref().map_or("", |block| &block.file_name);
        let remembered = remembered.rsplit('\\').next().filter(|name| !name.is_empty());
        Some(Self {
            sid: sid.to_string(),
            root: report.coverage.root_name.clone(),
            hive: remembered.unwrap_or(report.coverage.file_name()).to_lowercase(),
            folder: folder(report),
        })
    }
}

impl Outline {
    fn of(report: &HiveReport) -> Option<Self> {
        let block = report.coverage.base_block.as_ref().filter(|_| is_of_account(report))?;
        let sid = report.coverage.account.sid.as_ref().map(ToString::to_string);
        Some(Self {
            folder: if sid.is_some() { None } else { Some(place_text(report)) },
            sid,
            size: report.coverage.size,
            sequences: (block.primary_sequence, block.secondary_sequence),
            last_written: block.last_written,
            checksum: block.checksum,
        })
    }
}

/// The profile folder: that in which the hive lay, or that from which Windows loaded it.
fn folder(report: &HiveReport) -> Option<String> {
    let account = &report.coverage.account;
    match &account.place {
        Place::UserProfile(folder) => Some(folder.to_uppercase()),
        Place::Unknown => account.traces.iter().find_map(|trace| match &trace.says {
            Says::Name(name) if trace.basis == Basis::HeaderFileName => Some(name.to_uppercase()),
            _ => None,
        }),
        // The account's identifier says the same.
        _ => None,
    }
}

/// The place in which a hive lay that does not say whose it is.
fn place_text(report: &HiveReport) -> String {
    match &report.coverage.account.place {
        Place::UserProfile(folder) => folder.to_uppercase(),
        other => format!("{other:?}"),
    }
}

/// Copies of one hive in the order in which they were written.
struct Series {
    /// The copies, the oldest first.
    members: Vec<usize>,
    id: String,
    by_likeness: bool,
    order: Order,
}

/// How the order of copies is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// All are equal.
    Equal,
    Times,
    TimesThenSequences,
    /// A header has no time.
    Sequences,
    Unknown,
}

impl Order {
    fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "all copies are equal",
            Self::Times => "in the order of the times in their headers",
            Self::TimesThenSequences => {
                "in the order of the times in their headers, and of the sequence numbers where these are equal"
            }
            Self::Sequences => "in the order of their sequence numbers, for not every header has a time",
            Self::Unknown => "their headers do not tell the order",
        }
    }
}

impl Series {
    fn of(members: &[usize], reports: &[HiveReport], contents: &HashMap<usize, Content>) -> Self {
        let mut members: Vec<(Option<Written>, usize)> =
            members.iter().map(|index| (reports.get(*index).and_then(Written::of), *index)).collect();
        let headers = || members.iter().filter_map(|(written, _)| *written);
        let has_times = headers().all(|written| written.time != Filetime(0));
        if !has_times {
            let headers = members.iter_mut().filter_map(|(written, _)| written.as_mut());
            headers.for_each(|written| written.time = Filetime(0));
        }
        // Without a header comes first; what is equal stays in the order of paths.
        members.sort();
        let steps = || members.iter().zip(members.iter().skip(1));
        let equal = |one: usize, other: usize| {
            contents.get(&one).is_some_and(|content| contents.get(&other) == Some(content))
        };
        let is_told = steps().all(|((left, one), (right, other))| {
            left.is_some() && (left < right || left == right && equal(*one, *other))
        });
        let time = |written: &Option<Written>| written.map(|written| written.time);
        let order = if !is_told {
            Order::Unknown
        } else if steps().all(|((left, _), (right, _))| left == right) {
            Order::Equal
        } else if !has_times {
            Order::Sequences
        } else if steps().any(|((left, _), (right, _))| left < right && time(left) == time(right)) {
            Order::TimesThenSequences
        } else {
            Order::Times
        };
        let mut likenesses: Vec<Option<Likeness>> =
            members.iter().map(|(_, index)| reports.get(*index).and_then(Likeness::of)).collect();
        likenesses.sort();
        likenesses.dedup();
        let content = members.first().and_then(|(_, index)| contents.get(index));
        let host = members.first().and_then(|(_, index)| reports.get(*index)?.coverage.host.as_deref());
        Self {
            id: identifier(host, likenesses.first().and_then(Option::as_ref), content),
            by_likeness: matches!(&likenesses[..], [Some(_)]),
            members: members.into_iter().map(|(_, index)| index).collect(),
            order,
        }
    }

    fn newest<'r>(&self, reports: &'r [HiveReport]) -> Option<&'r HiveReport> {
        self.members.last().and_then(|index| reports.get(*index))
    }

    /// Each copy with its place, the oldest first.
    fn placed<'r>(
        &self,
        reports: &'r [HiveReport],
    ) -> impl DoubleEndedIterator<Item = (usize, &'r HiveReport)> {
        let reports: Vec<_> = self.members.iter().filter_map(|index| reports.get(*index)).collect();
        reports.into_iter().enumerate().map(|(before, report)| (before + 1, report))
    }

    fn copies(&self, reports: &[HiveReport], contents: &HashMap<usize, Content>) -> Vec<(usize, CopyOf)> {
        let account = self.newest(reports).map(|report| report.coverage.account.label()).unwrap_or_default();
        let mut first_with: HashMap<&Content, usize> = HashMap::new();
        let mut copies = Vec::new();
        for (before, index) in self.members.iter().enumerate() {
            let place = before + 1;
            let same = contents.get(index).map(|content| *first_with.entry(content).or_insert(place));
            let same = same.filter(|first| *first != place);
            let how = if self.by_likeness {
                "same host, account, profile folder, root key and name of the hive"
            } else {
                "same host and account, equal bytes"
            };
            let same = same.map(|first| format!("; its bytes are those of copy {first}")).unwrap_or_default();
            let earlier = (place == self.members.len()).then(|| self.earlier(reports));
            let copy = CopyOf {
                series: self.id.clone(),
                place,
                copies: self.members.len(),
                basis: format!("{how}{same}; {}", self.order.as_str()),
                account: account.clone(),
                earlier,
            };
            copies.push((*index, copy));
        }
        copies
    }

    fn earlier(&self, reports: &[HiveReport]) -> Earlier {
        let of_newest =
            self.newest(reports).map(|report| report.judged.profiles.as_slice()).unwrap_or_default();
        let is_remains = |profile: &&HeldProfile| profile.state == ProfileState::Recovered;
        let remains: HashSet<_> = of_newest.iter().filter(is_remains).map(HeldProfile::folded).collect();
        let standing = of_newest.iter().filter(|profile| !is_remains(profile));
        let mut known: HashSet<_> = standing.map(HeldProfile::folded).collect();
        let mut profiles = Vec::new();
        for (place, report) in self.placed(reports).rev().skip(1) {
            for profile in &report.judged.profiles {
                let folded = profile.folded();
                let has_remains = remains.contains(&folded);
                if !(has_remains && is_remains(&profile)) && known.insert(folded) {
                    let (profile, hive_path) = (profile.clone(), report.coverage.hive_path.clone());
                    profiles.push(EarlierProfile { profile, place, hive_path, has_remains });
                }
            }
        }
        Earlier { profiles, doubt: self.doubt(reports) }
    }

    /// Why what the newest copy does not show may be there all the same.
    fn doubt(&self, reports: &[HiveReport]) -> Option<String> {
        let newest = self.newest(reports)?;
        let state = newest.coverage.state.filter(|state| !state.vouches_for_absence());
        if self.order == Order::Unknown {
            Some("the headers do not tell which copy is the newest".to_owned())
        } else if let Some(state) = state {
            Some(format!("the newest copy is {}", HiveState::as_str(state)))
        } else if !newest.judged.profiles_complete {
            Some("the newest copy may hold profiles that could not be read".to_owned())
        } else {
            None
        }
    }

    /// Leaves each profile to the rules over all hives once: to the newest copy, and where that may not show all, to the newest
    /// that has the profile.
    fn count_facts_once(&self, reports: &mut [HiveReport]) {
        let is_sure = self.doubt(reports).is_none();
        let mut known: HashSet<(String, String)> = HashSet::new();
        for (behind, index) in self.members.iter().rev().enumerate() {
            let Some(report) = reports.get_mut(*index) else { continue };
            if behind > 0 {
                report.judged.fleet_facts.retain(|fact| {
                    !is_sure && !known.contains(&(fact.root.clone(), fact.profile.to_uppercase()))
                });
            }
            known.extend(report.judged.profiles.iter().map(HeldProfile::folded));
        }
    }
}

impl Written {
    /// By the header, and by the last entry of a log that was applied.
    fn of(report: &HiveReport) -> Option<Self> {
        let BaseBlock { last_written, primary_sequence, .. } = report.coverage.base_block.as_ref()?;
        let applied = report.coverage.logs.iter().filter_map(|(_, fate)| match fate {
            LogFate::Applied { last, .. } => Some(*last),
            _ => None,
        });
        let sequence = applied.fold(*primary_sequence, u32::max);
        let is_replayed = report.coverage.state == Some(HiveState::DirtyReplayed);
        Some(Self { time: *last_written, sequence, is_replayed })
    }
}

fn identifier(host: Option<&str>, likeness: Option<&Likeness>, content: Option<&Content>) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(host.unwrap_or_default());
    match likeness {
        Some(Likeness { sid, root, hive, folder }) => {
            for text in
                [sid, hive, root.as_deref().unwrap_or_default(), folder.as_deref().unwrap_or_default()]
            {
                add(text);
            }
        }
        None => add(&content.map(|content| hex(content)).unwrap_or_default()),
    }
    let digest = hash.finalize();
    hex(digest.get(..12).unwrap_or(&digest))
}
