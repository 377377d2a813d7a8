//! `mapihive profiles`: what the profiles hold.

use clap::Args;

use super::Exit;
use super::inputs::{CellStyle, Inputs, Target};
use super::interrupt;
use crate::case::Stream;
use crate::report::property_table;
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
    let mut output = arguments.target.open(&paths)?;
    output.bytes(&Stream::Properties.header())?;
    let formulas = arguments.style.formulas();
    let rows = |hive: &OpenHive<'_>, understood: &Understood<'_>| property_table(hive, understood, formulas);
    let exit = inputs.for_each_hive(found, reading, rows, Vec::len, |_, rows| output.bytes(&rows))?;
    output.finish()?;
    Ok(exit)
}
