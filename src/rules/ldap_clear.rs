use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::secret::SecretScheme;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{MapiValue, Profile, ProviderSection, Root};

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "S07",
    slug: "ldap-clear",
    title: "A password for LDAP without SSL",
    severities: &[Severity::Medium],
    // Only in sections of the LDAP service: in Exchange's, 6617 is a comment and 6613 a list of addresses. A missing 6613
    // counts as false only where the hive vouches for that.
    condition: "A section of the service EMABLT holds a password that is not empty (6617, or its secure form), and its \
                value 000b6613 (use SSL) is false or missing. A missing one is not judged where the list of values is \
                incomplete, or the hive is dirty or damaged. One finding for each such section.",
    implies: "A password is stored for a directory with which the profile does not use SSL, so that the password may cross \
              the network readably when the directory is opened.",
    does_not_prove: "That it ever did. Secure password authentication (6615), or a protected network, may prevent it. How \
                     the stored password is encoded was not examined.",
    remediation: "Use SSL for the directory, and change the password.",
    false_positives: "Directories on another port that protects the connection by itself.",
    references: &["mapi-profile-toolkit", "Q259957"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        for section in profile.sections.iter().filter(|section| is_ldap(section)) {
            let Some((password, says)) = password(section) else { continue };
            match section.boolean(tags::PROP_AB_PROVIDER_USE_SSL) {
                Found::Here((_, true)) => {}
                Found::Here((ssl, false)) => {
                    verdict.claim(claim(root, profile, section, (password, says), Some(ssl)));
                }
                Found::Absent if view.state.vouches_for_absence() => {
                    verdict.claim(claim(root, profile, section, (password, says), None));
                }
                Found::Absent | Found::Unknown => {
                    verdict.cannot_judge(format!(
                        "{}: whether SSL is used could not be read",
                        section.key.path()
                    ));
                }
            }
        }
    }
}

fn is_ldap(section: &ProviderSection<'_>) -> bool {
    let name = section.service_name.as_deref();
    name.and_then(SectionKind::for_service) == Some(SectionKind::Ldap)
}

/// The stored password, and all that may be told of it.
fn password<'p, 'b>(section: &'p ProviderSection<'b>) -> Option<(&'p MapiValue<'b>, String)> {
    let named = |value: &&MapiValue<'_>| {
        value.prop.is_some_and(|prop| prop.id() == tags::PROP_AB_PROVIDER_USER_PASSWORD_ENCODED)
    };
    section.key.values.iter().filter(named).find_map(|value| {
        let secret = section.secret(value).filter(|secret| secret.counts_for_s01)?;
        let is_empty = secret.scheme == SecretScheme::Empty && value.is_complete();
        (!is_empty).then(|| (value, secret.to_string()))
    })
}

fn claim(
    root: &Root<'_>,
    profile: &Profile<'_>,
    section: &ProviderSection<'_>,
    (password, says): (&MapiValue<'_>, String),
    ssl: Option<&MapiValue<'_>>,
) -> Claim {
    let spa = section.boolean(tags::PROP_AB_PROVIDER_SERVER_SPA).here().filter(|(_, used)| *used);
    let server = section.text(tags::PROP_AB_PROVIDER_SERVER_NAME).here().filter(|server| !server.is_empty());
    let detail = format!(
        "Profile \"{}\" stores a password for the LDAP directory{}, and {}. {}",
        profile.name(),
        server.map(|server| format!(" \"{server}\"")).unwrap_or_default(),
        if ssl.is_some() { "SSL is switched off (000b6613)" } else { "no value 000b6613 switches SSL on" },
        if spa.is_some() {
            "Secure password authentication (000b6615) is switched on, which may protect it on its way."
        } else {
            "Secure password authentication (000b6615) is not seen to be switched on."
        }
    );
    let confidence = if spa.is_some() { Confidence::Low } else { Confidence::Medium };
    let evidence = Evidence::value("stored password", &section.key, password, says);
    let subject = Subject::profile(root, profile).section(section);
    let switch = |role, value, says: &str| Evidence::value(role, &section.key, value, says.to_owned());
    Claim::new(Severity::Medium, confidence, subject, evidence, detail)
        .with(ssl.map(|value| switch("use of SSL", value, "false")))
        .with(spa.map(|(value, _)| switch("secure password authentication", value, "true")))
        .timed_by(profile)
}
