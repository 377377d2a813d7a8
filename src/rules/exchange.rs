//! Message services of Exchange, and whether what they are to open was ever resolved against the directory.

use crate::hive::Found;
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{MapiValue, Profile, ProviderSection, uid};

use super::wording::listed;

/// The name of the service in mapisvc.inf.
pub(super) const MSEMS: &str = "MSEMS";

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
    /// Sections that belong to the service.
    pub(super) providers: usize,
}

/// Why there may be services of Exchange that were not recognised, each with a key path.
pub(super) fn unseen_services(profile: &Profile<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    if !profile.key.subkeys_complete {
        reasons.push(format!("{}: not all sections could be listed", profile.key.path()));
    }
    let may_be_service = |section: &&ProviderSection<'_>| {
        matches!(section.kind, SectionKind::Service | SectionKind::Provider | SectionKind::Other)
            && section.text(tags::PR_SERVICE_NAME).is_unknown()
    };
    let unnamed = profile.sections.iter().filter(may_be_service);
    reasons.extend(
        unnamed.map(|section| format!("{}: the service's name could not be read", section.key.path())),
    );
    reasons
}

/// Whether a section names `service` as the service it belongs to.
pub(super) fn links_to(section: &ProviderSection<'_>, service: &ProviderSection<'_>) -> bool {
    section.uids(tags::PR_SERVICE_UID).here().is_some_and(|link| link.uids.contains(&service.uid))
}

/// Whether a service is unresolved: no home server that is not empty (6602) and no user (6603) in the section with its
/// settings, no mailbox (660b) in the sections of its stores. `Err` says why that cannot be told.
///
/// An empty text counts as none at all: it names nobody.
pub(super) fn unresolved<'p, 'b>(
    profile: &'p Profile<'b>,
    service: &'p ProviderSection<'b>,
) -> Result<Option<Unresolved<'p, 'b>>, String> {
    let settings = settings(profile, service)?;
    if let Some(section) = settings {
        let [server, user, ..] = identity(section)?;
        if server.is_some() || user.is_some() {
            return Ok(None);
        }
    }
    let Some(providers) = providers_without_mailbox(profile, service)? else { return Ok(None) };
    agrees_with_global(profile, settings)?;
    Ok(Some(Unresolved { service, settings, providers }))
}

/// The section with the settings of a service: the one that 3d15 names, else `13dbb0c8…`.
fn settings<'p, 'b>(
    profile: &'p Profile<'b>,
    service: &ProviderSection<'b>,
) -> Result<Option<&'p ProviderSection<'b>>, String> {
    let path = service.key.path();
    let named = match service.uids(tags::PR_EMSMDB_SECTION_UID) {
        Found::Here(list) => match (list.uids.as_slice(), list.left_over) {
            ([uid], 0) => Some(*uid),
            _ => return Err(format!("{path}: 01023d15 does not name one section")),
        },
        Found::Absent => None,
        Found::Unknown => return Err(format!("{path}: whether 01023d15 names a section could not be read")),
    };
    match (profile.section(named.unwrap_or(uid::GLOBAL_PROFILE_SECTION)), named) {
        (Found::Here(section), _) => Ok(Some(section)),
        (Found::Absent, None) => Ok(None),
        // What it held cannot be told: it may have been resolved.
        (Found::Absent, Some(uid)) => {
            Err(format!("{path}: the section {uid} that 01023d15 names is not there"))
        }
        (Found::Unknown, _) => Err(format!("{}: not all sections could be listed", profile.key.path())),
    }
}

/// The texts of [`IDENTITY`], empty ones left out.
fn identity(section: &ProviderSection<'_>) -> Result<[Option<String>; 4], String> {
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

/// How many sections belong to the service, if none of them names a mailbox; `None` if one does. A section belongs to
/// it by its own link or by being in the service's list of stores.
fn providers_without_mailbox(
    profile: &Profile<'_>,
    service: &ProviderSection<'_>,
) -> Result<Option<usize>, String> {
    let stores = match service.uids(tags::PR_STORE_PROVIDERS) {
        Found::Here(list) => list.uids,
        Found::Absent => Vec::new(),
        Found::Unknown => {
            return Err(format!("{}: the list of stores could not be read", service.key.path()));
        }
    };
    let mut doubt = None;
    let mut providers = 0;
    for section in &profile.sections {
        let link = section.uids(tags::PR_SERVICE_UID);
        let belongs = stores.contains(&section.uid) || links_to(section, service);
        if !belongs && !link.is_unknown() {
            continue;
        }
        providers += usize::from(belongs);
        match section.text(tags::PR_PROFILE_MAILBOX) {
            Found::Here(mailbox) if belongs && !mailbox.is_empty() => return Ok(None),
            Found::Absent => {}
            Found::Here(mailbox) if mailbox.is_empty() => {}
            Found::Here(_) | Found::Unknown => {
                doubt = Some(format!("{}: the mailbox of a store could not be read", section.key.path()));
            }
        }
    }
    let lost: Vec<_> = stores.iter().filter(|store| profile.section(**store).here().is_none()).collect();
    if !lost.is_empty() {
        let path = profile.key.path();
        doubt = Some(format!("{path}: sections of stores are missing or were not seen ({})", listed(lost)));
    } else if !profile.key.subkeys_complete {
        doubt = Some(format!("{}: not all sections could be listed", profile.key.path()));
    }
    doubt.map_or(Ok(Some(providers)), Err)
}

/// Where 3d15 names another section than `13dbb0c8…`, and that one holds identity which the other does not: which of
/// the two a program would read depends on its version, so nothing is judged.
fn agrees_with_global(profile: &Profile<'_>, settings: Option<&ProviderSection<'_>>) -> Result<(), String> {
    let Some(settings) = settings.filter(|section| section.uid != uid::GLOBAL_PROFILE_SECTION) else {
        return Ok(());
    };
    let global = match profile.section(uid::GLOBAL_PROFILE_SECTION) {
        Found::Here(global) => global,
        Found::Absent => return Ok(()),
        Found::Unknown => return Err(format!("{}: not all sections could be listed", profile.key.path())),
    };
    for ((own, other), id) in identity(settings)?.into_iter().zip(identity(global)?).zip(IDENTITY) {
        let same = match (&own, &other) {
            (_, None) => true,
            (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
            (None, Some(_)) => false,
        };
        if !same {
            let path = profile.key.path();
            return Err(format!(
                "{path}: sections {} and {} disagree on property {id}",
                settings.uid, global.uid
            ));
        }
    }
    Ok(())
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
