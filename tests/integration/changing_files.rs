//! A file that changes, shrinks or is too large while it is read is told, kills nothing and makes no facts of zeros.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hive_synth::{HiveBuilder, SynthHive, Version};
use mapihive::hive::{Care, Links, Problems, Reached, Way, silence_contained_panics, survive_failing_pages};
use mapihive::mapi::families::Families;
use mapihive::scan::{Candidate, Coverage, OpenHive, Reading, read_hive};
use mapihive::wintypes::AnsiCodePage;

use crate::program::{mapihive, plant, rows_of_file};

/// A hive of many pages, which is mapped and not copied.
fn large(pages: u8) -> SynthHive {
    let mut builder = HiveBuilder::new(Version::V1_5);
    for number in 0..pages {
        builder.key(&format!(r"Parent\key{number:03}")).binary("data", &[number; 4_000]);
    }
    builder.build()
}

fn candidate(path: &Path) -> Candidate {
    Candidate {
        opened_at: Some(path.into()),
        host: None,
        hive_path: "NTUSER.DAT".into(),
        links: Links::Follow,
        logs: Arc::default(),
        looks_like_a_hive: true,
        inside: None,
        listed: None,
    }
}

/// The paths of all keys whose data could be read.
fn keys(hive: &OpenHive<'_>, problems: &mut Problems) -> Vec<String> {
    let mut keys = Vec::new();
    let Ok(root) = hive.tree.root() else { return keys };
    hive.tree.walk(root, "", &mut Reached::default(), problems, |step, problems| {
        let values = step.key.values(step.path, problems);
        if values.items.iter().all(|value| value.data().is_ok_and(|data| data.complete)) {
            keys.push(step.path.to_string());
        }
    });
    keys
}

/// Reads a hive to which something happens between two walks; what the last reading saw, and how often it was read.
fn read_while(path: &Path, way: Way, mut happens: impl FnMut()) -> (Coverage, Option<Vec<String>>, u32) {
    silence_contained_panics();
    let mut times = 0;
    let (coverage, found) = read_hive(
        &candidate(path),
        Reading {
            care: Care::Once,
            way,
            logs: true,
            recovery: None,
            families: Families::built_in(),
            hash: false,
            fleet: false,
            ansi: AnsiCodePage::UNKNOWN,
        },
        |hive, problems| {
            times += 1;
            keys(hive, problems);
            happens();
            (None, keys(hive, problems))
        },
    );
    (coverage, found, times)
}

#[test]
fn a_file_that_changes_while_it_is_read_is_partial() {
    for way in [Way::Map, Way::ReadUnlessLong, Way::Read] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NTUSER.DAT");
        std::fs::write(&path, large(40).bytes).unwrap();
        let (coverage, found, _) = read_while(&path, way, || {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"more").unwrap();
        });
        assert_eq!((coverage.status.as_str(), coverage.reason.as_str()), ("partial", "changed while read"));
        assert!(coverage.is_failure());
        assert_eq!(found.map(|keys| keys.len()), Some(42));
    }
}

#[test]
fn a_file_that_shrinks_under_its_mapping_is_read_again_and_its_zeros_are_no_facts() {
    survive_failing_pages();
    let whole = large(60);
    for length in [0, 4_096, 8_192, 100_000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NTUSER.DAT");
        std::fs::write(&path, &whole.bytes).unwrap();
        let (coverage, found, _) = read_while(&path, Way::Map, || {
            File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        });
        assert!(["partial", "failed"].contains(&coverage.status.as_str()), "{length}: {}", coverage.reason);
        assert!(!coverage.reason.is_empty());
        let left = |cell: u32| u64::from(cell) + 4_096 + 80 <= length;
        for path in found.into_iter().flatten() {
            assert!(left(whole.layout.key(&path).nk), "{length}: {path} is not in what is left");
        }
    }
}

#[test]
fn the_program_survives_a_file_that_shrinks() {
    // Whether the file shrinks before, while or after it is read is up to the machine; nothing may die of it.
    let whole = large(250).bytes;
    // Mapped where only live keys are read, otherwise read into memory.
    for (round, live_only) in (0..10).flat_map(|round| [(round, true), (round, false)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NTUSER.DAT");
        std::fs::write(&path, &whole).unwrap();
        let shrinking = path.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2 * round));
            File::options().write(true).open(&shrinking).unwrap().set_len(6_000).unwrap();
        });
        let live_only = live_only.then_some(Path::new("--live-only"));
        let run = mapihive([Path::new("profiles"), &path].into_iter().chain(live_only));
        thread.join().unwrap();
        assert!(matches!(run.code, Some(0 | 3)), "{:?} {}", run.code, run.stderr);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

#[test]
fn a_file_larger_than_any_hive_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    plant(folder.path(), &[("NTUSER.DAT", &large(2).bytes)]);
    File::options().write(true).open(&path).unwrap().set_len(5 << 30).unwrap();
    let coverage = tempfile::tempdir().unwrap();
    let table = coverage.path().join("hives.csv");
    let start = Instant::now();
    let run = mapihive([Path::new("scan"), &path, Path::new("--coverage"), &table]);
    assert_eq!(run.code, Some(3));
    assert!(start.elapsed() < Duration::from_secs(5));
    let row = &rows_of_file(&table)[0];
    assert_eq!(row["status"], "failed");
    assert!(row["reason"].contains("more than the"), "{}", row["reason"]);
    assert_eq!(mapihive([Path::new("dump"), &path]).code, Some(3));
}

#[test]
fn a_large_hive_with_a_destroyed_header_is_rebuilt_in_private_memory() {
    let mut builder = HiveBuilder::new(Version::V1_3);
    builder.key(r"Software\Microsoft").dword("v", 1);
    builder.key("Big").binary("data", &vec![7; 17 << 20]);
    let mut hive = builder.build();
    hive.destroy_header();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let mut file = File::create(&path).unwrap();
    file.write_all(&hive.bytes).unwrap();
    let run = mapihive([Path::new("dump"), &path]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("the base block is destroyed"), "{}", run.stderr);
    let names: Vec<String> = run.rows().into_iter().map(|row| row["key_path"].clone()).collect();
    assert_eq!(names, ["", "Big", "Big", "Software", r"Software\Microsoft", r"Software\Microsoft"]);
    assert_eq!(mapihive([Path::new("scan"), &path]).code, Some(3));
    file.seek(SeekFrom::Start(0)).unwrap();
    assert!(std::fs::read(&path).unwrap() == hive.bytes);
}
