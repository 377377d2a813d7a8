//! Machine hives: SYSTEM, SOFTWARE and SAM, as far as a host's accounts and services need them.

use crate::{HiveBuilder, KeyBuilder, REG_BINARY, REG_NONE, Sid, Version};

/// Path of the list of profiles in SOFTWARE.
pub const PROFILE_LIST: &str = r"Microsoft\Windows NT\CurrentVersion\ProfileList";
/// Path of the account domain in SAM.
pub const ACCOUNT_DOMAIN: &str = r"SAM\Domains\Account";

/// `SERVICE_WIN32_OWN_PROCESS` (winnt.h).
pub const OWN_PROCESS: u32 = 0x10;
/// `SERVICE_KERNEL_DRIVER` (winnt.h).
pub const KERNEL_DRIVER: u32 = 1;

/// An empty SYSTEM in which `Select` names `current` as the current control set.
pub fn system(version: Version, current: u32) -> HiveBuilder {
    let mut hive = HiveBuilder::new(version);
    hive.file_name(r"SYSTEM");
    select(&mut hive, current);
    hive
}

/// Says which control set is current (Q102984).
pub fn select(hive: &mut HiveBuilder, current: u32) {
    hive.key("Select")
        .dword("Current", current)
        .dword("Default", current)
        .dword("Failed", 0)
        .dword("LastKnownGood", current);
}

/// The name of a control set's key.
pub fn control_set(number: u32) -> String {
    format!("ControlSet{number:03}")
}

/// What a control set says of the host itself.
pub fn host(hive: &mut HiveBuilder, control_set: u32, name: &str, code_page: &str, shutdown: u64) {
    let control = format!(r"{}\Control", self::control_set(control_set));
    hive.key(&format!(r"{control}\ComputerName\ComputerName")).sz("ComputerName", name);
    hive.key(&format!(r"{control}\Nls\CodePage")).sz("ACP", code_page);
    hive.key(&format!(r"{control}\Windows"))
        .expand_sz("Directory", "%SystemRoot%")
        .binary("ShutdownTime", &shutdown.to_le_bytes());
}

/// The key of Terminal Services.
pub fn terminal_server(hive: &mut HiveBuilder, control_set: u32) -> KeyBuilder<'_> {
    hive.key(&format!(r"{}\Control\Terminal Server", self::control_set(control_set)))
}

/// A service that runs in a process of its own.
pub fn service<'h>(
    hive: &'h mut HiveBuilder,
    control_set: u32,
    name: &str,
    object_name: &str,
    start: u32,
) -> KeyBuilder<'h> {
    let mut key = hive.key(&format!(r"{}\Services\{name}", self::control_set(control_set)));
    key.dword("Type", OWN_PROCESS)
        .dword("Start", start)
        .dword("ErrorControl", 1)
        .expand_sz("ImagePath", &format!(r"C:\exchsrvr\bin\{name}.exe"))
        .sz("DisplayName", &format!("Display name of {name}"))
        .sz("ObjectName", object_name);
    key
}

/// A driver.
pub fn driver<'h>(hive: &'h mut HiveBuilder, control_set: u32, name: &str) -> KeyBuilder<'h> {
    let mut key = hive.key(&format!(r"{}\Services\{name}", self::control_set(control_set)));
    key.dword("Type", KERNEL_DRIVER).dword("Start", 1).dword("ErrorControl", 1);
    key
}

/// An empty SOFTWARE of a Windows.
pub fn software(version: Version, product: &str, current_version: &str) -> HiveBuilder {
    let mut hive = HiveBuilder::new(version);
    hive.file_name(r"\SystemRoot\System32\Config\SOFTWARE");
    hive.key("Classes");
    hive.key(r"Microsoft\Windows NT\CurrentVersion")
        .sz("ProductName", product)
        .sz("CurrentVersion", current_version);
    hive.key(PROFILE_LIST)
        .expand_sz("ProfilesDirectory", r"%SystemDrive%\Documents and Settings")
        .sz("DefaultUserProfile", "Default User");
    hive
}

/// An entry of the list of profiles.
pub fn profile<'h>(hive: &'h mut HiveBuilder, sid: &str, image_path: &str) -> KeyBuilder<'h> {
    let mut key = hive.key(&format!(r"{PROFILE_LIST}\{sid}"));
    key.expand_sz("ProfileImagePath", image_path).dword("Flags", 0).dword("State", 0x100);
    if sid.starts_with("S-1-") && !sid.contains('.') {
        key.binary("Sid", Sid::new(sid).bytes());
    }
    key
}

/// A time in two values: `<name>High` and `<name>Low`.
pub fn split_time(key: &mut KeyBuilder<'_>, name: &str, time: u64) {
    let (high, low) = ((time >> 32) as u32, (time & 0xffff_ffff) as u32);
    key.dword(&format!("{name}High"), high).dword(&format!("{name}Low"), low);
}

/// A SAM of the machine with this identifier (`S-1-5-21-…`), without accounts.
pub fn sam(version: Version, machine_sid: &str) -> HiveBuilder {
    let mut hive = HiveBuilder::new(version);
    hive.file_name(r"\SystemRoot\System32\Config\SAM");
    let mut fixed = vec![0x5a; 0x60];
    fixed.extend(Sid::new(machine_sid).bytes());
    hive.key(ACCOUNT_DOMAIN).binary("F", &[0xf0; 0xf0]).value("V", REG_BINARY, &fixed);
    hive.key(&format!(r"{ACCOUNT_DOMAIN}\Users\Names")).value("", REG_NONE, &[]);
    hive.key(r"SAM\Domains\Builtin").binary("V", &[0; 40]);
    hive
}

/// Bytes that stand for the secrets of each account.
pub const SECRET: &[u8] = b"a hash that nobody may see";

/// A local account, with a record that holds secrets as Windows has them.
pub fn local_account(hive: &mut HiveBuilder, name: &str, rid: u32) {
    hive.key(&format!(r"{ACCOUNT_DOMAIN}\Users\{rid:08X}")).binary("F", SECRET).binary("V", SECRET);
    hive.key(&format!(r"{ACCOUNT_DOMAIN}\Users\Names\{name}")).value("", rid, &[]);
}
