use std::fmt::Write as _;

use super::{Across, Kind, Sample, Silent, Status, across, all, nearly_across};

const INTRODUCTION: &str = "\
# Sample hives

Everything here is synthetic. No hive and no part of one comes from a real machine (only constants that every MAPI
installation shares are real), every name of a host, account, mailbox or domain is made up, and nothing is presented as
real: where the inner form of a profile is not published (what the Calendar Connector or the Internet Mail Service
write), the samples follow the Exchange Development Kit, and that is a guess.

The tree has the shape of collected images: one folder for each host, the drive below it. It is written, byte for
byte the same each time, by

    scripts/make_sample_hives             # writes sample-hives/
    scripts/make_sample_hives --check     # compares with what is there; exit code 1 if anything differs

This file is written by the same command: do not edit it, edit `tests/hive-synth/src/samples/`.

Rules are those of the project's domain reference. A severity is the one for a run over this tree as it is. EXCH55A,
EXCH55B, TS02 and WKS014 have hives of the machine, which tell which accounts run services; on the other hosts the kind of an account
is known only from well-known SIDs, and rules that need these hives (L04, L06, L08, C16 and C17 of ordinary accounts, S09,
X03, X05, X06, H05) have nothing to judge or say that they cannot. Where a rule fires for
several profiles, they are listed; whether that makes one finding or several is the rule's choice.

What nearly fires a rule is told as well, and in a damaged hive what cannot be judged: a finding there would be claimed
from what was not seen. Every rule that needs no more than one user's hive fires somewhere, but for those named at the
end.
";

const FLEET: &str = "\
## Rules over all hives

What `mapihive scan sample-hives --servers sample-hives/servers.txt --fleet FILE` finds. `servers.txt` is a list of servers as
a site would give it.

| rule | severity | what the hives have in common | profiles | why |
|---|---|---|---|---|
";

const RECOVERED: &str = "\
## Deleted records

- H03: deleted records are in RECOV01, in free cells, and in RUN55C, in free cells of the replayed hive and in remnants of a log.
";

/// The text of `sample-hives/README.md`.
pub fn readme() -> String {
    let mut text = INTRODUCTION.to_owned();
    for host in all() {
        write!(text, "\n## {}\n\n{}.\n", host.name, host.about).expect("memory");
        for sample in host.samples {
            describe(&mut text, host.name, sample);
        }
    }
    text.push('\n');
    describe_fleet(&mut text);
    text + "\n" + RECOVERED
}

fn describe_fleet(text: &mut String) {
    text.push_str(FLEET);
    for Across { rule, severity, subject, profiles, why } in across() {
        let profiles: Vec<String> = profiles.iter().map(|profile| format!("`{profile}`")).collect();
        let (severity, subject, profiles) = (severity.word(), subject.text(), profiles.join(", "));
        writeln!(text, "| {rule} | {severity} | `{subject}` | {profiles} | {why} |").expect("memory");
    }
    text.push_str("\nNearly fires:\n\n");
    for (rule, subject, why) in nearly_across() {
        writeln!(text, "- {rule} for `{}`: {why}.", subject.text()).expect("memory");
    }
}

fn describe(text: &mut String, host: &str, sample: &Sample) {
    write!(text, "\n### `{host}/{}`\n\n{}.\n", sample.path, sample.about).expect("memory");
    if sample.status == Status::Damaged {
        text.push_str("\nDamaged: the coverage table says `partial`, and the exit code of a scan is 3.\n");
    }
    match (sample.kind, sample.fires) {
        (Kind::Hive, []) => text.push_str("\nFires nothing.\n"),
        (Kind::Log | Kind::Other, _) => {}
        (Kind::Hive, fires) => {
            text.push_str("\n| rule | severity | where | why |\n|---|---|---|---|\n");
            for fired in fires {
                let places: Vec<String> = fired.places.iter().map(|place| format!("`{place}`")).collect();
                let (rule, severity, places) = (fired.rule, fired.severity.word(), places.join(", "));
                writeln!(text, "| {rule} | {severity} | {places} | {} |", fired.why).expect("memory");
            }
        }
    }
    list(text, "Nearly fires", sample.nearly);
    list(text, "Not judged", sample.not_judged);
}

fn list(text: &mut String, what: &str, silent: &[Silent]) {
    if silent.is_empty() {
        return;
    }
    write!(text, "\n{what}:\n\n").expect("memory");
    for alike in silent.chunk_by(|one, other| (one.place, one.why) == (other.place, other.why)) {
        let rules: Vec<&str> = alike.iter().map(|silent| silent.rule).collect();
        let Silent { place, why, .. } = alike[0];
        writeln!(text, "- {} in `{place}`: {why}.", rules.join(", ")).expect("memory");
    }
}
