use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::wintypes::Filetime;

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "H02",
    slug: "clock",
    title: "The time in a profile's name is later than its keys",
    severities: &[Severity::Info],
    // The last-written time of the base block is not compared: in every measured NTUSER hive of format 1.5 it is 0, and in
    // clean ones of 1.3 it is older than most keys.
    condition: "The name of a profile, live or marked for deletion, ends as the sample of the Exchange Development Kit makes \
                it end, and the time that its last 16 digits read as is more than 5 seconds later than the last change of \
                every key of the profile, all of which could be listed. Times that nobody set are not compared.",
    implies: "The clock of the computer was put back, the keys were copied or restored with older times, or the digits are \
              no time.",
    does_not_prove: "Which of these.",
    remediation: "None. Trust neither the time in the name nor those of the keys until it is explained.",
    false_positives: "Names that only look like this.",
    references: &["EDK:HrCreateProfileName", "inferred"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        let Some(edk) = &profile.name_facts.edk else { continue };
        let latest = profile.latest_write();
        if latest == Filetime::default() || edk.created <= latest.plus_seconds(5) {
            continue;
        }
        // A key that was not seen may be younger.
        if !profile.keys().all(|key| key.subkeys_complete) {
            verdict
                .cannot_judge(format!("{}: not all keys of the profile could be listed", profile.key.path()));
            continue;
        }
        let detail = format!(
            "The name \"{}\" seems to carry the time {}, but no key of the profile was changed after {latest}.",
            profile.name(),
            edk.created
        );
        let newest = profile.keys().find(|key| key.last_written == latest && key.at != profile.key.at);
        let evidence = Evidence::key("profile key", &profile.key);
        let subject = Subject::profile(root, profile);
        let claim = Claim::new(Severity::Info, Confidence::Medium, subject, evidence, detail)
            .with(newest.map(|key| Evidence::key("newest key of the profile", key)))
            .timed_by(profile);
        verdict.claim(claim);
    }
}
