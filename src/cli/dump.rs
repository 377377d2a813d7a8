//! `mapihive dump`: every key and value, read by both readers.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::inputs::{Target, tell_unread};
use crate::hive::{Care, Links, Way};
use crate::report::{DumpRow, Formulas, OutputError, Table, dump_rows};
use crate::scan::{Candidate, path_text, read_hive};

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
    for path in &arguments.hives {
        any_unread |= dump(path, &mut table)?;
    }
    table.finish()?;
    Ok(if any_unread { Exit::Unread } else { Exit::Success })
}

/// Writes the rows of one hive; tells whether something could not be read.
fn dump(path: &Path, table: &mut Table) -> Result<bool, OutputError> {
    let candidate = Candidate {
        path: path.to_owned(),
        hive_path: path_text(path),
        host: None,
        links: Links::Follow,
        logs: Vec::new(),
        looks_like_a_hive: true,
    };
    // Rows are written as they are read and cannot be taken back, so that nothing may fail under way.
    let (coverage, result) = read_hive(&candidate, Care::Compare, Way::Read, |hive, problems| {
        hive.tree.check_bins(problems);
        (None, dump_rows(hive, problems, |row| table.write(row)))
    });
    result.transpose()?;
    Ok(tell_unread(&coverage))
}
