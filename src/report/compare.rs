//! `compare`: what differs between two copies, with the evidence of both.

use crate::compare::{Difference, PairReport, PairedBy, Seen};
use crate::hive::HiveState;
use crate::scan::Coverage;

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of the comparison of two copies.
    ComparisonRow {
        schema: "version of these columns",
        host: "the host that the paths of the hives show",
        account: "name of the account, as well as it is known: of AFTER, else of BEFORE",
        account_sid: "security identifier of the account",
        paired_by: "how the two hives were paired: named, path or account; empty of a hive without its other copy",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        section_uid: "the section of the profile",
        key_path: "the key, from the root of the hive; of one that has moved, where it is in AFTER",
        value_name: "the value",
        what: "what differs",
        before_value: "what the value says in BEFORE, secrets withheld",
        after_value: "what the value says in AFTER, secrets withheld",
        before_type: "registry type in BEFORE by its name, or 0xNNNNNNNN",
        after_type: "registry type in AFTER by its name, or 0xNNNNNNNN",
        count: "how many keys differ in a profile, how many a profile has, or how many profiles a hive has",
        detail: "what was seen, and what it does not prove",
        certainty: "how sure the difference is: low, medium or high",
        before_file: "the file with the record in BEFORE; where BEFORE has none, with the key whose whole list shows that",
        before_offset: "where in that file, in bytes from its start",
        before_origin: "where these bytes are: primary or log",
        before_log_sequence: "sequence number of the log entry, if the bytes are from a log",
        before_last_written: "when the key of that record last changed",
        after_file: "the file with the record in AFTER; where AFTER has none, with the key whose whole list shows that",
        after_offset: "where in that file, in bytes from its start",
        after_origin: "where these bytes are: primary or log",
        after_log_sequence: "sequence number of the log entry, if the bytes are from a log",
        after_last_written: "when the key of that record last changed",
        before_hive: "the hive of BEFORE",
        before_hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
        after_hive: "the hive of AFTER",
        after_hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
    }
}

/// The row of a difference.
pub fn comparison_row<'a>(pair: &'a PairReport, difference: &'a Difference) -> ComparisonRow<'a> {
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    let account = |coverage: Option<&'a Coverage>| coverage.map(|coverage| &coverage.account);
    let (older, newer) = (account(before), account(after));
    let name = newer.and_then(|account| account.name.as_deref());
    let sid = newer.and_then(|account| account.sid.as_ref());
    let [old, new] = [(before, &difference.before), (after, &difference.after)]
        .map(|(hive, seen)| hive.map(|hive| Shown::of(&hive.hive_path, seen)).unwrap_or_default());
    ComparisonRow {
        schema: SCHEMA.into(),
        host: pair.host.as_deref().into(),
        account: name.or_else(|| older.and_then(|account| account.name.as_deref())).into(),
        account_sid: sid.or_else(|| older?.sid.as_ref()).map(ToString::to_string).into(),
        paired_by: pair.by.map(PairedBy::as_str).into(),
        root: difference.root.as_deref().into(),
        profile: difference.profile.as_deref().into(),
        section_uid: difference.section_uid.as_deref().into(),
        key_path: difference.key_path.as_deref().into(),
        value_name: difference.value_name.as_deref().into(),
        what: difference.what.as_str().into(),
        before_value: old.value,
        after_value: new.value,
        before_type: old.value_type,
        after_type: new.value_type,
        count: difference.count.into(),
        detail: Cell::from(&difference.detail),
        certainty: difference.certainty.as_str().into(),
        before_file: old.file,
        before_offset: old.offset,
        before_origin: old.origin,
        before_log_sequence: old.log_sequence,
        before_last_written: old.last_written,
        after_file: new.file,
        after_offset: new.offset,
        after_origin: new.origin,
        after_log_sequence: new.log_sequence,
        after_last_written: new.last_written,
        before_hive: before.map(|coverage| coverage.hive_path.as_str()).into(),
        before_hive_state: before.and_then(|coverage| coverage.state).map(HiveState::as_str).into(),
        after_hive: after.map(|coverage| coverage.hive_path.as_str()).into(),
        after_hive_state: after.and_then(|coverage| coverage.state).map(HiveState::as_str).into(),
        neutralized: Cell::Empty,
    }
}

/// The cells of what one copy shows.
#[derive(Default)]
pub(super) struct Shown<'a> {
    pub(super) value: Cell<'a>,
    pub(super) value_type: Cell<'a>,
    pub(super) file: Cell<'a>,
    pub(super) offset: Cell<'a>,
    pub(super) origin: Cell<'a>,
    pub(super) log_sequence: Cell<'a>,
    pub(super) last_written: Cell<'a>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(hive_path: &'a str, seen: &'a Seen) -> Self {
        let Some(evidence) = &seen.evidence else { return Self::default() };
        let place = &evidence.place;
        Self {
            value: evidence.value.as_deref().into(),
            value_type: seen.value_type.map(|value_type| value_type.to_string()).into(),
            file: match &place.log {
                Some(log) => crate::scan::beside(hive_path, log).into(),
                None => hive_path.into(),
            },
            offset: place.at.into(),
            origin: place.origin.as_str().into(),
            log_sequence: place.sequence.into(),
            last_written: evidence.last_written.into(),
        }
    }

    /// The same without the difference it was made of.
    pub(super) fn owned(self) -> Shown<'static> {
        Shown {
            value: self.value.owned(),
            value_type: self.value_type.owned(),
            file: self.file.owned(),
            offset: self.offset.owned(),
            origin: self.origin.owned(),
            log_sequence: self.log_sequence.owned(),
            last_written: self.last_written.owned(),
        }
    }
}
