//! What differs between two copies is told with the evidence of both, and nothing is told to be gone that may have been
//! there unseen.

use std::collections::BTreeSet;
use std::path::Path;

use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, Uid, exchange_profile, property_name};
use hive_synth::story::LogFormat;
use hive_synth::story::stories::{self, Happened, Step};
use hive_synth::{
    HiveBuilder, NOWHERE, REG_BINARY, REG_SZ, SecurityDescriptor, SynthHive, Version, filetime, utf16_nul,
};
use mapihive::compare::{Difference, Pair, PairReport, PairedBy, What, compare_pair};
use mapihive::hive::Care;
use mapihive::mapi::{MapiPath, ProfileState};
use mapihive::scan::Candidate;

use crate::program::{Row, Run, mapihive_in, plant, rows, rows_of_file};
use crate::support::{hex, reading};

// ---- stories -------------------------------------------------------------------------------------------------------

/// Plants the files of a step as one hive.
fn plant_step(folder: &Path, path: &str, step: &Step) {
    plant(folder, &[(path, &step.copy.primary)]);
    for (suffix, log) in &step.copy.logs {
        plant(folder, &[(&format!("{path}.{suffix}"), log)]);
    }
}

fn compared(folder: &Path, before: &str, after: &str) -> PairReport {
    mapihive::hive::silence_contained_panics();
    let [before, after] = [before, after].map(|path| Candidate::with_logs(&folder.join(path)));
    compare_pair(&Pair::Both { before, after, by: PairedBy::Named, host: None }, reading(Care::Once))
}

/// Profiles that stand in a list, by what happened and reached the disk: their names, and when each was made.
fn standing(step: &Step, list: ProfileState) -> BTreeSet<(String, u64)> {
    let mut standing: BTreeSet<(String, u64)> = BTreeSet::new();
    let mut made = std::collections::BTreeMap::new();
    for truth in step.happened.iter().filter(|truth| truth.durable) {
        let Some(place) = MapiPath::parse(&truth.subject) else { continue };
        let Some(profile) = place.profile else { continue };
        let is_here = place.list == Some(list);
        match truth.happened {
            Happened::ProfileCreated => {
                made.insert(profile.clone(), truth.time);
                if is_here {
                    standing.insert((profile, truth.time));
                }
            }
            Happened::ProfileMovedToDeleted => {
                standing.retain(|(name, _)| *name != profile);
                if list == ProfileState::DeletedPending {
                    standing.insert((profile.clone(), made[&profile]));
                }
            }
            Happened::ProfileDeleted if is_here => standing.retain(|(name, _)| *name != profile),
            _ => {}
        }
    }
    standing
}

fn told(differences: &[Difference], what: What) -> BTreeSet<String> {
    let told = differences.iter().filter(|difference| difference.what == what);
    told.map(|difference| difference.profile.clone().expect("a profile")).collect()
}

#[test]
fn what_became_of_profiles_between_two_moments_is_what_happened() {
    let (mut judged, mut not_judged, mut seen) = (0, 0, BTreeSet::new());
    for format in LogFormat::ALL {
        for (story, tell) in stories::ALL {
            let steps = tell(format);
            let folder = tempfile::tempdir().unwrap();
            for (number, step) in steps.iter().enumerate() {
                plant_step(folder.path(), &format!("{number}/NTUSER.DAT"), step);
            }
            for (older, newer) in
                (0..steps.len()).flat_map(|one| (0..steps.len()).map(move |other| (one, other)))
            {
                let path = |number: usize| format!("{number}/NTUSER.DAT");
                let report = compared(folder.path(), &path(older), &path(newer));
                let name = format!("{story} {format:?} {:?} to {:?}", steps[older].name, steps[newer].name);
                let rows = &report.differences;
                seen.extend(rows.iter().map(|row| row.what));
                let vouched = [&report.before, &report.after].into_iter().flatten();
                if !vouched.into_iter().all(|hive| hive.state.unwrap().vouches_for_absence()) {
                    not_judged += 1;
                    assert!(rows.iter().any(|row| row.what == What::NotComparable), "{name}");
                    continue;
                }
                judged += 1;
                let names = |profiles: &BTreeSet<(String, u64)>| -> BTreeSet<String> {
                    profiles.iter().map(|(name, _)| name.clone()).collect()
                };
                let [live, deleted] = [ProfileState::Live, ProfileState::DeletedPending]
                    .map(|list| (standing(&steps[older], list), standing(&steps[newer], list)));
                let (old, new) = (&live.0 | &deleted.0, &live.1 | &deleted.1);
                let (old_names, new_names) = (names(&old), names(&new));
                assert_eq!(told(rows, What::Born), &new_names - &old_names, "{name}");
                assert_eq!(told(rows, What::Gone), &old_names - &new_names, "{name}");
                assert_eq!(told(rows, What::MovedToDeleted), names(&(&live.0 & &deleted.1)), "{name}");
                assert_eq!(told(rows, What::MovedBack), names(&(&deleted.0 & &live.1)), "{name}");
                let recreated = &(&new_names & &old_names) - &names(&(&old & &new));
                assert_eq!(told(rows, What::Recreated), recreated, "{name}");
                assert!(older != newer || rows.is_empty(), "{name}: {rows:#?}");
            }
        }
    }
    assert!(judged > 500 && not_judged < judged / 5, "{judged} {not_judged}");
    for what in [
        What::Born,
        What::Gone,
        What::MovedToDeleted,
        What::MovedBack,
        What::Recreated,
        What::Changed,
        What::ValueChanged,
    ] {
        assert!(seen.contains(&what), "{what:?} is in no story");
    }
}

#[test]
fn a_dirty_copy_without_its_logs_proves_no_absence() {
    let steps = stories::internet_mail_service(LogFormat::Windows81);
    let folder = tempfile::tempdir().unwrap();
    let dirty = steps.iter().find(|step| step.name == "second run stopped").unwrap();
    let clean = steps.iter().find(|step| step.name == "second run reconciled").unwrap();
    plant(folder.path(), &[("a/NTUSER.DAT", &dirty.copy.primary)]);
    plant_step(folder.path(), "b/NTUSER.DAT", clean);
    let report = compared(folder.path(), "a/NTUSER.DAT", "b/NTUSER.DAT");
    assert!(told(&report.differences, What::Born).is_empty(), "{:#?}", report.differences);
    let report = compared(folder.path(), "b/NTUSER.DAT", "a/NTUSER.DAT");
    assert!(told(&report.differences, What::Gone).is_empty(), "{:#?}", report.differences);
}

// ---- hives of a fleet ----------------------------------------------------------------------------------------------

const SID: &str = "S-1-5-21-1-2-3-1001";
const OTHER_SID: &str = "S-1-5-21-1-2-3-1002";
const MARKERS: [&str; 3] = ["Zq0001xJvWk", "Zq0002xJvWk", "Zq0003xJvWk"];

fn profile(name: &str) -> NewProfile {
    NewProfile::new(PROFILES, name, filetime(2004, 5, 6, 7, 8, 9, 0))
}

/// A hive of an account with Exchange profiles of these names; `edit` changes it before it is written.
fn hive(sid: &str, profiles: &[&str], edit: impl FnOnce(&mut HiveBuilder)) -> SynthHive {
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder
        .root_security(&SecurityDescriptor::user_hive(sid))
        .default_written(filetime(2004, 1, 1, 0, 0, 0, 0));
    builder.key(PROFILES).value("DefaultProfile", REG_SZ, &utf16_nul("A"));
    for name in profiles {
        exchange_profile(&mut builder, &profile(name), &mailbox);
    }
    edit(&mut builder);
    builder.build()
}

/// The key of the section in which the tests change something.
fn section(name: &str) -> String {
    format!(r"{}\{}", profile(name).path(), Uid::EXCHANGE.hex())
}

fn plain(sid: &str, profiles: &[&str]) -> Vec<u8> {
    hive(sid, profiles, |_| {}).bytes
}

fn compare(folder: &Path, arguments: &[&str]) -> Run {
    mapihive_in(folder, ["compare"].iter().chain(arguments))
}

fn whats(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row["what"].as_str()).collect()
}

#[test]
fn keys_and_values_are_told_with_both_evidences() {
    let folder = tempfile::tempdir().unwrap();
    let later = filetime(2004, 9, 9, 9, 9, 9, 0);
    let before = hive(SID, &["A", "B"], |builder| {
        builder.key(&section("A")).sz("001e6600", "old").sz("001ef001", "gone").dword("only type", 7);
        builder.key(&format!(r"{}\old key", section("A"))).sz("x", "y");
        builder.key(r"Software\Microsoft\Exchange\Client\Options").sz("PickLogonProfile", "0");
    });
    let after = hive(SID, &["A", "B"], |builder| {
        builder.key(&section("A")).sz("001E6600", "new").sz("001ef002", "here").sz("only type", "x");
        builder.key(&format!(r"{}\new key", section("A"))).sz("x", "y");
        builder.key(r"Software\Microsoft\Exchange\Client\Options").sz("PickLogonProfile", "1");
        builder.key(PROFILES).value("DefaultProfile", REG_SZ, &utf16_nul("B"));
        builder.key(&section("B")).written(later);
    });
    plant(folder.path(), &[("old/NTUSER.DAT", &before.bytes), ("new/NTUSER.DAT", &after.bytes)]);
    let run = compare(folder.path(), &["old/NTUSER.DAT", "new/NTUSER.DAT"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = run.rows();
    let row = |what: &str, name: &str| {
        let mut found = rows.iter().filter(|row| {
            row["what"] == what && (row["value_name"] == name || row["key_path"].ends_with(name))
        });
        found.next().unwrap_or_else(|| panic!("no {what} {name}: {rows:#?}"))
    };
    let changed = row("value-changed", "001E6600");
    assert_eq!((changed["before_value"].as_str(), changed["after_value"].as_str()), ("old", "new"));
    assert_eq!(
        (changed["profile"].as_str(), changed["section_uid"].as_str()),
        ("A", Uid::EXCHANGE.hex().as_str())
    );
    let retyped = row("value-changed", "only type");
    assert_eq!((retyped["before_type"].as_str(), retyped["after_type"].as_str()), ("REG_DWORD", "REG_SZ"));
    assert_eq!(row("value-removed", "001ef001")["before_value"], "gone");
    assert_eq!(row("value-added", "001ef002")["after_value"], "here");
    assert_eq!(row("value-changed", "PickLogonProfile")["after_value"], "1");
    row("key-removed", "old key");
    row("key-added", "new key");
    assert_eq!(row("touched", &Uid::EXCHANGE.hex())["profile"], "B");
    let default = row("default-profile-changed", "DefaultProfile");
    assert_eq!((default["before_value"].as_str(), default["after_value"].as_str()), ("A", "B"));
    let profile = row("changed", r"Profiles\A");
    assert_eq!((profile["count"].as_str(), profile["certainty"].as_str()), ("3", "high"));
    for row in &rows {
        assert_eq!(row["paired_by"], "named");
        for (side, hive) in [("before", &before), ("after", &after)] {
            let offset: usize = row[&format!("{side}_offset")].parse().expect("evidence of both");
            let signature = if row["value_name"].is_empty() || row[&format!("{side}_type")].is_empty() {
                b"nk"
            } else {
                b"vk"
            };
            assert_eq!(&hive.bytes[offset + 4..offset + 6], signature, "{row:#?}");
        }
    }
    let places: Vec<[&str; 4]> = rows
        .iter()
        .map(|row| ["root", "profile", "key_path", "value_name"].map(|column| row[column].as_str()))
        .collect();
    assert!(places.is_sorted(), "{places:#?}");
}

/// Two collections of a fleet: on HOST1 a profile is born and one gone, HOST2 is as it was, of HOST3 one account was not
/// collected again and another has another folder.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let third = "S-1-5-21-1-2-3-1003";
    plant(
        folder.path(),
        &[
            ("monday/HOST1/C/Users/svc/NTUSER.DAT", &plain(SID, &["A", "B"])),
            ("tuesday/HOST1/c%3A/Users/SVC/ntuser.dat", &plain(SID, &["A", "C"])),
            ("monday/HOST2/C/Users/svc/NTUSER.DAT", &plain(SID, &["A"])),
            ("tuesday/HOST2/C/Users/svc/NTUSER.DAT", &plain(SID, &["A"])),
            ("monday/HOST3/C/Users/lost/NTUSER.DAT", &plain(OTHER_SID, &["A"])),
            ("monday/HOST3/C/Users/svc/NTUSER.DAT", &plain(third, &["A"])),
            ("tuesday/HOST3/C/Users/svc.DOM/NTUSER.DAT", &plain(third, &["A", "D"])),
            ("tuesday/HOST4/C/Users/new/NTUSER.DAT", &plain(OTHER_SID, &["A"])),
        ],
    );
    folder
}

#[test]
fn hives_of_a_fleet_are_paired_by_host_and_place_or_account() {
    let folder = fleet();
    let run = compare(folder.path(), &["monday", "tuesday"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = run.rows();
    let told: Vec<[&str; 5]> = rows
        .iter()
        .filter(|row| !["touched", "value-changed"].contains(&row["what"].as_str()))
        .map(|row| ["host", "paired_by", "what", "profile", "certainty"].map(|column| row[column].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ["HOST1", "path", "gone", "B", "high"],
            ["HOST1", "path", "born", "C", "high"],
            ["HOST3", "", "account-vanished", "", "low"],
            ["HOST3", "account", "born", "D", "high"],
            ["HOST4", "", "account-appeared", "", "low"],
        ]
    );
    let vanished = rows.iter().find(|row| row["what"] == "account-vanished").unwrap();
    assert!(
        vanished["detail"].contains("not collected") && vanished["account_sid"] == OTHER_SID,
        "{vanished:#?}"
    );
    assert!(run.stderr.contains("1 by account") && run.stderr.contains("2 by path"), "{}", run.stderr);
    // The list that does not have it is the evidence of the other side.
    let gone = rows.iter().find(|row| row["what"] == "gone").unwrap();
    assert!(!gone["after_offset"].is_empty() && gone["after_file"].starts_with("tuesday/"));
}

#[test]
fn folders_of_one_host_may_have_any_name() {
    let folder = fleet();
    for (before, after) in [
        ("monday/HOST1", "tuesday/HOST1"),
        ("monday/HOST1/C", "tuesday/HOST1/c%3A"),
        ("monday/HOST1/", "./tuesday/./HOST1"),
        ("monday", "tuesday/HOST1"),
    ] {
        let rows = compare(folder.path(), &[before, after]).rows();
        let of_host: Vec<&str> =
            rows.iter().filter(|row| row["host"] == "HOST1").map(|row| row["what"].as_str()).collect();
        assert!(of_host.contains(&"born") && of_host.contains(&"gone"), "{before} {after}: {rows:#?}");
    }
    // Another name for the folder of the host: the copies are those of the arguments.
    std::fs::rename(folder.path().join("tuesday/HOST1"), folder.path().join("renamed")).unwrap();
    let rows = compare(folder.path(), &["monday/HOST1", "renamed"]).rows();
    assert!(whats(&rows).contains(&"born") && rows.iter().all(|row| row["paired_by"] == "path"), "{rows:#?}");
}

#[test]
fn another_account_at_the_same_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |side: &str| format!("{side}/H/C/Users/svc/NTUSER.DAT");
    plant(folder.path(), &[(&path("a"), &plain(SID, &["A"])), (&path("b"), &plain(OTHER_SID, &["B"]))]);
    let rows = compare(folder.path(), &["a", "b"]).rows();
    assert!(whats(&rows).contains(&"account-changed"));
    let others = || rows.iter().filter(|row| row["what"] != "account-changed");
    assert!(others().count() > 0 && others().all(|row| row["certainty"] == "low"), "{rows:#?}");
}

#[test]
fn outlooks_key_that_lives_on_without_profiles_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let outlook = r"Software\Microsoft\Office\16.0\Outlook";
    let full = hive(SID, &[], |builder| {
        builder.key(outlook).sz("DefaultProfile", "A").sz("Other", "x");
        let profile = NewProfile::new(&format!(r"{outlook}\Profiles"), "A", filetime(2019, 1, 1, 0, 0, 0, 0));
        exchange_profile(builder, &profile, &Mailbox::new("SERVER", "SITE", "box", "Box"));
    });
    let none = hive(SID, &[], |builder| {
        builder.key(outlook).sz("Other", "x");
    });
    plant(folder.path(), &[("full", &full.bytes), ("none", &none.bytes)]);
    let rows = compare(folder.path(), &["full", "none"]).rows();
    assert_eq!(whats(&rows), ["default-profile-changed", "key-removed", "gone"], "{rows:#?}");
    let rows = compare(folder.path(), &["none", "full"]).rows();
    assert_eq!(whats(&rows), ["default-profile-changed", "key-added", "born"], "{rows:#?}");
}

#[test]
fn an_account_of_two_hives_is_not_paired_by_chance() {
    let folder = tempfile::tempdir().unwrap();
    plant(
        folder.path(),
        &[
            ("a/H/C/Users/one/NTUSER.DAT", &plain(SID, &["A"])),
            ("b/H/C/Users/two/NTUSER.DAT", &plain(SID, &["A"])),
            ("b/H/C/Users/three/NTUSER.DAT", &plain(SID, &["A"])),
        ],
    );
    let rows = compare(folder.path(), &["a", "b"]).rows();
    assert_eq!(
        whats(&rows).into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["account-appeared", "account-vanished"])
    );
    assert!(rows.iter().all(|row| row["detail"].contains("none was chosen")), "{rows:#?}");
}

// ---- what cannot be told -------------------------------------------------------------------------------------------

#[test]
fn no_absence_is_told_from_damaged_lists_or_headers() {
    let folder = tempfile::tempdir().unwrap();
    let full = hive(SID, &["A", "B", "C"], |_| {});
    let mut lost_subkey = hive(SID, &["A", "B", "C"], |_| {});
    lost_subkey.point_subkey(PROFILES, 1, NOWHERE);
    let mut fewer = hive(SID, &["A"], |_| {});
    fewer.break_checksum();
    let mut lost_values = hive(SID, &["A", "B", "C"], |_| {});
    lost_values.point_value(&section("A"), 0, NOWHERE);
    let mut no_root = hive(SID, &[], |_| {});
    no_root.point_subkey("Software", 0, NOWHERE);
    for (damaged, absent) in [(&lost_subkey, "B"), (&fewer, "B"), (&lost_values, "A"), (&no_root, "A")] {
        plant(folder.path(), &[("full", &full.bytes), ("damaged", &damaged.bytes)]);
        for arguments in [["full", "damaged"], ["damaged", "full"]] {
            let run = compare(folder.path(), &arguments);
            assert_eq!(run.code, Some(3), "{}", run.stderr);
            let rows = run.rows();
            let claims = ["gone", "born", "key-added", "key-removed", "value-added", "value-removed"];
            assert!(!whats(&rows).iter().any(|what| claims.contains(what)), "{arguments:?}: {rows:#?}");
            let not_told = rows.iter().any(|row| row["what"] == "not-comparable" && row["profile"] == absent);
            assert!(not_told, "{arguments:?}: {rows:#?}");
        }
    }
}

#[test]
fn a_hive_that_cannot_be_read_is_compared_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("a/NTUSER.DAT", &plain(SID, &["A"])), ("b/NTUSER.DAT", b"text")]);
    for arguments in [["a", "b"], ["b", "a"]] {
        let run = compare(folder.path(), &arguments);
        assert_eq!(run.code, Some(3));
        assert_eq!(whats(&run.rows()), ["not-comparable"], "{}", run.stderr);
    }
}

#[test]
fn a_secret_is_told_to_have_changed_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secure = format!("S{}", property_name(0x0102, 0x67f0));
    let with = |markers: [&str; 3]| {
        let [one, two, three] = markers.map(|marker| marker.as_bytes().to_vec());
        hive(SID, &["A"], |builder| {
            builder.key(&section("A")).value(&secure, REG_BINARY, &one).value(
                "POP3 Password",
                REG_BINARY,
                &two,
            );
            builder.key(&section("A")).value(
                "001e6703",
                REG_SZ,
                &utf16_nul(std::str::from_utf8(&three).unwrap()),
            );
        })
        .bytes
    };
    let [one, two, three] = MARKERS;
    plant(
        folder.path(),
        &[("a", &with([one, two, three])), ("b", &with([two, two, one])), ("none", &plain(SID, &["A"]))],
    );
    for (arguments, changed) in [(["a", "b"], 2), (["a", "a"], 0), (["a", "none"], 3), (["none", "b"], 3)] {
        let run = compare(folder.path(), &[arguments[0], arguments[1], "--csv-raw"]);
        assert_eq!(run.code, Some(0));
        let all = [String::from_utf8(run.stdout.clone()).unwrap(), run.stderr].concat();
        for marker in MARKERS {
            for shown in [marker.to_owned(), hex(marker.as_bytes()), hex(&utf16_nul(marker))] {
                assert!(!all.contains(&shown), "{shown}");
            }
        }
        let rows = rows(&run.stdout);
        let of_values: Vec<&Row> = rows.iter().filter(|row| row["what"].starts_with("value-")).collect();
        assert_eq!(of_values.len(), changed, "{rows:#?}");
        for row in of_values {
            for (value, kind) in [("before_value", "before_type"), ("after_value", "after_type")] {
                assert_eq!(row[value].starts_with("present, "), !row[kind].is_empty(), "{row:#?}");
            }
        }
    }
}

// ---- the run -------------------------------------------------------------------------------------------------------

#[test]
fn threads_and_spelling_change_nothing() {
    let folder = fleet();
    let expected = compare(folder.path(), &["monday", "tuesday", "--threads", "1"]);
    assert!(expected.stdout.len() > 1_000);
    for arguments in [
        &["monday", "tuesday"][..],
        &["./monday", "tuesday/", "--threads", "2"],
        &["monday//.", ".//tuesday", "--threads", "8", "-q"],
    ] {
        assert!(compare(folder.path(), arguments).stdout == expected.stdout, "{arguments:?}");
    }
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("out.csv");
    compare(folder.path(), &["monday", "tuesday", "-o", file.to_str().unwrap()]);
    assert!(std::fs::read(file).unwrap() == expected.stdout);
}

#[test]
fn exit_codes_are_those_of_every_command() {
    let folder = fleet();
    plant(folder.path(), &[("text/notes.txt", b"text"), ("empty/x/y", b"")]);
    for (arguments, code) in [
        (&["monday", "tuesday"][..], 0),
        (&["monday", "monday", "--live-only", "--no-logs"], 0),
        (&["monday"], 2),
        (&["monday", "tuesday", "monday"], 2),
        (&["monday", "missing"], 3),
        (&["monday", "empty"], 0),
        (&["text", "empty"], 4),
        (&["missing", "text"], 4),
        (&["monday", "tuesday", "-o", "monday/out.csv"], 5),
        (&["monday", "tuesday", "-o", "tuesday/HOST1/out.csv"], 5),
    ] {
        let run = compare(folder.path(), arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.stderr);
    }
    let empty = compare(folder.path(), &["monday", "empty"]);
    assert!(empty.stderr.contains("no registry hive found in AFTER"), "{}", empty.stderr);
}

#[test]
fn copies_in_the_wrong_order_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let later = hive(SID, &["A"], |builder| {
        builder.key(&section("A")).written(filetime(2010, 1, 1, 0, 0, 0, 0));
    });
    plant(folder.path(), &[("old", &plain(SID, &["A"])), ("new", &later.bytes)]);
    assert!(!compare(folder.path(), &["old", "new", "-q"]).stderr.contains("earlier copy"));
    assert!(compare(folder.path(), &["new", "old", "-q"]).stderr.contains("is BEFORE the earlier copy?"));
}

// ---- scan --baseline -----------------------------------------------------------------------------------------------

#[test]
fn a_baseline_leaves_only_new_findings() {
    let folder = tempfile::tempdir().unwrap();
    let samples = crate::program::manifest_dir().join("sample-hives");
    let tables = ["all.csv", "some.csv", "new.csv", "evidence.csv"].map(|name| folder.path().join(name));
    let [all, some, new, evidence] = tables.each_ref().map(|path| path.to_str().unwrap());
    let scan =
        |more: &[&str]| mapihive_in(samples.parent().unwrap(), ["scan", "sample-hives"].iter().chain(more));
    assert_eq!(scan(&["-o", all]).code, Some(3));
    let findings = rows_of_file(&tables[0]);
    // Half of them, the columns in another order and one that is not seen again.
    let mut text = String::from("note,finding_id\r\n");
    let known: Vec<&str> = findings.iter().step_by(2).map(|row| row["finding_id"].as_str()).collect();
    for id in known.iter().chain(&["0123456789abcdef01234567"]) {
        text = [&text, "\"a\nb\",", id, "\r\n"].concat();
    }
    std::fs::write(&tables[1], &text).unwrap();
    let run = scan(&["--baseline", some, "-o", new, "--evidence", evidence]);
    assert_eq!(run.code, Some(3));
    let expected: Vec<&str> =
        findings.iter().skip(1).step_by(2).map(|row| row["finding_id"].as_str()).collect();
    let written = rows_of_file(&tables[2]);
    assert_eq!(written.iter().map(|row| row["finding_id"].as_str()).collect::<Vec<_>>(), expected);
    assert!(rows_of_file(&tables[3]).iter().all(|row| expected.contains(&row["finding_id"].as_str())));
    let told = format!("{} new, {} known", expected.len(), known.len());
    assert!(run.stderr.contains(&told) && run.stderr.contains("1 of"), "{}", run.stderr);
    // The table may be replaced by what is new.
    let run = scan(&["--baseline", all, "-o", all, "--clobber"]);
    assert!(rows_of_file(&tables[0]).is_empty(), "{}", run.stderr);
}

#[test]
fn a_baseline_that_is_none_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let id = "0123456789abcdef01234567";
    for (text, line) in [
        (String::new(), "line 1"),
        ("id,name\r\n1,2\r\n".into(), "line 1"),
        (format!("finding_id,x\r\n{id},1\r\n1.23E+23,2\r\n"), "line 3"),
        (format!("finding_id,x\r\n{id},1\r\n{id}\r\n"), "line 3"),
        (format!("finding_id,x\r\n{id},\"a\nb\"\r\n,1\r\n"), "line 4"),
    ] {
        let path = folder.path().join("baseline.csv");
        std::fs::write(&path, &text).unwrap();
        let path = path.to_str().unwrap();
        let run = crate::program::mapihive(["scan", "sample-hives/CLEAN01", "--baseline", path]);
        assert_eq!((run.code, run.stdout.len()), (Some(2), 0), "{text:?}: {}", run.stderr);
        assert!(run.stderr.contains(path) && run.stderr.contains(line), "{text:?}: {}", run.stderr);
    }
    let run = crate::program::mapihive(["scan", "sample-hives/CLEAN01", "--baseline", "missing.csv"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("missing.csv"), "{}", run.stderr);
}
