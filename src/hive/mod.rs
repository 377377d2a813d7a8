//! Floor 1: registry hives. Knows nothing of MAPI.

mod base_block;
mod bins;
mod carve;
mod contain;
mod error;
mod image;
pub mod limits;
mod log;
mod raw;
mod source;
mod tree;
mod value_type;

pub use base_block::{BaseBlock, FileKind, HiveState};
pub use carve::{
    Carved, DeletedKey, DeletedValue, Depth, Doubt, Doubts, LostList, Place, Trust, UNKNOWN_PARENT, carve,
    carve_if_any, carve_places, carve_remnant,
};
pub use contain::{Panicked, contain, silence_contained_panics};
pub use error::{Error, Offset, Problem, Problems};
pub use image::{Image, ImageError, LogFile, Origin, Past, Provenance, Remnant};
pub use log::{LogFate, LogFault};
pub use raw::{Bins, CellOffset, Data, KeyNode, KeyValue, Name};
pub use source::{Bytes, HiveSource, Identity, Links, SourceError, Way, survive_failing_pages};
pub use tree::{Care, Found, Key, Listed, Reached, Step, Tree, Value, join, push_component};
pub use value_type::ValueType;
