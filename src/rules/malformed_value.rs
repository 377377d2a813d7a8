use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::prop::{ElementError, Malformed, PropType, PropValue, is_sound_by_length};
use crate::mapi::{MapiValue, Profile, ProviderSection, Root};
use crate::wintypes::trim_nul;

use super::wording::counted;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C23",
    slug: "malformed-value",
    title: "Values that do not have the form of their type",
    severities: &[Severity::Low],
    // What costs no meaning is left to the table of properties: texts in the other registry type, a missing terminating
    // NUL, bytes behind it, a gap before the first element of a list. Secrets are left out, since the form of their data
    // would have to be told.
    condition: "Data in a section of a profile, all of which could be read, break the form of the property type in the \
                value's name in a way that loses meaning: a wrong length, a list whose offsets or lengths do not fit, half \
                a character at the end of a text without NUL, or a registry type from which the value cannot be read. \
                Withheld secrets and values that are no properties are not judged. One finding for each profile.",
    implies: "The values are damaged, or were written by something else than MAPI.",
    does_not_prove: "Which of these; that a program fails because of it; that the rest of the profile is intact.",
    remediation: "Keep the bytes as they are, and compare with transaction logs and older copies of the hive.",
    false_positives: "Programs that use numbers of properties for data of their own. Types that this list of forms does \
                      not know.",
    references: &["MAPIDefS.h", "Q175107", "Q183015", "measured"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// Values that are spelled out.
const SHOWN: usize = 20;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        verdict.claims.extend(claim(root, profile));
    }
}

fn claim(root: &Root<'_>, profile: &Profile<'_>) -> Option<Claim> {
    let mut broken = broken_values(profile);
    let shown: Vec<Evidence> = broken
        .by_ref()
        .take(SHOWN)
        .map(|(section, value, fault)| {
            Evidence::value("malformed value", &section.key, value, fault.to_string())
        })
        .collect();
    let more = broken.count();
    let count = shown.len() + more;
    let mut evidence = shown.into_iter();
    let first = evidence.next()?;
    let rest =
        if more == 0 { String::new() } else { format!(" The first {SHOWN} are listed, {more} are not.") };
    let detail = format!(
        "{} of profile \"{}\" {} not have the form of the type that {} name says; the first is {} with {}.{rest}",
        counted(count, "value", "values"),
        profile.name(),
        if count == 1 { "does" } else { "do" },
        if count == 1 { "its" } else { "their" },
        first.value_name.as_deref().unwrap_or_default(),
        first.value.as_deref().unwrap_or_default()
    );
    let subject = Subject::profile(root, profile);
    let mut claim = Claim::new(Severity::Low, Confidence::Medium, subject, first, detail)
        .with(evidence)
        .timed_by(profile);
    claim.count = count as u64;
    Some(claim)
}

fn broken_values<'p, 'b>(
    profile: &'p Profile<'b>,
) -> impl Iterator<Item = (&'p ProviderSection<'b>, &'p MapiValue<'b>, Malformed)> {
    profile.sections.iter().flat_map(|section| {
        section.key.values.iter().filter_map(move |value| {
            let fault = fault(value)?;
            section.secret(value).is_none().then_some((section, value, fault))
        })
    })
}

/// What costs the meaning of a value.
fn fault(value: &MapiValue<'_>) -> Option<Malformed> {
    let prop_type = value.prop?.prop_type();
    // Names of eight digits that nobody meant as a property.
    if !value.is_complete() || matches!(prop_type.single(), PropType::PT_UNSPECIFIED | PropType::PT_NULL) {
        return None;
    }
    // Whole characters where MAPI writes them are read, whatever is wrong at their end: no need to make text of them.
    let is_whole_text = || {
        matches!(prop_type, PropType::PT_STRING8 | PropType::PT_UNICODE)
            && value.value_type() == prop_type.registry_type()
            && value.bytes().len().is_multiple_of(2)
    };
    if is_sound_by_length(prop_type, value.value_type(), value.bytes().len()) || is_whole_text() {
        return None;
    }
    let decoded = value.decoded()?;
    let loses_meaning = match decoded.malformed? {
        // Of a list with a gap before its first element all elements were read.
        Malformed::List { source: ElementError::FirstOffset { .. }, .. }
        | Malformed::BytesAfterTerminator(_)
        | Malformed::NoTerminator => false,
        Malformed::Length { .. }
        | Malformed::NotAMultiple { .. }
        | Malformed::NeitherWidth { .. }
        | Malformed::List { .. } => true,
        Malformed::OddLength(_) => !trim_nul(value.bytes()).1,
        Malformed::RegistryType { .. } => matches!(decoded.value, PropValue::Unknown(_)),
    };
    decoded.malformed.filter(|_| loses_meaning)
}
