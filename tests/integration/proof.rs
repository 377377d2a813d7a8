//! What `docs/what-a-row-proves.md` tells an examiner is held by tests, and each test that it names is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::program::manifest_dir;

/// The document.
fn document() -> String {
    let path = manifest_dir().join("docs/what-a-row-proves.md");
    std::fs::read_to_string(path).expect("the document")
}

/// The tests that a text names, each as a file and a function: what stands between backticks and has `.rs::` in it.
fn named(text: &str) -> Vec<(&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).filter(is_test).collect()
}

fn is_test((file, function): &(&str, &str)) -> bool {
    Path::new(file).extension().is_some_and(|ending| ending == "rs")
        && *function != "name"
        && !function.contains("::")
}

/// Where a test that is named so lies.
fn path_of(file: &str) -> PathBuf {
    let folder =
        if file.starts_with("src/") || file.starts_with("tests/") { "" } else { "tests/integration" };
    manifest_dir().join(folder).join(file)
}

/// The functions of a source that are marked as tests.
fn tests_of(source: &str) -> BTreeSet<&str> {
    let mut tests = BTreeSet::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if let Some(function) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')) {
            if marked {
                tests.insert(function.0);
            }
            marked = false;
        } else if line == "#[test]" {
            marked = true;
        } else if !line.starts_with("#[") {
            marked = false;
        }
    }
    tests
}

/// The points of the document with the headings they stand under.
fn points(document: &str) -> Vec<(&str, String)> {
    let mut points: Vec<(&str, String)> = Vec::new();
    let (mut heading, mut open) = ("", false);
    for line in document.lines() {
        if let Some(text) = line.strip_prefix("## ") {
            (heading, open) = (text, false);
        } else if line.starts_with("- ") {
            points.push((heading, line.to_owned()));
            open = true;
        } else if line.starts_with("  ") && open {
            let (_, point) = points.last_mut().expect("a point");
            *point = format!("{point} {}", line.trim());
        } else {
            open = false;
        }
    }
    points
}

#[test]
fn every_test_that_the_document_names_is_there() {
    let document = document();
    let named = named(&document);
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, function)| {
            let source = std::fs::read_to_string(path_of(file)).unwrap_or_default();
            !tests_of(&source).contains(function)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named.len() > 60, "{}", named.len());
}

#[test]
fn every_point_of_the_document_names_a_test_that_holds_it() {
    let document = document();
    let points = points(&document);
    // Measurements of other tools are told as such; nothing here can hold them.
    let (measured, claimed): (Vec<_>, Vec<_>) =
        points.iter().partition(|(heading, _)| *heading == "Other tools");
    let unheld: Vec<_> = claimed.iter().filter(|(_, point)| named(point).is_empty()).collect();
    assert!(unheld.is_empty(), "{unheld:#?}");
    assert!(claimed.len() > 40 && !measured.is_empty(), "{} {}", claimed.len(), measured.len());
}

#[test]
fn a_name_that_is_no_test_is_noticed() {
    let source = "#[test]\nfn a_test() {}\n\n#[test]\n#[ignore]\nfn another() {}\nfn no_test() {}\n";
    assert_eq!(tests_of(source), BTreeSet::from(["a_test", "another"]));
    assert_eq!(named("**x** `a.rs::b` and `c` `src/d.rs::e`"), [("a.rs", "b"), ("src/d.rs", "e")]);
}
