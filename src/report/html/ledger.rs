//! The lists of the report: findings about several hives, what logs changed, accounts, coverage, and the rules that fired.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use askama::Template;

use super::escape::clipped;
use super::findings::{Card, EvidenceTable};
use super::overview::{Overview, SEVERITIES, severity};
use super::tables::{Row, each_row};
use super::{MOST_ROWS, ReportError, counted, grouped, prose, readable, render};

/// Characters of a text in a list.
const LONGEST: usize = 500;

/// A list that may be longer than what is shown.
struct Bounded<T> {
    rows: Vec<T>,
    total: u64,
    is_there: bool,
}

impl<T> Bounded<T> {
    /// Keeps the first rows of a table for which `take` gives something.
    fn read(
        folder: &Path,
        table: &str,
        mut take: impl FnMut(Row<'_>) -> Option<T>,
    ) -> Result<Self, ReportError> {
        let mut list = Self { rows: Vec::new(), total: 0, is_there: true };
        list.is_there = each_row(folder, table, |row| {
            if let Some(entry) = take(row) {
                list.total += 1;
                if list.rows.len() < MOST_ROWS {
                    list.rows.push(entry);
                }
            }
            Ok(())
        })?;
        Ok(list)
    }

    /// `first 500 of 1,234`, where not all are shown.
    fn bound(&self) -> Option<String> {
        let shown = self.rows.len() as u64;
        (shown < self.total).then(|| format!("first {} of {}", grouped(shown), grouped(self.total)))
    }
}

#[derive(Template)]
#[template(path = "fleet_head.html")]
struct FleetHead {
    is_there: bool,
    total: u64,
    bound: Option<String>,
}

/// Writes the findings about several hives.
pub(super) fn fleet(folder: &Path, out: &mut impl Write) -> Result<(), ReportError> {
    let mut list = Bounded::read(folder, "fleet_findings.csv", |row| Some(fleet_card(row)))?;
    render(&FleetHead { is_there: list.is_there, total: list.total, bound: list.bound() }, out)?;
    let wanted: BTreeSet<String> = list.rows.iter().map(|card| card.id.clone()).collect();
    let mut evidence = EvidenceTable::open(folder, &wanted)?;
    list.rows.sort_by_key(|card| card.rank);
    for mut card in list.rows {
        let (places, more) = evidence.of(&card.id)?;
        (card.evidence, card.more_evidence) = (places, more + card.more_evidence);
        render(&card, out)?;
    }
    render(&SectionFoot {}, out)
}

fn fleet_card(row: Row<'_>) -> Card {
    let (first, last) = (readable(row.get("first_seen")), readable(row.get("last_seen")));
    Card {
        order: 0,
        id: row.get("finding_id").to_owned(),
        severity: row.get("severity").to_owned(),
        rank: severity(row.get("severity")),
        confidence: row.get("confidence").to_owned(),
        rule: row.get("rule_id").to_owned(),
        title: row.get("title").to_owned(),
        account: format!(
            "{}, {}",
            counted(row.number("hosts"), "host"),
            counted(row.number("accounts"), "account")
        ),
        subject: clipped(row.get("subject"), 200),
        detail: clipped(&prose(row.get("detail")), 1200),
        implies: row.get("implies").to_owned(),
        does_not_prove: row.get("does_not_prove").to_owned(),
        references: row.get("references").replace(' ', ", "),
        times: if first.is_empty() { String::new() } else { format!("{first} to {last} UTC") },
        last_seen: row.get("last_seen").to_owned(),
        evidence: Vec::new(),
        more_evidence: row.number("evidence_left_out"),
        hive: String::new(),
        command: None,
    }
}

#[derive(Template)]
#[template(path = "section_foot.html")]
struct SectionFoot {}

#[derive(Template)]
#[template(path = "log_changes.html")]
struct LogChanges {
    list: Bounded<LogChange>,
    touched: u64,
}

struct LogChange {
    account: String,
    profile: String,
    key: String,
    value_name: String,
    what: String,
    before: String,
    after: String,
    detail: String,
    log: String,
    sequence: String,
    before_offset: String,
}

/// Writes what the logs changed. Keys that hold the same and were written at another time are counted.
pub(super) fn log_changes(folder: &Path, out: &mut impl Write) -> Result<(), ReportError> {
    let mut touched = 0;
    let list = Bounded::read(folder, "log_changes.csv", |row| {
        if row.get("what") == "touched" {
            touched += 1;
            return None;
        }
        Some(LogChange {
            account: clipped(&row.account(), 120),
            profile: clipped(row.get("profile"), 120),
            key: clipped(row.get("key_path"), LONGEST),
            value_name: clipped(row.get("value_name"), 120),
            what: row.get("what").to_owned(),
            before: clipped(row.get("before_value"), 300),
            after: clipped(row.get("after_value"), 300),
            detail: clipped(&prose(row.get("detail")), LONGEST),
            log: row.get("log_file").rsplit('/').next().unwrap_or_default().to_owned(),
            sequence: row.get("log_sequence").to_owned(),
            before_offset: row.get("before_offset").to_owned(),
        })
    })?;
    render(&LogChanges { list, touched }, out)
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct Accounts {
    list: Bounded<Account>,
}

struct Account {
    name: String,
    sid: String,
    kind: String,
    confidence: String,
    basis: String,
    services: String,
    profiles: [String; 3],
    findings: [String; 4],
    first: String,
    last: String,
    absence: String,
}

/// Writes the accounts.
pub(super) fn accounts(folder: &Path, out: &mut impl Write) -> Result<(), ReportError> {
    let list = Bounded::read(folder, "accounts.csv", |row| {
        let columns = ["live_profiles", "deleted_profiles", "recovered_profiles"];
        Some(Account {
            name: clipped(&row.account(), 120),
            sid: row.get("account_sid").to_owned(),
            kind: row.get("account_kind").to_owned(),
            confidence: row.get("account_confidence").to_owned(),
            basis: clipped(row.get("account_basis"), LONGEST),
            services: clipped(row.get("services"), LONGEST),
            profiles: columns.map(|column| row.get(column).to_owned()),
            findings: SEVERITIES.map(|severity| row.get(&format!("findings_{severity}")).to_owned()),
            first: readable(row.get("first_trace")),
            last: readable(row.get("last_trace")),
            absence: clipped(row.get("absence"), LONGEST),
        })
    })?;
    render(&Accounts { list }, out)
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct Coverage {
    troubled: Bounded<Hive>,
    calm: Bounded<Hive>,
}

struct Hive {
    path: String,
    account: String,
    status: String,
    state: String,
    version: String,
    reason: String,
    logs: String,
    not_judged: Vec<String>,
    cells: String,
    findings: String,
}

/// Writes what became of every file, those first of which something is missing.
pub(super) fn coverage(folder: &Path, out: &mut impl Write) -> Result<(), ReportError> {
    let is_troubled = |row: &Row<'_>| {
        row.get("status") != "parsed"
            || ["damaged", "dirty-unreplayed"].contains(&row.get("hive_state"))
            || !row.get("rules_not_judged").is_empty()
    };
    let troubled = Bounded::read(folder, "hives.csv", |row| is_troubled(&row).then(|| hive(row)))?;
    let calm = Bounded::read(folder, "hives.csv", |row| (!is_troubled(&row)).then(|| hive(row)))?;
    render(&Coverage { troubled, calm }, out)
}

fn hive(row: Row<'_>) -> Hive {
    /// Reasons of rules that are spelled out.
    const MOST: usize = 20;

    let not_judged = row.get("rules_not_judged").split("; ").filter(|text| !text.is_empty());
    Hive {
        path: clipped(row.get("hive_path"), LONGEST),
        account: match (row.get("account"), row.get("account_sid")) {
            ("", "") => String::new(),
            _ => clipped(&row.account(), 120),
        },
        status: row.get("status").to_owned(),
        state: row.get("hive_state").to_owned(),
        version: row.get("format_version").to_owned(),
        reason: clipped(row.get("reason"), LONGEST),
        logs: clipped(row.get("logs"), LONGEST),
        not_judged: not_judged.take(MOST).map(|text| clipped(text, 300)).collect(),
        cells: row.get("cells_read").to_owned(),
        findings: row.get("findings").to_owned(),
    }
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Rules {
    list: Bounded<Rule>,
}

struct Rule {
    id: String,
    slug: String,
    title: String,
    severities: String,
    count: String,
    condition: String,
    false_positives: String,
    remediation: String,
    references: String,
}

/// Writes the rules that fired.
pub(super) fn rules(folder: &Path, overview: &Overview, out: &mut impl Write) -> Result<(), ReportError> {
    let list = Bounded::read(folder, "rules.csv", |row| {
        let count = *overview.rules.get(row.get("rule_id"))?;
        Some(Rule {
            id: row.get("rule_id").to_owned(),
            slug: row.get("slug").to_owned(),
            title: row.get("title").to_owned(),
            severities: row.get("severities").replace(' ', ", "),
            count: counted(count, "finding"),
            condition: row.get("condition").to_owned(),
            false_positives: row.get("false_positives").to_owned(),
            remediation: row.get("remediation").to_owned(),
            references: row.get("references").replace(' ', ", "),
        })
    })?;
    render(&Rules { list }, out)
}
