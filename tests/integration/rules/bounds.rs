//! What a hostile hive may cost the rules: time that grows with its size and no faster, claims that stay small.

use std::time::{Duration, Instant};

use hive_synth::mapi::{PROFILES, Uid};
use mapihive::finding::Claim;
use mapihive::rules;

use super::{USER, new_hive};
use crate::support::with_view;

/// More than any rule needs, in a build without optimisation on a busy machine.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_profile_of_tens_of_thousands_of_sections_is_judged_in_useful_time() {
    const SECTIONS: u32 = 20_000;
    let uid = |number: u32| -> [u8; 16] { (u128::from(number) << 96 | 0xAA).to_be_bytes() };
    let name = |uid: [u8; 16]| format!("{:032x}", u128::from_be_bytes(uid));
    let all: Vec<u8> = (0..SECTIONS).flat_map(uid).collect();
    let two = [uid(1), uid(u32::MAX)].concat();

    let mut hive = new_hive();
    let profile = hive.key(PROFILES).key("Wide").id();
    hive.by_id(profile).key(&Uid::ROOT.hex()).binary("01023d0e", &all).binary("01023d00", &all);
    for number in 0..SECTIONS {
        let mut profile = hive.by_id(profile);
        // The builder looks for no other of this name.
        let mut section = profile.duplicate_key(&name(uid(number)));
        section.sz("001e3d09", "MSEMS").sz("001e3d0b", "x").sz("001e300a", "x.dll");
        section.binary("01023d0c", &uid(0)).binary("01023d00", &two);
        section.binary("00033009", &[0x82, 0, 0, 0]).binary("00036604", &[1]).binary("010267f0", b"x");
    }
    let hive = hive.build();
    with_view(&hive, USER, |view, _| {
        let mut claims = 0;
        for rule in rules::ALL {
            let start = Instant::now();
            let verdict = rules::judge(rule, view);
            assert!(start.elapsed() < LONG, "{}: {:?}", rule.id, start.elapsed());
            assert!(verdict.not_judged.len() <= 101, "{}", rule.id);
            for claim in &verdict.claims {
                let values = claim.evidence.iter().filter_map(|evidence| evidence.value.as_ref());
                let words = claim.detail.len() + values.map(String::len).sum::<usize>();
                assert!(
                    claim.evidence.len() <= Claim::MAX_EVIDENCE && words < 100_000,
                    "{}: {words}",
                    rule.id
                );
            }
            claims += verdict.claims.len();
        }
        assert!(claims > 5);
    });
}

#[test]
fn a_hive_with_thousands_of_deleted_profiles_is_judged_in_useful_time() {
    const PROFILES_DELETED: u64 = 10_000;
    let mut hive = new_hive();
    hive.key(PROFILES).sz("DefaultProfile", "MSExchangeIMC 1");
    let list = hive.key(PROFILES).id();
    for number in 0..PROFILES_DELETED {
        let name = format!("MSExchangeIMC {number}");
        hive.by_id(list).duplicate_key(&name).key(&Uid::EXCHANGE.hex()).sz("001e6602", &name);
    }
    let mut hive = hive.build();
    hive.delete_key(PROFILES);
    with_view(&hive, USER, |view, _| {
        assert!(view.recovered.gone().count() > 9_000);
        for rule in rules::ALL {
            let start = Instant::now();
            let verdict = rules::judge(rule, view);
            assert!(start.elapsed() < LONG, "{}: {:?}", rule.id, start.elapsed());
            let is_small =
                |claim: &Claim| claim.evidence.len() <= Claim::MAX_EVIDENCE && claim.detail.len() < 10_000;
            assert!(verdict.claims.iter().all(is_small), "{}", rule.id);
        }
    });
}
