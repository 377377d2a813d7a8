use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::prop::PropId;
use crate::mapi::uid::{self, MapiUid};
use crate::mapi::{Profile, ProfileState, ProviderSection, Root, tags};

use super::exchange::{self, MSEMS, Parts};
use super::wording::counted;
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C25",
    slug: "never-connected",
    title: "An Exchange service that shows no connection",
    severities: &[Severity::Info],
    // Everything here is concluded from what is missing: not judged in a dirty hive, whose log may hold it, and not where
    // a list is incomplete. Of the stores all count, not only the private one, which can only lead to fewer findings.
    condition: "A message service MSEMS of a live profile has, in the section with its settings and in \
                13dbb0c8aa05101a9bb000aa002fc45a, no version of the server (661b, 663b) and no offline store (6610, 6611), \
                and no section of its stores has an entry identifier (0fff). Sections of stores that are named but \
                missing, or settings that are, leave it not judged. One finding for each service.",
    implies: "Nothing in the profile shows that the service ever connected to Exchange with success. Outlook does not \
              write the version of the server before it has (office-developer-client-docs).",
    does_not_prove: "That no connection was made: the documentation does not guarantee that the version is ever written, \
                     other programs may write less, and what was written may have been removed.",
    remediation: "None. Read together with C08 and C09, which tell whether the service was ever configured.",
    false_positives: "A profile that was just made. Programs that do not store these values.",
    references: &["office-developer-client-docs:pidtagprofileserverversion-canonical-property", "EdkMdb.h"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// What a connection leaves in the settings.
const TRACES: [PropId; 4] = [
    tags::PR_PROFILE_SERVER_VERSION,
    tags::PR_PROFILE_SERVER_FULL_VERSION,
    tags::PR_PROFILE_OFFLINE_STORE_PATH,
    tags::PR_PROFILE_OFFLINE_INFO,
];

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        exchange::unseen_services(profile, verdict);
        let mut services = profile.services(MSEMS).peekable();
        if services.peek().is_none() {
            continue;
        }
        let (parts, together) = (Parts::of(profile), profile.written_together());
        for service in services {
            match silent(profile, &parts, service) {
                Ok(Some(silent)) => {
                    verdict.claim(claim(root, profile, service, &silent).timed_within(together));
                }
                Ok(None) => {}
                Err(why) => verdict.cannot_judge(why),
            }
        }
    }
}

/// A service without a trace of a connection.
struct Silent<'p, 'b> {
    settings: Vec<&'p ProviderSection<'b>>,
    stores: Vec<&'p ProviderSection<'b>>,
}

/// `None` where there is a trace; `Err` says why that cannot be told.
fn silent<'p, 'b>(
    profile: &'p Profile<'b>,
    parts: &Parts<'p, 'b>,
    service: &'p ProviderSection<'b>,
) -> Result<Option<Silent<'p, 'b>>, String> {
    let own = parts.settings(service)?;
    let global = match parts.section(uid::GLOBAL_PROFILE_SECTION) {
        Found::Here(section) => Some(section),
        Found::Absent => None,
        Found::Unknown => return Err(format!("{}: not all sections could be listed", profile.key.path())),
    };
    let mut settings: Vec<&ProviderSection<'_>> = own.into_iter().chain(global).collect();
    settings.dedup_by_key(|section| section.key.at);
    let stores = stores(profile, parts, service)?;
    let traces = settings.iter().flat_map(|section| TRACES.map(|id| (*section, id)));
    for (section, id) in traces.chain(stores.iter().map(|section| (*section, tags::PR_ENTRYID))) {
        match section.prop(id) {
            Found::Here(value) if value.is_complete() && value.bytes().is_empty() => {}
            Found::Here(_) => return Ok(None),
            Found::Absent => {}
            Found::Unknown => {
                return Err(format!("{}: property {id} could not be looked for", section.key.path()));
            }
        }
    }
    Ok(Some(Silent { settings, stores }))
}

/// The sections that the service lists as stores, and those that name it as their service.
fn stores<'p, 'b>(
    profile: &'p Profile<'b>,
    parts: &Parts<'p, 'b>,
    service: &'p ProviderSection<'b>,
) -> Result<Vec<&'p ProviderSection<'b>>, String> {
    let listed = match service.uids(tags::PR_STORE_PROVIDERS) {
        Found::Here(list) => list.uids,
        Found::Absent => Vec::new(),
        Found::Unknown => {
            return Err(format!("{}: the list of stores could not be read", service.key.path()));
        }
    };
    let mut stores: BTreeMap<MapiUid, &ProviderSection<'_>> =
        parts.members(service).iter().map(|section| (section.uid, *section)).collect();
    for uid in listed {
        match parts.section(uid) {
            Found::Here(section) => drop(stores.insert(uid, section)),
            Found::Absent | Found::Unknown => {
                return Err(format!("{}: the section {uid} of a store was not seen", profile.key.path()));
            }
        }
    }
    if !profile.key.subkeys_complete {
        return Err(format!("{}: not all sections could be listed", profile.key.path()));
    }
    Ok(stores.into_values().collect())
}

fn claim(
    root: &Root<'_>,
    profile: &Profile<'_>,
    service: &ProviderSection<'_>,
    silent: &Silent<'_, '_>,
) -> Claim {
    let settings = match silent.settings.len() {
        0 => "there is no section with its settings".to_owned(),
        1 => "the section with its settings holds no version of a server and no offline store".to_owned(),
        _ => "the sections with settings hold no version of a server and no offline store".to_owned(),
    };
    let stores = match silent.stores.len() {
        0 => "no section belongs to it".to_owned(),
        count => {
            format!("none of the {} of it has an entry identifier", counted(count, "section", "sections"))
        }
    };
    let detail = format!(
        "The service MSEMS of profile \"{}\" shows no connection: {settings}, and {stores}.",
        profile.name()
    );
    let subject = Subject::profile(root, profile).section(service);
    let evidence = Evidence::key("service section", &service.key);
    Claim::new(Severity::Info, Confidence::Medium, subject, evidence, detail)
        .with(
            silent
                .settings
                .iter()
                .map(|section| Evidence::key("section with Exchange settings", &section.key)),
        )
        .with(silent.stores.iter().map(|section| Evidence::key("section of the service", &section.key)))
}
