use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity};
use crate::hive::{Found, Origin, Trust};
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::{self, MapiUid};
use crate::mapi::{MapiValue, Profile, ProviderSection, RecoveredKey};

use super::exchange::{self, Part};
use super::hits::Hit;
use super::remains::{self, Lists, Remains};
use super::wording::{listed, quoted};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L25",
    slug: "recovered-differs",
    title: "A profile was another one before",
    severities: &[Severity::Info],
    condition: "A section of a profile was recovered, in any earlier state, with a trust of medium or high, and a profile of \
                the same name is live in the same root (in the same list before the other one). The recovered section holds \
                the name of a message service (3d09), or, as a section of Exchange's, a home server (6602), a profile user \
                (6603) or a mailbox (660b), that no section of its kind of the live profile holds, in any letter case; all of \
                these could be read. One finding for each such profile.",
    implies: "By these records the profile was set up for other servers, mailboxes or services before: it was changed, or \
              it was deleted and made again under the same name, as its instance keys or the places of its records tell.",
    does_not_prove: "When it was changed beyond the times of the records; by whom; that what it named before was ever opened. \
                     That everything it held before was found.",
    remediation: "None. Where access of the account matters, review what the profile opened before, not only what it opens \
                  now.",
    false_positives: "A mailbox that was moved, which changes its home server and its names without anybody's doing. A section \
                      of another profile whose key lay where that of the live one lies.",
    references: &["Q178620", "EdkMdb.h", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(lists) = Lists::live(view) else { return };
    for of in &view.recovered.profiles {
        let remains = Remains { of, latest: view.recovered.latest(of) };
        let other = remains::other_list(of.list);
        let live = match lists.namesake(&remains, of.list) {
            Found::Here(live) => live,
            // Without the one, the other list still has one of the name, or none is live.
            Found::Absent | Found::Unknown => match lists.namesake(&remains, other) {
                Found::Here(live) => live,
                Found::Absent | Found::Unknown => continue,
            },
        };
        match claim(view, &remains, live.1) {
            Ok(claim) => verdict.claims.extend(claim),
            Err(why) => verdict.cannot_judge(why),
        }
    }
}

/// A property that is compared, and the sections in which it means what it is taken for.
struct Compared {
    what: &'static str,
    role: &'static str,
    live_role: &'static str,
    id: PropId,
    is_in: fn(&ProviderSection<'_>) -> bool,
}

static COMPARED: [Compared; 4] = [
    Compared {
        what: "message service",
        role: "recovered message service",
        live_role: "live message service",
        id: tags::PR_SERVICE_NAME,
        is_in: |section| section.kind == SectionKind::Service,
    },
    Compared {
        what: "home server",
        role: "recovered home server",
        live_role: "live home server",
        id: tags::PR_PROFILE_HOME_SERVER,
        is_in: |section| exchange::part(section) == Some(Part::Settings),
    },
    Compared {
        what: "profile user",
        role: "recovered profile user",
        live_role: "live profile user",
        id: tags::PR_PROFILE_USER,
        is_in: |section| exchange::part(section) == Some(Part::Settings),
    },
    Compared {
        what: "mailbox",
        role: "recovered mailbox",
        live_role: "live mailbox",
        id: tags::PR_PROFILE_MAILBOX,
        is_in: |section| exchange::part(section) == Some(Part::Provider),
    },
];

/// A value that the live profile does not hold.
struct Difference<'v> {
    hit: Hit<'v, 'v>,
    state: &'v RecoveredKey<'v>,
}

impl Difference<'_> {
    /// Whether it lies in a cell that is no longer in use, and not in an earlier state of a page.
    fn is_deleted(&self) -> bool {
        !matches!(self.state.key.provenance.origin, Origin::Primary | Origin::LogRemnant)
    }
}

fn claim(
    view: &View<'_>,
    remains: &Remains<'_>,
    live: &Profile<'_>,
) -> Result<Option<Claim>, String> {
    let mut differences = Vec::new();
    let mut live_hits: Vec<Hit<'_, '_>> = Vec::new();
    let mut sentences = Vec::new();
    let recovered = sections_of(&remains.of.profile);
    let live_sections = sections_of(live);
    for of in &COMPARED {
        let mut found: BTreeMap<String, Difference<'_>> = BTreeMap::new();
        for state in view.recovered.states(remains.of) {
            let Some((section, value, text)) = telling(of, state, &recovered, &live_sections) else { continue };
            let Some(hit) = Hit::below(of.role, section, &state.key, value, text) else { continue };
            let folded = hit.says.to_uppercase();
            let is_later = found
                .get(&folded)
                .is_none_or(|known| known.state.key.last_written <= state.key.last_written);
            if is_later {
                found.insert(folded, Difference { hit, state });
            }
        }
        if found.is_empty() {
            continue;
        }
        let of_live = live_values(of, live);
        for hit in of_live.iter().flatten() {
            found.remove(&hit.says.to_uppercase());
        }
        if found.is_empty() {
            continue;
        }
        let Some(of_live) = of_live.filter(|_| live.key.subkeys_complete) else {
            let path = live.key.path();
            return Err(format!("{path}: not all of the live profile could be read, it may hold the same"));
        };
        sentences.push(sentence(of, found.values(), &of_live));
        differences.extend(found.into_values());
        live_hits.extend(of_live);
    }
    let Some((first, others)) = differences.split_first() else { return Ok(None) };
    let history = History::of(view, remains, live, &differences, &live_sections);
    let placed_by_live = remains.of.is_live && differences.iter().any(Difference::is_deleted);
    let detail = format!(
        "\"{}\" ({}) was recovered with what the live profile of this name does not hold: {}. {}{}",
        remains.name(),
        remains.of.place.root,
        sentences.join("; "),
        history.sentence(),
        if placed_by_live {
            " To which profile a deleted section belonged is told by the key that lies where its profile's lay, which may \
             have been another one then."
        } else {
            ""
        }
    );
    let trust = differences.iter().map(|difference| difference.state.trust).min().unwrap_or(Trust::Low);
    let confidence = remains::confidence(trust).min(history.confidence());
    let confidence = if placed_by_live { confidence.min(Confidence::Medium) } else { confidence };
    let predates = differences.iter().any(|difference| difference.state.predates_profile);
    let confidence = if predates { Confidence::Low } else { confidence };
    let mut claim = Claim::new(Severity::Info, confidence, remains.subject(), first.hit.evidence(), detail)
        .with(others.iter().map(|difference| difference.hit.evidence()))
        .beside(live_hits.iter().map(Hit::evidence))
        .beside([Evidence::key("live profile of the same name", &live.key)])
        .timed_by(&remains.of.profile);
    claim.count = differences.len() as u64;
    Ok(Some(claim))
}

fn sections_of<'p, 'b>(profile: &'p Profile<'b>) -> BTreeMap<MapiUid, &'p ProviderSection<'b>> {
    profile.sections.iter().map(|section| (section.uid, section)).collect()
}

/// The text of a compared property in a recovered state of a section.
///
/// What the section is for is told by what was recovered of the profile, or by the live section of the same identifier.
fn telling<'v>(
    of: &Compared,
    state: &'v RecoveredKey<'v>,
    recovered: &BTreeMap<MapiUid, &'v ProviderSection<'v>>,
    live: &BTreeMap<MapiUid, &'v ProviderSection<'v>>,
) -> Option<(&'v ProviderSection<'v>, &'v MapiValue<'v>, String)> {
    let place = state.place.as_ref().filter(|place| !place.below_section)?;
    let uid = place.section.filter(|_| state.trust > Trust::Low)?;
    let section = [recovered.get(&uid), live.get(&uid)].into_iter().flatten().find(|section| (of.is_in)(section))?;
    let value = state.key.prop(of.id).here().filter(|value| value.is_complete())?;
    let text = value.text()?.to_owned();
    (!text.is_empty()).then_some((section, value, text))
}

/// What the live profile holds of it; `None` where not all could be read.
fn live_values<'p, 'b>(of: &'static Compared, live: &'p Profile<'b>) -> Option<Vec<Hit<'p, 'b>>> {
    let mut hits = Vec::new();
    for section in &live.sections {
        match section.text(of.id) {
            Found::Unknown => return None,
            Found::Here(_) if (of.is_in)(section) => hits.extend(Hit::text(of.live_role, section, of.id)),
            Found::Here(_) | Found::Absent => {}
        }
    }
    Some(hits)
}

fn sentence<'d>(
    of: &Compared,
    found: impl Iterator<Item = &'d Difference<'d>>,
    live: &[Hit<'_, '_>],
) -> String {
    let then = listed(found.map(|difference| {
        format!(
            "\"{}\" (section last changed {}, {})",
            difference.hit.says,
            difference.state.key.last_written,
            remains::from(difference.state.key.provenance.origin)
        )
    }));
    let mut now: Vec<&str> = live.iter().map(|hit| &*hit.says).collect();
    now.sort_unstable();
    now.dedup();
    let now = if now.is_empty() { "none is live".to_owned() } else { format!("live {}", quoted(now)) };
    format!("{} {then}, {now}", of.what)
}

/// How the recovered profile became the live one.
#[derive(Clone, Copy)]
enum History {
    /// Both have the instance key that MAPI gives to a profile it creates.
    SameInstance,
    /// They have different ones.
    OtherInstance,
    /// Without instance keys: the recovered sections are earlier states of the records that the live ones have.
    SameRecords,
    /// Without instance keys: the profile's own key stood in another record.
    OtherRecord,
    Unclear,
}

impl History {
    fn of(
        view: &View<'_>,
        remains: &Remains<'_>,
        live: &Profile<'_>,
        differences: &[Difference<'_>],
        live_sections: &BTreeMap<MapiUid, &ProviderSection<'_>>,
    ) -> Self {
        let own = live.instance_key();
        let mut instances =
            view.recovered.states(remains.of).filter_map(instance_key).filter(|_| own.is_some()).peekable();
        if instances.peek().is_some() {
            return if instances.all(|key| Some(key) == own) { Self::SameInstance } else { Self::OtherInstance };
        }
        if !remains.of.is_live {
            // What moves to the other list is copied to new records.
            return Self::Unclear;
        }
        let mut own_states = view.recovered.states(remains.of).filter(|state| {
            state.trust > Trust::Low && state.place.as_ref().is_some_and(|place| place.section.is_none())
        });
        if own_states.any(|state| state.key.path().eq_ignore_ascii_case(&live.key.path()) && state.key.at != live.key.at) {
            return Self::OtherRecord;
        }
        let in_place = |difference: &Difference<'_>| {
            let uid = difference.state.place.as_ref().and_then(|place| place.section);
            let live = uid.and_then(|uid| live_sections.get(&uid));
            live.is_some_and(|live| live.key.at == difference.state.key.at)
        };
        if differences.iter().all(in_place) { Self::SameRecords } else { Self::Unclear }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::SameInstance => {
                "What was recovered and what is live hold the same instance key: the profile was changed, or copied."
            }
            Self::OtherInstance => {
                "An instance key that was recovered is not the live one: a profile of this name was deleted and made \
                 again."
            }
            Self::SameRecords => {
                "The recovered sections lay in the records in which the live ones lie: the profile was changed, as far as \
                 places tell; no instance key was recovered."
            }
            Self::OtherRecord => {
                "The profile's own key lay in another record than the live one: a profile of this name was deleted and \
                 made again, as far as places tell; no instance key was recovered."
            }
            Self::Unclear => {
                "Whether the profile was changed, or deleted and made again, the bytes do not tell."
            }
        }
    }

    fn confidence(self) -> Confidence {
        match self {
            Self::SameInstance | Self::OtherInstance => Confidence::High,
            Self::SameRecords | Self::OtherRecord | Self::Unclear => Confidence::Medium,
        }
    }
}

/// The instance key in a recovered state of the section that has it.
fn instance_key<'v>(state: &'v RecoveredKey<'_>) -> Option<&'v [u8]> {
    let place = state.place.as_ref().filter(|place| !place.below_section && state.trust > Trust::Low)?;
    let value = state.key.prop(tags::PR_SEARCH_KEY).here().filter(|_| place.section == Some(uid::PROFILE_INSTANCE_SECTION))?;
    (value.is_complete() && value.bytes().len() == 16).then(|| value.bytes())
}
