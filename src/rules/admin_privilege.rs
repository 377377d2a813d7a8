use crate::account::{AccountKind, Confidence};
use crate::finding::Severity;

use super::hits;
use super::wording::account_sentence;
use super::{Rule, Verdict, View, exchange};

pub(super) static RULE: Rule = Rule {
    id: "S03",
    slug: "admin-privilege",
    title: "A profile asks for administrative rights on Exchange",
    severities: &[Severity::Info, Severity::Low, Severity::High],
    // Only where the numbers are Exchange's: LDAP, Microsoft Mail and the Outlook address book use them for other things.
    condition: "In a section with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) the connect \
                flags 00036604 contain 0x1 (use admin privilege) or 0x80 (restore database), or in a provider of a service \
                MSEMS or MSEMS_... the open flags 00036609 contain 0x1 (use admin privilege) or 0x10 (override home MDB). \
                Info for an account that is established as one of services or of the system, high for one that is \
                established as an ordinary user's, else low. One finding for each profile.",
    implies: "The profile asks for rights beyond those of a mailbox's owner, for stores of other servers, or for a database \
              in restore.",
    does_not_prove: "That the server granted them, or that they were used.",
    remediation: "Find out which program made the profile, and whether its account needs these rights.",
    false_positives: "Gateways and mailbox agents in the form of the Exchange Development Kit, whose services are described \
                      with the connect flags 1 and 3.",
    references: &["EdkMdb.h", "EDK:exchprof.c"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// `CONNECT_USE_ADMIN_PRIVILEGE` and restore database, of the connection.
const CONNECT: u32 = 0x1 | 0x80;
/// `OPENSTORE_USE_ADMIN_PRIVILEGE` and `OPENSTORE_OVERRIDE_HOME_MDB`, of a store.
const OPEN: u32 = 0x1 | 0x10;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let (severity, confidence) = match view.account.kind {
        AccountKind::Service | AccountKind::System => (Severity::Info, Confidence::Medium),
        AccountKind::Unknown => (Severity::Low, Confidence::Low),
        AccountKind::User => (Severity::High, Confidence::Medium),
    };
    for place in view.all_profiles() {
        let hits = exchange::flags(place.1, CONNECT, OPEN);
        let detail = || {
            format!(
                "Profile \"{}\" asks for administrative rights on Exchange: {}. {}",
                place.1.name(),
                hits::spelled(&hits),
                account_sentence(view)
            )
        };
        verdict.claims.extend(hits::claim(severity, confidence, place, &hits, detail));
    }
}
