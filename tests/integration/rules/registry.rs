use std::collections::HashSet;

use mapihive::rules;

const ORDER: [&str; 68] = [
    "L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L11", "L12", "L13", "L14", "L15",
    "L16", "L17", "L18", "L19", "L20", "L21", "L22", "L23", "L24", "L25", "C01", "C02", "C03", "C04", "C05",
    "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15", "C16", "C17", "C18", "C19", "C20",
    "C21", "C22", "C23", "C24", "C25", "C27", "S01", "S02", "S03", "S04", "S05", "S06", "S07", "S08", "S09",
    "X03", "X05", "X06", "H01", "H02", "H03", "H04", "H05",
];

#[test]
fn the_rules_stand_in_their_order() {
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(ids, ORDER);
}

#[test]
fn every_rule_explains_itself() {
    for rule in rules::every() {
        let words = [
            rule.title,
            rule.condition,
            rule.implies,
            rule.does_not_prove,
            rule.remediation,
            rule.false_positives,
        ];
        for text in words {
            assert!(!text.trim().is_empty() && text.trim() == text, "{}: {text:?}", rule.id);
            assert!(!text.contains("  ") && !text.contains('\n'), "{}: {text:?}", rule.id);
        }
        let sentences =
            [rule.condition, rule.implies, rule.does_not_prove, rule.remediation, rule.false_positives];
        assert!(sentences.iter().all(|text| text.ends_with('.')), "{}", rule.id);
        assert!(!rule.references.is_empty(), "{}", rule.id);
        // References are joined by spaces in the tables.
        assert!(rule.references.iter().all(|text| !text.is_empty() && !text.contains(' ')), "{}", rule.id);
        assert!(!rule.severities.is_empty() && rule.severities.is_sorted(), "{}", rule.id);
    }
}

#[test]
fn every_rule_has_an_identifier_and_a_slug_of_its_own() {
    let mut names = HashSet::new();
    for rule in rules::every() {
        let (class, number) = rule.id.split_at(1);
        assert!(["L", "C", "S", "X", "H"].contains(&class), "{}", rule.id);
        assert!(number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()), "{}", rule.id);
        assert!(
            rule.slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{}",
            rule.slug
        );
        assert!(names.insert(rule.id) && names.insert(rule.slug), "{}", rule.id);
    }
}

#[test]
fn a_rule_is_found_by_identifier_and_by_slug_in_any_letter_case() {
    for name in ["L01", "l01", "MAPI-L01", "mapi-l01", "calcon-multi", "CALCON-MULTI"] {
        assert_eq!(rules::find(name).map(|rule| rule.id), Some("L01"), "{name}");
    }
    for name in ["", "MAPI-", "L1", "L99", "MAPI-calcon", "MAPI-L01 ", "Ümläut"] {
        assert!(rules::find(name).is_none(), "{name}");
    }
}

#[test]
fn what_a_remedy_deletes_is_preserved_first() {
    for rule in rules::every() {
        let mut sentences = rule.remediation.split_inclusive(". ");
        let deletes = |text: &&str| ["delete", "removed", "cleared"].iter().any(|word| text.contains(word));
        assert!(
            sentences
                .by_ref()
                .filter(deletes)
                .all(|text| text.starts_with("After preserving the evidence, ")),
            "{}: {}",
            rule.id,
            rule.remediation
        );
    }
}

#[test]
fn rules_that_argue_from_absence_say_so() {
    let absence = [
        "L04", "L10", "L11", "L13", "L20", "L21", "L22", "L23", "L24", "L25", "C01", "C02", "C03", "C04",
        "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C13", "C19", "C20", "C25", "X06",
    ];
    for rule in rules::every() {
        assert_eq!(rule.argues_from_absence, absence.contains(&rule.id), "{}", rule.id);
    }
}

#[test]
fn the_known_dlls_are_part_of_the_explanation() {
    let rule = rules::find("S05").unwrap();
    let lines = rule.appendix.expect("a list")();
    for name in ["emsmdb.dll", "emsabp.dll", "emsui.dll", "mspst.dll", "contab.dll", "omsxp.dll"] {
        assert!(lines.iter().any(|line| line.starts_with(name)), "{name}");
    }
    let explained = crate::program::mapihive(["explain", "S05"]);
    let text = String::from_utf8(explained.stdout).unwrap();
    assert!(lines.iter().all(|line| text.contains(line.as_str())), "{text}");
}

/// The rules of the domain reference, section 5, in its order: identifier and name. C28 is a column there and no rule.
const REFERENCE: &str = "\
    L01 calcon-multi, L02 calcon-one, L03 imc-present, L04 imc-absent, L05 imc-multi, L06 session-predates-boot, \
    L07 deleted-pending, L08 deleted-ts-risk, L09 name-in-both, L10 deleted-only, L11 deleted-empty-key, \
    L12 dynamic-in-profiles, L13 profiles-key-changed-later, L14 profile-explosion, L15 cloned-profile, \
    L16 gateway-tool-profile, L17 dsa-mailbox-profile, L18 temp-section, L19 linkage-profile, C01 default-dangling, \
    C02 default-missing, C03 empty-profile, C04 no-service-table, C05 service-dangling, C06 provider-dangling, \
    C07 msems-no-providers, C08 msems-unconfigured, C09 skeleton-only, C10 exchange-pst-pair, C11 no-server-addrs, \
    C12 home-server-moved, C13 stale-fqdn, C14 legacy-and-office, C15 duplicate-subsystem, C16 outlook-on-exchange, \
    C17 service-pst, C18 file-on-network, C19 bes-no-homeserver, C20 dup-single-copy, C21 name-rule, C22 name-mismatch, \
    C23 malformed-value, C24 delegate-stores, C25 never-connected, C26 fax-sql-profile-missing, \
    C27 default-hive-profiles, S01 stored-secret, S02 pst-pw-remembered, S03 admin-privilege, S04 anon-connect, \
    S05 unknown-provider-dll, S06 roh-no-ssl, S07 ldap-clear, S08 no-rpc-encryption, S09 event1016-style, \
    X01 stale-server, X02 shared-mailbox, X03 service-mismatch, X04 same-instance-hosts, X05 imc-but-no-service, \
    X06 no-mapi-at-all, H01 dirty-hive, H02 clock, H03 recovered-profile, H04 written-together, H05 mmp-gap";

#[test]
fn every_rule_of_the_reference_is_there_or_its_absence_is_explained() {
    let decisions = std::fs::read_to_string(crate::program::manifest_dir().join("ARCHITECTURE.md")).unwrap();
    let mut missing = Vec::new();
    for rule in REFERENCE.split(", ") {
        let (id, slug) = rule.split_once(' ').unwrap();
        match rules::find(id) {
            Some(found) => assert_eq!(found.slug, slug),
            None => missing.push(id),
        }
    }
    assert_eq!(REFERENCE.split(", ").count(), 66);
    for id in &missing {
        assert!(decisions.contains(&format!("**{id} is left out**: ")), "{id} is not explained");
    }
    // What is explained to be missing is missing.
    let explained = decisions.matches(" is left out**: ").count();
    assert_eq!((missing.as_slice(), explained), (&["C26"][..], 1));
}

#[test]
fn what_a_rule_implies_names_its_source_or_that_it_is_inferred() {
    for rule in rules::every() {
        for text in [rule.implies, rule.does_not_prove] {
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
            let is_article = |word: &&str| {
                let number = word.strip_prefix("KB").or_else(|| word.strip_prefix('Q'));
                number.is_some_and(|number| {
                    number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit())
                })
            };
            for source in words.filter(|word| is_article(word) || *word == "inferred") {
                assert!(
                    rule.references.contains(&source),
                    "{} speaks of {source} and does not list it",
                    rule.id
                );
            }
        }
    }
}
