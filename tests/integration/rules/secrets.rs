//! Stored secrets (S01): told, counted, never shown.

use hive_synth::mapi::{NewProfile, PROFILES, ProfileWriter, Uid, dpapi_blob};
use hive_synth::{HiveBuilder, NOWHERE, utf16_nul};
use mapihive::account::Confidence;
use mapihive::finding::Severity;
use mapihive::rules;

use super::{T, USER, add_exchange, assert_silent, claim, judge, new_hive};
use crate::support::with_view;

const MARKER: &str = "MARKER-hunter2";
const ACCOUNTS: &str = "9375CFF0413111d3B88A00104B2A6676";

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "A", T)
}

fn with(write: impl FnOnce(&mut ProfileWriter<'_>)) -> HiveBuilder {
    let mut hive = new_hive();
    write(&mut ProfileWriter::new(&mut hive, &profile()));
    hive
}

fn scheme_byte_and_blob() -> Vec<u8> {
    [vec![2], dpapi_blob(MARKER)].concat()
}

#[test]
fn a_dpapi_blob_is_credential_material_at_rest() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).secure(0x67F0, &dpapi_blob(MARKER));
    });
    let claim = claim(&hive.build(), "S01");
    assert_eq!((claim.severity, claim.confidence, claim.count), (Severity::Info, Confidence::High, 1));
    assert_eq!(claim.evidence[0].value_name.as_deref(), Some("S010267f0"));
    let value = claim.evidence[0].value.clone().unwrap();
    assert!(value.starts_with("present, ") && value.ends_with("DPAPI blob"), "{value}");
}

#[test]
fn any_other_form_is_a_medium_exposure() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).string8(0x67F2, MARKER).binary(0x67F1, &utf16_nul(MARKER));
    });
    let claim = claim(&hive.build(), "S01");
    assert_eq!((claim.severity, claim.count, claim.evidence.len()), (Severity::Medium, 2, 2));
    assert!(claim.detail.contains("was not examined"), "{}", claim.detail);
}

#[test]
fn the_two_classes_of_a_profile_are_two_findings() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).secure(0x67F0, &dpapi_blob(MARKER)).string8(0x6703, MARKER);
        let mut account = writer.named_section(&format!(r"{ACCOUNTS}\00000002"));
        account.key().binary("POP3 Password", &scheme_byte_and_blob());
    });
    let claims = judge(&hive.build(), "S01").claims;
    let mut found: Vec<_> = claims.iter().map(|claim| (claim.severity, claim.count)).collect();
    found.sort_unstable();
    assert_eq!(found, [(Severity::Info, 2), (Severity::Medium, 1)]);
}

#[test]
fn what_is_withheld_for_safety_alone_is_no_finding() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).binary(0x6611, &[9; 40]).binary(0x6700, &dpapi_blob(MARKER));
        // The comment on public folders has the number of the LDAP password.
        writer
            .section(Uid::parse("00112233445566778899aabbccddeeff"))
            .string8(0x3D09, "MSEMS")
            .string8(0x6617, "x");
    });
    assert_silent(&hive.build(), "S01");
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "A", T);
    assert_silent(&hive.build(), "S01");
}

#[test]
fn a_value_without_content_is_no_stored_secret() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).binary(0x67F0, &[]).string8(0x67F1, "");
    });
    assert_silent(&hive.build(), "S01");
}

#[test]
fn data_that_could_not_be_read_are_neither_empty_nor_another_scheme() {
    let hive = with(|writer| {
        writer.section(Uid::EXCHANGE).binary(0x67F0, &dpapi_blob(MARKER));
    });
    let mut hive = hive.build();
    let section = format!(r"{}\{}", profile().path(), Uid::EXCHANGE.hex());
    hive.point_value_data(&section, "010267f0", NOWHERE);
    let claim = claim(&hive, "S01");
    assert_eq!((claim.severity, claim.confidence), (Severity::Info, Confidence::Low));
    assert!(claim.evidence[0].value.as_ref().is_some_and(|value| value.ends_with("0 could be read")));
}

#[test]
fn secrets_are_found_in_every_place_that_mapi_has() {
    let mut hive = new_hive();
    let place = |hive: &mut HiveBuilder, path: &str, name: &str| {
        hive.key(path).binary(name, &utf16_nul(MARKER)).written(T);
    };
    let profile = profile().path();
    let subsystem = PROFILES.strip_suffix(r"\Profiles").unwrap();
    place(&mut hive, &profile, "001e67f0");
    place(&mut hive, &format!(r"{profile}\{{D9734F19-8CFB-411D-BC59-833E334FCB5E}}\Below"), "001e67f0");
    place(&mut hive, &format!(r"{profile}\{ACCOUNTS}\00000001"), "IMAP Password2");
    place(&mut hive, &format!(r"{profile}\{}\Below", Uid::EXCHANGE.hex()), "001e67f0");
    let claim_of_profile = claim(&hive.build(), "S01");
    assert_eq!(claim_of_profile.count, 4);

    place(&mut hive, subsystem, "Password");
    place(&mut hive, &format!(r"{subsystem}\Simple MAPI-CMC"), "Password");
    place(&mut hive, PROFILES, "Password");
    place(&mut hive, r"Software\Microsoft\Internet Account Manager\Accounts\00000001", "POP3 Password2");
    place(&mut hive, r"Software\Microsoft\Protected Storage System Provider\S-1-5-21-1-2-3-4", "x");
    let claims = judge(&hive.build(), "S01").claims;
    let counts: Vec<u64> = claims.iter().map(|claim| claim.count).collect();
    assert_eq!(counts, [3, 1, 4], "outside of profiles first: {claims:#?}");
}

#[test]
fn no_claim_of_any_rule_shows_a_secret() {
    let hive = with(|writer| {
        writer
            .section(Uid::EXCHANGE)
            .secure(0x67F0, &dpapi_blob(MARKER))
            .binary(0x67F1, MARKER.as_bytes())
            .string8(0x67F2, MARKER)
            .unicode(0x6704, MARKER)
            .binary(0x6611, MARKER.as_bytes());
        writer.section(Uid::ROOT).string8(0x67F3, MARKER).binary(0x3D0E, &[1; 16]);
        let mut account = writer.named_section(&format!(r"{ACCOUNTS}\00000002"));
        account.key().sz("POP3 Password", MARKER).binary("SMTP Password", &scheme_byte_and_blob());
    });
    let hive = hive.build();
    // "MARKER-hunter2".
    let hex = "4d41524b45522d68756e74657232";
    with_view(&hive, USER, |view, _| {
        let mut claims = 0;
        for rule in rules::ALL {
            let verdict = rules::judge(rule, view);
            let shown = format!("{verdict:?}");
            for secret in [MARKER, "hunter2", hex, &hex[..8]] {
                assert!(!shown.contains(secret), "{} shows {secret}: {shown}", rule.id);
            }
            claims += verdict.claims.len();
        }
        assert!(claims > 2);
    });
}
