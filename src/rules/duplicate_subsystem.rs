use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{ProfileList, Root, RootKind};

use super::wording::counted;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C15",
    slug: "duplicate-subsystem",
    title: "Profiles below the key of Windows 9x and below that of Windows NT",
    severities: &[Severity::Low],
    condition: "Both Windows NT\\CurrentVersion\\Windows Messaging Subsystem and Windows Messaging Subsystem below \
                Software\\Microsoft hold live profiles, in the same view of the registry. One finding for each view.",
    implies: "The hive has the key twice, once where Windows NT and later keep it and once where Windows 95, 98 and Me \
              did. Some programs then read the wrong one (BlackBerry KB03037).",
    does_not_prove: "Which of the two a program reads; where the second one comes from.",
    remediation: "After preserving the evidence, and with a backup of both keys, the one that is not in use can be \
                  removed.",
    false_positives: "An account that was carried over from Windows 9x and never used MAPI since.",
    references: &["BlackBerry:KB03037", "Q183904"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let with_profiles = |kind: &RootKind, wow64: bool| -> Option<(&Root<'_>, &ProfileList<'_>)> {
        view.mapi.roots.iter().find_map(|root| {
            let list = root.live.as_ref().here().filter(|list| !list.profiles.is_empty())?;
            (root.kind == *kind && root.wow64 == wow64).then_some((root, list))
        })
    };
    for wow64 in [false, true] {
        let (Some((root, list)), Some((older, older_list))) =
            (with_profiles(&RootKind::WindowsNt, wow64), with_profiles(&RootKind::Windows9x, wow64))
        else {
            continue;
        };
        let detail = format!(
            "{older} holds {} ({} last changed {}), {root} holds {} (last changed {}).",
            counted(older_list.profiles.len(), "profile", "profiles"),
            older_list.key.name,
            older_list.key.last_written,
            counted(list.profiles.len(), "profile", "profiles"),
            list.key.last_written
        );
        let evidence = Evidence::key("key Profiles of Windows 9x", &older_list.key);
        let claim = Claim::new(Severity::Low, view.as_seen(), Subject::root(older), evidence, detail)
            .with([Evidence::key("key Profiles of Windows NT", &list.key)]);
        verdict.claim(claim);
    }
}
