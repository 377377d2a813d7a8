use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::{MapiValue, Profile, ProfileState, ProviderSection, Root, tags, uid};

use super::wording::counted;
use super::{Rule, Verdict, View, damage, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C04",
    slug: "no-service-table",
    title: "A profile without a list of message services",
    severities: &[Severity::Medium],
    condition: "A live profile has no section 9207f3e0a3b11019908b08002b2a56c2, or in that section the value 01023d0e \
                (PR_SERVICES) is missing, empty, or not a multiple of 16 bytes long. Left to C03 where the profile has \
                no section at all; stands for C05, C06 and C07.",
    implies: "The profile does not name its message services in the form that every measured profile does, so that MAPI \
              has nothing to load for it (inferred).",
    does_not_prove: "How the list was lost, or that it was ever there.",
    remediation: "After preserving the evidence, delete the profile and create it anew.",
    false_positives: "A profile to which no message service was added yet.",
    references: &["MAPITags.h", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// What is wrong with the list.
pub(super) enum Fault<'p, 'b> {
    NoSection,
    NoValue(&'p ProviderSection<'b>),
    Length(&'p ProviderSection<'b>, &'p MapiValue<'b>),
}

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        match found(profile) {
            Found::Here(fault) => {
                if let Some(also) = damage::most_specific(profile, RULE.id) {
                    verdict.claim(claim(root, profile, &fault, &also));
                }
            }
            Found::Absent => {}
            Found::Unknown => {
                let path = profile.key.path();
                verdict.cannot_judge(format!("{path}: the list of message services could not be read"));
            }
        }
    }
}

pub(super) fn found<'p, 'b>(profile: &'p Profile<'b>) -> Found<Fault<'p, 'b>> {
    let section = match profile.section(uid::ROOT_SECTION) {
        Found::Here(section) => section,
        Found::Absent => return Found::Here(Fault::NoSection),
        Found::Unknown => return Found::Unknown,
    };
    match section.prop(tags::PR_SERVICES) {
        Found::Here(value) if !value.is_complete() => Found::Unknown,
        Found::Here(value) if value.bytes().is_empty() || !value.bytes().len().is_multiple_of(16) => {
            Found::Here(Fault::Length(section, value))
        }
        Found::Here(_) => Found::Absent,
        Found::Absent => Found::Here(Fault::NoValue(section)),
        Found::Unknown => Found::Unknown,
    }
}

fn claim(root: &Root<'_>, profile: &Profile<'_>, fault: &Fault<'_, '_>, also: &str) -> Claim {
    let subject = Subject::profile(root, profile);
    let profile_key = Evidence::key("profile key", &profile.key);
    let (subject, what, first, second) = match fault {
        Fault::NoSection => {
            (subject, "has no section 9207f3e0a3b11019908b08002b2a56c2".to_owned(), profile_key, None)
        }
        Fault::NoValue(section) => {
            let first = Evidence::key("section without the list of services", &section.key);
            let what = "has no value 01023d0e in its section 9207f3e0a3b11019908b08002b2a56c2".to_owned();
            (subject.section(section), what, first, Some(profile_key))
        }
        Fault::Length(section, value) => {
            let length = value.bytes().len();
            let says = counted(length, "byte", "bytes");
            let what = match length {
                0 => format!("has an empty list of message services ({})", value.name()),
                _ => {
                    format!("has a list of message services ({}) of {says}, no multiple of 16", value.name())
                }
            };
            let first = Evidence::value("list of services", &section.key, value, says);
            (subject.section(section), what, first, Some(profile_key))
        }
    };
    let is_named = |section: &&ProviderSection<'_>| section.prop(tags::PR_SERVICE_NAME).here().is_some();
    let detail = format!(
        "Profile \"{}\" {what}. Of its {}, {} a name of a message service.{also}",
        profile.name(),
        counted(profile.sections.len(), "section", "sections"),
        match profile.sections.iter().filter(is_named).count() {
            0 => "none carries".to_owned(),
            named => counted(named, "carries", "carry"),
        }
    );
    Claim::new(Severity::Medium, Confidence::Medium, subject, first, detail).with(second).timed_by(profile)
}
