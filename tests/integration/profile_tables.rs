//! The tables of profiles, of services and of what transaction logs changed say what the other tables bear out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hive_synth::log::{log_entry, new_log};
use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, ProfileWriter, Uid, exchange_profile};
use hive_synth::story::LogFormat;
use hive_synth::story::stories::deleted_while_in_use;
use hive_synth::{HiveBuilder, SynthHive, Version, filetime};

use crate::case::{HiveTables, hive_tables};
use crate::program::{Row, manifest_dir, rows, scan_in};

fn tables_of(files: &[(&str, &[u8])]) -> HiveTables {
    mapihive::hive::silence_contained_panics();
    let folder = tempfile::tempdir().unwrap();
    crate::program::plant(folder.path(), files);
    hive_tables(&[folder.path().to_owned()])
}

fn count(row: &Row, column: &str) -> usize {
    row[column].parse().unwrap_or_default()
}

#[test]
fn every_profile_that_the_coverage_counts_has_one_row() {
    let coverage = rows(&scan_in(manifest_dir(), ["sample-hives"]).coverage);
    let tables = hive_tables(&[PathBuf::from(manifest_dir()).join("sample-hives")]);
    let profiles = rows(&tables.profiles);
    let mut expected = BTreeMap::new();
    for row in &coverage {
        for (state, column) in [
            ("live", "live_profiles"),
            ("deleted-pending", "deleted_profiles"),
            ("recovered", "recovered_profiles"),
        ] {
            if count(row, column) > 0 {
                expected.insert((row["hive_path"].clone(), state.to_owned()), count(row, column));
            }
        }
    }
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in &profiles {
        let path = row["hive_path"].split("sample-hives/").nth(1).expect("a path");
        *found.entry((format!("sample-hives/{path}"), row["profile_state"].clone())).or_default() += 1;
        assert!(row["first_seen"] <= row["last_seen"], "{row:?}");
        assert!(!row["time_meaning"].is_empty());
        assert_eq!(row["trust"].is_empty(), row["profile_state"] != "recovered", "{row:?}");
        assert_eq!(row["is_default"].is_empty(), row["profile_state"] != "live", "{row:?}");
    }
    assert_eq!(found, expected);
    assert!(found.keys().any(|(_, state)| state == "recovered"));
    assert!(profiles.iter().any(|row| !row["name_created"].is_empty()));
    assert!(profiles.iter().any(|row| row["written_together"].contains(" of ")));
}

/// A service that lists one provider that is there and one that is not, and Exchange's settings that nothing names.
fn linked() -> SynthHive {
    let mut hive = HiveBuilder::new(Version::V1_5);
    let profile = NewProfile::new(PROFILES, "Linked", filetime(2001, 1, 1, 0, 0, 0, 0));
    let mut profile = ProfileWriter::new(&mut hive, &profile);
    profile.section(Uid::ROOT).uids(0x3D0E, &[Uid::PST]);
    profile
        .section(Uid::PST)
        .unicode(0x3001, "Old mail")
        .unicode(0x3D09, "MSPST MS")
        .unicode(0x3D0A, "mspst.dll")
        .unicode(0x3D0B, "PSTServiceEntry")
        .uids(0x3D00, &[Uid::PRIVATE_STORE, Uid::DELEGATE_STORE]);
    profile
        .section(Uid::PRIVATE_STORE)
        .uids(0x3D0C, &[Uid::PST])
        .unicode(0x300A, "mspst.dll")
        .unicode(0x6700, r"D:\Mail\old.pst")
        .unicode(0x6703, "hidden-word");
    profile.section(Uid::EXCHANGE).unicode(0x6602, "EXCH1").unicode(0x6603, "/o=O/ou=S/cn=Recipients/cn=ada");
    hive.build()
}

#[test]
fn services_are_told_with_what_they_name_and_what_is_missing() {
    let tables = tables_of(&[("NTUSER.DAT", &linked().bytes)]);
    let services = rows(&tables.services);
    let told: Vec<[&str; 6]> = services
        .iter()
        .map(|row| {
            ["kind", "linked_by", "names_service", "is_there", "dll", "store_path"].map(|at| &*row[at])
        })
        .collect();
    assert_eq!(
        told,
        [
            ["service", "PR_SERVICES", "", "yes", "mspst.dll", ""],
            ["provider", "PR_STORE_PROVIDERS", "yes", "yes", "mspst.dll", r"D:\Mail\old.pst"],
            ["provider", "PR_STORE_PROVIDERS", "no", "no", "", ""],
            ["settings", "", "", "yes", "", ""],
        ]
    );
    assert_eq!(services[0]["display_name"], "Old mail");
    assert_eq!(services[3]["server"], "EXCH1");
    assert_eq!(services[3]["mailbox"], "/o=O/ou=S/cn=Recipients/cn=ada");
    assert!(!String::from_utf8_lossy(&tables.services).contains("hidden-word"));
    let profiles = rows(&tables.profiles);
    let counted = ["sections", "services", "providers", "missing"].map(|column| count(&profiles[0], column));
    assert_eq!(counted, [4, 1, 1, 1]);
}

#[test]
fn a_profile_of_thousands_of_services_is_told_in_time() {
    let mut hive = HiveBuilder::new(Version::V1_5);
    let profile = NewProfile::new(PROFILES, "Many", filetime(2001, 1, 1, 0, 0, 0, 0));
    let mut profile = ProfileWriter::new(&mut hive, &profile);
    let services: Vec<Uid> = (0..4000).map(|number| Uid::derived(&format!("Many {number}"))).collect();
    profile.section(Uid::ROOT).uids(0x3D0E, &services);
    for service in &services {
        profile.section(*service).unicode(0x3D09, "MSPST MS").uids(0x3D0C, &services[..1]);
    }
    let tables = tables_of(&[("NTUSER.DAT", &hive.build().bytes)]);
    let services = rows(&tables.services);
    assert_eq!(services.iter().filter(|row| row["kind"] == "service").count(), 4000);
    assert_eq!(services.iter().filter(|row| row["kind"] == "provider").count(), 4000);
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_a_log_changed_is_told_with_both_states() {
    let mut before = HiveBuilder::new(Version::V1_5);
    let time = filetime(2004, 1, 1, 0, 0, 0, 0);
    exchange_profile(
        &mut before,
        &NewProfile::new(PROFILES, "Outlook", time),
        &Mailbox::new("OLDSRV", "SITE", "ada", "Ada"),
    );
    let mut after = HiveBuilder::new(Version::V1_5);
    exchange_profile(
        &mut after,
        &NewProfile::new(PROFILES, "Outlook", time),
        &Mailbox::new("NEWSRV", "SITE", "ada", "Ada"),
    );
    let (mut before, after) = (before.build(), after.build());
    assert_eq!(before.bytes.len(), after.bytes.len());
    before.set_sequences(8, 7);
    let log = new_log(&before.bytes, 7, &[log_entry(&before.bytes, &after.bytes, 7)]);
    let tables = tables_of(&[("NTUSER.DAT", &before.bytes), ("NTUSER.DAT.LOG1", &log)]);
    let changes = rows(&tables.log_changes);
    let server: Vec<_> = changes.iter().filter(|row| row["value_name"] == "001e6602").collect();
    let [server] = server.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(server["what"], "value-changed");
    assert_eq!([&*server["before_value"], &*server["after_value"]], ["OLDSRV", "NEWSRV"]);
    // Only the data changed: the record of the value is where it was.
    assert!(server["log_file"].ends_with("NTUSER.DAT.LOG1"), "{server:?}");
    assert_eq!([&*server["after_origin"], &*server["log_sequence"]], ["primary", "7"]);
    assert_eq!(server["after_data_file"], server["log_file"]);
    let data = |bytes: &[u8], column: &str| bytes[count(server, column)..][..12].to_vec();
    assert_eq!(data(&before.bytes, "before_data_offset"), wide("OLDSRV"));
    assert_eq!(data(&log, "after_data_offset"), wide("NEWSRV"));
    assert_eq!(server["hive_state"], "dirty-replayed");
    // The offset leads to the record in the hive file.
    let at = count(server, "before_offset");
    assert_eq!(before.bytes[at + 4..at + 6], *b"vk");

    let clean = tables_of(&[("NTUSER.DAT", &after.bytes)]);
    assert!(rows(&clean.log_changes).is_empty(), "no log was applied");
}

#[test]
fn a_profile_that_only_the_logs_moved_is_told_as_moved() {
    let steps = deleted_while_in_use(LogFormat::Windows81);
    let step = steps.iter().find(|step| step.name == "deleted while in use").expect("a step");
    let logs = step.copy.logs.iter().map(|(suffix, bytes)| (format!("NTUSER.DAT.{suffix}"), bytes));
    let logs: Vec<_> = logs.collect();
    let mut files: Vec<(&str, &[u8])> = vec![("NTUSER.DAT", &step.copy.primary)];
    files.extend(logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let tables = tables_of(&files);
    let changes = rows(&tables.log_changes);
    let moved = changes.iter().find(|row| row["what"] == "moved-to-deleted").expect("a profile that moved");
    assert!(moved["key_path"].contains(r"\Deleted Profiles\"), "{moved:?}");
    assert_eq!(moved["certainty"], "high");
    let states: Vec<_> = rows(&tables.profiles).iter().map(|row| row["profile_state"].clone()).collect();
    assert!(states.contains(&"deleted-pending".into()), "{states:?}");
}
