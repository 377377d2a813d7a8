//! A user's hive is judged with the machine hives of its own host, which the scan finds by their place.

use std::path::Path;
use std::sync::Arc;

use hive_synth::machine;
use hive_synth::mapi::{AccountText, NewProfile, PROFILES, Pop3Account, outlook_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, SynthHive, Version, filetime};
use mapihive::account::AccountKind;
use mapihive::hive::{Care, Links};
use mapihive::rules;
use mapihive::scan::{Candidate, GivenHives, HiveReport, Hosts, judge_hive};

use crate::support::reading;

const MACHINE: &str = "S-1-5-21-1-2-3";
const USER: &str = "HOST/C/Documents and Settings/svc/NTUSER.DAT";

fn outlook(sid: &str) -> SynthHive {
    let mut hive = HiveBuilder::new(Version::V1_3);
    let account = Pop3Account {
        display_name: "A".into(),
        email: "a@example.test".into(),
        server: "mail.example.test".into(),
        pst_path: r"D:\Mail\a.pst".into(),
        password: None,
        text: AccountText::Sz,
    };
    let profile = NewProfile::new(PROFILES, "Outlook", filetime(2001, 1, 1, 0, 0, 0, 0));
    outlook_profile(&mut hive, &profile, &account);
    hive.root_security(&SecurityDescriptor::user_hive(sid));
    hive.build()
}

fn system(services: &[(&str, &str)]) -> SynthHive {
    let mut hive = machine::system(Version::V1_3, 1);
    machine::host(&mut hive, 1, "HOST", "1252", filetime(2001, 2, 1, 0, 0, 0, 0));
    for (name, account) in services {
        machine::service(&mut hive, 1, name, account, 2);
    }
    hive.build()
}

fn sam() -> SynthHive {
    let mut hive = machine::sam(Version::V1_3, MACHINE);
    machine::local_account(&mut hive, "exsvc", 1004);
    hive.build()
}

/// Scans files as they lie in a collection, and tells what became of the first.
fn scan(files: &[(&str, &SynthHive)]) -> HiveReport {
    mapihive::hive::silence_contained_panics();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let candidates: Vec<Candidate> = files
        .iter()
        .map(|(path, hive)| {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).expect("a folder");
            std::fs::write(&file, &hive.bytes).expect("a writable temporary folder");
            Candidate {
                opened_at: Some(file.into()),
                host: path.split('/').next().map(Into::into),
                hive_path: (*path).into(),
                links: Links::Follow,
                logs: Arc::default(),
                looks_like_a_hive: true,
                inside: None,
                listed: None,
            }
        })
        .collect();
    let hosts = Hosts::of(&candidates, &GivenHives::default(), true);
    judge_hive(&candidates[0], reading(Care::Once), &hosts, rules::ALL)
}

fn kind(report: &HiveReport) -> AccountKind {
    report.coverage.account.kind
}

fn fires(report: &HiveReport, rule: &str) -> bool {
    report.judged.findings.iter().any(|finding| finding.rule_id == rule)
}

#[test]
fn services_of_the_own_host_make_a_service_account_and_those_of_another_host_do_not() {
    let (hive, sam) = (outlook(&format!("{MACHINE}-1004")), sam());
    let system = system(&[("MSExchangeSA", r".\exsvc")]);
    let own = [
        (USER, &hive),
        ("HOST/C/WINNT/system32/config/SYSTEM", &system),
        ("HOST/C/WINNT/system32/config/SAM", &sam),
    ];
    let report = scan(&own);
    assert_eq!(kind(&report), AccountKind::Service);
    assert!(fires(&report, "C16") && fires(&report, "C17"));

    let others = [
        (USER, &hive),
        ("OTHER/C/WINNT/system32/config/SYSTEM", &system),
        ("OTHER/C/WINNT/system32/config/SAM", &sam),
    ];
    let report = scan(&others);
    assert_eq!(kind(&report), AccountKind::Unknown);
    assert!(!fires(&report, "C16") && !fires(&report, "C17"));
    let reasons =
        report.judged.not_judged.iter().filter(|reason| reason.why.contains("SYSTEM hive of the host"));
    assert_eq!(reasons.map(|reason| reason.rule_id).collect::<Vec<_>>(), ["C16", "C17"]);
}

#[test]
fn an_account_is_an_ordinary_user_only_where_no_service_may_be_its() {
    let hive = outlook("S-1-5-21-7-8-9-1105");
    let system_path = "HOST/C/WINNT/system32/config/SYSTEM";
    let plain = system(&[("Spooler", "LocalSystem")]);
    assert_eq!(kind(&scan(&[(USER, &hive), (system_path, &plain)])), AccountKind::User);
    // Accounts are renamed: a service of some account of a domain may be this one's.
    let domain = system(&[("Spooler", "LocalSystem"), ("MSExchangeSA", r"DOM\exsvc")]);
    assert_eq!(kind(&scan(&[(USER, &hive), (system_path, &domain)])), AccountKind::Unknown);
    let mut damaged = system(&[("Spooler", "LocalSystem"), ("Other", "LocalSystem")]);
    damaged.point_subkey(r"ControlSet001\Services", 0, hive_synth::NOWHERE);
    assert_eq!(kind(&scan(&[(USER, &hive), (system_path, &damaged)])), AccountKind::Unknown);
}
