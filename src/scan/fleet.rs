//! Many hives in parallel, their results in one order whatever the number of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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

/// What is never divided: a host; of hives without one what was collected together, and else the hive alone. Ordered as rows
/// are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKey {
    /// The host.
    pub host: Option<String>,
    /// Without a host, the collection ([`account::collection`]).
    pub collection: Option<String>,
    /// Without either, the hive.
    pub hive_path: Option<String>,
}

impl GroupKey {
    fn of(host: Option<String>, hive_path: &str) -> Self {
        if host.is_some() {
            return Self { host, collection: None, hive_path: None };
        }
        let collection = account::collection(hive_path);
        let hive_path = collection.is_none().then(|| hive_path.to_owned());
        Self { host, collection, hive_path }
    }

    /// Which of `shards` shards, counted from 0, has the group: the first bytes of the SHA-256 of its key decide, so that
    /// every machine and every version comes to the same.
    pub fn shard(&self, shards: u32) -> u32 {
        let mut hash = Sha256::new();
        for part in [&self.host, &self.collection, &self.hive_path] {
            hash.update([u8::from(part.is_some())]);
            hash.update(part.as_deref().unwrap_or_default());
            hash.update([0]);
        }
        let digest = hash.finalize();
        let first = digest.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        first.checked_rem(shards).unwrap_or(0)
    }
}

impl std::fmt::Display for GroupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.host, &self.collection, &self.hive_path) {
            (Some(host), _, _) => write!(f, "host {host}"),
            (None, _, Some(hive_path)) => write!(f, "{hive_path}"),
            (None, Some(collection), None) if !collection.is_empty() => {
                write!(f, "the hives in {collection}")
            }
            (None, _, None) => write!(f, "the hives without a host"),
        }
    }
}

/// Tells everybody who works to stop; clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Work stops soon.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether work is to stop.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for what sets it when a signal comes.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Unit {
    /// The file, as every table calls it.
    pub fn hive_path(&self) -> &str {
        match self {
            Self::Read(candidate) => &candidate.hive_path,
            Self::PassedOver(passed) => &passed.hive_path,
        }
    }

    /// What it is never divided from.
    pub fn group(&self) -> GroupKey {
        match self {
            Self::Read(candidate) => GroupKey::of(candidate.host.clone(), &candidate.hive_path),
            Self::PassedOver(passed) => GroupKey::of(account::host(&passed.hive_path), &passed.hive_path),
        }
    }
}

/// Everything found, in the order of rows: by host, then by the bytes of the path; without a host, by collection first.
pub fn units(found: Discovered) -> Vec<Unit> {
    let read = found.candidates.into_iter().map(Unit::Read);
    let mut units: Vec<Unit> = read.chain(found.passed_over.into_iter().map(Unit::PassedOver)).collect();
    units.sort_by_cached_key(|unit| (unit.group(), unit.hive_path().to_owned()));
    units
}

/// Runs `work` on all units on `threads` threads and hands the results to `take` in the order of the units. At most a
/// window of results is held; an error of `take` ends it. A stop that is requested ends it before the next window, with
/// everything taken that was worked on before it; the number of units that were taken is given back.
pub fn in_order<U: Sync, T: Send, E>(
    units: &[U],
    threads: usize,
    stop: &Stop,
    work: impl Fn(&U) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<usize, E> {
    /// Results held per thread: enough that no thread waits long for the slowest hive of a window.
    const WINDOW_PER_THREAD: usize = 64;

    let threads = threads.min(units.len());
    // One thread needs no pool, and a machine that gives no more threads can still do the work.
    let pool =
        (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten();
    let work = |unit| (!stop.is_requested()).then(|| work(unit));
    let mut taken = 0;
    for window in units.chunks(WINDOW_PER_THREAD * threads.max(1)) {
        let results: Vec<Option<T>> = match &pool {
            Some(pool) => pool.install(|| window.par_iter().map(work).collect()),
            None => window.iter().map(work).collect(),
        };
        // Behind the first that was not worked on others may have been: rows are in order, so they do not count.
        for result in results {
            let Some(result) = result else { return Ok(taken) };
            take(result)?;
            taken += 1;
        }
    }
    Ok(taken)
}
