//! The hive SAM: names and identifiers of local accounts. Nothing else of it is read: below `Users` only the list of names,
//! never the values `F` and `V` of an account, which hold hashes of its passwords.

use crate::hive::{Error, Found, Listed, Problems, Tree, ValueType};
use crate::wintypes::Sid;

use super::MAX_LOCAL_ACCOUNTS;
use super::fact::{Fact, Opened, Reader};

/// What SAM says. On a domain controller of Windows NT 4.0 this is the domain's; else the accounts of the machine alone.
#[derive(Debug)]
pub struct SamFacts {
    /// The identifier of the machine, to which those of its accounts add one number.
    pub machine_sid: Found<Fact<Sid>>,
    /// The local accounts.
    pub accounts: Listed<LocalAccount>,
}

/// A local account.
#[derive(Clone, Debug)]
pub struct LocalAccount {
    /// Its key; the value is its name.
    pub key: Fact<String>,
    /// Its relative identifier: the type of the unnamed value.
    pub rid: Found<Fact<u32>>,
}

impl LocalAccount {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.key.value
    }
}

impl SamFacts {
    /// Reads what it can; what it cannot read, it reports.
    pub fn read(tree: &Tree<'_>, problems: &mut Problems) -> Self {
        let mut reader = Reader::new(tree, problems);
        let domain = reader.root().and_then(|root| reader.below(&root, r"SAM\Domains\Account"));
        match domain {
            Found::Here(domain) => Self {
                machine_sid: machine_sid(&mut reader, &domain),
                accounts: accounts(&mut reader, &domain),
            },
            Found::Absent => {
                Self { machine_sid: Found::Absent, accounts: Listed { items: Vec::new(), complete: true } }
            }
            Found::Unknown => {
                Self { machine_sid: Found::Unknown, accounts: Listed { items: Vec::new(), complete: false } }
            }
        }
    }

    /// The local account with this identifier.
    pub fn account(&self, sid: &Sid) -> Found<&LocalAccount> {
        let Found::Here(machine) = &self.machine_sid else { return Found::Unknown };
        let rid = match (sid.authority() == machine.value.authority(), sid.sub_authorities().split_last()) {
            (true, Some((rid, above))) if above == machine.value.sub_authorities() => *rid,
            _ => return Found::Absent,
        };
        let is_wanted =
            |account: &&LocalAccount| account.rid.as_ref().here().is_some_and(|found| found.value == rid);
        match self.accounts.items.iter().find(is_wanted) {
            Some(account) => Found::Here(account),
            None if self.is_complete() => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// The identifier of the local account with this name, in any letter case.
    pub fn sid(&self, name: &str) -> Found<Sid> {
        let named = |account: &&LocalAccount| crate::wintypes::same_name(account.name(), name);
        let Some(account) = self.accounts.items.iter().find(named) else {
            return if self.accounts.complete { Found::Absent } else { Found::Unknown };
        };
        let (Found::Here(machine), Found::Here(rid)) = (&self.machine_sid, &account.rid) else {
            return Found::Unknown;
        };
        Sid::parse(&format!("{}-{}", machine.value, rid.value)).map_or(Found::Unknown, Found::Here)
    }

    fn is_complete(&self) -> bool {
        self.accounts.complete
            && self.accounts.items.iter().all(|account| account.rid.as_ref().here().is_some())
    }
}

/// The last 24 bytes of the domain's `V` are the identifier `S-1-5-21-…`.
fn machine_sid<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, domain: &Opened<'t, 'b>) -> Found<Fact<Sid>> {
    let values = reader.values(domain);
    reader.fact(&values, "V", |value_type: ValueType, bytes: &[u8]| {
        let bytes = bytes.last_chunk::<24>().ok_or(Error::ValueSize {
            value_type,
            found: bytes.len() as u64,
            expected: 24,
        })?;
        let sid = Sid::from_prefix(bytes).ok();
        sid.filter(|sid| sid.authority() == 5 && matches!(sid.sub_authorities(), [21, _, _, _])).ok_or_else(
            || Error::Signature {
                expected: "S-1-5-21-… in the last 24 bytes",
                found: "something else".into(),
            },
        )
    })
}

fn accounts<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, domain: &Opened<'t, 'b>) -> Listed<LocalAccount> {
    match reader.below(domain, r"Users\Names") {
        Found::Here(names) => reader.each_below(&names, MAX_LOCAL_ACCOUNTS, |reader, key| {
            let values = reader.values(key);
            let rid = reader.value_type(&values, "");
            Some(LocalAccount { key: Fact::of_key(key, key.key.name()), rid })
        }),
        other => Listed { items: Vec::new(), complete: other.is_absent() },
    }
}
