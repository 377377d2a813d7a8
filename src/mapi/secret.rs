//! What must not be shown: the one decision that all outputs follow.
//!
//! A secret is told as present, with its length and the scheme that its first bytes show; its content is neither
//! decoded nor printed nor hashed. Where the place of a value is not understood, it is withheld rather than shown.

use std::fmt;

use super::prop::{PropId, PropName, PropType};
use super::tags::SectionKind;
use crate::hive::ValueType;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In a profile section.
    Section {
        /// Its kind; [`SectionKind::Other`] when it could not be told.
        kind: SectionKind,
        /// `PR_SERVICE_NAME` of the service it belongs to, where that is known.
        service: Option<&'a str>,
    },
    /// In an account: of the account manager in a profile, or of the older ones outside of profiles.
    Account,
    /// Below `Protected Storage System Provider`, where everything is a secret of before DPAPI.
    ProtectedStorage,
    /// In any other key, or it is not known where.
    Elsewhere,
}

/// A value whose content is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Why, in words fit for a report.
    pub reason: &'static str,
    /// What the first bytes show.
    pub scheme: SecretScheme,
    /// Length of the data in bytes.
    pub len: usize,
    /// Whether it is credential material to report (rule S01), and not only withheld for safety.
    pub counts_for_s01: bool,
}

/// How a secret seems to be stored, as far as its first bytes and its type show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretScheme {
    /// A DPAPI blob: useless without the user's master key.
    Dpapi,
    /// A byte 0x02, then a DPAPI blob, as the account manager stores passwords.
    SchemeByteThenDpapi,
    /// No data, or a text without characters.
    Empty,
    /// Stored with a type of text; whether it is clear text is not looked at.
    Text,
    /// Stored as a number.
    Number,
    /// Something else. Of bytes that are named like an account's password the first is told where it is a control code: there
    /// Windows programs put the number of the scheme. What has another form has no such byte.
    Other(Option<u8>),
}

impl SecretScheme {
    /// Whether the data are a DPAPI blob, with or without the scheme byte.
    pub fn is_dpapi(self) -> bool {
        matches!(self, Self::Dpapi | Self::SchemeByteThenDpapi)
    }
}

impl fmt::Display for SecretScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dpapi => f.write_str("DPAPI blob"),
            Self::SchemeByteThenDpapi => f.write_str("byte 0x02 and DPAPI blob"),
            Self::Empty => f.write_str("empty"),
            Self::Text => f.write_str("stored as text"),
            Self::Number => f.write_str("stored as a number"),
            Self::Other(Some(first)) => write!(f, "other scheme, first byte {first:#04x}"),
            Self::Other(None) => f.write_str("other scheme"),
        }
    }
}

/// `present, 264 bytes, DPAPI blob`: all that any output may say.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "present, {} bytes, {}", self.len, self.scheme)
    }
}

/// Decides whether a value's content is withheld.
///
/// `name` is the value's name as text, `value_type` and `data` what the registry stores. The reference's list of
/// secrets is applied whatever the letter case of the name, the registry type and the property type, since a value can
/// be written by hand; the two halves of a tag are also looked at in MAPI's order, in which mapisvc.inf and profile
/// descriptor files write them.
pub fn secret(place: Place<'_>, name: &str, value_type: ValueType, data: &[u8]) -> Option<Secret> {
    // A name with a NUL in it looks like the part before to most Windows programs.
    let is_cut = name.as_bytes().contains(&b'\\');
    let name = if is_cut { name.split("\\u{0}").next().unwrap_or(name) } else { name };
    let has_bare_ends =
        [name.as_bytes().first(), name.as_bytes().last()].into_iter().flatten().all(u8::is_ascii_graphic);
    let name = if has_bare_ends { name } else { name.trim() };
    if let Some(property) = PropName::parse(name) {
        return secret_of_property(place, property, value_type, data);
    }
    let verdict = by_place(place).or_else(|| account_secret(name, value_type)).or_else(|| by_data(data))?;
    Some(verdict.told(None, value_type, data))
}

/// The same of a value whose name, as it is stored, names a property.
pub fn secret_of_property(
    place: Place<'_>,
    property: PropName,
    value_type: ValueType,
    data: &[u8],
) -> Option<Secret> {
    let verdict = by_place(place).or_else(|| by_property(place, property)).or_else(|| by_data(data))?;
    Some(verdict.told(Some(property), value_type, data))
}

/// Whether a property counts as a stored secret of rule S01, whatever its data are.
pub fn property_counts_for_s01(place: Place<'_>, property: PropName) -> bool {
    let verdict = by_place(place).or_else(|| by_property(place, property));
    verdict.is_some_and(|verdict| verdict.counts_for_s01)
}

fn by_place(place: Place<'_>) -> Option<Verdict> {
    (place == Place::ProtectedStorage).then_some(Verdict::only_withheld("Protected Storage"))
}

fn by_data(data: &[u8]) -> Option<Verdict> {
    contains_dpapi(data).then_some(Verdict::only_withheld("DPAPI blob in another value"))
}

struct Verdict {
    reason: &'static str,
    counts_for_s01: bool,
    /// Whether data in binary form begin with the number of a scheme.
    has_scheme_byte: bool,
}

impl Verdict {
    const fn credential(reason: &'static str) -> Self {
        Self { reason, counts_for_s01: true, has_scheme_byte: false }
    }

    const fn only_withheld(reason: &'static str) -> Self {
        Self { reason, counts_for_s01: false, has_scheme_byte: false }
    }

    fn told(self, property: Option<PropName>, value_type: ValueType, data: &[u8]) -> Secret {
        let scheme = scheme(property, value_type, data, self.has_scheme_byte);
        Secret { reason: self.reason, scheme, len: data.len(), counts_for_s01: self.counts_for_s01 }
    }
}

fn by_property(place: Place<'_>, property: PropName) -> Option<Verdict> {
    if property.secure {
        return Some(Verdict::credential("secure property (name with S)"));
    }
    let (id, prop_type) = (property.id(), property.prop_type());
    // Almost no property has such a number.
    if !may_be_secret(id.0) && !may_be_secret(prop_type.0) {
        return None;
    }
    by_identifier(place, id, prop_type).or_else(|| {
        // No property type has such a number: a tag written in MAPI's order.
        let (id, prop_type) = (PropId(prop_type.0), PropType(id.0));
        by_identifier(place, id, prop_type)
    })
}

/// Whether [`by_identifier`] knows a number that begins like this one.
fn may_be_secret(number: u16) -> bool {
    matches!(number >> 4, 0x661 | 0x670 | 0x67f)
}

fn by_identifier(place: Place<'_>, id: PropId, prop_type: PropType) -> Option<Verdict> {
    match id.0 {
        0x67f0..=0x67ff => Some(Verdict::credential("identifier in the secure range 67f0 to 67ff")),
        0x6703 | 0x6704 => Some(Verdict::credential("password of personal folders")),
        0x6617 => (!place.is_public_folder_text(prop_type))
            .then_some(Verdict::credential("encoded LDAP password, or what may be one")),
        0x6611 => (!place.is_not_offline_info(prop_type))
            .then_some(Verdict::only_withheld("state of the offline store")),
        _ => None,
    }
}

impl Place<'_> {
    fn service(&self) -> Option<&str> {
        match self {
            Self::Section { service, .. } => *service,
            _ => None,
        }
    }

    /// 6617 as text is the comment on public folders in sections of Exchange's services; anywhere else it may be the
    /// LDAP password as a hand wrote it.
    fn is_public_folder_text(self, prop_type: PropType) -> bool {
        let of_exchange = |name: &str| name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("MSEMS"));
        prop_type.is_text() && self.service().is_some_and(of_exchange)
    }

    /// 6611 means something harmless in LDAP (text) and in the Outlook address book (a number).
    fn is_not_offline_info(self, prop_type: PropType) -> bool {
        match self.service().and_then(SectionKind::for_service).or(self.kind()) {
            Some(SectionKind::Ldap) => prop_type.is_text(),
            Some(SectionKind::OutlookAddressBook) => prop_type == PropType::PT_LONG,
            _ => false,
        }
    }

    fn kind(self) -> Option<SectionKind> {
        match self {
            Self::Section { kind, .. } => Some(kind),
            _ => None,
        }
    }
}

/// Names that end in `Password`, with or without a number behind it.
fn account_secret(name: &str, value_type: ValueType) -> Option<Verdict> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let name = name.as_bytes().get(..name.len() - digits)?;
    let end = name.last_chunk::<{ "password".len() }>()?;
    if !end.eq_ignore_ascii_case(b"password") {
        return None;
    }
    // A switch such as `POP3 Prompt for Password` is no password, but is not worth a risk either.
    if value_type == ValueType::REG_DWORD {
        Some(Verdict::only_withheld("value named like a password"))
    } else {
        Some(Verdict { has_scheme_byte: true, ..Verdict::credential("account password") })
    }
}

/// Version 1 and the provider of a DPAPI blob.
const DPAPI: [u8; 20] = [
    0x01, 0x00, 0x00, 0x00, 0xd0, 0x8c, 0x9d, 0xdf, 0x01, 0x15, 0xd1, 0x11, 0x8c, 0x7a, 0x00, 0xc0, 0x4f,
    0xc2, 0x97, 0xeb,
];

fn contains_dpapi(data: &[u8]) -> bool {
    let [_, _, _, _, provider @ ..] = DPAPI;
    // Most values lack even the first byte, and one byte is found sooner than sixteen.
    data.contains(&provider[0]) && data.windows(provider.len()).any(|window| *window == provider)
}

fn scheme(
    property: Option<PropName>,
    value_type: ValueType,
    data: &[u8],
    has_scheme_byte: bool,
) -> SecretScheme {
    let is_text =
        matches!(value_type, ValueType::REG_SZ | ValueType::REG_EXPAND_SZ | ValueType::REG_MULTI_SZ)
            || property.is_some_and(|property| property.prop_type().is_text());
    match data {
        [] => SecretScheme::Empty,
        [0x02, blob @ ..] if blob.starts_with(&DPAPI) => SecretScheme::SchemeByteThenDpapi,
        blob if blob.starts_with(&DPAPI) => SecretScheme::Dpapi,
        text if is_text && text.iter().all(|byte| *byte == 0) => SecretScheme::Empty,
        _ if is_text => SecretScheme::Text,
        _ if matches!(value_type, ValueType::REG_DWORD | ValueType::REG_QWORD) => SecretScheme::Number,
        [first, ..] => {
            let may_tell = has_scheme_byte && value_type == ValueType::REG_BINARY && *first < 0x20;
            SecretScheme::Other(may_tell.then_some(*first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapi::prop::test_bytes::{hex, utf16z};

    const UNKNOWN: Place<'_> = Place::Section { kind: SectionKind::Other, service: None };
    const GLOBAL: Place<'_> = Place::Section { kind: SectionKind::GlobalProfile, service: None };
    const LDAP: Place<'_> = Place::Section { kind: SectionKind::Ldap, service: Some("EMABLT") };
    const PLAIN_PROVIDER: Place<'_> = Place::Section { kind: SectionKind::Provider, service: None };
    const EXCHANGE: Place<'_> = Place::Section { kind: SectionKind::Provider, service: Some("MSEMS") };
    const CONTAB: Place<'_> = Place::Section { kind: SectionKind::Provider, service: Some("CONTAB") };
    const EVERYWHERE: [Place<'_>; 9] = [
        UNKNOWN,
        GLOBAL,
        LDAP,
        PLAIN_PROVIDER,
        EXCHANGE,
        CONTAB,
        Place::Account,
        Place::ProtectedStorage,
        Place::Elsewhere,
    ];

    fn withheld(place: Place<'_>, name: &str) -> bool {
        secret(place, name, ValueType::REG_BINARY, b"hunter2").is_some()
    }

    #[test]
    fn the_secure_range_is_withheld_everywhere_and_under_any_name() {
        for place in EVERYWHERE {
            for name in [
                "S010267f0",
                "s010267f0",
                "S001E6602",
                "S00036601",
                "010267f0",
                "010267FF",
                "001e67fc",
                "001f67fd",
                "000367f1",
                "110267f3",
                "67f00102",
                "67FF001E",
                "S67f00102",
                "010267f0\\u{0}",
                " 001e67f0 ",
            ] {
                assert!(withheld(place, name), "{place:?} {name}");
            }
        }
    }

    #[test]
    fn passwords_of_personal_folders_are_withheld() {
        for place in EVERYWHERE {
            for name in ["001e6703", "001f6704", "01026703", "67030001", "6704001E"] {
                let found = secret(place, name, ValueType::REG_SZ, &utf16z("hunter2")).unwrap();
                assert_eq!(found.scheme, SecretScheme::Text);
            }
        }
    }

    #[test]
    fn the_ldap_password_is_withheld_whatever_its_type() {
        for name in ["01026617", "001e6617", "001f6617", "00036617", "11026617", "66170102"] {
            for place in [LDAP, UNKNOWN, GLOBAL, CONTAB, PLAIN_PROVIDER, Place::Elsewhere] {
                assert!(withheld(place, name), "{place:?} {name}");
            }
        }
        assert!(withheld(EXCHANGE, "01026617") && withheld(GLOBAL, "01026617"));
        let misjudged = Place::Section { kind: SectionKind::GlobalProfile, service: Some("emablt") };
        assert!(withheld(misjudged, "001e6617"));
        // The comment on public folders.
        assert!(!withheld(EXCHANGE, "001e6617") && !withheld(EXCHANGE, "001f6617"));
    }

    #[test]
    fn the_state_of_the_offline_store_is_withheld_but_not_reported() {
        for place in [GLOBAL, UNKNOWN, EXCHANGE, PLAIN_PROVIDER, Place::Elsewhere] {
            for name in ["01026611", "001e6611", "00036611", "11026611"] {
                let found = secret(place, name, ValueType::REG_BINARY, &[0x41; 9]).unwrap();
                assert!(!found.counts_for_s01, "{place:?} {name}");
            }
        }
        assert!(withheld(LDAP, "01026611") && !withheld(LDAP, "001e6611"));
        assert!(withheld(CONTAB, "01026611") && !withheld(CONTAB, "00036611"));
    }

    #[test]
    fn account_passwords_are_withheld_in_any_letter_case() {
        for place in EVERYWHERE {
            for name in [
                "POP3 Password",
                "IMAP Password",
                "SMTP Password",
                "HTTP Password",
                "NNTP Password",
                "EAS Password",
                "POP3 Password2",
                "smtp PASSWORD2",
                "Password",
                "POP3 Password3",
                "POP3 Password2\\u{0}x",
            ] {
                let found = secret(place, name, ValueType::REG_BINARY, b"hunter2").unwrap();
                assert!(found.counts_for_s01 || place == Place::ProtectedStorage, "{place:?} {name}");
            }
        }
        let switch = secret(Place::Account, "POP3 Prompt for Password", ValueType::REG_DWORD, &[1, 0, 0, 0]);
        assert!(!switch.unwrap().counts_for_s01);
    }

    #[test]
    fn measured_secrets_show_their_scheme() {
        // V17, V18.
        let mut blob = hex("01000000d08c9ddf0115d1118c7a00c04fc297eb01000000");
        blob.resize(264, 0x5a);
        let found = secret(GLOBAL, "S010267f0", ValueType::REG_BINARY, &blob).unwrap();
        assert_eq!((found.scheme, found.len, found.counts_for_s01), (SecretScheme::Dpapi, 264, true));
        assert_eq!(found.to_string(), "present, 264 bytes, DPAPI blob");

        let mut blob = hex("0201000000d08c9ddf0115d1118c7a00c04fc297eb");
        blob.resize(189, 0x5a);
        let found = secret(Place::Account, "POP3 Password", ValueType::REG_BINARY, &blob).unwrap();
        assert_eq!((found.scheme, found.len), (SecretScheme::SchemeByteThenDpapi, 189));
        assert!(found.scheme.is_dpapi());
        // The same bytes under a name that says nothing, and a blob cut short.
        assert!(
            secret(UNKNOWN, "01026700", ValueType::REG_BINARY, &blob)
                .is_some_and(|found| !found.counts_for_s01)
        );
        let found = secret(GLOBAL, "S010267f0", ValueType::REG_BINARY, &blob[1..18]).unwrap();
        assert_eq!(found.scheme, SecretScheme::Other(None));
    }

    #[test]
    fn the_first_byte_is_told_only_where_it_is_the_number_of_a_scheme() {
        let scheme =
            |name, value_type, data: &[u8]| secret(Place::Account, name, value_type, data).unwrap().scheme;
        let password = "POP3 Password";
        assert_eq!(scheme(password, ValueType::REG_BINARY, &[1, 0x41, 0x42]), SecretScheme::Other(Some(1)));
        assert_eq!(scheme(password, ValueType::REG_BINARY, b"hunter2"), SecretScheme::Other(None));
        // A number has no scheme, and what a property holds begins with anything.
        assert_eq!(scheme(password, ValueType::REG_DWORD, &[1, 0, 0, 0]), SecretScheme::Number);
        assert_eq!(
            scheme("POP3 Prompt for Password", ValueType::REG_DWORD, &[1, 0, 0, 0]),
            SecretScheme::Number
        );
        assert_eq!(scheme("010267f0", ValueType::REG_BINARY, &[0x12, 1, 0x13, 1]), SecretScheme::Other(None));
        let blob = [&[7, 7][..], &DPAPI].concat();
        assert_eq!(scheme("Blob", ValueType::REG_BINARY, &blob), SecretScheme::Other(None));
        let stored = secret(Place::ProtectedStorage, "Item Data", ValueType::REG_BINARY, &[0x13, 7]).unwrap();
        assert_eq!(stored.scheme, SecretScheme::Other(None));
    }

    #[test]
    fn no_text_form_gives_a_character_away() {
        for (value_type, data) in [
            (ValueType::REG_BINARY, b"hunter2".to_vec()),
            (ValueType::REG_BINARY, utf16z("hunter2")),
            (ValueType::REG_SZ, utf16z("hunter2")),
        ] {
            for name in ["010267f0", "001e67f0", "POP3 Password"] {
                let found = secret(UNKNOWN, name, value_type, &data).unwrap();
                let shown = format!("{found} {found:?}");
                assert!(
                    !shown.contains("0x68") && !shown.contains("104") && !shown.contains("hunter"),
                    "{shown}"
                );
            }
        }
        let empty = secret(UNKNOWN, "001e67f0", ValueType::REG_SZ, &[0, 0]).unwrap();
        assert_eq!(empty.to_string(), "present, 2 bytes, empty");
        let nothing = secret(UNKNOWN, "010267f0", ValueType::REG_BINARY, &[]).unwrap();
        assert_eq!(nothing.scheme, SecretScheme::Empty);
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for name in [
            "001e6602",
            "01023d0e",
            "00036601",
            "001f6700",
            "000b6701",
            "00036702",
            "010267ef",
            "00406800",
            "001e67e2",
            "S001e660",
            "Passwords",
            "Password Hint",
            "SMTP Use Auth",
            "",
            "ässword",
        ] {
            for place in [UNKNOWN, GLOBAL, EXCHANGE, Place::Account, Place::Elsewhere] {
                assert!(!withheld(place, name), "{place:?} {name}");
            }
        }
    }
}
