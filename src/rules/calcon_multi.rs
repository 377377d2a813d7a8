use std::collections::BTreeSet;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::uid::MapiUid;
use crate::mapi::{MapiKey, MapiValue, Profile, tags, uid};
use crate::wintypes::Filetime;

use super::family::{Name, Names};
use super::wording::{counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L01",
    slug: "calcon-multi",
    title: "Several profiles named as those of the Calendar Connector",
    severities: &[Severity::Low],
    condition: "At least two different names under the Profiles keys of the hive begin with MSExchangeCalCon, in any \
                letter case. A name that stands under several roots is counted once. Ends are bracketed in time only \
                if all times are of one kind and differ: times in the names, none of them more than 5 seconds later \
                than every key of its profile, or last changes of profiles that H04 does not report.",
    implies: "An abnormal end of the Calendar Connector makes it create a new profile at its next start and leave the old \
              one behind (Q214637). n such profiles are what at least n-1 unclean ends leave, if the connector made them \
              all and none was imported, restored or cloned.",
    does_not_prove: "Who or what ended the service, or how often beyond the lower bound, since administrators delete \
                     such profiles and MAPI removes some itself. That mail was lost. That a last-written time is the \
                     time of creation. That the digits in the names are process and time: the form of these names is \
                     not published.",
    remediation: "After preserving the evidence, the leftover profiles can be deleted; Microsoft calls them harmless \
                  (Q214637). On computers with several processors look for the crash that Q289795 describes, fixed in \
                  Calcon.exe 5.5.2654.66.",
    false_positives: "Profiles that were imported, restored or copied by hand. Any other program or person can create a \
                      profile with such a name.",
    references: &["Q214637", "Q289795"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

const FAMILY: &str = "MSExchangeCalCon";

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let names = Names::of(view, FAMILY);
    if names.names.len() < 2 {
        return;
    }
    let mut leftovers: Vec<Leftover<'_>> = names.names.iter().map(Leftover::new).collect();
    leftovers.sort_by_key(|leftover| (leftover.time, leftover.profile.key.at));
    let copies = Copies::among(&leftovers);
    let times = Times::of(&leftovers);

    let seen = counted(leftovers.len(), "name", "names");
    let detail = format!(
        "{} under Profiles begin with MSExchangeCalCon: {}.{} {} {}",
        if names.complete { seen } else { format!("At least {seen}") },
        listed(&leftovers),
        names.counted_once(),
        copies.sentence(leftovers.len(), names.complete),
        times.sentence(&leftovers),
    );
    let sure = matches!(times, Times::Names) && copies.shared == 0;
    let confidence = if sure { Confidence::Medium } else { Confidence::Low };
    let subject = Subject {
        profile_family: Some(FAMILY),
        ..names.common_root().map(Subject::root).unwrap_or_default()
    };
    let mut evidence = leftovers.iter().map(|leftover| Evidence::key("profile key", &leftover.profile.key));
    let Some(first) = evidence.next() else { return };
    let elsewhere = names.names.iter().flat_map(|name| &name.elsewhere);
    let mut claim = Claim::new(Severity::Low, confidence, subject, first, detail)
        .with(evidence)
        .with(elsewhere.map(|(_, profile)| Evidence::key("same name in another root", &profile.key)))
        .with(leftovers.iter().filter_map(instance_evidence));
    if let Some(first) = leftovers.first() {
        claim = claim.timed_by(first.profile);
    }
    claim.count = leftovers.len() as u64;
    claim.first_seen = leftovers.first().map(|leftover| leftover.time);
    claim.last_seen = leftovers.last().map(|leftover| leftover.time);
    verdict.claim(claim);
}

/// A profile and the time that stands for its session.
struct Leftover<'v> {
    profile: &'v Profile<'v>,
    time: Filetime,
    /// Whether the time is the one in the name.
    named: bool,
}

impl<'v> Leftover<'v> {
    fn new(name: &Name<'v>) -> Self {
        let profile = name.profile;
        let latest = profile.latest_write();
        let time = profile.name_facts.edk.as_ref().map(|edk| edk.created);
        Self { profile, time: time.unwrap_or(latest), named: time.is_some() }
    }

    /// Whether the time in the name is later than anything in the profile, so that it cannot be its creation by the
    /// same clock (rule H02 of the reference).
    fn contradicts_its_keys(&self) -> bool {
        self.named && self.time > self.profile.latest_write().plus_seconds(5)
    }
}

impl std::fmt::Display for Leftover<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let meaning = if self.named { "time in the name" } else { "latest change" };
        write!(f, "\"{}\" ({meaning} {})", self.profile.name(), self.time)
    }
}

/// Which of the profiles may be copies of each other, by their instance keys.
struct Copies {
    /// Profiles beyond the first of each instance key.
    shared: usize,
    /// Profiles without a readable instance key.
    unknown: usize,
}

impl Copies {
    fn among(leftovers: &[Leftover<'_>]) -> Self {
        let mut seen = BTreeSet::new();
        let mut copies = Self { shared: 0, unknown: 0 };
        for leftover in leftovers {
            match leftover.profile.instance_key() {
                None => copies.unknown += 1,
                Some(key) => copies.shared += usize::from(!seen.insert(key)),
            }
        }
        copies
    }

    fn sentence(&self, names: usize, complete: bool) -> String {
        let found = match (self.shared, self.unknown) {
            (0, 0) => {
                "No two of them share an instance key, so none is a plain registry copy of another".to_owned()
            }
            (0, unknown) => format!(
                "No two of them are seen to share an instance key, but {unknown} of them have none that can be read, so \
                 copies are not excluded"
            ),
            (shared, _) => format!(
                "{shared} of them carry the instance key of another one, as registry copies do, and are left out of the \
                 bound"
            ),
        };
        // Profiles that were not seen can only add to the count, so that the bound stands.
        match names.saturating_sub(self.shared).saturating_sub(1) {
            0 => format!("{found}; what is left shows no unclean end."),
            ends => format!(
                "{found}; {}this is what at least {} leave, if none was imported, restored or cloned.",
                if complete { "" } else { "even without the profiles that could not be listed, " },
                counted(ends, "unclean end", "unclean ends")
            ),
        }
    }
}

/// What the times of the profiles are worth for bracketing the ends.
enum Times {
    /// All are in the names and increase.
    Names,
    /// All are last writes and increase.
    LastWrites,
    /// There is no bracket, for this reason; whether all times are in the names or not.
    None(&'static str),
}

impl Times {
    /// The reference excludes profiles written in one instant (H04) from bracketing. That matters where a last-written
    /// time stands for the session; a time in the name is none of those, and a service writes its profile in one go.
    /// Times of both kinds cannot be put in one order, which the reference does not say.
    fn of(sorted: &[Leftover<'_>]) -> Self {
        let named = sorted.iter().filter(|leftover| leftover.named).count();
        let increasing = sorted.windows(2).all(|pair| match pair {
            [earlier, later] => earlier.time < later.time,
            _ => true,
        });
        if named != 0 && named != sorted.len() {
            Self::None("only some of the names carry a time")
        } else if sorted.iter().any(Leftover::contradicts_its_keys) {
            Self::None("a time in a name is later than every key of its profile")
        } else if !increasing {
            Self::None("two of the times are the same")
        } else if named != 0 {
            Self::Names
        } else if sorted.iter().any(|leftover| leftover.profile.written_together().is_some()) {
            Self::None("sections of a profile were written together (H04)")
        } else {
            Self::LastWrites
        }
    }

    fn sentence(&self, sorted: &[Leftover<'_>]) -> String {
        let brackets = || {
            listed(sorted.windows(2).filter_map(|pair| match pair {
                [earlier, later] => Some(format!("after {} and not after {}", earlier.time, later.time)),
                _ => None,
            }))
        };
        match self {
            Self::Names => format!(
                "If the digits in the names are times of creation, an unclean end lies in each of these spans: {}.",
                brackets()
            ),
            Self::LastWrites => format!(
                "If each profile was last changed by its own session, an unclean end lies in each of these spans: {}.",
                brackets()
            ),
            Self::None(why) => format!("The ends cannot be bracketed in time: {why}."),
        }
    }
}

fn instance_evidence(leftover: &Leftover<'_>) -> Option<Evidence> {
    let (key, value) = instance_value(leftover.profile)?;
    let says = MapiUid::from_bytes(value.bytes())?;
    Some(Evidence::value("instance key", key, value, says.to_string()))
}

fn instance_value<'p, 'b>(profile: &'p Profile<'b>) -> Option<(&'p MapiKey<'b>, &'p MapiValue<'b>)> {
    profile.instance_key()?;
    let section = profile.section(uid::PROFILE_INSTANCE_SECTION).here()?;
    Some((&section.key, section.prop(tags::PR_SEARCH_KEY).here()?))
}
