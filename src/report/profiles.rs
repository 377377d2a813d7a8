//! `profiles.csv`: one row for each profile, live, marked for deletion or recovered.

use std::collections::{BTreeSet, HashMap};

use crate::hive::Found;
use crate::mapi::{Profile, ProfileState, RecoveredProfile, Root, services, unreferenced};
use crate::scan::{OpenHive, Understood};
use crate::wintypes::{Filetime, same_name};

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of `profiles.csv`.
    ProfileRow {
        schema: "version of these columns",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        account_kind: "service, system, user or unknown",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        profile_state: "live, deleted-pending (under Deleted Profiles) or recovered",
        list: "the key below which it stands or stood: Profiles or Deleted Profiles",
        profile_family: "what makes profiles of such names",
        is_default: "yes, no, or unknown where the value DefaultProfile could not be read; empty of profiles that are not live",
        name_pid: "process number that the name seems to carry",
        name_created: "creation time that the name seems to carry; no record tells when a profile was made",
        first_seen: "the earliest time at which any of its keys last changed: it existed then, unless keys were restored with their times or the profile was renamed since",
        last_seen: "the latest time at which any of its keys last changed",
        time_meaning: "what these times mean",
        written_together: "of how many sections how many were written in one instant, where that is most of them",
        sections: "its sections",
        services: "its message services that are there",
        providers: "sections that its services name and that are there",
        missing: "sections that its lists and services name and that are not there",
        unreferenced: "sections that nothing refers to; healthy profiles have some",
        is_complete: "yes or no: whether all of its sections could be listed",
        recovered_states: "earlier or deleted states of its keys that were recovered",
        gone_by_replay: "yes where the hive file alone still has the profile and its transaction logs removed it",
        key_path: "its key, from the root of the hive",
        last_written: "when that key last changed",
        origin: "where the key's record is: primary, log, log-remnant, free, slack, unreferenced or tail",
        trust: "of a recovered profile, the least trust in any of its keys: high, medium or low",
        file: "the file in which the record lies",
        file_offset: "where in that file, in bytes from its start",
        log_sequence: "sequence number of the log entry, if the record is from a log",
        hive_path: "the hive",
        hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
    }
}

/// A profile and where it stands.
pub(super) struct Standing<'v> {
    /// The root, as tables show it.
    pub(super) root: String,
    /// The profile.
    pub(super) profile: &'v Profile<'v>,
    /// The list in which it stands or stood.
    list: ProfileState,
    /// The root, of a profile that is in it.
    live_root: Option<&'v Root<'v>>,
    /// What is known of one that was recovered.
    pub(super) recovered: Option<&'v RecoveredProfile<'v>>,
}

/// Every profile of a hive: those of each root in the order of its lists, then those that are live no more.
pub(super) fn standings<'v>(understood: &'v Understood<'v>) -> impl Iterator<Item = Standing<'v>> {
    let Understood { mapi, recovered, .. } = understood;
    let live = mapi.roots.iter().flat_map(|root| {
        [ProfileState::Live, ProfileState::DeletedPending].into_iter().flat_map(move |list| {
            let profiles = root.list(list).as_ref().here().map(|list| &list.profiles);
            profiles.into_iter().flatten().map(move |profile| Standing {
                root: root.to_string(),
                profile,
                list,
                live_root: Some(root),
                recovered: None,
            })
        })
    });
    live.chain(recovered.gone().map(|gone| Standing {
        root: gone.place.root.to_string(),
        profile: &gone.profile,
        list: gone.list,
        live_root: None,
        recovered: Some(gone),
    }))
}

/// The rows of a hive.
pub fn profile_rows(hive: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<ProfileRow<'static>> {
    let states: HashMap<String, usize> = understood
        .recovered
        .profiles
        .iter()
        .filter(|profile| profile.is_live)
        .map(|profile| (profile.profile.key.path(), profile.states.len()))
        .collect();
    standings(understood).map(|standing| row(hive, understood, &states, &standing)).collect()
}

fn row(
    hive: &OpenHive<'_>,
    understood: &Understood<'_>,
    states: &HashMap<String, usize>,
    standing: &Standing<'_>,
) -> ProfileRow<'static> {
    let Standing { root, profile, list, recovered, .. } = standing;
    let account = &understood.account;
    let place = &profile.key.provenance;
    let path = profile.key.path();
    let edk = profile.name_facts.edk.as_ref();
    let span = span(understood, standing);
    let together = profile.written_together();
    let recovered_states =
        recovered.map_or_else(|| states.get(&path).copied().unwrap_or(0), |recovered| recovered.states.len());
    let parts = Parts::of(profile);
    ProfileRow {
        schema: SCHEMA.into(),
        host: hive.host.map(str::to_owned).into(),
        account: account.name.clone().into(),
        account_sid: account.sid.as_ref().map(ToString::to_string).into(),
        account_kind: account.kind.as_str().into(),
        root: root.clone().into(),
        profile: profile.name().to_owned().into(),
        profile_state: profile.state.as_str().into(),
        list: match list {
            ProfileState::DeletedPending => "Deleted Profiles",
            ProfileState::Live | ProfileState::Recovered => "Profiles",
        }
        .into(),
        profile_family: profile.name_facts.family.map(|family| family.id).into(),
        is_default: is_default(standing).into(),
        name_pid: edk.map(|edk| edk.pid).into(),
        name_created: edk.map(|edk| edk.created).into(),
        first_seen: span.map(|(first, _)| first).into(),
        last_seen: span.map(|(_, last)| last).into(),
        time_meaning: match (together, recovered) {
            (Some(together), _) => format!(
                "last changes of its keys; {} of {} sections were written together: creation or rewrite, the bytes cannot tell",
                together.count, together.of
            )
            .into(),
            (None, Some(_)) => "last changes of those of its keys that were recovered".into(),
            (None, None) => "last changes of its keys".into(),
        },
        written_together: together.map(|together| format!("{} of {}", together.count, together.of)).into(),
        sections: profile.sections.len().into(),
        services: parts.services.into(),
        providers: parts.providers.into(),
        missing: if recovered.is_none() && profile.key.subkeys_complete {
            parts.missing.into()
        } else {
            Cell::Empty
        },
        unreferenced: unreferenced(profile).len().into(),
        is_complete: if recovered.is_none() && profile.key.subkeys_complete { "yes" } else { "no" }.into(),
        recovered_states: recovered_states.into(),
        gone_by_replay: recovered.filter(|recovered| recovered.gone_by_replay).map(|_| "yes").into(),
        last_written: profile.key.last_written.into(),
        origin: place.origin.as_str().into(),
        trust: recovered.map(|recovered| recovered.trust.as_str()).into(),
        file: match &place.log {
            Some(log) => crate::scan::beside(hive.hive_path, log).into(),
            None => hive.hive_path.to_owned().into(),
        },
        file_offset: place.at.into(),
        log_sequence: place.sequence.into(),
        hive_path: hive.hive_path.to_owned().into(),
        hive_state: hive.image.state().as_str().into(),
        key_path: path.into(),
        neutralized: Cell::Empty,
    }
}

/// The earliest and the latest time of any key of a profile. States that seem to be an earlier profile's do not count.
fn span(understood: &Understood<'_>, standing: &Standing<'_>) -> Option<(Filetime, Filetime)> {
    let times: Vec<Filetime> = match standing.recovered {
        Some(gone) => {
            let states = understood.recovered.states(gone).filter(|state| !state.predates_profile);
            states.map(|state| state.key.last_written).collect()
        }
        None => standing.profile.keys().map(|key| key.last_written).collect(),
    };
    times.iter().copied().min().zip(times.iter().copied().max())
}

fn is_default(standing: &Standing<'_>) -> Option<&'static str> {
    let root = standing.live_root.filter(|_| standing.list == ProfileState::Live)?;
    let is_default = root.default_profile().and_then(|(_, value)| match value.text() {
        Some(text) if value.is_complete() => Found::Here(same_name(text, standing.profile.name())),
        _ => Found::Unknown,
    });
    Some(match is_default {
        Found::Here(true) => "yes",
        Found::Here(false) | Found::Absent => "no",
        Found::Unknown => "unknown",
    })
}

/// How many of what a profile has.
struct Parts {
    services: usize,
    providers: usize,
    missing: usize,
}

impl Parts {
    fn of(profile: &Profile<'_>) -> Self {
        let services = services(profile);
        let mut providers = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for service in &services {
            if service.section.is_none() {
                missing.insert(service.uid);
            }
            for provider in service.providers.iter().chain(&service.extra) {
                let known = if provider.section.is_some() { &mut providers } else { &mut missing };
                known.insert(provider.uid);
            }
        }
        let there = services.iter().filter(|service| service.section.is_some()).count();
        Self { services: there, providers: providers.len(), missing: missing.len() }
    }
}
