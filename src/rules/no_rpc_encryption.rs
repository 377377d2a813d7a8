use crate::account::Confidence;
use crate::finding::Severity;
use crate::hive::Found;
use crate::mapi::Profile;
use crate::mapi::tags::{self, SectionKind};

use super::hits::{self, Hit};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "S08",
    slug: "no-rpc-encryption",
    title: "A profile that asks for no encryption of its connection to Exchange",
    severities: &[Severity::Info],
    // Only where the numbers are Exchange's: LDAP and Microsoft Mail use them for other things. A missing 6606 counts as
    // none only where the hive vouches for that.
    condition: "In a section with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) the connect \
                flags 00036604 contain 0x2 (no RPC encryption), and the value 00036606 lacks 0x4000 (encrypt network) or \
                is missing. A missing one is not judged where the list of values is incomplete, or the hive is dirty or \
                damaged. One finding for each profile.",
    implies: "The profile asks for no encryption of what goes over the network, as mapisvc.inf sets it for the Exchange \
              service.",
    does_not_prove: "That the server accepts it, or that anybody listened.",
    remediation: "Switch on the encryption of the network in the profile, and require it on the server.",
    false_positives: "The default of old clients.",
    references: &["mfcmapi:UI/profile.cpp", "EdkMdb.h", "Q294470"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// No RPC encryption, of the connection.
const NO_ENCRYPTION: u32 = 0x2;
/// Encrypt network.
const ENCRYPT: u32 = 0x4000;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits = unencrypted(view, place.1, verdict);
        let detail = || {
            format!(
                "Profile \"{}\" is set to connect to Exchange without encryption: {}.",
                place.1.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(
            Severity::Info,
            view.as_seen().min(Confidence::Medium),
            place,
            &hits,
            detail,
        ));
    }
}

fn unencrypted<'p, 'b>(view: &View<'_>, profile: &'p Profile<'b>, verdict: &mut Verdict) -> Vec<Hit<'p, 'b>> {
    let mut hits = Vec::new();
    for section in profile.sections.iter().filter(|section| section.kind == SectionKind::GlobalProfile) {
        let Some((value, flags)) = section.long(tags::PR_PROFILE_CONNECT_FLAGS).here() else { continue };
        if flags & NO_ENCRYPTION == 0 {
            continue;
        }
        match section.long(tags::PR_PROFILE_UI_STATE) {
            Found::Here((_, state)) if state & ENCRYPT != 0 => {}
            Found::Here((state, _)) => {
                hits.extend(Hit::decoded("connect flags", section, value));
                hits.extend(Hit::decoded("network encryption", section, state));
            }
            Found::Absent if view.state.vouches_for_absence() => {
                hits.extend(Hit::decoded("connect flags", section, value));
            }
            Found::Absent | Found::Unknown => {
                verdict.cannot_judge(format!("{}: 00036606 could not be looked for", section.key.path()));
            }
        }
    }
    hits
}
