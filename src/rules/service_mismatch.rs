use std::collections::BTreeMap;

use crate::account::machine::{Meaning, Service};
use crate::account::{Confidence, Place};
use crate::finding::{Claim, Evidence, Severity};
use crate::hive::Found;
use crate::mapi::{Profile, Root};

use super::owner::DISABLED;
use super::wording::{counted, quoted, subject_of};
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "X03",
    slug: "service-mismatch",
    title: "Profiles of a service in the hive of another account",
    severities: &[Severity::Medium],
    // A service that is not there, or disabled, is X05's.
    condition: "A profile, live or marked for deletion, is named as the service MSExchangeIMC or MSExchangeCalCon, a LinkAge \
                connector (service LME-...) or a gateway in the form of the Exchange Development Kit (service of the name \
                before the digits) names its own; the SYSTEM hive of the host has that service, not disabled; and the account \
                that its ObjectName names is another one. Medium confidence where identifiers show that; low where only the \
                names differ, for accounts are renamed and folders keep their names. One finding for each service.",
    implies: "As where the service logged on as this account before its logon was changed, or where somebody ran its \
              program, or a tool that makes such profiles, as this account (Q152808, Q180013).",
    does_not_prove: "Which of these, if any, and when: the SYSTEM hive shows the logon at the time of its copy. That the \
                     program that bears the name made the profile.",
    remediation: "Compare the times of the profiles with changes of the service's logon. After preserving the evidence, and with \
                  all MAPI programs of the account stopped, profiles that nothing uses any more can be removed.",
    false_positives: "A SYSTEM hive of another time. A profile that was copied or imported. A renamed account, where only names \
                      were compared.",
    references: &["Q152808", "Q180013"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if view.account.place == Place::Template {
        return;
    }
    let mut services: BTreeMap<String, Vec<(&Root<'_>, &Profile<'_>)>> = BTreeMap::new();
    for (root, profile) in view.mapi.all_profiles() {
        if let Some(name) = service_of(profile) {
            services.entry(name.to_uppercase()).or_default().push((root, profile));
        }
    }
    if services.is_empty() {
        return;
    }
    let Some(system) = needs::system(view, verdict) else { return };
    for (name, profiles) in &services {
        match system.facts.service(name) {
            Found::Here(service) => judge(view, service, profiles, verdict),
            Found::Absent => {}
            Found::Unknown => {
                verdict.cannot_judge(format!("whether the host has a service {name} could not be read"));
            }
        }
    }
}

/// The name of the service that makes profiles of such a name.
fn service_of(profile: &Profile<'_>) -> Option<String> {
    let facts = &profile.name_facts;
    let family = facts.family?;
    if family.by_site && facts.is_edk_named() {
        return facts.edk.as_ref().map(|edk| edk.service.clone());
    }
    match family.id {
        id @ ("MSExchangeIMC" | "MSExchangeCalCon") => Some(id.to_owned()),
        "LinkAge" => {
            let name = profile.name().to_ascii_uppercase();
            let (_, connector) = name.split_once("-LME-")?;
            let (connector, _) = connector.rsplit_once(" V")?;
            Some(format!("LME-{connector}"))
        }
        "EDK" => facts.edk.as_ref().map(|edk| edk.service.clone()),
        _ => None,
    }
}

fn judge(view: &View<'_>, service: &Service, profiles: &[(&Root<'_>, &Profile<'_>)], verdict: &mut Verdict) {
    if service.start.as_ref().here().is_some_and(|start| start.value == DISABLED) {
        return;
    }
    let meaning = view.account.meaning_of(service, view.host);
    let named = view.account.name.is_some();
    let (confidence, how) = match meaning {
        Some(Meaning::Same | Meaning::SameName | Meaning::FolderName) => return,
        Some(Meaning::Other) => {
            (Confidence::Medium, "By its security identifier this account is another one.")
        }
        Some(Meaning::NothingShown) if named => (
            Confidence::Low,
            "Nothing in names or folder shows that it is this account, but no identifier shows that it is another one: \
             accounts are renamed, and folders keep their names.",
        ),
        Some(Meaning::NothingShown) | None => {
            verdict.cannot_judge(format!(
                "whether {} runs as this account cannot be told from identifiers or names",
                service.name()
            ));
            return;
        }
    };
    verdict.claims.extend(claim(view, service, profiles, confidence, how));
}

fn claim(
    view: &View<'_>,
    service: &Service,
    profiles: &[(&Root<'_>, &Profile<'_>)],
    confidence: Confidence,
    how: &str,
) -> Option<Claim> {
    let system = view.host.system.as_ref()?;
    let object_name = service.object_name.as_ref().here()?;
    let ((_, first), others) = profiles.split_first()?;
    let confidence = if needs::is_guessed(system) { Confidence::Low } else { confidence };
    let detail = format!(
        "{} named as those of service {}: {}. In the SYSTEM hive of the host the service runs as {}. {how}{}",
        counted(profiles.len(), "profile is", "profiles are"),
        service.name(),
        quoted(profiles.iter().map(|(_, profile)| profile.name())),
        object_name.value,
        needs::guess_sentence(system)
    );
    let evidence = Evidence::key("profile key", &first.key);
    let mut claim = Claim::new(Severity::Medium, confidence, subject_of(profiles), evidence, detail)
        .beside([Evidence::fact("account of the service", object_name, system)])
        .with(others.iter().map(|(_, profile)| Evidence::key("profile key", &profile.key)))
        .timed_by(first);
    claim.count = profiles.len() as u64;
    Some(claim)
}
