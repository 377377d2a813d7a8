use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root, RootKind};

use super::wording::{counted, quoted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C14",
    slug: "legacy-and-office",
    title: "Profiles of Outlook 2013 or later beside older ones",
    severities: &[Severity::Info],
    condition: "The hive has live profiles below Windows NT\\CurrentVersion\\Windows Messaging Subsystem and live profiles \
                below Office\\15.0 or a later version. One finding for each hive.",
    implies: "Profiles of both kinds were made in this hive: the account went on from an older MAPI client to Outlook 2013 \
              or later, or uses both an Outlook and another MAPI program: Outlook 2013 and later keep their profiles \
              elsewhere and do not use the older ones, other MAPI programs may (inferred).",
    does_not_prove: "Which programs use the older profiles, or whether any does.",
    remediation: "None. After preserving the evidence, profiles that no program uses can be removed.",
    false_positives: "None known: a fact, not a fault.",
    references: &["grommunio-gromox:wiki-Windows", "KB2850989", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let of = |wanted: fn(&RootKind) -> bool| -> Vec<(&Root<'_>, &Profile<'_>)> {
        view.mapi.profiles(ProfileState::Live).filter(|(root, _)| wanted(&root.kind)).collect()
    };
    let older = of(|kind| *kind == RootKind::WindowsNt);
    let newer = of(is_2013_or_later);
    let (Some((_, first)), false) = (older.first(), newer.is_empty()) else { return };
    let described = |profiles: &[(&Root<'_>, &Profile<'_>)]| {
        let seen = counted(profiles.len(), "profile", "profiles");
        format!("{seen} ({})", quoted(profiles.iter().map(|(_, profile)| profile.name())))
    };
    let detail = format!(
        "Below Windows NT there {} {}, below Office {}.",
        if older.len() == 1 { "is" } else { "are" },
        described(&older),
        described(&newer)
    );
    let evidence = Evidence::key("older profile", &first.key);
    let mut claim = Claim::new(Severity::Info, view.as_seen(), Subject::default(), evidence, detail)
        .with(
            older.iter().skip(1).take(SHOWN).map(|(_, profile)| Evidence::key("older profile", &profile.key)),
        )
        .with(newer.iter().map(|(_, profile)| Evidence::key("newer profile", &profile.key)));
    claim.count = (older.len() + newer.len()) as u64;
    verdict.claim(claim);
}

/// Older profiles that are shown, so that newer ones are shown too.
const SHOWN: usize = Claim::MAX_EVIDENCE / 2;

fn is_2013_or_later(kind: &RootKind) -> bool {
    let RootKind::Office(version) = kind else { return false };
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major >= 15)
}
