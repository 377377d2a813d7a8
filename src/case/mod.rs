//! Floor 9: a case folder with every table, and the parts it is joined from. A single run is the joining of one part: the same
//! code.

mod block;
mod by_account;
mod close;
mod error;
mod filter;
mod folder;
mod group;
mod join;
mod manifest;
mod part;
mod run;
mod streams;
mod verify;

pub use block::{Block, Work};
pub use close::{Closing, close, wanted};
pub use error::CaseError;
pub use filter::Filter;
pub use folder::{CaseFolder, Existing, make_room_for_part, refuse_evidence};
pub use group::{Ended, Group};
pub use join::{Joined, common_settings, join, open_parts};
pub use manifest::{Audit, Ending, MANIFEST, Manifest, SUMS, TableFile};
pub use part::{Entry, Located, PartReader, PartWriter, Record, Settings};
pub use run::{Plan, Ran, run};
pub use streams::{Added, Stream};
pub use verify::{CaseHashes, Verified, Verifying, verify};
