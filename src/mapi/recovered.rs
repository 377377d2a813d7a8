//! What was there for MAPI and is no more: keys in deleted cells, in the hive file before its logs were applied, and in
//! entries of logs that no longer count. Kept apart from what is live, and never reported where the same is live.

mod lost_lists;

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::hive::{
    Carved, DeletedKey, Depth, Image, Name, Offset, Origin, Past, Place, Problems, Provenance, Remnant, Tree,
    Trust, carve_if_any, carve_places, carve_remnant,
};
use crate::wintypes::{AnsiCodePage, Filetime};

use super::families::Families;
use super::key::MapiKey;
use super::profile::{Profile, ProfileState};
use super::roots::{Mapi, MapiPath};
use super::section::ProviderSection;
use super::tags::SectionKind;
use super::uid::{self, MapiUid};

/// Everything that was recovered of a hive's MAPI keys.
#[derive(Clone, Debug, Default)]
pub struct Recovered<'b> {
    /// Every state of a key that is not the live one, by path and time. No state twice, however often its bytes were found:
    /// the most complete and most trusted record stands for it.
    pub keys: Vec<RecoveredKey<'b>>,
    /// Values that belonged to one of several of these keys, by the place of their list: a key for each list, with
    /// [`crate::hive::UNKNOWN_PARENT`] for its name and no time; its doubts name those that it may be.
    pub lists: Vec<RecoveredKey<'b>>,
    /// Profiles that some of them belong to, by path.
    pub profiles: Vec<RecoveredProfile<'b>>,
}

/// A state of a key that is not, or no longer, live.
#[derive(Clone, Debug)]
pub struct RecoveredKey<'b> {
    /// The key with the values it had. Which subkeys it had is never known for sure.
    pub key: MapiKey<'b>,
    /// Where it stood; `None` where its path has a gap, so that only its content speaks for MAPI.
    pub place: Option<MapiPath>,
    /// How far it can be trusted.
    pub trust: Trust,
    /// What lowers the trust; empty where nothing does.
    pub doubts: String,
    /// Whether a live key has its path, so that this is an earlier or abandoned state of it.
    pub is_live: bool,
    /// Whether it is older than all there is of the live profile it seems to belong to, so that it may have been another
    /// one's, whose cells that has taken.
    pub predates_profile: bool,
}

/// A profile of which something was recovered.
#[derive(Clone, Debug)]
pub struct RecoveredProfile<'b> {
    /// Where it stood.
    pub place: MapiPath,
    /// The list in which it stood: `Live` for `Profiles`, `DeletedPending` for `Deleted Profiles`.
    pub list: ProfileState,
    /// Whether a profile of this name is live in the same list.
    pub is_live: bool,
    /// The profile with the latest recovered state of each of its keys; its state is `Recovered`. Of a live profile the key
    /// itself may be the live one.
    pub profile: Profile<'b>,
    /// The least trust in any of its keys.
    pub trust: Trust,
    /// Places in [`Recovered::keys`] of all states of its keys.
    pub states: Vec<usize>,
    /// Whether its key was live in the hive file and is gone once the transaction logs are applied. Deleting the sections
    /// stamps the key, so that its latest state may lie elsewhere all the same.
    pub gone_by_replay: bool,
    /// How many different records its own key had: more than one where profiles of the same name followed each other, or a
    /// record was moved.
    pub records: usize,
}

impl<'b> Recovered<'b> {
    /// Recovers what it can. `before` is what the hive file shows where logs were applied.
    pub fn read(
        image: &'b Image,
        mapi: &Mapi<'b>,
        before: Option<&Mapi<'b>>,
        depth: Depth,
        problems: &mut Problems,
    ) -> Self {
        let mut states = States::of(mapi);
        if let Some(before) = before {
            states.add_before_replay(before);
        }
        let of_interest = |name: Name<'_>| tells_of_mapi(&name);
        let mut carved = carve_if_any(image.bins(), image.tail(), image.root(), depth, of_interest, problems);
        Self::attach_by_meaning(&mut carved);
        let place = |origin, at, len| image.provenance(at, len).of_origin(origin);
        states.add_carved(&carved, false, place);
        states.lists = lost_lists::read(&carved, mapi.ansi, place);
        image.for_each_past(of_interest, problems, |past, problems| {
            states.add_past(past, problems);
        });
        image.for_each_remnant(|remnant| states.add_remnant(image, remnant, problems));
        states.finish()
    }

    /// Gives lost lists of values to keys where what they hold tells whose they are.
    pub fn attach_by_meaning(carved: &mut Carved<'_>) {
        lost_lists::attach(carved);
    }

    /// Profiles that are live no more, in neither list.
    pub fn gone(&self) -> impl Iterator<Item = &RecoveredProfile<'b>> {
        self.profiles.iter().filter(|profile| !profile.is_live)
    }

    /// All states of a profile's keys.
    pub fn states<'a>(
        &'a self,
        profile: &'a RecoveredProfile<'b>,
    ) -> impl Iterator<Item = &'a RecoveredKey<'b>> {
        profile.states.iter().filter_map(|index| self.keys.get(*index))
    }

    /// The latest state of each of a profile's keys, in the order of their paths: its own, where it was recovered, first.
    pub fn latest<'a>(&'a self, profile: &'a RecoveredProfile<'b>) -> Vec<&'a RecoveredKey<'b>> {
        let mut latest: Vec<(String, &RecoveredKey<'b>)> = Vec::new();
        // States are in the order of path and time, so that the last of each path is the latest.
        for state in self.states(profile) {
            let path = folded(&state.key.path());
            match latest.last_mut() {
                Some((last_path, last)) if *last_path == path => *last = state,
                _ => latest.push((path, state)),
            }
        }
        latest.into_iter().map(|(_, state)| state).collect()
    }

    /// Sections that lost their place: named by 32 hexadecimal digits and with properties as values.
    pub fn without_place(&self) -> impl Iterator<Item = &RecoveredKey<'b>> {
        self.keys.iter().filter(|key| key.place.is_none())
    }
}

/// Whether a key of this name, or one below it, may belong to MAPI's roots.
fn tells_of_mapi(name: &Name<'_>) -> bool {
    ["Profiles", "Deleted Profiles", "Windows Messaging Subsystem"].iter().any(|known| name.is_ascii(known))
        || [32, 64].contains(&name.bytes.len()) && MapiUid::from_key_name(&name.to_text()).is_some()
}

/// Collects states of keys, each once.
struct States<'m, 'b> {
    mapi: &'m Mapi<'b>,
    /// What is live; most hives have nothing that is to be held against it.
    live: OnceCell<Live>,
    found: HashMap<(String, Filetime), RecoveredKey<'b>>,
    records: HashMap<String, HashSet<Record>>,
    lists: Vec<RecoveredKey<'b>>,
}

/// The times of each live key by its path, and the records of all.
struct Live {
    times: HashMap<String, Vec<Filetime>>,
    records: HashSet<RecordState>,
}

impl Live {
    fn of(mapi: &Mapi<'_>) -> Self {
        let mut live = Self { times: HashMap::new(), records: HashSet::new() };
        for key in mapi.roots.iter().flat_map(super::Root::keys) {
            live.times.entry(folded(&key.path())).or_default().push(key.last_written);
            live.records.insert(record_of(key));
        }
        live
    }
}

impl<'m, 'b> States<'m, 'b> {
    fn of(mapi: &'m Mapi<'b>) -> Self {
        Self {
            mapi,
            live: OnceCell::new(),
            found: HashMap::new(),
            records: HashMap::new(),
            lists: Vec::new(),
        }
    }

    /// Keys that the hive file has and the replayed hive has not, or not so.
    fn add_before_replay(&mut self, before: &Mapi<'b>) {
        const DOUBT: &str = "live in the hive file, not after its logs were applied";
        for key in before.roots.iter().flat_map(super::Root::keys) {
            let path = key.path();
            let Some(place) = MapiPath::parse(&path) else { continue };
            let mut key = key.clone();
            key.subkeys_complete = false;
            self.add(
                &path,
                RecoveredKey {
                    key,
                    place: Some(place),
                    trust: Trust::High,
                    doubts: DOUBT.to_owned(),
                    is_live: false,
                    predates_profile: false,
                },
            );
        }
    }

    fn add_past(&mut self, past: &Past<'_>, problems: &mut Problems) {
        let places: Vec<Place> = past
            .changed()
            .iter()
            .map(|range| Place { range: range.clone(), origin: Origin::LogRemnant })
            .collect();
        let carved = carve_places(past.bins(), past.root(), &places, problems);
        // What the log's page has lies in the log, and what it refers to may still lie in the hive.
        let torn = !carved.keys.is_empty() && !past.is_intact();
        self.add_carved(&carved, torn, |_, at, len| past.provenance(at, len));
    }

    fn add_remnant(&mut self, image: &Image, remnant: &Remnant<'_>, problems: &mut Problems) {
        let behind = image.bins().bytes().len() as u64;
        let carved = carve_remnant(image.bins(), image.root(), remnant.bytes, problems);
        self.add_carved(&carved, false, |_, at, _| {
            remnant.provenance(usize::try_from(at.0.saturating_sub(behind)).unwrap_or(usize::MAX))
        });
    }

    /// `torn` tells that the bytes are of a log entry whose hash does not match.
    fn add_carved(
        &mut self,
        carved: &Carved<'_>,
        torn: bool,
        place: impl Fn(Origin, Offset, usize) -> Provenance,
    ) {
        const TORN: &str = "in a log entry that is torn";

        for key in &carved.keys {
            let mapi_path = key.path_complete.then(|| MapiPath::parse(&key.path)).flatten();
            if mapi_path.is_none() && (key.path_complete || !looks_like_a_section(key)) {
                continue;
            }
            if key.path.len() > crate::hive::limits::MAX_PATH_HELD {
                continue;
            }
            let read = MapiKey::recovered(key, self.mapi.ansi, &place);
            self.add(
                &key.path,
                RecoveredKey {
                    key: read,
                    place: mapi_path,
                    trust: if torn { Trust::Low } else { key.trust() },
                    doubts: and(key.doubts.to_string(), if torn { TORN } else { "" }),
                    is_live: false,
                    predates_profile: false,
                },
            );
        }
    }

    fn add(&mut self, path: &str, mut state: RecoveredKey<'b>) {
        // A list of one moment that leads to a record of another shows a live key in a place where it never stood.
        let live = self.live.get_or_init(|| Live::of(self.mapi));
        if live.records.contains(&record_of(&state.key)) {
            return;
        }
        let path = folded(path);
        if let Some(times) = live.times.get(&path) {
            if times.contains(&state.key.last_written) {
                // The live state itself, or an older place of its record.
                return;
            }
            state.is_live = true;
        }
        let place = &state.key.provenance;
        self.records.entry(path.clone()).or_default().insert((place.at, place.log.clone()));
        match self.found.entry((path, state.key.last_written)) {
            Entry::Vacant(place) => {
                place.insert(state);
            }
            Entry::Occupied(mut known) => {
                if worth(&state) > worth(known.get()) {
                    known.insert(state);
                }
            }
        }
    }

    fn finish(self) -> Recovered<'b> {
        if self.found.is_empty() && self.lists.is_empty() {
            return Recovered::default();
        }
        let mapi = self.mapi;
        let mut keys: Vec<(String, RecoveredKey<'b>)> =
            self.found.into_iter().map(|((path, _), key)| (path, key)).collect();
        let live = live_profiles(mapi);
        let mut oldest: HashMap<String, Filetime> = HashMap::new();
        for (path, key) in &keys {
            let oldest = oldest.entry(path.clone()).or_insert(key.key.last_written);
            *oldest = (*oldest).min(key.key.last_written);
        }
        for (_, key) in &mut keys {
            doubt_parent(key, mapi.families, &live, &oldest);
        }
        one_place_each(&mut keys);
        keys.sort_by(|(one, a), (other, b)| {
            (one, a.key.last_written, &a.key.provenance).cmp(&(other, b.key.last_written, &b.key.provenance))
        });
        let keys: Vec<RecoveredKey<'b>> = keys.into_iter().map(|(_, key)| key).collect();
        let profiles = profiles(&keys, mapi, &self.records);
        Recovered { keys, lists: self.lists, profiles }
    }
}

/// What tells whether a section belonged to a live profile or to another one before, whose cells that has taken.
struct LiveProfile {
    /// When the earliest of its keys changed last.
    earliest: Filetime,
    /// Its sections whose identifiers no other profile has.
    own: Vec<MapiUid>,
}

fn live_profiles(mapi: &Mapi<'_>) -> HashMap<String, LiveProfile> {
    let live = |profile: &Profile<'_>| {
        let uids = profile.sections.iter().map(|section| section.uid);
        LiveProfile {
            earliest: profile.keys().map(|key| key.last_written).min().unwrap_or_default(),
            own: uids.filter(|uid| uid::well_known(uid).is_none()).collect(),
        }
    };
    mapi.all_profiles().map(|(_, profile)| (folded(&profile.key.path()), live(profile))).collect()
}

/// A new profile takes the cells of a deleted one, often one for one: what is left of the old one then seems to lie below
/// the new one. Where only the parent's cell speaks for the new one and time against it, the place counts as lost.
fn doubt_parent(
    state: &mut RecoveredKey<'_>,
    families: &'static Families,
    live: &HashMap<String, LiveProfile>,
    oldest: &HashMap<String, Filetime>,
) {
    let Some(place) = &state.place else { return };
    let Some(path) = place.profile_path().map(|path| folded(&path)) else { return };
    // A list of the tree leads to what the hive file had before replay, and a profile's own key has its own name.
    if state.key.provenance.origin == Origin::Primary || folded(&state.key.path()) == path {
        return;
    }
    let name = place.profile.as_deref().unwrap_or_default();
    let written = state.key.last_written;
    let named_later = families.classify(name).edk.is_some_and(|edk| written.plus_seconds(5) < edk.created);
    let profile = live.get(&path);
    let older = profile.is_some_and(|profile| written < profile.earliest);
    let is_own = profile.zip(place.section).is_some_and(|(profile, uid)| profile.own.contains(&uid));
    // A record of a namesake before it, or of an earlier state of the profile itself.
    let had_key = profile.zip(oldest.get(&path)).is_some_and(|(profile, oldest)| *oldest < profile.earliest);
    let why = if named_later {
        "older than the time in its name"
    } else if older && !is_own && !had_key {
        "older than all there is of that profile"
    } else {
        return;
    };
    let doubt = format!(
        "lies below the key of profile \"{name}\", but is {why}: its cell may have been another key's"
    );
    state.doubts = and(std::mem::take(&mut state.doubts), &doubt);
    if !named_later {
        state.trust = state.trust.min(Trust::Medium);
        state.predates_profile = true;
        return;
    }
    state.place = None;
    state.key.lose_parent();
    state.trust = Trust::Low;
    state.is_live = false;
}

/// Which of two records of one state is told: the one with more of it, then the more trusted, then the one that lies nearest
/// to the hive's own bytes.
fn worth(state: &RecoveredKey<'_>) -> impl Ord + use<> {
    let key = &state.key;
    let values = key.values.iter().filter(|value| value.is_complete()).count();
    (key.values_complete, values, state.trust, std::cmp::Reverse(key.provenance.clone()))
}

/// Whether a key without a place is a section all the same: by its name, and by a value named like a property.
fn looks_like_a_section(key: &DeletedKey<'_>) -> bool {
    MapiUid::from_key_name(&key.name()).is_some()
        && key.values.iter().any(|value| super::key::prop_name(value.name()).is_some())
}

/// Doubts and one more.
fn and(doubts: String, more: &str) -> String {
    match (doubts.is_empty(), more.is_empty()) {
        (_, true) => doubts,
        (true, false) => more.to_owned(),
        (false, false) => format!("{doubts}; {more}"),
    }
}

/// Leaves of the same state of a record, found in several places, those that the place can be believed of.
///
/// A deleted key is placed by what lies where its parent lay, which may be another key by now. Where the hive file
/// itself shows it in its place, that is the one.
fn one_place_each(keys: &mut Vec<(String, RecoveredKey<'_>)>) {
    const DOUBT: &str = "the same record is found below another key too";
    let believed =
        |key: &RecoveredKey<'_>| (key.place.is_some(), key.key.provenance.origin == Origin::Primary);
    let mut best: HashMap<RecordState, ((bool, bool), u32)> = HashMap::new();
    for (_, key) in keys.iter() {
        let (most, count) = best.entry(record_of(&key.key)).or_insert((believed(key), 0));
        match believed(key).cmp(most) {
            Ordering::Less => {}
            Ordering::Equal => *count += 1,
            Ordering::Greater => (*most, *count) = (believed(key), 1),
        }
    }
    let best = |key: &RecoveredKey<'_>| best.get(&record_of(&key.key)).copied().unwrap_or_default();
    keys.retain(|(_, key)| believed(key) == best(key).0);
    for (_, key) in keys.iter_mut().filter(|(_, key)| key.place.is_some() && best(key).1 > 1) {
        key.trust = key.trust.min(Trust::Medium);
        key.doubts = and(std::mem::take(&mut key.doubts), DOUBT);
    }
}

/// Where a record lies: in the hive file, or in a log.
type Record = (Offset, Option<Arc<str>>);

/// What tells one state of a record from all others: where it lies in the hive, when it was written, and its name.
type RecordState = (Offset, Filetime, String);

fn record_of(key: &MapiKey<'_>) -> RecordState {
    (key.at, key.last_written, key.name.clone())
}

/// Paths are compared as Windows does, without case.
fn folded(path: &str) -> String {
    path.to_uppercase()
}

/// Puts the states of keys together to profiles.
fn profiles<'b>(
    keys: &[RecoveredKey<'b>],
    mapi: &Mapi<'b>,
    records: &HashMap<String, HashSet<Record>>,
) -> Vec<RecoveredProfile<'b>> {
    let live: HashMap<String, &MapiKey<'b>> =
        mapi.all_profiles().map(|(_, profile)| (folded(&profile.key.path()), &profile.key)).collect();
    let mut profiles: Vec<(String, RecoveredProfile<'b>)> = Vec::new();
    let mut by_path: HashMap<String, usize> = HashMap::new();
    for (index, state) in keys.iter().enumerate() {
        let Some(place) = &state.place else { continue };
        let Some((list, path)) = place.list.zip(place.profile_path()) else { continue };
        let path = folded(&path);
        let place_of_it = *by_path.entry(path.clone()).or_insert_with(|| {
            let live = live.get(&path).copied();
            let key = live.unwrap_or(&state.key).clone();
            let profile = Profile {
                state: ProfileState::Recovered,
                name_facts: mapi.families.classify(place.profile.as_deref().unwrap_or_default()),
                sections: Vec::new(),
                other_keys: Vec::new(),
                key,
            };
            let profile = RecoveredProfile {
                place: place.clone(),
                list,
                is_live: live.is_some(),
                profile,
                trust: Trust::High,
                states: Vec::new(),
                gone_by_replay: false,
                records: records.get(&path).map_or(0, HashSet::len),
            };
            profiles.push((path, profile));
            profiles.len() - 1
        });
        if let Some((_, profile)) = profiles.get_mut(place_of_it) {
            profile.states.push(index);
            profile.trust = profile.trust.min(state.trust);
        }
    }
    for (path, profile) in &mut profiles {
        assemble(profile, path, keys);
    }
    profiles.sort_by(|(one, _), (other, _)| one.cmp(other));
    profiles.into_iter().map(|(_, profile)| profile).collect()
}

/// Takes the latest state of each key of a profile.
fn assemble<'b>(profile: &mut RecoveredProfile<'b>, path: &str, keys: &[RecoveredKey<'b>]) {
    let mut latest: Vec<(&MapiPath, &RecoveredKey<'b>)> = Vec::new();
    // States are in the order of path and time, so that the last of each path is the latest.
    for state in profile.states.iter().filter_map(|index| keys.get(*index)) {
        let Some(place) = &state.place else { continue };
        let was_live = state.key.provenance.origin == Origin::Primary && folded(&state.key.path()) == path;
        profile.gone_by_replay |= was_live && !profile.is_live;
        match latest.last_mut() {
            Some((_, last)) if folded(&last.key.path()) == folded(&state.key.path()) => *last = state,
            _ => latest.push((place, state)),
        }
    }
    let of_profile = &mut profile.profile;
    for (place, state) in latest {
        let key = state.key.clone();
        if folded(&key.path()) == path {
            if !profile.is_live {
                of_profile.key = key;
            }
            continue;
        }
        match place.section {
            Some(uid) if !place.below_section => of_profile.sections.push(ProviderSection {
                uid,
                kind: SectionKind::Other,
                service_name: None,
                key,
                below: Vec::new(),
            }),
            Some(uid) => match of_profile.sections.iter_mut().find(|section| section.uid == uid) {
                Some(section) => section.below.push(key),
                None => of_profile.other_keys.push(key),
            },
            None => of_profile.other_keys.push(key),
        }
    }
    of_profile.key.subkeys_complete = false;
    of_profile.classify_sections();
}

/// What the hive file shows for MAPI where its transaction logs were applied; `None` where none were.
pub fn before_replay<'b>(
    image: &'b Image,
    families: &'static Families,
    ansi: AnsiCodePage,
) -> Option<Mapi<'b>> {
    let before = image.before_replay()?;
    // What is wrong there is no problem of the hive as it is read.
    let tree = Tree::new(before, crate::hive::Care::Once);
    Some(Mapi::read(&tree, families, ansi, &mut Problems::default()))
}
