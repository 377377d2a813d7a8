//! Floor 7: what only all hives together show. Each hive adds small facts to a spill; closing it sorts them, with bounded
//! memory whatever their number, and judges each group of facts that say the same.

mod judges;
mod servers;
mod spill;

use std::collections::HashMap;
use std::io;

use sha2::{Digest as _, Sha256};

use crate::account::Confidence;
use crate::finding::{FleetKind, Severity};
use crate::rules::Rule;
use crate::scan::HiveReport;
use crate::wintypes::hex;

pub use servers::{Servers, ServersError};
pub use spill::StoredFact;
use spill::{Sorted, Spill};

/// Collects what hives add.
#[derive(Debug, Default)]
pub struct Fleet {
    spill: Spill,
    servers: Option<Servers>,
}

/// A finding about several hives.
#[derive(Clone, Debug)]
pub struct FleetFinding {
    /// Hash of rule, subject and places.
    pub id: String,
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was seen, in a sentence or two.
    pub detail: String,
    /// The facts it rests on.
    pub group: FactGroup,
}

/// Facts of one kind that say the same, in the order of host, account and hive.
#[derive(Clone, Debug)]
pub struct FactGroup {
    /// What they are.
    pub kind: FleetKind,
    /// What they say.
    pub value: String,
    /// The first of them, up to [`Self::KEPT`]; all are counted.
    pub facts: Vec<StoredFact>,
    /// How many there are.
    pub total: u64,
    /// How many of profiles that are not marked for deletion.
    pub live: u64,
    /// Files that were read of the hives in which they are, each hive with all of its copies.
    pub copies: u64,
    /// The hive, or the series of its copies, of the last of them.
    last_series: String,
    /// How many hosts they are of.
    pub hosts: u64,
    /// The host of the last of them.
    last_host: String,
    /// The accounts they are of.
    pub accounts: Accounts,
}

/// Accounts that are counted. Of each a hash is held, for a fleet has a hundred thousand.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// Whether an account was met on several hosts, and on which first, by the beginning of the SHA-256 of its key.
    seen: HashMap<[u8; 16], Met>,
    /// Those whose identifier a domain or a machine gave to one account.
    pub given: u64,
    /// Those of them that were met on several hosts.
    pub given_on_several_hosts: u64,
}

#[derive(Clone, Copy, Debug)]
struct Met {
    first_host: u32,
    on_several: bool,
}

impl Accounts {
    /// Accounts that are kept apart; a fleet seldom has more, and counts then say "at least".
    const APART: usize = 100_000;

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Adds an account by its key; hosts are numbered.
    fn add(&mut self, key: &str, host: u64) {
        let host = u32::try_from(host).unwrap_or(u32::MAX);
        let digest = Sha256::digest(key);
        let Some(hash) = digest.first_chunk::<16>() else { return };
        let is_given = u64::from(is_given(key));
        let is_full = self.seen.len() >= Self::APART;
        match self.seen.get_mut(hash) {
            Some(met) if !met.on_several && met.first_host != host => {
                met.on_several = true;
                self.given_on_several_hosts += is_given;
            }
            Some(_) => {}
            None if is_full => {}
            None => {
                self.seen.insert(*hash, Met { first_host: host, on_several: false });
                self.given += is_given;
            }
        }
    }
}

/// Identifiers that a domain or a machine gives to one account; those of LocalSystem and its kin are everywhere.
fn is_given(account: &str) -> bool {
    account.starts_with("S-1-5-21-")
}

impl FactGroup {
    /// Facts kept of one group.
    pub const KEPT: usize = 100;

    fn new(first: &StoredFact) -> Self {
        Self {
            kind: first.kind,
            value: first.value.clone(),
            facts: Vec::new(),
            total: 0,
            live: 0,
            copies: 0,
            last_series: String::new(),
            hosts: 0,
            last_host: String::new(),
            accounts: Accounts::default(),
        }
    }

    fn add(&mut self, fact: StoredFact) {
        self.total += 1;
        self.live += u64::from(fact.is_live);
        // Facts of one hive stand together, for they come in the order of host, account and hive.
        if self.last_series != fact.series {
            self.copies += fact.copies;
            self.last_series.clone_from(&fact.series);
        }
        if self.hosts == 0 || self.last_host != fact.host {
            self.hosts += 1;
            self.last_host.clone_from(&fact.host);
        }
        self.accounts.add(&fact.account_key(), self.hosts);
        if self.facts.len() < Self::KEPT {
            self.facts.push(fact);
        }
    }
}

impl Fleet {
    /// A fleet of a site that tells which servers exist, if it does.
    pub fn of_site(servers: Option<Servers>) -> Self {
        Self { servers, ..Self::default() }
    }

    /// Adds what a hive has.
    pub fn add(&mut self, report: &HiveReport) -> io::Result<()> {
        let facts = report.judged.fleet_facts.iter();
        facts.map(|fact| StoredFact::of(report, fact)).try_for_each(|fact| self.spill.push(fact))
    }

    /// Adds a fact that was kept.
    pub fn add_stored(&mut self, fact: StoredFact) -> io::Result<()> {
        self.spill.push(fact)
    }

    /// Judges everything; hands the findings to `take`, by rule, then by what the hives have in common.
    pub fn close<E: From<io::Error>>(
        self,
        mut take: impl FnMut(FleetFinding) -> Result<(), E>,
    ) -> Result<(), E> {
        let sorted = self.spill.close()?;
        let mut whole = judges::Whole::of_site(self.servers);
        for_each_group(&sorted, FleetKind::Server, |group| {
            whole.add(&group);
            Ok::<(), io::Error>(())
        })?;
        for (rule, kind, judge) in judges::ALL {
            for_each_group(&sorted, kind, |group| match judge(&group, &whole) {
                Some(claim) => {
                    let id = identifier(rule, &group);
                    let judges::Claim { severity, confidence, detail } = claim;
                    take(FleetFinding { id, rule, severity, confidence, detail, group })
                }
                None => Ok(()),
            })?;
        }
        Ok(())
    }
}

/// Hands the groups of one kind to `show`.
fn for_each_group<E: From<io::Error>>(
    sorted: &Sorted,
    kind: FleetKind,
    mut show: impl FnMut(FactGroup) -> Result<(), E>,
) -> Result<(), E> {
    let mut group: Option<(String, FactGroup)> = None;
    for fact in sorted.facts(kind)? {
        let fact = fact?;
        let same = |(folded, _): &(String, FactGroup)| *folded == fact.folded;
        if !group.as_ref().is_some_and(same)
            && let Some((_, done)) = group.replace((fact.folded.clone(), FactGroup::new(&fact)))
        {
            show(done)?;
        }
        if let Some((_, group)) = &mut group {
            group.add(fact);
        }
    }
    group.map_or(Ok(()), |(_, last)| show(last))
}

/// The same finding in later copies keeps its identifier as long as it concerns the same profiles.
fn identifier(rule: &Rule, group: &FactGroup) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(rule.id);
    add(&group.value.to_uppercase());
    for fact in &group.facts {
        for text in [&fact.host, &fact.hive_path, &fact.key_path] {
            add(text);
        }
    }
    let digest = hash.finalize();
    hex(digest.get(..12).unwrap_or(&digest))
}
