//! The fleet of samples, whose makers wrote down what each file fires without knowing the rules' code.

use std::collections::BTreeMap;
use std::sync::Arc;

use hive_synth::samples::{self, Host, Kind, SECRET_MARKER, Sample};
use mapihive::account::HostFacts;
use mapihive::finding::{Claim, Evidence, Record};
use mapihive::rules::{self, Verdict};

use crate::support::{host_facts, with_view_on_host};

/// A hive of the samples with its logs, by file name.
#[derive(Clone)]
struct Files {
    hive: Vec<u8>,
    logs: Vec<(&'static str, Vec<u8>)>,
    host: Arc<HostFacts>,
    /// The machine's hives by their paths.
    machine: Vec<(String, Vec<u8>)>,
}

impl Files {
    fn judge(&self, path: &str, rule: &str) -> Verdict {
        let logs: Vec<(&str, &[u8])> = self.logs.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        let rule = rules::find(rule).expect("a rule");
        with_view_on_host(&self.hive, &logs, path, &self.host, |view, _| rules::judge(rule, view))
    }

    /// The file in which a piece of evidence lies.
    fn of(&self, evidence: &Evidence) -> &[u8] {
        if let Some(hive) = &evidence.hive {
            return &self.machine.iter().find(|(path, _)| **path == **hive).expect("a machine hive").1;
        }
        let log = evidence.place.log.as_deref().map(|log| self.logs.iter().find(|(name, _)| *name == log));
        log.map_or(&self.hive, |log| &log.expect("a log of the sample").1)
    }
}

/// The hives of a host's machine, by their paths.
fn machine_hives(host: &Host) -> Vec<(String, Vec<u8>)> {
    let hives = host.samples.iter().filter(|sample| sample.path.contains("ystem32/config/"));
    hives.map(|sample| (format!("{}/{}", host.name, sample.path), (sample.bytes)())).collect()
}

/// Every hive of the samples with its path.
fn hives() -> impl Iterator<Item = (String, &'static Sample, Files)> {
    samples::all().iter().flat_map(|host| {
        let hives = host.samples.iter().filter(|sample| sample.kind == Kind::Hive);
        let machine = machine_hives(host);
        let named = |name: &str| {
            let mut hives = machine.iter();
            hives.find(|(path, _)| path.ends_with(name)).map(|(path, bytes)| (path.as_str(), &bytes[..]))
        };
        let facts = Arc::new(host_facts(named("/SYSTEM"), named("/SOFTWARE"), named("/SAM")));
        hives.map(move |sample| {
            let folder = |path: &'static str| path.rsplit_once('/').unwrap_or_default();
            let beside = host
                .samples
                .iter()
                .filter(|log| log.kind == Kind::Log && folder(log.path).0 == folder(sample.path).0);
            let logs = beside.map(|log| (folder(log.path).1, (log.bytes)())).collect();
            (
                format!("{}/{}", host.name, sample.path),
                sample,
                Files { hive: (sample.bytes)(), logs, host: Arc::clone(&facts), machine: machine.clone() },
            )
        })
    })
}

fn claims() -> impl Iterator<Item = (String, Files, &'static str, Vec<Claim>)> {
    hives().flat_map(|(path, _, hive)| {
        let judged: Vec<_> = rules::ALL
            .iter()
            .map(|rule| (path.clone(), hive.clone(), rule.id, hive.judge(&path, rule.id).claims))
            .collect();
        judged
    })
}

#[test]
fn rules_of_single_profiles_say_the_same_however_many_they_are_shown_at_a_time() {
    let mut judged_alone = 0;
    for (path, _, files) in hives() {
        let logs: Vec<(&str, &[u8])> = files.logs.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        with_view_on_host(&files.hive, &logs, &path, &files.host, |view, _| {
            let [alone, together] =
                [1, usize::MAX].map(|at_a_time| rules::judge_by(rules::ALL, view, at_a_time));
            assert_eq!(alone.len(), rules::ALL.len());
            for ((rule, alone), together) in rules::ALL.iter().zip(alone).zip(together) {
                assert_eq!(alone.claims, together.claims, "{path} {}", rule.id);
                assert_eq!(alone.not_judged, together.not_judged, "{path} {}", rule.id);
                judged_alone += if rule.by_profile { alone.claims.len() } else { 0 };
            }
        });
    }
    assert!(judged_alone > 50, "{judged_alone}");
}

#[test]
fn every_sample_fires_the_rules_it_was_made_for_and_no_others() {
    for (path, sample, hive) in hives() {
        let mut expected = BTreeMap::new();
        for fires in sample.fires {
            expected.insert(fires.rule, fires);
        }
        for rule in rules::ALL {
            let found = hive.judge(&path, rule.id).claims;
            let Some(fires) = expected.get(rule.id) else {
                assert!(found.is_empty(), "{path} {}: {found:#?}", rule.id);
                continue;
            };
            assert!(!found.is_empty(), "{path} {} is silent", rule.id);
            for claim in &found {
                assert_eq!(claim.severity.as_str(), fires.severity.word(), "{path} {}", rule.id);
            }
            let shown: Vec<String> = found.iter().flat_map(places).collect();
            for place in fires.places {
                let at_end = format!("\\{place}");
                let is_there = |text: &String| text == place || text.ends_with(&at_end);
                assert!(shown.iter().any(is_there), "{path} {} {place}: {shown:#?}", rule.id);
            }
        }
    }
}

/// What a claim says about where it is.
fn places(claim: &Claim) -> Vec<String> {
    let mut places = vec!["base block".to_owned()];
    places.extend(claim.subject.profile.clone());
    places.extend(claim.evidence.iter().map(|evidence| evidence.key_path.clone()));
    places
}

#[test]
fn every_place_of_evidence_holds_the_record_it_names() {
    let mut checked = 0;
    for (path, hive, rule, claims) in claims() {
        for evidence in claims.iter().flat_map(|claim| &claim.evidence) {
            let at = usize::try_from(evidence.place.at.0).unwrap();
            let bytes = &hive.of(evidence)[at..at + usize::try_from(evidence.size).unwrap()];
            let holds = match evidence.record {
                Record::KeyNode => bytes[4..].starts_with(b"nk"),
                Record::KeyValue => bytes[4..].starts_with(b"vk"),
                Record::Data => evidence.place.at.0 == 4 && evidence.size == 8,
            };
            assert!(holds, "{path} {rule} {evidence:?}");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn every_claim_rests_on_evidence_and_speaks_in_sentences() {
    for (path, _, rule, claims) in claims() {
        let severities = rules::find(rule).unwrap().severities;
        for claim in claims {
            assert!(!claim.evidence.is_empty() && claim.count > 0, "{path} {rule}");
            assert!(severities.contains(&claim.severity), "{path} {rule}");
            assert!(
                claim.detail.ends_with('.') && !claim.detail.contains("  "),
                "{path} {rule} {}",
                claim.detail
            );
            assert!(claim.first_seen <= claim.last_seen, "{path} {rule}");
        }
    }
}

#[test]
fn no_claim_on_any_sample_shows_a_secret() {
    for (path, _, rule, claims) in claims() {
        assert!(!format!("{claims:?}").contains(SECRET_MARKER), "{path} {rule}");
    }
}
