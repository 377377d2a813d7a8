//! Which services run as the account, and how sure that is: identifiers prove it, names are hints.

use crate::account::machine::{Meaning, Service};
use crate::account::{AccountService, Confidence};
use crate::finding::Evidence;

use super::View;
use super::wording::listed;

/// Services that run, or may run, as the account.
pub(super) struct Owning<'v> {
    /// Never empty, and all of one certainty.
    pub(super) services: Vec<&'v AccountService>,
    meaning: Meaning,
}

/// Whether services of Exchange run as the account.
pub(super) enum ExchangeServices<'v> {
    /// These, or it seems so.
    Run(Owning<'v>),
    /// The whole list of services shows none.
    None,
    /// It cannot be told.
    Unknown(String),
}

/// Whether a service is one of Exchange's by its name, as the KB articles name them.
pub(super) fn is_exchange(name: &str) -> bool {
    const PREFIX: &str = "MSExchange";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Whether services of Exchange that are not disabled run as the account. The SYSTEM hive is there.
pub(super) fn exchange_services<'v>(view: &View<'v>) -> ExchangeServices<'v> {
    let of_exchange = view.account.services.iter().filter(|service| is_exchange(&service.key.value));
    if let Some(owning) = Owning::of(of_exchange.filter(|service| !is_disabled(service))) {
        return ExchangeServices::Run(owning);
    }
    if !view.host.knows_all_services() {
        return ExchangeServices::Unknown("the services of the host could not all be listed".into());
    }
    let mut services = view.host.system.iter().flat_map(|system| &system.facts.services.items);
    let may_be = |service: &&Service| {
        is_exchange(service.name())
            && service.start.as_ref().here().is_none_or(|start| start.value != DISABLED)
            && view.account.may_run(service, view.host)
    };
    match services.find(may_be) {
        Some(service) => ExchangeServices::Unknown(format!(
            "whether {} runs as this account cannot be told from identifiers or names",
            service.name()
        )),
        None => ExchangeServices::None,
    }
}

/// `SERVICE_DISABLED`.
pub(super) const DISABLED: u32 = 4;

fn is_disabled(service: &AccountService) -> bool {
    service.start.as_ref().is_some_and(|start| start.value == DISABLED)
}

impl<'v> Owning<'v> {
    /// The surest of these services; `None` without any.
    pub(super) fn of(services: impl Iterator<Item = &'v AccountService>) -> Option<Self> {
        let mut services: Vec<&AccountService> = services.collect();
        let rank = |meaning: Meaning| match meaning {
            Meaning::Same => 0,
            Meaning::SameName => 1,
            Meaning::FolderName => 2,
            Meaning::NothingShown | Meaning::Other => 3,
        };
        let meaning = services.iter().map(|service| service.meaning).min_by_key(|meaning| rank(*meaning))?;
        services.retain(|service| service.meaning == meaning);
        meaning.confidence().map(|_| Self { services, meaning })
    }

    /// How sure a finding is that rests on this: a name alone is never more than a hint.
    pub(super) fn confidence(&self) -> Confidence {
        if self.meaning == Meaning::Same { Confidence::Medium } else { Confidence::Low }
    }

    /// A whole sentence on the services and how they are known to be the account's.
    pub(super) fn sentence(&self) -> String {
        let services =
            listed(self.services.iter().map(|one| format!("{} ({})", one.key.value, one.object_name.value)));
        match self.meaning {
            Meaning::Same => format!(
                "By the SYSTEM hive of the host these services are set to run as the account, whose security identifier is that of \
                 the account they name: {services}."
            ),
            Meaning::FolderName => format!(
                "In the SYSTEM hive of the host services name an account that is called like the account's profile folder: \
                 {services}. That is a hint and no proof, for a folder may keep a name that was another account's or was \
                 changed."
            ),
            _ => format!(
                "In the SYSTEM hive of the host services name an account of the same name: {services}. That is a hint and no \
                 proof, for another domain can have an account of that name."
            ),
        }
    }

    /// Where the services name the account.
    pub(super) fn evidence<'s>(&'s self, view: &'s View<'_>) -> impl Iterator<Item = Evidence> + 's {
        let system = view.host.system.as_ref();
        self.services.iter().filter_map(move |service| {
            Some(Evidence::fact("account of a service", &service.object_name, system?))
        })
    }
}
