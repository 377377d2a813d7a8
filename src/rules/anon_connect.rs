use crate::account::Confidence;
use crate::finding::Severity;

use super::hits;
use super::{Rule, Verdict, View, exchange};

pub(super) static RULE: Rule = Rule {
    id: "S04",
    slug: "anon-connect",
    title: "A profile is set to connect to Exchange anonymously",
    severities: &[Severity::Low],
    // Only where the numbers are Exchange's: LDAP, Microsoft Mail and the Outlook address book use them for other things.
    condition: "In a section with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) the connect \
                flags 00036604 contain 0x10 (anonymous access), or in a provider of a service MSEMS or MSEMS_... the open \
                flags 00036609 contain 0x80 (internet anonymous). One finding for each profile.",
    implies: "The profile asks for what the server offers without asking who it is, such as public folders.",
    does_not_prove: "That the server allows it.",
    remediation: "Check whether the server allows anonymous access, and to what.",
    false_positives: "Programs that publish public folders.",
    references: &["EdkMdb.h"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// Anonymous access, of the connection.
const CONNECT: u32 = 0x10;
/// `OPENSTORE_INTERNET_ANONYMOUS`, of a store.
const OPEN: u32 = 0x80;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits = exchange::flags(place.1, CONNECT, OPEN);
        let detail = || {
            format!(
                "Profile \"{}\" is set to connect anonymously: {}.",
                place.1.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Low, Confidence::Medium, place, &hits, detail));
    }
}
