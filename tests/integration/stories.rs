//! Stories of profiles, told with everything that Windows leaves behind, are read as they happened: at every step, with
//! what the copied files then hold, and without a claim that the story does not bear out.

use std::collections::BTreeSet;

use hive_synth::mapi::PROFILES;
use hive_synth::story::LogFormat;
use hive_synth::story::stories::{self, Event as Truth, Happened, Step};
use hive_synth::{HiveBuilder, MILLISECOND, Version, filetime};
use mapihive::account::Confidence;
use mapihive::hive::{HiveSource, HiveState, Image, Links, LogFile, Problems, Way};
use mapihive::lifecycle::{self, Bound, Event, EventKind};
use mapihive::mapi::{MapiPath, ProfileState};
use mapihive::wintypes::Filetime;

use crate::program::{manifest_dir, mapihive_in, plant};
use crate::support::{with_view, with_view_of_files};

/// Every step of every story in every format of logs, with a name for messages.
fn steps() -> impl Iterator<Item = (String, Step)> {
    LogFormat::ALL.into_iter().flat_map(|format| {
        stories::ALL.into_iter().flat_map(move |(story, tell)| {
            tell(format).into_iter().map(move |step| (format!("{story} {format:?} {:?}", step.name), step))
        })
    })
}

fn step(tell: stories::Tale, format: LogFormat, name: &str) -> Step {
    tell(format).into_iter().find(|step| step.name == name).expect("a step of the story")
}

fn logs(step: &Step) -> Vec<(String, &[u8])> {
    step.copy.logs.iter().map(|(suffix, bytes)| (format!("ntuser.dat.{suffix}"), &bytes[..])).collect()
}

fn events(step: &Step) -> Vec<Event> {
    let logs = logs(step);
    let logs: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    with_view_of_files(&step.copy.primary, &logs, "NTUSER.DAT", |view, _| {
        lifecycle::events(view.mapi, view.recovered)
    })
}

#[test]
fn an_instant_is_no_longer_than_it_says_and_names_no_first_key_that_the_times_do_not_tell() {
    let messages = |milliseconds: &[u64]| -> Vec<String> {
        let mut hive = HiveBuilder::new(Version::V1_5);
        let start = filetime(2001, 1, 1, 0, 0, 0, 0);
        hive.key(&format!(r"{PROFILES}\Mail")).written(start + 3_600_000 * MILLISECOND);
        for (number, later) in milliseconds.iter().enumerate() {
            hive.key(&format!(r"{PROFILES}\Mail\{number:032x}")).written(start + later * MILLISECOND);
        }
        with_view(&hive.build(), "NTUSER.DAT", |view, _| {
            let events = lifecycle::events(view.mapi, view.recovered);
            let changes = events.into_iter().filter(|event| event.kind == EventKind::Changed);
            changes.map(|event| event.message).collect()
        })
    };
    let name = |number: u32| format!("{number:032x}");
    for (milliseconds, says) in [
        // Neighbours are near each other, the first and the last are not.
        (&[0, 6, 12][..], vec![format!("2 keys changed last within 10 ms, \"{}\" first.", name(0))]),
        (&[0, 10], vec![format!("2 keys changed last within 10 ms, \"{}\" first.", name(0))]),
        (&[0, 0, 0], vec![format!("3 keys changed last at this same time, \"{}\" among them.", name(0))]),
        (
            &[0, 0, 9, 11],
            vec![
                format!(
                    "3 keys changed last within 10 ms, 2 of them at this same time, \"{}\" among these.",
                    name(0)
                ),
                format!("the key \"{}\" changed last.", name(3)),
            ],
        ),
    ] {
        let found = messages(milliseconds);
        for wanted in says {
            assert!(
                found.iter().any(|message| message.ends_with(&wanted)),
                "{milliseconds:?}: {wanted} {found:?}"
            );
        }
    }
    assert_eq!(messages(&[0, 6, 12]).len(), 3, "and the profile's own key");
}

#[test]
fn replay_gives_the_state_of_every_step() {
    let mut dirty = 0;
    for (name, step) in steps() {
        let folder = tempfile::tempdir().unwrap();
        plant(folder.path(), &[("NTUSER.DAT", &step.copy.primary)]);
        let logs = logs(&step);
        let open = |file: &str| HiveSource::open(&folder.path().join(file), Links::Follow).unwrap();
        let logs = logs.iter().map(|(file, bytes)| {
            plant(folder.path(), &[(file, bytes)]);
            LogFile::read(file, &open(file), Way::Read)
        });
        let logs = logs.collect();
        let mut problems = Problems::default();
        let image = Image::open(&open("NTUSER.DAT"), logs, Way::Read, &mut problems).unwrap();
        let length = image.bins().bytes().len();
        assert!(image.bytes()[4096..length] == step.state[4096..length], "{name}");
        assert_eq!(length, step.state.len(), "{name}");
        let expected = if step.copy.is_dirty() { HiveState::DirtyReplayed } else { HiveState::Clean };
        let torn = image.state() == HiveState::DirtyUnreplayed && step.copy.is_dirty();
        assert!(image.state() == expected || torn, "{name}: {:?}", image.state());
        dirty += usize::from(step.copy.is_dirty());
    }
    assert!(dirty > 20, "{dirty}");
}

/// What really happened to one profile, in the order in which it did.
fn truth<'s>(step: &'s Step, event: &'s Event) -> impl Iterator<Item = (&'s Truth, ProfileState)> {
    step.happened.iter().filter_map(|truth| {
        let place = MapiPath::parse(&truth.subject)?;
        let same_root = event.subject.root.as_deref() == Some(place.root.to_string().as_str());
        let same_name = place.profile == event.subject.profile;
        (same_root && same_name).then(|| place.list.map(|list| (truth, list))).flatten()
    })
}

/// Keys of one profile are written one after the other; the last of them follows the first within this time.
const A_WHILE: u64 = 5_000 * MILLISECOND;

/// Why the story does not bear out an event.
fn refuted(step: &Step, event: &Event) -> Option<&'static str> {
    let time = event.time.0;
    let mut truth = truth(step, event);
    match (event.kind, event.bound) {
        // Read from the name, which the story gives its services.
        (EventKind::FirstTrace, Bound::At) => None,
        (EventKind::FirstTrace, _) => {
            let made =
                truth.any(|(truth, _)| truth.happened == Happened::ProfileCreated && truth.time <= time);
            (!made).then_some("was not made by then")
        }
        (EventKind::Changed | EventKind::Recovered, _) => {
            let near = |truth: &Truth| (truth.time..truth.time + A_WHILE).contains(&time);
            (!truth.any(|(truth, _)| near(truth))).then_some("nothing happened to it then")
        }
        (EventKind::MarkedForDeletion, _) => {
            let moved = truth
                .any(|(truth, _)| truth.happened == Happened::ProfileMovedToDeleted && truth.time <= time);
            (!moved).then_some("was not marked by then")
        }
        (EventKind::Deleted, bound) => {
            let fits = |truth: &Truth| match bound {
                Bound::NoLaterThan => truth.time <= time + A_WHILE,
                Bound::NoEarlierThan => truth.time + A_WHILE >= time,
                Bound::At => false,
            };
            let deleted = truth.any(|(truth, _)| truth.happened == Happened::ProfileDeleted && fits(truth));
            (!deleted).then_some("was not deleted then")
        }
    }
}

#[test]
fn no_event_is_claimed_that_did_not_happen() {
    let (mut judged, mut left_open) = (0, 0);
    for (name, step) in steps() {
        for event in events(&step) {
            judged += 1;
            let Some(why) = refuted(&step, &event) else { continue };
            // What a new profile has below it of the one whose cells it took cannot always be told; then it says so.
            let open = event.certainty < Confidence::High
                && event.message.contains("an earlier profile may have had");
            assert!(open, "{name}: {why}: {event:#?} {:#?}", step.happened);
            left_open += 1;
        }
    }
    assert!(judged > 1_000 && left_open < judged / 50, "{left_open} of {judged}");
}

/// Names of the profiles that stand in a list, by what happened and reached the disk.
fn standing(step: &Step, list: ProfileState) -> BTreeSet<String> {
    let mut standing = BTreeSet::new();
    for truth in step.happened.iter().filter(|truth| truth.durable) {
        let Some(place) = MapiPath::parse(&truth.subject) else { continue };
        let Some(profile) = place.profile else { continue };
        let is_here = place.list == Some(list);
        match truth.happened {
            Happened::ProfileCreated if is_here => {
                standing.insert(profile);
            }
            Happened::ProfileMovedToDeleted if list == ProfileState::DeletedPending => {
                standing.insert(profile);
            }
            Happened::ProfileMovedToDeleted => {
                standing.remove(&profile);
            }
            Happened::ProfileDeleted if is_here => {
                standing.remove(&profile);
            }
            _ => {}
        }
    }
    standing
}

#[test]
fn every_profile_that_stands_has_its_events_and_is_not_called_deleted() {
    for (name, step) in steps() {
        let events = events(&step);
        for list in [ProfileState::Live, ProfileState::DeletedPending] {
            let standing = standing(&step, list);
            let of = |kind: EventKind| -> BTreeSet<String> {
                let live = events
                    .iter()
                    .filter(|event| event.kind == kind && event.subject.profile_state == Some(list));
                live.filter_map(|event| event.subject.profile.clone()).collect()
            };
            // A profile of whom a deleted namesake is recovered has its first trace from that one.
            assert!(of(EventKind::Changed).is_superset(&standing), "{name}: {standing:?}");
            assert!(of(EventKind::Changed).is_subset(&standing), "{name}: {standing:?}");
            if list == ProfileState::DeletedPending {
                assert_eq!(of(EventKind::MarkedForDeletion), standing, "{name}");
            }
        }
    }
}

fn has(events: &[Event], kind: EventKind, profile: &str) -> bool {
    events.iter().any(|event| {
        event.kind == kind && event.subject.profile.as_deref().is_some_and(|name| name.starts_with(profile))
    })
}

#[test]
fn a_run_of_a_service_that_stopped_cleanly_is_found_deleted() {
    for format in LogFormat::ALL {
        let step = step(stories::internet_mail_service, format, "second run stopped");
        let events = events(&step);
        let deleted: Vec<&Event> = events.iter().filter(|event| event.kind == EventKind::Deleted).collect();
        let [deleted] = deleted[..] else { panic!("{format:?}: {deleted:#?}") };
        let stopped = step.happened.iter().rev().find(|truth| truth.happened == Happened::ProfileDeleted);
        let stopped = Filetime(stopped.unwrap().time);
        assert_eq!(deleted.bound, Bound::NoLaterThan, "{deleted:#?}");
        // Nothing changed the list since, so that the bound is the time itself.
        assert!(deleted.time.distance(stopped) <= A_WHILE, "{deleted:#?} {stopped}");
        assert!(has(&events, EventKind::Recovered, "MSExchangeIMC"));
    }
}

#[test]
fn a_profile_deleted_while_in_use_is_marked_and_then_gone() {
    for format in LogFormat::ALL {
        let marked = events(&step(stories::deleted_while_in_use, format, "deleted while in use"));
        assert!(marked.iter().any(|event| event.kind == EventKind::MarkedForDeletion), "{format:?}");
        assert!(!marked.iter().any(|event| event.kind == EventKind::Deleted), "{format:?}");
        let ended = events(&step(stories::deleted_while_in_use, format, "session ended"));
        assert!(ended.iter().any(|event| event.kind == EventKind::MarkedForDeletion), "{format:?}");
        assert!(ended.iter().any(|event| event.kind == EventKind::Deleted), "{format:?}");
    }
}

#[test]
fn a_profile_removed_under_a_live_session_is_found() {
    for format in LogFormat::ALL {
        let events =
            events(&step(stories::removed_by_second_session, format, "removed by the second session"));
        assert!(events.iter().any(|event| event.kind == EventKind::Deleted), "{format:?}: {events:#?}");
    }
}

#[test]
fn an_event_from_what_is_left_of_an_entry_names_none() {
    let rows = mapihive_in(manifest_dir(), ["timeline", "sample-hives/RUN55C"]).rows();
    let of_remnants = rows.iter().filter(|row| row["origin"] == "log-remnant");
    let (with, without): (Vec<_>, Vec<_>) = of_remnants.partition(|row| !row["log_sequence"].is_empty());
    assert!(!with.is_empty() && !without.is_empty());
    for row in with {
        assert!(row["message"].contains(&format!("(in entry {} of", row["log_sequence"])), "{row:?}");
    }
    // The name's time rests on no state of the key.
    for row in without.iter().filter(|row| !row["message"].contains("its name reads")) {
        assert!(row["message"].contains("overwritten entries of a transaction log"), "{row:?}");
    }
}
