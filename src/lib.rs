//! Offline analysis of MAPI profiles in copied Windows registry hives.

pub mod wintypes;
pub mod hive;
pub mod account;
