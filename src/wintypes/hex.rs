/// The digits of every byte.
const DIGITS: [[u8; 2]; 256] = {
    let digit = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [digit[byte >> 4], digit[byte & 15]];
        byte += 1;
    }
    digits
};

/// Bytes as lower-case hexadecimal digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| DIGITS[usize::from(*byte)]).collect();
    String::from_utf8(digits.into_flattened()).unwrap_or_default()
}

/// The same of as many bytes as are known beforehand, without memory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<const BYTES: usize>([[u8; 2]; BYTES]);

impl<const BYTES: usize> Hex<BYTES> {
    /// Of these bytes.
    pub fn of(bytes: [u8; BYTES]) -> Self {
        Self(bytes.map(|byte| DIGITS[usize::from(byte)]))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.0.as_flattened()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(super::hex(&[0, 0x0f, 0xa5, 0xff]), "000fa5ff");
        for byte in 0..=u8::MAX {
            assert_eq!(super::hex(&[byte]), format!("{byte:02x}"));
            assert_eq!(super::Hex::of([0xa5, byte]).as_str(), format!("a5{byte:02x}"));
        }
    }
}
