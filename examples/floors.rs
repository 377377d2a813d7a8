//! What `scripts/bench` holds mapihive against: what the machine asks for the same pages and bytes however they are used, and
//! the library alone at the two jobs that other readers of hives have.
//!
//! `floors WORK LIST` does one kind of work with every file of LIST, on one thread. A line of LIST is a path; for `touch` a tab
//! and the numbers of pages follow. What was counted is told on standard error, so that the work cannot be left out.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::path::Path;
use std::process::ExitCode;

use mapihive::hive::{Care, Problems, Reached, Step, Way};
use mapihive::mapi::families::Families;
use mapihive::scan::{Candidate, OpenHive, Reading, read_hive};
use mapihive::wintypes::{AnsiCodePage, hex};
use memmap2::{Advice, Mmap, MmapMut};
use sha2::{Digest as _, Sha256};

const USAGE: &str = "usage: floors touch|sum|read|sha256|targeted|walk LIST";
const PAGE: usize = 4096;
/// Where most profiles lie: what other readers are asked for.
const SUBSYSTEM: &str = r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, list] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut floor = match work.as_str() {
        "touch" => Floor::Touch,
        "sum" => Floor::Sum,
        "read" => Floor::Read(Buffer::default()),
        "sha256" => Floor::Sha256(Buffer::default()),
        "targeted" => Floor::Targeted(BufWriter::with_capacity(1 << 16, io::stdout())),
        "walk" => Floor::Walk,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match of_all(&mut floor, Path::new(list)) {
        Ok(counted) => {
            eprintln!("{} keys, {} values, sum {}", counted.keys, counted.values, counted.sum);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("floors: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is done with a file.
enum Floor {
    /// Maps it and reads one byte of each page that is named.
    Touch,
    /// Maps it and reads every byte.
    Sum,
    /// Reads it into memory that is used again.
    Read(Buffer),
    /// The same, hashed.
    Sha256(Buffer),
    /// Every key and value below [`SUBSYSTEM`], with times and data, as CSV.
    Targeted(BufWriter<io::Stdout>),
    /// Every key and value, with data.
    Walk,
}

#[derive(Default)]
struct Counted {
    keys: u64,
    values: u64,
    /// Of what was read, so that it cannot be left out.
    sum: u64,
}

fn of_all(floor: &mut Floor, list: &Path) -> io::Result<Counted> {
    let mut counted = Counted::default();
    for line in BufReader::new(File::open(list)?).lines() {
        let line = line?;
        let (path, pages) = line.split_once('\t').unwrap_or((&line, ""));
        let path = Path::new(path);
        match floor {
            Floor::Touch => counted.sum += touch(path, pages)?,
            Floor::Sum => counted.sum += sum(&map(path)?),
            Floor::Read(buffer) => counted.sum += buffer.fill(path)?.len() as u64,
            Floor::Sha256(buffer) => {
                counted.sum += u64::from(Sha256::digest(buffer.fill(path)?)[0]);
            }
            Floor::Targeted(output) => targeted(path, output, &mut counted)?,
            Floor::Walk => walk(path, &mut counted),
        }
    }
    if let Floor::Targeted(output) = floor {
        output.flush()?;
    }
    Ok(counted)
}

fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the bytes are only counted; files of a bench are not changed while it runs.
    #[allow(unsafe_code, reason = "mapping is what is measured")]
    unsafe {
        Mmap::map(&file)
    }
}

fn touch(path: &Path, pages: &str) -> io::Result<u64> {
    let map = map(path)?;
    map.advise(Advice::Random)?;
    let pages = pages.split(',').filter_map(|page| page.parse::<usize>().ok());
    Ok(pages.filter_map(|page| map.get(page * PAGE)).map(|byte| u64::from(*byte)).sum())
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

/// Memory that begins on a page, where reading is fastest, and is kept from file to file.
#[derive(Default)]
struct Buffer(Option<MmapMut>);

impl Buffer {
    fn fill(&mut self, path: &Path) -> io::Result<&[u8]> {
        let mut file = File::open(path)?;
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if self.0.as_ref().is_none_or(|memory| memory.len() < len) {
            self.0 = Some(MmapMut::map_anon(len.next_power_of_two().max(PAGE))?);
        }
        let memory = self.0.as_mut().and_then(|memory| memory.get_mut(..len)).unwrap_or_default();
        file.read_exact(memory)?;
        Ok(memory)
    }
}

/// Opens a hive without its logs and hands it over.
fn open(path: &Path, way: Way, mut with: impl FnMut(&OpenHive<'_>, &mut Problems)) {
    let reading = Reading {
        care: Care::Once,
        way,
        logs: false,
        recovery: None,
        families: Families::built_in(),
        hash: false,
        fleet: false,
        ansi: AnsiCodePage::UNKNOWN,
    };
    read_hive(&Candidate::named(path), reading, |hive, problems| {
        with(hive, problems);
        (None, ())
    });
}

fn targeted(path: &Path, output: &mut impl Write, counted: &mut Counted) -> io::Result<()> {
    let mut result = Ok(());
    open(path, Way::Map, |hive, problems| {
        let Some(start) = hive.tree.root().ok().and_then(|root| root.descendant(SUBSYSTEM).here()) else {
            return;
        };
        hive.tree.walk(start, SUBSYSTEM, &mut Reached::default(), problems, |step, problems| {
            counted.keys += 1;
            if result.is_ok() {
                result = rows(&step, output, problems, counted);
            }
        });
    });
    result
}

/// The rows of a key and its values.
fn rows(
    step: &Step<'_, '_, '_>,
    output: &mut impl Write,
    problems: &mut Problems,
    counted: &mut Counted,
) -> io::Result<()> {
    let Step { key, path, .. } = step;
    writeln!(output, "{path},{},,,", key.last_written())?;
    for value in &key.values(path, problems).items {
        counted.values += 1;
        let data = value.data().map(|data| hex(&data.bytes)).unwrap_or_default();
        writeln!(output, "{path},,{},{},{data}", value.name().to_text(), value.value_type())?;
    }
    Ok(())
}

fn walk(path: &Path, counted: &mut Counted) {
    open(path, Way::Read, |hive, problems| {
        let Ok(root) = hive.tree.root() else { return };
        let mut values = Vec::new();
        hive.tree.walk(root, "", &mut Reached::default(), problems, |step, problems| {
            counted.keys += 1;
            step.key.values_into(&mut values, step.path, problems);
            for value in &values {
                counted.values += 1;
                // A byte of each line of the cache is enough to have had the data.
                let first_bytes =
                    |bytes: &[u8]| bytes.iter().step_by(64).map(|byte| u64::from(*byte)).sum::<u64>();
                counted.sum += hive.tree.data(value).map_or(0, |data| first_bytes(&data.bytes));
            }
        });
    });
}
