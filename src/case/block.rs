//! What one hive adds to all streams: made by the thread that read it, so that writing is mere copying.

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity};
use crate::lifecycle;
use crate::report::{
    Baseline, Formulas, bodyfile_lines, evidence_rows, finding_line, finding_row, input_rows,
    log_change_rows, profile_rows, property_table, service_rows, timeline_row,
};
use crate::rules;
use crate::scan::{Coverage, HiveReport, Hosts, OpenHive, Reading, Understood, Unit, judge_hive_and};

use super::filter::Filter;
use super::streams::{Added, Stream};

/// How hives are read, judged and written.
#[derive(Clone, Copy)]
pub struct Work<'w> {
    /// How hives are read.
    pub reading: Reading,
    /// Their hosts.
    pub hosts: &'w Hosts,
    /// The streams that are wanted.
    pub wanted: &'w BTreeSet<Stream>,
    /// How cells that look like formulas are written.
    pub formulas: Formulas,
    /// Findings that are known and not written.
    pub baseline: Option<&'w Baseline>,
    /// Which findings are written at all.
    pub filter: &'w Filter,
}

/// What became of a unit.
#[derive(Debug)]
pub struct Block {
    /// What became of the file, and what the rules say of it; without its findings, which are written.
    pub report: HiveReport,
    /// With a baseline, the identifiers of all findings.
    pub seen: Vec<String>,
    /// What it adds to the streams.
    pub added: Added,
}

impl Block {
    /// About how many bytes it holds; of the report, which is small, nothing is counted.
    pub fn size(&self) -> usize {
        self.added.size() + self.seen.len() * size_of::<String>()
    }
}

impl Work<'_> {
    /// Reads and judges a unit.
    pub fn on(&self, unit: &Unit) -> Block {
        match unit {
            Unit::PassedOver(passed) => {
                self.block(HiveReport::unread(Coverage::passed_over(passed)), Inside::default())
            }
            Unit::Read(candidate) => {
                let look = |hive: &OpenHive<'_>, understood: &Understood<'_>| self.inside(hive, understood);
                let (report, inside) = judge_hive_and(candidate, self.reading, self.hosts, rules::ALL, look);
                self.block(report, inside.unwrap_or_default())
            }
        }
    }

    /// Remembers with a baseline that findings were seen.
    pub fn saw(&self, ids: &[String]) {
        if let Some(baseline) = self.baseline {
            for id in ids {
                baseline.saw(id);
            }
        }
    }

    fn wants(&self, stream: Stream) -> bool {
        self.wanted.contains(&stream)
    }

    fn is_written(&self, finding: &Finding) -> bool {
        self.filter.keeps(finding) && !self.is_known(finding)
    }

    fn is_known(&self, finding: &Finding) -> bool {
        self.baseline.is_some_and(|baseline| baseline.knows(&finding.id))
    }

    /// Counts what is not written, and says by what it was left out.
    fn count_unwritten(&self, report: &mut HiveReport) {
        report.filter = self.filter.to_string();
        let judged = &mut report.judged;
        let count = |is_counted: &dyn Fn(&Finding) -> bool| {
            Severity::ALL.map(|severity| {
                let of_severity = judged.findings.iter().filter(|found| found.claim.severity == severity);
                of_severity.filter(|finding| is_counted(finding)).count() as u64
            })
        };
        (judged.left_out, judged.known) = (
            count(&|finding| !self.filter.keeps(finding)),
            count(&|finding| self.filter.keeps(finding) && self.is_known(finding)),
        );
    }

    fn inside(&self, hive: &OpenHive<'_>, understood: &Understood<'_>) -> Inside {
        let formulas = self.formulas;
        let mut inside = Inside::default();
        let added = &mut inside.added;
        if self.wants(Stream::Properties) {
            added.put(Stream::Properties, property_table(hive, understood, formulas));
        }
        if self.wants(Stream::Profiles) {
            added.rows(Stream::Profiles, formulas, profile_rows(hive, understood));
        }
        if self.wants(Stream::Services) {
            added.rows(Stream::Services, formulas, service_rows(hive, understood));
        }
        if self.wants(Stream::LogChanges) {
            added.rows(Stream::LogChanges, formulas, log_change_rows(hive, understood));
        }
        if self.wants(Stream::Bodyfile) {
            added.put(Stream::Bodyfile, bodyfile_lines(hive, understood).into_bytes());
        }
        if self.wants(Stream::Timeline) {
            inside.events = lifecycle::events(&understood.mapi, &understood.recovered);
        }
        inside
    }

    /// The rows that need to know what became of the file in the end.
    fn block(&self, report: HiveReport, inside: Inside) -> Block {
        let Inside { mut added, events } = inside;
        let formulas = self.formulas;
        let (coverage, judged) = (&report.coverage, &report.judged);
        let findings = || judged.findings.iter().filter(|finding| self.is_written(finding));
        if self.wants(Stream::Findings) {
            added.rows(Stream::Findings, formulas, findings().map(|finding| finding_row(coverage, finding)));
        }
        if self.wants(Stream::FindingsJson) {
            let lines: String =
                findings().map(|finding| finding_line(&finding_row(coverage, finding))).collect();
            added.put(Stream::FindingsJson, lines.into_bytes());
        }
        if self.wants(Stream::Evidence) {
            let rows = findings().flat_map(|finding| evidence_rows(coverage, finding));
            added.rows(Stream::Evidence, formulas, rows);
        }
        if self.wants(Stream::Timeline) {
            let rows = events.into_iter().map(|event| timeline_row(coverage, event));
            added.rows(Stream::Timeline, formulas, rows);
        }
        if self.wants(Stream::Inputs) {
            let rows = input_rows(&coverage.hive_path, coverage.evidence_id.as_deref(), &coverage.inputs);
            added.rows(Stream::Inputs, formulas, rows);
        }
        // The rest is told when all hives of the host are there; findings need most of the room and are not needed for it.
        let seen = match self.baseline {
            Some(_) => judged.findings.iter().map(|finding| finding.id.clone()).collect(),
            None => Vec::new(),
        };
        let mut report = report;
        self.count_unwritten(&mut report);
        report.forget_findings();
        Block { report, seen, added }
    }
}

/// What is made while the hive is open.
#[derive(Debug, Default)]
struct Inside {
    added: Added,
    events: Vec<lifecycle::Event>,
}
