//! What only all hives together show is found with its places, and nearly is not found.

use std::collections::BTreeSet;
use std::path::Path;

use hive_synth::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, edk_name, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime};

use crate::program::{Row, mapihive_in, plant, rows_of_file};

const T: u64 = filetime(2001, 3, 4, 5, 6, 7, 0);

/// A hive of an account with profiles of Exchange: where, called what, for which mailbox on which server.
fn hive(rid: u32, profiles: &[(&str, &str, &str, &str)]) -> Vec<u8> {
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.root_security(&SecurityDescriptor::user_hive(&format!("S-1-5-21-1-2-3-{rid}")));
    for (list, name, alias, server) in profiles {
        let profile = NewProfile::new(list, name, T);
        exchange_profile(&mut hive, &profile, &Mailbox::new(server, "SITE", alias, alias));
    }
    hive.build().bytes
}

struct Found {
    fleet: Vec<Row>,
    evidence: Vec<Row>,
}

impl Found {
    fn rule(&self, rule: &str) -> Vec<&Row> {
        self.fleet.iter().filter(|row| row["rule_id"] == rule).collect()
    }
}

fn scan(files: &[(String, Vec<u8>)], arguments: &[&str]) -> Found {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    plant(folder.path(), &files);
    let [fleet, evidence] = ["fleet.csv", "evidence.csv"].map(|name| out.path().join(name));
    let tables = ["--fleet", fleet.to_str().unwrap(), "--evidence", evidence.to_str().unwrap()];
    let run = mapihive_in(folder.path(), [&["scan", "-q", "."], &tables[..], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    Found { fleet: rows_of_file(&fleet), evidence: rows_of_file(&evidence) }
}

fn at(host: &str, account: &str, hive: Vec<u8>) -> (String, Vec<u8>) {
    (format!("{host}/C/Users/{account}/NTUSER.DAT"), hive)
}

#[test]
fn a_server_is_another_one_only_beside_a_majority() {
    let fleet = |named: usize, server: &str| {
        let mut files: Vec<_> = (0..named)
            .map(|number| {
                let rid = 1_000 + u32::try_from(number).unwrap();
                at(
                    "A",
                    &format!("u{number}"),
                    hive(rid, &[(PROFILES, "Mail", &format!("m{number}"), "MAIN")]),
                )
            })
            .collect();
        files.push(at("B", "old", hive(2_000, &[(PROFILES, "Mail", "old", server)])));
        scan(&files, &[])
    };
    let found = fleet(10, "OLD");
    let [row] = found.rule("X01")[..] else { panic!("{:?}", found.rule("X01")) };
    assert_eq!((row["subject"].as_str(), row["severity"].as_str()), ("OLD", "low"));
    assert!(row["detail"].contains("\"Mail\" of old on B"), "{}", row["detail"]);
    assert!(fleet(10, "main").rule("X01").is_empty(), "letter case makes no server");
    assert!(fleet(2, "OLD").rule("X01").is_empty(), "a few hives are no fleet");
}

#[test]
fn a_mailbox_is_shared_from_three_accounts_on() {
    let with = |rids: &[u32]| {
        let files: Vec<_> = rids
            .iter()
            .enumerate()
            .map(|(number, rid)| {
                at(&format!("H{number}"), "u", hive(*rid, &[(PROFILES, "Mail", "desk", "MAIN")]))
            })
            .collect();
        scan(&files, &[])
    };
    let found = with(&[1_001, 1_002, 1_003]);
    let rows = found.rule("X02");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["accounts"] == "3" && row["hosts"] == "3"));
    // One account on several hosts is one.
    assert!(with(&[1_001, 1_002, 1_002]).rule("X02").is_empty());
}

#[test]
fn one_instance_key_on_two_hosts_is_a_copy_or_a_clone_by_whose_hives_it_is_in() {
    let same = hive(1_001, &[(PROFILES, "Mail", "desk", "MAIN")]);
    // The same profile, byte for byte, in the hive of another account.
    let other_account = hive(1_002, &[(PROFILES, "Mail", "desk", "MAIN")]);
    let another = hive(1_001, &[(PROFILES, "Other", "desk", "MAIN")]);
    for (second, on_hosts, cloned) in
        [(same.clone(), true, false), (other_account, false, true), (another, false, false)]
    {
        let found = scan(&[at("A", "u", same.clone()), at("B", "u", second)], &[]);
        assert_eq!(!found.rule("X04").is_empty(), on_hosts, "{:?}", found.fleet);
        assert_eq!(!found.rule("X07").is_empty(), cloned, "{:?}", found.fleet);
    }
    // On one host it is a copy of the hive, and no finding.
    let found = scan(&[at("A", "u", same.clone()), at("A", "u.old", same)], &[]);
    assert!(found.rule("X04").is_empty() && found.rule("X07").is_empty());
}

#[test]
fn a_family_on_three_hosts_and_an_account_on_two_are_told() {
    let with = |hosts: usize| {
        let files: Vec<_> = (0..hosts)
            .map(|number| {
                let name = edk_name("MSExchangeCalCon", 100, T);
                at(&format!("H{number}"), "svc", hive(1_001, &[(PROFILES, &name, "svc", "MAIN")]))
            })
            .collect();
        scan(&files, &[])
    };
    let found = with(3);
    let [family] = found.rule("X08")[..] else { panic!("{:?}", found.fleet) };
    assert_eq!((family["subject"].as_str(), family["hosts"].as_str()), ("MSExchangeCalCon", "3"));
    let [account] = found.rule("X09")[..] else { panic!("{:?}", found.fleet) };
    assert_eq!(account["subject"], "S-1-5-21-1-2-3-1001");
    let two = with(2);
    assert!(two.rule("X08").is_empty() && two.rule("X09").len() == 1);
    assert!(with(1).rule("X09").is_empty());
}

#[test]
fn a_server_that_only_deleted_profiles_name_is_told() {
    let found = scan(
        &[
            at(
                "A",
                "u",
                hive(
                    1_001,
                    &[(DELETED_PROFILES, "Old", "a", "GONE"), (DELETED_PROFILES, "New", "a", "HERE")],
                ),
            ),
            at("B", "v", hive(1_002, &[(PROFILES, "New", "b", "HERE")])),
        ],
        &[],
    );
    let subjects: Vec<&str> = found.rule("X10").iter().map(|row| row["subject"].as_str()).collect();
    assert_eq!(subjects, ["GONE"]);
}

#[test]
fn every_finding_has_its_places_and_threads_change_nothing() {
    let files: Vec<_> = (0..12)
        .map(|number| {
            let server = if number == 7 { "OLD" } else { "MAIN" };
            let rid = 1_000 + number / 2;
            at(&format!("H{number}"), "u", hive(rid, &[(PROFILES, "Mail", "desk", server)]))
        })
        .collect();
    let found = scan(&files, &["--threads", "1"]);
    assert!(found.fleet.len() > 3);
    let with_places: BTreeSet<&str> = found.evidence.iter().map(|row| row["finding_id"].as_str()).collect();
    for row in &found.fleet {
        assert!(with_places.contains(row["finding_id"].as_str()), "{row:?}");
    }
    let ids: BTreeSet<&str> = found.fleet.iter().map(|row| row["finding_id"].as_str()).collect();
    assert_eq!(ids.len(), found.fleet.len());
    let again = scan(&files, &["--threads", "4"]);
    assert_eq!((found.fleet, found.evidence), (again.fleet, again.evidence));
}

/// The servers of three profiles, of which X01 tells with this list.
fn unlisted(list: &str, servers: &[&str]) -> Vec<Row> {
    let files: Vec<_> = (1_000..)
        .zip(servers)
        .map(|(rid, server)| {
            at(&format!("H{rid}"), "u", hive(rid, &[(PROFILES, "Mail", &format!("m{rid}"), server)]))
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("servers.txt");
    std::fs::write(&file, list).unwrap();
    let found = scan(&files, &["--servers", file.to_str().unwrap()]);
    found.rule("X01").into_iter().cloned().collect()
}

#[test]
fn a_server_that_a_given_list_lacks_is_told_whatever_most_profiles_name() {
    let rows = unlisted("# in use\nMAIL1\nmail2.example.test\n", &["GONE", "gone", "MAIL1"]);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row["subject"].as_str(), row["severity"].as_str()), ("GONE", "low"));
    assert_eq!((row["confidence"].as_str(), row["hosts"].as_str()), ("medium", "2"));
    assert!(row["detail"].contains("not in the given list of 2 servers"), "{}", row["detail"]);
}

#[test]
fn a_server_is_told_to_be_missing_in_a_list_only_where_names_can_be_compared() {
    let list = "MAIL1\nmail2.example.test\n";
    // In another letter case, without a domain, with one, and forms that are no names of hosts.
    let spared = ["mail1", "MAIL2", "mail1.example.test", "10.0.0.1", "5f2f3c6e@example.test"];
    assert!(unlisted(list, &spared).is_empty(), "{:?}", unlisted(list, &spared));
    let rows = unlisted(list, &["mail2.other.test"]);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert!(row["detail"].contains("with another domain: mail2.example.test"), "{}", row["detail"]);
}

#[test]
fn a_list_of_servers_that_cannot_be_used_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        mapihive_in(folder.path(), [&["scan", "-q", "--fleet", "fleet.csv", "--clobber"], arguments].concat())
    };
    plant(folder.path(), &[("in/NTUSER.DAT", &hive(1_000, &[])), ("servers.txt", b"MAIL1\nMAIL 2\n")]);
    for (arguments, says) in [
        (["--servers", "servers.txt", "in"], "servers.txt: line 2: \"MAIL 2\" is no name of a server"),
        (["--servers", "nothing.txt", "in"], "nothing.txt"),
    ] {
        let run = run(&arguments);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert!(!Path::new(&folder.path().join("fleet.csv")).exists());
    }
    // Without a table of the fleet the list would do nothing.
    let run = mapihive_in(folder.path(), ["scan", "-q", "--servers", "servers.txt", "in"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}
