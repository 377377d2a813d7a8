/// A MAPI UID; as a section name it is printed in storage order (reference, section 2.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid(pub [u8; 16]);

impl Uid {
    /// MAPI's own section with the service table (reference, section 2.2).
    pub const ROOT: Self = Self::parse("9207f3e0a3b11019908b08002b2a56c2");
    /// The global Exchange section of a profile.
    pub const EXCHANGE: Self = Self::parse("13dbb0c8aa05101a9bb000aa002fc45a");
    /// The section of the Outlook and Exchange client.
    pub const CLIENT: Self = Self::parse("0a0d020000000000c000000000000046");
    /// The section with the search key of the profile instance.
    pub const INSTANCE: Self = Self::parse("8503020000000000c000000000000046");
    /// The section that may hold a CLSID, its meaning unknown.
    pub const OPAQUE: Self = Self::parse("f86ed2903a4a11cfb57e524153480001");
    /// The section that holds the name at creation.
    pub const NAME_AT_CREATION: Self = Self::parse("3517490d76624c419a828607e2a54604");
    /// Store kind: the user's own mailbox (reference, section 2.3).
    pub const PRIVATE_STORE: Self = Self::parse("5494a1c0297f101ba58708002b2a2517");
    /// Store kind: public folders.
    pub const PUBLIC_STORE: Self = Self::parse("78b2fa70aff711cd9bc800aa002fc45a");
    /// Store kind: somebody else's mailbox.
    pub const DELEGATE_STORE: Self = Self::parse("9eb4770074e411ce8c5e00aa004254e2");
    /// Provider of PST stores (reference, section 2.4).
    pub const PST: Self = Self::parse("4e495441f9bfb80100aa0037d96e0000");
    /// Provider of wrapped store entry identifiers.
    pub const STORE_WRAP: Self = Self::parse("38a1bb1005e5101aa1bb08002b2a56c2");
    /// Provider inside a wrapped entry identifier of an Exchange mailbox ([MS-OXCDATA] 2.2.4.3).
    pub const MAILBOX_STORE: Self = Self::parse("1b55fa20aa6611cd9bc800aa002fc45a");
    /// Provider of the Outlook address book (V8).
    pub const CONTAB: Self = Self::parse("fe42aa0a18c71a10e8850b651c240000");

    /// A UID from its 32 hexadecimal digits.
    ///
    /// # Panics
    /// When the text has another form.
    pub const fn parse(text: &str) -> Self {
        const fn digit(byte: u8) -> u8 {
            match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ => panic!("a hexadecimal digit"),
            }
        }
        let text = text.as_bytes();
        assert!(text.len() == 32);
        let mut bytes = [0; 16];
        let mut index = 0;
        while index < 16 {
            bytes[index] = digit(text[2 * index]) << 4 | digit(text[2 * index + 1]);
            index += 1;
        }
        Self(bytes)
    }

    /// A UID that depends on the seed alone and has the marks of a random GUID (version 4).
    pub fn derived(seed: &str) -> Self {
        // FNV-1a over the seed, once for each half.
        let half = |salt: u64| {
            let start = 0xcbf2_9ce4_8422_2325 ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let hash =
                seed.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
            (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9).to_le_bytes()
        };
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&half(1));
        bytes[8..].copy_from_slice(&half(2));
        bytes[7] = 0x40 | (bytes[7] & 0x0F);
        bytes[8] = 0x80 | (bytes[8] & 0x3F);
        Self(bytes)
    }

    /// The name of the section.
    pub fn hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_prints_in_storage_order() {
        assert_eq!(Uid::ROOT.hex(), "9207f3e0a3b11019908b08002b2a56c2");
        assert_eq!(Uid::derived("a"), Uid::derived("a"));
        assert_ne!(Uid::derived("a"), Uid::derived("b"));
        assert_eq!(&Uid::derived("a").hex()[14..15], "4");
    }
}
