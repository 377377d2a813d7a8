use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity};
use crate::hive::Found;
use crate::mapi::Profile;

use super::remains::{Lists, Remains, other_list};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L22",
    slug: "gone-after-replay",
    title: "A profile was removed in what only the logs hold",
    severities: &[Severity::Info],
    condition: "Transaction logs were applied, the hive file alone shows a profile under Profiles or Deleted Profiles, and \
                once the logs are applied the same list, which could be read to its end, has no key of this name. One finding \
                for each profile and list.",
    implies: "The change that removed, renamed or moved the profile was among the last: it reached a log, but the hive file \
              was not brought up to date before these files were copied. The hive was loaded when it was made.",
    does_not_prove: "By whom or what it was made; the time beyond what the evidence says; that the hive was still loaded \
                     when it was copied, for a machine that stopped leaves the same.",
    remediation: "None. Read the hive both with and without its logs.",
    false_positives: "A hive file that was copied in the middle of being written can show states of different moments. Logs \
                      that belong to another copy of the same hive.",
    references: &["regf-specification:dirty-state-of-a-hive", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(before) = view.before else { return };
    let Some(lists) = Lists::live(view) else { return };
    let earlier = Lists::of(before);
    for gone in Remains::of_gone(view) {
        let Found::Here((_, profile)) = earlier.namesake(&gone, gone.of.list) else { continue };
        match lists.namesake(&gone, gone.of.list) {
            Found::Absent => verdict.claim(claim(&lists, &earlier, &gone, profile)),
            Found::Here(_) => {}
            Found::Unknown => {
                let path = profile.key.path();
                verdict.cannot_judge(format!("{path}: not all profiles could be listed, it may be live"));
            }
        }
    }
}

fn claim(lists: &Lists<'_>, earlier: &Lists<'_>, gone: &Remains<'_>, profile: &Profile<'_>) -> Claim {
    let (list, root) = (gone.list_name(), &gone.of.place.root);
    let (list_then, list_now) = (earlier.key_of_list(gone.of), lists.key_of_list(gone.of));
    let when = match (list_then, list_now) {
        (Some(then), Some(now)) if then.at == now.at => format!(
            " The key {list} was last changed {} in the hive file and {} after replay; Windows stamps it when it removes a key \
             from it, so that the removal is not later than that.",
            then.last_written, now.last_written
        ),
        (_, Some(now)) => format!(" The key {list} of after replay, last changed {}, is another one.", now.last_written),
        (_, None) => format!(" The key {list} is gone too."),
    };
    let other = other_list(gone.of.list);
    let moved = match lists.namesake(gone, other) {
        Found::Here(_) => format!(" A profile of this name is now under {}.", super::remains::list_name(other)),
        Found::Absent | Found::Unknown => String::new(),
    };
    let detail = format!(
        "\"{}\" stands under {list} ({root}) in the hive file, where its latest change is {}, and is not there once the \
         transaction logs are applied.{when}{moved}",
        gone.name(),
        profile.latest_write()
    );
    let evidence = Evidence::key("profile key in the hive file", &profile.key);
    Claim::new(Severity::Info, Confidence::High, gone.subject(), evidence, detail)
        .beside(list_now.map(|key| Evidence::key("list of profiles after replay", key)))
        .timed_by(profile)
}
