use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{ProfileList, ProfileState, Root};
use crate::wintypes::Filetime;

use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "L13",
    slug: "profiles-key-changed-later",
    title: "The list of profiles changed after every profile in it",
    severities: &[Severity::Info],
    condition: "A key Profiles has at least one subkey, the list of its subkeys is complete, and the key was last \
                changed more than 2 seconds after the newest of these subkeys. The times of keys further below do not \
                count. Times that nobody set are not compared.",
    implies: "At that time a profile was removed or renamed, a value of the key itself was set or removed (DefaultProfile \
              is kept there before Outlook 2013), or its security was changed.",
    does_not_prove: "Which of these. That a profile was ever removed.",
    remediation: "None. Profiles that are gone may still be seen in free cells of the hive and in its transaction logs.",
    false_positives: "Setting the default profile, which every logon dialog offers. Profiles that were restored or \
                      imported with older times than the list.",
    references: &["inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live], verdict);
    for root in &view.mapi.roots {
        if let Some(list) = root.live.as_ref().here().filter(|list| list.key.subkeys_complete) {
            verdict.claims.extend(claim(view, root, list));
        }
    }
}

fn claim(view: &View<'_>, root: &Root<'_>, list: &ProfileList<'_>) -> Option<Claim> {
    let newest = list.profiles.iter().max_by_key(|profile| profile.key.last_written)?;
    let (changed, newest_written) = (list.key.last_written, newest.key.last_written);
    if newest_written == Filetime::default() || changed <= newest_written.plus_seconds(2) {
        return None;
    }
    let default = list.key.named("DefaultProfile").here();
    let explanation = if default.is_some() {
        "The value DefaultProfile on it may have been set then, which is one explanation."
    } else if list.key.values_complete {
        "No value DefaultProfile is on it; one may have been removed then."
    } else {
        "Its values could not all be read."
    };
    let detail = format!(
        "Profiles of this root ({root}) was last changed {changed}, the newest of its profiles, \"{}\", {newest_written}. \
         {explanation}",
        newest.name()
    );
    let evidence = Evidence::key("key Profiles", &list.key);
    let says = |value: &crate::mapi::MapiValue<'_>| value.text().unwrap_or_default().to_owned();
    let claim = Claim::new(Severity::Info, view.as_seen(), Subject::root(root), evidence, detail)
        .beside([Evidence::key("newest profile", &newest.key)])
        .beside(default.map(|value| Evidence::value("default profile", &list.key, value, says(value))));
    Some(claim)
}
