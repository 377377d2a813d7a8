//! `accounts.csv`: one row for each account of each host, over all of its hives.

use std::collections::BTreeMap;

use crate::account::machine::Meaning;
use crate::account::{AccountService, Attribution};
use crate::finding::Severity;
use crate::scan::{Companions, Earlier, HiveReport};
use crate::wintypes::Filetime;

use super::SCHEMA;
use super::table::{Cell, Formulas, TableWriter, table};

table! {
    /// A row of `accounts.csv`.
    AccountRow {
        schema: "version of these columns",
        host: "the host that the path of the hives shows",
        computer_name: "name of the computer, by the SYSTEM hive of the host",
        account: "name of the account, as well as it is known: often that of the profile folder",
        account_sid: "security identifier of the account",
        account_kind: "service, system, user or unknown",
        account_basis: "how name and identifier are known, and what contradicts them",
        account_confidence: "how sure the account is: low, medium or high",
        services: "services that run as the account, by the host's SYSTEM hive, and how each is known to",
        hives: "hives of the account that were read; copies of one hive count once",
        copies: "files that were read of these hives, each hive with all of its copies",
        hive_paths: "these files",
        live_profiles: "profiles under Profiles",
        deleted_profiles: "profiles under Deleted Profiles",
        recovered_profiles: "profiles that are live no more and of which something was recovered",
        only_in_older_copies: "profiles that older copies of the hives hold and the newest does not: they were there, and are gone \
                               unless a doubt is told",
        findings_high: "findings of high severity; these numbers have those too that a filter or a baseline left out",
        findings_medium: "findings of medium severity",
        findings_low: "findings of low severity",
        findings_info: "findings of severity info",
        findings_in_older_copies: "findings of older copies of the hives, which the numbers before leave out",
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
    computer_name: Option<String>,
    /// Hives, each with all of its copies.
    hives: u64,
    /// Where the newest copy of a hive of it lies.
    newest_path: Option<String>,
    only_in_older_copies: Vec<String>,
    findings_in_older_copies: u64,
    hive_paths: Vec<String>,
    profiles: [usize; 3],
    severities: [u64; Severity::ALL.len()],
    traces: Option<(Filetime, Filetime)>,
    roots: Vec<String>,
    absence: Option<String>,
}

impl Account {
    /// An account of which no hive has been added.
    fn of(attribution: Attribution) -> Self {
        Self {
            attribution,
            computer_name: None,
            hives: 0,
            newest_path: None,
            only_in_older_copies: Vec::new(),
            findings_in_older_copies: 0,
            hive_paths: Vec::new(),
            profiles: [0; 3],
            severities: [0; Severity::ALL.len()],
            traces: None,
            roots: Vec::new(),
            absence: None,
        }
    }
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
        let key = (coverage.host.clone(), report.account_label(), sid);
        let mut is_new = false;
        let account = self.by_key.entry(key).or_insert_with(|| {
            is_new = true;
            Account::of(attribution.clone())
        });
        account.hive_paths.push(coverage.hive_path.clone());
        if let Some((first, last)) = judged.traces {
            let (earliest, latest) = account.traces.unwrap_or((first, last));
            account.traces = Some((earliest.min(first), latest.max(last)));
        }
        if report.is_newest() || account.computer_name.is_none() {
            account.computer_name = report.computer_name.clone().or(account.computer_name.take());
        }
        if !report.is_newest() {
            account.findings_in_older_copies += judged.severities.iter().sum::<u64>();
            return;
        }
        let knows_better =
            account.newest_path.is_none() || attribution.confidence > account.attribution.confidence;
        if knows_better && !is_new {
            account.attribution = attribution.clone();
        }
        account.hives += 1;
        account.newest_path.get_or_insert_with(|| coverage.hive_path.clone());
        let earlier = report.copy.as_ref().and_then(|copy| copy.earlier.as_ref());
        account.only_in_older_copies.extend(earlier.and_then(only_in_older_copies));
        let profiles = [judged.live_profiles, judged.deleted_profiles, judged.recovered_profiles];
        for (sum, more) in account.profiles.iter_mut().zip(profiles) {
            *sum += more;
        }
        for (sum, more) in account.severities.iter_mut().zip(judged.severities) {
            *sum += more;
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
            let seen = account.newest_path.as_ref().map(|path| companions.beside(path)).unwrap_or_default();
            let [live, deleted, recovered] = account.profiles;
            let [info, low, medium, high] = account.severities;
            write(AccountRow {
                schema: SCHEMA.into(),
                host: host.as_deref().into(),
                computer_name: account.computer_name.as_deref().into(),
                account: attribution.name.as_deref().into(),
                account_sid: sid.as_deref().into(),
                account_kind: attribution.kind.as_str().into(),
                account_basis: attribution.basis().into(),
                account_confidence: attribution.confidence.as_str().into(),
                services: services(&attribution.services).into(),
                hives: account.hives.into(),
                copies: account.hive_paths.len().into(),
                hive_paths: account.hive_paths.join("; ").into(),
                live_profiles: live.into(),
                deleted_profiles: deleted.into(),
                recovered_profiles: recovered.into(),
                only_in_older_copies: account.only_in_older_copies.join("; ").into(),
                findings_high: high.into(),
                findings_medium: medium.into(),
                findings_low: low.into(),
                findings_info: info.into(),
                findings_in_older_copies: account.findings_in_older_copies.into(),
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

/// The profiles with the copy that has each, and what makes it doubtful that they are gone.
fn only_in_older_copies(earlier: &Earlier) -> Option<String> {
    /// Profiles spelled out in a cell; all are counted.
    const SHOWN: usize = 50;

    let shown = earlier.profiles.iter().take(SHOWN).map(|held| {
        let profile = &held.profile;
        let state = profile.state.as_str();
        let remains = if held.has_remains { ", recovered from the newest copy" } else { "" };
        let (root, name) = (&profile.root, &profile.name);
        format!("{root}: \"{name}\" ({state} in copy {}, {}{remains})", held.place, held.hive_path)
    });
    let more = earlier.profiles.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("and {more} more"));
    let doubt = earlier.doubt.as_ref().map(|doubt| format!("not known to be gone: {doubt}"));
    let parts: Vec<String> = shown.chain(more).chain(doubt).collect();
    (!earlier.profiles.is_empty()).then(|| parts.join("; "))
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
