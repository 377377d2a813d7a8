//! Floor 2: what the keys mean to MAPI. Knows nothing of accounts, rules or outputs.

mod account_value;
pub mod entry_id;
pub mod families;
mod key;
mod profile;
pub mod prop;
mod roots;
pub mod secret;
mod section;
mod services;
pub mod tags;
pub mod uid;

pub use account_value::{account_text, registry_text};
pub use key::{MapiKey, MapiValue};
pub use profile::{Profile, ProfileState, WrittenTogether};
pub use roots::{Mapi, Place, PlaceKind, ProfileList, Root, RootKind, secret_place};
pub use section::{PROVIDER_LISTS, ProviderSection, UidList};
pub use services::{Provider, Service, dangling, services, unreferenced};
