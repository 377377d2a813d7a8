use crate::account::Confidence;
use crate::finding::{Claim, Severity, Subject};
use crate::hive::{Found, Trust};
use crate::mapi::{ProfileState, RecoveredKey};
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};

use super::exchange::{self, Part};
use super::hits::Hit;
use super::remains::{self, InstanceKeys, ListKey, Lists, Remains, list_name, other_list};
use super::wording::{counted, listed, quoted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "H03",
    slug: "recovered-profile",
    title: "A profile that is no more was recovered",
    severities: &[Severity::Info],
    // The reference asks for a record in free space. What the logs hold of earlier states, and what the hive file shows
    // before they are applied, tells the same.
    condition: "Recovery found a key whose path lies at or below a profile's under Profiles or Deleted Profiles, and no \
                live key of this name was seen in that list. One finding for each such profile. One more for all keys that \
                are named by 32 hexadecimal digits, have a value named like a property, and whose path could not be found.",
    implies: "By the path that could be put together, a profile of this name was in the hive and was removed, renamed or \
              moved. What its records hold is what the hive held when they were last written.",
    does_not_prove: "When it was removed; by whom or what; that it was ever used. That all of its keys were found, or that \
                     all that were found belonged to it: profiles of one name may have followed each other, and a profile's \
                     key may lie where that of another one lay, whose sections then seem to be its own.",
    remediation: "None. Copies of the hive of other dates (shadow copies, backups) can show the profile whole.",
    false_positives: "A deleted key of another place whose parent's cell was used again for a list of profiles; it has no \
                      sections. Bytes that a copied or restored hive brought along.",
    references: &["regf-specification:key-node", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    if let Some(lists) = Lists::live(view) {
        let instance_keys = InstanceKeys::of(view);
        for gone in Remains::of_gone(view) {
            verdict.claims.extend(claim(view, &lists, &instance_keys, &gone));
        }
    }
    verdict.claims.extend(without_place(view));
}

fn claim(
    view: &View<'_>,
    lists: &Lists<'_>,
    instance_keys: &InstanceKeys<'_>,
    gone: &Remains<'_>,
) -> Option<Claim> {
    let mut evidence = gone.evidence();
    let first = evidence.next()?;
    let known = known(gone);
    let list_key = ListKey::of(lists, gone);
    let is_listed = !lists.namesake(gone, gone.of.list).is_unknown();
    let detail = format!(
        "{} {} {} When it was removed is not recorded in these bytes: not before {}, the latest recovered change.{}{}{}{}{}",
        what(gone, is_listed),
        recovered(gone),
        sentence(&known),
        gone.latest_write(),
        list_key.as_ref().map(ListKey::sentence).unwrap_or_default(),
        in_other_list(lists, gone),
        if gone.of.gone_by_replay {
            " The hive file itself still shows it; it is gone once the transaction logs are applied (L22)."
        } else {
            ""
        },
        instance_keys.sentence(gone).unwrap_or_default(),
        match &gone.of.profile.name_facts.edk {
            Some(edk) => format!(
                " The digits at the end of its name read as process {} and time {}.",
                edk.pid, edk.created
            ),
            None => String::new(),
        }
    );
    let confidence = confidence(view, gone, is_listed);
    let mut claim = Claim::new(Severity::Info, confidence, gone.subject(), first, detail)
        .with(evidence)
        .with(known.values.iter().map(Hit::evidence))
        .beside(list_key.map(|key| key.evidence()))
        .timed_by(&gone.of.profile);
    claim.count = gone.latest.len() as u64;
    Some(claim)
}

/// High only where every record is whole and has its place, a section shows that it was a profile, and the live list is
/// known to its end.
fn confidence(view: &View<'_>, gone: &Remains<'_>, is_listed: bool) -> Confidence {
    let by_trust = remains::confidence(gone.of.trust).min(view.as_seen());
    match (is_listed, gone.own_key().is_some() && gone.sections().next().is_some()) {
        (false, _) => Confidence::Low,
        (true, false) => by_trust.min(Confidence::Medium),
        (true, true) => by_trust,
    }
}

fn what(gone: &Remains<'_>, is_listed: bool) -> String {
    let (name, list, root) = (gone.name(), gone.list_name(), &gone.of.place.root);
    if is_listed {
        format!("\"{name}\" stood under {list} ({root}) and is there no more.")
    } else {
        format!(
            "\"{name}\" stood under {list} ({root}) and was not seen there among the live keys, which could not all be \
             listed, so that it may be live."
        )
    }
}

fn recovered(gone: &Remains<'_>) -> String {
    let keys = counted(gone.latest.len(), "key", "keys");
    let sections = match gone.sections().count() {
        0 => "no section among them".to_owned(),
        some => format!("{some} of them sections"),
    };
    let own = match gone.own_key() {
        Some(_) => "",
        None => ", but not its own",
    };
    let doubtful = gone.latest.iter().filter(|state| state.trust < Trust::High).count();
    let doubts = match doubtful {
        0 => "nothing speaks against any of them".to_owned(),
        some => format!("{} in doubt, as the evidence tells", counted(some, "is", "are")),
    };
    let earlier = gone.of.states.len() - gone.latest.len();
    let earlier = match earlier {
        0 => String::new(),
        some => format!(" {} of them too.", counted(some, "earlier state was recovered", "earlier states were recovered")),
    };
    format!("{keys} {} recovered {}{own}, {sections}; {doubts}.{earlier}", was(gone.latest.len()), gone.origins())
}

fn was(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// What is known of a profile.
struct Known<'p, 'b> {
    services: Vec<&'p str>,
    values: Vec<Hit<'p, 'b>>,
}

/// Values that tell what a profile was for, by the part of Exchange's that holds them.
const TELLING: [(Part, &str, PropId); 3] = [
    (Part::Settings, "home server", tags::PR_PROFILE_HOME_SERVER),
    (Part::Settings, "profile user", tags::PR_PROFILE_USER),
    (Part::Provider, "mailbox", tags::PR_PROFILE_MAILBOX),
];

fn known<'p>(gone: &Remains<'p>) -> Known<'p, 'p> {
    let sections = &gone.of.profile.sections;
    let mut services: Vec<&str> = sections
        .iter()
        .filter(|section| section.kind == SectionKind::Service)
        .filter_map(|section| section.text(tags::PR_SERVICE_NAME).here().filter(|name| !name.is_empty()))
        .collect();
    services.sort_unstable();
    services.dedup();
    let values = sections.iter().flat_map(|section| {
        let part = exchange::part(section);
        let telling = TELLING.iter().filter(move |(of_part, ..)| part == Some(*of_part));
        telling.filter_map(move |(_, role, id)| Hit::text(role, section, *id))
    });
    Known { services, values: values.collect() }
}

fn sentence(known: &Known<'_, '_>) -> String {
    let services = match known.services.as_slice() {
        [] => "Its services are not known".to_owned(),
        names => format!("Its services: {}", quoted(names.iter().copied())),
    };
    let mut values: Vec<String> =
        known.values.iter().map(|hit| format!("{} \"{}\"", hit.role, hit.says)).collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() { format!("{services}.") } else { format!("{services}; {}.", listed(values)) }
}

fn in_other_list(lists: &Lists<'_>, gone: &Remains<'_>) -> String {
    let other = other_list(gone.of.list);
    match (lists.namesake(gone, other), other) {
        (Found::Here(_), ProfileState::DeletedPending) => {
            " A profile of this name is live under Deleted Profiles, marked for deletion.".to_owned()
        }
        (Found::Here(_), _) => format!(" A profile of this name is live under {}.", list_name(other)),
        (Found::Absent, _) => String::new(),
        (Found::Unknown, _) => {
            format!(" Whether one of this name is under {} could not be read.", list_name(other))
        }
    }
}

/// The one claim on all sections that lost their place.
fn without_place(view: &View<'_>) -> Option<Claim> {
    let states: Vec<&RecoveredKey<'_>> = view.recovered.without_place().collect();
    let (first, others) = states.split_first()?;
    let they = if others.is_empty() { "it" } else { "they" };
    let detail = format!(
        "{} named like {} recovered whose place is lost, with values named like properties: {}. To which profile {they} \
         belonged, and that {they} belonged to one, cannot be told.",
        counted(states.len(), "deleted key", "deleted keys"),
        if others.is_empty() { "a section was" } else { "sections were" },
        listed(states.iter().map(|state| format!(
            "{} (last changed {}, {})",
            state.key.name,
            state.key.last_written,
            counted(state.key.values.len(), "value", "values")
        )))
    );
    let subject = Subject { profile_state: Some(ProfileState::Recovered), ..Subject::default() };
    let role = "recovered section without a place";
    let mut claim =
        Claim::new(Severity::Info, Confidence::Low, subject, remains::evidence(role, first), detail)
            .with(others.iter().map(|state| remains::evidence(role, state)));
    claim.count = states.len() as u64;
    Some(claim)
}
