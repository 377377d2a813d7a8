//! `mapihive profiles`: what the profiles hold.

use clap::Args;

use super::inputs::{CellStyle, Inputs, Target, tell_unread};
use super::{Exit, complain};
use crate::report::{PropertyRow, Table, property_rows};
use crate::scan::{Coverage, Reading, Unit, in_order, read_hive, units};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    style: CellStyle,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let reading = arguments.inputs.reading()?;
    let (paths, found) = arguments.inputs.discover()?;
    let output = arguments.target.open(&paths)?;
    let mut table = Table::start::<PropertyRow<'_>>(output, arguments.style.formulas())?;
    let no_hive = !found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
    let units = units(found);
    let mut any_unread = false;
    in_order(
        &units,
        arguments.inputs.threads(),
        |unit| rows_of(unit, reading),
        |(coverage, rows)| {
            tell_unread(&coverage);
            any_unread |= arguments.inputs.counts_as_unread(&coverage);
            rows.into_iter().try_for_each(|row| table.write(row))
        },
    )?;
    table.finish()?;
    if no_hive {
        complain("no registry hive found");
        return Ok(Exit::NoHive);
    }
    Ok(if any_unread { Exit::Unread } else { Exit::Success })
}

fn rows_of(unit: &Unit, reading: Reading) -> (Coverage, Vec<PropertyRow<'static>>) {
    let candidate = match unit {
        Unit::Read(candidate) => candidate,
        Unit::PassedOver(passed) => return (Coverage::passed_over(passed), Vec::new()),
    };
    let (coverage, rows) = read_hive(candidate, reading, |hive, problems| {
        let understood = hive.understand(problems);
        let mut rows = Vec::new();
        let collected =
            property_rows(hive, &understood.account, &understood.mapi, &understood.recovered, |row| {
                rows.push(row);
                Ok::<(), std::convert::Infallible>(())
            });
        match collected {
            Ok(()) => (Some(understood.account), rows),
            Err(never) => match never {},
        }
    });
    (coverage, rows.unwrap_or_default())
}
