//! Rules that need the hives of the host, or that are silent without them: L04, L06, L08, C16, C17, S09, X03, X05, X06, H05.
//! With them those that compare what a profile opens or is a copy of: L15, L16, L17.

use hive_synth::machine;
use hive_synth::mapi::{
    AccountText, DELETED_PROFILES, Mailbox, NewProfile, OUTLOOK_16_PROFILES, PROFILES, Pop3Account,
    ProfileWriter, Uid, edk_gateway_profile, edk_name, exchange_profile, outlook_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, SECOND, SecurityDescriptor, SynthHive, Version};
use mapihive::account::{Confidence, HostFacts};
use mapihive::finding::{Claim, Severity};
use mapihive::rules::{self, Verdict};

use super::{
    HOUR, T, USER, add_calcon, add_exchange, add_imc, assert_not_judged, assert_silent, claim, connector,
    new_hive,
};
use crate::support::{host_facts, with_view_on_host};

const MACHINE: &str = "S-1-5-21-1-2-3";
const EXSVC: &str = "S-1-5-21-1-2-3-1004";
const STRANGER: &str = "S-1-5-21-7-8-9-1105";
const SHUTDOWN: u64 = T + 10 * HOUR;

fn of(sid: &str, write: impl FnOnce(&mut HiveBuilder)) -> SynthHive {
    let mut hive = new_hive();
    hive.root_security(&SecurityDescriptor::user_hive(sid));
    write(&mut hive);
    hive.build()
}

/// A host with these services, on which `exsvc` is a local account.
fn system(services: &[(&str, &str, u32)]) -> HiveBuilder {
    let mut hive = machine::system(Version::V1_3, 1);
    machine::host(&mut hive, 1, "HOST", "1252", SHUTDOWN);
    for (name, account, start) in services {
        machine::service(&mut hive, 1, name, account, *start);
    }
    hive
}

fn software() -> HiveBuilder {
    machine::software(Version::V1_3, "Windows NT", "4.0")
}

fn facts(system: Option<&SynthHive>, software: Option<&SynthHive>) -> HostFacts {
    let mut sam = machine::sam(Version::V1_3, MACHINE);
    machine::local_account(&mut sam, "exsvc", 1004);
    let sam = sam.build();
    host_facts(
        system.map(|hive| ("HOST/C/WINNT/system32/config/SYSTEM", &hive.bytes[..])),
        software.map(|hive| ("HOST/C/WINNT/system32/config/SOFTWARE", &hive.bytes[..])),
        Some(("HOST/C/WINNT/system32/config/SAM", &sam.bytes[..])),
    )
}

fn with(system: &HiveBuilder) -> HostFacts {
    facts(Some(&system.clone().build()), Some(&software().build()))
}

fn judge_on(hive: &SynthHive, path: &str, host: &HostFacts, rule: &str) -> Verdict {
    let rule = rules::find(rule).expect("a rule of the registry");
    with_view_on_host(&hive.bytes, &[], path, host, |view, _| rules::judge(rule, view))
}

fn claim_on(hive: &SynthHive, host: &HostFacts, rule: &str) -> Claim {
    let mut verdict = judge_on(hive, USER, host, rule);
    assert!(verdict.claims.len() == 1 && verdict.not_judged.is_empty(), "{rule}: {verdict:#?}");
    verdict.claims.remove(0)
}

fn silent_on(hive: &SynthHive, host: &HostFacts, rule: &str) {
    let verdict = judge_on(hive, USER, host, rule);
    assert!(verdict.claims.is_empty() && verdict.not_judged.is_empty(), "{rule}: {verdict:#?}");
}

fn not_judged_on(hive: &SynthHive, host: &HostFacts, rule: &str, why: &str) {
    let verdict = judge_on(hive, USER, host, rule);
    assert!(verdict.claims.is_empty(), "{rule}: {verdict:#?}");
    assert!(verdict.not_judged.iter().any(|reason| reason.contains(why)), "{rule}: {verdict:#?}");
    assert_eq!(verdict.not_judged.len(), 1, "{rule}");
}

const MISSING: &str = "SYSTEM hive of the host was not read";

fn imc(hive: &mut HiveBuilder, list: &str, time: u64) {
    add_imc(hive, list, &edk_name("MSExchangeIMC", 300, time), time + SECOND);
}

fn with_exchange(start: u32) -> HiveBuilder {
    system(&[("MSExchangeIMC", r".\exsvc", start), ("MSExchangeCalCon", r".\exsvc", start)])
}

/// The list of services has an entry that leads nowhere.
fn damaged(system: &HiveBuilder) -> HostFacts {
    let mut system = system.clone().build();
    system.point_subkey(r"ControlSet001\Services", 0, NOWHERE);
    facts(Some(&system), Some(&software().build()))
}

// ---- L04 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_stopped_internet_mail_service_leaves_nothing_as_expected() {
    let hive = of(EXSVC, |hive| add_exchange(hive, PROFILES, "Other", T));
    let found = claim_on(&hive, &with(&with_exchange(2)), "L04");
    assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Medium));
    assert!(found.detail.contains("expected") && found.evidence.iter().any(|one| one.hive.is_some()));
    silent_on(&hive, &with(&with_exchange(4)), "L04");
    silent_on(
        &of(STRANGER, |hive| add_exchange(hive, PROFILES, "Other", T)),
        &with(&with_exchange(2)),
        "L04",
    );
    silent_on(&of(EXSVC, |hive| imc(hive, PROFILES, T)), &with(&with_exchange(2)), "L04");
    silent_on(&hive, &HostFacts::default(), "L04");
    let pending = of(EXSVC, |hive| imc(hive, DELETED_PROFILES, T));
    not_judged_on(&pending, &HostFacts::default(), "L04", MISSING);
    let mut unseen = of(EXSVC, |hive| add_exchange(hive, PROFILES, "Other", T));
    unseen.point_subkey(PROFILES, 0, NOWHERE);
    not_judged_on(&unseen, &with(&with_exchange(2)), "L04", "not all profiles could be listed");
}

#[test]
fn a_name_alone_is_a_hint_and_said_to_be_one() {
    let system = system(&[("MSExchangeIMC", r"DOM\svc", 2)]);
    let found = claim_on(&of(STRANGER, |hive| add_exchange(hive, PROFILES, "x", T)), &with(&system), "L04");
    assert_eq!(found.confidence, Confidence::Low);
    assert!(found.detail.contains("called like the account's profile folder"), "{}", found.detail);
    assert!(found.detail.contains("a hint and no proof"), "{}", found.detail);
}

// ---- L06, L12, L18 ----------------------------------------------------------------------------------------------------

#[test]
fn a_session_from_before_the_shutdown_has_ended() {
    let hive = of(EXSVC, |hive| {
        imc(hive, PROFILES, T);
        imc(hive, PROFILES, SHUTDOWN + HOUR);
    });
    let found = claim_on(&hive, &with(&with_exchange(2)), "L06");
    assert_eq!((found.severity, found.confidence, found.count), (Severity::Medium, Confidence::Medium, 1));
    assert!(found.detail.contains("The user's hive was changed after that"), "{}", found.detail);
    assert!(
        found.detail.contains("1 further profile of a session in this list is not shown"),
        "{}",
        found.detail
    );
    assert!(found.evidence.iter().any(|one| one.value_name.as_deref() == Some("ShutdownTime")));
}

#[test]
fn a_hive_with_nothing_later_than_the_shutdown_may_have_been_copied_before() {
    let hive = of(EXSVC, |hive| {
        hive.default_written(T).last_written(T);
        imc(hive, PROFILES, T);
        add_exchange(hive, DELETED_PROFILES, "Mail", T);
        add_exchange(hive, PROFILES, "Persistent", T);
    });
    let verdict = judge_on(&hive, USER, &with(&with_exchange(2)), "L06");
    assert_eq!(verdict.claims.len(), 2, "one for each list: {verdict:#?}");
    for found in &verdict.claims {
        assert_eq!((found.confidence, found.count), (Confidence::Low, 1));
        assert!(found.detail.contains("may still have been alive in the copy"), "{}", found.detail);
    }
}

#[test]
fn a_key_that_was_changed_later_makes_the_time_in_a_name_less_sure() {
    let hive = of(EXSVC, |hive| {
        add_imc(hive, PROFILES, &edk_name("MSExchangeIMC", 300, T), SHUTDOWN + HOUR);
    });
    let found = claim_on(&hive, &with(&with_exchange(2)), "L06");
    assert_eq!(found.confidence, Confidence::Low);
    assert!(found.detail.contains("though a key was changed"), "{}", found.detail);
}

#[test]
fn sessions_after_the_shutdown_and_profiles_that_persist_are_not_judged_by_it() {
    let later = of(EXSVC, |hive| imc(hive, PROFILES, SHUTDOWN));
    silent_on(&later, &with(&with_exchange(2)), "L06");
    let persistent = of(EXSVC, |hive| add_exchange(hive, PROFILES, "Mail", T));
    silent_on(&persistent, &with(&with_exchange(2)), "L06");
    silent_on(&persistent, &HostFacts::default(), "L06");
}

#[test]
fn without_a_time_of_shutdown_no_session_is_said_to_have_ended() {
    let hive = of(EXSVC, |hive| imc(hive, PROFILES, T));
    not_judged_on(&hive, &HostFacts::default(), "L06", MISSING);
    let mut system = with_exchange(2);
    system.key(r"ControlSet001\Control\Windows").binary("ShutdownTime", &[0; 8]);
    not_judged_on(&hive, &with(&system), "L06", "is no time");
    system.key(r"ControlSet001\Control\Windows").remove_value("ShutdownTime");
    not_judged_on(&hive, &with(&system), "L06", "has no ShutdownTime");
}

#[test]
fn what_outlived_a_shutdown_matters_more() {
    let gateway = |time| {
        of(EXSVC, |hive| {
            let profile = NewProfile::new(PROFILES, &edk_name("Fax", 7, time), time + SECOND);
            edk_gateway_profile(hive, &profile, &connector());
        })
    };
    let host = with(&with_exchange(2));
    let found = claim_on(&gateway(T), &host, "L12");
    assert_eq!(found.severity, Severity::Low);
    assert!(found.detail.contains("older than the last shutdown"), "{}", found.detail);
    assert_eq!(claim_on(&gateway(SHUTDOWN), &host, "L12").severity, Severity::Info);
    assert_eq!(claim_on(&gateway(T), &HostFacts::default(), "L12").severity, Severity::Info);

    let temporary = |list: &str, time| {
        of(EXSVC, |hive| {
            let mut writer = ProfileWriter::new(hive, &NewProfile::new(list, "Mail", time));
            let (service, provider) = (writer.uid("service"), writer.uid("provider"));
            writer.section(Uid::ROOT).uids(0x3D0E, &[service]);
            writer
                .section(service)
                .string8(0x3D09, "MSPST MS")
                .string8(0x3D0B, "E")
                .uids(0x3D00, &[provider]);
            writer.section(provider).uids(0x3D0C, &[service]).long(0x3E03, 0x21).long(0x3009, 0x880);
        })
    };
    assert_eq!(claim_on(&temporary(DELETED_PROFILES, T), &host, "L18").severity, Severity::Low);
    assert_eq!(claim_on(&temporary(DELETED_PROFILES, SHUTDOWN), &host, "L18").severity, Severity::Info);
    assert_eq!(claim_on(&temporary(PROFILES, T), &host, "L18").severity, Severity::Info, "it persists");
}

// ---- L08 --------------------------------------------------------------------------------------------------------------

fn pending() -> SynthHive {
    of(EXSVC, |hive| add_exchange(hive, DELETED_PROFILES, "Mail", T))
}

fn terminal(enabled: Option<u32>, denies: Option<u32>) -> HiveBuilder {
    let mut system = with_exchange(2);
    let mut key = machine::terminal_server(&mut system, 1);
    if let Some(enabled) = enabled {
        key.dword("TSEnabled", enabled);
    }
    if let Some(denies) = denies {
        key.dword("fDenyTSConnections", denies);
    }
    system
}

#[test]
fn a_second_session_could_delete_a_profile_in_use() {
    for (enabled, denies, confidence) in [
        (Some(1), None, Confidence::Medium),
        (Some(1), Some(0), Confidence::Medium),
        (None, Some(0), Confidence::Medium),
        (Some(0), Some(0), Confidence::Low),
    ] {
        let found = claim_on(&pending(), &with(&terminal(enabled, denies)), "L08");
        assert_eq!(
            (found.severity, found.confidence),
            (Severity::Medium, confidence),
            "{enabled:?} {denies:?}"
        );
    }
    let without_software = facts(Some(&terminal(Some(1), None).build()), None);
    assert_eq!(claim_on(&pending(), &without_software, "L08").confidence, Confidence::Low);
}

#[test]
fn without_connections_or_services_of_exchange_there_is_no_second_session_to_fear() {
    for (enabled, denies) in [(Some(1), Some(1)), (Some(0), None), (None, None), (Some(1), Some(1))] {
        silent_on(&pending(), &with(&terminal(enabled, denies)), "L08");
    }
    let mut other = system(&[("Spooler", "LocalSystem", 2)]);
    machine::terminal_server(&mut other, 1).dword("TSEnabled", 1);
    silent_on(&pending(), &with(&other), "L08");
    silent_on(
        &of(EXSVC, |hive| add_exchange(hive, PROFILES, "Mail", T)),
        &with(&terminal(Some(1), None)),
        "L08",
    );
    not_judged_on(&pending(), &HostFacts::default(), "L08", MISSING);
    let mut system = terminal(Some(1), None);
    system.key(r"ControlSet001\Services\MSExchangeIMC").sz("ObjectName", "LocalSystem");
    system.key(r"ControlSet001\Services\MSExchangeCalCon").sz("ObjectName", "LocalSystem");
    not_judged_on(&pending(), &damaged(&system), "L08", "could not all be listed");
}

#[test]
fn a_policy_outweighs_what_the_host_says_of_terminal_services() {
    let policy = |denies: u32| {
        let mut software = software();
        software.key(r"Policies\Microsoft\Windows NT\Terminal Services").dword("fDenyTSConnections", denies);
        software.build()
    };
    let (on, off) = (terminal(Some(1), Some(0)).build(), terminal(Some(1), Some(1)).build());
    silent_on(&pending(), &facts(Some(&on), Some(&policy(1))), "L08");
    let found = claim_on(&pending(), &facts(Some(&off), Some(&policy(0))), "L08");
    let place =
        found.evidence.iter().find(|one| one.value_name.as_deref() == Some("fDenyTSConnections")).unwrap();
    assert!(place.hive.as_deref().is_some_and(|hive| hive.ends_with("SOFTWARE")));
}

// ---- L15, L16, L17 ----------------------------------------------------------------------------------------------------

#[test]
fn profiles_that_share_an_instance_key_are_copies() {
    let hive = of(EXSVC, |hive| {
        for name in ["Internet Mail Service Profile", "Original"] {
            exchange_profile(hive, &NewProfile::new(PROFILES, name, T).seed("same"), &super::mailbox());
        }
    });
    let found = claim(&hive, "L15");
    assert_eq!((found.severity, found.count, found.evidence.len()), (Severity::Medium, 2, 2));
}

#[test]
fn one_name_in_two_places_and_keys_of_their_own_are_no_copies() {
    for (name, list, seed) in [
        ("MAIL", OUTLOOK_16_PROFILES, "same"),
        ("Mail", DELETED_PROFILES, "same"),
        ("Other", DELETED_PROFILES, "same"),
        ("Other", PROFILES, "other"),
    ] {
        let hive = of(EXSVC, |hive| {
            exchange_profile(hive, &NewProfile::new(PROFILES, "Mail", T).seed("same"), &super::mailbox());
            exchange_profile(hive, &NewProfile::new(list, name, T).seed(seed), &super::mailbox());
        });
        assert_silent(&hive, "L15");
    }
}

#[test]
fn a_connector_s_profile_of_another_name_is_found() {
    let gateway = |name: &str| {
        of(EXSVC, |hive| edk_gateway_profile(hive, &NewProfile::new(PROFILES, name, T), &connector()))
    };
    let found = claim(&gateway("IMC Profile"), "L16");
    assert_eq!(found.severity, Severity::Medium);
    for name in [edk_name("Fax", 7, T).as_str(), "MSExchangeIMC 1", "MSExchangeCalCon x", "S1-LME-NOTES V3"] {
        assert_silent(&gateway(name), "L16");
    }
    assert_silent(&of(EXSVC, |hive| add_exchange(hive, PROFILES, "IMC Profile", T)), "L16");
}

#[test]
fn the_mailbox_of_a_directory_service_is_found() {
    let open = |dn: &str| {
        let mut mailbox = super::mailbox();
        mailbox.dn = format!("{}{dn}", mailbox.site_dn);
        of(EXSVC, |hive| exchange_profile(hive, &NewProfile::new(PROFILES, "EXCH01DS", T), &mailbox))
    };
    let found = claim(&open("/cn=Configuration/cn=Servers/cn=EXCH01/cn=MICROSOFT DSA"), "L17");
    assert_eq!(found.severity, Severity::Medium);
    assert_silent(&open("/cn=Configuration/cn=Servers/cn=EXCH01/cn=Microsoft MTA"), "L17");
}

// ---- C16, C17 ---------------------------------------------------------------------------------------------------------

fn outlook(sid: &str) -> SynthHive {
    let account = Pop3Account {
        display_name: "A".into(),
        email: "a@example.test".into(),
        server: "mail.example.test".into(),
        pst_path: r"D:\Mail\a.pst".into(),
        password: None,
        text: AccountText::Sz,
    };
    of(sid, |hive| outlook_profile(hive, &NewProfile::new(PROFILES, "Outlook", T), &account))
}

#[test]
fn a_client_in_the_account_of_exchange_s_services_is_found() {
    for (sid, account, confidence) in
        [(EXSVC, r".\exsvc", Confidence::Medium), (STRANGER, r"DOM\svc", Confidence::Low)]
    {
        let host = with(&system(&[("MSExchangeSA", account, 2)]));
        for rule in ["C16", "C17"] {
            let found = claim_on(&outlook(sid), &host, rule);
            assert!(found.confidence <= confidence, "{rule} {account}");
            assert!(found.detail.contains("MSExchangeSA"), "{}", found.detail);
            assert_eq!(found.detail.contains("a hint and no proof"), confidence == Confidence::Low);
        }
    }
    // Personal folders matter in the account of any service, a client in that of Exchange's.
    let host = with(&system(&[("Backup", r".\exsvc", 2)]));
    silent_on(&outlook(EXSVC), &host, "C16");
    assert_eq!(claim_on(&outlook(EXSVC), &host, "C17").severity, Severity::Medium);
    // An ordinary user.
    let host = with(&system(&[("Spooler", "LocalSystem", 2)]));
    for rule in ["C16", "C17"] {
        silent_on(&outlook(STRANGER), &host, rule);
        let host = damaged(&system(&[("A", "LocalSystem", 2), ("B", "LocalSystem", 2)]));
        assert!(!judge_on(&outlook(STRANGER), USER, &host, rule).not_judged.is_empty());
    }
}

// ---- S09 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_service_account_of_another_maker_that_opens_many_mailboxes_is_a_fact() {
    let open = |count: usize| {
        of(EXSVC, |hive| {
            for number in 0..count {
                let mailbox = Mailbox::new("EXCH01", "NORTH", &format!("m{number}"), "M");
                exchange_profile(hive, &NewProfile::new(PROFILES, &format!("p{number}"), T), &mailbox);
            }
        })
    };
    let host = with(&system(&[("MailSweep", r".\exsvc", 2)]));
    let found = claim_on(&open(3), &host, "S09");
    assert_eq!((found.severity, found.confidence, found.count), (Severity::Info, Confidence::Medium, 3));
    silent_on(&open(2), &host, "S09");
    silent_on(&open(3), &with(&system(&[("MSExchangeSA", r".\exsvc", 2)])), "S09");
    silent_on(&open(3), &with(&system(&[("Spooler", "LocalSystem", 2)])), "S09");
    not_judged_on(&open(3), &HostFacts::default(), "S09", MISSING);
    silent_on(&open(2), &HostFacts::default(), "S09");
    let host = damaged(&system(&[("A", "LocalSystem", 2), ("MailSweep", r".\exsvc", 2)]));
    not_judged_on(&open(3), &host, "S09", "could not all be listed");
}

// ---- X03, X05, X06 ----------------------------------------------------------------------------------------------------

#[test]
fn profiles_of_a_service_that_runs_as_another_account_are_found() {
    let hive = of(STRANGER, |hive| imc(hive, PROFILES, T));
    let found = claim_on(&hive, &with(&with_exchange(2)), "X03");
    assert_eq!((found.severity, found.confidence), (Severity::Medium, Confidence::Medium));
    assert!(found.detail.contains(r"runs as .\exsvc"), "{}", found.detail);
    // Names that differ prove little.
    let found = claim_on(&hive, &with(&system(&[("MSExchangeIMC", r"DOM\mail", 2)])), "X03");
    assert_eq!(found.confidence, Confidence::Low);
    assert!(found.detail.contains("accounts are renamed"), "{}", found.detail);
    // A gateway, and a connector of LinkAge.
    for (name, service) in [(edk_name("Fax", 7, T), "Fax"), ("S1-LME-NOTES V3".into(), "LME-NOTES")] {
        let hive = of(STRANGER, |hive| {
            edk_gateway_profile(hive, &NewProfile::new(PROFILES, &name, T), &connector());
        });
        let host = with(&system(&[(service, r".\exsvc", 2)]));
        assert_eq!(claim_on(&hive, &host, "X03").confidence, Confidence::Medium, "{service}");
    }
}

#[test]
fn profiles_of_the_account_that_runs_the_service_are_as_they_should_be() {
    silent_on(&of(EXSVC, |hive| imc(hive, PROFILES, T)), &with(&with_exchange(2)), "X03");
    let hive = of(STRANGER, |hive| imc(hive, PROFILES, T));
    silent_on(&hive, &with(&system(&[("MSExchangeIMC", r"DOM\svc", 2)])), "X03");
    silent_on(&hive, &with(&with_exchange(4)), "X03");
    silent_on(&of(STRANGER, |hive| add_exchange(hive, PROFILES, "x", T)), &HostFacts::default(), "X03");
    not_judged_on(&hive, &HostFacts::default(), "X03", MISSING);
    let host = damaged(&system(&[("A", "LocalSystem", 2)]));
    not_judged_on(&hive, &host, "X03", "whether the host has a service");
}

#[test]
fn profiles_of_a_service_that_is_gone_or_disabled_are_found() {
    let hive = of(EXSVC, |hive| {
        imc(hive, PROFILES, T);
        add_calcon(hive, &NewProfile::new(PROFILES, "MSExchangeCalCon 1", T));
    });
    let verdict = judge_on(&hive, USER, &with(&system(&[("Spooler", "LocalSystem", 2)])), "X05");
    assert_eq!(verdict.claims.len(), 2, "{verdict:#?}");
    assert!(verdict.claims.iter().all(|found| found.severity == Severity::Medium));
    let found = claim_on(&of(EXSVC, |hive| imc(hive, PROFILES, T)), &with(&with_exchange(4)), "X05");
    assert!(found.detail.contains("disabled (Start 4)"), "{}", found.detail);
    silent_on(&hive, &with(&with_exchange(3)), "X05");
    not_judged_on(&hive, &HostFacts::default(), "X05", MISSING);
    let host = damaged(&system(&[("A", "LocalSystem", 2)]));
    let verdict = judge_on(&hive, USER, &host, "X05");
    assert!(verdict.claims.is_empty() && verdict.not_judged.len() == 2, "{verdict:#?}");
    let pending = of(EXSVC, |hive| imc(hive, DELETED_PROFILES, T));
    silent_on(&pending, &HostFacts::default(), "X05");
}

#[test]
fn an_account_of_exchange_without_any_place_of_profiles_is_found() {
    let empty = of(EXSVC, |hive| {
        hive.key(r"Software\Microsoft");
    });
    let found = claim_on(&empty, &with(&with_exchange(2)), "X06");
    assert_eq!((found.severity, found.confidence, found.count), (Severity::Low, Confidence::Medium, 2));
    assert!(found.evidence[0].hive.is_none(), "the finding's place is in the user's hive");
    silent_on(&empty, &HostFacts::default(), "X06");
    silent_on(&empty, &with(&system(&[("Spooler", r".\exsvc", 2)])), "X06");
    silent_on(&of(EXSVC, |hive| add_exchange(hive, PROFILES, "x", T)), &with(&with_exchange(2)), "X06");
    let mut dirty = of(EXSVC, |hive| {
        hive.key(r"Software\Microsoft");
    });
    dirty.set_sequences(5, 4);
    assert_not_judged(&dirty, "X06", "hive is dirty");
}

// ---- C27 --------------------------------------------------------------------------------------------------------------

#[test]
fn profiles_of_the_system_without_a_service_of_exchange_matter_more() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Nightly", T);
    let hive = hive.build();
    let severity = |host: &HostFacts| {
        let verdict = judge_on(&hive, "HOST/C/WINNT/system32/config/DEFAULT", host, "C27");
        let [found] = verdict.claims.as_slice() else { panic!("{verdict:#?}") };
        found.severity
    };
    assert_eq!(severity(&with(&with_exchange(2))), Severity::Medium, "they run as another account");
    assert_eq!(severity(&with(&system(&[("MSExchangeSA", "LocalSystem", 2)]))), Severity::Info);
    assert_eq!(severity(&HostFacts::default()), Severity::Info);
    let host = damaged(&system(&[("A", "LocalSystem", 2), ("B", "LocalSystem", 2)]));
    assert_eq!(severity(&host), Severity::Info);
}

// ---- H05 --------------------------------------------------------------------------------------------------------------

#[test]
fn temporary_profiles_in_files_are_a_gap_that_is_told() {
    let hive = of(EXSVC, |hive| add_exchange(hive, PROFILES, "x", T));
    let mut software = software();
    silent_on(&hive, &facts(None, Some(&software.clone().build())), "H05");
    software.key(r"Microsoft\Windows Messaging Subsystem").sz("ProfileDirectory", r"C:\Webtemp");
    let found = claim_on(&hive, &facts(None, Some(&software.build())), "H05");
    assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Medium));
    assert!(found.detail.contains(r"C:\Webtemp"), "{}", found.detail);
    let found = claim_on(&hive, &with(&system(&[("W3SVC", "LocalSystem", 2)])), "H05");
    assert_eq!(found.confidence, Confidence::Low);
    silent_on(&hive, &with(&system(&[("W3SVC", "LocalSystem", 4)])), "H05");
    silent_on(&hive, &HostFacts::default(), "H05");
    let machine = judge_on(
        &hive,
        "HOST/C/WINNT/system32/config/SECURITY",
        &with(&system(&[("W3SVC", "LocalSystem", 2)])),
        "H05",
    );
    assert!(machine.claims.is_empty());
}
