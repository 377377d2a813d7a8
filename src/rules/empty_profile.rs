use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::{Profile, ProfileState};

use super::wording::counted;
use super::{Rule, Verdict, View, damage, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C03",
    slug: "empty-profile",
    title: "A profile without any section",
    severities: &[Severity::Low, Severity::Medium],
    condition: "A key under Profiles has no subkey named by 32 hexadecimal digits, and the list of its subkeys is \
                complete. Low where the key was last changed within 60 seconds of the newest key of any root of \
                profiles in the hive, else medium. Stands for C04 to C07 where they would hold too.",
    implies: "The profile names no message service and no store, for these stand in sections. As a program leaves it that \
              creates a profile and gets no further, or as something leaves it that removes the sections.",
    does_not_prove: "Which of the two, or why. Known causes of a creation that fails are missing rights to change \
                     MAPISVC.INF or to read Emsui32.dll; that they leave such a key is inferred.",
    remediation: "Check that the account may change MAPISVC.INF in System32 and has access to Emsui32.dll. After \
                  preserving the evidence, delete and recreate the profile.",
    false_positives: "A hive that was copied while the profile was being created.",
    references: &["Q260288", "Q275892", "Q164849", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    let newest = view.mapi.latest_write().unwrap_or_default();
    for (root, profile) in view.mapi.profiles(ProfileState::Live) {
        match found(profile) {
            Found::Here(()) => {}
            Found::Absent => continue,
            Found::Unknown => {
                verdict.cannot_judge(format!("{}: not all sections could be listed", profile.key.path()));
                continue;
            }
        }
        let Some(also) = damage::most_specific(profile, RULE.id) else { continue };
        let written = profile.key.last_written;
        let fresh = newest.distance(written) <= crate::wintypes::Filetime(0).plus_seconds(60).0;
        let (severity, age) = if fresh {
            let age = "which is within 60 seconds: it may have been copied while it was being created";
            (Severity::Low, age)
        } else {
            (
                Severity::Medium,
                "which is more than 60 seconds apart and makes a copy in mid-creation unlikely",
            )
        };
        let detail = format!(
            "Profile \"{}\" has no section{}. It was last changed {written}, the newest key below any root of profiles {newest}, \
             {age}.{also}",
            profile.name(),
            other_content(profile)
        );
        let evidence = Evidence::key("profile key without sections", &profile.key);
        let subject = Subject::profile(root, profile);
        verdict.claim(Claim::new(severity, view.as_seen(), subject, evidence, detail));
    }
}

pub(super) fn found(profile: &Profile<'_>) -> Found<()> {
    match (profile.sections.is_empty(), profile.key.subkeys_complete) {
        (true, true) => Found::Here(()),
        (true, false) => Found::Unknown,
        (false, _) => Found::Absent,
    }
}

fn other_content(profile: &Profile<'_>) -> String {
    match (profile.other_keys.len(), profile.key.values.len()) {
        (0, 0) => String::new(),
        (keys, values) => format!(
            ", but {} of other names below it and {}",
            counted(keys, "key", "keys"),
            counted(values, "value", "values")
        ),
    }
}
