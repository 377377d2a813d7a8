//! Services of Exchange, their servers and their mailboxes: C06, C11, C12, C13, C19, C20, C24, C25.

use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, OUTLOOK_16_PROFILES, PROFILES, ProfileWriter, Section, Uid,
    skeleton_only_profile, unresolved_msems_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, SecurityDescriptor, SynthHive};
use mapihive::finding::Severity;

use super::{T, add_exchange, assert_not_judged, assert_silent, claim, judge, judge_at, new_hive};

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "Mail", T)
}

fn section(uid: Uid) -> String {
    format!(r"{}\{}", profile().path(), uid.hex())
}

fn exchange() -> HiveBuilder {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Mail", T);
    hive
}

/// A profile with nothing but a section of Exchange settings.
fn settings(write: impl FnOnce(&mut Section<'_>)) -> SynthHive {
    let mut hive = new_hive();
    write(&mut ProfileWriter::new(&mut hive, &profile()).section(Uid::EXCHANGE));
    hive.build()
}

// ---- C06 --------------------------------------------------------------------------------------------------------------

#[test]
fn providers_that_a_list_names_and_nobody_has_are_found() {
    let lost = [9; 16];
    for (name, at) in [
        ("01023d00", section(Uid::ROOT)),
        ("01023d01", section(Uid::ROOT)),
        ("01023d02", section(profile().uid("MSEMS"))),
        ("01023d0d", section(profile().uid("MSEMS"))),
    ] {
        let mut hive = exchange();
        hive.key(&at).binary(name, &lost);
        let claim = claim(&hive.build(), "C06");
        assert_eq!((claim.severity, claim.count), (Severity::Medium, 1), "{name}");
        assert_eq!(claim.evidence[0].value_name.as_deref(), Some(name));
        assert!(claim.detail.contains("09090909090909090909090909090909"), "{}", claim.detail);
    }
}

#[test]
fn what_no_list_of_providers_names_may_lead_nowhere() {
    assert_silent(&exchange().build(), "C06");
    for (name, data, at) in [
        // Hooks, and nothing at all.
        ("01023d08", [9; 16], section(Uid::ROOT)),
        ("01023d15", [0; 16], section(profile().uid("MSEMS"))),
        // What the client remembers of an account that is gone.
        ("01023d15", [9; 16], section(Uid::CLIENT)),
        ("01023d00", [9; 16], section(Uid::EXCHANGE)),
    ] {
        let mut hive = exchange();
        hive.key(&at).binary(name, &data);
        assert_silent(&hive.build(), "C06");
    }
}

#[test]
fn a_provider_that_could_not_be_listed_is_not_missing() {
    let mut hive = exchange().build();
    hive.point_subkey(&profile().path(), 3, NOWHERE);
    assert_not_judged(&hive, "C06", "not all sections could be listed");
    let mut hive = exchange().build();
    hive.point_value_data(&section(Uid::ROOT), "01023d00", NOWHERE);
    assert_not_judged(&hive, "C06", "could not all be read");
    let mut hive = exchange();
    hive.key(&section(Uid::ROOT)).binary("01023d00", &[9; 16]);
    let mut hive = hive.build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C06", "hive is dirty-unreplayed");
}

#[test]
fn a_lost_provider_stands_for_the_rule_after_it_and_behind_those_before() {
    let mut hive = exchange();
    hive.key(&section(Uid::ROOT)).binary("01023d0e", &[profile().uid("MSEMS").0, [9; 16]].concat());
    hive.key(&section(Uid::ROOT)).binary("01023d00", &[9; 16]);
    let hive = hive.build();
    assert_silent(&hive, "C06");
    assert!(claim(&hive, "C05").detail.contains("C06 would hold too"));

    let mut hive = exchange();
    hive.key(&section(Uid::ROOT)).binary("01023d00", &[9; 16]);
    for list in ["01023d00", "01023d01", "01023d02"] {
        hive.key(&section(profile().uid("MSEMS"))).binary(list, &[]);
    }
    let hive = hive.build();
    assert_silent(&hive, "C07");
    assert!(claim(&hive, "C06").detail.contains("C07 would hold too"));
}

// ---- C11 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_home_server_without_addresses_is_found() {
    let hive = settings(|section| {
        section.string8(0x6602, "EXCH01");
    });
    let claim = claim(&hive, "C11");
    assert_eq!(claim.severity, Severity::Low);
    assert_eq!(claim.evidence[0].value.as_deref(), Some("EXCH01"));
    assert!(claim.detail.contains("holds no RPC bindings"), "{}", claim.detail);
}

#[test]
fn a_home_server_with_addresses_or_of_a_later_form_is_no_finding() {
    assert_silent(&exchange().build(), "C11");
    for server in ["", "6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20@example.test"] {
        let hive = settings(|section| {
            section.string8(0x6602, server);
        });
        assert_silent(&hive, "C11");
    }
    // 6602 is a user in a section of the LDAP service.
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let uid = writer.uid("ldap");
    writer.section(uid).string8(0x3D09, "EMABLT").string8(0x6602, "cn=reader");
    assert_silent(&hive.build(), "C11");
}

#[test]
fn addresses_that_could_not_be_looked_for_are_not_missing() {
    let write = |section: &mut Section<'_>| {
        section.string8(0x6602, "EXCH01").long(0x6600, 0x501);
    };
    let mut hive = settings(write);
    hive.point_value(&section(Uid::EXCHANGE), 1, NOWHERE);
    assert_not_judged(&hive, "C11", "could not be read");
    let mut hive = settings(write);
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C11", "hive is dirty-unreplayed");
}

// ---- C12, C13 ---------------------------------------------------------------------------------------------------------

fn with_servers(home: &str, typed: &str, bindings: &[&str]) -> SynthHive {
    settings(|section| {
        section.string8(0x6602, home).string8(0x6608, typed).string8s(0x6613, bindings);
    })
}

#[test]
fn a_home_server_that_is_not_the_typed_one_is_a_fact() {
    let claim = claim(&with_servers("MAIL2", "mail1.example.test", &["ncalrpc:MAIL2"]), "C12");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 1));
    let values: Vec<_> = claim.evidence.iter().map(|evidence| evidence.value.as_deref().unwrap()).collect();
    assert_eq!(values, ["MAIL2", "mail1.example.test"]);
}

#[test]
fn one_server_in_two_forms_is_no_other_server() {
    for (home, typed) in [
        ("MAIL2", "mail2.example.test"),
        ("MAIL2", "mail2"),
        ("MAIL2", "192.0.2.7"),
        ("MAIL2", ""),
        ("6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20@example.test", "MAIL1"),
        ("MAIL2", "/o=Example/ou=WEST/cn=Configuration/cn=Servers/cn=MAIL1"),
    ] {
        assert_silent(&with_servers(home, typed, &[]), "C12");
    }
}

#[test]
fn addresses_of_another_server_are_found() {
    let claim =
        claim(&with_servers("MAIL2", "", &["ncalrpc:MAIL1", "ncacn_ip_tcp:mail1.example.test"]), "C13");
    assert_eq!((claim.severity, claim.count), (Severity::Low, 1));
    assert!(claim.detail.contains("ncacn_ip_tcp:mail1.example.test"), "{}", claim.detail);
}

#[test]
fn addresses_that_name_the_server_once_or_cannot_be_compared_are_no_finding() {
    for (home, bindings) in [
        ("MAIL2", &["ncalrpc:MAIL1", "ncacn_ip_tcp:Mail2.example.test"][..]),
        ("MAIL2", &[]),
        ("MAIL2", &["ncalrpc:MAIL1", "ncacn_ip_tcp:192.0.2.7"]),
        ("192.0.2.7", &["ncalrpc:MAIL1"]),
        ("x@example.test", &["ncalrpc:MAIL1"]),
        ("MAIL2", &["ncacn_http:x@example.test"]),
    ] {
        assert_silent(&with_servers(home, "", bindings), "C13");
    }
}

#[test]
fn addresses_that_could_not_be_read_are_not_those_of_another_server() {
    let mut hive = with_servers("MAIL2", "", &["ncalrpc:MAIL1"]);
    hive.point_value_data(&section(Uid::EXCHANGE), "101e6613", NOWHERE);
    assert_not_judged(&hive, "C13", "could not be read");
    let broken = settings(|section| {
        section.string8(0x6602, "MAIL2").property(0x101E, 0x6613, &[1, 0, 0, 0, 0xff, 0, 0, 0]);
    });
    assert_not_judged(&broken, "C13", "could not be read");
    let mut hive = with_servers("MAIL2", "", &["ncalrpc:MAIL1"]);
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C13", "hive is dirty-unreplayed");
    // What is there is told in a dirty hive too.
    let mut hive = with_servers("MAIL2", "MAIL1", &[]);
    hive.set_sequences(5, 4);
    assert_eq!(judge(&hive, "C12").claims.len(), 1);
}

// ---- C19 --------------------------------------------------------------------------------------------------------------

fn blackberry(name: &str, server: Option<&str>) -> HiveBuilder {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &NewProfile::new(PROFILES, name, T));
    let mut section = writer.section(Uid::EXCHANGE);
    section.long(0x6600, 0x501);
    if let Some(server) = server {
        section.string8(0x6602, server);
    }
    hive
}

#[test]
fn a_blackberry_profile_without_a_name_of_a_server_is_found() {
    for (server, what) in [
        (None, "holds no home server"),
        (Some(""), "holds an empty home server"),
        (Some("6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20@example.test"), "which is no name of a server"),
        (Some("{6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20}"), "which is no name of a server"),
    ] {
        let claim = claim(&blackberry("blackberryserver", server).build(), "C19");
        assert_eq!(claim.severity, Severity::Medium);
        assert!(claim.detail.contains(what), "{}", claim.detail);
    }
    let mut hive = new_hive();
    hive_synth::mapi::empty_profile(&mut hive, &NewProfile::new(PROFILES, "BlackBerryManager", T));
    assert!(claim(&hive.build(), "C19").detail.contains("has no section with Exchange settings"));
}

#[test]
fn a_blackberry_profile_with_a_server_and_other_profiles_without_are_no_finding() {
    for server in ["EXCH01", "deadbeef", "6d1f2c44"] {
        assert_silent(&blackberry("BlackBerryServer", Some(server)).build(), "C19");
    }
    assert_silent(&blackberry("BlackBerryServer Test", None).build(), "C19");
}

#[test]
fn a_home_server_that_may_be_there_is_not_missing() {
    let path = format!(r"{PROFILES}\BlackBerryServer\{}", Uid::EXCHANGE.hex());
    let mut hive = blackberry("BlackBerryServer", None).build();
    hive.point_value(&path, 0, NOWHERE);
    assert_not_judged(&hive, "C19", "the home server could not be looked for");
    let mut hive = blackberry("BlackBerryServer", Some("a server with a long name")).build();
    hive.point_value_data(&path, "001e6602", NOWHERE);
    assert_not_judged(&hive, "C19", "the home server could not be looked for");
    let mut hive = blackberry("BlackBerryServer", None).build();
    hive.point_subkey(&format!(r"{PROFILES}\BlackBerryServer"), 0, NOWHERE);
    assert_not_judged(&hive, "C19", "the home server could not be looked for");
    let mut hive = blackberry("BlackBerryServer", None).build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C19", "hive is dirty-unreplayed");
}

// ---- C20 --------------------------------------------------------------------------------------------------------------

/// A profile with several services of one name and these flags.
fn twice(list: &str, name: &str, flags: &[u32], modern: bool) -> HiveBuilder {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &NewProfile::new(list, "Mail", T));
    for (number, flags) in flags.iter().enumerate() {
        let (service, settings) =
            (writer.uid(&format!("service {number}")), writer.uid(&format!("settings {number}")));
        let mut section = writer.section(service);
        section.string8(0x3D09, name).string8(0x3D0B, "Entry").long(0x3009, *flags);
        if modern {
            section.uids(0x3D15, &[settings]);
        }
    }
    hive
}

#[test]
fn a_service_that_may_be_there_once_and_is_there_twice_is_found() {
    for (name, flags) in [("CONTAB", [0x22, 0x22]), ("contab", [2, 2]), ("MSEMS", [2, 2]), ("MSEMS", [0, 0])]
    {
        let claim = claim(&twice(PROFILES, name, &flags, false).build(), "C20");
        assert_eq!((claim.severity, claim.count), (Severity::Low, 2), "{name} {flags:?}");
        assert_eq!(claim.subject.service_name.as_deref(), Some(name));
    }
}

#[test]
fn services_that_may_be_there_more_than_once_are_no_finding() {
    assert_silent(&exchange().build(), "C20");
    assert_silent(&twice(PROFILES, "CONTAB", &[2], false).build(), "C20");
    assert_silent(&twice(PROFILES, "MSPST MS", &[0x20, 0x20], false).build(), "C20");
    assert_silent(&twice(PROFILES, "CONTAB", &[2, 0], false).build(), "C20");
    // Outlook 2010 and later allow several Exchange accounts.
    assert_silent(&twice(PROFILES, "MSEMS", &[2, 2], true).build(), "C20");
    assert_silent(&twice(OUTLOOK_16_PROFILES, "MSEMS", &[2, 2], false).build(), "C20");
}

#[test]
fn a_sign_of_later_outlook_that_may_be_there_is_not_missing() {
    let path = section(profile().uid("service 0"));
    let mut hive = twice(PROFILES, "MSEMS", &[2, 2], true).build();
    hive.point_value(&path, 3, NOWHERE);
    let path_of_second = section(profile().uid("service 1"));
    hive.point_value(&path_of_second, 3, NOWHERE);
    assert_not_judged(&hive, "C20", "01023d15");
    let mut hive = twice(PROFILES, "MSEMS", &[2, 2], false).build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C20", "hive is dirty-unreplayed");
}

// ---- C24 --------------------------------------------------------------------------------------------------------------

/// A profile of Exchange with a further store.
fn with_store(number: u8, write: impl Fn(&mut Section<'_>)) -> HiveBuilder {
    let mut hive = exchange();
    for index in 0..number {
        let mut writer = ProfileWriter::new(&mut hive, &profile());
        let (store, service) = (writer.uid(&format!("delegate {index}")), writer.uid("MSEMS"));
        let mut section = writer.section(store);
        section.uids(0x3D0C, &[service]).long(0x3E03, 0x21);
        section.string8(0x660B, &format!("/o=Example/cn=Recipients/cn=manager{index}"));
        write(&mut section);
    }
    hive
}

#[test]
fn stores_of_other_mailboxes_are_told_with_their_names() {
    let by_type = |section: &mut Section<'_>| {
        section.long(0x660A, 2);
    };
    let by_store = |section: &mut Section<'_>| {
        section.uids(0x3414, &[Uid::DELEGATE_STORE]);
    };
    assert!(claim(&with_store(1, by_store).build(), "C24").detail.contains("cn=manager0"));
    let hive = with_store(6, by_type).build();
    let claim = claim(&hive, "C24");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 6));
    assert!(claim.detail.contains("cn=manager0") && claim.detail.contains("cn=manager5"), "{}", claim.detail);
    assert_eq!(claim.evidence[0].value_name.as_deref(), Some("001e660b"));
}

#[test]
fn the_own_mailbox_public_folders_and_archives_are_no_other_mailbox() {
    assert_silent(&exchange().build(), "C24");
    assert_silent(
        &with_store(1, |section| {
            section.long(0x660A, 2).unicode(0x65D0, "Archive").uids(0x3414, &[Uid::DELEGATE_STORE]);
        })
        .build(),
        "C24",
    );
    // The number means something else in a section of the LDAP service.
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let uid = writer.uid("ldap");
    writer.section(uid).string8(0x3D09, "EMABLT").long(0x660A, 2).long(0x3E03, 0x23);
    assert_silent(&hive.build(), "C24");
}

// ---- C25 --------------------------------------------------------------------------------------------------------------

fn unresolved() -> HiveBuilder {
    let mut hive = new_hive();
    unresolved_msems_profile(&mut hive, &profile(), "Smith, John", "EXCH1", None);
    hive
}

#[test]
fn a_service_without_any_trace_of_a_connection_is_a_fact() {
    for hive in [unresolved(), {
        let mut hive = new_hive();
        skeleton_only_profile(&mut hive, &profile());
        hive
    }] {
        let claim = claim(&hive.build(), "C25");
        assert_eq!(claim.severity, Severity::Info);
        assert!(claim.detail.contains("holds no version of a server"), "{}", claim.detail);
    }
}

#[test]
fn any_trace_of_a_connection_is_one() {
    assert_silent(&exchange().build(), "C25");
    let store = section(profile().uid("MSEMS EMS_MDB_private"));
    for (path, name, data) in [
        (section(Uid::EXCHANGE), "0003661b", vec![1, 0, 0, 0]),
        (section(Uid::EXCHANGE), "0102663b", vec![15; 8]),
        (section(Uid::EXCHANGE), "001f6610", vec![b'x', 0, 0, 0]),
        (section(Uid::EXCHANGE), "01026611", vec![9; 4]),
        (store, "01020fff", vec![0; 24]),
    ] {
        let mut hive = unresolved();
        hive.key(&path).binary(name, &data);
        assert_silent(&hive.build(), "C25");
    }
}

#[test]
fn profiles_marked_for_deletion_show_no_connection_for_another_reason() {
    let mut hive = new_hive();
    unresolved_msems_profile(
        &mut hive,
        &NewProfile::new(DELETED_PROFILES, "Temp", T),
        "Smith",
        "EXCH1",
        None,
    );
    assert_silent(&hive.build(), "C25");
}

#[test]
fn a_trace_that_may_be_there_is_not_missing() {
    let mut hive = unresolved().build();
    hive.point_value(&section(Uid::EXCHANGE), 0, NOWHERE);
    assert_not_judged(&hive, "C25", "could not be looked for");
    let mut hive = unresolved().build();
    hive.delete_key(&section(profile().uid("MSEMS EMS_MDB_private")));
    assert_not_judged(&hive, "C25", "of a store was not seen");
    let mut hive = unresolved().build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C25", "hive is dirty-unreplayed");
}

// ---- C16, C17 ---------------------------------------------------------------------------------------------------------

const SERVICE: &str = "HOST/C/Windows/ServiceProfiles/NetworkService/NTUSER.DAT";
const SYSTEM: &str = "HOST/C/WINNT/system32/config/DEFAULT";

fn outlook() -> HiveBuilder {
    let mut hive = new_hive();
    let account = hive_synth::mapi::Pop3Account {
        display_name: "A".into(),
        email: "a@example.test".into(),
        server: "mail.example.test".into(),
        pst_path: r"D:\Mail\a.pst".into(),
        password: None,
        text: hive_synth::mapi::AccountText::Sz,
    };
    hive_synth::mapi::outlook_profile(&mut hive, &profile(), &account);
    hive
}

#[test]
fn a_client_of_persons_in_an_account_of_services_is_found() {
    let hive = outlook().build();
    for path in [SERVICE, SYSTEM] {
        let verdict = judge_at(&hive, path, "C16");
        let [claim] = verdict.claims.as_slice() else { panic!("{path}: {verdict:#?}") };
        assert_eq!((claim.severity, claim.count), (Severity::Low, 3), "{path}");
        let verdict = judge_at(&hive, path, "C17");
        let [claim] = verdict.claims.as_slice() else { panic!("{path}: {verdict:#?}") };
        assert_eq!(claim.severity, Severity::Medium, "{path}");
        assert!(claim.detail.contains(r"D:\Mail\a.pst"), "{}", claim.detail);
    }
    let mut hive = outlook();
    hive.root_security(&SecurityDescriptor::user_hive("S-1-5-19"));
    assert_eq!(judge_at(&hive.build(), "evidence/17/NTUSER.DAT", "C17").claims.len(), 1);
}

#[test]
fn an_account_that_is_not_established_is_not_judged_by_what_clients_leave() {
    let mut hive = outlook();
    hive.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    let hive = hive.build();
    for rule in ["C16", "C17"] {
        assert_not_judged(&hive, rule, "SYSTEM hive of the host was not read");
        assert_not_judged(&outlook().build(), rule, "SYSTEM hive of the host was not read");
        assert_silent(&exchange().build(), rule);
    }
}

#[test]
fn a_service_account_with_the_profiles_of_services_is_as_it_should_be() {
    let hive = exchange().build();
    for rule in ["C16", "C17"] {
        let verdict = judge_at(&hive, SERVICE, rule);
        assert!(verdict.claims.is_empty() && verdict.not_judged.is_empty(), "{verdict:#?}");
    }
}
