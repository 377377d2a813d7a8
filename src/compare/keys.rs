//! Keys and values of two copies beside each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Confidence;
use crate::finding::Evidence;
use crate::hive::{HiveState, Tree};
use crate::mapi::prop::PropName;
use crate::mapi::secret::{self, Secret};
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Mapi, MapiKey, MapiValue, ProviderSection, Recovered, account_text, registry_text};

use super::{Difference, Seen, Side, What, count, folded};

/// One copy of a hive.
#[derive(Clone, Copy)]
pub(super) struct Copied<'v> {
    pub(super) state: HiveState,
    pub(super) tree: &'v Tree<'v>,
    pub(super) mapi: &'v Mapi<'v>,
    pub(super) recovered: &'v Recovered<'v>,
}

/// Two copies, and which part of them is compared.
#[derive(Clone, Copy)]
pub(super) struct Scope<'v> {
    pub(super) before: Copied<'v>,
    pub(super) after: Copied<'v>,
    /// How sure anything is that is told of this pair.
    pub(super) certainty: Confidence,
    pub(super) root: Option<&'v str>,
    pub(super) profile: Option<&'v str>,
}

/// A key and what is known of where it lies.
#[derive(Clone, Copy)]
pub(super) struct PlacedKey<'v> {
    pub(super) key: &'v MapiKey<'v>,
    pub(super) section: Option<&'v ProviderSection<'v>>,
    pub(super) place: secret::Place<'v>,
    pub(super) of_account: bool,
    /// What else is known of it.
    pub(super) role: Role,
}

/// What a key is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// All of its values and subkeys are read.
    Whole,
    /// The same, and its value `DefaultProfile` names a profile.
    HoldsDefault,
    /// It holds more than what is read of it, so that its time says nothing of that.
    ReadInPart,
    /// The same, and its value `DefaultProfile` names a profile.
    ReadInPartHoldsDefault,
}

impl Role {
    fn holds_default(self) -> bool {
        matches!(self, Self::HoldsDefault | Self::ReadInPartHoldsDefault)
    }

    fn is_whole(self) -> bool {
        matches!(self, Self::Whole | Self::HoldsDefault)
    }
}

/// What became of the keys of one set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) added: usize,
    pub(super) removed: usize,
    pub(super) changed: usize,
    pub(super) touched: usize,
    /// Of how many whether they differ cannot be told.
    pub(super) unknown: usize,
}

/// The key whose whole list shows that something is not there, or why that cannot be told. There is no such key where
/// the keys above are not there either.
pub(super) type Absence<'v> = Result<Option<&'v MapiKey<'v>>, String>;

impl Counts {
    /// Keys that differ in more than their times.
    pub(super) fn different(self) -> usize {
        self.added + self.removed + self.changed
    }

    /// A sentence.
    pub(super) fn text(self) -> String {
        let parts = [
            (self.changed, "with other values"),
            (self.added, "added"),
            (self.removed, "removed"),
            (self.touched, "with the same content and another time"),
            (self.unknown, "of which not all can be compared"),
        ];
        let told = parts.into_iter().filter(|(number, _)| *number > 0);
        let told: Vec<String> =
            told.map(|(number, what)| format!("{} {what}", count(number, "key"))).collect();
        if told.is_empty() { "No key differs.".into() } else { format!("{}.", told.join(", ")) }
    }
}

impl<'v> PlacedKey<'v> {
    /// A key outside of profiles, or of a profile and no section.
    pub(super) fn plain(key: &'v MapiKey<'v>) -> Self {
        Self { key, section: None, place: secret::Place::Elsewhere, of_account: false, role: Role::Whole }
    }

    pub(super) fn with_role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    fn secret(&self, value: &MapiValue<'_>) -> Option<Secret> {
        value.secret(self.place)
    }

    /// What a value says, or what may be said of it.
    fn says(&self, value: &MapiValue<'_>, withheld: bool) -> String {
        let size = value.data_size();
        match self.secret(value) {
            Some(secret) if value.is_complete() => secret.to_string(),
            Some(_) => format!("present, {size} bytes, not all of which could be read"),
            None if withheld => {
                format!("present, {size} bytes, withheld because the other copy has a secret here")
            }
            None => self.decoded(value),
        }
    }

    fn decoded(&self, value: &MapiValue<'_>) -> String {
        let kind = self.section.map_or(SectionKind::Other, |section| section.kind);
        match (value.decoded(), value.prop) {
            (Some(decoded), Some(PropName { tag, .. })) => {
                tags::decoded_text(kind, tag, &decoded.value, value.ansi())
            }
            _ if self.of_account => {
                account_text(&value.name(), value.value_type(), value.bytes(), value.ansi())
            }
            _ => registry_text(value.value_type(), value.bytes()),
        }
    }

    fn seen(&self) -> Seen {
        Seen::of(Evidence::key("key", self.key))
    }

    fn seen_value(&self, value: &MapiValue<'_>, withheld: bool) -> Seen {
        let evidence = Evidence::value("value", self.key, value, self.says(value, withheld));
        Seen { evidence: Some(evidence), value_type: Some(value.value_type()) }
    }
}

impl<'v> Scope<'v> {
    pub(super) fn copied(&self, side: Side) -> &Copied<'v> {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// Whether absence may be told of a copy of whose lists `known` is told.
    pub(super) fn absence(&self, side: Side, known: Absence<'v>) -> Absence<'v> {
        let state = self.copied(side).state;
        let known = known.map_err(|why| format!("{}: {why}", side.as_str()));
        if state.vouches_for_absence() { known } else { Err(does_not_vouch(side, state)) }
    }

    /// The certainty of what both copies show.
    pub(super) fn of_both(&self) -> Confidence {
        let vouched = [self.before, self.after].iter().all(|copied| copied.state.vouches_for_absence());
        if vouched { self.certainty } else { self.certainty.min(Confidence::Medium) }
    }

    /// A difference of this scope.
    pub(super) fn difference(&self, what: What, detail: String) -> Difference {
        Difference {
            root: self.root.map(str::to_owned),
            profile: self.profile.map(str::to_owned),
            certainty: self.of_both(),
            ..Difference::new(what, detail)
        }
    }

    fn of_key(&self, what: What, placed: &PlacedKey<'_>, detail: String) -> Difference {
        Difference {
            section_uid: placed.section.map(|section| section.uid.to_string()),
            key_path: Some(placed.key.path()),
            ..self.difference(what, detail)
        }
    }

    /// Compares two sets of keys by their paths below `bases`, the path of the topmost key of each.
    pub(super) fn sets(
        &self,
        before: &[PlacedKey<'v>],
        after: &[PlacedKey<'v>],
        bases: [&str; 2],
        out: &mut Vec<Difference>,
    ) -> Counts {
        let [base_before, base_after] = bases;
        let (before, after) = (by_path(before, base_before), by_path(after, base_after));
        let mut counts = Counts::default();
        // Keys below which one was added or removed: Windows stamps them for that.
        let mut parents: BTreeSet<&str> = BTreeSet::new();
        for (side, here, there) in [(Side::Before, &before, &after), (Side::After, &after, &before)] {
            for ((path, occurrence), placed) in here {
                if there.contains_key(&(path.clone(), *occurrence)) {
                    continue;
                }
                parents.insert(above(path).unwrap_or_default());
                let told =
                    self.one_sided(side, placed, self.absence(side.other(), absent_key(there, path)), out);
                match (told, side) {
                    (false, _) => counts.unknown += 1,
                    (true, Side::Before) => counts.removed += 1,
                    (true, Side::After) => counts.added += 1,
                }
            }
        }
        for (path, one) in &before {
            let Some(other) = after.get(path) else { continue };
            let same_children = !parents.contains(path.0.as_str());
            let verdict = self.pair(one, other, same_children, out);
            match verdict {
                Verdict::Same => {}
                Verdict::Touched => counts.touched += 1,
                Verdict::Changed => counts.changed += 1,
                Verdict::Unknown => counts.unknown += 1,
            }
        }
        counts
    }

    /// Tells of a key that only one copy shows; whether it could be told that the other has none.
    pub(super) fn one_sided(
        &self,
        side: Side,
        placed: &PlacedKey<'v>,
        absence: Absence<'v>,
        out: &mut Vec<Difference>,
    ) -> bool {
        let what = match side {
            Side::Before => What::KeyRemoved,
            Side::After => What::KeyAdded,
        };
        let detail = format!("It has {}.", count(placed.key.values.len(), "value"));
        let told = absence.is_ok();
        let difference = self.of_key(what, placed, detail);
        out.push(one_sided(side, difference, placed.seen(), absence, "key above"));
        told
    }

    /// Compares one key with itself in the other copy. `same_children` says that no subkey was added or removed.
    pub(super) fn pair(
        &self,
        before: &PlacedKey<'v>,
        after: &PlacedKey<'v>,
        same_children: bool,
        out: &mut Vec<Difference>,
    ) -> Verdict {
        let first = out.len();
        let is_known = self.values(before, after, out);
        let told = out.get(first..).unwrap_or_default();
        if told.iter().any(|difference| difference.what != What::NotComparable) {
            return Verdict::Changed;
        }
        let subkeys_known = before.key.subkeys_complete && after.key.subkeys_complete;
        let whole = before.role.is_whole() && after.role.is_whole();
        if whole && !subkeys_known {
            let sides = [(Side::Before, before), (Side::After, after)];
            let lacking: Vec<&str> = sides
                .into_iter()
                .filter(|(_, placed)| !placed.key.subkeys_complete)
                .map(|(side, _)| side.as_str())
                .collect();
            let detail = format!("Not all of its subkeys could be listed in {}.", lacking.join(" and "));
            let row = self.of_key(What::NotComparable, after, detail);
            out.push(Difference { before: before.seen(), after: after.seen(), ..row });
        }
        if !is_known || whole && !subkeys_known {
            return Verdict::Unknown;
        }
        if before.key.last_written == after.key.last_written || !whole || !same_children {
            return Verdict::Same;
        }
        let detail = "The same values and subkeys, written at another time.".to_owned();
        let row = self.of_key(What::Touched, after, detail);
        out.push(Difference { before: before.seen(), after: after.seen(), ..row });
        Verdict::Touched
    }

    /// Compares the values of a key; whether all of them could be compared.
    fn values(&self, before: &PlacedKey<'v>, after: &PlacedKey<'v>, out: &mut Vec<Difference>) -> bool {
        let mut is_known = true;
        for (side, placed) in [(Side::Before, before), (Side::After, after)] {
            if !placed.key.values_complete {
                is_known = false;
                let detail = format!("Not all of its values could be listed in {}.", side.as_str());
                let row = self.of_key(What::NotComparable, after, detail);
                out.push(Difference { before: before.seen(), after: after.seen(), ..row });
            }
        }
        let (in_before, in_after) = (by_name(before.key), by_name(after.key));
        for (side, here, there, placed, other) in [
            (Side::Before, &in_before, &in_after, before, after),
            (Side::After, &in_after, &in_before, after, before),
        ] {
            for (_, value) in here.iter().filter(|(name, _)| !there.contains_key(*name)) {
                let why = || format!("not all values of \"{}\" could be listed", other.key.path());
                let absence = if other.key.values_complete { Ok(Some(other.key)) } else { Err(why()) };
                let what = alone(side, placed, value);
                let absence = self.absence(side.other(), absence);
                is_known &= absence.is_ok();
                let row = self.of_value(what, after, value, String::new());
                let seen = placed.seen_value(value, false);
                out.push(one_sided(side, row, seen, absence, "key"));
            }
        }
        for (name, one) in &in_before {
            let Some(other) = in_after.get(name) else { continue };
            is_known &= self.value_pair((before, one), (after, other), out);
        }
        is_known
    }

    /// Tells of the values of a key that the other copy has with none of them.
    pub(super) fn values_alone(
        &self,
        side: Side,
        placed: &PlacedKey<'v>,
        absence: &Absence<'v>,
        out: &mut Vec<Difference>,
    ) {
        for value in &placed.key.values {
            let row = self.of_value(alone(side, placed, value), placed, value, String::new());
            out.push(one_sided(side, row, placed.seen_value(value, false), absence.clone(), "key"));
        }
    }

    /// Compares a value with itself in the other copy; whether that could be done.
    fn value_pair(
        &self,
        (before, one): (&PlacedKey<'v>, &MapiValue<'_>),
        (after, other): (&PlacedKey<'v>, &MapiValue<'_>),
        out: &mut Vec<Difference>,
    ) -> bool {
        let same_form = (one.value_type(), one.data_size()) == (other.value_type(), other.data_size());
        let complete = one.is_complete() && other.is_complete();
        if same_form && complete && one.bytes() == other.bytes() {
            return true;
        }
        let is_secret = before.secret(one).is_some() || after.secret(other).is_some();
        let (what, detail) = if same_form && !complete {
            (What::NotComparable, "Not all of its data could be read.".to_owned())
        } else {
            let what =
                if is_default(after, other) { What::DefaultProfileChanged } else { What::ValueChanged };
            (what, how_changed(one, other, is_secret))
        };
        let row = self.of_value(what, after, other, detail);
        out.push(Difference {
            before: before.seen_value(one, is_secret),
            after: after.seen_value(other, is_secret),
            ..row
        });
        what != What::NotComparable
    }

    fn of_value(
        &self,
        what: What,
        placed: &PlacedKey<'_>,
        value: &MapiValue<'_>,
        detail: String,
    ) -> Difference {
        Difference { value_name: Some(value.name().into_owned()), ..self.of_key(what, placed, detail) }
    }
}

/// What a comparison of one key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Touched,
    Changed,
    Unknown,
}

/// A difference of something that only one copy shows: as it is where the absence is known, as not comparable where not.
pub(super) fn one_sided(
    side: Side,
    difference: Difference,
    seen: Seen,
    absence: Absence<'_>,
    witness: &'static str,
) -> Difference {
    let (other, difference) = match absence {
        Ok(key) => (Seen::maybe(key.map(|key| Evidence::key(witness, key))), difference),
        Err(why) => {
            let detail = format!(
                "{} shows it; whether {} has it cannot be told. {why}.",
                side.as_str(),
                side.other().as_str()
            );
            let what = What::NotComparable;
            (Seen::default(), Difference { what, detail, count: None, ..difference })
        }
    };
    match side {
        Side::Before => Difference { before: seen, after: other, ..difference },
        Side::After => Difference { before: other, after: seen, ..difference },
    }
}

pub(super) fn does_not_vouch(side: Side, state: HiveState) -> String {
    let why = match state {
        HiveState::DirtyUnreplayed => "is dirty and no transaction log that fits was applied",
        HiveState::Damaged => "has a damaged header or is cut short",
        HiveState::Clean | HiveState::DirtyReplayed => "is complete",
    };
    format!("{} {why}, so that what is not in its bytes may have been in the hive", side.as_str())
}

fn how_changed(before: &MapiValue<'_>, after: &MapiValue<'_>, is_secret: bool) -> String {
    let (old_type, new_type) = (before.value_type(), after.value_type());
    let (old_size, new_size) = (before.data_size(), after.data_size());
    let mut parts = Vec::new();
    if old_type != new_type {
        parts.push(format!("{old_type} became {new_type}"));
    }
    if old_size == new_size {
        parts.push(format!("other data of the same length, {old_size} bytes"));
    } else {
        parts.push(format!("{old_size} bytes became {new_size}"));
    }
    let secret = if is_secret { " A secret: its bytes differ and are not shown." } else { "" };
    format!("{}.{secret}", parts.join(", "))
}

/// What a value is that only one copy has.
fn alone(side: Side, placed: &PlacedKey<'_>, value: &MapiValue<'_>) -> What {
    match side {
        _ if is_default(placed, value) => What::DefaultProfileChanged,
        Side::Before => What::ValueRemoved,
        Side::After => What::ValueAdded,
    }
}

fn is_default(placed: &PlacedKey<'_>, value: &MapiValue<'_>) -> bool {
    placed.role.holds_default() && value.name().eq_ignore_ascii_case("DefaultProfile")
}

/// Keys by their path below `base`, as Windows compares it, and a number, for damage can give one name to several.
type ByPath<'v> = BTreeMap<(String, usize), PlacedKey<'v>>;

fn by_path<'v>(keys: &[PlacedKey<'v>], base: &str) -> ByPath<'v> {
    let mut map = ByPath::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for placed in keys {
        let path = placed.key.path();
        let path = folded(path.strip_prefix(base).unwrap_or(&path).trim_start_matches('\\'));
        let occurrence = seen.entry(path.clone()).or_default();
        map.insert((path, *occurrence), *placed);
        *occurrence += 1;
    }
    map
}

/// The path of the key above; the topmost key has none.
fn above(path: &str) -> Option<&str> {
    if path.is_empty() { None } else { Some(path.rsplit_once('\\').map_or("", |(above, _)| above)) }
}

/// Whether the nearest key above that is there lists all of its subkeys.
fn absent_key<'v>(there: &ByPath<'v>, path: &str) -> Absence<'v> {
    let mut path = path;
    while let Some(parent) = above(path) {
        if let Some(placed) = there.get(&(parent.to_owned(), 0)) {
            return if placed.key.subkeys_complete && placed.role.is_whole() {
                Ok(Some(placed.key))
            } else {
                Err(format!("not all subkeys of \"{}\" could be listed", placed.key.path()))
            };
        }
        path = parent;
    }
    Ok(None)
}

fn by_name<'k, 'v>(key: &'k MapiKey<'v>) -> BTreeMap<(String, usize), &'k MapiValue<'v>> {
    let mut map = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for value in &key.values {
        let name = folded(&value.name());
        let occurrence = seen.entry(name.clone()).or_default();
        map.insert((name, *occurrence), value);
        *occurrence += 1;
    }
    map
}
