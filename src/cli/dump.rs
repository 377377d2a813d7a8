//! `mapihive dump`: every key and value, read by both readers.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::inputs::{EvidenceOptions, Target, tell_unread};
use super::interrupt::{self, Interrupted};
use crate::hive::{Care, Way};
use crate::report::{DumpRow, Formulas, Table, deleted_rows, dump_rows};
use crate::scan::{Candidate, Coverage, Reading, Stop, in_archive, read_hive};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Hives to dump, in this order: files, archives of hives, or hives in archives (archive.zip!path/in/it)
    #[arg(value_name = "HIVE", required = true)]
    hives: Vec<PathBuf>,
    #[command(flatten)]
    target: Target,
    /// Write deleted keys and values too, behind the live ones
    #[arg(long, conflicts_with = "live_only")]
    deleted: bool,
    #[command(flatten)]
    evidence: EvidenceOptions,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let stop = interrupt::heed();
    let output = arguments.target.open(&arguments.hives)?;
    let mut table = Table::start::<DumpRow<'_>>(output, Formulas::AsTheyAre)?;
    let mut any_unread = false;
    let mut any_hive = false;
    // Rows are written as they are read and cannot be taken back, so that nothing may fail under way.
    let reading = arguments.evidence.reading(Care::Compare, Way::Read);
    for path in &arguments.hives {
        let found = in_archive(path);
        for passed in found.iter().flat_map(|found| &found.passed_over) {
            any_unread |= tell_unread(&Coverage::passed_over(passed));
        }
        let candidates = found.map_or_else(|| vec![Candidate::with_logs(path)], |found| found.candidates);
        for candidate in candidates {
            any_hive |= candidate.looks_like_a_hive;
            any_unread |= dump(&candidate, reading, arguments.deleted, &stop, &mut table)?;
            candidate.done();
        }
    }
    table.finish()?;
    Ok(match (any_hive, any_unread) {
        (false, _) => Exit::NoHive,
        (true, true) => Exit::Unread,
        (true, false) => Exit::Success,
    })
}

/// Writes the rows of one hive; tells whether something could not be read.
fn dump(
    candidate: &Candidate,
    reading: Reading,
    deleted: bool,
    stop: &Stop,
    table: &mut Table,
) -> anyhow::Result<bool> {
    let mut write = |row: DumpRow<'_>| -> anyhow::Result<()> {
        if stop.is_requested() {
            return Err(Interrupted.into());
        }
        Ok(table.write(row)?)
    };
    let (coverage, result) = read_hive(candidate, reading, |hive, problems| {
        hive.tree.check_bins(problems);
        let written = dump_rows(hive, problems, &mut write)
            .and_then(|()| if deleted { deleted_rows(hive, problems, &mut write) } else { Ok(()) });
        (None, written)
    });
    result.transpose()?;
    Ok(tell_unread(&coverage))
}
