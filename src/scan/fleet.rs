//! Many hives in parallel, their results in one order whatever the number of threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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
            Self::Read(candidate) => {
                GroupKey::of(candidate.host.as_deref().map(str::to_owned), &candidate.hive_path)
            }
            Self::PassedOver(passed) => GroupKey::of(account::host(&passed.hive_path), &passed.hive_path),
        }
    }
}

/// Everything found, in the order of rows: by host, then by the bytes of the path; without a host, by collection first.
pub fn units(found: Discovered) -> Vec<Unit> {
    // No two have one path, and what is in the order of paths needs a small key to come together by groups.
    let mut units: Vec<Unit> = found.candidates.into_iter().map(Unit::Read).collect();
    units.extend(found.passed_over.into_iter().map(Unit::PassedOver));
    units.sort_unstable_by(|a, b| a.hive_path().cmp(b.hive_path()));
    units.sort_by_cached_key(Unit::rank);
    units
}

impl Unit {
    /// What groups are ordered by: the host, else the collection. Units with neither are groups of their own, in the order of
    /// their paths.
    fn rank(&self) -> (Option<Arc<str>>, Option<Box<str>>) {
        let host = match self {
            Self::Read(candidate) => candidate.host.clone(),
            Self::PassedOver(passed) => account::host(&passed.hive_path).map(Arc::from),
        };
        let collection = || account::collection(self.hive_path()).map(String::into_boxed_str);
        let collection = if host.is_none() { collection() } else { None };
        (host, collection)
    }
}

/// Bytes of results that wait for their turn. Of one hive they may be more.
const WAITING_BYTES: usize = 8 << 20;
/// Results that wait, per thread: enough that no thread waits long for a slow hive.
const WAITING_PER_THREAD: usize = 64;
/// Results that are handed over together: waking the thread that takes them costs more than some hives do.
const TOGETHER: usize = 16;

/// Runs `work` on all units on `threads` threads and hands the results to `take` in the order of the units, while the threads go
/// on. How many bytes a result holds is told by `size`: no unit is begun while too many wait, but the one that is waited for. An
/// error of `take` ends it. A stop that is requested ends it soon, with everything taken that stands before the first unit that
/// was not worked on; the number of units that were taken is given back.
pub fn in_order<U: Sync, T: Send, E>(
    units: &[U],
    threads: usize,
    stop: &Stop,
    work: impl Fn(&U) -> T + Sync,
    size: impl Fn(&T) -> usize + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<usize, E> {
    let work = |unit: &U| (!stop.is_requested()).then(|| work(unit));
    let threads = threads.min(units.len());
    let queue = Queue::new(units.len(), WAITING_PER_THREAD * threads);
    let serve = || {
        let _end = EndOfPanic(&queue);
        while let Some(number) = queue.claim() {
            let result = units.get(number).and_then(work);
            let bytes = result.as_ref().map_or(0, &size);
            queue.put(number, result, bytes);
        }
    };
    let mut take_all = |next: &dyn Fn(&U) -> Option<T>| {
        let _end = End(&queue);
        for (taken, unit) in units.iter().enumerate() {
            // Behind the first that was not worked on others may have been: rows are in order, so they do not count.
            let Some(result) = next(unit) else { return Ok(taken) };
            take(result)?;
        }
        Ok(units.len())
    };
    // One thread needs no pool, and a machine that gives no more threads can still do the work.
    let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok());
    match pool.flatten() {
        Some(pool) => pool.in_place_scope(|scope| {
            scope.spawn_broadcast(|_, _| serve());
            take_all(&|_| queue.next())
        }),
        None => take_all(&work),
    }
}

/// Units that are claimed in their order, and results that wait for their turn.
struct Queue<T> {
    state: Mutex<Waiting<T>>,
    changed: Condvar,
    units: usize,
    most: usize,
}

struct Waiting<T> {
    /// The first unit that nobody has claimed.
    unclaimed: usize,
    /// The unit whose result is handed out next.
    due: usize,
    results: BTreeMap<usize, (Option<T>, usize)>,
    bytes: usize,
    has_ended: bool,
}

impl<T> Queue<T> {
    fn new(units: usize, most: usize) -> Self {
        let waiting = Waiting { unclaimed: 0, due: 0, results: BTreeMap::new(), bytes: 0, has_ended: false };
        Self { state: Mutex::new(waiting), changed: Condvar::new(), units, most }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next unit to work on, once there is room for its result; `None` when there is nothing more to do.
    fn claim(&self) -> Option<usize> {
        let is_full = |waiting: &mut Waiting<T>| {
            let ahead = waiting.unclaimed - waiting.due;
            !waiting.has_ended && ahead > 0 && (waiting.bytes >= WAITING_BYTES || ahead >= self.most)
        };
        let waiting = self.changed.wait_while(self.lock(), is_full);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let number = waiting.unclaimed;
        if waiting.has_ended || number >= self.units {
            return None;
        }
        waiting.unclaimed += 1;
        Some(number)
    }

    fn put(&self, number: usize, result: Option<T>, bytes: usize) {
        let mut waiting = self.lock();
        let is_stopped = result.is_none();
        waiting.bytes += bytes;
        waiting.results.insert(number, (result, bytes));
        // Whenever nobody can go on, one of these holds.
        let is_enough = waiting.results.len() >= TOGETHER.min(self.most)
            || waiting.bytes >= WAITING_BYTES
            || waiting.unclaimed == self.units
            || is_stopped;
        if is_enough && waiting.results.contains_key(&waiting.due) {
            drop(waiting);
            self.changed.notify_all();
        }
    }

    /// The next result, when it is there; `None` where the unit was not worked on.
    fn next(&self) -> Option<T> {
        let is_missing =
            |waiting: &mut Waiting<T>| !waiting.has_ended && !waiting.results.contains_key(&waiting.due);
        let waiting = self.changed.wait_while(self.lock(), is_missing);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let due = waiting.due;
        let (result, bytes) = waiting.results.remove(&due)?;
        waiting.due += 1;
        waiting.bytes -= bytes;
        drop(waiting);
        self.changed.notify_all();
        result
    }

    fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }
}

/// Lets nobody wait for results that nobody takes any more.
struct End<'q, T>(&'q Queue<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Lets nobody wait for the result of a thread that panicked; rayon hands the panic on.
struct EndOfPanic<'q, T>(&'q Queue<T>);

impl<T> Drop for EndOfPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_those_that_wait_are_bounded() {
        use std::sync::atomic::AtomicUsize;

        /// Bytes of a result.
        const SIZE: usize = 1 << 20;
        const THREADS: usize = 4;

        let units: Vec<usize> = (0..400).collect();
        let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut taken = Vec::new();
        let work = |unit: &usize| {
            most.fetch_max(held.fetch_add(SIZE, Ordering::SeqCst) + SIZE, Ordering::SeqCst);
            // The first of each ten is slow.
            std::thread::sleep(std::time::Duration::from_millis(if unit.is_multiple_of(10) { 5 } else { 0 }));
            *unit
        };
        let done = in_order(
            &units,
            THREADS,
            &Stop::default(),
            work,
            |_| SIZE,
            |unit| {
                held.fetch_sub(SIZE, Ordering::SeqCst);
                taken.push(unit);
                Ok::<(), std::convert::Infallible>(())
            },
        );
        assert_eq!(done, Ok(units.len()));
        assert_eq!(taken, units);
        // What is being worked on comes on top, and so does what is being taken.
        let most = most.into_inner();
        assert!(most <= WAITING_BYTES + (THREADS + 1) * SIZE, "{most}");
    }

    #[test]
    fn a_result_larger_than_the_room_passes() {
        let units = [0, 1, 2, 3];
        let mut taken = Vec::new();
        let take = |unit| {
            taken.push(unit);
            Ok::<(), std::convert::Infallible>(())
        };
        assert_eq!(in_order(&units, 2, &Stop::default(), |unit| *unit, |_| 2 * WAITING_BYTES, take), Ok(4));
        assert_eq!(taken, units);
    }

    #[test]
    fn an_error_ends_the_work_and_a_stop_gives_what_stands_before_it() {
        let units: Vec<u32> = (0..1_000).collect();
        for threads in [1, 3] {
            let take = |unit| if unit == 7 { Err(unit) } else { Ok(()) };
            assert_eq!(in_order(&units, threads, &Stop::default(), |unit| *unit, |_| 0, take), Err(7));

            let stop = Stop::default();
            let mut taken = Vec::new();
            let work = |unit: &u32| {
                if *unit == 20 {
                    stop.request();
                }
                *unit
            };
            let take = |unit| {
                taken.push(unit);
                Ok::<(), std::convert::Infallible>(())
            };
            let count = in_order(&units, threads, &stop, work, |_| 0, take).unwrap();
            assert!((18..units.len()).contains(&count), "{count}");
            assert_eq!(taken, units.iter().copied().take(count).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "the work failed")]
    fn a_panic_is_handed_on_and_nobody_waits_for_ever() {
        let work = |unit: &u32| assert!(*unit != 5, "the work failed");
        let _ = in_order(&[1, 2, 5, 6, 7, 8], 2, &Stop::default(), work, |()| 0, |()| Ok::<(), ()>(()));
    }
}
