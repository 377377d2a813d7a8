//! A hostile hive ends in useful time and memory, whatever its lists share and its sizes claim.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::with_view;
use hive_synth::mapi::{PROFILES, WIN9X_PROFILES};
use hive_synth::{BASE_BLOCK_SIZE, HiveBuilder, NOWHERE, SynthHive, Version};
use mapihive::hive::{Error, Problem};

/// More than any of these hives needs, in a build without optimisation on a busy machine.
const LONG: Duration = Duration::from_secs(20);
/// Kilobytes of address space.
const MEMORY: u32 = 1_000_000;

/// Runs every command on a hive, each with a bound on memory and time.
fn assert_ends(hive: &SynthHive) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    std::fs::write(&path, &hive.bytes).unwrap();
    for command in ["scan", "profiles", "dump"] {
        let start = Instant::now();
        let status = run_bounded(command, &path);
        assert_eq!(
            status,
            Some(3),
            "{command} on {} bytes: 124 is too slow, 137 too much memory",
            hive.bytes.len()
        );
        assert!(start.elapsed() < LONG, "{command}: {:?}", start.elapsed());
    }
}

fn run_bounded(command: &str, path: &Path) -> Option<i32> {
    let script =
        format!("ulimit -v {MEMORY}; exec timeout -s KILL {} \"$0\" {command} \"$1\"", LONG.as_secs());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_mapihive")]).arg(path);
    let output = shell.output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked") && !said.contains("memory allocation"), "{command}: {said}");
    output.status.code()
}

/// A hive with `keys` keys below a root of MAPI profiles, each with one value.
fn many_keys(keys: usize, above: &str) -> HiveBuilder {
    let mut builder = HiveBuilder::new(Version::V1_5);
    let parent = builder.key(&format!(r"{WIN9X_PROFILES}\Profile\{above}")).id();
    for number in 0..keys {
        builder.by_id(parent).duplicate_key(&format!("k{number}")).dword("v", 1);
    }
    builder
}

#[test]
fn a_long_list_of_nothing_shared_by_many_keys_as_their_values_ends() {
    const ENTRIES: usize = 250_000;
    let mut builder = many_keys(4_000, "x");
    builder.key("List").binary("list", &vec![0xff; ENTRIES * 4]);
    builder.list_kind(hive_synth::ListKind::Index);
    let mut builder_1_3 = builder.clone();
    builder_1_3.key("unused");
    let mut hive = builder.build();
    // A value of 1.5 is split; its segments are lists of 4,086 entries each.
    let list = hive.layout.value("List", "list").segments[0];
    let keys: Vec<u32> =
        hive.layout.keys().filter(|place| place.path.contains(r"Profile\x\")).map(|place| place.nk).collect();
    for nk in keys {
        hive.set_u32(nk, 36, 4_086);
        hive.set_u32(nk, 40, list);
    }
    assert_ends(&hive);
}

#[test]
fn one_huge_list_of_nothing_shared_by_many_keys_as_their_values_ends() {
    const ENTRIES: u32 = 250_000;
    let mut builder = HiveBuilder::new(Version::V1_3);
    let parent = builder.key(&format!(r"{WIN9X_PROFILES}\Profile")).id();
    for number in 0..4_000 {
        builder.by_id(parent).duplicate_key(&format!("k{number}")).dword("v", 1);
    }
    builder.key("List").binary("list", &vec![0xff; ENTRIES as usize * 4]);
    let mut hive = builder.build();
    let list = hive.layout.value("List", "list").data.unwrap();
    let keys: Vec<u32> =
        hive.layout.keys().filter(|place| place.path.contains(r"Profile\")).map(|place| place.nk).collect();
    for nk in keys {
        hive.set_u32(nk, 36, ENTRIES);
        hive.set_u32(nk, 40, list);
    }
    assert_ends(&hive);
}

#[test]
fn big_data_that_repeat_one_segment_in_many_values_end() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    let values = 20_000;
    let parent = builder.key(&format!(r"{WIN9X_PROFILES}\Profile\x")).id();
    for number in 0..values {
        builder.by_id(parent).duplicate_value(&format!("v{number}"), 3, &[1]);
    }
    builder.key("Bomb").binary("bomb", &vec![1; 1_000_000]);
    let mut hive = builder.build();
    let bomb = hive.layout.value("Bomb", "bomb").data.unwrap();
    let places: Vec<u32> = hive.layout.by_id(parent).values.iter().map(|value| value.vk).collect();
    for vk in places {
        hive.set_u32(vk, 4, 1_000_000);
        hive.set_u32(vk, 8, bomb);
    }
    assert_ends(&hive);
}

#[test]
fn one_big_cell_shared_by_many_values_ends() {
    let mut builder = HiveBuilder::new(Version::V1_3);
    let parent = builder.key(&format!(r"{WIN9X_PROFILES}\Profile\x")).id();
    for number in 0..20_000 {
        builder.by_id(parent).duplicate_value(&format!("v{number}"), 1, &[1]);
    }
    builder.key("Bomb").binary("bomb", &vec![1; 1_000_000]);
    let mut hive = builder.build();
    let bomb = hive.layout.value("Bomb", "bomb").data.unwrap();
    let places: Vec<u32> = hive.layout.by_id(parent).values.iter().map(|value| value.vk).collect();
    for vk in places {
        hive.set_u32(vk, 4, 1_000_000);
        hive.set_u32(vk, 8, bomb);
    }
    assert_ends(&hive);
}

#[test]
fn one_long_text_shared_by_many_sections_is_not_held_for_each() {
    // In one cell, and in segments that are joined.
    for version in [Version::V1_3, Version::V1_5] {
        one_long_text_is_not_held_for_each(version);
    }
}

fn one_long_text_is_not_held_for_each(version: Version) {
    let mut builder = HiveBuilder::new(version);
    let parent = builder.key(&format!(r"{WIN9X_PROFILES}\Profile")).id();
    let sections: Vec<_> = (0..60_000)
        .map(|number| {
            let section = builder.by_id(parent).duplicate_key(&format!("{number:032x}")).id();
            builder.by_id(section).duplicate_value("001e300a", 1, &[1]);
            section
        })
        .collect();
    // Each of these characters is written as five.
    builder.key("Bomb").binary("bomb", &[1, 0].repeat(500_000));
    // The last section of all, with small data of its own.
    let last = builder.by_id(parent).duplicate_key(&"f".repeat(32)).id();
    builder.by_id(last).duplicate_value("00036601", 3, &[7, 0, 0, 0, 0]);
    let mut hive = builder.build();
    let bomb = hive.layout.value("Bomb", "bomb").data.unwrap();
    let values = |section| hive.layout.by_id(section).values.iter().map(|value| value.vk);
    let places: Vec<u32> = sections.into_iter().flat_map(values).collect();
    for vk in places {
        hive.set_u32(vk, 4, 1_000_000);
        hive.set_u32(vk, 8, bomb);
    }
    assert_ends(&hive);
    with_view(&hive, "NTUSER.DAT", |view, problems| {
        let (_, profile) = view.mapi.all_profiles().next().unwrap();
        let [.., last] = &profile.sections[..] else { unreachable!("sections of the profile") };
        assert_eq!(last.key.name, "f".repeat(32));
        assert_eq!(
            last.key.values[0].bytes(),
            [7, 0, 0, 0, 0],
            "what is small is read behind what is refused"
        );
        let refused = |problem: &Problem| matches!(problem.error, Error::DataShared { size: 1_000_000 });
        assert!(problems.kept().iter().any(refused), "{problems:?}");
    });
}

#[test]
fn many_keys_below_a_long_path_need_no_gigabytes() {
    let long = "n".repeat(30_000);
    let mut hive = many_keys(40_000, &long).build();
    hive.claim_subkeys("", 9);
    assert_ends(&hive);
}

#[test]
fn one_list_of_subkeys_shared_by_many_keys_ends() {
    let mut hive = many_keys(8_000, "x").build();
    let parent = hive.layout.key(&format!(r"{WIN9X_PROFILES}\Profile\x")).clone();
    let list = parent.subkey_list.unwrap();
    let keys: Vec<u32> =
        hive.layout.keys().filter(|place| place.path.contains(r"Profile\x\")).map(|place| place.nk).collect();
    for nk in keys {
        hive.set_u32(nk, 20, 8_000);
        hive.set_u32(nk, 28, list);
    }
    assert_ends(&hive);
}

#[test]
fn an_index_root_that_repeats_a_leaf_ends() {
    let mut builder = many_keys(4_000, "x");
    builder.leaf_size(500);
    let mut hive = builder.build();
    let parent = hive.layout.key(&format!(r"{WIN9X_PROFILES}\Profile\x")).clone();
    let root = parent.subkey_list.unwrap();
    for index in 0..parent.leaves.len() {
        hive.set_u32(root, 4 + 4 * index, parent.leaves[0]);
    }
    let keys: Vec<u32> =
        hive.layout.keys().filter(|place| place.path.contains(r"Profile\x\")).map(|place| place.nk).collect();
    for nk in keys {
        hive.set_u32(nk, 20, 4_000);
        hive.set_u32(nk, 28, root);
    }
    assert_ends(&hive);
}

#[test]
fn thousands_of_problems_are_counted_and_not_all_kept() {
    let mut hive = many_keys(20_000, "x").build();
    let parent = hive.layout.key(&format!(r"{WIN9X_PROFILES}\Profile\x")).clone();
    let keys: Vec<_> =
        hive.layout.keys().filter(|place| place.path.contains(r"Profile\x\")).cloned().collect();
    for place in keys {
        hive.set_u32(place.nk, 40, NOWHERE);
    }
    assert!(parent.leaves.len() > 1);
    assert_ends(&hive);
}

/// What one record is found to have been must not be looked for among all that the same key was found to have been.
#[test]
fn many_deleted_states_of_one_profile_end() {
    const STATES: usize = 200_000;
    const CELL: usize = 88;

    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(PROFILES);
    let mut hive = builder.build();
    let number = |number: usize| u32::try_from(number).expect("a small hive").to_le_bytes();
    let bins = hive.bytes.len() - BASE_BLOCK_SIZE;
    let bin = (32 + STATES * CELL).next_multiple_of(4096);
    let mut added = [b"hbin", &number(bins)[..], &number(bin), &[0; 20], &number(bin - 32)].concat();
    let mut key = vec![0; CELL];
    key[..4].copy_from_slice(&number(CELL));
    key[4..8].copy_from_slice(b"nk\x20\0");
    key[20..24].copy_from_slice(&hive.layout.key(PROFILES).nk.to_le_bytes());
    for list in [32, 36, 44, 48, 52] {
        key[list..list + 4].copy_from_slice(&NOWHERE.to_le_bytes());
    }
    key[76] = 4;
    key[80..84].copy_from_slice(b"Name");
    added.extend([0; 4]);
    let fitting = (0..STATES).take_while(|state| (state + 2) * CELL < bin).count();
    for state in 0..fitting as u64 {
        key[8..16].copy_from_slice(&(130_000_000_000_000_000 + state * 10_000_000).to_le_bytes());
        added.extend(&key);
    }
    added.resize(bin, 0);
    hive.bytes.extend(added);
    hive.bytes[40..44].copy_from_slice(&number(bins + bin));
    hive.fix_checksum();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    std::fs::write(&path, &hive.bytes).unwrap();
    for command in ["scan", "timeline"] {
        assert_eq!(run_bounded(command, &path), Some(0), "{command}: 137 is too slow or too much memory");
    }
}
