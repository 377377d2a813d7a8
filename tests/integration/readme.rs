//! What README.md shows is what the program says.
//!
//! `MAPIHIVE_UPDATE_README=1 cargo test readme` rewrites the blocks between the markers.

use std::fmt::Write as _;

use mapihive::finding::Severity;
use mapihive::report::{FindingRow, Row as _};
use mapihive::rules;

use crate::program::{manifest_dir, mapihive};

/// Compares the block with this name in README.md, or rewrites it.
fn assert_block(name: &str, expected: &str) {
    assert_block_of("README.md", "MAPIHIVE_UPDATE_README", name, expected);
}

/// Compares a block of a file, or rewrites it where the variable `update` is set.
pub fn assert_block_of(file: &str, update: &str, name: &str, expected: &str) {
    let path = manifest_dir().join(file);
    let text = std::fs::read_to_string(&path).expect(file);
    let (begin, end) = (format!("<!-- begin:{name} -->"), format!("<!-- end:{name} -->"));
    let start = text.find(&begin).unwrap_or_else(|| panic!("{file} lacks the marker {begin}")) + begin.len();
    let length =
        text[start..].find(&end).unwrap_or_else(|| panic!("{file} lacks the marker {end} behind {begin}"));
    let block = &text[start..start + length];
    let expected = format!("\n{expected}\n");
    if std::env::var_os(update).is_some() {
        // One after the other: the tests of this file rewrite one file.
        let _alone = std::fs::File::open(manifest_dir().join("Cargo.toml"))
            .and_then(|file| file.lock().map(|()| file));
        let text = std::fs::read_to_string(&path).expect(file);
        let at = text.find(&begin).expect("the marker seen before") + begin.len();
        let tail = &text[at + text[at..].find(&end).expect("the marker seen before")..];
        std::fs::write(&path, format!("{}{expected}{tail}", &text[..at])).expect("a writable file");
        return;
    }
    assert!(
        block == expected,
        "the block {name} of {file} is not what the program says; {update}=1 rewrites it.\n\
         --- {file}{block}--- the program{expected}"
    );
}

/// Text as a cell of a Markdown table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_table_of_rules_is_that_of_the_registry() {
    let mut table = "| Rule | Severity | Title | Sources |\n|---|---|---|---|\n".to_owned();
    for rule in rules::every() {
        let severities: Vec<&str> = rule.severities.iter().copied().map(Severity::as_str).collect();
        let (severities, sources) = (severities.join(" or "), rule.references.join(", "));
        let (id, title, sources) = (rule.id, cell(rule.title), cell(&sources));
        writeln!(table, "| {id} | {severities} | {title} | {sources} |").expect("memory");
    }
    assert_block("rules", table.trim_end());
}

#[test]
fn the_columns_are_those_of_the_findings() {
    let mut table = "| Column | Meaning |\n|---|---|\n".to_owned();
    for column in FindingRow::COLUMNS {
        writeln!(table, "| `{}` | {} |", column.name, cell(column.holds)).expect("memory");
    }
    assert_block("columns", table.trim_end());
}

#[test]
fn the_summary_is_that_of_a_run() {
    let run = mapihive(["scan", "sample-hives"]);
    assert_block("summary", &format!("```text\n{}\n```", run.stderr.trim_end()));
}
