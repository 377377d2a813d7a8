use crate::account::machine::Service;
use crate::account::{AccountKind, Confidence, Place};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, Root};

use super::owner::is_exchange;
use super::wording::{counted, quoted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C27",
    slug: "default-hive-profiles",
    title: "Profiles of the system, of a built-in service account, or of the template for new accounts",
    severities: &[Severity::Info, Severity::Medium],
    condition: "Any profile, live or marked for deletion, in the hive of LocalSystem (DEFAULT or systemprofile), \
                LocalService or NetworkService, or in the template for new accounts; by the path of the hive or by its \
                security identifier. Medium for LocalSystem where the whole list of services in the SYSTEM hive of the host shows \
                that none of Exchange's (MSExchange...) runs as it; else info. One finding for each hive.",
    implies: "For LocalSystem, LocalService and NetworkService: something that ran as this account used MAPI. That is \
              normal for services of Exchange 2000 and 2003 (KB817375). Or a service whose own profile could not be loaded \
              was given the default one (Q247934). For the template: every new account is given a copy of these profiles \
              (inferred).",
    does_not_prove: "Which of these, or which service.",
    remediation: "Compare with the accounts under which the services run, and let a service that fell back to the \
                  default profile log on as its own account (Q247934). Where MAPI programs of one account remove each \
                  other's profiles, see KB817375.",
    false_positives: "Exchange 2000 and 2003 services that run as LocalSystem. A hive that was moved to this path.",
    references: &["KB817375", "Q247934", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some((whose, confidence)) = whose(view) else { return };
    let profiles: Vec<(&Root<'_>, &Profile<'_>)> = view.mapi.all_profiles().collect();
    let [(root, first), others @ ..] = profiles.as_slice() else { return };
    let unexplained = view.account.kind == AccountKind::System && no_exchange(view);
    let severity = if unexplained { Severity::Medium } else { Severity::Info };
    let services = if unexplained {
        " By the SYSTEM hive of the host no service of Exchange runs as LocalSystem, which would explain them."
    } else {
        ""
    };
    let detail = format!(
        "{whose}; it holds {}: {}.{services}",
        counted(profiles.len(), "profile", "profiles"),
        quoted(profiles.iter().map(|(_, profile)| profile.name()))
    );
    let one_root = others.iter().all(|(other, _)| other.key.at == root.key.at);
    let subject = if one_root { Subject::root(root) } else { Subject::default() };
    let mut claim =
        Claim::new(severity, confidence, subject, Evidence::key("profile key", &first.key), detail)
            .with(others.iter().map(|(_, profile)| Evidence::key("profile key", &profile.key)))
            .timed_by(first);
    claim.count = profiles.len() as u64;
    verdict.claim(claim);
}

/// Whether the whole list of services shows that none of Exchange's runs as this account.
fn no_exchange(view: &View<'_>) -> bool {
    let mut services = view.host.system.iter().flat_map(|system| &system.facts.services.items);
    // A service without a name of an account runs as LocalSystem.
    let may_run = |service: &Service| service.account().is_none() || view.account.may_run(service, view.host);
    view.host.knows_all_services()
        && !services.any(|service| is_exchange(service.name()) && may_run(service))
}

/// Whose hive it is, as the first part of a sentence, and how sure that is.
fn whose(view: &View<'_>) -> Option<(String, Confidence)> {
    let account = view.account;
    let by_sid = || {
        let sid = account.sid.as_ref()?;
        let known = matches!(account.kind, AccountKind::System)
            || matches!((sid.authority(), sid.sub_authorities()), (5, [19 | 20]));
        known.then(|| format!("By its security identifier, the hive is that of {sid}"))
    };
    match &account.place {
        Place::System => {
            Some(("By its path, the hive is that of LocalSystem".to_owned(), account.confidence))
        }
        Place::ServiceProfile(service) => {
            Some((format!("By its path, the hive is that of {}", service.name()), account.confidence))
        }
        // A path alone says so; there is no identifier that could.
        Place::Template => {
            Some(("By its path, the hive is the template for new accounts".to_owned(), Confidence::Medium))
        }
        Place::UserProfile(_) | Place::Machine | Place::Unknown => {
            by_sid().map(|whose| (whose, account.confidence))
        }
    }
}
