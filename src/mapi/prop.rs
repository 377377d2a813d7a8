//! Properties as MAPI stores them: the tag in the value's name, the content in its data.
//!
//! A registry value of a profile section is named by four hexadecimal digits of property type and four of property
//! identifier (`001e6602`); secure properties carry a leading `S` (`S010267f0`). [`PropName`] reads the name,
//! [`decode`] the data.

mod decode;
mod multi_value;
mod value;

#[cfg(test)]
pub(crate) mod test_bytes;

use std::fmt;

use crate::hive::ValueType;

pub use decode::{Decoded, Malformed, decode, is_sound_by_length, utf16_text};
pub use multi_value::{ElementError, PointerWidth};
pub use value::{HexPreview, PropValue};

/// A MAPI property type; every `u16` is one, only its name may be missing.
///
/// Source: MAPIDefS.h of Microsoft's MAPI stub library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropType(pub u16);

macro_rules! prop_types {
    ($($name:ident = $number:literal),* $(,)?) => {
        #[allow(missing_docs, reason = "the names are those of MAPIDefS.h")]
        impl PropType {
            $(pub const $name: Self = Self($number);)*

            /// The name of MAPIDefS.h, where there is one.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

prop_types! {
    PT_UNSPECIFIED = 0x0000,
    PT_NULL = 0x0001,
    PT_I2 = 0x0002,
    PT_LONG = 0x0003,
    PT_R4 = 0x0004,
    PT_DOUBLE = 0x0005,
    PT_CURRENCY = 0x0006,
    PT_APPTIME = 0x0007,
    PT_ERROR = 0x000a,
    PT_BOOLEAN = 0x000b,
    PT_OBJECT = 0x000d,
    PT_I8 = 0x0014,
    PT_STRING8 = 0x001e,
    PT_UNICODE = 0x001f,
    PT_SYSTIME = 0x0040,
    PT_CLSID = 0x0048,
    PT_BINARY = 0x0102,
    PT_MV_I2 = 0x1002,
    PT_MV_LONG = 0x1003,
    PT_MV_R4 = 0x1004,
    PT_MV_DOUBLE = 0x1005,
    PT_MV_CURRENCY = 0x1006,
    PT_MV_APPTIME = 0x1007,
    PT_MV_I8 = 0x1014,
    PT_MV_STRING8 = 0x101e,
    PT_MV_UNICODE = 0x101f,
    PT_MV_SYSTIME = 0x1040,
    PT_MV_CLSID = 0x1048,
    PT_MV_BINARY = 0x1102,
}

impl PropType {
    /// The bit that makes a list of a single-valued type.
    pub const MV_FLAG: u16 = 0x1000;

    /// Whether the type is a list.
    pub fn is_multi(self) -> bool {
        self.0 & Self::MV_FLAG != 0
    }

    /// The type of one element.
    #[must_use]
    pub fn single(self) -> Self {
        Self(self.0 & !Self::MV_FLAG)
    }

    /// Whether the type, or the type of its elements, is text in either character set.
    pub fn is_text(self) -> bool {
        matches!(self.single(), Self::PT_STRING8 | Self::PT_UNICODE)
    }

    /// The registry type MAPI writes it as: `REG_SZ` for [`Self::PT_STRING8`], `REG_BINARY` for everything else.
    ///
    /// Source: Q175107, Q183015, Q198479, Q197712; no exception among 608 values of five hives.
    pub fn registry_type(self) -> ValueType {
        if self == Self::PT_STRING8 { ValueType::REG_SZ } else { ValueType::REG_BINARY }
    }
}

/// `PT_UNICODE`, or `0x2003` for a number that MAPIDefS.h does not name.
impl fmt::Display for PropType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

/// A property identifier: what a property is about, whatever its type. The known ones are named in
/// [`tags`](super::tags).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropId(pub u16);

impl PropId {
    /// `PROP_ID_SECURE_MIN` of MAPITags.h.
    pub const SECURE_MIN: Self = Self(0x67f0);
    /// `PROP_ID_SECURE_MAX` of MAPITags.h.
    pub const SECURE_MAX: Self = Self(0x67ff);

    /// Whether it lies in the range that profile sections reserve for passwords and other credentials.
    ///
    /// Source: MAPITags.h; office-developer-client-docs, iprofsectimapiprop.
    pub fn is_secure(self) -> bool {
        (Self::SECURE_MIN..=Self::SECURE_MAX).contains(&self)
    }
}

/// Four lower-case hexadecimal digits, as in a value's name.
impl fmt::Display for PropId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

/// A property tag in MAPI's order: identifier in the upper half, type in the lower.
///
/// The registry and mapisvc.inf write the two halves in opposite order: `00036609` in a profile is `66090003` there
/// (Q294470).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropTag(pub u32);

impl PropTag {
    /// Joins the two halves.
    pub const fn new(prop_type: PropType, id: PropId) -> Self {
        Self((id.0 as u32) << 16 | prop_type.0 as u32)
    }

    /// The upper half.
    pub const fn id(self) -> PropId {
        PropId((self.0 >> 16) as u16)
    }

    /// The lower half.
    pub const fn prop_type(self) -> PropType {
        PropType((self.0 & 0xffff) as u16)
    }
}

/// Eight hexadecimal digits in MAPI's order: `0x6602001e`.
impl fmt::Display for PropTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// Of each byte what it is worth as a hexadecimal digit: every value's name is looked at.
const HEX_DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// All bits, of which no digit has more than four.
const NO_DIGIT: u8 = 0xff;

/// What the name of a registry value says, where it names a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropName {
    /// Which property.
    pub tag: PropTag,
    /// Whether the name has the `S` of a secure property (measured: Outlook 2013 wrote `S010267f0`).
    pub secure: bool,
}

impl PropName {
    /// Reads `001e6602` or `S010267f0`, in either letter case, since the registry does not tell them apart; `None` is a
    /// value that is no property.
    pub fn parse(name: &str) -> Option<Self> {
        Self::parse_latin1(name.as_bytes())
    }

    /// The same from the bytes of a compressed name, without allocating.
    pub fn parse_latin1(name: &[u8]) -> Option<Self> {
        let (secure, digits) = match name {
            [b'S' | b's', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let digits: &[u8; 8] = digits.try_into().ok()?;
        let (mut number, mut all) = (0_u32, 0_u8);
        for digit in digits {
            let value = HEX_DIGITS[usize::from(*digit)];
            number = number << 4 | u32::from(value & 0xf);
            all |= value;
        }
        // The name has the type first, the tag the identifier.
        (all != NO_DIGIT).then_some(Self { tag: PropTag(number.rotate_left(16)), secure })
    }

    /// The property's type.
    pub fn prop_type(self) -> PropType {
        self.tag.prop_type()
    }

    /// The property's identifier.
    pub fn id(self) -> PropId {
        self.tag.id()
    }
}

/// The name as MAPI writes it: lower case, with an upper-case `S` for a secure property.
impl fmt::Display for PropName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.secure { "S" } else { "" };
        write!(f, "{prefix}{:04x}{}", self.tag.prop_type().0, self.tag.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_name_has_the_type_first_and_a_tag_the_identifier() {
        // V31: mapisvc.inf writes 66090003 for what the registry calls 00036609.
        let name = PropName::parse("00036609").unwrap();
        assert_eq!(name.tag, PropTag(0x6609_0003));
        assert_eq!(name.tag, PropTag::new(PropType::PT_LONG, PropId(0x6609)));
        assert_eq!((name.prop_type(), name.id(), name.secure), (PropType::PT_LONG, PropId(0x6609), false));
        assert_eq!(name.to_string(), "00036609");
        assert_eq!(name.tag.to_string(), "0x66090003");
    }

    #[test]
    fn a_secure_name_is_not_missed() {
        // V17.
        for text in ["S010267f0", "s010267F0", "S010267F0"] {
            let name = PropName::parse(text).unwrap();
            assert!(name.secure && name.id().is_secure(), "{text}");
            assert_eq!(name.prop_type(), PropType::PT_BINARY);
            assert_eq!(name.to_string(), "S010267f0");
        }
    }

    #[test]
    fn near_names_are_no_properties() {
        for text in [
            "",
            "S",
            "001e660",
            "001e66020",
            "SS001e6602",
            "T001e6602",
            "001e 602",
            "+01e6602",
            "LastChangeVer",
            "ä01e660",
        ] {
            assert_eq!(PropName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn unknown_types_keep_their_number() {
        assert_eq!(PropType(0x2003).to_string(), "0x2003");
        assert_eq!(PropType(0x101f).to_string(), "PT_MV_UNICODE");
        assert!(PropType(0x101f).is_multi() && PropType(0x101f).is_text());
        assert_eq!(PropType(0x101f).single(), PropType::PT_UNICODE);
    }
}
