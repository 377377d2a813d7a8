//! A host's machine hives, and what they add to what a user's hive tells of its account.

use std::sync::Arc;

use crate::hive::{Found, HiveState};
use crate::wintypes::AnsiCodePage;

use super::machine::{
    ChosenBy, ControlSet, Fact, KnownAccount, ListedProfile, Meaning, SamFacts, Service, SoftwareFacts,
    SystemFacts,
};
use super::{AccountKind, Attribution, Basis, Confidence, Place, Says, Trace};

/// What the machine hives of a host say. Read once for all user hives of the host.
#[derive(Debug, Default)]
pub struct HostFacts {
    /// `SYSTEM`.
    pub system: Option<MachineHive<SystemFacts>>,
    /// `SOFTWARE`.
    pub software: Option<MachineHive<SoftwareFacts>>,
    /// `SAM`.
    pub sam: Option<MachineHive<SamFacts>>,
}

/// A machine hive and what it says.
#[derive(Debug)]
pub struct MachineHive<T> {
    /// The file, as every table calls it.
    pub hive_path: Arc<str>,
    /// How far its header vouches for the rest.
    pub state: HiveState,
    /// What it says.
    pub facts: T,
}

/// A service that runs, or may run, as an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountService {
    /// The service's key; its value is the service's name.
    pub key: Fact<String>,
    /// The account as the service names it.
    pub object_name: Fact<String>,
    /// When it starts: 2 at start-up, 3 on demand, 4 never.
    pub start: Option<Fact<u32>>,
    /// Its program.
    pub image_path: Option<Fact<String>>,
    /// Whether its `ObjectName` means the account, and how that is known.
    pub meaning: Meaning,
}

impl<T> MachineHive<T> {
    /// Whether what is not in it was not there: only then may anything be argued from that.
    pub fn vouches_for_absence(&self) -> bool {
        self.state.vouches_for_absence()
    }
}

impl HostFacts {
    /// Whether no machine hive was found.
    pub fn is_empty(&self) -> bool {
        self.system.is_none() && self.software.is_none() && self.sam.is_none()
    }

    /// The computer's own name.
    pub fn computer_name(&self) -> Option<&str> {
        let system = self.system.as_ref()?;
        system.facts.computer_name.as_ref().here().map(|fact| fact.value.as_str())
    }

    /// The code page of eight-bit text that programs of the host wrote.
    pub fn ansi_code_page(&self) -> AnsiCodePage {
        let system = self.system.as_ref();
        let number = system.and_then(|system| system.facts.ansi_code_page.as_ref().here());
        number.map_or(AnsiCodePage::UNKNOWN, |fact| AnsiCodePage::of(fact.value))
    }

    /// Whether the list of services is the whole one of the control set that was in use.
    pub fn knows_all_services(&self) -> bool {
        self.system.as_ref().is_some_and(|system| {
            let is_current = |set: &ControlSet| matches!(set.chosen_by, ChosenBy::Current(_));
            system.vouches_for_absence()
                && system.facts.services.complete
                && system.facts.control_set.as_ref().here().is_some_and(is_current)
        })
    }

    /// The services that name this account, or may.
    fn services_of(&self, account: &KnownAccount<'_>) -> Vec<AccountService> {
        let Some(system) = &self.system else { return Vec::new() };
        system
            .facts
            .services_of(account)
            .filter(|(_, meaning)| !matches!(meaning, Meaning::Other | Meaning::NothingShown))
            .filter_map(|(service, meaning)| AccountService::of(service, meaning))
            .collect()
    }
}

impl AccountService {
    fn of(service: &Service, meaning: Meaning) -> Option<Self> {
        Some(Self {
            key: service.key.clone(),
            object_name: service.object_name.as_ref().here()?.clone(),
            start: service.start.as_ref().here().cloned(),
            image_path: service.image_path.as_ref().here().cloned(),
            meaning,
        })
    }
}

impl Attribution {
    /// Adds what the machine hives of the host say: which account the profile folder is, what it is called, which services
    /// run as it. `hive_path` is where the user's hive was collected.
    #[must_use]
    pub fn joined(self, hive_path: &str, host: &HostFacts) -> Self {
        if host.is_empty() || self.place == Place::Machine {
            return self;
        }
        let mut traces = self.traces;
        let mut contradictions = Vec::new();
        if let Some(software) = &host.software {
            traces.extend(listed_at(&software.facts, hive_path));
            let sid = self.sid.as_ref();
            let listed = sid.into_iter().flat_map(|sid| software.facts.profiles_of(sid));
            contradictions.extend(listed.filter_map(|listed| elsewhere(listed, hive_path)));
        }
        let sid = traces.iter().find_map(|trace| match &trace.says {
            Says::Sid(sid) => Some(sid.clone()),
            Says::Name(_) | Says::NameEnd(_) => None,
        });
        if let Some((sam, sid)) = host.sam.as_ref().zip(sid.as_ref())
            && let Found::Here(account) = sam.facts.account(sid)
        {
            let says = Says::Name(account.name().to_owned());
            traces.push(Trace { basis: Basis::SecurityAccounts, says, at: None });
        }
        let mut joined = super::resolve(self.place, traces);
        joined.contradictions.extend(contradictions);
        joined.find_services(host);
        joined
    }

    /// Whether the account that a service names can be this one; `None` where the service shows none.
    pub fn meaning_of(&self, service: &Service, host: &HostFacts) -> Option<Meaning> {
        Some(service.account()?.means(&self.known(host)))
    }

    /// What services can be compared with.
    fn known<'a>(&'a self, host: &'a HostFacts) -> KnownAccount<'a> {
        let is_name_of_account =
            |trace: &&Trace| matches!(trace.basis, Basis::SecurityAccounts | Basis::LogonUserName);
        let name = self.traces.iter().filter(is_name_of_account).find_map(|trace| match &trace.says {
            Says::Name(name) => Some(name.as_str()),
            Says::Sid(_) | Says::NameEnd(_) => None,
        });
        let folder = match &self.place {
            Place::UserProfile(folder) => Some(folder.as_str()),
            _ => None,
        };
        KnownAccount {
            sid: self.sid.as_ref(),
            name,
            folder,
            computer: host.computer_name(),
            sam: host.sam.as_ref().map(|sam| &sam.facts),
        }
    }

    fn find_services(&mut self, host: &HostFacts) {
        let services = host.services_of(&self.known(host));
        if self.kind == AccountKind::Unknown {
            let sure = services.iter().filter_map(|service| service.meaning.confidence()).max();
            self.kind = match sure {
                Some(Confidence::High) => AccountKind::Service,
                None if host.knows_all_services() && !self.may_run_any(host) => AccountKind::User,
                Some(_) | None => AccountKind::Unknown,
            };
        }
        self.services = services;
    }

    /// Whether the hive is one of the machine's by its place, and no account's.
    pub fn is_machine(&self) -> bool {
        self.place == Place::Machine
    }

    /// Whether any service of the host does, or may.
    fn may_run_any(&self, host: &HostFacts) -> bool {
        let system = host.system.as_ref();
        system.is_none_or(|system| {
            system.facts.services.items.iter().any(|service| self.may_run(service, host))
        })
    }

    /// Whether a service runs, or may run, as this account: nothing shows that it names another one.
    pub fn may_run(&self, service: &Service, host: &HostFacts) -> bool {
        service.object_name.is_unknown()
            || self.meaning_of(service, host).is_some_and(|meaning| meaning != Meaning::Other)
    }
}

/// The accounts that the list of profiles says have their folder where the hive lay.
fn listed_at(software: &SoftwareFacts, hive_path: &str) -> Vec<Trace> {
    let sids = software.profiles_at(hive_path).filter(|listed| !listed.is_backup);
    sids.filter_map(|listed| {
        Some(Trace { basis: Basis::ProfileList, says: Says::Sid(listed.sid.clone()?), at: None })
    })
    .collect()
}

/// That the list of profiles has the account's folder somewhere else: the hive was copied, or the profile moved.
fn elsewhere(listed: &ListedProfile, hive_path: &str) -> Option<String> {
    let folder = listed.folder.as_ref().filter(|folder| !listed.is_backup && !folder.is_where(hive_path))?;
    Some(format!(
        "{} has its profile in another folder, {}, by the list of profiles",
        listed.key.value,
        folder.name()
    ))
}
