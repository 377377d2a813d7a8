//! What a person sees at the end: one line per account with traces of MAPI, one per file that was not read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use crate::account::Attribution;
use crate::finding::Severity;
use crate::scan::{HiveReport, Status};

/// What happened so far. Summaries of parts add up to that of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Files by what became of them, in the order of [`Status::ALL`].
    statuses: [u64; Status::ALL.len()],
    /// Findings by severity, in the order of [`Severity::ALL`].
    severities: [u64; Severity::ALL.len()],
    /// The same of all that were written, those of older copies of hives too.
    written: [u64; Severity::ALL.len()],
    /// Findings that a filter left out, which no other number has.
    left_out: u64,
    /// Findings of older copies of hives, which the numbers above leave out.
    in_older_copies: u64,
    #[serde(with = "pairs")]
    accounts: BTreeMap<AccountKey, AccountLine>,
    /// Accounts without a line of their own: a fleet may have a hundred thousand.
    more_accounts: u64,
    /// Accounts in whose hives there is no place of profiles.
    without_mapi: u64,
    unread: Vec<String>,
    unread_total: u64,
    dirty: u64,
    replayed: u64,
}

/// How the summary is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None` where lines may be as long as they are.
    pub width: Option<usize>,
    /// Whether severities are coloured.
    pub colors: bool,
}

impl Look {
    /// The line broken so that it fits, with a line feed at its end.
    pub fn fitted(self, line: &str) -> String {
        /// A terminal that is narrower has no room for an indent.
        const INDENTED: usize = 20;

        let Some(width) = self.width else { return format!("{line}\n") };
        let indent = if width >= INDENTED { "    " } else { "" };
        let options = Options::new(width.max(1))
            .subsequent_indent(indent)
            // Identifiers have hyphens, and are to be copied as they are.
            .word_splitter(WordSplitter::NoHyphenation);
        textwrap::wrap(line, options).join("\n") + "\n"
    }
}

/// Host, label, identifier: what tells accounts apart.
type AccountKey = (Option<String>, String, Option<String>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AccountLine {
    kind: String,
    confidence: String,
    contradicted: bool,
    live: usize,
    deleted: usize,
    recovered: usize,
    /// Profiles that only older copies of its hives hold.
    only_older: usize,
    /// Files beyond one for each hive.
    older_copies: usize,
    severities: [u64; Severity::ALL.len()],
}

impl Summary {
    /// Lines of files that were not read; a fleet may have thousands.
    const UNREAD_SHOWN: usize = 50;
    /// Lines of accounts.
    const ACCOUNTS_SHOWN: usize = 1_000;

    /// Adds what happened later: to hives that come behind all that were added before.
    pub fn absorb(&mut self, later: Self) {
        let sum = |mine: &mut [u64], more: &[u64]| {
            mine.iter_mut().zip(more).for_each(|(mine, more)| *mine = mine.saturating_add(*more));
        };
        sum(&mut self.statuses, &later.statuses);
        sum(&mut self.severities, &later.severities);
        sum(&mut self.written, &later.written);
        self.left_out += later.left_out;
        for (key, line) in later.accounts {
            if self.accounts.len() < Self::ACCOUNTS_SHOWN || self.accounts.contains_key(&key) {
                self.accounts.entry(key).or_default().absorb(line);
            } else {
                self.more_accounts = self.more_accounts.saturating_add(1);
            }
        }
        self.more_accounts = self.more_accounts.saturating_add(later.more_accounts);
        self.without_mapi = self.without_mapi.saturating_add(later.without_mapi);
        let room = Self::UNREAD_SHOWN.saturating_sub(self.unread.len());
        self.unread.extend(later.unread.into_iter().take(room));
        self.unread_total = self.unread_total.saturating_add(later.unread_total);
        self.in_older_copies = self.in_older_copies.saturating_add(later.in_older_copies);
        self.dirty = self.dirty.saturating_add(later.dirty);
        self.replayed = self.replayed.saturating_add(later.replayed);
    }

    /// Files by what became of them, in the order of [`Status::ALL`].
    pub fn statuses(&self) -> [u64; Status::ALL.len()] {
        self.statuses
    }

    /// Findings by severity, in the order of [`Severity::ALL`].
    pub fn severities(&self) -> [u64; Severity::ALL.len()] {
        self.severities
    }

    /// Findings that were written, by severity, in the order of [`Severity::ALL`].
    pub fn written(&self) -> [u64; Severity::ALL.len()] {
        self.written
    }

    /// Adds a file.
    pub fn add(&mut self, report: &HiveReport) {
        let (coverage, judged) = (&report.coverage, &report.judged);
        bump(&mut self.statuses, Status::ALL.iter().position(|status| *status == coverage.status));
        if coverage.is_failure() {
            self.unread_total += 1;
            if self.unread.len() < Self::UNREAD_SHOWN {
                let line =
                    format!("{}: {}: {}", coverage.status.as_str(), coverage.hive_path, coverage.reason);
                self.unread.push(line);
            }
        }
        if coverage.state == Some(crate::hive::HiveState::DirtyUnreplayed) {
            self.dirty += 1;
        }
        if coverage.state == Some(crate::hive::HiveState::DirtyReplayed) {
            self.replayed += 1;
        }
        if coverage.state.is_none() {
            return;
        }
        for (place, count) in judged.written().iter().enumerate() {
            add(&mut self.written, place, *count);
        }
        self.left_out += judged.left_out.iter().sum::<u64>();
        let kept = judged.kept();
        let findings: u64 = kept.iter().sum();
        let earlier = report.copy.as_ref().and_then(|copy| copy.earlier.as_ref());
        let only_older = earlier
            .map_or(0, |earlier| earlier.profiles.iter().filter(|profile| !profile.has_remains).count());
        if !judged.has_mapi && findings == 0 && only_older == 0 {
            self.without_mapi += u64::from(report.is_newest());
            return;
        }
        let account = &coverage.account;
        if !report.is_newest() {
            self.in_older_copies += findings;
            return;
        }
        let sid = account.sid.as_ref().map(ToString::to_string);
        let line = self.accounts.entry((coverage.host.clone(), report.account_label(), sid)).or_default();
        line.older_copies += report.copy.as_ref().map_or(0, |copy| copy.copies.saturating_sub(1));
        line.take(account);
        line.only_older += only_older;
        line.live += judged.live_profiles;
        line.deleted += judged.deleted_profiles;
        line.recovered += judged.recovered_profiles;
        for (place, count) in kept.iter().enumerate() {
            add(&mut line.severities, place, *count);
            add(&mut self.severities, place, *count);
        }
    }

    /// Whether any file that is present could not be read, or not wholly.
    pub fn has_failures(&self) -> bool {
        self.unread_total > 0
    }

    /// The lines as they are, in whatever width. `other_files` are files in folders that are neither hives nor logs.
    pub fn text(&self, other_files: u64) -> String {
        self.text_for(other_files, Look::default())
    }

    /// The lines for the terminal.
    pub fn text_for(&self, other_files: u64, look: Look) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.write(&mut text, other_files, look);
        text.lines().map(|line| look.fitted(line)).collect()
    }

    fn write(&self, text: &mut String, other_files: u64, look: Look) -> std::fmt::Result {
        let rows: Vec<[String; 5]> =
            self.accounts.iter().map(|(key, line)| line.cells(key, look.colors)).collect();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell)).max().unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let is_table = look.width.is_none_or(|room| widths.iter().sum::<usize>() + 2 * 4 <= room);
        for row in &rows {
            // Columns that do not fit beside each other are worth nothing.
            let padded = row.iter().zip(widths).map(|(cell, width)| {
                let padding = if is_table { width.saturating_sub(display_width(cell)) } else { 0 };
                format!("{cell}{}", " ".repeat(padding))
            });
            let cells: Vec<String> = padded.collect();
            writeln!(text, "{}", cells.join("  ").trim_end())?;
        }
        if self.more_accounts > 0 {
            writeln!(
                text,
                "... and {} more; accounts.csv has them all",
                count(self.more_accounts, "account")
            )?;
        }
        if self.without_mapi > 0 {
            writeln!(text, "{} without any place of profiles", count(self.without_mapi, "more hive"))?;
        }
        for line in &self.unread {
            writeln!(text, "{}", for_terminal(line))?;
        }
        let hidden = self.unread_total.saturating_sub(self.unread.len() as u64);
        if hidden > 0 {
            writeln!(text, "... and {hidden} more; --coverage FILE lists them all")?;
        }
        let statuses: Vec<String> = Status::ALL
            .iter()
            .zip(self.statuses)
            .filter(|(status, number)| *number > 0 || **status == Status::Parsed)
            .map(|(status, number)| format!("{number} {}", status.as_str()))
            .collect();
        write!(text, "Files: {}", statuses.join(", "))?;
        if other_files > 0 {
            match other_files {
                1 => write!(text, "; 1 other file in the folders is no hive")?,
                more => write!(text, "; {more} other files in the folders are no hives")?,
            }
        }
        write!(text, ". Findings: {}", severities_text(&self.severities, look.colors))?;
        if self.in_older_copies > 0 {
            write!(text, "; {} more in older copies of hives", self.in_older_copies)?;
        }
        if self.left_out > 0 {
            write!(text, "; {} left out by the filter", count(self.left_out, "finding"))?;
        }
        writeln!(text, ".")?;
        if self.replayed > 0 {
            writeln!(
                text,
                "{} read as the transaction logs beside them make them.",
                count(self.replayed, "dirty hive")
            )?;
        }
        if self.dirty > 0 {
            writeln!(
                text,
                "{} without transaction logs that fit: the last changes may be missing; rules that argue from absence were \
                 not judged there.",
                count(self.dirty, "dirty hive"),
            )?;
        }
        Ok(())
    }
}

impl AccountLine {
    fn absorb(&mut self, later: Self) {
        self.kind = later.kind;
        self.confidence = later.confidence;
        self.contradicted |= later.contradicted;
        self.live = self.live.saturating_add(later.live);
        self.deleted = self.deleted.saturating_add(later.deleted);
        self.recovered = self.recovered.saturating_add(later.recovered);
        self.only_older = self.only_older.saturating_add(later.only_older);
        self.older_copies = self.older_copies.saturating_add(later.older_copies);
        self.severities.iter_mut().zip(later.severities).for_each(|(mine, more)| *mine += more);
    }

    fn take(&mut self, account: &Attribution) {
        account.kind.as_str().clone_into(&mut self.kind);
        account.confidence.as_str().clone_into(&mut self.confidence);
        self.contradicted |= !account.contradictions.is_empty();
    }

    fn cells(&self, (host, label, sid): &AccountKey, colors: bool) -> [String; 5] {
        let sid = sid.as_ref().map(|sid| format!(" {sid}")).unwrap_or_default();
        // The confidence is that of who it is: to be sure that something is unknown would be another thing.
        let kind = if self.kind == "unknown" { "kind unknown" } else { &self.kind };
        let contradicted = if self.contradicted { ", contradicted" } else { "" };
        let more = |number: usize, what: &str| {
            if number > 0 { format!(" + {number} {what}") } else { String::new() }
        };
        let (deleted, recovered) = (more(self.deleted, "deleted"), more(self.recovered, "recovered"));
        let only_older = more(self.only_older, "only in older copies");
        let older_copies = match self.older_copies {
            0 => String::new(),
            1 => " (1 older copy read)".to_owned(),
            copies => format!(" ({copies} older copies read)"),
        };
        [
            host.as_deref().map_or_else(|| "(no host)".into(), for_terminal),
            for_terminal(&format!("{label}{sid}")),
            format!("{kind}, {} confidence{contradicted}", self.confidence),
            format!("{}{deleted}{recovered}{only_older}{older_copies}", count(self.live as u64, "profile")),
            severities_text(&self.severities, colors),
        ]
    }
}

/// A map as a list of pairs, for formats whose keys are texts.
mod pairs {
    use super::{AccountKey, AccountLine, BTreeMap, Deserialize as _, Deserializer, Serializer};

    type Map = BTreeMap<AccountKey, AccountLine>;

    pub(super) fn serialize<S: Serializer>(map: &Map, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
        let pairs = Vec::<(AccountKey, AccountLine)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

/// `2 medium, 1 low, 3 info`, or `none`.
fn severities_text(severities: &[u64; Severity::ALL.len()], colors: bool) -> String {
    let parts: Vec<String> = Severity::ALL
        .iter()
        .zip(severities)
        .rev()
        .filter(|(_, number)| **number > 0)
        .map(|(severity, number)| {
            let style = if colors { style(*severity) } else { Style::new() };
            format!("{style}{number} {}{style:#}", severity.as_str())
        })
        .collect();
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => Style::new(),
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn add(counts: &mut [u64], place: usize, more: u64) {
    if let Some(count) = counts.get_mut(place) {
        *count += more;
    }
}

fn bump(counts: &mut [u64], place: Option<usize>) {
    if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
        *count += 1;
    }
}

/// Text that cannot change what else the terminal shows: marks that reorder or hide text are spelled out. Control
/// characters never get this far, line feeds between lines aside.
pub fn for_terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if misleads(character) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Whether a character reorders or hides text, or controls what shows it. Line feeds do none of that.
pub(super) fn misleads(character: char) -> bool {
    let hides = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    hides || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_terminals_of_any_width() {
        let line =
            "HOST  account S-1-5-21-1111111111  \u{5927}\u{962a}\u{5e02}  \u{1b}[31m3 high\u{1b}[0m, 10 info";
        for width in 1..120 {
            let fitted = Look { width: Some(width), colors: true }.fitted(line);
            for part in fitted.lines() {
                // A letter two columns wide does not fit one column.
                assert!(display_width(part) <= width.max(2), "{width}: {part:?}");
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(letters(&fitted), letters(line), "nothing is lost");
        }
        assert_eq!(Look::default().fitted(line), format!("{line}\n"));
    }

    #[test]
    fn marks_that_reorder_text_are_spelled_out() {
        assert_eq!(for_terminal("a\u{202e}b\u{1b}[31m\n"), "a\\u{202e}b\\u{1b}[31m\n");
    }
}
