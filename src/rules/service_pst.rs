use crate::account::{AccountKind, Confidence, Place};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProviderSection, Root, tags};

use super::outlook_on_exchange::is_established;
use super::owner::Owning;
use super::wording::{account_sentence, counted, listed};
use super::{Rule, Verdict, View, needs, personal_folders};

pub(super) static RULE: Rule = Rule {
    id: "C17",
    slug: "service-pst",
    title: "Personal folders in a profile of a service account",
    severities: &[Severity::Medium],
    // An account whose kind is unknown may be a person's, where personal folders are normal.
    condition: "The account is established as one of services or of the system by a well-known security identifier \
                (S-1-5-18, -19, -20, NT SERVICE and the like) or by a service of the host's SYSTEM hive that names it, or such \
                a service names an account that is called like it (low confidence); and a profile of it has a message \
                service of personal folders (MSPST MS or MSUPST MS). Where neither is known nothing is judged. One finding \
                for each profile.",
    implies: "Mail that is delivered to this profile, or exported with it, may end up in a file beside the mailboxes. \
              Delivery into such a file hinders tools that synchronize mailboxes (BlackBerry KB03037).",
    does_not_prove: "That mail was ever written there, or left the computer.",
    remediation: "Find the program that uses the profile, secure the file, and take the service out of the profile.",
    false_positives: "ExMerge, which works with such a profile for each mailbox (Q265441), and archiving products.",
    references: &["Q265441", "BlackBerry:KB03037"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let mut profiles = view.mapi.all_profiles();
    let nothing = !profiles.any(|(_, profile)| personal_folders::services(profile).next().is_some());
    if nothing || view.account.place == Place::Template || view.account.kind == AccountKind::User {
        return;
    }
    if !is_established(view) && view.account.services.is_empty() {
        if needs::system(view, verdict).is_some() {
            verdict.cannot_judge("whether any service of the host runs as this account cannot be told");
        }
        return;
    }
    for (root, profile) in view.mapi.all_profiles() {
        verdict.claims.extend(claim(view, root, profile));
    }
}

fn claim(view: &View<'_>, root: &Root<'_>, profile: &Profile<'_>) -> Option<Claim> {
    let mut services = personal_folders::services(profile);
    let first = services.next()?;
    let others: Vec<&ProviderSection<'_>> = services.collect();
    let paths = personal_folders::paths(profile);
    let mut files: Vec<&str> = paths.iter().map(|hit| &*hit.says).collect();
    files.sort_unstable();
    files.dedup();
    let detail = format!(
        "Profile \"{}\" has {} of personal folders; {}. {}",
        profile.name(),
        counted(others.len() + 1, "service", "services"),
        if files.is_empty() {
            "no path of a file is stored".to_owned()
        } else {
            format!("files: {}", listed(files))
        },
        account_sentence(view)
    );
    let subject = Subject::profile(root, profile).section(first);
    let most = if is_established(view) { Confidence::Medium } else { Confidence::Low };
    let confidence = view.account.confidence.min(most);
    let owning = Owning::of(view.account.services.iter());
    let mut claim = Claim::new(Severity::Medium, confidence, subject, service_name(first), detail)
        .beside(owning.iter().flat_map(|owning| owning.evidence(view).take(10)))
        .with(others.iter().map(|service| service_name(service)))
        .with(paths.iter().map(super::hits::Hit::evidence))
        .timed_by(profile);
    claim.count = others.len() as u64 + 1;
    Some(claim)
}

fn service_name(service: &ProviderSection<'_>) -> Evidence {
    match service.prop(tags::PR_SERVICE_NAME).here() {
        Some(name) => {
            let says = service.service_name.clone().unwrap_or_default();
            Evidence::value("name of the service", &service.key, name, says)
        }
        None => Evidence::key("section of the service", &service.key),
    }
}
