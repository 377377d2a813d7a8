//! The chart of lives: a lane for each account, a bar for each profile, and the same as a table.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use askama::Template;

use crate::wintypes::Filetime;

use super::escape::clipped;
use super::overview::{Overview, SEVERITIES};
use super::tables::{Row, each_row};
use super::time_axis::{Tick, TimeAxis};
use super::{MOST_PROFILES, ReportError, counted, grouped, readable, render};

/// Width of the chart and of the names beside the bars, in units of the drawing.
const WIDTH: u64 = 1000;
const NAMES: u64 = 236;
const PLOT: u64 = WIDTH - NAMES - 14;
/// Height of a bar's row, and of what stands above the first.
const ROW: u64 = 26;
const TOP: u64 = 22;
/// Changes of one profile that are drawn; all of them are in timeline.csv.
const MOST_CHANGES: usize = 40;

#[derive(Template)]
#[template(path = "lifecycle.html")]
struct Lifecycle {
    lanes: Vec<Lane>,
    bound: Option<String>,
    has_timeline: bool,
}

/// One account.
struct Lane {
    number: usize,
    account: String,
    bars: Vec<Bar>,
    ticks: Vec<Tick>,
    height: u64,
    /// From when to when it goes, in words.
    span: String,
    /// The part of the whole case that the lane shows: where it begins, and how wide it is.
    part: Option<(u64, u64)>,
}

/// One profile.
struct Bar {
    key: u64,
    name: String,
    short_name: String,
    state: &'static str,
    state_text: &'static str,
    is_hatched: bool,
    together: String,
    first: Option<Filetime>,
    last: Option<Filetime>,
    first_text: String,
    last_text: String,
    proof: String,
    findings: u64,
    marks: Vec<Mark>,
    y: u64,
    x: u64,
    width: u64,
    /// From the first to the last mark.
    whisker: (u64, u64),
    /// Whether it has a time that can be drawn.
    is_drawn: bool,
    account: String,
}

/// An event on a bar.
struct Mark {
    event: &'static str,
    word: &'static str,
    bound: &'static str,
    time: Filetime,
    text: String,
    says: String,
    x: u64,
}

/// Which profiles are chosen where not all fit: those with the gravest findings, then those that are live no more.
pub(super) fn chosen(
    folder: &Path,
    overview: &Overview,
    most: usize,
) -> Result<(Vec<usize>, u64), ReportError> {
    let mut ranked: Vec<(usize, bool, usize)> = Vec::new();
    let mut order = 0;
    each_row(folder, "profiles.csv", |row| {
        let worst = overview.of_profile.get(&row.profile()).map_or(SEVERITIES.len(), |(worst, _)| *worst);
        ranked.push((worst, row.get("profile_state") == "live", order));
        order += 1;
        // A fleet has millions of profiles; only the first of them are kept.
        if ranked.len() >= 4 * most {
            ranked.sort_unstable();
            ranked.truncate(most);
        }
        Ok(())
    })?;
    ranked.sort_unstable();
    ranked.truncate(most);
    let mut rows: Vec<usize> = ranked.into_iter().map(|(_, _, order)| order).collect();
    rows.sort_unstable();
    Ok((rows, order as u64))
}

/// Writes the section.
pub(super) fn write(folder: &Path, overview: &Overview, out: &mut impl Write) -> Result<(), ReportError> {
    let (rows, total) = chosen(folder, overview, MOST_PROFILES)?;
    let mut bars = Vec::new();
    let mut order = 0;
    each_row(folder, "profiles.csv", |row| {
        if rows.binary_search(&order).is_ok() {
            bars.push(Bar::of(row, overview));
        }
        order += 1;
        Ok(())
    })?;
    let has_timeline = add_events(folder, &mut bars)?;
    let whole = TimeAxis::of(bars.iter().flat_map(Bar::times), PLOT);
    let shown = bars.len() as u64;
    let page = Lifecycle {
        lanes: lanes(bars, whole),
        bound: (shown < total).then(|| format!("{} of {}", grouped(shown), grouped(total))),
        has_timeline,
    };
    render(&page, out)
}

impl Bar {
    fn of(row: Row<'_>, overview: &Overview) -> Self {
        let (state, state_text) = match row.get("profile_state") {
            "deleted-pending" => ("pending", "under Deleted Profiles"),
            "recovered" => ("gone", "recovered"),
            _ => ("live", "live"),
        };
        let proof = match (row.get("origin"), row.get("gone_by_replay")) {
            (_, "yes") => "the hive file alone; its logs removed it",
            ("primary", _) => "the hive file",
            ("log", _) => "a transaction log alone",
            ("log-remnant", _) => "an old entry of a transaction log",
            ("unreferenced", _) => "a cell that nothing refers to",
            ("free" | "slack" | "tail", _) => "a deleted cell",
            (other, _) => other,
        };
        let proof = match row.get("trust") {
            "" => proof.to_owned(),
            trust => format!("{proof}; {trust} trust"),
        };
        let name = clipped(row.get("profile"), 200);
        let key = row.profile();
        Self {
            key,
            short_name: shortened(row.get("profile")),
            name,
            state,
            state_text,
            is_hatched: state == "gone" || row.get("origin") != "primary",
            together: row.get("written_together").to_owned(),
            first: Filetime::parse_rfc3339(row.get("first_seen")),
            last: Filetime::parse_rfc3339(row.get("last_seen")),
            first_text: readable(row.get("first_seen")),
            last_text: readable(row.get("last_seen")),
            proof,
            findings: overview.of_profile.get(&key).map_or(0, |(_, count)| *count),
            marks: Vec::new(),
            y: 0,
            x: 0,
            width: 0,
            whisker: (0, 0),
            is_drawn: false,
            account: clipped(&row.account(), 120),
        }
    }

    fn times(&self) -> impl Iterator<Item = Filetime> {
        let marks = self.marks.iter().map(|mark| mark.time);
        self.first.into_iter().chain(self.last).chain(marks)
    }

    fn placed(&mut self, axis: TimeAxis, number: u64) {
        /// So that a life of one instant is seen.
        const LEAST: u64 = 9;

        self.y = TOP + number * ROW;
        for mark in &mut self.marks {
            mark.x = NAMES + axis.x(mark.time);
        }
        if let Some((first, last)) = self.first.zip(self.last) {
            self.is_drawn = true;
            self.x = NAMES + axis.x(first);
            self.width = (NAMES + axis.x(last) - self.x).max(LEAST);
        }
        let marks = || self.marks.iter().map(|mark| mark.x);
        self.whisker = (marks().min().unwrap_or(self.x), marks().max().unwrap_or(self.x));
    }

    /// Classes of the bar's body.
    fn class(&self) -> String {
        let together = if self.together.is_empty() { "" } else { " together" };
        format!("{}{together}", self.state)
    }

    /// What the bar says, in words.
    fn says(&self) -> String {
        let together = match self.together.as_str() {
            "" => String::new(),
            together => format!("; {together} sections were written together"),
        };
        format!(
            "{} ({}): keys changed from {} to {}; shown by {}{together}",
            self.name, self.state_text, self.first_text, self.last_text, self.proof
        )
    }

    /// The events in words, for the table; changes are counted.
    fn events(&self) -> Vec<(&'static str, String)> {
        let told = self.marks.iter().filter(|mark| mark.event != "changed").map(|mark| {
            let bound = if mark.bound == "at" { String::new() } else { format!("{} ", mark.bound) };
            (mark.word, format!("{bound}{}", mark.text))
        });
        let changes = Some(("changed", counted(self.changes() as u64, "time")));
        told.chain(changes.filter(|_| self.changes() > 0)).collect()
    }

    /// How many changes are known.
    fn changes(&self) -> usize {
        self.marks.iter().filter(|mark| mark.event == "changed").count()
    }
}

/// Puts the events of the timeline on the bars; whether the case has a timeline.
fn add_events(folder: &Path, bars: &mut [Bar]) -> Result<bool, ReportError> {
    let mut by_profile: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, bar) in bars.iter().enumerate() {
        by_profile.entry(bar.key).or_default().push(at);
    }
    each_row(folder, "timeline.csv", |row| {
        let Some(of_profile) = by_profile.get(&row.profile()) else { return Ok(()) };
        let Some(time) = Filetime::parse_rfc3339(row.get("datetime")) else { return Ok(()) };
        let (event, word) = match row.get("event") {
            "first-trace" if row.get("bound") == "at" => ("named", "time in its name"),
            "first-trace" => ("birth", "first trace"),
            "marked-for-deletion" => ("marked", "marked for deletion"),
            "deleted" => ("deleted", "deleted"),
            "recovered" => ("recovered", "latest recovered state"),
            _ => ("changed", "changed"),
        };
        let state = match row.get("profile_state") {
            "deleted-pending" => "pending",
            "recovered" => "gone",
            _ => "live",
        };
        let same = of_profile.iter().find(|at| bars.get(**at).is_some_and(|bar| bar.state == state));
        let Some(bar) = same.or(of_profile.first()).and_then(|at| bars.get_mut(*at)) else { return Ok(()) };
        if event != "changed" || bar.changes() < MOST_CHANGES {
            let bound = match row.get("bound") {
                "no-later-than" => "no later than",
                "no-earlier-than" => "no earlier than",
                _ => "at",
            };
            let text = readable(row.get("datetime"));
            let says = format!("{word} {bound} {text} ({} certainty)", row.get("certainty"));
            bar.marks.push(Mark { event, word, bound, time, text, says, x: 0 });
        }
        Ok(())
    })
}

/// Bars by account, in the order of the table. Each lane has an axis of its own, for what an account did in a month would
/// be a dot in a case of twenty years, and shows where it lies in the whole.
fn lanes(bars: Vec<Bar>, whole: Option<TimeAxis>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut by_account: HashMap<String, usize> = HashMap::new();
    for bar in bars {
        let at = *by_account.entry(bar.account.clone()).or_insert_with(|| {
            lanes.push(Lane {
                number: lanes.len() + 1,
                account: bar.account.clone(),
                bars: Vec::new(),
                ticks: Vec::new(),
                height: 0,
                span: String::new(),
                part: None,
            });
            lanes.len() - 1
        });
        if let Some(lane) = lanes.get_mut(at) {
            lane.bars.push(bar);
        }
    }
    for lane in &mut lanes {
        lane.draw(whole);
    }
    lanes
}

impl Lane {
    fn draw(&mut self, whole: Option<TimeAxis>) {
        /// So that a short lane is seen in the whole.
        const LEAST: u64 = 4;
        /// Half of the widest date.
        const HALF_LABEL: u64 = 34;

        self.height = TOP + self.bars.len() as u64 * ROW;
        // The oldest first, so that lives can be read from top left to bottom right.
        self.bars.sort_by_key(|bar| (bar.first.is_none(), bar.first, Reverse(bar.last)));
        let times = || self.bars.iter().flat_map(Bar::times);
        let (Some(whole), Some(axis)) = (whole, TimeAxis::of(times(), PLOT)) else { return };
        let (begin, end) = axis.ends();
        let (first, last) = (times().map(date).min(), times().map(date).max());
        self.span = match (first, last) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
            (first, _) => first.unwrap_or_default(),
        };
        let x = whole.x(begin);
        let width = (whole.x(end) - x).max(LEAST);
        self.part = Some((NAMES + x.min(PLOT - LEAST), width)).filter(|_| whole != axis);
        for (bar, number) in self.bars.iter_mut().zip(0..) {
            bar.placed(axis, number);
        }
        self.ticks = axis.ticks();
        self.ticks.retain(|tick| tick.x + HALF_LABEL <= PLOT + 14);
        for tick in &mut self.ticks {
            tick.x += NAMES;
        }
    }
}

/// The date of a time.
fn date(time: Filetime) -> String {
    time.to_string().chars().take(10).collect()
}

/// A name that fits beside its bar; the end of it tells more than the middle.
fn shortened(name: &str) -> String {
    /// Characters that fit.
    const FIT: usize = 32;
    const END: usize = 10;

    let count = name.chars().count();
    if count <= FIT {
        return name.to_owned();
    }
    let begin: String = name.chars().take(FIT - END - 1).collect();
    let end: String = name.chars().skip(count - END).collect();
    format!("{begin}…{end}")
}
