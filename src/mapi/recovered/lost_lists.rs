//! Lost lists of values that several keys may have had: whose they are by what they hold, and what is told of the others.

use std::collections::{HashMap, HashSet};

use crate::hive::{Carved, DeletedKey, DeletedValue, Doubt, LostList, Offset, Origin, Provenance, limits};
use crate::mapi::key::{MapiKey, prop_name};
use crate::mapi::prop::{PropId, PropTag, PropType};
use crate::mapi::roots::MapiPath;
use crate::mapi::section::PROVIDER_LISTS;
use crate::mapi::tags;
use crate::mapi::uid::{self, MapiUid};
use crate::wintypes::AnsiCodePage;

use super::{RecoveredKey, folded};

/// What well-known sections hold, and nothing else does (measured in five profiles, where each had just this).
static CONTENTS: &[(MapiUid, PropTag)] = &[
    (uid::PROFILE_INSTANCE_SECTION, PropTag(0x300b_0102)),
    (uid::PROFILE_NAME_SECTION, PropTag(0x6000_001f)),
    (MapiUid(0xf86e_d290_3a4a_11cf_b57e_5241_5348_0001_u128.to_be_bytes()), PropTag(0x6002_0048)),
];

/// Properties that only MAPI's own section has: its services, and the order of address books.
const OF_ROOT: [PropId; 2] = [tags::PR_SERVICES, tags::PR_AB_SEARCH_PATH];

/// Gives each list to its key where only one of the candidates can have had it, and no other list is left with that key only.
pub(super) fn attach(carved: &mut Carved<'_>) {
    // With each round at least one key of each tie that can be resolved drops out of it.
    for _ in 0..=limits::MAX_CANDIDATES {
        if carved.lists.is_empty() {
            break;
        }
        let links = Links::of(carved);
        let possible: Vec<Option<usize>> =
            carved.lists.iter().map(|list| only_one(carved, list, &links)).collect();
        let mut wanted: HashMap<usize, usize> = HashMap::new();
        possible.iter().flatten().for_each(|key| *wanted.entry(*key).or_default() += 1);
        let lists = std::mem::take(&mut carved.lists);
        let known = lists.len();
        for (list, key) in lists.into_iter().zip(possible) {
            match key.filter(|key| wanted.get(key) == Some(&1)) {
                Some(key) => carved.attach(list, key),
                None => carved.lists.push(list),
            }
        }
        if carved.lists.len() == known {
            break;
        }
    }
    carved.rule_out_those_with_values();
}

/// The one key that can have had a list.
fn only_one(carved: &Carved<'_>, list: &LostList<'_>, links: &Links) -> Option<usize> {
    let free = list.candidates.iter().copied();
    let free: Vec<(usize, &DeletedKey<'_>)> = free
        .filter_map(|index| Some((index, carved.keys.get(index)?)))
        .filter(|(_, key)| key.values.is_empty())
        .collect();
    let held = contents(&list.values);
    let only = |fits: &dyn Fn(&DeletedKey<'_>) -> bool| {
        let mut fitting = free.iter().filter(|(_, key)| fits(key));
        let first = fitting.next().map(|(index, _)| *index);
        (first, first.filter(|_| fitting.next().is_none()))
    };
    // A section that holds just this, or that others refer to as what the list says it is, goes before those of which
    // nothing is known.
    let (told, one) = only(&|key| section(key).is_some_and(|(_, uid)| held.is_of(uid)));
    if told.is_some() {
        return one;
    }
    let (told, one) = only(&|key| !held.of_root && links.lead(&list.values, key));
    if told.is_some() {
        return one;
    }
    only(&|key| section(key).is_none_or(|(_, uid)| !held.is_not_of(uid))).1
}

/// A profile's section, by its place or where that is lost by its name: the path above it, and its identifier.
fn section<'k>(key: &'k DeletedKey<'_>) -> Option<(&'k str, MapiUid)> {
    let (parent, name) = key.path.rsplit_once('\\')?;
    let uid = MapiUid::from_key_name(name)?;
    let is_one = !key.path_complete
        || MapiPath::parse(&key.path).is_some_and(|place| place.section == Some(uid) && !place.below_section);
    is_one.then_some((parent, uid))
}

/// What the names of values tell about their section.
struct Contents {
    /// The property that is the only value.
    single: Option<PropTag>,
    /// Whether only MAPI's own section has one of them.
    of_root: bool,
}

fn contents(values: &[DeletedValue<'_>]) -> Contents {
    let prop = |value: &DeletedValue<'_>| prop_name(value.name()).filter(|prop| !prop.secure);
    let single = match values {
        [value] => prop(value).map(|prop| prop.tag),
        _ => None,
    };
    let of_root = values.iter().filter_map(prop).any(|prop| OF_ROOT.contains(&prop.id()));
    Contents { single, of_root }
}

impl Contents {
    /// Whether a section is known to hold just this.
    fn is_of(&self, section: MapiUid) -> bool {
        let known = CONTENTS.iter().any(|(uid, tag)| *uid == section && self.single == Some(*tag));
        known || (section == uid::ROOT_SECTION && self.of_root)
    }

    /// Whether a section cannot have held it.
    fn is_not_of(&self, section: MapiUid) -> bool {
        let is_known = CONTENTS.iter().any(|(uid, _)| *uid == section);
        (is_known || self.of_root) && !self.is_of(section)
    }
}

/// That services name their providers, and providers their service, by the path of the profile.
#[derive(Default)]
struct Links {
    of_profiles: HashMap<String, ProfileLinks>,
}

#[derive(Default)]
struct ProfileLinks {
    /// Service and provider.
    named_by_service: HashSet<(MapiUid, MapiUid)>,
    named_by_provider: HashSet<(MapiUid, MapiUid)>,
    /// Providers that name a service.
    providers: HashSet<MapiUid>,
}

impl Links {
    fn of(carved: &Carved<'_>) -> Self {
        let mut links = Self::default();
        for key in carved.keys.iter().filter(|key| !key.values.is_empty()) {
            let Some((profile, uid)) = section(key) else { continue };
            let links = links.of_profiles.entry(folded(profile)).or_default();
            links.named_by_service.extend(providers(&key.values).map(|provider| (uid, provider)));
            for service in services(&key.values) {
                links.named_by_provider.insert((service, uid));
                links.providers.insert(uid);
            }
        }
        links
    }

    /// Whether the sections to which the list refers refer back to this key, and to no other.
    fn lead(&self, values: &[DeletedValue<'_>], key: &DeletedKey<'_>) -> bool {
        let Some((profile, uid)) = section(key) else { return false };
        let Some(links) = self.of_profiles.get(&folded(profile)) else { return false };
        let mut known = providers(values).filter(|provider| links.providers.contains(provider));
        let names_key = |provider| links.named_by_provider.contains(&(uid, provider));
        let is_service = known.next().is_some_and(names_key) && known.all(names_key);
        is_service || services(values).any(|service| links.named_by_service.contains(&(service, uid)))
    }
}

/// The providers that the values of a service name. MAPI's own section names those of all services.
fn providers(values: &[DeletedValue<'_>]) -> impl Iterator<Item = MapiUid> {
    uids(values, |id| PROVIDER_LISTS.contains(&id))
}

/// The service that the values of a provider name.
fn services(values: &[DeletedValue<'_>]) -> impl Iterator<Item = MapiUid> {
    uids(values, |id| id == tags::PR_SERVICE_UID)
}

fn uids(values: &[DeletedValue<'_>], wanted: impl Fn(PropId) -> bool) -> impl Iterator<Item = MapiUid> {
    // Data that other records share prove nothing, and could be shared by thousands.
    let wanted = move |value: &&DeletedValue<'_>| {
        !value.doubts.contains(Doubt::DataShared)
            && prop_name(value.name()).is_some_and(|prop| {
                !prop.secure && prop.prop_type() == PropType::PT_BINARY && wanted(prop.id())
            })
    };
    let data = values.iter().filter(wanted).filter_map(|value| value.data.as_ref().ok());
    data.filter(|data| data.complete).flat_map(|data| MapiUid::from_list(&data.bytes).0)
}

/// The lists that may be of keys below MAPI's roots, or of sections that lost their place.
pub(super) fn read<'b>(
    carved: &Carved<'_>,
    ansi: AnsiCodePage,
    place: impl Fn(Origin, Offset, usize) -> Provenance,
) -> Vec<RecoveredKey<'b>> {
    let of_mapi = |list: &&LostList<'_>| {
        let has_props = list.values.iter().any(|value| prop_name(value.name()).is_some());
        carved.candidates_of(list).any(|key| {
            MapiPath::parse(&key.path).is_some()
                || (has_props && !key.path_complete && section(key).is_some())
        })
    };
    let read = |list: &LostList<'_>| {
        let path = carved.path_of(list);
        let parent = path.rsplit_once('\\').map_or("", |(parent, _)| parent);
        let trust = list
            .values
            .iter()
            .map(DeletedValue::trust)
            .chain(carved.candidates_of(list).map(DeletedKey::trust))
            .min();
        RecoveredKey {
            key: MapiKey::unknown(parent, list, ansi, &place),
            place: MapiPath::parse(parent),
            trust: trust.unwrap_or(crate::hive::Trust::Low),
            doubts: carved.owners_of(list),
            is_live: false,
            predates_profile: false,
        }
    };
    carved.lists.iter().filter(of_mapi).map(read).collect()
}
