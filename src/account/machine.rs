//! What the machine hives of a host say: SYSTEM, SOFTWARE and SAM.
//!
//! They name the services of a host and the accounts that run them, which profile folder is which account's, and when the
//! host was shut down. Everything is owned, so that it outlives the hive; everything knows where it was read. Absence is
//! told only where a whole list shows it, as for user hives.

mod account_name;
mod fact;
mod kind;
mod profile_folder;
mod sam;
mod software;
mod system;

pub use account_name::{AccountName, KnownAccount, Meaning};
pub use fact::Fact;
pub use kind::MachineKind;
pub use profile_folder::ProfileFolder;
pub use sam::{LocalAccount, SamFacts};
pub use software::{ListedProfile, SoftwareFacts, SplitTime};
pub use system::{ChosenBy, ControlSet, Service, SystemFacts, TerminalServer};

/// Services kept of one hive. Windows has a few hundred; each takes more memory here than a hostile hive needs to make one.
pub const MAX_SERVICES: usize = 10_000;

/// Profiles kept of one hive. A terminal server has one for each of its users.
pub const MAX_PROFILES: usize = 20_000;

/// Local accounts kept of one hive. A domain controller of Windows NT 4.0 has all accounts of its domain in its SAM, people
/// and machines, which can be tens of thousands.
pub const MAX_LOCAL_ACCOUNTS: usize = 100_000;

/// Bytes of a value beyond which it is not read: paths and names have a few hundred.
pub const MAX_VALUE: u32 = 16 << 10;

/// How many bytes of text may be held for each byte of a hive. An intact hive has each text once; what makes more lets
/// values share their data.
pub const MAX_HELD_OF_EACH_BYTE: usize = 4;
