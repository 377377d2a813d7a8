//! Floor 2: what the keys mean to MAPI. Knows nothing of accounts, rules or outputs.

mod account_value;
pub mod entry_id;
pub mod families;
mod key;
mod profile;
pub mod prop;
mod recovered;
mod roots;
pub mod secret;
mod section;
mod services;
pub mod tags;
pub mod uid;

pub use account_value::{account_text, registry_text};
pub use key::{MapiKey, MapiValue};
pub use profile::{Profile, ProfileState, WrittenTogether};
pub use recovered::{Recovered, RecoveredKey, RecoveredProfile, before_replay};
pub use roots::{
    Mapi, MapiPath, Place, PlaceKind, ProfileList, Root, RootKind, RootName, SOME_PLACE, places_of_profiles,
    secret_place,
};
pub use section::{PROVIDER_LISTS, ProviderSection, UidList};
pub use services::{Provider, Service, dangling, services, unreferenced};
