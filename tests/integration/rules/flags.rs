//! Flags and switches in sections of services and providers: L18, S02 to S08.

use hive_synth::mapi::{
    DELETED_PROFILES, Mailbox, NewProfile, PROFILES, ProfileWriter, Section, Uid, dpapi_blob,
    exchange_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, SynthHive};
use mapihive::account::{AccountKind, Confidence};
use mapihive::finding::Severity;
use mapihive::rules::{self, View};

use super::{
    T, USER, add_exchange, assert_not_judged, assert_silent, claim, judge, judge_at, mailbox, new_hive,
};
use crate::support::with_view;

const SERVICE: &str = "HOST/C/Windows/ServiceProfiles/NetworkService/NTUSER.DAT";

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "Mail", T)
}

fn section(uid: Uid) -> String {
    format!(r"{}\{}", profile().path(), uid.hex())
}

/// A profile with one service and one provider of it.
fn provider(service_name: &str, write: impl FnOnce(&mut Section<'_>)) -> HiveBuilder {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let (service, provider) = (writer.uid("service"), writer.uid("provider"));
    writer.section(Uid::ROOT).uids(0x3D0E, &[service]);
    writer.section(service).string8(0x3D09, service_name).string8(0x3D0B, "Entry").uids(0x3D00, &[provider]);
    let mut section = writer.section(provider);
    section.uids(0x3D0C, &[service]).long(0x3E03, 0x21);
    write(&mut section);
    hive
}

fn settings(write: impl FnOnce(&mut Section<'_>)) -> SynthHive {
    let mut hive = new_hive();
    write(&mut ProfileWriter::new(&mut hive, &profile()).section(Uid::EXCHANGE));
    hive.build()
}

fn exchange(change: impl FnOnce(&mut Mailbox)) -> SynthHive {
    let mut hive = new_hive();
    let mut mailbox = mailbox().encrypted();
    change(&mut mailbox);
    exchange_profile(&mut hive, &profile(), &mailbox);
    hive.build()
}

// ---- L18 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_temporary_provider_is_found() {
    // V23.
    let hive = provider("MSPST MS", |section| {
        section.long(0x3009, 0x880).string8(0x300A, "mspst.dll");
    });
    let claim = claim(&hive.build(), "L18");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 1));
    assert_eq!(claim.evidence[0].value.as_deref(), Some("0x880: temp section, need IPM tree"));
}

#[test]
fn other_flags_of_a_provider_and_the_bit_in_a_service_are_no_temporary_section() {
    let hive = provider("MSPST MS", |section| {
        section.long(0x3009, 0xF7F).string8(0x300A, "mspst.dll");
    });
    assert_silent(&hive.build(), "L18");
    let mut hive = provider("MSPST MS", |_| ());
    hive.key(&section(profile().uid("service"))).binary("00033009", &[0x80, 0, 0, 0]);
    assert_silent(&hive.build(), "L18");
}

// ---- S02 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_remembered_password_of_personal_folders_is_found() {
    let hive = provider("MSUPST MS", |section| {
        section.boolean(0x6701, true);
    });
    let claim = claim(&hive.build(), "S02");
    assert_eq!((claim.severity, claim.count), (Severity::Low, 1));
    assert_eq!(claim.evidence[0].value.as_deref(), Some("true"));
    // By the kind of its store, where no service is known.
    let hive = provider("", |section| {
        section.boolean(0x6701, true).uids(0x3414, &[Uid::PST]);
    });
    assert_eq!(judge(&hive.build(), "S02").claims.len(), 1);
}

#[test]
fn a_password_that_is_asked_for_and_the_same_number_elsewhere_are_no_finding() {
    let asked = provider("MSUPST MS", |section| {
        section.boolean(0x6701, false);
    });
    assert_silent(&asked.build(), "S02");
    for service in ["MSEMS", "EMABLT", "CONTAB"] {
        let hive = provider(service, |section| {
            section.boolean(0x6701, true);
        });
        assert_silent(&hive.build(), "S02");
    }
}

// ---- S03, S04 ---------------------------------------------------------------------------------------------------------

#[test]
fn administrative_rights_are_found_in_the_settings_and_in_the_stores() {
    for flags in [0x1, 0x80, 0x3] {
        let claim = claim(&exchange(|mailbox| mailbox.connect_flags = flags), "S03");
        assert_eq!((claim.severity, claim.confidence), (Severity::Low, Confidence::Low), "{flags:#x}");
        assert_eq!(claim.evidence[0].value_name.as_deref(), Some("00036604"));
    }
    for flags in [0x1, 0x10, 0x1D] {
        let hive = provider("MSEMS_EdkGateway", |section| {
            section.long(0x6609, flags);
        });
        let claim = claim(&hive.build(), "S03");
        assert_eq!(claim.evidence[0].value_name.as_deref(), Some("00036609"), "{flags:#x}");
    }
}

#[test]
fn whose_account_it_is_decides_how_much_administrative_rights_matter() {
    let hive = exchange(|mailbox| mailbox.connect_flags = 1);
    assert_eq!(judge_at(&hive, SERVICE, "S03").claims[0].severity, Severity::Info);
    // No hive tells that its account is an ordinary user's.
    for (kind, severity) in [
        (AccountKind::User, Severity::High),
        (AccountKind::System, Severity::Info),
        (AccountKind::Unknown, Severity::Low),
    ] {
        let claims = with_view(&hive, USER, |view, _| {
            let account = mapihive::account::Attribution { kind, ..view.account.clone() };
            rules::judge(rules::find("S03").unwrap(), &View { account: &account, ..*view }).claims
        });
        assert_eq!(claims[0].severity, severity, "{kind:?}");
    }
}

#[test]
fn profiles_marked_for_deletion_ask_for_rights_too() {
    let mut hive = new_hive();
    let mut mailbox = mailbox();
    mailbox.connect_flags = 1;
    exchange_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, "Gateway", T), &mailbox);
    assert_eq!(judge(&hive.build(), "S03").claims.len(), 1);
}

#[test]
fn anonymous_connections_are_found() {
    let claim_of_settings = claim(&exchange(|mailbox| mailbox.connect_flags = 0x10), "S04");
    assert_eq!(claim_of_settings.severity, Severity::Low);
    let hive = provider("MSEMS", |section| {
        section.long(0x6609, 0x86);
    });
    assert_eq!(claim(&hive.build(), "S04").evidence[0].value_name.as_deref(), Some("00036609"));
}

#[test]
fn neighbouring_flags_ask_for_nothing() {
    let hive = exchange(|mailbox| mailbox.connect_flags = 0x6C);
    for rule in ["S03", "S04", "S08"] {
        assert_silent(&hive, rule);
    }
    let hive = provider("MSEMS", |section| {
        section.long(0x6609, !0x91);
    });
    for rule in ["S03", "S04"] {
        assert_silent(&hive.build(), rule);
    }
}

#[test]
fn the_same_numbers_in_services_that_use_them_for_something_else_are_not_judged() {
    for service in ["EMABLT", "MSFS", "CONTAB", "IMAIL", "", "MSEMSX"] {
        let hive = provider(service, |section| {
            section.long(0x6604, 0x93).long(0x6609, 0x91).long(0x6623, 1).long(0x6606, 0);
        });
        let hive = hive.build();
        for rule in ["S03", "S04", "S06", "S08"] {
            assert_silent(&hive, rule);
        }
    }
    // A text in the place of the flags is none: 6609 is the order of transports in the settings.
    let hive = settings(|section| {
        section.string8(0x6609, "ncalrpc").string8(0x6604, "1");
    });
    assert_silent(&hive, "S03");
}

// ---- S06 --------------------------------------------------------------------------------------------------------------

#[test]
fn rpc_over_http_that_does_not_insist_on_ssl_is_found() {
    let hive = settings(|section| {
        section.long(0x6623, 0x2D);
    });
    let claim = claim(&hive, "S06");
    assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::Medium));
}

#[test]
fn rpc_over_http_with_ssl_or_not_at_all_is_no_finding() {
    for flags in [0x2F, 0x2C, 0] {
        let hive = settings(|section| {
            section.long(0x6623, flags);
        });
        assert_silent(&hive, "S06");
    }
}

// ---- S07 --------------------------------------------------------------------------------------------------------------

const MARKER: &str = "MARKER-hunter2";

fn ldap(write: impl FnOnce(&mut Section<'_>)) -> HiveBuilder {
    provider("EMABLT", |section| {
        section.string8(0x6600, "ldap.example.test");
        write(section);
    })
}

#[test]
fn a_password_for_ldap_without_ssl_is_found_and_not_shown() {
    for switch in [Some(false), None] {
        let hive = ldap(|section| {
            section.binary(0x6617, MARKER.as_bytes());
            if let Some(switch) = switch {
                section.boolean(0x6613, switch);
            }
        });
        let claim = claim(&hive.build(), "S07");
        assert_eq!((claim.severity, claim.confidence), (Severity::Medium, Confidence::Medium));
        assert!(claim.detail.contains("ldap.example.test"), "{}", claim.detail);
        assert!(claim.evidence[0].value.as_ref().is_some_and(|value| value.starts_with("present, 14 bytes")));
        assert!(!format!("{claim:?}").contains("hunter2"));
    }
    // A blob is a password too, and so is one under the name of a secure property.
    let hive = ldap(|section| {
        section.secure(0x6617, &dpapi_blob(MARKER)).boolean(0x6613, false);
    });
    assert_eq!(judge(&hive.build(), "S07").claims.len(), 1);
}

#[test]
fn secure_password_authentication_makes_it_less_sure() {
    let hive = ldap(|section| {
        section.binary(0x6617, b"x").boolean(0x6613, false).boolean(0x6615, true);
    });
    let claim = claim(&hive.build(), "S07");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("may protect it"), "{}", claim.detail);
}

#[test]
fn ldap_with_ssl_or_without_a_password_is_no_finding() {
    let with_ssl = ldap(|section| {
        section.binary(0x6617, b"x").boolean(0x6613, true);
    });
    assert_silent(&with_ssl.build(), "S07");
    let without_password = ldap(|section| {
        section.binary(0x6617, &[]).boolean(0x6613, false);
    });
    assert_silent(&without_password.build(), "S07");
    assert_silent(&ldap(|_| ()).build(), "S07");
    // In Exchange's sections the numbers are a comment and a list of addresses.
    let comment = provider("MSEMS", |section| {
        section.string8(0x6617, "All folders").boolean(0x6613, false);
    });
    assert_silent(&comment.build(), "S07");
}

#[test]
fn a_switch_for_ssl_that_may_be_there_is_not_missing() {
    let path = section(profile().uid("provider"));
    let build = || {
        ldap(|section| {
            section.binary(0x6617, b"x").long(0x6608, 1);
        })
        .build()
    };
    let mut hive = build();
    let last = hive.layout.key(&path).values.len() - 1;
    hive.point_value(&path, last, NOWHERE);
    assert_not_judged(&hive, "S07", "whether SSL is used could not be read");
    let mut hive = build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "S07", "whether SSL is used could not be read");
    // What is switched off in so many words is judged in a dirty hive too.
    let mut hive = ldap(|section| {
        section.binary(0x6617, b"x").boolean(0x6613, false);
    })
    .build();
    hive.set_sequences(5, 4);
    assert_eq!(judge(&hive, "S07").claims.len(), 1);
}

// ---- S08 --------------------------------------------------------------------------------------------------------------

#[test]
fn a_connection_without_encryption_is_a_fact() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Mail", T);
    let claim = claim(&hive.build(), "S08");
    assert_eq!((claim.severity, claim.evidence.len()), (Severity::Info, 2));
    assert!(claim.detail.contains("no RPC encryption"), "{}", claim.detail);
    let without_6606 = settings(|section| {
        section.long(0x6604, 2);
    });
    assert_eq!(judge(&without_6606, "S08").claims.len(), 1);
}

#[test]
fn an_encrypted_connection_is_no_finding() {
    assert_silent(&exchange(|_| ()), "S08");
    assert_silent(&exchange(|mailbox| mailbox.connect_flags = 2), "S08");
}

#[test]
fn a_switch_for_encryption_that_may_be_there_is_not_missing() {
    let build = || {
        settings(|section| {
            section.long(0x6604, 2).string8(0x6602, "x");
        })
    };
    let mut hive = build();
    hive.point_value(&section(Uid::EXCHANGE), 1, NOWHERE);
    assert_not_judged(&hive, "S08", "00036606 could not be looked for");
    let mut hive = build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "S08", "00036606 could not be looked for");
}
