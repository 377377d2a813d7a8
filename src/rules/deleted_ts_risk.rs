use crate::account::machine::Fact;
use crate::account::{Confidence, MachineHive};
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::ProfileState;

use super::owner::{ExchangeServices, exchange_services};
use super::wording::{counted, quoted, subject_of};
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "L08",
    slug: "deleted-ts-risk",
    title: "An account whose profiles a second session could delete",
    severities: &[Severity::Medium],
    // The reference has TSEnabled = 1 or fDenyTSConnections = 0. Windows Server 2003 has TSEnabled = 1 and
    // fDenyTSConnections = 1 where connections are refused, so that a refusal outweighs TSEnabled, and the policy both.
    condition: "A key Deleted Profiles of the hive has at least one subkey (L07); a service of Exchange (MSExchange...) that is \
                not disabled runs as the account by the SYSTEM hive of the host; and Terminal Services take connections: the \
                policy fDenyTSConnections in SOFTWARE is 0; or, without such a policy, fDenyTSConnections in SYSTEM is 0; or, \
                without both, TSEnabled in SYSTEM is 1. Medium confidence only if identifiers prove the account and SOFTWARE was \
                read; else low. One finding for each hive.",
    implies: "MAPI without the correction removes a profile that it takes for unused, and looks only into its own Terminal \
              Services session for users of it: a logon of the same account over Terminal Services can delete the profile \
              of a running service (KB818861). The profiles that are marked for deletion show that the account has had \
              such sessions (inferred).",
    does_not_prove: "That it ever happened, or that anybody logged on so. That the marked profiles are in use: they may be \
                     left over. Which version of MAPI is installed. That Terminal Services were running: the values only \
                     say that connections are allowed.",
    remediation: "Do not log on over Terminal Services as the account of a service. Install the correction: MAPI32.DLL \
                  5.5.2657.50 for Exchange 5.5 (KB818861), rollup 824282 for Exchange 2000, Service Pack 1 for Exchange 2003 \
                  (KB303221).",
    false_positives: "Servers that have the correction. What the values of Terminal Services mean is general knowledge of \
                      Windows and differs by version (inferred).",
    references: &["KB818861", "KB303221", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let pending: Vec<_> = view.mapi.profiles(ProfileState::DeletedPending).collect();
    let Some(((_, first), others)) = pending.split_first() else { return };
    if needs::system(view, verdict).is_none() {
        return;
    }
    let usable = match Usable::of(view) {
        Found::Here(usable) => usable,
        Found::Absent => return,
        Found::Unknown => {
            verdict.cannot_judge("whether Terminal Services take connections could not be read");
            return;
        }
    };
    let owning = match exchange_services(view) {
        ExchangeServices::Run(owning) => owning,
        ExchangeServices::None => return,
        ExchangeServices::Unknown(why) => {
            verdict.cannot_judge(why);
            return;
        }
    };
    let detail = format!(
        "Deleted Profiles holds {}: {}. {} {}",
        counted(pending.len(), "entry", "entries"),
        quoted(pending.iter().map(|(_, profile)| profile.name())),
        owning.sentence(),
        usable.sentence
    );
    let confidence = if usable.sure { owning.confidence() } else { Confidence::Low };
    let subject = Subject { profile_state: Some(ProfileState::DeletedPending), ..subject_of(&pending) };
    let role = "profile marked for deletion";
    let mut claim = Claim::new(Severity::Medium, confidence, subject, Evidence::key(role, &first.key), detail)
        .beside([usable.evidence])
        .beside(owning.evidence(view))
        .with(others.iter().map(|(_, profile)| Evidence::key(role, &profile.key)))
        .timed_by(first);
    claim.count = pending.len() as u64;
    verdict.claim(claim);
}

/// That Terminal Services take connections.
struct Usable {
    evidence: Evidence,
    sentence: String,
    sure: bool,
}

impl Usable {
    fn of(view: &View<'_>) -> Found<Self> {
        let Some(system) = &view.host.system else { return Found::Unknown };
        let software = view.host.software.as_ref();
        let policy = software.map(|software| (software, &software.facts.policy_denies_connections));
        if let Some((software, Found::Here(policy))) = policy {
            return says(policy.value == 0, "policy on Terminal Services", policy, software, true);
        }
        // What a hive does not vouch for may be there.
        let no_policy =
            policy.is_some_and(|(software, policy)| policy.is_absent() && software.vouches_for_absence());
        let sure = no_policy && !needs::is_guessed(system);
        let values = &system.facts.terminal_server;
        match (&values.denies_connections, &values.enabled) {
            (Found::Here(denies), enabled) => {
                let contradicted = enabled.as_ref().here().is_some_and(|enabled| enabled.value == 0);
                says(denies.value == 0, "connections over Terminal Services", denies, system, sure && !contradicted)
            }
            (Found::Absent, Found::Here(enabled)) if system.vouches_for_absence() => {
                says(enabled.value == 1, "Terminal Services switched on", enabled, system, sure)
            }
            (Found::Absent, Found::Absent) if system.vouches_for_absence() => Found::Absent,
            _ => Found::Unknown,
        }
    }
}

fn says<H>(yes: bool, role: &'static str, fact: &Fact<u32>, of: &MachineHive<H>, sure: bool) -> Found<Usable> {
    if !yes {
        return Found::Absent;
    }
    let doubt = if sure {
        ""
    } else {
        " That is not sure: a policy in SOFTWARE, which was not read or not wholly, would outweigh it, or another value \
         contradicts it, or the control set is a guess."
    };
    Found::Here(Usable {
        evidence: Evidence::fact(role, fact, of),
        sentence: format!(
            "Terminal Services take connections: {} is {}.{doubt}",
            fact.value_name.as_deref().unwrap_or_default(),
            fact.value
        ),
        sure,
    })
}
