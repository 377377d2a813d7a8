//! Same input, same bytes out: any number of threads, any order, spelling or repetition of arguments, any list.

use std::path::{Path, PathBuf};

use hive_synth::{HiveBuilder, NOWHERE, Version};
use walkdir::WalkDir;

use crate::program::{Scan, manifest_dir, mapihive_in, plant, scan_in};

/// A fleet: the sample hives several times over, with hives that are damaged and files that are none.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let samples = manifest_dir().join("sample-hives");
    for wave in ["one", "two", "three"] {
        for entry in WalkDir::new(&samples).into_iter().map(Result::unwrap) {
            let target = folder.path().join(wave).join(entry.path().strip_prefix(&samples).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(target).unwrap();
            } else {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    for number in 0..150_u32 {
        let mut builder = HiveBuilder::new(Version::V1_5);
        builder.key(&format!(r"Software\Microsoft\Exchange\n{}", number % 7)).dword("v", number);
        let mut hive = builder.build();
        if number % 5 == 0 {
            hive.point_subkey("Software", 0, NOWHERE);
        }
        let path = format!("many/HOST{:02}/C/Users/user{number}/NTUSER.DAT", number % 11);
        plant(folder.path(), &[(&path, &hive.bytes), (&format!("many/{number}/SAM"), b"text")]);
    }
    folder
}

fn assert_same(left: &Scan, right: &Scan, what: &str) {
    for (table, left, right) in [
        ("findings", &left.findings, &right.findings),
        ("coverage", &left.coverage, &right.coverage),
        ("evidence", &left.evidence, &right.evidence),
    ] {
        assert!(left == right, "{table} differ: {what}");
    }
    let lines = left.run.stderr.lines().zip(right.run.stderr.lines());
    let different: Vec<(&str, &str)> = lines.filter(|(left, right)| left != right).collect();
    assert!(different.is_empty(), "the summaries differ: {what}: {different:#?}");
    assert_eq!((left.run.stderr.len(), left.run.code), (right.run.stderr.len(), right.run.code), "{what}");
}

#[test]
fn any_number_of_threads_gives_the_same_tables() {
    let folder = fleet();
    let scan = |threads: &str| scan_in(folder.path(), ["--threads", threads, "."]);
    let one = scan("1");
    assert!(one.findings.len() > 20_000 && one.coverage.len() > 50_000 && one.evidence.len() > 10_000);
    for threads in ["2", "3", "8", "64"] {
        assert_same(&one, &scan(threads), threads);
        assert_same(&one, &scan(threads), "a second time");
    }
    assert_same(&one, &scan_in(folder.path(), ["."]), "as many threads as there are processors");
}

#[test]
fn order_spelling_and_repetition_of_arguments_change_nothing() {
    let folder = fleet();
    let expected = scan_in(folder.path(), ["many", "one", "three", "two"]);
    for arguments in [
        vec!["two", "three", "one", "many"],
        vec!["one", "many", "two", "three"],
        vec!["./one", "many/", "two/.", ".//three"],
        vec!["many", "many", "one", "two", "three", "./one", "many"],
        vec![
            "one/CLEAN01",
            "many/HOST03",
            "one",
            "two",
            "three",
            "many",
            "many/HOST03/C/Users/user3/NTUSER.DAT",
        ],
    ] {
        let scan = scan_in(folder.path(), &arguments);
        assert_same(&expected, &scan, &format!("{arguments:?}"));
    }
    // The folder that holds them all spells the same paths.
    assert_same(&expected, &scan_in(folder.path(), ["."]), "one folder");
}

#[test]
fn a_list_gives_what_arguments_give() {
    let folder = fleet();
    let hives: Vec<PathBuf> = WalkDir::new(folder.path())
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_name().eq_ignore_ascii_case("NTUSER.DAT"))
        .map(|entry| entry.path().strip_prefix(folder.path()).unwrap().to_owned())
        .collect();
    assert!(hives.len() > 150);
    let list = |end: &str, paths: &mut dyn Iterator<Item = &PathBuf>| {
        let text = paths.fold(String::new(), |text, path| text + path.to_str().unwrap() + end);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    };
    let by_arguments = scan_in(folder.path(), &hives);
    for (end, more) in [("\n", vec![]), ("\r\n", vec![]), ("\0", vec!["-0"])] {
        for reverse in [false, true] {
            let list =
                if reverse { list(end, &mut hives.iter().rev()) } else { list(end, &mut hives.iter()) };
            let mut arguments = vec![Path::new("--files-from"), list.path()];
            arguments.extend(more.iter().map(Path::new));
            assert_same(
                &by_arguments,
                &scan_in(folder.path(), arguments),
                &format!("{end:?}, reversed {reverse}"),
            );
        }
    }
    // Half by list, half by arguments, with some in both.
    let half = list("\n", &mut hives.iter().step_by(2));
    let mut arguments = vec![Path::new("--files-from"), half.path()];
    arguments.extend(hives.iter().skip(1).step_by(2).chain(&hives[..20]).map(PathBuf::as_path));
    assert_same(&by_arguments, &scan_in(folder.path(), arguments), "half and half");
}

#[test]
fn rows_stand_in_the_order_of_hosts_and_paths() {
    let folder = fleet();
    let scan = scan_in(folder.path(), ["."]);
    let rows = crate::program::rows(&scan.coverage);
    let keys: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["host"].as_str(), row["hive_path"].as_str())).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(keys, sorted);
    // Findings follow their hives, and within a hive the registry of rules.
    let places: Vec<(&str, &str, Option<usize>)> = crate::program::rows(&scan.findings)
        .iter()
        .map(|row| {
            let rule = mapihive::rules::ALL.iter().position(|rule| rule.id == row["rule_id"]);
            let at = keys.iter().position(|(host, path)| *host == row["host"] && *path == row["hive_path"]);
            let (host, path) = keys[at.expect("a row of coverage")];
            (host, path, rule)
        })
        .collect();
    assert!(places.is_sorted());
}

#[test]
fn every_finding_has_an_identifier_of_its_own_that_lasts() {
    let folder = fleet();
    let ids = |scan: &Scan| -> Vec<String> {
        crate::program::rows(&scan.findings).iter().map(|row| row["finding_id"].clone()).collect()
    };
    let mut first = ids(&scan_in(folder.path(), ["."]));
    let count = first.len();
    first.sort();
    first.dedup();
    assert_eq!(first.len(), count, "no two the same");
    assert!(first.iter().all(|id| id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
    let mut again = ids(&scan_in(folder.path(), ["three", "two", "one"]));
    again.sort();
    assert_eq!(again, first.into_iter().filter(|id| again.contains(id)).collect::<Vec<_>>());
}

#[test]
fn profiles_and_dump_are_as_steady() {
    let folder = fleet();
    let profiles =
        |arguments: &[&str]| mapihive_in(folder.path(), ["profiles"].iter().chain(arguments)).stdout;
    let expected = profiles(&["--threads", "1", "."]);
    assert!(expected.len() > 100_000);
    assert!(expected == profiles(&["--threads", "8", "."]));
    assert!(expected == profiles(&["two", "./many", "three", "one", "one"]));
    let hive = "one/EXCH55A/C/WINNT/Profiles/exsvc/NTUSER.DAT";
    let dump = |path: &str| mapihive_in(folder.path(), ["dump", path]).stdout;
    assert!(dump(hive) == dump(&format!("./{hive}")));
}
