//! Values that are no properties: those of the account manager, and any other by its registry type.
//!
//! Outlook 2003 to 2013 wrote the texts of accounts as `REG_BINARY`, current builds write them as `REG_SZ`
//! (measured).

use crate::hive::ValueType;
use crate::wintypes::{AnsiCodePage, decode_utf16le, trim_nul};

use super::entry_id::EntryId;
use super::prop::{HexPreview, PropValue, utf16_text};
use super::uid::MapiUid;

/// What the bytes of an account's value are, by its name.
#[derive(Clone, Copy)]
enum Coding {
    /// UTF-16LE, in `REG_BINARY` or `REG_SZ`.
    Text,
    /// Identifiers of sections.
    Uids,
    /// An entry identifier.
    EntryId,
    /// Account numbers, four bytes each.
    Accounts,
    /// One of several numbers.
    Numbers(&'static [(u32, &'static str)]),
}

/// Names of account values whose form is known (measured).
const VALUES: [(&str, Coding); 23] = [
    ("Account Name", Coding::Text),
    ("Display Name", Coding::Text),
    ("Email", Coding::Text),
    ("Service Name", Coding::Text),
    ("POP3 Server", Coding::Text),
    ("IMAP Server", Coding::Text),
    ("SMTP Server", Coding::Text),
    ("POP3 User", Coding::Text),
    ("IMAP User", Coding::Text),
    ("SMTP User", Coding::Text),
    ("HTTP User", Coding::Text),
    ("Service UID", Coding::Uids),
    ("XP Provider UID", Coding::Uids),
    ("Preferences UID", Coding::Uids),
    ("Delivery Store EntryID", Coding::EntryId),
    ("Delivery Folder EntryID", Coding::EntryId),
    ("IMAP Store EID", Coding::EntryId),
    ("EAS Store EID", Coding::EntryId),
    ("Identity Eid", Coding::EntryId),
    ("{ED475418-B0D6-11D2-8C3B-00104B2A6676}", Coding::Accounts),
    ("{ED475419-B0D6-11D2-8C3B-00104B2A6676}", Coding::Accounts),
    ("{ED475420-B0D6-11D2-8C3B-00104B2A6676}", Coding::Accounts),
    ("MAPI Provider", Coding::Numbers(&[(2, "CONTAB"), (4, "PST"), (5, "MSEMS")])),
];

/// The `decoded` text of a value of the account manager or one of its accounts.
pub fn account_text(name: &str, value_type: ValueType, bytes: &[u8], ansi: AnsiCodePage) -> String {
    let coding = VALUES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| *coding);
    let by_type = || registry_text(value_type, bytes);
    match (coding, value_type) {
        (Some(Coding::Text), ValueType::REG_BINARY) => utf16_text(bytes).0,
        (Some(Coding::Uids), ValueType::REG_BINARY) => match MapiUid::from_list(bytes) {
            (uids, 0) if !uids.is_empty() => {
                PropValue::MultiText(uids.iter().map(MapiUid::to_string).collect()).to_string()
            }
            _ => by_type(),
        },
        (Some(Coding::EntryId), ValueType::REG_BINARY) => {
            EntryId::parse(bytes, ansi).map_or_else(|_| by_type(), |entry_id| entry_id.to_string())
        }
        (Some(Coding::Accounts), ValueType::REG_BINARY) => match bytes.as_chunks::<4>() {
            (numbers, []) => {
                let numbers = numbers.iter().map(|number| format!("{:08x}", u32::from_le_bytes(*number)));
                PropValue::MultiText(numbers.collect()).to_string()
            }
            _ => by_type(),
        },
        (Some(Coding::Numbers(names)), ValueType::REG_DWORD) => {
            let number = bytes.first_chunk().copied().map(u32::from_le_bytes);
            let name = names.iter().find(|(known, _)| Some(*known) == number).map(|(_, name)| name);
            name.map_or_else(by_type, |name| format!("{} ({name})", by_type()))
        }
        _ => by_type(),
    }
}

/// The text of a value by its registry type alone: text up to its NUL, a number in decimal, a list of texts, or bytes in
/// hexadecimal.
pub fn registry_text(value_type: ValueType, bytes: &[u8]) -> String {
    match value_type {
        ValueType::REG_SZ | ValueType::REG_EXPAND_SZ | ValueType::REG_LINK => {
            decode_utf16le(trim_nul(bytes).0)
        }
        ValueType::REG_DWORD if bytes.len() == 4 => {
            bytes.first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default().to_string()
        }
        ValueType::REG_DWORD_BIG_ENDIAN if bytes.len() == 4 => {
            bytes.first_chunk().copied().map(u32::from_be_bytes).unwrap_or_default().to_string()
        }
        ValueType::REG_QWORD if bytes.len() == 8 => {
            bytes.first_chunk().copied().map(u64::from_le_bytes).unwrap_or_default().to_string()
        }
        ValueType::REG_MULTI_SZ => PropValue::MultiText(multi_text(bytes)).to_string(),
        _ => HexPreview(bytes).to_string(),
    }
}

/// The texts of a `REG_MULTI_SZ`. An empty text does not end the list, for some writers store such; the empty one at the
/// very end is the terminator.
fn multi_text(bytes: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 2 {
        let (text, terminated) = trim_nul(rest);
        texts.push(decode_utf16le(text));
        rest = rest.get(text.len() + if terminated { 2 } else { 0 }..).unwrap_or_default();
        if !terminated {
            break;
        }
    }
    while texts.last().is_some_and(String::is_empty) {
        texts.pop();
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn account_texts_read_the_same_as_binary_and_as_string() {
        let bytes = utf16("pop.example.com\0");
        for value_type in [ValueType::REG_BINARY, ValueType::REG_SZ] {
            assert_eq!(
                account_text("POP3 Server", value_type, &bytes, AnsiCodePage::UNKNOWN),
                "pop.example.com"
            );
        }
    }

    #[test]
    fn lists_of_accounts_tolerate_what_does_not_exist() {
        // V19 of the reference: accounts 9 and 10 are gone.
        let bytes = [6, 0, 0, 0, 9, 0, 0, 0];
        let name = "{ED475418-B0D6-11D2-8C3B-00104B2A6676}";
        assert_eq!(
            account_text(name, ValueType::REG_BINARY, &bytes, AnsiCodePage::UNKNOWN),
            r#"["00000006","00000009"]"#
        );
        assert_eq!(
            account_text(name, ValueType::REG_BINARY, &bytes[..7], AnsiCodePage::UNKNOWN),
            "06000000090000"
        );
    }

    #[test]
    fn providers_are_named() {
        assert_eq!(
            account_text("MAPI Provider", ValueType::REG_DWORD, &[4, 0, 0, 0], AnsiCodePage::UNKNOWN),
            "4 (PST)"
        );
        assert_eq!(
            account_text("MAPI Provider", ValueType::REG_DWORD, &[4, 0, 0], AnsiCodePage::UNKNOWN),
            "040000"
        );
    }

    #[test]
    fn values_of_a_wrong_length_are_shown_as_bytes() {
        assert_eq!(registry_text(ValueType::REG_DWORD, &[1, 0, 0]), "010000");
        assert_eq!(registry_text(ValueType::REG_DWORD_BIG_ENDIAN, &[0, 0, 0, 1]), "1");
        assert_eq!(registry_text(ValueType::REG_MULTI_SZ, &utf16("a\0\0b\0\0")), r#"["a","","b"]"#);
        assert_eq!(registry_text(ValueType(99), &[0xab]), "ab");
    }
}
