//! Arguments that name what is read, and what several commands share.

use std::io::{self, BufRead as _, Read as _};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use sha2::{Digest as _, Sha256};

use super::Exit;
use super::interrupt::{self, Interrupted};
use crate::hive::{Care, Depth, HiveState, Way};
use crate::mapi::families::Families;
use crate::report::{Formulas, Output, OutputError};
use crate::scan::{
    Candidate, Coverage, Discovered, GivenHives, Hosts, Input, ManifestLine, OpenHive, Reading, Understood,
    Unit, discover_inputs, in_order, path_text, read_hive, units,
};
use crate::wintypes::{AnsiCodePage, hex};

#[derive(Debug, Args)]
pub(super) struct Inputs {
    #[command(flatten)]
    named: Named,
    /// Threads to use; four to eight times as many pay where files have to come from a disk or a network [default: as many as
    /// there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Exit with 3 also where a dirty hive could not be made current by its transaction logs
    #[arg(long)]
    strict: bool,
    /// Tell names of profiles by the families in FILE (TOML) too, beside the built-in ones
    #[arg(long, value_name = "FILE")]
    families: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceOptions,
    /// The host of all hives; without it, the folder above the drive or Windows folder
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// The SYSTEM hive of the host; without it, the one in the host's config folder
    #[arg(long, value_name = "FILE")]
    system: Option<PathBuf>,
    /// The SOFTWARE hive of the host; without it, the one in the host's config folder
    #[arg(long, value_name = "FILE")]
    software: Option<PathBuf>,
    /// The SAM hive of the host; without it, the one in the host's config folder
    #[arg(long, value_name = "FILE")]
    sam: Option<PathBuf>,
}

// The files and folders that are named.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// Hives, archives (zip, tar, gz, xz, zst) and folders to search for hives (hidden ones too; symbolic links inside are
    /// not followed)
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    paths: Vec<PathBuf>,
    /// Read further paths from FILE, one a line, or a JSON object that says more of a file; - is standard input
    ///
    /// A line that begins with a brace has `path` (where to open the file), and may have `logs`, `original_path` (what it is
    /// called in all tables), `host`, `system`, `software` and `evidence_id`.
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// The lines of --files-from end with NUL instead of a line feed
    #[arg(short = '0', long, requires = "files_from")]
    null: bool,
}

// How much of what hives and logs hold is read.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct EvidenceOptions {
    /// Read hives as they are: do not apply their transaction logs in memory
    #[arg(long)]
    no_logs: bool,
    /// Read live keys only: recover no deleted ones
    #[arg(long)]
    live_only: bool,
    /// Recover deleted keys from allocated cells without reference too, which reads every key of each hive
    #[arg(long, conflicts_with = "live_only")]
    deep: bool,
}

#[derive(Debug, Args)]
pub(super) struct Target {
    /// Write to FILE instead of standard output; never into a folder that is examined
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long)]
    pub(super) clobber: bool,
}

// How cells that look like formulas are written.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CellStyle {
    /// Write cells as they are, even those that a spreadsheet would run as formulas
    #[arg(long)]
    csv_raw: bool,
}

impl Inputs {
    /// How hives are read.
    pub(super) fn reading(&self) -> anyhow::Result<Reading> {
        // One that is named and not there would be missed in silence.
        for (name, file) in [("SYSTEM", &self.system), ("SOFTWARE", &self.software), ("SAM", &self.sam)] {
            let Some(file) = file else { continue };
            if Candidate::with_logs(file).files().next().is_none_or(|file| !file.is_file()) {
                anyhow::bail!("the {name} hive {} is no file that can be read", file.display());
            }
        }
        let reading = self.evidence.reading(Care::Once, Way::Map);
        let Some(file) = &self.families else { return Ok(reading) };
        let cannot = || format!("cannot use the families of {}", file.display());
        let bytes = bytes_of_list(file).with_context(cannot)?;
        let families = Families::with_those_of(&bytes).with_context(cannot)?;
        Ok(Reading { families, ..reading })
    }

    /// The options on which rows depend, as names and values.
    pub(super) fn settings(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let EvidenceOptions { no_logs, live_only, deep } = self.evidence;
        let mut settings = vec![
            ("logs", if no_logs { "not applied" } else { "applied" }.to_owned()),
            (
                "recovery",
                if live_only {
                    "none"
                } else if deep {
                    "deep"
                } else {
                    "default"
                }
                .to_owned(),
            ),
            ("strict", if self.strict { "yes" } else { "no" }.to_owned()),
        ];
        if let Some(host) = &self.host {
            settings.push(("host", host.clone()));
        }
        let hash = |bytes: &[u8]| hex(&Sha256::digest(bytes));
        if let Some(file) = &self.families {
            settings.push(("families", hash(&bytes_of_list(file)?)));
        }
        for (name, file) in [("system", &self.system), ("software", &self.software), ("sam", &self.sam)] {
            if let Some(file) = file {
                let mut state = path_text(file);
                for file in Candidate::with_logs(file).files() {
                    let is = std::fs::metadata(&file).map(|is| (is.len(), is.modified().ok()));
                    state = format!("{state} {is:?}");
                }
                settings.push((name, hash(state.as_bytes())));
            }
        }
        Ok(settings)
    }

    /// Looks through all paths.
    pub(super) fn discover(&self) -> anyhow::Result<(Vec<PathBuf>, Discovered)> {
        let (paths, mut found) = self.named.discover()?;
        if let Some(host) = &self.host {
            found.name_host(host);
        }
        Ok((paths, found))
    }

    /// The hosts of the hives, with their machine hives; `hash` asks for hashes of those that were given.
    pub(super) fn hosts(&self, units: &[Unit], hash: bool) -> Hosts {
        let given = GivenHives {
            system: self.system.clone(),
            software: self.software.clone(),
            sam: self.sam.clone(),
            hash,
        };
        let candidates = units.iter().filter_map(|unit| match unit {
            Unit::Read(candidate) => Some(candidate),
            Unit::PassedOver(_) => None,
        });
        Hosts::of(candidates, &given, self.evidence.applies_logs())
    }

    /// Reads every hive, in the order of rows, and hands what `work` makes of it to `take`; the exit code that follows. A file
    /// that could not be read is told. How many bytes that holds is told by `size`.
    pub(super) fn for_each_hive<T: Send>(
        &self,
        found: Discovered,
        reading: Reading,
        work: impl Fn(&OpenHive<'_>, &Understood<'_>) -> T + Sync,
        size: impl Fn(&T) -> usize + Sync,
        mut take: impl FnMut(&Coverage, T) -> Result<(), OutputError>,
    ) -> anyhow::Result<Exit> {
        let no_hive = !found.candidates.iter().any(|candidate| candidate.looks_like_a_hive);
        let units = units(found);
        let hosts = self.hosts(&units, false);
        let read = |unit: &Unit| match unit {
            Unit::PassedOver(passed) => (Coverage::passed_over(passed), None),
            Unit::Read(candidate) => {
                let host = hosts.facts(candidate);
                let reading = Reading { ansi: host.ansi_code_page(), ..reading };
                let read = read_hive(candidate, reading, |hive, problems| {
                    let mut understood = hive.understand(problems);
                    understood.account = understood.account.joined(hive.hive_path, &host);
                    let made = work(hive, &understood);
                    (Some(understood.account), made)
                });
                candidate.done();
                read
            }
        };
        let mut any_unread = false;
        let size = |(_, made): &(Coverage, Option<T>)| made.as_ref().map_or(0, &size);
        let taken = in_order(&units, self.threads(), &interrupt::heed(), read, size, |(coverage, made)| {
            tell_unread(&coverage);
            any_unread |= self.counts_as_unread(&coverage);
            made.map_or(Ok(()), |made| take(&coverage, made))
        })?;
        if taken < units.len() {
            return Err(Interrupted.into());
        }
        if no_hive {
            super::complain("no registry hive found");
            return Ok(Exit::NoHive);
        }
        Ok(if any_unread { Exit::Unread } else { Exit::Success })
    }

    /// Whether a file makes the exit code 3.
    pub(super) fn counts_as_unread(&self, coverage: &Coverage) -> bool {
        coverage.is_failure() || self.strict && coverage.state == Some(HiveState::DirtyUnreplayed)
    }

    /// How many threads to use.
    pub(super) fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(all, usize::from)
    }
}

/// A file that somebody wrote by hand: families of names, servers.
pub(super) fn bytes_of_list(file: &Path) -> io::Result<Vec<u8>> {
    /// Far more than anybody writes by hand, so that a wrong file is told as such and not read into memory.
    const LONGEST: u64 = 1 << 20;

    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it is longer than {LONGEST} bytes")));
    }
    Ok(bytes)
}

fn cannot_read(list: &Path) -> String {
    format!("cannot read the list {}", list.display())
}

/// The lines of a list: paths, and lines of a manifest.
fn listed(list: &Path, end: u8) -> anyhow::Result<Vec<Input>> {
    /// Longest line that a list may hold; a path ends at 4,096 bytes for Linux itself.
    const LONGEST: u64 = 64 << 10;

    let mut reader: Box<dyn io::BufRead> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(io::BufReader::new(std::fs::File::open(list)?))
    };
    let mut inputs = Vec::new();
    for number in 1_u64.. {
        let mut line = Vec::new();
        if reader.by_ref().take(LONGEST).read_until(end, &mut line)? == 0 {
            break;
        }
        if line.last() == Some(&end) {
            line.pop();
        } else if line.len() as u64 == LONGEST {
            anyhow::bail!("line {number} is longer than {LONGEST} bytes");
        }
        if end == b'\n' && line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.starts_with(b"{") {
            inputs.push(Input::Line(number, Box::new(ManifestLine::parse(&line, number)?)));
        } else if !line.is_empty() {
            inputs.push(Input::Path(PathBuf::from(std::ffi::OsString::from_vec(line))));
        }
    }
    Ok(inputs)
}

impl Target {
    /// Opens the output.
    pub(super) fn open(&self, evidence: &[PathBuf]) -> anyhow::Result<Output> {
        self.open_or_stdout(self.output.as_deref(), evidence)
    }

    /// Opens `path`, or standard output.
    pub(super) fn open_or_stdout(&self, path: Option<&Path>, evidence: &[PathBuf]) -> anyhow::Result<Output> {
        match path {
            Some(path) if path != Path::new("-") => Ok(Output::file(path, self.clobber, evidence)?),
            _ => Ok(Output::stdout()),
        }
    }
}

impl Named {
    /// All that was given.
    fn inputs(&self) -> anyhow::Result<Vec<Input>> {
        let mut inputs: Vec<Input> = self.paths.iter().cloned().map(Input::Path).collect();
        if let Some(list) = &self.files_from {
            let end = if self.null { 0 } else { b'\n' };
            inputs.extend(listed(list, end).with_context(|| cannot_read(list))?);
        }
        Ok(inputs)
    }

    /// Looks through all of it; every path that is named is given back too.
    pub(super) fn discover(&self) -> anyhow::Result<(Vec<PathBuf>, Discovered)> {
        if !self.is_brief() {
            interrupt::answer();
        }
        let inputs = self.inputs()?;
        let list = self.files_from.as_deref().unwrap_or(Path::new("-"));
        let found = discover_inputs(&inputs).with_context(|| cannot_read(list))?;
        if found.candidates.len() > 1 {
            interrupt::answer();
        }
        let mut paths = Vec::with_capacity(inputs.len());
        for input in inputs {
            match input {
                Input::Path(path) => paths.push(path),
                Input::Line(_, line) => paths.extend(line.files()),
            }
        }
        Ok((paths, found))
    }

    /// Whether it is one file that is read before anybody could think of interrupting it.
    fn is_brief(&self) -> bool {
        /// Bytes.
        const MOST: u64 = 32 << 20;

        let [path] = self.paths.as_slice() else { return false };
        let is_small = |file: std::fs::Metadata| file.is_file() && file.len() <= MOST;
        self.files_from.is_none() && path.metadata().is_ok_and(is_small)
    }
}

impl EvidenceOptions {
    /// Whether transaction logs are applied.
    fn applies_logs(self) -> bool {
        !self.no_logs
    }

    /// How hives are read.
    pub(super) fn reading(self, care: Care, way: Way) -> Reading {
        let depth = if self.deep { Depth::Deep } else { Depth::Default };
        let recovery = (!self.live_only).then_some(depth);
        let (families, ansi) = (Families::built_in(), AnsiCodePage::UNKNOWN);
        Reading { care, way, logs: !self.no_logs, recovery, families, ansi, hash: false, fleet: false }
    }
}

impl CellStyle {
    pub(super) fn formulas(self) -> Formulas {
        if self.csv_raw { Formulas::AsTheyAre } else { Formulas::Neutralize }
    }
}

/// Tells of a file that was not read wholly, for commands without a coverage table; whether it was one.
pub(super) fn tell_unread(coverage: &Coverage) -> bool {
    let failed = coverage.is_failure();
    if failed {
        tell_problems(coverage);
    }
    failed
}

/// Tells what could not be read of a file, or was not as it should be; nothing where all was well.
pub(super) fn tell_problems(coverage: &Coverage) {
    /// Problems told in full.
    const TOLD: usize = 20;

    let (status, path, problems) = (coverage.status.as_str(), &coverage.hive_path, &coverage.problems);
    if coverage.reason.is_empty() && problems.is_empty() {
        return;
    }
    // The reason of a failure is its first problem.
    let first = match coverage.reason.as_str() {
        "" => "read, but not all is as it should be",
        reason => reason,
    };
    super::complain(&format!("{path}: {status}: {first}"));
    for problem in problems.kept().iter().take(TOLD).skip(usize::from(!coverage.reason.is_empty())) {
        super::complain(&format!("{path}: {problem}"));
    }
    let left = problems.total().saturating_sub(TOLD as u64);
    if left > 0 {
        super::complain(&format!("{path}: and {left} more"));
    }
}
