//! `rules.csv`: the registry of rules with all its words.

use crate::finding::Severity;
use crate::rules::Rule;

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of `rules.csv`.
    RuleRow {
        schema: "version of these columns",
        rule_id: "the rule",
        slug: "its name for the command line",
        title: "the rule in a few words",
        severities: "severities that its findings can have",
        condition: "the exact condition",
        implies: "what the rule concludes",
        does_not_prove: "what it does not prove",
        remediation: "what to do about it",
        false_positives: "what looks the same and is not meant",
        references: "where the rule comes from",
        argues_from_absence: "yes or no: whether it needs complete lists and a hive that is neither dirty nor damaged",
    }
}

/// The row of a rule.
pub fn rule_row(rule: &'static Rule) -> RuleRow<'static> {
    let severities: Vec<&str> = rule.severities.iter().copied().map(Severity::as_str).collect();
    RuleRow {
        schema: SCHEMA.into(),
        rule_id: rule.id.into(),
        slug: rule.slug.into(),
        title: rule.title.into(),
        severities: severities.join(" ").into(),
        condition: rule.condition.into(),
        implies: rule.implies.into(),
        does_not_prove: rule.does_not_prove.into(),
        remediation: rule.remediation.into(),
        false_positives: rule.false_positives.into(),
        references: rule.references.join(" ").into(),
        argues_from_absence: if rule.argues_from_absence { "yes" } else { "no" }.into(),
        neutralized: Cell::Empty,
    }
}
