use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity};
use crate::hive::{Found, Trust, ValueType};
use crate::mapi::{ProfileState, Root};

use super::moved_to_deleted::Mark;
use super::remains::{ByPath, InstanceKeys, ListKey, Lists, Remains, evidence};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L24",
    slug: "removed-with-traces",
    title: "A profile is gone, and the default still names it",
    severities: &[Severity::Info],
    // That a profile was removed while the hive was loaded is no trace of its use: nothing is removed from a hive that is
    // not. So only what names the profile counts.
    condition: "A profile's own key under Profiles was recovered with a trust of medium or high, no profile of its name is \
                live under Profiles or Deleted Profiles of the same root, both of which could be listed, nothing shows that \
                it was marked for deletion (L23), and the live DefaultProfile of the root names it, in any letter case.",
    implies: "The profile that programs of this account log on to by default existed and was removed, none of its name took \
              its place, and nothing that was recovered shows it on the way over Deleted Profiles that a deletion during use \
              takes (KB303221). A second session of the same account, or a process that impersonates another account, can \
              have this effect: MAPI takes a profile for unused that the first session uses, and removes it (KB818861, \
              KB817375).",
    does_not_prove: "That a second session did it; that any program was using the profile or lost it. An administrator or \
                     the program itself may have removed it, and the mark for deletion may have been overwritten.",
    remediation: "Compare the times between which it was lost with logons and starts of services of the account. Create \
                  the profile again where a program needs it (C01).",
    false_positives: "A default profile that was deleted or renamed by hand while no program used it. A program that creates \
                      its default profile at each start and removes it at the end.",
    references: &["KB818861", "KB303221", "KB817375", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(lists) = Lists::live(view) else { return };
    let instance_keys = InstanceKeys::of(view);
    let remains: Vec<Remains<'_>> = Remains::of_gone(view).collect();
    let by_path = ByPath::of(&remains);
    for root in &view.mapi.roots {
        let Some(default) = default_of(root) else { continue };
        let gone = by_path.in_profiles(root, &default.name).filter(|gone| gone.trusted_key().is_some());
        if let Some(gone) = gone {
            let live = [ProfileState::Live, ProfileState::DeletedPending].map(|list| lists.namesake(gone, list));
            if live.iter().any(|found| matches!(found, Found::Here(_))) {
                continue;
            }
            if live.iter().any(Found::is_unknown) {
                let path = gone.of.place.profile_path().unwrap_or_default();
                verdict.cannot_judge(format!("{path}: not all profiles could be listed, it may be live"));
            } else if matches!(Mark::of(&lists, &by_path, gone), Ok(None)) {
                verdict.claims.extend(claim(&lists, &instance_keys, gone, &default));
            }
        }
    }
}

/// The value that names the default profile.
struct Default {
    name: String,
    evidence: Evidence,
}

fn default_of(root: &Root<'_>) -> Option<Default> {
    let (key, value) = root.default_profile().here()?;
    let is_text = matches!(value.value_type(), ValueType::REG_SZ | ValueType::REG_EXPAND_SZ);
    let name = value.text().filter(|name| is_text && value.is_complete() && !name.is_empty())?.to_owned();
    let evidence = Evidence::value("name of the default profile", key, value, name.clone());
    Some(Default { name, evidence })
}

fn claim(
    lists: &Lists<'_>,
    instance_keys: &InstanceKeys<'_>,
    gone: &Remains<'_>,
    default: &Default,
) -> Option<Claim> {
    let own = gone.trusted_key()?;
    let list_key = ListKey::of(lists, gone);
    let in_logs = if gone.of.gone_by_replay {
        " The hive file itself still shows it, so that its removal is among the last changes (L22)."
    } else {
        ""
    };
    let renamed = instance_keys.sentence(gone);
    let detail = format!(
        "DefaultProfile is \"{}\" ({}), and a profile of this name was recovered {}, its latest recovered change {}, and is \
         live no more.{in_logs}{}{} Nothing recovered shows it under Deleted Profiles.",
        default.name,
        gone.of.place.root,
        gone.origins(),
        gone.latest_write(),
        list_key.as_ref().map(ListKey::sentence).unwrap_or_default(),
        renamed.as_deref().unwrap_or_default()
    );
    // Something else than Windows and MAPI would not have stamped the list.
    let fits = list_key.as_ref().is_none_or(ListKey::fits) && renamed.is_none();
    let confidence = if own.trust == Trust::High && fits { Confidence::Medium } else { Confidence::Low };
    let first = evidence("recovered profile key", own);
    let claim = Claim::new(Severity::Info, confidence, gone.subject(), first, detail)
        .beside([default.evidence.clone()])
        .beside(list_key.map(|key| key.evidence()))
        .timed_by(&gone.of.profile);
    Some(claim)
}
