use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::{Profile, ProviderSection, tags};

use super::hits::{self, Hit};
use super::wording::counted;
use super::{Rule, Verdict, View, personal_folders};

pub(super) static RULE: Rule = Rule {
    id: "S02",
    slug: "pst-pw-remembered",
    title: "A profile is set to remember the password of personal folders",
    severities: &[Severity::Low],
    condition: "A provider of personal folders (of a service MSPST MS or MSUPST MS, or with the kind of store \
                4e495441f9bfb80100aa0037d96e0000) has the value 000b6701 (PR_PST_REMEMBER_PW), and it is true. One finding \
                for each profile.",
    implies: "The client was told to remember the password of the file. If it did, whoever uses the profile opens the file \
              without being asked.",
    does_not_prove: "That the file has a password; that the password is in the hive: S01 tells what looks like one.",
    remediation: "Let the client forget the password, and choose another one if a copy of the hive has spread.",
    false_positives: "None known.",
    references: &["MSPST.h"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits = remembered(place.1);
        let detail = || {
            format!(
                "Profile \"{}\" is set to remember the password of {}.",
                place.1.name(),
                counted(hits.len(), "personal folders file", "personal folders files")
            )
        };
        verdict.claims.extend(hits::claim(Severity::Low, Confidence::Medium, place, &hits, detail));
    }
}

fn remembered<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let in_section = |section: &'p ProviderSection<'b>| {
        let (value, remember) = section.boolean(tags::PR_PST_REMEMBER_PW).here()?;
        remember.then(|| Hit::decoded("switch to remember the password", section, value)).flatten()
    };
    profile
        .sections
        .iter()
        .filter(|section| personal_folders::is_provider(section))
        .filter_map(in_section)
        .collect()
}
