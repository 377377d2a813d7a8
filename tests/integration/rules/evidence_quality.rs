//! What the bytes are worth: dirty hives (H01), sections written in one instant (H04).

use hive_synth::mapi::{NewProfile, PROFILES, edk_name};
use hive_synth::{MILLISECOND, SECOND, SynthHive};
use mapihive::account::Confidence;
use mapihive::finding::{Claim, Record, Severity};
use mapihive::hive::{LogFate, LogFault, Offset};
use mapihive::rules::{self, View};
use mapihive::wintypes::Filetime;

use super::{T, USER, add_calcon, add_exchange, assert_silent, claim, mailbox, new_hive};
use crate::support::with_view;

fn with_logs(hive: &SynthHive, logs: &[&str]) -> Vec<Claim> {
    let stale = LogFate::Stale(LogFault::Older { first: 5, written: 40 });
    let logs: Vec<_> = logs.iter().map(|log| ((*log).to_owned(), stale.clone())).collect();
    let rule = rules::find("H01").unwrap();
    with_view(hive, USER, |view, _| rules::judge(rule, &View { logs: &logs, ..*view }).claims)
}

#[test]
fn different_sequence_numbers_make_a_hive_dirty() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "A", T);
    let mut hive = hive.build();
    hive.set_sequences(41, 40);
    let claim = claim(&hive, "H01");
    assert_eq!((claim.severity, claim.confidence), (Severity::Info, Confidence::High));
    let evidence = &claim.evidence[0];
    assert_eq!((evidence.record, evidence.place.at, evidence.size), (Record::Data, Offset(4), 8));
    assert_eq!(evidence.value.as_deref(), Some("primary 41, secondary 40"));
    assert_eq!((claim.first_seen, claim.time_meaning.as_str()), (None, ""));
    assert!(claim.detail.contains("No transaction log lies beside it"), "{}", claim.detail);

    let claims = with_logs(&hive, &["NTUSER.DAT.LOG1", "NTUSER.DAT.LOG2"]);
    let expected =
        "What lies beside it could not make it current: \"NTUSER.DAT.LOG1\" stale: its entries begin with 5";
    assert!(claims[0].detail.contains(expected), "{}", claims[0].detail);
}

#[test]
fn a_clean_hive_is_no_finding_even_with_logs_beside_it() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "A", T);
    let hive = hive.build();
    assert_eq!(with_logs(&hive, &["NTUSER.DAT.LOG"]), []);
}

#[test]
fn a_dirty_hive_without_mapi_is_left_to_the_coverage_table() {
    let mut hive = new_hive();
    hive.key(r"Software\Microsoft\Windows");
    let mut hive = hive.build();
    hive.set_sequences(41, 40);
    assert_silent(&hive, "H01");
}

#[test]
fn numbers_under_a_wrong_checksum_are_trusted_less() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "A", T);
    let mut hive = hive.build();
    hive.set_sequences(41, 40);
    hive.break_checksum();
    let claim = claim(&hive, "H01");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("checksum of the base block does not match"), "{}", claim.detail);
    hive.destroy_header();
    assert_silent(&hive, "H01");
}

#[test]
fn sections_written_in_one_instant_are_found() {
    let mut hive = new_hive();
    let profile = NewProfile::new(PROFILES, "Together", T).written_together();
    hive_synth::mapi::exchange_profile(&mut hive, &profile, &mailbox());
    add_exchange(&mut hive, PROFILES, "Apart", T);
    let claim = claim(&hive.build(), "H04");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 10));
    assert_eq!(claim.first_seen, Some(Filetime(T)));
    assert_eq!(claim.last_seen, Some(Filetime(T + 9 * MILLISECOND / 10)));
    assert!(claim.detail.starts_with("10 of 10 sections of profile \"Together\""), "{}", claim.detail);
    assert!(claim.time_meaning.starts_with("written together with 10 of 10 sections"));
    assert_eq!(claim.evidence.len(), 11);
}

#[test]
fn four_of_five_sections_in_an_instant_are_not_enough() {
    for (together, fires) in [(8, false), (9, true)] {
        let mut hive = new_hive();
        hive.key(PROFILES).key("A").written(T);
        for number in 0..10 {
            let time = if number < together { T } else { T + number * SECOND };
            hive.key(PROFILES).key("A").key(&format!("{number:032x}")).written(time);
        }
        let hive = hive.build();
        if fires {
            assert_eq!(claim(&hive, "H04").count, 9);
        } else {
            assert_silent(&hive, "H04");
        }
    }
}

#[test]
fn times_that_nobody_set_are_no_instant() {
    let mut hive = new_hive();
    for number in 0..10 {
        hive.key(PROFILES).key("A").key(&format!("{number:032x}")).written(0);
    }
    assert_silent(&hive.build(), "H04");
}

#[test]
fn an_instant_near_the_time_in_the_name_is_consistent_with_creation() {
    for (later, near) in [(0, true), (5, true), (6, false)] {
        let mut hive = new_hive();
        let name = edk_name("MSExchangeCalCon", 300, T);
        add_calcon(&mut hive, &NewProfile::new(PROFILES, &name, T + later * SECOND).written_together());
        let claim = claim(&hive.build(), "H04");
        assert_eq!(claim.detail.contains("consistent with creation at that time"), near, "{}", claim.detail);
    }
}
