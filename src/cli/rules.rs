//! `mapihive rules`: the registry.

use clap::Args;

use super::Exit;
use super::inputs::Target;
use crate::finding::Severity;
use crate::report::{Formulas, RuleRow, Table, rule_row};
use crate::rules;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write the whole registry as a table (CSV)
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut output = arguments.target.open(&[])?;
    if arguments.csv {
        let mut table = Table::start::<RuleRow<'_>>(output, Formulas::AsTheyAre)?;
        rules::every().try_for_each(|rule| table.write(rule_row(rule)))?;
        table.finish()?;
        return Ok(Exit::Success);
    }
    for rule in rules::every() {
        let severities: Vec<&str> = rule.severities.iter().copied().map(Severity::as_str).collect();
        output.line(&format!("{}  {:<16}  {}", rule.id, severities.join(" or "), rule.title))?;
    }
    output.finish()?;
    Ok(Exit::Success)
}
