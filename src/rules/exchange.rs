//! Message services of Exchange, and whether what they are to open was ever resolved against the directory.

use std::collections::BTreeMap;

use crate::finding::Evidence;
use crate::hive::Found;
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::{self, MapiUid};
use crate::mapi::{MapiValue, Profile, ProviderSection};

use super::hits::Hit;
use super::wording::listed;
use super::{Verdict, unseen};

/// The name of the service in mapisvc.inf.
pub(super) const MSEMS: &str = "MSEMS";

/// A section in which the identifiers from 6600 on mean what Exchange's header says. Services of LDAP, of Microsoft Mail
/// and of the Outlook address book use the same numbers for something else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Settings of a profile or account: `13dbb0c8…`, or what a 3d15 names.
    Settings,
    /// A provider of a service `MSEMS`, or of one of the Exchange Development Kit's (`MSEMS_…`).
    Provider,
}

/// Which part of Exchange's a section is; `None` for every other section.
pub(super) fn part(section: &ProviderSection<'_>) -> Option<Part> {
    match section.kind {
        SectionKind::GlobalProfile => Some(Part::Settings),
        SectionKind::Provider if section.service_name.as_deref().is_some_and(is_exchange) => {
            Some(Part::Provider)
        }
        _ => None,
    }
}

/// `MSEMS`, `MSEMS_EdkGateway`, `MSEMS_EdkMbAgent`, in any letter case.
fn is_exchange(service_name: &str) -> bool {
    service_name.split_at_checked(MSEMS.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(MSEMS) && (rest.is_empty() || rest.starts_with('_'))
    })
}

/// The flags of how Exchange is connected to (6604) and of how its stores are opened (6609) that have any bit of the
/// masks.
pub(super) fn flags<'p, 'b>(profile: &'p Profile<'b>, connect: u32, open: u32) -> Vec<Hit<'p, 'b>> {
    let in_section = |section: &'p ProviderSection<'b>| {
        let (role, id, mask) = match part(section)? {
            Part::Settings => ("connect flags", tags::PR_PROFILE_CONNECT_FLAGS, connect),
            Part::Provider => ("open flags of a store", tags::PR_PROFILE_OPEN_FLAGS, open),
        };
        let (value, flags) = section.long(id).here()?;
        (flags & mask != 0).then(|| Hit::decoded(role, section, value)).flatten()
    };
    profile.sections.iter().filter_map(in_section).collect()
}

/// The identifiers by which Exchange's sections say what to open: as resolved, then as typed.
const IDENTITY: [PropId; 4] = [
    tags::PR_PROFILE_HOME_SERVER,
    tags::PR_PROFILE_USER,
    tags::PR_PROFILE_UNRESOLVED_NAME,
    tags::PR_PROFILE_UNRESOLVED_SERVER,
];

/// What a service has where nothing was resolved.
pub(super) struct Unresolved<'p, 'b> {
    /// The service.
    pub(super) service: &'p ProviderSection<'b>,
    /// The section with its settings, if there is one.
    pub(super) settings: Option<&'p ProviderSection<'b>>,
    /// Sections that belong to the service, none of them with a mailbox.
    pub(super) providers: Vec<&'p ProviderSection<'b>>,
}

/// Tells why there may be services of Exchange that were not recognised.
pub(super) fn unseen_services(profile: &Profile<'_>, verdict: &mut Verdict) {
    unseen::sections(profile, verdict);
    let may_be_service = |section: &&ProviderSection<'_>| {
        matches!(section.kind, SectionKind::Service | SectionKind::Provider | SectionKind::Other)
            && section.text(tags::PR_SERVICE_NAME).is_unknown()
    };
    for unnamed in profile.sections.iter().filter(may_be_service) {
        verdict.cannot_judge(format!("{}: the service's name could not be read", unnamed.key.path()));
    }
}

/// The sections of a profile by identifier and by the service they belong to: each is looked at once, however many
/// services a profile has.
pub(super) struct Parts<'p, 'b> {
    profile: &'p Profile<'b>,
    sections: BTreeMap<MapiUid, &'p ProviderSection<'b>>,
    /// Sections that name a service as the one they belong to.
    members: BTreeMap<MapiUid, Vec<&'p ProviderSection<'b>>>,
    /// A section with a mailbox of which it is not known to what service it belongs.
    astray: Option<&'p ProviderSection<'b>>,
}

impl<'p, 'b> Parts<'p, 'b> {
    pub(super) fn of(profile: &'p Profile<'b>) -> Self {
        let mut parts = Self { profile, sections: BTreeMap::new(), members: BTreeMap::new(), astray: None };
        for section in &profile.sections {
            parts.sections.entry(section.uid).or_insert(section);
            match section.uids(tags::PR_SERVICE_UID) {
                Found::Here(link) => {
                    if let Some(service) = link.uids.first() {
                        parts.members.entry(*service).or_default().push(section);
                    }
                }
                Found::Absent => {}
                Found::Unknown if section.prop(tags::PR_PROFILE_MAILBOX).is_absent() => {}
                Found::Unknown => parts.astray = Some(section),
            }
        }
        parts
    }

    /// The sections that name `service` as the service they belong to.
    pub(super) fn members(&self, service: &ProviderSection<'_>) -> &[&'p ProviderSection<'b>] {
        self.members.get(&service.uid).map_or(&[], Vec::as_slice)
    }

    /// Whether a service is unresolved: no home server (6602) and no user (6603) in the section with its settings, no
    /// mailbox (660b) in the sections of its stores. `Err` says why that cannot be told.
    ///
    /// An empty text counts as none at all: it names nobody.
    pub(super) fn unresolved(
        &self,
        service: &'p ProviderSection<'b>,
    ) -> Result<Option<Unresolved<'p, 'b>>, String> {
        let settings = self.settings(service)?;
        if let Some(section) = settings {
            let [server, user, ..] = identity(section)?;
            if server.is_some() || user.is_some() {
                return Ok(None);
            }
        }
        let Some(providers) = self.providers_without_mailbox(service)? else { return Ok(None) };
        self.agrees_with_global(settings)?;
        Ok(Some(Unresolved { service, settings, providers }))
    }

    pub(super) fn section(&self, uid: MapiUid) -> Found<&'p ProviderSection<'b>> {
        match self.sections.get(&uid) {
            Some(section) => Found::Here(section),
            None if self.profile.key.subkeys_complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// The section with the settings of a service: the one that 3d15 names, else `13dbb0c8…`.
    pub(super) fn settings(
        &self,
        service: &ProviderSection<'b>,
    ) -> Result<Option<&'p ProviderSection<'b>>, String> {
        let path = || service.key.path();
        let named = match service.uids(tags::PR_EMSMDB_SECTION_UID) {
            Found::Here(list) => match (list.uids.as_slice(), list.left_over) {
                ([uid], 0) => Some(*uid),
                _ => return Err(format!("{}: 01023d15 does not name one section", path())),
            },
            Found::Absent => None,
            Found::Unknown => {
                return Err(format!("{}: whether 01023d15 names a section could not be read", path()));
            }
        };
        match (self.section(named.unwrap_or(uid::GLOBAL_PROFILE_SECTION)), named) {
            (Found::Here(section), _) => Ok(Some(section)),
            (Found::Absent, None) => Ok(None),
            // What it held cannot be told: it may have been resolved.
            (Found::Absent, Some(uid)) => {
                Err(format!("{}: the section {uid} that 01023d15 names is not there", path()))
            }
            (Found::Unknown, _) => Err(self.not_all_listed()),
        }
    }

    /// The sections that belong to the service, if none of them names a mailbox; `None` if one does. A section belongs
    /// to it by its own link or by being in the service's list of stores.
    fn providers_without_mailbox(
        &self,
        service: &ProviderSection<'_>,
    ) -> Result<Option<Vec<&'p ProviderSection<'b>>>, String> {
        let stores = match service.uids(tags::PR_STORE_PROVIDERS) {
            Found::Here(list) => list.uids,
            Found::Absent => Vec::new(),
            Found::Unknown => {
                return Err(format!("{}: the list of stores could not be read", service.key.path()));
            }
        };
        let mut providers: BTreeMap<MapiUid, &'p ProviderSection<'b>> =
            self.members(service).iter().map(|section| (section.uid, *section)).collect();
        let mut lost = Vec::new();
        for store in stores {
            match self.sections.get(&store) {
                Some(section) => drop(providers.insert(store, section)),
                None => lost.push(store),
            }
        }
        let mut doubt = self.astray;
        for section in providers.values() {
            match section.text(tags::PR_PROFILE_MAILBOX) {
                Found::Here(mailbox) if !mailbox.is_empty() => return Ok(None),
                Found::Here(_) | Found::Absent => {}
                Found::Unknown => doubt = Some(section),
            }
        }
        match doubt {
            Some(section) => Err(format!("{}: the mailbox of a store could not be read", section.key.path())),
            None if !lost.is_empty() => Err(format!(
                "{}: sections of stores are missing or were not seen ({})",
                self.profile.key.path(),
                listed(lost)
            )),
            None if !self.profile.key.subkeys_complete => Err(self.not_all_listed()),
            None => Ok(Some(providers.into_values().collect())),
        }
    }

    /// Where 3d15 names another section than `13dbb0c8…`, and that one holds identity which the other does not: which
    /// of the two counts depends on the version of Outlook or Exchange, so nothing is judged.
    fn agrees_with_global(&self, settings: Option<&ProviderSection<'_>>) -> Result<(), String> {
        let Some(settings) = settings.filter(|section| section.uid != uid::GLOBAL_PROFILE_SECTION) else {
            return Ok(());
        };
        let global = match self.section(uid::GLOBAL_PROFILE_SECTION) {
            Found::Here(global) => global,
            Found::Absent => return Ok(()),
            Found::Unknown => return Err(self.not_all_listed()),
        };
        for ((own, other), id) in identity(settings)?.into_iter().zip(identity(global)?).zip(IDENTITY) {
            let same = match (&own, &other) {
                (_, None) => true,
                (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
                (None, Some(_)) => false,
            };
            if !same {
                let path = self.profile.key.path();
                let (own, other) = (settings.uid, global.uid);
                return Err(format!("{path}: sections {own} and {other} disagree on property {id}"));
            }
        }
        Ok(())
    }

    fn not_all_listed(&self) -> String {
        format!("{}: not all sections could be listed", self.profile.key.path())
    }
}

/// The texts of [`IDENTITY`], empty ones left out.
fn identity<'s>(section: &'s ProviderSection<'_>) -> Result<[Option<&'s str>; 4], String> {
    let mut texts = [const { None }; 4];
    for (text, id) in texts.iter_mut().zip(IDENTITY) {
        *text = match section.text(id) {
            Found::Here(found) => Some(found).filter(|found| !found.is_empty()),
            Found::Absent => None,
            Found::Unknown => return Err(format!("{}: property {id} could not be read", section.key.path())),
        };
    }
    Ok(texts)
}

impl<'p, 'b> Unresolved<'p, 'b> {
    /// The properties that hold what was typed (6607 and 6608), as far as they are there.
    pub(super) fn typed(&self) -> Vec<(&'static str, &'p ProviderSection<'b>, &'p MapiValue<'b>)> {
        let Some(section) = self.settings else { return Vec::new() };
        [
            ("mailbox name as typed", tags::PR_PROFILE_UNRESOLVED_NAME),
            ("server name as typed", tags::PR_PROFILE_UNRESOLVED_SERVER),
        ]
        .into_iter()
        .filter_map(|(role, id)| Some((role, section, section.prop(id).here()?)))
        .collect()
    }

    /// The keys of the service's sections, but for the one with the settings.
    pub(super) fn provider_keys(&self) -> impl Iterator<Item = Evidence> {
        let settings = self.settings.map(|section| section.uid);
        let providers = self.providers.iter().filter(move |section| Some(section.uid) != settings);
        providers.map(|section| Evidence::key("section of the service without a mailbox", &section.key))
    }

    /// Properties of Exchange in its section that mapisvc.inf does not put there.
    pub(super) fn beyond_defaults(&self) -> impl Iterator<Item = &'p MapiValue<'b>> {
        const DEFAULTS: [PropId; 4] = [
            tags::PR_PROFILE_VERSION,
            tags::PR_PROFILE_CONFIG_FLAGS,
            tags::PR_PROFILE_CONNECT_FLAGS,
            tags::PR_PROFILE_TRANSPORT_FLAGS,
        ];
        let values = self.settings.map(|section| &section.key.values).into_iter().flatten();
        values.filter(|value| {
            value.prop.is_some_and(|prop| prop.id().0 >> 8 == 0x66 && !DEFAULTS.contains(&prop.id()))
        })
    }
}
