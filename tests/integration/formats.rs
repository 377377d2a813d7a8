//! What was written into an intact hive comes back whole, in every format there is.
//!
//! `hive-synth` writes; the expectation is the description that it was given, in UTF-16 units, bytes and dates, so that
//! nothing of the reader helps to judge the reader.

use std::collections::BTreeMap;

use hive_synth::samples::Kind;
use hive_synth::{HiveBuilder, KeyId, ListKind, SEGMENT_SIZE, Version, filetime};
use mapihive::hive::{Care, HiveState, Reached};
use sha2::{Digest as _, Sha256};

use crate::program::mapihive;
use crate::support::{Examined, examine, hex, with_tree};

const VERSIONS: [Version; 4] = [Version::V1_2, Version::V1_3, Version::V1_5, Version::V1_6];
const LISTS: [ListKind; 3] = [ListKind::Index, ListKind::Fast, ListKind::Hash];

/// A name in UTF-16 units.
pub type Name = Vec<u16>;

/// A key as it was described to the writer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Described {
    ticks: u64,
    time: String,
    values: Vec<(Name, u32, Vec<u8>)>,
}

/// Keys by their paths.
type Description = BTreeMap<Vec<Name>, Described>;

/// The names that a hive may hold, from plain to what no Windows tool lets anyone type.
fn names() -> Vec<Name> {
    let text = |text: &str| text.encode_utf16().collect::<Name>();
    let long = "n".repeat(255);
    let mut names: Vec<Name> = [
        "Software",
        "a b",
        "caf\u{e9}",
        "\u{ff}\u{80}\u{9f}",
        "\u{17e}lu\u{165}",
        "\u{1f4e7}",
        "\u{4e2d}\u{6587}",
        "u{41}",
        "{41}u",
        "u",
        "a\\b",
        "\\",
        "a\\u{0}b",
        "\\\\u{5c}",
        "tab\there",
        "line\r\nfeed",
        "\u{7f}",
        "\u{202e}rtl",
        "'",
        "\"quoted\", comma",
        "=1+1",
        " padded ",
        &long,
    ]
    .into_iter()
    .map(text)
    .collect();
    names.push(vec![0xd800]);
    names.push(vec![0x41, 0xdc00, 0x42]);
    names.push(vec![0xdbff, 0xd800]);
    names.push(vec![0x41, 0, 0x42]);
    names.push(vec![0xd83d, 0xde00, 0x5c, 0xde00]);
    names
}

/// Data of every length and type that is stored in another way.
fn data() -> Vec<(u32, Vec<u8>)> {
    let pattern = |length: usize| (0..=250_u8).cycle().skip(length % 7).take(length).collect::<Vec<u8>>();
    let lengths = [0, 1, 3, 4, 5, 8, 9, 4_060, SEGMENT_SIZE - 1, SEGMENT_SIZE];
    let mut data: Vec<(u32, Vec<u8>)> = lengths.into_iter().map(|length| (3, pattern(length))).collect();
    let long = [SEGMENT_SIZE + 1, SEGMENT_SIZE + 4, 2 * SEGMENT_SIZE, 2 * SEGMENT_SIZE + 1, 70_000];
    data.extend(long.into_iter().map(|length| (3, pattern(length))));
    data.extend((0..=11).map(|kind| (kind, pattern(12))));
    data.extend([12, 0x7fff_ffff, 0xffff_000d, u32::MAX].map(|kind| (kind, pattern(6))));
    data
}

/// The `n`th of a row of different times, as ticks and as text.
fn time(n: u32) -> (u64, String) {
    let (minute, second, milli) = (n / 60 % 60, n % 60, n * 7 % 1_000);
    let ticks = filetime(1999, 4, 30, 8, u64::from(minute), u64::from(second), u64::from(milli));
    (ticks, format!("1999-04-30T08:{minute:02}:{second:02}.{milli:03}0000Z"))
}

/// A hive of keys whose names, values and depths are the cases, and its description.
fn hive(version: Version, list: ListKind, leaf_size: Option<usize>, wide: bool) -> (Vec<u8>, Description) {
    let mut builder = HiveBuilder::new(version);
    builder.list_kind(list).wide_names(wide);
    if let Some(size) = leaf_size {
        builder.leaf_size(size);
    }
    let mut description = Description::new();
    let root = builder.root().id();
    let mut count = 0;
    let mut describe = |builder: &mut HiveBuilder, id: KeyId, path: &[Name]| {
        count += 1;
        let (ticks, text) = time(count);
        builder.by_id(id).written(ticks);
        description.insert(path.to_vec(), Described { ticks, time: text, values: Vec::new() });
    };
    describe(&mut builder, root, &[]);
    for name in names() {
        let id = builder.root().raw_key(&name).id();
        describe(&mut builder, id, std::slice::from_ref(&name));
        let below = builder.by_id(id).raw_key(&name).id();
        describe(&mut builder, below, &[name.clone(), name]);
    }
    let mut path = Vec::new();
    let mut id = root;
    for level in 0..40 {
        path.push(format!("level {level}").encode_utf16().collect::<Name>());
        id = builder.by_id(id).raw_key(path.last().unwrap()).id();
        describe(&mut builder, id, &path);
    }
    let values = builder.key("Values").id();
    let values_path = vec!["Values".encode_utf16().collect::<Name>()];
    describe(&mut builder, values, &values_path);

    let mut add = |path: &[Name], id: KeyId, name: Name, kind: u32, data: Vec<u8>| {
        builder.by_id(id).raw_value(&name, kind, &data);
        description.get_mut(path).unwrap().values.push((name, kind, data));
    };
    add(&[], root, Vec::new(), 1, b"d\0e\0f\0\0\0".to_vec());
    add(&values_path, values, Vec::new(), 3, vec![1, 2, 3]);
    for (n, (kind, data)) in data().into_iter().enumerate() {
        add(&values_path, values, format!("value {n}").encode_utf16().collect(), kind, data);
    }
    for name in names() {
        add(&path, id, name, 1, vec![0x41, 0, 0, 0]);
    }
    (builder.build().bytes, description)
}

/// Reads the escape back: the one promise of the documentation that a reader of the tables relies on.
pub fn unescape(text: &str) -> Name {
    if !text.contains("\\u{") {
        return text.encode_utf16().collect();
    }
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix("\\\\") {
            units.push(u16::from(b'\\'));
            rest = tail;
        } else if let Some((code, tail)) = rest.strip_prefix("\\u{").and_then(|tail| tail.split_once('}')) {
            units.push(u16::from_str_radix(code, 16).expect("a code unit"));
            rest = tail;
        } else {
            units.extend(first.encode_utf16(&mut [0; 2]).iter());
            rest = &rest[first.len_utf8()..];
        }
    }
    units
}

/// Takes a path apart: a backslash that begins no escape separates.
pub fn components(path: &str) -> Vec<Name> {
    let mut components = vec![String::new()];
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        let escape = rest.starts_with("\\u{").then(|| rest.find('}').expect("the end of an escape") + 1);
        match (first, escape) {
            ('\\', None) => components.push(String::new()),
            _ => components.last_mut().unwrap().push_str(&rest[..escape.unwrap_or(first.len_utf8())]),
        }
        rest = &rest[escape.unwrap_or(first.len_utf8())..];
    }
    if path.is_empty() { Vec::new() } else { components.iter().map(|text| unescape(text)).collect() }
}

/// What the library sees on a walk.
fn walked(bytes: &[u8], care: Care) -> Description {
    with_tree(bytes, care, |_, tree, problems| {
        let mut found = Description::new();
        let root = tree.root().unwrap();
        tree.walk(root, "", &mut Reached::default(), problems, |step, problems| {
            assert!(step.subkeys_complete);
            let listed = step.key.values(step.path, problems);
            assert!(listed.complete);
            let values = listed.items.iter().map(|value| {
                let data = tree.data(value).unwrap();
                assert!(data.complete);
                assert_eq!(value.record().data_size() as usize, data.bytes.len());
                (unescape(&value.name().to_text()), value.value_type().0, data.bytes.into_owned())
            });
            let time = step.key.last_written();
            let key = Described { ticks: time.0, time: time.to_string(), values: values.collect() };
            assert_eq!(found.insert(components(step.path), key), None, "{} was met twice", step.path);
        });
        assert!(problems.is_empty(), "{problems:?}");
        found
    })
}

/// The cells that tell about a key or a value in `dump`, offsets and paths of files aside.
type Line = [String; 7];

pub fn type_name(kind: u32) -> String {
    const NAMES: [&str; 12] = [
        "REG_NONE",
        "REG_SZ",
        "REG_EXPAND_SZ",
        "REG_BINARY",
        "REG_DWORD",
        "REG_DWORD_BIG_ENDIAN",
        "REG_LINK",
        "REG_MULTI_SZ",
        "REG_RESOURCE_LIST",
        "REG_FULL_RESOURCE_DESCRIPTOR",
        "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD",
    ];
    let name = usize::try_from(kind).ok().and_then(|kind| NAMES.get(kind));
    name.map_or_else(|| format!("0x{kind:08x}"), ToString::to_string)
}

#[test]
fn every_key_and_value_comes_back_from_every_format_and_every_kind_of_list() {
    for version in VERSIONS {
        for list in LISTS {
            for leaf_size in [None, Some(3), Some(1)] {
                for wide in [false, true] {
                    let (bytes, description) = hive(version, list, leaf_size, wide);
                    for care in [Care::Once, Care::Compare] {
                        let found = walked(&bytes, care);
                        let what = format!("{version:?}, {list:?}, {leaf_size:?}, wide {wide}, {care:?}");
                        assert_eq!(found.len(), description.len(), "{what}");
                        for (path, key) in &description {
                            assert_eq!(found.get(path), Some(key), "{what}, {path:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn dump_writes_every_key_and_value_of_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<String, Vec<(Vec<Name>, Line)>> = BTreeMap::new();
    for version in VERSIONS {
        for list in LISTS {
            for leaf_size in [None, Some(3)] {
                let (bytes, description) = hive(version, list, leaf_size, false);
                let name = format!("{version:?} {list:?} {leaf_size:?}");
                std::fs::write(folder.path().join(&name), bytes).unwrap();
                let path = format!("{}/{name}", folder.path().display());
                expected.insert(path, lines(&description));
            }
        }
    }
    let run = mapihive(std::iter::once("dump").chain(expected.keys().map(String::as_str)));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));

    let mut found: BTreeMap<String, Vec<(Vec<Name>, Line)>> = BTreeMap::new();
    for mut row in run.rows() {
        let path = components(&row["key_path"]);
        let name = String::from_utf16_lossy(&unescape(&row["value_name"]));
        row.insert("value_name".into(), name);
        let cells =
            ["kind", "value_name", "value_type", "data_size", "data_sha256", "last_written", "problem"];
        let line = cells.map(|column| row[column].clone());
        found.entry(row["hive_path"].clone()).or_default().push((path, line));
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (hive, mut lines) in found {
        lines.sort();
        assert!(
            lines == expected[&hive],
            "{hive}: first difference {:?}",
            first_difference(&lines, &expected[&hive])
        );
    }
}

fn lines(description: &Description) -> Vec<(Vec<Name>, Line)> {
    let text = |text: &str| text.to_owned();
    let mut lines = Vec::new();
    for (path, key) in description {
        let line = [text("key"), text(""), text(""), text(""), text(""), key.time.clone(), text("")];
        lines.push((path.clone(), line));
        for (name, kind, data) in &key.values {
            let name = String::from_utf16_lossy(name);
            let hash = hex(&Sha256::digest(data));
            let line =
                [text("value"), name, type_name(*kind), data.len().to_string(), hash, text(""), text("")];
            lines.push((path.clone(), line));
        }
    }
    lines.sort();
    lines
}

fn first_difference<'a, T: PartialEq>(left: &'a [T], right: &'a [T]) -> (Option<&'a T>, Option<&'a T>) {
    let at =
        left.iter().zip(right).position(|(left, right)| left != right).unwrap_or(left.len().min(right.len()));
    (left.get(at), right.get(at))
}

#[test]
fn offsets_are_those_at_which_the_writer_put_the_cells() {
    for version in VERSIONS {
        let mut builder = HiveBuilder::new(version);
        builder.leaf_size(2);
        for name in ["a", "b", "c", "d", "e"] {
            builder.key(&format!(r"Parent\{name}")).binary("value", &[7; 30]).dword("number", 1);
        }
        let hive = builder.build();
        let read = examine(&hive.bytes, "NTUSER.DAT");
        for place in hive.layout.keys() {
            let at = |cell: u32| (hive_synth::BASE_BLOCK_SIZE + cell as usize).to_string();
            assert_eq!(read.key(&place.path)["file_offset"], at(place.nk));
            for value in &place.values {
                assert_eq!(read.value(&place.path, &value.name)["file_offset"], at(value.vk));
            }
        }
    }
}

#[test]
fn big_data_of_1_5_and_long_values_of_1_3_are_read_whole() {
    let data: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for version in [Version::V1_3, Version::V1_4, Version::V1_5, Version::V1_6] {
        let mut builder = HiveBuilder::new(version);
        builder.key("K").binary("long", &data).binary("short", b"abcdef");
        let hive = builder.build();
        let segmented = !hive.layout.value("K", "long").segments.is_empty();
        assert_eq!(segmented, version > Version::V1_3);
        let read = examine(&hive.bytes, "NTUSER.DAT");
        assert_intact(&read);
        assert_eq!(read.value("K", "long")["data_sha256"], hex(&Sha256::digest(&data)));
        assert_eq!(read.value("K", "long")["data_size"], "100000");
    }
}

#[test]
fn a_long_value_of_1_3_that_begins_like_a_db_record_is_still_data() {
    let mut data = b"db\x02\0\x20\0\0\0".to_vec();
    data.resize(20_000, 0x61);
    let mut builder = HiveBuilder::new(Version::V1_3);
    builder.key("K").binary("long", &data);
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    assert_intact(&read);
    assert_eq!(read.value("K", "long")["data_sha256"], hex(&Sha256::digest(&data)));
}

#[test]
fn a_dirty_hive_is_read_whole_and_said_to_be_dirty() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.sequences(7, 6).key(r"A\B").dword("v", 1);
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    assert_eq!(read.keys(), ["", "A", r"A\B"]);
    assert_eq!(read.scan.coverage.state.map(HiveState::as_str), Some("dirty-unreplayed"));
    assert_eq!(read.scan.coverage.status.as_str(), "parsed");
    assert!(read.dump_coverage.problems.is_empty());
}

#[test]
fn tombstones_and_class_names_of_layered_hives_cost_nothing() {
    let mut builder = HiveBuilder::new(Version::V1_6);
    builder.key("K").class("a class").tombstone("gone").dword("here", 1).access_bits(0x0000_0200);
    builder.key(r"K\below");
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    assert_eq!(read.values("K"), ["gone", "here"]);
    assert_eq!(read.value("K", "gone")["data_size"], "0");
    assert_eq!(read.keys(), ["", "K", r"K\below"]);
    assert_eq!(read.scan.coverage.status.as_str(), "parsed", "{:?}", read.scan.coverage.reason);
}

#[test]
fn keys_of_one_name_are_all_shown() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Parent\same").dword("first", 1);
    builder.key("Parent").duplicate_key("same").dword("second", 2);
    builder.key("Parent").binary("v", &[1]).duplicate_value("V", 3, &[2]);
    let read = examine(&builder.build().bytes, "NTUSER.DAT");
    assert_eq!(read.keys(), ["", "Parent", r"Parent\same", r"Parent\same"]);
    assert_eq!(read.values(r"Parent\same"), ["first", "second"]);
    assert_eq!(read.values("Parent"), ["v", "V"]);
}

#[test]
fn intact_hives_give_no_problem_at_all() {
    for host in hive_synth::samples::all() {
        for sample in host.samples.iter().filter(|sample| sample.kind == Kind::Hive && sample.is_intact()) {
            assert_intact(&examine(&(sample.bytes)(), sample.path));
        }
    }
    for version in VERSIONS {
        for list in LISTS {
            for leaf_size in [None, Some(2)] {
                assert_intact(&examine(&hive(version, list, leaf_size, false).0, "NTUSER.DAT"));
            }
        }
    }
}

fn assert_intact(read: &Examined) {
    for coverage in [&read.scan.coverage, &read.dump_coverage] {
        assert!(coverage.problems.is_empty(), "{:?}", coverage.problems.kept());
        assert_eq!((coverage.status.as_str(), coverage.reason.as_str()), ("parsed", ""));
    }
    let problem = |row: &&crate::program::Row| !row["problem"].is_empty() && row["problem"] != "withheld";
    assert_eq!(read.dump.iter().find(problem), None);
    // A link that leads nowhere is a defect of the profile, not of the hive around it.
    let of_hive =
        |row: &&crate::program::Row| problem(row) && !row["problem"].contains("sections that are not there");
    assert_eq!(read.properties.iter().find(of_hive), None);
}
