use std::fmt::Write as _;

use super::{Kind, Sample, Silent, Status, all};

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
TS02 and WKS014 have hives of the machine, which tell which accounts run services; on the other hosts the kind of an account
is known only from well-known SIDs, and rules that need these hives (L04, L06, L08, C16 and C17 of ordinary accounts, S09,
X03, X05, X06, H05) have nothing to judge or say that they cannot. Where a rule fires for
several profiles, they are listed; whether that makes one finding or several is the rule's choice.

What nearly fires a rule is told as well, and in a damaged hive what cannot be judged: a finding there would be claimed
from what was not seen. Every rule that needs no more than one user's hive fires somewhere, but for those named at the
end.
";

const FLEET: &str = "\
## Rules across hosts

- X01: 50 profiles name a home server, and no server is named by more than 12 of them (`EXCH2KB`, by hosts CLEAN01,
  EXCH2KB and TS02): there is no majority to differ from.
- X02, X04: no mailbox is named by three accounts, and no two profiles share a search key. The two profiles
  `Archive Job` of EXCH55A name the same mailbox, in one account; both accounts of TS02 name the same connector, and
  so do all runs of RUN55C.
- L04, L15, L16, L17, X06: no sample fires them.
- H03: deleted records are in RUN55C alone, in free cells of the replayed hive and in remnants of a log.
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
    text + "\n" + FLEET
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
