//! `mapihive verify`: a case and its evidence held against their hashes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::inputs::{CellStyle, Target};
use crate::case::{CaseHashes, Verifying, verify};
use crate::report::{DeviationRow, Table, deviation_row};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The case: a folder that `scan --case` or `merge` wrote
    #[arg(value_name = "DIR")]
    case: PathBuf,
    /// Look for evidence with relative paths from FOLDER, not from where the case was made
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    style: CellStyle,
    /// Threads to use [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// No summary
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { case, from, target, style, threads, quiet } = arguments;
    let hashes = CaseHashes::read(case)?;
    let output = target.open(std::slice::from_ref(case))?;
    let mut table = Table::start::<DeviationRow<'_>>(output, style.formulas())?;
    let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.map_or_else(all, usize::from);
    let verifying = Verifying { from: from.as_deref(), threads };
    let verified = verify(&hashes, verifying, |deviation| {
        table.write(deviation_row(deviation))?;
        Ok::<(), anyhow::Error>(())
    })?;
    table.finish()?;
    if !quiet {
        use std::io::Write as _;
        let (outputs, inputs, deviations) = (verified.outputs, verified.inputs, verified.deviations);
        let told = if deviations == 0 {
            "all as they were".to_owned()
        } else {
            format!("{deviations} rows say what is not as it was")
        };
        let _ = writeln!(
            std::io::stderr(),
            "{outputs} files of the case and {inputs} of evidence compared: {told}."
        );
    }
    Ok(if verified.deviations == 0 { Exit::Success } else { Exit::Unread })
}
