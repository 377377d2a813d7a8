//! What is told when all hives of a group are there: rows of the coverage table, which say what is a copy of what, accounts,
//! machine hives that were given, and facts for the rules over all hives.

use std::collections::{BTreeMap, BTreeSet};

use super::streams::{Added, Stream};
use crate::fleet::StoredFact;
use crate::report::{Accounts, Formulas, Summary, hive_row, input_rows};
use crate::scan::{Companions, GroupKey, HiveReport, InputFile, link_copies};

/// A group whose hives are coming.
#[derive(Debug)]
pub struct Group {
    key: GroupKey,
    reports: Vec<HiveReport>,
}

/// A group whose hives are all there.
#[derive(Debug)]
pub struct Ended {
    /// Its key.
    pub key: GroupKey,
    /// Its hives, copies of one told as such.
    pub reports: Vec<HiveReport>,
    /// What it adds to the streams.
    pub added: Added,
    /// What happened to its hives.
    pub summary: Summary,
}

impl Group {
    /// A group without hives.
    pub fn new(key: GroupKey) -> Self {
        Self { key, reports: Vec::new() }
    }

    /// Its key.
    pub fn key(&self) -> &GroupKey {
        &self.key
    }

    /// Adds a hive, in the order of rows.
    pub fn add(&mut self, report: HiveReport) {
        self.reports.push(report);
    }

    /// Says what the hives show together.
    pub fn end(self, wanted: &BTreeSet<Stream>, companions: &Companions, formulas: Formulas) -> Ended {
        let Self { key, mut reports } = self;
        link_copies(&mut reports);
        let mut added = Added::default();
        let mut summary = Summary::default();
        for report in &reports {
            summary.add(report);
        }
        if wanted.contains(&Stream::Hives) {
            added.rows(Stream::Hives, formulas, reports.iter().map(hive_row));
        }
        if wanted.contains(&Stream::Accounts) {
            let mut accounts = Accounts::default();
            for report in &reports {
                accounts.add(report);
            }
            added.put(Stream::Accounts, accounts.lines(companions, formulas));
        }
        if wanted.contains(&Stream::Inputs) {
            // Of all hives of the group the same were read.
            let given: BTreeMap<&str, &[InputFile]> = reports
                .iter()
                .flat_map(|report| report.given.iter())
                .map(|given| (given.hive_path.as_str(), given.files.as_slice()))
                .collect();
            let rows = given.iter().flat_map(|(hive_path, files)| input_rows(hive_path, None, files));
            added.rows(Stream::Inputs, formulas, rows);
        }
        if wanted.contains(&Stream::FleetFacts) {
            let facts = reports
                .iter()
                .flat_map(|report| report.judged.fleet_facts.iter().map(|fact| StoredFact::of(report, fact)));
            added.facts(facts);
        }
        Ended { key, reports, added, summary }
    }
}
