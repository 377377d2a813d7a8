//! What the program says fits the terminal it is said on, and is coloured, short or long as asked.

use std::process::{Command, Stdio};

use crate::program::{manifest_dir, mapihive, program};

/// What stands on a terminal of this many columns in the end; control sequences are taken out.
fn on_terminal(columns: usize, before: &str, arguments: &str) -> String {
    let program = env!("CARGO_BIN_EXE_mapihive");
    let line = format!("stty cols {columns} rows 24; {before} {program} {arguments} > /dev/null");
    let mut script = Command::new("script");
    script.args(["-q", "-c", &line, "/dev/null"]).current_dir(manifest_dir()).stdin(Stdio::null());
    script.env("TERM", "xterm");
    // What else decides about colours.
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        script.env_remove(variable);
    }
    let shown = script.output().expect("script(1)").stdout;
    String::from_utf8(shown).unwrap()
}

fn without_sequences(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' && characters.next_if_eq(&'[').is_some() {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[test]
fn the_summary_fits_a_terminal_of_any_width() {
    for columns in [1, 2, 7, 40, 80, 132] {
        let shown = without_sequences(&on_terminal(columns, "", "scan sample-hives"));
        assert!(!shown.contains("panicked"), "{shown}");
        let lines: Vec<&str> =
            shown.split("\r\n").map(|line| line.rsplit('\r').next().unwrap_or("")).collect();
        for line in &lines {
            assert!(line.chars().count() <= columns, "{columns}: {line:?}");
        }
        let joined: String = lines.concat().split_whitespace().collect();
        assert!(joined.contains("EXCH55Aexsvc") && joined.contains("Files:41parsed"), "{columns}: {shown}");
    }
    // Wide enough, it is the table that a file gets too.
    let shown = without_sequences(&on_terminal(1_000, "", "scan sample-hives --color never"));
    let piped = mapihive(["scan", "sample-hives"]).stderr;
    assert!(shown.replace('\r', "").contains(piped.lines().nth(2).unwrap()), "{shown}");
}

#[test]
fn severities_are_coloured_where_that_is_wanted() {
    const MEDIUM: &str = "\u{1b}[33m5 medium\u{1b}[0m";

    let scan = "scan sample-hives/EXCH55A";
    for (before, options, is_coloured) in [
        ("", "", true),
        ("NO_COLOR=1", "", false),
        ("NO_COLOR=1", "--color auto", false),
        ("NO_COLOR=1", "--color always", true),
        ("TERM=dumb", "", false),
        ("", "--color never", false),
    ] {
        let shown = on_terminal(200, before, &format!("{scan} {options}"));
        assert_eq!(shown.contains(MEDIUM), is_coloured, "{before} {options}: {shown:?}");
    }
    for (options, is_coloured) in [(&[][..], false), (&["--color", "always"], true)] {
        let run = mapihive(["scan", "sample-hives/EXCH55A"].iter().chain(options));
        assert_eq!(run.stderr.contains(MEDIUM), is_coloured, "{options:?}");
        assert!(!run.stdout.contains(&0x1b), "no table is ever coloured");
    }
}

#[test]
fn a_quiet_run_says_nothing_and_a_verbose_one_what_it_does() {
    let quiet = mapihive(["scan", "sample-hives", "-q"]);
    assert_eq!(quiet.stderr, "");
    let verbose = mapihive(["scan", "sample-hives", "-v", "--threads", "2", "--skip", "l02", "--live-only"]);
    for says in [
        "mapihive: threads: 2\n",
        "mapihive: recovery: none\n",
        "mapihive: skip: L02\n",
        "mapihive: sample-hives/DAMAGED7/C/Documents and Settings/svcmail/NTUSER.DAT: partial: byte 32856",
    ] {
        assert!(verbose.stderr.contains(says), "{says}: {}", verbose.stderr);
    }
    let plain = mapihive(["scan", "sample-hives", "--threads", "2", "--skip", "l02", "--live-only"]);
    assert_eq!(plain.stdout, verbose.stdout);
    assert!(verbose.stderr.ends_with(&plain.stderr), "the summary is the same");
    assert_eq!(mapihive(["scan", "sample-hives", "-q", "-v"]).code, Some(2));
    let out = tempfile::tempdir().unwrap();
    let case = out.path().join("case");
    let case = mapihive(["scan", "sample-hives", "-v", "--case", case.to_str().unwrap()]);
    assert!(case.stderr.contains("svcmail/NTUSER.DAT: partial: byte 32856"), "{}", case.stderr);
}

#[test]
fn every_error_names_what_is_wrong_and_what_would_be_right() {
    for (arguments, says) in [
        ("scan nosuch", "nosuch: No such file"),
        ("scan README.md", "README.md: not a registry hive"),
        ("scan sample-hives -o README.md", "README.md exists; --clobber overwrites it"),
        ("scan sample-hives -o nosuch/x.csv", "there is no folder nosuch; make it first"),
        ("scan sample-hives -o sample-hives/x.csv", "choose another folder"),
        ("scan sample-hives --case sample-hives/case", "choose another folder"),
        ("scan --files-from nolist", "cannot read the list nolist"),
        ("scan sample-hives --families README.md", "the families of README.md: line 3"),
        ("scan sample-hives --baseline nofile", "the baseline nofile"),
        ("scan sample-hives --shard 5/3", "such as 3/16"),
        ("scan sample-hives --color pink", "auto, always, never"),
        ("merge src --case target/none", "src: no part of a case"),
        ("explain calcon", "L02 (calcon-one)"),
        ("man nosuch", "there are scan, profiles"),
        ("man --folder README.md/man", "cannot make README.md/man"),
        ("dump nosuch", "nosuch: failed: No such file"),
    ] {
        let run = mapihive(arguments.split_whitespace());
        assert!(run.stderr.contains(says), "{arguments}: {}", run.stderr);
        assert!(run.code != Some(0), "{arguments}");
    }
}

#[test]
fn every_command_has_a_manual_page_without_warnings() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("man1");
    let folder = folder.to_str().unwrap();
    assert_eq!(mapihive(["man", "--folder", folder]).code, Some(0));
    assert_eq!(mapihive(["man", "--folder", folder]).code, Some(5), "pages are not overwritten");
    assert_eq!(mapihive(["man", "--folder", folder, "--clobber"]).code, Some(0));
    let help = String::from_utf8(mapihive(["--help"]).stdout).unwrap();
    let commands =
        help.split_once("Commands:").unwrap().1.lines().skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 9 && commands.contains(&"scan"), "{commands:?}");
    for command in [""].into_iter().chain(commands).filter(|command| *command != "help") {
        let name = if command.is_empty() { "mapihive".to_owned() } else { format!("mapihive-{command}") };
        let page = std::fs::read_to_string(format!("{folder}/{name}.1")).unwrap_or_else(|_| panic!("{name}"));
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"]
        {
            let heading = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
            assert!(heading.iter().any(|heading| page.contains(heading)), "{name}: {section}");
        }
        let shown = mapihive(["man"].into_iter().chain((!command.is_empty()).then_some(command)));
        assert_eq!(String::from_utf8(shown.stdout).unwrap(), page);
        for line in page.lines().filter(|line| line.starts_with("\\fBmapihive ")) {
            let known = line.split_whitespace().nth(1).unwrap().trim_end_matches("\\fR");
            assert!(help.contains(known), "{name}: an example of an unknown command: {line}");
        }
        let lint = Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning", &format!("{folder}/{name}.1")])
            .output();
        match lint {
            Ok(lint) => assert_eq!(String::from_utf8(lint.stdout).unwrap(), "", "{name}"),
            Err(_) => eprintln!("skipped: mandoc is not installed"),
        }
    }
}

#[test]
fn every_shell_gets_the_options_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = mapihive(["completions", shell]);
        let script = String::from_utf8(run.stdout).unwrap();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        for word in ["min-severity", "fail-on", "timeline", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let mut bash = Command::new("bash");
    let program = program().get_program().to_owned();
    bash.args(["-c", "source <(\"$0\" completions bash) && complete -p mapihive"]).arg(program);
    let run = bash.output().expect("bash");
    assert!(String::from_utf8_lossy(&run.stdout).contains("-F _mapihive"), "{run:?}");
}
