//! The 16-byte identifiers that name profile sections, services and providers.

use std::fmt;

use super::tags::SectionKind;
use crate::wintypes::Hex;

/// A `MAPIUID`: 16 bytes in storage order, without the byte swapping of a GUID structure.
///
/// The key of a profile section is named by these bytes in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapiUid(pub [u8; 16]);

impl MapiUid {
    /// Reads the name of a section's key: 32 hexadecimal digits in either letter case; `None` is another kind of key.
    pub fn from_key_name(name: &str) -> Option<Self> {
        let digits: &[u8; 32] = name.as_bytes().try_into().ok()?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16)?).ok();
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }

    /// Reads a list property such as `PR_SERVICES`: UIDs one after the other. The second value is the number of bytes
    /// after the last whole one, 0 in an intact list.
    pub fn from_list(data: &[u8]) -> (Vec<Self>, usize) {
        let (uids, rest) = data.as_chunks::<16>();
        (uids.iter().copied().map(Self).collect(), rest.len())
    }

    /// Reads a property that holds one UID, such as `PR_SERVICE_UID`.
    pub fn from_bytes(data: &[u8]) -> Option<Self> {
        data.try_into().ok().map(Self)
    }
}

/// The name of the section's key: 32 lower-case hexadecimal digits.
impl fmt::Display for MapiUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Hex::of(self.0).as_str())
    }
}

impl fmt::Debug for MapiUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The 16 bytes of a `PT_CLSID`, in the order of a GUID structure: the first three fields are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guid(pub [u8; 16]);

/// As Windows prints it: `{ED475418-B0D6-11D2-8C3B-00104B2A6676}`.
impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [d1_0, d1_1, d1_2, d1_3, d2_0, d2_1, d3_0, d3_1, tail @ ..] = self.0;
        let data1 = u32::from_le_bytes([d1_0, d1_1, d1_2, d1_3]);
        let data2 = u16::from_le_bytes([d2_0, d2_1]);
        let data3 = u16::from_le_bytes([d3_0, d3_1]);
        let data4 = u64::from_be_bytes(tail);
        write!(
            f,
            "{{{data1:08X}-{data2:04X}-{data3:04X}-{:04X}-{:012X}}}",
            data4 >> 48,
            data4 & 0xffff_ffff_ffff
        )
    }
}

/// What a well-known UID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UidRole {
    /// A section that has this name in every profile.
    Section(SectionKind),
    /// The kind of a message store, as stored in `PR_MDB_PROVIDER`.
    StoreProvider,
    /// The provider of an entry identifier.
    EntryIdProvider,
}

/// A UID whose meaning is published or was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellKnownUid {
    /// The UID.
    pub uid: MapiUid,
    /// The symbol of the headers, where there is one.
    pub symbol: Option<&'static str>,
    /// What it names, in plain words.
    pub name: &'static str,
    /// In which role.
    pub role: UidRole,
    /// Where the fact comes from; `measured` is on public sample hives.
    pub source: &'static str,
}

/// MAPI's own section with the service table.
pub const ROOT_SECTION: MapiUid = uid(0x9207_f3e0_a3b1_1019_908b_0800_2b2a_56c2);
/// `pbGlobalProfileSectionGuid`: Exchange settings up to Outlook 2007.
pub const GLOBAL_PROFILE_SECTION: MapiUid = uid(0x13db_b0c8_aa05_101a_9bb0_00aa_002f_c45a);
/// `IID_CAPONE_PROF`: the client's own section.
pub const CAPONE_SECTION: MapiUid = uid(0x0a0d_0200_0000_0000_c000_0000_0000_0046);
/// `MUID_PROFILE_INSTANCE`: holds `PR_SEARCH_KEY`, unique per profile ever created.
pub const PROFILE_INSTANCE_SECTION: MapiUid = uid(0x8503_0200_0000_0000_c000_0000_0000_0046);
/// Outlook's account manager, whose key name is written in mixed case.
pub const ACCOUNT_MANAGER_SECTION: MapiUid = uid(0x9375_cff0_4131_11d3_b88a_0010_4b2a_6676);
/// `muidEMSAB`: section and entry identifiers of the Exchange address book.
pub const EXCHANGE_ADDRESS_BOOK: MapiUid = uid(0xdca7_40c8_c042_101a_b4b9_0800_2b2f_e182);
/// Dial-up networking.
pub const DIAL_UP_SECTION: MapiUid = uid(0x5acf_76a3_6655_11ce_a39a_00aa_004a_cafa);
/// Unnamed section whose `001f6000` is the profile's name at creation.
pub const PROFILE_NAME_SECTION: MapiUid = uid(0x3517_490d_7662_4c41_9a82_8607_e2a5_4604);
/// `muidStoreWrap`: a wrapped store entry identifier.
pub const STORE_WRAP: MapiUid = uid(0x38a1_bb10_05e5_101a_a1bb_0800_2b2a_56c2);
/// `MSPST_UID_PROVIDER`: personal folders.
pub const MSPST_PROVIDER: MapiUid = uid(0x4e49_5441_f9bf_b801_00aa_0037_d96e_0000);
/// `muidContabDLL`: Outlook address book.
pub const CONTAB_PROVIDER: MapiUid = uid(0xfe42_aa0a_18c7_1a10_e885_0b65_1c24_0000);
/// `pbExchangeProviderPrimaryUserGuid`: the user's own mailbox.
pub const PRIMARY_STORE: MapiUid = uid(0x5494_a1c0_297f_101b_a587_0800_2b2a_2517);
/// `pbExchangeProviderPublicGuid`: public folders.
pub const PUBLIC_STORE: MapiUid = uid(0x78b2_fa70_aff7_11cd_9bc8_00aa_002f_c45a);
/// `pbExchangeProviderDelegateGuid`: somebody else's mailbox, or an archive mailbox.
pub const DELEGATE_STORE: MapiUid = uid(0x9eb4_7700_74e4_11ce_8c5e_00aa_0042_54e2);

/// Every UID whose meaning is known.
pub static WELL_KNOWN: &[WellKnownUid] = &[
    WellKnownUid {
        uid: ROOT_SECTION,
        symbol: None,
        name: "MAPI root and service table",
        role: UidRole::Section(SectionKind::Root),
        source: "measured in every profile",
    },
    WellKnownUid {
        uid: GLOBAL_PROFILE_SECTION,
        symbol: Some("pbGlobalProfileSectionGuid"),
        name: "Exchange settings of the profile (MSEMS_MSMail_Section)",
        role: UidRole::Section(SectionKind::GlobalProfile),
        source: "EdkMdb.h; mfcmapi UI/profile.cpp",
    },
    WellKnownUid {
        uid: CAPONE_SECTION,
        symbol: Some("IID_CAPONE_PROF"),
        name: "Outlook or Exchange client settings",
        role: UidRole::Section(SectionKind::Capone),
        source: "mfcmapi guid.h; Q197712; Q198479",
    },
    WellKnownUid {
        uid: PROFILE_INSTANCE_SECTION,
        symbol: Some("MUID_PROFILE_INSTANCE"),
        name: "profile instance",
        role: UidRole::Section(SectionKind::ProfileInstance),
        source: "MAPIGuid.h; office-developer-client-docs iprofsectimapiprop",
    },
    WellKnownUid {
        uid: ACCOUNT_MANAGER_SECTION,
        symbol: None,
        name: "Outlook account manager",
        role: UidRole::Section(SectionKind::AccountManager),
        source: "RegRipper outlook2.pl; measured",
    },
    WellKnownUid {
        uid: EXCHANGE_ADDRESS_BOOK,
        symbol: Some("muidEMSAB"),
        name: "Exchange address book provider",
        role: UidRole::Section(SectionKind::ExchangeAddressBook),
        source: "mfcmapi guid.h; [MS-OXCDATA] 2.2.5.2",
    },
    WellKnownUid {
        uid: DIAL_UP_SECTION,
        symbol: None,
        name: "dial-up networking",
        role: UidRole::Section(SectionKind::DialUp),
        source: "RegRipper outlook2.pl",
    },
    WellKnownUid {
        uid: PROFILE_NAME_SECTION,
        symbol: None,
        name: "profile name at creation (meaning inferred)",
        role: UidRole::Section(SectionKind::ProfileName),
        source: "measured in five profiles",
    },
    WellKnownUid {
        uid: uid(0xf86e_d290_3a4a_11cf_b57e_5241_5348_0001),
        symbol: None,
        name: "unknown",
        role: UidRole::Section(SectionKind::Other),
        source: "measured in five profiles",
    },
    WellKnownUid {
        uid: uid(0x42ac_df40_ca5b_11cd_b7ba_00aa_003c_f7f1),
        symbol: None,
        name: "unknown",
        role: UidRole::Section(SectionKind::Other),
        source: "RegRipper outlook2.pl",
    },
    WellKnownUid {
        uid: PRIMARY_STORE,
        symbol: Some("pbExchangeProviderPrimaryUserGuid"),
        name: "Exchange primary mailbox",
        role: UidRole::StoreProvider,
        source: "EdkMdb.h; mfcmapi UI/profile.cpp",
    },
    WellKnownUid {
        uid: PUBLIC_STORE,
        symbol: Some("pbExchangeProviderPublicGuid"),
        name: "Exchange public folders",
        role: UidRole::StoreProvider,
        source: "EdkMdb.h; mfcmapi UI/profile.cpp",
    },
    WellKnownUid {
        uid: DELEGATE_STORE,
        symbol: Some("pbExchangeProviderDelegateGuid"),
        name: "Exchange delegate or archive mailbox",
        role: UidRole::StoreProvider,
        source: "EdkMdb.h; Q222914",
    },
    WellKnownUid {
        uid: MSPST_PROVIDER,
        symbol: Some("MSPST_UID_PROVIDER"),
        name: "personal folders",
        role: UidRole::StoreProvider,
        source: "MSPST.h; measured",
    },
    WellKnownUid {
        uid: STORE_WRAP,
        symbol: Some("muidStoreWrap"),
        name: "wrapped message store",
        role: UidRole::EntryIdProvider,
        source: "mfcmapi guid.h; [MS-OXCDATA] 2.2.4.3",
    },
    WellKnownUid {
        uid: CONTAB_PROVIDER,
        symbol: Some("muidContabDLL"),
        name: "Outlook address book",
        role: UidRole::EntryIdProvider,
        source: "mfcmapi guid.h; [MS-OXCDATA] 2.2.5.3",
    },
    WellKnownUid {
        uid: uid(0x1b55_fa20_aa66_cd11_9bc8_00aa_002f_c45a),
        symbol: Some("g_muidStorePrivate"),
        name: "Exchange private store",
        role: UidRole::EntryIdProvider,
        source: "mfcmapi guid.h",
    },
    WellKnownUid {
        uid: uid(0x1c83_0210_aa66_cd11_9bc8_00aa_002f_c45a),
        symbol: Some("g_muidStorePublic"),
        name: "Exchange public store",
        role: UidRole::EntryIdProvider,
        source: "mfcmapi guid.h",
    },
];

/// What is known about a UID.
pub fn well_known(uid: &MapiUid) -> Option<&'static WellKnownUid> {
    WELL_KNOWN.iter().find(|known| known.uid == *uid)
}

/// The digits as they stand in a key's name.
const fn uid(digits: u128) -> MapiUid {
    MapiUid(digits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapi::prop::test_bytes::hex;

    #[test]
    fn a_key_name_in_any_letter_case_is_the_same_uid() {
        let uid = MapiUid::from_key_name("9375CFF0413111d3B88A00104B2A6676").unwrap();
        assert_eq!(uid, ACCOUNT_MANAGER_SECTION);
        assert_eq!(uid.to_string(), "9375cff0413111d3b88a00104b2a6676");
        for other in [
            "9375CFF0413111d3B88A00104B2A667",
            "9375CFF0413111d3B88A00104B2A66760",
            "9375CFF0413111d3B88A00104B2A667g",
            "+375CFF0413111d3B88A00104B2A6676",
            "{D9734F19-8CFB-411D-BC59-833E3}",
            "",
        ] {
            assert_eq!(MapiUid::from_key_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_list_is_uids_one_after_the_other() {
        // V5.
        let data = hex("595f789f3cd59d449099570b8ac916e69cf6c4df9bcfa8469b1ed5ed95305f1d");
        let (uids, rest) = MapiUid::from_list(&data);
        let names: Vec<_> = uids.iter().map(MapiUid::to_string).collect();
        assert_eq!(names, ["595f789f3cd59d449099570b8ac916e6", "9cf6c4df9bcfa8469b1ed5ed95305f1d"]);
        assert_eq!(rest, 0);
        for len in 0..data.len() {
            let (uids, rest) = MapiUid::from_list(&data[..len]);
            assert_eq!((uids.len(), rest), (len / 16, len % 16));
        }
    }

    #[test]
    fn single_uids_have_sixteen_bytes() {
        // V6, V7, V13.
        for digits in [
            "128f1a1a94b5da4b8ff4fe9c95483be7",
            "0f9c2c86fb94954c8bfabe97dcf0236a",
            "5d2eab47b56bf840946a19ca523237fc",
            "fc39fbc8c85bcb43816b40b7d4c72f22",
        ] {
            assert_eq!(MapiUid::from_bytes(&hex(digits)).unwrap().to_string(), digits);
        }
        assert_eq!(MapiUid::from_bytes(&[0; 15]), None);
        let (stores, rest) =
            MapiUid::from_list(&hex("5cb8758229e3d24396af67a1c502bdb056d8041215c62c4fac5239137cf26a3f"));
        assert_eq!((stores.len(), rest), (2, 0));
    }

    #[test]
    fn a_class_identifier_is_printed_in_structure_order() {
        // V22.
        let bytes = hex("49eb54c6c29f4a47b72032e95852622c").try_into().unwrap();
        assert_eq!(Guid(bytes).to_string(), "{C654EB49-9FC2-474A-B720-32E95852622C}");
        // V14, V15: the kinds of store.
        for (digits, store) in [
            ("5494a1c0297f101ba58708002b2a2517", PRIMARY_STORE),
            ("78b2fa70aff711cd9bc800aa002fc45a", PUBLIC_STORE),
            ("9eb4770074e411ce8c5e00aa004254e2", DELEGATE_STORE),
        ] {
            assert_eq!(MapiUid::from_key_name(digits), Some(store));
        }
    }

    #[test]
    fn every_well_known_uid_stands_once_in_the_table() {
        for known in WELL_KNOWN {
            assert_eq!(well_known(&known.uid), Some(known));
        }
        assert_eq!(well_known(&MapiUid([0; 16])), None);
    }
}
