use crate::account::{Confidence, Place};
use crate::finding::{Claim, Evidence, Severity, Subject};

use super::owner::DISABLED;
use super::wording::listed;
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "H05",
    slug: "mmp-gap",
    title: "Temporary profiles of this host may lie in files",
    severities: &[Severity::Info],
    // Says nothing where the machine's hives were not read: the gap is there on every host, and they only show it.
    condition: "In the SOFTWARE hive of the host, ProfileDirectory of Windows Messaging Subsystem is set, in either view; or its \
                SYSTEM hive has a service W3SVC or MSExchangeWEB that is not disabled (Internet Information Server, Outlook Web \
                Access; the confidence is low then). One finding for each hive of an account.",
    implies: "Programs of the host may keep temporary profiles in .mmp files, in the folder that ProfileDirectory names, \
              else in the folder of Windows or in Webtemp of Exchange (Q166599): such sessions leave nothing in a hive, \
              and an account without profiles may have used MAPI.",
    does_not_prove: "That any temporary profile was made, or by this account.",
    remediation: "Look for .mmp files in these folders and in unallocated space, and preserve them.",
    false_positives: "Web servers whose pages use no MAPI.",
    references: &["Q166599", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if matches!(view.account.place, Place::Machine | Place::Template) {
        return;
    }
    let mut said = Vec::new();
    let mut evidence = Vec::new();
    if let Some(software) = &view.host.software {
        let facts = &software.facts;
        for fact in [&facts.temporary_profiles, &facts.temporary_profiles_wow64] {
            if let Some(fact) = fact.as_ref().here().filter(|fact| !fact.value.is_empty()) {
                said.push(format!("ProfileDirectory is {}", fact.value));
                evidence.push(Evidence::fact("folder of temporary profiles", fact, software));
            }
        }
    }
    let sure = !evidence.is_empty();
    if let Some(system) = &view.host.system {
        for name in ["W3SVC", "MSExchangeWEB"] {
            let Some(service) = system.facts.service(name).here() else { continue };
            // A service whose start is not known is not argued from.
            let start = service.start.as_ref().here().filter(|start| start.value != DISABLED);
            if let Some(start) = start {
                said.push(format!("service {} starts as {}", service.name(), start.value));
                evidence.push(Evidence::fact("start of the service", start, system));
            }
        }
    }
    if evidence.is_empty() {
        return;
    }
    let Some(hive) = needs::user_hive(view) else { return };
    let detail = format!("Of the host: {}. Sessions with temporary profiles in files are not seen here.", listed(said));
    let confidence = if sure { Confidence::Medium } else { Confidence::Low };
    verdict.claim(Claim::new(Severity::Info, confidence, Subject::default(), hive, detail).beside(evidence));
}
