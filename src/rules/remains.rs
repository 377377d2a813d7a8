//! What is left of profiles that are live no more, as several rules speak of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::{Found, Offset, Origin, Trust, join};
use crate::mapi::{Mapi, MapiKey, Profile, ProfileList, ProfileState, RecoveredKey, RecoveredProfile, Root};
use crate::wintypes::Filetime;

use super::wording::{counted, listed};
use super::{Verdict, View};

/// A recovered profile with the latest recovered state of each of its keys.
pub(super) struct Remains<'v> {
    /// The profile.
    pub(super) of: &'v RecoveredProfile<'v>,
    /// The states, its own first where it was recovered.
    pub(super) latest: Vec<&'v RecoveredKey<'v>>,
}

impl<'v> Remains<'v> {
    /// Profiles that are live no more in the list in which they stood.
    pub(super) fn of_gone(view: &View<'v>) -> impl Iterator<Item = Self> {
        let recovered = view.recovered;
        recovered.gone().map(|of| Self { of, latest: recovered.latest(of) })
    }

    /// The profile's name.
    pub(super) fn name(&self) -> &'v str {
        self.of.place.profile.as_deref().unwrap_or_default()
    }

    /// Its path, as it is compared.
    fn path(&self) -> String {
        folded(&self.of.place.profile_path().unwrap_or_default())
    }

    /// The latest state of the profile's own key, if it was recovered.
    pub(super) fn own_key(&self) -> Option<&'v RecoveredKey<'v>> {
        let path = self.path();
        self.latest.first().copied().filter(|state| folded(&state.key.path()) == path)
    }

    /// The same, where the bytes are surely of this hive and of no other record.
    pub(super) fn trusted_key(&self) -> Option<&'v RecoveredKey<'v>> {
        self.own_key().filter(|state| state.trust > Trust::Low)
    }

    /// The sections' own keys.
    pub(super) fn sections(&self) -> impl Iterator<Item = &'v RecoveredKey<'v>> {
        self.latest.iter().copied().filter(|state| is_section(state))
    }

    /// When the last of the keys changed.
    pub(super) fn latest_write(&self) -> Filetime {
        self.latest.iter().map(|state| state.key.last_written).max().unwrap_or_default()
    }

    /// What a claim about it is about.
    pub(super) fn subject(&self) -> Subject {
        let facts = &self.of.profile.name_facts;
        Subject {
            root: Some(self.of.place.root.to_string()),
            profile: Some(self.name().to_owned()),
            profile_family: facts.family.map(|family| family.id),
            profile_state: Some(ProfileState::Recovered),
            name_pid: facts.edk.as_ref().map(|edk| edk.pid),
            name_created: facts.edk.as_ref().map(|edk| edk.created),
            ..Subject::default()
        }
    }

    /// Its keys as evidence, its own first.
    pub(super) fn evidence(&self) -> impl Iterator<Item = Evidence> {
        let own = self.own_key().map(std::ptr::from_ref);
        self.latest.iter().map(move |state| {
            let role = if own == Some(std::ptr::from_ref(*state)) {
                "recovered profile key"
            } else if is_section(state) {
                "recovered section"
            } else {
                "recovered key of the profile"
            };
            evidence(role, state)
        })
    }

    /// `from free cells, from entries of logs that do not count any more`.
    pub(super) fn origins(&self) -> String {
        let mut origins: Vec<Origin> = self.latest.iter().map(|state| state.key.provenance.origin).collect();
        origins.sort_unstable();
        origins.dedup();
        listed(origins.into_iter().map(from))
    }

    /// `Profiles` or `Deleted Profiles`.
    pub(super) fn list_name(&self) -> &'static str {
        list_name(self.of.list)
    }

    /// What the name tells of process and time, or else when the profile last changed: for use in brackets.
    pub(super) fn reading(&self) -> String {
        let latest = self.latest_write();
        match &self.of.profile.name_facts.edk {
            Some(edk) => format!(
                "process {} and time {} in the name, latest recovered change {latest}",
                edk.pid, edk.created
            ),
            None => format!("latest recovered change {latest}"),
        }
    }
}

/// Whether a key is a section's own.
fn is_section(state: &RecoveredKey<'_>) -> bool {
    state.place.as_ref().is_some_and(|place| place.section.is_some() && !place.below_section)
}

/// A recovered key as evidence, with what is to be thought of it.
pub(super) fn evidence(role: &'static str, state: &RecoveredKey<'_>) -> Evidence {
    Evidence { value: Some(trust(state)), ..Evidence::key(role, &state.key) }
}

fn trust(state: &RecoveredKey<'_>) -> String {
    let trust = state.trust.as_str();
    if state.doubts.is_empty() {
        format!("trust {trust}")
    } else {
        format!("trust {trust}: {}", state.doubts)
    }
}

/// How sure a claim can be that rests on records of such trust.
pub(super) fn confidence(trust: Trust) -> Confidence {
    match trust {
        Trust::High => Confidence::High,
        Trust::Medium => Confidence::Medium,
        Trust::Low => Confidence::Low,
    }
}

/// Where bytes come from, after `recovered`.
pub(super) fn from(origin: Origin) -> &'static str {
    match origin {
        Origin::Primary => "from the hive file as it is without its logs",
        Origin::Log | Origin::LogRemnant => "from entries of logs that were replaced or not applied",
        Origin::Free => "from free cells",
        Origin::Slack => "from the slack of cells in use",
        Origin::Unreferenced => "from allocated cells without reference",
        Origin::Tail => "from behind the last bin",
    }
}

pub(super) fn list_name(list: ProfileState) -> &'static str {
    match list {
        ProfileState::DeletedPending => "Deleted Profiles",
        ProfileState::Live | ProfileState::Recovered => "Profiles",
    }
}

pub(super) fn other_list(list: ProfileState) -> ProfileState {
    match list {
        ProfileState::DeletedPending => ProfileState::Live,
        ProfileState::Live | ProfileState::Recovered => ProfileState::DeletedPending,
    }
}

fn folded(path: &str) -> String {
    path.to_uppercase()
}

/// The live lists of profiles by path: a hive can have as many recovered profiles as it has cells, each of which is looked
/// for.
pub(super) struct Lists<'v> {
    profiles: HashMap<String, (&'v Root<'v>, &'v Profile<'v>)>,
    by_path: HashMap<String, &'v ProfileList<'v>>,
    /// Lists that are not known, or not to their end.
    incomplete: HashSet<String>,
    /// Whether there may be roots that were not seen.
    roots_unknown: bool,
    roots: HashSet<String>,
    /// Where records lay that were recovered of keys `Profiles` and `Deleted Profiles` themselves.
    records: HashMap<String, BTreeSet<Offset>>,
}

impl<'v> Lists<'v> {
    /// The live lists of a hive, and what was recovered of their own keys. `None` where no profile was recovered: then nobody
    /// is looked for in them.
    pub(super) fn live(view: &View<'v>) -> Option<Self> {
        if view.recovered.profiles.is_empty() {
            return None;
        }
        let mut lists = Self::of(view.mapi);
        for state in &view.recovered.keys {
            let place = state.place.as_ref();
            if place.is_some_and(|place| place.list.is_some() && place.profile.is_none()) {
                lists.records.entry(folded(&state.key.path())).or_default().insert(state.key.at);
            }
        }
        Some(lists)
    }

    pub(super) fn of(mapi: &'v Mapi<'v>) -> Self {
        let mut lists = Self {
            profiles: HashMap::new(),
            by_path: HashMap::new(),
            incomplete: HashSet::new(),
            roots_unknown: !mapi.unknown.is_empty(),
            roots: HashSet::new(),
            records: HashMap::new(),
        };
        for root in &mapi.roots {
            let above = root.key.path();
            lists.roots.insert(folded(&above));
            for state in [ProfileState::Live, ProfileState::DeletedPending] {
                let path = folded(&join(&above, list_name(state)));
                match root.list(state) {
                    Found::Here(list) => {
                        if !list.key.subkeys_complete {
                            lists.incomplete.insert(path.clone());
                        }
                        for profile in &list.profiles {
                            lists.profiles.entry(folded(&profile.key.path())).or_insert((root, profile));
                        }
                        lists.by_path.insert(path, list);
                    }
                    Found::Absent => {}
                    Found::Unknown => drop(lists.incomplete.insert(path)),
                }
            }
        }
        lists
    }

    /// The profile of the same name in the same root, in this list.
    pub(super) fn namesake(
        &self,
        remains: &Remains<'_>,
        list: ProfileState,
    ) -> Found<(&'v Root<'v>, &'v Profile<'v>)> {
        let Some(path) = list_path(remains.of, list) else { return Found::Unknown };
        let found = self.profiles.get(&folded(&format!(r"{path}\{}", remains.name())));
        match found {
            Some(found) => Found::Here(*found),
            None if self.is_complete(&path) => Found::Absent,
            None => Found::Unknown,
        }
    }

    fn is_complete(&self, list_path: &str) -> bool {
        let path = folded(list_path);
        let root = path.rsplit_once('\\').map_or("", |(root, _)| root);
        !self.incomplete.contains(&path) && (self.roots.contains(root) || !self.roots_unknown)
    }

    /// Whether records were recovered that stood in the place of a list's live key.
    fn had_other_records(&self, key: &MapiKey<'_>) -> bool {
        let records = self.records.get(&folded(&key.path()));
        records.is_some_and(|records| records.len() > 1 || !records.contains(&key.at))
    }

    /// The live key of the list in which a profile stood.
    pub(super) fn key_of_list(&self, profile: &RecoveredProfile<'_>) -> Option<&'v MapiKey<'v>> {
        let path = profile.place.list_path()?;
        self.by_path.get(&folded(path)).map(|list| &list.key)
    }
}

/// The path of one of the two lists of the root in which a profile stood.
fn list_path(profile: &RecoveredProfile<'_>, list: ProfileState) -> Option<String> {
    let (root, _) = profile.place.list_path()?.rsplit_once('\\')?;
    Some(format!(r"{root}\{}", list_name(list)))
}

/// Recovered profiles by root, list and name.
pub(super) struct ByPath<'a, 'v> {
    remains: HashMap<String, &'a Remains<'v>>,
}

impl<'a, 'v> ByPath<'a, 'v> {
    pub(super) fn of(remains: &'a [Remains<'v>]) -> Self {
        Self { remains: remains.iter().map(|remains| (remains.path(), remains)).collect() }
    }

    /// What is left of the same name in the same root, in this list.
    pub(super) fn namesake(&self, of: &Remains<'_>, list: ProfileState) -> Option<&'a Remains<'v>> {
        let path = list_path(of.of, list)?;
        self.remains.get(&folded(&format!(r"{path}\{}", of.name()))).copied()
    }

    /// What is left of a profile of this name under `Profiles` of a root.
    pub(super) fn in_profiles(&self, root: &Root<'_>, name: &str) -> Option<&'a Remains<'v>> {
        let list = list_name(ProfileState::Live);
        self.remains.get(&folded(&format!(r"{}\{list}\{name}", root.key.path()))).copied()
    }
}

/// What the live key of its list tells of when a profile was removed: Windows stamps the key above each time.
pub(super) struct ListKey<'v> {
    key: &'v MapiKey<'v>,
    bound: Bound,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// It changed last after the profile did.
    NotAfter,
    /// It changed last when the sections did. These are stamped by no deletion, other than the profile's own key.
    WithSections,
    /// It changed last before the profile did.
    Older,
}

impl<'v> ListKey<'v> {
    /// `None` where the list is not live, or was another key once.
    pub(super) fn of(lists: &Lists<'v>, remains: &Remains<'_>) -> Option<Self> {
        let (key, own) = (lists.key_of_list(remains.of)?, remains.trusted_key()?);
        // Another record of the list is one that was removed itself, so that the live one may never have held the profile.
        if lists.had_other_records(key) {
            return None;
        }
        let sections = remains.sections().map(|state| state.key.last_written).max();
        let bound = if key.last_written < own.key.last_written {
            Bound::Older
        } else if sections.is_some_and(|latest| key.last_written <= latest.plus_seconds(1)) {
            Bound::WithSections
        } else {
            Bound::NotAfter
        };
        Some(Self { key, bound })
    }

    /// Whether the times are those that a removal by Windows leaves.
    pub(super) fn fits(&self) -> bool {
        self.bound == Bound::NotAfter
    }

    /// The key as evidence.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::key("list of profiles", self.key)
    }

    /// A whole sentence with a space in front.
    pub(super) fn sentence(&self) -> String {
        let (name, time) = (&self.key.name, self.key.last_written);
        match self.bound {
            Bound::NotAfter => format!(
                " The key {name} was last changed {time}; Windows stamps it when it removes a key from it, so that the \
                 removal is not later, if Windows made it."
            ),
            Bound::WithSections => format!(
                " The key {name} was last changed {time}, not later than a second after the sections, although Windows \
                 stamps it when it removes a key from it: the profile was removed as soon as they were written, another \
                 program removed it, or the clock was put back."
            ),
            Bound::Older => format!(
                " The key {name} was last changed {time}, before the profile was, although Windows stamps it when it \
                 removes a key from it: another program removed the profile, the clock was put back, or the record stood \
                 elsewhere."
            ),
        }
    }
}

/// The one finding on profiles of a family that were there and are no more; `explained` is what its detail ends with.
pub(super) fn earlier_runs(view: &View<'_>, family: &'static str, explained: &str, verdict: &mut Verdict) {
    let Some(lists) = Lists::live(view) else { return };
    let mut runs: Vec<Remains<'_>> = Vec::new();
    let mut names = HashSet::new();
    let mut elsewhere: Vec<Remains<'_>> = Vec::new();
    for remains in Remains::of_gone(view) {
        let of_family = remains.of.profile.name_facts.family.is_some_and(|found| found.id == family);
        if !of_family || remains.trusted_key().is_none() {
            continue;
        }
        let live =
            [ProfileState::Live, ProfileState::DeletedPending].map(|list| lists.namesake(&remains, list));
        if live.iter().any(|found| matches!(found, Found::Here(_))) {
            continue;
        }
        if live.iter().any(Found::is_unknown) {
            let path = remains.of.place.profile_path().unwrap_or_default();
            verdict.cannot_judge(format!("{path}: not all profiles could be listed, it may be live"));
            continue;
        }
        if names.insert(folded(remains.name())) {
            runs.push(remains);
        } else {
            elsewhere.push(remains);
        }
    }
    let Some(first) = runs.first() else { return };
    let detail = format!(
        "{} of recovered profiles {} with {family} and {} live in neither list: {}. {explained}",
        counted(runs.len(), "name", "names"),
        if runs.len() == 1 { "begins" } else { "begin" },
        if runs.len() == 1 { "is" } else { "are" },
        listed(runs.iter().map(|run| format!(
            "\"{}\" ({}, recovered {})",
            run.name(),
            run.reading(),
            run.origins()
        )))
    );
    let one_root = runs.iter().chain(&elsewhere).all(|run| run.of.place.root == first.of.place.root);
    let subject = match runs.as_slice() {
        [only] => only.subject(),
        _ => Subject {
            root: one_root.then(|| first.of.place.root.to_string()),
            profile_family: Some(family),
            profile_state: Some(ProfileState::Recovered),
            ..Subject::default()
        },
    };
    let least = runs.iter().filter_map(Remains::own_key).map(|state| state.trust).min().unwrap_or(Trust::Low);
    let confidence = confidence(least).min(Confidence::Medium);
    let mut evidence = runs.iter().chain(&elsewhere).filter_map(Remains::own_key);
    let Some(own) = evidence.next() else { return };
    let role = "recovered profile key";
    let mut claim = Claim::new(Severity::Info, confidence, subject, self::evidence(role, own), detail)
        .with(evidence.map(|state| self::evidence(role, state)));
    claim.count = runs.len() as u64;
    verdict.claim(claim);
}

/// The instance keys of live profiles, by which a renamed or copied one is known.
pub(super) struct InstanceKeys<'v> {
    live: HashMap<&'v [u8], &'v Profile<'v>>,
}

impl<'v> InstanceKeys<'v> {
    pub(super) fn of(view: &View<'v>) -> Self {
        let live = view.mapi.all_profiles();
        Self { live: live.filter_map(|(_, profile)| Some((profile.instance_key()?, profile))).collect() }
    }

    /// A whole sentence with a space in front, where a live profile of another name holds the instance key of a recovered
    /// one.
    pub(super) fn sentence(&self, remains: &Remains<'_>) -> Option<String> {
        let live = self.live.get(remains.of.profile.instance_key()?)?;
        (folded(live.name()) != folded(remains.name())).then(|| {
            format!(
                " The live profile \"{}\" holds the same instance key, as a renamed or copied profile does.",
                live.name()
            )
        })
    }
}
