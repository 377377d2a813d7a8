//! Floor 8: one file per output. Adding one is a file and a line here.

mod accounts;
mod baseline;
mod bodyfile;
mod compare;
mod deviations;
mod dump;
mod evidence;
mod findings;
mod findings_json;
mod fleet_findings;
mod hives;
pub mod html;
mod inputs;
mod log_changes;
mod output;
mod profiles;
mod properties;
mod rules;
mod services;
mod summary;
mod table;
mod timeline;

pub use accounts::{AccountRow, Accounts};
pub use baseline::{Baseline, BaselineError};
pub use bodyfile::bodyfile_lines;
pub use compare::{ComparisonRow, comparison_row};
pub use deviations::{Bytes, Change, Deviation, DeviationRow, Role, deviation_row};
pub use dump::{DumpRow, deleted_rows, dump_rows};
pub use evidence::{EvidenceRow, evidence_rows};
pub use findings::{FindingRow, finding_row};
pub use findings_json::{ECS_VERSION, finding_line, fleet_finding_line};
pub use fleet_findings::{FleetFindingRow, fleet_evidence_rows, fleet_finding_row};
pub use hives::{HiveRow, hive_row};
pub use inputs::{InputRow, input_rows};
pub use log_changes::{LogChangeRow, log_change_rows};
pub use output::{Output, OutputError, Table};
pub use profiles::{ProfileRow, profile_rows};
pub use properties::{PropertyRow, property_rows, property_table};
pub use rules::{RuleRow, rule_row};
pub use services::{ServiceRow, service_rows};
pub use summary::{Look, Summary, for_terminal};
pub use table::{Cell, Column, Formulas, Row, TableWriter};
pub use timeline::{TimelineRow, timeline_row};

/// Version of the tables' columns and vocabularies.
pub const SCHEMA: u64 = 1;
