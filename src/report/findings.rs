//! `findings.csv`: one row a finding; the place shown is its first evidence.

use crate::account::Attribution;
use crate::account::machine::Meaning;
use crate::finding::Finding;
use crate::mapi::ProfileState;
use crate::rules;
use crate::scan::Coverage;

use super::SCHEMA;
use super::table::{Cell, table};

table! {
    /// A row of `findings.csv`.
    FindingRow {
        schema: "version of these columns",
        finding_id: "hash of rule, host, hive and evidence; the same for the same finding in a later copy of the hive",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known: often that of the profile folder",
        account_sid: "security identifier of the account",
        account_kind: "service, system, user or unknown",
        account_basis: "how name and identifier are known, and what contradicts them",
        account_confidence: "how sure the account is: low, medium or high",
        services: "services that run as the account; filled in where the host's SYSTEM hive was read",
        severity: "how much it matters: info, low, medium or high",
        confidence: "how sure the finding is: low, medium or high",
        rule_id: "the rule",
        title: "the rule in a few words",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        profile_family: "what makes profiles of such names",
        profile_state: "live, deleted-pending (under Deleted Profiles) or recovered",
        name_pid: "process number that the name seems to carry",
        name_created: "creation time that the name seems to carry",
        section_uid: "the section of the profile",
        service_name: "the message service the section belongs to",
        key_path: "the key of the first evidence, from the root of the hive",
        value_name: "its value",
        value: "what the value says, secrets withheld",
        last_written: "when the key last changed",
        time_meaning: "what that time means",
        first_seen: "the earliest time the finding spans",
        last_seen: "the latest time the finding spans",
        count: "how many of what the rule counts",
        origin: "where the bytes are: primary, log, log-remnant, free, slack, unreferenced or tail",
        file_offset: "where in the file (evidence.csv names it), in bytes from its start",
        detail: "what was seen here",
        implies: "what the rule concludes",
        does_not_prove: "what it does not prove",
        references: "where the rule comes from",
        hive_path: "the hive",
        hive_state: "clean, dirty-replayed, dirty-unreplayed or damaged",
        hive_sha256: "SHA-256 of the hive file, where it was asked for",
    }
}

/// The services that run as the account, and how far each is known to.
fn services(account: &Attribution) -> Option<String> {
    let services: Vec<String> = account
        .services
        .iter()
        .map(|service| {
            let hint = match service.meaning {
                Meaning::SameName => " (same name)",
                Meaning::FolderName => " (name of the profile folder)",
                Meaning::Same | Meaning::NothingShown | Meaning::Other => "",
            };
            format!("{}{hint}", service.key.value)
        })
        .collect();
    (!services.is_empty()).then(|| services.join("; "))
}

/// The row of a finding.
pub fn finding_row<'a>(coverage: &'a Coverage, finding: &'a Finding) -> FindingRow<'a> {
    let account = &coverage.account;
    let claim = &finding.claim;
    let subject = &claim.subject;
    let first = claim.evidence.first();
    // Findings are made by rules of the registry, so that the rule is always found.
    let rule = rules::find(finding.rule_id);
    FindingRow {
        schema: SCHEMA.into(),
        finding_id: Cell::from(&finding.id),
        host: coverage.host.as_deref().into(),
        account: account.name.as_deref().into(),
        account_sid: account.sid.as_ref().map(ToString::to_string).into(),
        account_kind: account.kind.as_str().into(),
        account_basis: account.basis().into(),
        account_confidence: account.confidence.as_str().into(),
        services: services(account).into(),
        severity: claim.severity.as_str().into(),
        confidence: claim.confidence.as_str().into(),
        rule_id: finding.rule_id.into(),
        title: rule.map(|rule| rule.title).into(),
        root: subject.root.as_deref().into(),
        profile: subject.profile.as_deref().into(),
        profile_family: subject.profile_family.into(),
        profile_state: subject.profile_state.map(ProfileState::as_str).into(),
        name_pid: subject.name_pid.into(),
        name_created: subject.name_created.into(),
        section_uid: subject.section_uid.as_deref().into(),
        service_name: subject.service_name.as_deref().into(),
        key_path: first.map(|evidence| evidence.key_path.as_str()).into(),
        value_name: first.and_then(|evidence| evidence.value_name.as_deref()).into(),
        value: first.and_then(|evidence| evidence.value.as_deref()).into(),
        last_written: first.and_then(|evidence| evidence.last_written).into(),
        time_meaning: Cell::from(&claim.time_meaning),
        first_seen: claim.first_seen.into(),
        last_seen: claim.last_seen.into(),
        count: claim.count.into(),
        origin: first.map(|evidence| evidence.place.origin.as_str()).into(),
        file_offset: first.map(|evidence| evidence.place.at).into(),
        detail: Cell::from(&claim.detail),
        implies: rule.map(|rule| rule.implies).into(),
        does_not_prove: rule.map(|rule| rule.does_not_prove).into(),
        references: rule.map(|rule| rule.references.join(" ")).into(),
        hive_path: Cell::from(&coverage.hive_path),
        hive_state: coverage.state.map(crate::hive::HiveState::as_str).into(),
        hive_sha256: coverage.sha256().into(),
        neutralized: Cell::Empty,
    }
}
