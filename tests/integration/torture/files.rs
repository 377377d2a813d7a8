//! Files that are none, folders without end, names and paths that no program expects.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use mapihive::scan::{path_text, read_path_text};
use rustix::fs::{Mode, OFlags, mkdirat, openat};

use super::{hive, may, quiet_run};
use crate::program::{mapihive_in, plant, rows_of_file};

/// Puts a named pipe in the place of a file: whoever opens it to read waits until somebody writes.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

#[test]
fn a_pipe_or_device_in_the_place_of_evidence_is_told_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut dirty = hive();
    dirty[4..8].copy_from_slice(&9_u32.to_le_bytes());
    let (config, users) = ("ev/HOST/C/Windows/System32/config", "ev/HOST/C/Users");
    let (whole, unsure) = (format!("{users}/whole/NTUSER.DAT"), format!("{users}/dirty/NTUSER.DAT"));
    plant(at, &[(&whole, &hive()), (&unsure, &dirty)]);
    for name in ["SYSTEM", "SAM", "DEFAULT"] {
        fs::create_dir_all(at.join(config)).unwrap();
        pipe(&at.join(config).join(name));
    }
    for name in ["ev/NTUSER.DAT", "ev/a.zip", "ev/given", &format!("{users}/dirty/NTUSER.DAT.LOG1")] {
        pipe(&at.join(name));
    }
    // A device that never ends; only root makes one.
    let device = at.join(config).join("SOFTWARE");
    let has_device = may("a device", &format!("mknod '{}' c 1 5", device.display()));

    quiet_run(at, "", "scan ev -o f.csv --coverage hives.csv");
    let rows = rows_of_file(&at.join("hives.csv"));
    let told = |path: &str| {
        let row = rows.iter().find(|row| row["hive_path"] == path).unwrap_or_else(|| panic!("{path}"));
        (row["status"].as_str(), row["reason"].clone())
    };
    for name in ["SYSTEM", "SAM", "DEFAULT"] {
        assert_eq!(told(&format!("{config}/{name}")), ("skipped", "not a regular file".into()));
    }
    assert!(!has_device || told(&format!("{config}/SOFTWARE")).0 == "skipped");
    assert_eq!(told("ev/NTUSER.DAT").0, "skipped");
    assert_eq!(told(&whole), ("parsed", String::new()));
    assert_eq!(told(&unsure).0, "partial");

    fs::write(at.join("list"), "{\"path\": \"ev/given\", \"host\": \"H\"}\n").unwrap();
    for (line, code) in [
        ("scan ev --case case", 3),
        ("scan ev/given", 4),
        ("scan --files-from list", 4),
        ("profiles ev -o profiles.csv", 3),
        ("timeline ev -o timeline.csv", 3),
        ("dump ev/given", 4),
        (&format!("dump {whole} ev/given -o dump.csv"), 3),
        (&format!("compare {whole} ev/given"), 3),
        (&format!("compare ev/given {whole}"), 3),
        (&format!("scan {whole} --system ev/given"), 2),
    ] {
        let run = quiet_run(at, "", line);
        assert_eq!(run.code, Some(code), "{line}: {}", run.stderr);
    }
}

#[test]
fn a_case_or_part_of_pipes_is_refused_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    plant(at, &[("ev/HOST/C/Users/a/NTUSER.DAT", &hive()), ("ev/HOST/C/Users/b/NTUSER.DAT", &hive())]);
    for line in ["scan -q ev --case case", "scan -q ev --part part"] {
        assert_eq!(quiet_run(at, "", line).code, Some(0));
    }
    for (kept, line) in
        [("case", "verify in"), ("case", "scan -q ev --resume --case in"), ("part", "merge -q in --case new")]
    {
        for file in files_below(&at.join(kept)) {
            let copied = Command::new("cp").args(["-a", kept, "in"]).current_dir(at).status().unwrap();
            assert!(copied.success());
            let name = file.strip_prefix(at.join(kept)).unwrap();
            pipe(&at.join("in").join(name));
            let run = quiet_run(at, "", line);
            if !name.ends_with(".lock") {
                assert_ne!(run.code, Some(0), "{line} with a pipe as {}", name.display());
            }
            fs::remove_dir_all(at.join("in")).unwrap();
            let _ = fs::remove_dir_all(at.join("new"));
        }
    }
    pipe(&at.join("ev/HOST/C/Users/a/NTUSER.DAT"));
    let run = quiet_run(at, "", "verify case");
    assert_ne!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_hundred_thousand_entries_of_a_folder_have_their_rows_or_are_counted() {
    const EACH: usize = 50_000;

    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // Two files with very many names take little room.
    plant(at, &[("regf", b"regf"), ("none", b""), ("ev/others/x", b"")]);
    let link = |file: &str, names: &dyn Fn(usize) -> String| {
        for number in 0..EACH {
            fs::hard_link(at.join(file), at.join("ev").join(names(number))).unwrap();
        }
    };
    link("none", &|number| format!("others/{number}.txt"));
    link("regf", &|number| format!("{number}.bin"));
    // As many logs with as many names, each beside its hive.
    fs::write(at.join("log"), b"").unwrap();
    link("log", &|number| format!("{number}.BIN.log1"));
    let run = quiet_run(at, "ulimit -v 1000000", "scan ev -o f.csv --coverage hives.csv");
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("; {} other files", EACH + 1)), "{}", run.stderr);
    let rows = rows_of_file(&at.join("hives.csv"));
    let paths: BTreeSet<&str> = rows.iter().map(|row| row["hive_path"].as_str()).collect();
    assert_eq!((rows.len(), paths.len()), (EACH, EACH));
    assert!(rows.iter().all(|row| row["status"] == "failed" && !row["reason"].is_empty()));
}

/// The same name in the encodings in which names of files come, and all bytes that a name can have.
fn names() -> Vec<OsString> {
    let utf16 = |text: &str| -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).filter(|byte| *byte != 0 && *byte != b'/').collect()
    };
    let mut names: Vec<Vec<u8>> = vec![
        // Composed and decomposed, which look the same.
        "J\u{f6}rg".into(),
        "Jo\u{308}rg".into(),
        // ISO 8859-1, code pages 437, 1251 and 932, GB 18030, UTF-16.
        b"J\xf6rg".to_vec(),
        b"J\x94rg".to_vec(),
        b"\xc8\xe2\xe0\xed".to_vec(),
        b"\x83\x86\x81[\x83U\x81[".to_vec(),
        b"\x95\x32\x82\x36".to_vec(),
        utf16("\u{416}\u{4e2d}\u{1f600}"),
        // No UTF-8: overlong, a surrogate, beyond the last character, cut off.
        b"\xc0\xae\xc0\xae".to_vec(),
        b"\xed\xa0\x80".to_vec(),
        b"\xf4\x90\x80\x80".to_vec(),
        b"\xf0\x9f\x98".to_vec(),
        // What others give a meaning to.
        b"\\u{dcf6}".to_vec(),
        b"%C3%B6".to_vec(),
        b"a!b".to_vec(),
        b"-o".to_vec(),
        b" ".to_vec(),
        b"...".to_vec(),
        b"~".to_vec(),
        "\u{202e}\u{feff}\u{2028}".into(),
        vec![b'n'; 255],
        vec![0xff; 255],
    ];
    let all: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
    names.extend(all.chunks(100).map(<[u8]>::to_vec));
    names.into_iter().map(OsString::from_vec).collect()
}

#[test]
fn names_in_every_encoding_are_told_apart_and_lead_back_to_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut expected = BTreeSet::new();
    for name in names() {
        let place = Path::new("ev").join(&name).join("NTUSER.DAT");
        fs::create_dir_all(at.join(&place).parent().unwrap()).unwrap();
        fs::write(at.join(&place), hive()).unwrap();
        expected.insert(path_text(&place));
    }
    assert_eq!(expected.len(), names().len(), "no two names have one text");
    assert_eq!(quiet_run(at, "", "scan -q ev --case case").code, Some(0));
    let rows = rows_of_file(&at.join("case/hives.csv"));
    let told: BTreeSet<String> = rows.iter().map(|row| row["hive_path"].clone()).collect();
    assert_eq!(told, expected);
    for text in &told {
        let file = read_path_text(text).unwrap().file;
        assert!(at.join(&file).is_file(), "{text}");
    }
    assert_eq!(quiet_run(at, "", "verify case").code, Some(0));

    // As arguments, and each in a list, they are the same files.
    let mut arguments: Vec<OsString> =
        ["scan", "-q", "-o", "f.csv", "--coverage", "named.csv", "--"].map(OsString::from).to_vec();
    arguments
        .extend(names().iter().map(|name| Path::new("ev").join(name).join("NTUSER.DAT").into_os_string()));
    assert_eq!(mapihive_in(at, &arguments).code, Some(0));
    let list = names().iter().fold(Vec::new(), |mut list, name| {
        list.extend_from_slice(Path::new("ev").join(name).as_os_str().as_bytes());
        list.push(0);
        list
    });
    fs::write(at.join("list"), list).unwrap();
    assert_eq!(
        quiet_run(at, "", "scan -q -0 --files-from list -o g.csv --coverage listed.csv").code,
        Some(0)
    );
    for table in ["named.csv", "listed.csv"] {
        let told: BTreeSet<String> =
            rows_of_file(&at.join(table)).iter().map(|row| row["hive_path"].clone()).collect();
        assert_eq!(told, expected, "{table}");
    }
}

#[test]
fn paths_longer_than_the_system_takes_are_told_with_what_lies_there() {
    const NAME: &str = "a-folder-of-a-long-path-1234567890-1234567890-1234567890-1234567890-1234567890-1234567890-1234567890";

    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // Such paths are made step by step, as programs make them that go into each folder.
    let mut within = File::open(at).unwrap();
    let mut length = 0;
    let step = |within: &File, name: &str| {
        mkdirat(within, name, Mode::from(0o755)).unwrap();
        File::from(openat(within, name, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty()).unwrap())
    };
    within = step(&within, "ev");
    let (mut reachable, mut beyond) = (Vec::new(), 0);
    while length < 5_000 {
        within = step(&within, NAME);
        length += NAME.len() + 1;
        let flags = OFlags::CREATE | OFlags::WRONLY;
        let file = openat(&within, "NTUSER.DAT", flags, Mode::from(0o644)).unwrap();
        std::io::Write::write_all(&mut File::from(file), &hive()).unwrap();
        let path =
            PathBuf::from("ev").join([NAME].repeat(length / (NAME.len() + 1)).join("/")).join("NTUSER.DAT");
        // With the byte of zero behind it a path has 4,096 at most.
        if path.as_os_str().len() < 4_096 { reachable.push(path) } else { beyond += 1 }
    }
    assert!(beyond > 5 && reachable.len() > 30);
    let run = quiet_run(at, "", "scan ev -o f.csv --coverage hives.csv");
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let rows = rows_of_file(&at.join("hives.csv"));
    let parsed: Vec<&str> =
        rows.iter().filter(|row| row["status"] == "parsed").map(|row| row["hive_path"].as_str()).collect();
    let expected: BTreeSet<String> = reachable.iter().map(|path| path_text(path)).collect();
    assert_eq!(parsed.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<_>>(), expected);
    let failed: Vec<_> = rows.iter().filter(|row| row["status"] == "failed").collect();
    assert!(failed.len() == 1 && failed[0]["reason"].contains("File name too long"), "{failed:?}");
    assert!(failed[0]["hive_path"].len() > 4_000, "the folder is named");
    // Names of outputs and of cases too.
    let long = OsStr::new("n/").to_str().unwrap().repeat(3_000);
    for line in ["-o", "--case", "--part", "--coverage"] {
        let run = mapihive_in(at, ["scan", "-q", "list", line, &long]);
        assert!([Some(2), Some(4), Some(5)].contains(&run.code), "{line}: {}", run.stderr);
    }
}
