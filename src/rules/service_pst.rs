use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProviderSection, Root, tags};

use super::outlook_on_exchange::is_established;
use super::wording::{account_sentence, counted, listed};
use super::{Rule, Verdict, View, personal_folders};

pub(super) static RULE: Rule = Rule {
    id: "C17",
    slug: "service-pst",
    title: "Personal folders in a profile of a service account",
    severities: &[Severity::Medium],
    // Other service accounts are known only from the SYSTEM hive, which is not read yet; an account whose kind is unknown
    // may be a person's, where personal folders are normal.
    condition: "The account is established as one of services or of the system by a well-known security identifier \
                (S-1-5-18, -19, -20, NT SERVICE and the like), and a profile of it has a message service of personal \
                folders (MSPST MS or MSUPST MS). Where the account is not established, nothing is judged: that needs the \
                SYSTEM hive. One finding for each profile.",
    implies: "Mail that is delivered to this profile, or exported with it, may end up in a file beside the mailboxes. \
              Delivery into such a file hinders tools that synchronize mailboxes (BlackBerry KB03037).",
    does_not_prove: "That mail was ever written there, or left the computer.",
    remediation: "Find the program that uses the profile, secure the file, and take the service out of the profile.",
    false_positives: "ExMerge, which works with such a profile for each mailbox (Q265441), and archiving products.",
    references: &["Q265441", "BlackBerry:KB03037"],
    argues_from_absence: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if !is_established(view) {
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
    let mut files: Vec<&str> = paths.iter().map(|hit| hit.says.as_str()).collect();
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
    let confidence = view.account.confidence.min(Confidence::Medium);
    let mut claim = Claim::new(Severity::Medium, confidence, subject, service_name(first), detail)
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
