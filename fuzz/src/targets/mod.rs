//! What each target feeds changed bytes to. A broken promise is a panic.

pub mod archives;
pub mod base_block;
pub mod carving;
pub mod log_replay;
pub mod mapi_values;
pub mod security_descriptor;
pub mod tree_walk;
pub mod whole_scan;

/// Takes one input.
pub type Target = fn(&[u8]);

/// All targets, by their names.
pub static ALL: [(&str, Target); 8] = [
    ("base_block", base_block::run),
    ("tree_walk", tree_walk::run),
    ("log_replay", log_replay::run),
    ("carving", carving::run),
    ("mapi_values", mapi_values::run),
    ("security_descriptor", security_descriptor::run),
    ("archives", archives::run),
    ("whole_scan", whole_scan::run),
];
