use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProviderSection};
use crate::wintypes::{escape_component, same_name};

use super::hits::{self, Hit};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C22",
    slug: "name-mismatch",
    title: "A profile that holds another name of itself than its own",
    severities: &[Severity::Info],
    condition: "The name of a profile differs, not only in letter case, from the name that the profile holds of itself: \
                001f6000 in section 3517490d76624c419a828607e2a54604, or 001e6750 in a section with Exchange settings. \
                Empty names are not compared. One finding for each profile.",
    implies: "The profile was renamed after it was created, by a program or in the registry, or copied under another name \
              (inferred).",
    does_not_prove: "Which of these, or when. That the values are the name at creation is inferred from measured profiles, \
                     in which they agree with the name.",
    remediation: "None. Look for the other name in the hive, in its logs, and in names of files such as nickname files.",
    false_positives: "Renaming a profile in the dialogs of Outlook or of Windows.",
    references: &["measured", "inferred"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let profile = place.1;
        let hits = other_names(profile);
        let detail = || {
            format!(
                "The profile is named \"{}\", but the name that it holds of itself is another: {}.",
                profile.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Info, Confidence::Medium, place, &hits, detail));
    }
}

fn other_names<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let of_section = |section: &'p ProviderSection<'b>| match section.kind {
        SectionKind::ProfileName => Hit::text("name at creation", section, tags::CREATED_AS),
        SectionKind::GlobalProfile => Hit::text("copy of the name", section, tags::PROFILE_NAME_COPY),
        _ => None,
    };
    let is_other = |hit: &Hit<'_, '_>| !same_name(&escape_component(hit.says.clone().into_owned()), profile.name());
    profile.sections.iter().filter_map(of_section).filter(is_other).collect()
}
