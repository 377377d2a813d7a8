//! Archives: what is found in them, and the bytes of what is found. The input is a file of any kind.

use mapihive::hive::{Care, Depth};
use mapihive::scan::{discover, read_hive};

/// Feeds one input.
pub fn run(input: &[u8]) {
    let file = crate::place("HOST.archive");
    std::fs::write(&file, input).expect("a writable temporary folder");
    let found = discover(std::slice::from_ref(&file));
    for passed in &found.passed_over {
        assert!(!passed.reason.is_empty(), "what is passed over has its reason");
    }
    for candidate in found.candidates.iter().take(8) {
        let (coverage, _) = read_hive(candidate, crate::reading(Care::Once, Depth::Default), |hive, _| {
            (None, hive.tree.root().is_ok())
        });
        assert!(!coverage.hive_path.is_empty());
        candidate.done();
    }
}
