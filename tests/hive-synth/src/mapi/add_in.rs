use super::exchange::{write_instance, write_root};
use super::profile::{NewProfile, ProfileWriter};
use crate::builder::HiveBuilder;

/// A message service of another maker, with one transport.
#[derive(Clone, Copy, Debug)]
pub struct AddIn<'a> {
    /// `PR_SERVICE_NAME`.
    pub service: &'a str,
    /// What people see.
    pub display_name: &'a str,
    /// The library with the service and its transport.
    pub dll: &'a str,
}

/// A profile with services of other makers and nothing else.
pub fn add_in_profile(hive: &mut HiveBuilder, profile: &NewProfile, add_ins: &[AddIn<'_>]) {
    let mut writer = ProfileWriter::new(hive, profile);
    let services: Vec<_> = add_ins.iter().map(|add_in| profile.uid(add_in.service)).collect();
    write_instance(&mut writer);
    write_root(&mut writer, &[], &services, &[]);
    for (add_in, &service) in add_ins.iter().zip(&services) {
        let transport = writer.uid(&format!("{} transport", add_in.service));
        writer
            .section(service)
            .string8(0x3001, add_in.display_name)
            .string8(0x3D09, add_in.service)
            .string8(0x3D0A, add_in.dll)
            .string8(0x3D0B, "ServiceEntry")
            .long(0x3009, 0)
            .uids(0x3D02, &[transport]);
        writer
            .section(transport)
            .string8(0x3006, add_in.display_name)
            .string8(0x300A, add_in.dll)
            .long(0x3E03, 0x24)
            .long(0x3009, 0)
            .uids(0x3D0C, &[service]);
    }
}
