use super::{Sid, SidError};

/// What a self-relative security descriptor says about its owner and about who may do what.
///
/// Source: \[MS-DTYP\] 2.4.6 (descriptor), 2.4.5 (ACL), 2.4.4 (ACE).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityDescriptor {
    /// The owner, usually `S-1-5-32-544` on a user's hive: it does not identify the user.
    pub owner: Option<Sid>,
    /// The `ACCESS_ALLOWED` entries of the discretionary ACL in their order; `None` where there is no such ACL.
    pub allowed: Option<Vec<AccessAllowed>>,
    /// Set when the ACL ended before all its entries were read.
    pub incomplete: Option<SecurityDescriptorError>,
}

/// One `ACCESS_ALLOWED_ACE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessAllowed {
    /// Who.
    pub sid: Sid,
    /// What: an access mask; `0x000f003f` is full control of a registry key.
    pub mask: u32,
}

impl AccessAllowed {
    /// `KEY_ALL_ACCESS`.
    const FULL_CONTROL: u32 = 0x000f_003f;
    const GENERIC_ALL: u32 = 0x1000_0000;

    /// Whether the entry grants full control of a key, spelled out or as `GENERIC_ALL`.
    pub fn is_full_control(&self) -> bool {
        self.mask & Self::FULL_CONTROL == Self::FULL_CONTROL || self.mask & Self::GENERIC_ALL != 0
    }
}

/// Why a security descriptor could not be read, or not to its end. Offsets count from the descriptor's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SecurityDescriptorError {
    /// The fixed part takes 20 bytes.
    #[error("security descriptor of {found} bytes, at least 20 are needed")]
    TooShort {
        /// Bytes there are.
        found: usize,
    },
    /// Only revision 1 is defined.
    #[error("security descriptor revision {0}, expected 1")]
    Revision(u8),
    /// A part of the descriptor lies outside of it.
    #[error("security descriptor refers to byte {at} of {len}")]
    OutOfBounds {
        /// Offset referred to.
        at: usize,
        /// Length of the descriptor.
        len: usize,
    },
    /// A SID in the descriptor is not one.
    #[error("security descriptor, byte {at}: {source}")]
    BadSid {
        /// Offset of the SID.
        at: usize,
        /// What is wrong with it.
        source: SidError,
    },
}

/// `SE_DACL_PRESENT`.
const DACL_PRESENT: u16 = 0x0004;
/// `ACCESS_ALLOWED_ACE_TYPE`.
const ACCESS_ALLOWED: u8 = 0;

impl SecurityDescriptor {
    /// Reads a self-relative descriptor; an ACL that breaks off keeps the entries before the break.
    pub fn parse(bytes: &[u8]) -> Result<Self, SecurityDescriptorError> {
        let head: &[u8; 20] =
            bytes.first_chunk().ok_or(SecurityDescriptorError::TooShort { found: bytes.len() })?;
        if head[0] != 1 {
            return Err(SecurityDescriptorError::Revision(head[0]));
        }
        let control = u16::from_le_bytes([head[2], head[3]]);
        let owner_at = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let dacl_at = u32::from_le_bytes([head[16], head[17], head[18], head[19]]) as usize;

        let mut descriptor = Self::default();
        if owner_at != 0 {
            descriptor.owner = Some(sid_at(bytes, owner_at)?);
        }
        if control & DACL_PRESENT != 0 && dacl_at != 0 {
            let mut allowed = Vec::new();
            descriptor.incomplete = read_acl(bytes, dacl_at, &mut allowed).err();
            descriptor.allowed = Some(allowed);
        }
        Ok(descriptor)
    }
}

fn read_acl(
    bytes: &[u8],
    at: usize,
    allowed: &mut Vec<AccessAllowed>,
) -> Result<(), SecurityDescriptorError> {
    let out_of_bounds = |at| SecurityDescriptorError::OutOfBounds { at, len: bytes.len() };
    let head: &[u8; 8] = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(|| out_of_bounds(at))?;
    // At most 65,535 entries: the count has 16 bits, and each entry moves on by at least four bytes.
    let count = u16::from_le_bytes([head[4], head[5]]);
    let mut at = at + 8;
    for _ in 0..count {
        let ace: &[u8; 4] = bytes.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(|| out_of_bounds(at))?;
        let size = usize::from(u16::from_le_bytes([ace[2], ace[3]]));
        if size < 4 {
            return Err(out_of_bounds(at));
        }
        if ace[0] == ACCESS_ALLOWED {
            let mask: &[u8; 4] =
                bytes.get(at + 4..).and_then(<[u8]>::first_chunk).ok_or_else(|| out_of_bounds(at + 4))?;
            allowed.push(AccessAllowed { sid: sid_at(bytes, at + 8)?, mask: u32::from_le_bytes(*mask) });
        }
        at += size;
    }
    Ok(())
}

fn sid_at(bytes: &[u8], at: usize) -> Result<Sid, SecurityDescriptorError> {
    let tail = bytes.get(at..).ok_or(SecurityDescriptorError::OutOfBounds { at, len: bytes.len() })?;
    Sid::from_prefix(tail).map_err(|source| SecurityDescriptorError::BadSid { at, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Owner S-1-5-18, DACL: S-1-5-21-1-2-3-1001 full control, then one deny entry.
    fn sample() -> Vec<u8> {
        let mut bytes = vec![1, 0, 0x04, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0];
        bytes.extend([1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
        bytes.extend([2, 0, 64, 0, 2, 0, 0, 0]);
        bytes.extend([0, 3, 36, 0, 0x3f, 0, 0x0f, 0, 1, 5, 0, 0, 0, 0, 0, 5]);
        for part in [21_u32, 1, 2, 3, 1001] {
            bytes.extend(part.to_le_bytes());
        }
        bytes.extend([1, 0, 20, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn the_users_sid_stands_in_the_dacl() {
        let descriptor = SecurityDescriptor::parse(&sample()).unwrap();
        assert_eq!(descriptor.owner.unwrap().to_string(), "S-1-5-18");
        let allowed = descriptor.allowed.unwrap();
        assert_eq!(allowed.len(), 1);
        assert_eq!(allowed[0].sid.to_string(), "S-1-5-21-1-2-3-1001");
        assert!(allowed[0].is_full_control());
        assert_eq!(descriptor.incomplete, None);
    }

    #[test]
    fn an_acl_that_breaks_off_keeps_what_came_before() {
        let mut bytes = sample();
        bytes.truncate(bytes.len() - 18);
        bytes[36] = 9;
        let descriptor = SecurityDescriptor::parse(&bytes).unwrap();
        assert_eq!(descriptor.allowed.unwrap().len(), 1);
        assert!(descriptor.incomplete.is_some());
    }

    #[test]
    fn no_prefix_of_a_descriptor_panics() {
        let bytes = sample();
        for len in 0..bytes.len() {
            let _ = SecurityDescriptor::parse(&bytes[..len]);
        }
    }
}
