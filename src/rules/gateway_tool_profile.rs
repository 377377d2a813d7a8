use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProviderSection};

use super::hits::{self, Hit};
use super::{Rule, Verdict, View, directory_name};

pub(super) static RULE: Rule = Rule {
    id: "L16",
    slug: "gateway-tool-profile",
    title: "A profile for the queues of a connector, not named as a connector names its own",
    severities: &[Severity::Medium],
    // The reference spares names in the form of the Development Kit and of the Internet Mail Service. The Calendar Connector
    // and LinkAge's connectors have names of their own too.
    condition: "A profile, live or marked for deletion, has a message service MSEMS_EdkGateway or MSEMS_EdkMbAgent, or a \
                section of Exchange in it names as user or mailbox (6603, 660b) an object below \
                /cn=Configuration/cn=Connections/; and its name is none in the form of the Exchange Development Kit and none \
                of the Internet Mail Service, the Calendar Connector or LinkAge. One finding for each profile.",
    implies: "Profiles of this kind are made with PROFINST or by copying one of a connector (Q165505); which of these, or \
              neither, made this one the bytes do not tell. Whoever can use the account, and is let in by the server, has \
              with it a lasting way to the queues of that connector, MTS-IN and MTS-OUT.",
    does_not_prove: "Misuse: support asks for such profiles. That anybody looked into the queues.",
    remediation: "Ask who made it and what for. After preserving the evidence, it can be deleted with profinst /delete \
                  (Q322829).",
    false_positives: "Gateways and mailbox agents that name their profiles in their own way.",
    references: &["Q165505", "Q322829"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// The services of the Exchange Development Kit.
const SERVICES: [&str; 2] = ["MSEMS_EdkGateway", "MSEMS_EdkMbAgent"];
/// Names that connectors give to their own profiles.
const OWN_NAMES: [&str; 4] = ["MSExchangeIMC", "MSExchangeCalCon", "LinkAge", "EDK"];

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let facts = &place.1.name_facts;
        let is_own = facts.family.is_some_and(|family| OWN_NAMES.contains(&family.id));
        if is_own || facts.edk.is_some() {
            continue;
        }
        let hits = of_connector(place.1);
        let detail = || {
            format!(
                "Profile \"{}\" is one for a connector, and is not named as connectors name theirs: {}.",
                place.1.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Medium, Confidence::Medium, place, &hits, detail));
    }
}

fn of_connector<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let service = |section: &'p ProviderSection<'b>| {
        let is_one = |text: &str| SERVICES.iter().any(|name| name.eq_ignore_ascii_case(text));
        let is_service = section.kind == SectionKind::Service;
        is_service.then(|| Hit::text_that("name of the service", section, tags::PR_SERVICE_NAME, is_one)).flatten()
    };
    let services = profile.sections.iter().filter_map(service);
    let names = directory_name::all(profile)
        .filter(|hit| hit.role != "mailbox name as typed" && directory_name::is_connector(&hit.says));
    services.chain(names).collect()
}
