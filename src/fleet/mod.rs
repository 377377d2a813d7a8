//! Floor 7: what only all hives together show. Each hive adds small facts to a spill; closing it sorts them, with bounded
//! memory whatever their number, and judges each group of facts that say the same.

mod judges;
mod servers;
mod spill;

use std::collections::{BTreeMap, BTreeSet};
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
    /// Hosts, as many as are kept apart.
    pub hosts: BTreeSet<String>,
    /// The hosts of each account.
    pub accounts: BTreeMap<String, BTreeSet<String>>,
}

impl FactGroup {
    /// Facts kept of one group.
    pub const KEPT: usize = 100;
    /// Accounts and hosts that are kept apart in one group; a fleet seldom has more, and counts then say "at least".
    const APART: usize = 100_000;

    fn new(first: &StoredFact) -> Self {
        Self {
            kind: first.kind,
            value: first.value.clone(),
            facts: Vec::new(),
            total: 0,
            live: 0,
            copies: 0,
            last_series: String::new(),
            hosts: BTreeSet::new(),
            accounts: BTreeMap::new(),
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
        if self.hosts.len() < Self::APART {
            self.hosts.insert(fact.host.clone());
        }
        if self.accounts.len() < Self::APART {
            self.accounts.entry(fact.account_key()).or_default().insert(fact.host.clone());
        }
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
        for_each_group(&sorted, |group| {
            whole.add(&group);
            Ok::<(), io::Error>(())
        })?;
        for (rule, judge) in judges::ALL {
            for_each_group(&sorted, |group| match judge(&group, &whole) {
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

fn for_each_group<E: From<io::Error>>(
    sorted: &Sorted,
    mut show: impl FnMut(FactGroup) -> Result<(), E>,
) -> Result<(), E> {
    let mut group: Option<(String, FactGroup)> = None;
    for fact in sorted.facts()? {
        let fact = fact?;
        let same = |(folded, group): &(String, FactGroup)| group.kind == fact.kind && *folded == fact.folded;
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
