//! `mapihive timeline`: dated facts, for timeline tools.

use clap::Args;

use super::inputs::{CellStyle, Inputs, Target, tell_unread};
use super::{Exit, complain};
use crate::lifecycle::{self, Event};
use crate::report::{Table, TimelineRow, timeline_row};
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
    let mut table = Table::start::<TimelineRow<'_>>(output, arguments.style.formulas())?;
    let no_hive = !found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
    let units = units(found);
    let mut any_unread = false;
    in_order(
        &units,
        arguments.inputs.threads(),
        |unit| events_of(unit, reading),
        |(coverage, events)| {
            tell_unread(&coverage);
            any_unread |= arguments.inputs.counts_as_unread(&coverage);
            events.into_iter().try_for_each(|event| table.write(timeline_row(&coverage, event)))
        },
    )?;
    table.finish()?;
    if no_hive {
        complain("no registry hive found");
        return Ok(Exit::NoHive);
    }
    Ok(if any_unread { Exit::Unread } else { Exit::Success })
}

fn events_of(unit: &Unit, reading: Reading) -> (Coverage, Vec<Event>) {
    let candidate = match unit {
        Unit::Read(candidate) => candidate,
        Unit::PassedOver(passed) => return (Coverage::passed_over(passed), Vec::new()),
    };
    let (coverage, events) = read_hive(candidate, reading, |hive, problems| {
        let understood = hive.understand(problems);
        let events = lifecycle::events(&understood.mapi, &understood.recovered);
        (Some(understood.account), events)
    });
    (coverage, events.unwrap_or_default())
}
