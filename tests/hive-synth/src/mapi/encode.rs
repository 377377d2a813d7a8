use super::uid::Uid;
use crate::name::{bytes_of, utf16};
use crate::record::{Record, u32_of};

/// Width of offsets and lengths in multi-valued properties: that of the MAPI which wrote them (reference, section 2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PointerWidth {
    /// 32-bit MAPI.
    Bits32,
    /// 64-bit MAPI.
    Bits64,
}

impl PointerWidth {
    fn size(self) -> usize {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }

    fn encode(self, number: usize) -> Vec<u8> {
        let bytes = (number as u64).to_le_bytes();
        bytes[..self.size()].to_vec()
    }
}

/// The value name of a property: type, then id (reference, section 2.4).
pub fn property_name(kind: u16, id: u16) -> String {
    format!("{kind:04x}{id:04x}")
}

/// The name that an EDK service gives its profile: name, then process id and creation time in hexadecimal (V32, V33).
pub fn edk_name(service: &str, pid: u32, created: u64) -> String {
    format!("{service} {pid:08x}{:08x}{:08x}", created >> 32, created & 0xFFFF_FFFF)
}

/// `PT_MV_LONG`: packed elements without count.
pub fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A list of UIDs: `PT_BINARY`, concatenated.
pub fn uids(uids: &[Uid]) -> Vec<u8> {
    uids.iter().flat_map(|uid| uid.0).collect()
}

/// `PT_MV_STRING8` of texts in ASCII: count, offsets from the start of the blob, strings each with a NUL.
pub fn mv_string8(texts: &[&str], width: PointerWidth) -> Vec<u8> {
    let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.bytes().chain([0]).collect()).collect();
    mv_strings(&texts, width)
}

/// `PT_MV_UNICODE`: the same with UTF-16LE strings.
pub fn mv_unicode(texts: &[&str], width: PointerWidth) -> Vec<u8> {
    let texts: Vec<Vec<u8>> = texts.iter().map(|text| crate::utf16_nul(text)).collect();
    mv_strings(&texts, width)
}

fn mv_strings(texts: &[Vec<u8>], width: PointerWidth) -> Vec<u8> {
    let mut at = 4 + texts.len() * width.size();
    let mut blob = u32_of(texts.len()).to_le_bytes().to_vec();
    for text in texts {
        blob.extend(width.encode(at));
        at += text.len();
    }
    blob.extend(texts.concat());
    blob
}

/// `PT_MV_BINARY`: count, lengths and offsets, blobs padded to 4 bytes.
pub fn mv_binary(blobs: &[&[u8]], width: PointerWidth) -> Vec<u8> {
    let mut at = 4 + blobs.len() * 2 * width.size();
    let mut bytes = u32_of(blobs.len()).to_le_bytes().to_vec();
    for blob in blobs {
        bytes.extend(width.encode(blob.len()));
        bytes.extend(width.encode(at));
        at += blob.len().next_multiple_of(4);
    }
    for blob in blobs {
        bytes.extend(*blob);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// A store's entry identifier as MAPI wraps it: flags, wrapper UID, version, provider DLL in ASCII padded to 4 bytes,
/// then the provider's own entry identifier (V25).
pub fn wrapped_entry_id(dll: &str, inner: &[u8]) -> Vec<u8> {
    let mut wrapped =
        Record::default().u32(0).raw(&Uid::STORE_WRAP.0).u16(0).raw(dll.as_bytes()).raw(&[0]).done();
    wrapped.resize(wrapped.len().next_multiple_of(4), 0);
    wrapped.extend(inner);
    wrapped
}

/// The entry identifier of a PST store (V25).
pub(super) fn pst_entry_id(path: &str) -> Vec<u8> {
    let inner = Record::default().u32(0).raw(&Uid::PST.0).u16(0).raw(&crate::utf16_nul(path)).done();
    wrapped_entry_id("mspst.dll", &inner)
}

/// The entry identifier of an Exchange mailbox ([MS-OXCDATA] 2.2.4.3).
pub(super) fn mailbox_entry_id(server: &str, dn: &str) -> Vec<u8> {
    let inner = Record::default()
        .u32(0)
        .raw(&Uid::MAILBOX_STORE.0)
        .u32(0x0C)
        .raw(server.as_bytes())
        .raw(&[0])
        .raw(dn.as_bytes())
        .raw(&[0])
        .done();
    wrapped_entry_id("emsmdb.dll", &inner)
}

/// Bytes with the outer form of a DPAPI blob and nothing encrypted in it: the text stands where the ciphertext would.
pub fn dpapi_blob(text: &str) -> Vec<u8> {
    const PROVIDER: Uid = Uid::parse("d08c9ddf0115d1118c7a00c04fc297eb");
    const CALG_3DES: u32 = 0x6603;
    const CALG_SHA1: u32 = 0x8004;
    let description = bytes_of(&utf16("\0"));
    Record::default()
        .u32(1)
        .raw(&PROVIDER.0)
        .u32(1)
        .raw(&Uid::derived("synthetic master key").0)
        .u32(0)
        .u32(u32_of(description.len()))
        .raw(&description)
        .u32(CALG_3DES)
        .u32(192)
        .u32(16)
        .raw(&Uid::derived("synthetic salt").0)
        .u32(0)
        .u32(CALG_SHA1)
        .u32(160)
        .u32(u32_of(text.len()))
        .raw(text.as_bytes())
        .u32(20)
        .raw(&[0x5A; 20])
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn lists_of_strings_match_the_vectors() {
        let addresses = [
            "ncalrpc:SAMEERP1",
            "ncacn_ip_tcp:sameerp1.microsoft.com",
            "ncacn_spx:SAMEERP1",
            "ncacn_np:SAMEERP1",
            "netbios:SAMEERP1",
            "ncacn_vns_spp:SAMEERP1",
        ];
        let v1 = mv_string8(&addresses, PointerWidth::Bits32);
        assert_eq!(v1.len(), 158);
        assert!(
            hex(&v1).starts_with("060000001c0000002d000000510000006400000076000000870000006e63616c727063")
        );
        let one = ["contab.dll"];
        assert_eq!(hex(&mv_string8(&one, PointerWidth::Bits32)), "0100000008000000636f6e7461622e646c6c00");
        assert_eq!(
            hex(&mv_string8(&one, PointerWidth::Bits64)),
            "010000000c00000000000000636f6e7461622e646c6c00"
        );
        assert_eq!(
            hex(&mv_string8(&["MINET.DLL", "INETAB.DLL"], PointerWidth::Bits32)),
            "020000000c000000160000004d494e45542e444c4c00494e455441422e444c4c00"
        );
        assert_eq!(
            hex(&mv_unicode(&["Contacts"], PointerWidth::Bits32)),
            "010000000800000043006f006e00740061006300740073000000"
        );
    }

    #[test]
    fn lists_of_blobs_match_the_vectors() {
        let blob = [0x11; 24];
        let narrow = mv_binary(&[&blob], PointerWidth::Bits32);
        assert!(hex(&narrow).starts_with("01000000180000000c000000"));
        assert_eq!(narrow.len(), 36);
        let wide = mv_binary(&[&blob], PointerWidth::Bits64);
        assert!(hex(&wide).starts_with("0100000018000000000000001400000000000000"));
        assert_eq!(wide.len(), 44);
        // An element without bytes has the offset of the next one.
        let empty_first = mv_binary(&[&[], &[7]], PointerWidth::Bits32);
        assert_eq!(hex(&empty_first), "02000000000000001400000001000000140000000700000000"[..48].to_owned());
    }

    #[test]
    fn entry_identifiers_match_the_vector() {
        let entry_id = pst_entry_id(r"D:\Documents\mail.pst");
        assert!(hex(&entry_id).starts_with(
            "0000000038a1bb1005e5101aa1bb08002b2a56c200006d737073742e646c6c00000000004e495441f9bfb80100aa0037d96e0000\
             000044003a005c0044006f00"
        ));
        assert_eq!(&entry_id[22..31], b"mspst.dll");
    }

    #[test]
    fn service_profile_names_match_the_vectors() {
        let imc = crate::filetime(1999, 4, 30, 8, 15, 30, 250);
        assert_eq!(edk_name("MSExchangeIMC", 300, imc), "MSExchangeIMC 0000012c01be92e19c6ae2a0");
        let calcon = crate::filetime(1999, 4, 28, 2, 0, 0, 0);
        assert_eq!(edk_name("MSExchangeCalCon", 244, calcon), "MSExchangeCalCon 000000f401be911ad2841000");
    }

    #[test]
    fn a_synthetic_secret_starts_like_a_real_one() {
        let blob = dpapi_blob("MARK");
        assert!(hex(&blob).starts_with("01000000d08c9ddf0115d1118c7a00c04fc297eb01000000"));
        assert_eq!(property_name(0x001f, 0x3d09), "001f3d09");
    }
}
