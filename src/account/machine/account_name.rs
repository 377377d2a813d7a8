//! The account that a service names in `ObjectName`, and whether it can be the one that a hive belongs to.

use crate::account::{Confidence, WellKnown};
use crate::hive::Found;
use crate::wintypes::{Sid, same_name};

use super::SamFacts;

/// An account as a service names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountName {
    /// `LocalSystem`, `NT AUTHORITY\LocalService`, `NT AUTHORITY\NetworkService`.
    WellKnown(WellKnown),
    /// `NT SERVICE\name`: the account of that service alone.
    Virtual(String),
    /// `.\name`: an account of the machine.
    Local(String),
    /// `DOMAIN\name`; the domain may be the computer.
    InDomain {
        /// The domain's NetBIOS name, or the computer's.
        domain: String,
        /// The account's name.
        name: String,
    },
    /// `name@domain`.
    Principal {
        /// The account's name, which need not be the one that it has after a backslash.
        name: String,
        /// The domain's DNS name.
        domain: String,
    },
    /// A name alone.
    Bare(String),
}

/// What is known of the account that a name is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownAccount<'a> {
    /// Its security identifier.
    pub sid: Option<&'a Sid>,
    /// Its name, from where names of accounts are; never that of a folder.
    pub name: Option<&'a str>,
    /// The name of its profile folder.
    pub folder: Option<&'a str>,
    /// The name of the computer.
    pub computer: Option<&'a str>,
    /// The computer's own accounts.
    pub sam: Option<&'a SamFacts>,
}

/// Whether a name can mean an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It means this account: the identifiers are the same.
    Same,
    /// A hint: it is an account of this name. Another domain can have one too.
    SameName,
    /// A hint: the account's profile folder has this name, which says how it was called when the folder was made.
    FolderName,
    /// Nothing speaks for it, and nothing against: accounts are renamed.
    NothingShown,
    /// It means another account: the identifiers differ.
    Other,
}

impl Meaning {
    /// How sure it is that the account is meant; `None` where nothing speaks for it.
    pub fn confidence(self) -> Option<Confidence> {
        match self {
            Self::Same => Some(Confidence::High),
            Self::SameName | Self::FolderName => Some(Confidence::Low),
            Self::NothingShown | Self::Other => None,
        }
    }
}

impl AccountName {
    /// Reads an `ObjectName`; `None` where it names no account: the object of a driver, or text that no account can have.
    ///
    /// "The name of the account in all locales is .\LocalSystem. The name, LocalSystem or ComputerName\LocalSystem can also be
    /// used" (Microsoft, "LocalSystem Account"). Names of the other two are not translated either ("LocalService Account").
    pub fn parse(object_name: &str) -> Option<Self> {
        let no_name = object_name.is_empty() || object_name.starts_with('\\');
        // No account has control characters in its name, which is what an escape stands for.
        if no_name || object_name.contains("\\u{") {
            return None;
        }
        let Some((domain, name)) = object_name.split_once('\\') else {
            return Some(match object_name.rsplit_once('@') {
                _ if same_name(object_name, "LocalSystem") => Self::WellKnown(WellKnown::LocalSystem),
                Some((name, domain)) if !name.is_empty() => {
                    Self::Principal { name: name.into(), domain: domain.into() }
                }
                _ => Self::Bare(object_name.into()),
            });
        };
        if name.is_empty() {
            return None;
        }
        let well_known = if same_name(name, "LocalSystem") {
            Some(WellKnown::LocalSystem)
        } else {
            of_nt_authority(name).filter(|_| same_name(domain, "NT AUTHORITY"))
        };
        Some(match (well_known, domain) {
            (Some(account), _) => Self::WellKnown(account),
            (None, ".") => Self::Local(name.into()),
            (None, _) if same_name(domain, "NT SERVICE") => Self::Virtual(name.into()),
            (None, _) => Self::InDomain { domain: domain.into(), name: name.into() },
        })
    }

    /// The name without its domain.
    pub fn name(&self) -> &str {
        match self {
            Self::WellKnown(account) => account.name(),
            Self::Virtual(name)
            | Self::Local(name)
            | Self::InDomain { name, .. }
            | Self::Principal { name, .. }
            | Self::Bare(name) => name,
        }
    }

    /// Whether it means an account. Only identifiers prove it; names are hints.
    pub fn means(&self, known: &KnownAccount<'_>) -> Meaning {
        if let Some(sid) = known.sid {
            match self.own_sid(known) {
                Found::Here(own) if own == *sid => return Meaning::Same,
                Found::Here(_) => return Meaning::Other,
                Found::Absent | Found::Unknown if self.is_another_sort_than(sid, known) => {
                    return Meaning::Other;
                }
                Found::Absent | Found::Unknown => {}
            }
        }
        let in_sam = known.sam.zip(known.sid).and_then(|(sam, sid)| sam.account(sid).here());
        let names = [known.name, in_sam.map(super::LocalAccount::name)];
        if names.into_iter().flatten().any(|name| same_name(name, self.name())) {
            Meaning::SameName
        } else if known.folder.is_some_and(|folder| is_folder_of(folder, self.name())) {
            Meaning::FolderName
        } else {
            Meaning::NothingShown
        }
    }

    /// Its identifier, where it is fixed or the machine's SAM has it.
    fn own_sid(&self, known: &KnownAccount<'_>) -> Found<Sid> {
        match (self, known.sam) {
            (Self::WellKnown(account), _) => Sid::parse(account.sid()).map_or(Found::Unknown, Found::Here),
            (_, Some(sam)) if self.is_local(known) => sam.sid(self.name()),
            _ => Found::Unknown,
        }
    }

    fn is_local(&self, known: &KnownAccount<'_>) -> bool {
        match self {
            Self::Local(_) => true,
            Self::InDomain { domain, .. } => known.computer.is_some_and(|name| same_name(name, domain)),
            _ => false,
        }
    }

    /// Whether an account so named cannot have this identifier.
    fn is_another_sort_than(&self, sid: &Sid, known: &KnownAccount<'_>) -> bool {
        match (sid.authority(), sid.sub_authorities()) {
            // Their names have been recognised before.
            (5, [18..=20]) => return true,
            // NT SERVICE\*: [MS-DTYP] 2.4.2.4.
            (5, [80, ..]) => return !matches!(self, Self::Virtual(_)),
            (5, [21, ..]) | (12, [1, ..]) if matches!(self, Self::Virtual(_)) => return true,
            _ => {}
        }
        // An account of the machine has the machine's identifier and one more number.
        let machine = known.sam.and_then(|sam| sam.machine_sid.as_ref().here());
        machine.is_some_and(|machine| {
            let (_, above) = sid.sub_authorities().split_last().unwrap_or((&0, &[]));
            self.is_local(known) && above != machine.value.sub_authorities()
        })
    }
}

/// Accounts of `NT AUTHORITY`, with and without the blank.
fn of_nt_authority(name: &str) -> Option<WellKnown> {
    let name: String = name.chars().filter(|character| *character != ' ').collect();
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    match () {
        () if is("SYSTEM") => Some(WellKnown::LocalSystem),
        () if is("LocalService") => Some(WellKnown::LocalService),
        () if is("NetworkService") => Some(WellKnown::NetworkService),
        () => None,
    }
}

/// Whether a profile folder may have been made for an account of this name: Windows appends `.DOMAIN` or `.000` where the
/// name is taken.
fn is_folder_of(folder: &str, name: &str) -> bool {
    same_name(folder, name)
        || folder.match_indices('.').any(|(at, _)| folder.get(..at).is_some_and(|stem| same_name(stem, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<AccountName> {
        AccountName::parse(text)
    }

    #[test]
    fn every_form_of_an_object_name_is_understood() {
        let name = |text: &str| text.to_owned();
        for (text, expected) in [
            ("LocalSystem", AccountName::WellKnown(WellKnown::LocalSystem)),
            ("localsystem", AccountName::WellKnown(WellKnown::LocalSystem)),
            (r".\LocalSystem", AccountName::WellKnown(WellKnown::LocalSystem)),
            (r"EXCH01\LocalSystem", AccountName::WellKnown(WellKnown::LocalSystem)),
            (r"NT AUTHORITY\SYSTEM", AccountName::WellKnown(WellKnown::LocalSystem)),
            (r"NT AUTHORITY\LocalService", AccountName::WellKnown(WellKnown::LocalService)),
            (r"nt authority\LOCAL SERVICE", AccountName::WellKnown(WellKnown::LocalService)),
            (r"NT AUTHORITY\NetworkService", AccountName::WellKnown(WellKnown::NetworkService)),
            (r"NT Authority\Network Service", AccountName::WellKnown(WellKnown::NetworkService)),
            (r"NT SERVICE\MSSQLSERVER", AccountName::Virtual(name("MSSQLSERVER"))),
            (r".\exsvc", AccountName::Local(name("exsvc"))),
            (r"DOM\exsvc", AccountName::InDomain { domain: name("DOM"), name: name("exsvc") }),
            (
                r"DOM\NetworkService",
                AccountName::InDomain { domain: name("DOM"), name: name("NetworkService") },
            ),
            (
                "exsvc@dom.example",
                AccountName::Principal { name: name("exsvc"), domain: name("dom.example") },
            ),
            ("exsvc", AccountName::Bare(name("exsvc"))),
            ("@odd", AccountName::Bare(name("@odd"))),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["", r"\FileSystem\Rdr", r"DOM\", r"DOM\\a\u{7}"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_identifiers_prove_an_account_and_names_are_hints() {
        let sid = |text: &str| Sid::parse(text).unwrap();
        let (person, virtual_one) = (sid("S-1-5-21-1-2-3-1001"), sid("S-1-5-80-1-2-3-4-5"));
        let (system, network) = (sid("S-1-5-18"), sid("S-1-5-20"));
        let by_sid = |sid| KnownAccount { sid: Some(sid), ..KnownAccount::default() };
        let means = |text: &str, known: KnownAccount<'_>| parse(text).unwrap().means(&known);

        assert_eq!(means("LocalSystem", by_sid(&system)), Meaning::Same);
        assert_eq!(means("LocalSystem", by_sid(&network)), Meaning::Other);
        assert_eq!(means("LocalSystem", by_sid(&person)), Meaning::Other);
        assert_eq!(means(r"DOM\exsvc", by_sid(&system)), Meaning::Other);
        assert_eq!(means(r"DOM\exsvc", by_sid(&person)), Meaning::NothingShown);
        assert_eq!(means(r"NT SERVICE\a", by_sid(&person)), Meaning::Other);
        assert_eq!(means(r"DOM\a", by_sid(&virtual_one)), Meaning::Other);

        let named = KnownAccount { name: Some("EXSVC"), ..by_sid(&person) };
        assert_eq!(means(r"DOM\exsvc", named), Meaning::SameName);
        assert_eq!(means("exsvc@dom.example", named), Meaning::SameName);
        assert_eq!(means(r"DOM\exsvc2", named), Meaning::NothingShown);

        for folder in ["ExSvc", "exsvc.DOM", "exsvc.DOM.000"] {
            let known = KnownAccount { folder: Some(folder), ..by_sid(&person) };
            let meaning = means(r"DOM\exsvc", known);
            assert_eq!((meaning, meaning.confidence()), (Meaning::FolderName, Some(Confidence::Low)));
        }
        let other_folder = KnownAccount { folder: Some("exsvc2"), ..by_sid(&person) };
        assert_eq!(means(r"DOM\exsvc", other_folder), Meaning::NothingShown);

        // A folder of the right name does not outweigh an identifier.
        let system_like = KnownAccount { folder: Some("LocalSystem"), ..by_sid(&person) };
        assert_eq!(means("LocalSystem", system_like), Meaning::Other);
    }
}
