//! `mapihive scan`: the main job.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::inputs::{CellStyle, Inputs, Target};
use super::{Exit, complain};
use crate::fleet::Fleet;
use crate::report::{
    AccountRow, Accounts, Baseline, EvidenceRow, FindingRow, FleetFindingRow, HiveRow, Summary, Table,
    evidence_rows, finding_row, fleet_evidence_rows, fleet_finding_row, hive_row,
};
use crate::rules;
use crate::scan::{Companions, Coverage, HiveReport, Unit, in_order, judge_hive, units};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    target: Target,
    /// Write what became of every file to FILE
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write every place that a finding rests on to FILE
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Write findings about several hives to FILE
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Write what was learnt of each account to FILE
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Write only findings that are not in FILE, a findings.csv of an earlier run on the same paths
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    style: CellStyle,
    /// No progress bar and no summary
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let reading = arguments.inputs.reading()?;
    let baseline = arguments.baseline.as_deref().map(Baseline::read).transpose()?;
    let (paths, found) = arguments.inputs.discover()?;
    let mut tables = Tables::open(arguments, &paths, baseline)?;
    let no_hive = !found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
    let other_files = found.other_files;
    let companions = found.companions.clone();
    let units = units(found);

    let progress = progress_bar(units.len(), arguments.quiet);
    let mut summary = Summary::default();
    let hosts = arguments.inputs.hosts(&units);
    let mut any_unread = false;
    let judge = |unit: &Unit| {
        let report = match unit {
            Unit::Read(candidate) => judge_hive(candidate, reading, &hosts, rules::ALL),
            Unit::PassedOver(passed) => HiveReport::unread(Coverage::passed_over(passed)),
        };
        progress.inc(1);
        report
    };
    in_order(&units, arguments.inputs.threads(), judge, |report: HiveReport| {
        summary.add(&report);
        any_unread |= arguments.inputs.counts_as_unread(&report.coverage);
        tables.write(&report)
    })?;
    progress.finish_and_clear();
    let baseline = tables.finish(&companions)?;
    if !arguments.quiet {
        use std::io::Write as _;
        let _ = write!(std::io::stderr(), "{}", summary.text(other_files));
        if let Some(baseline) = baseline {
            let _ = writeln!(std::io::stderr(), "{}", baseline.text());
        }
    }
    if no_hive {
        complain("no registry hive found");
    }
    Ok(match (no_hive, any_unread) {
        (true, _) => Exit::NoHive,
        (false, true) => Exit::Unread,
        (false, false) => Exit::Success,
    })
}

/// What went wrong where facts of many hives are kept.
const SPILL: &str = "cannot keep facts of all hives in a temporary file";

/// The tables of a scan; each is written as the hives come.
struct Tables {
    findings: Table,
    coverage: Option<Table>,
    evidence: Option<Table>,
    accounts: Option<(Table, Accounts)>,
    fleet: Option<(Table, Fleet)>,
    baseline: Option<Baseline>,
}

impl Tables {
    fn open(arguments: &Arguments, evidence: &[PathBuf], baseline: Option<Baseline>) -> anyhow::Result<Self> {
        let formulas = arguments.style.formulas();
        refuse_one_target_for_two([
            arguments.target.output.as_ref(),
            arguments.coverage.as_ref(),
            arguments.evidence.as_ref(),
            arguments.accounts.as_ref(),
            arguments.fleet.as_ref(),
        ])?;
        let optional = |path: &Option<PathBuf>| {
            path.as_deref().map(|path| arguments.target.open_or_stdout(Some(path), evidence)).transpose()
        };
        let (coverage, sources) = (optional(&arguments.coverage)?, optional(&arguments.evidence)?);
        let (accounts, fleet) = (optional(&arguments.accounts)?, optional(&arguments.fleet)?);
        Ok(Self {
            findings: Table::start::<FindingRow<'_>>(arguments.target.open(evidence)?, formulas)?,
            coverage: coverage.map(|out| Table::start::<HiveRow<'_>>(out, formulas)).transpose()?,
            evidence: sources.map(|out| Table::start::<EvidenceRow<'_>>(out, formulas)).transpose()?,
            accounts: accounts
                .map(|out| Table::start::<AccountRow<'_>>(out, formulas))
                .transpose()?
                .map(|table| (table, Accounts::default())),
            fleet: fleet
                .map(|out| Table::start::<FleetFindingRow<'_>>(out, formulas))
                .transpose()?
                .map(|table| (table, Fleet::default())),
            baseline,
        })
    }

    fn write(&mut self, report: &HiveReport) -> anyhow::Result<()> {
        for finding in &report.judged.findings {
            if self.baseline.as_mut().is_some_and(|baseline| !baseline.is_new(&finding.id)) {
                continue;
            }
            self.findings.write(finding_row(&report.coverage, finding))?;
            if let Some(table) = &mut self.evidence {
                evidence_rows(&report.coverage, finding).try_for_each(|row| table.write(row))?;
            }
        }
        if let Some(table) = &mut self.coverage {
            table.write(hive_row(report))?;
        }
        if let Some((_, accounts)) = &mut self.accounts {
            accounts.add(report);
        }
        if let Some((_, fleet)) = &mut self.fleet {
            fleet.add(report).context(SPILL)?;
        }
        Ok(())
    }

    /// Completes the tables and gives back what became of the baseline.
    fn finish(mut self, companions: &Companions) -> anyhow::Result<Option<Baseline>> {
        if let Some((table, accounts)) = &mut self.accounts {
            accounts.rows(companions, |row| table.write(row))?;
        }
        let mut fleet_table = None;
        if let Some((mut table, fleet)) = self.fleet {
            fleet.close(|finding| {
                table.write(fleet_finding_row(&finding))?;
                if let Some(evidence) = &mut self.evidence {
                    fleet_evidence_rows(&finding).try_for_each(|row| evidence.write(row))?;
                }
                Ok::<(), anyhow::Error>(())
            })?;
            fleet_table = Some(table);
        }
        let accounts = self.accounts.map(|(table, _)| table);
        let tables = [Some(self.findings), self.coverage, self.evidence, accounts, fleet_table];
        tables.into_iter().flatten().try_for_each(Table::finish)?;
        Ok(self.baseline)
    }
}

/// Two tables in one file or stream would be neither.
fn refuse_one_target_for_two(paths: [Option<&PathBuf>; 5]) -> anyhow::Result<()> {
    let stdout = PathBuf::from("-");
    let [findings, coverage, evidence, accounts, fleet] = paths;
    let targets: Vec<PathBuf> = [Some(findings.unwrap_or(&stdout)), coverage, evidence, accounts, fleet]
        .into_iter()
        .flatten()
        .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
        .collect();
    for (place, target) in targets.iter().enumerate() {
        if targets.iter().skip(place + 1).any(|other| other == target) {
            anyhow::bail!("two tables cannot go to the same place, {}", target.display());
        }
    }
    Ok(())
}

fn progress_bar(units: usize, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {eta} left");
    let bar = ProgressBar::new(units as u64);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
