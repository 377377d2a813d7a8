//! The findings, each a card: what was seen, why it matters, what it does not prove, where it stands in which file, and how
//! to see it again.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;

use askama::Template;
use csv::Position;

use crate::account;

use super::escape::{clipped, shell};
use super::overview::{Overview, SEVERITIES};
use super::tables::{Row, Table, each_row_until, until};
use super::{MOST_ROWS, ReportError, grouped, prose, readable, render};

/// Evidence that a card spells out; a finding has up to a hundred places.
const MOST_EVIDENCE: usize = 12;
/// Characters of a text in a card.
const LONGEST: usize = 1200;

#[derive(Template)]
#[template(path = "findings_head.html")]
struct FindingsHead {
    total: u64,
    shown: u64,
    /// `first 10,000 of 161,319`, where not all are shown.
    bound: Option<String>,
    accounts: Vec<String>,
    rules: Vec<String>,
}

#[derive(Template)]
#[template(path = "finding.html")]
pub(super) struct Card {
    pub(super) order: u64,
    pub(super) id: String,
    pub(super) severity: String,
    pub(super) rank: usize,
    pub(super) confidence: String,
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) account: String,
    /// What it is about below the account: a profile with its state, or what hives have in common.
    pub(super) subject: String,
    pub(super) detail: String,
    pub(super) implies: String,
    pub(super) does_not_prove: String,
    pub(super) references: String,
    pub(super) times: String,
    pub(super) last_seen: String,
    pub(super) evidence: Vec<Evidence>,
    /// Places that are not spelled out.
    pub(super) more_evidence: u64,
    pub(super) hive: String,
    /// How to see it again; `None` where a name cannot be given to a shell as it is shown.
    pub(super) command: Option<String>,
}

/// A place that a finding rests on.
pub(super) struct Evidence {
    role: String,
    key: String,
    value_name: String,
    says: String,
    written: String,
    written_exactly: String,
    file: String,
    offset: u64,
    size: u64,
    origin: String,
    sequence: String,
}

#[derive(Template)]
#[template(path = "findings_foot.html")]
struct FindingsFoot {}

/// Where the evidence of the findings that are spelled out begins.
pub(super) struct EvidenceTable {
    table: Option<Table>,
    begins: HashMap<String, Position>,
}

/// Writes the section of findings.
pub(super) fn write(folder: &Path, overview: &Overview, out: &mut impl Write) -> Result<(), ReportError> {
    let shown = overview.shown_findings();
    let (mut accounts, mut rules, mut wanted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    each_shown(folder, shown, |row| {
        if accounts.len() < MOST_ROWS {
            accounts.insert(clipped(&row.account(), 120));
        }
        rules.insert(row.get("rule_id").to_owned());
        wanted.insert(row.get("finding_id").to_owned());
        Ok(())
    })?;
    let (total, all_shown) = (overview.severities.iter().sum(), shown.iter().sum());
    render(
        &FindingsHead {
            total,
            shown: all_shown,
            bound: (all_shown < total).then(|| format!("first {} of {}", grouped(all_shown), grouped(total))),
            accounts: accounts.into_iter().collect(),
            rules: rules.into_iter().collect(),
        },
        out,
    )?;
    let mut evidence = EvidenceTable::open(folder, &wanted)?;
    let mut order = 0;
    // The gravest first, and those of one severity in the order of the table.
    for rank in 0..SEVERITIES.len() {
        let mut of_rank = [0; SEVERITIES.len()];
        if let (Some(slot), Some(number)) = (of_rank.get_mut(rank), shown.get(rank)) {
            *slot = *number;
        }
        each_shown(folder, of_rank, |row| {
            order += 1;
            render(&card(row, order, rank, &mut evidence)?, out)
        })?;
    }
    render(&FindingsFoot {}, out)
}

/// Hands the first findings of each severity to `take`, as many as `shown` says.
fn each_shown(
    folder: &Path,
    shown: [u64; 4],
    mut take: impl FnMut(Row<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut left = shown;
    if left.iter().all(|number| *number == 0) {
        return Ok(());
    }
    each_row_until(folder, "findings.csv", |row| {
        if let Some(left) =
            left.get_mut(super::overview::severity(row.get("severity"))).filter(|left| **left > 0)
        {
            *left -= 1;
            take(row)?;
        }
        Ok(until(left.iter().all(|number| *number == 0)))
    })?;
    Ok(())
}

fn card(row: Row<'_>, order: u64, rank: usize, evidence: &mut EvidenceTable) -> Result<Card, ReportError> {
    let (places, more_evidence) = evidence.of(row.get("finding_id"))?;
    let profile = clipped(row.get("profile"), 120);
    let subject = match (row.get("profile"), row.get("profile_state")) {
        ("", _) => row.get("root").to_owned(),
        (_, "live" | "") => format!("profile “{profile}”"),
        (_, "deleted-pending") => format!("profile “{profile}”, marked for deletion"),
        (_, state) => format!("profile “{profile}”, {state}"),
    };
    let hive = row.get("hive_path");
    // With the machine hives of its host, which a finding may rest on too.
    let host = account::collection(hive).filter(|host| !host.is_empty());
    let scan = shell(host.as_deref().unwrap_or(hive));
    let scan = scan.map(|path| format!("mapihive scan {path} | grep {}", row.get("finding_id")));
    let bytes = places.first().and_then(|first| {
        shell(&first.file).map(|file| format!("xxd -s {} -l {} {file}", first.offset, first.size))
    });
    Ok(Card {
        order,
        id: row.get("finding_id").to_owned(),
        severity: row.get("severity").to_owned(),
        rank,
        confidence: row.get("confidence").to_owned(),
        rule: row.get("rule_id").to_owned(),
        title: row.get("title").to_owned(),
        account: clipped(&row.account(), 120),
        subject,
        detail: clipped(&prose(row.get("detail")), LONGEST),
        implies: row.get("implies").to_owned(),
        does_not_prove: row.get("does_not_prove").to_owned(),
        references: row.get("references").replace(' ', ", "),
        times: times(row),
        last_seen: row.get("last_seen").to_owned(),
        evidence: places,
        more_evidence,
        hive: clipped(hive, LONGEST),
        command: scan.map(|scan| [Some(scan), bytes].into_iter().flatten().collect::<Vec<_>>().join("\n")),
    })
}

/// From when to when, and what that means.
fn times(row: Row<'_>) -> String {
    let (first, last) = (row.get("first_seen"), row.get("last_seen"));
    let meaning = match row.get("time_meaning") {
        "" => String::new(),
        meaning => format!(" ({meaning})"),
    };
    match (first, last) {
        ("", "") => String::new(),
        (first, last) if first == last => format!("{} UTC{meaning}", readable(first)),
        (first, last) => format!("{} to {} UTC{meaning}", readable(first), readable(last)),
    }
}

impl EvidenceTable {
    /// Goes through `evidence.csv` as far as it must, and remembers where the evidence of the `wanted` findings begins.
    pub(super) fn open(folder: &Path, wanted: &BTreeSet<String>) -> Result<Self, ReportError> {
        let mut begins = HashMap::new();
        let is_wanted = !wanted.is_empty();
        each_row_until(folder, "evidence.csv", |row| {
            let id = row.get("finding_id");
            if wanted.contains(id) && !begins.contains_key(id) {
                begins.extend(row.position().map(|position| (id.to_owned(), position)));
            }
            Ok(until(!is_wanted || begins.len() == wanted.len()))
        })?;
        Ok(Self { table: Table::open(folder, "evidence.csv")?, begins })
    }

    /// The first places of a finding, and how many more there are.
    pub(super) fn of(&mut self, id: &str) -> Result<(Vec<Evidence>, u64), ReportError> {
        let (Some(table), Some(position)) = (&mut self.table, self.begins.get(id)) else {
            return Ok((Vec::new(), 0));
        };
        table.seek(position)?;
        let (mut places, mut more) = (Vec::new(), 0);
        while let Some(row) = table.next()?.filter(|row| row.get("finding_id") == id) {
            if places.len() < MOST_EVIDENCE {
                places.push(Evidence::of(row));
            } else {
                more += 1;
            }
        }
        Ok((places, more))
    }
}

impl Evidence {
    fn of(row: Row<'_>) -> Self {
        let record = match row.get("record") {
            "nk" => "key",
            "vk" => "value",
            other => other,
        };
        Self {
            role: format!("{} ({record})", row.get("role")),
            key: clipped(row.get("key_path"), 400),
            value_name: clipped(row.get("value_name"), 200),
            says: clipped(row.get("value"), 400),
            written: readable(row.get("last_written")),
            written_exactly: row.get("last_written").to_owned(),
            file: row.get("file").to_owned(),
            offset: row.number("file_offset"),
            size: row.number("size"),
            origin: row.get("origin").to_owned(),
            sequence: row.get("log_sequence").to_owned(),
        }
    }

    /// The name of the file without its folders.
    fn file_name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}
