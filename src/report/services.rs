//! `services.csv`: the message services of each profile with their providers, as they refer to each other.

use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::MapiUid;
use crate::mapi::{MapiValue, Profile, Provider, ProviderSection, Service, services};
use crate::scan::{OpenHive, Understood};

use super::SCHEMA;
use super::profiles::{Standing, standings};
use super::table::{Cell, table};

table! {
    /// A row of `services.csv`.
    ServiceRow {
        schema: "version of these columns",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        profile_state: "live, deleted-pending (under Deleted Profiles) or recovered",
        kind: "service, provider (of the service), extra (a further section that the service names) or settings (of Exchange, which no service names)",
        service_uid: "the service; empty of settings that no service names",
        service_name: "name of the service",
        section_uid: "the section",
        section_kind: "what the section is for",
        linked_by: "which property names the section: that of the profile's list of services, or that of the service",
        names_service: "yes or no: whether the section names the service as its own",
        is_there: "yes, no, or unknown where not all sections could be listed",
        display_name: "label of the service or provider",
        dll: "DLL that is loaded for it",
        entry: "the function of the DLL that is called",
        server: "server that it names",
        mailbox: "mailbox or user that it names",
        store_path: "file that it names: personal folders, offline store, address book",
        flags: "flags of the service or provider (3009), of the connection (6604) and of the store (6609)",
        key_path: "the key of the section, from the root of the hive",
        last_written: "when the key last changed",
        origin: "where its record is: primary, log, log-remnant, free, slack, unreferenced or tail",
        file: "the file in which the record lies",
        file_offset: "where in that file, in bytes from its start",
        log_sequence: "sequence number of the log entry, if the record is from a log",
        hive_path: "the hive",
    }
}

/// The rows of a hive: profile by profile, each service followed by its providers.
pub fn service_rows(hive: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<ServiceRow<'static>> {
    let mut rows = Vec::new();
    for standing in standings(understood) {
        let common = ServiceRow {
            schema: SCHEMA.into(),
            host: hive.host.map(str::to_owned).into(),
            account: understood.account.name.clone().into(),
            account_sid: understood.account.sid.as_ref().map(ToString::to_string).into(),
            root: standing.root.clone().into(),
            profile: standing.profile.name().to_owned().into(),
            profile_state: standing.profile.state.as_str().into(),
            hive_path: hive.hive_path.to_owned().into(),
            ..ServiceRow::default()
        };
        OfProfile { hive: hive.hive_path, standing: &standing, common }.rows(&mut rows);
    }
    rows
}

/// One profile, and what all of its rows have in common.
struct OfProfile<'p> {
    hive: &'p str,
    standing: &'p Standing<'p>,
    common: ServiceRow<'static>,
}

impl OfProfile<'_> {
    fn rows(&self, rows: &mut Vec<ServiceRow<'static>>) {
        let profile = self.standing.profile;
        let services = services(profile);
        let mut named: Vec<MapiUid> = Vec::new();
        for service in &services {
            let linked_by = service.is_listed.then_some(tags::PR_SERVICES);
            rows.push(ServiceRow {
                kind: "service".into(),
                ..self.section(service, service.uid, service.section, linked_by)
            });
            let providers = service.providers.iter().map(|provider| ("provider", provider));
            let extra = service.extra.iter().map(|provider| ("extra", provider));
            for (kind, provider) in providers.chain(extra) {
                let Provider { section, uid, list, names_service } = *provider;
                named.push(uid);
                rows.push(ServiceRow {
                    kind: kind.into(),
                    names_service: if names_service { "yes" } else { "no" }.into(),
                    ..self.section(service, uid, section, list)
                });
            }
        }
        named.sort_unstable();
        let alone = profile.sections.iter().filter(|section| {
            section.kind == SectionKind::GlobalProfile && named.binary_search(&section.uid).is_err()
        });
        rows.extend(alone.map(|section| ServiceRow {
            kind: "settings".into(),
            section_uid: section.uid.to_string().into(),
            is_there: "yes".into(),
            service_name: section.service_name.clone().into(),
            ..self.contents(section)
        }));
    }

    /// The row of a section that a service or the profile names.
    fn section(
        &self,
        service: &Service<'_, '_>,
        uid: MapiUid,
        section: Option<&ProviderSection<'_>>,
        linked_by: Option<PropId>,
    ) -> ServiceRow<'static> {
        let contents = section.map_or_else(|| self.common.clone(), |section| self.contents(section));
        let is_there = match section {
            Some(_) => "yes",
            None if self.standing.is_complete() => "no",
            None => "unknown",
        };
        ServiceRow {
            service_uid: service.uid.to_string().into(),
            service_name: service.section.and_then(|section| section.service_name.clone()).into(),
            section_uid: uid.to_string().into(),
            linked_by: linked_by.and_then(list_name).into(),
            is_there: is_there.into(),
            ..contents
        }
    }

    /// What a section says of itself.
    fn contents(&self, section: &ProviderSection<'_>) -> ServiceRow<'static> {
        let key = &section.key;
        let place = &key.provenance;
        let values = named_values(section);
        let told = |names: &[&str]| told(section, &values, names);
        ServiceRow {
            section_kind: section.kind.as_str().into(),
            display_name: told(&["PR_DISPLAY_NAME", "PR_PROVIDER_DISPLAY"]),
            dll: told(&["PR_SERVICE_DLL_NAME", "PR_PROVIDER_DLL_NAME"]),
            entry: told(&["PR_SERVICE_ENTRY_NAME"]),
            server: told(&SERVERS),
            mailbox: told(&MAILBOXES),
            store_path: told(&PATHS),
            flags: told(&["PR_RESOURCE_FLAGS", "PR_PROFILE_CONNECT_FLAGS", "PR_PROFILE_OPEN_FLAGS"]),
            key_path: key.path().into(),
            last_written: key.last_written.into(),
            origin: place.origin.as_str().into(),
            file: match &place.log {
                Some(log) => crate::scan::beside(self.hive, log).into(),
                None => self.hive.to_owned().into(),
            },
            file_offset: place.at.into(),
            log_sequence: place.sequence.into(),
            ..self.common.clone()
        }
    }
}

/// Properties that name a server, the telling first.
const SERVERS: [&str; 9] = [
    "PR_PROFILE_HOME_SERVER",
    "PR_PROFILE_HOME_SERVER_FQDN",
    "PR_PROFILE_SERVER",
    "PR_PROFILE_SERVER_FQDN",
    "PR_PROFILE_UNRESOLVED_SERVER",
    "PR_PROFILE_HOME_SERVER_DN",
    "PR_ROH_PROXY_SERVER",
    "PROP_AB_PROVIDER_SERVER_NAME",
    "ServerPath",
];

/// Properties that name a mailbox or a user.
const MAILBOXES: [&str; 6] = [
    "PR_PROFILE_MAILBOX",
    "PR_PROFILE_USER",
    "PR_PROFILE_UNRESOLVED_NAME",
    "PR_PROFILE_USER_SMTP_EMAIL_ADDRESS",
    "PROP_AB_PROVIDER_USER_NAME",
    "Mailbox",
];

/// Properties that name a file.
const PATHS: [&str; 3] = ["PR_PST_PATH", "PR_PROFILE_OFFLINE_STORE_PATH", "PR_PROFILE_AB_FILES_PATH"];

/// The values of a section with their published names, as far as they have one.
fn named_values<'s, 'h>(section: &'s ProviderSection<'h>) -> Vec<(&'static str, &'s MapiValue<'h>)> {
    let name = |value: &MapiValue<'_>| tags::lookup(section.kind, value.prop?.tag)?.name;
    section.key.values.iter().filter_map(|value| Some((name(value)?, value))).collect()
}

/// What the properties of these published names say in a section, secrets withheld, each text once.
fn told(
    section: &ProviderSection<'_>,
    values: &[(&'static str, &MapiValue<'_>)],
    names: &[&str],
) -> Cell<'static> {
    let mut texts: Vec<String> = Vec::new();
    for name in names {
        let of_name = values.iter().filter(|(found, _)| found == name);
        for text in of_name.filter_map(|(_, value)| text(section, value)) {
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    if texts.is_empty() { Cell::Empty } else { texts.join("; ").into() }
}

/// What a property says; nothing of a secret, nor of one whose bytes could not all be read.
fn text(section: &ProviderSection<'_>, value: &MapiValue<'_>) -> Option<String> {
    let prop = value.prop.filter(|prop| !prop.secure && value.is_complete())?;
    if section.secret(value).is_some() {
        return None;
    }
    Some(tags::decoded_text(section.kind, prop.tag, &value.decoded()?.value, value.ansi()))
}

/// The published name of a property that names sections.
fn list_name(id: PropId) -> Option<&'static str> {
    tags::ALL.iter().find(|entry| entry.id == id).and_then(|entry| entry.name)
}

impl Standing<'_> {
    /// Whether all sections of the profile are known.
    fn is_complete(&self) -> bool {
        let Profile { key, .. } = self.profile;
        self.recovered.is_none() && key.subkeys_complete
    }
}
