//! Which hive of AFTER is the later copy of which of BEFORE.

use std::collections::BTreeMap;
use std::path::Path;

use crate::account::{self, Attribution, Basis, Place};
use crate::scan::{Candidate, Discovered, Reading, Stop, in_order, path_text, read_hive};

use super::folded;

/// Which of the two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The one that the user says is earlier.
    Before,
    /// The one that the user says is later.
    After,
}

impl Side {
    /// As it is called on the command line and in every sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "BEFORE",
            Self::After => "AFTER",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }
}

/// How it is known that two hives are copies of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PairedBy {
    /// Both were named.
    Named,
    /// They lie at the same place of the same host.
    Path,
    /// On the same host, the DACLs of their root keys name the same account, and no other hive's does.
    Account,
}

impl PairedBy {
    /// All of them, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::Named, Self::Path, Self::Account];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Path => "path",
            Self::Account => "account",
        }
    }
}

/// Two copies of one hive, or a hive of which the other copy is not among the files.
#[derive(Clone, Debug)]
pub enum Pair {
    /// Two copies of one hive.
    Both {
        /// The earlier one.
        before: Candidate,
        /// The later one.
        after: Candidate,
        /// How it is known.
        by: PairedBy,
        /// The host, where both paths show the same or the arguments are of one host each.
        host: Option<String>,
    },
    /// A hive without its other copy.
    Alone {
        /// Which copy it is of.
        side: Side,
        /// The hive.
        hive: Candidate,
        /// The host.
        host: Option<String>,
        /// Why no other copy was chosen, where there were several to choose from.
        several: bool,
    },
}

impl Pair {
    /// The host.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Both { host, .. } | Self::Alone { host, .. } => host.as_deref(),
        }
    }

    /// The path by which the pair is sorted.
    fn path(&self) -> &str {
        match self {
            Self::Both { before, .. } => &before.hive_path,
            Self::Alone { hive, .. } => &hive.hive_path,
        }
    }
}

/// A hive and where on which host it lay.
struct Located {
    candidate: Candidate,
    /// The host that the path below the argument shows.
    host_below: Option<String>,
    /// Where it lay on its host: from the drive on, or else from the argument on.
    place: String,
    /// Whether several hives of the other side would do.
    several: bool,
}

/// Pairs the hives of both sides, in the order of hosts and paths. Each hive is in one pair.
pub fn pairs(
    before: (&Path, Discovered),
    after: (&Path, Discovered),
    reading: Reading,
    threads: usize,
) -> Vec<Pair> {
    type Key = (Option<String>, String);

    // A file may be an archive of many.
    let names_one =
        |(argument, found): (&Path, &Discovered)| argument.is_file() && found.candidates.len() == 1;
    let both_named = names_one((before.0, &before.1)) && names_one((after.0, &after.1));
    let located = |(argument, found): (&Path, Discovered)| -> Vec<Option<Located>> {
        found.candidates.into_iter().map(|candidate| Some(Located::new(argument, candidate))).collect()
    };
    let (mut before, mut after) = (located(before), located(after));
    let mut pairs = Vec::new();
    if both_named {
        pair_up(&mut before, &mut after, PairedBy::Named, &mut pairs, |_| Some(()));
    }
    // As it is spelled first: Linux has room for two folders that Windows would take for one.
    let keys: [fn(&Located) -> Key; 3] = [
        |hive| (hive.host_below.clone(), hive.place.clone()),
        |hive| (hive.host_below.as_deref().map(folded), folded(&hive.place)),
        // One argument may be a fleet and the other one host of it.
        |hive| (hive.candidate.host.as_deref().map(folded), folded(&hive.place)),
    ];
    for key in keys {
        pair_up(&mut before, &mut after, PairedBy::Path, &mut pairs, |hive| Some(key(hive)));
    }
    let (accounts_before, accounts_after) =
        (accounts(&before, reading, threads), accounts(&after, reading, threads));
    let account_of = |hive: &Located| {
        let accounts = [&accounts_before, &accounts_after];
        accounts.into_iter().find_map(|accounts| accounts.get(&hive.candidate.hive_path)).cloned()
    };
    let by_account: [fn(&Located) -> Option<String>; 2] =
        [|hive| hive.host_below.as_deref().map(folded), |hive| hive.candidate.host.as_deref().map(folded)];
    for host in by_account {
        pair_up(&mut before, &mut after, PairedBy::Account, &mut pairs, |hive| {
            Some((host(hive), is_of_classes(hive), account_of(hive)?))
        });
    }
    for (side, hives) in [(Side::Before, before), (Side::After, after)] {
        pairs.extend(hives.into_iter().flatten().map(|hive| Pair::Alone {
            side,
            host: hive.host_below.or_else(|| hive.candidate.host.as_deref().map(str::to_owned)),
            hive: hive.candidate,
            several: hive.several,
        }));
    }
    pairs.sort_by(|a, b| (a.host(), a.path(), a.side()).cmp(&(b.host(), b.path(), b.side())));
    pairs
}

impl Pair {
    fn side(&self) -> Option<Side> {
        match self {
            Self::Both { .. } => None,
            Self::Alone { side, .. } => Some(*side),
        }
    }
}

/// Pairs what has the same key, where it is the only one with this key on either side.
fn pair_up<K: Ord>(
    before: &mut [Option<Located>],
    after: &mut [Option<Located>],
    by: PairedBy,
    pairs: &mut Vec<Pair>,
    key: impl Fn(&Located) -> Option<K>,
) {
    let places = |hives: &[Option<Located>]| {
        let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, hive) in hives.iter().enumerate() {
            if let Some(key) = hive.as_ref().and_then(&key) {
                places.entry(key).or_default().push(at);
            }
        }
        places
    };
    let mut others = places(after);
    for (key, here) in places(before) {
        let Some(there) = others.remove(&key) else { continue };
        if let ([one], [other]) = (&here[..], &there[..]) {
            let taken = before.get_mut(*one).and_then(Option::take);
            let other = after.get_mut(*other).and_then(Option::take);
            pairs.extend(taken.zip(other).map(|(before, after)| joined(before, after, by)));
        } else {
            let mark = |hives: &mut [Option<Located>], places: &[usize]| {
                for at in places {
                    if let Some(Some(hive)) = hives.get_mut(*at) {
                        hive.several = true;
                    }
                }
            };
            mark(before, &here);
            mark(after, &there);
        }
    }
}

fn joined(before: Located, after: Located, by: PairedBy) -> Pair {
    let same = |left: Option<&str>, right: Option<&str>| left.map(folded) == right.map(folded);
    let below = || same(before.host_below.as_deref(), after.host_below.as_deref());
    let host = if after.host_below.is_some() && below() {
        after.host_below
    } else if same(before.candidate.host.as_deref(), after.candidate.host.as_deref()) {
        after.candidate.host.as_deref().map(str::to_owned)
    } else {
        None
    };
    Pair::Both { before: before.candidate, after: after.candidate, by, host }
}

/// Whether it is the hive of an account's classes, of which each account has one beside its own.
fn is_of_classes(hive: &Located) -> bool {
    let name = hive.candidate.path().file_name();
    name.is_some_and(|name| name.eq_ignore_ascii_case("UsrClass.dat"))
}

/// The accounts that the root keys of hives without another copy name, by the paths of the hives.
fn accounts(hives: &[Option<Located>], reading: Reading, threads: usize) -> BTreeMap<String, String> {
    let candidates: Vec<&Candidate> = hives.iter().flatten().map(|hive| &hive.candidate).collect();
    let reading = Reading { recovery: None, ..reading };
    let account = |candidate: &&Candidate| {
        let (coverage, _) = read_hive(candidate, reading, |hive, problems| {
            (Some(Attribution::read(hive.hive_path, hive.image, hive.tree, problems)), ())
        });
        let account = coverage.account;
        let by_dacl = account.traces.iter().any(|trace| trace.basis == Basis::RootDacl);
        let sid = account.sid.filter(|_| by_dacl && account.place != Place::Machine);
        sid.map(|sid| (candidate.hive_path.clone(), sid.to_string()))
    };
    let mut accounts = BTreeMap::new();
    let taken = in_order(
        &candidates,
        threads,
        &Stop::default(),
        account,
        |_| 0,
        |found| {
            accounts.extend(found);
            Ok::<(), std::convert::Infallible>(())
        },
    );
    match taken {
        Ok(_) => accounts,
        Err(never) => match never {},
    }
}

impl Located {
    fn new(argument: &Path, candidate: Candidate) -> Self {
        let below = below(&path_text(argument), &candidate.hive_path);
        let place = place_on_drive(&candidate.hive_path).unwrap_or_else(|| below.to_owned());
        let kept = account::kept(&candidate.hive_path);
        let place = kept.shadow_copy.map_or(place.clone(), |number| format!("shadow copy {number}/{place}"));
        Self { host_below: account::host(below), place, candidate, several: false }
    }
}

/// The part of a path below an argument; the name of a file that is the argument.
fn below<'p>(argument: &str, path: &'p str) -> &'p str {
    let name = || path.rsplit_once(['/', '!']).map_or(path, |(_, name)| name);
    match argument {
        "." => path,
        "/" => path.trim_start_matches('/'),
        _ if path == argument => name(),
        _ => path.strip_prefix(argument).and_then(|rest| rest.strip_prefix(['/', '!'])).unwrap_or(path),
    }
}

/// The path from the drive on, or from the Windows or profiles folder where no drive is shown; `None` where neither is.
/// Drives are spelled alike however a collector spells them.
fn place_on_drive(path: &str) -> Option<String> {
    // Of a path on a Windows system `account::host` takes the folder above the drive for the host.
    const ABOVE: &str = "above";

    let path = account::unpacked(path);
    let path = if path.contains("\\u{") { path.into_owned() } else { path.replace('\\', "/") };
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let is_host_above =
        |names: &[&str]| account::host(&format!("{ABOVE}/{}", names.join("/"))).as_deref() == Some(ABOVE);
    let tails = || (0..names.len()).filter_map(|at| names.get(at..));
    // The folders of collection tools are passed over as well: what stands above the first drive or Windows folder.
    let anchor = tails().find(|tail| {
        let [first, rest @ ..] = tail else { return false };
        let windows = |name: &str| is_host_above(&[name]);
        windows(first) || drive(first).is_some() && rest.first().is_some_and(|next| windows(next))
    })?;
    let (first, rest) = anchor.split_first()?;
    let first =
        drive(first).map_or_else(|| (*first).to_owned(), |drive| drive.to_ascii_uppercase().to_string());
    Some(std::iter::once(first.as_str()).chain(rest.iter().copied()).collect::<Vec<_>>().join("/"))
}

/// The letter of a drive: `C`, `C:`, `C%3A`, `\\.\C:` in percent codes.
fn drive(name: &str) -> Option<char> {
    const DEVICE: &str = "%5C%5C.%5C";

    let device = name.get(..DEVICE.len()).is_some_and(|start| start.eq_ignore_ascii_case(DEVICE));
    let name = if device { name.get(DEVICE.len()..)? } else { name };
    let colon = [":", "%3A", "%3a"].into_iter().find_map(|colon| name.strip_suffix(colon));
    let mut letters = colon.unwrap_or(name).chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_from_the_drive_on() {
        for (path, place) in [
            ("fleet/EXCH01/C/WINNT/Profiles/svc/NTUSER.DAT", Some("C/WINNT/Profiles/svc/NTUSER.DAT")),
            ("case/WKS7/uploads/auto/C%3A/Users/a/NTUSER.DAT", Some("C/Users/a/NTUSER.DAT")),
            ("WKS7/uploads/ntfs/%5C%5C.%5Cc%3A/Users/a/NTUSER.DAT", Some("C/Users/a/NTUSER.DAT")),
            ("EXCH01/WINNT/system32/config/DEFAULT", Some("WINNT/system32/config/DEFAULT")),
            ("c:/Users/C/NTUSER.DAT", Some("C/Users/C/NTUSER.DAT")),
            (r"HOST9\C\Users\a\NTUSER.DAT", Some("C/Users/a/NTUSER.DAT")),
            ("some/where/NTUSER.DAT", None),
            ("C/notes/NTUSER.DAT", None),
            ("a.zip!C/Users/a/NTUSER.DAT", Some("C/Users/a/NTUSER.DAT")),
            ("C/Users/a/NTUSER.DAT.gz!NTUSER.DAT", Some("C/Users/a/NTUSER.DAT")),
        ] {
            assert_eq!(place_on_drive(path).as_deref(), place, "{path}");
        }
    }

    #[test]
    fn a_path_is_taken_from_below_its_argument() {
        for (argument, path, expected) in [
            ("case", "case/H/C/x", "H/C/x"),
            (".", "H/C/x", "H/C/x"),
            ("/", "/H/C/x", "H/C/x"),
            ("case/x", "case/x", "x"),
            ("x", "x", "x"),
            ("case.zip", "case.zip!H/C/x", "H/C/x"),
        ] {
            assert_eq!(below(argument, path), expected);
        }
    }
}
