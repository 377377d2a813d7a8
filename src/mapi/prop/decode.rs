use super::multi_value::{self, ElementError, Elements, PointerWidth};
use super::{PropType, PropValue};
use crate::hive::ValueType;
use crate::wintypes::{AnsiCodePage, AnsiDoubt, Filetime, decode_utf16le, trim_nul};

/// What the data of a property say.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The value; [`PropValue::Unknown`] where the data do not have the form of the type.
    pub value: PropValue<'a>,
    /// The gravest deviation from what MAPI writes, also where the value could be read in spite of it.
    pub malformed: Option<Malformed>,
    /// For lists of strings and byte strings with elements: which MAPI wrote them.
    pub pointer_width: Option<PointerWidth>,
    /// Why characters of a text that was stored as ANSI bytes cannot be told.
    pub ansi_doubt: Option<AnsiDoubt>,
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
///
/// `ansi` is the code page of the computer that wrote the data.
pub fn decode(prop_type: PropType, value_type: ValueType, data: &[u8], ansi: AnsiCodePage) -> Decoded<'_> {
    let decoded = if can_hold(value_type, prop_type, data.len()) {
        decode_data(prop_type, value_type, data, ansi)
    } else {
        Decoded::from(PropValue::Unknown(data))
    };
    let expected = prop_type.registry_type();
    let misfiled = value_type != expected && prop_type.name().is_some();
    decoded.with(misfiled.then_some(Malformed::RegistryType { expected, found: value_type }))
}

/// Whether data have the form in which MAPI writes their type, as far as their type, their registry type and their length
/// alone tell: what [`decode`] finds no fault with, whatever the bytes are.
pub fn is_sound_by_length(prop_type: PropType, value_type: ValueType, len: usize) -> bool {
    let has_length = match prop_type {
        PropType::PT_BOOLEAN | PropType::PT_I2 => len == 2,
        PropType::PT_LONG | PropType::PT_R4 | PropType::PT_ERROR => len == 4,
        PropType::PT_DOUBLE
        | PropType::PT_CURRENCY
        | PropType::PT_APPTIME
        | PropType::PT_I8
        | PropType::PT_SYSTIME => len == 8,
        PropType::PT_CLSID => len == 16,
        PropType::PT_BINARY => true,
        _ => false,
    };
    has_length && value_type == ValueType::REG_BINARY
}

/// Reads UTF-16LE text up to its NUL, the form of `PT_UNICODE`, of `REG_SZ`, and of the account manager's strings in
/// `REG_BINARY` (Outlook 2003 to 2013) and `REG_SZ` (current builds) alike. The result is escaped.
pub fn utf16_text(data: &[u8]) -> (String, Option<Malformed>) {
    let (text, terminated) = trim_nul(data);
    let after = data.get(text.len() + 2..).unwrap_or_default();
    let malformed = if !data.len().is_multiple_of(2) {
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

fn decode_data(prop_type: PropType, value_type: ValueType, data: &[u8], ansi: AnsiCodePage) -> Decoded<'_> {
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
        PropType::PT_STRING8 => string8(value_type, data, ansi),
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
            let mut doubt = None;
            let decoded = strings(data, until_nul, |bytes| {
                let found = ansi.decode(bytes);
                doubt = doubt.or(found.doubt);
                found.text
            });
            Decoded { ansi_doubt: doubt, ..decoded }
        }
        PropType::PT_MV_UNICODE => strings(data, trim_nul, decode_utf16le),
        PropType::PT_MV_BINARY => list(data, multi_value::binaries(data), PropValue::MultiBinary),
        _ => PropValue::Unknown(data).into(),
    }
}

fn fixed<'a, const N: usize>(data: &'a [u8], value: impl Fn([u8; N]) -> PropValue<'a>) -> Decoded<'a> {
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
    let malformed = (!rest.is_empty()).then_some(Malformed::NotAMultiple { element: N, found: data.len() });
    Decoded::from(value(elements.iter().map(|bytes| element(*bytes)).collect())).with(malformed)
}

/// `PT_STRING8` is written through the ANSI interface of the registry, which stores UTF-16; bytes of a code page can
/// only come from a writer that is not MAPI.
fn string8(value_type: ValueType, data: &[u8], code_page: AnsiCodePage) -> Decoded<'_> {
    let is_utf16 = matches!(value_type, ValueType::REG_SZ | ValueType::REG_EXPAND_SZ)
        || data.len().is_multiple_of(2) && matches!(data, [first, 0, _, ..] if *first != 0)
        || data.is_empty();
    if is_utf16 {
        return text(utf16_text(data));
    }
    let (ansi, terminated) = until_nul(data);
    let after = data.get(ansi.len() + 1..).unwrap_or_default();
    let malformed = if terminated {
        after.iter().any(|byte| *byte != 0).then_some(Malformed::BytesAfterTerminator(after.len()))
    } else {
        Some(Malformed::NoTerminator)
    };
    let found = code_page.decode(ansi);
    Decoded { ansi_doubt: found.doubt, ..text((found.text, malformed)) }
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
    decode: impl FnMut(&[u8]) -> String,
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
        Ok(Elements { items, width, error, .. }) => {
            let malformed = error.zip(width).map(|(source, width)| Malformed::List { width, source });
            Decoded { pointer_width: width, ..Decoded::from(value(items)).with(malformed) }
        }
        Err([bits32, bits64]) => {
            Decoded::from(PropValue::Unknown(data)).with(Some(Malformed::NeitherWidth { bits32, bits64 }))
        }
    }
}

impl<'a> From<PropValue<'a>> for Decoded<'a> {
    fn from(value: PropValue<'a>) -> Self {
        Self { value, malformed: None, pointer_width: None, ansi_doubt: None }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapi::prop::test_bytes::{hex, mutations, utf16z};

    fn decode(prop_type: PropType, value_type: ValueType, data: &[u8]) -> Decoded<'_> {
        super::decode(prop_type, value_type, data, AnsiCodePage::UNKNOWN)
    }

    fn binary(prop_type: PropType, data: &[u8]) -> Decoded<'_> {
        decode(prop_type, ValueType::REG_BINARY, data)
    }

    /// The text of a value that is stored as MAPI stores it.
    fn intact(prop_type: PropType, digits: &str) -> (String, Option<PointerWidth>) {
        let data = hex(digits);
        let decoded = binary(prop_type, &data);
        assert_eq!(decoded.malformed, None, "{digits}");
        (decoded.value.to_string(), decoded.pointer_width)
    }

    const RPC_BINDINGS: &str = "060000001c0000002d000000510000006400000076000000870000006e63616c7270633a53414d454552\
        5031006e6361636e5f69705f7463703a73616d65657270312e6d6963726f736f66742e636f6d006e6361636e5f7370783a53414d45455250\
        31006e6361636e5f6e703a53414d454552503100\
        6e657462696f733a53414d4545525031006e6361636e5f766e735f7370703a53414d454552503100";

    #[test]
    fn what_is_sound_by_its_length_has_no_fault_whatever_its_bytes_are() {
        let mut sound = 0;
        for prop_type in 0..=0x1fff {
            for value_type in 0..12 {
                for len in 0..=17 {
                    let (prop_type, value_type) = (PropType(prop_type), ValueType(value_type));
                    if is_sound_by_length(prop_type, value_type, len) {
                        sound += 1;
                        for byte in [0, 1, 0xff] {
                            let data = vec![byte; len];
                            let decoded = decode(prop_type, value_type, &data);
                            assert_eq!(decoded.malformed, None, "{prop_type} {value_type} {data:?}");
                        }
                    }
                }
            }
        }
        assert_eq!(sound, 2 + 3 + 5 + 1 + 18);
    }

    #[test]
    fn lists_of_strings_of_both_widths_read_alike() {
        let (v1, width) = intact(PropType::PT_MV_STRING8, RPC_BINDINGS);
        assert_eq!(
            v1,
            "[\"ncalrpc:SAMEERP1\",\"ncacn_ip_tcp:sameerp1.microsoft.com\",\"ncacn_spx:SAMEERP1\",\
             \"ncacn_np:SAMEERP1\",\"netbios:SAMEERP1\",\"ncacn_vns_spp:SAMEERP1\"]"
        );
        assert_eq!(width, Some(PointerWidth::Bits32));
        for (digits, text, width) in [
            // V2, V3, V4.
            ("0100000008000000636f6e7461622e646c6c00", "[\"contab.dll\"]", PointerWidth::Bits32),
            ("010000000c00000000000000636f6e7461622e646c6c00", "[\"contab.dll\"]", PointerWidth::Bits64),
            (
                "020000000c000000160000004d494e45542e444c4c00494e455441422e444c4c00",
                "[\"MINET.DLL\",\"INETAB.DLL\"]",
                PointerWidth::Bits32,
            ),
        ] {
            assert_eq!(intact(PropType::PT_MV_STRING8, digits), (text.to_owned(), Some(width)));
        }
        // V11 and the same in 64 bits.
        for (digits, width) in [
            ("010000000800000043006f006e00740061006300740073000000", PointerWidth::Bits32),
            ("010000000c0000000000000043006f006e00740061006300740073000000", PointerWidth::Bits64),
        ] {
            assert_eq!(intact(PropType::PT_MV_UNICODE, digits), ("[\"Contacts\"]".to_owned(), Some(width)));
        }
        assert_eq!(binary(PropType::PT_MV_STRING8, &hex("0100000008000000636f00")).ansi_doubt, None);
        let accent = hex("010000000800000063e900");
        assert_eq!(binary(PropType::PT_MV_STRING8, &accent).ansi_doubt, Some(AnsiDoubt::UnknownCodePage));
        assert_eq!(binary(PropType::PT_MV_UNICODE, &hex("010000000800000043000000")).ansi_doubt, None);
    }

    #[test]
    fn lists_of_byte_strings_of_both_widths_read_alike() {
        // V9, with the element's last 20 bytes made up.
        let element = "00000000cafe0102030405060708090a0b0c0d0e0f101112";
        for (head, width) in [
            ("01000000180000000c000000", PointerWidth::Bits32),
            ("0100000018000000000000001400000000000000", PointerWidth::Bits64),
        ] {
            let shown = intact(PropType::PT_MV_BINARY, &format!("{head}{element}"));
            assert_eq!(shown, (format!("[\"{element}\"]"), Some(width)));
        }
        // V8: one element of 0x44 bytes at 0x0c.
        let mut data =
            hex("01000000440000000c00000000000000fe42aa0a18c71a10e8850b651c2400000300000003000000");
        data.resize(80, 0);
        let decoded = binary(PropType::PT_MV_BINARY, &data);
        assert_eq!((decoded.value.as_binaries()[0].len(), decoded.malformed), (0x44, None));
        // An empty element has the offset of the next one.
        let data = hex("02000000000000001400000002000000140000000a0b");
        let decoded = binary(PropType::PT_MV_BINARY, &data);
        assert_eq!((decoded.value.to_string(), decoded.malformed), ("[\"\",\"0a0b\"]".to_owned(), None));
    }

    #[test]
    fn fixed_lists_are_packed_without_a_count() {
        // V10.
        for (digits, text) in
            [("0f010480", "[-2147221233]"), ("0f0104800f010480", "[-2147221233,-2147221233]"), ("", "[]")]
        {
            assert_eq!(intact(PropType::PT_MV_LONG, digits).0, text);
        }
        assert_eq!(intact(PropType::PT_MV_I2, "0100ffff").0, "[1,-1]");
        assert_eq!(intact(PropType::PT_MV_R4, "0000803f").0, "[1.0]");
        assert_eq!(intact(PropType::PT_MV_DOUBLE, "000000000000f03f").0, "[1.0]");
        assert_eq!(intact(PropType::PT_MV_CURRENCY, "1027000000000000").0, "[1.0000]");
        assert_eq!(intact(PropType::PT_MV_APPTIME, "000000000000f03f").0, "[1.0]");
        assert_eq!(intact(PropType::PT_MV_I8, "ffffffffffffffff").0, "[-1]");
        assert_eq!(
            intact(PropType::PT_MV_SYSTIME, "6b867fb423f0dc01").0,
            "[\"2026-05-30T11:01:45.7050219Z\"]"
        );
        assert_eq!(
            intact(PropType::PT_MV_CLSID, "49eb54c6c29f4a47b72032e95852622c").0,
            "[\"{C654EB49-9FC2-474A-B720-32E95852622C}\"]"
        );
        let decoded = binary(PropType::PT_MV_LONG, &[1, 0, 0, 0, 2]);
        assert_eq!(decoded.value, PropValue::MultiLong(vec![1]));
        assert_eq!(decoded.malformed, Some(Malformed::NotAMultiple { element: 4, found: 5 }));
    }

    #[test]
    fn single_values_read_as_their_type_says() {
        for (prop_type, digits, text) in [
            (PropType::PT_I2, "feff", "-2"),
            // V14, V16, V23, V28.
            (PropType::PT_LONG, "06100000", "4102"),
            (PropType::PT_LONG, "84090000", "2436"),
            (PropType::PT_LONG, "0c000000", "12"),
            (PropType::PT_R4, "0000c03f", "1.5"),
            (PropType::PT_DOUBLE, "000000000000f83f", "1.5"),
            (PropType::PT_CURRENCY, "1127000000000000", "1.0001"),
            (PropType::PT_APPTIME, "0000000000000440", "2.5"),
            (PropType::PT_ERROR, "0f010480", "0x8004010f"),
            // V30.
            (PropType::PT_BOOLEAN, "0100", "true"),
            (PropType::PT_BOOLEAN, "0000", "false"),
            (PropType::PT_I8, "6b867fb423f0dc01", "134246125057050219"),
            // V12, V24.
            (PropType::PT_UNICODE, "4d005300550050005300540020004d0053000000", "MSUPST MS"),
            (PropType::PT_UNICODE, "0000", ""),
            // V21, V22.
            (PropType::PT_SYSTIME, "6b867fb423f0dc01", "2026-05-30T11:01:45.7050219Z"),
            (PropType::PT_SYSTIME, "022478334de7dc01", "2026-05-19T05:06:07.6281858Z"),
            (
                PropType::PT_CLSID,
                "49eb54c6c29f4a47b72032e95852622c",
                "{C654EB49-9FC2-474A-B720-32E95852622C}",
            ),
            (PropType::PT_BINARY, "0f0001006a00a00f", "0f0001006a00a00f"),
            (PropType::PT_BINARY, "", ""),
            (PropType(0x2003), "0102", "0102"),
            (PropType::PT_OBJECT, "", ""),
        ] {
            assert_eq!(intact(prop_type, digits), (text.to_owned(), None), "{prop_type}");
        }
    }

    #[test]
    fn a_string8_is_utf16_in_the_hive() {
        // V27.
        let data = utf16z("C:\\WINNT\\Profiles\\Username\\Personal\\Archive.pst");
        let decoded = decode(PropType::PT_STRING8, ValueType::REG_SZ, &data);
        assert_eq!(decoded.value.as_text(), Some("C:\\WINNT\\Profiles\\Username\\Personal\\Archive.pst"));
        assert_eq!((decoded.malformed, decoded.ansi_doubt), (None, None));
    }

    #[test]
    fn what_another_writer_stored_is_read_and_told() {
        let misfiled = |expected, found| Some(Malformed::RegistryType { expected, found });
        let (sz, raw) = (ValueType::REG_SZ, ValueType::REG_BINARY);
        let text = utf16z("SERVER1");

        let decoded = decode(PropType::PT_UNICODE, sz, &text);
        assert_eq!((decoded.value.as_text(), decoded.malformed), (Some("SERVER1"), misfiled(raw, sz)));
        let decoded = decode(PropType::PT_STRING8, raw, &text);
        assert_eq!((decoded.value.as_text(), decoded.malformed), (Some("SERVER1"), misfiled(sz, raw)));
        let decoded = decode(PropType::PT_STRING8, raw, b"SERVER\x80\0");
        assert_eq!(
            (decoded.value.as_text(), decoded.malformed),
            (Some("SERVER\\u{dc80}"), misfiled(sz, raw))
        );
        assert_eq!(decoded.ansi_doubt, Some(AnsiDoubt::UnknownCodePage));
        let decoded = decode(PropType::PT_LONG, ValueType::REG_DWORD, &[1, 0, 0, 0]);
        assert_eq!(
            (decoded.value.as_long(), decoded.malformed),
            (Some(1), misfiled(raw, ValueType::REG_DWORD))
        );
        // A type whose bytes stand in another order is not guessed at.
        let decoded = decode(PropType::PT_LONG, ValueType::REG_DWORD_BIG_ENDIAN, &[0, 0, 0, 1]);
        assert_eq!(decoded.value, PropValue::Unknown(&[0, 0, 0, 1]));
        // A tag that is none is not judged.
        assert_eq!(decode(PropType(0x2003), sz, &text).malformed, None);
    }

    #[test]
    fn texts_with_a_flaw_are_read_and_told() {
        for (digits, text, malformed) in [
            ("410042", "A", Malformed::OddLength(3)),
            ("41004200", "AB", Malformed::NoTerminator),
            ("", "", Malformed::NoTerminator),
            ("4100000042000000", "A", Malformed::BytesAfterTerminator(4)),
        ] {
            let data = hex(digits);
            let decoded = binary(PropType::PT_UNICODE, &data);
            assert_eq!(
                (decoded.value.as_text(), decoded.malformed),
                (Some(text), Some(malformed)),
                "{digits}"
            );
        }
        // Zeros after the end are padding.
        assert_eq!(intact(PropType::PT_UNICODE, "410000000000").0, "A");
    }

    #[test]
    fn a_wrong_length_costs_the_value() {
        for (prop_type, expected) in [
            (PropType::PT_I2, 2),
            (PropType::PT_LONG, 4),
            (PropType::PT_R4, 4),
            (PropType::PT_DOUBLE, 8),
            (PropType::PT_CURRENCY, 8),
            (PropType::PT_APPTIME, 8),
            (PropType::PT_ERROR, 4),
            (PropType::PT_BOOLEAN, 2),
            (PropType::PT_I8, 8),
            (PropType::PT_SYSTIME, 8),
            (PropType::PT_CLSID, 16),
        ] {
            for found in (0..20).filter(|len| *len != expected) {
                let data = vec![1; found];
                let decoded = binary(prop_type, &data);
                assert_eq!(decoded.value, PropValue::Unknown(&data));
                assert_eq!(decoded.malformed, Some(Malformed::Length { expected, found }));
            }
        }
        let message = Malformed::Length { expected: 2, found: 4 }.to_string();
        assert_eq!(message, "4 bytes, expected 2");
    }

    #[test]
    fn a_broken_list_keeps_the_elements_before_the_break() {
        // V34: a control character instead of a letter, which is text all the same.
        let mut data = hex("020000000c00000017000000");
        data.extend(b"EMABLT.DLL\0BJABLR.D\x0cLL\0");
        let decoded = binary(PropType::PT_MV_STRING8, &data);
        assert_eq!(decoded.value.to_string(), "[\"EMABLT.DLL\",\"BJABLR.D\\u{c}LL\"]");
        assert_eq!(decoded.malformed, None);

        data[8] = 0xff;
        let decoded = binary(PropType::PT_MV_STRING8, &data);
        assert_eq!(decoded.value.to_string(), "[\"EMABLT.DLL\"]");
        let source = ElementError::OutOfBounds { index: 1, offset: 0xff, len: 0, found: 35 };
        assert_eq!(decoded.malformed, Some(Malformed::List { width: PointerWidth::Bits32, source }));

        let data = hex("0100000008000000636f");
        let decoded = binary(PropType::PT_MV_STRING8, &data);
        assert_eq!(
            (decoded.value.to_string(), decoded.malformed),
            ("[\"co\"]".into(), Some(Malformed::NoTerminator))
        );
    }

    #[test]
    fn a_list_in_neither_width_is_told_with_both_reasons() {
        let data = hex("01000000ff000000636f6e7461622e646c6c00");
        let decoded = binary(PropType::PT_MV_STRING8, &data);
        assert_eq!(decoded.value, PropValue::Unknown(&data));
        let Some(Malformed::NeitherWidth { bits32, bits64 }) = decoded.malformed else {
            panic!("{decoded:?}")
        };
        assert_eq!(bits32, ElementError::FirstOffset { expected: 8, found: 0xff });
        assert!(matches!(bits64, ElementError::FirstOffset { expected: 12, .. }), "{bits64}");
        // The count alone may ask for more than there is memory.
        for digits in
            ["ffffffff", "ffffffff00000000", "ffffffff0800000041000000", "", "01", "0000000000000000ff"]
        {
            for prop_type in [PropType::PT_MV_STRING8, PropType::PT_MV_UNICODE, PropType::PT_MV_BINARY] {
                let data = hex(digits);
                let malformed = binary(prop_type, &data).malformed;
                assert!(matches!(malformed, Some(Malformed::NeitherWidth { .. })), "{digits} {malformed:?}");
            }
        }
        assert_eq!(intact(PropType::PT_MV_UNICODE, "00000000"), ("[]".to_owned(), None));
    }

    #[test]
    fn a_list_with_a_gap_before_its_elements_is_read_and_told() {
        let mut data = hex("01000000ab000000");
        data[4] = 12;
        data.extend(b"\xff\xff\xff\xffcontab.dll\0");
        let decoded = binary(PropType::PT_MV_STRING8, &data);
        assert_eq!(decoded.value.to_string(), "[\"contab.dll\"]");
        let source = ElementError::FirstOffset { expected: 8, found: 12 };
        assert_eq!(decoded.malformed, Some(Malformed::List { width: PointerWidth::Bits32, source }));
    }

    #[test]
    fn elements_that_share_their_bytes_do_not_multiply() {
        let count = 1_000_u32;
        let mut strings = count.to_le_bytes().to_vec();
        let mut binaries = strings.clone();
        for _ in 0..count {
            strings.extend((4 + 4 * count).to_le_bytes());
            binaries.extend(8_000_u32.to_le_bytes());
            binaries.extend((4 + 8 * count).to_le_bytes());
        }
        strings.resize(strings.len() + 8_000, b'x');
        binaries.resize(binaries.len() + 8_000, b'x');
        for (prop_type, data) in [(PropType::PT_MV_STRING8, &strings), (PropType::PT_MV_BINARY, &binaries)] {
            let decoded = binary(prop_type, data);
            assert!(decoded.value.to_string().len() < 2 * data.len());
            assert!(matches!(
                decoded.malformed,
                Some(Malformed::List { source: ElementError::Shared { .. }, .. })
            ));
        }
    }

    #[test]
    fn no_damage_panics_or_grows() {
        let seeds = [
            hex(RPC_BINDINGS),
            hex("020000000c000000160000004d494e45542e444c4c00494e455441422e444c4c00"),
            hex("010000000c0000000000000043006f006e00740061006300740073000000"),
            hex("02000000000000001400000002000000140000000a0b"),
            hex("010000000200000000000000140000000000000000ff"),
            utf16z("SERVER1"),
            hex("49eb54c6c29f4a47b72032e95852622c"),
        ];
        let types = (0..=0x1103).map(PropType).filter(|prop_type| prop_type.name().is_some());
        let types: Vec<_> = types.collect();
        for seed in &seeds {
            for data in mutations(seed, 600) {
                for prop_type in &types {
                    for value_type in [ValueType::REG_BINARY, ValueType::REG_SZ] {
                        let decoded = decode(*prop_type, value_type, &data);
                        let text = decoded.value.to_string();
                        assert!(text.len() <= 64 + 16 * data.len(), "{prop_type} {text}");
                        assert!(!text.chars().any(char::is_control));
                    }
                }
            }
        }
    }
}
