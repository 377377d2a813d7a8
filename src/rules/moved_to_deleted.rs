use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity};
use crate::hive::Found;
use crate::mapi::{Profile, ProfileState};
use crate::wintypes::Filetime;

use super::remains::{ByPath, Lists, Remains, evidence};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L23",
    slug: "moved-to-deleted",
    title: "A profile went from Profiles to Deleted Profiles",
    severities: &[Severity::Info],
    // A move is a copy and a deletion, which stamps the key of the profile it empties: only its sections tell when the
    // profile itself changed last. A mark that is older than they are is that of an earlier profile of the name.
    condition: "A profile's own key under Profiles was recovered with a trust of medium or high, no profile of its name is \
                live there, and one of its name in the same root is live under Deleted Profiles, or was recovered from there \
                with such a trust, whose latest change is not before the latest change of any recovered section under \
                Profiles. Where both hold an instance key, it is the same. The list Profiles, and for a recovered mark the \
                list Deleted Profiles, could be read to its end.",
    implies: "What a deletion during use leaves: MAPI moves the profile to Deleted Profiles and removes it there when the \
              session ends (KB303221).",
    does_not_prove: "A fault; who deleted it. That MAPI moved it: a program or person can copy keys. Deleting a profile \
                     right after logon is the documented way to use a temporary one. That the session ended, where the \
                     mark is gone: a later start of MAPI may have removed it (KB818861).",
    remediation: "None. Where the mark is live, L07 tells more.",
    false_positives: "A profile that was deleted while not in use, where an earlier one of its name without an instance key \
                      had been marked.",
    references: &["KB303221", "KB818861", "office-developer-client-docs:iprofadmin-deleteprofile", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(lists) = Lists::live(view) else { return };
    let remains: Vec<Remains<'_>> = Remains::of_gone(view).collect();
    let by_path = ByPath::of(&remains);
    for gone in &remains {
        match Mark::of(&lists, &by_path, gone) {
            Ok(Some(mark)) => verdict.claims.extend(claim(gone, &mark)),
            Ok(None) => {}
            Err(why) => verdict.cannot_judge(why),
        }
    }
}

/// The profile under `Deleted Profiles` that a recovered one under `Profiles` was moved to.
pub(super) enum Mark<'a, 'v> {
    /// It is still there.
    Live(&'v Profile<'v>),
    /// It was recovered.
    Gone(&'a Remains<'v>),
}

impl<'a, 'v> Mark<'a, 'v> {
    /// `Err` says why it cannot be told.
    pub(super) fn of(
        lists: &Lists<'v>,
        by_path: &ByPath<'a, 'v>,
        gone: &Remains<'v>,
    ) -> Result<Option<Self>, String> {
        if gone.of.list != ProfileState::Live || gone.trusted_key().is_none() {
            return Ok(None);
        }
        let recovered = by_path.namesake(gone, ProfileState::DeletedPending);
        let mark = match lists.namesake(gone, ProfileState::DeletedPending) {
            Found::Here((_, live)) => Some(Self::Live(live)),
            Found::Absent => recovered.filter(|mark| mark.trusted_key().is_some()).map(Self::Gone),
            Found::Unknown if recovered.is_none() => None,
            Found::Unknown => return Err(unlisted(gone, "under Deleted Profiles")),
        };
        let Some(mark) = mark.filter(|mark| mark.fits(gone)) else { return Ok(None) };
        match lists.namesake(gone, ProfileState::Live) {
            Found::Here(_) => Ok(None),
            Found::Absent => Ok(Some(mark)),
            Found::Unknown => Err(unlisted(gone, "under Profiles")),
        }
    }

    fn profile(&self) -> &Profile<'v> {
        match self {
            Self::Live(profile) => profile,
            Self::Gone(remains) => &remains.of.profile,
        }
    }

    fn latest_write(&self) -> Filetime {
        match self {
            Self::Live(profile) => profile.latest_write(),
            Self::Gone(remains) => remains.latest_write(),
        }
    }

    fn fits(&self, gone: &Remains<'_>) -> bool {
        let sections = gone.sections().map(|state| state.key.last_written).max();
        sections.is_none_or(|latest| latest <= self.latest_write()) && self.same_instance(gone) != Some(false)
    }

    fn same_instance(&self, gone: &Remains<'_>) -> Option<bool> {
        let (one, other) = (self.profile().instance_key()?, gone.of.profile.instance_key()?);
        Some(one == other)
    }
}

fn unlisted(gone: &Remains<'_>, place: &str) -> String {
    let path = gone.of.place.profile_path().unwrap_or_default();
    format!("{path}: not all profiles could be listed, one of this name may be live {place}")
}

fn claim(gone: &Remains<'_>, mark: &Mark<'_, '_>) -> Option<Claim> {
    let own = gone.trusted_key()?;
    let marked = match mark {
        Mark::Live(profile) => format!("The mark is still there, its key last changed {}.", profile.key.last_written),
        Mark::Gone(remains) => format!(
            "The mark is gone too, as it is when the session has ended; its latest recovered change is {}.",
            remains.latest_write()
        ),
    };
    let (confidence, copies) = match mark.same_instance(gone) {
        Some(_) => (Confidence::Medium, " Both hold the same instance key, as copies of one profile do."),
        None => (Confidence::Low, " Whether both hold the same instance key cannot be told."),
    };
    let detail = format!(
        "\"{}\" ({}) stood under Profiles, where its latest recovered change is {}, and then under Deleted Profiles. \
         {marked}{copies}",
        gone.name(),
        gone.of.place.root,
        gone.latest_write()
    );
    let mark_key = match mark {
        Mark::Live(profile) => Some(Evidence::key("profile marked for deletion", &profile.key)),
        Mark::Gone(remains) => {
            remains.own_key().map(|state| evidence("recovered profile marked for deletion", state))
        }
    };
    let first = evidence("recovered profile key", own);
    let claim = Claim::new(Severity::Info, confidence, gone.subject(), first, detail);
    Some(claim.with(mark_key).timed_by(&gone.of.profile))
}
