use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::{ProfileList, ProfileState};

use super::family::Names;
use super::owner::Owning;
use super::{Rule, Verdict, View, needs, unseen};

pub(super) static RULE: Rule = Rule {
    id: "L04",
    slug: "imc-absent",
    title: "No profile of the Internet Mail Service, as a stopped one leaves it",
    severities: &[Severity::Info],
    condition: "No name under the Profiles keys of the hive, all of which could be listed, begins with \"MSExchangeIMC \", and \
                the SYSTEM hive of the host has a service MSExchangeIMC that starts automatically or on demand (Start 2 or 3) \
                and names this account. Low confidence where it is the account by a name alone.",
    implies: "The normal state of a service that is not running and stopped cleanly: the Internet Mail Service creates its \
              profile when it starts and deletes it when it stops (Q201121).",
    does_not_prove: "A misconfiguration: nothing has to be there. That the service stopped cleanly: one that never ran \
                     leaves the same, and so does an unclean end whose profile was deleted later. That the service ran as \
                     this account before. Earlier runs may still show in deleted cells and logs (L20).",
    remediation: "None.",
    false_positives: "None known that matter: nothing is wrong.",
    references: &["Q201121"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

const SERVICE: &str = "MSExchangeIMC";

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(system) = view.host.system.as_ref() else {
        // Without SYSTEM nothing says that the service is this account's, unless it has left something in the hive.
        let traces = view.mapi.profiles(ProfileState::DeletedPending);
        let has_trace = |family: Option<&crate::mapi::families::Family>| {
            family.is_some_and(|family| family.id == SERVICE)
        };
        let mut traces = traces.filter(|(_, profile)| has_trace(profile.name_facts.family));
        if traces.next().is_some() && Names::of(view, SERVICE).names.is_empty() {
            needs::system(view, verdict);
        }
        return;
    };
    let is_service = |name: &str| name.eq_ignore_ascii_case(SERVICE);
    let services = view.account.services.iter().filter(|service| {
        is_service(&service.key.value) && service.start.as_ref().is_some_and(|start| [2, 3].contains(&start.value))
    });
    let Some(owning) = Owning::of(services) else { return };
    let names = Names::of(view, SERVICE);
    if !names.names.is_empty() {
        return;
    }
    if !names.complete {
        unseen::lists(view, &[ProfileState::Live], verdict);
        return;
    }
    let Some(service) = owning.services.first() else { return };
    let detail = format!(
        "No profile under Profiles begins with MSExchangeIMC, which is expected of a service that stopped cleanly and of one \
         that never ran. {}{}",
        owning.sentence(),
        needs::guess_sentence(system)
    );
    let looked_in = view.mapi.roots.iter().filter_map(|root| match &root.live {
        Found::Here(ProfileList { key, .. }) => Some(Evidence::key("key Profiles", key)),
        Found::Absent | Found::Unknown => None,
    });
    let mut looked_in = looked_in.chain(needs::user_hive(view));
    let Some(first) = looked_in.next() else { return };
    let start = service.start.iter().map(|start| Evidence::fact("start of the service", start, system));
    let claim = Claim::new(Severity::Info, owning.confidence(), Subject::default(), first, detail)
        .beside([Evidence::fact("account of the service", &service.object_name, system)])
        .beside(start);
    verdict.claim(claim);
}
