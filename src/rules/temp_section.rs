use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProviderSection};

use super::hits::{self, Hit};
use super::shutdown::Shutdown;
use super::wording::{counted, running_or_left_over};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L18",
    slug: "temp-section",
    title: "A temporary provider in a profile",
    severities: &[Severity::Info, Severity::Low],
    // In a message service the bit has no meaning, so that only sections of providers are judged.
    condition: "The resource flags (00033009) of a provider's section contain 0x80 (STATUS_TEMP_SECTION). One finding for \
                each profile. Low where L06 shows of the profile that its session ended with a shutdown, else info.",
    implies: "By its flag the provider was added for the time of a session: the session was open when the hive was copied, \
              or ended without removing it.",
    does_not_prove: "Which of the two.",
    remediation: "None. Compare the time of the section with the sessions of the account.",
    false_positives: "A session that was open when the hive was copied: an export of a healthy Outlook profile shows such \
                      a section of a personal folders file.",
    references: &[
        "MAPIDefS.h",
        "office-developer-client-docs:pidtagresourceflags-canonical-property",
        "measured",
    ],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// `STATUS_TEMP_SECTION`.
const TEMPORARY: u32 = 0x80;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let shutdown = Shutdown::known(view);
    for place in view.all_profiles() {
        let hits = temporary(place.1);
        let shutdown = shutdown.as_ref().filter(|shutdown| shutdown.outlived_by(place.1).is_some());
        let severity = if shutdown.is_some() { Severity::Low } else { Severity::Info };
        let detail = || {
            format!(
                "Profile \"{}\" has {} with the flag of a temporary one: {}. {}{}",
                place.1.name(),
                counted(hits.len(), "provider", "providers"),
                hits::spelled(&hits),
                running_or_left_over(view),
                shutdown.map(Shutdown::escalation).unwrap_or_default()
            )
        };
        let claim = hits::claim(severity, Confidence::Medium, place, &hits, detail);
        verdict.claims.extend(claim.map(|claim| claim.beside(shutdown.map(Shutdown::evidence))));
    }
}

fn temporary<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let in_section = |section: &'p ProviderSection<'b>| {
        let is_provider = matches!(
            section.kind,
            SectionKind::Provider | SectionKind::Ldap | SectionKind::MsMail | SectionKind::OutlookAddressBook
        );
        let (value, flags) = section.long(tags::PR_RESOURCE_FLAGS).here().filter(|_| is_provider)?;
        (flags & TEMPORARY != 0).then(|| Hit::decoded("flags of the provider", section, value)).flatten()
    };
    profile.sections.iter().filter_map(in_section).collect()
}
