use super::exchange::{write_instance, write_root};
use super::profile::{NewProfile, ProfileWriter};
use crate::builder::HiveBuilder;

/// A directory that is searched by LDAP.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    /// The server.
    pub server: &'a str,
    /// The user who binds.
    pub user: &'a str,
    /// Whether the connection uses SSL.
    pub ssl: bool,
    /// Bytes of the value with the encoded password.
    pub password: &'a [u8],
}

/// A profile with a service `EMABLT`, which has its own meanings for the property numbers of Exchange (V30; reference,
/// section 2.5): 6602 is a user, 6613 a truth value.
pub fn ldap_profile(hive: &mut HiveBuilder, profile: &NewProfile, directory: &Directory<'_>) {
    let mut writer = ProfileWriter::new(hive, profile);
    let (service, book) = (writer.uid("EMABLT"), writer.uid("EMABLT provider"));
    write_instance(&mut writer);
    write_root(&mut writer, &[], &[service], &[]);
    profile.edit(writer.hive(), super::Uid::ROOT).uids(0x3D01, &[book]);
    writer
        .section(service)
        .unicode(0x3001, directory.server)
        .unicode(0x3D09, "EMABLT")
        .unicode(0x3D0A, "emablt.dll")
        .unicode(0x3D0B, "EMABLTServiceEntry")
        .string8s(0x3D0F, &["EMABLT.DLL", "BJABLR.DLL"])
        .long(0x3009, 0)
        .uids(0x3D01, &[book]);
    writer
        .section(book)
        .unicode(0x3001, directory.server)
        .unicode(0x3006, directory.server)
        .unicode(0x300A, "emablt.dll")
        .long(0x3009, 0)
        .long(0x3E03, 0x23)
        .uids(0x3D0C, &[service])
        .string8(0x6600, directory.server)
        .string8(0x6601, if directory.ssl { "636" } else { "389" })
        .string8(0x6602, directory.user)
        .string8(0x6603, "ou=people,o=example")
        .string8(0x6607, "60")
        .string8(0x6608, "100")
        .boolean(0x6613, directory.ssl)
        .boolean(0x6615, false)
        .binary(0x6617, directory.password)
        .boolean(0x6622, true)
        .long(0x6623, 1);
}
