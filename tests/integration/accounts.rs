//! The table of accounts says for each account of each host what was found, what was not, and what that is worth.

use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime, machine};

use crate::program::{Row, mapihive_in, plant, rows_of_file};

const SID: &str = "S-1-5-21-1-2-3-1001";

/// The hive of an account, with a profile if asked for.
fn user(sid: &str, with_profile: bool) -> Vec<u8> {
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.root_security(&SecurityDescriptor::user_hive(sid));
    hive.key(r"Software\Microsoft\Windows\CurrentVersion");
    if with_profile {
        let profile = NewProfile::new(PROFILES, "Mail", filetime(2001, 1, 1, 0, 0, 0, 0));
        exchange_profile(&mut hive, &profile, &Mailbox::new("SERVER", "SITE", "box", "Box"));
    }
    hive.build().bytes
}

fn accounts(files: &[(&str, &[u8])], arguments: &[&str]) -> Vec<Row> {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    plant(folder.path(), files);
    let table = out.path().join("accounts.csv");
    let table = table.to_str().unwrap();
    let run = mapihive_in(folder.path(), [&["scan", "-q", "--accounts", table], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    rows_of_file(std::path::Path::new(table))
}

#[test]
fn an_account_without_profiles_is_told_with_what_that_is_worth() {
    let mut dirty = hive_synth::SynthHive { bytes: user(SID, false), layout: hive_synth::Layout::default() };
    dirty.set_sequences(3, 2);
    for (hive, says) in [(user(SID, false), "does not prove"), (dirty.bytes, "not known")] {
        let rows = accounts(&[("HOST/C/Users/svc/NTUSER.DAT", &hive)], &["."]);
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row["account_sid"].as_str(), row["live_profiles"].as_str()), (SID, "0"));
        assert!(row["absence"].contains(says) && row["roots"].is_empty(), "{}", row["absence"]);
        assert_eq!((row["first_trace"].as_str(), row["last_trace"].as_str()), ("", ""));
    }
}

#[test]
fn files_that_tell_of_mapi_are_counted_in_the_folder_of_their_account() {
    let hive = user(SID, true);
    let other = user("S-1-5-21-1-2-3-1002", false);
    let rows = accounts(
        &[
            ("HOST/C/Users/svc/NTUSER.DAT", &hive),
            ("HOST/C/Users/svc/AppData/Local/Outlook/a.ost", b"x"),
            ("HOST/C/Users/svc/AppData/Local/Outlook/B.OST", b"x"),
            ("HOST/C/Users/svc/mail.nk2", b"x"),
            ("HOST/C/Users/svc/notes.txt", b"x"),
            ("HOST/C/Users/other/NTUSER.DAT", &other),
            ("HOST/C/Users/other/old.pst", b"x"),
            ("HOST/C/Windows/temp.mmp", b"x"),
        ],
        &["."],
    );
    let counts = |sid: &str| -> Vec<String> {
        let row = rows.iter().find(|row| row["account_sid"] == sid).unwrap();
        ["mmp_files", "nk2_files", "ost_files", "pst_files"].iter().map(|name| row[*name].clone()).collect()
    };
    assert_eq!(counts(SID), ["0", "1", "2", "0"]);
    assert_eq!(counts("S-1-5-21-1-2-3-1002"), ["0", "0", "0", "1"]);
    let row = rows.iter().find(|row| row["account_sid"] == SID).unwrap();
    assert_eq!((row["live_profiles"].as_str(), row["roots"].as_str()), ("1", "Windows NT"));
    assert!(row["first_trace"].starts_with("2001-01-01") && row["absence"].is_empty());
}

const MACHINE: &str = "S-1-5-21-1-2-3";

/// The machine hives of a host: one service that names `account`, a SAM with the account `svc` (RID 1001), and a list of
/// profiles that has `SID` in `C:\Users\svc`.
fn machine_hives(account: &str) -> [(String, Vec<u8>); 3] {
    let mut system = machine::system(Version::V1_5, 1);
    machine::host(&mut system, 1, "HOST", "1252", 0);
    machine::service(&mut system, 1, "MSExchangeIMC", account, 2);
    let mut software = machine::software(Version::V1_5, "Windows", "6.1");
    machine::profile(&mut software, SID, r"C:\Users\svc");
    let mut sam = machine::sam(Version::V1_5, MACHINE);
    machine::local_account(&mut sam, "svc", 1001);
    [("SYSTEM", system), ("SOFTWARE", software), ("SAM", sam)]
        .map(|(name, hive)| (name.to_owned(), hive.build().bytes))
}

fn with_machine_hives(host: &str, account: &str, hive: &[u8], arguments: &[&str]) -> Row {
    let machine = machine_hives(account);
    let mut files: Vec<(String, &[u8])> = machine
        .iter()
        .map(|(name, bytes)| (format!("{host}/C/Windows/System32/config/{name}"), &bytes[..]))
        .collect();
    files.push(("HOST/C/Users/svc/NTUSER.DAT".into(), hive));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let rows = accounts(&files, arguments);
    rows.into_iter().find(|row| row["hive_paths"].ends_with("svc/NTUSER.DAT")).expect("the account's row")
}

#[test]
fn a_machine_hive_is_of_no_account_wherever_it_lies() {
    let machine = machine_hives("LocalSystem");
    let mut hives: Vec<(&str, &[u8])> =
        machine.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    // A user can make such a key in a hive of his own, and is not hidden by it.
    let mut disguised = HiveBuilder::new(Version::V1_5);
    disguised.root_security(&SecurityDescriptor::user_hive(SID));
    disguised.key("Select");
    let disguised = disguised.build().bytes;
    hives.push(("copy of svc", &disguised));
    // Without a security descriptor that names him, he still has the name of the file, or his profiles.
    let mut nameless = HiveBuilder::new(Version::V1_5);
    nameless.key("Select");
    let nameless = nameless.build().bytes;
    hives.push(("NTUSER.DAT", &nameless));
    let mut with_profiles = HiveBuilder::new(Version::V1_5);
    with_profiles.key("Select");
    with_profiles.key(&format!(r"{PROFILES}\Mail"));
    let with_profiles = with_profiles.build().bytes;
    hives.push(("copy with profiles", &with_profiles));
    let mut with_outlook = HiveBuilder::new(Version::V1_5);
    with_outlook.key("Select");
    with_outlook.key(r"Software\Microsoft\Office\16.0\Outlook\Profiles\Outlook");
    let with_outlook = with_outlook.build().bytes;
    hives.push(("copy with Outlook", &with_outlook));
    let rows = accounts(&hives, &["."]);
    let mut paths: Vec<&str> = rows.iter().map(|row| row["hive_paths"].as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["NTUSER.DAT", "copy of svc", "copy with Outlook", "copy with profiles"], "{rows:?}");
}

#[test]
fn a_service_makes_an_account_a_service_account_only_where_it_surely_names_it() {
    let hive = user(SID, true);
    for (object_name, kind, services) in [
        (r".\svc", "service", r"MSExchangeIMC (.\svc: same identifier)"),
        (r"HOST\svc", "service", r"MSExchangeIMC (HOST\svc: same identifier)"),
        // Another domain may have an account of this name.
        (r"DOMAIN\svc", "unknown", r"MSExchangeIMC (DOMAIN\svc: same name only)"),
        ("LocalSystem", "user", ""),
    ] {
        let row = with_machine_hives("HOST", object_name, &hive, &["."]);
        assert_eq!(
            (row["account_kind"].as_str(), row["services"].as_str()),
            (kind, services),
            "{object_name}"
        );
        assert!(row["account_basis"].contains("the host's SAM"), "{}", row["account_basis"]);
    }
}

#[test]
fn a_hive_that_does_not_name_its_account_has_it_from_the_list_of_profiles() {
    let mut nameless = HiveBuilder::new(Version::V1_5);
    nameless.key(r"Software\Microsoft");
    let row = with_machine_hives("HOST", "LocalSystem", &nameless.build().bytes, &["."]);
    assert_eq!((row["account_sid"].as_str(), row["account"].as_str()), (SID, "svc"));
    assert!(row["account_basis"].contains("list of profiles"), "{}", row["account_basis"]);

    // The list says whose folder it is; the hive in it says that it is another's.
    let row = with_machine_hives("HOST", "LocalSystem", &user("S-1-5-21-1-2-3-1002", false), &["."]);
    assert_eq!(row["account_sid"], "S-1-5-21-1-2-3-1002");
    assert!(row["account_basis"].contains("contradiction"), "{}", row["account_basis"]);
    assert_ne!(row["account_confidence"], "high");
}

#[test]
fn machine_hives_of_another_host_say_nothing() {
    let hive = user(SID, true);
    let row = with_machine_hives("OTHER", r".\svc", &hive, &["."]);
    assert_eq!((row["account_kind"].as_str(), row["services"].as_str()), ("unknown", ""));
}

#[test]
fn a_machine_hive_that_is_given_by_name_counts_wherever_it_lies() {
    let hive = user(SID, true);
    let given = [
        "HOST",
        "--system",
        "OTHER/C/Windows/System32/config/SYSTEM",
        "--sam",
        "OTHER/C/Windows/System32/config/SAM",
        "--host",
        "NAMED",
    ];
    let row = with_machine_hives("OTHER", r".\svc", &hive, &given);
    assert_eq!((row["account_kind"].as_str(), row["host"].as_str()), ("service", "NAMED"));
}

#[test]
fn profiles_and_timeline_know_the_account_as_scan_does() {
    let mut nameless = HiveBuilder::new(Version::V1_5);
    let profile = NewProfile::new(PROFILES, "Mail", filetime(2001, 1, 1, 0, 0, 0, 0));
    exchange_profile(&mut nameless, &profile, &Mailbox::new("SERVER", "SITE", "box", "Box"));
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("HOST/C/Users/svc/NTUSER.DAT", &nameless.build().bytes)]);
    for (name, bytes) in machine_hives("LocalSystem") {
        plant(folder.path(), &[(&format!("HOST/C/Windows/System32/config/{name}"), &bytes)]);
    }
    for command in ["profiles", "timeline"] {
        let run = mapihive_in(folder.path(), [command, "."]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let rows = run.rows();
        assert!(!rows.is_empty() && rows.iter().all(|row| row["account_sid"] == SID), "{command}");
    }
}
