//! `mapihive dump`: every key and value, read by both readers.

use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::inputs::{Target, tell_unread};
use crate::hive::{Care, Way};
use crate::report::{DumpRow, Formulas, OutputError, Table, dump_rows};
use crate::scan::{Candidate, read_hive};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Hives to dump, in this order
    #[arg(value_name = "HIVE", required = true)]
    hives: Vec<PathBuf>,
    #[command(flatten)]
    target: Target,
    /// Read live keys only. Until recovery of deleted keys arrives, that is what is done anyway
    #[arg(long)]
    #[allow(dead_code, reason = "names the only behaviour there is")]
    live_only: bool,
    /// Do not apply transaction logs. Until replay arrives, that is what is done anyway
    #[arg(long)]
    #[allow(dead_code, reason = "names the only behaviour there is")]
    no_logs: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let output = arguments.target.open(&arguments.hives)?;
    let mut table = Table::start::<DumpRow<'_>>(output, Formulas::AsTheyAre)?;
    let mut any_unread = false;
    let mut any_hive = false;
    for path in &arguments.hives {
        let candidate = Candidate::named(path);
        any_hive |= candidate.looks_like_a_hive;
        any_unread |= dump(&candidate, &mut table)?;
    }
    table.finish()?;
    Ok(match (any_hive, any_unread) {
        (false, _) => Exit::NoHive,
        (true, true) => Exit::Unread,
        (true, false) => Exit::Success,
    })
}

/// Writes the rows of one hive; tells whether something could not be read.
fn dump(candidate: &Candidate, table: &mut Table) -> Result<bool, OutputError> {
    // Rows are written as they are read and cannot be taken back, so that nothing may fail under way.
    let (coverage, result) = read_hive(candidate, Care::Compare, Way::Read, |hive, problems| {
        hive.tree.check_bins(problems);
        (None, dump_rows(hive, problems, |row| table.write(row)))
    });
    result.transpose()?;
    Ok(tell_unread(&coverage))
}
