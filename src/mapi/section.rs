//! Profile sections: what each is for, and how services and providers refer to each other.

use crate::hive::Found;

use super::key::{MapiKey, MapiValue};
use super::prop::{PropId, PropTag, PropType, PropValue};
use super::secret;
use super::tags::{self, SectionKind};
use super::uid::{self, MapiUid};

/// A section of a profile: a key named by 32 hexadecimal digits.
#[derive(Clone, Debug)]
pub struct ProviderSection<'b> {
    /// The section's identifier, which is the key's name.
    pub uid: MapiUid,
    /// What the section is for.
    pub kind: SectionKind,
    /// The name of the message service it belongs to (`MSEMS`, `MSPST MS` ...), by its own `PR_SERVICE_NAME` or through
    /// `PR_SERVICE_UID`.
    pub service_name: Option<String>,
    /// The key.
    pub key: MapiKey<'b>,
    /// Keys below it: the accounts of the account manager, and what else there is.
    pub below: Vec<MapiKey<'b>>,
}

/// The identifiers in a list property, and what did not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UidList {
    /// The identifiers, in order.
    pub uids: Vec<MapiUid>,
    /// Bytes left over at the end; 0 in a list that is well formed.
    pub left_over: usize,
}

impl<'b> ProviderSection<'b> {
    /// The property with this identifier, of whatever type.
    pub fn prop(&self, id: PropId) -> Found<&MapiValue<'b>> {
        self.key.prop(id)
    }

    /// The text of a property; a property that is there but is no text, or whose bytes could not all be read, is
    /// unknown.
    pub fn text(&self, id: PropId) -> Found<&str> {
        self.prop(id).and_then(|value| match value.text() {
            Some(text) if value.is_complete() => Found::Here(text),
            _ => Found::Unknown,
        })
    }

    /// A `PT_LONG` property as bits, and the value that holds it; one whose data are no `PT_LONG` is unknown.
    pub fn long(&self, id: PropId) -> Found<(&MapiValue<'b>, u32)> {
        self.typed(PropTag::new(PropType::PT_LONG, id), |value| match value {
            PropValue::Long(number) => Some(number.cast_unsigned()),
            _ => None,
        })
    }

    /// A `PT_BOOLEAN` property, and the value that holds it; one whose data are no `PT_BOOLEAN` is unknown.
    pub fn boolean(&self, id: PropId) -> Found<(&MapiValue<'b>, bool)> {
        self.typed(PropTag::new(PropType::PT_BOOLEAN, id), |value| match value {
            PropValue::Boolean(truth) => Some(*truth),
            _ => None,
        })
    }

    fn typed<T>(
        &self,
        tag: PropTag,
        read: impl FnOnce(&PropValue<'_>) -> Option<T>,
    ) -> Found<(&MapiValue<'b>, T)> {
        self.key.tagged(tag).and_then(|value| {
            let decoded = value.decoded().filter(|_| value.is_complete());
            match decoded.and_then(|decoded| read(&decoded.value)) {
                Some(read) => Found::Here((value, read)),
                None => Found::Unknown,
            }
        })
    }

    /// The value as a secret, if it is one: of the section itself, or of a key below it.
    pub fn secret(&self, value: &MapiValue<'_>) -> Option<secret::Secret> {
        value.secret(self.secret_place())
    }

    /// Where the values of the section and of the keys below it lie, for the question whether they are secrets.
    pub fn secret_place(&self) -> secret::Place<'_> {
        match self.kind {
            SectionKind::AccountManager => secret::Place::Account,
            kind => secret::Place::Section { kind, service: self.service_name.as_deref() },
        }
    }

    /// The identifiers of a list property.
    pub fn uids(&self, id: PropId) -> Found<UidList> {
        self.prop(id).and_then(|value| {
            if !value.is_complete() {
                return Found::Unknown;
            }
            let (uids, left_over) = MapiUid::from_list(value.bytes());
            Found::Here(UidList { uids, left_over })
        })
    }
}

/// Identifiers of the lists in which services and the root name providers: stores, address books, transports.
pub const PROVIDER_LISTS: [PropId; 3] =
    [tags::PR_STORE_PROVIDERS, tags::PR_AB_PROVIDERS, tags::PR_TRANSPORT_PROVIDERS];

/// Tells what every section of a profile is for, by its identifier, by what refers to it and by what it holds, in this
/// order.
pub(super) fn classify(sections: &mut [ProviderSection<'_>]) {
    let links = Links::of(sections);
    let told: Vec<(SectionKind, Option<String>)> = sections
        .iter()
        .map(|section| {
            let name = links.service_name(section);
            (kind(section, name, &links), name.map(str::to_owned))
        })
        .collect();
    for (section, (kind, name)) in sections.iter_mut().zip(told) {
        section.kind = kind;
        section.service_name = name;
    }
}

/// Who is referred to as what, each list in the order of identifiers.
#[derive(Default)]
struct Links<'s> {
    services: Vec<MapiUid>,
    providers: Vec<MapiUid>,
    exchange: Vec<MapiUid>,
    /// The name of every section that has one, whatever it is.
    names: Vec<(MapiUid, &'s str)>,
}

impl<'s> Links<'s> {
    fn of(sections: &'s [ProviderSection<'_>]) -> Self {
        let mut links = Self::default();
        for section in sections {
            let list = |id| section.uids(id).here().map(|list| list.uids).unwrap_or_default();
            if section.uid == uid::ROOT_SECTION {
                links.services.extend(list(tags::PR_SERVICES));
            }
            links.providers.extend(PROVIDER_LISTS.into_iter().flat_map(list));
            links.exchange.extend(list(tags::PR_EMSMDB_SECTION_UID));
            links.names.extend(own_service_name(section).map(|name| (section.uid, name)));
        }
        for referred in [&mut links.services, &mut links.providers, &mut links.exchange] {
            referred.sort_unstable();
        }
        // Of several sections of one identifier, which only damage can bring about, the first counts.
        links.names.sort_by_key(|(section, _)| *section);
        links.names.dedup_by_key(|(section, _)| *section);
        links
    }

    /// The section's own name of a service, or that of the service it names as its own.
    fn service_name(&self, section: &'s ProviderSection<'_>) -> Option<&'s str> {
        own_service_name(section).or_else(|| {
            let service = section.uids(tags::PR_SERVICE_UID).here()?.uids.first().copied()?;
            let at = self.names.binary_search_by_key(&service, |(section, _)| *section).ok()?;
            self.names.get(at).map(|(_, name)| *name)
        })
    }
}

fn own_service_name<'s>(section: &'s ProviderSection<'_>) -> Option<&'s str> {
    section.text(tags::PR_SERVICE_NAME).here().filter(|name| !name.is_empty())
}

fn kind(section: &ProviderSection<'_>, service_name: Option<&str>, links: &Links<'_>) -> SectionKind {
    let well_known = match section.uid {
        uid::ROOT_SECTION => Some(SectionKind::Root),
        uid::GLOBAL_PROFILE_SECTION => Some(SectionKind::GlobalProfile),
        uid::CAPONE_SECTION => Some(SectionKind::Capone),
        uid::PROFILE_INSTANCE_SECTION => Some(SectionKind::ProfileInstance),
        uid::ACCOUNT_MANAGER_SECTION => Some(SectionKind::AccountManager),
        uid::EXCHANGE_ADDRESS_BOOK => Some(SectionKind::ExchangeAddressBook),
        uid::DIAL_UP_SECTION => Some(SectionKind::DialUp),
        uid::PROFILE_NAME_SECTION => Some(SectionKind::ProfileName),
        _ => None,
    };
    if let Some(kind) = well_known {
        return kind;
    }
    let has = |id| section.prop(id).here().is_some();
    let is_in = |referred: &[MapiUid]| referred.binary_search(&section.uid).is_ok();
    if is_in(&links.exchange) {
        return SectionKind::GlobalProfile;
    }
    if is_in(&links.services) || has(tags::PR_SERVICE_ENTRY_NAME) {
        return SectionKind::Service;
    }
    let is_provider = is_in(&links.providers)
        || has(tags::PR_RESOURCE_TYPE)
        || has(tags::PR_SERVICE_UID)
        || has(tags::PR_PROVIDER_DLL_NAME);
    match service_name.and_then(SectionKind::for_service) {
        Some(kind) => kind,
        None if is_provider => SectionKind::Provider,
        None => SectionKind::Other,
    }
}
