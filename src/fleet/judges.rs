//! What each rule over all hives makes of a group of facts.

use crate::account::Confidence;
use crate::finding::{FleetKind, Severity};
use crate::rules::{Rule, across};

use super::servers::Listed;
use super::{FactGroup, Servers};

/// What a rule says about a group.
pub(super) struct Claim {
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    pub(super) detail: String,
}

type Judge = fn(&FactGroup, &Whole) -> Option<Claim>;

/// Every rule, in the order in which findings are sorted, and the kind of facts that it judges.
pub(super) static ALL: [(&Rule, FleetKind, Judge); 7] = [
    (&across::STALE_SERVER, FleetKind::Server, stale_server),
    (&across::SHARED_MAILBOX, FleetKind::Mailbox, shared_mailbox),
    (&across::SAME_INSTANCE_HOSTS, FleetKind::Instance, same_instance_hosts),
    (&across::CLONED_ACROSS_ACCOUNTS, FleetKind::Instance, cloned_across_accounts),
    (&across::LEFTOVERS_ON_HOSTS, FleetKind::Family, leftovers_on_hosts),
    (&across::ACCOUNT_ON_HOSTS, FleetKind::Account, account_on_hosts),
    (&across::ONLY_MARKED_PROFILES, FleetKind::Server, only_marked_profiles),
];

/// What has to be known of all groups before one can be judged.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// How often servers are named.
    servers: u64,
    /// The server that is named most often, and how often.
    most: Option<(String, u64)>,
    /// The servers that exist, where a site has told them.
    existing: Option<Servers>,
}

impl Whole {
    pub(super) fn of_site(existing: Option<Servers>) -> Self {
        Self { existing, ..Self::default() }
    }

    /// Adds a group of facts that name a server.
    pub(super) fn add(&mut self, group: &FactGroup) {
        self.servers += group.total;
        if self.most.as_ref().is_none_or(|(_, most)| group.total > *most) {
            self.most = Some((group.value.to_uppercase(), group.total));
        }
    }
}

fn stale_server(group: &FactGroup, whole: &Whole) -> Option<Claim> {
    if let Some(existing) = &whole.existing {
        return unlisted_server(group, existing);
    }
    let (most, count) = whole.most.as_ref()?;
    let is_other = group.value.to_uppercase() != *most;
    let majority = whole.servers >= across::FEWEST_SERVERS && *count * 2 > whole.servers;
    (is_other && majority).then(|| Claim {
        severity: Severity::Low,
        confidence: Confidence::Low,
        detail: format!(
            "The server \"{}\" is named by {}; of {} places that name a server, {count} name \"{most}\".{}",
            group.value,
            concerned(group),
            whole.servers,
            listed(group)
        ),
    })
}

/// A list tells more than a majority, so that it alone decides where there is one.
fn unlisted_server(group: &FactGroup, existing: &Servers) -> Option<Claim> {
    let Listed::No(alike) = existing.listed(&group.value) else { return None };
    let elsewhere = match alike.as_slice() {
        [] => String::new(),
        alike => format!(" The list has this host name with another domain: {}.", alike.join(", ")),
    };
    Some(Claim {
        severity: Severity::Low,
        confidence: Confidence::Medium,
        detail: format!(
            "The server \"{}\" is named by {} and is not in the given list of {}.{elsewhere}{}",
            group.value,
            concerned(group),
            counted(existing.count() as u64, "server"),
            listed(group)
        ),
    })
}

fn shared_mailbox(group: &FactGroup, _: &Whole) -> Option<Claim> {
    (group.accounts.count() >= across::FEWEST_ACCOUNTS).then(|| Claim {
        severity: Severity::Info,
        confidence: Confidence::High,
        detail: format!("\"{}\" is named by {}.{}", group.value, concerned(group), listed(group)),
    })
}

fn same_instance_hosts(group: &FactGroup, _: &Whole) -> Option<Claim> {
    (group.accounts.given_on_several_hosts > 0).then(|| Claim {
        severity: Severity::Info,
        confidence: Confidence::Medium,
        detail: format!(
            "The instance key {} stands in profiles of the same account on several hosts: {}.{}",
            group.value,
            concerned(group),
            listed(group)
        ),
    })
}

fn cloned_across_accounts(group: &FactGroup, _: &Whole) -> Option<Claim> {
    let accounts = group.accounts.given;
    (accounts >= 2).then(|| Claim {
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        detail: format!(
            "The instance key {} stands in profiles of {accounts} accounts: {}.{}",
            group.value,
            concerned(group),
            listed(group)
        ),
    })
}

fn leftovers_on_hosts(group: &FactGroup, _: &Whole) -> Option<Claim> {
    (group.hosts >= across::FEWEST_HOSTS).then(|| Claim {
        severity: Severity::Info,
        confidence: Confidence::High,
        detail: format!(
            "Profiles named like those of {} stand on {} hosts: {}. Which of them are in use, and which were left behind, is \
             told by the findings of each hive.{}",
            group.value,
            group.hosts,
            concerned(group),
            listed(group)
        ),
    })
}

fn account_on_hosts(group: &FactGroup, _: &Whole) -> Option<Claim> {
    (group.hosts >= 2).then(|| Claim {
        severity: Severity::Info,
        confidence: Confidence::High,
        detail: format!(
            "The account {} has profiles on {} hosts: {}.{}",
            group.value,
            group.hosts,
            concerned(group),
            listed(group)
        ),
    })
}

fn only_marked_profiles(group: &FactGroup, _: &Whole) -> Option<Claim> {
    (group.live == 0).then(|| Claim {
        severity: Severity::Info,
        confidence: Confidence::Medium,
        detail: format!(
            "The server \"{}\" is named by profiles that are marked for deletion and by no other: {}.{}",
            group.value,
            concerned(group),
            listed(group)
        ),
    })
}

/// `12 places in profiles of 3 accounts on 2 hosts`.
fn concerned(group: &FactGroup) -> String {
    format!(
        "{} in profiles of {} on {}",
        counted(group.total, "place"),
        counted(group.accounts.count(), "account"),
        counted(group.hosts, "host")
    )
}

/// `1 host`, `2 hosts`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The first places, in words.
fn listed(group: &FactGroup) -> String {
    const SHOWN: usize = 5;

    let mut places: Vec<String> = Vec::new();
    for fact in &group.facts {
        let host = if fact.host.is_empty() { "(no host)" } else { &fact.host };
        let place = format!("\"{}\" of {} on {host}", fact.profile, fact.account);
        if places.len() == SHOWN {
            break;
        }
        if !places.contains(&place) {
            places.push(place);
        }
    }
    format!(" First of them: {}.", places.join("; "))
}
