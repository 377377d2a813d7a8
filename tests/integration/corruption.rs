//! No corruption of a hive makes anything panic, take long, or say two things about the same bytes.
//!
//! Every case is a hive, a kind of change and a seed, so that a failure names all that is needed to see it again:
//! `MAPIHIVE_CORRUPTION_SEED=<hive>:<seed> cargo test corruption`. The tests are built with overflow checks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hive_synth::log::fix_hashes;
use hive_synth::mapi::{Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::story::{CopiedHive, LogFormat, stories};
use hive_synth::{HiveBuilder, ListKind, Version, filetime, samples};
use mapihive::scan::Status;

use crate::support::{Written, examine_file};

/// Cases in all, unless `MAPIHIVE_CORRUPTION_CASES` asks for more.
const CASES: u64 = 3_200;
/// What no hive of this size may take, in a build without optimisation on a busy machine.
const SLOW: Duration = Duration::from_secs(5);

/// A small generator of numbers that differ for every seed and never change (`SplitMix64`, Steele and others, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("a small number")
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Changes a hive in a way that depends on the seed alone.
fn corrupt(bytes: &mut Vec<u8>, seed: u64) {
    let mut random = Random(seed);
    let changes = random.one_of(&[1, 1, 1, 2, 4, 16, 64]);
    // Cells with a signature are where damage tells; a third of the changes aim at them.
    let records: Vec<usize> = (4096..bytes.len().saturating_sub(4))
        .step_by(8)
        .filter(|at| {
            matches!(&bytes[at + 4..][..2], b"nk" | b"vk" | b"lf" | b"lh" | b"li" | b"ri" | b"sk" | b"db")
        })
        .collect();
    for _ in 0..changes {
        if bytes.len() < 8 {
            return;
        }
        let at = match random.below(3) {
            0 if !records.is_empty() => random.one_of(&records) + random.below(84),
            1 => random.below(bytes.len().min(4096 + 64)),
            _ => random.below(bytes.len()),
        }
        .min(bytes.len() - 1);
        let word = at.min(bytes.len() - 4) & !3;
        match random.below(12) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.one_of(&[0, 1, 0x7f, 0x80, 0xff]),
            2 => bytes[word..word + 4].copy_from_slice(&[0; 4]),
            3 => bytes[word..word + 4].copy_from_slice(&[0xff; 4]),
            4 => {
                let random = random.next().to_le_bytes();
                bytes[word..word + 4].copy_from_slice(&random[..4]);
            }
            5 => {
                // A cell's offset, as a reference would give it.
                let target = u32::try_from(random.below(bytes.len()) & !7).expect("a small hive");
                bytes[word..word + 4].copy_from_slice(&target.to_le_bytes());
            }
            6 if !records.is_empty() => {
                // A reference to a record, be it the wrong one.
                let target = u32::try_from(random.one_of(&records) - 4096).expect("a small hive");
                bytes[word..word + 4].copy_from_slice(&target.to_le_bytes());
            }
            7 => {
                let edge = random.one_of(&[
                    1,
                    0x7fff_ffff,
                    0x8000_0000,
                    0x8000_0001,
                    0xffff_fffe,
                    0xffff_f000,
                    0xffff_fff8,
                ]);
                bytes[word..word + 4].copy_from_slice(&u32::to_le_bytes(edge));
            }
            8 => {
                let other = random.below(bytes.len() - 4) & !3;
                for index in 0..4 {
                    bytes.swap(word + index, other + index);
                }
            }
            9 => {
                let length = random.below(256).min(bytes.len() - at);
                let from = random.below(bytes.len() - length);
                bytes.copy_within(from..from + length, at);
            }
            10 => {
                let length = random.below(64).min(bytes.len() - at);
                bytes[at..at + length].fill(random.one_of(&[0, 0xff, 0x41]));
            }
            _ if random.below(4) == 0 => bytes.truncate(at),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
}

/// All sample hives, and hives with what these have not.
fn hives() -> Vec<(String, Vec<u8>)> {
    let samples = samples::all().iter().flat_map(|host| {
        host.samples.iter().map(move |sample| (format!("{}/{}", host.name, sample.path), (sample.bytes)()))
    });
    let mut hives: Vec<_> = samples.filter(|(_, bytes)| bytes.starts_with(b"regf")).collect();
    for (version, list, wide) in [
        (Version::V1_2, ListKind::Index, false),
        (Version::V1_3, ListKind::Fast, true),
        (Version::V1_5, ListKind::Hash, false),
        (Version::V1_6, ListKind::Hash, true),
    ] {
        let mut builder = HiveBuilder::new(version);
        builder.list_kind(list).wide_names(wide).leaf_size(2);
        let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
        for name in ["One", "Two", "Three"] {
            let profile = NewProfile::new(PROFILES, name, filetime(2001, 1, 1, 0, 0, 0, 0));
            exchange_profile(&mut builder, &profile, &mailbox);
        }
        builder.key("Big").binary("data", &vec![7; 40_000]).class("class").tombstone("gone");
        builder.key(r"Software\Microsoft\Office\16.0\Outlook").sz("DefaultProfile", "x");
        builder
            .key(r"Software\Microsoft\Protected Storage System Provider\S-1-5-21-1-2-3-1000\Data")
            .binary("x", b"y");
        hives.push((format!("made/{version:?}/NTUSER.DAT"), builder.build().bytes));
    }
    hives
}

/// What is said about a hive, without the time of the file that held it.
fn said(read: &Written) -> String {
    let coverage = |coverage: &mapihive::scan::Coverage| {
        let mut coverage = coverage.clone();
        coverage.modified = None;
        format!("{coverage:?}")
    };
    let (scan, dump) = (coverage(&read.scan.coverage), coverage(&read.dump_coverage));
    let tables = [&read.dump, &read.properties, &read.deleted];
    format!("{scan}{dump}{:?}{tables:?}{:?}", read.scan.judged, read.timeline)
}

/// What became of a case.
struct Outcome {
    status: Status,
    took: Duration,
}

fn judge(file: &Path, name: &str, whole: &[u8], seed: u64) -> Outcome {
    let mut bytes = whole.to_vec();
    corrupt(&mut bytes, seed);
    std::fs::write(file, &bytes).expect("a writable temporary folder");
    judge_file(file, name, seed)
}

fn judge_file(file: &Path, name: &str, seed: u64) -> Outcome {
    let start = Instant::now();
    let read = examine_file(file, name);
    let took = start.elapsed();
    assert!(took < SLOW, "took {took:?}");
    if seed.is_multiple_of(10) {
        assert!(said(&read) == said(&examine_file(file, name)), "the same bytes gave two results");
    }
    let coverage = &read.scan.coverage;
    assert!(coverage.status != Status::Parsed || coverage.reason.is_empty());
    assert!(coverage.status == Status::Parsed || !coverage.reason.is_empty(), "{:?}", coverage.status);
    for table in [&read.dump, &read.properties, &read.deleted] {
        let text = std::str::from_utf8(table).expect("tables in UTF-8");
        let control = text.chars().find(|character| character.is_control() && !"\r\n".contains(*character));
        assert_eq!(control, None, "a control character in {text:?}");
    }
    Outcome { status: coverage.status, took }
}

#[test]
fn no_corruption_panics_hangs_or_gives_two_results() {
    let hives = hives();
    let only = std::env::var("MAPIHIVE_CORRUPTION_SEED").ok();
    let only = only.as_deref().and_then(|only| only.rsplit_once(':'));
    let asked = std::env::var("MAPIHIVE_CORRUPTION_CASES").ok().and_then(|number| number.parse().ok());
    let per_hive = asked.unwrap_or(CASES).div_ceil(hives.len() as u64);
    let cases: Vec<(usize, u64)> = (0..per_hive)
        .flat_map(|seed| (0..hives.len()).map(move |hive| (hive, seed)))
        .filter(|(hive, seed)| {
            only.is_none_or(|(name, number)| hives[*hive].0 == name && seed.to_string() == number)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("NTUSER.DAT");
        let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
        while let Some((hive, seed)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, whole) = &hives[*hive];
            match catch_unwind(AssertUnwindSafe(|| judge(&file, name, whole, *seed))) {
                Ok(outcome) => outcomes.push(outcome),
                Err(_) => failures.push(format!("MAPIHIVE_CORRUPTION_SEED='{name}:{seed}'")),
            }
        }
        (outcomes, failures)
    };
    let (outcomes, failures): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker that catches panics")).unzip()
    });
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));

    // The changes must matter, or the test promises nothing.
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
    let slowest = outcomes.iter().map(|outcome| outcome.took).max().unwrap_or_default();
    let (parsed, partial, failed) = (count(Status::Parsed), count(Status::Partial), count(Status::Failed));
    println!("{parsed} parsed, {partial} partial, {failed} failed; slowest {slowest:?}");
    if only.is_none() {
        assert!(outcomes.len() as u64 >= CASES && partial > 1_000 && parsed > 100 && failed > 50);
    }
}

#[test]
fn every_word_of_a_header_may_be_anything() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("NTUSER.DAT");
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(r"Software\Microsoft").dword("v", 1);
    let whole = builder.build();
    for at in (0..112).step_by(4) {
        for word in [0, 1, 2, 6, 0xfff, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, 0xffff_f001, u32::MAX]
        {
            for fix in [false, true] {
                let mut hive = whole.clone();
                hive.bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
                if fix {
                    hive.fix_checksum();
                }
                std::fs::write(&file, &hive.bytes).expect("a writable temporary folder");
                let done = catch_unwind(|| drop(examine_file(&file, "NTUSER.DAT")));
                assert!(done.is_ok(), "byte {at} set to {word:#x}, checksum right: {fix}");
            }
        }
    }
}

/// Cases of the test below, over all dirty hives of the stories.
const LOG_CASES: u64 = 3_000;

#[test]
fn no_corruption_of_a_log_panics_hangs_or_gives_two_results() {
    let steps: Vec<_> = stories::ALL
        .into_iter()
        .flat_map(|(_, tell)| LogFormat::ALL.into_iter().flat_map(tell))
        .map(|step| step.copy)
        .filter(CopiedHive::is_dirty)
        .collect();
    let next = AtomicU64::new(0);
    let work = || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("NTUSER.DAT");
        let (mut applied, mut refused, mut failures) = (0, 0, Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= LOG_CASES {
                return (applied, refused, failures);
            }
            let mut copy = steps[Random(seed).below(steps.len())].clone();
            let mut random = Random(!seed);
            for (_, log) in &mut copy.logs {
                if !log.is_empty() && random.below(4) > 0 {
                    corrupt(log, random.next());
                    // Where hashes hold, what they vouch for is believed, whatever it is.
                    if random.below(3) > 0 {
                        fix_hashes(log);
                    }
                }
            }
            if random.below(4) == 0 {
                corrupt(&mut copy.primary, random.next());
            }
            std::fs::write(&file, &copy.primary).expect("a writable temporary folder");
            for suffix in ["LOG", "LOG1", "LOG2"] {
                let log = file.with_extension(format!("DAT.{suffix}"));
                match copy.logs.iter().find(|(name, _)| *name == suffix) {
                    Some((_, bytes)) => std::fs::write(log, bytes).expect("a writable temporary folder"),
                    None => drop(std::fs::remove_file(log)),
                }
            }
            let judged = AssertUnwindSafe(|| judge_file(&file, "NTUSER.DAT", seed));
            match catch_unwind(judged) {
                Ok(Outcome { status: Status::Parsed, .. }) => applied += 1,
                Ok(_) => refused += 1,
                Err(_) => failures.push(seed),
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker that catches panics")).collect()
    });
    let failures: Vec<u64> = results.iter().flat_map(|(_, _, failures)| failures.clone()).collect();
    assert!(failures.is_empty(), "seeds {failures:?}");
    let (applied, refused) = results.iter().fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    println!("{applied} parsed, {refused} not wholly");
    assert!(applied > 200 && refused > 200, "{applied} {refused}");
}
