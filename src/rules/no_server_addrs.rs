use crate::account::Confidence;
use crate::finding::{Evidence, Severity};
use crate::hive::Found;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{ProfileState, ProviderSection};

use super::hits::{self, Hit};
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C11",
    slug: "no-server-addrs",
    title: "A home server without its addresses",
    severities: &[Severity::Low],
    // In a dirty hive the one value may be there before the other, so that it is not judged.
    condition: "A section of a live profile with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 \
                names) holds a home server (6602) that is not empty and no RPC bindings of it (6613), and the list of its \
                values is complete. Home servers with @ in their name, as Outlook 2013 and later write them, are not \
                judged: what is known of the bindings is older. One finding for each such section.",
    implies: "The addresses of the server are not in the profile. A client reads them from the directory when it first \
              connects; where the account may not search the server object, they stay missing (Q183015).",
    does_not_prove: "That the profile does not work; why the addresses are missing; that they were never there.",
    remediation: "Give the right to search the server object as Q183015 tells, and create a new profile or check the name \
                  in this one again.",
    false_positives: "A profile with which nobody has connected yet. Programs that write the settings themselves.",
    references: &["Q183015", "EdkMdb.h"],
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
            match without_addresses(section) {
                Found::Here(server) => {
                    let detail = format!(
                        "Section {} of profile \"{}\" names the home server \"{}\" (6602) and holds no RPC bindings of \
                         it (6613).",
                        section.uid,
                        place.1.name(),
                        server.says
                    );
                    let claim = hits::claim(Severity::Low, Confidence::Medium, place, &[server], || detail);
                    let key = Evidence::key("section without the bindings", &section.key);
                    verdict.claims.extend(claim.map(|claim| claim.with([key])));
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

/// The home server of a section that has no bindings.
fn without_addresses<'p, 'b>(section: &'p ProviderSection<'b>) -> Found<Hit<'p, 'b>> {
    let server = match section.text(tags::PR_PROFILE_HOME_SERVER) {
        Found::Here(server) if server.is_empty() || server.contains('@') => return Found::Absent,
        Found::Here(_) => Hit::text("home server", section, tags::PR_PROFILE_HOME_SERVER),
        Found::Absent => return Found::Absent,
        Found::Unknown => None,
    };
    match (section.prop(tags::PR_PROFILE_HOME_SERVER_ADDRS), server) {
        (Found::Here(_), _) => Found::Absent,
        (Found::Absent, Some(server)) => Found::Here(server),
        (Found::Absent, None) | (Found::Unknown, _) => Found::Unknown,
    }
}
