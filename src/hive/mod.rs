//! Floor 1: registry hives. Knows nothing of MAPI.

mod value_type;

pub use value_type::ValueType;
