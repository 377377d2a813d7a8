use std::fmt;

use crate::mapi::uid::Guid;
use crate::wintypes::Filetime;

/// The value of a property.
///
/// Texts are already escaped (see [`wintypes`](crate::wintypes)) and end before their terminating NUL.
#[derive(Clone, Debug, PartialEq)]
pub enum PropValue<'a> {
    /// `PT_I2`.
    I2(i16),
    /// `PT_LONG`.
    Long(i32),
    /// `PT_R4`.
    R4(f32),
    /// `PT_DOUBLE`.
    Double(f64),
    /// `PT_CURRENCY`: ten-thousandths of the unit.
    Currency(i64),
    /// `PT_APPTIME`: days since 1899-12-30, with the time of day as fraction.
    AppTime(f64),
    /// `PT_ERROR`: an `SCODE`.
    Error(u32),
    /// `PT_BOOLEAN`: any other number than zero is true.
    Boolean(bool),
    /// `PT_I8`.
    I8(i64),
    /// `PT_STRING8` and `PT_UNICODE`.
    Text(String),
    /// `PT_SYSTIME`.
    SysTime(Filetime),
    /// `PT_CLSID`, in the order of a GUID structure.
    Clsid([u8; 16]),
    /// `PT_BINARY`.
    Binary(&'a [u8]),
    /// `PT_MV_I2`.
    MultiI2(Vec<i16>),
    /// `PT_MV_LONG`.
    MultiLong(Vec<i32>),
    /// `PT_MV_R4`.
    MultiR4(Vec<f32>),
    /// `PT_MV_DOUBLE`.
    MultiDouble(Vec<f64>),
    /// `PT_MV_CURRENCY`.
    MultiCurrency(Vec<i64>),
    /// `PT_MV_APPTIME`.
    MultiAppTime(Vec<f64>),
    /// `PT_MV_I8`.
    MultiI8(Vec<i64>),
    /// `PT_MV_SYSTIME`.
    MultiSysTime(Vec<Filetime>),
    /// `PT_MV_CLSID`.
    MultiClsid(Vec<[u8; 16]>),
    /// `PT_MV_STRING8` and `PT_MV_UNICODE`.
    MultiText(Vec<String>),
    /// `PT_MV_BINARY`.
    MultiBinary(Vec<&'a [u8]>),
    /// A type without a known form, or data that do not have the form of their type.
    Unknown(&'a [u8]),
}

impl<'a> PropValue<'a> {
    /// The text of a text property.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of a text property, one or many; empty for any other.
    pub fn as_texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::MultiText(texts) => texts,
            _ => &[],
        }
    }

    /// The number of a `PT_LONG`.
    pub fn as_long(&self) -> Option<i32> {
        match self {
            Self::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// The bits of a `PT_LONG`.
    pub fn as_flags(&self) -> Option<u32> {
        self.as_long().map(i32::cast_unsigned)
    }

    /// The truth of a `PT_BOOLEAN`.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The time of a `PT_SYSTIME`.
    pub fn as_time(&self) -> Option<Filetime> {
        match self {
            Self::SysTime(time) => Some(*time),
            _ => None,
        }
    }

    /// The bytes of a `PT_BINARY`.
    pub fn as_binary(&self) -> Option<&'a [u8]> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The byte strings of a `PT_BINARY` or `PT_MV_BINARY`; empty for any other.
    pub fn as_binaries(&self) -> &[&'a [u8]] {
        match self {
            Self::Binary(bytes) => std::slice::from_ref(bytes),
            Self::MultiBinary(elements) => elements,
            _ => &[],
        }
    }
}

/// The form of the `decoded` column. It depends on the value alone and is stable:
///
/// - numbers in decimal; a currency with four decimals; `PT_ERROR` as `0x8004010f`; `true` or `false`;
/// - text as it is, without quotes;
/// - times in RFC 3339, class identifiers as `{…}` in the order Windows prints them;
/// - bytes in lower-case hexadecimal, see [`HexPreview`];
/// - lists as `[1,2]`, and as `["a","b"]` for anything but numbers. Within a quoted element a quotation mark is written
///   `\u{22}`, which is the escape that texts use anyway, so that an element ends at the next quotation mark.
///
/// Names of flags need the place and the tag: see [`tags::decoded_text`](crate::mapi::tags::decoded_text).
impl fmt::Display for PropValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I2(number) => write!(f, "{number}"),
            Self::Long(number) => write!(f, "{number}"),
            Self::R4(number) => write!(f, "{number:?}"),
            Self::Double(number) | Self::AppTime(number) => write!(f, "{number:?}"),
            Self::Currency(number) => write!(f, "{}", Currency(*number)),
            Self::Error(code) => write!(f, "{code:#010x}"),
            Self::Boolean(truth) => write!(f, "{truth}"),
            Self::I8(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::SysTime(time) => write!(f, "{time}"),
            Self::Clsid(bytes) => write!(f, "{}", Guid(*bytes)),
            Self::Binary(bytes) | Self::Unknown(bytes) => write!(f, "{}", HexPreview(bytes)),
            Self::MultiI2(numbers) => list(f, numbers, |f, number| write!(f, "{number}")),
            Self::MultiLong(numbers) => list(f, numbers, |f, number| write!(f, "{number}")),
            Self::MultiR4(numbers) => list(f, numbers, |f, number| write!(f, "{number:?}")),
            Self::MultiDouble(numbers) | Self::MultiAppTime(numbers) => {
                list(f, numbers, |f, number| write!(f, "{number:?}"))
            }
            Self::MultiCurrency(numbers) => list(f, numbers, |f, number| write!(f, "{}", Currency(*number))),
            Self::MultiI8(numbers) => list(f, numbers, |f, number| write!(f, "{number}")),
            Self::MultiSysTime(times) => list(f, times, |f, time| write!(f, "\"{time}\"")),
            Self::MultiClsid(guids) => list(f, guids, |f, guid| write!(f, "\"{}\"", Guid(*guid))),
            Self::MultiText(texts) => list(f, texts, |f, text| quoted(f, text)),
            Self::MultiBinary(elements) => {
                list(f, elements, |f, bytes| write!(f, "\"{}\"", HexPreview(bytes)))
            }
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    elements: &[T],
    write_element: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write_element(f, element)?;
    }
    f.write_str("]")
}

/// Quotes a text that is already escaped, keeping the escape's promise: in a text with an escape, every literal
/// backslash is doubled.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if !text.contains('"') {
        return write!(f, "\"{text}\"");
    }
    let text = if text.contains("\\u{") { text.to_owned() } else { text.replace('\\', "\\\\") };
    write!(f, "\"{}\"", text.replace('"', "\\u{22}"))
}

struct Currency(i64);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:04}", amount / 10_000, amount % 10_000)
    }
}

/// Bytes in lower-case hexadecimal; of more than 64 bytes the first 64 and the length: `0102… (258 bytes)`.
#[derive(Clone, Copy, Debug)]
pub struct HexPreview<'a>(pub &'a [u8]);

impl HexPreview<'_> {
    /// How many bytes are shown at most.
    pub const LIMIT: usize = 64;
}

impl fmt::Display for HexPreview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(Self::LIMIT).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if self.0.len() > Self::LIMIT { write!(f, "… ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_has_one_text_form() {
        let sixty_five = [0xab_u8; 65];
        for (value, text) in [
            (PropValue::I2(-2), "-2"),
            (PropValue::Long(-1), "-1"),
            (PropValue::R4(1.5), "1.5"),
            (PropValue::Double(1e300), "1e300"),
            (PropValue::Double(f64::NAN), "NaN"),
            (PropValue::Currency(-5), "-0.0005"),
            (PropValue::Currency(i64::MIN), "-922337203685477.5808"),
            (PropValue::AppTime(2.5), "2.5"),
            (PropValue::Error(0x8004_010f), "0x8004010f"),
            (PropValue::Boolean(true), "true"),
            (PropValue::I8(i64::MIN), "-9223372036854775808"),
            (PropValue::Text("C:\\a".into()), "C:\\a"),
            (PropValue::SysTime(Filetime(0)), "1601-01-01T00:00:00.0000000Z"),
            (PropValue::Binary(&[1, 0xff]), "01ff"),
            (PropValue::Binary(&[]), ""),
            (PropValue::Unknown(&[0]), "00"),
            (PropValue::MultiI2(vec![1, -2]), "[1,-2]"),
            (PropValue::MultiLong(vec![]), "[]"),
            (PropValue::MultiCurrency(vec![10_000]), "[1.0000]"),
            (PropValue::MultiSysTime(vec![Filetime(0)]), "[\"1601-01-01T00:00:00.0000000Z\"]"),
            (PropValue::MultiText(vec!["a".into(), String::new()]), "[\"a\",\"\"]"),
            (PropValue::MultiBinary(vec![&[1], &[]]), "[\"01\",\"\"]"),
        ] {
            assert_eq!(value.to_string(), text);
        }
        let shown = PropValue::Binary(&sixty_five).to_string();
        assert_eq!(shown, format!("{}… (65 bytes)", "ab".repeat(64)));
        assert_eq!(PropValue::Binary(&sixty_five[..64]).to_string(), "ab".repeat(64));
    }

    #[test]
    fn an_element_ends_at_the_next_quotation_mark() {
        let texts = ["C:\\x \"y\"", "\\u{c}\"", "C:\\plain", "\",\""].map(String::from);
        assert_eq!(
            PropValue::MultiText(texts.to_vec()).to_string(),
            "[\"C:\\\\x \\u{22}y\\u{22}\",\"\\u{c}\\u{22}\",\"C:\\plain\",\"\\u{22},\\u{22}\"]"
        );
    }
}
