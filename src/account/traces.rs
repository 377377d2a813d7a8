//! Every trace of an account that a hive and its path carry.

use crate::hive::{Error, Found, Image, Key, Offset, Problems, Tree, Value};
use crate::wintypes::{Sid, decode_utf16le, trim_nul};

use super::path::place_of_any;
use super::{Basis, Place, Says, Trace, WellKnown, place};

const EXPLORER: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer";
const PROTECTED_STORAGE: &str = r"Software\Microsoft\Protected Storage System Provider";

/// What a path tells.
pub(super) fn of_path(place: &Place) -> Vec<Trace> {
    of_place(place, Basis::ProfileFolder, None)
}

/// What a hive's header and keys tell.
pub(super) fn of_hive(image: &Image, tree: &Tree<'_>, problems: &mut Problems) -> Vec<Trace> {
    let mut traces = of_header(image);
    let root = match tree.root() {
        Ok(root) => root,
        Err(error) => {
            problems.add(image.root().in_file(), Some(""), error);
            return traces;
        }
    };
    traces.extend(of_root_security(&root, problems));
    traces.extend(of_protected_storage(&root, problems));
    traces.extend(of_explorer(&root, problems));
    traces
}

/// The last characters of the path from which Windows loaded the hive.
fn of_header(image: &Image) -> Vec<Trace> {
    /// Characters the field holds; a path that fills it was cut off in front.
    const FIELD: usize = 31;

    let Some(base_block) = image.base_block() else { return Vec::new() };
    let path = &base_block.file_name;
    let at = Some(Offset(48));
    match place(path) {
        Place::Unknown => {}
        known => return of_place(&known, Basis::HeaderFileName, at),
    }
    // `ttings\name\ntuser.dat`: the profiles folder is cut off, the name is whole if something stands before it.
    let mut components = path.rsplit('\\');
    let is_user_hive = components.next().is_some_and(|file| file.to_ascii_lowercase().starts_with("ntuser."));
    let Some(folder) = components.next().filter(|folder| is_user_hive && !folder.is_empty()) else {
        return Vec::new();
    };
    let whole = components.next().is_some() || path.chars().count() < FIELD;
    if whole {
        return of_place(&place(&format!(r"Users\{folder}\ntuser.dat")), Basis::HeaderFileName, at);
    }
    vec![Trace { basis: Basis::HeaderFileName, says: Says::NameEnd(folder.to_owned()), at }]
}

fn of_place(place: &Place, basis: Basis, at: Option<Offset>) -> Vec<Trace> {
    let trace = |basis, says| Trace { basis, says, at };
    let well_known = |account: WellKnown| {
        let sid = Sid::parse(account.sid()).map(|sid| trace(Basis::WellKnownPlace, Says::Sid(sid)));
        let name = trace(Basis::WellKnownPlace, Says::Name(account.name().into()));
        sid.into_iter().chain([name]).collect()
    };
    match place {
        Place::UserProfile(folder) => vec![trace(basis, Says::Name(folder.clone()))],
        Place::ServiceProfile(account) => well_known(*account),
        Place::System => well_known(WellKnown::LocalSystem),
        Place::Template | Place::Machine | Place::Unknown => Vec::new(),
    }
}

/// Identifiers of accounts with full control in the root key's DACL. The owner is no trace: it is the Administrators
/// group on every user's hive seen.
fn of_root_security(root: &Key<'_, '_>, problems: &mut Problems) -> Vec<Trace> {
    let at = root.node().security().in_file();
    let descriptor = match root.security() {
        Ok(descriptor) => descriptor,
        Err(error) => {
            problems.add(at, Some(""), error);
            return Vec::new();
        }
    };
    if let Some(error) = descriptor.incomplete {
        problems.add(at, Some(""), Error::Security(error));
    }
    let mut sids: Vec<Sid> = descriptor
        .allowed
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| entry.is_full_control() && is_account(&entry.sid))
        .map(|entry| entry.sid)
        .collect();
    sids.sort();
    sids.dedup();
    sids.into_iter().map(|sid| Trace { basis: Basis::RootDacl, says: Says::Sid(sid), at: Some(at) }).collect()
}

/// Whether an identifier can be the account that owns a user hive. `S-1-5-18` has full control of every hive and says
/// nothing; domain groups with a fixed relative identifier (512 to 520, 526, 527) are no accounts.
fn is_account(sid: &Sid) -> bool {
    match (sid.authority(), sid.sub_authorities()) {
        (5, [21, _, _, _, rid]) => !matches!(rid, 512..=520 | 526 | 527),
        (5, [19 | 20] | [80 | 82 | 83, ..]) | (12, [1, ..]) => true,
        _ => false,
    }
}

fn of_protected_storage(root: &Key<'_, '_>, problems: &mut Problems) -> Vec<Trace> {
    let Found::Here((key, path)) = root.located("", PROTECTED_STORAGE, problems) else { return Vec::new() };
    let subkeys = key.subkeys(&path, problems).items;
    let sids = subkeys.iter().filter_map(|key| Some((key.at(), Sid::parse(&key.name())?)));
    sids.filter(|(_, sid)| is_account(sid))
        .map(|(at, sid)| Trace { basis: Basis::ProtectedStorage, says: Says::Sid(sid), at: Some(at) })
        .collect()
}

fn of_explorer(root: &Key<'_, '_>, problems: &mut Problems) -> Vec<Trace> {
    let Found::Here((explorer, path)) = root.located("", EXPLORER, problems) else { return Vec::new() };
    let mut traces = Vec::new();
    if let Found::Here(value) = explorer.located_value(&path, "Logon User Name", problems) {
        let name = text(&value).filter(|name| !name.is_empty());
        let trace =
            |name| Trace { basis: Basis::LogonUserName, says: Says::Name(name), at: Some(value.at()) };
        traces.extend(name.map(trace));
    }
    if let Found::Here((folders, path)) = explorer.located(&path, "Shell Folders", problems) {
        // One is enough: they are written together, and all lie below the same folder.
        let folder = ["AppData", "Personal", "Cache"].into_iter().find_map(|name| {
            let value = folders.located_value(&path, name, problems).here()?;
            Some((value.at(), text(&value)?))
        });
        if let Some((at, folder)) = folder {
            traces.extend(of_place(&place_of_any(&folder), Basis::ShellFolders, Some(at)));
        }
    }
    traces
}

/// The text of a string value, up to its NUL.
fn text(value: &Value<'_>) -> Option<String> {
    let data = value.data().ok()?;
    Some(decode_utf16le(trim_nul(&data.bytes).0))
}
