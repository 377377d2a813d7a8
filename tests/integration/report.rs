//! The report says what the tables of its case say, is one file that asks for nothing, and obeys no name from a hive.
//!
//! `MAPIHIVE_REPORT_FOLDER=DIR cargo test --test integration report::` keeps the reports in DIR, where `scripts/check_report`
//! looks at them with a browser.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use hive_synth::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime};
use mapihive::report::html::{Audit, Ending, MOST_FINDINGS, MOST_ROWS, write};
use mapihive::wintypes::Filetime;
use sha2::{Digest as _, Sha256};

use crate::case::write_case;
use crate::program::{manifest_dir, plant, rows_of_file};

/// A run as the report tells of it.
pub fn audit() -> Audit {
    let time = |text| Filetime::parse_rfc3339(text).unwrap();
    Audit {
        version: env!("CARGO_PKG_VERSION").into(),
        arguments: ["mapihive", "scan", "sample-hives", "--case", "case"].map(str::to_owned).to_vec(),
        started: time("2026-01-02T03:04:05Z"),
        ended: time("2026-01-02T03:04:09Z"),
        inputs: vec!["sample-hives".into()],
        threads: 2,
        ending: Ending::Complete,
        settings: vec![("Transaction logs".into(), "applied in memory".into())],
    }
}

/// The report of a case.
pub fn report(folder: &Path, audit: &Audit) -> String {
    let mut out = Vec::new();
    write(folder, audit, &mut out).expect("a report");
    String::from_utf8(out).expect("UTF-8")
}

/// Keeps a report for the browser, where that is asked for.
fn keep(name: &str, report: &str) {
    if let Some(folder) = std::env::var_os("MAPIHIVE_REPORT_FOLDER") {
        std::fs::create_dir_all(&folder).expect("a folder for reports");
        std::fs::write(Path::new(&folder).join(name), report).expect("a writable folder");
    }
}

fn case_of_samples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_case(folder.path(), manifest_dir(), &["sample-hives"]);
    folder
}

/// What stands between two texts.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let start = text.find(begin).unwrap_or_else(|| panic!("no {begin}")) + begin.len();
    let length = text[start..].find(end).unwrap_or_else(|| panic!("no {end}"));
    &text[start..start + length]
}

/// Text of a page as people see it.
fn plain(html: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(html.to_owned(), |text, (escaped, character)| text.replace(escaped, character))
}

#[test]
fn every_finding_account_profile_and_file_of_the_samples_is_in_the_report() {
    let case = case_of_samples();
    let report = report(case.path(), &audit());
    keep("samples.html", &report);
    let shown = plain(&report);
    let table = |name: &str| rows_of_file(&case.path().join(name));
    for row in table("findings.csv").iter().chain(&table("fleet_findings.csv")) {
        assert!(report.contains(&format!("id=\"f-{}\"", row["finding_id"])), "{row:?}");
        for column in ["title", "implies", "does_not_prove"] {
            assert!(shown.contains(&row[column]), "{column} of {}", row["finding_id"]);
        }
    }
    for row in table("hives.csv") {
        assert!(shown.contains(&row["hive_path"]), "{row:?}");
    }
    for row in table("profiles.csv") {
        assert!(shown.contains(&format!("{} (", row["profile"])), "{row:?}");
    }
    let fired: BTreeSet<String> = table("findings.csv").iter().map(|row| row["rule_id"].clone()).collect();
    for rule in fired {
        assert!(report.contains(&format!("id=\"rule-{rule}\"")), "{rule}");
    }
    // One of the samples cannot be read whole.
    assert!(shown.contains("Could be read in part only: 1 file."));
    for state in ["class=\"bar live", "class=\"bar pending", "class=\"bar gone", "together", "class=\"over\""]
    {
        assert!(between(&report, "id=\"lives\"", "</section>").contains(state), "{state}");
    }
}

#[test]
fn the_policy_allows_the_one_style_and_the_one_script_and_nothing_else() {
    let report = report(case_of_samples().path(), &audit());
    let policy = plain(between(&report, "Content-Security-Policy\" content=\"", "\""));
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let begin = format!("<{element}>");
        assert_eq!(report.matches(&format!("<{element}")).count(), 1);
        let text = between(&report, &begin, &format!("</{element}>"));
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
    for outside in
        ["http://", "https://", "src=", "@import", " style=", " onclick", "<link", "<iframe", "<base"]
    {
        assert!(!report.contains(outside), "{outside}");
    }
}

#[test]
fn only_the_audit_makes_two_reports_on_the_same_tables_differ() {
    let case = case_of_samples();
    let other = Audit {
        arguments: vec!["elsewhere".into()],
        started: Filetime(0),
        threads: 64,
        settings: Vec::new(),
        ..audit()
    };
    let one = report(case.path(), &audit());
    assert_eq!(one, report(case.path(), &audit()));
    let two = report(case.path(), &other);
    let [one, two] = [&one, &two].map(|text| text.split_once("<section id=\"audit\"").unwrap().0);
    assert_eq!(one, two);
}

/// Names that a careless page would obey.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)>",
    "' onmouseover='alert(4)",
    "{{ 7*7 }} <!-- ]]>",
    "invoice\u{202e}fdp.exe\u{200b}",
    "=cmd|'/C calc'!A0",
];

#[test]
fn names_from_hives_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    for (number, name) in HOSTILE.into_iter().enumerate() {
        let time = filetime(2001, 1, 1, 0, number as u64, 0, 0);
        for root in [PROFILES, DELETED_PROFILES] {
            exchange_profile(
                &mut builder,
                &NewProfile::new(root, name, time),
                &Mailbox::new(name, "SITE", name, name),
            );
        }
    }
    let hive = "=HOST'\u{202e}/C/Users/<b onclick=alert(5)>it's\u{202e}/NTUSER.DAT";
    plant(folder.path(), &[(hive, &builder.build().bytes)]);
    let case = tempfile::tempdir().unwrap();
    write_case(case.path(), folder.path(), &["."]);
    let report = report(case.path(), &Audit { inputs: vec!["<i>\u{7}".into()], ..audit() });
    keep("hostile.html", &report);
    let page = report.split_once("</style>").unwrap().1;
    for markup in [
        "<script>alert",
        "<img",
        "<svg on",
        "' onmouseover='",
        "<b on",
        "<i>\\u",
        "\u{202e}",
        "\u{200b}",
        "\u{7}",
    ] {
        assert!(!page.contains(markup), "{markup}");
    }
    let shown = plain(&report);
    for name in HOSTILE {
        let name = name.replace('\u{202e}', "\\u{202e}").replace('\u{200b}', "\\u{200b}");
        assert!(shown.contains(&format!("{name} (")), "{name} is shown as it is");
    }
    assert!(report.contains("characters that a shell cannot be given"), "no command for such a path");
}

/// A case of many findings, made of those of the samples over and over again.
fn large_case(folder: &Path, findings: usize) {
    let case = case_of_samples();
    for entry in std::fs::read_dir(case.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let mut evidence: std::collections::HashMap<String, Vec<csv::StringRecord>> =
        std::collections::HashMap::new();
    for record in csv::Reader::from_path(case.path().join("evidence.csv")).unwrap().records() {
        let record = record.unwrap();
        evidence.entry(record[0].to_owned()).or_default().push(record);
    }
    let mut source = csv::Reader::from_path(case.path().join("findings.csv")).unwrap();
    let header = source.headers().unwrap().clone();
    let samples: Vec<csv::StringRecord> = source.records().map(Result::unwrap).collect();
    let id = header.iter().position(|name| name == "finding_id").unwrap();
    let mut out = csv::Writer::from_path(folder.join("findings.csv")).unwrap();
    let mut places = csv::Writer::from_path(folder.join("evidence.csv")).unwrap();
    out.write_record(&header).unwrap();
    places
        .write_record(csv::Reader::from_path(case.path().join("evidence.csv")).unwrap().headers().unwrap())
        .unwrap();
    for (number, sample) in samples.iter().cycle().take(findings).enumerate() {
        let new = format!("{number:024x}");
        out.write_record(
            sample.iter().enumerate().map(|(at, cell)| if at == id { new.as_str() } else { cell }),
        )
        .unwrap();
        for place in &evidence[&sample[id]] {
            places.write_record(std::iter::once(new.as_str()).chain(place.iter().skip(1))).unwrap();
        }
    }
    out.flush().unwrap();
    places.flush().unwrap();
}

#[test]
fn of_more_findings_than_a_page_can_hold_the_gravest_are_shown_and_the_bound_is_told() {
    let folder = tempfile::tempdir().unwrap();
    large_case(folder.path(), MOST_FINDINGS + 1234);
    let report = report(folder.path(), &audit());
    keep("large.html", &report);
    assert!(report.contains("first 10,000 of 11,234; all are in findings.csv."));
    let findings = rows_of_file(&folder.path().join("findings.csv"));
    let rank =
        |word: &str| ["high", "medium", "low", "info"].iter().position(|known| *known == word).unwrap();
    let section = between(&report, "<section id=\"findings\"", "</section>");
    let shown: Vec<usize> =
        section.split("data-s=\"").skip(1).map(|rest| rest[..1].parse().unwrap()).collect();
    assert_eq!(shown.len(), MOST_FINDINGS);
    assert!(shown.is_sorted());
    for grave in findings.iter().filter(|row| rank(&row["severity"]) < *shown.last().unwrap()) {
        assert!(section.contains(&format!("f-{}\"", grave["finding_id"])), "{grave:?}");
    }
    assert!(report.len() < 64 << 20, "{} bytes", report.len());
}

#[test]
fn what_is_not_there_or_was_interrupted_is_told_at_the_top() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path(), &Audit { ending: Ending::Interrupted, ..audit() });
    keep("empty.html", &report);
    let verdict = between(&report, "<section id=\"verdict\"", "</section>\n");
    assert!(verdict.contains("The run was interrupted"), "{verdict}");
    assert!(verdict.contains("The case has no hives.csv, accounts.csv"), "{verdict}");
    assert!(report.contains("No rule fired. That says nothing of what could not be read."));
}

#[test]
fn a_command_of_a_card_shows_its_finding_again() {
    let report = plain(&report(case_of_samples().path(), &audit()));
    let program = Path::new(env!("CARGO_BIN_EXE_mapihive")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let cards = report.split("<details class=\"finding ").skip(1);
    let mut hives = BTreeSet::new();
    for card in cards {
        let id = between(card, "id=\"f-", "\"");
        let hive =
            card.split("<dt>Hive</dt><dd class=\"mono\">").nth(1).map(|rest| between(rest, "", "</dd>"));
        // One finding of each hive.
        let Some(hive) = hive.filter(|hive| hives.insert((*hive).to_owned())) else { continue };
        let command = between(card, "<pre>", "</pre>").lines().next().unwrap();
        let output =
            Command::new("sh").current_dir(manifest_dir()).env("PATH", &path).args(["-c", command]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains(id), "{hive}: {command}");
    }
    assert!(hives.len() > 10);
}

#[test]
fn the_audit_has_the_command_that_makes_the_case_again() {
    let case = case_of_samples();
    let again = |arguments: &[&str]| {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let report = plain(&report(case.path(), &Audit { arguments, ..audit() }));
        let audit = report.split_once("<dt>To make it again</dt><dd>").unwrap().1.to_owned();
        audit.contains("<pre>").then(|| between(&audit, "<pre>", "</pre>").to_owned())
    };
    let of = |arguments: &[&str]| again(arguments).expect("a command");
    assert_eq!(of(&["mapihive", "scan", "ev", "--case", "a b"]), "mapihive scan ev --case NEW-FOLDER");
    assert_eq!(
        of(&["mapihive", "merge", "--clobber", "it's", "-q", "--case=x", "p 2"]),
        r"mapihive merge 'it'\''s' -q --case NEW-FOLDER 'p 2'"
    );
    // What is shown with escapes is not what was given, and nobody copies a hundred thousand paths.
    assert_eq!(again(&["mapihive", "scan", "a\\u{a}b", "--case", "x"]), None);
    let long: Vec<&str> = std::iter::repeat_n("some/path", 1000).collect();
    assert_eq!(again(&long), None);

    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    let program = Path::new(env!("CARGO_BIN_EXE_mapihive"));
    let command = of(&["mapihive", "scan", "-q", "sample-hives", "--case", "case"])
        .replace("NEW-FOLDER", new.to_str().unwrap());
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run =
        Command::new("sh").current_dir(manifest_dir()).env("PATH", path).args(["-c", &command]).status();
    assert_eq!(run.unwrap().code(), Some(3));
    let fleet = |case: &Path| std::fs::read(case.join("fleet_findings.csv")).unwrap();
    assert_eq!(fleet(&new), fleet(case.path()));
}

#[test]
fn an_audit_of_many_inputs_shows_the_first() {
    let inputs = (0..MOST_ROWS + 1234).map(|number| format!("path-{number}")).collect();
    let report = plain(&report(case_of_samples().path(), &Audit { inputs, ..audit() }));
    assert!(report.contains("and 1,234 more; inputs.csv has every file"));
    assert!(report.contains("<li>path-499</li>") && !report.contains("<li>path-500</li>"));
}
