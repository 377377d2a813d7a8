use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::secret::{self, Secret};
use crate::mapi::{MapiKey, MapiValue, PlaceKind, Profile, ProfileState, Root};

use super::wording::{counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "S01",
    slug: "stored-secret",
    title: "Stored passwords or other credentials",
    severities: &[Severity::Info, Severity::Medium],
    // A value without content is no stored secret and makes no finding; the table of properties shows it as present and
    // empty. What the list of secrets only withholds to be safe (6611, Protected Storage) makes none either.
    condition: "A profile, or an account of Outlook Express or of Outlook's Internet-only mode, holds a value that is not \
                empty and is named like a secure property (S and eight digits, or an identifier from 67f0 to 67ff), the \
                password of personal folders (6703, 6704) or of an LDAP directory (6617), or an account password \
                (... Password). Info where the data have the outer form of a DPAPI blob, or could not be read; else \
                medium. One finding for each profile and class of protection.",
    implies: "The hive holds credential material, so that every copy of it must be protected. DPAPI blobs need the \
              account's master key. Data in another form may be readable to anyone who has the hive: stored as text, or \
              encoded with a key that is the same everywhere.",
    does_not_prove: "That the password is valid, was ever used, or can be recovered: the content was neither decoded nor \
                     shown. That data in another form than a DPAPI blob are unprotected: how they are stored was not \
                     examined.",
    remediation: "Restrict access to the hive and its copies, and change the passwords if a copy has spread.",
    false_positives: "Values that only look like a password by their name or number.",
    references: &[
        "MAPITags.h",
        "office-developer-client-docs:iprofsectimapiprop",
        "mapi-profile-toolkit",
        "measured",
    ],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if view.is_first() {
        outside_of_profiles(view, verdict);
    }
    for (root, profile) in view.all_profiles() {
        let subject = Subject::profile(root, profile);
        verdict.claims.extend(of_profile(profile).claims(|| of(profile), &subject, Some(profile)));
    }
}

fn outside_of_profiles(view: &View<'_>, verdict: &mut Verdict) {
    for root in &view.mapi.roots {
        let mut found = Found::default();
        found.key(&root.key, secret::Place::Elsewhere);
        found.keys(&root.other_keys, secret::Place::Elsewhere);
        for state in [ProfileState::Live, ProfileState::DeletedPending] {
            let Some(list) = root.list(state).as_ref().here() else { continue };
            found.key(&list.key, secret::Place::Elsewhere);
        }
        verdict.claims.extend(found.claims(|| outside(root), &Subject::root(root), None));
    }
    for place in &view.mapi.places {
        let (kind, whose) = match place.kind {
            PlaceKind::OmiAccounts => {
                (secret::Place::Account, "The accounts of Outlook's Internet-only mode")
            }
            PlaceKind::InternetAccounts => (secret::Place::Account, "The accounts of Outlook Express"),
            PlaceKind::Exchange => (secret::Place::Elsewhere, "The settings of Exchange's client"),
            PlaceKind::Setup => (secret::Place::Elsewhere, "The settings of setup"),
            // Everything there is withheld, and nothing of it is told apart.
            PlaceKind::ProtectedStorage => continue,
        };
        let mut found = Found::default();
        found.keys(&place.keys, kind);
        verdict.claims.extend(found.claims(|| whose.to_owned(), &Subject::default(), None));
    }
}

fn of(profile: &Profile<'_>) -> String {
    format!("Profile \"{}\"", profile.name())
}

fn outside(root: &Root<'_>) -> String {
    format!("The root {root}, outside of its profiles,")
}

fn of_profile<'k, 'b>(profile: &'k Profile<'b>) -> Found<'k, 'b> {
    let mut found = Found::default();
    found.key(&profile.key, secret::Place::Elsewhere);
    for section in &profile.sections {
        found.key(&section.key, section.secret_place());
        found.keys(&section.below, section.secret_place());
    }
    found.keys(&profile.other_keys, secret::Place::Elsewhere);
    found
}

/// How the data of a secret are protected, as far as their first bytes show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Other,
    Dpapi,
    Unread,
}

/// A value that holds a secret.
struct Hit<'k, 'b> {
    protection: Protection,
    reason: &'static str,
    key: &'k MapiKey<'b>,
    value: &'k MapiValue<'b>,
    says: String,
}

impl Hit<'_, '_> {
    fn evidence(&self) -> Evidence {
        Evidence::value("stored secret", self.key, self.value, self.says.clone())
    }
}

/// The secrets of one profile or place.
#[derive(Default)]
struct Found<'k, 'b> {
    hits: Vec<Hit<'k, 'b>>,
}

impl<'k, 'b> Found<'k, 'b> {
    fn keys(&mut self, keys: &'k [MapiKey<'b>], place: secret::Place<'_>) {
        for key in keys {
            self.key(key, place);
        }
    }

    fn key(&mut self, key: &'k MapiKey<'b>, place: secret::Place<'_>) {
        let may_count = |value: &&MapiValue<'_>| {
            value.prop.is_none_or(|property| secret::property_counts_for_s01(place, property))
        };
        for value in key.values.iter().filter(may_count) {
            if let Some(found) = value.secret(place).filter(|found| found.counts_for_s01)
                && let Some(protection) = protection(value, &found)
            {
                let says = says(value, &found);
                self.hits.push(Hit { protection, reason: found.reason, key, value, says });
            }
        }
    }

    fn claims(
        self,
        whose: impl Fn() -> String,
        subject: &Subject,
        profile: Option<&Profile<'_>>,
    ) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.hits.is_empty() {
            return claims;
        }
        for protection in [Protection::Other, Protection::Dpapi, Protection::Unread] {
            let hits: Vec<&Hit<'_, '_>> =
                self.hits.iter().filter(|hit| hit.protection == protection).collect();
            claims.extend(claim(protection, &hits, &whose(), subject, profile));
        }
        claims
    }
}

/// `None` for a value without content.
fn protection(value: &MapiValue<'_>, found: &Secret) -> Option<Protection> {
    match found.scheme {
        scheme if scheme.is_dpapi() => Some(Protection::Dpapi),
        // What could be read may be empty, or begin like anything, where the rest is missing.
        _ if !value.is_complete() => Some(Protection::Unread),
        secret::SecretScheme::Empty => None,
        _ => Some(Protection::Other),
    }
}

/// All that may be told of a secret.
fn says(value: &MapiValue<'_>, found: &Secret) -> String {
    if value.is_complete() {
        found.to_string()
    } else {
        format!("present, {} bytes of which {} could be read", value.data_size(), found.len)
    }
}

fn claim(
    protection: Protection,
    hits: &[&Hit<'_, '_>],
    whose: &str,
    subject: &Subject,
    profile: Option<&Profile<'_>>,
) -> Option<Claim> {
    let [first, others @ ..] = hits else { return None };
    let (severity, confidence, form) = match protection {
        Protection::Dpapi => (
            Severity::Info,
            Confidence::High,
            "with the outer form of a DPAPI blob, which needs the account's master key",
        ),
        Protection::Other => (
            Severity::Medium,
            Confidence::Medium,
            "in another form than a DPAPI blob; such values can be clear text or encoded with a fixed key, and which of \
             these it is was not examined",
        ),
        Protection::Unread => (Severity::Info, Confidence::Low, "whose data could not all be read"),
    };
    let mut reasons: Vec<&str> = hits.iter().map(|hit| hit.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let detail = format!(
        "{whose} holds {} {form}. Reason: {}.",
        counted(hits.len(), "value that counts as a secret,", "values that count as secrets,"),
        listed(reasons)
    );
    let claim = Claim::new(severity, confidence, subject.clone(), first.evidence(), detail)
        .with(others.iter().map(|hit| hit.evidence()));
    let mut claim = match profile {
        Some(profile) => claim.timed_by(profile),
        None => claim,
    };
    claim.count = hits.len() as u64;
    Some(claim)
}
