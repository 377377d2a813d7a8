//! `hives.csv`, the coverage table: what became of every file, so that nothing is silently absent.

use crate::account::{self, Kept};
use crate::hive::{BaseBlock, HiveState};
use crate::scan::HiveReport;
use crate::wintypes::Filetime;

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of `hives.csv`.
    HiveRow {
        schema: "version of these columns",
        hive_path: "the file or folder",
        host: "the host that the path shows",
        computer_name: "name of the computer, by the SYSTEM hive of the host; of a shadow copy or former Windows by its own",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        account_confidence: "how sure the account is: low, medium or high",
        status: "parsed, partial, failed or skipped",
        reason: "why not all was read",
        format_version: "version of the hive format",
        hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
        primary_sequence: "sequence number of the write that began last",
        secondary_sequence: "sequence number of the write that ended last",
        header_file_name: "the end of the path from which Windows loaded the hive",
        header_last_written: "time in the header: often unset, often older than the keys",
        logs: "transaction logs beside the hive, and what became of each",
        size: "bytes of the file",
        file_modified: "when the file was last modified, as its file system says",
        tail_bytes: "bytes behind the last bin",
        bytes_unreachable: "bytes that the header counts and the file does not have",
        cells_read: "cells of keys, values and lists that were read",
        mapi_roots: "yes or no: whether there is any place of profiles",
        live_profiles: "profiles under Profiles",
        deleted_profiles: "profiles under Deleted Profiles",
        recovered_profiles: "profiles that are live no more and of which something was recovered",
        findings: "findings of this hive, those too that are not written because of a filter or a baseline",
        problems: "how much could not be read or was not as it should be",
        problem_details: "the first problems, with their offsets",
        rules_not_judged: "rules that could not judge something, and why",
        hive_sha256: "SHA-256 of the hive file, where it was asked for",
        kept_as: "where the path shows the hive to lie: among the live ones, or in which of the places where Windows keeps copies",
        series: "identifier of the copies of one hive on one host; empty where no other copy of it was read",
        copy: "place of this copy in the order in which they were written, from 1 for the oldest",
        copies: "how many copies were read",
        series_basis: "how they are known to be copies of one hive, and how their order is known",
        findings_written: "how many of the findings of this hive were written",
        filter: "by what findings were left out when they were written; empty where no filter was in force",
        evidence_id: "what the site calls the hive, where a manifest says so",
    }
}

/// The row of a file.
pub fn hive_row(report: &HiveReport) -> HiveRow<'_> {
    /// Problems spelled out in a cell; all are counted.
    const SHOWN: usize = 10;

    let (coverage, judged) = (&report.coverage, &report.judged);
    let base_block = coverage.base_block.as_ref();
    let was_read = coverage.state.is_some();
    let problems: Vec<String> =
        coverage.problems.kept().iter().take(SHOWN).map(ToString::to_string).collect();
    let not_judged: Vec<String> =
        judged.not_judged.iter().map(|skipped| format!("{}: {}", skipped.rule_id, skipped.why)).collect();
    let logs: Vec<String> = coverage.logs.iter().map(|(name, fate)| format!("{name}: {fate}")).collect();
    let of_profiles = |count: usize| if was_read { Cell::from(count) } else { Cell::Empty };
    HiveRow {
        schema: SCHEMA.into(),
        hive_path: Cell::from(&coverage.hive_path),
        host: coverage.host.as_deref().into(),
        computer_name: report.computer_name.as_deref().into(),
        account: coverage.account.name.as_deref().into(),
        account_sid: coverage.account.sid.as_ref().map(ToString::to_string).into(),
        account_confidence: coverage.account.confidence.as_str().into(),
        status: coverage.status.as_str().into(),
        reason: Cell::from(&coverage.reason),
        format_version: base_block.map(|block| format!("{}.{}", block.major, block.minor)).into(),
        hive_state: coverage.state.map(HiveState::as_str).into(),
        primary_sequence: base_block.map(|block| block.primary_sequence).into(),
        secondary_sequence: base_block.map(|block| block.secondary_sequence).into(),
        header_file_name: base_block.map(|block| block.file_name.as_str()).into(),
        header_last_written: base_block.map(|block| block.last_written).into(),
        logs: logs.join("; ").into(),
        size: coverage.size.into(),
        file_modified: coverage.modified.and_then(|(seconds, nanos)| unix_time(seconds, nanos)).into(),
        tail_bytes: of_profiles(usize::try_from(coverage.tail).unwrap_or(usize::MAX)),
        bytes_unreachable: base_block
            .zip(coverage.size)
            .map(|(block, size)| missing_bytes(block, size))
            .into(),
        cells_read: of_profiles(usize::try_from(coverage.cells_read).unwrap_or(usize::MAX)),
        mapi_roots: was_read.then_some(if judged.has_mapi { "yes" } else { "no" }).into(),
        live_profiles: of_profiles(judged.live_profiles),
        deleted_profiles: of_profiles(judged.deleted_profiles),
        recovered_profiles: of_profiles(judged.recovered_profiles),
        findings: was_read.then(|| judged.severities.iter().sum::<u64>()).into(),
        problems: coverage.problems.total().into(),
        problem_details: problems.join("; ").into(),
        rules_not_judged: not_judged.join("; ").into(),
        hive_sha256: coverage.sha256().into(),
        kept_as: kept_as(&coverage.hive_path).into(),
        series: report.copy.as_ref().map(|copy| copy.series.as_str()).into(),
        copy: report.copy.as_ref().map(|copy| copy.place as u64).into(),
        copies: report.copy.as_ref().map(|copy| copy.copies as u64).into(),
        series_basis: report.copy.as_ref().map(|copy| copy.basis.as_str()).into(),
        findings_written: was_read.then(|| judged.written().iter().sum::<u64>()).into(),
        filter: Cell::from(&report.filter),
        evidence_id: coverage.evidence_id.as_deref().into(),
        neutralized: Cell::Empty,
    }
}

/// Empty where the path shows no Windows volume.
fn kept_as(hive_path: &str) -> Option<String> {
    let kept = account::kept(hive_path);
    let is_known = kept != Kept::default() || account::collection(hive_path).is_some();
    is_known.then(|| kept.to_string())
}

fn missing_bytes(base_block: &BaseBlock, size: u64) -> u64 {
    (u64::from(base_block.bins_size) + 4096).saturating_sub(size)
}

/// A time since 1970 as ticks since 1601; `None` before then or beyond what ticks can hold.
pub(super) fn unix_time(seconds: i64, nanos: u64) -> Option<Filetime> {
    /// Seconds from 1601-01-01 to 1970-01-01.
    const TO_1970: i64 = 11_644_473_600;

    let seconds = u64::try_from(seconds.checked_add(TO_1970)?).ok()?;
    Some(Filetime(seconds.checked_mul(10_000_000)?.checked_add(nanos / 100)?))
}
