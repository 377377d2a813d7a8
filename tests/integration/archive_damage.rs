//! A damaged or hostile archive costs what it damages, is told, and stops nothing: bytes whose checksum is wrong are never
//! facts.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hive_synth::{HiveBuilder, Version};
use mapihive::hive::{Care, silence_contained_panics};
use mapihive::scan::{Coverage, discover, read_hive};

use crate::packing::{Entry, File, gzip, tar, tar_entry, tar_of, xz, zip, zip_of, zstd};
use crate::program::{mapihive_in, plant, rows, scan_in};
use crate::support::reading;

fn hive() -> Vec<u8> {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Software\Microsoft").dword("v", 1);
    builder.build().bytes
}

/// Status and reason of every row, by path.
fn told(path: &Path) -> BTreeMap<String, (&'static str, String)> {
    look(path)
        .into_iter()
        .map(|(path, coverage, _)| (path, (coverage.status.as_str(), coverage.reason)))
        .collect()
}

/// What becomes of every file, and what the hives hold.
fn look(path: &Path) -> Vec<(String, Coverage, Option<Vec<u8>>)> {
    silence_contained_panics();
    let found = discover(&[path.to_owned()]);
    let mut rows = Vec::new();
    let inner = |text: &str| text.split_once('!').map_or_else(String::new, |(_, name)| name.to_owned());
    for passed in &found.passed_over {
        rows.push((inner(&passed.hive_path), Coverage::passed_over(passed), None));
    }
    for candidate in &found.candidates {
        let (coverage, bytes) =
            read_hive(candidate, reading(Care::Once), |hive, _| (None, hive.image.bytes().to_vec()));
        candidate.done();
        rows.push((inner(&candidate.hive_path), coverage, bytes));
    }
    rows
}

fn planted(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("archive");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn bytes_whose_checksum_is_wrong_are_no_facts() {
    let folder = tempfile::tempdir().unwrap();
    let whole = hive();
    let lying = |change: fn(&mut Entry)| {
        let mut entry = Entry::new("a/NTUSER.DAT", &hive());
        change(&mut entry);
        zip_of(&[entry, Entry::new("b/NTUSER.DAT", &hive())])
    };
    let length = whole.len();
    for (archive, reason) in [
        (
            lying(|entry| entry.crc = Some(7)),
            "damaged: the CRC-32 in the archive is 0x00000007, the bytes give 0x".to_owned(),
        ),
        (
            lying(|entry| entry.size = Some(100)),
            "damaged: the archive says that it has 100 bytes, and ".to_owned(),
        ),
        (
            lying(|entry| entry.size = Some(3_000_000)),
            format!("damaged: the archive says that it has 3000000 bytes, and {length} were unpacked"),
        ),
        (lying(|entry| entry.packed_size = Some(20)), "truncated".to_owned()),
        (lying(|entry| entry.flags = 1), "encrypted; no passwords are tried".to_owned()),
        (lying(|entry| entry.method = 9), "packed by a method that is not supported (9, ".to_owned()),
        (lying(|entry| entry.method = 12_345), "packed by a method that is not supported (12345)".to_owned()),
        (lying(|entry| entry.size = Some(2 << 30)), "has more than the 1073741824 bytes".to_owned()),
    ] {
        let rows = told(&planted(folder.path(), &archive));
        assert_eq!(rows.len(), 2, "{rows:?}");
        let (status, found) = &rows["a/NTUSER.DAT"];
        assert!(*status == "failed" && found.starts_with(&reason), "{found}");
        assert_eq!(rows["b/NTUSER.DAT"].0, "parsed");
    }
}

#[test]
fn a_wrong_checksum_of_a_compressed_archive_costs_all_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar(&[("a/NTUSER.DAT", &hive()), ("b/NTUSER.DAT", &hive())]);
    let mut gz = gzip(&archive);
    let crc = gz.len() - 8;
    gz[crc] ^= 1;
    let mut xz = xz(&archive);
    // One byte behind the last entry, stored as it is.
    let at = xz.len() - 700;
    xz[at] ^= 1;
    for archive in [gz, xz] {
        let rows = told(&planted(folder.path(), &archive));
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert!(rows[""].1.starts_with("the archive: damaged"), "{rows:?}");
        for path in ["a/NTUSER.DAT", "b/NTUSER.DAT"] {
            assert!(rows[path].0 == "failed" && rows[path].1.contains("not whole: damaged"), "{rows:?}");
        }
    }
}

#[test]
fn of_a_truncated_archive_what_lies_before_its_end_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let archive = tar(&[("a/NTUSER.DAT", &hive()), ("b/NTUSER.DAT", &hive())]);
    let cut = archive.len() - 4_000;
    for archive in
        [archive[..cut].to_vec(), gzip(&archive[..cut]), xz(&archive[..cut]), zstd(&archive[..cut])]
    {
        let rows = told(&planted(folder.path(), &archive));
        assert_eq!(rows["a/NTUSER.DAT"].0, "parsed", "{rows:?}");
        assert_eq!((rows["b/NTUSER.DAT"].0, &rows["b/NTUSER.DAT"].1[..9]), ("failed", "truncated"));
        assert_eq!((rows[""].0, &rows[""].1[..22]), ("failed", "the archive: truncated"));
    }
    // The checksum that would tell whether what lies before the end is as it was is lost with the end.
    for packed in [gzip(&archive), xz(&archive), zstd(&archive)] {
        let rows = told(&planted(folder.path(), &packed[..packed.len() - 20]));
        assert!(rows[""].1.starts_with("the archive: truncated"), "{rows:?}");
        assert!(rows.values().all(|(status, _)| *status == "failed"), "{rows:?}");
    }
    let zipped = zip(&[("a/NTUSER.DAT", &hive()), ("b/NTUSER.DAT", &hive())]);
    let rows = told(&planted(folder.path(), &zipped[..zipped.len() - 30]));
    assert_eq!(rows.len(), 1);
    assert!(rows[""].1.contains("truncated, or one part of a split archive"), "{rows:?}");
}

#[test]
fn split_archives_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = zip(&[("NTUSER.DAT", &hive())]);
    let end = archive.len() - 22;
    // The number of this part, and that of the one in which the directory begins.
    archive[end + 4] = 1;
    archive[end + 6] = 1;
    // It begins with what did not fit into the part before it.
    archive.splice(..4, *b"rest");
    plant(folder.path(), &[("in/a.zip", &archive), ("in/NTUSER.DAT", &hive())]);
    let scan = scan_in(folder.path(), ["in"]);
    let rows = rows(&scan.coverage);
    assert_eq!(rows[1]["reason"], "the archive: one part of a split archive; join its parts first");
    assert_eq!((rows[0]["status"].as_str(), scan.run.code), ("parsed", Some(3)));
}

#[test]
fn encrypted_entries_have_their_rows_up_to_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let encrypted = |name: String| Entry { flags: 1, ..Entry::new(&name, b"?") };
    let mut entries: Vec<Entry> = (0..1_005).map(|number| encrypted(format!("{number}.evtx"))).collect();
    entries.push(encrypted("C/Users/a/NTUSER.DAT".into()));
    entries.push(encrypted("C/Users/a/NTUSER.DAT.LOG1".into()));
    let rows = told(&planted(folder.path(), &zip_of(&entries)));
    assert_eq!(rows.len(), 1_000 + 2 + 1);
    assert_eq!(rows["C/Users/a/NTUSER.DAT"], ("failed", "encrypted; no passwords are tried".into()));
    assert_eq!(rows[""].1, "the archive: 5 further entries could not be looked at");
}

#[test]
fn a_log_that_cannot_be_unpacked_is_told_where_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let mut dirty = HiveBuilder::new(Version::V1_5);
    dirty.sequences(7, 6);
    dirty.key("a");
    let mut log = Entry::new("NTUSER.DAT.LOG1", &[1; 1_000]);
    log.crc = Some(1);
    let archive = zip_of(&[Entry::new("NTUSER.DAT", &dirty.build().bytes), log]);
    plant(folder.path(), &[("a.zip", &archive)]);
    let row = &rows(&scan_in(folder.path(), ["a.zip"]).coverage)[0];
    assert!(row["logs"].contains("the CRC-32 in the archive is 0x00000001"), "{}", row["logs"]);
    assert_eq!((row["status"].as_str(), row["hive_state"].as_str()), ("partial", "dirty-unreplayed"));
}

#[test]
fn archives_further_in_are_told_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let inner = zip(&[("NTUSER.DAT", &hive())]);
    let twice = zip(&[
        ("in.zip", &zip(&[("in.tar.gz", &gzip(&tar(&[("NTUSER.DAT", &hive())]))), ("NTUSER.DAT", &hive())])),
        ("in2.zip", &inner),
    ]);
    let rows = told(&planted(folder.path(), &twice));
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(rows["in.zip!in.tar.gz"].1, "an archive 2 levels deep in others, which is not read");
    assert_eq!((rows["in.zip!NTUSER.DAT"].0, rows["in2.zip!NTUSER.DAT"].0), ("parsed", "parsed"));
}

#[test]
fn bombs_stop_soon() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&hive()).unwrap();
    for _ in 0..200 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    plant(folder.path(), &[("a.gz", &bomb), ("b.zip", &zip(&[("x.gz", &bomb), ("NTUSER.DAT", &hive())]))]);
    let ratio = "unpacks to more than 200 times its size, as a bomb does";
    let rows = rows(&scan_in(folder.path(), ["."]).coverage);
    let told: Vec<_> =
        rows.iter().map(|row| (&*row["hive_path"], &*row["status"], &*row["reason"])).collect();
    assert_eq!(
        told,
        [("a.gz!a", "failed", ratio), ("b.zip!NTUSER.DAT", "parsed", ""), ("b.zip!x.gz!x", "failed", ratio),]
    );
}

#[test]
fn attributes_of_any_claimed_length_are_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let name = vec![b'a'; 2 << 20];
    let archive = tar_of(&[
        tar_entry("a/NTUSER.DAT", b'0', &hive(), ""),
        tar_entry("././@LongLink", b'L', &name, ""),
        tar_entry("x", b'0', &hive(), ""),
    ]);
    let rows = told(&planted(folder.path(), &archive));
    assert_eq!(rows["a/NTUSER.DAT"].0, "parsed");
    assert!(
        rows[""].1.contains("has more than the 1048576 bytes that the attributes of a tar entry may have")
    );
}

#[test]
fn extended_headers_name_and_measure_entries() {
    let folder = tempfile::tempdir().unwrap();
    let record = |text: &str| {
        let mut length = text.len() + 3;
        while format!("{length} {text}\n").len() != length {
            length += 1;
        }
        format!("{length} {text}\n")
    };
    let whole = hive();
    let header = [
        record("path=C/Users/ä/NTUSER.DAT"),
        record(&format!("size={}", whole.len())),
        record("mtime=1500000000.25"),
    ]
    .concat();
    let mut entry = tar_entry("short", b'0', &whole, "");
    let mut block = tar::Header::from_byte_slice(&entry[..512]).clone();
    block.set_size(0);
    block.set_cksum();
    entry[..512].copy_from_slice(block.as_bytes());
    let archive =
        tar_of(&[tar_entry("pax", b'x', header.as_bytes(), ""), entry, tar_entry("b/SAM", b'0', &whole, "")]);
    let rows = look(&planted(folder.path(), &archive));
    let told: Vec<_> = rows.iter().map(|(path, coverage, _)| (path.as_str(), coverage.modified)).collect();
    assert_eq!(
        told,
        [("C/Users/ä/NTUSER.DAT", Some((1_500_000_000, 250_000_000))), ("b/SAM", Some((1_600_000_000, 0))),]
    );
}

#[test]
fn an_archive_that_changes_after_it_was_looked_through_is_told() {
    silence_contained_panics();
    let folder = tempfile::tempdir().unwrap();
    let path = planted(folder.path(), &zip(&[("NTUSER.DAT", &hive())]));
    let found = discover(std::slice::from_ref(&path));
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
    let (coverage, read) = read_hive(&found.candidates[0], reading(Care::Once), |_, _| (None, ()));
    assert_eq!(coverage.reason, "the archive has changed since it was looked through");
    assert!(coverage.is_failure() && read.is_none());
}

#[test]
fn no_cut_and_no_flipped_byte_makes_a_fact_or_costs_the_row_of_another_file() {
    let whole = hive();
    let files: [File<'_>; 4] = [
        ("C/Users/a/NTUSER.DAT", &whole),
        ("C/Users/a/NTUSER.DAT.LOG1", b""),
        ("notes.txt", b"text"),
        ("C/Users/b/NTUSER.DAT", &whole),
    ];
    let (zipped, tarred) = (zip(&files), tar(&files));
    let mut descriptors: Vec<Entry> = files.iter().map(|(name, bytes)| Entry::new(name, bytes)).collect();
    for entry in &mut descriptors {
        (entry.flags, entry.zip64) = (8, true);
    }
    let archives = [
        ("zip", zipped.clone(), true),
        ("zip64", zip_of(&descriptors), true),
        ("tar.gz", gzip(&tarred), true),
        ("tar.xz", xz(&tarred), true),
        ("tar.zst", zstd(&tarred), false),
        ("zip in zip", zip(&[("in.zip", &zipped)]), true),
        ("tar.gz in zip", zip(&[("in.tgz", &gzip(&tarred))]), true),
        ("gz", gzip(&whole), true),
        // Nothing in it tells that a byte of a file is another one.
        ("tar", tarred, false),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut looked = 0;
    for (name, archive, is_checked) in archives {
        let mut random = 0x9e37_79b9_u32;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            random as usize % below
        };
        let mut changed: Vec<Vec<u8>> =
            (0..40).map(|step| archive[..archive.len() * step / 40].to_vec()).collect();
        // The ends hold what tells where all else is.
        for _ in 0..120 {
            let near_end = archive.len().saturating_sub(300);
            let at = match next(3) {
                0 => next(archive.len().min(300)),
                1 => near_end + next(archive.len() - near_end),
                _ => next(archive.len()),
            };
            let mut bytes = archive.clone();
            bytes[at] = match next(3) {
                0 => 0xff,
                1 => 0,
                _ => bytes[at] ^ (1 << next(8)),
            };
            changed.push(bytes);
        }
        for bytes in changed {
            for (path, coverage, read) in look(&planted(folder.path(), &bytes)) {
                looked += 1;
                assert_eq!(
                    coverage.status.as_str() == "failed" || coverage.status.as_str() == "skipped",
                    read.is_none()
                );
                let is_same = read.as_ref().is_none_or(|read| *read == whole);
                assert!(is_same || !is_checked, "{name}: {path} is another hive");
            }
        }
    }
    assert!(looked > 1_000, "{looked}");
    // The file beside it.
    plant(folder.path(), &[("in/a.zip", &zipped[..zipped.len() - 5]), ("in/NTUSER.DAT", &whole)]);
    let run = mapihive_in(folder.path(), ["scan", "in", "--coverage", "-", "-o", "findings.csv"]);
    let told: Vec<_> =
        run.rows().iter().map(|row| (row["hive_path"].clone(), row["status"].clone())).collect();
    assert_eq!(
        told,
        [("in/NTUSER.DAT".into(), "parsed".to_owned()), ("in/a.zip".into(), "failed".to_owned())],
        "{}",
        run.stderr
    );
}
