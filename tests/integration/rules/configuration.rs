//! The default profile (C01), services of Exchange that lead to no mailbox (C08, C09), hives of the system (C27).

use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, OUTLOOK_16, OUTLOOK_16_PROFILES, PROFILES, ProfileWriter, Uid,
    no_providers_profile, skeleton_only_profile, unresolved_msems_profile,
};
use hive_synth::{NOWHERE, REG_BINARY, SecurityDescriptor, SynthHive};
use mapihive::account::Confidence;
use mapihive::finding::Severity;

use super::{T, add_exchange, assert_not_judged, assert_silent, claim, judge, judge_at, new_hive};

// ---- C01 --------------------------------------------------------------------------------------------------------------

fn with_default(name: &str, live: &[&str], deleted: &[&str]) -> SynthHive {
    let mut hive = new_hive();
    for (list, names) in [(PROFILES, live), (DELETED_PROFILES, deleted)] {
        for name in names {
            add_exchange(&mut hive, list, name, T);
        }
    }
    hive.key(PROFILES).sz("DefaultProfile", name);
    hive.build()
}

#[test]
fn a_default_profile_that_does_not_exist_is_found() {
    let claim = claim(&with_default("Gone", &["Other"], &[]), "C01");
    assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::High));
    assert_eq!(claim.evidence[0].value.as_deref(), Some("Gone"));
    assert_eq!(claim.evidence[0].value_name.as_deref(), Some("DefaultProfile"));
    assert!(claim.detail.contains("No profile of this name is under Deleted Profiles"), "{}", claim.detail);
}

#[test]
fn a_default_profile_that_exists_in_any_letter_case_is_no_finding() {
    assert_silent(&with_default("OTHER", &["Other"], &[]), "C01");
    assert_silent(&with_default("ÄRGER", &["Ärger"], &[]), "C01");
    // An empty name names nothing, and neither does a value that is not there.
    assert_silent(&with_default("", &["Other"], &[]), "C01");
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Other", T);
    assert_silent(&hive.build(), "C01");
}

#[test]
fn a_default_profile_that_was_deleted_while_in_use_is_told_apart() {
    let claim = claim(&with_default("Gone", &[], &["GONE"]), "C01");
    assert!(claim.detail.contains("is only under Deleted Profiles"), "{}", claim.detail);
    assert!(claim.evidence.iter().any(|evidence| evidence.role == "deleted profile of this name"));
}

#[test]
fn a_default_profile_counts_in_its_own_root_alone() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Outlook", T);
    hive.key(OUTLOOK_16).sz("DefaultProfile", "Outlook");
    let claim_without = claim(&hive.build(), "C01");
    assert!(claim_without.detail.contains("there is no key Profiles"), "{}", claim_without.detail);
    assert!(claim_without.detail.contains("in another root (Windows NT)"), "{}", claim_without.detail);
    assert_eq!(claim_without.subject.root.as_deref(), Some("Office 16.0"));

    add_exchange(&mut hive, OUTLOOK_16_PROFILES, "Outlook", T);
    assert_silent(&hive.build(), "C01");
}

#[test]
fn a_default_profile_is_not_judged_where_something_is_unreadable() {
    let mut hive = with_default("Gone", &["Other"], &[]);
    hive.point_subkey(PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "C01", "\"Gone\" may be there");

    let mut hive = with_default("Gone, with a name longer than four bytes", &["Other"], &[]);
    hive.point_value_data(PROFILES, "DefaultProfile", NOWHERE);
    assert_not_judged(&hive, "C01", "not a text that can be read");

    let mut hive = with_default("Other", &["Other"], &[]);
    hive.point_value(PROFILES, 0, NOWHERE);
    assert_not_judged(&hive, "C01", "could not be looked for");

    let mut hive = new_hive();
    hive.key(PROFILES).value("DefaultProfile", REG_BINARY, &[1, 2, 3]);
    assert_not_judged(&hive.build(), "C01", "not a text that can be read");

    let mut hive = with_default("Gone", &["Other"], &[]);
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C01", "hive is dirty-unreplayed");
}

// ---- C08, C09 ---------------------------------------------------------------------------------------------------------

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "Recovery", T)
}

fn section(uid: Uid) -> String {
    format!(r"{}\{}", profile().path(), uid.hex())
}

fn unresolved() -> hive_synth::HiveBuilder {
    let mut hive = new_hive();
    unresolved_msems_profile(&mut hive, &profile(), "Smith, John", "EXCH1", None);
    hive
}

fn skeleton() -> hive_synth::HiveBuilder {
    let mut hive = new_hive();
    skeleton_only_profile(&mut hive, &profile());
    hive
}

fn private_store() -> String {
    section(profile().uid("MSEMS EMS_MDB_private"))
}

#[test]
fn names_as_typed_without_a_resolved_mailbox_are_found() {
    let hive = unresolved().build();
    assert_silent(&hive, "C09");
    let claim = claim(&hive, "C08");
    assert_eq!(claim.severity, Severity::Low);
    assert_eq!(claim.evidence[0].value.as_deref(), Some("Smith, John"));
    assert_eq!(claim.evidence[1].value.as_deref(), Some("EXCH1"));
    assert!(
        claim.detail.contains("\"Smith, John\"") && claim.detail.contains("\"EXCH1\""),
        "{}",
        claim.detail
    );
}

#[test]
fn settings_that_were_never_filled_in_are_found() {
    let hive = skeleton().build();
    assert_silent(&hive, "C08");
    let claim = claim(&hive, "C09");
    assert_eq!(claim.severity, Severity::Low);
    assert!(claim.detail.contains("beyond the defaults of mapisvc.inf"), "{}", claim.detail);

    let mut hive = new_hive();
    no_providers_profile(&mut hive, &profile());
    let without = super::claim(&hive.build(), "C09");
    assert!(without.detail.contains("there is no section with Exchange settings"), "{}", without.detail);
    assert!(without.detail.contains("no section belongs to the service"), "{}", without.detail);
}

#[test]
fn a_resolved_profile_is_neither() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Resolved", T);
    let hive = hive.build();
    assert_silent(&hive, "C08");
    assert_silent(&hive, "C09");
}

#[test]
fn any_trace_of_a_mailbox_resolves_and_an_empty_text_does_not() {
    for (id, path) in [
        ("001e6602", section(Uid::EXCHANGE)),
        ("001e6603", section(Uid::EXCHANGE)),
        ("001e660b", private_store()),
    ] {
        for (text, resolved) in [("/o=Example/cn=jsmith", true), ("", false)] {
            let mut hive = unresolved();
            hive.key(&path).sz(id, text);
            let claims = judge(&hive.build(), "C08").claims.len();
            assert_eq!(claims, usize::from(!resolved), "{id} {text:?}");
        }
    }
}

#[test]
fn settings_beyond_the_defaults_are_no_skeleton() {
    let mut hive = skeleton();
    hive.key(&section(Uid::EXCHANGE)).sz("001e6619", "1");
    assert_silent(&hive.build(), "C09");
    // Properties of other ranges do not count.
    let mut hive = skeleton();
    hive.key(&section(Uid::EXCHANGE)).sz("001e3001", "Microsoft Exchange Server");
    assert_eq!(judge(&hive.build(), "C09").claims.len(), 1);
}

#[test]
fn accounts_that_run_services_make_it_medium() {
    for (path, severity) in [
        (super::USER, Severity::Low),
        ("HOST/C/WINNT/system32/config/DEFAULT", Severity::Medium),
        ("HOST/C/Windows/ServiceProfiles/NetworkService/NTUSER.DAT", Severity::Medium),
    ] {
        assert_eq!(judge_at(&unresolved().build(), path, "C08").claims[0].severity, severity, "{path}");
        assert_eq!(judge_at(&skeleton().build(), path, "C09").claims[0].severity, severity, "{path}");
    }
}

#[test]
fn unresolved_names_are_found_in_profiles_marked_for_deletion() {
    let mut hive = new_hive();
    let deleted = NewProfile::new(DELETED_PROFILES, "Temp", T);
    unresolved_msems_profile(&mut hive, &deleted, "Smith, John", "EXCH1", None);
    let skeleton = NewProfile::new(DELETED_PROFILES, "Bare", T);
    skeleton_only_profile(&mut hive, &skeleton);
    let hive = hive.build();
    assert_eq!(claim(&hive, "C08").subject.profile.as_deref(), Some("Temp"));
    assert_silent(&hive, "C09");
}

/// A service of Outlook 2010 or later, whose settings are in a section that 3d15 names.
fn modern(own: &[(u16, &str)], global: &[(u16, &str)]) -> SynthHive {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let (service, settings) = (writer.uid("MSEMS"), writer.uid("settings"));
    writer.section(Uid::ROOT).uids(0x3D0E, &[service]);
    writer.section(service).string8(0x3D09, "MSEMS").string8(0x3D0B, "EMSCfg").uids(0x3D15, &[settings]);
    for (uid, texts) in [(settings, own), (Uid::EXCHANGE, global)] {
        let mut section = writer.section(uid);
        section.long(0x6600, 0x501);
        for (id, text) in texts {
            section.string8(*id, text);
        }
    }
    hive.build()
}

#[test]
fn the_section_that_the_service_names_holds_its_settings() {
    let typed = [(0x6607, "Smith, John")];
    let resolved = [(0x6602, "EXCH1"), (0x6603, "/o=Example/cn=jsmith")];
    assert_eq!(judge(&modern(&typed, &[]), "C08").claims.len(), 1);
    assert_eq!(judge(&modern(&typed, &typed), "C08").claims.len(), 1);
    assert_eq!(judge(&modern(&[], &[]), "C09").claims.len(), 1);
    assert_silent(&modern(&resolved, &[]), "C08");
    assert_silent(&modern(&resolved, &resolved), "C08");
}

#[test]
fn two_sections_of_settings_that_disagree_are_not_judged() {
    let hive = modern(&[(0x6607, "Smith, John")], &[(0x6602, "EXCH1")]);
    assert_not_judged(&hive, "C08", "disagree on property 6602");
    let hive = modern(&[], &[(0x6607, "Smith, John")]);
    assert_not_judged(&hive, "C09", "disagree on property 6607");
    let hive = modern(&[(0x6607, "Smith, John")], &[(0x6607, "Jones")]);
    assert_not_judged(&hive, "C08", "disagree on property 6607");
}

#[test]
fn each_of_several_exchange_services_is_judged() {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let accounts = ["one", "two"].map(|name| (writer.uid(name), writer.uid(&format!("{name} settings"))));
    let services = accounts.map(|(service, _)| service);
    writer.section(Uid::ROOT).uids(0x3D0E, &services);
    for ((service, settings), id) in accounts.into_iter().zip([0x6602, 0x6607]) {
        writer.section(service).string8(0x3D09, "MSEMS").string8(0x3D0B, "EMSCfg").uids(0x3D15, &[settings]);
        writer.section(settings).string8(id, "EXCH1");
    }
    let claim = claim(&hive.build(), "C08");
    assert_eq!(claim.subject.section_uid, Some(services[1].hex()));
}

#[test]
fn a_lost_section_of_settings_is_no_unresolved_one() {
    let mut hive = modern(&[(0x6607, "Smith, John")], &[]);
    hive.delete_key(&section(profile().uid("settings")));
    assert_not_judged(&hive, "C08", "that 01023d15 names is not there");
    assert_not_judged(&hive, "C09", "that 01023d15 names is not there");
}

#[test]
fn a_store_that_is_missing_or_unreadable_may_have_held_the_mailbox() {
    for rule in ["C08", "C09"] {
        let built = || if rule == "C08" { unresolved().build() } else { skeleton().build() };
        let mut lost = built();
        lost.delete_key(&private_store());
        assert_not_judged(&lost, rule, "sections of stores are missing");

        let mut unread = built();
        unread.point_value(&private_store(), 0, NOWHERE);
        assert_not_judged(&unread, rule, "could not be read");

        let mut settings = built();
        settings.point_value(&section(Uid::EXCHANGE), 0, NOWHERE);
        assert_not_judged(&settings, rule, "could not be read");

        let mut dirty = built();
        dirty.set_sequences(5, 4);
        assert_not_judged(&dirty, rule, "hive is dirty-unreplayed");
    }
}

// ---- C27 --------------------------------------------------------------------------------------------------------------

#[test]
fn profiles_of_the_system_and_of_the_template_are_found() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Nightly", T);
    add_exchange(&mut hive, DELETED_PROFILES, "Report", T);
    let hive = hive.build();
    for (path, whose) in [
        ("HOST/C/WINNT/system32/config/DEFAULT", "LocalSystem"),
        ("HOST/C/Windows/System32/config/systemprofile/NTUSER.DAT", "LocalSystem"),
        ("HOST/C/Documents and Settings/LocalService/NTUSER.DAT", "LocalService"),
        ("HOST/C/Windows/ServiceProfiles/NetworkService/NTUSER.DAT", "NetworkService"),
        ("HOST/C/Users/Default/NTUSER.DAT", "the template for new accounts"),
    ] {
        let verdict = judge_at(&hive, path, "C27");
        let [claim] = verdict.claims.as_slice() else { panic!("{path}: {verdict:#?}") };
        assert_eq!((claim.severity, claim.count, claim.evidence.len()), (Severity::Info, 2, 2), "{path}");
        assert!(claim.detail.contains(whose), "{}", claim.detail);
        assert_eq!(claim.confidence, Confidence::Medium, "{path}");
    }
}

#[test]
fn a_well_known_identifier_tells_the_systems_hive_wherever_it_lies() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Nightly", T);
    hive.root_security(&SecurityDescriptor::user_hive("S-1-5-20"));
    let claims = judge_at(&hive.build(), "evidence/17/NTUSER.DAT", "C27").claims;
    assert_eq!(claims.len(), 1);
    assert!(claims[0].detail.contains("S-1-5-20"), "{}", claims[0].detail);
}

#[test]
fn profiles_of_an_ordinary_account_and_system_hives_without_any_are_no_finding() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Nightly", T);
    assert_silent(&hive.build(), "C27");
    let mut hive = new_hive();
    hive.key(PROFILES);
    let verdict = judge_at(&hive.build(), "HOST/C/WINNT/system32/config/DEFAULT", "C27");
    assert!(verdict.claims.is_empty());
}
