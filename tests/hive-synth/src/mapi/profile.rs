use super::encode::{PointerWidth, longs, mv_binary, mv_string8, mv_unicode, property_name, uids};
use super::uid::Uid;
use crate::builder::{HiveBuilder, KeyBuilder};
use crate::{MILLISECOND, utf16_nul};

/// Which profile to write, and when its sections came into being.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// The key that holds the profiles.
    pub root: String,
    /// The name of the profile.
    pub name: String,
    /// What all UIDs of the profile derive from: two profiles of one seed are clones.
    pub seed: String,
    /// When the first section was written.
    pub first_written: u64,
    /// How much later each further section was written.
    pub step: u64,
    /// The MAPI that wrote it.
    pub width: PointerWidth,
}

impl NewProfile {
    /// A profile of 32-bit MAPI whose sections are written 20 ms apart, further than what counts as one instant.
    pub fn new(root: &str, name: &str, first_written: u64) -> Self {
        Self {
            root: root.to_owned(),
            name: name.to_owned(),
            seed: format!(r"{root}\{name}"),
            first_written,
            step: 20 * MILLISECOND,
            width: PointerWidth::Bits32,
        }
    }

    /// With UIDs of another seed.
    #[must_use]
    pub fn seed(mut self, seed: &str) -> Self {
        seed.clone_into(&mut self.seed);
        self
    }

    /// With all sections written within two milliseconds, as measured on real profiles (reference, section 4).
    #[must_use]
    pub fn written_together(mut self) -> Self {
        self.step = MILLISECOND / 10;
        self
    }

    /// Written by 64-bit MAPI.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.width = PointerWidth::Bits64;
        self
    }

    /// The same profile, at a later time: what is then written into it is as young as that.
    #[must_use]
    pub fn later(mut self, time: u64) -> Self {
        self.first_written = time;
        self
    }

    /// A section that was written before, to change it without a trace in its time.
    ///
    /// # Panics
    /// When the profile has no such section.
    pub fn edit<'h>(&self, hive: &'h mut HiveBuilder, uid: Uid) -> Section<'h> {
        let path = format!(r"{}\{}", self.path(), uid.hex());
        assert!(hive.has_key(&path), "no section {path} to edit");
        Section { key: hive.key(&path), width: self.width }
    }

    /// The UID of the section with this part to play in the profile.
    pub fn uid(&self, role: &str) -> Uid {
        Uid::derived(&format!("{}\0{role}", self.seed))
    }

    /// The path of the profile's key.
    pub fn path(&self) -> String {
        format!(r"{}\{}", self.root, self.name)
    }
}

/// Writes the sections of one profile, in order, each a step later than the one before.
#[derive(Debug)]
pub struct ProfileWriter<'h> {
    hive: &'h mut HiveBuilder,
    profile: NewProfile,
    now: u64,
}

impl<'h> ProfileWriter<'h> {
    /// Makes the profile's key, still without sections. The key with all profiles becomes at least as recent.
    pub fn new(hive: &'h mut HiveBuilder, profile: &NewProfile) -> Self {
        let now = profile.first_written;
        hive.key(&profile.root).written_no_earlier_than(now);
        hive.key(&profile.root).key(&profile.name).written(now);
        Self { hive, profile: profile.clone(), now }
    }

    /// The UID of the section with this part to play in the profile.
    pub fn uid(&self, role: &str) -> Uid {
        self.profile.uid(role)
    }

    /// The hive that is written.
    pub(super) fn hive(&mut self) -> &mut HiveBuilder {
        self.hive
    }

    /// Makes a section.
    pub fn section(&mut self, uid: Uid) -> Section<'_> {
        self.named_section(&uid.hex())
    }

    /// Makes a section whose name is no UID in lower case, like those of the account manager.
    pub fn named_section(&mut self, name: &str) -> Section<'_> {
        let time = self.now;
        self.now += self.profile.step;
        let width = self.profile.width;
        if !name.contains('\\') {
            // A new subkey moves the time of its parent.
            self.hive.key(&self.profile.path()).written(time);
            self.hive.key(&self.profile.root).written_no_earlier_than(time);
        }
        let mut key = self.hive.key(&format!(r"{}\{name}", self.profile.path()));
        key.written(time);
        let id = key.id();
        Section { key: self.hive.by_id(id), width }
    }
}

/// One section; every call sets one property under its registry name and type (reference, section 2.4).
#[derive(Debug)]
pub struct Section<'h> {
    key: KeyBuilder<'h>,
    width: PointerWidth,
}

impl<'h> Section<'h> {
    /// `PT_LONG`.
    pub fn long(&mut self, id: u16, number: u32) -> &mut Self {
        self.property(0x0003, id, &number.to_le_bytes())
    }

    /// `PT_BOOLEAN`: two bytes.
    pub fn boolean(&mut self, id: u16, truth: bool) -> &mut Self {
        self.property(0x000B, id, &u16::from(truth).to_le_bytes())
    }

    /// `PT_I8`.
    pub fn long_long(&mut self, id: u16, number: u64) -> &mut Self {
        self.property(0x0014, id, &number.to_le_bytes())
    }

    /// `PT_STRING8`: the only type that is stored as `REG_SZ`.
    pub fn string8(&mut self, id: u16, text: &str) -> &mut Self {
        self.key.sz(&property_name(0x001E, id), text);
        self
    }

    /// `PT_UNICODE`.
    pub fn unicode(&mut self, id: u16, text: &str) -> &mut Self {
        self.property(0x001F, id, &utf16_nul(text))
    }

    /// `PT_SYSTIME`.
    pub fn systime(&mut self, id: u16, time: u64) -> &mut Self {
        self.property(0x0040, id, &time.to_le_bytes())
    }

    /// `PT_CLSID`.
    pub fn clsid(&mut self, id: u16, uid: Uid) -> &mut Self {
        self.property(0x0048, id, &uid.0)
    }

    /// `PT_BINARY`.
    pub fn binary(&mut self, id: u16, data: &[u8]) -> &mut Self {
        self.property(0x0102, id, data)
    }

    /// `PT_BINARY` with a list of UIDs.
    pub fn uids(&mut self, id: u16, list: &[Uid]) -> &mut Self {
        self.binary(id, &uids(list))
    }

    /// `PT_MV_LONG`.
    pub fn longs(&mut self, id: u16, numbers: &[u32]) -> &mut Self {
        self.property(0x1003, id, &longs(numbers))
    }

    /// `PT_MV_STRING8`.
    pub fn string8s(&mut self, id: u16, texts: &[&str]) -> &mut Self {
        let data = mv_string8(texts, self.width);
        self.property(0x101E, id, &data)
    }

    /// `PT_MV_UNICODE`.
    pub fn unicodes(&mut self, id: u16, texts: &[&str]) -> &mut Self {
        let data = mv_unicode(texts, self.width);
        self.property(0x101F, id, &data)
    }

    /// `PT_MV_BINARY`.
    pub fn binaries(&mut self, id: u16, blobs: &[&[u8]]) -> &mut Self {
        let data = mv_binary(blobs, self.width);
        self.property(0x1102, id, &data)
    }

    /// A secure `PT_BINARY` property, whose name starts with `S` (V17).
    pub fn secure(&mut self, id: u16, data: &[u8]) -> &mut Self {
        self.key.binary(&format!("S{}", property_name(0x0102, id)), data);
        self
    }

    /// Any property, `REG_BINARY`.
    pub fn property(&mut self, kind: u16, id: u16, data: &[u8]) -> &mut Self {
        self.key.binary(&property_name(kind, id), data);
        self
    }

    /// Takes a property out again.
    pub fn remove(&mut self, kind: u16, id: u16) -> &mut Self {
        self.key.remove_value(&property_name(kind, id));
        self
    }

    /// The key behind the section, for values that are no properties.
    pub fn key(&mut self) -> &mut KeyBuilder<'h> {
        &mut self.key
    }
}
