//! `mapihive timeline`: dated facts, for timeline tools.

use clap::Args;

use super::Exit;
use super::inputs::{CellStyle, Inputs, Target};
use super::interrupt;
use crate::lifecycle::{self, Event};
use crate::report::{Table, TimelineRow, timeline_row};
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
    let mut table = Table::start::<TimelineRow<'_>>(output, arguments.style.formulas())?;
    let size = |events: &Vec<Event>| events.len() * size_of::<Event>();
    let exit = inputs.for_each_hive(found, reading, events_of, size, |coverage, events| {
        events.into_iter().try_for_each(|event| table.write(timeline_row(coverage, event)))
    })?;
    table.finish()?;
    Ok(exit)
}

fn events_of(_: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<Event> {
    lifecycle::events(&understood.mapi, &understood.recovered)
}
