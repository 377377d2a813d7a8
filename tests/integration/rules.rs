//! What the rules promise: each fires on what it describes, keeps silent on what merely looks like it, and claims
//! nothing from what could not be read.

mod bounds;
mod configuration;
mod damage;
mod evidence_quality;
mod files;
mod flags;
mod host;
mod lifecycle;
mod lists;
mod recovery;
mod registry;
mod samples;
mod secrets;
mod servers;

use hive_synth::mapi::{Connector, Mailbox, NewProfile, calcon_profile, exchange_profile, imc_profile};
use hive_synth::{HiveBuilder, SynthHive, Version, filetime};
use mapihive::finding::Claim;
use mapihive::rules::{self, Verdict};

use crate::support::with_view;

/// Where a hive of an ordinary account lies.
const USER: &str = "HOST/C/Documents and Settings/svc/NTUSER.DAT";
/// A time long ago.
const T: u64 = filetime(1999, 4, 26, 2, 0, 0, 0);
const HOUR: u64 = 3600 * hive_synth::SECOND;

fn new_hive() -> HiveBuilder {
    HiveBuilder::new(Version::V1_3)
}

/// What a rule says of a hive of an ordinary account.
fn judge(hive: &SynthHive, rule: &str) -> Verdict {
    judge_at(hive, USER, rule)
}

fn judge_at(hive: &SynthHive, path: &str, rule: &str) -> Verdict {
    let rule = rules::find(rule).expect("a rule of the registry");
    with_view(hive, path, |view, _| rules::judge(rule, view))
}

/// The one claim of a rule.
fn claim(hive: &SynthHive, rule: &str) -> Claim {
    let mut verdict = judge(hive, rule);
    assert_eq!(verdict.claims.len(), 1, "{rule}: {verdict:#?}");
    assert_eq!(verdict.not_judged, [""; 0], "{rule}");
    verdict.claims.remove(0)
}

/// The rule judged everything and found nothing.
fn assert_silent(hive: &SynthHive, rule: &str) {
    let verdict = judge(hive, rule);
    assert!(verdict.claims.is_empty() && verdict.not_judged.is_empty(), "{rule}: {verdict:#?}");
}

/// The rule claims nothing, and says so with a reason that contains `why`.
fn assert_not_judged(hive: &SynthHive, rule: &str, why: &str) {
    let verdict = judge(hive, rule);
    assert!(verdict.claims.is_empty(), "{rule}: {verdict:#?}");
    assert!(verdict.not_judged.iter().any(|reason| reason.contains(why)), "{rule}: {:?}", verdict.not_judged);
}

fn mailbox() -> Mailbox {
    Mailbox::new("EXCH01", "NORTH", "jdoe", "Doe, Jane")
}

fn connector() -> Connector {
    Connector::new("EXCH01", "NORTH", "Fax Gateway (EXCH01)")
}

fn add_exchange(hive: &mut HiveBuilder, list: &str, name: &str, time: u64) {
    exchange_profile(hive, &NewProfile::new(list, name, time), &mailbox());
}

fn add_calcon(hive: &mut HiveBuilder, profile: &NewProfile) {
    calcon_profile(hive, profile, "EXCH01", "NORTH");
}

fn add_imc(hive: &mut HiveBuilder, list: &str, name: &str, time: u64) {
    imc_profile(hive, &NewProfile::new(list, name, time), "EXCH01", "NORTH");
}
