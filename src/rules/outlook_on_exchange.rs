use crate::account::{AccountKind, Confidence, Place};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::tags::SectionKind;
use crate::mapi::{Profile, ProviderSection, Root};

use super::owner::{ExchangeServices, exchange_services};
use super::wording::{account_sentence, counted};
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "C16",
    slug: "outlook-on-exchange",
    title: "Parts of a mail client in a profile of an account of services",
    severities: &[Severity::Low],
    // The reference asks for the account of Exchange's services, which SYSTEM tells. Where it was not read, or its list is
    // damaged, an account that services are known to use stands for it, and the finding says what is not known.
    condition: "By the SYSTEM hive of the host a service of Exchange (MSExchange...) that is not disabled runs as the account, \
                and a profile of it has a section of a client (0a0d020000000000c000000000000046), of Outlook's account \
                manager (9375CFF0413111d3B88A00104B2A6676), or a message service CONTAB. Low confidence where the service is \
                the account's by a name alone. Where SYSTEM was not read or does not show all services, an account that a \
                well-known security identifier (S-1-5-18, -19, -20, NT SERVICE and the like) or any service establishes as \
                one of services stands for it; another one is not judged. One finding for each profile.",
    implies: "It seems that Outlook or another client that is meant for persons was run as this account (inferred: \
              profiles that only services use lack these parts). On an Exchange server Microsoft discourages it (Q313889).",
    does_not_prove: "That anything was damaged; who ran the client; that services of Exchange ran as this account at the same \
                     time, or ever did where the finding says that it is not known.",
    remediation: "Run clients on another computer and as another account, and create the profiles of services without \
                  Outlook (Q313889).",
    false_positives: "A program that creates a profile with the default services of mapisvc.inf, which may include the \
                      Outlook address book.",
    references: &["Q313889", "office-developer-client-docs:iprofadmin-createprofile", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let is_template = view.account.place == Place::Template;
    let used = |(_, profile): &(&Root<'_>, &Profile<'_>)| profile.sections.iter().any(|one| role(one).is_some());
    if is_template || !view.mapi.all_profiles().any(|place| used(&place)) {
        return;
    }
    let Some(owner) = owner(view, verdict) else { return };
    for (root, profile) in view.mapi.all_profiles() {
        verdict.claims.extend(claim(view, root, profile, &owner));
    }
}

/// What is known of the services of the account, as a sentence, and how sure it is.
struct Owner {
    confidence: Confidence,
    sentence: String,
    evidence: Vec<Evidence>,
}

fn owner(view: &View<'_>, verdict: &mut Verdict) -> Option<Owner> {
    let stands_for_it = |confidence, why: &str| Owner {
        confidence,
        sentence: format!("{} Whether services of Exchange run as it is not known: {why}.", account_sentence(view)),
        evidence: Vec::new(),
    };
    if view.host.system.is_none() && is_established(view) {
        return Some(stands_for_it(Confidence::Medium, "the SYSTEM hive of the host was not read"));
    }
    needs::system(view, verdict)?;
    match exchange_services(view) {
        ExchangeServices::Run(owning) => Some(Owner {
            confidence: owning.confidence(),
            sentence: owning.sentence(),
            evidence: owning.evidence(view).collect(),
        }),
        ExchangeServices::None => None,
        ExchangeServices::Unknown(why) if is_established(view) => Some(stands_for_it(Confidence::Low, &why)),
        ExchangeServices::Unknown(why) => {
            verdict.cannot_judge(why);
            None
        }
    }
}

/// Whether the account is known to be one that services use.
pub(super) fn is_established(view: &View<'_>) -> bool {
    matches!(view.account.kind, AccountKind::Service | AccountKind::System)
}

fn claim(view: &View<'_>, root: &Root<'_>, profile: &Profile<'_>, owner: &Owner) -> Option<Claim> {
    let roles = || profile.sections.iter().filter_map(|section| Some((role(section)?, section)));
    let (first_role, first) = roles().next()?;
    let count = roles().count();
    let mut names: Vec<&str> = roles().map(|(role, _)| role).collect();
    names.sort_unstable();
    names.dedup();
    let detail = format!(
        "Profile \"{}\" has {} that clients make: {}. {}",
        profile.name(),
        counted(count, "section", "sections"),
        names.join(", "),
        owner.sentence
    );
    let subject = Subject::profile(root, profile);
    let confidence = view.account.confidence.min(owner.confidence);
    let mut claim =
        Claim::new(Severity::Low, confidence, subject, Evidence::key(first_role, &first.key), detail)
            .beside(owner.evidence.iter().cloned())
            .with(roles().skip(1).map(|(role, section)| Evidence::key(role, &section.key)))
            .timed_by(profile);
    claim.count = count as u64;
    Some(claim)
}

fn role(section: &ProviderSection<'_>) -> Option<&'static str> {
    let is_address_book = || {
        let name = section.service_name.as_deref();
        section.kind == SectionKind::Service && name.is_some_and(|name| name.eq_ignore_ascii_case("CONTAB"))
    };
    match section.kind {
        SectionKind::Capone => Some("section of a client"),
        SectionKind::AccountManager => Some("section of the account manager"),
        _ => is_address_book().then_some("service of the Outlook address book"),
    }
}
