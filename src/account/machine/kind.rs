//! Which hive of a machine it is, whatever its file is called.

use crate::hive::{Found, Tree};
use crate::mapi::places_of_profiles;

/// A hive of Windows, told by the keys at its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MachineKind {
    /// `HKLM\SYSTEM`.
    System,
    /// `HKLM\SOFTWARE`.
    Software,
    /// `HKLM\SAM`.
    Sam,
    /// `HKLM\SECURITY`.
    Security,
    /// `HKU\.DEFAULT`: a user's hive that belongs to the machine.
    Default,
    /// A user's hive.
    User,
}

impl MachineKind {
    /// Keys of which each is found in hives of one kind alone. (SYSTEM has `Software` and `Keyboard Layout` too, and
    /// `HKCU\Software` saved as a hive of its own looks much like SOFTWARE.)
    const TRAITS: [(Self, &[&str]); 5] = [
        (Self::System, &["Select", "ControlSet001", "ControlSet002", "ControlSet003"]),
        (Self::Software, &[r"Microsoft\Windows NT\CurrentVersion\ProfileList"]),
        (Self::Sam, &[r"SAM\Domains"]),
        (Self::Security, &[r"Policy\PolAcDmS", r"Policy\Accounts"]),
        (Self::User, &["Control Panel", "Environment", "AppEvents", "Console"]),
    ];

    /// Tells which it is; absent where it is none of these, unknown where a list that would tell cannot be read.
    pub fn of(tree: &Tree<'_>) -> Found<Self> {
        let Ok(root) = tree.root() else { return Found::Unknown };
        let mut unknown = false;
        for (kind, keys) in Self::TRAITS {
            for path in keys {
                match root.descendant(path) {
                    Found::Here(_) => return Found::Here(kind.or_default(tree)),
                    Found::Absent => {}
                    Found::Unknown => unknown = true,
                }
            }
        }
        // A hive that is none of the others and has programs' settings is a user's of which little is left.
        match root.descendant(r"Software\Microsoft") {
            _ if unknown => Found::Unknown,
            found => found.and_then(|_| Found::Here(Self::User.or_default(tree))),
        }
    }

    /// Whether it is a hive of the machine, which belongs to no account, and is not called as a user's. A user can make and delete
    /// keys of any name in a hive of his own, so that what has keys of users' hives or places of profiles too is none.
    pub fn is_of_machine(hive_path: &str, tree: &Tree<'_>) -> bool {
        let remembered = tree.image().base_block().map_or("", |block| &block.file_name);
        let is_called_a_users = [hive_path, remembered].into_iter().any(|path| {
            let file = path.rsplit(['/', '\\', '!']).next().unwrap_or(path);
            file.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("ntuser"))
        });
        let by_keys = || match Self::of(tree) {
            Found::Here(Self::System | Self::Software | Self::Sam | Self::Security) => true,
            Found::Here(Self::Default | Self::User) | Found::Absent | Found::Unknown => false,
        };
        let has_keys_of_users = || {
            let users = Self::TRAITS.into_iter().filter(|(kind, _)| *kind == Self::User);
            let mut keys =
                users.flat_map(|(_, keys)| keys).map(|key| (*key).to_owned()).chain(places_of_profiles());
            tree.root().is_ok_and(|root| keys.any(|key| !root.descendant(&key).is_absent()))
        };
        !is_called_a_users && by_keys() && !has_keys_of_users()
    }

    /// The hive of `HKU\.DEFAULT` has the same keys as a user's. The base block remembers from where it was loaded.
    fn or_default(self, tree: &Tree<'_>) -> Self {
        let loaded_from = tree.image().base_block().map(|block| block.file_name.to_ascii_lowercase());
        let is_default = loaded_from.is_some_and(|path| path.ends_with(r"config\default"));
        if self == Self::User && is_default { Self::Default } else { self }
    }
}
