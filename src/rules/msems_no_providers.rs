use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::{PROVIDER_LISTS, Profile, ProfileState, ProviderSection, Root, tags};

use super::exchange::{self, MSEMS, Parts};
use super::wording::counted;
use super::{Rule, Verdict, View, damage, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C07",
    slug: "msems-no-providers",
    title: "An Exchange service without providers",
    severities: &[Severity::Medium],
    condition: "In a live profile a section of the message service MSEMS has none of the lists 3d00, 3d01 and 3d02 \
                (stores, address books, transports), or only empty ones. One finding for each such service. Left to \
                C03, C04, C05 and C06 where they hold.",
    implies: "The profile is as it would be if adding the Exchange service had stopped after its first step: a service \
              section is written before the sections of its providers (office-developer-client-docs, \
              CreateMsgService).",
    does_not_prove: "That it stopped there, or why; that the lists were never there.",
    remediation: "After preserving the evidence, delete the profile and create it anew.",
    false_positives: "A hive that was copied while the service was being added. Providers that were removed by hand.",
    references: &["office-developer-client-docs:imsgserviceadmin-createmsgservice", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// The services `MSEMS` of a profile by what is known of their providers.
#[derive(Default)]
pub(super) struct Services<'p, 'b> {
    /// Without any provider.
    pub(super) bare: Vec<&'p ProviderSection<'b>>,
    /// Of which that could not be read.
    unknown: Vec<&'p ProviderSection<'b>>,
}

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        exchange::unseen_services(profile, verdict);
        let services = found(profile);
        for service in services.unknown {
            verdict.cannot_judge(format!("{}: the lists of providers could not be read", service.key.path()));
        }
        if services.bare.is_empty() {
            continue;
        }
        let Some(also) = damage::most_specific(profile, RULE.id) else { continue };
        let (parts, together) = (Parts::of(profile), profile.written_together());
        for service in services.bare {
            let members = parts.members(service).len();
            verdict.claim(claim(root, profile, service, members, &also).timed_within(together));
        }
    }
}

pub(super) fn found<'p, 'b>(profile: &'p Profile<'b>) -> Services<'p, 'b> {
    let mut services = Services::default();
    for service in profile.services(MSEMS) {
        match has_providers(service) {
            Found::Here(()) => {}
            Found::Absent => services.bare.push(service),
            Found::Unknown => services.unknown.push(service),
        }
    }
    services
}

fn has_providers(service: &ProviderSection<'_>) -> Found<()> {
    let lists = PROVIDER_LISTS.map(|id| match service.prop(id) {
        Found::Here(value) if !value.bytes().is_empty() => Found::Here(()),
        Found::Here(value) if value.is_complete() => Found::Absent,
        Found::Absent => Found::Absent,
        Found::Here(_) | Found::Unknown => Found::Unknown,
    });
    if lists.iter().any(|list| matches!(list, Found::Here(()))) {
        Found::Here(())
    } else if lists.iter().all(Found::is_absent) {
        Found::Absent
    } else {
        Found::Unknown
    }
}

fn claim(
    root: &Root<'_>,
    profile: &Profile<'_>,
    service: &ProviderSection<'_>,
    members: usize,
    also: &str,
) -> Claim {
    let links = match members {
        0 => "No section names it as its service either.".to_owned(),
        members => format!(
            "{} it as the service it belongs to, so that providers were there or are there unlisted.",
            counted(members, "section names", "sections name")
        ),
    };
    let detail = format!(
        "The service MSEMS {} of profile \"{}\" lists no store, no address book and no transport. {links}{also}",
        service.uid,
        profile.name()
    );
    let subject = Subject::profile(root, profile).section(service);
    let name = service.prop(tags::PR_SERVICE_NAME).here();
    let name = name.map(|value| Evidence::value("name of the service", &service.key, value, MSEMS.into()));
    let confidence = if members == 0 { Confidence::Medium } else { Confidence::Low };
    Claim::new(Severity::Medium, confidence, subject, Evidence::key("service section", &service.key), detail)
        .with(name)
}
