//! The clock of the machine is told by the audit and enters nothing else, so that one that is wrong or jumps changes no table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::program::manifest_dir;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Files below `src` in which a word stands.
fn files_with(word: &str) -> BTreeSet<String> {
    let src = manifest_dir().join("src");
    let with = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(word));
    let name = |path: PathBuf| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    sources(&src).into_iter().filter(with).map(name).collect()
}

#[test]
fn only_the_audit_of_a_case_asks_the_clock_for_the_time() {
    assert_eq!(files_with("SystemTime"), BTreeSet::from(["cli/case.rs".to_owned()]));
    // How long ago a part was last brought to the disk decides when it is again, and nothing else.
    assert_eq!(files_with("Instant"), BTreeSet::from(["case/part.rs".to_owned()]));
}
