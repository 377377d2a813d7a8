use super::encode::pst_entry_id;
use super::exchange::{write_instance, write_root};
use super::profile::{NewProfile, ProfileWriter, Section};
use super::uid::Uid;
use crate::builder::{HiveBuilder, KeyBuilder};
use crate::record::Record;
use crate::{REG_BINARY, utf16_nul};

/// How the account manager stores text (reference, section 2.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountText {
    /// `REG_BINARY`, Outlook 2003 to 2013.
    Binary,
    /// `REG_SZ`, current Outlook 16.
    Sz,
}

/// A POP3 account that delivers into a PST file.
#[derive(Clone, Debug)]
pub struct Pop3Account {
    /// Name of the person.
    pub display_name: String,
    /// Mail address; the part before `@` is the user name.
    pub email: String,
    /// POP3 and SMTP server.
    pub server: String,
    /// The PST file.
    pub pst_path: String,
    /// Bytes of the value `POP3 Password`, if any.
    pub password: Option<Vec<u8>>,
    /// How text is stored.
    pub text: AccountText,
}

/// Key of the account manager, in its own spelling (reference, section 2.2).
const ACCOUNT_MANAGER: &str = "9375CFF0413111d3B88A00104B2A6676";

/// A profile as Outlook makes it for POP3 and PST: the seven sections of every Outlook profile, an address book and a
/// PST service, and the account manager with three accounts.
pub fn outlook_profile(hive: &mut HiveBuilder, profile: &NewProfile, account: &Pop3Account) {
    let mut writer = ProfileWriter::new(hive, profile);
    let entry_id = pst_entry_id(&account.pst_path);
    let (book_service, book) = (writer.uid("CONTAB"), writer.uid("CONTAB provider"));
    let (pst_service, store) = (writer.uid("MSUPST MS"), writer.uid("PST store"));
    let preferences = writer.uid("POP3 preferences");

    write_instance(&mut writer);
    writer
        .section(Uid::ROOT)
        .uids(0x3D0E, &[book_service, pst_service])
        .uids(0x3D00, &[store])
        .uids(0x3D01, &[book])
        .binaries(0x3D05, &[&address_book_entry_id(store)])
        .binary(0x3D06, &default_directory(book))
        .boolean(0x000D, true);
    writer
        .section(book_service)
        .unicode(0x3001, "Outlook Address Book")
        .unicode(0x3D09, "CONTAB")
        .unicode(0x3D0A, "contab.dll")
        .unicode(0x3D0B, "CONTABServiceEntry")
        .string8s(0x3D0F, &["contab.dll"])
        .long(0x3009, 0)
        .uids(0x3D01, &[book]);
    writer
        .section(book)
        .unicode(0x3006, "Outlook Address Book")
        .unicode(0x300A, "contab.dll")
        .long(0x3E03, 0x23)
        .long(0x3009, 0)
        .unicodes(0x6628, &["Contacts"])
        .longs(0x6621, &[0])
        .uids(0x3D0C, &[book_service]);
    write_pst_service(&mut writer.section(pst_service), "MSUPST MS", store);
    write_pst_store(&mut writer.section(store), &account.pst_path, &entry_id, pst_service);

    writer.section(Uid::CLIENT).long(0x0330, 2).long(0x0331, 900);
    writer.section(Uid::EXCHANGE);
    writer.section(Uid::NAME_AT_CREATION).unicode(0x6000, &profile.name);
    writer.section(Uid::OPAQUE).clsid(0x6002, profile.uid("opaque"));
    writer.section(preferences).systime(0x0032, profile.first_written);
    write_accounts(&mut writer, account, &entry_id, book_service, pst_service, preferences);
}

/// A profile as a program makes it for PST files alone, one service `MSPST MS` for each.
pub fn pst_profile(hive: &mut HiveBuilder, profile: &NewProfile, paths: &[&str]) {
    let mut writer = ProfileWriter::new(hive, profile);
    let numbered = |role: &str| -> Vec<Uid> {
        (1..=paths.len()).map(|number| profile.uid(&format!("{role} {number}"))).collect()
    };
    let (services, stores) = (numbered("MSPST MS"), numbered("PST store"));
    write_instance(&mut writer);
    write_root(&mut writer, &[], &services, &stores);
    for ((&service, &store), path) in services.iter().zip(&stores).zip(paths) {
        write_pst_service(&mut writer.section(service), "MSPST MS", store);
        write_pst_store(&mut writer.section(store), path, &pst_entry_id(path), service);
    }
}

/// A PST service section; `MSPST MS` is the older, `MSUPST MS` the Unicode form.
pub(super) fn write_pst_service(section: &mut Section<'_>, name: &str, store: Uid) {
    section
        .unicode(0x3001, "Personal Folders")
        .unicode(0x3D09, name)
        .unicode(0x3D0A, "mspst.dll")
        .unicode(0x3D0B, "PSTServiceEntry")
        .string8s(0x3D0F, &["mspst.dll"])
        .long(0x3009, 0)
        .uids(0x3D00, &[store]);
}

/// A PST store (V24).
pub(super) fn write_pst_store(section: &mut Section<'_>, path: &str, entry_id: &[u8], service: Uid) {
    section
        .unicode(0x3001, "Personal Folders")
        .unicode(0x3004, "")
        .unicode(0x3006, "Personal Folders")
        .unicode(0x300A, "mspst.dll")
        .long(0x3009, 0x0802)
        .long(0x3E03, 0x21)
        .uids(0x3414, &[Uid::PST])
        .unicode(0x6700, path)
        .long(0x6702, 0x1000_0000)
        .long(0x6770, 0x8000_0000)
        .binary(0x0FFF, entry_id)
        .uids(0x3D0C, &[service]);
}

/// The account manager with its order lists (reference, section 2.6).
fn write_accounts(
    writer: &mut ProfileWriter<'_>,
    account: &Pop3Account,
    entry_id: &[u8],
    book_service: Uid,
    pst_service: Uid,
    preferences: Uid,
) {
    let text = account.text;
    let user = account.email.split('@').next().unwrap_or_default();
    let minis = [1, 2, 3].map(|number| mini_uid(writer, number));

    let mut manager = writer.named_section(ACCOUNT_MANAGER);
    manager.key().binary(&category("18"), &super::longs(&[2]));
    manager.key().binary(&category("19"), &super::longs(&[1]));
    manager.key().binary(&category("20"), &super::longs(&[3]));
    manager.key().binary("LastChangeVer", &7_u64.to_le_bytes());
    manager.key().dword("NextAccountID", 4).dword("Version", 1);

    let mut section = writer.named_section(&format!(r"{ACCOUNT_MANAGER}\00000001"));
    section.key().sz("clsid", &category("14")).dword("Mini UID", minis[0]).dword("MAPI Provider", 2);
    put(section.key(), text, "Account Name", "Outlook Address Book");
    put(section.key(), text, "Service Name", "CONTAB");
    section.key().binary("Service UID", &book_service.0);

    let mut section = writer.named_section(&format!(r"{ACCOUNT_MANAGER}\00000002"));
    section.key().sz("clsid", &category("11")).dword("Mini UID", minis[1]);
    put(section.key(), text, "Account Name", &account.email);
    put(section.key(), text, "Display Name", &account.display_name);
    put(section.key(), text, "Email", &account.email);
    put(section.key(), text, "POP3 Server", &account.server);
    put(section.key(), text, "POP3 User", user);
    put(section.key(), text, "SMTP Server", &account.server);
    section.key().dword("SMTP Port", 587).dword("Leave on Server", 0x000E_0003);
    section.key().binary("Delivery Store EntryID", entry_id).binary("Preferences UID", &preferences.0);
    if let Some(password) = &account.password {
        section.key().binary("POP3 Password", password);
    }

    let mut section = writer.named_section(&format!(r"{ACCOUNT_MANAGER}\00000003"));
    section.key().sz("clsid", &category("14")).dword("Mini UID", minis[2]).dword("MAPI Provider", 4);
    put(section.key(), text, "Account Name", "Personal Folders");
    put(section.key(), text, "Service Name", "MSUPST MS");
    section.key().binary("Service UID", &pst_service.0);
}

fn put(key: &mut KeyBuilder<'_>, kind: AccountText, name: &str, text: &str) {
    match kind {
        AccountText::Binary => key.value(name, REG_BINARY, &utf16_nul(text)),
        AccountText::Sz => key.sz(name, text),
    };
}

/// A class or category of the account manager, by the last two digits of its first group.
fn category(digits: &str) -> String {
    format!("{{ED4754{digits}-B0D6-11D2-8C3B-00104B2A6676}}")
}

fn mini_uid(writer: &ProfileWriter<'_>, account: u8) -> u32 {
    let uid = writer.uid(&format!("account {account}")).0;
    u32::from_le_bytes([uid[0], uid[1], uid[2], uid[3]])
}

/// The entry identifier of the default directory, in the form of V26.
fn default_directory(provider: Uid) -> Vec<u8> {
    Record::default().u32(0).raw(&provider.0).u32(0).u32(0x100).u16(0x2F).done()
}

/// An element of the address book search path, as long as the one of V8 and with its known fields.
fn address_book_entry_id(store: Uid) -> Vec<u8> {
    let mut entry_id = Record::default().u32(0).raw(&Uid::CONTAB.0).u32(3).u32(3).raw(&store.0).done();
    entry_id.resize(0x44, 0);
    entry_id
}
