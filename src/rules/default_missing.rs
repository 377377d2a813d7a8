use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::hive::Found;
use crate::mapi::{ProfileState, RootKind};

use super::wording::{counted, quoted};
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C02",
    slug: "default-missing",
    title: "Profiles without a default one",
    severities: &[Severity::Info],
    condition: "A key Profiles below a Windows Messaging Subsystem has at least one subkey and no value DefaultProfile, \
                and the list of its values is complete. Outlook 2013 and later, which keep the value elsewhere, are not \
                judged.",
    implies: "Programs that log on name their profile, or ask for it.",
    does_not_prove: "An error.",
    remediation: "None. Set a default profile only if a program of the account needs one.",
    false_positives: "The normal state of service accounts.",
    references: &["ORLY:CDO-and-MAPI-Programming-ch2", "measured"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for root in view.mapi.roots.iter().filter(|root| !matches!(root.kind, RootKind::Office(_))) {
        let Some(list) = root.live.as_ref().here() else { continue };
        let Some(first) = list.profiles.first() else { continue };
        match list.key.named("DefaultProfile") {
            Found::Here(_) => continue,
            Found::Absent => {}
            Found::Unknown => {
                verdict.cannot_judge(format!("{}: DefaultProfile could not be looked for", list.key.path()));
                continue;
            }
        }
        let detail = format!(
            "Profiles of this root ({root}) holds {} and no value DefaultProfile: {}.",
            counted(list.profiles.len(), "profile", "profiles"),
            quoted(list.profiles.iter().map(crate::mapi::Profile::name))
        );
        let evidence = Evidence::key("key Profiles without the value", &list.key);
        let claim = Claim::new(Severity::Info, view.as_seen(), Subject::root(root), evidence, detail)
            .beside([Evidence::key("profile key", &first.key)]);
        verdict.claim(claim);
    }
}
