//! Lists of profiles and names in them: L11 to L14, L19, C02, C14, C15, C21, C22, H02.

use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, OUTLOOK_15_PROFILES, OUTLOOK_16_DELETED_PROFILES, OUTLOOK_16_PROFILES,
    PROFILES, ProfileWriter, Uid, WIN9X_PROFILES, edk_name, empty_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, SECOND, SynthHive};
use mapihive::account::Confidence;
use mapihive::finding::{Claim, Severity};
use mapihive::mapi::ProfileState;
use mapihive::wintypes::Filetime;

use super::{HOUR, T, add_exchange, assert_not_judged, assert_silent, claim, judge, new_hive};

/// A hive with profiles without sections.
fn named(list: &str, names: &[&str]) -> HiveBuilder {
    let mut hive = new_hive();
    for name in names {
        empty_profile(&mut hive, &NewProfile::new(list, name, T));
    }
    hive
}

// ---- L11 --------------------------------------------------------------------------------------------------------------

#[test]
fn an_empty_list_of_deleted_profiles_is_found() {
    let mut hive = named(PROFILES, &["A"]);
    hive.key(DELETED_PROFILES).written(T + HOUR);
    let claim = claim(&hive.build(), "L11");
    assert_eq!((claim.severity, claim.confidence), (Severity::Info, Confidence::High));
    assert_eq!(claim.evidence[0].key_path, DELETED_PROFILES);
    assert_eq!(claim.subject.profile_state, Some(ProfileState::DeletedPending));
    assert_eq!((claim.first_seen, claim.last_seen), (Some(Filetime(T + HOUR)), Some(Filetime(T + HOUR))));
    assert_eq!(claim.time_meaning, "creation of the key, or its last change");
}

#[test]
fn an_empty_list_is_one_finding_in_each_root_and_any_entry_ends_it() {
    let mut hive = new_hive();
    hive.key(DELETED_PROFILES).written(T);
    hive.key(OUTLOOK_16_DELETED_PROFILES).written(T);
    assert_eq!(judge(&hive.build(), "L11").claims.len(), 2);
    assert_silent(&named(DELETED_PROFILES, &["A"]).build(), "L11");
    assert_silent(&named(PROFILES, &["A"]).build(), "L11");
}

#[test]
fn entries_that_could_not_be_listed_are_no_empty_list() {
    let mut hive = named(DELETED_PROFILES, &["A"]).build();
    hive.point_subkey(DELETED_PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "L11", "not all profiles could be listed");
    let mut hive = new_hive();
    hive.key(DELETED_PROFILES);
    let mut hive = hive.build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "L11", "hive is dirty-unreplayed");
}

// ---- L12 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_gateways_profile_under_profiles_is_found() {
    let name = edk_name("FaxGateway", 300, T);
    let claim = claim(&named(PROFILES, &[&name]).build(), "L12");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 1));
    assert_eq!((claim.subject.profile_family, claim.subject.name_pid), (Some("EDK"), Some(300)));
    assert!(claim.detail.contains("process 300"), "{}", claim.detail);
}

#[test]
fn several_profiles_of_one_gateway_are_one_finding() {
    let names = [edk_name("FaxGateway", 1, T), edk_name("FAXGATEWAY", 2, T + HOUR), edk_name("Pager", 3, T)];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let claims = judge(&named(PROFILES, &names).build(), "L12").claims;
    let counts: Vec<u64> = claims.iter().map(|claim| claim.count).collect();
    assert_eq!(counts, [2, 1]);
    assert!(claims[0].detail.starts_with("2 profiles under Profiles are named"), "{}", claims[0].detail);
    assert_eq!(claims[0].subject.root.as_deref(), Some("Windows NT"));
}

#[test]
fn a_gateways_profile_that_is_marked_for_deletion_is_as_it_should_be() {
    assert_silent(&named(DELETED_PROFILES, &[&edk_name("FaxGateway", 300, T)]).build(), "L12");
}

#[test]
fn families_with_rules_of_their_own_are_left_to_them() {
    let names =
        [edk_name("MSExchangeIMC", 300, T), edk_name("MSExchangeCalCon", 300, T), "Fax 0000012c".to_owned()];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_silent(&named(PROFILES, &names).build(), "L12");
}

// ---- L13 --------------------------------------------------------------------------------------------------------------

fn changed_later(seconds: u64) -> HiveBuilder {
    let mut hive = named(PROFILES, &["Old"]);
    empty_profile(&mut hive, &NewProfile::new(PROFILES, "New", T + HOUR));
    hive.key(PROFILES).written(T + HOUR + seconds * SECOND);
    hive
}

#[test]
fn a_list_that_changed_after_all_of_its_profiles_is_found() {
    let claim = claim(&changed_later(3).build(), "L13");
    assert_eq!((claim.severity, claim.confidence), (Severity::Info, Confidence::High));
    assert_eq!(claim.evidence[0].key_path, PROFILES);
    assert!(claim.evidence[1].key_path.ends_with(r"\New"));
    assert!(claim.detail.contains("No value DefaultProfile is on it"), "{}", claim.detail);
    let changed = Some(Filetime(T + HOUR + 3 * SECOND));
    assert_eq!((claim.first_seen, claim.last_seen), (changed, changed));
}

#[test]
fn a_default_profile_on_the_key_is_one_explanation() {
    let mut hive = changed_later(3);
    hive.key(PROFILES).sz("DefaultProfile", "Old");
    let claim = claim(&hive.build(), "L13");
    assert!(claim.detail.contains("which is one explanation"), "{}", claim.detail);
    assert!(claim.evidence.iter().any(|evidence| evidence.value.as_deref() == Some("Old")));
}

#[test]
fn two_seconds_are_not_later_and_an_empty_list_has_nothing_to_compare() {
    assert_silent(&changed_later(2).build(), "L13");
    let mut hive = new_hive();
    hive.key(PROFILES).written(T);
    assert_silent(&hive.build(), "L13");
    let mut hive = new_hive();
    hive.key(PROFILES).written(T).key("A").written(0);
    assert_silent(&hive.build(), "L13");
}

#[test]
fn a_profile_that_could_not_be_listed_may_be_the_newest() {
    let mut hive = changed_later(3).build();
    hive.point_subkey(PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "L13", "not all profiles could be listed");
    let mut hive = changed_later(3).build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "L13", "hive is dirty-unreplayed");
}

// ---- L14 --------------------------------------------------------------------------------------------------------------

fn many(live: usize, deleted: usize) -> SynthHive {
    let mut hive = new_hive();
    for (list, count) in [(PROFILES, live), (DELETED_PROFILES, deleted)] {
        for number in 0..count {
            hive.key(list).key(&format!("Job {number}")).written(T);
        }
    }
    hive.build()
}

#[test]
fn very_many_profiles_are_found_and_more_of_them_matter_more() {
    for (live, deleted, severity) in
        [(21, 0, Severity::Low), (11, 10, Severity::Low), (100, 0, Severity::Low), (90, 11, Severity::Medium)]
    {
        let claim = claim(&many(live, deleted), "L14");
        assert_eq!((claim.severity, claim.count), (severity, (live + deleted) as u64));
    }
}

#[test]
fn twenty_profiles_are_not_very_many() {
    assert_silent(&many(20, 0), "L14");
    assert_silent(&many(0, 20), "L14");
    // A name that stands under two roots is one.
    let mut hive = new_hive();
    for number in 0..20 {
        hive.key(PROFILES).key(&format!("Job {number}")).written(T);
        hive.key(OUTLOOK_16_PROFILES).key(&format!("JOB {number}")).written(T);
    }
    assert_silent(&hive.build(), "L14");
}

#[test]
fn evidence_is_bounded_and_the_rest_is_counted() {
    let claim = claim(&many(150, 0), "L14");
    assert_eq!((claim.count, claim.evidence.len(), claim.evidence_left_out), (150, Claim::MAX_EVIDENCE, 50));
    assert!(
        claim.detail.ends_with("the first 100 places are listed and 50 more are not."),
        "{}",
        claim.detail
    );
}

#[test]
fn the_bound_on_evidence_holds_for_every_rule() {
    let mut hive = new_hive();
    for list in [PROFILES, DELETED_PROFILES] {
        for number in 0..120 {
            hive.key(list).key(&edk_name("MSExchangeCalCon", number, T)).written(T);
        }
    }
    let profile = hive.key(PROFILES).key("Wide").id();
    for number in 0..120_u128 {
        hive.by_id(profile).key(&format!("{:032x}", 0xAA00 + number)).binary("010267f0", b"x").written(T);
    }
    let hive = hive.build();
    for rule in mapihive::rules::ALL {
        for claim in judge(&hive, rule.id).claims {
            assert!(claim.evidence.len() <= Claim::MAX_EVIDENCE, "{}", rule.id);
            assert_eq!(
                claim.detail.contains("more are not."),
                claim.evidence_left_out > 0,
                "{}",
                claim.detail
            );
        }
    }
}

#[test]
fn reasons_for_not_judging_are_bounded_too() {
    let mut hive = new_hive();
    for number in 0..120 {
        hive.key(PROFILES).key(&format!("Job {number}")).sz("x", "y").key(&format!("{:032x}", 1)).written(T);
    }
    let mut hive = hive.build();
    let profiles: Vec<String> =
        hive.layout.keys().filter(|key| key.path.contains(r"\Job ")).map(|key| key.path.clone()).collect();
    for path in profiles.iter().filter(|path| !path.ends_with("01")) {
        hive.point_subkey(path, 0, NOWHERE);
    }
    let reasons = judge(&hive, "C05").not_judged;
    assert!(reasons.len() <= 101, "{}", reasons.len());
    assert!(reasons.last().is_some_and(|last| last.ends_with("more places")), "{reasons:?}");
}

// ---- L19 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_profile_of_a_linkage_connector_is_found() {
    let mut hive = named(PROFILES, &["SERVER1-LME-SNADS V5.5"]);
    empty_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, "server1-lme-notes v3", T));
    let claims = judge(&hive.build(), "L19").claims;
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|claim| claim.severity == Severity::Info));
}

#[test]
fn a_name_without_a_version_is_none_of_a_linkage_connector() {
    assert_silent(&named(PROFILES, &["SERVER1-LME-SNADS", "SERVER1-LMX-SNADS V5.5"]).build(), "L19");
}

// ---- C02 --------------------------------------------------------------------------------------------------------------

#[test]
fn profiles_without_a_default_one_are_a_fact() {
    let claim = claim(&named(PROFILES, &["A", "B"]).build(), "C02");
    assert_eq!(claim.severity, Severity::Info);
    assert!(claim.detail.contains("\"A\", \"B\""), "{}", claim.detail);
    assert_eq!(claim.evidence[0].key_path, PROFILES);
    assert_eq!(judge(&named(WIN9X_PROFILES, &["A"]).build(), "C02").claims.len(), 1);
}

#[test]
fn a_default_profile_of_any_name_is_one() {
    let mut hive = named(PROFILES, &["A"]);
    hive.key(PROFILES).sz("DEFAULTPROFILE", "Gone");
    assert_silent(&hive.build(), "C02");
}

#[test]
fn outlook_keeps_its_default_elsewhere_and_no_profile_needs_none() {
    assert_silent(&named(OUTLOOK_16_PROFILES, &["A"]).build(), "C02");
    let mut hive = new_hive();
    hive.key(PROFILES);
    assert_silent(&hive.build(), "C02");
}

#[test]
fn a_default_profile_that_may_be_there_is_not_missing() {
    let mut hive = named(PROFILES, &["A"]);
    hive.key(PROFILES).sz("Other", "x");
    let mut hive = hive.build();
    hive.point_value(PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "C02", "DefaultProfile could not be looked for");
    let mut hive = named(PROFILES, &["A"]).build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C02", "hive is dirty-unreplayed");
}

// ---- C14, C15 ---------------------------------------------------------------------------------------------------------

fn in_roots(lists: &[&str]) -> SynthHive {
    let mut hive = new_hive();
    for list in lists {
        add_exchange(&mut hive, list, "Outlook", T);
    }
    hive.build()
}

#[test]
fn profiles_of_two_generations_are_a_fact() {
    for list in [OUTLOOK_15_PROFILES, OUTLOOK_16_PROFILES] {
        let claim = claim(&in_roots(&[PROFILES, list]), "C14");
        assert_eq!((claim.severity, claim.count), (Severity::Info, 2));
        assert_eq!(claim.evidence.len(), 2);
    }
}

#[test]
fn profiles_of_one_generation_are_no_finding() {
    const OUTLOOK_14: &str = r"Software\Microsoft\Office\14.0\Outlook\Profiles";
    for lists in [
        &[PROFILES][..],
        &[OUTLOOK_16_PROFILES],
        &[PROFILES, OUTLOOK_14],
        &[OUTLOOK_15_PROFILES, OUTLOOK_16_PROFILES],
    ] {
        assert_silent(&in_roots(lists), "C14");
    }
    // Deleted ones are on their way out.
    assert_silent(&in_roots(&[PROFILES, OUTLOOK_16_DELETED_PROFILES]), "C14");
}

#[test]
fn the_subsystem_at_both_of_its_places_is_found() {
    let claim = claim(&in_roots(&[PROFILES, WIN9X_PROFILES]), "C15");
    assert_eq!(claim.severity, Severity::Low);
    assert_eq!(claim.evidence.len(), 2);
}

#[test]
fn a_second_subsystem_without_profiles_is_no_finding() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Outlook", T);
    hive.key(WIN9X_PROFILES);
    assert_silent(&hive.build(), "C15");
    assert_silent(&in_roots(&[PROFILES, OUTLOOK_16_PROFILES]), "C15");
}

// ---- C21 --------------------------------------------------------------------------------------------------------------

#[test]
fn names_that_mapi_does_not_allow_are_found() {
    let long = "n".repeat(65);
    for (name, what) in [
        (long.as_str(), "has 65 characters"),
        (" x", "begins with a space"),
        ("x ", "ends with a space"),
        ("a\u{7}b", "1 control character is in it"),
    ] {
        let mut hive = new_hive();
        let units: Vec<u16> = name.encode_utf16().collect();
        hive.key(PROFILES).raw_key(&units).written(T);
        let claim = claim(&hive.build(), "C21");
        assert_eq!(claim.severity, Severity::Low);
        assert!(claim.detail.contains(what), "{}", claim.detail);
    }
}

#[test]
fn names_at_the_edge_of_the_rule_are_allowed() {
    let longest = "n".repeat(64);
    assert_silent(&named(PROFILES, &[&longest, "Ärger mit Räumen", "under_score", "a.b@c"]).build(), "C21");
}

// ---- C22 --------------------------------------------------------------------------------------------------------------

fn renamed(created_as: &str, copy: &str) -> SynthHive {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &NewProfile::new(PROFILES, "Outlook", T));
    writer.section(Uid::NAME_AT_CREATION).unicode(0x6000, created_as);
    writer.section(Uid::EXCHANGE).string8(0x6750, copy);
    hive.build()
}

#[test]
fn a_profile_with_another_name_inside_was_renamed_or_copied() {
    let claim_of_creation = claim(&renamed("Old Name", "Outlook"), "C22");
    assert_eq!(claim_of_creation.severity, Severity::Info);
    assert_eq!(claim_of_creation.evidence[0].value.as_deref(), Some("Old Name"));
    assert_eq!(
        claim(&renamed("Outlook", "Old Name"), "C22").evidence[0].value_name.as_deref(),
        Some("001e6750")
    );
    assert_eq!(claim(&renamed("Older", "Old"), "C22").count, 2);
}

#[test]
fn the_same_name_in_another_letter_case_and_no_name_are_no_other_name() {
    assert_silent(&renamed("OUTLOOK", "outlook"), "C22");
    assert_silent(&renamed("", ""), "C22");
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &NewProfile::new(PROFILES, "Outlook", T));
    // The same numbers in a section that is neither.
    writer.section(Uid::CLIENT).unicode(0x6000, "Other").string8(0x6750, "Other");
    assert_silent(&hive.build(), "C22");
}

// ---- H02 --------------------------------------------------------------------------------------------------------------

fn created(in_name: u64, keys: u64) -> HiveBuilder {
    let mut hive = new_hive();
    let profile = NewProfile::new(PROFILES, &edk_name("FaxGateway", 7, in_name), keys);
    ProfileWriter::new(&mut hive, &profile).section(Uid::INSTANCE).binary(0x300B, &[7; 16]);
    hive
}

#[test]
fn a_name_that_is_younger_than_its_profile_is_found() {
    let hive = created(T + HOUR, T).build();
    let claim = claim(&hive, "H02");
    assert_eq!(claim.severity, Severity::Info);
    assert_eq!(claim.subject.name_created, Some(Filetime(T + HOUR)));
    assert!(claim.evidence[1].key_path.ends_with(&Uid::INSTANCE.hex()));
}

#[test]
fn five_seconds_are_within_what_clocks_and_writes_take() {
    assert_silent(&created(T + 5 * SECOND, T).build(), "H02");
    assert_silent(&created(T, T + HOUR).build(), "H02");
    assert_eq!(judge(&created(T + 6 * SECOND, T).build(), "H02").claims.len(), 1);
    assert_silent(&created(T, 0).build(), "H02");
}

#[test]
fn a_key_that_could_not_be_listed_may_be_as_young_as_the_name() {
    let mut hive = created(T + HOUR, T).build();
    let path = format!(r"{PROFILES}\{}", edk_name("FaxGateway", 7, T + HOUR));
    hive.point_subkey(&path, 0, NOWHERE);
    assert_not_judged(&hive, "H02", "not all keys of the profile could be listed");
}
