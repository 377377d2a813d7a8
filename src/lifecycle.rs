//! Floor 5: what became of each profile, as dated events. Each says what its time is a bound of, how sure it is, and on
//! which records it rests; nothing is claimed that no record carries.

use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Evidence, Subject};
use crate::hive::{Origin, Trust};
use crate::mapi::families::NameFacts;
use crate::mapi::{
    Mapi, MapiKey, Profile, ProfileList, ProfileState, Recovered, RecoveredKey, RootName, WrittenTogether,
};
use crate::wintypes::Filetime;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// The earliest trace of the profile.
    FirstTrace,
    /// Keys of the profile changed.
    Changed,
    /// The profile came to stand under `Deleted Profiles` (KB303221).
    MarkedForDeletion,
    /// The profile's keys were removed.
    Deleted,
    /// The latest state that was recovered of a profile, or of keys of it, that are live no more.
    Recovered,
}

impl EventKind {
    /// All kinds, for the documentation of the vocabulary.
    pub const ALL: [Self; 5] =
        [Self::FirstTrace, Self::Changed, Self::MarkedForDeletion, Self::Deleted, Self::Recovered];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstTrace => "first-trace",
            Self::Changed => "changed",
            Self::MarkedForDeletion => "marked-for-deletion",
            Self::Deleted => "deleted",
            Self::Recovered => "recovered",
        }
    }
}

/// What an event's time says about when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Then.
    At,
    /// Then or earlier.
    NoLaterThan,
    /// Then or later.
    NoEarlierThan,
}

impl Bound {
    /// All bounds, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::At, Self::NoLaterThan, Self::NoEarlierThan];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::NoLaterThan => "no-later-than",
            Self::NoEarlierThan => "no-earlier-than",
        }
    }
}

/// A dated event in the life of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The profile; its state is that of the record that tells of the event.
    pub subject: Subject,
    /// A time in a record.
    pub time: Filetime,
    /// What that time says about when it happened.
    pub bound: Bound,
    /// How sure it is.
    pub certainty: Confidence,
    /// What happened, in a sentence.
    pub message: String,
    /// The record that has the time.
    pub evidence: Evidence,
}

/// Changes of one profile that are told one by one. A hostile hive can have thousands of keys in one.
const MOST_CHANGES: usize = 500;

/// The events of all profiles of a hive, in the order of root, name and time.
pub fn events(mapi: &Mapi<'_>, recovered: &Recovered<'_>) -> Vec<Event> {
    lives(mapi, recovered).into_values().flat_map(|life| life.events()).collect()
}

/// Everything that tells of profiles of one name in one root.
struct Life<'v> {
    root: RootName,
    name: &'v str,
    name_facts: NameFacts,
    traces: Vec<Trace<'v>>,
    /// `Profiles` and `Deleted Profiles` as they are live.
    lists: [Option<&'v ProfileList<'v>>; 2],
    /// Sections that were written in one instant, of the live profile of each list and of what was recovered.
    together: Vec<(ProfileState, bool, WrittenTogether)>,
}

/// A state of one key.
#[derive(Clone, Copy)]
struct Trace<'v> {
    key: &'v MapiKey<'v>,
    list: ProfileState,
    /// Whether it is the profile's own key.
    is_profile: bool,
    /// What is known of a state that is not live.
    recovered: Option<&'v RecoveredKey<'v>>,
}

impl Trace<'_> {
    fn is_live(&self) -> bool {
        self.recovered.is_none()
    }

    /// Whether only the cell of its parent tells that it belonged to the profile. A new profile takes the cells of a deleted
    /// one, so that what that one has left may seem to lie below the new one.
    fn leans_on_a_cell(&self) -> bool {
        self.recovered.is_some() && !self.is_profile && self.key.provenance.origin != Origin::Primary
    }

    fn certainty(&self) -> Confidence {
        let most = if self.leans_on_a_cell() { Confidence::Medium } else { Confidence::High };
        most.min(self.trusted())
    }

    fn trusted(&self) -> Confidence {
        match self.recovered.map(|recovered| recovered.trust) {
            None | Some(Trust::High) => Confidence::High,
            Some(Trust::Medium) => Confidence::Medium,
            Some(Trust::Low) => Confidence::Low,
        }
    }
}

fn lives<'v>(mapi: &'v Mapi<'v>, recovered: &'v Recovered<'v>) -> BTreeMap<(RootName, String), Life<'v>> {
    let mut lives: BTreeMap<(RootName, String), Life<'v>> = BTreeMap::new();
    for state in [ProfileState::Live, ProfileState::DeletedPending] {
        for (root, profile) in mapi.profiles(state) {
            let life = life(&mut lives, &root.name(), (profile.name(), &profile.name_facts), mapi);
            life.together.extend(profile.written_together().map(|together| (state, true, together)));
            life.traces.extend(live_traces(profile, state));
        }
    }
    for profile in &recovered.profiles {
        let Some(name) = profile.place.profile.as_deref() else { continue };
        let path = profile.place.profile_path().unwrap_or_default();
        let life = life(&mut lives, &profile.place.root, (name, &profile.profile.name_facts), mapi);
        let together = profile.profile.written_together();
        life.together.extend(together.map(|together| (profile.list, false, together)));
        let states = recovered.states(profile).filter(|state| !state.predates_profile);
        life.traces.extend(states.map(|state| Trace {
            key: &state.key,
            list: profile.list,
            is_profile: crate::wintypes::same_name(&state.key.path(), &path),
            recovered: Some(state),
        }));
    }
    lives
}

fn live_traces<'v>(profile: &'v Profile<'v>, list: ProfileState) -> impl Iterator<Item = Trace<'v>> {
    profile.keys().map(move |key| Trace { key, list, is_profile: key.at == profile.key.at, recovered: None })
}

fn life<'v, 'l>(
    lives: &'l mut BTreeMap<(RootName, String), Life<'v>>,
    root: &RootName,
    (name, name_facts): (&'v str, &NameFacts),
    mapi: &'v Mapi<'v>,
) -> &'l mut Life<'v> {
    lives.entry((root.clone(), name.to_uppercase())).or_insert_with(|| {
        let live_root = mapi.roots.iter().find(|live| live.name() == *root);
        let list = |state| live_root.and_then(|root| root.list(state).as_ref().here());
        Life {
            root: root.clone(),
            name,
            name_facts: name_facts.clone(),
            traces: Vec::new(),
            lists: [list(ProfileState::Live), list(ProfileState::DeletedPending)],
            together: Vec::new(),
        }
    })
}

impl<'v> Life<'v> {
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        events.extend(self.named_time());
        events.extend(self.first_trace());
        self.changes(&mut events);
        events.extend(self.marked());
        events.extend(self.deleted());
        events.extend(self.last_recovered());
        events.sort_by(|a, b| (a.time, a.kind, &a.evidence.place).cmp(&(b.time, b.kind, &b.evidence.place)));
        events
    }

    fn subject(&self, trace: &Trace<'_>) -> Subject {
        let edk = self.name_facts.edk.as_ref();
        Subject {
            root: Some(self.root.to_string()),
            profile: Some(self.name.to_owned()),
            profile_family: self.name_facts.family.map(|family| family.id),
            profile_state: Some(if trace.is_live() { trace.list } else { ProfileState::Recovered }),
            name_pid: edk.map(|edk| edk.pid),
            name_created: edk.map(|edk| edk.created),
            ..Subject::default()
        }
    }

    fn event(&self, kind: EventKind, bound: Bound, trace: &Trace<'_>, message: String) -> Event {
        Event {
            kind,
            subject: self.subject(trace),
            time: trace.key.last_written,
            bound,
            certainty: trace.certainty(),
            message,
            evidence: Evidence::key(kind.as_str(), trace.key),
        }
    }

    fn in_list(&self, list: ProfileState) -> impl Iterator<Item = &Trace<'v>> {
        self.traces.iter().filter(move |trace| trace.list == list)
    }

    fn is_live_in(&self, list: ProfileState) -> bool {
        self.in_list(list).any(|trace| trace.is_live() && trace.is_profile)
    }

    /// The time that the name carries, if it is named as the Exchange Development Kit's sample names profiles.
    fn named_time(&self) -> Option<Event> {
        let edk = self.name_facts.edk.as_ref()?;
        let trace = self.traces.iter().filter(|trace| trace.is_profile).min_by_key(|trace| order(trace))?;
        let message = format!(
            "Profile \"{}\": its name reads as made by process {} at this time, if it is named as the sample of the \
             Exchange Development Kit names profiles.",
            self.name, edk.pid
        );
        let event = self.event(EventKind::FirstTrace, Bound::At, trace, message);
        Some(Event { time: edk.created, certainty: Confidence::Low, ..event })
    }

    fn first_trace(&self) -> Option<Event> {
        let trace = self.traces.iter().min_by_key(|trace| order(trace))?;
        let mut message = format!(
            "Profile \"{}\" {}: the earliest time of any of its keys. Unless keys were restored with their times, or \
             the profile was renamed since, it existed then; when it was made, no record tells.",
            self.name,
            place(trace)
        );
        message.push_str(&self.together(trace));
        message.push_str(condition(trace));
        let mut event = self.event(EventKind::FirstTrace, Bound::NoLaterThan, trace, message);
        // The time is the key's; that the profile was there with it is more than the bytes say.
        event.certainty = event.certainty.min(Confidence::Medium);
        Some(event)
    }

    /// Keys that changed in the same instant make one event.
    fn changes(&self, events: &mut Vec<Event>) {
        /// 10 ms in ticks of 100 ns.
        const INSTANT: u64 = 100_000;

        let mut traces: Vec<&Trace<'v>> = self.traces.iter().collect();
        traces.sort_by_key(|trace| order(trace));
        let alike = |one: &Trace<'v>, other: &Trace<'v>| {
            (one.list, one.is_live()) == (other.list, other.is_live())
                && one.key.last_written.distance(other.key.last_written) <= INSTANT
        };
        let mut instants = Vec::new();
        let mut rest = traces.as_slice();
        while let Some(first) = rest.first() {
            // From the first on, for neighbours that are near each other may make a long time together.
            let count = rest.iter().take_while(|trace| alike(first, trace)).count();
            let (instant, behind) = rest.split_at(count);
            instants.push(instant);
            rest = behind;
        }
        for instant in instants.iter().take(MOST_CHANGES) {
            let Some(first) = instant.first() else { continue };
            let keys = keys_of_instant(first, instant);
            let mut message = format!("Profile \"{}\" {}: {keys}.", self.name, place(first));
            message.push_str(&self.together(first));
            let leaning = instant.iter().find(|trace| trace.leans_on_a_cell());
            message.push_str(leaning.map_or("", |trace| condition(trace)));
            let mut event = self.event(EventKind::Changed, Bound::At, first, message);
            event.certainty = instant.iter().map(|trace| trace.certainty()).min().unwrap_or(event.certainty);
            events.push(event);
        }
        if let Some(first_left_out) = instants.get(MOST_CHANGES).and_then(|instant| instant.first()) {
            let left_out = instants.len() - MOST_CHANGES;
            let message =
                format!("Profile \"{}\": {left_out} later changes are not told one by one.", self.name);
            events.push(self.event(EventKind::Changed, Bound::NoEarlierThan, first_left_out, message));
        }
    }

    fn marked(&self) -> Option<Event> {
        let trace = self.in_list(ProfileState::DeletedPending).min_by_key(|trace| order(trace))?;
        let earlier = self.in_list(ProfileState::Live).filter(|trace| !trace.is_live());
        let before = earlier.max_by_key(|trace| order(trace)).map_or(String::new(), |before| {
            format!(" What was recovered of it under Profiles changed last at {}.", before.key.last_written)
        });
        let message = format!(
            "Profile \"{}\" {}: the earliest time of its keys there. It was marked for deletion at this time or \
             before.{before}",
            self.name,
            place(trace)
        );
        let mut event = self.event(EventKind::MarkedForDeletion, Bound::NoLaterThan, trace, message);
        // How MAPI moves the keys is not published.
        event.certainty = event.certainty.min(Confidence::Medium);
        Some(event)
    }

    /// The removal of a profile that is live in no list, or of an earlier one whose name another one has now.
    fn deleted(&self) -> Option<Event> {
        let marked = self.in_list(ProfileState::DeletedPending).next().is_some();
        // A profile that was marked is removed from there; that it left `Profiles` is part of the mark.
        let list = if marked { ProfileState::DeletedPending } else { ProfileState::Live };
        if self.is_live_in(list) || !self.in_list(list).any(|trace| trace.is_profile) {
            return None;
        }
        let latest = self.in_list(list).max_by_key(|trace| order(trace))?;
        let lower = latest.key.last_written;
        let gone_by_replay = self.in_list(list).any(|trace| {
            trace.is_profile && trace.recovered.is_some() && trace.key.provenance.origin == Origin::Primary
        });
        let by_logs = if gone_by_replay {
            " The hive file still has it; the transaction logs have removed it."
        } else {
            ""
        };
        let list_key = self.lists[usize::from(marked)].map(|list| &list.key);
        // Windows removes keys from the bottom up and stamps each that loses one, the profile's own before the list. Where
        // the profile's own key is not later than its sections, the same time of the list is none of a removal.
        let stamped = self.in_list(list).any(|trace| trace.is_profile && trace.key.last_written == lower)
            && self.in_list(list).all(|trace| trace.is_profile || trace.key.last_written < lower);
        let after = list_key.filter(|key| key.last_written > lower || key.last_written == lower && stamped);
        let (bound, message) = match after {
            Some(key) => (
                Bound::NoLaterThan,
                format!(
                    "Profile \"{}\" {} was deleted at this time or before, if Windows removed it, which stamps the key \
                     above, \"{}\". It was not before {lower}, when one of its keys changed last.{by_logs}",
                    self.name,
                    place(latest),
                    key.name,
                ),
            ),
            None => (
                Bound::NoEarlierThan,
                format!(
                    "Profile \"{}\" {} was deleted at this time or later; no record tells when.{by_logs}",
                    self.name,
                    place(latest)
                ),
            ),
        };
        let mut event = self.event(EventKind::Deleted, bound, latest, message);
        if let Some(key) = after {
            event.time = key.last_written;
            event.evidence = Evidence::key("list of profiles", key);
            event.certainty = event.certainty.min(Confidence::Medium);
        }
        Some(event)
    }

    fn last_recovered(&self) -> Option<Event> {
        let recovered = self.traces.iter().filter(|trace| !trace.is_live());
        let last = recovered.clone().max_by_key(|trace| order(trace))?;
        let count = recovered.count();
        let doubts = last.recovered.map(|recovered| recovered.doubts.as_str()).unwrap_or_default();
        let doubts = if doubts.is_empty() { String::new() } else { format!(" In doubt: {doubts}.") };
        let message = format!(
            "Profile \"{}\" {}: the latest of {count} recovered {} of its keys.{doubts}{}",
            self.name,
            place(last),
            if count == 1 { "state" } else { "states" },
            condition(last)
        );
        Some(self.event(EventKind::Recovered, Bound::At, last, message))
    }

    /// A sentence where a section's time is that of many.
    fn together(&self, trace: &Trace<'_>) -> String {
        let mut alike = self.together.iter().filter(|(list, is_live, together)| {
            (*list, *is_live) == (trace.list, trace.is_live()) && together.includes(trace.key.last_written)
        });
        match alike.next() {
            Some((_, _, together)) => format!(
                " It was written together with {} of {} sections: creation or rewrite, the bytes cannot tell.",
                together.count, together.of
            ),
            None => String::new(),
        }
    }
}

/// Which keys changed in an instant that begins with the time of `first`.
fn keys_of_instant(first: &Trace<'_>, instant: &[&Trace<'_>]) -> String {
    let name = &first.key.name;
    let at_first = instant.iter().filter(|trace| trace.key.last_written == first.key.last_written).count();
    match (instant.len(), at_first) {
        (1, _) => format!("the key \"{name}\" changed last"),
        (count, 1) => format!("{count} keys changed last within 10 ms, \"{name}\" first"),
        (count, same) if count == same => {
            format!("{count} keys changed last at this same time, \"{name}\" among them")
        }
        (count, same) => format!(
            "{count} keys changed last within 10 ms, {same} of them at this same time, \"{name}\" among these"
        ),
    }
}

/// A sentence on what an event of a section rests on, where that is not a list of the tree.
fn condition(trace: &Trace<'_>) -> &'static str {
    if trace.leans_on_a_cell() {
        " That this section was the profile's own is told by its parent's cell alone, which an earlier profile may have had."
    } else {
        ""
    }
}

/// Traces in the order of time, and of their places where that is the same.
fn order(trace: &Trace<'_>) -> (Filetime, ProfileState, bool, u64) {
    (trace.key.last_written, trace.list, !trace.is_profile, trace.key.at.0)
}

/// `under Profiles`, `under Deleted Profiles (recovered from free)`.
fn place(trace: &Trace<'_>) -> String {
    let list = match trace.list {
        ProfileState::DeletedPending => "under Deleted Profiles",
        ProfileState::Live | ProfileState::Recovered => "under Profiles",
    };
    let place = &trace.key.provenance;
    match (trace.is_live(), place.origin) {
        (true, _) => list.to_owned(),
        (false, Origin::Primary) => format!("{list} (in the hive file before its logs were applied)"),
        (false, Origin::LogRemnant) => match place.sequence {
            Some(sequence) => format!("{list} (in entry {sequence} of a transaction log)"),
            None => format!("{list} (in what overwritten entries of a transaction log have left)"),
        },
        (false, origin) => format!("{list} (recovered, {})", origin.as_str()),
    }
}
