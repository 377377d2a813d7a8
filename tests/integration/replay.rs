//! A dirty hive is read as Windows would recover it from its transaction logs, and each fact says which file has it.

use std::path::Path;

use hive_synth::log::{NEW_LOG, OLD_LOG, fix_hashes, log_base_block, log_entry, new_log, old_log};
use hive_synth::{HiveBuilder, SynthHive, Version};
use mapihive::hive::{
    HiveSource, HiveState, Image, Links, LogFate, LogFault, LogFile, Offset, Problems, Way,
};
use mapihive::scan::Candidate;
use sha2::{Digest as _, Sha256};

use crate::program::{Row, Run, mapihive_in, plant, rows, scan_in};
use crate::real_hives::folder;
use crate::support::hex;

/// A hive before and after somebody worked with it: the first is what the hive file still has.
struct Change {
    before: Vec<u8>,
    after: Vec<u8>,
}

/// A key that changes, one that goes and one that comes; the hive grows if `grows`.
fn change(version: Version, grows: bool) -> Change {
    let built = |after: bool| {
        let mut hive = HiveBuilder::new(version);
        hive.file_name(r"\??\C:\Users\svc\ntuser.dat").last_written(130_000_000_000_000_000);
        hive.key("Kept").sz("value", "the same").binary("padding", &[7; 9_000]);
        hive.key("Changed").sz("value", if after { "after" } else { "before" });
        hive.key(if after { "Came" } else { "Went" }).dword("number", 1);
        if after && grows {
            hive.key("Grown").binary("data", &[9; 12_000]);
        }
        hive.build()
    };
    let mut before = built(false);
    before.set_sequences(8, 7);
    Change { before: before.bytes, after: built(true).bytes }
}

/// A hive and its logs in a folder of their own, as the library opens them.
fn opened(hive: &[u8], logs: &[(&str, &[u8])]) -> (Image, Problems) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    plant(folder.path(), &[("NTUSER.DAT", hive)]);
    plant(folder.path(), logs);
    open(&folder.path().join("NTUSER.DAT"))
}

fn open(hive: &Path) -> (Image, Problems) {
    let candidate = Candidate::with_logs(hive);
    let source = |path: &Path| HiveSource::open(path, Links::Follow).expect("a file");
    let log = |name: &String| LogFile::read(name, &source(&hive.with_file_name(name)), Way::Map);
    let logs = candidate.logs.iter().map(log).collect();
    let mut problems = Problems::default();
    let image = Image::open(&source(hive), logs, Way::Map, &mut problems).expect("a hive");
    (image, problems)
}

fn fates(image: &Image) -> Vec<&LogFate> {
    image.log_fates().map(|(_, fate)| fate).collect()
}

/// Everything behind the base block, which replay has to make what it was in memory.
fn bins(bytes: &[u8]) -> &[u8] {
    &bytes[4096..]
}

#[test]
fn a_log_of_either_format_brings_a_hive_to_its_latest_state_and_may_let_it_grow() {
    for version in [Version::V1_3, Version::V1_5] {
        for grows in [false, true] {
            let Change { before, after } = change(version, grows);
            let logs = [
                ("NTUSER.DAT.LOG1", new_log(&before, 7, &[log_entry(&before, &after, 7)])),
                ("ntuser.dat.log", old_log(&before, &after, OLD_LOG, (8, 8))),
            ];
            for (name, log) in &logs {
                let (image, problems) = opened(&before, &[(name, log)]);
                assert_eq!(image.state(), HiveState::DirtyReplayed, "{name}");
                assert!(bins(image.bytes()) == bins(&after), "{name} grows: {grows}");
                assert!(problems.is_empty(), "{problems:?}");
                let earlier = image.before_replay().expect("the hive before");
                assert!(earlier.bytes() == before);
                // What the header of the file says stays what it says.
                assert_eq!(image.base_block().unwrap().primary_sequence, 8);
            }
        }
    }
}

#[test]
fn entries_follow_each_other_through_both_logs_in_whatever_order_and_over_the_highest_number() {
    let Change { before, after } = change(Version::V1_5, false);
    // Half of the pages in one entry, all of them in the next.
    let mut half = before.clone();
    let middle = (after.len() / 2).next_multiple_of(4096);
    half[4096..middle].copy_from_slice(&after[4096..middle]);
    for start in [7_u32, u32::MAX] {
        let mut before = SynthHive { bytes: before.clone(), layout: change_layout() };
        before.set_sequences(start.wrapping_add(1), start);
        let first = new_log(&before.bytes, start, &[log_entry(&before.bytes, &half, start)]);
        let next = start.wrapping_add(1);
        let second = new_log(&before.bytes, next, &[log_entry(&half, &after, next)]);
        for (one, two) in [(&first, &second), (&second, &first)] {
            let (image, problems) =
                opened(&before.bytes, &[("NTUSER.DAT.LOG1", one), ("NTUSER.DAT.LOG2", two)]);
            assert!(bins(image.bytes()) == bins(&after), "{start}");
            assert!(problems.is_empty(), "{problems:?}");
            let applied = |fate: &&LogFate| matches!(fate, LogFate::Applied { .. });
            assert!(fates(&image).iter().all(applied), "{:?}", fates(&image));
        }
    }
}

fn change_layout() -> hive_synth::Layout {
    HiveBuilder::new(Version::V1_5).build().layout
}

#[test]
fn a_stale_log_is_left_alone_and_said_to_be_stale() {
    let Change { before, after } = change(Version::V1_5, false);
    let old = new_log(&before, 5, &[log_entry(&after, &before, 5)]);
    let new = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let (image, problems) = opened(&before, &[("NTUSER.DAT.LOG1", &new), ("NTUSER.DAT.LOG2", &old)]);
    assert!(bins(image.bytes()) == bins(&after));
    assert!(problems.is_empty(), "old entries beside new ones are normal: {problems:?}");
    assert_eq!(fates(&image)[1], &LogFate::Stale(LogFault::Older { first: 5, written: 7 }));

    // With nothing else the hive stays as it is, which is told.
    let (image, problems) = opened(&before, &[("NTUSER.DAT.LOG1", &old)]);
    assert_eq!(image.state(), HiveState::DirtyUnreplayed);
    assert!(image.bytes() == before);
    assert_eq!(fates(&image), [&LogFate::Stale(LogFault::Older { first: 5, written: 7 })]);
    assert!(problems.kept().iter().any(|problem| problem.error.costs_facts()));
}

#[test]
fn a_torn_or_changed_entry_ends_replay_before_it() {
    let Change { before, after } = change(Version::V1_5, false);
    let mut half = before.clone();
    let middle = (after.len() / 2).next_multiple_of(4096);
    half[4096..middle].copy_from_slice(&after[4096..middle]);
    let [first, second] = [log_entry(&before, &half, 7), log_entry(&half, &after, 8)];
    let whole = new_log(&before, 7, &[first.clone(), second]);
    let second_at = 512 + first.len();

    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut header = whole.clone();
    header[second_at + 16] ^= 1;
    let torn = whole[..whole.len() - 512].to_vec();
    for (log, expected) in [(changed, "Hash-1"), (header, "Hash-2"), (torn, "entry claims")] {
        let (image, problems) = opened(&before, &[("NTUSER.DAT.LOG1", &log)]);
        assert_eq!(image.state(), HiveState::DirtyReplayed);
        assert!(bins(image.bytes()) == bins(&half), "{expected}: the first entry stands");
        let LogFate::Applied { first: 7, last: 7, ended: Some(why), .. } = fates(&image)[0] else {
            panic!("{:?}", fates(&image))
        };
        assert!(why.to_string().contains(expected), "{why}");
        // Windows stops there too: nothing of the hive is missing, but it is told.
        assert!(!problems.is_empty());
        assert!(problems.kept().iter().all(|problem| !problem.error.costs_facts()));
    }
}

#[test]
fn a_damaged_unfinished_or_foreign_log_is_refused_with_its_reason() {
    let Change { before, after } = change(Version::V1_5, false);
    let entry = log_entry(&before, &after, 7);
    let good = new_log(&before, 7, std::slice::from_ref(&entry));
    let mut checksum = good.clone();
    checksum[508] ^= 1;
    let mut no_entry = good.clone();
    *no_entry.last_mut().unwrap() ^= 1;
    let unfinished = [log_base_block(&before, NEW_LOG, (8, 7)), entry.clone()].concat();
    let mut renamed = before.clone();
    renamed[48..50].copy_from_slice(b"X\0");
    let foreign = new_log(&renamed, 7, &[entry]);
    for (log, expected) in [
        (checksum, "checksum"),
        (no_entry, "Hash-1"),
        (unfinished, "it was being written"),
        (foreign, "another hive"),
        (vec![1; 4096], "does not begin with a base block"),
        (vec![1; 100], "has 100 bytes"),
        (log_base_block(&before, 0, (7, 7)).repeat(2), "file type 0"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        plant(folder.path(), &[("NTUSER.DAT", &before), ("NTUSER.DAT.LOG1", &log)]);
        let scan = scan_in(folder.path(), ["NTUSER.DAT"]);
        assert_eq!(scan.run.code, Some(3), "a log that is refused is something that could not be read");
        let row = &rows(&scan.coverage)[0];
        assert!(row["logs"].contains(expected) && row["logs"].contains("refused"), "{}", row["logs"]);
        assert_eq!((row["hive_state"].as_str(), row["status"].as_str()), ("dirty-unreplayed", "partial"));
    }
}

#[test]
fn a_damaged_base_block_is_taken_from_the_log() {
    let Change { before, after } = change(Version::V1_5, false);
    let logs = [
        ("NTUSER.DAT.LOG1", new_log(&before, 7, &[log_entry(&before, &after, 7)])),
        ("NTUSER.DAT.LOG1", old_log(&before, &after, OLD_LOG, (8, 8))),
    ];
    for (name, log) in &logs {
        let mut destroyed = before.clone();
        destroyed[..4096].fill(0);
        let mut bad = before.clone();
        bad[508] ^= 1;
        for hive in [bad, destroyed] {
            let (image, problems) = opened(&hive, &[(name, log)]);
            assert_eq!(image.state(), HiveState::DirtyReplayed);
            assert!(bins(image.bytes()) == bins(&after));
            assert_eq!(&image.bytes()[..4], b"regf");
            assert!(problems.kept().iter().any(|problem| problem.to_string().contains("was taken from")));
        }
    }
}

#[test]
fn logs_beside_a_clean_hive_are_not_applied_whatever_they_hold() {
    let Change { mut before, after } = change(Version::V1_5, false);
    let log = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let mut clean = SynthHive { bytes: std::mem::take(&mut before), layout: change_layout() };
    clean.set_sequences(7, 7);
    let (image, problems) = opened(&clean.bytes, &[("NTUSER.DAT.LOG1", &log), ("NTUSER.DAT.LOG2", &[])]);
    assert!(image.bytes() == clean.bytes && problems.is_empty());
    assert_eq!(fates(&image), [&LogFate::NotNeeded, &LogFate::Unused]);
}

fn dump(folder: &Path, arguments: &[&str]) -> (Run, Vec<Row>) {
    let run = mapihive_in(folder, [&["dump"], arguments].concat());
    let rows = run.rows();
    (run, rows)
}

#[test]
fn a_fact_names_the_file_and_the_place_that_have_its_bytes() {
    let Change { before, after } = change(Version::V1_5, false);
    let log = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &before), ("ntuser.dat.LOG1", &log)]);
    let (run, rows) = dump(folder.path(), &["NTUSER.DAT"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mut from_log = 0;
    for row in rows.iter().filter(|row| row["trust"].is_empty()) {
        let bytes = match row["file"].as_str() {
            "NTUSER.DAT" => &before,
            "ntuser.dat.LOG1" => &log,
            other => panic!("{other}"),
        };
        let is_log = row["file"] != "NTUSER.DAT";
        assert_eq!(row["origin"], if is_log { "log" } else { "primary" });
        assert_eq!(row["log_sequence"], if is_log { "7" } else { "" });
        from_log += usize::from(is_log);
        let at: usize = row["file_offset"].parse().unwrap();
        let signature = if row["kind"] == "key" { b"nk" } else { b"vk" };
        assert!(bytes[at + 4..].starts_with(signature), "{row:?}");
    }
    assert!(from_log > 0);
    let origin_of = |path: &str| rows.iter().find(|row| row["key_path"] == path).unwrap()["origin"].clone();
    assert_eq!(origin_of("Came"), "log");
    assert_eq!(origin_of("Kept"), "primary", "the log has it too, but not otherwise");
}

#[test]
fn without_logs_the_hive_file_alone_is_read() {
    let Change { before, after } = change(Version::V1_5, false);
    let log = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &before), ("NTUSER.DAT.LOG1", &log)]);
    let keys = |arguments: &[&str]| -> Vec<String> {
        let live = dump(folder.path(), arguments).1;
        let keys = live.into_iter().filter(|row| row["kind"] == "key" && row["trust"].is_empty());
        keys.map(|row| row["key_path"].clone()).collect()
    };
    assert!(keys(&["NTUSER.DAT"]).contains(&"Came".into()));
    assert!(keys(&["NTUSER.DAT", "--no-logs"]).contains(&"Went".into()));

    let scan = scan_in(folder.path(), ["--no-logs", "NTUSER.DAT"]);
    assert_eq!(scan.run.code, Some(0));
    let row = &rows(&scan.coverage)[0];
    assert_eq!(row["logs"], "NTUSER.DAT.LOG1: not applied, as asked");
    assert_eq!(row["hive_state"], "dirty-unreplayed");
    assert_eq!(scan_in(folder.path(), ["--no-logs", "--strict", "NTUSER.DAT"]).run.code, Some(3));
    assert_eq!(scan_in(folder.path(), ["--strict", "NTUSER.DAT"]).run.code, Some(0));
}

#[test]
fn no_hive_or_log_is_written_by_replay() {
    let Change { before, after } = change(Version::V1_5, true);
    let log = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &before), ("NTUSER.DAT.LOG1", &log)]);
    scan_in(folder.path(), ["."]);
    assert!(std::fs::read(folder.path().join("NTUSER.DAT")).unwrap() == before);
    assert!(std::fs::read(folder.path().join("NTUSER.DAT.LOG1")).unwrap() == log);
}

#[test]
fn a_log_that_is_no_file_is_told_and_more_logs_than_there_can_be_are_not_read() {
    let Change { before, after } = change(Version::V1_5, false);
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &before), ("elsewhere", &[7; 600])]);
    std::os::unix::fs::symlink("elsewhere", folder.path().join("NTUSER.DAT.LOG1")).unwrap();
    let scan = scan_in(folder.path(), ["."]);
    let row = &rows(&scan.coverage)[0];
    assert!(
        row["logs"].starts_with("NTUSER.DAT.LOG1: refused: cannot be read: a symbolic link"),
        "{}",
        row["logs"]
    );
    assert_eq!(scan.run.code, Some(3));

    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("NTUSER.DAT", &before)]);
    let log = new_log(&before, 7, &[log_entry(&before, &after, 7)]);
    let names = (0..32_u32).map(|number| -> String {
        let cased = |(index, letter): (usize, char)| {
            if number >> index & 1 == 1 { letter.to_ascii_lowercase() } else { letter }
        };
        "NTUSER.DAT.LOG1".char_indices().map(cased).collect()
    });
    for name in names {
        plant(folder.path(), &[(&name, &log)]);
    }
    let row = &rows(&scan_in(folder.path(), ["."]).coverage)[0];
    assert_eq!(row["hive_state"], "dirty-replayed");
    assert_eq!(row["logs"].matches("too many logs").count(), 26, "{}", row["logs"]);
}

/// SHA-256 of the hives as yarp recovers them (`RegistryHive.recover_auto`, `save_recovered_hive`).
const BY_YARP: [(&str, &str); 4] = [
    ("win10-dirty-logs/NTUSER.DAT", "0a7a7b2d1eb24ab63455f5a83e554601d88fe558d0ba1c1068a7e1102c79a092"),
    ("win10-museum-dirty/NTUSER.DAT", "eeab210d21f2c8986d1e5ae77c30141ab4626e49542e2cb9cb960a2c8f742f03"),
    ("yarp-new-dirty-1/NewDirtyHive", "5634f8ff937c181beabb047433a8d89ebc1dc352e969f65a1ee2a46b1fe66b63"),
    ("yarp-old-dirty/OldDirtyHive", "89ad16ae7621dc675cbc64db0e32e593eefe0a7c2b947de20731d0eb99d4e1a5"),
];

#[test]
fn replayed_bytes_are_those_that_yarp_gives() {
    let Some(folder) = folder() else { return };
    for (hive, expected) in BY_YARP {
        let (image, _) = open(&folder.join(hive));
        assert_eq!(hex(&Sha256::digest(image.bytes())), expected, "{hive}");
    }
}

#[test]
fn replayed_trees_are_those_that_windows_made() {
    let Some(folder) = folder() else { return };
    for (hive, by_windows) in [
        ("yarp-new-dirty-1/NewDirtyHive", "yarp-new-dirty-1/RecoveredHive_Windows10"),
        ("yarp-old-dirty/OldDirtyHive", "yarp-old-dirty/RecoveredHive_Windows7"),
    ] {
        let facts = |hive: &str| {
            let (run, rows) = dump(&folder, &[hive]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let live = rows.into_iter().filter(|row| row["trust"].is_empty());
            let columns =
                ["kind", "key_path", "value_name", "value_type", "data_size", "data_sha256", "last_written"];
            live.map(|row| columns.map(|column| row[column].clone())).collect::<Vec<_>>()
        };
        let (ours, theirs) = (facts(hive), facts(by_windows));
        assert!(ours.len() > 2 && ours == theirs, "{hive}");
    }
}

#[test]
fn replay_shows_the_keys_and_values_that_only_the_logs_have() {
    let Some(folder) = folder() else { return };
    let count = |arguments: &[&str]| {
        let rows = dump(&folder, &[&["win10-dirty-logs/NTUSER.DAT"], arguments].concat()).1;
        let live =
            |kind: &str| rows.iter().filter(|row| row["kind"] == kind && row["trust"].is_empty()).count();
        (live("key"), live("value"))
    };
    assert_eq!(count(&["--no-logs"]), (2_590, 4_119));
    assert_eq!(count(&[]), (3_105, 4_695));
}

/// Two pages of one entry over each other, and one over the end of the hive: no writer makes them, but what is told of them
/// must lie where it is told to lie.
#[test]
fn what_lies_in_pages_over_each_other_is_where_it_is_said_to_be() {
    const REFERENCES: usize = 512 + 40;

    let Change { after, .. } = change(Version::V1_5, false);
    let mut other = after.clone();
    // Only entries with keys in them are looked at.
    let key = after[4096 + 32..][..100].to_vec();
    for (sector, number) in other[4096..].chunks_mut(512).zip(1..) {
        sector[64..].fill(number);
        sector[128..228].copy_from_slice(&key);
    }
    let log = new_log(&after, 3, &[log_entry(&after, &other, 3)]);
    let end = u32::try_from(after.len() - 4096).expect("a small hive");
    for (place, laid_at) in
        [(1, 0), (1, 512), (1, 4096 * 2 - 512), (0, 4096), (0, 4096 + 512), (1, end - 512)]
    {
        let mut log = log.clone();
        log[REFERENCES + place * 8..][..4].copy_from_slice(&laid_at.to_le_bytes());
        fix_hashes(&mut log);
        let (image, _) = opened(&after, &[("NTUSER.DAT.LOG1", &log)]);
        let (mut in_log, mut in_hive) = (0, 0);
        image.for_each_past(
            |_| true,
            &mut Problems::default(),
            |past, _| {
                for at in (4096..after.len()).step_by(8) {
                    let told = past.provenance(Offset(at as u64), 8);
                    let file = if told.log.is_some() { &log } else { &after };
                    *(if told.log.is_some() { &mut in_log } else { &mut in_hive }) += 1;
                    let there = usize::try_from(told.at.0).expect("a small file");
                    assert_eq!(
                        past.bins().bytes()[at..at + 8],
                        file[there..there + 8],
                        "{place} at {laid_at}"
                    );
                }
            },
        );
        assert!(in_log > 0 && in_hive > 0, "{place} at {laid_at}: {in_log} {in_hive}");
    }
}
