//! The run over the sample hives says what the samples were made to show, and every finding can be traced by hand.

use std::collections::{BTreeMap, BTreeSet};

use hive_synth::samples::{self, Fires, Kind, Sample};
use mapihive::rules;

use crate::program::{Row, Scan, manifest_dir, mapihive, mapihive_in, rows, rows_of_file, scan_in};

fn scan() -> Scan {
    scan_in(manifest_dir(), ["sample-hives"])
}

/// The samples by their paths in the tables.
fn hives() -> BTreeMap<String, &'static Sample> {
    let samples = samples::all().iter().flat_map(|host| {
        host.samples.iter().map(move |sample| (format!("sample-hives/{}/{}", host.name, sample.path), sample))
    });
    samples.filter(|(_, sample)| sample.kind == Kind::Hive).collect()
}

/// What a sample promises for the rules that there are.
fn promised(sample: &'static Sample) -> impl Iterator<Item = &'static Fires> {
    sample.fires.iter().filter(|fires| rules::ALL.iter().any(|rule| rule.id == fires.rule))
}

/// Whether evidence stands at a place that a sample names: a path's end, or a name on the way.
fn stands_at(evidence: &Row, place: &str) -> bool {
    if place == "base block" {
        return evidence["record"] == "data" && evidence["key_path"].is_empty();
    }
    let path = format!(r"\{}\", evidence["key_path"]);
    path.contains(&format!(r"\{place}\"))
}

#[test]
fn exactly_the_promised_findings_are_there() {
    let scan = scan();
    let (findings, evidence) = (rows(&scan.findings), rows(&scan.evidence));
    let mut fired = 0;
    for (path, sample) in hives() {
        let of_hive: Vec<&Row> = findings.iter().filter(|row| row["hive_path"] == path).collect();
        let promised: Vec<&Fires> = promised(sample).collect();
        let expected: BTreeSet<&str> = promised.iter().map(|fires| fires.rule).collect();
        let found: BTreeSet<&str> = of_hive.iter().map(|row| row["rule_id"].as_str()).collect();
        assert_eq!(found, expected, "{path}");
        for fires in promised {
            let of_rule: Vec<&Row> =
                of_hive.iter().copied().filter(|row| row["rule_id"] == fires.rule).collect();
            let what = format!("{path}, {}", fires.rule);
            assert!(of_rule.iter().all(|row| row["severity"] == fires.severity.word()), "{what}");
            let ids: BTreeSet<&str> = of_rule.iter().map(|row| row["finding_id"].as_str()).collect();
            let evidence: Vec<&Row> =
                evidence.iter().filter(|row| ids.contains(row["finding_id"].as_str())).collect();
            for place in fires.places {
                assert!(
                    evidence.iter().any(|row| stands_at(row, place)),
                    "{what}: nothing stands at {place}"
                );
            }
            for id in ids {
                let mut rows = evidence.iter().filter(|row| row["finding_id"] == id);
                let placed = rows.any(|row| fires.places.iter().any(|place| stands_at(row, place)));
                assert!(placed, "{what}: a finding at none of {:?}", fires.places);
            }
            fired += 1;
        }
    }
    assert!(fired > 15, "the rules are there");
    let known: BTreeSet<String> = hives().into_keys().collect();
    assert!(findings.iter().all(|row| known.contains(&row["hive_path"])));
}

#[test]
fn the_clean_control_gives_nothing_above_info() {
    let findings = rows(&scan().findings);
    let above: Vec<_> = findings
        .iter()
        .filter(|row| row["host"] == "CLEAN01" && row["severity"] != "info")
        .map(|row| (&row["rule_id"], &row["detail"]))
        .collect();
    assert!(above.is_empty(), "{above:?}");
}

#[test]
fn every_hive_of_the_fleet_has_its_row_and_its_host() {
    let scan = scan();
    let coverage: BTreeMap<String, Row> =
        rows(&scan.coverage).into_iter().map(|row| (row["hive_path"].clone(), row)).collect();
    for (path, _) in hives() {
        let row = coverage.get(&path).unwrap_or_else(|| panic!("{path} has no row"));
        let host = path.split('/').nth(1).expect("a host");
        assert_eq!(row["host"], host);
        assert!(["parsed", "partial"].contains(&row["status"].as_str()), "{path}: {}", row["reason"]);
        let is_machine = path.contains("ystem32/config/") && !path.ends_with("DEFAULT");
        assert!(is_machine || !row["account"].is_empty(), "{path}");
    }
}

/// Every evidence row is followed with nothing but the row and the bytes of the file, as with a hex editor.
#[test]
fn every_row_of_evidence_leads_to_its_record_in_the_file() {
    let scan = scan();
    let evidence = rows(&scan.evidence);
    assert!(evidence.len() > 30);
    for row in &evidence {
        let bytes = std::fs::read(manifest_dir().join(&row["file"])).expect("the file that the row names");
        let at: usize = row["file_offset"].parse().expect("a number");
        let size: usize = row["size"].parse().expect("a number");
        let record = bytes.get(at..at + size).unwrap_or_else(|| panic!("outside of the file: {row:?}"));
        let in_log = row["file"] != row["hive_path"];
        // What an overwritten entry has left bears no number.
        let numbered = !row["log_sequence"].is_empty();
        assert!(in_log == numbered || in_log && row["origin"] == "log-remnant", "{row:?}");
        assert!(!in_log || row["file"].to_ascii_lowercase().contains(".log"), "{row:?}");
        // The size field of a deleted record's cell may be anything.
        let allocated = ["primary", "log"].contains(&row["origin"].as_str());
        let u16_at = |field: usize| usize::from(u16::from_le_bytes([record[field], record[field + 1]]));
        match row["record"].as_str() {
            "nk" => {
                assert_eq!(&record[4..6], b"nk", "{row:?}");
                let stored = i32::from_le_bytes(record[..4].try_into().unwrap());
                assert!(!allocated || -stored == i32::try_from(size).unwrap(), "{row:?}");
                let name = &record[80..80 + u16_at(76)];
                let last = row["key_path"].rsplit('\\').next().unwrap();
                assert_eq!(text(name, u16_at(6) & 0x20 != 0), last, "{row:?}");
                let ticks = u64::from_le_bytes(record[8..16].try_into().unwrap());
                assert_eq!(mapihive::wintypes::Filetime(ticks).to_string(), row["last_written"]);
            }
            "vk" => {
                assert_eq!(&record[4..6], b"vk", "{row:?}");
                let stored = i32::from_le_bytes(record[..4].try_into().unwrap());
                assert!(!allocated || -stored == i32::try_from(size).unwrap(), "{row:?}");
                let name = &record[24..24 + u16_at(6)];
                assert_eq!(text(name, u16_at(20) & 1 != 0), row["value_name"], "{row:?}");
            }
            "data" => assert!(size > 0 && row["key_path"].is_empty() == (at < 4096), "{row:?}"),
            other => panic!("a record of kind {other}"),
        }
    }
}

fn text(name: &[u8], compressed: bool) -> String {
    if compressed {
        return name.iter().map(|byte| char::from(*byte)).collect();
    }
    let units: Vec<u16> = name.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).expect("the samples have names that are text")
}

#[test]
fn findings_and_evidence_belong_together() {
    let scan = scan();
    let (findings, evidence) = (rows(&scan.findings), rows(&scan.evidence));
    let ids: BTreeSet<&String> = findings.iter().map(|row| &row["finding_id"]).collect();
    assert_eq!(ids.len(), findings.len());
    let with_evidence: BTreeSet<&String> = evidence.iter().map(|row| &row["finding_id"]).collect();
    assert_eq!(ids, with_evidence);
    for id in ids {
        let numbers: Vec<&str> =
            evidence.iter().filter(|row| row["finding_id"] == *id).map(|row| row["n"].as_str()).collect();
        let expected: Vec<String> = (1..=numbers.len()).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected);
    }
}

/// The places of section 1.1 of the domain reference of which everything is shown.
const PLACES: [&str; 8] = [
    r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem",
    r"Software\Microsoft\Windows Messaging Subsystem",
    r"Software\Microsoft\Office\16.0\Outlook\Profiles",
    r"Software\Microsoft\Office\16.0\Outlook\Deleted Profiles",
    r"Software\Microsoft\Office\15.0\Outlook\Profiles",
    r"Software\Microsoft\Exchange",
    r"Software\Microsoft\Office\Outlook\OMI Account Manager\Accounts",
    r"Software\Microsoft\Internet Account Manager\Accounts",
];

#[test]
fn profiles_shows_every_key_and_value_of_its_places_that_dump_shows() {
    let mut compared = 0;
    for (path, _) in hives() {
        let places = |command: &str| -> BTreeSet<(String, String, String)> {
            let run = mapihive([command, path.as_str()]);
            let below = |row: &Row| {
                PLACES.iter().any(|place| {
                    let key = row["key_path"].to_lowercase();
                    let rest = key.strip_prefix(&place.to_lowercase());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
                })
            };
            let place =
                |row: Row| (row["key_path"].clone(), row["value_name"].clone(), row["file_offset"].clone());
            let live = |row: &Row| row["trust"].is_empty();
            run.rows().into_iter().filter(live).filter(below).map(place).collect()
        };
        let (dumped, shown) = (places("dump"), places("profiles"));
        let missing: Vec<_> = dumped.difference(&shown).collect();
        let invented: Vec<_> = shown.difference(&dumped).collect();
        assert!(missing.is_empty() && invented.is_empty(), "{path}: {missing:#?} {invented:#?}");
        compared += dumped.len();
    }
    assert!(compared > 500, "{compared}");
}

/// The rules of the five articles from which the project grew (reference, section 5, *Seed coverage*).
const SEEDS: [(&str, &[&str]); 5] = [
    ("Q214637", &["L01", "L02", "X05"]),
    ("Q201121", &["L03", "L04", "L05", "X05", "H01"]),
    ("KB303221", &["L06", "L07", "L08", "L09", "L10", "L11"]),
    ("KB818861", &["L08"]),
    ("Q265438", &["C07", "C08", "C09", "C10"]),
];

#[test]
fn the_five_articles_fire_on_samples_and_spare_near_misses() {
    let found = rows(&scan().findings);
    for (article, of_article) in SEEDS {
        let cited = rules::every().any(|rule| rule.references.contains(&article));
        assert!(cited, "no rule cites {article}");
        for rule in of_article {
            assert!(found.iter().any(|row| row["rule_id"] == *rule), "{article}: {rule} fires nowhere");
            let nearly = |sample: &&Sample| sample.nearly.iter().any(|silent| silent.rule == *rule);
            assert!(
                hives().values().copied().any(|sample| nearly(&sample)),
                "{article}: nothing nearly fires {rule}"
            );
        }
    }
}

#[test]
fn what_nearly_fires_or_cannot_be_judged_is_in_no_finding() {
    let scan = scan();
    let (findings, evidence) = (rows(&scan.findings), rows(&scan.evidence));
    let mut looked_at = 0;
    for (path, sample) in hives() {
        for silent in sample.nearly.iter().chain(sample.not_judged) {
            let ids: BTreeSet<&str> = findings
                .iter()
                .filter(|row| row["hive_path"] == path && row["rule_id"] == silent.rule)
                .map(|row| row["finding_id"].as_str())
                .collect();
            // The place of a finding is its first evidence.
            let first =
                evidence.iter().filter(|row| row["n"] == "1" && ids.contains(row["finding_id"].as_str()));
            for row in first {
                let last = row["key_path"].rsplit('\\').next().unwrap_or_default();
                assert!(last != silent.place, "{path}: {} fires at {}", silent.rule, silent.place);
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 60, "{looked_at}");
}

/// What the rules over all hives find in the samples: rule, severity and subject; and the places of each.
type Across = BTreeMap<(String, String, String), Vec<String>>;

fn across(arguments: &[&str]) -> Across {
    let out = tempfile::tempdir().unwrap();
    let [findings, fleet, evidence] =
        ["findings.csv", "fleet.csv", "evidence.csv"].map(|name| out.path().join(name));
    let tables = ["-o", findings.to_str().unwrap(), "--fleet", fleet.to_str().unwrap()];
    let evidence_table = ["--evidence", evidence.to_str().unwrap()];
    mapihive_in(
        manifest_dir(),
        [&["scan", "-q", "sample-hives"], &tables[..], &evidence_table[..], arguments].concat(),
    );
    let evidence = rows_of_file(&evidence);
    let places = |id: &str| {
        let of_finding = evidence.iter().filter(|row| row["finding_id"] == id);
        of_finding.map(|row| row["key_path"].clone()).collect()
    };
    rows_of_file(&fleet)
        .iter()
        .map(|row| {
            let words = ["rule_id", "severity", "subject"].map(|column| row[column].clone());
            (words.into(), places(&row["finding_id"]))
        })
        .collect()
}

#[test]
fn exactly_the_promised_findings_over_all_hives_are_there() {
    let found = across(&["--servers", "sample-hives/servers.txt"]);
    let promised = samples::across();
    let expected: BTreeSet<(String, String, String)> = promised
        .iter()
        .map(|one| (one.rule.to_owned(), one.severity.word().to_owned(), one.subject.text()))
        .collect();
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected);
    let ruled: BTreeSet<&str> = promised.iter().map(|one| one.rule).collect();
    let all: BTreeSet<&str> = rules::across::ACROSS.iter().map(|rule| rule.id).collect();
    assert_eq!(ruled, all, "each rule over all hives has its sample");
    for one in promised {
        let key = (one.rule.to_owned(), one.severity.word().to_owned(), one.subject.text());
        for profile in one.profiles {
            let stands =
                found[&key].iter().any(|path| format!(r"{path}\").contains(&format!(r"\{profile}\")));
            assert!(stands, "{}: nothing stands at {profile}", one.rule);
        }
    }
    for (rule, subject, _) in samples::nearly_across() {
        let fires = found.keys().any(|(found, _, about)| found == rule && *about == subject.text());
        assert!(!fires, "{rule} fires for {}", subject.text());
    }
    // Without the list there is no majority from which a server could differ.
    let without: BTreeSet<String> = across(&[]).into_keys().map(|(rule, ..)| rule).collect();
    assert!(!without.contains("X01") && without.len() == all.len() - 1, "{without:?}");
}
