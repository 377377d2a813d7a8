//! What holds of every hive, every history of one and every way to divide a fleet, tried on random ones.
//!
//! The cases are the same in each run. `MAPIHIVE_PROPERTY_SEED=<number>` tries others, `PROPTEST_CASES=<number>` more; a case
//! that fails is made as small as it can be before it is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hive_synth::story::{LivingHive, LogFormat};
use hive_synth::{HiveBuilder, ListKind, REG_BINARY, SEGMENT_SIZE, Version, filetime, upcase};
use mapihive::case::{PartWriter, common_settings, join, open_parts};
use mapihive::hive::{HiveSource, HiveState, Image, LogFile, Problems, Way};
use mapihive::scan::{Stop, path_text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use sha2::{Digest as _, Sha256};

use crate::formats::{components, type_name, unescape};
use crate::program::{Run, manifest_dir, mapihive};
use crate::support::{examine, hex};

/// Tries a promise on random cases.
fn for_every<S: Strategy>(cases: u32, strategy: &S, promise: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let seed = std::env::var("MAPIHIVE_PROPERTY_SEED").ok().and_then(|seed| seed.parse().ok());
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        rng_seed: RngSeed::Fixed(seed.unwrap_or(1)),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config).run(strategy, promise).unwrap_or_else(|failed| panic!("{failed}"));
}

/// A name in UTF-16 units.
type Name = Vec<u16>;

/// A key of a random hive: below which of the earlier keys, its name, its time, and its values.
#[derive(Clone, Debug)]
struct Described {
    below: prop::sample::Index,
    name: Name,
    second: u64,
    values: Vec<(Name, u32, Vec<u8>)>,
}

/// Names from plain to such as no tool lets anyone type: lone surrogates, controls, backslashes.
fn name() -> impl Strategy<Value = Name> {
    let plain = "[A-Za-z0-9 ._-]{1,12}".prop_map(|text| text.encode_utf16().collect());
    let odd =
        prop::sample::select(vec![0_u16, 9, 0x5c, 0x75, 0x7b, 0x7d, 0xe9, 0x17e, 0xd800, 0xdc00, 0x4e2d]);
    prop_oneof![3 => plain, 1 => vec(prop_oneof![odd, any::<u16>()], 1..8)]
}

/// Data of a value: mostly short, at times as long as what is stored in several cells.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let long = (SEGMENT_SIZE - 2..2 * SEGMENT_SIZE + 3, any::<u8>())
        .prop_map(|(length, first)| (first..=255).chain(0..=250).cycle().take(length).collect());
    prop_oneof![24 => vec(any::<u8>(), 0..40), 1 => long]
}

fn described() -> impl Strategy<Value = Described> {
    let value = (name(), prop_oneof![0_u32..12, any::<u32>()], data());
    (any::<prop::sample::Index>(), name(), 0_u64..100_000, vec(value, 0..5))
        .prop_map(|(below, name, second, values)| Described { below, name, second, values })
}

/// The letter case that the registry compares in.
fn folded(name: &[u16]) -> Name {
    name.iter().map(|unit| upcase(*unit)).collect()
}

/// What a table shows of a key or a value: path, name of the value, type, length and hash of the data, time of the key.
type Told = (Vec<Name>, Option<(Name, String, String, String)>, String);

#[test]
fn what_is_written_into_a_hive_is_what_dump_shows() {
    let versions = [Version::V1_2, Version::V1_3, Version::V1_4, Version::V1_5, Version::V1_6];
    let hive = (
        prop::sample::select(versions.to_vec()),
        prop::sample::select(vec![ListKind::Index, ListKind::Fast, ListKind::Hash]),
        1_usize..6,
        any::<bool>(),
        vec(described(), 0..24),
    );
    for_every(96, &hive, |(version, list, leaf_size, wide, keys)| {
        let mut builder = HiveBuilder::new(version);
        builder.list_kind(list).wide_names(wide).leaf_size(leaf_size);
        let mut expected = BTreeSet::<Told>::new();
        let mut made = vec![(builder.root().id(), Vec::<Name>::new())];
        let mut taken = BTreeSet::new();
        let start = filetime(1999, 4, 30, 8, 0, 0, 0);
        builder.root().written(start);
        expected.insert((Vec::new(), None, mapihive::wintypes::Filetime(start).to_string()));
        for key in keys {
            let (parent, above) = made[key.below.index(made.len())].clone();
            let path = [above.as_slice(), std::slice::from_ref(&key.name)].concat();
            if !taken.insert(path.iter().map(|name| folded(name)).collect::<Vec<_>>()) {
                continue;
            }
            let time = start + key.second * hive_synth::SECOND;
            let id = builder.by_id(parent).raw_key(&key.name).id();
            builder.by_id(id).written(time);
            expected.insert((path.clone(), None, mapihive::wintypes::Filetime(time).to_string()));
            let mut names = BTreeSet::new();
            for (name, kind, data) in key.values {
                if names.insert(folded(&name)) {
                    builder.by_id(id).raw_value(&name, kind, &data);
                    let hash = hex(&Sha256::digest(&data));
                    let value = (name, type_name(kind), data.len().to_string(), hash);
                    expected.insert((path.clone(), Some(value), String::new()));
                }
            }
            made.push((id, path));
        }

        let read = examine(&builder.build().bytes, "NTUSER.DAT");
        let mut found = BTreeSet::<Told>::new();
        for row in &read.dump {
            let value = (row["kind"] == "value").then(|| {
                let cell = |name: &str| row[name].clone();
                (unescape(&row["value_name"]), cell("value_type"), cell("data_size"), cell("data_sha256"))
            });
            let told = (components(&row["key_path"]), value, row["last_written"].clone());
            prop_assert!(found.insert(told), "a row stands there twice: {row:?}");
        }
        let missing: Vec<_> = expected.difference(&found).take(3).collect();
        let unexpected: Vec<_> = found.difference(&expected).take(3).collect();
        prop_assert!(
            missing.is_empty() && unexpected.is_empty(),
            "not shown {missing:?}, shown {unexpected:?}"
        );
        prop_assert!(read.problems().is_empty(), "{:?}", read.problems());
        Ok(())
    });
}

/// What happens to a living hive.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Create(u8),
    Set(u8, u8),
    DeleteValue(u8),
    Delete(u8),
    Flush,
    Reconcile,
    SwitchLog,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => any::<u8>().prop_map(Happens::Create),
        6 => any::<(u8, u8)>().prop_map(|(key, data)| Happens::Set(key, data)),
        2 => any::<u8>().prop_map(Happens::DeleteValue),
        2 => any::<u8>().prop_map(Happens::Delete),
        4 => Just(Happens::Flush),
        1 => Just(Happens::Reconcile),
        1 => Just(Happens::SwitchLog),
    ]
}

/// The key with this number: eight below the root, each with up to three below it.
fn path(number: u8) -> String {
    let (key, below) = (number % 8, number / 8 % 4);
    if below == 0 { format!("K{key}") } else { format!(r"K{key}\B{below}") }
}

/// Lets everything happen to a hive, and copies its files after the last flush.
fn lived(format: LogFormat, history: &[Happens]) -> LivingHive {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key("Kept").binary("padding", &[7; 5_000]);
    let mut hive = LivingHive::new(&builder, format);
    let mut time = filetime(2010, 1, 1, 0, 0, 0, 0);
    let mut switched = false;
    for event in history {
        time += hive_synth::SECOND;
        match *event {
            Happens::Create(number) if !hive.has_key(&path(number)) => hive.create_key(&path(number), time),
            Happens::Set(number, data) if hive.has_key(&path(number)) => {
                let data = vec![data; usize::from(data) * 3];
                hive.set_value(&path(number), "value", REG_BINARY, &data, time);
            }
            Happens::DeleteValue(number)
                if hive.has_key(&path(number)) && hive.value(&path(number), "value").is_some() =>
            {
                hive.delete_value(&path(number), "value", time);
            }
            Happens::Delete(number) if hive.has_key(&path(number)) => hive.delete_tree(&path(number), time),
            Happens::Flush if hive.is_changed() => hive.flush(time),
            Happens::Reconcile if !hive.is_changed() && hive.copy().is_dirty() => {
                hive.reconcile();
                switched = false;
            }
            Happens::SwitchLog if !format.is_old() && !switched => {
                hive.switch_log();
                switched = true;
            }
            _ => {}
        }
    }
    if hive.is_changed() {
        hive.flush(time + hive_synth::SECOND);
    }
    hive
}

fn open(hive: &[u8], logs: &[(&'static str, Vec<u8>)]) -> (Image, Problems) {
    mapihive::hive::silence_contained_panics();
    let source = |bytes: &[u8]| HiveSource::in_memory(Arc::new(bytes.to_vec()), None);
    let log = |(suffix, bytes): &(&str, Vec<u8>)| {
        LogFile::read(&format!("NTUSER.DAT.{suffix}"), &source(bytes), Way::Read)
    };
    let mut problems = Problems::default();
    let image = Image::open(&source(hive), logs.iter().map(log).collect(), Way::Read, &mut problems);
    (image.expect("a hive"), problems)
}

#[test]
fn logs_that_are_applied_twice_do_what_they_do_once() {
    let history = (prop::sample::select(LogFormat::ALL.to_vec()), vec(happens(), 1..60));
    let mut replayed = 0;
    let seen = std::cell::Cell::new(0);
    for_every(96, &history, |(format, history)| {
        let hive = lived(format, &history);
        let copy = hive.copy();
        let (once, problems) = open(&copy.primary, &copy.logs);
        prop_assert!(problems.is_empty(), "{problems:?}");
        prop_assert!(once.bytes()[4096..] == hive.durable()[4096..], "replay gives what was flushed");

        // A hive that was replayed is clean: its logs are left alone.
        let (after, _) = open(once.bytes(), &copy.logs);
        prop_assert_eq!(after.state(), HiveState::Clean);
        prop_assert!(after.bytes() == once.bytes());

        // Made dirty again as it was, it becomes the same again.
        let mut again = once.bytes().to_vec();
        again[..4096].copy_from_slice(&copy.primary[..4096]);
        let (twice, problems) = open(&again, &copy.logs);
        prop_assert!(problems.is_empty(), "{problems:?}");
        prop_assert!(twice.bytes() == once.bytes());
        if once.state() == HiveState::DirtyReplayed {
            seen.set(seen.get() + 1);
        }
        Ok(())
    });
    replayed += seen.get();
    assert!(replayed > 20, "only {replayed} of the hives were dirty");
}

/// The hosts of the samples that are divided among parts.
const HOSTS: [&str; 6] = ["AUDIT06", "CASE09", "CLEAN01", "EXCH55A", "RUN55C", "WKS014"];

/// Joins parts into a new one, as `merge` does before it closes the case.
fn joined(parts: &[PathBuf], into: &Path) {
    let parts = open_parts(parts).expect("whole parts");
    let mut part = PartWriter::begin(into, &common_settings(&parts)).expect("a new part");
    let joined = join(&parts, &mut part, &Stop::default()).expect("parts that can be joined");
    let joined = joined.expect("nobody stopped it");
    part.finish(None, joined.record.any_hive, joined.record.other_files).expect("a writable folder");
}

/// Every file of the case that parts come to, but those that hold times and arguments.
fn merged(parts: &[PathBuf], case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut arguments = vec!["merge".into(), "--quiet".into(), "--case".into(), case.as_os_str().to_owned()];
    arguments.extend(parts.iter().map(|part| part.as_os_str().to_owned()));
    let Run { code, stderr, .. } = mapihive(arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let files = std::fs::read_dir(case).expect("a case").map(|entry| entry.expect("a file"));
    let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().expect("a name");
    files
        .filter(|entry| !["manifest.json", "SHA256SUMS", "report.html"].contains(&name(entry).as_str()))
        .filter(|entry| entry.path().is_file())
        .map(|entry| (name(&entry), std::fs::read(entry.path()).expect("a file")))
        .collect()
}

#[test]
fn parts_come_to_the_same_case_however_they_are_joined() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let part = |name: &str| folder.path().join(name);
    for host in HOSTS {
        let run = mapihive([
            "scan".as_ref(),
            "--quiet".as_ref(),
            "--part".as_ref(),
            part(host).as_os_str(),
            Path::new("sample-hives").join(host).as_os_str(),
        ]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    assert!(manifest_dir().join("sample-hives").is_dir());
    let whole = merged(&HOSTS.map(part), &part("whole"));
    assert!(whole.len() > 10 && whole["findings.csv"].len() > 1_000, "{:?}", whole.keys());

    // Any two of the parts that are left become one, until one or two are left.
    let ways = (Just(HOSTS.to_vec()).prop_shuffle(), vec(any::<prop::sample::Index>(), 3..=5));
    let count = std::cell::Cell::new(0);
    for_every(5, &ways, |(order, choices)| {
        let mut parts: Vec<PathBuf> = order.iter().map(|host| part(host)).collect();
        for choice in choices {
            let second = parts.remove(1 + choice.index(parts.len() - 1));
            let first = parts.remove(choice.index(parts.len()));
            count.set(count.get() + 1);
            let both = part(&format!("joined {}", count.get()));
            joined(&[first, second], &both);
            parts.push(both);
        }
        let case = merged(&parts, &part(&format!("case {}", count.get())));
        for (name, bytes) in &whole {
            prop_assert!(case.get(name) == Some(bytes), "{} differs", name);
        }
        prop_assert_eq!(case.len(), whole.len());
        Ok(())
    });
}

#[test]
fn the_order_of_parts_changes_no_count_of_other_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let others = ["a/HA/one.txt", "a/HA/two.txt", "b/HB/one.txt", "b/HB/two.txt", "b/HB/three.txt"];
    crate::program::plant(folder.path(), &others.map(|path| (path, &b"x"[..])));
    let hive = HiveBuilder::new(Version::V1_5).build().bytes;
    let hives = ["a/HA/Users/x/NTUSER.DAT", "b/HB/Users/y/NTUSER.DAT"];
    crate::program::plant(folder.path(), &hives.map(|path| (path, hive.as_slice())));
    let run = |arguments: &[&str]| {
        let run = crate::program::mapihive_in(folder.path(), arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stderr
    };
    run(&["scan", "-q", "--part", "shard", "--shard", "1/1", "a"]);
    run(&["scan", "-q", "--part", "plain", "b"]);
    for (case, first, second) in [("one", "shard", "plain"), ("other", "plain", "shard")] {
        let summary = run(&["merge", "--case", case, first, second]);
        assert!(summary.contains("5 other files"), "{summary}");
    }
}

#[test]
fn the_text_of_a_path_leads_back_to_its_bytes() {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

    /// The way back that the documentation promises: escapes to what they stand for, lone surrogates to their bytes.
    fn bytes(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for unit in char::decode_utf16(unescape(text)) {
            match unit {
                Ok(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(lone) => bytes.push(lone.unpaired_surrogate().to_le_bytes()[0]),
            }
        }
        bytes
    }

    let byte = prop_oneof![any::<u8>(), prop::sample::select(br"\u{}!\u{21}.a".to_vec())];
    let component = vec(byte.prop_filter("a name", |byte| !b"\0/".contains(byte)), 1..12);
    let component = component.prop_filter("no dots", |name| !name.iter().all(|byte| *byte == b'.'));
    for_every(2_000, &vec(component, 1..4), |components| {
        let path = components.join(&b'/');
        let text = path_text(Path::new(&OsString::from_vec(path.clone())));
        prop_assert!(!text.contains('!') && !text.chars().any(char::is_control), "{text}");
        prop_assert_eq!(bytes(&text), path, "{}", text);
        Ok(())
    });
    let plain = Path::new("evidence/HOST/NTUSER.DAT");
    assert_eq!(bytes(&path_text(plain)), plain.as_os_str().as_bytes());
}
