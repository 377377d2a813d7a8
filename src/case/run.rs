//! Units worked on in their order, group by group, into a part. Groups that an interrupted run finished are copied.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::block::{Block, Work};
use super::error::CaseError;
use super::group::Group;
use super::join::Sorted;
use super::part::{Entry, Located, PartReader, PartWriter};
use crate::report::Summary;
use crate::scan::{Companions, GroupKey, HiveReport, Stop, Unit, in_order};
use crate::wintypes::hex;

/// What is to be done.
pub struct Plan<'p> {
    /// In the order of rows.
    pub units: &'p [Unit],
    /// What is done to each.
    pub work: Work<'p>,
    /// Companion files that were seen.
    pub companions: &'p Companions,
    /// Threads to use, at least one.
    pub threads: usize,
    /// Tells to stop.
    pub stop: &'p Stop,
    /// What an interrupted run has left; parts with other settings are left out by the caller.
    pub earlier: &'p [PartReader],
    /// Whether a file makes the exit code 3.
    pub is_unread: &'p (dyn Fn(&HiveReport) -> bool + Sync),
    /// Called for each unit that was read, on the thread that read it.
    pub tell: &'p (dyn Fn(&HiveReport) + Sync),
    /// Called for each unit when it is done.
    pub progress: &'p (dyn Fn(u64) + Sync),
}

/// How far a run got.
#[derive(Debug, Default)]
pub struct Ran {
    /// What happened.
    pub summary: Summary,
    /// Files that make the exit code 3.
    pub unread: u64,
    /// Units that were copied from an interrupted run.
    pub reused: u64,
    /// Where a stop came between: the units that were not read.
    pub left: Vec<Unit>,
}

/// The group whose hives are coming.
struct Current {
    group: Group,
    fingerprint: Sha256,
    units: u64,
    unread: u64,
}

impl Current {
    fn of(key: GroupKey) -> Self {
        Self { group: Group::new(key), fingerprint: Sha256::new(), units: 0, unread: 0 }
    }
}

/// Works on all units. Whatever is written of a group that was not finished has no line in the index.
pub fn run(plan: &Plan<'_>, part: &mut PartWriter) -> Result<Ran, CaseError> {
    let reused = reusable(plan)?;
    let todo: Vec<&Unit> = {
        let mut reused = reused.iter().peekable();
        plan.units
            .iter()
            .filter(|unit| {
                let group = unit.group();
                while reused.peek().is_some_and(|(before, _)| *before < group) {
                    reused.next();
                }
                reused.peek().is_none_or(|(same, _)| *same != group)
            })
            .collect()
    };
    let mut copied = Sorted::of(plan.earlier)?.peekable();
    let mut to_copy = reused.into_iter().peekable();
    let mut ran = Ran::default();
    let mut current: Option<Current> = None;
    let (work, tell, progress) = (plan.work, plan.tell, plan.progress);
    let one = |unit: &&Unit| {
        let fingerprint = fingerprint(unit, plan.companions);
        let block = work.on(unit);
        tell(&block.report);
        progress(1);
        (unit.group(), fingerprint, block)
    };
    let size = |(_, _, block): &(GroupKey, [u8; 32], Block)| block.size();
    let taken = in_order(&todo, plan.threads, plan.stop, one, size, |(group, fingerprint, block)| {
        if current.as_ref().is_none_or(|current| *current.group.key() != group) {
            if let Some(done) = current.take() {
                end(done, plan, part, &mut ran)?;
            }
            while let Some((before, index)) = to_copy.next_if(|(before, _)| *before < group) {
                copy(&before, index, &mut copied, plan, part, &mut ran)?;
            }
            current = Some(Current::of(group));
        }
        let Some(current) = &mut current else { return Ok(()) };
        let Block { report, seen, added } = block;
        current.fingerprint.update(fingerprint);
        current.units += 1;
        current.unread += u64::from((plan.is_unread)(&report));
        plan.work.saw(&seen);
        current.group.add(report);
        part.add(&added)
    })?;
    if taken < todo.len() {
        // What was written of the last group stays, but the group is not finished.
        if let Some(Current { group, unread, .. }) = current {
            let ended = group.end(plan.work.wanted, plan.companions, plan.work.formulas);
            part.add(&ended.added)?;
            ran.summary.absorb(ended.summary);
            ran.unread += unread;
        }
        let last = taken.checked_sub(1).and_then(|last| todo.get(last));
        let order = |unit: &Unit| (unit.group(), unit.hive_path().to_owned());
        let last = last.map(|unit| order(unit));
        ran.left = plan.units.iter().filter(|unit| Some(order(unit)) > last).cloned().collect();
        return Ok(ran);
    }
    if let Some(done) = current.take() {
        end(done, plan, part, &mut ran)?;
    }
    for (group, index) in to_copy {
        copy(&group, index, &mut copied, plan, part, &mut ran)?;
    }
    Ok(ran)
}

fn end(done: Current, plan: &Plan<'_>, part: &mut PartWriter, ran: &mut Ran) -> Result<(), CaseError> {
    let Current { group, fingerprint, units, unread } = done;
    let ended = group.end(plan.work.wanted, plan.companions, plan.work.formulas);
    part.add(&ended.added)?;
    ran.summary.absorb(ended.summary.clone());
    ran.unread += unread;
    part.end_group(Entry {
        group: ended.key,
        fingerprint: hex(&fingerprint.finalize()),
        units,
        unread,
        summary: ended.summary,
        lengths: Vec::new(),
        check: String::new(),
    })
}

/// Copies a group from the earlier part that has it.
fn copy(
    group: &GroupKey,
    index: usize,
    earlier: &mut std::iter::Peekable<Sorted<'_>>,
    plan: &Plan<'_>,
    part: &mut PartWriter,
    ran: &mut Ran,
) -> Result<(), CaseError> {
    for next in earlier.by_ref() {
        let (found, located) = next?;
        if (&located.entry.group, found) == (group, index) {
            let Some(from) = plan.earlier.get(index) else { break };
            part.copy(from, &located)?;
            (plan.progress)(located.entry.units);
            ran.reused = ran.reused.saturating_add(located.entry.units);
            ran.unread = ran.unread.saturating_add(located.entry.unread);
            ran.summary.absorb(located.entry.summary);
            return Ok(());
        }
    }
    let folder = plan.earlier.get(index).map(|part| part.folder().to_owned()).unwrap_or_default();
    Err(CaseError::NoPart { folder, why: format!("{group} was there and is not any more") })
}

/// The groups, in order, of which an earlier part has what would be made again, and which part that is.
fn reusable(plan: &Plan<'_>) -> Result<Vec<(GroupKey, usize)>, CaseError> {
    let mut reusable: Vec<(GroupKey, usize)> = Vec::new();
    if plan.earlier.is_empty() {
        return Ok(reusable);
    }
    let mut units = plan.units.iter().peekable();
    for next in Sorted::of(plan.earlier)? {
        let (index, Located { entry, .. }) = next?;
        while units.next_if(|unit| unit.group() < entry.group).is_some() {}
        if reusable.last().is_some_and(|(same, _)| *same == entry.group) {
            continue;
        }
        // Another earlier part may have the same group; its units are looked at again for that.
        let of_group = units.clone().take_while(|unit| unit.group() == entry.group);
        let mut now = Sha256::new();
        let mut count = 0;
        for unit in of_group {
            now.update(fingerprint(unit, plan.companions));
            count += 1;
        }
        if count > 0 && hex(&now.finalize()) == entry.fingerprint {
            reusable.push((entry.group, index));
        }
    }
    Ok(reusable)
}

/// What a unit's files are: when one changes, so does this.
fn fingerprint(unit: &Unit, companions: &Companions) -> [u8; 32] {
    use std::os::unix::fs::MetadataExt as _;

    let mut hash = Sha256::new();
    let mut text = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    text(unit.hive_path());
    // The table of accounts counts them.
    text(&format!("{:?}", companions.beside(unit.hive_path())));
    match unit {
        Unit::PassedOver(passed) => text(&passed.reason),
        Unit::Read(candidate) => {
            let machine = candidate.listed.iter().flat_map(|listed| {
                let given = [&listed.line.system, &listed.line.software];
                given.map(|file| file.as_ref().map(PathBuf::from)).into_iter().flatten()
            });
            if candidate.listed.is_some() {
                text(&format!("{:?} {:?}", candidate.evidence_id(), candidate.logs));
            }
            for path in candidate.files().chain(machine) {
                match std::fs::metadata(&path) {
                    Ok(file) => text(&format!(
                        "{} {} {}.{:09} {} {}",
                        path.display(),
                        file.len(),
                        file.mtime(),
                        file.mtime_nsec(),
                        file.dev(),
                        file.ino()
                    )),
                    Err(error) => text(&format!("{} {error}", path.display())),
                }
            }
        }
    }
    hash.finalize().into()
}
