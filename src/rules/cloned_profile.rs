use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity};
use crate::mapi::uid::{self, MapiUid};
use crate::mapi::{Profile, ProfileState, tags};
use crate::wintypes::same_name;

use super::wording::{counted, quoted, subject_of};
use super::{InRoot, Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L15",
    slug: "cloned-profile",
    title: "Profiles that share one instance key",
    severities: &[Severity::Medium],
    // Profiles of one name in two places are left out, which the reference does not say: a later Outlook takes over the
    // profiles of an earlier one into its own root, and a deletion during use copies a profile to Deleted Profiles. A rename
    // during use is deferred like a deletion, so that only live profiles are compared.
    condition: "At least two live profiles of the hive that have different names, in any letter case, share the instance key: \
                the 16 bytes of 0102300b in section 8503020000000000c000000000000046, not all of them 0. One finding for each \
                such key. Profiles of other hives are not compared here.",
    implies: "MAPI gives each profile that it creates an instance key that no other one ever had. Profiles that share one \
              have one origin, as copies have that are made in the registry: with Save Key and Restore, by importing a \
              .reg file, or by a program that writes the keys. Whether a copy that MAPI itself makes (CopyProfile) gets a \
              key of its own is not known.",
    does_not_prove: "Who copied them, when, or with what intent. Which of them is the original.",
    remediation: "Find out who made the copy and what for. Microsoft describes it for looking into the queues of the Internet \
                  Mail Service (Q165505, Q184621), where the copy stays a permanent way in.",
    false_positives: "Profiles that were copied with the dialogs or functions of MAPI, if these keep the key. Copies that \
                      an administrator made as those articles tell. Programs that set up accounts from one prepared \
                      profile.",
    references: &["Q165505", "Q184621", "office-developer-client-docs:iprofsectimapiprop"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let mut by_key: BTreeMap<&[u8], Vec<InRoot<'_>>> = BTreeMap::new();
    for (root, profile) in view.mapi.profiles(ProfileState::Live) {
        let key = profile.instance_key().filter(|key| key.iter().any(|byte| *byte != 0));
        if let Some(key) = key {
            by_key.entry(key).or_default().push((root, profile));
        }
    }
    for alike in by_key.values() {
        verdict.claims.extend(claim(view, alike));
    }
}

fn claim(view: &View<'_>, alike: &[InRoot<'_>]) -> Option<Claim> {
    let ((_, first), others) = alike.split_first()?;
    if others.iter().all(|(_, other)| same_name(first.name(), other.name())) {
        return None;
    }
    let detail = format!(
        "{} share one instance key: {}.",
        counted(alike.len(), "live profile", "live profiles"),
        quoted(alike.iter().map(|(_, profile)| profile.name()))
    );
    let mut keys = alike.iter().map(|(_, profile)| instance_key(profile));
    let confidence = view.as_seen().min(Confidence::Medium);
    let mut claim = Claim::new(Severity::Medium, confidence, subject_of(alike), keys.next()?, detail).with(keys);
    claim.count = alike.len() as u64;
    Some(claim.timed_by(first))
}

fn instance_key(profile: &Profile<'_>) -> Evidence {
    let section = profile.section(uid::PROFILE_INSTANCE_SECTION).here();
    let value = section.and_then(|section| Some((section, section.prop(tags::PR_SEARCH_KEY).here()?)));
    match value {
        Some((section, value)) => {
            let says = MapiUid::from_bytes(value.bytes()).map(|key| key.to_string()).unwrap_or_default();
            Evidence::value("instance key", &section.key, value, says)
        }
        None => Evidence::key("profile key", &profile.key),
    }
}
