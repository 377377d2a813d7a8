//! A damaged place costs the facts stored there and nothing else, and is named with its offset.

use std::time::{Duration, Instant};

use hive_synth::{
    BASE_BLOCK_SIZE, HiveBuilder, ListKind, NOWHERE, SynthHive, Version, dag_bomb, filetime, log,
};
use mapihive::hive::{Care, HiveState};

use crate::support::{Examined, examine, with_tree};

/// Offsets of fields, counted from the signature of their record.
const NK_SECURITY: usize = 44;
const NK_NAME_LENGTH: usize = 72;
const VK_NAME_LENGTH: usize = 2;

const EVERYTHING: [&str; 9] = [
    "",
    "Other",
    r"Other\x",
    "Parent",
    r"Parent\a",
    r"Parent\a\below",
    r"Parent\b",
    r"Parent\b\below",
    r"Parent\c",
];

/// A hive with the keys of [`EVERYTHING`]; `Parent` has three values, `Parent\b` one that is not resident.
fn builder() -> HiveBuilder {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Other\x").sz("kept", "kept");
    builder.key("Parent").binary("one", &[1; 40]).binary("two", &[2; 40]).binary("three", &[3; 40]);
    builder.key(r"Parent\a\below").dword("deep", 1);
    builder.key(r"Parent\b").binary("data", &[9; 100]);
    builder.key(r"Parent\b\below");
    builder.key(r"Parent\c");
    builder
}

fn hive() -> SynthHive {
    builder().build()
}

/// Where a cell lies in the file.
fn at(cell: u32) -> usize {
    BASE_BLOCK_SIZE + cell as usize
}

/// Something that befalls a hive.
type Damage<'d> = &'d dyn Fn(&mut SynthHive);

/// What is read of a hive after `damage`.
fn damaged(damage: impl FnOnce(&mut SynthHive)) -> Examined {
    let mut hive = hive();
    damage(&mut hive);
    examine(&hive.bytes, "NTUSER.DAT")
}

/// Everything but these keys.
fn without(lost: &[&str]) -> Vec<&'static str> {
    EVERYTHING.into_iter().filter(|path| !lost.contains(path)).collect()
}

/// Asserts that a hive lost these keys and nothing else, and that a problem at `at` says `what`.
fn assert_costs(read: &Examined, lost: &[&str], at: usize, what: &str) {
    assert_eq!(read.keys(), without(lost));
    assert!(read.names(at, what), "byte {at}, {what:?}: {:?}", read.problems());
    let coverage = &read.dump_coverage;
    assert_eq!(coverage.status.as_str(), "partial", "{}", coverage.reason);
    assert!(coverage.reason.contains("byte "), "{}", coverage.reason);
    let kept = read.value(r"Other\x", "kept");
    assert!(!kept["data_sha256"].is_empty() && kept["problem"].is_empty());
}

/// Whether a key's subkeys and values are said to be all there are, whichever reader lists them.
fn complete(hive: &SynthHive, path: &str) -> (bool, bool) {
    let by_care = [Care::Once, Care::Compare].map(|care| {
        with_tree(&hive.bytes, care, |_, tree, problems| {
            let root = tree.root().unwrap();
            let key = if path.is_empty() { root } else { root.descendant(path).here().unwrap() };
            (key.subkeys(path, problems).complete, key.values(path, problems).complete)
        })
    });
    assert_eq!(by_care[0], by_care[1]);
    by_care[0]
}

// ---- the header -----------------------------------------------------------------------------------------------------

#[test]
fn a_wrong_checksum_costs_nothing_but_the_trust_in_the_header() {
    let read = damaged(SynthHive::break_checksum);
    assert_costs(&read, &[], 508, "checksum");
    assert_eq!(read.scan.coverage.status.as_str(), "partial");
    assert_eq!(read.scan.coverage.state.map(HiveState::as_str), Some("damaged"));
}

#[test]
fn the_root_of_a_destroyed_header_is_found_by_its_flag() {
    let read = damaged(SynthHive::destroy_header);
    assert_costs(&read, &[], 0, "destroyed");
    assert!(read.scan.coverage.base_block.is_none());
    assert_eq!(read.scan.coverage.state.map(HiveState::as_str), Some("damaged"));
    assert_eq!(read.scan.coverage.status.as_str(), "partial");
}

#[test]
fn the_root_that_a_header_misses_is_found_by_its_flag() {
    for wrong in
        [NOWHERE, 0, 7, 0x7fff_fff8, hive().layout.key("Parent").nk, hive().layout.key("Parent").leaves[0]]
    {
        let read = damaged(|hive| {
            hive.bytes[36..40].copy_from_slice(&wrong.to_le_bytes());
            hive.fix_checksum();
        });
        assert_costs(&read, &[], 36, "searched by its flag");
        assert_eq!(read.scan.coverage.state.map(HiveState::as_str), Some("damaged"));
    }
}

#[test]
fn a_hive_without_any_root_key_fails() {
    let read = damaged(|hive| {
        let root = hive.layout.key("").nk;
        hive.set(root, 0, b"xx");
    });
    assert_eq!(
        (read.scan.coverage.status.as_str(), read.scan.coverage.reason.as_str()),
        ("failed", "no root key found")
    );
    assert!(read.dump.is_empty());
}

#[test]
fn a_header_that_tells_a_wrong_length_costs_nothing() {
    for (length, what) in [
        (0, "hive bins data size"),
        (1, "hive bins data size"),
        (4097, "hive bins data size"),
        (u32::MAX, "hive bins data size"),
        (u32::MAX - 4095, "truncated"),
        (0x7fff_f000, "truncated"),
    ] {
        let read = damaged(|hive| {
            hive.bytes[40..44].copy_from_slice(&length.to_le_bytes());
            hive.fix_checksum();
        });
        assert_eq!(read.keys(), EVERYTHING, "{length:#x}");
        assert!(
            read.problems().iter().any(|problem| problem.error.to_string().contains(what)),
            "{length:#x}"
        );
        assert_eq!(read.scan.coverage.status.as_str(), "partial", "{length:#x}");
        assert_eq!(read.scan.coverage.state.map(HiveState::as_str), Some("damaged"), "{length:#x}");
    }
}

#[test]
fn bins_that_the_header_does_not_count_are_not_read() {
    let mut builder = builder();
    builder.key("Later").binary("long", &[1; 9_000]).key("below");
    let mut hive = builder.build();
    hive.bytes[40..44].copy_from_slice(&4096_u32.to_le_bytes());
    hive.fix_checksum();
    let read = examine(&hive.bytes, "NTUSER.DAT");
    assert!(read.keys().contains(&r"Other\x"));
    assert_eq!(read.dump_coverage.status.as_str(), "partial");
    let end = (BASE_BLOCK_SIZE + 4096).to_string();
    assert!(
        read.problems()
            .iter()
            .any(|problem| problem.to_string().contains(&format!("the bins end at byte {end}")))
    );
}

#[test]
fn a_truncated_hive_keeps_what_lies_before_its_end() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    for number in 0..30 {
        builder.key(&format!(r"Parent\key{number:02}")).binary("data", &[number; 1_500]);
    }
    let whole = builder.build();
    for length in (BASE_BLOCK_SIZE + 4096..whole.bytes.len()).step_by(4096 + 512) {
        let mut hive = whole.clone();
        hive.truncate(length);
        let read = examine(&hive.bytes, "NTUSER.DAT");
        // The list of `Parent` lies before its children, so that every child before the cut is reached.
        let survives = |cell: u32| at(cell) + 4 + whole.cell(cell).len() <= length;
        let expected: Vec<&str> =
            whole.layout.keys().filter(|place| survives(place.nk)).map(|place| place.path.as_str()).collect();
        assert_eq!(read.keys(), expected, "{length}");
        for place in whole.layout.keys().filter(|place| survives(place.nk) && place.path.contains('\\')) {
            let value = &place.values[0];
            let listed = survives(place.value_list.unwrap()) && survives(value.vk);
            let shown: &[&str] = if listed { &["data"] } else { &[] };
            assert_eq!(read.values(&place.path), shown, "{length} {}", place.path);
            if listed {
                let row = read.value(&place.path, "data");
                assert_eq!(
                    !row["data_sha256"].is_empty(),
                    survives(value.data.unwrap()),
                    "{length} {}",
                    place.path
                );
            }
        }
        let coverage = &read.scan.coverage;
        assert!(read.names(length, &format!("truncated: bins end at byte {}", whole.bytes.len())));
        assert_eq!(
            (coverage.status.as_str(), coverage.state.map(HiveState::as_str)),
            ("partial", Some("damaged"))
        );
    }
}

#[test]
fn what_is_no_hive_that_can_be_read_fails_with_its_reason() {
    let whole = hive().bytes;
    let version = |minor: u32| {
        let mut hive = hive();
        hive.bytes[24..28].copy_from_slice(&minor.to_le_bytes());
        hive.fix_checksum();
        hive.bytes
    };
    let log_of = |kind| log::log_base_block(&whole, kind, (1, 1));
    let creg = [b"CREG".to_vec(), vec![0; 8192]].concat();
    for (bytes, reason) in [
        (Vec::new(), "the file is empty"),
        (b"regf".to_vec(), "the file has 4 bytes, a hive has at least 4208"),
        (whole[..4095].to_vec(), "the file has 4095 bytes, a hive has at least 4208"),
        (whole[..4096].to_vec(), "the file has 4096 bytes, a hive has at least 4208"),
        (whole[..4207].to_vec(), "the file has 4207 bytes, a hive has at least 4208"),
        (creg.clone(), "a Windows 9x registry file (CREG), a format that is not supported"),
        (creg[..4].to_vec(), "a Windows 9x registry file (CREG), a format that is not supported"),
        (log_of(log::OLD_LOG), "a transaction log (file type 1), not a hive"),
        (log_of(log::WINDOWS_2000_LOG), "a transaction log (file type 2), not a hive"),
        (log_of(log::NEW_LOG), "a transaction log (file type 6), not a hive"),
        (version(1), "format 1.1 not supported"),
        (version(0), "format 1.0 not supported"),
        (
            b"text".to_vec(),
            "not a registry hive: expected \"regf\" at byte 0 or \"hbin\" at byte 4096, found 74657874",
        ),
        (
            vec![0; 10_000],
            "not a registry hive: expected \"regf\" at byte 0 or \"hbin\" at byte 4096, found 0000000000000000",
        ),
    ] {
        let read = examine(&bytes, "NTUSER.DAT");
        for coverage in [&read.scan.coverage, &read.dump_coverage] {
            assert_eq!((coverage.status.as_str(), coverage.reason.as_str()), ("failed", reason));
            assert!(coverage.state.is_none() && coverage.is_failure());
        }
        assert!(read.dump.is_empty() && read.properties.is_empty() && read.scan.judged.findings.is_empty());
    }
}

#[test]
fn an_unknown_version_is_named_and_read_as_far_as_it_goes() {
    let read = damaged(|hive| {
        hive.bytes[24..28].copy_from_slice(&7_u32.to_le_bytes());
        hive.fix_checksum();
    });
    assert_costs(&read, &[], 24, "format 1.7 not supported");
}

#[test]
fn bytes_behind_the_last_bin_are_counted_and_change_nothing() {
    let whole = damaged(|_| ());
    for tail in [vec![0xaa_u8; 5_000], vec![0; 1], hive().bytes] {
        let read = damaged(|hive| hive.append_tail(&tail));
        assert_eq!(read.scan.coverage.tail, tail.len() as u64);
        assert_eq!(read.scan.coverage.status.as_str(), "parsed");
        assert!(read.dump_coverage.problems.is_empty());
        assert_eq!(read.dump, whole.dump);
    }
}

#[test]
fn a_bin_without_its_header_keeps_its_keys() {
    let read = damaged(|hive| hive.bytes[BASE_BLOCK_SIZE..BASE_BLOCK_SIZE + 4].copy_from_slice(b"nibh"));
    assert_costs(&read, &[], BASE_BLOCK_SIZE, "bin: signature is");
    let read =
        damaged(|hive| hive.bytes[BASE_BLOCK_SIZE + 8..][..4].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert_costs(&read, &[], BASE_BLOCK_SIZE, "bin: size is");
}

// ---- lists of subkeys -----------------------------------------------------------------------------------------------

#[test]
fn a_reference_that_leads_nowhere_costs_one_key() {
    let leaf = |hive: &SynthHive| hive.layout.key("Parent").leaves[0];
    for (target, what) in [
        (NOWHERE, "refers to no cell"),
        (0x7fff_fff0, "refers to a cell at byte"),
        (u32::try_from(hive().bytes.len()).unwrap(), "refers to a cell at byte"),
        (hive().layout.key("Parent").leaves[0], "expected nk"),
        (hive().layout.key("Parent").values[0].vk, "expected nk"),
        (hive().layout.key("Parent").nk + 4, "cell claims"),
    ] {
        let read = damaged(|hive| hive.point_subkey("Parent", 1, target));
        let list = at(leaf(&hive()));
        if what == "cell claims" {
            // What lies there is read as a cell's size and may be anything.
            assert_eq!(read.keys(), without(&[r"Parent\b", r"Parent\b\below"]));
            assert!(read.problems().iter().any(|problem| problem.at.is_some_and(|at| at.0 == list as u64)));
        } else {
            assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], list, what);
        }
        assert_eq!(read.key("Parent")["problem"], "not all subkeys could be listed");
        let mut hive = hive();
        hive.point_subkey("Parent", 1, target);
        assert_eq!(complete(&hive, "Parent"), (false, true));
    }
}

#[test]
fn a_key_in_a_free_cell_is_not_live_and_its_siblings_are() {
    let read = damaged(|hive| hive.free_cell(hive.layout.key(r"Parent\b").nk));
    let list = at(hive().layout.key("Parent").leaves[0]);
    assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], list, "refers to a free cell");
    let mut freed = hive();
    freed.free_cell(freed.layout.key(r"Parent\b").nk);
    assert_eq!(complete(&freed, "Parent"), (false, true));
}

#[test]
fn a_cell_of_no_size_costs_itself() {
    for size in [0, -1, -4, i32::MIN, -0x0fff_fff8] {
        let read = damaged(|hive| hive.set_cell_size(hive.layout.key(r"Parent\b").nk, size));
        assert_eq!(read.keys(), without(&[r"Parent\b", r"Parent\b\below"]), "{size}");
        assert_eq!(read.dump_coverage.status.as_str(), "partial");
        let list = at(hive().layout.key("Parent").leaves[0]);
        assert!(
            read.problems().iter().any(|problem| problem.at.is_some_and(|at| at.0 == list as u64)),
            "{size}"
        );
    }
}

#[test]
fn a_destroyed_record_costs_itself() {
    let list = at(hive().layout.key("Parent").leaves[0]);
    let read = damaged(|hive| hive.set(hive.layout.key(r"Parent\b").nk, 0, b"xx"));
    assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], list, "expected nk, found 7878");
    let read = damaged(|hive| hive.set_u16(hive.layout.key(r"Parent\b").nk, NK_NAME_LENGTH, u16::MAX));
    assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], list, "nk");
    // A list is named by the key that refers to it.
    let parent = at(hive().layout.key("Parent").nk);
    let below = [r"Parent\a", r"Parent\a\below", r"Parent\b", r"Parent\b\below", r"Parent\c"];
    let read = damaged(|hive| hive.set(hive.layout.key("Parent").leaves[0], 0, b"xx"));
    assert_costs(&read, &below, parent, "expected lf, lh, li or ri");
    for target in [NOWHERE, 0x7000_0000] {
        let read = damaged(|hive| hive.point_subkey_list("Parent", target));
        assert_costs(&read, &below, parent, "refers to");
        assert_eq!(read.values("Parent"), ["one", "two", "three"]);
        let mut hive = hive();
        hive.point_subkey_list("Parent", target);
        assert_eq!(complete(&hive, "Parent"), (false, true));
    }
}

#[test]
fn counts_that_differ_are_told_and_nothing_listed_is_lost() {
    let nk = at(hive().layout.key("Parent").nk);
    let read = damaged(|hive| hive.claim_subkeys("Parent", 5));
    assert_costs(&read, &[], nk, "key node counts 5 subkeys, its list holds 3");
    let read = damaged(|hive| hive.claim_subkeys("Parent", 1));
    assert_costs(&read, &[], nk, "key node counts 1 subkeys, its list holds 3");
    let read = damaged(|hive| hive.claim_list_entries("Parent", 2));
    assert_costs(&read, &[r"Parent\c"], nk, "key node counts 3 subkeys, its list holds 2");

    let read = damaged(|hive| hive.claim_list_entries("Parent", u16::MAX));
    let leaf = at(hive().layout.key("Parent").leaves[0]);
    assert_costs(&read, &[], leaf, "");
    let completeness = |damage: &dyn Fn(&mut SynthHive)| {
        let mut hive = hive();
        damage(&mut hive);
        complete(&hive, "Parent")
    };
    assert_eq!(completeness(&|hive| hive.claim_subkeys("Parent", 5)), (false, true));
    assert_eq!(completeness(&|hive| hive.claim_list_entries("Parent", 2)), (false, true));
    assert_eq!(completeness(&|hive| hive.claim_list_entries("Parent", u16::MAX)), (false, true));
}

#[test]
fn a_damaged_leaf_of_an_index_root_leaves_the_other_leaves() {
    for list in [ListKind::Index, ListKind::Fast, ListKind::Hash] {
        let mut builder = builder();
        builder.list_kind(list).leaf_size(1);
        let mut hive = builder.build();
        let place = hive.layout.key("Parent").clone();
        hive.set(place.leaves[1], 0, b"xx");
        let read = examine(&hive.bytes, "NTUSER.DAT");
        let root = at(place.subkey_list.unwrap());
        assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], root, "expected lf, lh, li or ri");
        assert_eq!(complete(&hive, "Parent"), (false, true));
        // An index root inside an index root is not followed.
        let mut hive = builder.build();
        hive.set_u32(place.subkey_list.unwrap(), 8, place.subkey_list.unwrap());
        let read = examine(&hive.bytes, "NTUSER.DAT");
        assert_eq!(read.keys(), without(&[r"Parent\b", r"Parent\b\below"]));
    }
}

#[test]
fn a_wrong_hash_is_told_and_costs_nothing() {
    let mut hive = hive();
    let (leaf, nk) = (hive.layout.key("Parent").leaves[0], hive.layout.key(r"Parent\b").nk);
    hive.set_u32(leaf, 4 + 8 + 4, 0x1234_5678);
    let read = examine(&hive.bytes, "NTUSER.DAT");
    assert_eq!(read.keys(), EVERYTHING);
    assert!(read.names(at(nk), "the hash of this key in its parent's list is 0x12345678"));
    assert_eq!(read.dump_coverage.status.as_str(), "parsed");
}

#[test]
fn keys_of_long_lists_are_found_in_any_order_and_again() {
    /// More than nt-hive is let count through.
    const SIBLINGS: usize = 700;

    for kind in [ListKind::Index, ListKind::Fast, ListKind::Hash] {
        for is_sorted in [true, false] {
            let mut builder = HiveBuilder::new(Version::V1_5);
            builder.list_kind(kind).leaf_size(300);
            for number in (0..SIBLINGS).rev() {
                builder.key(&format!(r"Parent\key {number:03}\below")).dword("number", 1);
            }
            if !is_sorted {
                builder.key("Parent").keep_order();
            }
            with_tree(&builder.build().bytes, Care::Once, |_, tree, problems| {
                let parent = tree.root().unwrap().descendant("Parent").here().unwrap();
                for number in (0..SIBLINGS).step_by(50).chain([0, 1, 699, 50]) {
                    let key = parent.subkey(&format!("KEY {number:03}")).here().unwrap();
                    assert_eq!(key.name(), format!("key {number:03}"), "{kind:?} {is_sorted}");
                    let below = key.subkeys("", problems);
                    assert!(below.complete && below.items.len() == 1);
                }
                for _ in 0..2 {
                    assert!(parent.subkey("key 700").is_absent());
                }
            });
        }
    }
}

#[test]
fn subkeys_in_a_wrong_order_are_all_found() {
    let mut hive = hive();
    hive.swap_subkeys("Parent", 0, 2);
    let read = examine(&hive.bytes, "NTUSER.DAT");
    let mut keys = read.keys();
    keys.sort_unstable();
    assert_eq!(keys, EVERYTHING);
    with_tree(&hive.bytes, Care::Once, |_, tree, _| {
        let parent = tree.root().unwrap().descendant("Parent").here().unwrap();
        for name in ["a", "b", "c", "A"] {
            assert!(parent.subkey(name).here().is_some(), "{name}");
        }
        assert!(parent.subkey("d").is_absent());
    });
}

#[test]
fn a_cycle_ends_and_is_told() {
    let read = damaged(|hive| hive.point_subkey_at_itself("Parent"));
    let nk = at(hive().layout.key("Parent").nk);
    assert_costs(&read, &[r"Parent\a", r"Parent\a\below"], nk, "already reached by another way");
    let read = damaged(|hive| {
        let root = hive.layout.key("").nk;
        hive.point_subkey("Parent", 1, root);
    });
    let root = at(hive().layout.key("").nk);
    assert_costs(&read, &[r"Parent\b", r"Parent\b\below"], root, "already reached by another way");
}

#[test]
fn a_cycle_among_profiles_ends_and_is_told() {
    use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    let mut builder = HiveBuilder::new(Version::V1_5);
    for name in ["One", "Two"] {
        exchange_profile(
            &mut builder,
            &NewProfile::new(PROFILES, name, filetime(2001, 1, 1, 0, 0, 0, 0)),
            &mailbox,
        );
    }
    let whole = examine(&builder.build().bytes, "NTUSER.DAT");
    for target in [PROFILES, r"Software\Microsoft", ""] {
        let mut hive = builder.build();
        let cell = hive.layout.key(target).nk;
        hive.point_subkey(&format!(r"{PROFILES}\Two"), 0, cell);
        let read = examine(&hive.bytes, "NTUSER.DAT");
        let told = read
            .scan
            .coverage
            .problems
            .kept()
            .iter()
            .any(|problem| problem.to_string().contains("already reached"));
        // The root of the hive and what leads to the profiles is reached by no walk before.
        assert!(told || target != PROFILES, "{target:?}: {:?}", read.scan.coverage.problems);
        let of_one = |row: &&crate::program::Row| row["profile"] == "One";
        assert_eq!(
            read.properties.iter().filter(of_one).count(),
            whole.properties.iter().filter(of_one).count()
        );
        assert_eq!(read.scan.judged.live_profiles, 2);
    }
}

#[test]
fn keys_deeper_than_windows_allows_are_cut_off_and_told() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("Other").dword("kept", 1);
    let mut id = builder.root().id();
    for _ in 0..2_000 {
        id = builder.by_id(id).key("d").id();
    }
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    assert!(read.keys().contains(&"Other"));
    assert!(read.keys().len() > 500 && read.keys().len() < 600);
    assert!(read.problems().iter().any(|problem| problem.to_string().contains("more than Windows allows")));
    assert_eq!(read.dump_coverage.status.as_str(), "partial");
}

#[test]
fn lists_shared_by_many_keys_end_fast() {
    for version in [Version::V1_2, Version::V1_3, Version::V1_5] {
        let start = Instant::now();
        let read = examine(&dag_bomb(version, 100, 30).bytes, "NTUSER.DAT");
        assert!(start.elapsed() < Duration::from_secs(10), "{version:?}: {:?}", start.elapsed());
        assert_eq!(read.dump_coverage.status.as_str(), "partial");
        assert_eq!(read.keys().len(), 31, "every key is shown once");
    }
}

// ---- values ---------------------------------------------------------------------------------------------------------

#[test]
fn a_value_that_leads_nowhere_costs_itself() {
    let list = |hive: &SynthHive| at(hive.layout.key("Parent").value_list.unwrap());
    for (target, what) in [
        (NOWHERE, "refers to no cell"),
        (0x7fff_fff0, "refers to a cell at byte"),
        (hive().layout.key("Parent").nk, "expected vk"),
    ] {
        let read = damaged(|hive| hive.point_value("Parent", 1, target));
        assert_costs(&read, &[], list(&hive()), what);
        assert_eq!(read.values("Parent"), ["one", "three"]);
        assert_eq!(read.key("Parent")["problem"], "not all values could be listed");
        let mut hive = hive();
        hive.point_value("Parent", 1, target);
        assert_eq!(complete(&hive, "Parent"), (true, false));
    }
    let read = damaged(|hive| hive.free_cell(hive.layout.value("Parent", "two").vk));
    assert_costs(&read, &[], list(&hive()), "refers to a free cell");
    assert_eq!(read.values("Parent"), ["one", "three"]);
    let read = damaged(|hive| hive.set_u16(hive.layout.value("Parent", "two").vk, VK_NAME_LENGTH, u16::MAX));
    assert_costs(&read, &[], list(&hive()), "vk");
    assert_eq!(read.values("Parent"), ["one", "three"]);
}

#[test]
fn a_list_of_values_that_is_none_costs_the_values() {
    let nk = at(hive().layout.key("Parent").nk);
    for (target, what) in [(NOWHERE, "refers to no cell"), (0x7fff_fff0, "refers to a cell at byte")] {
        let read = damaged(|hive| hive.point_value_list("Parent", target));
        assert_costs(&read, &[], nk, what);
        assert!(read.values("Parent").is_empty());
        let mut hive = hive();
        hive.point_value_list("Parent", target);
        assert_eq!(complete(&hive, "Parent"), (true, false));
    }
    // A list that is some other record holds offsets that are none; every one of them is damage, not a value.
    let read = damaged(|hive| hive.point_value_list("Parent", hive.layout.key("Other").nk));
    assert_eq!(read.keys(), EVERYTHING);
    assert!(read.values("Parent").is_empty());
    assert_eq!(read.key("Parent")["problem"], "not all values could be listed");
}

#[test]
fn more_values_than_the_list_holds_are_told() {
    let list = at(hive().layout.key("Parent").value_list.unwrap());
    for count in [100, u32::MAX] {
        let read = damaged(|hive| hive.claim_values("Parent", count));
        assert_costs(&read, &[], list, &format!("key node counts {count} values"));
        assert_eq!(read.values("Parent"), ["one", "two", "three"]);
        let mut hive = hive();
        hive.claim_values("Parent", count);
        assert_eq!(complete(&hive, "Parent"), (true, false));
    }
}

#[test]
fn a_count_of_no_values_outweighs_a_stale_list() {
    let read = damaged(|hive| {
        hive.claim_values("Parent", 0);
        hive.point_value_list("Parent", 0x7000_0000);
        hive.claim_subkeys(r"Parent\b", 0);
        hive.point_subkey_list(r"Parent\b", 0x7000_0000);
    });
    assert_eq!(read.keys(), without(&[r"Parent\b\below"]));
    assert!(read.dump_coverage.problems.is_empty());
}

#[test]
fn data_that_cannot_be_read_cost_one_value() {
    let vk = at(hive().layout.value("Parent", "two").vk);
    let cases: [(&str, Damage<'_>); 6] = [
        ("refers to no cell", &|hive| hive.point_value_data("Parent", "two", NOWHERE)),
        ("refers to a cell at byte", &|hive| hive.point_value_data("Parent", "two", 0x7fff_fff0)),
        ("refers to a free cell", &|hive| hive.free_cell(hive.layout.value("Parent", "two").data.unwrap())),
        ("value of 5000 bytes", &|hive| hive.claim_data_size("Parent", "two", 5_000)),
        ("value of 2147483647 bytes", &|hive| hive.claim_data_size("Parent", "two", 0x7fff_ffff)),
        ("resident data", &|hive| hive.claim_data_size("Parent", "two", 0x8000_0005)),
    ];
    for (what, damage) in cases {
        let read = damaged(damage);
        assert_costs(&read, &[], vk, what);
        assert_eq!(read.values("Parent"), ["one", "two", "three"]);
        let row = read.value("Parent", "two");
        assert!(row["data_sha256"].is_empty() && row["problem"].contains(what), "{row:?}");
        for other in ["one", "three"] {
            assert!(read.value("Parent", other)["problem"].is_empty());
        }
    }
}

#[test]
fn big_data_that_miss_a_segment_are_told_and_not_hashed() {
    let mut builder = builder();
    builder.key("Parent").binary("long", &vec![5; 50_000]);
    let whole = builder.build();
    let place = whole.layout.value("Parent", "long").clone();
    let cases: [Damage<'_>; 6] = [
        &|hive| hive.set_u32(place.segment_list.unwrap(), 4, NOWHERE),
        &|hive| hive.free_cell(place.segments[1]),
        &|hive| hive.set_u16(place.data.unwrap(), 2, 2),
        &|hive| hive.set_u32(place.data.unwrap(), 4, NOWHERE),
        &|hive| hive.free_cell(place.segment_list.unwrap()),
        &|hive| hive.set(place.data.unwrap(), 0, b"xx"),
    ];
    for damage in cases {
        let mut hive = whole.clone();
        damage(&mut hive);
        let read = examine(&hive.bytes, "NTUSER.DAT");
        assert_costs(&read, &[], at(place.vk), "value of 50000 bytes");
        assert!(read.value("Parent", "long")["data_sha256"].is_empty());
        assert_eq!(read.values("Parent"), ["one", "two", "three", "long"]);
    }
}

// ---- what damage means for what is said -----------------------------------------------------------------------------

#[test]
fn security_that_cannot_be_read_costs_no_key() {
    for target in [NOWHERE, 0x7fff_fff0, hive().layout.key("Other").nk] {
        let read = damaged(|hive| hive.set_u32(hive.layout.key("").nk, NK_SECURITY, target));
        assert_eq!(read.keys(), EVERYTHING);
        assert!(!read.scan.coverage.problems.is_empty(), "the account is read from the root key's security");
        assert!(read.scan.coverage.account.sid.is_none());
    }
}

#[test]
fn a_damaged_list_of_profiles_is_incomplete_and_not_empty() {
    use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    let mut builder = HiveBuilder::new(Version::V1_5);
    for name in ["One", "Two", "Three"] {
        exchange_profile(
            &mut builder,
            &NewProfile::new(PROFILES, name, filetime(2001, 1, 1, 0, 0, 0, 0)),
            &mailbox,
        );
    }
    let mut hive = builder.build();
    hive.point_subkey(PROFILES, 1, NOWHERE);
    let read = examine(&hive.bytes, "NTUSER.DAT");
    assert_eq!(read.scan.judged.live_profiles, 2);
    let row = read.properties.iter().find(|row| row["kind"] == "key" && row["key_path"] == PROFILES).unwrap();
    assert_eq!(row["problem"], "not all subkeys could be listed");
    assert_eq!(read.scan.coverage.status.as_str(), "partial");
    for (rule_id, finding) in read.scan.judged.findings.iter().map(|finding| (finding.rule_id, finding)) {
        assert!(rule_id != "L10", "argues from an absence that was not seen: {finding:?}");
    }
}

#[test]
fn damage_on_the_way_to_the_profiles_is_told_and_not_taken_for_their_absence() {
    use hive_synth::mapi::{Mailbox, NewProfile, OUTLOOK_16_PROFILES, PROFILES, exchange_profile};
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    for root in [PROFILES, OUTLOOK_16_PROFILES] {
        let mut builder = HiveBuilder::new(Version::V1_5);
        exchange_profile(
            &mut builder,
            &NewProfile::new(root, "One", filetime(2001, 1, 1, 0, 0, 0, 0)),
            &mailbox,
        );
        builder.key("Other");
        let whole = builder.build();
        let names: Vec<&str> = root.split('\\').collect();
        for depth in 0..names.len() {
            let parent = names[..depth].join("\\");
            let damages: [Damage<'_>; 3] = [
                &|hive| hive.point_subkey(&parent, usize::from(depth == 0), NOWHERE),
                &|hive| hive.point_subkey_list(&parent, NOWHERE),
                &|hive| hive.set(hive.layout.key(&parent).leaves[0], 0, b"xx"),
            ];
            for (number, damage) in damages.into_iter().enumerate() {
                let mut hive = whole.clone();
                damage(&mut hive);
                let read = examine(&hive.bytes, "NTUSER.DAT");
                let coverage = &read.scan.coverage;
                let what = format!("{parent:?}, damage {number}: {:?}", coverage.problems.kept());
                assert_eq!(coverage.status.as_str(), "partial", "{what}");
                assert!(coverage.reason.contains("byte "), "{what}");
                assert!(!read.properties.iter().any(|row| row["profile"] == "One"), "{what}");
            }
        }
    }
}

#[test]
fn two_keys_named_profiles_are_both_read() {
    use hive_synth::mapi::PROFILES;
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(&format!(r"{PROFILES}\First")).dword("00036601", 1);
    let subsystem = PROFILES.rsplit_once('\\').unwrap().0;
    builder.key(subsystem).duplicate_key("Profiles").key("Second").dword("00036601", 2);
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    for profile in ["First", "Second"] {
        let path = format!(r"{PROFILES}\{profile}");
        assert!(read.keys().contains(&path.as_str()), "dump shows {profile}");
        let shown = read.properties.iter().any(|row| row["key_path"] == path);
        let told = !read.scan.coverage.problems.is_empty();
        assert!(shown || told, "{profile} is neither shown by `profiles` nor told to be left out");
    }
}

#[test]
fn a_root_key_without_its_flag_is_believed_where_the_header_is_whole() {
    // offreg.dll writes such hives.
    let mut builder = builder();
    builder.root().flags(0x20);
    let mut hive = builder.build();
    let read = examine(&hive.bytes, "NTUSER.DAT");
    assert_eq!(read.keys(), EVERYTHING);
    assert_eq!(read.problems(), []);
    hive.break_checksum();
    let read = examine(&hive.bytes, "NTUSER.DAT");
    assert_eq!(read.keys(), EVERYTHING, "better a root without its flag than none");
    assert_eq!(read.scan.coverage.status.as_str(), "partial");
}
