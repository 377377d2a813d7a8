//! Many hives in parallel, their results in one order whatever the number of threads.

use rayon::prelude::*;

use super::discover::{Candidate, Discovered, PassedOver};
use crate::account;

/// One thing that gets a row in the coverage table.
#[derive(Clone, Debug)]
pub enum Unit {
    /// A file to read.
    Read(Candidate),
    /// A file or folder that is not read.
    PassedOver(PassedOver),
}

impl Unit {
    fn host(&self) -> Option<String> {
        match self {
            Self::Read(candidate) => candidate.host.clone(),
            Self::PassedOver(passed) => account::host(&passed.hive_path),
        }
    }

    fn hive_path(&self) -> &str {
        match self {
            Self::Read(candidate) => &candidate.hive_path,
            Self::PassedOver(passed) => &passed.hive_path,
        }
    }
}

/// Everything found, in the order of rows: by host, then by the bytes of the path.
pub fn units(found: Discovered) -> Vec<Unit> {
    let read = found.candidates.into_iter().map(Unit::Read);
    let mut units: Vec<Unit> = read.chain(found.passed_over.into_iter().map(Unit::PassedOver)).collect();
    units.sort_by_cached_key(|unit| (unit.host(), unit.hive_path().to_owned()));
    units
}

/// Runs `work` on all units on `threads` threads and hands the results to `take` in the order of the units. At most a
/// window of results is held; an error of `take` ends it.
pub fn in_order<U: Sync, T: Send, E>(
    units: &[U],
    threads: usize,
    work: impl Fn(&U) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    /// Results held per thread: enough that no thread waits long for the slowest hive of a window.
    const WINDOW_PER_THREAD: usize = 64;

    let threads = threads.min(units.len());
    // One thread needs no pool, and a machine that gives no more threads can still do the work.
    let pool =
        (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten();
    for window in units.chunks(WINDOW_PER_THREAD * threads.max(1)) {
        let results: Vec<T> = match &pool {
            Some(pool) => pool.install(|| window.par_iter().map(&work).collect()),
            None => window.iter().map(&work).collect(),
        };
        results.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}
