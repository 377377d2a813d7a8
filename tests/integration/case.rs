//! A folder with the tables of a case under their names, as the report reads them.

use std::path::{Path, PathBuf};

use mapihive::account::Attribution;
use mapihive::hive::Care;
use mapihive::report::{
    Formulas, LogChangeRow, ProfileRow, Row as TableRow, ServiceRow, TableWriter, log_change_rows,
    profile_rows, service_rows,
};
use mapihive::scan::{GivenHives, Hosts, OpenHive, Understood, Unit, discover, read_hive, units};

use crate::program::{Run, program};
use crate::support::reading;

/// The tables of which each hive gives rows of its own.
#[derive(Debug, Default)]
pub struct HiveTables {
    /// `profiles.csv`.
    pub profiles: Vec<u8>,
    /// `services.csv`.
    pub services: Vec<u8>,
    /// `log_changes.csv`.
    pub log_changes: Vec<u8>,
}

/// The tables of every hive below `paths`.
pub fn hive_tables(paths: &[PathBuf]) -> HiveTables {
    let units = units(discover(paths));
    let candidates: Vec<_> = units
        .iter()
        .filter_map(|unit| match unit {
            Unit::Read(candidate) => Some(candidate),
            Unit::PassedOver(_) => None,
        })
        .collect();
    let hosts = Hosts::of(candidates.iter().copied(), &GivenHives::default(), true);
    let (mut profiles, mut services, mut log_changes) = (Vec::new(), Vec::new(), Vec::new());
    for candidate in candidates {
        let host = hosts.facts(candidate);
        let work = |hive: &OpenHive<'_>, understood: &Understood<'_>| {
            (
                profile_rows(hive, understood),
                service_rows(hive, understood),
                log_change_rows(hive, understood),
            )
        };
        let (_, rows) = read_hive(candidate, reading(Care::Once), |hive, problems| {
            let mut understood = hive.understand(problems);
            understood.account = Attribution::joined(understood.account, hive.hive_path, &host);
            let rows = work(hive, &understood);
            (Some(understood.account), rows)
        });
        let (more_profiles, more_services, more_changes) = rows.unwrap_or_default();
        profiles.extend(more_profiles);
        services.extend(more_services);
        log_changes.extend(more_changes);
    }
    HiveTables {
        profiles: table::<ProfileRow<'_>>(profiles),
        services: table::<ServiceRow<'_>>(services),
        log_changes: table::<LogChangeRow<'_>>(log_changes),
    }
}

/// A table as the program writes it.
pub fn table<R: TableRow>(rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut table = TableWriter::new::<R>(Vec::new(), Formulas::Neutralize).expect("memory");
    rows.into_iter().for_each(|row| table.write(row).expect("memory"));
    table.finish().expect("memory")
}

/// Writes every table of the hives below `inputs` to `folder`. `inputs` are relative to `from`.
pub fn write_case(folder: &Path, from: &Path, inputs: &[&str]) {
    let run = |command: &str, table: &str, more: &[&str]| {
        let mut program = program();
        program.current_dir(from).arg(command).args(inputs).arg("-o").arg(folder.join(table));
        for pair in more.chunks(2) {
            program.arg(pair[0]).arg(folder.join(pair[1]));
        }
        let run: Run = program.output().expect("the program runs").into();
        assert!([Some(0), Some(3)].contains(&run.code), "{command}: {}", run.stderr);
    };
    let more = ["--evidence", "evidence.csv", "--accounts", "accounts.csv", "--coverage", "hives.csv"];
    run("scan", "findings.csv", &[&more[..], &["--fleet", "fleet_findings.csv"]].concat());
    run("profiles", "properties.csv", &[]);
    run("timeline", "timeline.csv", &[]);
    let rules: Run = program().args(["rules", "--csv"]).output().expect("the program runs").into();
    std::fs::write(folder.join("rules.csv"), rules.stdout).expect("a writable folder");
    // Paths are told as they are given.
    let tables = hive_tables(&inputs.iter().map(|input| from.join(input)).collect::<Vec<_>>());
    let prefix = format!("{}/", from.display());
    for (name, table) in [
        ("profiles.csv", tables.profiles),
        ("services.csv", tables.services),
        ("log_changes.csv", tables.log_changes),
    ] {
        let text = String::from_utf8(table).expect("UTF-8").replace(&prefix, "");
        std::fs::write(folder.join(name), text).expect("a writable folder");
    }
}
