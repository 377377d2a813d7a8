use std::collections::BTreeSet;

use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::uid::MapiUid;
use crate::mapi::{MapiValue, Profile, ProfileState, ProviderSection, Root, tags, uid};

use super::wording::{counted, listed};
use super::{Rule, Verdict, View, damage, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C05",
    slug: "service-dangling",
    title: "A profile lists message services that it does not have",
    severities: &[Severity::Medium],
    condition: "The value 01023d0e (PR_SERVICES) in section 9207f3e0a3b11019908b08002b2a56c2 of a live profile names a \
                section that the profile does not have, and the list of its sections is complete. One finding for each \
                profile. Left to C03 and C04 where they hold; stands for C06 and C07.",
    implies: "Parts of the profile are missing, as after an incomplete merge, import or deletion.",
    does_not_prove: "Which of these happened, or which service is missing: the list holds identifiers, not names.",
    remediation: "After preserving the evidence, delete the profile and create it anew. Profiles must not be carried \
                  between computers by merging registry keys (KB2850989).",
    false_positives: "A registry export from which sections were removed before it was imported.",
    references: &["KB2850989", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// A list of services and those of it that have no section.
pub(super) struct Dangling<'p, 'b> {
    root: &'p ProviderSection<'b>,
    list: &'p MapiValue<'b>,
    services: usize,
    missing: Vec<MapiUid>,
}

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        match found(profile) {
            Found::Here(dangling) => {
                if let Some(also) = damage::most_specific(profile, RULE.id) {
                    verdict.claim(claim(view, root, profile, &dangling, &also));
                }
            }
            Found::Absent => {}
            Found::Unknown => {
                let path = profile.key.path();
                verdict.cannot_judge(format!("{path}: its services or their sections could not all be read"));
            }
        }
    }
}

pub(super) fn found<'p, 'b>(profile: &'p Profile<'b>) -> Found<Dangling<'p, 'b>> {
    let list = profile
        .section(uid::ROOT_SECTION)
        .and_then(|root| root.prop(tags::PR_SERVICES).and_then(|list| Found::Here((root, list))));
    let (root, list) = match list {
        Found::Here((root, list)) if list.is_complete() => (root, list),
        Found::Here(_) | Found::Unknown => return Found::Unknown,
        // What has no list is C04's.
        Found::Absent => return Found::Absent,
    };
    let (services, _) = MapiUid::from_list(list.bytes());
    let mut seen: BTreeSet<MapiUid> = profile.sections.iter().map(|section| section.uid).collect();
    // Each once, in the order of the list.
    let missing: Vec<MapiUid> = services.iter().copied().filter(|service| seen.insert(*service)).collect();
    match (missing.is_empty(), profile.key.subkeys_complete) {
        (true, _) => Found::Absent,
        (false, true) => Found::Here(Dangling { root, list, services: services.len(), missing }),
        (false, false) => Found::Unknown,
    }
}

fn claim(
    view: &View<'_>,
    root: &Root<'_>,
    profile: &Profile<'_>,
    dangling: &Dangling<'_, '_>,
    also: &str,
) -> Claim {
    let missing = &dangling.missing;
    let detail = format!(
        "Profile \"{}\" lists {} in 01023d0e; {} no section: {}.{also}",
        profile.name(),
        counted(dangling.services, "message service", "message services"),
        counted(missing.len(), "of them has", "of them have"),
        listed(missing)
    );
    let says = format!("without a section: {}", listed(missing));
    let evidence = Evidence::value("list of services", &dangling.root.key, dangling.list, says);
    let subject = Subject::profile(root, profile).section(dangling.root);
    let mut claim = Claim::new(Severity::Medium, view.as_seen(), subject, evidence, detail)
        .with([Evidence::key("profile key", &profile.key)])
        .timed_by(profile);
    claim.count = missing.len() as u64;
    claim
}
