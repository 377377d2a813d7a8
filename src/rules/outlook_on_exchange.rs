use crate::account::{AccountKind, Confidence};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::tags::SectionKind;
use crate::mapi::{Profile, ProviderSection, Root};

use super::wording::{account_sentence, counted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C16",
    slug: "outlook-on-exchange",
    title: "A mail client was used as an account of services",
    severities: &[Severity::Low],
    // The reference asks for the account of Exchange's services. Which services an account runs is in the SYSTEM hive,
    // which is not read yet: until then an account that services are known to use stands for it, and the finding says
    // what is not known. Where the account is not established there is none.
    condition: "The account is established as one of services or of the system by a well-known security identifier \
                (S-1-5-18, -19, -20, NT SERVICE and the like), and a profile of it has a section of a client \
                (0a0d020000000000c000000000000046), of Outlook's account manager (9375CFF0413111d3B88A00104B2A6676), or a \
                message service CONTAB. Where the account is not established, nothing is judged: that needs the SYSTEM \
                hive. One finding for each profile.",
    implies: "Outlook or another client that is meant for persons was run as this account (inferred: profiles that only \
              services use lack these parts). On an Exchange server Microsoft discourages it (Q313889).",
    does_not_prove: "That Exchange runs on this computer, or as this account; that anything was damaged; who ran the \
                     client.",
    remediation: "Run clients on another computer and as another account, and create the profiles of services without \
                  Outlook (Q313889).",
    false_positives: "A program that creates a profile with the default services of mapisvc.inf, which may include the \
                      Outlook address book.",
    references: &["Q313889", "office-developer-client-docs:iprofadmin-createprofile", "inferred"],
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

/// Whether the account is known to be one that services use.
pub(super) fn is_established(view: &View<'_>) -> bool {
    matches!(view.account.kind, AccountKind::Service | AccountKind::System)
}

fn claim(view: &View<'_>, root: &Root<'_>, profile: &Profile<'_>) -> Option<Claim> {
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
        account_sentence(view)
    );
    let subject = Subject::profile(root, profile);
    let confidence = view.account.confidence.min(Confidence::Medium);
    let mut claim =
        Claim::new(Severity::Low, confidence, subject, Evidence::key(first_role, &first.key), detail)
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
