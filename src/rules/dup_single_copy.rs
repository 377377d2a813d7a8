use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProfileState, ProviderSection, Root, RootKind};

use super::exchange::MSEMS;
use super::wording::counted;
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C20",
    slug: "dup-single-copy",
    title: "A message service that may be there only once is there twice",
    severities: &[Severity::Low],
    // That a profile is older than Outlook 2010 is concluded from what its services lack.
    condition: "Two message services of a live profile have the same name, in any letter case, and both carry the flag of \
                a single copy (00033009 & 2); or, below a Windows Messaging Subsystem, two are named MSEMS and none of \
                them has a 3d15, which Outlook 2010 and later write. Services MSEMS with a 3d15, or below Office, are not \
                judged. One finding for each profile and name.",
    implies: "The profile was edited by hand, merged or damaged: MAPI does not add a service with this flag twice.",
    does_not_prove: "Which of these happened, or which of the two services is used.",
    remediation: "After preserving the evidence, delete the profile and create it anew.",
    false_positives: "Several Exchange accounts of Outlook 2010 or later in one profile, whose 3d15 was lost.",
    references: &[
        "mfcmapi:UI/profile.cpp",
        "MAPITags.h",
        "office-developer-client-docs:using-multiple-exchange-accounts",
    ],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// `SERVICE_SINGLE_COPY`.
const SINGLE_COPY: u32 = 2;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        unseen::sections(profile, verdict);
        let mut by_name: BTreeMap<String, Vec<&ProviderSection<'_>>> = BTreeMap::new();
        for section in profile.sections.iter().filter(|section| section.kind == SectionKind::Service) {
            if let Some(name) = &section.service_name {
                by_name.entry(name.to_uppercase()).or_default().push(section);
            }
        }
        for (name, mut services) in by_name {
            if services.len() < 2 {
                continue;
            }
            if name == MSEMS {
                if matches!(root.kind, RootKind::Office(_)) || !is_older(&services, verdict) {
                    continue;
                }
            } else {
                services.retain(|service| is_single_copy(service));
            }
            verdict.claims.extend(claim(root, profile, &services));
        }
    }
}

fn is_single_copy(service: &ProviderSection<'_>) -> bool {
    service.long(tags::PR_RESOURCE_FLAGS).here().is_some_and(|(_, flags)| flags & SINGLE_COPY != 0)
}

/// Whether none of the services is known to Outlook 2010 and later.
fn is_older(services: &[&ProviderSection<'_>], verdict: &mut Verdict) -> bool {
    for service in services {
        match service.prop(tags::PR_EMSMDB_SECTION_UID) {
            Found::Here(_) => return false,
            Found::Absent => {}
            Found::Unknown => {
                let path = service.key.path();
                verdict.cannot_judge(format!("{path}: whether 01023d15 is there could not be read"));
                return false;
            }
        }
    }
    true
}

fn claim(root: &Root<'_>, profile: &Profile<'_>, services: &[&ProviderSection<'_>]) -> Option<Claim> {
    let [first, others @ ..] = services else { return None };
    if others.is_empty() {
        return None;
    }
    let name = first.service_name.as_deref().unwrap_or_default();
    let flagged = services.iter().filter(|service| is_single_copy(service)).count();
    let detail = format!(
        "Profile \"{}\" has {} {name}; {} the flag of a single copy.",
        profile.name(),
        counted(services.len(), "message service", "message services"),
        match flagged {
            0 => "none carries".to_owned(),
            flagged => counted(flagged, "carries", "carry"),
        }
    );
    let evidence = |service: &&ProviderSection<'_>| Evidence::key("section of the service", &service.key);
    let subject = Subject { service_name: Some(name.to_owned()), ..Subject::profile(root, profile) };
    let mut claim = Claim::new(Severity::Low, Confidence::Medium, subject, evidence(first), detail)
        .with(others.iter().map(evidence))
        .timed_by(profile);
    claim.count = services.len() as u64;
    Some(claim)
}
