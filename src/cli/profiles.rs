//! `mapihive profiles`: what the profiles hold.

use clap::Args;

use super::Exit;
use super::inputs::{CellStyle, Inputs, Target};
use super::interrupt;
use crate::report::{PropertyRow, Table, property_rows};
use crate::scan::{OpenHive, Understood};

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
    let inputs = &arguments.inputs;
    let reading = inputs.reading()?;
    let (paths, found) = inputs.discover()?;
    interrupt::heed();
    let output = arguments.target.open(&paths)?;
    let mut table = Table::start::<PropertyRow<'_>>(output, arguments.style.formulas())?;
    let exit = inputs.for_each_hive(found, reading, rows_of, |_, rows| {
        rows.into_iter().try_for_each(|row| table.write(row))
    })?;
    table.finish()?;
    Ok(exit)
}

fn rows_of(hive: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<PropertyRow<'static>> {
    let Understood { account, mapi, recovered, .. } = understood;
    let mut rows = Vec::new();
    let collected = property_rows(hive, account, mapi, recovered, |row| {
        rows.push(row);
        Ok::<(), std::convert::Infallible>(())
    });
    match collected {
        Ok(()) => rows,
        Err(never) => match never {},
    }
}
