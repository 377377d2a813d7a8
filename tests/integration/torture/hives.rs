//! Hives as large, long and deep as the format allows, and larger.

use std::fs::{self, File};
use std::path::Path;

use hive_synth::{HiveBuilder, ListKind, NOWHERE, Version};

use super::{hive, quiet_run};
use crate::program::{mapihive_in, rows_of_file};

const TWO_GIB: u64 = 2 << 30;

#[test]
fn a_sparse_hive_of_two_gigabytes_is_read_in_time_and_memory() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("ev")).unwrap();
    let write = |bytes: &[u8], length: u64| {
        fs::write(at.join("ev/NTUSER.DAT"), bytes).unwrap();
        File::options().write(true).open(at.join("ev/NTUSER.DAT")).unwrap().set_len(length).unwrap();
    };
    let header = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut hive = hive_synth::SynthHive { bytes: hive(), ..HiveBuilder::new(Version::V1_5).build() };
        change(&mut hive.bytes);
        hive.fix_checksum();
        hive.bytes
    };
    let two_gib = u32::try_from(TWO_GIB).unwrap();
    // Zeros behind the bins; bins that the header counts and that are none; one bin and one free cell of all that is left.
    let zeros_are_bins = header(&|bytes| bytes[40..44].copy_from_slice(&(two_gib - 4_096).to_le_bytes()));
    let mut one_cell = zeros_are_bins.clone();
    let (end, rest) = (one_cell.len(), two_gib - u32::try_from(one_cell.len()).unwrap());
    one_cell.extend(
        [&b"hbin"[..], &u32::try_from(end - 4_096).unwrap().to_le_bytes(), &rest.to_le_bytes()].concat(),
    );
    one_cell.resize(end + 32, 0);
    one_cell.extend((rest - 32).to_le_bytes());
    for (what, bytes, codes) in [
        ("zeros behind the bins", hive(), &[0][..]),
        ("zeros as bins", zeros_are_bins, &[3]),
        ("one free cell", one_cell, &[0, 3]),
    ] {
        write(&bytes, TWO_GIB);
        // Nothing but the mapping itself may need memory in proportion to the file.
        let limits = "ulimit -d 200000";
        for line in [
            "scan -q ev --coverage h.csv -o f.csv --clobber",
            "scan -q --live-only ev",
            "profiles ev",
            "timeline ev",
        ] {
            let run = quiet_run(at, limits, line);
            // What reads live keys alone looks at no bins that these do not lie in.
            let is_told = codes.iter().any(|code| run.code == Some(*code));
            let is_whole_scan = line.starts_with("scan -q ev ");
            assert!(is_told || !is_whole_scan && run.code == Some(0), "{what}: {line}: {}", run.stderr);
        }
        let row = &rows_of_file(&at.join("h.csv"))[0];
        assert_eq!((row["size"].as_str(), row["live_profiles"].as_str()), ("2147483648", "1"), "{what}");
        // `dump` reads files into memory; where that is not there it says so.
        let run = quiet_run(at, limits, "dump ev/NTUSER.DAT");
        assert_eq!(run.code, Some(3), "{what}");
        assert!(run.stderr.contains("Cannot allocate memory"), "{what}: {}", run.stderr);
    }
    // One byte more is more than any hive has.
    write(&hive(), TWO_GIB + 1);
    let run = quiet_run(at, "", "scan ev");
    assert!(run.code == Some(3) && run.stderr.contains("more than the 2147483648"), "{}", run.stderr);
}

/// How many keys and values `dump` shows of a hive, and its exit code.
fn dumped(bytes: &[u8]) -> (usize, usize, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("NTUSER.DAT"), bytes).unwrap();
    for command in ["scan -q NTUSER.DAT", "profiles NTUSER.DAT"] {
        quiet_run(folder.path(), "ulimit -v 1500000", command);
    }
    let run = quiet_run(folder.path(), "ulimit -v 1500000", "dump NTUSER.DAT");
    let rows = run.rows();
    let count =
        |kind: &str| rows.iter().filter(|row| row["kind"] == kind && !row["origin"].is_empty()).count();
    (count("key"), count("value"), run.code)
}

#[test]
fn lists_of_as_many_entries_as_their_count_can_say_are_read_whole() {
    const MOST: usize = 65_535;

    for (version, list) in
        [(Version::V1_2, ListKind::Index), (Version::V1_3, ListKind::Fast), (Version::V1_5, ListKind::Hash)]
    {
        let mut builder = HiveBuilder::new(version);
        builder.list_kind(list).leaf_size(MOST);
        let parent = builder.key("Parent").id();
        for number in 0..MOST {
            builder.by_id(parent).duplicate_key(&format!("k{number:05}"));
        }
        let hive = builder.build();
        assert_eq!(dumped(&hive.bytes), (MOST + 2, 0, Some(0)), "{list:?}");
        // A count that says so of a list with a few entries.
        let mut builder = HiveBuilder::new(version);
        builder.list_kind(list);
        builder.key(r"Parent\One").dword("v", 1);
        let mut hive = builder.build();
        hive.claim_list_entries("Parent", u16::MAX);
        hive.claim_subkeys("Parent", u32::MAX);
        let (keys, _, code) = dumped(&hive.bytes);
        assert!(keys >= 2 && code == Some(3), "{list:?}: {keys} {code:?}");
    }
    // As many lists of lists, with one key each.
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.list_kind(ListKind::Hash).leaf_size(1);
    let parent = builder.key("Parent").id();
    for number in 0..MOST {
        builder.by_id(parent).duplicate_key(&format!("k{number:05}"));
    }
    let mut hive = builder.build();
    assert_eq!(dumped(&hive.bytes), (MOST + 2, 0, Some(0)));
    // All of which lead nowhere.
    let root = hive.layout.key("Parent").subkey_list.unwrap();
    for index in 0..MOST {
        hive.set_u32(root, 4 + 4 * index, NOWHERE);
    }
    assert_eq!(dumped(&hive.bytes), (2, 0, Some(3)));
    // Values have a list without a count of its own.
    let mut builder = HiveBuilder::new(Version::V1_5);
    let parent = builder.key("Parent").id();
    for number in 0..MOST {
        builder.by_id(parent).duplicate_value(&format!("v{number:05}"), 4, &[1, 0, 0, 0]);
    }
    assert_eq!(dumped(&builder.build().bytes), (2, MOST, Some(0)));
}

#[test]
fn keys_as_deep_as_windows_allows_are_read_and_deeper_ones_told() {
    let chain = |levels: usize| {
        let mut builder = HiveBuilder::new(Version::V1_5);
        let mut id = builder.root().id();
        for level in 1..=levels {
            id = builder.by_id(id).key(&format!("level-{level}")).id();
        }
        builder.by_id(id).dword("deepest", 1);
        builder.build().bytes
    };
    assert_eq!(dumped(&chain(512)), (513, 1, Some(0)));
    let (keys, _, code) = dumped(&chain(513));
    assert!((512..=514).contains(&keys) && code == Some(3), "{keys} {code:?}");
    assert_eq!(dumped(&chain(5_000)).2, Some(3));
    let run = mapihive_in(Path::new("/"), ["dump", "/dev/null"]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
}
