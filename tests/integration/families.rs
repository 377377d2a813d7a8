//! Families of profile names are data: a site adds its own, and a file that would mislead is refused with the line that
//! does.

use std::collections::BTreeMap;
use std::path::Path;

use hive_synth::mapi::{NewProfile, PROFILES, edk_name, empty_profile};
use hive_synth::{HiveBuilder, Version, filetime};
use mapihive::mapi::families::{Families, Family};

use crate::program::{Run, manifest_dir, mapihive_in, plant, rows, scan_in};

const T: u64 = filetime(1999, 4, 26, 2, 0, 0, 0);
const UNCLASSIFIED: &str = "unclassified (machine-looking)";

const SITE: &str = r#"
[[family]]
id = "paging"
product = "Paging service of the northern site"
patterns = ["Pager-<digits:2>", "PageGw<any>"]
dynamic = true
sources = ["ticket 4711"]
examples = ["Pager-07", "pagegw 1"]
nearly = ["Pager-7"]

[[family]]
id = "direct"
product = "A gateway that writes no space"
patterns = ["Direct<pid+filetime>"]
dynamic = false
sources = ["seen on NORTH2"]
examples = ["Direct0000012c01be92e19c6ae2a0"]
"#;

/// A folder with a hive that has profiles of these names, and a site's file far from it.
fn case(names: &[&str], site: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hive = HiveBuilder::new(Version::V1_3);
    for name in names {
        empty_profile(&mut hive, &NewProfile::new(PROFILES, name, T));
    }
    plant(
        folder.path(),
        &[
            ("case/HOST/C/Documents and Settings/svc/NTUSER.DAT", &hive.build().bytes),
            ("settings/of the site.toml", site.as_bytes()),
        ],
    );
    folder
}

const WITH_SITE: [&str; 3] = ["case", "--families", "settings/of the site.toml"];

fn run(folder: &Path, command: &str, arguments: &[&str]) -> Run {
    mapihive_in(folder, [&[command], arguments].concat())
}

/// The families that the timeline shows, by profile.
fn shown(folder: &Path, arguments: &[&str]) -> BTreeMap<String, String> {
    let run = run(folder, "timeline", arguments);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.rows().into_iter().map(|row| (row["profile"].clone(), row["profile_family"].clone())).collect()
}

fn family(name: &str) -> Option<&'static Family> {
    Families::built_in().classify(name).family
}

#[test]
fn every_family_of_the_table_claims_its_examples_and_not_its_near_misses() {
    let table =
        std::fs::read_to_string(manifest_dir().join("src/mapi/families/families.toml")).expect("the table");
    let table: toml::Table = table.parse().expect("TOML");
    let rows = table["family"].as_array().expect("families");
    assert_eq!(rows.len(), Families::built_in().iter().count());
    for row in rows {
        let id = row["id"].as_str().expect("an id");
        let texts = |field: &str| {
            let texts: Vec<&str> =
                row[field].as_array().expect(field).iter().filter_map(toml::Value::as_str).collect();
            assert!(!texts.is_empty(), "{id} has no {field}");
            texts
        };
        assert!(texts("sources").iter().all(|source| !source.trim().is_empty() && *source != "inferred"));
        for name in texts("examples") {
            assert_eq!(family(name).map(|family| family.id), Some(id), "{name}");
        }
        for name in texts("nearly") {
            assert_ne!(family(name).map(|family| family.id), Some(id), "{name}");
        }
    }
}

#[test]
fn a_sites_file_adds_its_families() {
    let folder = case(&["Pager-07", "Pager-7", "PAGEGW north", "Outlook", "MSExchangeIMC 1"], SITE);
    let with = shown(folder.path(), &WITH_SITE);
    let expected = [
        ("MSExchangeIMC 1", "MSExchangeIMC"),
        ("Outlook", ""),
        ("PAGEGW north", "paging"),
        ("Pager-07", "paging"),
        ("Pager-7", ""),
    ];
    assert_eq!(with, expected.map(|(name, family)| (name.to_owned(), family.to_owned())).into());
    let without = shown(folder.path(), &["case"]);
    assert!(without.values().all(|family| family.is_empty() || family == "MSExchangeIMC"), "{without:?}");
}

#[test]
fn process_and_time_are_read_where_a_sites_pattern_has_them() {
    let name = edk_name("Direct", 300, T).replace(' ', "");
    let folder = case(&[&name], SITE);
    let made_by = |arguments: &[&str]| {
        let rows = run(folder.path(), "timeline", arguments).rows();
        rows.iter().filter(|row| row["message"].contains("reads as made by process 300")).count()
    };
    assert_eq!((made_by(&WITH_SITE), made_by(&["case"])), (1, 0));
    assert_eq!(shown(folder.path(), &WITH_SITE)[&name], "direct");
    assert_eq!(shown(folder.path(), &["case"])[&name], UNCLASSIFIED);
}

#[test]
fn names_that_look_made_by_a_machine_are_told_as_unclassified() {
    let names = ["{D9734F19-8CFB-411D-BC59-833E334FCB5E}", "Sync 0123456789abcdef01234567", "10012345"];
    let shown = shown(case(&names, SITE).path(), &["case"]);
    assert_eq!(names.map(|name| shown[name].as_str()), [UNCLASSIFIED, UNCLASSIFIED, ""]);
}

#[test]
fn a_rule_on_the_form_of_a_name_still_speaks_where_a_site_knows_the_maker() {
    let named = edk_name("PageGw north", 300, T);
    let folder = case(&[&named, &edk_name("Other", 7, T)], SITE);
    let found = |arguments: &[&str]| {
        let run = run(folder.path(), "scan", arguments);
        let rows: Vec<_> = run.rows().into_iter().filter(|row| row["rule_id"] == "L12").collect();
        let said = |row: &BTreeMap<String, String>| {
            (row["profile_family"].clone(), row["finding_id"].clone(), row["detail"].clone())
        };
        assert_eq!(rows.len(), 2, "{}", run.stderr);
        rows.iter().map(said).collect::<Vec<_>>()
    };
    let (with, without) = (found(&WITH_SITE), found(&["case"]));
    assert_eq!(without[0].0, "EDK");
    assert_eq!(with[0], without[0], "Other is nobody's");
    assert_eq!((with[1].0.as_str(), &with[1].1), ("paging", &without[1].1));
    assert!(with[1].2.contains("Paging service of the northern site"), "{}", with[1].2);
}

/// Claims what it can get.
const GREEDY: &str = r#"
[[family]]
id = "greedy"
product = "Everything with an e in it"
patterns = ["<any>e<any>"]
dynamic = true
sources = ["a test"]
examples = ["e"]
"#;

#[test]
fn a_site_takes_no_name_from_a_built_in_family_of_a_known_maker() {
    let names =
        ["MSExchangeCalCon 1", "SERVER1-LME-NOTES V3", "BlackBerryServer", "MSExchangeIMC 1", "The other"];
    let folder = case(&names, GREEDY);
    let (with, without) = (shown(folder.path(), &WITH_SITE), shown(folder.path(), &["case"]));
    let changed: Vec<&str> = names.into_iter().filter(|name| with[*name] != without[*name]).collect();
    assert_eq!(changed, ["The other"]);
}

#[test]
fn a_sites_file_changes_what_findings_say_of_the_maker_and_no_finding() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    plant(folder.path(), &[("a.toml", GREEDY.as_bytes()), ("b/c", GREEDY.as_bytes())]);
    let samples = manifest_dir().join("sample-hives");
    let samples = samples.to_str().expect("a path");
    let scan = |arguments: &[&str]| {
        let scan = scan_in(folder.path(), [&[samples], arguments].concat());
        assert_eq!(scan.run.code, Some(3), "{}", scan.run.stderr);
        scan
    };
    let (one, without) = (scan(&["--families", "a.toml", "--threads", "1"]), scan(&[]));
    for arguments in [["--families", "b/c", "--threads", "8"], ["--families", "./a.toml", "--threads", "3"]] {
        let other = scan(&arguments);
        assert!((&one.findings, &one.coverage) == (&other.findings, &other.coverage), "{arguments:?}");
        assert!(one.evidence == other.evidence, "{arguments:?}");
    }
    let strip = |table: &[u8]| {
        let mut rows = rows(table);
        for row in &mut rows {
            for column in ["profile_family", "detail"] {
                row.remove(column);
            }
        }
        rows
    };
    assert!(one.findings != without.findings);
    assert!(strip(&one.findings) == strip(&without.findings));
    assert!((one.coverage, one.evidence) == (without.coverage, without.evidence));
}

#[test]
fn a_file_that_would_mislead_is_refused_with_the_line_that_does() {
    let family = |from: &str, to: &str| {
        assert!(SITE.contains(from), "{from}");
        SITE.replacen(from, to, 1)
    };
    for (site, line, what) in [
        (family("id = \"paging\"", "id = \"MSExchangeIMC\""), 3, "\"MSExchangeIMC\" already: a built-in one"),
        (family("id = \"paging\"", "id = \"edk\""), 3, "\"edk\" already: a built-in one"),
        (family("id = \"direct\"", "id = \"Paging\""), 12, "\"Paging\" already"),
        (family("id = \"paging\"", "id = \"\""), 3, "the id \"\""),
        (family("id = \"paging\"", "id = \"a b\""), 3, "the id \"a b\""),
        (family("id = \"paging\"", "id = 7"), 3, "expected a string"),
        (family("id = \"paging\"\n", ""), 2, "missing field `id`"),
        (family("sources = [\"ticket 4711\"]\n", ""), 2, "missing field `sources`"),
        (family("[\"ticket 4711\"]", "[]"), 3, "has no source"),
        (family("[\"ticket 4711\"]", "[\" \"]"), 7, "the source is empty"),
        (
            family("\"Paging service of the northern site\"", "\"\\u0007\""),
            4,
            "the product is empty or has control",
        ),
        (family("patterns = [\"Direct<pid+filetime>\"]", "patterns = []"), 12, "has no pattern"),
        (family("PageGw<any>", "PageGw<word>"), 5, "no placeholder <word>"),
        (family("PageGw<any>", "PageGw<any"), 5, "without \">\" behind it"),
        (family("PageGw<any>", "<any>"), 5, "it would claim every name"),
        (
            family("PageGw<any>", "MSExchangeIMC <any>"),
            8,
            "\"pagegw 1\" does not belong to the family \"paging\", but to none",
        ),
        (family("pagegw 1", "MSExchangeIMC 1"), 8, "but to the built-in family \"MSExchangeIMC\""),
        (
            family("[\"Pager-07\", \"pagegw 1\"]", "[\"Pager-07\"]"),
            5,
            "\"PageGw<any>\" claims and no earlier one",
        ),
        (family("PageGw<any>", "Pager-07"), 8, "but to none"),
        (family("\"Pager-7\"", "\"Pager-77\""), 9, "should only nearly be"),
        (family("dynamic = true", "dynamc = true"), 6, "unknown field `dynamc`"),
        (family("dynamic = true", "dynamic = \"yes\""), 6, "expected a boolean"),
        (family("dynamic = true", "dynamic true"), 6, ""),
        (family("[[family]]", "[[families]]"), 2, "unknown field `families`"),
        (SITE.replace("[[family]]", "[family]"), 11, ""),
        (String::new(), 1, "no family"),
        ("# nothing yet\n".to_owned(), 1, "no family"),
    ] {
        let folder = case(&["Outlook"], &site);
        for command in ["scan", "profiles", "timeline"] {
            let run = run(folder.path(), command, &[&WITH_SITE[..], &["-o", "out.csv"]].concat());
            assert_eq!((run.code, run.stdout.len()), (Some(2), 0), "{what}: {}", run.stderr);
            let place = format!("settings/of the site.toml: line {line}: ");
            assert!(
                run.stderr.contains(&place) && run.stderr.contains(what),
                "line {line}, {what}: {}",
                run.stderr
            );
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            assert!(!folder.path().join("out.csv").exists());
        }
    }
}

#[test]
fn a_file_that_is_no_text_or_not_there_is_refused() {
    let folder = case(&["Outlook"], SITE);
    let latin = [b"# one\n# two \xfc\n", SITE.as_bytes()].concat();
    plant(folder.path(), &[("latin", &latin), ("large", &vec![b'\n'; (1 << 20) + 1])]);
    for (file, what) in [
        ("latin", "latin: line 2: the bytes are no UTF-8"),
        ("large", "large: it is longer than 1048576 bytes"),
        ("missing", "missing: No such file"),
        ("settings", "settings: Is a directory"),
    ] {
        let run = run(folder.path(), "scan", &["case", "--families", file]);
        assert_eq!(run.code, Some(2), "{file}");
        assert!(run.stderr.contains(what), "{}", run.stderr);
    }
}

#[test]
fn files_of_other_systems_are_read() {
    for site in [SITE.replace('\n', "\r\n"), format!("\u{feff}{SITE}")] {
        let folder = case(&["Pager-07"], &site);
        assert_eq!(shown(folder.path(), &WITH_SITE)["Pager-07"], "paging");
    }
}

#[test]
fn the_families_that_the_documents_show_are_read() {
    let shown = |document: &str| {
        let text = std::fs::read_to_string(manifest_dir().join(document)).expect(document);
        let (_, example) = text.split_once("```toml\n").expect("an example");
        let lines = example.lines().map(str::trim).take_while(|line| *line != "```");
        lines.collect::<Vec<_>>().join("\n")
    };
    if let Err(error) = Families::with_those_of(shown("README.md").as_bytes()) {
        panic!("{error}");
    }
    let table =
        std::fs::read_to_string(manifest_dir().join("src/mapi/families/families.toml")).expect("the table");
    assert!(table.contains(&shown("ARCHITECTURE.md")), "the row is that of the table");
}
