//! Names that services and tools give to their profiles.
//!
//! A name is a hint, never proof: anybody can create a profile of any name, and the digits in it may not mean what they
//! look like.

use crate::wintypes::Filetime;

/// Names with a known maker, or with a known form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Stable text form for the column `profile_family`.
    pub id: &'static str,
    /// What makes such profiles.
    pub product: &'static str,
    /// Which names belong to it.
    pub pattern: Pattern,
    /// Whether the maker creates the profile at start and removes it at stop.
    pub dynamic: bool,
    /// Where that comes from.
    pub source: &'static str,
}

/// How the names of a family are told; letter case does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// They begin with this text.
    Prefix(&'static str),
    /// They are one of these.
    OneOf(&'static [&'static str]),
    /// `<server>-LME-<connector> V<version>`.
    LinkAge,
    /// `<service> <process><time>`, see [`EdkSuffix`].
    Edk,
    /// Nothing but a GUID, with or without braces, or at least 16 hexadecimal digits. Shorter ones may be a login
    /// name.
    HexOrGuid,
}

/// Every family, in the order in which they are tried.
pub static FAMILIES: &[Family] = &[
    Family {
        id: "MSExchangeIMC",
        product: "Internet Mail Connector, Internet Mail Service",
        pattern: Pattern::Prefix("MSExchangeIMC "),
        dynamic: true,
        source: "Q201121; Q165505; Q184621",
    },
    Family {
        id: "MSExchangeCalCon",
        product: "Calendar Connector",
        pattern: Pattern::Prefix("MSExchangeCalCon"),
        dynamic: true,
        source: "Q214637; Q289795",
    },
    Family {
        id: "LinkAge",
        product: "LinkAge connectors (Notes, SNADS, PROFS)",
        pattern: Pattern::LinkAge,
        dynamic: false,
        source: "Q185109; Q199977",
    },
    Family {
        id: "BlackBerry",
        product: "BlackBerry Enterprise Server",
        pattern: Pattern::OneOf(&["BlackBerryServer", "BlackBerryManager"]),
        dynamic: false,
        source: "BlackBerry KB01018; BlackBerry KB00658",
    },
    Family {
        id: "EDK",
        product: "gateway or mailbox agent built on the Exchange Development Kit",
        pattern: Pattern::Edk,
        dynamic: true,
        source: "Exchange Development Kit, HrCreateProfileName",
    },
    Family {
        id: "hex-or-guid",
        product: "unknown program",
        pattern: Pattern::HexOrGuid,
        dynamic: false,
        source: "inferred",
    },
];

/// What a profile's name may tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFacts {
    /// The first family the name belongs to.
    pub family: Option<&'static Family>,
    /// Process and time, where the name ends as the Exchange Development Kit's sample would make it end.
    pub edk: Option<EdkSuffix>,
}

/// The end of a name that `HrCreateProfileName` of the Exchange Development Kit makes:
/// `<service> %08lx%08lx%08lx` of process identifier and the two halves of a FILETIME.
///
/// That is what the digits look like, not what they are proven to be: that the Internet Mail Service and the Calendar
/// Connector use this form is inferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdkSuffix {
    /// What stands before it, without the separating space.
    pub service: String,
    /// Process identifier of the maker.
    pub pid: u32,
    /// Time of creation by the maker's clock. Between the years 1986 and 2057, which is what the form admits.
    pub created: Filetime,
    /// The 24 digits as they stand in the name.
    pub raw: String,
}

/// Tells what a name looks like.
pub fn classify(name: &str) -> NameFacts {
    let family = FAMILIES.iter().find(|family| family.pattern.matches(name));
    let direct_after = family.and_then(|family| match family.pattern {
        Pattern::Prefix(prefix) => Some(prefix),
        _ => None,
    });
    NameFacts { family, edk: edk_suffix(name, direct_after) }
}

impl Pattern {
    fn matches(self, name: &str) -> bool {
        match self {
            Self::Prefix(prefix) => strip_prefix_ignoring_case(name, prefix).is_some(),
            Self::OneOf(names) => names.iter().any(|other| other.eq_ignore_ascii_case(name)),
            Self::LinkAge => is_linkage(name),
            Self::Edk => edk_suffix(name, None).is_some(),
            Self::HexOrGuid => is_hex_or_guid(name),
        }
    }
}

/// Digits in the suffix: three numbers of eight.
const SUFFIX_DIGITS: usize = 24;

/// The suffix after a service and a space, or directly after a prefix that is known to be complete.
fn edk_suffix(name: &str, direct_after: Option<&str>) -> Option<EdkSuffix> {
    let (before, raw) = name.split_at_checked(name.len().checked_sub(SUFFIX_DIGITS)?)?;
    let service = match before.strip_suffix(' ') {
        Some(service) if !service.is_empty() => service,
        _ if direct_after.is_some_and(|prefix| before.eq_ignore_ascii_case(prefix)) => before,
        _ => return None,
    };
    let [pid, high, low] = [0, 8, 16].map(|at| raw.get(at..at + 8).and_then(hex_u32));
    // The form of the time's upper half: 01 and a digit from b to f.
    let high = high?;
    if !(0x01b0_0000..=0x01ff_ffff).contains(&high) {
        return None;
    }
    let created = Filetime::from_parts(high, low?);
    Some(EdkSuffix { service: service.to_owned(), pid: pid?, created, raw: raw.to_owned() })
}

fn hex_u32(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// `-LME-`, a connector, a space, `V` and a digit.
fn is_linkage(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let Some((_, connector)) = name.split_once("-LME-") else { return false };
    connector.match_indices(" V").any(|(at, version)| {
        let after = connector.get(at + version.len()..).unwrap_or_default();
        at > 0 && after.starts_with(|first: char| first.is_ascii_digit())
    })
}

fn is_hex_or_guid(name: &str) -> bool {
    let bare = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut groups = bare.split('-');
    let is_guid = [8, 4, 4, 4, 12]
        .iter()
        .all(|len| groups.next().is_some_and(|group| group.len() == *len && is_hex(group)));
    is_guid && groups.next().is_none() || bare.len() >= 16 && is_hex(bare)
}

fn strip_prefix_ignoring_case<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(name: &str) -> Option<&'static str> {
        classify(name).family.map(|family| family.id)
    }

    #[test]
    fn the_makers_of_known_names_are_told() {
        for (name, id) in [
            ("MSExchangeIMC 0123456789", Some("MSExchangeIMC")),
            ("msexchangeimc abc", Some("MSExchangeIMC")),
            ("MSExchangeCalCon", Some("MSExchangeCalCon")),
            ("MSEXCHANGECALCON 000000f401be911ad2841000", Some("MSExchangeCalCon")),
            ("SERVER1-LME-SNADS V5.5", Some("LinkAge")),
            ("server1-lme-notes v3", Some("LinkAge")),
            ("BlackBerryServer", Some("BlackBerry")),
            ("blackberrymanager", Some("BlackBerry")),
            ("MyGateway 0000012c01be92e19c6ae2a0", Some("EDK")),
            ("My Gateway 0000012C01BE92E19C6AE2A0", Some("EDK")),
            ("0000012c01be92e19c6ae2a0", Some("hex-or-guid")),
            ("{D9734F19-8CFB-411D-BC59-833E334FCB5E}", Some("hex-or-guid")),
            ("d9734f19-8cfb-411d-bc59-833e334fcb5e", Some("hex-or-guid")),
        ] {
            assert_eq!(family(name), id, "{name}");
        }
    }

    #[test]
    fn names_that_only_nearly_match_belong_to_no_family() {
        for name in [
            "MSExchangeIMC",
            "IMC Profile",
            "MSExchangeIM",
            "xMSExchangeCalCon",
            "SERVER1-LME- V5",
            "SERVER1-LME-NOTES V",
            "SERVER1-LME-NOTESV3",
            "BlackBerryServer2",
            "MyGateway 0000012c01ae92e19c6ae2a0",
            "MyGateway 0000012c02be92e19c6ae2a0",
            "MyGateway0000012c01be92e19c6ae2a0",
            "MyGateway 000012c01be92e19c6ae2a0",
            "MyGateway 0000012c01be92e19c6ae2ag",
            "MyGateway +000012c01be92e19c6ae2a0",
            " 0000012c01be92e19c6ae2a0",
            "{D9734F19-8CFB-411D-BC59-833E334FCB5E",
            "D9734F19-8CFB-411D-BC59833E334FCB5E",
            "10012345",
            "deadbeef",
            "Outlook",
            "Ünïcödé prófïlé nämé wïth ßpäcé",
            "",
        ] {
            assert_eq!(classify(name), NameFacts::default(), "{name}");
        }
    }

    #[test]
    fn a_suffix_of_the_development_kit_is_read_where_it_stands() {
        // V32, V33.
        for (name, service, pid, created) in [
            ("MSExchangeIMC 0000012c01be92e19c6ae2a0", "MSExchangeIMC", 300, "1999-04-30T08:15:30.2500000Z"),
            (
                "MSExchangeCalCon 000000f401be911ad2841000",
                "MSExchangeCalCon",
                244,
                "1999-04-28T02:00:00.0000000Z",
            ),
            (
                "MSExchangeCalCon000000f401be911ad2841000",
                "MSExchangeCalCon",
                244,
                "1999-04-28T02:00:00.0000000Z",
            ),
            ("cc:Mail 2 ffffffff01FFFFFFffffffff", "cc:Mail 2", u32::MAX, "2057-09-06T23:40:07.5855871Z"),
        ] {
            let suffix = classify(name).edk.unwrap_or_else(|| panic!("{name}"));
            assert_eq!((suffix.service.as_str(), suffix.pid), (service, pid), "{name}");
            assert_eq!(name.strip_prefix(service).unwrap().trim_start(), suffix.raw);
            assert_eq!(suffix.created.to_string(), created);
        }
        for name in ["MSExchangeIMC 0123456789", "MSExchangeCalConx000000f401be911ad2841000"] {
            let facts = classify(name);
            assert!(facts.family.is_some() && facts.edk.is_none(), "{name}");
        }
    }

    #[test]
    fn family_ids_are_unique() {
        for (index, family) in FAMILIES.iter().enumerate() {
            assert!(FAMILIES.iter().skip(index + 1).all(|other| other.id != family.id));
        }
    }
}
