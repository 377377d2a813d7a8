//! Roots, profiles and the places beside them in two copies of a hive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::account::Confidence;
use crate::finding::Evidence;
use crate::hive::{Found, Problems};
use crate::mapi::secret;
use crate::mapi::tags::SectionKind;
use crate::mapi::{MapiKey, Place, PlaceKind, Profile, ProfileList, ProfileState, Root, RootKind, RootName};
use crate::wintypes::same_name;

use super::keys::{Absence, Copied, PlacedKey, Role, Scope, one_sided};
use super::{Difference, Seen, Side, What, count, folded};

const LISTS: [ProfileState; 2] = [ProfileState::Live, ProfileState::DeletedPending];

/// Everything that differs between two copies, in no order yet.
pub(super) fn differences(scope: Scope<'_>, out: &mut Vec<Difference>) {
    let (before, after) = (roots(&scope.before), roots(&scope.after));
    let names: BTreeSet<&(RootName, usize)> = before.keys().chain(after.keys()).collect();
    for name in names {
        let text = name.0.to_string();
        let roots = Roots {
            scope: Scope { root: Some(&text), ..scope },
            before: root(&scope.before, &before, name),
            after: root(&scope.after, &after, name),
        };
        roots.own_keys(out);
        roots.profiles(out);
    }
    places(&scope, out);
}

/// The roots of a copy. Damage can give one name to several.
fn roots<'v>(copied: &Copied<'v>) -> BTreeMap<(RootName, usize), &'v Root<'v>> {
    let mut roots = BTreeMap::new();
    for root in &copied.mapi.roots {
        let occurrence =
            (0..=copied.mapi.roots.len()).find(|number| !roots.contains_key(&(root.name(), *number)));
        roots.insert((root.name(), occurrence.unwrap_or_default()), root);
    }
    roots
}

/// Whether a root is there. Which paths could not be looked at is known by their beginnings.
fn root<'v>(
    copied: &Copied<'v>,
    roots: &BTreeMap<(RootName, usize), &'v Root<'v>>,
    name: &(RootName, usize),
) -> Found<&'v Root<'v>> {
    match roots.get(name) {
        Some(root) => Found::Here(root),
        // Each of the few places of which it is unknown may be, or hold, any root.
        None if copied.mapi.unknown.is_empty() => Found::Absent,
        None => Found::Unknown,
    }
}

/// One root in both copies.
struct Roots<'v, 'n> {
    scope: Scope<'n>,
    before: Found<&'v Root<'v>>,
    after: Found<&'v Root<'v>>,
}

/// A profile in one list of one copy.
#[derive(Clone, Copy)]
struct Standing<'v> {
    list: ProfileState,
    profile: &'v Profile<'v>,
}

impl<'v> Roots<'v, 'v> {
    fn root(&self, side: Side) -> &Found<&'v Root<'v>> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    fn here(&self, side: Side) -> Option<&'v Root<'v>> {
        self.root(side).here()
    }

    fn list(&self, side: Side, state: ProfileState) -> Option<&'v ProfileList<'v>> {
        self.here(side).and_then(|root| root.list(state).as_ref().here())
    }

    /// The root's own key, the lists of profiles, and keys that belong to no profile.
    fn own_keys(&self, out: &mut Vec<Difference>) {
        let role = |root: &Root<'_>| match root.kind {
            RootKind::Office(_) => Role::ReadInPartHoldsDefault,
            RootKind::WindowsNt | RootKind::Windows9x => Role::Whole,
        };
        let keys = |root: &'v Root<'v>| -> Vec<PlacedKey<'v>> {
            let own = PlacedKey::plain(&root.key).with_role(role(root));
            std::iter::once(own).chain(root.other_keys.iter().map(PlacedKey::plain)).collect()
        };
        let lists_of = |side| LISTS.map(|state| self.list(side, state).is_some());
        match (self.here(Side::Before), self.here(Side::After)) {
            (Some(before), Some(after)) => {
                let (mut in_before, mut in_after) = (keys(before), keys(after));
                if lists_of(Side::Before) != lists_of(Side::After) {
                    // A list that came or went has stamped the root's own key.
                    for keys in [&mut in_before, &mut in_after] {
                        if let Some(own) = keys.first_mut().filter(|own| own.role == Role::Whole) {
                            own.role = Role::ReadInPart;
                        }
                    }
                }
                let bases = [before.key.path(), after.key.path()];
                self.scope.sets(&in_before, &in_after, bases.each_ref().map(String::as_str), out);
            }
            (before, after) => {
                for (side, root) in [(Side::Before, before), (Side::After, after)] {
                    for placed in root.into_iter().flat_map(keys) {
                        self.own_key_alone(side, &placed, out);
                    }
                }
            }
        }
        for state in LISTS {
            self.list_keys(state, out);
        }
    }

    /// A key of a root that only one copy has. Outlook's key is a root only while it has profiles, and lives on without.
    fn own_key_alone(&self, side: Side, placed: &PlacedKey<'v>, out: &mut Vec<Difference>) {
        let other = side.other();
        let path = placed.key.path();
        let lives_on = placed.role == Role::ReadInPartHoldsDefault
            && self.scope.copied(other).tree.root().is_ok_and(|root| {
                matches!(root.located("", &path, &mut Problems::default()), Found::Here(_))
            });
        if lives_on {
            self.scope.values_alone(side, placed, &self.absent_root(other), out);
        } else {
            self.scope.one_sided(side, placed, self.absent_root(other), out);
        }
    }

    fn list_keys(&self, state: ProfileState, out: &mut Vec<Difference>) {
        let placed = |list: &'v ProfileList<'v>| {
            let role = if state == ProfileState::Live { Role::HoldsDefault } else { Role::Whole };
            PlacedKey::plain(&list.key).with_role(role)
        };
        match (self.list(Side::Before, state), self.list(Side::After, state)) {
            (Some(before), Some(after)) => {
                let names = |list: &ProfileList<'_>| -> BTreeSet<String> {
                    list.profiles.iter().map(|profile| folded(profile.name())).collect()
                };
                let same_children = names(before) == names(after);
                self.scope.pair(&placed(before), &placed(after), same_children, out);
            }
            (before, after) => {
                for (side, list) in [(Side::Before, before), (Side::After, after)] {
                    if let Some(list) = list {
                        let absence = self.absent_list(side.other(), state);
                        self.scope.one_sided(side, &placed(list), absence, out);
                    }
                }
            }
        }
    }

    fn absent_root(&self, side: Side) -> Absence<'v> {
        let known = match self.root(side) {
            Found::Unknown => Err("not every place of profiles could be looked at".to_owned()),
            Found::Here(root) => Ok(Some(&root.key)),
            Found::Absent => Ok(None),
        };
        self.scope.absence(side, known)
    }

    fn absent_list(&self, side: Side, state: ProfileState) -> Absence<'v> {
        let above = self.absent_root(side)?;
        let Some(root) = self.here(side) else { return Ok(above) };
        let known = match root.list(state) {
            Found::Unknown => Err(format!("whether \"{}\" has such a list is not known", root.key.path())),
            Found::Absent | Found::Here(_) => Ok(Some(&root.key)),
        };
        self.scope.absence(side, known)
    }

    /// Whether a copy has no profile of a name in a list, for a name that was not seen there.
    fn absent_profile(&self, side: Side, state: ProfileState) -> Absence<'v> {
        let Some(list) = self.list(side, state) else { return self.absent_list(side, state) };
        let known = if list.key.subkeys_complete {
            Ok(Some(&list.key))
        } else {
            Err(format!("not all subkeys of \"{}\" could be listed", list.key.path()))
        };
        self.scope.absence(side, known)
    }

    fn profiles(&self, out: &mut Vec<Difference>) {
        let mut names: BTreeMap<(String, usize), [[Option<&'v Profile<'v>>; 2]; 2]> = BTreeMap::new();
        for (side_index, side) in [Side::Before, Side::After].into_iter().enumerate() {
            for (list_index, state) in LISTS.into_iter().enumerate() {
                let mut seen: BTreeMap<String, usize> = BTreeMap::new();
                for profile in self.list(side, state).into_iter().flat_map(|list| &list.profiles) {
                    let name = folded(profile.name());
                    let occurrence = seen.entry(name.clone()).or_default();
                    let entry = names.entry((name, *occurrence)).or_default();
                    *occurrence += 1;
                    let slot = entry.get_mut(side_index).and_then(|lists| lists.get_mut(list_index));
                    if let Some(slot) = slot {
                        *slot = Some(profile);
                    }
                }
            }
        }
        for [before, after] in names.into_values() {
            self.of_one_name(Named::new(before), Named::new(after), out);
        }
    }

    /// Tells what became of the profiles of one name, of which each list can have one.
    fn of_one_name(&self, mut before: Named<'v>, mut after: Named<'v>, out: &mut Vec<Difference>) {
        let [live, deleted] = LISTS;
        let straight = [(live, live), (deleted, deleted)];
        let across = [(live, deleted), (deleted, live)];
        let same = |before: &Named<'v>, after: &Named<'v>, (from, to): (ProfileState, ProfileState)| {
            let one = before.standing(from)?;
            same_instance(one.profile, after.standing(to)?.profile)
        };
        // An instance key that is found again tells more than a name: a profile that was deleted while in use and made
        // again is in both lists.
        for way in across {
            let stayed = straight.into_iter().any(|way| same(&before, &after, way) == Some(true));
            if !stayed && same(&before, &after, way) == Some(true) {
                self.moved(before.take(way.0), after.take(way.1), out);
            }
        }
        for (from, to) in straight {
            if before.standing(from).is_some() && after.standing(to).is_some() {
                self.stayed(before.take(from), after.take(to), out);
            }
        }
        for (from, to) in across {
            let other = same(&before, &after, (from, to)) == Some(false);
            if !other && before.standing(from).is_some() && after.standing(to).is_some() {
                self.moved(before.take(from), after.take(to), out);
            }
        }
        for (side, named) in [(Side::Before, before), (Side::After, after)] {
            for standing in named.0.into_iter().flatten() {
                self.alone(side, standing, out);
            }
        }
    }

    fn of_profile<'p>(&self, profile: &'p Profile<'_>) -> Scope<'p>
    where
        'v: 'p,
    {
        Scope { profile: Some(profile.name()), ..self.scope }
    }

    fn stayed(&self, before: Option<Standing<'v>>, after: Option<Standing<'v>>, out: &mut Vec<Difference>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let scope = self.of_profile(after.profile);
        let counts = profile_keys(&scope, before.profile, after.profile, out);
        let recreated = same_instance(before.profile, after.profile) == Some(false);
        if counts.different() == 0 {
            return;
        }
        let (what, why) = if recreated {
            (
                What::Recreated,
                " MAPI gives each profile that it makes an instance key of its own, and this one is another: a profile of \
                 the same name was made, or put there.",
            )
        } else {
            (What::Changed, "")
        };
        let row = Self::both(what, &scope, (before, after), format!("{}{why}", counts.text()));
        out.push(Difference { count: Some(counts.different()), ..row });
    }

    fn moved(&self, before: Option<Standing<'v>>, after: Option<Standing<'v>>, out: &mut Vec<Difference>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let scope = self.of_profile(after.profile);
        // It has moved only if it is where it was no more, and was not yet where it is.
        let same = same_instance(before.profile, after.profile) == Some(true);
        let was = self.absent_unless_seen(Side::Before, after.list, before.profile.name());
        let is = self.absent_unless_seen(Side::After, before.list, before.profile.name());
        if let Some(why) = was.err().or(is.err()) {
            let detail = format!(
                "BEFORE shows it {} and AFTER {}; whether it is in both lists cannot be told. {why}.",
                under(before.list),
                under(after.list)
            );
            out.push(Self::both(What::NotComparable, &scope, (before, after), detail));
            return;
        }
        let mut rows = Vec::new();
        let counts = profile_keys(&scope, before.profile, after.profile, &mut rows);
        // Keys that are copied to another place all have another time.
        rows.retain(|row| row.what != What::Touched);
        out.append(&mut rows);
        let what = match after.list {
            ProfileState::DeletedPending => What::MovedToDeleted,
            ProfileState::Live | ProfileState::Recovered => What::MovedBack,
        };
        let detail = format!(
            "It stood {} at \"{}\". {} {}",
            under(before.list),
            before.profile.key.path(),
            counts.text(),
            if same {
                "The instance key is the same."
            } else {
                "That it is the same is told by its name alone."
            }
        );
        let mut row = Self::both(what, &scope, (before, after), detail);
        if !same {
            row.certainty = row.certainty.min(Confidence::Medium);
        }
        row.count = Some(counts.different());
        out.push(row);
    }

    fn absent_unless_seen(&self, side: Side, state: ProfileState, name: &str) -> Absence<'v> {
        let seen = self.list(side, state).is_some_and(|list| list.named(name).here().is_some());
        if seen { Ok(None) } else { self.absent_profile(side, state) }
    }

    /// A profile that has no counterpart in the other copy.
    fn alone(&self, side: Side, standing: Standing<'v>, out: &mut Vec<Difference>) {
        let profile = standing.profile;
        let absence = self.absent_profile(side.other(), standing.list);
        let elsewhere = LISTS.into_iter().filter(|list| *list != standing.list);
        let elsewhere: Vec<String> = elsewhere
            .filter_map(|list| self.absent_unless_seen(side.other(), list, profile.name()).err())
            .collect();
        let what = match side {
            Side::Before => What::Gone,
            Side::After => What::Born,
        };
        let keys = profile.keys().count();
        let mut detail = format!("It stands {} with {}", under(standing.list), count(keys, "key"));
        let earliest = profile.keys().map(|key| key.last_written).min().unwrap_or_default();
        let _ = write!(detail, ", written from {earliest} to {}.", profile.latest_write());
        detail.push_str(&self.told_by_times(side, profile));
        detail.push_str(&self.namesakes(side, profile));
        detail.push_str(&self.remains(side, profile));
        let mut row = Difference {
            key_path: Some(profile.key.path()),
            count: Some(keys),
            ..self.of_profile(profile).difference(what, detail)
        };
        let is_known = absence.is_ok();
        let seen = Seen::of(Evidence::key("profile", &profile.key));
        row = one_sided(side, row, seen, absence, "list of profiles");
        if let (true, Some(why)) = (is_known, elsewhere.first()) {
            row.certainty = row.certainty.min(Confidence::Medium);
            let _ = write!(row.detail, " Whether it is in the other list cannot be told. {why}.");
        }
        out.push(row);
    }

    fn both(
        what: What,
        scope: &Scope<'_>,
        (before, after): (Standing<'v>, Standing<'v>),
        detail: String,
    ) -> Difference {
        let seen = |standing: Standing<'_>| Seen::of(Evidence::key("profile", &standing.profile.key));
        Difference {
            key_path: Some(after.profile.key.path()),
            before: seen(before),
            after: seen(after),
            ..scope.difference(what, detail)
        }
    }

    /// A sentence where the times of a profile do not fit the order of the copies, or bound what happened.
    fn told_by_times(&self, side: Side, profile: &Profile<'_>) -> String {
        let latest = |copied: &Copied<'_>| copied.mapi.latest_write();
        match side {
            Side::After => match latest(&self.scope.before) {
                Some(before) if profile.latest_write() < before => format!(
                    " All of that is before {before}, when a key of BEFORE changed last: it was put there with its times, or \
                     BEFORE is not the earlier copy."
                ),
                _ => String::new(),
            },
            Side::Before => match latest(&self.scope.after) {
                Some(after) if after < profile.latest_write() => format!(
                    " No key of AFTER changed after {after}: what removed it left no time, or BEFORE is not the earlier copy."
                ),
                _ => String::new(),
            },
        }
    }

    /// A sentence on profiles of the other copy that have the same instance key.
    fn namesakes(&self, side: Side, profile: &Profile<'_>) -> String {
        let others = self.scope.copied(side.other()).mapi.all_profiles();
        let mut same = others
            .filter(|(_, other)| same_instance(profile, other) == Some(true))
            .map(|(root, other)| format!("\"{}\" of {root} {}", other.name(), under(other.state)));
        match same.next() {
            Some(first) => format!(
                " Of {} the profile {first} has the same instance key: renamed, moved or copied.",
                side.other().as_str()
            ),
            None => String::new(),
        }
    }

    /// A sentence on what the other copy still or already has of it in deleted records.
    fn remains(&self, side: Side, profile: &Profile<'_>) -> String {
        let other = self.scope.copied(side.other());
        let of_name = other.recovered.profiles.iter().filter(|recovered| {
            let name = recovered.place.profile.as_deref();
            Some(recovered.place.root.to_string().as_str()) == self.scope.root
                && name.is_some_and(|name| same_name(name, profile.name()))
        });
        let mut text = String::new();
        for recovered in of_name {
            let states = other.recovered.states(recovered);
            let first =
                states.min_by_key(|state| (state.key.provenance.origin as u8, state.key.provenance.at));
            let Some(first) = first else { continue };
            let place = &first.key.provenance;
            let _ = write!(
                text,
                " {} has deleted records of a profile of this name {} (trust {}; {} at byte {}).",
                side.other().as_str(),
                under(recovered.list),
                recovered.trust.as_str(),
                place.origin.as_str(),
                place.at.0,
            );
        }
        text
    }
}

/// The profiles of one name in one copy, at most one for each list.
struct Named<'v>([Option<Standing<'v>>; 2]);

impl<'v> Named<'v> {
    fn new(profiles: [Option<&'v Profile<'v>>; 2]) -> Self {
        let [live, deleted] = profiles;
        let standing =
            |list, profile: Option<&'v Profile<'v>>| profile.map(|profile| Standing { list, profile });
        Self([standing(ProfileState::Live, live), standing(ProfileState::DeletedPending, deleted)])
    }

    fn standing(&self, list: ProfileState) -> Option<Standing<'v>> {
        self.0.iter().flatten().find(|standing| standing.list == list).copied()
    }

    fn take(&mut self, list: ProfileState) -> Option<Standing<'v>> {
        let slot = self.0.iter_mut().find(|slot| slot.is_some_and(|standing| standing.list == list));
        slot.and_then(Option::take)
    }
}

/// Whether two profiles have the same instance key, where both have one.
fn same_instance(left: &Profile<'_>, right: &Profile<'_>) -> Option<bool> {
    Some(left.instance_key()? == right.instance_key()?)
}

fn under(list: ProfileState) -> &'static str {
    match list {
        ProfileState::DeletedPending => "under Deleted Profiles",
        ProfileState::Live | ProfileState::Recovered => "under Profiles",
    }
}

fn profile_keys(
    scope: &Scope<'_>,
    before: &Profile<'_>,
    after: &Profile<'_>,
    out: &mut Vec<Difference>,
) -> super::keys::Counts {
    let bases = [before.key.path(), after.key.path()];
    scope.sets(&keys_of(before), &keys_of(after), bases.each_ref().map(String::as_str), out)
}

fn keys_of<'v>(profile: &'v Profile<'v>) -> Vec<PlacedKey<'v>> {
    let mut keys = vec![PlacedKey::plain(&profile.key)];
    for section in &profile.sections {
        let placed = |key: &'v MapiKey<'v>| PlacedKey {
            section: Some(section),
            place: section.secret_place(),
            of_account: section.kind == SectionKind::AccountManager,
            ..PlacedKey::plain(key)
        };
        keys.push(placed(&section.key));
        keys.extend(section.below.iter().map(placed));
    }
    keys.extend(profile.other_keys.iter().map(PlacedKey::plain));
    keys
}

/// The keys beside the roots that tell of MAPI too.
fn places(scope: &Scope<'_>, out: &mut Vec<Difference>) {
    let paths: BTreeSet<String> = [scope.before, scope.after]
        .into_iter()
        .flat_map(|copied| {
            copied.mapi.places.iter().filter_map(|place| Some(folded(&place.keys.first()?.path())))
        })
        .collect();
    for path in paths {
        let [before, after] = [scope.before, scope.after].map(|copied| {
            let mut places = copied.mapi.places.iter();
            places.find(|place| place.keys.first().is_some_and(|key| folded(&key.path()) == path))
        });
        match (before, after) {
            (Some(before), Some(after)) if before.kind == PlaceKind::ProtectedStorage => {
                protected_storage(scope, before, after, out);
            }
            (Some(before), Some(after)) => {
                let bases =
                    [before, after].map(|place| place.keys.first().map(MapiKey::path).unwrap_or_default());
                scope.sets(
                    &keys_of_place(before),
                    &keys_of_place(after),
                    bases.each_ref().map(String::as_str),
                    out,
                );
            }
            (before, after) => {
                for (side, place) in [(Side::Before, before), (Side::After, after)] {
                    for placed in place.into_iter().flat_map(keys_of_place) {
                        scope.one_sided(side, &placed, absent_path(scope, side.other(), &path), out);
                    }
                }
            }
        }
    }
}

/// Of these keys only the names are read, and nothing below them.
fn protected_storage<'v>(
    scope: &Scope<'v>,
    before: &'v Place<'v>,
    after: &'v Place<'v>,
    out: &mut Vec<Difference>,
) {
    for (side, here, there) in [(Side::Before, before, after), (Side::After, after, before)] {
        for placed in keys_of_place(here) {
            let path = placed.key.path();
            match there.keys.iter().find(|other| same_name(&other.path(), &path)) {
                None => {
                    scope.one_sided(side, &placed, absent_path(scope, side.other(), &path), out);
                }
                Some(other) if side == Side::Before => {
                    let other = PlacedKey { key: other, ..placed };
                    scope.pair(&placed, &other, true, out);
                }
                Some(_) => {}
            }
        }
    }
}

fn keys_of_place<'v>(place: &'v Place<'v>) -> Vec<PlacedKey<'v>> {
    let (secrets, of_account, role) = match place.kind {
        PlaceKind::ProtectedStorage => (secret::Place::ProtectedStorage, false, Role::ReadInPart),
        PlaceKind::OmiAccounts | PlaceKind::InternetAccounts => (secret::Place::Account, true, Role::Whole),
        PlaceKind::Exchange | PlaceKind::Setup => (secret::Place::Elsewhere, false, Role::Whole),
    };
    let placed =
        |key: &'v MapiKey<'v>| PlacedKey { place: secrets, of_account, role, ..PlacedKey::plain(key) };
    place.keys.iter().map(placed).collect()
}

/// Whether a copy has no key at a path, which is looked up list by list.
fn absent_path<'v>(scope: &Scope<'v>, side: Side, path: &str) -> Absence<'v> {
    let unknown = || format!("whether there is \"{path}\" is not known");
    let known = match scope.copied(side).tree.root() {
        // Names are looked up by their hashes, which needs ASCII.
        Ok(root) if path.is_ascii() => match root.located("", path, &mut Problems::default()) {
            Found::Absent => Ok(None),
            Found::Here(_) | Found::Unknown => Err(unknown()),
        },
        _ => Err(unknown()),
    };
    scope.absence(side, known)
}
