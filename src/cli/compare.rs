//! `mapihive compare`: what differs between two copies.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use super::inputs::{CellStyle, EvidenceOptions, Target, tell_unread};
use super::interrupt::{self, Interrupted};
use super::{Exit, complain};
use crate::compare::{PairReport, PairedBy, Side, compare_pair, pairs};
use crate::hive::{Care, HiveState, Way};
use crate::report::{ComparisonRow, Table, comparison_row};
use crate::scan::{Coverage, Discovered, discover, in_order};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The earlier copy: a hive, or a folder or archive of hives of one host or of a fleet
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later copy, of the same kind
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    #[command(flatten)]
    evidence: EvidenceOptions,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    style: CellStyle,
    /// Threads to use [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Exit with 3 also where a dirty hive could not be made current by its transaction logs
    #[arg(long)]
    strict: bool,
    /// No summary
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let sides = [&arguments.before, &arguments.after];
    let [before, after] = sides.map(|path| discover(std::slice::from_ref(path)));
    let stop = interrupt::heed();
    let output = arguments.target.open(&sides.map(PathBuf::clone))?;
    let mut table = Table::start::<ComparisonRow<'_>>(output, arguments.style.formulas())?;
    let any_hive = [&before, &after].map(has_hive);
    let mut any_unread = false;
    for passed in before.passed_over.iter().chain(&after.passed_over) {
        any_unread |= tell_unread(&Coverage::passed_over(passed));
    }
    let threads = arguments.threads();
    let reading = arguments.evidence.reading(Care::Once, Way::Map);
    let pairs = pairs((&arguments.before, before), (&arguments.after, after), reading, threads);
    let mut summary = Summary::default();
    let taken = in_order(
        &pairs,
        threads,
        &stop,
        |pair| compare_pair(pair, reading),
        |_| 0,
        |report| {
            for coverage in [&report.before, &report.after].into_iter().flatten() {
                tell_unread(coverage);
                any_unread |= arguments.counts_as_unread(coverage);
            }
            summary.add(&report);
            report
                .differences
                .iter()
                .try_for_each(|difference| table.write(comparison_row(&report, difference)))
        },
    )?;
    if taken < pairs.len() {
        return Err(Interrupted.into());
    }
    table.finish()?;
    for (side, any) in [Side::Before, Side::After].into_iter().zip(any_hive) {
        if !any {
            complain(&format!("no registry hive found in {}", side.as_str()));
        }
    }
    summary.warn(&arguments.before, &arguments.after);
    if !arguments.quiet {
        summary.tell();
    }
    Ok(match (any_hive, any_unread) {
        ([false, false], _) => Exit::NoHive,
        (_, true) => Exit::Unread,
        (_, false) => Exit::Success,
    })
}

fn has_hive(found: &Discovered) -> bool {
    found.candidates.iter().any(|candidate| candidate.looks_like_a_hive)
}

impl Arguments {
    fn counts_as_unread(&self, coverage: &Coverage) -> bool {
        coverage.is_failure() || self.strict && coverage.state == Some(HiveState::DirtyUnreplayed)
    }

    fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(all, usize::from)
    }
}

/// What happened so far.
#[derive(Default)]
struct Summary {
    paired: BTreeMap<PairedBy, usize>,
    alone: [usize; 2],
    differences: BTreeMap<crate::compare::What, usize>,
    /// Pairs of which both copies have a time, and those of them in which that of AFTER is the earlier one.
    dated: usize,
    reversed: usize,
}

impl Summary {
    fn add(&mut self, report: &PairReport) {
        if let Some(by) = report.by {
            *self.paired.entry(by).or_default() += 1;
        } else {
            let [before, after] = &mut self.alone;
            *if report.before.is_some() { before } else { after } += 1;
        }
        for difference in &report.differences {
            *self.differences.entry(difference.what).or_default() += 1;
        }
        if let [Some(before), Some(after)] = report.latest {
            self.dated += 1;
            self.reversed += usize::from(after < before);
        }
    }

    /// Says where the times speak against the order of the arguments.
    fn warn(&self, before: &Path, after: &Path) {
        if self.reversed == 0 {
            return;
        }
        let (before, after) = (before.display(), after.display());
        if self.reversed == self.dated {
            complain(&format!(
                "the keys of {after} (AFTER) all changed last before the latest of {before} (BEFORE): is BEFORE the earlier copy?"
            ));
        } else {
            complain(&format!(
                "in {} of {} pairs the keys of AFTER all changed last before the latest of BEFORE",
                self.reversed, self.dated
            ));
        }
    }

    fn tell(&self) {
        use std::io::Write as _;

        let paired: Vec<String> =
            self.paired.iter().map(|(by, number)| format!("{number} by {}", by.as_str())).collect();
        let paired = if paired.is_empty() { "none".to_owned() } else { paired.join(", ") };
        let [before, after] = self.alone;
        let told: Vec<String> =
            self.differences.iter().map(|(what, number)| format!("{number} {}", what.as_str())).collect();
        let told = if told.is_empty() { "none".to_owned() } else { told.join(", ") };
        let _ = writeln!(
            std::io::stderr(),
            "Hives paired: {paired}; {before} in BEFORE alone, {after} in AFTER alone. Differences: {told}."
        );
    }
}
