//! The synthetic fleet below `sample-hives`: what each file is, and which rules it fires.
//!
//! One entry of [`all`] is one file; the README of the samples is written from the same entries.

mod clean01;
mod exch2kb;
mod exch55a;
mod readme;
mod recov01;
mod ts02;
mod user_hive;
mod wks014;

pub use readme::readme;

/// One host of the fleet.
#[derive(Debug)]
pub struct Host {
    /// Name, the top-level folder.
    pub name: &'static str,
    /// What the host plays.
    pub about: &'static str,
    /// Its files.
    pub samples: &'static [Sample],
}

/// One file of the fleet.
#[derive(Debug)]
pub struct Sample {
    /// Path below the folder of the host.
    pub path: &'static str,
    /// What the file is.
    pub kind: Kind,
    /// What it shows.
    pub about: &'static str,
    /// The rules of the reference that it fires, in the order of the reference.
    pub fires: &'static [Fires],
    /// Makes the file.
    pub bytes: fn() -> Vec<u8>,
}

/// What a sample file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A primary file.
    Hive,
    /// A transaction log.
    Log,
    /// No part of a registry.
    Other,
}

/// A rule that a hive fires.
#[derive(Clone, Copy, Debug)]
pub struct Fires {
    /// Rule of the reference, `L01`.
    pub rule: &'static str,
    /// Severity by the reference, for this account.
    pub severity: Severity,
    /// The profiles or keys that fire it.
    pub places: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

/// Severities of the reference, section 5.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// A fact or a normal state.
    Info,
    /// Hygiene.
    Low,
    /// A defect or an exposure.
    Medium,
}

impl Severity {
    /// The word of the findings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
        }
    }
}

/// The fleet, hosts by name.
pub fn all() -> &'static [Host] {
    static ALL: &[Host] =
        &[clean01::HOST, exch2kb::HOST, exch55a::HOST, recov01::HOST, ts02::HOST, wks014::HOST];
    ALL
}

/// Stands in for a password; it may appear in no output.
pub const SECRET_MARKER: &str = "PLANTED-SECRET-MARKER";

const fn info(rule: &'static str, places: &'static [&'static str], why: &'static str) -> Fires {
    Fires { rule, severity: Severity::Info, places, why }
}

const fn low(rule: &'static str, places: &'static [&'static str], why: &'static str) -> Fires {
    Fires { rule, severity: Severity::Low, places, why }
}

const fn medium(rule: &'static str, places: &'static [&'static str], why: &'static str) -> Fires {
    Fires { rule, severity: Severity::Medium, places, why }
}
