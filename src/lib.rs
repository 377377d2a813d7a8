//! Offline analysis of MAPI profiles in copied Windows registry hives.
//!
//! The floors of the house, from the ground up; a floor uses only floors below it (`tests/integration/floors.rs` keeps
//! it so). `ARCHITECTURE.md` shows the life of a hive through them.

pub mod wintypes;

pub mod hive;

pub mod mapi;

pub mod account;

pub mod finding;

pub mod lifecycle;

pub mod rules;

pub mod scan;

pub mod fleet;

pub mod compare;

pub mod report;

pub mod case;

pub mod cli;
