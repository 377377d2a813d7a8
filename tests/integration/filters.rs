//! Filters choose which findings are written; what was looked at stays told in full.

use std::collections::BTreeSet;
use std::path::Path;

use crate::program::{Row, mapihive, rows_of_file, scan_in};

const SEVERITIES: [&str; 4] = ["info", "low", "medium", "high"];

/// The findings of the sample fleet, in full and with a filter, with coverage and evidence of the latter.
struct Filtered {
    all: Vec<Row>,
    all_coverage: Vec<Row>,
    kept: Vec<Row>,
    coverage: Vec<Row>,
    evidence: Vec<Row>,
    stderr: String,
}

fn filtered(options: &[&str]) -> Filtered {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = scan_in(here, ["sample-hives"]);
    let kept = scan_in(here, ["sample-hives"].iter().chain(options));
    assert_eq!(kept.run.code, Some(3), "{}", kept.run.stderr);
    let rows = |table: &[u8]| crate::program::rows(table);
    Filtered {
        all: rows(&all.findings),
        all_coverage: rows(&all.coverage),
        kept: rows(&kept.findings),
        coverage: rows(&kept.coverage),
        evidence: rows(&kept.evidence),
        stderr: kept.run.stderr,
    }
}

/// Asserts that those findings are written of which `is_wanted` is true, with their evidence and no other.
fn assert_kept(options: &[&str], is_wanted: impl Fn(&Row) -> bool) -> Filtered {
    let filtered = filtered(options);
    let wanted: Vec<&Row> = filtered.all.iter().filter(|row| is_wanted(row)).collect();
    assert!(!wanted.is_empty() && wanted.len() < filtered.all.len(), "{options:?} divides the findings");
    assert_eq!(filtered.kept.iter().collect::<Vec<_>>(), wanted, "{options:?}");
    let ids =
        |rows: &[Row]| -> BTreeSet<String> { rows.iter().map(|row| row["finding_id"].clone()).collect() };
    assert_eq!(ids(&filtered.evidence), ids(&filtered.kept), "{options:?}");
    filtered
}

#[test]
fn a_baseline_without_rows_ends_with_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let quoted = folder.path().join("quoted.csv");
    std::fs::write(&quoted, format!("\"{}", "no end of a cell\n".repeat(5 << 20))).unwrap();
    for file in ["/dev/zero", quoted.to_str().unwrap()] {
        let run = mapihive(["scan", "sample-hives/CLEAN01", "-q", "--baseline", file]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("a row of more than 64 MB"), "{}", run.stderr);
    }
}

#[test]
fn findings_below_the_wanted_severity_are_not_written() {
    let grade = |row: &Row| SEVERITIES.iter().position(|severity| *severity == row["severity"]);
    for (place, severity) in SEVERITIES.iter().enumerate().skip(1).take(2) {
        let filtered = assert_kept(&["--min-severity", severity], |row| grade(row) >= Some(place));
        let left_out = filtered.all.len() - filtered.kept.len();
        let says = format!("{left_out} findings left out by the filter");
        assert!(filtered.stderr.contains(&says), "{}", filtered.stderr);
    }
}

#[test]
fn rules_are_chosen_by_every_name_they_have() {
    let is = |row: &Row, rules: &[&str]| rules.contains(&row["rule_id"].as_str());
    for options in [
        &["--only", "L01,L03"][..],
        &["--only", "L03", "--only", "l01"],
        &["--only", "mapi-l01,imc-present"],
        &["--only", "L01, L03", "--only", "MAPI-L01"],
    ] {
        assert_kept(options, |row| is(row, &["L01", "L03"]));
    }
    assert_kept(&["--skip", "l01,imc-present"], |row| !is(row, &["L01", "L03"]));
    assert_kept(&["--only", "L01,L03", "--min-severity", "low"], |row| is(row, &["L01"]));
}

#[test]
fn the_span_of_a_finding_decides_whether_its_time_is_wanted() {
    // RFC 3339 in one form sorts as text.
    let span = |row: &Row| -> Option<(String, String)> {
        let times = ["first_seen", "last_seen", "last_written"].map(|column| row[column].clone());
        let times = || times.iter().filter(|time| !time.is_empty());
        Some((times().min()?.clone(), times().max()?.clone()))
    };
    let (since, until) = ("2004-01-01T00:00:00.0000000Z", "2005-12-31T23:59:59.9999999Z");
    let after = |row: &Row| span(row).is_none_or(|(_, last)| last.as_str() >= since);
    let before = |row: &Row| span(row).is_none_or(|(first, _)| first.as_str() <= until);
    let filtered =
        assert_kept(&["--since", "2004-01-01", "--until", "2005-12-31"], |row| after(row) && before(row));
    assert!(
        filtered.all.iter().any(|row| span(row).is_none()),
        "a finding without a time is among the samples"
    );
    assert_kept(&["--since", "2004-01-01T00:00:00Z"], after);
    assert_kept(&["--until", until], before);
}

#[test]
fn the_coverage_table_counts_all_findings_and_says_which_filter_was_in_force() {
    let filtered = filtered(&["--skip", "L07,L02", "--min-severity", "low", "--since", "2001-02-03"]);
    let told = ["hive_path", "status", "findings", "rules_not_judged", "live_profiles"];
    let of = |rows: &[Row]| -> Vec<[String; 5]> {
        rows.iter().map(|row| told.map(|column| row[column].clone())).collect()
    };
    assert_eq!(of(&filtered.coverage), of(&filtered.all_coverage));
    let written: usize =
        filtered.coverage.iter().map(|row| row["findings_written"].parse().unwrap_or(0)).sum();
    assert_eq!(written, filtered.kept.len());
    for row in &filtered.coverage {
        assert_eq!(row["filter"], "min-severity low; skip L02,L07; since 2001-02-03T00:00:00.0000000Z");
    }
    for row in &filtered.all_coverage {
        assert_eq!((row["filter"].as_str(), &row["findings_written"]), ("", &row["findings"]));
    }
}

#[test]
fn findings_that_matter_make_the_exit_code_1_where_nothing_worse_happened() {
    let (clean, grave, damaged) = ("sample-hives/CLEAN01", "sample-hives/EXCH55A", "sample-hives/DAMAGED7");
    for (arguments, code) in [
        (vec![clean, "--fail-on", "info"], 0),
        (vec![grave, "--fail-on", "info"], 1),
        (vec![grave, "--fail-on", "medium"], 1),
        (vec![grave, "--fail-on", "medium", "-q"], 1),
        (vec![grave, "--fail-on", "high"], 0),
        (vec![grave, "--fail-on", "medium", "--only", "L02"], 0),
        // Worse.
        (vec![damaged, "--fail-on", "info"], 3),
        (vec!["no-such-folder", "--fail-on", "info"], 4),
        (vec![grave, "--fail-on", "grave"], 2),
        (vec![grave, "--fail-on", "info", "-o", "sample-hives/EXCH55A/out.csv"], 5),
    ] {
        let run = mapihive(["scan"].iter().chain(&arguments));
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.stderr);
        let says = run.stderr.contains("at or above --fail-on");
        assert_eq!(
            says,
            matches!(code, 1 | 3) && !arguments.contains(&"-q"),
            "{arguments:?}: {}",
            run.stderr
        );
    }
    // Of several hives.
    let out = tempfile::tempdir().unwrap();
    let fleet = out.path().join("fleet.csv");
    let fleet = fleet.to_str().unwrap();
    let only = ["scan", "sample-hives/WKS033", grave, "sample-hives/EXCH55B", "--clobber", "--fleet", fleet];
    let code = |more: &[&str]| mapihive(only.iter().chain(more)).code;
    let across = rows_of_file_after(&code, fleet);
    for rule in across {
        assert_eq!(code(&["--only", &rule, "--fail-on", "info"]), Some(1), "{rule}");
        let rows = rows_of_file(Path::new(fleet));
        assert!(!rows.is_empty() && rows.iter().all(|row| row["rule_id"] == rule), "{rule}");
    }
}

/// The rules of a table of findings about several hives, once it was written.
fn rows_of_file_after(write: &impl Fn(&[&str]) -> Option<i32>, table: &str) -> BTreeSet<String> {
    assert_eq!(write(&[]), Some(0));
    let rules: BTreeSet<String> =
        rows_of_file(Path::new(table)).iter().map(|row| row["rule_id"].clone()).collect();
    assert!(!rules.is_empty(), "the samples have findings about several hives");
    rules
}

#[test]
fn a_known_finding_fails_nothing() {
    let out = tempfile::tempdir().unwrap();
    let known = out.path().join("known.csv");
    let known = known.to_str().unwrap();
    let scan = ["scan", "sample-hives/EXCH55A", "--fail-on", "info"];
    assert_eq!(mapihive(scan.iter().chain(&["-o", known])).code, Some(1));
    assert_eq!(mapihive(scan.iter().chain(&["--baseline", known])).code, Some(0));
}

#[test]
fn wrong_filters_are_refused_with_what_would_be_right() {
    for (arguments, says) in [
        (&["--only", "L99"][..], "near it: L09"),
        (&["--skip", "calcon-mult"], "L01 (calcon-multi)"),
        (&["--only", ""], "`mapihive rules` lists all"),
        (&["--min-severity", "grave"], "info, low, medium, high"),
        (&["--since", "2023-02-29"], "2024-03-01T08:00:00Z"),
        (&["--until", "yesterday"], "2024-03-01T08:00:00Z"),
        (&["--since", "2024-03-01", "--until", "2024-02-29"], "later than --until"),
        (&["--only", "L01", "--skip", "mapi-l01"], "to --only and to --skip"),
    ] {
        let run = mapihive(["scan", "sample-hives"].iter().chain(arguments));
        assert_eq!((run.code, run.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(run.stderr.contains(says), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn parts_of_one_filter_join_to_the_case_of_one_run_and_others_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).to_str().unwrap().to_owned();
    let filter = ["--min-severity", "low", "--skip", "X01,L05", "--until", "2019-12-31"];
    let scan = |more: &[&str], filter: &[&str]| {
        let run = mapihive(["scan", "sample-hives", "-q"].iter().chain(more).chain(filter));
        assert!(matches!(run.code, Some(0 | 3)), "{}", run.stderr);
    };
    let (whole, one, two, other) = (path("whole"), path("one"), path("two"), path("other"));
    scan(&["--case", &whole], &filter);
    scan(&["--part", &one, "--shard", "1/2"], &filter);
    scan(&["--part", &two, "--shard", "2/2"], &filter);
    scan(&["--part", &other, "--shard", "2/2"], &filter[2..]);
    let joined = path("joined");
    let run = mapihive(["merge", &one, &two, "--case", &joined, "-q", "--fail-on", "low"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    for table in
        ["findings.csv", "findings.jsonl", "evidence.csv", "fleet_findings.csv", "hives.csv", "accounts.csv"]
    {
        let read = |case: &str| std::fs::read(Path::new(case).join(table)).unwrap();
        assert!(read(&whole) == read(&joined), "{table}");
    }
    assert!(rows_of_file(&Path::new(&joined).join("findings.csv")).iter().all(|row| row["rule_id"] != "L05"));
    assert!(
        rows_of_file(&Path::new(&joined).join("fleet_findings.csv"))
            .iter()
            .all(|row| row["rule_id"] != "X01")
    );
    let report = std::fs::read_to_string(Path::new(&joined).join("report.html")).unwrap();
    assert!(
        report.contains("A filter was in force")
            && report.contains("min-severity low; skip L05,X01; until 2019-12-31")
    );
    let refused = mapihive(["merge", &one, &other, "--case", &path("refused")]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("different min-severity"), "{}", refused.stderr);
}
