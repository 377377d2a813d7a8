//! One table of findings per account, for people who hand each account's to somebody else.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::{CaseError, read_error, write_error};
use super::streams::Stream;
use crate::wintypes::hex;

/// Host, account and identifier.
type Key = [Vec<u8>; 3];

/// A table that is being written.
struct Open {
    key: Key,
    table: csv::Writer<BufWriter<File>>,
    file: PathBuf,
}

/// Splits the findings of a case by host and account.
pub(super) fn write(case: &Path, folder: &Path) -> Result<(), CaseError> {
    std::fs::create_dir_all(folder).map_err(write_error(folder))?;
    let path = case.join(Stream::Findings.file());
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_path(&path).map_err(csv_error(&path))?;
    let mut records = reader.byte_records();
    let Some(header) = records.next() else { return Ok(()) };
    let header = header.map_err(csv_error(&path))?;
    let place = |name: &str| header.iter().position(|column| column == name.as_bytes());
    let columns = ["host", "account", "account_sid"].map(place);
    // Whether a file was begun; rows of one account need not stand together.
    let mut begun: BTreeMap<Key, PathBuf> = BTreeMap::new();
    let mut open: Option<Open> = None;
    for record in records {
        let record = record.map_err(csv_error(&path))?;
        let key =
            columns.map(|column| column.and_then(|column| record.get(column)).unwrap_or_default().to_vec());
        if open.as_ref().is_none_or(|open| open.key != key) {
            open.take().map_or(Ok(()), finish)?;
            let is_new = !begun.contains_key(&key);
            let file = begun.entry(key.clone()).or_insert_with(|| folder.join(file_name(&key))).clone();
            let to = OpenOptions::new().create(true).append(true).open(&file).map_err(write_error(&file))?;
            let mut table = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .flexible(true)
                .from_writer(BufWriter::new(to));
            if is_new {
                table.write_byte_record(&header).map_err(csv_write_error(&file))?;
            }
            open = Some(Open { key, table, file });
        }
        if let Some(Open { table, file, .. }) = &mut open {
            table.write_byte_record(&record).map_err(csv_write_error(file))?;
        }
    }
    open.map_or(Ok(()), finish)
}

fn finish(Open { table, file, .. }: Open) -> Result<(), CaseError> {
    let mut out = table.into_inner().map_err(csv::IntoInnerError::into_error).map_err(write_error(&file))?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(write_error(&file))
}

fn csv_error(path: &Path) -> impl FnOnce(csv::Error) -> CaseError + '_ {
    |error| read_error(path)(error.into())
}

fn csv_write_error(path: &Path) -> impl FnOnce(csv::Error) -> CaseError + '_ {
    |error| write_error(path)(error.into())
}

/// A name that every file system takes and no shell or viewer misreads: letters, digits, `.`, `-` and `_` of host and account,
/// then the beginning of a hash of host, account and identifier, which tells apart what looks the same after that.
fn file_name(key: &Key) -> String {
    /// Characters kept of host and account each.
    const KEPT: usize = 40;

    let [host, account, _] = key.each_ref().map(|part| {
        let text = String::from_utf8_lossy(part);
        let safe = |character: char| if is_safe(character) { character } else { '_' };
        text.trim_start_matches('.').chars().take(KEPT).map(safe).collect::<String>()
    });
    let mut hash = Sha256::new();
    for part in key {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hex(hash.finalize().get(..6).unwrap_or_default());
    let named = |text: String, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text };
    format!("{}--{}--{digest}.csv", named(host, "no-host"), named(account, "unknown"))
}

fn is_safe(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(host: &str, account: &str, sid: &str) -> String {
        file_name(&[host, account, sid].map(|part| part.as_bytes().to_vec()))
    }

    #[test]
    fn no_name_leads_elsewhere_and_no_two_accounts_share_one() {
        for hostile in [
            "../../etc/passwd",
            "a\\u{a}b",
            "CON",
            "-rf",
            "a/b",
            "",
            ".",
            "\u{202e}exe.fdp",
            &"x".repeat(999),
        ] {
            let name = name(hostile, hostile, "S-1-5-18");
            assert!(name.chars().all(is_safe), "{name}");
            assert!(!name.starts_with('.') && name.len() < 120, "{name}");
        }
        assert_ne!(name("h", "a/b", ""), name("h", "a_b", ""));
        assert_ne!(name("h", "a", "S-1-5-18"), name("h", "a", "S-1-5-19"));
    }
}
