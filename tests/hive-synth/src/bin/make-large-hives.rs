//! Writes the hives that `scripts/bench` measures with.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io, thread};

use hive_synth::large::{LargePlan, bomb, with_profiles, with_siblings};

const USAGE: &str = "usage: make-large-hives fleet N FOLDER
       make-large-hives dirty N FOLDER
       make-large-hives shapes DIVISOR FOLDER

fleet   N hives of users, 0.25 to 10 MB, half with profiles
dirty   the same, each dirty with a log that makes it current
shapes  one hive for each way to be large: of profiles, of other keys, of siblings, of paths; the large ones divided";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, number, folder] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Some(number) = number.parse().ok().filter(|number| *number > 0) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let folder = Path::new(folder);
    let made = match what.as_str() {
        "fleet" => write_fleet(LargePlan { hives: number, dirty: false, seed: 1 }, folder),
        "dirty" => write_fleet(LargePlan { hives: number, dirty: true, seed: 2 }, folder),
        "shapes" => write_shapes(number, folder),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-large-hives: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_fleet(plan: LargePlan, folder: &Path) -> io::Result<()> {
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.hives {
                return Ok(());
            }
            for file in plan.files(number) {
                write(&folder.join(file.path), &file.bytes)?;
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })
}

fn write_shapes(divisor: u64, folder: &Path) -> io::Result<()> {
    const MEBIBYTE: usize = 1 << 20;

    let less = usize::try_from(divisor).unwrap_or(usize::MAX);
    let shapes = [
        ("profiles-few", with_profiles(1_000 / divisor, 0)),
        ("profiles-many", with_profiles(10_000 / divisor, 0)),
        ("size-small", with_profiles(3, 14 * MEBIBYTE / 10)),
        ("size-large", with_profiles(3, 140 * MEBIBYTE / less)),
        ("siblings-few", with_siblings(10)),
        ("siblings-many", with_siblings(60_000 / less)),
        ("bomb", bomb()),
    ];
    shapes.iter().try_for_each(|(name, bytes)| write(&folder.join(name).join("NTUSER.DAT"), bytes))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let in_file = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(in_file)?;
    }
    fs::write(path, bytes).map_err(in_file)
}
