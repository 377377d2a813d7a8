//! Floor 3: whose hive it is, and how we know.
//!
//! The reference for what each trace is worth: no single one names the account beyond doubt. The security identifier in
//! the discretionary ACL of the root key is the strongest; a folder's name is not an account's name.

mod host;
pub mod machine;
mod path;
mod traces;

use std::fmt;

use crate::hive::{Image, Offset, Problems, Tree};
use crate::wintypes::Sid;

pub use host::{AccountService, HostFacts, MachineHive};
use machine::MachineKind;
pub use path::{Kept, Place, WellKnown, archive_stem, collection, host, kept, place, place_of_any, unpacked};

/// How sure a statement is. Never mixed with how much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A hint.
    Low,
    /// Likely.
    Medium,
    /// As sure as a hive can make it.
    High,
}

impl Confidence {
    /// All grades, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// An account that runs services: by a well-known security identifier, or by a service that names it.
    Service,
    /// The machine itself (`S-1-5-18`).
    System,
    /// An account known to run no service.
    User,
    /// The hive alone does not tell.
    Unknown,
}

impl AccountKind {
    /// All kinds, for the documentation of the vocabulary.
    pub const ALL: [Self; 4] = [Self::Service, Self::System, Self::User, Self::Unknown];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::System => "system",
            Self::User => "user",
            Self::Unknown => "unknown",
        }
    }

    /// What a security identifier alone tells.
    fn of(sid: &Sid) -> Self {
        match (sid.authority(), sid.sub_authorities()) {
            (5, [18]) => Self::System,
            // LocalService, NetworkService; NT SERVICE\*, IIS AppPool\*, NT VIRTUAL MACHINE\* ([MS-DTYP] 2.4.2.4).
            (5, [19 | 20] | [80 | 82 | 83, ..]) => Self::Service,
            _ => Self::Unknown,
        }
    }
}

/// A kind of trace that tells whose hive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A security identifier in the discretionary ACL of the root key.
    RootDacl,
    /// The subkey of `Protected Storage System Provider`, named by the owner's security identifier.
    ProtectedStorage,
    /// `ProfileList` of the host's SOFTWARE hive: the account whose profile folder the hive lay in.
    ProfileList,
    /// A place on disk that Windows keeps for one well-known account.
    WellKnownPlace,
    /// The host's SAM hive: the name of a local account.
    SecurityAccounts,
    /// The value `Logon User Name` of Explorer (Windows XP and 2000).
    LogonUserName,
    /// The path that the base block remembers.
    HeaderFileName,
    /// Explorer's `Shell Folders`.
    ShellFolders,
    /// The folder in which the file lay.
    ProfileFolder,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootDacl => "root key's DACL",
            Self::ProtectedStorage => "Protected Storage key",
            Self::ProfileList => "the host's list of profiles",
            Self::WellKnownPlace => "well-known place on disk",
            Self::SecurityAccounts => "the host's SAM",
            Self::LogonUserName => "Logon User Name",
            Self::HeaderFileName => "path in the base block",
            Self::ShellFolders => "Shell Folders",
            Self::ProfileFolder => "profile folder",
        })
    }
}

/// What a trace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// The account's security identifier.
    Sid(Sid),
    /// The account's name, or that of its profile folder.
    Name(String),
    /// The last characters of such a name, cut off in front.
    NameEnd(String),
}

/// One trace of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What kind of trace.
    pub basis: Basis,
    /// What it says.
    pub says: Says,
    /// Where in the hive, if there.
    pub at: Option<Offset>,
}

/// Whose hive it is, and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// Name, as well as it is known: often that of the profile folder.
    pub name: Option<String>,
    /// Security identifier.
    pub sid: Option<Sid>,
    /// What the account is for.
    pub kind: AccountKind,
    /// How sure the above is.
    pub confidence: Confidence,
    /// The kind of place the hive's path shows.
    pub place: Place,
    /// Everything that was found, in the order of its weight.
    pub traces: Vec<Trace>,
    /// Traces that do not fit each other, each a sentence.
    pub contradictions: Vec<String>,
    /// Services that run as the account, or may; empty too where the host's SYSTEM hive was not read.
    pub services: Vec<AccountService>,
}

impl Attribution {
    /// Of a hive of which not even the path was looked at.
    pub fn unknown() -> Self {
        resolve(Place::Unknown, Vec::new())
    }

    /// What the path alone tells, for a hive that cannot be read.
    pub fn by_path(hive_path: &str) -> Self {
        let place = place(hive_path);
        let found = traces::of_path(&place);
        resolve(place, found)
    }

    /// Reads every trace in a hive.
    pub fn read(hive_path: &str, image: &Image, tree: &Tree<'_>, problems: &mut Problems) -> Self {
        let mut place = place(hive_path);
        let mut found = traces::of_hive(image, tree, problems);
        if place == Place::Unknown && found.is_empty() && MachineKind::is_of_machine(hive_path, tree) {
            place = Place::Machine;
        }
        found.extend(traces::of_path(&place));
        resolve(place, found)
    }

    /// How the account is known, for the column `account_basis`.
    pub fn basis(&self) -> String {
        let by = |wanted: fn(&Says) -> bool| {
            let mut bases: Vec<_> = self
                .traces
                .iter()
                .filter(|trace| wanted(&trace.says))
                .map(|trace| trace.basis.to_string())
                .collect();
            bases.dedup();
            bases.join(", ")
        };
        let sid = by(|says| matches!(says, Says::Sid(_)));
        let name = by(|says| !matches!(says, Says::Sid(_)));
        let mut parts = Vec::new();
        if !sid.is_empty() {
            parts.push(format!("SID: {sid}"));
        }
        if !name.is_empty() {
            parts.push(format!("name: {name}"));
        }
        parts.extend(self.contradictions.iter().map(|text| format!("contradiction: {text}")));
        parts.join("; ")
    }

    /// A short name for people: what is known best.
    pub fn label(&self) -> String {
        match (&self.name, &self.sid, &self.place) {
            (_, _, Place::Template) => "(template for new accounts)".into(),
            (_, _, Place::Machine) => "(the machine)".into(),
            (Some(name), _, _) => name.clone(),
            (None, Some(sid), _) => sid.to_string(),
            (None, None, _) => "(unknown account)".into(),
        }
    }
}

/// Weighs the traces: the strongest of each sort stands, what does not fit it is a contradiction.
fn resolve(place: Place, mut traces: Vec<Trace>) -> Attribution {
    traces.sort_by_key(|trace| trace.basis);
    let mut contradictions = Vec::new();

    let mut sids = traces.iter().filter_map(|trace| match &trace.says {
        Says::Sid(sid) => Some((trace.basis, sid.clone())),
        Says::Name(_) | Says::NameEnd(_) => None,
    });
    let sid = sids.next();
    if let Some((basis, sid)) = &sid {
        for (other_basis, other) in sids.filter(|(_, other)| other != sid) {
            contradictions.push(format!("{basis} says {sid}, {other_basis} says {other}"));
        }
    }
    // Several identifiers in one DACL are no answer: which of them is the owner's cannot be told.
    let sid_certain = contradictions.is_empty();

    let mut names = traces.iter().filter_map(|trace| match &trace.says {
        Says::Name(name) => Some((trace.basis, name.clone())),
        Says::Sid(_) | Says::NameEnd(_) => None,
    });
    let name = names.next();
    if let Some((basis, name)) = &name {
        let other_names = traces.iter().filter_map(|trace| match &trace.says {
            Says::Name(other) if !same_account(name, other) => Some((trace.basis, other)),
            Says::NameEnd(end) if !ends_with_name(name, end) => Some((trace.basis, end)),
            _ => None,
        });
        for (other_basis, other) in other_names {
            contradictions.push(format!("{basis} says {name}, {other_basis} says {other}"));
        }
    }

    let confidence = match &sid {
        Some((Basis::RootDacl, _)) if sid_certain => Confidence::High,
        Some((Basis::WellKnownPlace | Basis::ProtectedStorage | Basis::ProfileList, _)) if sid_certain => {
            Confidence::Medium
        }
        Some(_) => Confidence::Low,
        None if matches!(name, Some((Basis::ProfileFolder, _)) | None) => Confidence::Low,
        None => Confidence::Medium,
    };
    let confidence = if contradictions.is_empty() { confidence } else { confidence.lowered() };
    let sid = sid.filter(|(basis, _)| *basis != Basis::RootDacl || sid_certain || one_in_dacl(&traces));
    Attribution {
        name: name.map(|(_, name)| name),
        kind: sid.as_ref().map_or(AccountKind::Unknown, |(_, sid)| AccountKind::of(sid)),
        sid: sid.map(|(_, sid)| sid),
        confidence,
        place,
        traces,
        contradictions,
        services: Vec::new(),
    }
}

fn one_in_dacl(traces: &[Trace]) -> bool {
    traces.iter().filter(|trace| trace.basis == Basis::RootDacl).count() == 1
}

/// Whether two names may be of one account: Windows appends `.DOMAIN` or `.000` to a folder whose name is taken.
fn same_account(left: &str, right: &str) -> bool {
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_uppercase();
    stem(left) == stem(right)
}

fn ends_with_name(name: &str, end: &str) -> bool {
    name.to_uppercase().ends_with(&end.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(basis: Basis, text: &str) -> Trace {
        Trace { basis, says: Says::Sid(Sid::parse(text).unwrap()), at: None }
    }

    fn name(basis: Basis, text: &str) -> Trace {
        Trace { basis, says: Says::Name(text.into()), at: None }
    }

    const USER: &str = "S-1-5-21-1-2-3-1001";
    const OTHER: &str = "S-1-5-21-1-2-3-1002";

    #[test]
    fn the_dacl_outweighs_the_folder_and_agreement_is_high() {
        let found = resolve(
            Place::UserProfile("svc.DOM".into()),
            vec![
                name(Basis::ProfileFolder, "svc.DOM"),
                sid(Basis::RootDacl, USER),
                name(Basis::LogonUserName, "svc"),
            ],
        );
        assert_eq!(found.name.as_deref(), Some("svc"));
        assert_eq!(found.sid, Sid::parse(USER));
        assert_eq!((found.confidence, found.kind), (Confidence::High, AccountKind::Unknown));
        assert_eq!(found.basis(), "SID: root key's DACL; name: Logon User Name, profile folder");
    }

    #[test]
    fn traces_that_do_not_fit_are_shown_and_lower_the_confidence() {
        let found = resolve(
            Place::Unknown,
            vec![
                sid(Basis::RootDacl, USER),
                sid(Basis::ProtectedStorage, OTHER),
                name(Basis::ProfileFolder, "a"),
            ],
        );
        assert_eq!(found.sid, Sid::parse(USER), "the root key's own DACL stands");
        assert_eq!(found.confidence, Confidence::Low);
        assert_eq!(found.contradictions.len(), 1);
    }

    #[test]
    fn two_accounts_in_one_dacl_are_no_answer() {
        let found = resolve(Place::Unknown, vec![sid(Basis::RootDacl, USER), sid(Basis::RootDacl, OTHER)]);
        assert_eq!(found.sid, None);
        assert_eq!(found.kind, AccountKind::Unknown);
        assert_eq!(found.contradictions.len(), 1);
    }

    #[test]
    fn a_name_cut_off_in_front_only_has_to_end_the_same() {
        let end =
            |text: &str| Trace { basis: Basis::HeaderFileName, says: Says::NameEnd(text.into()), at: None };
        let folder = || name(Basis::ProfileFolder, "svc-exchange");
        assert!(resolve(Place::Unknown, vec![folder(), end("EXCHANGE")]).contradictions.is_empty());
        assert_eq!(resolve(Place::Unknown, vec![folder(), end("other")]).contradictions.len(), 1);
    }

    #[test]
    fn only_well_known_identifiers_make_a_service_account() {
        for (text, kind) in [
            ("S-1-5-18", AccountKind::System),
            ("S-1-5-19", AccountKind::Service),
            ("S-1-5-80-1-2-3-4-5", AccountKind::Service),
            (USER, AccountKind::Unknown),
            ("S-1-12-1-1-2-3-4", AccountKind::Unknown),
        ] {
            assert_eq!(AccountKind::of(&Sid::parse(text).unwrap()), kind, "{text}");
        }
    }
}
