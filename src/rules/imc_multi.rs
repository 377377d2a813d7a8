use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};

use super::family::{Name, Names};
use super::wording::{counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L05",
    slug: "imc-multi",
    title: "Several profiles named as those of the Internet Mail Service",
    severities: &[Severity::Low],
    condition: "At least two different names under the Profiles keys of the hive begin with \"MSExchangeIMC \", in any \
                letter case. A name that stands under several roots is counted once.",
    implies: "If the service made them: profiles of earlier runs were left behind, or the server is Exchange 5.0, where \
              several of them are normal (Q165505).",
    does_not_prove: "That the service ever ended abnormally; which version of Exchange was in use; how many runs there \
                     were.",
    remediation: "Find out the version of Exchange first. After preserving the evidence, and with the service stopped, \
                  leftover profiles can be deleted.",
    false_positives: "Exchange 5.0 has several such profiles in normal use (Q165505, Q184621). Copies that an \
                      administrator made by hand as those articles tell have other names. Any other program or person can \
                      create profiles with such names.",
    references: &["Q165505", "Q184621", "Q201121"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

const FAMILY: &str = "MSExchangeIMC";

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let names = Names::of(view, FAMILY);
    let [first, others @ ..] = names.names.as_slice() else { return };
    if others.is_empty() {
        return;
    }
    let seen = counted(names.names.len(), "name", "names");
    let seen = if names.complete { seen } else { format!("At least {seen}") };
    let detail = format!(
        "{seen} under Profiles begin with MSExchangeIMC: {}.{} The version of Exchange cannot be told from these keys.",
        listed(names.names.iter().map(described)),
        names.counted_once()
    );
    let subject = Subject {
        profile_family: Some(FAMILY),
        ..names.common_root().map(Subject::root).unwrap_or_default()
    };
    let evidence = Evidence::key("profile key", &first.profile.key);
    let elsewhere = names.names.iter().flat_map(|name| &name.elsewhere);
    let mut claim = Claim::new(Severity::Low, Confidence::Medium, subject, evidence, detail)
        .with(others.iter().map(|name| Evidence::key("profile key", &name.profile.key)))
        .with(elsewhere.map(|(_, profile)| Evidence::key("same name in another root", &profile.key)))
        .timed_by(first.profile);
    claim.count = names.names.len() as u64;
    verdict.claim(claim);
}

fn described(name: &Name<'_>) -> String {
    let profile = name.profile;
    let (meaning, time) = match &profile.name_facts.edk {
        Some(edk) => ("time in the name", edk.created),
        None => ("latest change", profile.latest_write()),
    };
    format!("\"{}\" ({meaning} {time})", profile.name())
}
