//! The tables of which each hive gives rows of its own.

use std::path::PathBuf;

use mapihive::account::Attribution;
use mapihive::hive::Care;
use mapihive::report::{
    Formulas, LogChangeRow, ProfileRow, Row as TableRow, ServiceRow, TableWriter, log_change_rows,
    profile_rows, service_rows,
};
use mapihive::scan::{GivenHives, Hosts, OpenHive, Understood, Unit, discover, read_hive, units};

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
