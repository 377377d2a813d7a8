use std::fmt;

/// A security identifier, such as `S-1-5-21-1085031214-1563985344-725345543-1004`.
///
/// Source: \[MS-DTYP\] 2.4.2. At most 15 sub-authorities.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    sub_authorities: Vec<u32>,
}

/// Why bytes or text are not a SID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SidError {
    /// Fewer bytes than the sub-authority count asks for.
    #[error("SID needs {needed} bytes, {found} are left")]
    TooShort {
        /// Bytes the SID would take.
        needed: usize,
        /// Bytes there are.
        found: usize,
    },
    /// Only revision 1 is defined.
    #[error("SID revision {0}, expected 1")]
    Revision(u8),
    /// More than 15 sub-authorities.
    #[error("SID with {0} sub-authorities, at most 15 are possible")]
    TooManySubAuthorities(u8),
}

/// `SID_MAX_SUB_AUTHORITIES` of winnt.h.
const MAX_SUB_AUTHORITIES: u8 = 15;

impl Sid {
    /// Reads the SID at the start of `bytes`; what follows it is not looked at.
    pub fn from_prefix(bytes: &[u8]) -> Result<Self, SidError> {
        let head: &[u8; 8] =
            bytes.first_chunk().ok_or(SidError::TooShort { needed: 8, found: bytes.len() })?;
        let [revision, count, authority @ ..] = *head;
        if revision != 1 {
            return Err(SidError::Revision(revision));
        }
        if count > MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubAuthorities(count));
        }
        let needed = 8 + 4 * usize::from(count);
        let body = bytes.get(8..needed).ok_or(SidError::TooShort { needed, found: bytes.len() })?;
        Ok(Self {
            authority: authority.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
            sub_authorities: body.as_chunks::<4>().0.iter().map(|part| u32::from_le_bytes(*part)).collect(),
        })
    }

    /// Reads the `S-1-…` notation; the authority may be decimal or, above 32 bits, hexadecimal.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-"))?;
        let mut parts = rest.split('-');
        let authority = parts.next()?;
        let authority = match authority.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok()?,
            None => authority.parse().ok()?,
        };
        let sub_authorities = parts.map(str::parse).collect::<Result<Vec<u32>, _>>().ok()?;
        let fits = authority < 1 << 48 && sub_authorities.len() <= usize::from(MAX_SUB_AUTHORITIES);
        fits.then_some(Self { authority, sub_authorities })
    }

    /// The identifier authority: 5 for Windows itself, 12 for Entra ID, 15 for application packages.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub-authorities in order; the last one of an account's SID is its relative identifier.
    pub fn sub_authorities(&self) -> &[u32] {
        &self.sub_authorities
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // [MS-DTYP] 2.4.2.1: an authority of 2^32 and above is written in hexadecimal.
        if self.authority < 1 << 32 {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-{:#x}", self.authority)?;
        }
        self.sub_authorities.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_text_of_a_sid_mean_the_same() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0, 0xff];
        let sid = Sid::from_prefix(&bytes).unwrap();
        assert_eq!(sid.to_string(), "S-1-5-32-544");
        assert_eq!(Sid::parse("S-1-5-32-544"), Some(sid));
        assert_eq!(Sid::parse("S-1-0x10000000000-1").unwrap().to_string(), "S-1-0x10000000000-1");
    }

    #[test]
    fn a_sid_that_claims_more_than_there_is_is_refused() {
        assert_eq!(
            Sid::from_prefix(&[1, 15, 0, 0, 0, 0, 0, 5]),
            Err(SidError::TooShort { needed: 68, found: 8 })
        );
        assert_eq!(Sid::from_prefix(&[1, 16, 0, 0, 0, 0, 0, 5]), Err(SidError::TooManySubAuthorities(16)));
        assert_eq!(Sid::from_prefix(&[2, 0, 0, 0, 0, 0, 0, 5]), Err(SidError::Revision(2)));
        assert_eq!(Sid::parse("S-1-5-4294967296"), None);
    }
}
