use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, Root, WrittenTogether};
use crate::wintypes::Filetime;

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "H04",
    slug: "written-together",
    title: "The sections of a profile were written in one instant",
    severities: &[Severity::Info],
    // Times that nobody set (0) are no instant.
    condition: "A profile has at least five sections, and more than 80 per cent of them were last changed within 10 \
                milliseconds of each other.",
    implies: "The times of these sections tell when they were written together and no more: that was the creation of \
              the profile or a rewrite of all of it, and the bytes cannot tell which.",
    does_not_prove: "When the profile was created or last used. Even agreement with a time in the profile's name is only \
                     consistent with creation.",
    remediation: "None. Do not read the times of single sections as times of single events.",
    false_positives: "None known: profiles of healthy computers show this.",
    references: &["measured"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        if let Some(together) = profile.written_together()
            && together.from != Filetime::default()
        {
            verdict.claims.extend(claim(root, profile, together));
        }
    }
}

fn claim(root: &Root<'_>, profile: &Profile<'_>, together: WrittenTogether) -> Option<Claim> {
    let sections = profile.sections.iter().filter(|section| together.includes(section.key.last_written));
    let mut evidence = sections.map(|section| Evidence::key("section written in the instant", &section.key));
    let first = evidence.next()?;
    let complete = if profile.key.subkeys_complete { "" } else { " Not all sections could be listed." };
    let detail = format!(
        "{} of {} sections of profile \"{}\" were last changed from {} to {}. {}{complete}",
        together.count,
        together.of,
        profile.name(),
        together.from,
        together.to,
        against_the_name(profile, together)
    );
    let mut claim =
        Claim::new(Severity::Info, Confidence::High, Subject::profile(root, profile), first, detail)
            .with(evidence)
            .beside([Evidence::key("profile key", &profile.key)]);
    claim.count = together.count as u64;
    claim.first_seen = Some(together.from);
    claim.last_seen = Some(together.to);
    Some(claim.timed_by(profile))
}

/// What the time in the profile's name, if any, adds.
fn against_the_name(profile: &Profile<'_>, together: WrittenTogether) -> String {
    let Some(edk) = &profile.name_facts.edk else {
        return "Its name carries no time to compare with.".into();
    };
    let created = edk.created;
    let near = together.includes(created)
        || [together.from, together.to]
            .iter()
            .any(|end| end.distance(created) <= Filetime(0).plus_seconds(5).0);
    let relation = if near {
        "within 5 seconds, consistent with creation at that time"
    } else {
        "more than 5 seconds apart"
    };
    format!("The time that its name seems to carry is {created}: {relation}.")
}
