//! What Windows wrote is read as independent programs read it.
//!
//! The hives are public test data that are no part of this package: `MAPIHIVE_REAL_HIVES` names their folder, without
//! which these tests look beside the package and, where nothing is, say so and promise nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::program::{Row, manifest_dir, mapihive_in, rows_of_file, scan_in};
use crate::support::hex;

/// The folder of the hives, unless there is none.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MAPIHIVE_REAL_HIVES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| manifest_dir().join("../shared/hives"));
    if folder.join("catalog.csv").is_file() {
        return Some(folder);
    }
    println!("skipped: no real hives in {}; MAPIHIVE_REAL_HIVES names their folder", folder.display());
    None
}

/// The rows that an independent reader gave, by hive.
fn expected(folder: &std::path::Path) -> BTreeMap<String, Vec<Row>> {
    let mut by_hive: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows_of_file(&folder.join("expected_mapi_values.csv")) {
        by_hive.entry(row["file"].clone()).or_default().push(row);
    }
    by_hive
}

/// Whether the two programs say the same of one value's data.
fn says_the_same(expected: &Row, found: &Row) -> bool {
    let text = expected["decoded"].as_str();
    let decoded = found["decoded"].as_str();
    if let Some(text) = text.strip_prefix("U:").or_else(|| text.strip_prefix("u?:")) {
        return decoded == text;
    }
    if let Some(start) = text.strip_prefix("hex ") {
        let start = start.strip_suffix("..").unwrap_or(start);
        let whole = start.len() == text.len() - "hex ".len();
        return found["raw_hex"].starts_with(start) && (!whole || found["raw_hex"] == start);
    }
    if let Some(time) = text.strip_prefix("FT ") {
        return decoded.starts_with(&time.replace(' ', "T")) && decoded.ends_with('Z');
    }
    if let Some(number) = text.strip_prefix("0x") {
        let number = u32::from_str_radix(number, 16).expect("a number");
        let bytes = hex(&number.to_le_bytes());
        let alike = [format!("{number}"), format!("{number:#x}"), format!("{number:#010x}")];
        let says = decoded.split(' ').next().unwrap_or_default();
        return found["raw_hex"] == bytes && alike.iter().any(|alike| alike == says);
    }
    if text.contains("redacted") {
        return decoded.is_empty() && found["raw_hex"].is_empty() && found["secret"].starts_with("present, ");
    }
    decoded == text
}

#[test]
fn profiles_gives_every_value_that_independent_readers_give() {
    let Some(folder) = folder() else { return };
    for (hive, expected) in expected(&folder) {
        let run = mapihive_in(&folder, ["profiles", &hive]);
        assert_eq!(run.code, Some(0), "{hive}: {}", run.stderr);
        let found = run.rows();
        let mut values = 0;
        for row in &expected {
            let path = row["key_path"].trim_start_matches('\\');
            let of_key: Vec<&Row> =
                found.iter().filter(|found| found["key_path"].eq_ignore_ascii_case(path)).collect();
            assert!(!of_key.is_empty(), "{hive}: no key {path}");
            let time = row["key_last_written"].replace(' ', "T");
            assert!(of_key.iter().all(|found| found["last_written"].starts_with(&time)), "{hive} {path}");
            if row["decoded"] == "(key has no values)" {
                assert!(of_key.iter().all(|found| found["kind"] == "key"), "{hive} {path} has no values");
                continue;
            }
            let value = of_key
                .iter()
                .find(|found| found["kind"] != "key" && found["value_name"] == row["value_name"]);
            let value = value.unwrap_or_else(|| panic!("{hive}: no value {} in {path}", row["value_name"]));
            assert_eq!(value["value_type"], format!("REG_{}", row["reg_type"]), "{hive} {path}");
            assert_eq!(value["data_size"], row["length"], "{hive} {path}");
            assert!(
                says_the_same(row, value),
                "{hive} {path} {}\n{:?}\n{value:?}",
                row["value_name"],
                row["decoded"]
            );
            if !row["prop_id"].is_empty() {
                assert_eq!(value["prop_id"], row["prop_id"], "{hive} {path}");
            }
            values += 1;
        }
        assert!(values > 80, "{hive}: {values}");
        // And no property that they did not see.
        let below = |found: &&Row| !found["root"].is_empty() && found["kind"] != "key";
        let extra = found.iter().filter(below).find(|found| {
            !expected.iter().any(|row| {
                row["key_path"].trim_start_matches('\\').eq_ignore_ascii_case(&found["key_path"])
                    && row["value_name"] == found["value_name"]
            })
        });
        // `DefaultProfile` of Office lies beside the profiles, where the other readers were not asked to look.
        assert!(extra.is_none_or(|row| row["value_name"] == "DefaultProfile"), "{hive}: {extra:?}");
    }
}

#[test]
fn a_deleted_profile_has_every_value_it_had_at_its_key_or_at_one_of_a_few() {
    const PROFILES: &str =
        r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles\";
    const SAME: [&str; 7] =
        ["value_name", "value_type", "data_size", "prop_id", "decoded", "raw_hex", "secret"];
    let Some(folder) = folder() else { return };
    let values = |hive: &str| {
        let run = mapihive_in(&folder, ["profiles", hive]);
        assert_eq!(run.code, Some(0), "{hive}: {}", run.stderr);
        let of_profiles = |row: &Row| row["kind"] != "key" && row["key_path"].starts_with(PROFILES);
        run.rows().into_iter().filter(of_profiles).collect::<Vec<Row>>()
    };
    let before = values("win7-outlook2010-nfury/NTUSER.DAT");
    let after = values("win7-outlook2010-nfury-profile-deleted/NTUSER.DAT");
    assert_eq!((before.len(), after.len()), (148, 148));
    let (mut attached, mut tied) = (0, 0);
    for row in &before {
        let found: Vec<&Row> =
            after.iter().filter(|found| found["file_offset"] == row["file_offset"]).collect();
        let [found] = found.as_slice() else { panic!("{} times {row:?}", found.len()) };
        for column in SAME {
            assert_eq!(found[column], row[column], "{row:?}");
        }
        assert_eq!((found["profile_state"].as_str(), found["trust"].as_str()), ("recovered", "medium"));
        if found["key_path"] == row["key_path"] {
            attached += 1;
            continue;
        }
        let (parent, name) = row["key_path"].rsplit_once('\\').expect("a path");
        assert_eq!(found["key_path"], format!(r"{parent}\?"));
        let candidates = found["problem"].strip_prefix("values of one of: ").expect("the candidates");
        assert!(candidates.split(", ").any(|candidate| candidate == name), "{candidates}");
        tied += 1;
    }
    assert_eq!((attached, tied), (124, 24));
    let dump =
        mapihive_in(&folder, ["dump", "--deleted", "win7-outlook2010-nfury-profile-deleted/NTUSER.DAT"]);
    let dump = dump.rows();
    for row in &after {
        let same = |found: &&Row| found["file_offset"] == row["file_offset"] && found["kind"] == "value";
        let found: Vec<&Row> = dump.iter().filter(same).collect();
        let [found] = found.as_slice() else { panic!("{} times {row:?}", found.len()) };
        assert_eq!(found["key_path"], row["key_path"], "{row:?}");
    }
}

#[test]
fn dump_counts_what_independent_readers_count() {
    let Some(folder) = folder() else { return };
    for hive in rows_of_file(&folder.join("catalog.csv")) {
        let run = mapihive_in(&folder, ["dump", "--no-logs", &hive["file"]]);
        let rows = run.rows();
        let count = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count().to_string();
        assert_eq!(
            (count("key"), count("value")),
            (hive["keys"].clone(), hive["values"].clone()),
            "{}",
            hive["file"]
        );
        let damaged = ["truncated", "bad-hbin-header"].iter().any(|folder| hive["file"].starts_with(folder));
        assert_eq!(run.code, Some(if damaged { 3 } else { 0 }), "{}: {}", hive["file"], run.stderr);
        assert_eq!(!run.stderr.is_empty(), damaged, "{}: {}", hive["file"], run.stderr);
    }
}

#[test]
fn dump_hashes_what_independent_readers_hash() {
    let Some(folder) = folder() else { return };
    for (hive, expected) in expected(&folder) {
        let dump = mapihive_in(&folder, ["dump", &hive]).rows();
        let by_place: BTreeMap<(String, &str), &Row> = dump
            .iter()
            .map(|row| ((row["key_path"].to_lowercase(), row["value_name"].as_str()), row))
            .collect();
        for row in expected.iter().filter(|row| !row["data_sha256"].is_empty()) {
            let path = row["key_path"].trim_start_matches('\\').to_lowercase();
            let found = by_place[&(path, row["value_name"].as_str())];
            if found["problem"] == "withheld" {
                assert!(found["data_sha256"].is_empty());
            } else {
                assert!(found["data_sha256"].starts_with(&row["data_sha256"]), "{hive} {row:?}");
            }
        }
    }
}

#[test]
fn states_and_versions_are_those_of_the_catalogue() {
    let Some(folder) = folder() else { return };
    let coverage = crate::program::rows(&scan_in(&folder, ["--no-logs", "."]).coverage);
    for hive in rows_of_file(&folder.join("catalog.csv")) {
        let row = coverage.iter().find(|row| row["hive_path"] == hive["file"]).expect("a row for every hive");
        assert_eq!(row["format_version"], hive["version"], "{}", hive["file"]);
        assert_eq!(row["size"], hive["size"], "{}", hive["file"]);
        let state = match (hive["file"].starts_with("truncated"), hive["dirty"].as_str()) {
            (true, _) => "damaged",
            (false, "yes") => "dirty-unreplayed",
            (false, _) => "clean",
        };
        assert_eq!(row["hive_state"], state, "{}", hive["file"]);
    }
    let coverage = crate::program::rows(&scan_in(&folder, ["."]).coverage);
    let logs =
        |file: &str| coverage.iter().find(|row| row["hive_path"] == file).expect("a row")["logs"].clone();
    for (hive, expected) in [
        (
            "win10-dirty-logs/NTUSER.DAT",
            "ntuser.dat.LOG1: applied, sequence 566 to 588, 132 pages; \
             ntuser.dat.LOG2: stale: its entries begin with 562, but the hive has all up to 566",
        ),
        (
            "win10-museum-dirty/NTUSER.DAT",
            "ntuser.dat.LOG1: applied, sequence 229 to 231, 62 pages; \
             ntuser.dat.LOG2: applied, sequence 232 to 232, 5 pages",
        ),
        (
            "yarp-old-dirty/OldDirtyHive",
            "OldDirtyHive.LOG1: applied, sequence 5 to 5, 4 pages; OldDirtyHive.LOG2: unused",
        ),
    ] {
        assert_eq!(logs(hive), expected);
    }
    assert!(!coverage.iter().any(|row| row["status"] == "skipped"), "every log has its hive");
}

#[test]
fn the_account_of_every_complete_user_hive_is_found() {
    let Some(folder) = folder() else { return };
    let scan = scan_in(&folder, ["."]);
    let users: Vec<Row> = crate::program::rows(&scan.coverage)
        .into_iter()
        .filter(|row| row["hive_path"].ends_with("/NTUSER.DAT") && row["status"] == "parsed")
        .collect();
    assert!(users.len() >= 7);
    for row in users {
        assert!(
            row["account_sid"].starts_with("S-1-5-21-"),
            "{}: {:?}",
            row["hive_path"],
            row["account_sid"]
        );
    }
}

#[test]
fn no_rule_fires_above_low_on_what_windows_left_whole() {
    let Some(folder) = folder() else { return };
    let catalogue = rows_of_file(&folder.join("catalog.csv"));
    let made_by_hand = |path: &str| {
        catalogue.iter().any(|hive| hive["file"] == path && hive["origin"].starts_with("DERIVED"))
    };
    let scan = scan_in(&folder, ["."]);
    let findings = crate::program::rows(&scan.findings);
    let (by_hand, above): (Vec<&Row>, Vec<&Row>) = findings
        .iter()
        .filter(|row| !["info", "low"].contains(&row["severity"].as_str()))
        .partition(|row| made_by_hand(&row["hive_path"]));
    let told = |row: &&Row| format!("{} {} {}", row["hive_path"], row["rule_id"], row["detail"]);
    assert!(above.is_empty(), "{:#?}", above.iter().map(told).collect::<Vec<_>>());
    // Somebody deleted the one profile there and left its name as the default.
    assert_eq!(by_hand.iter().map(|row| row["rule_id"].as_str()).collect::<Vec<_>>(), ["C01"]);
}
