//! `accounts.csv`: one row for each account of each host, over all of its hives.

use std::collections::BTreeMap;

use crate::account::machine::Meaning;
use crate::account::{AccountService, Attribution};
use crate::finding::Severity;
use crate::scan::{Companions, HiveReport};
use crate::wintypes::Filetime;

use super::SCHEMA;
use super::table::{Cell, Formulas, TableWriter, table};

table! {
    /// A row of `accounts.csv`.
    AccountRow {
        schema: "version of these columns",
        host: "the host that the path of the hives shows",
        account: "name of the account, as well as it is known: often that of the profile folder",
        account_sid: "security identifier of the account",
        account_kind: "service, system, user or unknown",
        account_basis: "how name and identifier are known, and what contradicts them",
        account_confidence: "how sure the account is: low, medium or high",
        services: "services that run as the account, by the host's SYSTEM hive, and how each is known to",
        hives: "hives of the account that were read",
        hive_paths: "these hives",
        live_profiles: "profiles under Profiles",
        deleted_profiles: "profiles under Deleted Profiles",
        recovered_profiles: "profiles that are live no more and of which something was recovered",
        findings_high: "findings of high severity",
        findings_medium: "findings of medium severity",
        findings_low: "findings of low severity",
        findings_info: "findings of severity info",
        first_trace: "the earliest time of any key of MAPI, live or recovered",
        last_trace: "the latest time of any key of MAPI, live or recovered",
        roots: "places of profiles that are there",
        absence: "where none is there, what that is worth",
        mmp_files: "files of temporary profiles (.mmp) seen in the account's folder",
        nk2_files: "nickname files (.nk2) seen there, which bear the names of profiles",
        ost_files: "offline folders (.ost) seen there",
        pst_files: "personal folders (.pst) seen there",
    }
}

/// What was learnt of the accounts so far.
#[derive(Debug, Default)]
pub struct Accounts {
    by_key: BTreeMap<Key, Account>,
}

/// Host, label and identifier tell accounts apart.
type Key = (Option<String>, String, Option<String>);

#[derive(Debug)]
struct Account {
    attribution: Attribution,
    hive_paths: Vec<String>,
    profiles: [usize; 3],
    severities: [u64; Severity::ALL.len()],
    traces: Option<(Filetime, Filetime)>,
    roots: Vec<String>,
    absence: Option<String>,
}

impl Accounts {
    /// Adds a hive. Hives of the machine belong to no account.
    pub fn add(&mut self, report: &HiveReport) {
        let (coverage, judged) = (&report.coverage, &report.judged);
        let attribution = &coverage.account;
        if coverage.state.is_none() || attribution.is_machine() {
            return;
        }
        let sid = attribution.sid.as_ref().map(ToString::to_string);
        let key = (coverage.host.clone(), attribution.label(), sid);
        let account = self.by_key.entry(key).or_insert_with(|| Account {
            attribution: attribution.clone(),
            hive_paths: Vec::new(),
            profiles: [0; 3],
            severities: [0; Severity::ALL.len()],
            traces: None,
            roots: Vec::new(),
            absence: None,
        });
        if attribution.confidence > account.attribution.confidence {
            account.attribution = attribution.clone();
        }
        account.hive_paths.push(coverage.hive_path.clone());
        let profiles = [judged.live_profiles, judged.deleted_profiles, judged.recovered_profiles];
        for (sum, more) in account.profiles.iter_mut().zip(profiles) {
            *sum += more;
        }
        for finding in &judged.findings {
            let places = Severity::ALL.iter().zip(&mut account.severities);
            places
                .filter(|(severity, _)| **severity == finding.claim.severity)
                .for_each(|(_, number)| *number += 1);
        }
        if let Some((first, last)) = judged.traces {
            let (earliest, latest) = account.traces.unwrap_or((first, last));
            account.traces = Some((earliest.min(first), latest.max(last)));
        }
        for root in &judged.roots {
            if !account.roots.contains(root) {
                account.roots.push(root.clone());
            }
        }
        account.absence = account.absence.take().or_else(|| judged.absence.clone());
    }

    /// The rows as they stand in the table, without its header.
    pub fn lines(&self, companions: &Companions, formulas: Formulas) -> Vec<u8> {
        let mut table = TableWriter::headless(Vec::new(), formulas);
        // Memory is always writable.
        let _ = self.rows(companions, |row| table.write(row));
        table.finish().unwrap_or_default()
    }

    /// Hands the rows to `write`, by host, name and identifier.
    pub fn rows<E>(
        &self,
        companions: &Companions,
        mut write: impl FnMut(AccountRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.by_key.iter().try_for_each(|((host, _, sid), account)| {
            let attribution = &account.attribution;
            let seen = account.hive_paths.first().map(|path| companions.beside(path)).unwrap_or_default();
            let [live, deleted, recovered] = account.profiles;
            let [info, low, medium, high] = account.severities;
            write(AccountRow {
                schema: SCHEMA.into(),
                host: host.as_deref().into(),
                account: attribution.name.as_deref().into(),
                account_sid: sid.as_deref().into(),
                account_kind: attribution.kind.as_str().into(),
                account_basis: attribution.basis().into(),
                account_confidence: attribution.confidence.as_str().into(),
                services: services(&attribution.services).into(),
                hives: account.hive_paths.len().into(),
                hive_paths: account.hive_paths.join("; ").into(),
                live_profiles: live.into(),
                deleted_profiles: deleted.into(),
                recovered_profiles: recovered.into(),
                findings_high: high.into(),
                findings_medium: medium.into(),
                findings_low: low.into(),
                findings_info: info.into(),
                first_trace: account.traces.map(|(first, _)| first).into(),
                last_trace: account.traces.map(|(_, last)| last).into(),
                roots: account.roots.join("; ").into(),
                absence: account.absence.as_deref().filter(|_| account.roots.is_empty()).into(),
                mmp_files: seen.mmp.into(),
                nk2_files: seen.nk2.into(),
                ost_files: seen.ost.into(),
                pst_files: seen.pst.into(),
                neutralized: Cell::Empty,
            })
        })
    }
}

/// Names of services with the account each names, and how that is known to be this one.
fn services(services: &[AccountService]) -> Option<String> {
    let services: Vec<String> = services
        .iter()
        .map(|service| {
            let how = match service.meaning {
                Meaning::Same => "same identifier",
                Meaning::SameName => "same name only",
                Meaning::FolderName => "name of the profile folder only",
                Meaning::NothingShown | Meaning::Other => "nothing shown",
            };
            format!("{} ({}: {how})", service.key.value, service.object_name.text)
        })
        .collect();
    (!services.is_empty()).then(|| services.join("; "))
}
