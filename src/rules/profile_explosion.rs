use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Claim, Evidence, Severity};
use crate::mapi::{Profile, ProfileState, Root};

use super::wording::{counted, listed, subject_of};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L14",
    slug: "profile-explosion",
    title: "Very many profiles",
    severities: &[Severity::Low, Severity::Medium],
    condition: "More than 20 (low) or more than 100 (medium) names of profiles are in the hive: different names under all \
                keys Profiles, plus different names under all keys Deleted Profiles, in any letter case.",
    implies: "Something, most likely a program, creates profiles and does not remove them (inferred). The hive grows with \
              them, and listing the profiles takes longer (inferred).",
    does_not_prove: "Any harm; which program it is.",
    remediation: "After preserving the evidence, and with all MAPI programs stopped, the key Profiles can be deleted and \
                  recreated (Q183904). Let the program use temporary profiles (KB891425).",
    false_positives: "Accounts that serve many mailboxes or sessions, and products that work with many profiles for a \
                      time, as Veritas Clearwell does.",
    references: &["Q183904", "KB891425", "Veritas:100033667", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let live = names(view, ProfileState::Live);
    let deleted = names(view, ProfileState::DeletedPending);
    let count = live + deleted;
    let severity = match count {
        0..=20 => return,
        21..=100 => Severity::Low,
        _ => Severity::Medium,
    };
    let profiles: Vec<(&Root<'_>, &Profile<'_>)> = view.mapi.all_profiles().collect();
    let Some(((_, first), others)) = profiles.split_first() else { return };
    let complete =
        [ProfileState::Live, ProfileState::DeletedPending].iter().all(|state| view.mapi.is_complete(*state));
    let detail = format!(
        "{} in the hive: {live} under Profiles and {deleted} under Deleted Profiles{}. By the kind of name: {}.",
        counted(count, "name of a profile is", "names of profiles are"),
        if complete { "" } else { ", and not all could be listed" },
        families(&profiles)
    );
    let evidence = Evidence::key("profile key", &first.key);
    let mut claim = Claim::new(severity, view.as_seen(), subject_of(&profiles), evidence, detail)
        .with(others.iter().map(|(_, profile)| Evidence::key("profile key", &profile.key)));
    claim.count = count as u64;
    verdict.claim(claim);
}

/// How many different names there are, without regard to letter case.
fn names(view: &View<'_>, state: ProfileState) -> usize {
    let names: BTreeSet<String> =
        view.mapi.profiles(state).map(|(_, profile)| profile.name().to_uppercase()).collect();
    names.len()
}

/// How many profiles have names of which family; of a site's own families the makers too.
fn families(profiles: &[(&Root<'_>, &Profile<'_>)]) -> String {
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (_, profile) in profiles {
        let kind = match profile.name_facts.family {
            Some(family) if family.by_site => (family.id, format!(" ({})", family.product)),
            Some(family) => (family.id, String::new()),
            None => ("of no known family", String::new()),
        };
        *counts.entry(kind).or_default() += 1;
    }
    listed(counts.iter().map(|((family, maker), count)| format!("{count} {family}{maker}")))
}
