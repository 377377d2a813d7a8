//! Profiles that were never finished, or that lost a part (rules C03 to C09 of the reference).

use super::encode::pst_entry_id;
use super::exchange::{
    MSEMS, service_uid, write_instance, write_providers, write_root, write_service,
    write_service_without_providers,
};
use super::outlook::{write_pst_service, write_pst_store};
use super::profile::{NewProfile, ProfileWriter};
use super::uid::Uid;
use crate::builder::HiveBuilder;

/// A profile key without sections: what `CreateProfile` leaves when nothing follows.
pub fn empty_profile(hive: &mut HiveBuilder, profile: &NewProfile) {
    ProfileWriter::new(hive, profile);
}

/// A profile whose section of MAPI has no service table.
pub fn no_service_table_profile(hive: &mut HiveBuilder, profile: &NewProfile) {
    let mut writer = ProfileWriter::new(hive, profile);
    write_instance(&mut writer);
    writer.section(Uid::ROOT).boolean(0x000D, false);
}

/// A profile with a PST service and, in its service table, one more service without a section.
pub fn dangling_service_profile(hive: &mut HiveBuilder, profile: &NewProfile, pst_path: &str) {
    let mut writer = ProfileWriter::new(hive, profile);
    let (service, store, lost) =
        (writer.uid("MSPST MS"), writer.uid("PST store"), writer.uid("lost service"));
    write_instance(&mut writer);
    write_root(&mut writer, &[], &[service, lost], &[store]);
    write_pst(&mut writer, pst_path);
}

/// An `MSEMS` service whose providers were never copied from mapisvc.inf.
pub fn no_providers_profile(hive: &mut HiveBuilder, profile: &NewProfile) {
    let mut writer = ProfileWriter::new(hive, profile);
    write_instance(&mut writer);
    let service = service_uid(&writer, MSEMS);
    write_root(&mut writer, &[], &[service], &[]);
    write_service_without_providers(&mut writer, MSEMS);
}

/// The whole skeleton of mapisvc.inf and the names as typed, but nothing resolved (Q265438). With a path, a PST
/// service as well.
pub fn unresolved_msems_profile(
    hive: &mut HiveBuilder,
    profile: &NewProfile,
    mailbox: &str,
    server: &str,
    pst_path: Option<&str>,
) {
    let mut writer = ProfileWriter::new(hive, profile);
    write_skeleton(&mut writer, pst_path);
    write_exchange_defaults(&mut writer).string8(0x6607, mailbox).string8(0x6608, server);
}

/// The skeleton of mapisvc.inf alone.
pub fn skeleton_only_profile(hive: &mut HiveBuilder, profile: &NewProfile) {
    let mut writer = ProfileWriter::new(hive, profile);
    write_skeleton(&mut writer, None);
    write_exchange_defaults(&mut writer);
}

fn write_skeleton(writer: &mut ProfileWriter<'_>, pst_path: Option<&str>) {
    write_instance(writer);
    if pst_path.is_some() {
        let (service, store) = (writer.uid("MSPST MS"), writer.uid("PST store"));
        write_root(writer, &[MSEMS], &[service], &[store]);
    } else {
        write_root(writer, &[MSEMS], &[], &[]);
    }
    write_service(writer, MSEMS);
    write_providers(writer, MSEMS, None);
    if let Some(path) = pst_path {
        write_pst(writer, path);
    }
}

/// What mapisvc.inf puts into the Exchange section (reference, section 2.3).
fn write_exchange_defaults<'w>(writer: &'w mut ProfileWriter<'_>) -> super::Section<'w> {
    let mut section = writer.section(Uid::EXCHANGE);
    section.long(0x6600, 0x501).long(0x6601, 4).long(0x6605, 3).long(0x6604, 2);
    section
}

fn write_pst(writer: &mut ProfileWriter<'_>, path: &str) {
    let (service, store) = (writer.uid("MSPST MS"), writer.uid("PST store"));
    write_pst_service(&mut writer.section(service), "MSPST MS", store);
    write_pst_store(&mut writer.section(store), path, &pst_entry_id(path), service);
}
