use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, OUTLOOK_16_DELETED_PROFILES, OUTLOOK_16_PROFILES, PROFILES, WIN9X_PROFILES,
    edk_gateway_profile, edk_name,
};
use hive_synth::{NOWHERE, SECOND};
use mapihive::account::Confidence;
use mapihive::finding::Severity;
use mapihive::mapi::ProfileState;
use mapihive::wintypes::Filetime;

use super::{
    HOUR, T, add_calcon, add_exchange, add_imc, assert_not_judged, assert_silent, claim, connector, judge,
    new_hive,
};

fn calcon(start: u64) -> NewProfile {
    NewProfile::new(PROFILES, &edk_name("MSExchangeCalCon", 300, start), start + SECOND)
}

#[test]
fn several_calendar_connector_profiles_bound_the_unclean_ends_from_below() {
    let mut hive = new_hive();
    for hours in [5, 0, 9] {
        add_calcon(&mut hive, &calcon(T + hours * HOUR));
    }
    let claim = claim(&hive.build(), "L01");
    assert_eq!((claim.severity, claim.confidence, claim.count), (Severity::Low, Confidence::Medium, 3));
    assert_eq!(claim.first_seen, Some(Filetime(T)));
    assert_eq!(claim.last_seen, Some(Filetime(T + 9 * HOUR)));
    assert!(
        claim.detail.contains("what at least 2 unclean ends leave, if none was imported"),
        "{}",
        claim.detail
    );
    assert!(claim.detail.contains("No two of them share an instance key"), "{}", claim.detail);
    let spans = format!(
        "after {} and not after {}, after {} and not after {}.",
        Filetime(T),
        Filetime(T + 5 * HOUR),
        Filetime(T + 5 * HOUR),
        Filetime(T + 9 * HOUR)
    );
    assert!(claim.detail.contains(&spans), "{}", claim.detail);
    let keys = claim.evidence.iter().filter(|evidence| evidence.role == "profile key").count();
    assert_eq!(keys, 3);
    assert_eq!(claim.subject.profile_family, Some("MSExchangeCalCon"));
}

#[test]
fn one_calendar_connector_profile_is_told_apart_from_several() {
    let mut hive = new_hive();
    add_calcon(&mut hive, &calcon(T));
    // A name that is only nearly of the family, and one under Deleted Profiles, do not count.
    add_exchange(&mut hive, PROFILES, "MSExchangeCalCo", T);
    let deleted = NewProfile::new(DELETED_PROFILES, "MSExchangeCalCon 2", T);
    add_calcon(&mut hive, &deleted);
    let hive = hive.build();
    assert_silent(&hive, "L01");
    let claim = claim(&hive, "L02");
    assert_eq!(claim.severity, Severity::Info);
    assert_eq!(claim.subject.name_pid, Some(300));
    assert!(claim.detail.contains(&format!("process 300 and time {}", Filetime(T))), "{}", claim.detail);
    assert!(claim.detail.contains("The hive is clean"), "{}", claim.detail);
}

#[test]
fn without_calendar_connector_profiles_nothing_is_said_of_them() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "xMSExchangeCalCon", T);
    let hive = hive.build();
    assert_silent(&hive, "L01");
    assert_silent(&hive, "L02");
}

#[test]
fn a_name_in_two_roots_counts_once() {
    let mut hive = new_hive();
    add_calcon(&mut hive, &NewProfile::new(PROFILES, "MSExchangeCalCon 1", T));
    add_calcon(&mut hive, &NewProfile::new(WIN9X_PROFILES, "MSEXCHANGECALCON 1", T + HOUR));
    let hive = hive.build();
    assert_silent(&hive, "L01");
    let claim = claim(&hive, "L02");
    assert!(claim.detail.contains("stands under several roots and is counted once"), "{}", claim.detail);
    assert_eq!(claim.evidence.len(), 2);
}

#[test]
fn registry_copies_of_a_profile_are_left_out_of_the_bound() {
    let mut hive = new_hive();
    add_calcon(&mut hive, &calcon(T).seed("same"));
    add_calcon(&mut hive, &calcon(T + HOUR).seed("same"));
    let claim = claim(&hive.build(), "L01");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("1 of them carry the instance key of another one"), "{}", claim.detail);
    assert!(claim.detail.contains("shows no unclean end"), "{}", claim.detail);
}

#[test]
fn last_written_times_bracket_the_ends_with_low_confidence() {
    let mut hive = new_hive();
    add_calcon(&mut hive, &NewProfile::new(PROFILES, "MSExchangeCalCon a", T));
    add_calcon(&mut hive, &NewProfile::new(PROFILES, "MSExchangeCalCon b", T + HOUR));
    let claim = claim(&hive.build(), "L01");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("If each profile was last changed by its own session"), "{}", claim.detail);
}

#[test]
fn times_that_prove_nothing_bracket_nothing() {
    let together = |name, time| NewProfile::new(PROFILES, name, time).written_together();
    let late = |start| NewProfile::new(PROFILES, &edk_name("MSExchangeCalCon", 300, start), start - HOUR);
    let a = || NewProfile::new(PROFILES, "MSExchangeCalCon a", T);
    for (profiles, why) in [
        ([a(), together("MSExchangeCalCon b", T + HOUR)], "written together (H04)"),
        ([a(), NewProfile::new(PROFILES, "MSExchangeCalCon b", T)], "two of the times are the same"),
        ([a(), calcon(T + HOUR)], "only some of the names carry a time"),
        ([calcon(T), late(T + 9 * HOUR)], "later than every key of its profile"),
    ] {
        let mut hive = new_hive();
        for profile in &profiles {
            add_calcon(&mut hive, profile);
        }
        let claim = claim(&hive.build(), "L01");
        assert_eq!(claim.confidence, Confidence::Low, "{why}");
        assert!(
            claim.detail.contains("cannot be bracketed") && claim.detail.contains(why),
            "{}",
            claim.detail
        );
    }
    // A time in the name is no last-written time, so that H04 does not touch it.
    let mut hive = new_hive();
    add_calcon(&mut hive, &calcon(T).written_together());
    add_calcon(&mut hive, &calcon(T + HOUR).written_together());
    let claim = claim(&hive.build(), "L01");
    assert_eq!(claim.confidence, Confidence::Medium);
    assert!(claim.detail.contains("an unclean end lies in each of these spans"), "{}", claim.detail);
    assert!(claim.time_meaning.starts_with("written together"), "{}", claim.time_meaning);
}

#[test]
fn counts_of_incomplete_lists_say_at_least() {
    let mut hive = new_hive();
    for hours in 0..3 {
        add_calcon(&mut hive, &calcon(T + hours * HOUR));
    }
    add_imc(&mut hive, PROFILES, "MSExchangeIMC 1", T);
    let mut hive = hive.build();
    hive.point_subkey(PROFILES, 0, NOWHERE);
    let claim_l01 = claim(&hive, "L01");
    assert_eq!(claim_l01.count, 2);
    assert!(claim_l01.detail.starts_with("At least 2 names"), "{}", claim_l01.detail);
    let claim_l03 = claim(&hive, "L03");
    assert!(claim_l03.detail.starts_with("At least one name"), "{}", claim_l03.detail);
}

#[test]
fn an_internet_mail_service_profile_means_running_or_not_stopped_cleanly() {
    let mut hive = new_hive();
    add_imc(&mut hive, PROFILES, "MSExchangeIMC 0123456789", T);
    // Copies that administrators make have other names (Q165505).
    add_imc(&mut hive, PROFILES, "IMC Profile", T);
    add_imc(&mut hive, PROFILES, "MSExchangeIMC", T);
    let mut hive = hive.build();
    assert_silent(&hive, "L05");
    let clean = claim(&hive, "L03");
    assert_eq!(clean.subject.profile.as_deref(), Some("MSExchangeIMC 0123456789"));
    assert!(clean.detail.contains("Its name carries no time"), "{}", clean.detail);
    hive.set_sequences(5, 4);
    let dirty = claim(&hive, "L03");
    assert!(dirty.detail.contains("fits a running service and a leftover alike"), "{}", dirty.detail);
}

#[test]
fn several_internet_mail_service_profiles_are_leftovers_or_exchange_5_0() {
    let mut hive = new_hive();
    add_imc(&mut hive, PROFILES, "MSExchangeIMC 1", T);
    add_imc(&mut hive, PROFILES, "msexchangeimc 2", T + HOUR);
    let hive = hive.build();
    assert_silent(&hive, "L03");
    let claim = claim(&hive, "L05");
    assert_eq!((claim.severity, claim.count, claim.evidence.len()), (Severity::Low, 2, 2));
}

#[test]
fn each_list_of_deleted_profiles_that_is_not_empty_is_one_finding() {
    let mut hive = new_hive();
    edk_gateway_profile(
        &mut hive,
        &NewProfile::new(DELETED_PROFILES, &edk_name("FaxGateway", 200, T), T + SECOND),
        &connector(),
    );
    add_exchange(&mut hive, DELETED_PROFILES, "Archive Job", T);
    add_exchange(&mut hive, OUTLOOK_16_DELETED_PROFILES, "Outlook", T);
    let mut hive = hive.build();
    let verdict = judge(&hive, "L07");
    let [nt, office] = verdict.claims.as_slice() else { panic!("{verdict:#?}") };
    assert_eq!((nt.severity, nt.count, office.count), (Severity::Info, 2, 1));
    assert_eq!(nt.subject.profile_state, Some(ProfileState::DeletedPending));
    assert!(nt.detail.contains("Deleted Profiles holds 2 entries"), "{}", nt.detail);
    assert!(nt.detail.contains("the normal state of a running one"), "{}", nt.detail);
    assert!(!office.detail.contains("Development Kit"), "{}", office.detail);
    assert_eq!(nt.evidence.len(), 3);

    hive.point_subkey(DELETED_PROFILES, 0, NOWHERE);
    let verdict = judge(&hive, "L07");
    assert!(verdict.claims[0].detail.contains("holds at least 1 entry"), "{}", verdict.claims[0].detail);
}

#[test]
fn an_empty_list_of_deleted_profiles_is_no_finding() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Archive Job", T);
    hive.key(DELETED_PROFILES);
    let hive = hive.build();
    for rule in ["L07", "L09", "L10"] {
        assert_silent(&hive, rule);
    }
}

#[test]
fn a_name_that_is_live_and_deleted_is_found_in_any_letter_case() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Archive Job", T + HOUR);
    add_exchange(&mut hive, DELETED_PROFILES, "ARCHIVE JOB", T);
    add_exchange(&mut hive, DELETED_PROFILES, "Archive Job 2", T);
    let claim = claim(&hive.build(), "L09");
    assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::Medium));
    assert!(claim.detail.contains("of the same root (Windows NT)"), "{}", claim.detail);
    assert!(claim.detail.contains("neither is a plain copy of the other"), "{}", claim.detail);
    assert_eq!(claim.evidence.len(), 2);
    assert_eq!(claim.evidence[0].key_path, format!(r"{DELETED_PROFILES}\ARCHIVE JOB"));
}

#[test]
fn a_namesake_in_another_root_is_a_weaker_finding() {
    let mut hive = new_hive();
    add_exchange(&mut hive, OUTLOOK_16_PROFILES, "Outlook", T + HOUR);
    add_exchange(&mut hive, DELETED_PROFILES, "Outlook", T);
    let claim = claim(&hive.build(), "L09");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(
        claim.detail.contains("Office 16.0") && claim.detail.contains("another root"),
        "{}",
        claim.detail
    );
}

#[test]
fn only_deleted_profiles_make_an_empty_list_of_profiles() {
    for with_key in [true, false] {
        let mut hive = new_hive();
        add_exchange(&mut hive, DELETED_PROFILES, "jdoe", T);
        if with_key {
            hive.key(PROFILES);
        }
        let claim = claim(&hive.build(), "L10");
        assert_eq!((claim.severity, claim.count), (Severity::Low, 1));
        let start = if with_key { "Profiles is empty" } else { "No key Profiles exists" };
        assert!(claim.detail.starts_with(start), "{}", claim.detail);
    }
    // A live profile in any root of the hive is one too many.
    let mut hive = new_hive();
    add_exchange(&mut hive, DELETED_PROFILES, "jdoe", T);
    add_exchange(&mut hive, OUTLOOK_16_PROFILES, "Outlook", T);
    assert_silent(&hive.build(), "L10");
}

#[test]
fn an_unreadable_list_of_profiles_is_not_taken_for_an_empty_one() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Archive Job", T);
    add_exchange(&mut hive, DELETED_PROFILES, "jdoe", T);
    let mut hive = hive.build();
    hive.point_subkey(PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "L10", "not all profiles could be listed");

    let mut hive = new_hive();
    hive.key(PROFILES);
    add_exchange(&mut hive, DELETED_PROFILES, "jdoe", T);
    let mut dirty = hive.build();
    dirty.set_sequences(5, 4);
    assert_not_judged(&dirty, "L10", "hive is dirty-unreplayed");
    // Entries that cannot be listed may be there.
    let mut hive = hive.build();
    hive.point_subkey(DELETED_PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "L10", r"Deleted Profiles: not all profiles could be listed");
}
