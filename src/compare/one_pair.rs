//! Two copies of one hive from their files to what differs.

use crate::account::{Attribution, Confidence, Place};
use crate::mapi::{Mapi, ProfileState};
use crate::scan::{Candidate, Coverage, OpenHive, Reading, Understood, read_hive};
use crate::wintypes::Filetime;

use super::keys::{Copied, Scope, does_not_vouch};
use super::{Difference, Pair, PairedBy, Side, What, count, profiles};

/// What the comparison of a pair gave.
#[derive(Debug)]
pub struct PairReport {
    /// The host.
    pub host: Option<String>,
    /// How the two were paired; `None` of a hive that is alone.
    pub by: Option<PairedBy>,
    /// What became of the file of BEFORE.
    pub before: Option<Coverage>,
    /// What became of the file of AFTER.
    pub after: Option<Coverage>,
    /// What differs, in the order of rows.
    pub differences: Vec<Difference>,
    /// When any key of any root last changed, of each copy that has one.
    pub latest: [Option<Filetime>; 2],
}

/// What the reading of two copies leaves behind.
#[derive(Default)]
struct Compared {
    differences: Vec<Difference>,
    latest: [Option<Filetime>; 2],
}

/// Compares a pair; both hives are open at the same time and no other one is.
pub fn compare_pair(pair: &Pair, reading: Reading) -> PairReport {
    let mut report = match pair {
        Pair::Both { before, after, by, .. } => both(before, after, *by, reading),
        Pair::Alone { side, hive, several, .. } => alone(*side, hive, *several, reading),
    };
    match pair {
        Pair::Both { before, after, .. } => [before, after].into_iter().for_each(Candidate::done),
        Pair::Alone { hive, .. } => hive.done(),
    }
    report.host = pair.host().map(str::to_owned);
    super::in_order(&mut report.differences);
    report
}

fn both(before: &Candidate, after: &Candidate, by: PairedBy, reading: Reading) -> PairReport {
    let mut after_read = None;
    // Where a page of either file could not be had, what was learnt from it is forgotten and it is read again.
    let (before_coverage, opened) = read_hive(before, reading, |hive, problems| {
        let understood = hive.understand(problems);
        after_read = Some(read_hive(after, reading, |other, problems| {
            let other_understood = other.understand(problems);
            let compared = compare((hive, &understood), (other, &other_understood), by);
            (Some(other_understood.account), compared)
        }));
        (Some(understood.account), ())
    });
    let (after_coverage, compared) = after_read.unwrap_or_else(|| (read_account(after, reading).0, None));
    let Compared { mut differences, latest } = compared.unwrap_or_default();
    let unread: Vec<String> = [(Side::Before, &before_coverage), (Side::After, &after_coverage)]
        .into_iter()
        .filter(|(_, coverage)| coverage.state.is_none())
        .map(|(side, coverage)| format!("{} could not be read: {}", side.as_str(), coverage.reason))
        .collect();
    if opened.is_none() || !unread.is_empty() {
        differences = vec![of_pair(What::NotComparable, format!("{}.", unread.join("; ")))];
    }
    for (side, coverage) in [(Side::Before, &before_coverage), (Side::After, &after_coverage)] {
        if coverage.reason == CHANGED {
            for difference in &mut differences {
                difference.certainty = Confidence::Low;
            }
            differences
                .push(of_pair(What::NotComparable, format!("{} changed while it was read.", side.as_str())));
        }
    }
    PairReport {
        host: None,
        by: Some(by),
        before: Some(before_coverage),
        after: Some(after_coverage),
        differences,
        latest,
    }
}

/// The reason that the coverage gives where a file changed under the reader.
const CHANGED: &str = "changed while read";

fn compare(
    (before, before_understood): (&OpenHive<'_>, &Understood<'_>),
    (after, after_understood): (&OpenHive<'_>, &Understood<'_>),
    by: PairedBy,
) -> Compared {
    let mut differences = Vec::new();
    let latest = [&before_understood.mapi, &after_understood.mapi].map(Mapi::latest_write);
    for (side, hive) in [(Side::Before, before), (Side::After, after)] {
        if let Err(error) = hive.tree.root() {
            let detail = format!("The root key of {} could not be read: {error}.", side.as_str());
            differences.push(of_pair(What::NotComparable, detail));
        } else if !hive.image.state().vouches_for_absence() {
            let detail = format!("{}.", does_not_vouch(side, hive.image.state()));
            differences.push(of_pair(What::NotComparable, detail));
        }
    }
    if before.tree.root().is_err() || after.tree.root().is_err() {
        return Compared { differences, latest };
    }
    let accounts = [&before_understood.account, &after_understood.account];
    let mut certainty = Confidence::High;
    if by == PairedBy::Account {
        certainty = accounts.into_iter().map(|account| account.confidence).min().unwrap_or(certainty);
    }
    if let [Some(one), Some(other)] = accounts.map(|account| account.sid.as_ref())
        && one != other
    {
        certainty = Confidence::Low;
        let detail = format!(
            "BEFORE is of {one} ({}), AFTER of {other} ({}): the hive was replaced by another account's, or the account was \
             made anew. What else differs is told between the hives, not of one account.",
            before_understood.account.basis(),
            after_understood.account.basis()
        );
        differences.push(of_pair(What::AccountChanged, detail));
    }
    let copied = |hive: &OpenHive<'_>| hive.image.state();
    let scope = Scope {
        before: Copied {
            state: copied(before),
            tree: before.tree,
            mapi: &before_understood.mapi,
            recovered: &before_understood.recovered,
        },
        after: Copied {
            state: copied(after),
            tree: after.tree,
            mapi: &after_understood.mapi,
            recovered: &after_understood.recovered,
        },
        certainty,
        root: None,
        profile: None,
    };
    profiles::differences(scope, &mut differences);
    Compared { differences, latest }
}

/// A difference of a pair as a whole.
fn of_pair(what: What, detail: String) -> Difference {
    Difference::new(what, detail)
}

/// A hive of which the other copy is not among the files.
fn alone(side: Side, hive: &Candidate, several: bool, reading: Reading) -> PairReport {
    let (coverage, profiles) = read_account(hive, reading);
    let other = side.other().as_str();
    let is_machine_or_template = matches!(coverage.account.place, Place::Machine | Place::Template);
    let of_account = !is_machine_or_template && !coverage.file_name().eq_ignore_ascii_case("UsrClass.dat");
    let what = match (side, of_account) {
        (Side::Before, true) => What::AccountVanished,
        (Side::After, true) => What::AccountAppeared,
        (Side::Before, false) => What::HiveVanished,
        (Side::After, false) => What::HiveAppeared,
    };
    let difference = match profiles {
        None => of_pair(
            What::NotComparable,
            format!(
                "{} could not be read: {}; among the files of {other} none lies at its place.",
                side.as_str(),
                coverage.reason
            ),
        ),
        Some([live, deleted]) => {
            let several = if several { " Several hives would do, and none was chosen." } else { "" };
            let detail = format!(
                "No hive of {other} lies at this place or names this account in its root key's DACL. Whether it was not \
                 collected there or was not there cannot be told. The hive has {} and {} marked for deletion.{several}",
                count(live, "profile"),
                count(deleted, "profile"),
            );
            Difference { count: Some(live + deleted), certainty: Confidence::Low, ..of_pair(what, detail) }
        }
    };
    let (before, after) = match side {
        Side::Before => (Some(coverage), None),
        Side::After => (None, Some(coverage)),
    };
    PairReport { host: None, by: None, before, after, differences: vec![difference], latest: [None, None] }
}

/// Reads the account of a hive and how many profiles each list has.
fn read_account(hive: &Candidate, reading: Reading) -> (Coverage, Option<[usize; 2]>) {
    read_hive(hive, Reading { recovery: None, ..reading }, |hive, problems| {
        let account = Attribution::read(hive.hive_path, hive.image, hive.tree, problems);
        let mapi = Mapi::read(hive.tree, hive.families, hive.ansi, problems);
        let profiles =
            [ProfileState::Live, ProfileState::DeletedPending].map(|state| mapi.profiles(state).count());
        (Some(account), profiles)
    })
}
