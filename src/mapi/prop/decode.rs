use super::code_page::decode_assuming_1252;
use super::multi_value::{self, ElementError, Elements, PointerWidth};
use super::{PropType, PropValue};
use crate::hive::ValueType;
use crate::wintypes::{Filetime, decode_utf16le, trim_nul};

/// What the data of a property say.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The value; [`PropValue::Unknown`] where the data do not have the form of the type.
    pub value: PropValue<'a>,
    /// The gravest deviation from what MAPI writes, also where the value could be read in spite of it.
    pub malformed: Option<Malformed>,
    /// For lists of strings and byte strings with elements: which MAPI wrote them.
    pub pointer_width: Option<PointerWidth>,
    /// Whether the text was stored as ANSI bytes, whose code page is unknown and was assumed to be 1252.
    pub code_page_assumed: bool,
}

/// How data deviate from what MAPI writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The data have the wrong length for a type of fixed length.
    #[error("{found} bytes, expected {expected}")]
    Length {
        /// Bytes the type takes.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// A list of elements of fixed length ends within an element; the whole ones before it are read.
    #[error("{found} bytes, expected a multiple of {element}")]
    NotAMultiple {
        /// Bytes an element takes.
        element: usize,
        /// Bytes there are.
        found: usize,
    },
    /// A list breaks off; the elements before the bad one are read.
    #[error("{width} list: {source}")]
    List {
        /// How it was read.
        width: PointerWidth,
        /// What is wrong.
        source: ElementError,
    },
    /// A list that neither a 32-bit nor a 64-bit MAPI would have written.
    #[error("list in neither width; as 32-bit: {bits32}; as 64-bit: {bits64}")]
    NeitherWidth {
        /// Why it is not a list with offsets of four bytes.
        bits32: ElementError,
        /// Why it is not a list with offsets of eight bytes.
        bits64: ElementError,
    },
    /// UTF-16 text with half a character at its end, which is left out.
    #[error("UTF-16 text of {0} bytes")]
    OddLength(usize),
    /// Another registry type than MAPI uses for the property type.
    #[error("registry type {found}, expected {expected}")]
    RegistryType {
        /// What MAPI writes.
        expected: ValueType,
        /// What is stored.
        found: ValueType,
    },
    /// Other bytes than zero follow the NUL at which a text ends; they are left out.
    #[error("{0} bytes follow the terminating NUL")]
    BytesAfterTerminator(usize),
    /// A text without a terminating NUL; it is read to its end.
    #[error("no terminating NUL")]
    NoTerminator,
}

/// Reads the data of a property.
///
/// Nothing is refused for how it is stored as long as it can mean only one thing: a `PT_UNICODE` as `REG_SZ` or a
/// `PT_LONG` as `REG_DWORD` is read, and the deviation told. Memory is bounded by a small multiple of `data`.
///
/// An unknown property type is no deviation: its value is [`PropValue::Unknown`].
pub fn decode(prop_type: PropType, value_type: ValueType, data: &[u8]) -> Decoded<'_> {
    let decoded = if can_hold(value_type, prop_type, data.len()) {
        decode_data(prop_type, value_type, data)
    } else {
        Decoded::from(PropValue::Unknown(data))
    };
    let expected = prop_type.registry_type();
    let misfiled = value_type != expected && prop_type.name().is_some();
    decoded.with(misfiled.then_some(Malformed::RegistryType { expected, found: value_type }))
}

/// Reads UTF-16LE text up to its NUL, the form of `PT_UNICODE`, of `REG_SZ`, and of the account manager's strings in
/// `REG_BINARY` (Outlook 2003 to 2013) and `REG_SZ` (current builds) alike. The result is escaped.
pub fn utf16_text(data: &[u8]) -> (String, Option<Malformed>) {
    let (text, terminated) = trim_nul(data);
    let after = data.get(text.len() + 2..).unwrap_or_default();
    let malformed = if data.len() % 2 != 0 {
        Some(Malformed::OddLength(data.len()))
    } else if !terminated {
        Some(Malformed::NoTerminator)
    } else if after.iter().any(|byte| *byte != 0) {
        Some(Malformed::BytesAfterTerminator(after.len()))
    } else {
        None
    };
    (decode_utf16le(text), malformed)
}

/// Whether data of this registry type can only mean what they would mean in the type that MAPI uses.
fn can_hold(value_type: ValueType, prop_type: PropType, len: usize) -> bool {
    match value_type {
        ValueType::REG_BINARY | ValueType::REG_NONE => true,
        ValueType::REG_SZ | ValueType::REG_EXPAND_SZ => {
            matches!(prop_type, PropType::PT_STRING8 | PropType::PT_UNICODE | PropType::PT_BINARY)
        }
        ValueType::REG_DWORD => len == 4 && !prop_type.is_text(),
        ValueType::REG_QWORD => len == 8 && !prop_type.is_text(),
        _ => prop_type == PropType::PT_BINARY,
    }
}

fn decode_data(prop_type: PropType, value_type: ValueType, data: &[u8]) -> Decoded<'_> {
    match prop_type {
        PropType::PT_I2 => fixed(data, |bytes| PropValue::I2(i16::from_le_bytes(bytes))),
        PropType::PT_LONG => fixed(data, |bytes| PropValue::Long(i32::from_le_bytes(bytes))),
        PropType::PT_R4 => fixed(data, |bytes| PropValue::R4(f32::from_le_bytes(bytes))),
        PropType::PT_DOUBLE => fixed(data, |bytes| PropValue::Double(f64::from_le_bytes(bytes))),
        PropType::PT_CURRENCY => fixed(data, |bytes| PropValue::Currency(i64::from_le_bytes(bytes))),
        PropType::PT_APPTIME => fixed(data, |bytes| PropValue::AppTime(f64::from_le_bytes(bytes))),
        PropType::PT_ERROR => fixed(data, |bytes| PropValue::Error(u32::from_le_bytes(bytes))),
        PropType::PT_BOOLEAN => fixed(data, |bytes: [u8; 2]| PropValue::Boolean(bytes != [0, 0])),
        PropType::PT_I8 => fixed(data, |bytes| PropValue::I8(i64::from_le_bytes(bytes))),
        PropType::PT_SYSTIME => fixed(data, |bytes| PropValue::SysTime(Filetime::from_le_bytes(bytes))),
        PropType::PT_CLSID => fixed(data, PropValue::Clsid),
        PropType::PT_STRING8 => string8(value_type, data),
        PropType::PT_UNICODE => text(utf16_text(data)),
        PropType::PT_BINARY => PropValue::Binary(data).into(),
        PropType::PT_MV_I2 => packed(data, i16::from_le_bytes, PropValue::MultiI2),
        PropType::PT_MV_LONG => packed(data, i32::from_le_bytes, PropValue::MultiLong),
        PropType::PT_MV_R4 => packed(data, f32::from_le_bytes, PropValue::MultiR4),
        PropType::PT_MV_DOUBLE => packed(data, f64::from_le_bytes, PropValue::MultiDouble),
        PropType::PT_MV_CURRENCY => packed(data, i64::from_le_bytes, PropValue::MultiCurrency),
        PropType::PT_MV_APPTIME => packed(data, f64::from_le_bytes, PropValue::MultiAppTime),
        PropType::PT_MV_I8 => packed(data, i64::from_le_bytes, PropValue::MultiI8),
        PropType::PT_MV_SYSTIME => packed(data, Filetime::from_le_bytes, PropValue::MultiSysTime),
        PropType::PT_MV_CLSID => packed(data, std::convert::identity, PropValue::MultiClsid),
        PropType::PT_MV_STRING8 => {
            let decoded = strings(data, until_nul, decode_assuming_1252);
            Decoded { code_page_assumed: decoded.pointer_width.is_some(), ..decoded }
        }
        PropType::PT_MV_UNICODE => strings(data, trim_nul, decode_utf16le),
        PropType::PT_MV_BINARY => list(data, multi_value::binaries(data), PropValue::MultiBinary),
        _ => PropValue::Unknown(data).into(),
    }
}

fn fixed<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> PropValue<'_>) -> Decoded<'_> {
    match data.try_into() {
        Ok(bytes) => value(bytes).into(),
        Err(_) => Decoded::from(PropValue::Unknown(data))
            .with(Some(Malformed::Length { expected: N, found: data.len() })),
    }
}

fn packed<'a, const N: usize, T>(
    data: &'a [u8],
    element: impl Fn([u8; N]) -> T,
    value: impl Fn(Vec<T>) -> PropValue<'a>,
) -> Decoded<'a> {
    let (elements, rest) = data.as_chunks::<N>();
    let malformed =
        (!rest.is_empty()).then_some(Malformed::NotAMultiple { element: N, found: data.len() });
    Decoded::from(value(elements.iter().map(|bytes| element(*bytes)).collect())).with(malformed)
}

/// `PT_STRING8` is written through the ANSI interface of the registry, which stores UTF-16; bytes of a code page can
/// only come from a writer that is not MAPI.
fn string8(value_type: ValueType, data: &[u8]) -> Decoded<'_> {
    let is_utf16 = matches!(value_type, ValueType::REG_SZ | ValueType::REG_EXPAND_SZ)
        || data.len() % 2 == 0 && matches!(data, [first, 0, _, ..] if *first != 0)
        || data.is_empty();
    if is_utf16 {
        return text(utf16_text(data));
    }
    let (ansi, terminated) = until_nul(data);
    let after = data.get(ansi.len() + 1..).unwrap_or_default();
    let malformed = if !terminated {
        Some(Malformed::NoTerminator)
    } else {
        after.iter().any(|byte| *byte != 0).then_some(Malformed::BytesAfterTerminator(after.len()))
    };
    let decoded = text((decode_assuming_1252(ansi), malformed));
    Decoded { code_page_assumed: true, ..decoded }
}

fn until_nul(data: &[u8]) -> (&[u8], bool) {
    let len = data.iter().position(|byte| *byte == 0);
    (len.and_then(|len| data.get(..len)).unwrap_or(data), len.is_some())
}

fn text<'a>((text, malformed): (String, Option<Malformed>)) -> Decoded<'a> {
    Decoded::from(PropValue::Text(text)).with(malformed)
}

fn strings<'a>(
    data: &'a [u8],
    until_nul: impl Fn(&'a [u8]) -> (&'a [u8], bool),
    decode: impl Fn(&[u8]) -> String,
) -> Decoded<'a> {
    let elements = multi_value::strings(data, until_nul);
    let unterminated = elements.as_ref().is_ok_and(|elements| !elements.terminated);
    let decoded =
        list(data, elements, |elements| PropValue::MultiText(elements.into_iter().map(decode).collect()));
    decoded.with(unterminated.then_some(Malformed::NoTerminator))
}

fn list<'a>(
    data: &'a [u8],
    elements: Result<Elements<'a>, [ElementError; 2]>,
    value: impl FnOnce(Vec<&'a [u8]>) -> PropValue<'a>,
) -> Decoded<'a> {
    match elements {
        Ok(Elements { elements, width, error, .. }) => {
            let malformed = error.zip(width).map(|(source, width)| Malformed::List { width, source });
            Decoded { pointer_width: width, ..Decoded::from(value(elements)).with(malformed) }
        }
        Err([bits32, bits64]) => {
            Decoded::from(PropValue::Unknown(data)).with(Some(Malformed::NeitherWidth { bits32, bits64 }))
        }
    }
}

impl<'a> From<PropValue<'a>> for Decoded<'a> {
    fn from(value: PropValue<'a>) -> Self {
        Self { value, malformed: None, pointer_width: None, code_page_assumed: false }
    }
}

impl Malformed {
    /// The order of the variants: what costs a value first, what costs nothing last.
    fn gravity(self) -> u8 {
        match self {
            Self::Length { .. } | Self::NotAMultiple { .. } => 5,
            Self::List { .. } | Self::NeitherWidth { .. } => 4,
            Self::OddLength(_) => 3,
            Self::RegistryType { .. } => 2,
            Self::BytesAfterTerminator(_) => 1,
            Self::NoTerminator => 0,
        }
    }
}

impl Decoded<'_> {
    /// Keeps the graver of two deviations.
    fn with(self, other: Option<Malformed>) -> Self {
        let malformed = match (self.malformed, other) {
            (Some(left), Some(right)) if right.gravity() > left.gravity() => Some(right),
            (left, right) => left.or(right),
        };
        Self { malformed, ..self }
    }
}
