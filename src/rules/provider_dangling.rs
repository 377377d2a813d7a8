use std::collections::BTreeSet;

use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::MapiUid;
use crate::mapi::{MapiValue, PROVIDER_LISTS, Profile, ProfileState, ProviderSection, Root};

use super::wording::{counted, listed};
use super::{Rule, Verdict, View, damage, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C06",
    slug: "provider-dangling",
    title: "A profile lists providers that it does not have",
    severities: &[Severity::Medium],
    // Only the root's and the services' lists: they are what MAPI loads by. The client's section may go on naming an
    // account that was removed, which damages nothing.
    condition: "In a live profile a list of stores, address books or transports (3d00, 3d01, 3d02) of section \
                9207f3e0a3b11019908b08002b2a56c2 or of a message service, or a list of further sections (3d0d, 3d15) of a \
                message service, names a section that the profile does not have, and the list of its sections is \
                complete. Sixteen zeros name nothing. One finding for each profile. Left to C03, C04 and C05 where they \
                hold; stands for C07.",
    implies: "Parts of the profile are missing, as after an incomplete merge, import or deletion.",
    does_not_prove: "Which of these happened, or what the missing sections held: the lists hold identifiers, not names.",
    remediation: "After preserving the evidence, delete the profile and create it anew. Profiles must not be carried \
                  between computers by merging registry keys (KB2850989).",
    false_positives: "A registry export from which sections were removed before it was imported. A hive that was copied \
                      while a service was being added or removed.",
    references: &["KB2850989", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// What is wrong with the lists of a profile.
#[derive(Default)]
pub(super) struct Lists<'p, 'b> {
    /// Lists that name what is not there.
    pub(super) lists: Vec<Dangling<'p, 'b>>,
    /// Lists of which that could not be told.
    unknown: Vec<&'p ProviderSection<'b>>,
}

/// A list and what it names without a section of that name.
pub(super) struct Dangling<'p, 'b> {
    section: &'p ProviderSection<'b>,
    list: &'p MapiValue<'b>,
    missing: Vec<MapiUid>,
}

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        unseen::sections(profile, verdict);
        let found = found(profile);
        for section in found.unknown {
            let path = section.key.path();
            verdict.cannot_judge(format!("{path}: its lists could not all be read"));
        }
        if let Some((first, others)) = found.lists.split_first()
            && let Some(also) = damage::most_specific(profile, RULE.id)
        {
            verdict.claim(claim(view, root, profile, first, others, &also));
        }
    }
}

pub(super) fn found<'p, 'b>(profile: &'p Profile<'b>) -> Lists<'p, 'b> {
    const OF_SERVICES: [PropId; 2] = [tags::PR_SERVICE_EXTRA_UIDS, tags::PR_EMSMDB_SECTION_UID];

    let mut found = Lists::default();
    // What a list names may be among the sections that were not seen.
    if !profile.key.subkeys_complete {
        return found;
    }
    let mut sections: BTreeSet<MapiUid> = profile.sections.iter().map(|section| section.uid).collect();
    sections.insert(MapiUid([0; 16]));
    for section in &profile.sections {
        let further: &[PropId] = match section.kind {
            SectionKind::Root => &[],
            SectionKind::Service => &OF_SERVICES,
            _ => continue,
        };
        let mut is_unknown = false;
        for id in PROVIDER_LISTS.iter().chain(further) {
            let list = match section.prop(*id) {
                Found::Here(list) if list.is_complete() => list,
                Found::Absent => continue,
                Found::Here(_) | Found::Unknown => {
                    is_unknown = true;
                    continue;
                }
            };
            let (uids, _) = MapiUid::from_list(list.bytes());
            let mut seen = BTreeSet::new();
            let missing: Vec<MapiUid> =
                uids.into_iter().filter(|uid| !sections.contains(uid) && seen.insert(*uid)).collect();
            if !missing.is_empty() {
                found.lists.push(Dangling { section, list, missing });
            }
        }
        if is_unknown {
            found.unknown.push(section);
        }
    }
    found
}

fn claim(
    view: &View<'_>,
    root: &Root<'_>,
    profile: &Profile<'_>,
    first: &Dangling<'_, '_>,
    others: &[Dangling<'_, '_>],
    also: &str,
) -> Claim {
    let lists = || std::iter::once(first).chain(others);
    let missing: BTreeSet<MapiUid> = lists().flat_map(|list| list.missing.iter().copied()).collect();
    let detail = format!(
        "{} of profile \"{}\" {} no section: {}.{also}",
        counted(others.len() + 1, "list", "lists"),
        profile.name(),
        match (others.len(), missing.len()) {
            (0, 1) => "names one identifier that has".to_owned(),
            (0, several) => format!("names {several} identifiers that have"),
            (_, 1) => "name one identifier that has".to_owned(),
            (_, several) => format!("name {several} identifiers that have"),
        },
        listed(&missing)
    );
    let subject = Subject::profile(root, profile).section(first.section);
    let mut claim = Claim::new(Severity::Medium, view.as_seen(), subject, evidence(first), detail)
        .with(others.iter().map(evidence))
        .with([Evidence::key("profile key", &profile.key)])
        .timed_by(profile);
    claim.count = missing.len() as u64;
    claim
}

fn evidence(dangling: &Dangling<'_, '_>) -> Evidence {
    let says = format!("without a section: {}", listed(&dangling.missing));
    Evidence::value("list that names what is not there", &dangling.section.key, dangling.list, says)
}
