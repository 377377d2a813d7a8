//! The first look at the tables: how much there is of everything, and what is worth a warning.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::audit::{Audit, Ending};
use super::tables::{Row, each_row};
use super::{ReportError, counted, grouped};

/// Severities from the gravest on, as the tables write them.
pub(super) const SEVERITIES: [&str; 4] = ["high", "medium", "low", "info"];

/// What is known of the whole case.
#[derive(Default)]
pub(super) struct Overview {
    /// Files by status: parsed, partial, failed, skipped.
    statuses: [u64; 4],
    hosts: HashSet<u64>,
    accounts: u64,
    accounts_with_findings: u64,
    /// Profiles: live, marked for deletion, recovered.
    profiles: [u64; 3],
    /// Findings of one hive by severity.
    pub(super) severities: [u64; 4],
    /// Findings about several hives.
    fleet: u64,
    log_changes: u64,
    dirty: u64,
    damaged: u64,
    /// Hives in which some rule could not judge something.
    not_judged: u64,
    /// Findings by rule.
    pub(super) rules: BTreeMap<String, u64>,
    /// The gravest finding of each profile, and how many there are.
    pub(super) of_profile: HashMap<u64, (usize, u64)>,
    /// By what findings were left out when they were written.
    filter: String,
    /// Tables that the case does not have.
    missing: Vec<&'static str>,
}

/// The top of the page.
pub(super) struct Verdict {
    pub(super) sentence: String,
    pub(super) warnings: Vec<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) version: String,
    pub(super) ended: String,
    pub(super) has: Has,
}

/// Sections that there is something for.
pub(super) struct Has {
    pub(super) fleet: bool,
    pub(super) log_changes: bool,
}

/// A number of the verdict and the parts it is made of.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) number: String,
    /// Class, number and word of each part.
    pub(super) parts: Vec<(&'static str, String, &'static str)>,
}

/// Reads all tables once.
pub(super) fn read(folder: &Path) -> Result<Overview, ReportError> {
    let mut overview = Overview::default();
    let mut missing = Vec::new();
    let mut table = |name: &'static str, is_there: bool| {
        if !is_there {
            missing.push(name);
        }
    };
    table(
        "hives.csv",
        each_row(folder, "hives.csv", |row| {
            overview.add_hive(row);
            Ok(())
        })?,
    );
    table(
        "accounts.csv",
        each_row(folder, "accounts.csv", |row| {
            overview.add_account(row);
            Ok(())
        })?,
    );
    table(
        "profiles.csv",
        each_row(folder, "profiles.csv", |row| {
            overview.add_profile(row);
            Ok(())
        })?,
    );
    table(
        "findings.csv",
        each_row(folder, "findings.csv", |row| {
            overview.add_finding(row);
            Ok(())
        })?,
    );
    let fleet = each_row(folder, "fleet_findings.csv", |row| {
        overview.fleet += 1;
        *overview.rules.entry(row.get("rule_id").to_owned()).or_default() += 1;
        Ok(())
    })?;
    table("fleet_findings.csv", fleet);
    let changes = each_row(folder, "log_changes.csv", |_| {
        overview.log_changes += 1;
        Ok(())
    })?;
    table("log_changes.csv", changes);
    for name in ["evidence.csv", "services.csv", "properties.csv", "timeline.csv", "rules.csv"] {
        table(name, folder.join(name).exists());
    }
    overview.missing = missing;
    Ok(overview)
}

impl Overview {
    fn add_hive(&mut self, row: Row<'_>) {
        let statuses = ["parsed", "partial", "failed", "skipped"];
        bump(&mut self.statuses, &statuses, row.get("status"));
        if !row.get("host").is_empty() {
            self.hosts.insert(hash(row.get("host")));
        }
        self.dirty += u64::from(row.get("hive_state") == "dirty-unreplayed");
        self.damaged += u64::from(row.get("hive_state") == "damaged");
        if self.filter.is_empty() {
            row.get("filter").clone_into(&mut self.filter);
        }
        self.not_judged += u64::from(!row.get("rules_not_judged").is_empty());
    }

    fn add_account(&mut self, row: Row<'_>) {
        self.accounts += 1;
        let findings = ["findings_high", "findings_medium", "findings_low", "findings_info"];
        self.accounts_with_findings += u64::from(findings.iter().any(|column| row.number(column) > 0));
    }

    fn add_profile(&mut self, row: Row<'_>) {
        bump(&mut self.profiles, &["live", "deleted-pending", "recovered"], row.get("profile_state"));
    }

    fn add_finding(&mut self, row: Row<'_>) {
        let severity = severity(row.get("severity"));
        bump(&mut self.severities, &SEVERITIES, row.get("severity"));
        *self.rules.entry(row.get("rule_id").to_owned()).or_default() += 1;
        if !row.get("profile").is_empty() {
            let (worst, count) = self.of_profile.entry(row.profile()).or_insert((severity, 0));
            *worst = severity.min(*worst);
            *count += 1;
        }
    }

    /// How many findings of each severity are spelled out: as many as fit, the gravest first.
    pub(super) fn shown_findings(&self) -> [u64; 4] {
        let mut left = super::MOST_FINDINGS as u64;
        self.severities.map(|number| {
            let shown = number.min(left);
            left -= shown;
            shown
        })
    }

    pub(super) fn verdict(&self, audit: &Audit) -> Verdict {
        let [parsed, partial, failed, skipped] = self.statuses;
        let [high, medium, low, info] = self.severities;
        let grave = high + medium;
        let sentence = match (grave, high + medium + low + info) {
            (0, 0) if !self.filter.is_empty() => "No finding passed the filter.".to_owned(),
            (0, 0) => "No rule fired on what was read.".to_owned(),
            (0, all) => format!("{}, none of them above low severity.", counted(all, "finding")),
            (grave, all) => {
                format!("{} of high or medium severity among {}.", counted(grave, "finding"), grouped(all))
            }
        };
        let part = |class, number: u64, word| (class, grouped(number), word);
        let [live, pending, recovered] = self.profiles;
        Verdict {
            sentence,
            warnings: self.warnings(audit),
            figures: vec![
                Figure {
                    name: "Findings",
                    number: grouped(high + medium + low + info),
                    parts: vec![
                        part("high", high, "high"),
                        part("medium", medium, "medium"),
                        part("low", low, "low"),
                        part("info", info, "info"),
                    ],
                },
                Figure {
                    name: "Files",
                    number: grouped(parsed + partial + failed + skipped),
                    parts: vec![
                        part("plain", parsed, "read"),
                        part(if partial > 0 { "warn" } else { "plain" }, partial, "partial"),
                        part(if failed > 0 { "warn" } else { "plain" }, failed, "failed"),
                        part("plain", skipped, "skipped"),
                    ],
                },
                Figure {
                    name: "Accounts",
                    number: grouped(self.accounts),
                    parts: vec![
                        part("plain", self.accounts_with_findings, "with findings"),
                        part("plain", self.hosts.len() as u64, "hosts"),
                    ],
                },
                Figure {
                    name: "Profiles",
                    number: grouped(live + pending + recovered),
                    parts: vec![
                        part("plain", live, "live"),
                        part("plain", pending, "marked for deletion"),
                        part("plain", recovered, "recovered"),
                    ],
                },
            ],
            version: audit.version.clone(),
            ended: super::readable(&audit.ended.to_string()),
            has: Has { fleet: self.fleet > 0, log_changes: self.log_changes > 0 },
        }
    }

    /// What a reader must know before reading on.
    fn warnings(&self, audit: &Audit) -> Vec<String> {
        let [_, partial, failed, _] = self.statuses;
        let mut warnings = Vec::new();
        if audit.ending == Ending::Interrupted {
            warnings
                .push("The run was interrupted: this report covers what had been read by then.".to_owned());
        }
        if !self.filter.is_empty() {
            warnings.push(format!(
                "A filter was in force, so that not all findings are here: {}. Accounts and Coverage count all findings.",
                self.filter
            ));
        }
        let mut warn = |number: u64, what: &str, is: &str, says: &str| {
            if number > 0 {
                warnings.push(format!("{is}: {}.{says}", counted(number, what)));
            }
        };
        warn(failed, "file", "Could not be read at all", "");
        warn(partial, "file", "Could be read in part only", "");
        warn(
            self.damaged,
            "hive",
            "With a damaged header, or cut short",
            " What is not in the bytes may have been there.",
        );
        warn(
            self.dirty,
            "hive",
            "Dirty, without transaction logs that fit",
            " The last changes may be missing, and nothing is argued from absence there.",
        );
        warn(
            self.not_judged,
            "hive",
            "Not judged by every rule",
            " That a rule found nothing there does not mean that nothing is wrong.",
        );
        if !self.missing.is_empty() {
            warnings.push(format!("The case has no {}.", self.missing.join(", ")));
        }
        warnings
    }
}

/// The place of a severity in [`SEVERITIES`].
pub(super) fn severity(word: &str) -> usize {
    SEVERITIES.iter().position(|severity| *severity == word).unwrap_or(SEVERITIES.len() - 1)
}

fn bump<const N: usize>(counts: &mut [u64; N], words: &[&str; N], word: &str) {
    let mut places = words.iter().zip(counts);
    if let Some((_, count)) = places.find(|(known, _)| **known == word) {
        *count += 1;
    }
}

fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
