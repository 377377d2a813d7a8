//! Feeds kept inputs to their targets, without the fuzzer: `replay FOLDER [TARGET]...`, where `FOLDER/TARGET` has inputs of each
//! target; without names of all of them. Ends with 1 if a target panics, takes too long, has no input or is not known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use mapihive_fuzz::targets::{ALL, Target};

/// Longer takes no input; the slowest kept one takes a small part of a second, or some minutes of an interpreter.
const TOO_LONG: Duration = Duration::from_secs(if cfg!(miri) { 3_600 } else { 60 });

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: replay FOLDER [TARGET]...");
        return ExitCode::from(2);
    };
    match replay(Path::new(&folder), &arguments.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("replay: {why}");
            ExitCode::FAILURE
        }
    }
}

fn replay(folder: &Path, named: &[String]) -> Result<(), String> {
    if let Some(unknown) = named.iter().find(|named| ALL.iter().all(|(name, _)| name != named)) {
        return Err(format!("no target {unknown}"));
    }
    let mut kept: BTreeMap<String, PathBuf> = files(folder)?
        .into_iter()
        .map(|path| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path))
        .collect();
    let mut failed = 0;
    for (name, target) in ALL {
        let inputs = kept.remove(name);
        if !named.is_empty() && named.iter().all(|named| named != name) {
            continue;
        }
        let inputs = inputs.ok_or_else(|| format!("no inputs of {name}"))?;
        failed += replay_target(name, target, files(&inputs)?)?;
    }
    if let Some(unknown) = kept.keys().next() {
        return Err(format!("no target {unknown}"));
    }
    if failed > 0 {
        return Err(format!("{failed} inputs break a promise"));
    }
    Ok(())
}

/// Feeds the inputs in a thread of their own and tells how many of them panicked. One that takes too long ends all.
fn replay_target(name: &str, target: Target, inputs: Vec<PathBuf>) -> Result<usize, String> {
    if inputs.is_empty() {
        return Err(format!("no inputs of {name}"));
    }
    let (begun, watched) = channel();
    let start = Instant::now();
    let count = inputs.len();
    let worker = std::thread::spawn(move || {
        let mut failed = 0;
        for path in inputs {
            let input = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            // The other end is there as long as this thread is waited for.
            let _ = begun.send(path.clone());
            if std::panic::catch_unwind(|| mapihive_fuzz::run(target, &input)).is_err() {
                eprintln!("a promise is broken by {}", path.display());
                failed += 1;
            }
        }
        Ok::<usize, String>(failed)
    });
    let mut current = PathBuf::new();
    loop {
        match watched.recv_timeout(TOO_LONG) {
            Ok(path) => current = path,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("more than {} s for {}", TOO_LONG.as_secs(), current.display()));
            }
        }
    }
    let failed = worker.join().map_err(|_| format!("{name}: the thread ended early"))??;
    println!("{name}: {count} inputs, {:.1} s", start.elapsed().as_secs_f64());
    Ok(failed)
}

/// What a folder holds, in the order of names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> = entries
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}
