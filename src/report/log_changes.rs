//! `log_changes.csv`: what the transaction logs of dirty hives changed for MAPI, with the evidence of both states.

use crate::account::Attribution;
use crate::compare::{Difference, replayed};
use crate::hive::Provenance;
use crate::scan::{OpenHive, Understood};

use super::SCHEMA;
use super::compare::Shown;
use super::table::{Cell, table};

table! {
    /// A row of `log_changes.csv`. BEFORE is the hive file alone, AFTER what its transaction logs make of it.
    LogChangeRow {
        schema: "version of these columns",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        section_uid: "the section of the profile",
        key_path: "the key, from the root of the hive; of one that has moved, where it is after the logs",
        value_name: "the value",
        what: "what the logs changed, in the words of the comparison of two copies",
        before_value: "what the value says in the hive file, secrets withheld",
        after_value: "what the value says after the logs, secrets withheld",
        before_type: "registry type in the hive file by its name, or 0xNNNNNNNN",
        after_type: "registry type after the logs by its name, or 0xNNNNNNNN",
        count: "how many keys differ in a profile, or how many a profile has",
        detail: "what was seen; BEFORE is the hive file, AFTER what its logs make of it",
        certainty: "how sure the change is: low, medium or high",
        before_offset: "where in the hive file the record lies, in bytes from its start; where it has none, the key whose whole list shows that",
        before_data_offset: "where in the hive file the data of the value lie, in bytes from its start",
        before_last_written: "when the key of that record last changed",
        after_file: "the file with the record after the logs: a log, or the hive file where they left its bytes as they were; where there is none, with the key whose whole list shows that",
        after_offset: "where in that file, in bytes from its start",
        after_origin: "where these bytes are: primary or log",
        after_data_file: "the file with the data of the value after the logs",
        after_data_offset: "where in that file, in bytes from its start",
        after_last_written: "when the key of that record last changed",
        log_file: "the log that has the change: that of the record or, where the logs left its bytes as they were, of its data",
        log_sequence: "sequence number of the entry of that log",
        hive_path: "the hive",
        hive_state: "dirty-replayed or damaged",
    }
}

/// The rows of a hive, by root, profile, key and value; none where no log was applied.
pub fn log_change_rows(hive: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<LogChangeRow<'static>> {
    replayed(hive, understood).into_iter().map(|change| row(hive, &understood.account, change)).collect()
}

fn row(hive: &OpenHive<'_>, account: &Attribution, change: Difference) -> LogChangeRow<'static> {
    let [before, after] = [&change.before, &change.after].map(|seen| Shown::of(hive.hive_path, seen).owned());
    let [data_before, data_after] =
        [&change.before, &change.after].map(|seen| Some(&seen.evidence.as_ref()?.data.as_ref()?.0));
    let record = change.after.evidence.as_ref().map(|evidence| &evidence.place);
    let in_log = [record, data_after].into_iter().flatten().find(|place| place.log.is_some());
    let file = |place: &Provenance| match &place.log {
        Some(log) => crate::scan::beside(hive.hive_path, log),
        None => hive.hive_path.to_owned(),
    };
    let [before_data_offset, after_data_offset] =
        [data_before, data_after].map(|place| place.map(|place| place.at));
    let (after_data_file, log_file) = (data_after.map(file), in_log.map(file));
    let log_sequence = in_log.and_then(|place| place.sequence);
    LogChangeRow {
        schema: SCHEMA.into(),
        host: hive.host.map(str::to_owned).into(),
        account: account.name.clone().into(),
        account_sid: account.sid.as_ref().map(ToString::to_string).into(),
        root: change.root.into(),
        profile: change.profile.into(),
        section_uid: change.section_uid.into(),
        key_path: change.key_path.into(),
        value_name: change.value_name.into(),
        what: change.what.as_str().into(),
        before_value: before.value,
        after_value: after.value,
        before_type: before.value_type,
        after_type: after.value_type,
        count: change.count.into(),
        detail: change.detail.into(),
        certainty: change.certainty.as_str().into(),
        before_offset: before.offset,
        before_data_offset: before_data_offset.into(),
        before_last_written: before.last_written,
        after_file: after.file,
        after_offset: after.offset,
        after_origin: after.origin,
        after_data_file: after_data_file.into(),
        after_data_offset: after_data_offset.into(),
        after_last_written: after.last_written,
        log_file: log_file.into(),
        log_sequence: log_sequence.into(),
        hive_path: hive.hive_path.to_owned().into(),
        hive_state: hive.image.state().as_str().into(),
        neutralized: Cell::Empty,
    }
}
