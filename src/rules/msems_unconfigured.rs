use crate::account::{AccountKind, Confidence};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root, tags};

use super::exchange::{self, MSEMS, Parts, Unresolved};
use super::wording::{account_sentence, counted};
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C08",
    slug: "msems-unconfigured",
    title: "An Exchange service whose mailbox is not resolved",
    severities: &[Severity::Low, Severity::Medium],
    // Profiles under Deleted Profiles are judged too: a temporary profile may have been left there. What was typed and
    // what was resolved stand in one key, so that a deletion half done does not part them.
    condition: "A message service MSEMS is unresolved, and the section with its Exchange settings holds the name of a \
                mailbox (6607) or of a server (6608) as typed. Unresolved: that section holds no home server (6602) and \
                no user (6603), and no section of the service's stores holds a mailbox (660b); empty texts count as \
                none. The section is the one that the service's 3d15 names, else 13dbb0c8aa05101a9bb000aa002fc45a; \
                where both are there and disagree, or a section that is named is missing, the service is not judged. \
                Medium where the account is a service or system account, else low. One finding for each service.",
    implies: "The profile holds the name of a mailbox or server as it was given, and nothing in the profile shows that it \
              was found in the directory, as after a configuration that failed or was skipped. ExMerge reports such a \
              failure as an error of CMapiSession::CreateEMSPSTProfile where the directory lacks the mailbox (Q265438).",
    does_not_prove: "That ExMerge made the profile; that the mailbox or the server did not exist; when the attempt was \
                     made.",
    remediation: "On a recovery server run the DS/IS consistency adjuster as Q265438 tells. For profiles made with \
                  NEWPROF check server and mailbox in its PRF file: with ConversionProhibited=TRUE it does not check \
                  them itself (Q149389).",
    false_positives: "A profile made without a connection to the server, as NEWPROF does with ConversionProhibited, that \
                      was not used yet.",
    references: &["Q265438", "Q149389", "Q178620", "EdkMdb.h"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live, ProfileState::DeletedPending], verdict);
    for (root, profile) in view.all_profiles() {
        exchange::unseen_services(profile, verdict);
        let mut services = profile.services(MSEMS).peekable();
        if services.peek().is_none() {
            continue;
        }
        let (parts, together) = (Parts::of(profile), profile.written_together());
        for service in services {
            match parts.unresolved(service) {
                Ok(Some(unresolved)) => {
                    let claim = claim(view, root, profile, &unresolved);
                    verdict.claims.extend(claim.map(|claim| claim.timed_within(together)));
                }
                Ok(None) => {}
                Err(why) => verdict.cannot_judge(why),
            }
        }
    }
}

fn claim(
    view: &View<'_>,
    root: &Root<'_>,
    profile: &Profile<'_>,
    unresolved: &Unresolved<'_, '_>,
) -> Option<Claim> {
    let typed = unresolved.typed();
    let mut evidence = typed.iter().map(|(role, section, value)| {
        let says = value.text().unwrap_or("not a text").to_owned();
        (*role, says.clone(), Evidence::value(role, &section.key, value, says))
    });
    let (role, says, first) = evidence.next()?;
    let mut asked = vec![format!("{role} \"{says}\"")];
    let mut more = Vec::new();
    for (role, says, evidence) in evidence {
        asked.push(format!("{role} \"{says}\""));
        more.push(evidence);
    }
    let detail = format!(
        "The service MSEMS of profile \"{}\" holds the {}, but no home server (6602) and no user (6603); none of the {} \
         of the service names a mailbox (660b). {}",
        profile.name(),
        asked.join(" and the "),
        counted(unresolved.providers.len(), "section", "sections"),
        account_sentence(view)
    );
    let service = unresolved.service;
    let subject = Subject::profile(root, profile).section(service);
    let claim = Claim::new(severity(view), Confidence::Medium, subject, first, detail)
        .with(more)
        .with([Evidence::key("service section", &service.key)])
        .with(service_name(unresolved))
        .with(unresolved.provider_keys());
    Some(claim)
}

/// Medium only where the account is known to be one of services or of the system.
pub(super) fn severity(view: &View<'_>) -> Severity {
    match view.account.kind {
        AccountKind::Service | AccountKind::System => Severity::Medium,
        AccountKind::User | AccountKind::Unknown => Severity::Low,
    }
}

pub(super) fn service_name(unresolved: &Unresolved<'_, '_>) -> Option<Evidence> {
    let service = unresolved.service;
    let value = service.prop(tags::PR_SERVICE_NAME).here()?;
    Some(Evidence::value("name of the service", &service.key, value, MSEMS.into()))
}
