use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProviderSection};

use super::hits::{self, Hit};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "S06",
    slug: "roh-no-ssl",
    title: "A profile that allows RPC over HTTP without SSL",
    severities: &[Severity::Medium],
    condition: "In a section with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) the flags \
                00036623 contain 0x1 (use RPC over HTTP) and not 0x2 (SSL only). One finding for each profile.",
    implies: "The profile allows the connection to Exchange to go over HTTP that is not encrypted.",
    does_not_prove: "That a connection ever went without SSL; that the proxy accepts one.",
    remediation: "Set the profile to connect with SSL only.",
    false_positives: "A connection that is protected in another way.",
    references: &["office-developer-client-docs:pidtagrpcoverhttpflags-canonical-property"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

const USE: u32 = 0x1;
const SSL_ONLY: u32 = 0x2;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits = without_ssl(place.1);
        let detail = || {
            format!(
                "Profile \"{}\" uses RPC over HTTP and does not insist on SSL: {}.",
                place.1.name(),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Medium, Confidence::Medium, place, &hits, detail));
    }
}

fn without_ssl<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let in_section = |section: &'p ProviderSection<'b>| {
        let (value, flags) = section.long(tags::PR_ROH_FLAGS).here()?;
        (flags & USE != 0 && flags & SSL_ONLY == 0)
            .then(|| Hit::decoded("flags of RPC over HTTP", section, value))
            .flatten()
    };
    let settings = profile.sections.iter().filter(|section| section.kind == SectionKind::GlobalProfile);
    settings.filter_map(in_section).collect()
}
