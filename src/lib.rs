//! Offline analysis of MAPI profiles in copied Windows registry hives.

pub mod hive;
pub mod wintypes;
