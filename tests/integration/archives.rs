//! Hives in archives are read as those in folders are, without being unpacked to disk.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use hive_synth::{HiveBuilder, Version, log};
use walkdir::WalkDir;

use crate::packing::{Entry, File, gzip, tar, tar_entry, tar_of, xz, zip, zip_of, zstd};
use crate::program::{Row, manifest_dir, mapihive_in, plant, rows, rows_of_file, scan_in};

fn hive() -> Vec<u8> {
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Software\Microsoft").dword("v", 1);
    builder.build().bytes
}

/// Path, status and reason of every row of the coverage table.
fn told(folder: &Path, argument: &str) -> Vec<(String, String, String)> {
    let rows = rows(&scan_in(folder, [argument]).coverage);
    rows.into_iter()
        .map(|row| (row["hive_path"].clone(), row["status"].clone(), row["reason"].clone()))
        .collect()
}

fn parsed(path: &str) -> (String, String, String) {
    (path.into(), "parsed".into(), String::new())
}

/// The sample hives, each with its path from the package.
fn samples() -> Vec<(String, Vec<u8>)> {
    let files = WalkDir::new(manifest_dir().join("sample-hives")).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap()).filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(manifest_dir()).unwrap().to_str().unwrap().to_owned();
            (path, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// All tables of a scan, without what tells where the hives are, sorted.
fn tables(folder: &Path, argument: &str) -> BTreeMap<String, Vec<Row>> {
    /// Paths, what hashes them, and a time that not every archive has.
    const OF_PLACE: [&str; 6] =
        ["hive_path", "hive_paths", "file", "finding_id", "finding_ids", "file_modified"];

    let out = tempfile::tempdir().unwrap();
    let table = |name: &str| out.path().join(name);
    let mut arguments = vec!["scan".into(), argument.into(), "-o".into(), table("findings")];
    for name in ["coverage", "evidence", "accounts", "fleet"] {
        arguments.extend([format!("--{name}").into(), table(name)]);
    }
    let run = mapihive_in(folder, &arguments);
    assert_eq!(run.code, Some(3), "one sample is damaged: {}", run.stderr);
    for name in ["profiles", "timeline"] {
        mapihive_in(folder, [name.as_ref(), argument.as_ref(), "-o".as_ref(), table(name).as_os_str()]);
    }
    let names = ["findings", "coverage", "evidence", "accounts", "fleet", "profiles", "timeline"];
    let rows = names.map(|name| {
        let mut rows = rows_of_file(&table(name));
        for row in &mut rows {
            row.retain(|column, _| !OF_PLACE.contains(&column.as_str()));
        }
        rows.sort();
        (name.to_owned(), rows)
    });
    rows.into_iter().collect()
}

#[test]
fn what_is_found_in_an_archive_is_what_is_found_in_the_folder() {
    let samples = samples();
    let files: Vec<File<'_>> = samples.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    let in_folder = tables(manifest_dir(), "sample-hives");
    assert!(in_folder["findings"].len() > 100 && in_folder["evidence"].len() > 300);
    let (zipped, tarred) = (zip(&files), tar(&files));
    let folder = tempfile::tempdir().unwrap();
    let archives = [
        ("a.tar.gz", gzip(&tarred)),
        ("a.tar.zst", zstd(&tarred)),
        ("a.tar.xz", xz(&tarred)),
        ("zip-in.zip", zip(&[("inner.zip", &zipped)])),
        ("tar-gz-in.zip", zip(&[("inner.tgz", &gzip(&tarred))])),
        ("zip-in.tar", tar(&[("inner.zip", &zipped)])),
        ("a.zip", zipped),
        ("a.tar", tarred),
    ];
    for (name, bytes) in archives {
        plant(folder.path(), &[(name, &bytes)]);
        let in_archive = tables(folder.path(), name);
        for (table, rows) in &in_folder {
            assert!(rows == &in_archive[table], "{table} of {name}");
        }
    }
}

#[test]
fn paths_lead_into_the_archive_and_to_the_logs_beside_the_hive() {
    let samples = samples();
    let files: Vec<File<'_>> = samples.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("in/a.tar.gz", &gzip(&tar(&files)))]);
    let scan = scan_in(folder.path(), ["in"]);
    let (mut in_hive, mut in_log) = (0, 0);
    for row in rows(&scan.evidence) {
        let inner = row["file"].strip_prefix("in/a.tar.gz!").unwrap_or_else(|| panic!("{row:?}"));
        let (_, bytes) = samples.iter().find(|(path, _)| path == inner).unwrap_or_else(|| panic!("{row:?}"));
        let at: usize = row["file_offset"].parse().unwrap();
        let signature = bytes.get(at + 4..at + 6).unwrap();
        assert!(row["record"] == "data" || signature == row["record"].as_bytes(), "{row:?}");
        *(if row["file"] == row["hive_path"] { &mut in_hive } else { &mut in_log }) += 1;
    }
    assert!(in_hive > 300 && in_log > 5, "{in_hive} {in_log}");
}

#[test]
fn logs_are_paired_in_their_folder_of_the_archive_in_any_letter_case() {
    let whole = hive();
    let log = log::log_base_block(&whole, log::NEW_LOG, (1, 1));
    let files: [File<'_>; 6] = [
        ("C/Users/a/ntuser.dat.LOG2", b""),
        ("C/Users/a/NTUSER.DAT", &whole),
        ("C/Users/b/ntuser.dat", &whole),
        ("C/Users/a/NtUser.Dat.log1", &log),
        ("C/Users/c/NTUSER.DAT.LOG1", &log),
        ("C/Users/c/empty.LOG1", b""),
    ];
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("a.zip", &zip(&files)), ("a.tgz", &gzip(&tar(&files))), ("a.tar", &tar(&files))]);
    for archive in ["a.zip", "a.tgz", "a.tar"] {
        let scan = scan_in(folder.path(), [archive]);
        let rows = rows(&scan.coverage);
        let told: Vec<_> = rows
            .iter()
            .map(|row| (&row["hive_path"][archive.len()..], &*row["status"], &*row["logs"]))
            .collect();
        let expected = [
            ("!C/Users/a/NTUSER.DAT", "parsed", "NtUser.Dat.log1: not needed; ntuser.dat.LOG2: unused"),
            ("!C/Users/b/ntuser.dat", "parsed", ""),
            ("!C/Users/c/NTUSER.DAT.LOG1", "skipped", ""),
        ];
        assert_eq!(told, expected);
        assert_eq!(rows[2]["reason"], "a transaction log without its hive");
        assert!(scan.run.stderr.contains("; 1 other file in the folders is no hive"), "{}", scan.run.stderr);
        assert_eq!(scan.run.code, Some(0));
    }
}

#[test]
fn collections_of_velociraptor_and_kape_have_their_hosts_and_machine_hives() {
    let samples = samples();
    let of_host = |above: &str, encoded: bool| -> Vec<(String, Vec<u8>)> {
        let host = samples
            .iter()
            .filter_map(|(path, bytes)| Some((path.strip_prefix("sample-hives/EXCH55A/C/")?, bytes)));
        let drive = if encoded { "C%3A" } else { "C" };
        host.map(|(path, bytes)| (format!("{above}{drive}/{path}"), bytes.clone())).collect()
    };
    let expected = rows(&scan_in(manifest_dir(), ["sample-hives/EXCH55A"]).findings);
    let folder = tempfile::tempdir().unwrap();
    for (name, above, encoded, host) in [
        ("Collection-EXCH55A-2024-02-01T12_30_59Z.zip", "uploads/auto/", true, "EXCH55A"),
        (
            "Collection-exch_corp_example-2024-02-01T12_30_59_5Z.zip",
            "uploads/ntfs/",
            true,
            "exch_corp_example",
        ),
        ("EXCH55A.zip", "", false, "EXCH55A"),
        ("kape.zip", "EXCH55A/", false, "EXCH55A"),
    ] {
        let files = of_host(above, encoded);
        let mut files: Vec<File<'_>> =
            files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
        files.push(("results/notes.json", b"{}"));
        plant(folder.path(), &[(name, &zip(&files))]);
        let found = rows(&scan_in(folder.path(), [name]).findings);
        assert!(found.len() == expected.len() && found.len() > 5);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found["host"], host);
            for column in
                ["rule_id", "account", "account_kind", "account_sid", "services", "severity", "detail"]
            {
                assert_eq!(found[column], expected[column], "{name}: {column}");
            }
        }
        assert!(
            found.iter().any(|row| row["account_kind"] == "service"),
            "by the machine hives in the archive"
        );
    }
}

#[test]
fn a_hive_in_an_archive_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let files: [File<'_>; 3] =
        [("C/Users/a/NTUSER.DAT", &hive()), ("C/Users/b/NTUSER.DAT", &hive()), ("x", b"x")];
    plant(
        folder.path(),
        &[
            ("NTUSER.DAT", &hive()),
            ("a.zip", &zip(&files)),
            ("a.tar.xz", &xz(&tar(&files))),
            ("nested.zip", &zip(&[("in/a.tar", &tar(&files))])),
            ("one.gz", &gzip(&hive())),
        ],
    );
    let without_path = |argument: &str| {
        let run = mapihive_in(folder.path(), ["dump", argument]);
        assert_eq!(run.code, Some(0), "{argument}: {}", run.stderr);
        let mut rows = run.rows();
        let paths: Vec<String> =
            rows.iter_mut().filter_map(|row| row.remove("file").and(row.remove("hive_path"))).collect();
        (rows, paths)
    };
    let (expected, _) = without_path("NTUSER.DAT");
    for argument in [
        "a.zip!C/Users/b/NTUSER.DAT",
        "a.tar.xz!C/Users/b/NTUSER.DAT",
        "nested.zip!in/a.tar!C/Users/a/NTUSER.DAT",
    ] {
        let (rows, paths) = without_path(argument);
        assert!(rows == expected && paths.iter().all(|path| path == argument), "{argument}");
        let scan = scan_in(folder.path(), [argument]);
        assert_eq!(told(folder.path(), argument), [parsed(argument)]);
        assert_eq!(scan.run.code, Some(0));
    }
    assert!(without_path("one.gz") == (expected.clone(), vec!["one.gz!one".into(); expected.len()]));
    assert_eq!(without_path("a.zip").0.len(), 2 * expected.len());
    for missing in ["a.zip!C/Users/c/NTUSER.DAT", "a.zip!x", "NTUSER.DAT!a"] {
        let run = mapihive_in(folder.path(), ["dump", missing]);
        assert_eq!(run.code, Some(4), "{missing}");
        assert!(run.stderr.contains("failed: "), "{}", run.stderr);
    }
    // Beside the archive nothing is written, as beside a hive.
    let beside = folder.path().join("table.csv");
    let run =
        mapihive_in(folder.path(), ["dump", "a.zip!C/Users/a/NTUSER.DAT", "-o", beside.to_str().unwrap()]);
    assert_eq!(run.code, Some(5));
    assert!(!beside.exists());
}

#[test]
fn archives_with_names_that_are_no_text_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let name = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    for (file, bytes) in
        [(&b"J\xf6rg.zip"[..], zip(&[("C/Users/a/NTUSER.DAT", &hive())])), (b"\xff.gz", gzip(&hive()))]
    {
        std::fs::write(folder.path().join("in").join(name(file)), bytes).unwrap();
    }
    let [single, zipped] = ["in/\\u{dcff}.gz!\\u{dcff}", "in/J\\u{dcf6}rg.zip!C/Users/a/NTUSER.DAT"];
    assert_eq!(told(folder.path(), "in"), [parsed(single), parsed(zipped)]);
    let named = name(b"in/J\xf6rg.zip!C/Users/a/NTUSER.DAT");
    let run = mapihive_in(folder.path(), [&name(b"dump"), &named]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.rows().iter().all(|row| row["hive_path"] == zipped));
}

#[test]
fn archives_are_known_by_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let archive = zip(&[("NTUSER.DAT", &hive())]);
    plant(
        folder.path(),
        &[("in/evidence.001", &archive), ("in/a.ZIP", &archive), ("in/no.zip", b"text"), ("in/no.gz", b"")],
    );
    assert_eq!(told(folder.path(), "in"), [parsed("in/a.ZIP!NTUSER.DAT")]);
    let scan = scan_in(folder.path(), ["in"]);
    assert!(scan.run.stderr.contains("; 3 other files in the folders are no hives"), "{}", scan.run.stderr);
    assert_eq!(told(folder.path(), "in/evidence.001"), [parsed("in/evidence.001!NTUSER.DAT")]);
    // Given twice, it is read once.
    let twice = scan_in(folder.path(), ["in", "in/a.ZIP", "./in/a.ZIP"]);
    assert_eq!(twice.coverage, scan.coverage);
    plant(folder.path(), &[("empty.zip", &zip(&[])), ("notes.zip", &zip(&[("notes.txt", b"text")]))]);
    for name in ["empty.zip", "notes.zip"] {
        let expected = (name.to_owned(), "skipped".to_owned(), "an archive without hives".to_owned());
        assert_eq!(told(folder.path(), name), [expected]);
    }
}

#[test]
fn single_hives_are_read_from_what_compresses_them() {
    let folder = tempfile::tempdir().unwrap();
    let whole = hive();
    plant(
        folder.path(),
        &[
            ("H/C/Users/a/NTUSER.DAT.gz", &gzip(&whole)),
            ("H/C/Users/b/NTUSER.DAT.xz", &xz(&whole)),
            ("H/C/Users/c/NTUSER.DAT.zst", &zstd(&whole)),
            ("H/C/Users/c/notes.gz", &gzip(b"text")),
            ("z.zip", &zip(&[("H/C/Users/d/NTUSER.DAT.gz", &gzip(&whole))])),
        ],
    );
    let scan = scan_in(folder.path(), ["."]);
    let rows = rows(&scan.coverage);
    let told: Vec<_> = rows
        .iter()
        .map(|row| [&*row["hive_path"], &*row["status"], &*row["host"], &*row["account"]])
        .collect();
    assert_eq!(
        told,
        [
            ["H/C/Users/a/NTUSER.DAT.gz!NTUSER.DAT", "parsed", "H", "a"],
            ["H/C/Users/b/NTUSER.DAT.xz!NTUSER.DAT", "parsed", "H", "b"],
            ["H/C/Users/c/NTUSER.DAT.zst!NTUSER.DAT", "parsed", "H", "c"],
            ["z.zip!H/C/Users/d/NTUSER.DAT.gz!NTUSER.DAT", "parsed", "H", "d"],
        ]
    );
    assert!(scan.run.stderr.contains("; 1 other file"), "{}", scan.run.stderr);
}

#[test]
fn names_are_read_in_their_code_page_and_told_reversibly() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |name: &[u8], flags| Entry { name: name.to_vec(), flags, ..Entry::new("", &hive()) };
    let archive = zip_of(&[
        entry(b"1/J\x94rg/NTUSER.DAT", 0),
        entry("2/Jörg/NTUSER.DAT".as_bytes(), 1 << 11),
        entry(b"3\\a\\NTUSER.DAT", 0),
        entry(b"4/a!b/NTUSER.DAT", 0),
        entry(b"5/a\nb\xff/NTUSER.DAT", 1 << 11),
        entry(b"/6/../NTUSER.DAT", 0),
    ]);
    plant(folder.path(), &[("in!/a!.zip", &archive), ("in!/a!.zip!NTUSER.DAT", &hive())]);
    let paths: Vec<String> = told(folder.path(), ".").into_iter().map(|(path, _, _)| path).collect();
    assert_eq!(
        paths,
        [
            "in\\u{21}/a\\u{21}.zip!/6/../NTUSER.DAT",
            "in\\u{21}/a\\u{21}.zip!1/Jörg/NTUSER.DAT",
            "in\\u{21}/a\\u{21}.zip!2/Jörg/NTUSER.DAT",
            "in\\u{21}/a\\u{21}.zip!3/a/NTUSER.DAT",
            "in\\u{21}/a\\u{21}.zip!4/a\\u{21}b/NTUSER.DAT",
            "in\\u{21}/a\\u{21}.zip!5/a\\u{a}b\\u{dcff}/NTUSER.DAT",
            // The file beside it is another one.
            "in\\u{21}/a\\u{21}.zip\\u{21}NTUSER.DAT",
        ]
    );
}

#[test]
fn zip64_and_lengths_behind_the_bytes_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let of = |flags, zip64, method| Entry { flags, method, zip64, ..Entry::new("NTUSER.DAT", &hive()) };
    for (number, entry) in [of(8, false, 8), of(0, true, 8), of(8, true, 8), of(0, true, 0), of(0, false, 0)]
        .into_iter()
        .enumerate()
    {
        let name = format!("{number}.zip");
        plant(folder.path(), &[(&name, &zip_of(&[entry]))]);
        assert_eq!(told(folder.path(), &name), [parsed(&format!("{name}!NTUSER.DAT"))]);
    }
}

#[test]
fn times_are_told_only_where_the_archive_says_them_in_utc() {
    let folder = tempfile::tempdir().unwrap();
    let stamp = [&b"UT\x05\0\x01"[..], &1_600_000_000_u32.to_le_bytes()].concat();
    let utc = Entry { extra: stamp, ..Entry::new("utc/NTUSER.DAT", &hive()) };
    plant(
        folder.path(),
        &[
            ("a.zip", &zip_of(&[utc, Entry::new("local/NTUSER.DAT", &hive())])),
            ("a.tar", &tar(&[("NTUSER.DAT", &hive())])),
        ],
    );
    let rows = rows(&scan_in(folder.path(), ["."]).coverage);
    let times: Vec<_> = rows.iter().map(|row| (&*row["hive_path"], &*row["file_modified"])).collect();
    assert_eq!(
        times,
        [
            ("a.tar!NTUSER.DAT", "2020-09-13T12:26:40.0000000Z"),
            ("a.zip!local/NTUSER.DAT", ""),
            ("a.zip!utc/NTUSER.DAT", "2020-09-13T12:26:40.0000000Z"),
        ]
    );
    assert!(rows.iter().all(|row| row["size"] == hive().len().to_string()));
}

#[test]
fn links_special_files_and_entries_of_one_name_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}/NTUSER.DAT", "l".repeat(150));
    let archive = tar_of(&[
        tar_entry("a/NTUSER.DAT", b'0', b"text", ""),
        tar_entry("a/NTUSER.DAT", b'0', &hive(), ""),
        tar_entry("b/NTUSER.DAT", b'2', b"", "../a/NTUSER.DAT"),
        tar_entry("c/NTUSER.DAT", b'1', b"", "a/NTUSER.DAT"),
        tar_entry("d/SAM", b'6', b"", ""),
        tar_entry("e/link", b'2', b"", "../a/NTUSER.DAT"),
        tar_entry("f/", b'5', b"", ""),
        tar_entry("../g/NTUSER.DAT", b'0', &hive(), ""),
        tar_entry("/h/NTUSER.DAT", b'0', &hive(), ""),
        tar_entry(&long, b'0', &hive(), ""),
        tar_entry("i/NTUSER.DAT", b'S', &hive(), ""),
    ]);
    for (name, bytes) in [("a.tar", archive.clone()), ("a.tgz", gzip(&archive))] {
        plant(folder.path(), &[(name, &bytes)]);
        let row = |path: &str, status: &str, reason: &str| {
            (format!("{name}{path}"), status.to_owned(), reason.to_owned())
        };
        let two = "the archive: has 2 entries named a/NTUSER.DAT, of which only the last was read";
        let link = "a symbolic link, which is not followed inside an archive";
        let mut expected = vec![
            row("", "failed", two),
            row("!../g/NTUSER.DAT", "parsed", ""),
            row("!/h/NTUSER.DAT", "parsed", ""),
            row("!a/NTUSER.DAT", "parsed", ""),
            row("!b/NTUSER.DAT", "skipped", link),
            row(
                "!c/NTUSER.DAT",
                "skipped",
                "a hard link to a/NTUSER.DAT, which has the bytes in the archive",
            ),
            row("!d/SAM", "skipped", "not a regular file"),
            row(
                "!i/NTUSER.DAT",
                "failed",
                "packed by a method that is not supported (sparse file of GNU tar)",
            ),
            row(&format!("!{long}"), "parsed", ""),
        ];
        expected.sort();
        assert_eq!(told(folder.path(), name), expected);
    }
    let mut link = Entry::new("NTUSER.DAT", b"target");
    link.mode = Some(0o120_777);
    plant(folder.path(), &[("link.zip", &zip_of(&[link, Entry::new("x", b""), Entry::new("x", b"")]))]);
    assert_eq!(told(folder.path(), "link.zip")[0].1, "skipped");
}

#[test]
fn files_that_tell_of_mapi_are_counted_in_archives_too() {
    let folder = tempfile::tempdir().unwrap();
    plant(
        folder.path(),
        &[(
            "H.zip",
            &zip(&[
                ("C/Users/a/NTUSER.DAT", &hive()),
                ("C/Users/a/AppData/outlook.nk2", b""),
                ("C/Users/a/AppData/outlook.OST", b""),
                ("C/Users/b/outlook.pst", b""),
            ]),
        )],
    );
    let accounts = folder.path().join("out");
    std::fs::create_dir(&accounts).unwrap();
    let accounts = accounts.join("accounts.csv");
    let run = mapihive_in(folder.path(), ["scan", "H.zip", "--accounts", accounts.to_str().unwrap()]);
    let row = &rows_of_file(&accounts)[0];
    let counts = ["nk2_files", "ost_files", "pst_files"].map(|column| row[column].as_str());
    assert_eq!(counts, ["1", "1", "0"], "{}", run.stderr);
}

#[test]
fn copies_are_compared_whether_packed_or_not() {
    let samples = samples();
    let files: Vec<File<'_>> = samples.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in &files {
        plant(folder.path(), &[(path, bytes)]);
    }
    plant(folder.path(), &[("a.zip", &zip(&files)), ("b.tar.gz", &gzip(&tar(&files)))]);
    let whole = mapihive_in(folder.path(), ["compare", "sample-hives", "sample-hives"]);
    let differences = |run: &crate::program::Run| {
        let rows = run.rows().into_iter();
        rows.map(|row| (row["host"].clone(), row["what"].clone(), row["detail"].clone())).collect::<Vec<_>>()
    };
    for (before, after) in [("sample-hives", "a.zip"), ("a.zip", "b.tar.gz")] {
        let run = mapihive_in(folder.path(), ["compare", before, after]);
        assert_eq!(differences(&run), differences(&whole), "{before} {after}");
        let paired = whole.stderr.lines().find(|line| line.starts_with("Hives paired: ")).unwrap();
        assert!(
            run.stderr.contains(paired) && paired.contains(" by path; 0 in BEFORE alone"),
            "{}",
            run.stderr
        );
    }
}
