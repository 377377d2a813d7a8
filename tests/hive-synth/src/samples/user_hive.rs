use crate::builder::{HiveBuilder, Version};
use crate::security::{KEY_ALL_ACCESS, SecurityDescriptor, Sid};

/// The account that a hive belongs to, and what the system has left in the hive about it.
pub(crate) struct UserHive<'a> {
    pub(crate) version: Version,
    /// The path that the base block keeps the end of.
    pub(crate) file_name: &'a str,
    /// The account in the DACL of the root key; `None` for the `DEFAULT` hive.
    pub(crate) sid: Option<&'a str>,
    /// When the profile was made.
    pub(crate) created: u64,
    /// When the hive was last written.
    pub(crate) last_written: u64,
    /// Folder of the user, if the shell was ever started (reference, section 6).
    pub(crate) shell: Option<Shell<'a>>,
    /// Whether the system had Protected Storage, whose key is named by the SID.
    pub(crate) protected_storage: bool,
}

/// What an interactive logon leaves.
pub(crate) struct Shell<'a> {
    pub(crate) folder: &'a str,
    /// `Logon User Name`, which Windows 2000 and XP write.
    pub(crate) logon_user_name: Option<&'a str>,
    /// The local and roaming application data below the folder.
    pub(crate) app_data: &'a str,
    pub(crate) cache: &'a str,
}

/// The hive of somebody who logged on to Windows 2000, XP or Server 2003; the last part of the folder is the name.
pub(crate) fn user_of_2003(folder: &str, sid: &str, created: u64, last_written: u64) -> HiveBuilder {
    let shell = Shell {
        folder,
        logon_user_name: folder.rsplit('\\').next(),
        app_data: "Application Data",
        cache: r"Local Settings\Temporary Internet Files",
    };
    account_of_2003(folder, sid, created, last_written, Some(shell))
}

/// The hive of an account that never logged on at the screen, of Windows NT 4.0 to Server 2003.
pub(crate) fn service_of_2003(folder: &str, sid: &str, created: u64, last_written: u64) -> HiveBuilder {
    account_of_2003(folder, sid, created, last_written, None)
}

/// The hive of somebody who logged on to Windows 10.
pub(crate) fn user_of_windows_10(folder: &str, sid: &str, created: u64) -> HiveBuilder {
    UserHive {
        version: Version::V1_5,
        file_name: &format!(r"\??\{folder}\ntuser.dat"),
        sid: Some(sid),
        created,
        // Windows 10 does not keep this time.
        last_written: 0,
        shell: Some(Shell {
            folder,
            logon_user_name: None,
            app_data: r"AppData\Roaming",
            cache: r"AppData\Local\Microsoft\Windows\INetCache",
        }),
        protected_storage: false,
    }
    .builder()
}

fn account_of_2003(
    folder: &str,
    sid: &str,
    created: u64,
    last_written: u64,
    shell: Option<Shell<'_>>,
) -> HiveBuilder {
    UserHive {
        version: Version::V1_3,
        file_name: &format!(r"\??\{folder}\NTUSER.DAT"),
        sid: Some(sid),
        created,
        last_written,
        shell,
        protected_storage: true,
    }
    .builder()
}

const EXPLORER: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer";

impl UserHive<'_> {
    /// A hive with what the account's hive holds before any MAPI program runs.
    pub(crate) fn builder(&self) -> HiveBuilder {
        let mut hive = HiveBuilder::new(self.version);
        hive.file_name(self.file_name)
            .sequences(40, 40)
            .last_written(self.last_written)
            .default_written(self.created)
            .root_security(
                &self.sid.map_or_else(SecurityDescriptor::default_hive, SecurityDescriptor::user_hive),
            );

        hive.key("Environment")
            .expand_sz("TEMP", r"%USERPROFILE%\Local Settings\Temp")
            .expand_sz("TMP", r"%USERPROFILE%\Local Settings\Temp");
        hive.key(r"Control Panel\Desktop")
            .sz("WallPaper", "")
            .sz("CoolSwitch", "1")
            .sz("MenuShowDelay", "400");
        hive.key(r"Control Panel\International").sz("Locale", "00000409").sz("sCountry", "United States");
        hive.key(r"Keyboard Layout\Preload").sz("1", "00000409");
        hive.key(&format!(r"{EXPLORER}\User Shell Folders"))
            .expand_sz("AppData", r"%USERPROFILE%\Application Data")
            .expand_sz("Personal", r"%USERPROFILE%\My Documents")
            .expand_sz("Cache", r"%USERPROFILE%\Local Settings\Temporary Internet Files");

        if let Some(shell) = &self.shell {
            shell.write(&mut hive);
        }
        if let (Some(sid), true) = (self.sid, self.protected_storage) {
            write_protected_storage(&mut hive, sid);
        }
        hive
    }
}

impl Shell<'_> {
    fn write(&self, hive: &mut HiveBuilder) {
        let Self { folder, app_data, cache, .. } = self;
        if let Some(name) = self.logon_user_name {
            hive.key(EXPLORER).sz("Logon User Name", name);
        }
        hive.key(&format!(r"{EXPLORER}\Shell Folders"))
            .sz("AppData", &format!(r"{folder}\{app_data}"))
            .sz("Personal", &format!(r"{folder}\My Documents"))
            .sz("Desktop", &format!(r"{folder}\Desktop"))
            .sz("Cache", &format!(r"{folder}\{cache}"));
        hive.key(&format!(r"{EXPLORER}\RunMRU")).sz("a", r"notepad\1").sz("MRUList", "a");
    }
}

/// The subkey is open to the system alone.
fn write_protected_storage(hive: &mut HiveBuilder, sid: &str) {
    let system_only =
        SecurityDescriptor::new().owner(Sid::SYSTEM).group(Sid::SYSTEM).allow(0, KEY_ALL_ACCESS, Sid::SYSTEM);
    hive.key(r"Software\Microsoft\Protected Storage System Provider")
        .key(sid)
        .security(&system_only)
        .dword("Migrate", 2);
}
