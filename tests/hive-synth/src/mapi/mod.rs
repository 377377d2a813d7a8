//! What MAPI profiles look like in a hive: encoders and ready-made profiles.
//!
//! The facts come from the project's domain reference (`mapi-profiles.md`); its sections and test vectors are cited
//! as "reference, section n" and "Vn". Everything here writes; nothing can read.

mod add_in;
mod broken;
mod encode;
mod exchange;
mod ldap;
mod outlook;
mod profile;
mod uid;

pub use add_in::{AddIn, add_in_profile};
pub use broken::{
    dangling_service_profile, empty_profile, no_providers_profile, no_service_table_profile,
    skeleton_only_profile, unresolved_msems_profile,
};
pub use encode::{
    PointerWidth, dpapi_blob, edk_name, longs, mv_binary, mv_string8, mv_unicode, property_name, uids,
    wrapped_entry_id,
};
pub use exchange::{
    Connector, Mailbox, add_delegate_stores, add_second_msems, calcon_profile, edk_gateway_profile,
    edk_mailbox_agent_profile, exchange_profile, imc_profile,
};
pub use ldap::{Directory, ldap_profile};
pub use outlook::{AccountText, Pop3Account, outlook_profile, pst_profile};
pub use profile::{NewProfile, ProfileWriter, Section};
pub use uid::Uid;

/// Profiles on Windows NT and later, for everything but Outlook 2013 and later (reference, section 1.1, R1).
pub const PROFILES: &str =
    r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles";
/// Profiles deleted while in use (D1).
pub const DELETED_PROFILES: &str =
    r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Deleted Profiles";
/// Profiles on Windows 95, 98 and Me (R2).
pub const WIN9X_PROFILES: &str = r"Software\Microsoft\Windows Messaging Subsystem\Profiles";
/// The key of Outlook 2016 and later; its value `DefaultProfile` names the default profile (W2).
pub const OUTLOOK_16: &str = r"Software\Microsoft\Office\16.0\Outlook";
/// Profiles of Outlook 2016 and later (R3).
pub const OUTLOOK_16_PROFILES: &str = r"Software\Microsoft\Office\16.0\Outlook\Profiles";
/// Profiles of Outlook 2016 and later deleted while in use (D2).
pub const OUTLOOK_16_DELETED_PROFILES: &str = r"Software\Microsoft\Office\16.0\Outlook\Deleted Profiles";
/// Profiles of Outlook 2013 (R3).
pub const OUTLOOK_15_PROFILES: &str = r"Software\Microsoft\Office\15.0\Outlook\Profiles";
