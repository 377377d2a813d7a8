//! `mapihive plan`: what a scan would read, and what of it must stay together.

use std::io::Write as _;

use clap::Args;
use serde::Serialize;

use super::inputs::{Named, Target};
use super::{Exit, complain};
use crate::hive::SourceError;
use crate::scan::{Candidate, GroupKey, ManifestLine, Unit, units};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    target: Target,
}

/// A file that gets a row in the coverage table.
#[derive(Serialize)]
struct Planned<'p> {
    /// Files of one group are read by one run.
    group: GroupKey,
    /// What the file is called in every table.
    hive_path: &'p str,
    /// Length of the file and its logs; 0 where it cannot be had.
    bytes: u64,
    /// The line for `--files-from`.
    line: ManifestLine,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (paths, found) = arguments.named.discover()?;
    let any_hive = found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
    let mut output = arguments.target.open(&paths)?;
    let symbolic_link = SourceError::SymbolicLink.to_string();
    let mut lines = Vec::new();
    for unit in units(found) {
        let line = match &unit {
            // Named in a list it would be followed.
            Unit::PassedOver(passed) if passed.reason == symbolic_link => {
                complain(&format!("{}: not listed: {}", passed.hive_path, passed.reason));
                continue;
            }
            Unit::PassedOver(passed) => {
                ManifestLine { path: passed.hive_path.clone(), ..ManifestLine::default() }
            }
            Unit::Read(candidate) => line(candidate)?,
        };
        let bytes = match &unit {
            Unit::Read(candidate) => size(candidate),
            Unit::PassedOver(_) => 0,
        };
        let planned = Planned { group: unit.group(), hive_path: unit.hive_path(), bytes, line };
        serde_json::to_writer(&mut lines, &planned)?;
        lines.write_all(b"\n")?;
        output.bytes(&std::mem::take(&mut lines))?;
    }
    output.finish()?;
    if !any_hive {
        complain("no registry hive found");
        return Ok(Exit::NoHive);
    }
    Ok(Exit::Success)
}

/// The line that names a candidate alone.
fn line(candidate: &Candidate) -> anyhow::Result<ManifestLine> {
    let path = match &candidate.inside {
        Some(_) => candidate.listed.as_ref().map_or(&candidate.hive_path, |listed| &listed.opened).clone(),
        None => match candidate.path().to_str() {
            Some(path) => path.to_owned(),
            None => anyhow::bail!("{}: JSON cannot tell a path that is not UTF-8", candidate.hive_path),
        },
    };
    let line = candidate.listed.as_ref().map(|listed| listed.line.clone()).unwrap_or_default();
    Ok(ManifestLine { path, ..line })
}

/// Of a hive in an archive the archive's.
fn size(candidate: &Candidate) -> u64 {
    candidate.files().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum()
}
