//! What the rules over all hives find in the fleet.

use super::Severity;
use super::exch55b::{HELP_DESK, QUEUE, QUEUE_SEED, ROAMING_SEED};
use crate::mapi::Uid;

/// The list of servers that exist, as a site would give it.
pub const SERVERS: &str = "\
# Servers of the made-up organization of the sample hives that are in use, for `mapihive scan --servers`.
BESSRV2
EXCH2KB
EXCH55A
EXCH55B   # until it is replaced
EXCH55C
LINKSRV1
MAIL2.example.test
MAIL4.example.test
mail5
mail6
mail7
";

/// A rule over all hives that fires.
#[derive(Clone, Copy, Debug)]
pub struct Across {
    /// Rule, `X02`.
    pub rule: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// What the hives have in common.
    pub subject: Subject,
    /// Profiles of which each stands in the evidence.
    pub profiles: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

/// What several hives have in common.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A server, mailbox, family or account.
    Text(&'static str),
    /// The instance key of profiles of this seed.
    InstanceOf(&'static str),
}

impl Subject {
    /// As the table of findings shows it.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::InstanceOf(seed) => Uid::derived(&format!("{seed}\0instance")).hex(),
        }
    }
}

/// Everything that the rules over all hives find, with [`SERVERS`] as the list of servers.
pub fn across() -> &'static [Across] {
    ACROSS
}

/// What nearly fires one of these rules, and why it does not.
pub fn nearly_across() -> &'static [(&'static str, Subject, &'static str)] {
    NEARLY
}

const ACROSS: &[Across] = &[
    Across {
        rule: "X01",
        severity: Severity::Low,
        subject: Subject::Text("OLDMAIL"),
        profiles: &["Mail until March"],
        why: "`servers.txt` has no such server; without a list no server is that of the majority, and X01 is silent",
    },
    Across {
        rule: "X02",
        severity: Severity::Info,
        subject: Subject::Text("/o=Example Organization/ou=NORTH/cn=Recipients/cn=helpdesk"),
        profiles: &[HELP_DESK],
        why: "three accounts of EXCH55B and EXCH55D have profiles for it",
    },
    Across {
        rule: "X04",
        severity: Severity::Info,
        subject: Subject::InstanceOf(ROAMING_SEED),
        profiles: &[HELP_DESK],
        why: "the profile of `rquinn` is on EXCH55B and on EXCH55D",
    },
    Across {
        rule: "X07",
        severity: Severity::Medium,
        subject: Subject::InstanceOf(QUEUE_SEED),
        profiles: &[QUEUE],
        why: "`imsvc` on EXCH55B and `qadmin` on EXCH55D hold the same instance key",
    },
    Across {
        rule: "X08",
        severity: Severity::Info,
        subject: Subject::Text("MSExchangeIMC"),
        profiles: &["MSExchangeIMC 0000012c01be92e19c6ae2a0", "MSExchangeIMC 000003e801c95f9fe26cf500"],
        why: "profiles of the Internet Mail Service stand on EXCH55A, RUN55C and TS02",
    },
    Across {
        rule: "X09",
        severity: Severity::Info,
        subject: Subject::Text("S-1-5-21-1111111111-1222222222-1333333333-1041"),
        profiles: &[HELP_DESK],
        why: "`rquinn` has a profile on EXCH55B and on EXCH55D",
    },
    Across {
        rule: "X10",
        severity: Severity::Info,
        subject: Subject::Text("OLDMAIL"),
        profiles: &["Mail until March"],
        why: "the one profile that names it is marked for deletion",
    },
];

const NEARLY: &[(&str, Subject, &str)] = &[
    ("X01", Subject::Text("MAIL2"), "the list has `MAIL2.example.test`, which may be the same"),
    ("X01", Subject::Text("MAIL5"), "the list has it in another letter case"),
    (
        "X01",
        Subject::Text("6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20@example.test"),
        "an identifier with a domain, of which a list of names says nothing",
    ),
    (
        "X02",
        Subject::Text(
            "/o=Example Organization/ou=NORTH/cn=Configuration/cn=Connections/cn=Internet Mail Connector (EXCH55B)",
        ),
        "profiles of two accounts name it",
    ),
    ("X04", Subject::InstanceOf(QUEUE_SEED), "on two hosts, but of two accounts"),
    ("X07", Subject::InstanceOf(ROAMING_SEED), "on two hosts, but of one account"),
    ("X08", Subject::Text("MSExchangeCalCon"), "on EXCH55A and TS02 only"),
    ("X10", Subject::Text("EXCH55A"), "profiles marked for deletion name it, and live ones too"),
];
