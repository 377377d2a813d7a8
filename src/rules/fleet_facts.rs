//! What a hive contributes to the rules that judge all hives together: small facts with their evidence.

use crate::finding::{Evidence, FleetFact, FleetKind};
use crate::hive::Found;
use crate::mapi::prop::PropId;
use crate::mapi::{Profile, ProfileState, Root, tags, uid};
use crate::wintypes::hex;

use super::View;
use super::exchange::{Part, part};
use super::hits::Hit;

/// Every fact of a hive, in the order in which its profiles lie in it. Recovered profiles contribute nothing: what is gone is
/// no state of the fleet.
pub fn fleet_facts(view: &View<'_>) -> Vec<FleetFact> {
    let mut facts = Vec::new();
    for (root, profile) in view.mapi.all_profiles() {
        let of = Of { root, profile };
        of.texts(FleetKind::Server, Part::Settings, tags::PR_PROFILE_HOME_SERVER, &mut facts);
        of.texts(FleetKind::Server, Part::Provider, tags::PR_PROFILE_SERVER, &mut facts);
        of.texts(FleetKind::Mailbox, Part::Settings, tags::PR_PROFILE_USER, &mut facts);
        of.texts(FleetKind::Mailbox, Part::Provider, tags::PR_PROFILE_MAILBOX, &mut facts);
        facts.extend(of.instance());
        facts.extend(of.family());
        facts.extend(of.account(view));
    }
    facts
}

struct Of<'v, 'b> {
    root: &'v Root<'b>,
    profile: &'v Profile<'b>,
}

impl Of<'_, '_> {
    fn fact(&self, kind: FleetKind, value: &str, evidence: Evidence) -> FleetFact {
        FleetFact {
            kind,
            folded: value.to_uppercase(),
            value: value.to_owned(),
            root: self.root.to_string(),
            profile: self.profile.name().to_owned(),
            is_live: self.profile.state == ProfileState::Live,
            evidence,
        }
    }

    /// Each text of a property once for a profile.
    fn texts(&self, kind: FleetKind, wanted: Part, id: PropId, facts: &mut Vec<FleetFact>) {
        let first = facts.len();
        for section in self.profile.sections.iter().filter(|section| part(section) == Some(wanted)) {
            let Some(hit) = Hit::text(kind.as_str(), section, id) else { continue };
            let fact = self.fact(kind, &hit.says, hit.evidence());
            let known = facts.get(first..).unwrap_or_default();
            if !known.iter().any(|known| known.folded == fact.folded) {
                facts.push(fact);
            }
        }
    }

    /// The instance key that MAPI gives to each profile it makes.
    fn instance(&self) -> Option<FleetFact> {
        let key = self.profile.instance_key()?;
        let section = self.profile.section(uid::PROFILE_INSTANCE_SECTION).here()?;
        let Found::Here(value) = section.prop(tags::PR_SEARCH_KEY) else { return None };
        let text = hex(key);
        let evidence = Evidence::value(FleetKind::Instance.as_str(), &section.key, value, text.clone());
        Some(self.fact(FleetKind::Instance, &text, evidence))
    }

    /// The account, where its identifier is one that no other machine gives to somebody else.
    fn account(&self, view: &View<'_>) -> Option<FleetFact> {
        let sid = view.account.sid.as_ref()?;
        let is_given = sid.authority() == 5 && sid.sub_authorities().first() == Some(&21);
        let evidence = Evidence::key(FleetKind::Account.as_str(), &self.profile.key);
        is_given.then(|| self.fact(FleetKind::Account, &sid.to_string(), evidence))
    }

    fn family(&self) -> Option<FleetFact> {
        let family = self.profile.name_facts.family.filter(|_| self.profile.name_facts.is_dynamic())?;
        Some(self.fact(
            FleetKind::Family,
            family.id,
            Evidence::key(FleetKind::Family.as_str(), &self.profile.key),
        ))
    }
}
