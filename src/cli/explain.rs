//! `mapihive explain`: all that is known of a rule.

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::filters::unknown_rule;
use crate::finding::Severity;
use crate::report::Output;
use crate::rules;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The rule: L01, MAPI-L01 or its name
    #[arg(value_name = "RULE")]
    rule: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let rule = rules::find(&arguments.rule).with_context(|| unknown_rule(&arguments.rule))?;
    let severities: Vec<&str> = rule.severities.iter().copied().map(Severity::as_str).collect();
    let mut output = Output::stdout();
    output.line(&format!("{} {}: {}", rule.id, rule.slug, rule.title))?;
    let absence = "It argues from something not being there: it is not judged where lists are incomplete or the hive is \
                   dirty or damaged.";
    for (heading, text) in [
        ("Severity", severities.join(" or ").as_str()),
        ("Condition", rule.condition),
        ("Implies", rule.implies),
        ("Does not prove", rule.does_not_prove),
        ("What to do", rule.remediation),
        ("False positives", rule.false_positives),
        ("References", rule.references.join(", ").as_str()),
        ("Absence", if rule.argues_from_absence { absence } else { "" }),
    ] {
        if !text.is_empty() {
            output.line("")?;
            output.line(heading)?;
            for line in wrapped(text, 96) {
                output.line(&format!("    {line}"))?;
            }
        }
    }
    let appendix = rule.appendix.map(|lines| lines()).unwrap_or_default();
    if !appendix.is_empty() {
        output.line("")?;
    }
    for line in appendix {
        output.line(&line)?;
    }
    output.finish()?;
    Ok(Exit::Success)
}

/// Breaks a text between words into lines of at most `width` characters; a longer word stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
