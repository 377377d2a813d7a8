//! `mapihive man`: the manual pages, of the program and of each command.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::{EXIT_CODES, Exit};
use crate::report::Output;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The command whose page is written; without it, that of mapihive itself
    #[arg(value_name = "COMMAND", conflicts_with = "folder")]
    command: Option<String>,
    /// Write all pages to the folder DIR
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Overwrite pages that exist
    #[arg(long, requires = "folder")]
    clobber: bool,
}

/// What a page says beyond the description of the arguments.
struct Page {
    /// The command; empty for the program itself.
    command: &'static str,
    /// Command lines, and what each does.
    examples: &'static [(&'static str, &'static str)],
    /// Files, and what each is.
    files: &'static [(&'static str, &'static str)],
}

const INPUTS: (&str, &str) = (
    "NTUSER.DAT, NTUSER.MAN, USER.DAT, DEFAULT, SYSTEM, SOFTWARE, SAM, SECURITY, UsrClass.dat",
    "Hives, found in folders and archives by these names in any letter case, and by content. They are opened for reading only.",
);
const LOGS: (&str, &str) = (
    "HIVE.LOG, HIVE.LOG1, HIVE.LOG2",
    "Transaction logs beside a hive, applied in memory where the hive is dirty.",
);
const PARTIAL: (&str, &str) = (
    ".mapihive-*.part",
    "A table that is not complete, in the folder of its output. It gets its name when it is complete; one that is left belongs to \
     a run that was ended at once, and can be removed.",
);
const TABLES: (&str, &str) = (
    "DIR/findings.csv, DIR/evidence.csv, DIR/hives.csv, DIR/accounts.csv, DIR/fleet_findings.csv, DIR/report.html",
    "Of a case: findings, the places each rests on, what became of every file, accounts, findings about several hives, and the \
     report for people.",
);
const SUMS: (&str, &str) = (
    "DIR/manifest.json, DIR/SHA256SUMS",
    "How the case came about, and the hash of every file in it. The hashes are written last: a case without them is not finished.",
);

/// Every page, that of the program first.
const PAGES: &[Page] = &[
    Page {
        command: "",
        examples: &[
            ("mapihive scan /evidence/fleet --output findings.csv", "Judges all hives in a folder."),
            ("mapihive scan /evidence/fleet --case case-17", "Writes every table and the report."),
            ("mapihive explain L06", "Says what a rule means and what it does not prove."),
        ],
        files: &[INPUTS, LOGS, PARTIAL, TABLES, SUMS],
    },
    Page {
        command: "scan",
        examples: &[
            (
                "mapihive scan /evidence/fleet --output findings.csv --coverage hives.csv",
                "Writes findings, and what became of every file.",
            ),
            (
                "mapihive scan fleet.zip --min-severity medium --skip L06,H03 --fail-on high",
                "Writes findings of at least medium severity but for those of two rules, and ends with 1 if one of them is of high \
                 severity.",
            ),
            (
                "mapihive scan /evidence/fleet --case case-17 --since 2024-01-01 --until 2024-03-31",
                "Writes a case whose findings lie in the first quarter of 2024.",
            ),
            (
                "mapihive scan /evidence/fleet --part part-3 --shard 3/16",
                "Reads the third of sixteen parts of all hosts; mapihive-merge(1) joins them.",
            ),
        ],
        files: &[INPUTS, LOGS, PARTIAL, TABLES, SUMS],
    },
    Page {
        command: "profiles",
        examples: &[(
            "mapihive profiles /evidence/NTUSER.DAT --output properties.csv",
            "Writes every key and value of the profiles of one hive, decoded.",
        )],
        files: &[INPUTS, LOGS, PARTIAL],
    },
    Page {
        command: "timeline",
        examples: &[(
            "mapihive timeline /evidence/EXCH01 --output timeline.csv",
            "Writes dated events in the life of the profiles of one host.",
        )],
        files: &[INPUTS, LOGS, PARTIAL],
    },
    Page {
        command: "compare",
        examples: &[(
            "mapihive compare /evidence/2024-03 /evidence/2024-09 --output differences.csv",
            "Writes what differs between two copies of a fleet.",
        )],
        files: &[INPUTS, LOGS, PARTIAL],
    },
    Page {
        command: "merge",
        examples: &[(
            "mapihive merge part-1 part-2 part-3 --case case-17",
            "Joins three parts into a case, as if all had been scanned at once.",
        )],
        files: &[
            ("PART/settings.json", "What a part is: a folder that mapihive-scan(1) wrote with --part."),
            TABLES,
            SUMS,
        ],
    },
    Page {
        command: "verify",
        examples: &[(
            "mapihive verify case-17 --from /evidence",
            "Holds a case and its evidence, whose relative paths are read from /evidence, against their hashes.",
        )],
        files: &[SUMS],
    },
    Page {
        command: "plan",
        examples: &[(
            "mapihive plan /evidence/fleet > fleet.jsonl",
            "Lists what a scan would read, and what of it must stay together.",
        )],
        files: &[INPUTS, LOGS],
    },
    Page {
        command: "dump",
        examples: &[(
            "mapihive dump NTUSER.DAT --deleted --output keys.csv",
            "Writes every key and value of a hive, deleted ones behind the live ones.",
        )],
        files: &[LOGS, PARTIAL],
    },
    Page {
        command: "rules",
        examples: &[("mapihive rules --csv --output rules.csv", "Writes all words of all rules as a table.")],
        files: &[PARTIAL],
    },
    Page {
        command: "explain",
        examples: &[
            ("mapihive explain L06", "Explains a rule by its identifier."),
            ("mapihive explain calcon-multi", "Explains a rule by its name."),
        ],
        files: &[],
    },
    Page {
        command: "completions",
        examples: &[
            (
                "mapihive completions bash > ~/.local/share/bash-completion/completions/mapihive",
                "Makes bash complete the arguments of mapihive.",
            ),
            (
                "mapihive completions zsh > ~/.zfunc/_mapihive",
                "The same for zsh, where ~/.zfunc is one of the folders in fpath.",
            ),
        ],
        files: &[(
            "~/.local/share/bash-completion/completions/mapihive",
            "Where bash looks for the completions of one user.",
        )],
    },
    Page {
        command: "man",
        examples: &[
            ("mapihive man scan | man -l -", "Shows the page of a command that is not installed."),
            ("mapihive man --folder ~/.local/share/man/man1", "Installs all pages for one user."),
        ],
        files: &[(
            "DIR/mapihive.1, DIR/mapihive-scan.1",
            "The pages that --folder writes, and so on for every command.",
        )],
    },
];

/// When the words of this file last changed.
const DATE: &str = "2026-11-23";

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let program = program();
    if let Some(folder) = &arguments.folder {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for page in PAGES {
            let file = folder.join(format!("{}.1", page.name()));
            write(page, &program, Output::file(&file, arguments.clobber, &[])?)?;
        }
        return Ok(Exit::Success);
    }
    let wanted = arguments.command.as_deref().unwrap_or_default();
    let page = PAGES.iter().find(|page| page.command == wanted).with_context(|| {
        let commands: Vec<&str> = PAGES.iter().skip(1).map(|page| page.command).collect();
        format!("there is no command {wanted:?}; there are {}", commands.join(", "))
    })?;
    write(page, &program, Output::stdout())?;
    Ok(Exit::Success)
}

fn write(page: &Page, program: &Command, mut output: Output) -> anyhow::Result<()> {
    output.bytes(&page.text(program)?)?;
    output.finish()?;
    Ok(())
}

/// The command line, without the command `help`, which has no page.
fn program() -> Command {
    let mut program = super::Arguments::command().disable_help_subcommand(true);
    program.build();
    program
}

impl Page {
    fn name(&self) -> String {
        if self.command.is_empty() { "mapihive".to_owned() } else { format!("mapihive-{}", self.command) }
    }

    fn text(&self, program: &Command) -> anyhow::Result<Vec<u8>> {
        let command = program.find_subcommand(self.command).unwrap_or(program).clone();
        let has_commands = command.has_subcommands();
        let version = env!("CARGO_PKG_VERSION");
        let man = Man::new(command).date(DATE).source(format!("mapihive {version}")).manual("User Commands");
        let mut text = Vec::new();
        man.render_title(&mut text)?;
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if has_commands {
            man.render_subcommands_section(&mut text)?;
        }
        let mut roff = Roff::new();
        add_exit_status(&mut roff);
        self.add_files(&mut roff);
        self.add_examples(&mut roff);
        self.add_see_also(&mut roff);
        text.extend(roff.to_roff().bytes());
        // Before possible values the library writes a line break, an empty line and another one, which mandoc warns of.
        Ok(String::from_utf8(text)?.replace(".br\n\n.br\n", ".sp\n").into_bytes())
    }

    fn add_files(&self, roff: &mut Roff) {
        roff.control("SH", ["FILES"]);
        if self.files.is_empty() {
            roff.text([roman("None.")]);
        }
        for (names, are) in self.files {
            roff.control("TP", []);
            roff.text([italic(*names)]);
            roff.text([roman(*are)]);
        }
    }

    fn add_examples(&self, roff: &mut Roff) {
        roff.control("SH", ["EXAMPLES"]);
        for (line, does) in self.examples {
            roff.control("TP", []);
            roff.text([bold(*line)]);
            roff.text([roman(*does)]);
        }
    }

    fn add_see_also(&self, roff: &mut Roff) {
        roff.control("SH", ["SEE ALSO"]);
        let others = PAGES.iter().filter(|page| page.command != self.command);
        let names: Vec<String> = others.map(|page| format!("{}(1)", page.name())).collect();
        roff.text([roman(names.join(", "))]);
    }
}

fn add_exit_status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman("The first that applies:")]);
    for (code, means) in EXIT_CODES.lines().filter_map(|line| line.trim().split_once("  ")) {
        roff.control("TP", []);
        roff.text([bold(code)]);
        roff.text([roman(means.trim())]);
    }
}
