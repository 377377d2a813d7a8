//! Hives that live: changed in memory as Windows changes them, flushed to logs and primary as Windows does it, and
//! copied at any moment with all that earlier states have left behind.
//!
//! What the format itself says comes from the specification. What it leaves open follows what is known of Windows, in
//! the plainest form: free cells are taken where they fit best, a list that is full moves, nothing is zeroed. Windows
//! 2000, which links free cells through their first bytes, is not modelled.

mod disk;
mod living_hive;
mod memory;
pub mod stories;
#[cfg(test)]
mod tests;

pub use disk::{CopiedHive, LogFormat};
pub use living_hive::LivingHive;
