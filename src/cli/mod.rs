//! Floor 10: the command line, one file per command.

mod case;
mod compare;
mod completions;
mod dump;
mod explain;
mod filters;
mod inputs;
mod interrupt;
mod man;
mod plan;
mod profiles;
mod rules;
mod scan;
mod terminal;
mod timeline;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::OutputError;

/// Offline analyzer of MAPI profiles in copied Windows registry hives
///
/// Reads copies of NTUSER.DAT, DEFAULT and other hives, decodes the MAPI profiles of each account and judges them by
/// rules that each cite their source. Evidence is opened read-only and never written.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// Only the command that is asked for builds its arguments: those of all of them were a quarter of the program's own start.
// What a doc comment on a struct of arguments says would then replace the description of the command, so they have none.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Judge hives and write findings (CSV)
    Scan(Box<scan::Arguments>),
    /// Write every key and decoded property of the profiles (CSV)
    Profiles(profiles::Arguments),
    /// Write dated events in the life of profiles (CSV), for timeline tools
    Timeline(timeline::Arguments),
    /// Write what differs between two copies of a hive, a host or a fleet (CSV)
    Compare(compare::Arguments),
    /// List what a scan would read (JSON lines), for programs that divide a fleet among machines
    Plan(plan::Arguments),
    /// Join parts of a case into one, as if all had been scanned at once
    Merge(case::MergeArguments),
    /// Hold a case and its evidence against their hashes and write what is not as it was (CSV)
    Verify(verify::Arguments),
    /// Write every key and value of hives (CSV), for comparison with other tools
    Dump(dump::Arguments),
    /// List the rules
    Rules(rules::Arguments),
    /// Explain a rule: what it means, what it does not prove, where it comes from
    Explain(explain::Arguments),
    /// Write what a shell needs to complete arguments
    Completions(completions::Arguments),
    /// Write manual pages
    Man(man::Arguments),
}

const EXIT_CODES: &str = "\
Exit codes, the first that applies:
  130  interrupted
  5  output could not be written
  2  wrong arguments
  4  no hive found
  3  something that is present could not be read, or not wholly; of verify, something is not as it was
  1  a finding at or above --fail-on was written
  0  none of these";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Success = 0,
    Findings = 1,
    Usage = 2,
    Unread = 3,
    NoHive = 4,
    Output = 5,
    Interrupted = 130,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    crate::hive::silence_contained_panics();
    crate::hive::survive_failing_pages();
    interrupt::install();
    allow_open_files();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; where nobody reads them any more, nothing is left to do.
            let shown = error.print().is_ok();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return exit_code(if shown { exit } else { Exit::Output });
        }
    };
    // The others do where they find that there is much to read.
    if matches!(
        arguments.command,
        Command::Compare(_) | Command::Merge(_) | Command::Verify(_) | Command::Dump(_)
    ) {
        interrupt::answer();
    }
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Profiles(arguments) => profiles::run(&arguments),
        Command::Timeline(arguments) => timeline::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Merge(arguments) => case::merge(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    exit_code(result.unwrap_or_else(|error| {
        // A reader that went away wanted no more; it need not be told.
        if !matches!(error.downcast_ref(), Some(OutputError::Closed)) {
            complain(&format!("{error:#}"));
        }
        if error.is::<interrupt::Interrupted>() {
            return Exit::Interrupted;
        }
        let of_output = error.is::<OutputError>() || error.downcast_ref().is_some_and(case::is_output_error);
        if of_output { Exit::Output } else { Exit::Usage }
    }))
}

/// Archives, tables and parts are kept open: as many files as the system allows, not the fewer that programs get unasked.
fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn exit_code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Says something on standard error; that it may be closed is no reason to end.
fn complain(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "mapihive: {}", crate::report::for_terminal(text));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn arguments_do_not_replace_what_a_command_says_of_itself() {
        let shown = super::Arguments::command();
        let mut built = shown.clone();
        built.build();
        let mut seen = 0;
        for command in shown.get_subcommands() {
            let with_arguments = built.find_subcommand(command.get_name()).expect("the same commands");
            assert!(command.get_about().is_some(), "{}", command.get_name());
            assert_eq!(with_arguments.get_about(), command.get_about(), "{}", command.get_name());
            assert_eq!(with_arguments.get_long_about(), command.get_long_about(), "{}", command.get_name());
            seen += 1;
        }
        assert_eq!(seen, 12);
    }
}
