use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::{Found, ValueType};
use crate::mapi::{MapiKey, MapiValue, ProfileState, Root};
use crate::wintypes::same_name;

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C01",
    slug: "default-dangling",
    title: "The default profile does not exist",
    // High is for SQL and fax accounts in the reference; a hive does not tell that its account is one.
    severities: &[Severity::Medium],
    // An empty name is no dangling one: it names nothing. Without the value there is no default at all (rule C02).
    condition: "The value DefaultProfile of a root is not empty and names no key under Profiles of the same root, in any \
                letter case, where the list of these keys is complete.",
    implies: "As of this copy, a program that logs on to the default profile finds none of that name: the logon fails or \
              asks for a profile (inferred).",
    does_not_prove: "That any program relies on the default profile; when and by whom the profile was removed; that a \
                     profile of that name ever existed.",
    remediation: "Set an existing profile as the default, or create the missing one.",
    false_positives: "A name that is only under Deleted Profiles: the default profile was deleted while it was in use. A \
                      profile that a service creates at each start under this name.",
    references: &["Q195850", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for path in &view.mapi.unknown {
        verdict.cannot_judge(format!("{path}: whether a root of profiles is there could not be read"));
    }
    for root in &view.mapi.roots {
        match root.default_profile() {
            Found::Here((key, value)) => judge(view, root, key, value, verdict),
            Found::Absent => {}
            Found::Unknown => {
                verdict.cannot_judge(format!("{}: DefaultProfile could not be looked for", root.key.path()));
            }
        }
    }
}

fn judge(view: &View<'_>, root: &Root<'_>, key: &MapiKey<'_>, value: &MapiValue<'_>, verdict: &mut Verdict) {
    let is_text = matches!(value.value_type(), ValueType::REG_SZ | ValueType::REG_EXPAND_SZ);
    let name = match value.text() {
        Some(name) if is_text && value.is_complete() => name.to_owned(),
        _ => {
            return verdict
                .cannot_judge(format!("{}: DefaultProfile is not a text that can be read", key.path()));
        }
    };
    if name.is_empty() {
        return;
    }
    let among_live = match root.live.as_ref() {
        Found::Here(list) => list.named(&name),
        Found::Absent => Found::Absent,
        Found::Unknown => Found::Unknown,
    };
    match among_live {
        Found::Here(_) => return,
        Found::Unknown => {
            let path = root.key.path();
            return verdict
                .cannot_judge(format!("{path}: not all profiles could be listed, \"{name}\" may be there"));
        }
        Found::Absent => {}
    }
    let deleted = root.deleted.as_ref().and_then(|list| list.named(&name));
    let also = match &deleted {
        Found::Here(_) => "A profile of this name is only under Deleted Profiles.".to_owned(),
        Found::Absent => "No profile of this name is under Deleted Profiles either.".to_owned(),
        Found::Unknown => "Whether one is under Deleted Profiles could not be read.".to_owned(),
    };
    let has_list = root.live.as_ref().here().is_some();
    let detail = format!(
        "DefaultProfile is \"{name}\", and {} of this root ({root}). {also}{}",
        if has_list { "no key of this name is under Profiles" } else { "there is no key Profiles" },
        elsewhere(view, root, &name)
    );
    let evidence = Evidence::value("name of the default profile", key, value, name);
    let profiles = root.live.as_ref().here().map(|list| &list.key).filter(|list| list.at != key.at);
    let claim = Claim::new(Severity::Medium, view.as_seen(), Subject::root(root), evidence, detail)
        .with(profiles.map(|key| Evidence::key("key Profiles", key)))
        .with(deleted.here().map(|profile| Evidence::key("deleted profile of this name", &profile.key)));
    verdict.claim(claim);
}

/// A profile of this name below another root does not count, but may explain the value.
fn elsewhere(view: &View<'_>, root: &Root<'_>, name: &str) -> String {
    let mut live = view.mapi.profiles(ProfileState::Live);
    live.find(|(other, profile)| other.key.at != root.key.at && same_name(profile.name(), name))
        .map(|(other, _)| format!(" A live profile of this name is in another root ({other})."))
        .unwrap_or_default()
}
