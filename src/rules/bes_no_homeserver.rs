use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProfileState, ProviderSection};

use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C19",
    slug: "bes-no-homeserver",
    title: "A profile of BlackBerry Enterprise Server without a home server",
    severities: &[Severity::Medium],
    // The missing server argues from absence: in a dirty hive, or where a list is incomplete, it may be there.
    condition: "A live profile is named BlackBerryServer or BlackBerryManager, in any letter case, and no section of it \
                with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) holds a home server \
                (6602) that is neither empty nor a GUID, with or without a domain behind an @; all of these sections and \
                their values could be read.",
    implies: "Agents of BlackBerry Enterprise Server read this value, and fail with error 5305 where they cannot (BlackBerry \
              KB01018).",
    does_not_prove: "That the server is still installed or uses the profile; why the value is missing.",
    remediation: "Check the versions of MAPI and CDO and the access to the address book. After preserving the evidence, \
                  delete the profile and create it anew as BlackBerry's instructions tell.",
    false_positives: "A profile that was made and not yet configured.",
    references: &["BlackBerry:KB01018", "BlackBerry:KB00658"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        if profile.name_facts.family.is_none_or(|family| family.id != "BlackBerry") {
            continue;
        }
        match home_server(profile) {
            Found::Here(()) => {}
            Found::Unknown => {
                verdict
                    .cannot_judge(format!("{}: the home server could not be looked for", profile.key.path()));
            }
            Found::Absent => {
                let subject = Subject::profile(root, profile);
                let evidence = Evidence::key("profile key", &profile.key);
                let claim =
                    Claim::new(Severity::Medium, Confidence::Medium, subject, evidence, detail(profile))
                        .with(settings(profile).filter_map(useless_server))
                        .timed_by(profile);
                verdict.claim(claim);
            }
        }
    }
}

/// The sections with Exchange settings.
fn settings<'p, 'b>(profile: &'p Profile<'b>) -> impl Iterator<Item = &'p ProviderSection<'b>> {
    profile.sections.iter().filter(|section| section.kind == SectionKind::GlobalProfile)
}

/// Whether the profile has a home server that an agent could use.
fn home_server(profile: &Profile<'_>) -> Found<()> {
    let mut found = if profile.key.subkeys_complete { Found::Absent } else { Found::Unknown };
    for section in settings(profile) {
        match section.text(tags::PR_PROFILE_HOME_SERVER) {
            Found::Here(server) if !server.is_empty() && !is_guid(server) => return Found::Here(()),
            Found::Here(_) | Found::Absent => {}
            Found::Unknown => found = Found::Unknown,
        }
    }
    found
}

fn useless_server(section: &ProviderSection<'_>) -> Option<Evidence> {
    let value = section.prop(tags::PR_PROFILE_HOME_SERVER).here()?;
    Some(Evidence::value("home server that is no name", &section.key, value, value.text()?.to_owned()))
}

fn detail(profile: &Profile<'_>) -> String {
    let name = profile.name();
    let what = match (settings(profile).count(), settings(profile).find_map(useless_server)) {
        (0, _) => "has no section with Exchange settings, and so no home server (6602)".to_owned(),
        (_, None) => "holds no home server (6602)".to_owned(),
        (_, Some(evidence)) => match evidence.value.filter(|text| !text.is_empty()) {
            Some(text) => format!("holds \"{text}\" as its home server (6602), which is no name of a server"),
            None => "holds an empty home server (6602)".to_owned(),
        },
    };
    format!("Profile \"{name}\" {what}.")
}

/// Whether a text is a GUID, with or without braces, and with or without a domain behind it.
fn is_guid(text: &str) -> bool {
    let text = text.split('@').next().unwrap_or_default();
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let groups: Vec<&str> = bare.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex)
}
