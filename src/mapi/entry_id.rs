//! Entry identifiers: what stores and directory entries are opened by.
//!
//! They hold a second, independent copy of what a section says: the path of a personal folders file, the server and
//! DN of a mailbox, the DN of the user.

use std::fmt;

use super::prop::HexPreview;
use super::uid::{EXCHANGE_ADDRESS_BOOK, MSPST_PROVIDER, MapiUid, STORE_WRAP};
use crate::wintypes::{AnsiCodePage, decode_utf16le, trim_nul};

/// An entry identifier: 4 bytes of flags, the 16-byte UID of its provider, then what the provider put there.
///
/// Source: \[MS-OXCDATA\] 2.2.4 and 2.2.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryId<'a> {
    /// Zero in an identifier that is stored.
    pub flags: [u8; 4],
    /// The UID of the provider; its meaning may be [well known](super::uid::well_known).
    pub provider: MapiUid,
    /// The rest.
    pub body: EntryIdBody<'a>,
}

/// What the provider put into an entry identifier. Texts are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryIdBody<'a> {
    /// A message store, wrapped so that MAPI can find its provider.
    ///
    /// Source: \[MS-OXCDATA\] 2.2.4.3; measured for personal folders.
    WrappedStore {
        /// File name of the provider's DLL.
        dll: String,
        /// The provider's own identifier; `None` where fewer than 20 bytes of it are left.
        inner: Option<Box<EntryId<'a>>>,
    },
    /// A personal folders file.
    ///
    /// Source: measured on files in Unicode format; older ones are not known and stay [`Self::Other`].
    PersonalFolders {
        /// Its path.
        path: String,
    },
    /// A store of Exchange.
    ///
    /// Source: \[MS-OXCDATA\] 2.2.4.3; mfcmapi.
    ExchangeStore {
        /// Flags as in `PR_PROFILE_OPEN_FLAGS`.
        open_flags: u32,
        /// Short name of the server.
        server: String,
        /// DN of the mailbox; `None` for public folders.
        mailbox_dn: Option<String>,
    },
    /// An entry of the Exchange address book.
    ///
    /// Source: \[MS-OXCDATA\] 2.2.5.2.
    AddressBook {
        /// 1.
        version: u32,
        /// 0 for a mail user, 1 for a distribution list, 0x100 for a container.
        object_type: u32,
        /// The legacy DN.
        dn: String,
    },
    /// Anything else.
    Other(&'a [u8]),
}

/// Why bytes are no entry identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryIdError {
    /// Flags and provider alone take 20 bytes.
    #[error("entry identifier of {found} bytes, at least 20 are needed")]
    TooShort {
        /// Bytes there are.
        found: usize,
    },
}

/// Flags and provider.
const HEAD: usize = 20;

impl<'a> EntryId<'a> {
    /// Reads an entry identifier, with ANSI texts in the code page `ansi`. A body that does not have the form of its provider is [`EntryIdBody::Other`].
    pub fn parse(bytes: &'a [u8], ansi: AnsiCodePage) -> Result<Self, EntryIdError> {
        let (flags, provider, rest) = split_head(bytes)?;
        let body = match provider {
            STORE_WRAP => wrapped_store(bytes, ansi),
            MSPST_PROVIDER => personal_folders(rest),
            EXCHANGE_ADDRESS_BOOK => address_book(rest, ansi),
            _ => None,
        };
        Ok(Self { flags, provider, body: body.unwrap_or(EntryIdBody::Other(rest)) })
    }

    /// The path of the personal folders file, wrapped or not.
    pub fn pst_path(&self) -> Option<&str> {
        match &self.body {
            EntryIdBody::PersonalFolders { path } => Some(path),
            EntryIdBody::WrappedStore { inner: Some(inner), .. } => inner.pst_path(),
            _ => None,
        }
    }

    /// The DN of the mailbox or directory entry, wrapped or not.
    pub fn dn(&self) -> Option<&str> {
        match &self.body {
            EntryIdBody::AddressBook { dn, .. } => Some(dn),
            EntryIdBody::ExchangeStore { mailbox_dn, .. } => mailbox_dn.as_deref(),
            EntryIdBody::WrappedStore { inner: Some(inner), .. } => inner.dn(),
            _ => None,
        }
    }

    /// The DLL of the provider of a wrapped store.
    pub fn dll(&self) -> Option<&str> {
        match &self.body {
            EntryIdBody::WrappedStore { dll, .. } => Some(dll),
            _ => None,
        }
    }
}

/// `mspst.dll: personal folders C:\…`, `emsmdb.dll: server SERVER1, mailbox /o=…`, `address book /o=…`; the provider and
/// the rest in hexadecimal for anything else.
impl fmt::Display for EntryId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            EntryIdBody::WrappedStore { dll, inner: Some(inner) } => write!(f, "{dll}: {inner}"),
            EntryIdBody::WrappedStore { dll, inner: None } => write!(f, "{dll}:"),
            EntryIdBody::PersonalFolders { path } => write!(f, "personal folders {path}"),
            EntryIdBody::ExchangeStore { server, mailbox_dn: Some(dn), .. } => {
                write!(f, "server {server}, mailbox {dn}")
            }
            EntryIdBody::ExchangeStore { server, mailbox_dn: None, .. } => write!(f, "server {server}"),
            EntryIdBody::AddressBook { dn, .. } => write!(f, "address book {dn}"),
            EntryIdBody::Other(rest) => write!(f, "provider {} {}", self.provider, HexPreview(rest)),
        }
    }
}

fn split_head(bytes: &[u8]) -> Result<([u8; 4], MapiUid, &[u8]), EntryIdError> {
    let too_short = EntryIdError::TooShort { found: bytes.len() };
    let (flags, rest) = bytes.split_first_chunk::<4>().ok_or(too_short)?;
    let (provider, rest) = rest.split_first_chunk::<16>().ok_or(too_short)?;
    Ok((*flags, MapiUid(*provider), rest))
}

/// Version and flag (one byte each), the DLL's name, zeros up to a multiple of four from the start, the inner identifier.
/// That of personal folders is found by its provider, should a writer have padded differently.
fn wrapped_store(bytes: &[u8], ansi: AnsiCodePage) -> Option<EntryIdBody<'_>> {
    let (dll, after_dll) = ansi_until_nul(bytes.get(HEAD + 2..)?, ansi)?;
    let aligned = bytes.get((bytes.len() - after_dll.len()).next_multiple_of(4)..);
    let provider_at = after_dll.windows(16).position(|uid| uid == MSPST_PROVIDER.0);
    let by_provider = provider_at.and_then(|at| after_dll.get(at.checked_sub(4)?..));
    let inner = by_provider.or(aligned).and_then(|bytes| inner_entry_id(&dll, bytes, ansi)).map(Box::new);
    Some(EntryIdBody::WrappedStore { dll, inner })
}

/// The identifier inside; it is not unwrapped a second time, so that nesting has an end.
fn inner_entry_id<'a>(dll: &str, bytes: &'a [u8], ansi: AnsiCodePage) -> Option<EntryId<'a>> {
    let (flags, provider, rest) = split_head(bytes).ok()?;
    let body = match provider {
        MSPST_PROVIDER => personal_folders(rest),
        _ if dll.eq_ignore_ascii_case("emsmdb.dll") => exchange_store(rest, ansi),
        _ => None,
    };
    Some(EntryId { flags, provider, body: body.unwrap_or(EntryIdBody::Other(rest)) })
}

/// Two zero bytes, then the path in UTF-16.
fn personal_folders(rest: &[u8]) -> Option<EntryIdBody<'_>> {
    let ([0, 0], path) = rest.split_first_chunk::<2>()? else { return None };
    let (path, _) = trim_nul(path);
    (!path.is_empty()).then(|| EntryIdBody::PersonalFolders { path: decode_utf16le(path) })
}

/// Open flags, the server's short name, and for a mailbox its DN.
fn exchange_store(rest: &[u8], ansi: AnsiCodePage) -> Option<EntryIdBody<'_>> {
    let (open_flags, rest) = rest.split_first_chunk::<4>()?;
    let (server, rest) = ansi_until_nul(rest, ansi)?;
    // Newer identifiers go on with binary data where an older one ends, or has a DN.
    let mailbox_dn = ansi_until_nul(rest, ansi).map(|(dn, _)| dn).filter(|dn| dn.starts_with('/'));
    Some(EntryIdBody::ExchangeStore { open_flags: u32::from_le_bytes(*open_flags), server, mailbox_dn })
}

/// Version, type and DN.
fn address_book(rest: &[u8], ansi: AnsiCodePage) -> Option<EntryIdBody<'_>> {
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (object_type, rest) = rest.split_first_chunk::<4>()?;
    let (dn, _) = ansi_until_nul(rest, ansi)?;
    let (version, object_type) = (u32::from_le_bytes(*version), u32::from_le_bytes(*object_type));
    Some(EntryIdBody::AddressBook { version, object_type, dn })
}

/// A text up to its NUL and what follows; `None` without NUL.
fn ansi_until_nul(bytes: &[u8], ansi: AnsiCodePage) -> Option<(String, &[u8])> {
    let len = bytes.iter().position(|byte| *byte == 0)?;
    Some((ansi.decode(bytes.get(..len)?).text, bytes.get(len + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapi::prop::test_bytes::{hex, mutations, utf16z};

    fn wrapped_pst() -> Vec<u8> {
        // V25.
        let mut bytes = hex(concat!(
            "0000000038a1bb1005e5101aa1bb08002b2a56c200006d737073742e646c6c00",
            "000000004e495441f9bfb80100aa0037d96e00000000"
        ));
        bytes.extend(utf16z("D:\\Documents\\outlook.pst"));
        bytes
    }

    fn wrapped_mailbox() -> Vec<u8> {
        let mut bytes = hex("0000000038a1bb1005e5101aa1bb08002b2a56c20000");
        bytes.extend(b"EMSMDB.DLL\0\0\0\0");
        bytes.extend(hex("000000001b55fa20aa66cd119bc800aa002fc45a0c000000"));
        bytes.extend(b"SERVER1\0/o=Org/ou=Site/cn=Recipients/cn=anna\0");
        bytes
    }

    fn address_book_entry() -> Vec<u8> {
        let mut bytes = hex("00000000dca740c8c042101ab4b908002b2fe1820100000000000000");
        bytes.extend(b"/o=Org/ou=Site/cn=Recipients/cn=anna\0");
        bytes
    }

    #[test]
    fn a_wrapped_store_names_its_file() {
        let bytes = wrapped_pst();
        assert_eq!(bytes[54], b'D');
        let entry_id = EntryId::parse(&bytes, AnsiCodePage::UNKNOWN).unwrap();
        assert_eq!(entry_id.provider, STORE_WRAP);
        assert_eq!(entry_id.dll(), Some("mspst.dll"));
        assert_eq!(entry_id.pst_path(), Some("D:\\Documents\\outlook.pst"));
        assert_eq!(entry_id.to_string(), "mspst.dll: personal folders D:\\Documents\\outlook.pst");
        let inner = EntryId::parse(&bytes[32..], AnsiCodePage::UNKNOWN).unwrap();
        assert_eq!((inner.provider, inner.pst_path()), (MSPST_PROVIDER, entry_id.pst_path()));
    }

    #[test]
    fn a_wrapped_store_with_other_padding_is_still_read() {
        for dll in [&b"pst.dll\0"[..], b"mspst.dll\0\0\0\0\0\0", b"mspst32.dll\0"] {
            let mut bytes = wrapped_pst();
            bytes.splice(22..32, dll.iter().copied());
            assert_eq!(
                EntryId::parse(&bytes, AnsiCodePage::UNKNOWN).unwrap().pst_path(),
                Some("D:\\Documents\\outlook.pst")
            );
        }
    }

    #[test]
    fn a_wrapped_mailbox_names_server_and_dn() {
        let bytes = wrapped_mailbox();
        let entry_id = EntryId::parse(&bytes, AnsiCodePage::UNKNOWN).unwrap();
        assert_eq!(entry_id.dn(), Some("/o=Org/ou=Site/cn=Recipients/cn=anna"));
        assert_eq!(
            entry_id.to_string(),
            "EMSMDB.DLL: server SERVER1, mailbox /o=Org/ou=Site/cn=Recipients/cn=anna"
        );
        assert_eq!(entry_id.pst_path(), None);
    }

    #[test]
    fn an_address_book_entry_names_its_dn() {
        let bytes = address_book_entry();
        let entry_id = EntryId::parse(&bytes, AnsiCodePage::UNKNOWN).unwrap();
        assert_eq!(entry_id.dn(), Some("/o=Org/ou=Site/cn=Recipients/cn=anna"));
        assert!(matches!(entry_id.body, EntryIdBody::AddressBook { version: 1, object_type: 0, .. }));
    }

    #[test]
    fn an_unknown_provider_keeps_its_bytes() {
        // V26: laid out like an address book entry, but of a provider that nothing is known of.
        let bytes = hex("00000000b184b4ead0abcb41a8d00dea0c29b04401000000000100002f00");
        let entry_id = EntryId::parse(&bytes, AnsiCodePage::UNKNOWN).unwrap();
        assert_eq!(entry_id.provider.to_string(), "b184b4ead0abcb41a8d00dea0c29b044");
        assert_eq!(entry_id.body, EntryIdBody::Other(&bytes[20..]));
        assert_eq!(
            EntryId::parse(&bytes[..19], AnsiCodePage::UNKNOWN),
            Err(EntryIdError::TooShort { found: 19 })
        );
    }

    #[test]
    fn wrapping_does_not_nest() {
        let mut bytes = hex("0000000038a1bb1005e5101aa1bb08002b2a56c20000");
        bytes.extend(b"mspst.dll\0");
        let twice = [&bytes[..], &bytes[..], &bytes[..]].concat();
        let entry_id = EntryId::parse(&twice, AnsiCodePage::UNKNOWN).unwrap();
        let EntryIdBody::WrappedStore { inner: Some(inner), .. } = entry_id.body else { panic!() };
        assert!(matches!(inner.body, EntryIdBody::Other(_)));
    }

    #[test]
    fn no_damage_panics() {
        for seed in [wrapped_pst(), wrapped_mailbox(), address_book_entry()] {
            for bytes in mutations(&seed, 3_000) {
                if let Ok(entry_id) = EntryId::parse(&bytes, AnsiCodePage::UNKNOWN) {
                    let text = entry_id.to_string();
                    assert!(text.len() <= 40 + 8 * bytes.len(), "{text}");
                }
            }
        }
    }
}
