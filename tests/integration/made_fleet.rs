//! In a made fleet, what was planted is found, and nothing else above `info`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use hive_synth::fleet::{FleetHost, Plan, TRUTH_HEADER};

use crate::program::{manifest_dir, mapihive_in, plant};

const PLAN: Plan = Plan { hives: 41, hives_per_host: 3, seed: 7 };

fn hosts(plan: Plan) -> Vec<FleetHost> {
    (0..plan.hosts()).map(|number| plan.host(number)).collect()
}

fn truth(hosts: &[FleetHost]) -> String {
    hosts.iter().fold(TRUTH_HEADER.to_owned(), |table, host| table + &host.rows())
}

/// What `scripts/check_fleet` says of a table of findings.
fn check(folder: &Path, truth: &str, findings: &[u8]) -> (Option<i32>, String) {
    let [truth_path, findings_path] = ["truth.csv", "findings.csv"].map(|name| folder.join(name));
    std::fs::write(&truth_path, truth).unwrap();
    std::fs::write(&findings_path, findings).unwrap();
    let script = manifest_dir().join("scripts/check_fleet");
    let run =
        Command::new("python3").arg(script).args([truth_path, findings_path]).output().expect("python3");
    (run.status.code(), String::from_utf8(run.stdout).unwrap())
}

#[test]
fn what_was_planted_in_a_fleet_is_found_and_nothing_else_above_info() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hosts = hosts(PLAN);
    let files: Vec<(&str, &[u8])> =
        hosts.iter().flat_map(|host| &host.files).map(|file| (file.path.as_str(), &file.bytes[..])).collect();
    plant(folder.path(), &files);
    let run = mapihive_in(folder.path(), ["scan", "-q", "--strict", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let truth = truth(&hosts);
    let (code, says) = check(out.path(), &truth, &run.stdout);
    assert_eq!(code, Some(0), "{says}");
    assert!(says.starts_with("41 hives, "), "{says}");

    // The check itself can fail, both ways.
    let findings = String::from_utf8(run.stdout).unwrap();
    let header = findings.lines().next().unwrap();
    let (code, says) = check(out.path(), &truth, header.as_bytes());
    assert!(code == Some(1) && says.contains("not found: "), "{says}");
    // The same hives, all of them told to be clean.
    let clean: Vec<FleetHost> = self::hosts(PLAN)
        .into_iter()
        .map(|mut host| {
            host.truth.iter_mut().for_each(|truth| truth.rule = "");
            host
        })
        .collect();
    let clean = self::truth(&clean);
    let (code, says) = check(out.path(), &clean, findings.as_bytes());
    assert!(code == Some(1) && says.contains("found and not planted: "), "{says}");
    assert_eq!(check(out.path(), TRUTH_HEADER, findings.as_bytes()).0, Some(2));
}

#[test]
fn a_fleet_is_the_same_for_a_seed_and_each_hive_of_it_another_one() {
    let one = hosts(PLAN);
    let files = |hosts: &[FleetHost]| -> Vec<(String, Vec<u8>)> {
        hosts
            .iter()
            .flat_map(|host| &host.files)
            .map(|file| (file.path.clone(), file.bytes.clone()))
            .collect()
    };
    assert_eq!(files(&one), files(&hosts(PLAN)));
    assert_ne!(files(&one), files(&hosts(Plan { seed: 8, ..PLAN })));
    let written = files(&one);
    let hives: Vec<&(String, Vec<u8>)> =
        written.iter().filter(|(path, _)| path.ends_with("NTUSER.DAT")).collect();
    assert_eq!(hives.len(), 41);
    let distinct: BTreeSet<&[u8]> = hives.iter().map(|(_, bytes)| &bytes[..]).collect();
    assert_eq!(distinct.len(), hives.len());
    let paths: BTreeSet<&str> = written.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths.len(), written.len());
    // Of everything there is some: machine hives, logs, and hives without anything to find.
    for end in ["config/SYSTEM", "config/SOFTWARE", "NTUSER.DAT.LOG1"] {
        assert!(paths.iter().any(|path| path.ends_with(end)), "{end}");
    }
    let rules: BTreeSet<&str> = one.iter().flat_map(|host| &host.truth).map(|truth| truth.rule).collect();
    assert!(rules.len() > 10 && rules.contains(""), "{rules:?}");
    let with_truth: BTreeSet<&str> =
        one.iter().flat_map(|host| &host.truth).map(|truth| truth.hive_path.as_str()).collect();
    assert_eq!(with_truth.len(), hives.len());
}
