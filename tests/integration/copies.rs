//! Copies of one hive on one host are told to be copies, in their order, and nothing is counted once for each of them.

use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime, machine};

use crate::program::{Row, mapihive_in, plant, rows, rows_of_file};

const SID: &str = "S-1-5-21-1-2-3-1001";
const T: u64 = filetime(2001, 1, 1, 0, 0, 0, 0);
const DAY: u64 = 24 * 60 * 60 * 10_000_000;

/// What Velociraptor makes of the device of a shadow copy.
const DEVICE: &str = "%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1";

/// A hive to be built: whose, written when, with which profiles.
#[derive(Clone, Copy)]
struct Hive<'a> {
    sid: Option<&'a str>,
    written: u64,
    sequences: (u32, u32),
    profiles: &'a [&'a str],
    server: &'a str,
}

const HIVE: Hive<'static> =
    Hive { sid: Some(SID), written: T, sequences: (7, 7), profiles: &["Mail"], server: "MAIN" };

impl Hive<'_> {
    fn bytes(self) -> Vec<u8> {
        let mut hive = HiveBuilder::new(Version::V1_5);
        if let Some(sid) = self.sid {
            hive.root_security(&SecurityDescriptor::user_hive(sid));
        }
        hive.last_written(self.written).sequences(self.sequences.0, self.sequences.1);
        hive.key(r"Software\Microsoft\Windows\CurrentVersion");
        for name in self.profiles {
            let profile = NewProfile::new(PROFILES, name, T);
            exchange_profile(&mut hive, &profile, &Mailbox::new(self.server, "SITE", "box", "Box"));
        }
        hive.build().bytes
    }
}

struct Scanned {
    hives: Vec<Row>,
    accounts: Vec<Row>,
    fleet: Vec<Row>,
    findings: Vec<Row>,
    summary: String,
}

impl Scanned {
    fn hive(&self, path: &str) -> &Row {
        self.hives.iter().find(|row| row["hive_path"] == path).expect("a row")
    }

    /// Series, place and number of copies of a hive.
    fn copy(&self, path: &str) -> (&str, &str, &str) {
        let row = self.hive(path);
        (&row["series"], &row["copy"], &row["copies"])
    }

    fn has_series(&self) -> bool {
        self.hives
            .iter()
            .any(|row| ["series", "copy", "copies", "series_basis"].iter().any(|name| !row[*name].is_empty()))
    }

    fn account(&self, sid: &str) -> &Row {
        let mut rows = self.accounts.iter().filter(|row| row["account_sid"] == sid);
        let row = rows.next().expect("the account");
        assert!(rows.next().is_none(), "one row for an account: {:?}", self.accounts);
        row
    }
}

fn scan_with(files: &[(&str, &[u8])], arguments: &[&str]) -> Scanned {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    plant(folder.path(), files);
    let [hives, accounts, fleet] = ["hives", "accounts", "fleet"].map(|name| out.path().join(name));
    let mut tables = vec!["scan"];
    for (flag, path) in [("--coverage", &hives), ("--accounts", &accounts), ("--fleet", &fleet)] {
        tables.extend([flag, path.to_str().unwrap()]);
    }
    let run = mapihive_in(folder.path(), [&tables[..], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    Scanned {
        hives: rows_of_file(&hives),
        accounts: rows_of_file(&accounts),
        fleet: rows_of_file(&fleet),
        findings: rows(&run.stdout),
        summary: run.stderr,
    }
}

fn scan(files: &[(&str, &[u8])]) -> Scanned {
    scan_with(files, &["."])
}

#[test]
fn copies_are_put_in_the_order_in_which_they_were_written_wherever_they_lie() {
    let hive = |days: u64| Hive { written: T + days * DAY, ..HIVE }.bytes();
    let velociraptor = format!("HOST/uploads/ntfs/{DEVICE}/Users/svc/NTUSER.DAT");
    let paths = [
        "HOST/C/Windows.old/Users/svc/NTUSER.DAT",
        &velociraptor,
        "HOST/VSS7/Users/svc/NTUSER.DAT",
        "HOST/uploads/auto/C%3A/Users/svc/NTUSER.DAT",
        "HOST/C/Users/svc/NTUSER.DAT",
    ];
    let hives: Vec<Vec<u8>> = (0..5).map(hive).collect();
    let files: Vec<(&str, &[u8])> = paths.iter().copied().zip(hives.iter().map(Vec::as_slice)).collect();
    let found = scan(&files);
    let series = found.copy(paths[0]).0;
    assert!(!series.is_empty());
    for (before, path) in paths.iter().enumerate() {
        assert_eq!(found.copy(path), (series, (before + 1).to_string().as_str(), "5"), "{path}");
        let row = found.hive(path);
        assert_eq!(row["host"], "HOST");
        assert!(row["series_basis"].ends_with("in the order of the times in their headers"), "{row:?}");
    }
    let kept: Vec<&str> = paths.iter().map(|path| found.hive(path)["kept_as"].as_str()).collect();
    assert_eq!(kept, ["windows.old", "shadow copy 1", "shadow copy 7", "live", "live"]);
}

#[test]
fn sequence_numbers_order_copies_whose_headers_have_one_time_or_none() {
    let [shadow, live] = ["HOST/VSS1/Users/svc/NTUSER.DAT", "HOST/C/Users/svc/NTUSER.DAT"];
    for (times, sequences, newest, basis) in [
        ([T, T], [7, 9], live, "sequence numbers where these are equal"),
        ([T, T], [9, 7], shadow, "sequence numbers where these are equal"),
        ([T + DAY, T], [7, 9], shadow, "times in their headers"),
        ([T + DAY, 0], [7, 9], live, "not every header has a time"),
    ] {
        let [one, other] = [0, 1].map(|index| {
            Hive { written: times[index], sequences: (sequences[index], sequences[index]), ..HIVE }.bytes()
        });
        let found = scan(&[(shadow, &one), (live, &other)]);
        assert_eq!((found.copy(newest).1, found.copy(newest).2), ("2", "2"), "{times:?} {sequences:?}");
        assert!(found.hive(newest)["series_basis"].contains(basis), "{}", found.hive(newest)["series_basis"]);
    }
}

#[test]
fn hives_that_only_resemble_each_other_are_no_series() {
    let [hive, nameless] = [HIVE.bytes(), Hive { sid: None, ..HIVE }.bytes()];
    let other = Hive { sid: Some("S-1-5-21-1-2-3-1002"), ..HIVE }.bytes();
    let later_nameless = Hive { sid: None, written: T + DAY, ..HIVE }.bytes();
    let later = Hive { written: T + DAY, ..HIVE }.bytes();
    let live = "HOST/C/Users/svc/NTUSER.DAT";
    for (what, first, path, second) in [
        ("an account that roams", &hive, "OTHER/C/Users/svc/NTUSER.DAT", &hive),
        ("a hive without an account on another host", &nameless, "OTHER/C/Users/svc/NTUSER.DAT", &nameless),
        ("two accounts that began with one template", &nameless, "HOST/C/Users/new/NTUSER.DAT", &nameless),
        (
            "hives without an account that differ",
            &nameless,
            "HOST/VSS1/Users/svc/NTUSER.DAT",
            &later_nameless,
        ),
        ("another account", &hive, "HOST/VSS1/Users/svc/NTUSER.DAT", &other),
        ("a new profile folder of the account", &hive, "HOST/C/Users/svc.DOM/NTUSER.DAT", &later),
        (
            "the hive of the account's classes",
            &hive,
            "HOST/C/Users/svc/AppData/Local/Microsoft/Windows/UsrClass.dat",
            &later,
        ),
    ] {
        let found = scan(&[(live, first), (path, second)]);
        assert!(!found.has_series(), "{what}: {:?}", found.hives);
    }
    // Nothing says that hives belong to one host.
    let found = scan(&[("a/NTUSER.DAT", &hive), ("b/NTUSER.DAT", &hive)]);
    assert!(!found.has_series());
}

#[test]
fn equal_bytes_make_copies_of_hives_that_name_no_account() {
    let nameless = Hive { sid: None, ..HIVE }.bytes();
    let paths = ["HOST/C/Users/svc/NTUSER.DAT", "HOST/VSS1/Users/svc/NTUSER.DAT"];
    let found = scan(&paths.map(|path| (path, &nameless[..])));
    let (series, _, copies) = found.copy(paths[0]);
    assert_eq!((series, copies), (found.copy(paths[1]).0, "2"));
    assert!(!series.is_empty() && found.hive(paths[1])["series_basis"].contains("equal bytes"));
    assert_eq!((found.accounts.len(), found.accounts[0]["live_profiles"].as_str()), (1, "1"));
}

#[test]
fn two_collections_of_one_host_count_once() {
    let hive = HIVE.bytes();
    let files: [(&str, &[u8]); 2] =
        [("monday/HOST/C/Users/svc/NTUSER.DAT", &hive), ("tuesday/HOST/C/Users/svc/NTUSER.DAT", &hive)];
    let found = scan_with(&files, &["tuesday", "monday"]);
    let row = found.account(SID);
    assert_eq!([&row["hives"], &row["copies"], &row["live_profiles"]], ["1", "2", "1"]);
    let second = found.hive(files[1].0);
    assert!(second["series_basis"].contains("its bytes are those of copy 1"), "{second:?}");
    assert!(second["series_basis"].ends_with("all copies are equal"), "{second:?}");
    let alone = scan_with(&files[..1], &["monday"]);
    for severity in ["findings_high", "findings_medium", "findings_low", "findings_info"] {
        assert_eq!(row[severity], alone.account(SID)[severity], "{severity}");
    }
    let expected = alone.findings.len();
    assert!(expected > 0 && found.findings.len() == 2 * expected, "a row for each hive");
    assert_eq!(row["findings_in_older_copies"], expected.to_string());
    assert!(found.summary.contains("1 profile (1 older copy read)"), "{}", found.summary);
    assert!(
        found.summary.contains(&format!("{expected} more in older copies of hives.")),
        "{}",
        found.summary
    );
}

#[test]
fn a_series_keeps_its_identifier_whatever_else_is_scanned() {
    let [old, new] = [HIVE, Hive { written: T + DAY, ..HIVE }].map(Hive::bytes);
    let [one, two] = ["HOST/C/Users/svc/NTUSER.DAT", "HOST/VSS1/Users/svc/NTUSER.DAT"];
    let alone = scan(&[(one, &new), (two, &old)]);
    let files: [(&str, &[u8]); 4] =
        [(one, &new), (two, &old), ("A/C/Users/svc/NTUSER.DAT", &new), ("Z/VSS1/Users/svc/NTUSER.DAT", &old)];
    let among_others = scan_with(&files, &["Z", "HOST", "A", "--threads", "4"]);
    assert_eq!(alone.copy(one), among_others.copy(one));
    assert_eq!(alone.copy(two), among_others.copy(two));
    assert!(!alone.copy(one).0.is_empty());
}

#[test]
fn a_profile_that_only_an_older_copy_has_is_told_and_not_counted() {
    let old = Hive { profiles: &["Gone", "Mail"], ..HIVE };
    let new = Hive { profiles: &["mail", "New"], written: T + DAY, ..HIVE };
    let [live, shadow] = ["HOST/C/Users/svc/NTUSER.DAT", "HOST/VSS1/Users/svc/NTUSER.DAT"];
    let found = scan(&[(live, &new.bytes()), (shadow, &old.bytes())]);
    let row = found.account(SID);
    assert_eq!(row["live_profiles"], "2");
    assert_eq!(row["only_in_older_copies"], format!("Windows NT: \"Gone\" (live in copy 1, {shadow})"));
    assert!(
        found.summary.contains("2 profiles + 1 only in older copies (1 older copy read)"),
        "{}",
        found.summary
    );

    // What is recovered from the newest copy counts as that, and was live in the older one all the same.
    let mut deleted = HiveBuilder::new(Version::V1_5);
    deleted.root_security(&SecurityDescriptor::user_hive(SID)).last_written(T + DAY);
    let profile = NewProfile::new(PROFILES, "Gone", T);
    exchange_profile(&mut deleted, &profile, &Mailbox::new("MAIN", "SITE", "box", "Box"));
    let mut deleted = deleted.build();
    deleted.delete_key(&profile.path());
    let found = scan(&[(live, &deleted.bytes), (shadow, &Hive { profiles: &["Gone"], ..HIVE }.bytes())]);
    let row = found.account(SID);
    assert_eq!([&row["live_profiles"], &row["recovered_profiles"]], ["0", "1"]);
    let told = format!("Windows NT: \"Gone\" (live in copy 1, {shadow}, recovered from the newest copy)");
    assert_eq!(row["only_in_older_copies"], told);
    assert!(found.summary.contains("0 profiles + 1 recovered (1 older copy read)"), "{}", found.summary);

    // The newest copy is the one that lies in the shadow copy.
    let found = scan(&[(live, &old.bytes()), (shadow, &new.bytes())]);
    assert!(found.account(SID)["only_in_older_copies"].contains(live));
}

#[test]
fn a_profile_in_reg_back_only_is_told() {
    let system = |written, profiles| Hive { sid: None, written, profiles, ..HIVE }.bytes();
    let [live, back] =
        ["HOST/C/Windows/System32/config/DEFAULT", "HOST/C/Windows/System32/config/RegBack/DEFAULT"];
    let found = scan(&[(live, &system(T + DAY, &[])), (back, &system(T, &["Mail"]))]);
    let row = found.account("S-1-5-18");
    assert_eq!([&row["hives"], &row["copies"], &row["live_profiles"]], ["1", "2", "0"]);
    assert!(row["only_in_older_copies"].contains(r#""Mail" (live in copy 1, "#), "{row:?}");
    assert_eq!(found.hive(back)["kept_as"], "RegBack");
}

#[test]
fn a_profile_is_not_told_to_be_gone_where_the_newest_copy_may_have_it() {
    let [live, shadow] = ["HOST/C/Users/svc/NTUSER.DAT", "HOST/VSS1/Users/svc/NTUSER.DAT"];
    let old = Hive { profiles: &["Gone"], ..HIVE };
    for (new, doubt) in [
        (Hive { written: T + DAY, sequences: (9, 8), ..HIVE }, "the newest copy is dirty-unreplayed"),
        (HIVE, "the headers do not tell which copy is the newest"),
    ] {
        let found = scan(&[(live, &new.bytes()), (shadow, &old.bytes())]);
        let told = &found.account(SID)["only_in_older_copies"];
        assert!(told.ends_with(&format!("not known to be gone: {doubt}")), "{told}");
    }
    let mut damaged = HiveBuilder::new(Version::V1_5);
    damaged.root_security(&SecurityDescriptor::user_hive(SID)).last_written(T + DAY);
    damaged.key(&format!(r"{PROFILES}\One"));
    damaged.key(&format!(r"{PROFILES}\Two"));
    let mut damaged = damaged.build();
    damaged.point_subkey(PROFILES, 1, hive_synth::NOWHERE);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[(live, &damaged.bytes), (shadow, &old.bytes())]);
    let table = folder.path().join("accounts.csv");
    let run = mapihive_in(folder.path(), ["scan", "-q", "HOST", "--accounts", table.to_str().unwrap()]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let told = &rows_of_file(&table)[0]["only_in_older_copies"];
    assert!(told.contains("\"Gone\"") && told.contains("profiles that could not be read"), "{told}");
}

#[test]
fn rules_over_all_hives_count_a_profile_once_as_its_newest_copy_has_it() {
    let sids = ["S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1003"];
    let hive = |sid, written, server| Hive { sid: Some(sid), written, server, ..HIVE }.bytes();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (number, sid) in sids.iter().enumerate() {
        files.push((format!("HOST/C/Users/u{number}/NTUSER.DAT"), hive(sid, T + DAY, "NEW")));
    }
    let borrowed = |files: &[(String, Vec<u8>)]| -> Scanned {
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
        scan(&files)
    };
    let shared = |found: &Scanned| -> Vec<(String, String, String)> {
        let rows = found.fleet.iter().filter(|row| row["rule_id"] == "X02");
        rows.map(|row| (row["subject"].clone(), row["count"].clone(), row["accounts"].clone())).collect()
    };
    let without = borrowed(&files);
    // The value changed: the shadow copies name another server.
    for (number, sid) in sids.iter().enumerate() {
        files.push((format!("HOST/VSS1/Users/u{number}/NTUSER.DAT"), hive(sid, T, "OLD")));
    }
    let with = borrowed(&files);
    assert!(!shared(&without).is_empty());
    assert_eq!(shared(&with), shared(&without));
    assert!(
        with.fleet.iter().all(|row| row["copies"] == "6")
            && without.fleet.iter().all(|row| row["copies"] == "3")
    );
    assert!(!with.fleet.iter().any(|row| row["detail"].contains("OLD")), "{:?}", with.fleet);
}

#[test]
fn what_only_an_older_copy_has_counts_where_the_newest_may_have_it_too() {
    let sids = ["S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-1003"];
    for (sequences, accounts) in [((9, 8), Some("3")), ((9, 9), None)] {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for (number, sid) in sids.iter().enumerate() {
            let (old, new) = (
                Hive { sid: Some(sid), ..HIVE },
                Hive { sid: Some(sid), written: T + DAY, sequences, profiles: &[], ..HIVE },
            );
            files.push((format!("HOST/VSS1/Users/u{number}/NTUSER.DAT"), old.bytes()));
            files.push((format!("HOST/C/Users/u{number}/NTUSER.DAT"), new.bytes()));
        }
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
        let found = scan(&files);
        let row = found.fleet.iter().find(|row| row["rule_id"] == "X02");
        assert_eq!(row.map(|row| row["accounts"].as_str()), accounts, "{sequences:?}");
        assert!(row.is_none_or(|row| row["copies"] == "6"));
    }
}

#[test]
fn each_state_of_a_host_is_judged_with_its_own_machine_hives() {
    let system = |name: &str| {
        let mut hive = machine::system(Version::V1_5, 1);
        machine::host(&mut hive, 1, name, "1252", 0);
        hive.build().bytes
    };
    let (old, new) = (HIVE.bytes(), Hive { written: T + DAY, ..HIVE }.bytes());
    let found = scan(&[
        ("HOST/C/Windows/System32/config/SYSTEM", &system("RENAMED")),
        ("HOST/C/Users/svc/NTUSER.DAT", &new),
        ("HOST/VSS1/Windows/System32/config/SYSTEM", &system("FIRST")),
        ("HOST/VSS1/Users/svc/NTUSER.DAT", &old),
        ("HOST/VSS2/Users/svc/NTUSER.DAT", &old),
        ("HOST/C/Windows.old/Users/svc/NTUSER.DAT", &old),
    ]);
    let name = |path: &str| found.hive(path)["computer_name"].as_str();
    assert_eq!(name("HOST/C/Users/svc/NTUSER.DAT"), "RENAMED");
    assert_eq!(name("HOST/VSS1/Users/svc/NTUSER.DAT"), "FIRST");
    assert_eq!(name("HOST/VSS2/Users/svc/NTUSER.DAT"), "");
    assert_eq!(name("HOST/C/Windows.old/Users/svc/NTUSER.DAT"), "");
    assert_eq!(name("HOST/C/Windows/System32/config/SYSTEM"), "RENAMED");
    assert_eq!(found.account(SID)["computer_name"], "RENAMED");
    assert_eq!(found.copy("HOST/C/Users/svc/NTUSER.DAT").2, "4");
}
