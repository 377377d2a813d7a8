//! What was there and is no more: recovered profiles (H03), and what they tell of runs, removals, marks and changes
//! (L20 to L25). The hives live as in the stories of hive-synth, copied with their logs.

use std::collections::HashSet;

use hive_synth::log::{log_entry, new_log};
use hive_synth::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, Uid, edk_name, exchange_profile};
use hive_synth::story::stories::{
    NEW_SERVER, OLD_SERVER, Step, calendar_connector, deleted_while_in_use, internet_mail_service,
    recreated_under_the_same_name, removed_by_second_session,
};
use hive_synth::story::{CopiedHive, LogFormat};
use hive_synth::{NOWHERE, SynthHive};
use mapihive::account::{Attribution, Confidence, HostFacts};
use mapihive::finding::{Claim, Evidence, Record, Severity};
use mapihive::hive::{Care, Depth, HiveSource, Image, Links, LogFile, Origin, Problems, Tree, Trust, Way};
use mapihive::mapi::families::Families;
use mapihive::mapi::{Mapi, ProfileState, Recovered, before_replay};
use mapihive::rules::{self, Verdict, View};
use mapihive::wintypes::AnsiCodePage;
use mapihive::wintypes::Filetime;

use super::{HOUR, T, USER, add_exchange, add_imc, mailbox, new_hive};

/// Opens a hive with its logs as the scan does, and shows what the rules see of it.
fn with_copy<T>(copy: &CopiedHive, use_view: impl FnOnce(&View<'_>) -> T) -> T {
    mapihive::hive::silence_contained_panics();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a writable temporary folder");
        HiveSource::open(&path, Links::Follow).expect("a readable file")
    };
    let logs = copy.logs.iter().map(|(suffix, bytes)| {
        let name = log_name(suffix);
        LogFile::read(&name, &file(&name, bytes), Way::Map)
    });
    let logs = logs.collect();
    let mut problems = Problems::default();
    let source = file("NTUSER.DAT", &copy.primary);
    let image = Image::open(&source, logs, Way::Map, &mut problems).expect("a hive");
    let tree = Tree::new(&image, Care::Once);
    let account = Attribution::read(USER, &image, &tree, &mut problems);
    let mapi = Mapi::read(&tree, Families::built_in(), AnsiCodePage::UNKNOWN, &mut problems);
    let before = before_replay(&image, Families::built_in(), AnsiCodePage::UNKNOWN);
    let recovered = Recovered::read(&image, &mapi, before.as_ref(), Depth::Default, &mut problems);
    let fates: Vec<_> = image.log_fates().map(|(name, fate)| (name.to_owned(), fate.clone())).collect();
    use_view(&View {
        base_block: image.base_block(),
        state: image.state(),
        logs: &fates,
        account: &account,
        host: &HostFacts::default(),
        mapi: &mapi,
        before: before.as_ref(),
        recovered: &recovered,
        shown: None,
    })
}

fn log_name(suffix: &str) -> String {
    format!("NTUSER.DAT.{suffix}")
}

const FORMATS: [LogFormat; 3] = [LogFormat::Xp, LogFormat::Vista, LogFormat::Windows81];
const RULES: [&str; 7] = ["L20", "L21", "L22", "L23", "L24", "L25", "H03"];

fn step(steps: &[Step], name: &str) -> CopiedHive {
    steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("no step {name}")).copy.clone()
}

fn verdict(copy: &CopiedHive, rule: &str) -> Verdict {
    with_copy(copy, |view| rules::judge(rules::find(rule).expect("a rule of the registry"), view))
}

/// The claims of a rule that judged everything, each of whose evidence holds its record in the file it names.
fn claims(copy: &CopiedHive, rule: &str) -> Vec<Claim> {
    let verdict = verdict(copy, rule);
    assert_eq!(verdict.not_judged, [""; 0], "{rule}");
    for claim in &verdict.claims {
        assert_eq!(claim.severity, Severity::Info, "what was recovered never raises a severity");
        assert!(claim.detail.ends_with('.') && !claim.detail.contains("  "), "{rule} {}", claim.detail);
        for evidence in &claim.evidence {
            assert!(holds(copy, evidence), "{rule} {evidence:?}");
        }
    }
    verdict.claims
}

fn only(copy: &CopiedHive, rule: &str) -> Claim {
    let mut claims = claims(copy, rule);
    assert_eq!(claims.len(), 1, "{rule}: {claims:#?}");
    claims.remove(0)
}

fn silent(copy: &CopiedHive, rule: &str) {
    assert_eq!(claims(copy, rule), [], "{rule}");
}

/// Follows evidence as with a hex editor: the record, its name, and the time of a key.
fn holds(copy: &CopiedHive, evidence: &Evidence) -> bool {
    let file = match &evidence.place.log {
        Some(log) => copy.log(log.rsplit_once('.').expect("a suffix").1),
        None => &copy.primary,
    };
    let at = usize::try_from(evidence.place.at.0).expect("a place in a file");
    let record = &file[at + 4..at + usize::try_from(evidence.size).expect("a size")];
    let u16_at = |field: usize| usize::from(u16::from_le_bytes([record[field], record[field + 1]]));
    match evidence.record {
        Record::KeyNode => {
            let name = &record[76..76 + u16_at(72)];
            let written = u64::from_le_bytes(*record[4..].first_chunk().expect("a time"));
            record.starts_with(b"nk")
                && evidence.key_path.ends_with(&text(name, u16_at(2) & 0x20 != 0))
                && evidence.last_written == Some(Filetime(written))
        }
        Record::KeyValue => {
            let name = &record[20..20 + u16_at(2)];
            record.starts_with(b"vk")
                && evidence.value_name.as_deref() == Some(&text(name, u16_at(16) & 1 != 0))
        }
        Record::Data => false,
    }
}

fn text(name: &[u8], compressed: bool) -> String {
    if compressed {
        return name.iter().map(|byte| char::from(*byte)).collect();
    }
    String::from_utf16(
        &name.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect::<Vec<_>>(),
    )
    .expect("names that are text")
}

fn roles(claim: &Claim) -> Vec<&str> {
    claim.evidence.iter().map(|evidence| evidence.role).collect()
}

/// A hive as it is, without logs.
fn alone(hive: SynthHive) -> CopiedHive {
    CopiedHive { primary: hive.bytes, logs: Vec::new() }
}

/// An account with a profile that was deleted an hour after it was made, beside a live one.
fn with_deleted(name: &str) -> SynthHive {
    let mut hive = new_hive();
    hive.key(PROFILES).written(T + HOUR);
    add_exchange(&mut hive, PROFILES, name, T);
    add_exchange(&mut hive, PROFILES, "Other", T);
    let mut hive = hive.build();
    hive.delete_key(&format!(r"{PROFILES}\{name}"));
    hive
}

// ---- H03 -----------------------------------------------------------------------------------------------------------

#[test]
fn a_deleted_profile_is_told_with_its_sections_and_what_it_was_for() {
    let claim = only(&alone(with_deleted("Old Profile")), "H03");
    assert_eq!((claim.confidence, claim.count), (Confidence::High, 11));
    assert_eq!(claim.subject.profile.as_deref(), Some("Old Profile"));
    assert_eq!(claim.subject.profile_state, Some(ProfileState::Recovered));
    let roles = roles(&claim);
    assert_eq!(roles[0], "recovered profile key");
    assert_eq!(roles.iter().filter(|role| **role == "recovered section").count(), 10);
    assert!(claim.evidence[0].place.origin == Origin::Free);
    for part in [
        "\"Old Profile\" stood under Profiles (Windows NT) and is there no more.",
        "11 keys were recovered from free cells, 10 of them sections; nothing speaks against any of them.",
        "Its services: \"MSEMS\"; home server \"EXCH01\"",
        "When it was removed is not recorded in these bytes: not before",
        "so that the removal is not later, if Windows made it",
    ] {
        assert!(claim.detail.contains(part), "{part}: {}", claim.detail);
    }
}

#[test]
fn a_hive_in_which_nothing_was_deleted_recovers_no_profile() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Other", T);
    let hive = alone(hive.build());
    for rule in RULES {
        silent(&hive, rule);
    }
}

#[test]
fn deleted_sections_of_a_live_profile_are_no_recovered_profile() {
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Other", T);
    let mut hive = hive.build();
    hive.delete_key(&format!(r"{PROFILES}\Other\{}", Uid::EXCHANGE.hex()));
    silent(&alone(hive), "H03");
}

#[test]
fn without_recovery_no_rule_speaks_of_what_is_no_more() {
    for format in FORMATS {
        for copy in [
            step(&internet_mail_service(format), "fourth run after a clean stop"),
            step(&deleted_while_in_use(format), "session ended"),
            step(&removed_by_second_session(format), "removed by the second session"),
            step(&recreated_under_the_same_name(format), "made again"),
        ] {
            with_copy(&copy, |view| {
                let view = View { recovered: &Recovered::default(), ..*view };
                for rule in RULES {
                    let verdict = rules::judge(rules::find(rule).unwrap(), &view);
                    assert!(
                        verdict.claims.is_empty() && verdict.not_judged.is_empty(),
                        "{rule} {verdict:#?}"
                    );
                }
            });
        }
    }
}

#[test]
fn a_list_that_was_not_stamped_speaks_against_a_removal_by_windows() {
    for (list, says) in [
        (T, "not later than a second after the sections"),
        (T - HOUR, "before the profile was"),
        (T + HOUR, "so that the removal is not later, if Windows made it"),
    ] {
        let mut hive = new_hive();
        let profile = NewProfile::new(PROFILES, "Old Profile", T).written_together();
        exchange_profile(&mut hive, &profile, &mailbox());
        hive.key(&profile.path()).written(T);
        hive.key(PROFILES).written(list).sz("DefaultProfile", "Old Profile");
        let mut hive = hive.build();
        hive.delete_key(&profile.path());
        let hive = alone(hive);
        let claim = only(&hive, "H03");
        assert!(claim.detail.contains(says), "{says}: {}", claim.detail);
        let default = only(&hive, "L24");
        let fits = if list > T { Confidence::Medium } else { Confidence::Low };
        assert_eq!(default.confidence, fits, "{says}");
    }
}

#[test]
fn a_profile_that_may_be_live_is_told_with_low_confidence_and_no_story() {
    let mut hive = with_deleted("MSExchangeIMC 0123456789");
    hive.point_subkey(PROFILES, 0, NOWHERE);
    let hive = alone(hive);
    let claim = only(&hive, "H03");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("so that it may be live"), "{}", claim.detail);
    let verdict = verdict(&hive, "L20");
    assert!(verdict.claims.is_empty());
    assert!(verdict.not_judged[0].contains("it may be live"), "{verdict:#?}");
}

#[test]
fn bytes_behind_the_bins_are_a_lead_and_carry_no_story() {
    let name = edk_name("MSExchangeIMC", 300, T);
    let mut hive = with_deleted(&name);
    let nk = hive.layout.key(&format!(r"{PROFILES}\{name}")).nk;
    let at = SynthHive::file_offset(nk) - 4;
    let size = hive.cell(nk).len() + 4;
    let record = hive.bytes[at..at + size].to_vec();
    hive.bytes[at + 4..at + size].fill(0);
    hive.append_tail(&record);
    let hive = alone(hive);
    silent(&hive, "L20");
    let claims = claims(&hive, "H03");
    assert!(claims.iter().all(|claim| claim.confidence == Confidence::Low), "{claims:#?}");
}

#[test]
fn sections_that_lost_their_place_are_one_finding_of_low_confidence() {
    let mut hive = with_deleted("Old Profile");
    let nk = hive.layout.key(&format!(r"{PROFILES}\Old Profile")).nk;
    hive.set(nk, 0, &[0; 80]);
    let claim = only(&alone(hive), "H03");
    assert_eq!((claim.confidence, claim.count), (Confidence::Low, 10));
    assert!(claim.subject.profile.is_none());
    assert!(
        claim.detail.contains("10 deleted keys named like sections were recovered whose place is lost"),
        "{}",
        claim.detail
    );
}

#[test]
fn a_renamed_profile_is_known_by_its_instance_key() {
    for (seed, renamed) in [("same", true), ("other", false)] {
        let mut hive = new_hive();
        let old = NewProfile::new(PROFILES, "Old Name", T).seed("same");
        exchange_profile(&mut hive, &old, &mailbox());
        let new = NewProfile::new(PROFILES, "New Name", T + HOUR).seed(seed);
        exchange_profile(&mut hive, &new, &mailbox());
        let mut hive = hive.build();
        hive.delete_key(&old.path());
        let claim = only(&alone(hive), "H03");
        let says = "The live profile \"New Name\" holds the same instance key";
        assert_eq!(claim.detail.contains(says), renamed, "{}", claim.detail);
    }
}

// ---- L20, L21 ------------------------------------------------------------------------------------------------------

#[test]
fn runs_of_the_internet_mail_service_that_stopped_cleanly_are_earlier_runs() {
    for format in FORMATS {
        let steps = internet_mail_service(format);
        silent(&step(&steps, "first run"), "L20");
        silent(&step(&steps, "first run killed"), "L20");
        let claim = only(&step(&steps, "second run reconciled"), "L20");
        assert_eq!((claim.confidence, claim.count), (Confidence::Medium, 1), "{format:?}");
        assert!(claim.detail.contains("process 388 and time"), "{}", claim.detail);
        assert_eq!(claim.subject.name_pid, Some(388));
        silent(&step(&steps, "second run reconciled"), "L21");
    }
    // What came after has taken the cells of a run; the logs of the new format still tell of it.
    let later = step(&internet_mail_service(LogFormat::Windows81), "fourth run after a clean stop");
    assert_eq!(only(&later, "L20").count, 1);
}

#[test]
fn a_deleted_profile_of_nearly_the_name_is_no_run() {
    for name in ["IMC Profile", "MSExchangeIMC", "Outlook"] {
        let hive = alone(with_deleted(name));
        silent(&hive, "L20");
        silent(&hive, "L21");
        assert_eq!(claims(&hive, "H03").len(), 1);
    }
}

#[test]
fn a_run_that_is_marked_for_deletion_has_not_ended_that_way() {
    let name = edk_name("MSExchangeIMC", 300, T);
    let mut hive = new_hive();
    add_imc(&mut hive, PROFILES, &name, T);
    add_imc(&mut hive, DELETED_PROFILES, &name, T + HOUR);
    let mut hive = hive.build();
    hive.delete_key(&format!(r"{PROFILES}\{name}"));
    silent(&alone(hive), "L20");
}

#[test]
fn removed_profiles_of_the_calendar_connector_are_counted_by_name() {
    for format in FORMATS {
        let steps = calendar_connector(format);
        silent(&step(&steps, "five leftovers"), "L21");
        let claim = only(&step(&steps, "administrator done"), "L21");
        assert_eq!((claim.confidence, claim.count), (Confidence::Medium, 3), "{format:?}");
        for pid in [217, 283, 310] {
            assert!(claim.detail.contains(&format!("process {pid} and time")), "{}", claim.detail);
        }
        assert_eq!(roles(&claim), ["recovered profile key"; 3]);
        silent(&step(&steps, "administrator done"), "L20");
    }
}

// ---- L22 -----------------------------------------------------------------------------------------------------------

#[test]
fn what_only_the_logs_removed_is_gone_after_replay() {
    let steps = deleted_while_in_use(LogFormat::Windows81);
    silent(&step(&steps, "in use"), "L22");
    let claim = only(&step(&steps, "deleted while in use"), "L22");
    assert_eq!(claim.confidence, Confidence::High);
    assert_eq!(roles(&claim), ["profile key in the hive file", "list of profiles after replay"]);
    assert_eq!(claim.evidence[0].place.origin, Origin::Primary);
    assert_eq!(claim.evidence[1].place.origin, Origin::Log);
    assert!(
        claim.detail.contains("A profile of this name is now under Deleted Profiles"),
        "{}",
        claim.detail
    );
    // Once the hive file is current, the removal is no news of the logs.
    silent(&step(&steps, "deletion reconciled"), "L22");
    let ended = only(&step(&steps, "session ended"), "L22");
    assert!(ended.evidence[0].key_path.contains("Deleted Profiles"));
}

#[test]
fn a_list_that_cannot_be_read_after_replay_is_not_judged() {
    let mut after = with_deleted("Old Profile");
    let mut before = new_hive();
    before.default_written(T + HOUR);
    add_exchange(&mut before, PROFILES, "Old Profile", T);
    add_exchange(&mut before, PROFILES, "Other", T);
    let mut before = before.build();
    before.set_sequences(8, 7);
    let with_log = |after: &SynthHive| CopiedHive {
        primary: before.bytes.clone(),
        logs: vec![("LOG1", new_log(&before.bytes, 7, &[log_entry(&before.bytes, &after.bytes, 7)]))],
    };
    assert_eq!(claims(&with_log(&after), "L22").len(), 1);
    after.point_subkey(PROFILES, 0, NOWHERE);
    let verdict = verdict(&with_log(&after), "L22");
    assert!(verdict.claims.is_empty());
    assert!(verdict.not_judged[0].contains("it may be live"), "{verdict:#?}");
}

// ---- L23 -----------------------------------------------------------------------------------------------------------

#[test]
fn a_profile_that_moved_was_marked_while_in_use_and_the_mark_stays_until_the_session_ends() {
    for format in FORMATS {
        let steps = deleted_while_in_use(format);
        silent(&step(&steps, "in use"), "L23");
        for (name, says, role) in [
            ("deleted while in use", "The mark is still there", "profile marked for deletion"),
            ("deletion reconciled", "The mark is still there", "profile marked for deletion"),
            ("session end reconciled", "The mark is gone too", "recovered profile marked for deletion"),
        ] {
            let claim = only(&step(&steps, name), "L23");
            assert_eq!(claim.confidence, Confidence::Medium, "{format:?} {name}");
            assert!(claim.detail.contains(says), "{}", claim.detail);
            assert!(claim.detail.contains("the same instance key"), "{}", claim.detail);
            assert_eq!(roles(&claim), ["recovered profile key", role], "{format:?} {name}");
        }
    }
}

#[test]
fn a_mark_of_another_profile_of_the_name_or_of_an_earlier_time_is_no_move() {
    for (seed, marked, fires) in [("same", HOUR, true), ("other", HOUR, false), ("same", 0, false)] {
        let mut hive = new_hive();
        let live = NewProfile::new(PROFILES, "Outlook", T + HOUR / 2).seed("same");
        exchange_profile(&mut hive, &live, &mailbox());
        let mark = NewProfile::new(DELETED_PROFILES, "Outlook", T + marked).seed(seed);
        exchange_profile(&mut hive, &mark, &mailbox());
        let mut hive = hive.build();
        // Next to a live one of its name nothing has moved.
        silent(&alone(hive.clone()), "L23");
        hive.delete_key(&live.path());
        assert_eq!(claims(&alone(hive), "L23").len(), usize::from(fires), "{seed} {marked}");
    }
}

// ---- L24 -----------------------------------------------------------------------------------------------------------

#[test]
fn a_default_profile_that_was_removed_as_a_whole_leaves_its_name() {
    for format in FORMATS {
        let steps = removed_by_second_session(format);
        silent(&step(&steps, "first session at work"), "L24");
        let claim = only(&step(&steps, "removed by the second session"), "L24");
        assert_eq!(claim.confidence, Confidence::Medium, "{format:?}");
        assert_eq!(
            roles(&claim),
            ["recovered profile key", "name of the default profile", "list of profiles"]
        );
        assert_eq!(claim.evidence[1].value.as_deref(), Some("Mailbox Sweeper"));
    }
}

#[test]
fn a_default_profile_that_went_by_way_of_the_mark_or_that_nothing_names_is_no_such_trace() {
    for format in FORMATS {
        let steps = deleted_while_in_use(format);
        for name in ["deleted while in use", "session end reconciled"] {
            silent(&step(&steps, name), "L24");
        }
        // Made again under its name, the default names a live profile.
        silent(&step(&recreated_under_the_same_name(format), "made again, reconciled"), "L24");
    }
    silent(&alone(with_deleted("Old Profile")), "L24");
}

// ---- L25 -----------------------------------------------------------------------------------------------------------

#[test]
fn a_profile_that_was_made_again_for_another_server_is_told_with_both() {
    let steps = recreated_under_the_same_name(LogFormat::Windows81);
    silent(&step(&steps, "first profile"), "L25");
    for name in ["made again", "made again, reconciled"] {
        let claim = only(&step(&steps, name), "L25");
        assert_eq!((claim.confidence, claim.count), (Confidence::High, 4), "{name}");
        for part in [
            format!("home server \"{OLD_SERVER}\""),
            format!("live \"{NEW_SERVER}\""),
            "a profile of this name was deleted and made again".to_owned(),
        ] {
            assert!(claim.detail.contains(&part), "{part}: {}", claim.detail);
        }
        assert!(roles(&claim).contains(&"live home server"));
        assert_eq!(roles(&claim).last(), Some(&"live profile of the same name"));
    }
}

#[test]
fn a_profile_whose_server_was_changed_in_place_was_changed() {
    let build = |server: &str, later: u64| {
        let mut hive = new_hive();
        let profile = NewProfile::new(PROFILES, "Outlook", T).seed("same");
        exchange_profile(&mut hive, &profile, &Mailbox::new(server, "NORTH", "jdoe", "Doe, Jane"));
        hive.key(&profile.path()).key(&Uid::EXCHANGE.hex()).written(T + later);
        hive.build()
    };
    for (server, fires) in [("EXCH02", true), ("exch01", false)] {
        let (mut before, after) = (build("EXCH01", HOUR), build(server, 2 * HOUR));
        before.set_sequences(8, 7);
        let copy = CopiedHive {
            logs: vec![("LOG1", new_log(&before.bytes, 7, &[log_entry(&before.bytes, &after.bytes, 7)]))],
            primary: before.bytes,
        };
        if fires {
            let claim = only(&copy, "L25");
            assert_eq!((claim.confidence, claim.count), (Confidence::Medium, 1));
            assert!(claim.detail.contains("home server \"EXCH01\""), "{}", claim.detail);
            assert!(
                claim.detail.contains("the profile was changed, as far as places tell"),
                "{}",
                claim.detail
            );
        } else {
            silent(&copy, "L25");
        }
        silent(&copy, "H03");
    }
}

/// The key of the live profile lies where that of a deleted one lay, whose sections then seem to be its own.
#[test]
fn sections_of_a_profile_whose_key_was_overwritten_make_no_sure_difference() {
    let mut hive = new_hive();
    let old = NewProfile::new(PROFILES, "Profile A", T).seed("a");
    exchange_profile(&mut hive, &old, &Mailbox::new("EXCH02", "NORTH", "other", "Other"));
    let new = NewProfile::new(PROFILES, "Profile B", T + HOUR).seed("b");
    exchange_profile(&mut hive, &new, &mailbox());
    let mut hive = hive.build();
    let places = [old.path(), new.path()].map(|path| hive.layout.key(&path).nk);
    hive.delete_key(&old.path());
    // Where the parent of the deleted sections lay is now the live key.
    for section in hive.layout.keys().map(|key| (key.path.clone(), key.nk)).collect::<Vec<_>>() {
        if section.0.starts_with(&format!(r"{}\", old.path())) {
            hive.set(section.1, 16, &places[1].to_le_bytes());
        }
    }
    let claim = only(&alone(hive), "L25");
    assert_eq!(claim.confidence, Confidence::Low);
    assert!(claim.detail.contains("which may have been another one then"), "{}", claim.detail);
}

#[test]
fn a_record_that_the_hive_file_shows_in_its_place_is_not_told_in_another() {
    let steps = removed_by_second_session(LogFormat::Windows81);
    with_copy(&step(&steps, "second session at work"), |view| {
        let mut seen = HashSet::new();
        for state in &view.recovered.keys {
            let record = (state.key.at, state.key.last_written, state.key.name.clone());
            assert!(seen.insert(record), "{} is told twice", state.key.path());
        }
    });
    // What lies in the same record in two states of the hive, below different keys, is in doubt.
    with_copy(&step(&steps, "both ended"), |view| {
        let states = || view.recovered.keys.iter().filter(|state| state.place.is_some());
        for state in states() {
            let alike = states().filter(|other| {
                (other.key.at, other.key.last_written, &other.key.name)
                    == (state.key.at, state.key.last_written, &state.key.name)
            });
            assert!(alike.count() == 1 || state.trust < Trust::High, "{}", state.key.path());
        }
    });
}
