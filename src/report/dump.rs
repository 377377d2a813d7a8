//! The command `dump`: every key and value of a hive, for examiners and for comparison with other readers.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use crate::hive::{DeletedValue, Error, Problems, Provenance, Reached, UNKNOWN_PARENT, ValueType, carve};
use crate::mapi;
use crate::scan::OpenHive;
use crate::wintypes::{Hex, hex};

use super::table::{Cell, table};

table! {
    /// A row of `dump`. Never guarded against spreadsheets: it is compared byte by byte.
    unguarded DumpRow {
        kind: "key or value",
        key_path: "the key, from the root of the hive; the root itself is empty",
        value_name: "the value; empty for the unnamed one",
        value_type: "registry type by its name, or 0xNNNNNNNN",
        data_size: "bytes of data",
        data_sha256: "SHA-256 of the data; empty where they are withheld or could not all be read",
        last_written: "when the key last changed",
        origin: "where the bytes are: primary, log, log-remnant, free, slack, unreferenced or tail",
        file_offset: "where in the file the cell lies, in bytes from its start",
        problem: "withheld for a secret, tombstone for what a layered hive says is deleted, or what could not be read",
        hive_path: "the hive",
        file: "the file in which the bytes lie",
        log_sequence: "sequence number of the log entry, if the bytes are from a log",
        trust: "of a recovered key or value: high, medium or low",
    }
}

/// Hands every row of a hive to `write`: keys before their values and subkeys, in the order on disk.
pub fn dump_rows<E>(
    hive: &OpenHive<'_>,
    problems: &mut Problems,
    mut write: impl FnMut(DumpRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let root = match hive.tree.root() {
        Ok(root) => root,
        Err(error) => {
            problems.add(hive.image.root().in_file(), Some(""), error);
            return Ok(());
        }
    };
    let mut result = Ok(());
    hive.tree.walk(root, "", &mut Reached::default(), problems, |step, problems| {
        if result.is_ok() {
            result = key_rows(hive, &step, problems, &mut write);
        }
    });
    result
}

/// Hands the rows of deleted keys and values to `write`: keys with their values in the order of the file, then values
/// that belonged to one of several keys, whose path ends with the sign of a missing key, then values that no recovered key
/// lists, whose path is nothing but that sign.
pub fn deleted_rows<E>(
    hive: &OpenHive<'_>,
    problems: &mut Problems,
    mut write: impl FnMut(DumpRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (image, depth) = (hive.image, hive.recovery.unwrap_or_default());
    let mut carved = carve(image.bins(), image.tail(), image.root(), depth, problems);
    mapi::Recovered::attach_by_meaning(&mut carved);
    for key in &carved.keys {
        let place = image.provenance(key.at(), key.size() as usize).of_origin(key.origin);
        write(DumpRow {
            kind: "key".into(),
            key_path: key.path.as_str().into(),
            last_written: key.last_written().into(),
            origin: place.origin.as_str().into(),
            file_offset: place.at.into(),
            problem: key.doubts.to_string().into(),
            hive_path: hive.hive_path.into(),
            file: file(hive, &place),
            log_sequence: place.sequence.into(),
            trust: key.trust().as_str().into(),
            ..DumpRow::default()
        })?;
        // What may be a secret in some place is one where the place is lost.
        let secret_place =
            if key.path_complete { mapi::secret_place(&key.path) } else { Some(mapi::SOME_PLACE) };
        for value in &key.values {
            write(deleted_value(hive, value, &key.path, secret_place, None))?;
        }
    }
    for list in &carved.lists {
        let (path, owners) = (carved.path_of(list), carved.owners_of(list));
        for value in &list.values {
            write(deleted_value(hive, value, &path, Some(mapi::SOME_PLACE), Some(&owners)))?;
        }
    }
    carved
        .values
        .iter()
        .try_for_each(|value| write(deleted_value(hive, value, UNKNOWN_PARENT, Some(mapi::SOME_PLACE), None)))
}

fn deleted_value<'a>(
    hive: &OpenHive<'a>,
    value: &DeletedValue<'_>,
    key_path: &'a str,
    secret_place: Option<mapi::secret::Place<'_>>,
    owners: Option<&str>,
) -> DumpRow<'a> {
    let place = hive.image.provenance(value.at(), value.size() as usize).of_origin(value.origin);
    let doubts = (!value.doubts.is_empty()).then(|| value.doubts.to_string());
    let name = value.name().to_text();
    let is_secret = |bytes: &[u8]| {
        let value_type = value.record().value_type();
        let place_is_lost = secret_place == Some(mapi::SOME_PLACE);
        secret_place.is_some_and(|place| mapi::secret::secret(place, &name, value_type, bytes).is_some())
            || place_is_lost && may_be_of_protected_storage(&name, value_type)
    };
    let (hash, problem) = match &value.data {
        Ok(data) if is_secret(&data.bytes) => (Cell::Empty, Some(WITHHELD.to_owned())),
        Ok(data) if data.complete => (hex(&Sha256::digest(&data.bytes)).into(), None),
        Ok(data) => {
            let (size, found) = (u64::from(value.record().data_size()), data.bytes.len() as u64);
            (Cell::Empty, Some(Error::DataShort { size, found }.to_string()))
        }
        Err(error) => (Cell::Empty, Some(error.to_string())),
    };
    DumpRow {
        kind: "value".into(),
        key_path: key_path.into(),
        value_type: type_name(value.record().value_type()),
        data_size: value.record().data_size().into(),
        data_sha256: hash,
        last_written: Cell::Empty,
        origin: place.origin.as_str().into(),
        file_offset: place.at.into(),
        problem: problem
            .into_iter()
            .chain(owners.map(str::to_owned))
            .chain(doubts)
            .collect::<Vec<_>>()
            .join("; ")
            .into(),
        hive_path: hive.hive_path.into(),
        file: file(hive, &place),
        log_sequence: place.sequence.into(),
        trust: value.trust().as_str().into(),
        value_name: name.into(),
    }
}

/// Whether a value without a place may have stood below `Protected Storage System Provider`, where all are secrets.
fn may_be_of_protected_storage(name: &str, value_type: ValueType) -> bool {
    value_type == ValueType::REG_BINARY
        && ["", "Behavior", "Item Data"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Told of a value that is a secret.
const WITHHELD: &str = "withheld";
/// Told of a key or value that a layered hive keeps only to say that it is deleted.
const TOMBSTONE: &str = "tombstone";

fn key_rows<E>(
    hive: &OpenHive<'_>,
    step: &crate::hive::Step<'_, '_, '_>,
    problems: &mut Problems,
    write: &mut impl FnMut(DumpRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (key, path) = (step.key, step.path);
    let place = key.provenance();
    let values = key.values(path, problems);
    let problem = match (values.complete, step.subkeys_complete) {
        (true, true) => key.is_tombstone().then_some(TOMBSTONE),
        (false, true) => Some("not all values could be listed"),
        (true, false) => Some("not all subkeys could be listed"),
        (false, false) => Some("not all values and subkeys could be listed"),
    };
    write(DumpRow {
        kind: "key".into(),
        key_path: path.into(),
        last_written: key.last_written().into(),
        origin: place.origin.as_str().into(),
        file_offset: place.at.into(),
        problem: problem.into(),
        hive_path: hive.hive_path.into(),
        file: file(hive, &place),
        log_sequence: place.sequence.into(),
        ..DumpRow::default()
    })?;
    let place = mapi::secret_place(path);
    for value in values.items {
        if let Err(error) = hive.tree.charge_path(path) {
            problems.add(value.at(), Some(path), error);
            break;
        }
        let (hash, problem) = match hive.tree.data(&value) {
            Ok(data) if !data.complete => {
                let (size, found) = (u64::from(value.record().data_size()), data.bytes.len() as u64);
                let error = Error::DataShort { size, found };
                let text = error.to_string();
                problems.add(value.at(), Some(path), error);
                (None, Some(text.into()))
            }
            Ok(_) if value.is_tombstone() => (None, Some(Cow::Borrowed(TOMBSTONE))),
            Ok(data) if withheld(place, &value, &data.bytes) => (None, Some(Cow::Borrowed(WITHHELD))),
            Ok(data) => (Some(Hex::of(Sha256::digest(&data.bytes).into())), None),
            Err(error) => {
                let text = error.to_string();
                problems.add(value.at(), Some(path), error);
                (None, Some(text.into()))
            }
        };
        let place = hive.image.provenance(value.at(), value.record().cell_size() as usize);
        write(DumpRow {
            kind: "value".into(),
            key_path: path.into(),
            value_name: value.name().text().into(),
            value_type: type_name(value.value_type()),
            data_size: value.record().data_size().into(),
            data_sha256: hash.as_ref().map(Hex::as_str).into(),
            last_written: Cell::Empty,
            origin: place.origin.as_str().into(),
            file_offset: place.at.into(),
            problem: problem.into(),
            hive_path: hive.hive_path.into(),
            file: file(hive, &place),
            log_sequence: place.sequence.into(),
            trust: Cell::Empty,
        })?;
    }
    Ok(())
}

fn type_name(value_type: ValueType) -> Cell<'static> {
    value_type.name().map_or_else(|| value_type.to_string().into(), Cell::from)
}

/// The file in which bytes lie.
fn file<'a>(hive: &OpenHive<'a>, place: &Provenance) -> Cell<'a> {
    match &place.log {
        Some(log) => crate::scan::beside(hive.hive_path, log).into(),
        None => hive.hive_path.into(),
    }
}

/// Whether a value's hash would give a secret away. The kind of a section is not told here, so that all that may be a
/// secret in some section is withheld.
fn withheld(place: Option<mapi::secret::Place<'_>>, value: &crate::hive::Value<'_>, bytes: &[u8]) -> bool {
    place.is_some_and(|place| {
        mapi::secret::secret(place, &value.name().to_text(), value.value_type(), bytes).is_some()
    })
}
