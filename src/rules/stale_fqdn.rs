use crate::account::Confidence;
use crate::finding::{Claim, Severity};
use crate::hive::Found;
use crate::mapi::prop::PropValue;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{ProfileState, ProviderSection};

use super::hits::{self, Hit};
use super::host_name::{label, label_of_binding};
use super::wording::listed;
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C13",
    slug: "stale-fqdn",
    title: "The addresses are not those of the home server",
    severities: &[Severity::Low],
    // That the server is missing in the list is a conclusion from absence. In a dirty hive the two values may belong to
    // different moments, so that it is not judged.
    condition: "A section of a live profile with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 \
                names) holds a home server (6602) and RPC bindings (6613), and no host of the bindings has the same first \
                label as the home server, in any letter case. Not judged where the home server or any of the hosts is an \
                address, contains @, or is otherwise no name of a host. One finding for each such section.",
    implies: "The profile keeps addresses of another server than the home server that it names. With clients of Exchange \
              5.0 and 5.5 a move of the mailbox updates the home server but not the addresses, which only a check of the \
              name does (Q178620).",
    does_not_prove: "That the client fails to connect; when the mailbox was moved, or that it was.",
    remediation: "Check the name in the properties of the Exchange service again (Q178620).",
    false_positives: "A client that reaches its home server by another name, such as an alias or a proxy.",
    references: &["Q178620", "Q183015", "EdkMdb.h"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for place in view.profiles(ProfileState::Live) {
        unseen::sections(place.1, verdict);
        for section in place.1.sections.iter().filter(|section| section.kind == SectionKind::GlobalProfile) {
            match stale(section) {
                Found::Here([home, bindings]) => {
                    let detail = format!(
                        "Section {} of profile \"{}\" names the home server \"{}\" (6602), but the RPC bindings (6613) \
                         are those of other hosts: {}.",
                        section.uid,
                        place.1.name(),
                        home.says,
                        bindings.says
                    );
                    let claim =
                        hits::claim(Severity::Low, Confidence::Medium, place, &[home, bindings], || detail);
                    verdict.claims.extend(claim.map(|claim| Claim { count: 1, ..claim }));
                }
                Found::Absent => {}
                Found::Unknown => {
                    verdict.cannot_judge(format!(
                        "{}: the home server or its bindings could not be read",
                        section.key.path()
                    ));
                }
            }
        }
    }
}

/// The home server and the bindings that do not name it.
fn stale<'p, 'b>(section: &'p ProviderSection<'b>) -> Found<[Hit<'p, 'b>; 2]> {
    let home = section.text(tags::PR_PROFILE_HOME_SERVER).and_then(|_| {
        match Hit::text("home server", section, tags::PR_PROFILE_HOME_SERVER) {
            Some(home) => Found::Here(home),
            None => Found::Absent,
        }
    });
    home.and_then(|home| {
        section.prop(tags::PR_PROFILE_HOME_SERVER_ADDRS).and_then(|value| {
            let decoded =
                value.decoded().filter(|decoded| decoded.malformed.is_none() && value.is_complete());
            let Some(PropValue::MultiText(bindings)) = decoded.map(|decoded| decoded.value) else {
                return Found::Unknown;
            };
            let hosts: Option<Vec<String>> =
                bindings.iter().map(|binding| label_of_binding(binding)).collect();
            let (Some(own), Some(hosts)) = (label(&home.says), hosts) else { return Found::Absent };
            if hosts.is_empty() || hosts.contains(&own) {
                return Found::Absent;
            }
            match Hit::new("RPC bindings", section, value, listed(&bindings)) {
                Some(bindings) => Found::Here([home, bindings]),
                None => Found::Absent,
            }
        })
    })
}
