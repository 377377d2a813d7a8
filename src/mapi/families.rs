//! Names that services and tools give to their profiles.
//!
//! A name is a hint, never proof: anybody can create a profile of any name, and the digits in it may not mean what they
//! look like.

mod pattern;
mod table;

use std::sync::LazyLock;

pub use pattern::{Pattern, PatternError};
pub use table::{FamiliesError, Fault};

use crate::wintypes::Filetime;
use pattern::SUFFIX_DIGITS;

/// Names with a known maker, or with a known form: one `[[family]]` of `families.toml` or of a site's own file. Texts live
/// as long as the program, as those of the rules do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Stable text form for the column `profile_family`.
    pub id: &'static str,
    /// What makes such profiles.
    pub product: &'static str,
    /// Which names belong to it; one of them is enough.
    pub patterns: Vec<Pattern>,
    /// Whether the maker creates the profile at start and removes it at stop.
    pub dynamic: bool,
    /// Whether it is a form that many makers share, which is tried last.
    pub general: bool,
    /// Where that comes from. Empty only for [`MACHINE_LOOKING`], of which nobody claims anything.
    pub sources: Vec<&'static str>,
    /// Whether a site's own file has it.
    pub by_site: bool,
}

/// Families in the order in which they are tried: those of known makers, a site's own after the built-in ones, and then
/// those of a general form. A site's family never takes a name from a built-in one that rules argue from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Families {
    /// `None` of the built-in ones, which are read when the first name is looked at: most hives have no profile.
    in_order: Option<Vec<Family>>,
}

/// What stands for a family where no family claims the name, but a person hardly made it up: a GUID is in it, or 16
/// hexadecimal digits in a row. Shorter ones may be a login name.
pub static MACHINE_LOOKING: LazyLock<Family> = LazyLock::new(|| Family {
    id: "unclassified (machine-looking)",
    product: "not known",
    patterns: ["<any><guid><any>", "<any><hex:16><any>"]
        .iter()
        .flat_map(|text| Pattern::parse(text))
        .collect(),
    dynamic: false,
    general: true,
    sources: Vec::new(),
    by_site: false,
});

static BUILT_IN: Families = Families { in_order: None };

static BUILT_IN_ORDER: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let mut families = Families { in_order: Some(Vec::new()) };
    // A test sees to it that it is as it should be; looking at the examples again would be a tenth of reading a hive.
    let _ = table::add_unchecked(&mut families, include_bytes!("families/families.toml"), false);
    families.in_order.unwrap_or_default()
});

impl Families {
    /// The families that everybody has.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// These, and those of a site's own file, which has the form of `families.toml`. What is read stays in memory until the
    /// program ends: it is meant to be done once.
    pub fn with_those_of(file: &[u8]) -> Result<&'static Self, FamiliesError> {
        let mut families = Self::built_in().clone();
        table::add(&mut families, file, true)?;
        Ok(Box::leak(Box::new(families)))
    }

    /// All of them, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.in_order().iter()
    }

    fn in_order(&self) -> &[Family] {
        self.in_order.as_deref().unwrap_or_else(|| &BUILT_IN_ORDER)
    }

    fn in_order_mut(&mut self) -> &mut Vec<Family> {
        self.in_order.get_or_insert_with(|| BUILT_IN_ORDER.clone())
    }

    /// Tells what a name looks like.
    pub fn classify(&'static self, name: &str) -> NameFacts {
        let family = self.claim(name).map(|(family, _)| family);
        let says_so = |pattern: &Pattern| pattern.ends_with_process_and_time() && pattern.matches(name);
        let says_so = family.is_some_and(|family| family.patterns.iter().any(says_so));
        let machine_looking = || Some(&*MACHINE_LOOKING).filter(|family| family.matches(name));
        NameFacts { family: family.or_else(machine_looking), edk: edk_suffix(name, says_so) }
    }

    /// The first family that a name belongs to, and the place of its first pattern that fits.
    fn claim(&self, name: &str) -> Option<(&Family, usize)> {
        self.in_order().iter().find_map(|family| {
            let pattern = family.patterns.iter().position(|pattern| pattern.matches(name))?;
            Some((family, pattern))
        })
    }
}

impl Family {
    /// Whether a name has the form.
    pub fn matches(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }
}

/// What a profile's name may tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFacts {
    /// The first family the name belongs to, or [`MACHINE_LOOKING`].
    pub family: Option<&'static Family>,
    /// Process and time, where the name ends as the Exchange Development Kit's sample would make it end.
    pub edk: Option<EdkSuffix>,
}

impl NameFacts {
    /// Whether a service makes such a profile when it starts and removes it when it stops. A site's own families say who the
    /// maker is; whether the profile lives as long as a session is told by the built-in ones and by the form of the name.
    pub fn is_dynamic(&self) -> bool {
        self.family.is_some_and(|family| if family.by_site { self.is_edk_named() } else { family.dynamic })
    }

    /// Whether the name has the whole form of the Exchange Development Kit's sample, be the maker a known one or a site's.
    pub fn is_edk_named(&self) -> bool {
        self.edk.as_ref().is_some_and(|edk| edk.spaced)
    }
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
    /// Whether a space separates it from the digits, as the sample does.
    pub spaced: bool,
    /// Process identifier of the maker.
    pub pid: u32,
    /// Time of creation by the maker's clock. Between the years 1986 and 2057, which is what the form admits.
    pub created: Filetime,
    /// The 24 digits as they stand in the name.
    pub raw: String,
}

/// The suffix after a service and a space, or directly after it where the family says so.
fn edk_suffix(name: &str, family_says_so: bool) -> Option<EdkSuffix> {
    let (before, raw) = name.split_at_checked(name.len().checked_sub(SUFFIX_DIGITS)?)?;
    let (service, spaced) = match before.strip_suffix(' ') {
        Some(service) if !service.is_empty() => (service, true),
        _ if family_says_so => (before, false),
        _ => return None,
    };
    let [pid, high, low] = [0, 8, 16].map(|at| raw.get(at..at + 8).and_then(hex_u32));
    // The form of the time's upper half: 01 and a digit from b to f.
    let high = high?;
    if !(0x01b0_0000..=0x01ff_ffff).contains(&high) {
        return None;
    }
    let created = Filetime::from_parts(high, low?);
    Some(EdkSuffix { service: service.to_owned(), spaced, pid: pid?, created, raw: raw.to_owned() })
}

fn hex_u32(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(name: &str) -> NameFacts {
        Families::built_in().classify(name)
    }

    fn family(name: &str) -> Option<&'static str> {
        classify(name).family.map(|family| family.id)
    }

    #[test]
    fn the_built_in_table_is_as_it_should_be() {
        // Parsing checks identifiers, sources, examples, near misses, and that no pattern shadows another.
        let mut families = Families { in_order: Some(Vec::new()) };
        table::add(&mut families, include_bytes!("families/families.toml"), false)
            .expect("a table of families");
        let ids: Vec<&str> = families.iter().map(|family| family.id).collect();
        assert_eq!(ids, ["MSExchangeIMC", "MSExchangeCalCon", "LinkAge", "BlackBerry", "EDK"]);
        assert!(
            families.iter().all(|family| !family.sources.is_empty() && !family.sources.contains(&"inferred"))
        );
        assert_eq!(families.in_order(), Families::built_in().in_order());
    }

    #[test]
    fn names_of_no_family_that_look_made_by_a_machine_are_told_as_such() {
        assert_eq!(MACHINE_LOOKING.patterns.len(), 2);
        for name in [
            "0000012c01be92e19c6ae2a0",
            "{D9734F19-8CFB-411D-BC59-833E334FCB5E}",
            "d9734f19-8cfb-411d-bc59-833e334fcb5e",
            "Sync_{D9734F19-8CFB-411D-BC59-833E334FCB5E}",
            "MyGateway0000012c01be92e19c6ae2a0",
            "MyGateway 0000012c01ae92e19c6ae2a0",
            "0123456789abcdef",
        ] {
            assert_eq!(family(name), Some("unclassified (machine-looking)"), "{name}");
        }
    }

    #[test]
    fn names_as_people_give_them_belong_to_no_family() {
        for name in [
            "D9734F19-8CFB-411D-BC59-833E334FCB5",
            "D9734F19-8CFB-411D-BC59833E334-FCB5E",
            "0123456789abcde",
            "10012345",
            "deadbeef",
            "IMC Profile",
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
}
