//! The last shutdown of Windows that SYSTEM knows of, and the sessions that cannot have outlived it.

use crate::account::machine::{Fact, SystemFacts};
use crate::account::{Confidence, MachineHive};
use crate::finding::Evidence;
use crate::hive::Found;
use crate::mapi::{Profile, ProfileState};
use crate::wintypes::Filetime;

use super::needs::{guess_sentence, is_guessed};
use super::{Verdict, View, needs};

/// When Windows was shut down, and whether the user's hive was in use afterwards.
pub(super) struct Shutdown<'v> {
    system: &'v MachineHive<SystemFacts>,
    fact: &'v Fact<Filetime>,
    /// The latest change that the user's hive shows, if it is later.
    lived_on: Option<Filetime>,
}

/// Why a session is of a time before the shutdown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// All that is known of its time.
    All,
    /// The changes of its keys, and a service may use an older profile again without changing it.
    Keys,
    /// The time in its name, but keys were changed later.
    Name,
}

impl<'v> Shutdown<'v> {
    /// The time, if it is there; else the rule says why it cannot judge.
    pub(super) fn needed(view: &View<'v>, verdict: &mut Verdict) -> Option<Self> {
        needs::system(view, verdict)?;
        let found = Self::of(view);
        if let Err(why) = &found {
            verdict.cannot_judge(*why);
        }
        found.ok()
    }

    /// The time, for rules that only weigh a finding by it.
    pub(super) fn known(view: &View<'v>) -> Option<Self> {
        Self::of(view).ok()
    }

    fn of(view: &View<'v>) -> Result<Self, &'static str> {
        let system = view.host.system.as_ref().ok_or("SYSTEM hive of the host was not read")?;
        let fact = match &system.facts.shutdown_time {
            Found::Here(fact) if fact.value != Filetime::default() && fact.value.in_calendar() => fact,
            Found::Here(_) => return Err("ShutdownTime in the SYSTEM hive is no time"),
            Found::Absent => return Err("the SYSTEM hive has no ShutdownTime"),
            Found::Unknown => return Err("ShutdownTime in the SYSTEM hive could not be read"),
        };
        let header = view.base_block.map(|base_block| base_block.last_written);
        let latest = view.latest_write().into_iter().chain(header).max();
        Ok(Self { system, fact, lived_on: latest.filter(|latest| *latest > fact.value) })
    }

    /// The time.
    pub(super) fn time(&self) -> Filetime {
        self.fact.value
    }

    /// Why the session of a profile is of a time before the shutdown. `None` where nothing shows it, or where the profile is
    /// none that lives as long as a session.
    pub(super) fn outlived_by(&self, profile: &Profile<'_>) -> Option<Before> {
        let dynamic = profile.name_facts.is_dynamic();
        let pending = profile.state == ProfileState::DeletedPending;
        if !dynamic && !pending {
            return None;
        }
        let written = profile.latest_write();
        // A time that nobody set, or a key that was not seen, tells nothing.
        let is_known = written != Filetime::default() && profile.keys().all(|key| key.subkeys_complete);
        let before = is_known && written < self.time();
        match &profile.name_facts.edk {
            Some(edk) if edk.created >= self.time() => None,
            Some(_) if before => Some(Before::All),
            Some(_) => Some(Before::Name),
            None if before && pending => Some(Before::All),
            None if before => Some(Before::Keys),
            None => None,
        }
    }

    /// How sure it is that the session had ended in the state that was copied.
    pub(super) fn confidence(&self, before: Before) -> Confidence {
        let sure = before == Before::All && self.lived_on.is_some() && !is_guessed(self.system);
        if sure { Confidence::Medium } else { Confidence::Low }
    }

    /// Whole sentences on the shutdown and what limits it.
    pub(super) fn sentence(&self) -> String {
        let hive = match self.lived_on {
            Some(latest) => format!("The user's hive was changed after that (latest change {latest})."),
            None => "No MAPI key of the user's hive and not its header is later: if the hive was copied before that shutdown, \
                     the sessions may still have been alive in the copy."
                .to_owned(),
        };
        format!(
            "SYSTEM has {} as the time of the last shutdown (ShutdownTime). {hive}{}",
            self.time(),
            guess_sentence(self.system)
        )
    }

    /// A sentence with a space in front, for rules of which a finding matters more after a shutdown.
    pub(super) fn escalation(&self) -> String {
        format!(
            " By the time in the name or of the keys, at least one is older than the last shutdown of Windows, {} (L06).",
            self.time()
        )
    }

    /// The value.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::fact("time of the last shutdown", self.fact, self.system)
    }
}
