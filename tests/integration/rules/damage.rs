//! Profiles that lack a part: C03 to C07, of which the most specific stands for the others.

use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, PROFILES, ProfileWriter, Uid, dangling_service_profile, empty_profile,
    no_providers_profile, no_service_table_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, SECOND, SynthHive};
use mapihive::account::Confidence;
use mapihive::finding::Severity;
use mapihive::rules;

use super::{HOUR, T, add_exchange, assert_not_judged, assert_silent, claim, judge, new_hive};

const RULES: [&str; 5] = ["C03", "C04", "C05", "C06", "C07"];

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "Broken", T)
}

fn path() -> String {
    profile().path()
}

fn root_section() -> String {
    format!(r"{}\{}", path(), Uid::ROOT.hex())
}

/// A hive with one profile, and a healthy one that is much younger.
fn with(write: impl FnOnce(&mut HiveBuilder)) -> SynthHive {
    let mut hive = new_hive();
    write(&mut hive);
    add_exchange(&mut hive, PROFILES, "Healthy", T + HOUR);
    hive.build()
}

fn fires_alone(hive: &SynthHive, rule: &str) {
    for other in RULES {
        assert_eq!(judge(hive, other).claims.len(), usize::from(other == rule), "{rule} {other}");
    }
}

#[test]
fn a_healthy_profile_lacks_nothing() {
    let hive = with(|_| ());
    for rule in RULES {
        assert_silent(&hive, rule);
    }
}

#[test]
fn a_profile_without_sections_is_empty() {
    let hive = with(|hive| empty_profile(hive, &profile()));
    fires_alone(&hive, "C03");
    let claim = claim(&hive, "C03");
    assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::High));
    assert!(claim.detail.contains("C04 would hold too"), "{}", claim.detail);
}

#[test]
fn a_profile_with_other_keys_but_no_section_is_empty_too() {
    let hive = with(|hive| {
        empty_profile(hive, &profile());
        hive.key(&path()).key("{D9734F19-8CFB-411D-BC59-833E334FCB5E}").written(T);
    });
    let claim = claim(&hive, "C03");
    assert!(claim.detail.contains("but 1 key of other names below it"), "{}", claim.detail);
}

#[test]
fn an_empty_profile_among_the_newest_keys_may_be_in_the_making() {
    for (distance, severity) in [(60, Severity::Low), (61, Severity::Medium)] {
        let mut hive = new_hive();
        hive.default_written(T);
        empty_profile(&mut hive, &profile());
        hive.key(PROFILES).written(T + distance * SECOND);
        assert_eq!(claim(&hive.build(), "C03").severity, severity, "{distance}");
    }
}

#[test]
fn a_profile_with_one_section_is_not_empty() {
    let hive = with(|hive| {
        ProfileWriter::new(hive, &profile()).section(Uid::INSTANCE).binary(0x300B, &[7; 16]);
    });
    fires_alone(&hive, "C04");
    assert!(claim(&hive, "C04").detail.contains("has no section 9207f3e0"));
}

#[test]
fn sections_that_could_not_be_listed_may_be_there() {
    let mut hive = with(|hive| {
        ProfileWriter::new(hive, &profile()).section(Uid::ROOT).binary(0x3D0E, &[]);
    });
    hive.point_subkey(&path(), 0, NOWHERE);
    // No list of providers was seen, so that C06 has nothing to judge.
    for rule in RULES.into_iter().filter(|rule| *rule != "C06") {
        assert_not_judged(&hive, rule, "Broken");
    }
}

#[test]
fn profiles_that_could_not_be_listed_are_told_by_every_rule_about_missing_parts() {
    let mut hive = with(|hive| empty_profile(hive, &profile()));
    hive.point_subkey(PROFILES, 0, NOWHERE);
    for rule in RULES {
        assert_not_judged(&hive, rule, r"Profiles: not all profiles could be listed");
    }
}

#[test]
fn a_dirty_hive_is_not_judged_by_what_it_lacks() {
    let mut hive = with(|hive| {
        empty_profile(hive, &profile());
        no_service_table_profile(hive, &NewProfile::new(PROFILES, "B", T));
        dangling_service_profile(hive, &NewProfile::new(PROFILES, "C", T), r"C:\a.pst");
        no_providers_profile(hive, &NewProfile::new(PROFILES, "D", T));
        add_exchange(hive, PROFILES, "E", T);
        hive.key(PROFILES).key("E").key(&Uid::ROOT.hex()).binary("01023d00", &[9; 16]);
    });
    for rule in RULES {
        assert_eq!(judge(&hive, rule).claims.len(), 1, "{rule}");
    }
    hive.set_sequences(5, 4);
    for rule in RULES {
        assert_not_judged(&hive, rule, "hive is dirty-unreplayed");
    }
}

#[test]
fn a_profile_without_a_list_of_services_is_found() {
    let hive = with(|hive| no_service_table_profile(hive, &profile()));
    fires_alone(&hive, "C04");
    let claim = claim(&hive, "C04");
    assert_eq!(claim.severity, Severity::Medium);
    assert!(claim.detail.contains("has no value 01023d0e"), "{}", claim.detail);
    assert_eq!(claim.evidence[0].key_path, root_section());
}

#[test]
fn a_list_of_services_of_the_wrong_length_is_none() {
    for (len, what) in [(0, "an empty list"), (15, "of 15 bytes"), (17, "of 17 bytes")] {
        let hive = with(|hive| {
            ProfileWriter::new(hive, &profile()).section(Uid::ROOT).binary(0x3D0E, &vec![1; len]);
        });
        // With a whole identifier that has no section, C05 would hold too.
        fires_alone(&hive, "C04");
        let claim = claim(&hive, "C04");
        assert!(claim.detail.contains(what), "{}", claim.detail);
        assert_eq!(claim.detail.contains("C05 would hold too"), len == 17, "{}", claim.detail);
        assert_eq!(claim.evidence[0].value_name.as_deref(), Some("01023d0e"));
    }
}

#[test]
fn a_list_of_services_that_could_not_be_read_is_no_missing_one() {
    let mut hive = with(|hive| no_providers_profile(hive, &profile()));
    hive.point_value_data(&root_section(), "01023d0e", NOWHERE);
    for rule in ["C04", "C05"] {
        assert_not_judged(&hive, rule, "Broken");
    }
    let mut hive = with(|hive| no_service_table_profile(hive, &profile()));
    hive.point_value(&root_section(), 0, NOWHERE);
    for rule in ["C04", "C05"] {
        assert_not_judged(&hive, rule, "Broken");
    }
}

#[test]
fn services_without_a_section_are_named() {
    let hive = with(|hive| dangling_service_profile(hive, &profile(), r"C:\a.pst"));
    fires_alone(&hive, "C05");
    let claim = claim(&hive, "C05");
    let lost = profile().uid("lost service").hex();
    assert_eq!((claim.severity, claim.count), (Severity::Medium, 1));
    assert!(
        claim.detail.contains("lists 2 message services") && claim.detail.contains(&lost),
        "{}",
        claim.detail
    );
    assert!(claim.evidence[0].value.as_ref().is_some_and(|value| value.contains(&lost)));
    assert_eq!(claim.evidence[0].value_name.as_deref(), Some("01023d0e"));
}

#[test]
fn a_service_whose_section_could_not_be_listed_is_not_missing() {
    let mut hive = with(|hive| {
        dangling_service_profile(hive, &profile(), r"C:\a.pst");
        // The healthy form: the lost service is there.
        let lost = profile().uid("lost service").hex();
        hive.key(&path()).key(&lost).written(T);
    });
    assert_silent(&hive, "C05");
    let below = format!(r"{}\", path());
    let mut sections: Vec<&str> =
        hive.layout.keys().filter_map(|key| key.path.strip_prefix(&below)).collect();
    sections.sort_unstable();
    let lost = profile().uid("lost service").hex();
    let index = sections.iter().position(|name| *name == lost).unwrap();
    hive.point_subkey(&path(), index, NOWHERE);
    assert_not_judged(&hive, "C05", "its services or their sections could not all be read");
}

/// Rules that look for what was recovered among what is live: with nothing recovered there is nothing to look for.
const OF_RECOVERED: [&str; 6] = ["L20", "L21", "L22", "L23", "L24", "L25"];

#[test]
fn roots_that_could_not_be_reached_are_told_by_every_rule_that_argues_from_absence() {
    let mut hive = with(|hive| empty_profile(hive, &profile()));
    hive.point_subkey(r"Software\Microsoft", 0, NOWHERE);
    // Without the hives of the host these have nothing to judge: see host.rs.
    let live = |id| !OF_RECOVERED.contains(&id) && !["L04", "X06"].contains(&id);
    for rule in rules::ALL.iter().filter(|rule| rule.argues_from_absence && live(rule.id)) {
        assert_not_judged(&hive, rule.id, r"Software\Microsoft");
    }
}

#[test]
fn an_exchange_service_without_providers_is_found() {
    let hive = with(|hive| no_providers_profile(hive, &profile()));
    fires_alone(&hive, "C07");
    let claim = claim(&hive, "C07");
    assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::Medium));
    assert_eq!(claim.subject.service_name.as_deref(), Some("MSEMS"));
    assert!(claim.detail.contains("No section names it as its service either"), "{}", claim.detail);
}

#[test]
fn an_empty_list_of_providers_is_none_and_any_other_is_one() {
    let service = format!(r"{}\{}", path(), profile().uid("MSEMS").hex());
    for (len, fires) in [(0, true), (16, false)] {
        let hive = with(|hive| {
            no_providers_profile(hive, &profile());
            hive.key(&service).binary("01023d02", &vec![3; len]);
        });
        assert_eq!(judge(&hive, "C07").claims.len(), usize::from(fires), "{len}");
    }
}

#[test]
fn providers_that_no_list_names_weaken_the_finding() {
    let hive = with(|hive| {
        no_providers_profile(hive, &profile());
        let uid = profile().uid("stray").hex();
        hive.key(&path()).key(&uid).binary("01023d0c", &profile().uid("MSEMS").0).written(T);
    });
    let claim = claim(&hive, "C07");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("1 section names it"), "{}", claim.detail);
}

#[test]
fn lists_of_providers_that_could_not_be_read_are_no_missing_ones() {
    let service = format!(r"{}\{}", path(), profile().uid("MSEMS").hex());
    let hive = with(|hive| {
        no_providers_profile(hive, &profile());
        hive.key(&service).binary("01023d00", &[3; 16]);
    });
    let mut unread = hive.clone();
    unread.point_value_data(&service, "01023d00", NOWHERE);
    assert_not_judged(&unread, "C07", "the lists of providers could not be read");
    // The service's name could not be read: it may or may not be Exchange's.
    let mut unnamed = hive;
    unnamed.point_value_data(&service, "001e3d09", NOWHERE);
    assert_not_judged(&unnamed, "C07", "the service's name could not be read");
}

#[test]
fn a_more_specific_finding_names_the_one_it_stands_for() {
    let hive = with(|hive| {
        no_providers_profile(hive, &profile());
        let lost = [profile().uid("MSEMS").0, [9; 16]].concat();
        hive.key(&root_section()).binary("01023d0e", &lost);
    });
    fires_alone(&hive, "C05");
    assert!(claim(&hive, "C05").detail.contains("C07 would hold too"));
    // Of another profile each is still judged for itself.
    let hive = with(|hive| {
        empty_profile(hive, &profile());
        no_providers_profile(hive, &NewProfile::new(PROFILES, "Other", T));
    });
    assert_eq!(judge(&hive, "C03").claims.len() + judge(&hive, "C07").claims.len(), 2);
}

#[test]
fn a_profile_marked_for_deletion_may_lack_anything() {
    let hive = with(|hive| {
        empty_profile(hive, &NewProfile::new(DELETED_PROFILES, "A", T));
        no_service_table_profile(hive, &NewProfile::new(DELETED_PROFILES, "B", T));
        dangling_service_profile(hive, &NewProfile::new(DELETED_PROFILES, "C", T), r"C:\a.pst");
        no_providers_profile(hive, &NewProfile::new(DELETED_PROFILES, "D", T));
    });
    for rule in RULES {
        assert_silent(&hive, rule);
    }
}
