//! The synthetic fleet below `sample-hives`: what each file is, which rules it fires, and which it nearly fires.
//!
//! One entry of [`all`] is one file; the README of the samples is written from the same entries.

mod across;
mod audit06;
mod bessrv2;
mod case09;
mod clean01;
mod damaged7;
mod edit04;
mod exch2kb;
mod exch55a;
mod exch55b;
mod exch55d;
mod laptop5;
mod linksrv1;
pub(crate) mod machine_hives;
mod readme;
mod recov01;
mod run55c;
mod ts02;
pub(crate) mod user_hive;
mod wks014;
mod wks021;
mod wks033;
mod wks052;
mod wks061;

pub use across::{Across, SERVERS, Subject, across, nearly_across};
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
    /// How far it reads.
    pub status: Status,
    /// The rules of the reference that it fires, in the order of the reference.
    pub fires: &'static [Fires],
    /// Rules that it fires not, but nearly.
    pub nearly: &'static [Silent],
    /// Rules that cannot be judged in a place, since what they need is not to be seen.
    pub not_judged: &'static [Silent],
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

/// How far a file reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// To the last byte.
    Whole,
    /// But for places that are damaged.
    Damaged,
}

impl Sample {
    /// Whether nothing in the file is as Windows and MAPI would not write it.
    pub fn is_intact(&self) -> bool {
        self.status == Status::Whole && !self.fires.iter().any(|fired| fired.rule == "C23")
    }
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

/// A rule that is silent about a place.
#[derive(Clone, Copy, Debug)]
pub struct Silent {
    /// Rule of the reference, `L01`.
    pub rule: &'static str,
    /// The profile or key.
    pub place: &'static str,
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
    static ALL: &[Host] = &[
        audit06::HOST,
        bessrv2::HOST,
        case09::HOST,
        clean01::HOST,
        damaged7::HOST,
        edit04::HOST,
        exch2kb::HOST,
        exch55a::HOST,
        exch55b::HOST,
        exch55d::HOST,
        laptop5::HOST,
        linksrv1::HOST,
        recov01::HOST,
        run55c::HOST,
        ts02::HOST,
        wks014::HOST,
        wks021::HOST,
        wks033::HOST,
        wks052::HOST,
        wks061::HOST,
    ];
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

/// A hive of the machine: it fires nothing itself, and what it says shows in the findings of the host's accounts.
const fn machine_hive(path: &'static str, about: &'static str, bytes: fn() -> Vec<u8>) -> Sample {
    Sample {
        path,
        kind: Kind::Hive,
        about,
        status: Status::Whole,
        fires: &[],
        nearly: &[],
        not_judged: &[],
        bytes,
    }
}

const fn silent(rule: &'static str, place: &'static str, why: &'static str) -> Silent {
    Silent { rule, place, why }
}
