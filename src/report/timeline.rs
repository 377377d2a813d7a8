//! `timeline`: dated events in the life of profiles, in the columns that Timesketch wants first.

use crate::hive::HiveState;
use crate::lifecycle::Event;
use crate::mapi::ProfileState;
use crate::scan::Coverage;

use super::table::{Cell, table};

table! {
    /// A row of the timeline.
    TimelineRow {
        message: "what happened, in a sentence",
        datetime: "the time of the event",
        timestamp_desc: "what that time is",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        profile_family: "what makes profiles of such names",
        profile_state: "live, deleted-pending (under Deleted Profiles) or recovered: of the record that tells of the event",
        event: "first-trace, changed, marked-for-deletion, deleted or recovered",
        bound: "what the time says about the event: at, no-later-than or no-earlier-than",
        certainty: "how sure the event is: low, medium or high",
        key_path: "the key whose time it is, from the root of the hive",
        origin: "where its record is: primary, log, log-remnant, free, slack, unreferenced or tail",
        file: "the file in which the record lies",
        file_offset: "where in that file, in bytes from its start",
        log_sequence: "sequence number of the log entry, if the record is from a log",
        hive_path: "the hive",
        hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
    }
}

/// The row of an event.
pub fn timeline_row(coverage: &Coverage, event: Event) -> TimelineRow<'static> {
    let Event { kind, subject, time, bound, certainty, message, evidence } = event;
    let place = &evidence.place;
    let file = match &place.log {
        Some(log) => crate::scan::beside(&coverage.hive_path, log),
        None => coverage.hive_path.clone(),
    };
    TimelineRow {
        message: message.into(),
        datetime: time.into(),
        timestamp_desc: match (evidence.last_written == Some(time), bound) {
            (true, _) => "Registry key last written",
            (false, _) => "Time in the name of the profile",
        }
        .into(),
        host: coverage.host.clone().into(),
        account: coverage.account.name.clone().into(),
        account_sid: coverage.account.sid.as_ref().map(ToString::to_string).into(),
        root: subject.root.into(),
        profile: subject.profile.into(),
        profile_family: subject.profile_family.into(),
        profile_state: subject.profile_state.map(ProfileState::as_str).into(),
        event: kind.as_str().into(),
        bound: bound.as_str().into(),
        certainty: certainty.as_str().into(),
        key_path: evidence.key_path.into(),
        origin: place.origin.as_str().into(),
        file: file.into(),
        file_offset: place.at.into(),
        log_sequence: place.sequence.into(),
        hive_path: coverage.hive_path.clone().into(),
        hive_state: coverage.state.map(HiveState::as_str).into(),
        neutralized: Cell::Empty,
    }
}
