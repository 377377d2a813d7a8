use crate::record::{Record, u16_of, u32_of};

/// Full access to a registry key.
pub const KEY_ALL_ACCESS: u32 = 0x000F_003F;
/// Read access to a registry key.
pub const KEY_READ: u32 = 0x0002_0019;
/// ACE flag: inherited by objects that are not containers.
pub const ACE_OBJECT_INHERIT: u8 = 0x01;
/// ACE flag: inherited by containers (keys).
pub const ACE_CONTAINER_INHERIT: u8 = 0x02;
/// ACE flag: for children only, not for this key.
pub const ACE_INHERIT_ONLY: u8 = 0x08;

/// A security identifier, written from its text form `S-1-…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sid(Vec<u8>);

impl Sid {
    /// `LocalSystem`.
    pub const SYSTEM: &str = "S-1-5-18";
    /// The local service account.
    pub const LOCAL_SERVICE: &str = "S-1-5-19";
    /// The network service account.
    pub const NETWORK_SERVICE: &str = "S-1-5-20";
    /// The built-in group of administrators.
    pub const ADMINISTRATORS: &str = "S-1-5-32-544";
    /// The built-in group of users.
    pub const USERS: &str = "S-1-5-32-545";
    /// Code running with restricted rights.
    pub const RESTRICTED: &str = "S-1-5-12";
    /// Whoever creates the object.
    pub const CREATOR_OWNER: &str = "S-1-3-0";

    /// # Panics
    /// When the text is no SID.
    pub fn new(text: &str) -> Self {
        let mut parts = text.split('-');
        assert_eq!(parts.next(), Some("S"), "{text} is no SID");
        let mut number = || parts.next().map(|part| part.parse::<u64>().expect("a decimal number"));
        let revision = number().expect("a revision");
        let authority = number().expect("an authority");
        let subauthorities: Vec<u64> = std::iter::from_fn(number).collect();

        let mut bytes = vec![
            u8::try_from(revision).expect("a revision of one byte"),
            u8::try_from(subauthorities.len()).expect("at most 255 sub-authorities"),
        ];
        bytes.extend(&authority.to_be_bytes()[2..]);
        for subauthority in subauthorities {
            bytes.extend(u32::try_from(subauthority).expect("a sub-authority of 32 bits").to_le_bytes());
        }
        Self(bytes)
    }

    /// A SID whose bytes are chosen freely, for tests of damage.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The binary form.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A self-relative security descriptor under construction.
#[derive(Clone, Default, Debug)]
pub struct SecurityDescriptor {
    owner: Option<Sid>,
    group: Option<Sid>,
    aces: Vec<Ace>,
    no_dacl: bool,
}

#[derive(Clone, Debug)]
struct Ace {
    kind: u8,
    flags: u8,
    mask: u32,
    sid: Sid,
}

impl SecurityDescriptor {
    /// No owner, no group, an empty DACL.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `LoadUserProfile` puts on the root key of a user hive: full control for the account, `LocalSystem` and
    /// administrators, read for restricted code; owner administrators, group `LocalSystem` (reference, section 6).
    pub fn user_hive(account_sid: &str) -> Self {
        let inherit = ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT;
        Self::new()
            .owner(Sid::ADMINISTRATORS)
            .group(Sid::SYSTEM)
            .allow(inherit, KEY_ALL_ACCESS, account_sid)
            .allow(inherit, KEY_ALL_ACCESS, Sid::SYSTEM)
            .allow(inherit, KEY_ALL_ACCESS, Sid::ADMINISTRATORS)
            .allow(inherit, KEY_READ, Sid::RESTRICTED)
    }

    /// What the `DEFAULT` hive carries: users, administrators, `LocalSystem` and the creator, no account (reference,
    /// section 6).
    pub fn default_hive() -> Self {
        Self::new()
            .owner(Sid::ADMINISTRATORS)
            .group(Sid::SYSTEM)
            .allow(ACE_CONTAINER_INHERIT, KEY_READ, Sid::USERS)
            .allow(ACE_CONTAINER_INHERIT, KEY_ALL_ACCESS, Sid::ADMINISTRATORS)
            .allow(ACE_CONTAINER_INHERIT, KEY_ALL_ACCESS, Sid::SYSTEM)
            .allow(ACE_CONTAINER_INHERIT | ACE_INHERIT_ONLY, KEY_ALL_ACCESS, Sid::CREATOR_OWNER)
    }

    /// Sets the owner.
    #[must_use]
    pub fn owner(mut self, sid: &str) -> Self {
        self.owner = Some(Sid::new(sid));
        self
    }

    /// Sets the primary group.
    #[must_use]
    pub fn group(mut self, sid: &str) -> Self {
        self.group = Some(Sid::new(sid));
        self
    }

    /// Appends an access-allowed ACE.
    #[must_use]
    pub fn allow(self, flags: u8, mask: u32, sid: &str) -> Self {
        self.ace(0, flags, mask, Sid::new(sid))
    }

    /// Appends an access-denied ACE.
    #[must_use]
    pub fn deny(self, flags: u8, mask: u32, sid: &str) -> Self {
        self.ace(1, flags, mask, Sid::new(sid))
    }

    /// Appends an ACE of any type that has a mask and a SID.
    #[must_use]
    pub fn ace(mut self, kind: u8, flags: u8, mask: u32, sid: Sid) -> Self {
        self.aces.push(Ace { kind, flags, mask, sid });
        self
    }

    /// Leaves the DACL out, which means access for everyone.
    #[must_use]
    pub fn without_dacl(mut self) -> Self {
        self.no_dacl = true;
        self
    }

    /// The self-relative form ([MS-DTYP] 2.4.6): header, DACL, owner, group.
    pub fn bytes(&self) -> Vec<u8> {
        const HEADER: usize = 20;
        const SE_DACL_PRESENT: u16 = 0x0004;
        const SE_SELF_RELATIVE: u16 = 0x8000;

        let dacl = if self.no_dacl { Vec::new() } else { self.acl() };
        let owner = self.owner.as_ref().map_or(&[][..], Sid::bytes);
        let group = self.group.as_ref().map_or(&[][..], Sid::bytes);
        let offset_of = |part: &[u8], at: usize| if part.is_empty() { 0 } else { u32_of(at) };

        let owner_at = HEADER + dacl.len();
        let group_at = owner_at + owner.len();
        Record::new([1, 0])
            .u16(SE_SELF_RELATIVE | if self.no_dacl { 0 } else { SE_DACL_PRESENT })
            .u32(offset_of(owner, owner_at))
            .u32(offset_of(group, group_at))
            .u32(0)
            .u32(offset_of(&dacl, HEADER))
            .raw(&dacl)
            .raw(owner)
            .raw(group)
            .done()
    }

    fn acl(&self) -> Vec<u8> {
        let aces: Vec<u8> = self.aces.iter().flat_map(Ace::bytes).collect();
        Record::new([2, 0]).u16(u16_of(8 + aces.len())).u16(u16_of(self.aces.len())).u16(0).raw(&aces).done()
    }
}

impl Ace {
    fn bytes(&self) -> Vec<u8> {
        let sid = self.sid.bytes();
        Record::new([self.kind, self.flags]).u16(u16_of(8 + sid.len())).u32(self.mask).raw(sid).done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_has_its_binary_form() {
        assert_eq!(Sid::new("S-1-5-18").bytes(), [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
        assert_eq!(Sid::new("S-1-5-21-1-2-3-1000").bytes().len(), 8 + 5 * 4);
    }

    #[test]
    fn a_descriptor_points_at_its_parts() {
        let bytes = SecurityDescriptor::new()
            .owner(Sid::ADMINISTRATORS)
            .group(Sid::SYSTEM)
            .allow(0, KEY_READ, Sid::USERS)
            .bytes();
        let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert!(bytes[field(4)..].starts_with(Sid::new(Sid::ADMINISTRATORS).bytes()));
        assert!(bytes[field(8)..].starts_with(Sid::new(Sid::SYSTEM).bytes()));
        assert_eq!(field(12), 0);
        assert_eq!(field(16), 20);
        assert_eq!(bytes.len(), 20 + 8 + 8 + 16 + 16 + 12);
    }
}
