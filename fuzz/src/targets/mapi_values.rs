//! Data of properties in every type, entry identifiers and account values; lists of both widths.
//!
//! Bytes 0 and 1 are the type of the property, 2 that of the registry value, 3 the code page; the data follow.

use hive_synth::mapi::{PointerWidth, mv_binary, mv_unicode};
use mapihive::hive::ValueType;
use mapihive::mapi::entry_id::EntryId;
use mapihive::mapi::prop::{PropName, PropType, PropValue, decode, utf16_text};
use mapihive::mapi::{account_text, registry_text};
use mapihive::wintypes::AnsiCodePage;

const PT_MV_BINARY: PropType = PropType(0x1102);
const PT_MV_UNICODE: PropType = PropType(0x101f);
/// Elements of a list that is written in both widths.
const MAX_ELEMENTS: usize = 16;

/// Feeds one input.
pub fn run(input: &[u8]) {
    let Some((&[low, high, kind, page], data)) = input.split_first_chunk::<4>() else { return };
    let ansi = AnsiCodePage::of([1252, 932, 0, 1251][usize::from(page % 4)]);
    let (prop_type, value_type) = (PropType(u16::from_le_bytes([low, high])), ValueType(kind.into()));

    let decoded = decode(prop_type, value_type, data, ansi);
    let text = decoded.value.to_string();
    assert!(!text.chars().any(char::is_control), "no control character is shown: {text:?}");
    let _ = decoded.malformed.map(|malformed| malformed.to_string());
    if let Ok(entry) = EntryId::parse(data, ansi) {
        let shown = entry.to_string();
        assert!(!shown.chars().any(char::is_control), "no control character is shown: {shown:?}");
    }
    for name in ["Account Name", "POP3 Server", "clsid", "Delivery Store EntryID", "Mini UID"] {
        let _ = account_text(name, value_type, data, ansi);
    }
    let _ = (registry_text(value_type, data), utf16_text(data), PropName::parse_latin1(data));
    both_widths(data, ansi);
}

/// What either width writes reads back as what was written.
fn both_widths(data: &[u8], ansi: AnsiCodePage) {
    let blobs: Vec<&[u8]> = data.split(|byte| *byte == 0xff).take(MAX_ELEMENTS).collect();
    let texts: Vec<String> =
        blobs.iter().map(|blob| blob.iter().map(|byte| char::from(byte % 60 + 32)).collect()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for width in [PointerWidth::Bits32, PointerWidth::Bits64] {
        let written = mv_binary(&blobs, width);
        let read = decode(PT_MV_BINARY, ValueType::REG_BINARY, &written, ansi);
        // A list of nothing but empty elements has the same form in both widths, or none.
        if blobs.iter().any(|blob| !blob.is_empty()) {
            let PropValue::MultiBinary(back) = &read.value else {
                panic!("{:?} of {written:x?}", read.value)
            };
            assert_eq!(*back, blobs, "{width:?}");
        }
        let written = mv_unicode(&texts, width);
        let read = decode(PT_MV_UNICODE, ValueType::REG_BINARY, &written, ansi);
        if texts.iter().any(|text| !text.is_empty()) {
            assert_eq!(read.value.as_texts(), texts, "{width:?}");
        }
    }
}
