/// A record under construction, field by field in the order of the specification's tables.
#[derive(Default)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    pub(crate) fn new(signature: [u8; 2]) -> Self {
        Self(signature.to_vec())
    }

    pub(crate) fn u16(mut self, field: u16) -> Self {
        self.0.extend(field.to_le_bytes());
        self
    }

    pub(crate) fn u32(mut self, field: u32) -> Self {
        self.0.extend(field.to_le_bytes());
        self
    }

    pub(crate) fn u64(mut self, field: u64) -> Self {
        self.0.extend(field.to_le_bytes());
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A length as a 32-bit field. Synthetic hives are far below the limit.
pub(crate) fn u32_of(length: usize) -> u32 {
    u32::try_from(length).expect("a synthetic hive stays below 4 GiB")
}

/// A length as a 16-bit field.
///
/// # Panics
/// When the length does not fit: the description asked for more than the format can hold.
pub(crate) fn u16_of(length: usize) -> u16 {
    u16::try_from(length).expect("the field holds 16 bits")
}
