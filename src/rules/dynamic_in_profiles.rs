use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root};

use super::shutdown::Shutdown;
use super::wording::{counted, listed, name_reading, running_or_left_over, subject_of};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L12",
    slug: "dynamic-in-profiles",
    title: "Profiles named as gateways of the Exchange Development Kit name theirs",
    severities: &[Severity::Info, Severity::Low],
    condition: "A name under Profiles ends as the sample of the Exchange Development Kit makes it end: a space, 8 \
                hexadecimal digits, and 16 that read as a time from 1986 to 2057; and it does not begin with \
                MSExchangeIMC or MSExchangeCalCon, which have rules of their own. One finding for each name of a service \
                before the digits, in any letter case. Low where L06 shows of one of them that its session ended with a \
                shutdown, else info.",
    implies: "The profile is named as the sample names its own. The sample marks its profile for deletion right after \
              logon. If a program that follows it made this one, it was running without having marked it, or ended before \
              it could.",
    does_not_prove: "Which of the two. That the digits are process and time: they only have the form.",
    remediation: "Find the program by the name before the digits, and compare the times with those at which it was \
                  started and stopped.",
    false_positives: "A program that keeps its profile by intention. A name that only looks like this.",
    references: &["EDK:HrCreateProfileName", "EDK:gwmain.c"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

const FAMILY: &str = "EDK";

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let mut services: BTreeMap<String, Vec<(&Root<'_>, &Profile<'_>)>> = BTreeMap::new();
    for (root, profile) in view.mapi.profiles(ProfileState::Live) {
        let facts = &profile.name_facts;
        let Some((family, edk)) = facts.family.zip(facts.edk.as_ref()) else { continue };
        // That a site knows the maker says who it is, not that the profile should be there.
        if family.id == FAMILY || family.by_site && facts.is_edk_named() {
            services.entry(edk.service.to_uppercase()).or_default().push((root, profile));
        }
    }
    for profiles in services.values() {
        verdict.claims.extend(claim(view, profiles));
    }
}

fn claim(view: &View<'_>, profiles: &[(&Root<'_>, &Profile<'_>)]) -> Option<Claim> {
    let ((_, first), others) = profiles.split_first()?;
    let seen = counted(profiles.len(), "profile", "profiles");
    let complete = view.mapi.is_complete(ProfileState::Live);
    let reading = if others.is_empty() {
        name_reading(first)
    } else {
        let times = profiles.iter().filter_map(|(_, profile)| {
            let edk = profile.name_facts.edk.as_ref()?;
            Some(format!("\"{}\" ({})", profile.name(), edk.created))
        });
        format!("With the times that the names seem to carry: {}.", listed(times))
    };
    let family = first.name_facts.family?;
    let maker = if family.by_site {
        format!(" The site's own families call the maker of such profiles {}.", family.product)
    } else {
        String::new()
    };
    let shutdown = Shutdown::known(view)
        .filter(|shutdown| profiles.iter().any(|(_, profile)| shutdown.outlived_by(profile).is_some()));
    let detail = format!(
        "{}{seen} under Profiles {} named \"{}\" and 24 digits.{maker} {reading} {}{}",
        if complete { "" } else { "At least " },
        if others.is_empty() { "is" } else { "are" },
        first.name_facts.edk.as_ref()?.service,
        running_or_left_over(view),
        shutdown.as_ref().map(Shutdown::escalation).unwrap_or_default()
    );
    let subject = Subject { profile_family: Some(family.id), ..subject_of(profiles) };
    let evidence = Evidence::key("profile key", &first.key);
    let severity = if shutdown.is_some() { Severity::Low } else { Severity::Info };
    let mut claim = Claim::new(severity, Confidence::Medium, subject, evidence, detail)
        .with(others.iter().map(|(_, profile)| Evidence::key("profile key", &profile.key)))
        .beside(shutdown.map(|shutdown| shutdown.evidence()))
        .timed_by(first);
    claim.count = profiles.len() as u64;
    Some(claim)
}
