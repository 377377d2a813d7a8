//! Floor 2: what the keys mean to MAPI. Knows nothing of accounts, rules or outputs.

pub mod entry_id;
pub mod families;
mod key;
mod profile;
pub mod prop;
mod roots;
pub mod secret;
mod section;
pub mod tags;
pub mod uid;

pub use key::{MapiKey, MapiValue};
pub use profile::{Profile, ProfileState, WrittenTogether};
pub use roots::{Mapi, ProfileList, Root, RootKind};
pub use section::{PROVIDER_LISTS, ProviderSection, UidList};
