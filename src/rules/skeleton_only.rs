use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root};

use super::exchange::{self, MSEMS, Parts, Unresolved};
use super::msems_unconfigured::{service_name, severity};
use super::wording::{account_sentence, counted};
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C09",
    slug: "skeleton-only",
    title: "An Exchange service without settings for a mailbox",
    severities: &[Severity::Low, Severity::Medium],
    // Only live profiles: one marked for deletion may have lost sections to a deletion half done.
    condition: "A message service MSEMS of a live profile is unresolved as C08 defines it, the section with its Exchange \
                settings is missing or holds neither a mailbox name (6607) nor a server name (6608) as typed, and no \
                property from 6600 to 66ff but 6600, 6601, 6604 and 6605, which mapisvc.inf puts there. Medium where the \
                account is a service or system account, else low. One finding for each service.",
    implies: "The Exchange service was added to the profile, and nothing in the profile shows that it was configured: not \
              even the names of a mailbox and server to look for.",
    does_not_prove: "That ExMerge made the profile; why no configuration is there; that none ever was.",
    remediation: "Find the program that makes the profile and the error it reports. On a recovery server run the DS/IS \
                  consistency adjuster as Q265438 tells.",
    false_positives: "A profile whose owner cancelled the configuration, or a hive that was copied in the middle of it. \
                      Programs that write the settings at logon.",
    references: &["mfcmapi:UI/profile.cpp", "Q265438", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for (root, profile) in view.profiles(ProfileState::Live) {
        exchange::unseen_services(profile, verdict);
        let mut services = profile.services(MSEMS).peekable();
        if services.peek().is_none() {
            continue;
        }
        let (parts, together) = (Parts::of(profile), profile.written_together());
        for service in services {
            match parts.unresolved(service) {
                Ok(Some(unresolved)) if is_bare(&unresolved) => {
                    verdict.claim(claim(view, root, profile, &unresolved).timed_within(together));
                }
                Ok(_) => {}
                Err(why) => verdict.cannot_judge(why),
            }
        }
    }
}

/// Names as typed (6607, 6608) lie beyond the defaults too, so that C08 is excluded.
fn is_bare(unresolved: &Unresolved<'_, '_>) -> bool {
    unresolved.beyond_defaults().next().is_none()
}

fn claim(view: &View<'_>, root: &Root<'_>, profile: &Profile<'_>, unresolved: &Unresolved<'_, '_>) -> Claim {
    let settings = match unresolved.settings {
        Some(section) => {
            format!("section {} holds nothing of Exchange beyond the defaults of mapisvc.inf", section.uid)
        }
        None => "there is no section with Exchange settings".to_owned(),
    };
    let providers = match unresolved.providers.len() {
        0 => "no section belongs to the service".to_owned(),
        count => {
            let sections = counted(count, "section belongs", "sections belong");
            format!("{sections} to the service, none of them with a mailbox (660b)")
        }
    };
    let detail = format!(
        "Nothing shows that the service MSEMS of profile \"{}\" was configured: {settings}, and {providers}. {}",
        profile.name(),
        account_sentence(view)
    );
    let service = unresolved.service;
    let subject = Subject::profile(root, profile).section(service);
    let first = Evidence::key("service section", &service.key);
    Claim::new(severity(view), Confidence::Medium, subject, first, detail)
        .with(service_name(unresolved))
        .with(
            unresolved.settings.map(|section| Evidence::key("section with Exchange settings", &section.key)),
        )
        .with(unresolved.provider_keys())
}
