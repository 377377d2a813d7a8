//! Writes a fleet of synthetic hives with the truth of what was planted: see `scripts/make_fleet`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io, thread};

use hive_synth::fleet::{FleetHost, Plan, TRUTH_HEADER};

const USAGE: &str = "usage: make-fleet N FOLDER [--seed S] [--hives-per-host K]";

fn main() -> ExitCode {
    let Some((plan, folder)) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match write_fleet(plan, &folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `None` for what is not understood.
fn arguments() -> Option<(Plan, PathBuf)> {
    let mut operands = Vec::new();
    let mut plan = Plan { hives: 0, hives_per_host: 4, seed: 1 };
    let mut all = env::args_os().skip(1);
    while let Some(argument) = all.next() {
        match argument.to_str() {
            Some("--seed") => plan.seed = all.next()?.to_str()?.parse().ok()?,
            Some("--hives-per-host") => plan.hives_per_host = all.next()?.to_str()?.parse().ok()?,
            Some(option) if option.starts_with("--") => return None,
            _ => operands.push(argument),
        }
    }
    let [hives, folder] = operands.as_slice() else { return None };
    plan.hives = hives.to_str()?.parse().ok()?;
    (plan.hives_per_host > 0).then(|| (plan, PathBuf::from(folder)))
}

fn write_fleet(plan: Plan, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut truth = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.hosts() {
                return Ok(truth);
            }
            let host = plan.host(number);
            write_files(&host, folder)?;
            truth.push((number, host.rows()));
        }
    };
    let parts: Vec<io::Result<Vec<(u64, String)>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let mut truth: Vec<(u64, String)> = Vec::new();
    for part in parts {
        truth.extend(part?);
    }
    truth.sort_unstable();
    let rows: String = truth.into_iter().map(|(_, rows)| rows).collect();
    fs::write(folder.join("truth.csv"), format!("{TRUTH_HEADER}{rows}"))
}

fn write_files(host: &FleetHost, folder: &Path) -> io::Result<()> {
    for file in &host.files {
        let path = folder.join(&file.path);
        let in_file = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(in_file)?;
        }
        fs::write(&path, &file.bytes).map_err(in_file)?;
    }
    Ok(())
}
