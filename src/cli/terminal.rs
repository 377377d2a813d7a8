//! How much is said on standard error, and how it looks there.

use std::io::{IsTerminal as _, Write as _, stderr};

use anstream::{AutoStream, ColorChoice};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

use super::complain;
use super::inputs::tell_problems;
use crate::report::{Look, Summary};
use crate::scan::HiveReport;

// How much is said.
#[derive(Debug, Args)]
pub(super) struct Voice {
    /// No progress bar and no summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say how hives are read and judged, on how many threads, and of each file what could not be read as soon as it is known
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    colors: Colors,
}

// Whether severities are coloured.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Colors {
    /// Colour the severities in the summary; auto does on a terminal, unless `NO_COLOR` is set
    #[arg(long = "color", value_name = "WHEN", default_value = "auto")]
    when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Colors {
    /// Writes the summary so that it fits the terminal.
    pub(super) fn tell(self, summary: &Summary, other_files: u64) {
        let _ = write!(stderr(), "{}", summary.text_for(other_files, self.look()));
    }

    /// Writes a line so that it fits the terminal.
    fn tell_line(self, line: &str) {
        let _ = write!(stderr(), "{}", self.look().fitted(line));
    }

    fn look(self) -> Look {
        let colors = match self.when {
            When::Always => true,
            When::Never => false,
            When::Auto => stderr().is_terminal() && AutoStream::choice(&stderr()) != ColorChoice::Never,
        };
        let width = terminal_size_of(stderr()).map(|(Width(width), _)| usize::from(width));
        // A terminal that does not know how wide it is says 0.
        Look { width: width.filter(|width| *width > 0), colors }
    }
}

impl Voice {
    /// Says how the run goes about it, for `--verbose`.
    pub(super) fn begin(settings: &[(&str, String)], threads: usize, files: usize) {
        for (name, value) in settings {
            complain(&format!("{name}: {value}"));
        }
        complain(&format!("threads: {threads}"));
        complain(&format!("files to look at: {files}"));
    }

    /// A bar that shows how far it is, on a terminal.
    pub(super) fn progress(&self, units: usize) -> Progress {
        if self.quiet || !stderr().is_terminal() {
            return Progress(None);
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec:.1}, {eta} left");
        let bar = ProgressBar::new(units as u64);
        Progress(Some(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))))
    }

    /// Says with `--verbose` what could not be read of a file.
    pub(super) fn read(&self, report: &HiveReport, progress: &Progress) {
        if self.verbose {
            progress.suspend(|| tell_problems(&report.coverage));
        }
    }

    /// What a person sees at the end: the summary, then `more`.
    pub(super) fn end(&self, summary: &Summary, other_files: u64, more: Option<String>) {
        if self.quiet {
            return;
        }
        self.colors.tell(summary, other_files);
        if let Some(more) = more {
            self.colors.tell_line(&more);
        }
    }
}

/// How far a command is. Where nobody sees it nothing is computed.
#[derive(Debug)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// So many more files are done.
    pub(super) fn inc(&self, files: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(files);
        }
    }

    /// Lets something be said without a bar in its way.
    fn suspend(&self, say: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish_and_clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
