use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root};
use crate::wintypes::same_name;

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L09",
    slug: "name-in-both",
    title: "A profile and a deleted profile of the same name",
    severities: &[Severity::Medium],
    // MAPI looks for the name below the root it uses, so that a pair in one root is what KB303221 describes. A pair in
    // two roots is reported with low confidence, since the reference counts names over the whole hive.
    condition: "A name under Deleted Profiles is also a name under Profiles, in any letter case; in the same root, or \
                else in another root of the hive.",
    implies: "A profile of this name was marked for deletion, and a profile of this name exists. If MAPI made the mark, \
              either the old session was still running, or the mark was left behind by a session that ended without \
              cleanup. MAPI may delete the live profile because a profile of the same name is marked for deletion \
              (KB303221).",
    does_not_prove: "That a live profile was ever lost. Which of the two explanations applies.",
    remediation: "Stop all MAPI programs of the account, which lets MAPI clean up, before the profile is used again.",
    false_positives: "A program that makes its profile anew under a fixed name while its previous session is still open. \
                      Keys that were copied or imported.",
    references: &["KB303221", "KB818861"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let mut by_upper_case: BTreeMap<String, Vec<Place<'_>>> = BTreeMap::new();
    for live in view.mapi.profiles(ProfileState::Live) {
        by_upper_case.entry(live.1.name().to_uppercase()).or_default().push(live);
    }
    for deleted in view.mapi.profiles(ProfileState::DeletedPending) {
        let alike = by_upper_case.get(&deleted.1.name().to_uppercase());
        if let Some(live) = namesake(alike.map_or(&[], Vec::as_slice), deleted) {
            verdict.claim(claim(deleted, live));
        }
    }
}

/// A profile and its root.
type Place<'v> = (&'v Root<'v>, &'v Profile<'v>);

/// A live profile of the same name, in the same root before any other.
fn namesake<'v>(live: &[Place<'v>], (root, deleted): Place<'_>) -> Option<Place<'v>> {
    let namesakes = || live.iter().filter(|(_, live)| same_name(live.name(), deleted.name())).copied();
    namesakes().find(|(other, _)| other.key.at == root.key.at).or_else(|| namesakes().next())
}

fn claim(deleted: Place<'_>, live: Place<'_>) -> Claim {
    let ((root, deleted), (live_root, live)) = (deleted, live);
    let same_root = root.key.at == live_root.key.at;
    let place = if same_root {
        format!("under Profiles and under Deleted Profiles of the same root ({root})")
    } else {
        format!(
            "under Profiles ({live_root}) and under Deleted Profiles of another root ({root}), which different versions \
             of MAPI use, so that one may not touch the other"
        )
    };
    let detail = format!(
        "\"{}\" stands {place}. The key under Deleted Profiles was last changed {}, the live one {}.{}",
        deleted.name(),
        deleted.key.last_written,
        live.key.last_written,
        copies(deleted, live)
    );
    let confidence = if same_root { Confidence::Medium } else { Confidence::Low };
    let evidence = Evidence::key("profile marked for deletion", &deleted.key);
    Claim::new(Severity::Medium, confidence, Subject::profile(root, deleted), evidence, detail)
        .with([Evidence::key("live profile of the same name", &live.key)])
        .timed_by(deleted)
}

fn copies(deleted: &Profile<'_>, live: &Profile<'_>) -> &'static str {
    match (deleted.instance_key(), live.instance_key()) {
        (Some(one), Some(other)) if one == other => {
            " Both hold the same instance key, as copies of one profile do."
        }
        (Some(_), Some(_)) => " Their instance keys differ, so neither is a plain copy of the other.",
        _ => "",
    }
}
