//! Promises about the hives that the builder writes and the patches change.

use hive_synth::{
    BASE_BLOCK_SIZE, HiveBuilder, KEY_READ, ListKind, NOWHERE, REG_BINARY, REG_SZ, SEGMENT_SIZE,
    SecurityDescriptor, Sid, SynthHive, Version, dag_bomb, filetime, name_hash, utf16,
};

const VERSIONS: [Version; 5] = [Version::V1_2, Version::V1_3, Version::V1_4, Version::V1_5, Version::V1_6];

fn with_children(version: Version, names: &[&str]) -> HiveBuilder {
    let mut hive = HiveBuilder::new(version);
    for name in names {
        hive.key("Parent").key(name);
    }
    hive
}

/// The keys that a subkeys list names, leaf by leaf.
fn listed(hive: &SynthHive, path: &str) -> Vec<u32> {
    let leaves = &hive.layout.key(path).leaves;
    let entries = leaves.iter().flat_map(|&leaf| {
        let size = if hive.cell(leaf).starts_with(b"li") { 4 } else { 8 };
        (0..usize::from(hive.u16(leaf, 2))).map(move |index| (leaf, 4 + size * index))
    });
    entries.map(|(leaf, field)| hive.u32(leaf, field)).collect()
}

/// Every cell of every bin as (offset, size); fails where cells do not fill their bins.
fn cells(bytes: &[u8]) -> Vec<(u32, i32)> {
    let number = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut cells = Vec::new();
    let mut bin = BASE_BLOCK_SIZE;
    while bin < bytes.len() {
        assert_eq!(&bytes[bin..bin + 4], b"hbin");
        assert_eq!(number(bin + 4).unsigned_abs() as usize, bin - BASE_BLOCK_SIZE);
        let end = bin + number(bin + 8).unsigned_abs() as usize;
        assert_eq!((end - bin) % 4096, 0);
        let mut cell = bin + 32;
        while cell < end {
            let size = number(cell);
            assert!(size != 0 && size % 8 == 0, "cell of {size} bytes");
            cells.push((u32::try_from(cell - BASE_BLOCK_SIZE).unwrap(), size));
            cell += size.unsigned_abs() as usize;
        }
        assert_eq!(cell, end);
        bin = end;
    }
    cells
}

#[test]
fn the_same_description_gives_the_same_bytes() {
    let hive = with_children(Version::V1_5, &["b", "a"]);
    assert_eq!(hive.build().bytes, hive.build().bytes);
}

#[test]
fn the_base_block_says_what_was_asked() {
    for version in VERSIONS {
        let mut builder = HiveBuilder::new(version);
        builder
            .sequences(9, 8)
            .last_written(0x0123_4567_89AB_CDEF)
            .file_name(r"\??\C:\Users\somebody\NTUSER.DAT");
        let hive = builder.build();
        let number = |at: usize| u32::from_le_bytes(hive.bytes[at..at + 4].try_into().unwrap());
        assert_eq!((number(4), number(8)), (9, 8));
        assert_eq!((number(20), number(24)), (1, version.minor()));
        assert_eq!(number(36), hive.layout.key("").nk);
        assert_eq!(number(40) as usize, hive.bytes.len() - BASE_BLOCK_SIZE);
        assert_eq!(&hive.bytes[12..20], &hive.bytes[BASE_BLOCK_SIZE + 20..BASE_BLOCK_SIZE + 28]);
        let sum = (0..127).fold(0, |sum, index| sum ^ number(4 * index));
        assert_eq!(number(508), sum);
        let name: Vec<u16> =
            hive.bytes[48..112].chunks(2).map(|unit| u16::from_le_bytes(unit.try_into().unwrap())).collect();
        assert_eq!(name, [utf16(r"??\C:\Users\somebody\NTUSER.DAT"), vec![0]].concat());
    }
}

#[test]
fn cells_fill_their_bins() {
    for version in VERSIONS {
        let mut hive = with_children(version, &["one", "two"]);
        for size in [0, 4, 5, 4056, 4057, 16_344, 16_345, 60_000] {
            hive.key("Values").binary(&format!("{size}"), &vec![7; size]);
        }
        cells(&hive.build().bytes);
    }
}

#[test]
fn lists_are_sorted_by_upper_case_name() {
    let names = ["b", "A", "c", "_", "B2", "é", "É2", "\u{17e}"];
    let hive = with_children(Version::V1_5, &names).build();
    let order = ["A", "b", "B2", "c", "_", "é", "É2", "\u{17e}"];
    let expected: Vec<u32> =
        order.iter().map(|name| hive.layout.key(&format!(r"Parent\{name}")).nk).collect();
    assert_eq!(listed(&hive, "Parent"), expected);
    let leaf = hive.layout.key("Parent").leaves[0];
    assert_eq!(&hive.cell(leaf)[..2], b"lh");
    assert_eq!(hive.u32(leaf, 8), name_hash(&utf16("a")));
}

#[test]
fn each_version_has_its_kind_of_list() {
    for (version, signature) in VERSIONS.into_iter().zip([b"li", b"lf", b"lf", b"lh", b"lh"]) {
        let hive = with_children(version, &["child"]).build();
        assert_eq!(&hive.cell(hive.layout.key("Parent").subkey_list.unwrap())[..2], signature);
    }
    let mut hive = with_children(Version::V1_5, &["child"]);
    let hive = hive.list_kind(ListKind::Fast).build();
    let leaf = hive.layout.key("Parent").leaves[0];
    assert_eq!(&hive.cell(leaf)[..2], b"lf");
    assert_eq!(&hive.cell(leaf)[8..12], b"chil");
}

#[test]
fn a_small_leaf_size_makes_an_index_root() {
    let mut builder = with_children(Version::V1_3, &["a", "b", "c", "d", "e"]);
    let hive = builder.leaf_size(2).build();
    let place = hive.layout.key("Parent");
    let root = place.subkey_list.unwrap();
    assert_eq!(&hive.cell(root)[..4], b"ri\x03\0");
    assert_eq!(place.leaves.len(), 3);
    assert_eq!(place.leaves, (0..3).map(|index| hive.u32(root, 4 + 4 * index)).collect::<Vec<_>>());
    assert_eq!(listed(&hive, "Parent").len(), 5);
}

#[test]
fn large_values_are_segmented_from_1_4_on() {
    for version in VERSIONS {
        let mut builder = HiveBuilder::new(version);
        builder.key("K").binary("at the limit", &[1; SEGMENT_SIZE]).binary("above", &[2; SEGMENT_SIZE + 1]);
        let hive = builder.build();
        assert_eq!(hive.layout.value("K", "at the limit").segments, []);
        let above = hive.layout.value("K", "above");
        if version <= Version::V1_3 {
            assert_eq!(above.segments, []);
            assert_eq!(hive.cell(above.data.unwrap())[..=SEGMENT_SIZE], [2; SEGMENT_SIZE + 1]);
        } else {
            assert_eq!(above.segments.len(), 2);
            assert_eq!(&hive.cell(above.data.unwrap())[..4], b"db\x02\0");
            assert_eq!(hive.cell(above.segments[1])[0], 2);
        }
    }
}

#[test]
fn small_values_are_resident() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("K").binary("three", &[1, 2, 3]).binary("none", &[]).binary("five", &[5; 5]);
    let hive = builder.build();
    let three = hive.layout.value("K", "three");
    assert_eq!(three.data, None);
    assert_eq!(hive.u32(three.vk, 4), 0x8000_0003);
    assert_eq!(hive.u32(three.vk, 8), 0x0003_0201);
    assert_eq!(hive.u32(hive.layout.value("K", "none").vk, 4), 0x8000_0000);
    assert_eq!(hive.u32(hive.layout.value("K", "five").vk, 4), 5);
}

#[test]
fn names_are_extended_ascii_where_they_can_be() {
    let surrogate = [0x41, 0xD800, 0x42];
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder
        .root()
        .raw_key(&surrogate)
        .raw_value(&surrogate, REG_BINARY, b"")
        .value("é", REG_SZ, b"")
        .value("", REG_BINARY, b"");
    let id = builder.root().raw_key(&surrogate).id();
    let hive = builder.build();
    let place = hive.layout.by_id(id);
    assert_eq!(hive.u16(place.nk, 2) & 0x20, 0);
    assert_eq!(&hive.cell(place.nk)[76..82], [0x41, 0, 0, 0xD8, 0x42, 0]);
    assert_eq!(&hive.cell(place.values[0].vk)[20..26], [0x41, 0, 0, 0xD8, 0x42, 0]);
    assert_eq!(&hive.cell(place.values[1].vk)[2..4], [1, 0]);
    assert_eq!(hive.u16(place.values[1].vk, 16), 1);
    assert_eq!((hive.u16(place.values[2].vk, 2), hive.u16(place.values[2].vk, 16)), (0, 0));
}

#[test]
fn a_key_node_knows_its_family() {
    let time = filetime(1999, 4, 28, 2, 0, 0, 0);
    let mut builder = with_children(Version::V1_5, &["child", "longest child"]);
    builder.key("Parent").written(time).class("class").binary("value", &[0; 100]).binary("v", &[]);
    builder.key(r"Parent\child").class("child class");
    let hive = builder.build();
    let (parent, child) = (hive.layout.key("Parent"), hive.layout.key(r"parent\CHILD"));
    let nk = parent.nk;
    assert_eq!(&hive.cell(nk)[4..12], time.to_le_bytes());
    assert_eq!(hive.u32(nk, 16), hive.layout.key("").nk);
    assert_eq!(hive.u32(child.nk, 16), nk);
    assert_eq!((hive.u32(nk, 20), hive.u32(nk, 36)), (2, 2));
    assert_eq!([52, 56, 60, 64].map(|field| hive.u32(nk, field)), [26, 22, 10, 100]);
    assert_eq!((hive.u16(nk, 72), hive.u16(nk, 74)), (6, 10));
    assert_eq!(hive.u32(nk, 48), parent.class.unwrap());
    assert_eq!(hive.u16(hive.layout.key("").nk, 2), 0x2C);
}

#[test]
fn security_is_inherited_shared_counted_and_ringed() {
    let mut builder = with_children(Version::V1_5, &["a", "b"]);
    let special =
        SecurityDescriptor::new().owner(Sid::SYSTEM).group(Sid::SYSTEM).allow(0, KEY_READ, Sid::USERS);
    builder.key(r"Parent\a").security(&special).key("inherits");
    builder.key(r"Parent\c").security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1000"));
    let hive = builder.build();
    let of = |path: &str| hive.layout.key(path).security;
    assert_eq!(of(r"Parent\a"), of(r"Parent\a\inherits"));
    assert_eq!(of("Parent"), of(""));
    let ring = &hive.layout.securities;
    assert_eq!(ring.len(), 3);
    for (index, &sk) in ring.iter().enumerate() {
        assert_eq!(hive.u32(sk, 4), ring[(index + 1) % 3]);
        assert_eq!(hive.u32(sk, 8), ring[(index + 2) % 3]);
        let users = hive.layout.keys().filter(|place| place.security == sk).count();
        assert_eq!(hive.u32(sk, 12) as usize, users);
    }
    let sk = of(r"Parent\a");
    assert_eq!(&hive.cell(sk)[20..20 + hive.u32(sk, 16) as usize], special.bytes());
}

#[test]
fn damage_hits_only_what_it_names() {
    let hive = with_children(Version::V1_5, &["a", "b"]).build();
    let (parent, leaf) = (hive.layout.key("Parent").nk, hive.layout.key("Parent").leaves[0]);
    let changed = |damage: &dyn Fn(&mut SynthHive)| {
        let mut other = hive.clone();
        damage(&mut other);
        let differ = |(index, (one, two)): (usize, (&u8, &u8))| (one != two).then_some(index);
        let places: Vec<usize> = hive.bytes.iter().zip(&other.bytes).enumerate().filter_map(differ).collect();
        (other, places)
    };

    let (other, places) = changed(&|hive| hive.claim_list_entries("Parent", 9));
    assert_eq!(other.u16(leaf, 2), 9);
    assert_eq!(places, [SynthHive::file_offset(leaf) + 2]);
    let (other, _) = changed(&|hive| hive.point_subkey("Parent", 1, NOWHERE));
    assert_eq!(listed(&other, "Parent"), [hive.layout.key(r"Parent\a").nk, NOWHERE]);
    let (other, _) = changed(&|hive| hive.point_subkey_at_itself("Parent"));
    assert_eq!(listed(&other, "Parent")[0], parent);
    let (other, _) = changed(&|hive| hive.swap_subkeys("Parent", 0, 1));
    assert_eq!(listed(&other, "Parent"), [hive.layout.key(r"Parent\b").nk, hive.layout.key(r"Parent\a").nk]);
    let (other, _) = changed(&|hive| hive.set_cell_size(parent, 0));
    assert_eq!(other.bytes[BASE_BLOCK_SIZE + parent as usize..][..4], [0; 4]);
    let (_, places) = changed(&SynthHive::break_checksum);
    assert_eq!(places, [508]);
    let (other, _) = changed(&SynthHive::destroy_header);
    assert!(other.bytes[..BASE_BLOCK_SIZE].iter().all(|&byte| byte == 0));
}

#[test]
fn values_can_be_pointed_astray() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("K").binary("one", &[1; 10]).binary("two", &[2; 10]);
    let mut hive = builder.build();
    let place = hive.layout.key("K").clone();
    hive.claim_values("K", 5);
    hive.point_value("K", 1, NOWHERE);
    hive.point_value_data("K", "one", 0x7FFF_FFF8);
    hive.claim_data_size("K", "one", 0x0FFF_FFFF);
    assert_eq!(hive.u32(place.nk, 36), 5);
    assert_eq!(hive.u32(place.value_list.unwrap(), 4), NOWHERE);
    assert_eq!(hive.u32(place.values[0].vk, 8), 0x7FFF_FFF8);
    assert_eq!(hive.u32(place.values[0].vk, 4), 0x0FFF_FFFF);
}

#[test]
fn deleted_keys_leave_their_bytes_in_free_cells() {
    let mut builder = with_children(Version::V1_3, &["a", "b", "c"]);
    builder.leaf_size(1);
    builder.key(r"Parent\b").binary("value", &[5; 50]).key("below").written(1);
    let mut hive = builder.build();
    let doomed = hive.layout.key(r"Parent\b").clone();
    hive.delete_key(r"Parent\b");

    let parent = hive.layout.key("Parent");
    assert_eq!(hive.u32(parent.nk, 20), 2);
    assert_eq!(hive.u16(parent.subkey_list.unwrap(), 2), 2);
    let free: Vec<u32> =
        cells(&hive.bytes).into_iter().filter(|&(_, size)| size > 0).map(|(cell, _)| cell).collect();
    for cell in [doomed.nk, doomed.values[0].vk, doomed.values[0].data.unwrap()] {
        assert!(free.contains(&cell));
    }
    assert!(free.contains(&hive.layout.key(r"Parent\b\below").nk));
    assert_eq!(&hive.cell(doomed.nk)[..2], b"nk");

    hive.coalesce_free_cells();
    let after = cells(&hive.bytes);
    assert!(after.windows(2).all(|pair| pair[0].1 < 0 || pair[1].1 < 0 || pair[1].0 % 4096 == 32));
    assert_eq!(hive.u32(hive.layout.key("").security, 12), 4);

    hive.delete_key("Parent");
    assert_eq!(hive.u32(hive.layout.key("").nk, 28), NOWHERE);
}

#[test]
fn deleted_values_leave_the_list() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("K").binary("one", &[1; 10]).binary("two", &[2; 10]);
    let mut hive = builder.build();
    let place = hive.layout.key("K").clone();
    hive.delete_value("K", "one");
    assert_eq!(hive.u32(place.nk, 36), 1);
    assert_eq!(hive.u32(place.value_list.unwrap(), 0), place.values[1].vk);
    hive.delete_value("K", "two");
    assert_eq!(hive.u32(place.nk, 40), NOWHERE);
}

#[test]
fn a_dag_bomb_names_one_child_many_times() {
    let hive = dag_bomb(Version::V1_5, 8, 12);
    assert_eq!(hive.layout.keys().count(), 13);
    let root = listed(&hive, "");
    assert_eq!(root, [hive.layout.key("level00").nk; 8]);
    assert!(hive.bytes.len() < 16 * 1024);
}

#[test]
fn oddities_that_windows_never_writes_can_be_described() {
    let mut builder = with_children(Version::V1_5, &["b", "a"]);
    builder.key("Parent").keep_order().duplicate_key("b");
    builder.key("Values").binary("same", &[1]).duplicate_value("SAME", REG_BINARY, &[2]).tombstone("gone");
    let hive = builder.build();
    let children = listed(&hive, "Parent");
    assert_eq!(children.len(), 3);
    assert_eq!(children[0], hive.layout.key(r"Parent\b").nk);
    let values = &hive.layout.key("Values").values;
    assert_eq!(values.len(), 3);
    assert_eq!((hive.u32(values[2].vk, 8), hive.u16(values[2].vk, 16)), (NOWHERE, 3));
}
