//! `mapihive scan`: the main job.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};

use super::case;
use super::filters::Filters;
use super::inputs::{CellStyle, Inputs, Target, bytes_of_list};
use super::interrupt::{self, Interrupted};
use super::terminal::Voice;
use super::{Exit, complain};
use crate::case::{Added, Block, Ended, Filter, Group, Stream, Work};
use crate::finding::Severity;
use crate::fleet::{Fleet, Servers};
use crate::report::{
    Baseline, FleetFindingRow, Formulas, Output, Summary, Table, TableWriter, fleet_evidence_rows,
    fleet_finding_line, fleet_finding_row,
};
use crate::scan::{Companions, GroupKey, Hosts, Unit, in_order, units};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("across").args(["fleet", "case"]).multiple(true))]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) inputs: Inputs,
    #[command(flatten)]
    pub(super) target: Target,
    /// How findings are written to standard output or --output
    #[arg(long, value_name = "FORMAT", default_value = "csv", conflicts_with_all = ["case", "part"])]
    format: Format,
    /// Write every table, the report and the hashes of all files to the new folder DIR
    #[arg(long, value_name = "DIR", conflicts_with_all = SINGLE_TABLES)]
    pub(super) case: Option<PathBuf>,
    /// Write findings per account too, to DIR/findings-by-account
    #[arg(long, value_name = "WHAT", requires = "case")]
    pub(super) split_by: Option<SplitBy>,
    /// Go on with the interrupted run in --case DIR: hosts that it finished are not read again
    #[arg(long, requires = "case", conflicts_with = "clobber")]
    pub(super) resume: bool,
    /// Write a part of a case to the new folder DIR, to be joined by `mapihive merge`
    #[arg(long, value_name = "DIR", conflicts_with_all = SINGLE_TABLES, conflicts_with = "case")]
    pub(super) part: Option<PathBuf>,
    /// Read only the hosts of shard I of N, of 1 to N; every run with the same N divides them in the same way
    #[arg(long, value_name = "I/N", value_parser = case::parse_shard)]
    pub(super) shard: Option<case::Shard>,
    /// Hash hives and their logs (SHA-256); --case and --part always do
    #[arg(long)]
    hash: bool,
    /// Write what became of every file to FILE
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write every place that a finding rests on to FILE
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Write findings about several hives to FILE
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// The servers that exist, one name a line in FILE; X01 then tells of the others, not of those that most do not name
    #[arg(long, value_name = "FILE", requires = "across")]
    pub(super) servers: Option<PathBuf>,
    /// Write what was learnt of each account to FILE
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Write only findings that are not in FILE, a findings.csv of an earlier run on the same paths
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) filters: Filters,
    #[command(flatten)]
    pub(super) style: CellStyle,
    #[command(flatten)]
    pub(super) voice: Voice,
}

/// Options that name single tables, which a case has anyway.
const SINGLE_TABLES: [&str; 5] = ["output", "coverage", "evidence", "fleet", "accounts"];

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values
    Csv,
    /// One JSON object a line, in the names of the Elastic Common Schema
    Jsonl,
}

/// By what findings are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SplitBy {
    /// Host and account
    Account,
}

/// What a scan works on.
pub(super) struct Found {
    /// Paths that were given.
    pub(super) paths: Vec<PathBuf>,
    /// What is worked on, in the order of rows.
    pub(super) units: Vec<Unit>,
    /// The hosts of all hives.
    pub(super) hosts: Hosts,
    /// Companion files that were seen.
    pub(super) companions: Companions,
    /// Files in folders that are neither hives nor logs.
    pub(super) other_files: u64,
    /// Whether any hive was found at all.
    pub(super) any_hive: bool,
}

impl Arguments {
    /// Looks through all paths.
    pub(super) fn find(&self) -> anyhow::Result<Found> {
        let (paths, found) = self.inputs.discover()?;
        let any_hive = found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
        let (other_files, companions) = (found.other_files, found.companions.clone());
        let mut units = units(found);
        let hosts = self.inputs.hosts(&units, self.case.is_some() || self.part.is_some());
        if let Some(shard) = self.shard {
            units.retain(|unit| shard.has(&unit.group()));
        }
        Ok(Found { paths, units, hosts, companions, other_files, any_hive })
    }

    /// Whether findings that were written make the exit code 1; `of_fleet` are those about several hives.
    pub(super) fn fails(&self, summary: &Summary, of_fleet: [u64; Severity::ALL.len()]) -> bool {
        self.filters.fail_on.fails(all_written(summary, of_fleet), self.voice.quiet)
    }

    /// Says with `--verbose` how the run goes about it.
    pub(super) fn begin(&self, found: &Found) -> anyhow::Result<()> {
        if !self.voice.verbose {
            return Ok(());
        }
        let mut settings = self.inputs.settings()?;
        settings.extend(self.filters.filter()?.settings());
        Voice::begin(&settings, self.inputs.threads(), found.units.len());
        Ok(())
    }

    /// What a person sees at the end.
    pub(super) fn tell(&self, summary: &Summary, other_files: u64, baseline: Option<&Baseline>) {
        self.voice.end(summary, other_files, baseline.map(Baseline::text));
    }
}

/// The exit code of a scan; `fails` tells whether findings make it 1.
pub(super) fn exit(any_hive: bool, any_unread: bool, fails: bool) -> Exit {
    if !any_hive {
        complain("no registry hive found");
    }
    match (any_hive, any_unread, fails) {
        (false, _, _) => Exit::NoHive,
        (true, true, _) => Exit::Unread,
        (true, false, true) => Exit::Findings,
        (true, false, false) => Exit::Success,
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.case.is_some() || arguments.part.is_some() {
        return case::scan(arguments);
    }
    let mut reading = arguments.inputs.reading()?;
    reading.hash = arguments.hash;
    reading.fleet = arguments.fleet.is_some();
    let filter = arguments.filters.filter()?;
    let baseline = arguments.baseline.as_deref().map(Baseline::read).transpose()?;
    let fleet = Fleet::of_site(existing_servers(arguments.servers.as_deref())?);
    let found = arguments.find()?;
    arguments.begin(&found)?;
    let stop = interrupt::heed();
    let mut tables = Tables::open(arguments, &found.paths, fleet)?;
    let formulas = arguments.style.formulas();
    let wanted = tables.wanted();
    let work = Work {
        reading,
        hosts: &found.hosts,
        wanted: &wanted,
        formulas,
        baseline: baseline.as_ref(),
        filter: &filter,
    };

    let progress = arguments.voice.progress(found.units.len());
    let mut summary = Summary::default();
    let mut any_unread = false;
    let one = |unit: &Unit| {
        let block = work.on(unit);
        arguments.voice.read(&block.report, &progress);
        progress.inc(1);
        (unit.group(), block)
    };
    let threads = arguments.inputs.threads();
    let mut group: Option<Group> = None;
    let end = |group: Group, summary: &mut Summary, tables: &mut Tables| {
        let ended = group.end(&wanted, &found.companions, formulas);
        tables.write_group(&ended)?;
        summary.absorb(ended.summary);
        Ok::<(), anyhow::Error>(())
    };
    let size = |(_, block): &(GroupKey, Block)| block.size();
    let taken = in_order(&found.units, threads, &stop, one, size, |(key, block)| {
        any_unread |= arguments.inputs.counts_as_unread(&block.report.coverage);
        let Block { report, seen: ids, added } = block;
        work.saw(&ids);
        if let Some(done) = group.take_if(|group| *group.key() != key) {
            end(done, &mut summary, &mut tables)?;
        }
        group.get_or_insert_with(|| Group::new(key)).add(report);
        tables.write(&added)
    })?;
    if taken < found.units.len() {
        progress.finish_and_clear();
        return Err(Interrupted.into());
    }
    group.map_or(Ok(()), |last| end(last, &mut summary, &mut tables))?;
    progress.finish_and_clear();
    let of_fleet = tables.finish(&filter)?;
    arguments.tell(&summary, found.other_files, baseline.as_ref());
    let fails = arguments.fails(&summary, of_fleet);
    Ok(exit(found.any_hive, any_unread, fails))
}

/// Findings of one hive that were written, and those about several, by severity.
pub(super) fn all_written(
    summary: &Summary,
    of_fleet: [u64; Severity::ALL.len()],
) -> [u64; Severity::ALL.len()] {
    let mut written = summary.written();
    written.iter_mut().zip(of_fleet).for_each(|(sum, more)| *sum += more);
    written
}

/// The servers that exist, if a list of them is given.
pub(super) fn existing_servers(file: Option<&Path>) -> anyhow::Result<Option<Servers>> {
    let Some(file) = file else { return Ok(None) };
    let cannot = || format!("cannot use the servers of {}", file.display());
    let bytes = bytes_of_list(file).with_context(cannot)?;
    Ok(Some(Servers::read(&bytes).with_context(cannot)?))
}

/// What went wrong where facts of many hives are kept.
const SPILL: &str = "cannot keep facts of all hives in a temporary file";

/// The tables of a scan; each is written as the hives come.
struct Tables {
    streams: Vec<(Stream, Output)>,
    fleet: Option<(Table, Fleet)>,
    formulas: Formulas,
}

impl Tables {
    fn open(arguments: &Arguments, evidence: &[PathBuf], empty: Fleet) -> anyhow::Result<Self> {
        let formulas = arguments.style.formulas();
        let findings = match arguments.format {
            Format::Csv => Stream::Findings,
            Format::Jsonl => Stream::FindingsJson,
        };
        let targets = [
            (findings, Some(arguments.target.output.as_deref().unwrap_or(Path::new("-")))),
            (Stream::Hives, arguments.coverage.as_deref()),
            (Stream::Evidence, arguments.evidence.as_deref()),
            (Stream::Accounts, arguments.accounts.as_deref()),
        ];
        let fleet = arguments.fleet.as_deref();
        refuse_one_target_for_two(targets.iter().filter_map(|(_, path)| *path).chain(fleet))?;
        let mut streams = Vec::new();
        for (stream, path) in targets {
            let Some(path) = path else { continue };
            streams.push((stream, arguments.target.open_or_stdout(Some(path), evidence)?));
        }
        let fleet = match fleet {
            Some(path) => {
                let output = arguments.target.open_or_stdout(Some(path), evidence)?;
                Some((Table::start::<FleetFindingRow<'_>>(output, formulas)?, empty))
            }
            None => None,
        };
        // Not before all could be opened.
        streams.iter_mut().try_for_each(|(stream, output)| output.bytes(&stream.header()))?;
        Ok(Self { streams, fleet, formulas })
    }

    /// The streams that have to be made.
    fn wanted(&self) -> BTreeSet<Stream> {
        self.streams.iter().map(|(stream, _)| *stream).collect()
    }

    fn output(&mut self, wanted: Stream) -> Option<&mut Output> {
        self.streams.iter_mut().find(|(stream, _)| *stream == wanted).map(|(_, output)| output)
    }

    fn write(&mut self, added: &Added) -> anyhow::Result<()> {
        for (stream, output) in &mut self.streams {
            output.bytes(added.of(*stream))?;
        }
        Ok(())
    }

    /// Writes, or keeps for the end, what the hives of a group show together.
    fn write_group(&mut self, ended: &Ended) -> anyhow::Result<()> {
        self.write(&ended.added)?;
        if let Some((_, fleet)) = &mut self.fleet {
            ended.reports.iter().try_for_each(|report| fleet.add(report)).context(SPILL)?;
        }
        Ok(())
    }

    /// Completes all tables; how many findings about several hives were written, by severity.
    fn finish(mut self, filter: &Filter) -> anyhow::Result<[u64; Severity::ALL.len()]> {
        let mut counts = [0; Severity::ALL.len()];
        if let Some((mut table, fleet)) = self.fleet.take() {
            let formulas = self.formulas;
            fleet.close(|finding| {
                if !filter.keeps_fleet(&finding) {
                    return Ok(());
                }
                finding.severity.count_in(&mut counts);
                let row = fleet_finding_row(&finding);
                if let Some(lines) = self.output(Stream::FindingsJson) {
                    lines.bytes(fleet_finding_line(&row).as_bytes())?;
                }
                table.write(row)?;
                if let Some(evidence) = self.output(Stream::Evidence) {
                    let mut rows = TableWriter::headless(Vec::new(), formulas);
                    fleet_evidence_rows(&finding).try_for_each(|row| rows.write(row))?;
                    evidence.bytes(&rows.finish()?)?;
                }
                Ok::<(), anyhow::Error>(())
            })?;
            table.finish()?;
        }
        self.streams.into_iter().try_for_each(|(_, output)| output.finish())?;
        Ok(counts)
    }
}

/// Two tables in one file or stream would be neither.
fn refuse_one_target_for_two<'p>(paths: impl Iterator<Item = &'p Path>) -> anyhow::Result<()> {
    let mut targets: Vec<PathBuf> = Vec::new();
    for path in paths {
        let target = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if targets.contains(&target) {
            anyhow::bail!("two tables cannot go to the same place, {}", target.display());
        }
        targets.push(target);
    }
    Ok(())
}
