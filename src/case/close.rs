//! A case closed: streams get their names, what only all hives together show is judged, the report is written, then the
//! manifest and the hashes of all files.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use super::error::{CaseError, read_error, write_error};
use super::filter::Filter;
use super::folder::CaseFolder;
use super::manifest::{Audit, Ending, Manifest};
use super::part::{NewFile, Settings};
use super::streams::{Stream, rows_of};
use crate::finding::Severity;
use crate::fleet::{Fleet, Servers, StoredFact};
use crate::report::{
    FleetFindingRow, Formulas, RuleRow, Summary, TableWriter, fleet_evidence_rows, fleet_finding_line,
    fleet_finding_row, hive_row, html, rule_row,
};
use crate::rules;
use crate::scan::{Coverage, HiveReport, Unit};
use crate::wintypes::Filetime;

/// Tables that are made when a case is closed.
pub(super) const CLOSED: [&str; 3] = [FLEET_FINDINGS, RULES, REPORT];
const FLEET_FINDINGS: &str = "fleet_findings.csv";
const RULES: &str = "rules.csv";
const REPORT: &str = "report.html";
/// The folder with one table of findings per account, and its name until all of them are whole.
pub(super) const BY_ACCOUNT: [&str; 2] = ["findings-by-account", "findings-by-account.new"];

/// What closing needs to know.
pub struct Closing<'c> {
    /// How the run ended.
    pub ending: Ending,
    /// How it came about.
    pub audit: Audit,
    /// When it began and ended, for the report.
    pub times: [Filetime; 2],
    /// Files and folders that were searched, or parts that were joined.
    pub inputs: Vec<String>,
    /// How hives were read and judged.
    pub settings: Settings,
    /// What happened.
    pub summary: Summary,
    /// Files in the folders that are neither hives nor logs.
    pub other_files: u64,
    /// Units that an interruption left unread.
    pub left: &'c [Unit],
    /// How cells that look like formulas are written.
    pub formulas: Formulas,
    /// The servers that exist, where a site tells.
    pub servers: Option<Servers>,
    /// Which findings are written.
    pub filter: Filter,
    /// Whether findings are written per account too.
    pub by_account: bool,
}

/// Closes the case whose streams lie in the folder of this run. With the manifest comes how many findings about several hives
/// there are of each severity, in the order of [`Severity::ALL`].
pub fn close(
    case: &CaseFolder,
    mut closing: Closing<'_>,
) -> Result<(Manifest, [u64; Severity::ALL.len()]), CaseError> {
    add_left(case.work(), &mut closing)?;
    let fleet = Fleet::of_site(closing.servers.take());
    let fleet_findings = add_fleet(case, fleet, &closing.filter, closing.formulas)?;
    write_rules(&case.path().join(RULES))?;
    for stream in Stream::ALL.into_iter().filter(|stream| stream.is_table()) {
        let (from, to) = (case.work().join(stream.file()), case.path().join(stream.file()));
        let file = File::open(&from).map_err(read_error(&from))?;
        file.sync_all().map_err(write_error(&from))?;
        std::fs::rename(&from, &to).map_err(write_error(&to))?;
    }
    if closing.by_account {
        let [folder, new] = BY_ACCOUNT.map(|name| case.path().join(name));
        super::by_account::write(case.path(), &new)?;
        std::fs::rename(&new, &folder).map_err(write_error(&folder))?;
    }
    write_report(case.path(), &closing)?;
    let mut manifest = Manifest::of(closing.ending, closing.audit, closing.settings, &closing.summary);
    manifest.other_files = closing.other_files;
    manifest.fleet_findings = fleet_findings.iter().sum();
    Ok((manifest.write(case.path())?, fleet_findings))
}

/// Gives each unit that an interruption left unread its row in the coverage table.
fn add_left(work: &Path, closing: &mut Closing<'_>) -> Result<(), CaseError> {
    const WHY: &str = "not looked at: the run was interrupted; --resume goes on with it";

    let mut hives = append(&work.join(Stream::Hives.file()))?;
    for unit in closing.left {
        let mut report = HiveReport::unread(match unit {
            Unit::Read(candidate) => Coverage::skipped(candidate, WHY),
            Unit::PassedOver(passed) => Coverage::passed_over(passed),
        });
        report.filter = closing.filter.to_string();
        closing.summary.add(&report);
        let path = work.join(Stream::Hives.file());
        hives.write_all(&rows_of(closing.formulas, [hive_row(&report)])).map_err(write_error(&path))?;
    }
    flush(hives, &work.join(Stream::Hives.file()))
}

/// Judges what only all hives together show; its findings have a table of their own, their evidence stands with that of all
/// others. How many there are of each severity is given back.
fn add_fleet(
    case: &CaseFolder,
    mut fleet: Fleet,
    filter: &Filter,
    formulas: Formulas,
) -> Result<[u64; Severity::ALL.len()], CaseError> {
    let facts = case.work().join(Stream::FleetFacts.file());
    for fact in StoredFact::read(BufReader::new(File::open(&facts).map_err(read_error(&facts))?)) {
        let fact = fact.map_err(read_error(&facts))?;
        fleet.add_stored(fact).map_err(write_error(&facts))?;
    }
    let [evidence_path, lines_path] =
        [Stream::Evidence, Stream::FindingsJson].map(|stream| case.work().join(stream.file()));
    let (mut evidence, mut lines) = (append(&evidence_path)?, append(&lines_path)?);
    let path = case.path().join(FLEET_FINDINGS);
    let file = NewFile::create(&path)?;
    let to_io = |error: csv::Error| write_error(&path)(error.into());
    let mut table = TableWriter::new::<FleetFindingRow<'_>>(file, formulas).map_err(to_io)?;
    let mut counts = [0; Severity::ALL.len()];
    fleet.close(|finding| {
        if !filter.keeps_fleet(&finding) {
            return Ok(());
        }
        finding.severity.count_in(&mut counts);
        let row = fleet_finding_row(&finding);
        lines.write_all(fleet_finding_line(&row).as_bytes()).map_err(write_error(&lines_path))?;
        let rows = rows_of(formulas, fleet_evidence_rows(&finding));
        evidence.write_all(&rows).map_err(write_error(&evidence_path))?;
        let to_io = |error: csv::Error| write_error(&path)(error.into());
        table.write(row).map_err(to_io)
    })?;
    flush(evidence, &evidence_path)?;
    flush(lines, &lines_path)?;
    table.finish().map_err(write_error(&path))?.publish()?;
    Ok(counts)
}

fn write_rules(path: &Path) -> Result<(), CaseError> {
    let file = NewFile::create(path)?;
    let write = || {
        let mut table = TableWriter::new::<RuleRow<'_>>(file, Formulas::AsTheyAre)?;
        rules::every().try_for_each(|rule| table.write(rule_row(rule)))?;
        Ok::<_, csv::Error>(table.finish()?)
    };
    write().map_err(std::io::Error::from).map_err(write_error(path))?.publish()
}

/// The report is made of the tables alone, so that joined parts give the same as a single run.
fn write_report(case: &Path, closing: &Closing<'_>) -> Result<(), CaseError> {
    let path = case.join(REPORT);
    let [started, ended] = closing.times;
    let audit = html::Audit {
        version: closing.audit.version.clone(),
        arguments: std::iter::once(&closing.audit.program).chain(&closing.audit.arguments).cloned().collect(),
        started,
        ended,
        inputs: closing.inputs.clone(),
        threads: closing.audit.threads,
        ending: match closing.ending {
            Ending::Complete => html::Ending::Complete,
            Ending::Interrupted => html::Ending::Interrupted,
        },
        settings: closing.settings.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    let mut file = NewFile::create(&path)?;
    html::write(case, &audit, &mut file)?;
    file.publish()
}

fn append(path: &Path) -> Result<BufWriter<File>, CaseError> {
    let file = OpenOptions::new().append(true).open(path).map_err(write_error(path))?;
    Ok(BufWriter::new(file))
}

fn flush(mut file: BufWriter<File>, path: &Path) -> Result<(), CaseError> {
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(write_error(path))
}

/// The streams of a case: all of them.
pub fn wanted() -> BTreeSet<Stream> {
    Stream::ALL.into_iter().collect()
}
