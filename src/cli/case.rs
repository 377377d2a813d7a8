//! Case folders and parts on the command line: `scan --case`, `scan --part`, `merge`, `verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use anyhow::Context as _;
use clap::Args;
use sha2::{Digest as _, Sha256};

use super::filters::FailOn;
use super::interrupt;
use super::scan::{self, Found};
use super::terminal::Colors;
use super::{Exit, complain};
use crate::case::{
    Audit, CaseError, CaseFolder, Closing, Ending, Existing, Filter, PartReader, PartWriter, Plan, Ran,
    Settings, Work, close, common_settings, join, make_room_for_part, open_parts, run, wanted,
};
use crate::hive::Links;
use crate::report::{Baseline, Formulas, SCHEMA, rule_row};
use crate::rules;
use crate::scan::hash_file;
use crate::wintypes::{Filetime, hex};

/// One of several runs that divide the hosts among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// Whether the shard has a group.
    pub(super) fn has(self, group: &crate::scan::GroupKey) -> bool {
        group.shard(self.of) == self.index - 1
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// `I/N`, with I of 1 to N.
pub(super) fn parse_shard(text: &str) -> Result<Shard, String> {
    let parsed = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match parsed {
        Some((index, of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => Err("a shard is I/N, such as 3/16, with I of 1 to N".to_owned()),
    }
}

/// Scans into a case or a part.
pub(super) fn scan(arguments: &scan::Arguments) -> anyhow::Result<Exit> {
    let clock = Clock::start();
    let settings = settings(arguments)?;
    let baseline = arguments.baseline.as_deref().map(Baseline::read).transpose()?;
    let found = arguments.find()?;
    match (&arguments.case, &arguments.part) {
        (Some(case), _) => into_case(arguments, case, &found, settings, baseline.as_ref(), &clock),
        (None, Some(part)) => into_part(arguments, part, &found, &settings, baseline.as_ref()),
        (None, None) => Ok(Exit::Usage),
    }
}

fn into_case(
    arguments: &scan::Arguments,
    path: &Path,
    found: &Found,
    settings: Settings,
    baseline: Option<&Baseline>,
    clock: &Clock,
) -> anyhow::Result<Exit> {
    let servers = scan::existing_servers(arguments.servers.as_deref())?;
    let existing = match (arguments.resume, arguments.target.clobber) {
        (true, _) => Existing::Resume,
        (false, true) => Existing::Replace,
        (false, false) => Existing::Refuse,
    };
    interrupt::heed();
    let mut case = CaseFolder::take(path, existing, &found.paths)?;
    let earlier = case.earlier(&settings);
    let mut part = PartWriter::begin(case.work(), &settings)?;
    let ran = work(arguments, found, &earlier, baseline, &mut part)?;
    let interrupted = !ran.left.is_empty();
    if interrupted {
        part.save()?;
    } else {
        part.finish(None, found.any_hive, found.other_files)?;
        case.forget_earlier()?;
    }
    let closing = Closing {
        ending: if interrupted { Ending::Interrupted } else { Ending::Complete },
        audit: clock.audit(arguments.inputs.threads(), Vec::new()),
        times: clock.times(),
        inputs: found.paths.iter().map(|path| crate::scan::path_text(path)).collect(),
        settings,
        summary: ran.summary.clone(),
        other_files: found.other_files,
        left: &ran.left,
        formulas: arguments.style.formulas(),
        servers,
        filter: arguments.filters.filter()?,
        by_account: arguments.split_by.is_some(),
    };
    let (_, of_fleet) = close(&case, closing)?;
    if interrupted {
        complain(&format!(
            "interrupted; {} says what was not looked at, and --resume goes on with it",
            path.join("hives.csv").display()
        ));
        return Ok(Exit::Interrupted);
    }
    case.forget_work()?;
    let counts = baseline.filter(|_| ran.reused == 0);
    arguments.tell(&ran.summary, found.other_files, counts);
    if ran.reused > 0 && !arguments.voice.quiet {
        complain(&format!(
            "{} files were read by the interrupted run and have not changed since",
            ran.reused
        ));
        if baseline.is_some() {
            complain(
                "which findings of the baseline the interrupted run saw again is not known: they are not counted",
            );
        }
    }
    let fails = arguments.fails(&ran.summary, of_fleet);
    Ok(scan::exit(found.any_hive, ran.unread > 0, fails))
}

fn into_part(
    arguments: &scan::Arguments,
    path: &Path,
    found: &Found,
    settings: &Settings,
    baseline: Option<&Baseline>,
) -> anyhow::Result<Exit> {
    crate::case::refuse_evidence(path, &found.paths)?;
    interrupt::heed();
    let existing = if arguments.target.clobber { Existing::Replace } else { Existing::Refuse };
    make_room_for_part(path, existing)?;
    let mut part = PartWriter::begin(path, settings)?;
    let ran = work(arguments, found, &[], baseline, &mut part)?;
    if !ran.left.is_empty() {
        complain(&format!("interrupted; {} is not whole, and merge refuses it", path.display()));
        return Ok(Exit::Interrupted);
    }
    part.finish(arguments.shard.map(|shard| shard.to_string()), found.any_hive, found.other_files)?;
    arguments.tell(&ran.summary, found.other_files, baseline);
    // A shard may have no host at all.
    let fails = arguments.fails(&ran.summary, Default::default());
    Ok(scan::exit(found.any_hive || arguments.shard.is_some(), ran.unread > 0, fails))
}

fn work(
    arguments: &scan::Arguments,
    found: &Found,
    earlier: &[PartReader],
    baseline: Option<&Baseline>,
    part: &mut PartWriter,
) -> anyhow::Result<Ran> {
    let mut reading = arguments.inputs.reading()?;
    reading.hash = true;
    reading.fleet = true;
    let wanted = wanted();
    let filter = arguments.filters.filter()?;
    arguments.begin(found)?;
    let progress = arguments.voice.progress(found.units.len());
    let plan = Plan {
        units: &found.units,
        work: Work {
            reading,
            hosts: &found.hosts,
            wanted: &wanted,
            formulas: arguments.style.formulas(),
            baseline,
            filter: &filter,
        },
        companions: &found.companions,
        threads: arguments.inputs.threads(),
        stop: &interrupt::heed(),
        earlier,
        is_unread: &|report| arguments.inputs.counts_as_unread(&report.coverage),
        tell: &|report| arguments.voice.read(report, &progress),
        progress: &|done| progress.inc(done),
    };
    let ran = run(&plan, part)?;
    progress.finish_and_clear();
    Ok(ran)
}

/// Everything that rows depend on, but the hives themselves.
fn settings(arguments: &scan::Arguments) -> anyhow::Result<Settings> {
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        settings.insert(name.to_owned(), value);
    };
    set("schema", SCHEMA.to_string());
    set("version", env!("CARGO_PKG_VERSION").to_owned());
    set("program", program_sha256().unwrap_or_default());
    set("rules", rules_hash());
    set(
        "formulas",
        if arguments.style.formulas() == Formulas::Neutralize { "guarded" } else { "as they are" }.to_owned(),
    );
    for (name, value) in arguments.inputs.settings()? {
        set(name, value);
    }
    for (name, value) in arguments.filters.filter()?.settings() {
        set(name, value);
    }
    if let Some(file) = &arguments.baseline {
        set("baseline", hex(&Sha256::digest(std::fs::read(file)?)));
    }
    Ok(Settings(settings))
}

/// A hash of all words of all rules.
fn rules_hash() -> String {
    let mut hash = Sha256::new();
    for rule in rules::every() {
        hash.update(format!("{:?}\n", rule_row(rule)));
    }
    hex(&hash.finalize())
}

/// SHA-256 of the program's own file, where that can be read.
fn program_sha256() -> Option<String> {
    static HASH: LazyLock<Option<String>> = LazyLock::new(|| {
        let file = std::env::current_exe().ok()?;
        Some(hash_file(&file, Links::Follow).ok()?.sha256)
    });
    HASH.clone()
}

/// When a run began.
struct Clock(SystemTime);

impl Clock {
    fn start() -> Self {
        Self(SystemTime::now())
    }

    /// When the run began, and now.
    fn times(&self) -> [Filetime; 2] {
        [filetime(self.0), filetime(SystemTime::now())]
    }

    fn audit(&self, threads: usize, parts: Vec<String>) -> Audit {
        let [started, ended] = self.times();
        Audit {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program_sha256: program_sha256(),
            arguments: std::env::args_os()
                .skip(1)
                .map(|argument| crate::scan::system_text(&argument))
                .collect(),
            working_folder: std::env::current_dir()
                .map(|folder| crate::scan::path_text(&folder))
                .unwrap_or_default(),
            started: started.to_string(),
            ended: ended.to_string(),
            threads,
            parts,
        }
    }
}

/// A time of the system's clock as the tables have times.
fn filetime(time: SystemTime) -> Filetime {
    /// Seconds from 1601-01-01 to 1970-01-01.
    const TO_1970: u64 = 11_644_473_600;

    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Filetime((since.as_secs() + TO_1970) * 10_000_000 + u64::from(since.subsec_nanos()) / 100)
}

// `mapihive merge`: parts into one case.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Parts that `scan --part` wrote, in any order
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// The new folder for the case
    #[arg(long, value_name = "DIR")]
    case: PathBuf,
    /// Write findings per account too, to DIR/findings-by-account
    #[arg(long, value_name = "WHAT")]
    split_by: Option<scan::SplitBy>,
    /// The servers that exist, one name a line in FILE; X01 then tells of the others, not of those that most do not name
    #[arg(long, value_name = "FILE")]
    servers: Option<PathBuf>,
    /// Replace a case that is there
    #[arg(long)]
    clobber: bool,
    #[command(flatten)]
    fail_on: FailOn,
    #[command(flatten)]
    colors: Colors,
    /// No summary
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn merge(arguments: &MergeArguments) -> anyhow::Result<Exit> {
    let clock = Clock::start();
    let servers = scan::existing_servers(arguments.servers.as_deref())?;
    let parts = open_parts(&arguments.parts)?;
    let settings = common_settings(&parts);
    let filter =
        Filter::of_settings(&settings.0).map_err(anyhow::Error::msg).context("cannot join these parts")?;
    let existing = if arguments.clobber { Existing::Replace } else { Existing::Refuse };
    let stop = interrupt::heed();
    let case = CaseFolder::take(&arguments.case, existing, &arguments.parts)?;
    let mut part = PartWriter::begin(case.work(), &settings)?;
    let Some(joined) = join(&parts, &mut part, &stop)? else {
        case.abandon()?;
        complain("interrupted; no case was written, and the parts are as they were");
        return Ok(Exit::Interrupted);
    };
    part.finish(None, joined.record.any_hive, joined.record.other_files)?;
    let formulas = match settings.0.get("formulas").map(String::as_str) {
        Some("as they are") => Formulas::AsTheyAre,
        _ => Formulas::Neutralize,
    };
    let other_files = joined.record.other_files;
    let folders: Vec<String> = arguments.parts.iter().map(|part| crate::scan::path_text(part)).collect();
    let closing = Closing {
        ending: Ending::Complete,
        audit: clock.audit(1, folders.clone()),
        times: clock.times(),
        inputs: folders,
        settings,
        summary: joined.summary.clone(),
        other_files,
        left: &[],
        formulas,
        servers,
        filter,
        by_account: arguments.split_by.is_some(),
    };
    let (_, of_fleet) = close(&case, closing)?;
    case.forget_work()?;
    if !arguments.quiet {
        arguments.colors.tell(&joined.summary, other_files);
    }
    let written = scan::all_written(&joined.summary, of_fleet);
    let fails = arguments.fail_on.fails(written, arguments.quiet);
    Ok(scan::exit(joined.record.any_hive, joined.unread > 0, fails))
}

/// Whether an error of a case is one of writing, which has its own exit code.
pub(super) fn is_output_error(error: &CaseError) -> bool {
    matches!(error, CaseError::Write { .. } | CaseError::Spill(_) | CaseError::Report(_))
}
