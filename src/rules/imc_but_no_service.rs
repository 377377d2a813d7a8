use crate::account::{Confidence, MachineHive};
use crate::account::machine::SystemFacts;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;

use super::family::Names;
use super::owner::DISABLED;
use super::wording::{counted, quoted};
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "X05",
    slug: "imc-but-no-service",
    title: "Profiles of a service that the host does not have, or that is disabled",
    severities: &[Severity::Medium],
    condition: "A name under the Profiles keys of the hive begins with \"MSExchangeIMC \" or MSExchangeCalCon, in any letter \
                case, and the SYSTEM hive of the host shows in the whole list of its current control set that there is no \
                service MSExchangeIMC or MSExchangeCalCon, or has it as disabled (Start 4). One finding for each service.",
    implies: "The profiles seem to be left over from a service that was removed or disabled: a running one makes such a \
              profile and removes it when it stops (Q201121). For the Calendar Connector that is inferred.",
    does_not_prove: "When or why the service was removed. That a disabled service was not running: Start tells of its next \
                     start. That the profile is harmful.",
    remediation: "Confirm that the service was meant to go. After preserving the evidence, and with all MAPI programs of the \
                  account stopped, the profiles can be removed.",
    false_positives: "A SYSTEM hive that was copied before the service was installed, or of another computer. A user's hive that \
                      was brought from another server, as roaming profiles are. Profiles that were given such names.",
    references: &["Q201121", "inferred"],
    // The user's hive is not argued from; the SYSTEM hive is, where it vouches for its list.
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let families = ["MSExchangeIMC", "MSExchangeCalCon"].map(|family| (family, Names::of(view, family)));
    if families.iter().all(|(_, names)| names.names.is_empty()) {
        return;
    }
    let Some(system) = needs::system(view, verdict) else { return };
    for (family, names) in families.iter().filter(|(_, names)| !names.names.is_empty()) {
        match why(view, system, family) {
            Ok(Some((says, evidence))) => verdict.claims.extend(claim(family, names, &says, evidence)),
            Ok(None) => {}
            Err(why) => verdict.cannot_judge(why),
        }
    }
}

/// What the SYSTEM hive says of the service, and where; `None` for one that can start.
fn why(
    view: &View<'_>,
    system: &MachineHive<SystemFacts>,
    name: &str,
) -> Result<Option<(String, Option<Evidence>)>, String> {
    match system.facts.service(name) {
        Found::Here(service) => match &service.start {
            Found::Here(start) if start.value == DISABLED => {
                let says = format!(
                    "In the SYSTEM hive of the host the service {} is disabled (Start 4).{}",
                    service.name(),
                    needs::guess_sentence(system)
                );
                Ok(Some((says, Some(Evidence::fact("start of the service", start, system)))))
            }
            Found::Here(_) | Found::Absent => Ok(None),
            Found::Unknown => Err(format!("whether the service {name} is disabled could not be read")),
        },
        Found::Absent if view.host.knows_all_services() => {
            let set = system.facts.control_set.as_ref().here();
            let says = format!("The SYSTEM hive of the host has no service {name} in the list of its control set.");
            let evidence = set.map(|set| Evidence::fact("control set without the service", &set.key, system));
            Ok(Some((says, evidence)))
        }
        Found::Absent | Found::Unknown => {
            Err(format!("whether the host has a service {name} could not be read"))
        }
    }
}

fn claim(family: &'static str, names: &Names<'_>, says: &str, evidence: Option<Evidence>) -> Option<Claim> {
    let (first, others) = names.names.split_first()?;
    let detail = format!(
        "{} under Profiles: {}.{} {says}",
        counted(names.names.len(), "name of this service", "names of this service"),
        quoted(names.names.iter().map(|name| name.profile.name())),
        names.counted_once()
    );
    let subject = match others {
        [] => Subject::profile(first.root, first.profile),
        _ => Subject {
            profile_family: Some(family),
            ..names.common_root().map(Subject::root).unwrap_or_default()
        },
    };
    let key = Evidence::key("profile key", &first.profile.key);
    let elsewhere = names.names.iter().flat_map(|name| &name.elsewhere);
    let mut claim = Claim::new(Severity::Medium, Confidence::Medium, subject, key, detail)
        .beside(evidence)
        .with(others.iter().map(|name| Evidence::key("profile key", &name.profile.key)))
        .with(elsewhere.map(|(_, profile)| Evidence::key("same name in another root", &profile.key)))
        .timed_by(first.profile);
    claim.count = names.names.len() as u64;
    Some(claim)
}
