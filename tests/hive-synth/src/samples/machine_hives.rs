//! What the machine hives of a sample host have in common.

use crate::builder::{HiveBuilder, Version};
use crate::machine;

/// The host that a SYSTEM hive is of.
pub(crate) struct SystemHive<'a> {
    pub(crate) version: Version,
    pub(crate) name: &'a str,
    /// When Windows was installed.
    pub(crate) installed: u64,
    pub(crate) shutdown: u64,
    /// Service, account, start.
    pub(crate) services: &'a [(&'a str, &'a str, u32)],
}

impl SystemHive<'_> {
    /// The hive, whose first control set is the current one.
    pub(crate) fn builder(&self) -> HiveBuilder {
        let mut hive = machine::system(self.version, 1);
        hive.default_written(self.installed).last_written(self.shutdown);
        machine::host(&mut hive, 1, self.name, "1252", self.shutdown);
        hive.key(r"ControlSet001\Control\Windows").written(self.shutdown);
        for (name, account, start) in self.services {
            machine::service(&mut hive, 1, name, account, *start);
        }
        machine::driver(&mut hive, 1, "Beep");
        hive
    }
}

/// A SOFTWARE hive with the folders of accounts.
pub(crate) fn software(
    version: Version,
    (product, current_version): (&str, &str),
    installed: u64,
    profiles: &[(&str, &str)],
) -> HiveBuilder {
    let mut hive = machine::software(version, product, current_version);
    hive.default_written(installed).last_written(installed);
    for (sid, folder) in profiles {
        machine::profile(&mut hive, sid, folder);
    }
    hive
}
