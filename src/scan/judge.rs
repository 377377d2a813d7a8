//! The rules applied to one hive: findings with their identifiers, in their order.

use std::collections::HashSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::account::HostFacts;
use crate::finding::{Claim, Finding, FleetFact, Severity};
use crate::hive::{HiveState, Origin};
use crate::mapi::{Mapi, ProfileState, Recovered};
use crate::rules::{self, Rule, View};
use crate::wintypes::{Filetime, hex};

use super::discover::Candidate;
use super::hosts::{Hosts, is_machine_hive};
use super::one_hive::{Coverage, GivenInput, OpenHive, Reading, Understood, read_hive};
use super::series::CopyOf;

/// What a hive gave.
#[derive(Debug)]
pub struct HiveReport {
    /// What became of the file.
    pub coverage: Coverage,
    /// What the rules say of it.
    pub judged: Judged,
    /// The computer's name, by the SYSTEM hive of its host.
    pub computer_name: Option<String>,
    /// The file; `None` where it was not to be read.
    pub file: Option<Candidate>,
    /// Its place among the copies of the hive, where several were read; known once all hives of the host were.
    pub copy: Option<CopyOf>,
    /// Machine hives that were given by name and read for its host.
    pub given: Arc<[GivenInput]>,
    /// By what findings were left out when they were written, in words; empty where all were written.
    pub filter: String,
}

/// What the rules say of a hive.
#[derive(Debug, Default)]
pub struct Judged {
    /// Findings, in their order.
    pub findings: Vec<Finding>,
    /// How many there are of each severity, in the order of [`Severity::ALL`].
    pub severities: [u64; Severity::ALL.len()],
    /// How many of them were left out by a filter when they were written.
    pub left_out: [u64; Severity::ALL.len()],
    /// How many of them passed it and were not written because a baseline has them.
    pub known: [u64; Severity::ALL.len()],
    /// What could not be judged.
    pub not_judged: Vec<NotJudged>,
    /// What the hive adds to the rules over all hives, where that was asked for.
    pub fleet_facts: Vec<FleetFact>,
    /// Every profile, live ones first; one that is live no more once, however often it was recovered.
    pub profiles: Vec<HeldProfile>,
    /// Whether these are all that are live or marked for deletion, as far as the lists of the hive show.
    pub profiles_complete: bool,
    /// Live profiles.
    pub live_profiles: usize,
    /// Profiles marked for deletion.
    pub deleted_profiles: usize,
    /// Profiles that are live no more and of which something was recovered.
    pub recovered_profiles: usize,
    /// Whether there is any place of profiles.
    pub has_mapi: bool,
    /// Places of profiles that are there.
    pub roots: Vec<String>,
    /// Where none is there, what that is worth.
    pub absence: Option<String>,
    /// The earliest and the latest time of any key of MAPI, live or recovered.
    pub traces: Option<(Filetime, Filetime)>,
}

/// A profile that a hive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldProfile {
    /// The place of profiles, as tables show it.
    pub root: String,
    /// Its name.
    pub name: String,
    /// Whether it is live, marked for deletion or recovered.
    pub state: ProfileState,
}

impl HeldProfile {
    /// The same for the same profile in another copy of the hive, whatever its state there.
    pub(super) fn folded(&self) -> (String, String) {
        (self.root.clone(), self.name.to_uppercase())
    }
}

/// A rule that could not judge something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJudged {
    /// The rule.
    pub rule_id: &'static str,
    /// Why.
    pub why: String,
}

/// Reads a hive and judges it by `rules`, with what the machine hives of its host say.
pub fn judge_hive(
    candidate: &Candidate,
    reading: Reading,
    hosts: &Hosts,
    rules: &[&'static Rule],
) -> HiveReport {
    judge_hive_and(candidate, reading, hosts, rules, |_, _| ()).0
}

/// The same, and what `more` makes of the hive where it could be opened.
pub fn judge_hive_and<T>(
    candidate: &Candidate,
    reading: Reading,
    hosts: &Hosts,
    rules: &[&'static Rule],
    more: impl Fn(&OpenHive<'_>, &Understood<'_>) -> T,
) -> (HiveReport, Option<T>) {
    let (host, given) = hosts.facts_and_inputs(candidate);
    let recovery = reading.recovery.filter(|_| !is_machine_hive(candidate));
    let reading = Reading { recovery, ansi: host.ansi_code_page(), ..reading };
    let (coverage, judged) = read_hive(candidate, reading, |hive, problems| {
        let mut understood = hive.understand(problems);
        understood.account = understood.account.joined(hive.hive_path, &host);
        let judged = judge(hive, &understood, &host, rules, reading.fleet);
        let made = more(hive, &understood);
        (Some(understood.account), (judged, made))
    });
    candidate.done();
    let (judged, made) = judged.unzip();
    let report = HiveReport {
        coverage,
        judged: judged.unwrap_or_default(),
        computer_name: host.computer_name().map(str::to_owned),
        file: Some(candidate.clone()),
        copy: None,
        given,
        filter: String::new(),
    };
    (report, made)
}

impl HiveReport {
    /// The report of a file that was not read.
    pub fn unread(coverage: Coverage) -> Self {
        Self {
            coverage,
            judged: Judged::default(),
            computer_name: None,
            file: None,
            copy: None,
            given: Arc::default(),
            filter: String::new(),
        }
    }

    /// Whether no other copy of the hive that was read is newer: what it says counts.
    pub fn is_newest(&self) -> bool {
        self.copy.as_ref().is_none_or(CopyOf::is_newest)
    }

    /// A short name of the account for people, the same for all copies of a hive.
    pub fn account_label(&self) -> String {
        self.copy.as_ref().map_or_else(|| self.coverage.account.label(), |copy| copy.account.clone())
    }

    /// Gives up the findings once they are written; how many there were stays known.
    pub fn forget_findings(&mut self) {
        self.judged.findings = Vec::new();
    }
}

impl Judged {
    /// How many findings of each severity passed the filter, in the order of [`Severity::ALL`].
    pub fn kept(&self) -> [u64; Severity::ALL.len()] {
        std::array::from_fn(|place| less(self.severities, self.left_out, place))
    }

    /// How many of each were written.
    pub fn written(&self) -> [u64; Severity::ALL.len()] {
        std::array::from_fn(|place| less(self.kept(), self.known, place))
    }
}

fn less<const N: usize>(all: [u64; N], some: [u64; N], place: usize) -> u64 {
    let at = |counts: [u64; N]| counts.get(place).copied().unwrap_or(0);
    at(all).saturating_sub(at(some))
}

fn judge(
    hive: &OpenHive<'_>,
    understood: &Understood<'_>,
    host: &HostFacts,
    rules: &[&'static Rule],
    for_fleet: bool,
) -> Judged {
    let Understood { account, mapi, before, recovered } = understood;
    let image = hive.image;
    let view = View {
        base_block: image.base_block(),
        state: image.state(),
        logs: hive.logs,
        account,
        host,
        mapi,
        before: before.as_ref(),
        recovered,
        shown: None,
    };
    let mut judged = Judged {
        profiles: profiles(mapi, recovered),
        profiles_complete: mapi.is_complete(ProfileState::Live)
            && mapi.is_complete(ProfileState::DeletedPending),
        live_profiles: mapi.profiles(ProfileState::Live).count(),
        deleted_profiles: mapi.profiles(ProfileState::DeletedPending).count(),
        recovered_profiles: recovered.gone().count(),
        has_mapi: !mapi.roots.is_empty(),
        roots: mapi.roots.iter().map(ToString::to_string).collect(),
        absence: mapi.roots.is_empty().then(|| worth_of_absence(mapi, image.state())),
        traces: traces(mapi, recovered),
        ..Judged::default()
    };
    if for_fleet {
        judged.fleet_facts = rules::fleet_facts(&view);
    }
    let mut identifiers = Identifiers::new(hive.host, hive.hive_path);
    for (rule, mut verdict) in rules.iter().zip(rules::judge_by(rules, &view, rules::AT_A_TIME)) {
        verdict.claims.sort_by(|a, b| place(a).cmp(&place(b)));
        let finding = |claim: Claim| Finding { id: identifiers.of(rule.id, &claim), rule_id: rule.id, claim };
        judged.findings.extend(verdict.claims.into_iter().map(finding));
        verdict.not_judged.dedup();
        let not_judged = verdict.not_judged.into_iter().map(|why| NotJudged { rule_id: rule.id, why });
        judged.not_judged.extend(not_judged);
    }
    for (severity, count) in Severity::ALL.iter().zip(&mut judged.severities) {
        *count = judged.findings.iter().filter(|finding| finding.claim.severity == *severity).count() as u64;
    }
    judged
}

fn profiles(mapi: &Mapi<'_>, recovered: &Recovered<'_>) -> Vec<HeldProfile> {
    let held = |root: String, name: &str, state| HeldProfile { root, name: name.to_owned(), state };
    let standing =
        mapi.all_profiles().map(|(root, profile)| held(root.to_string(), profile.name(), profile.state));
    let gone = recovered
        .gone()
        .map(|gone| held(gone.place.root.to_string(), gone.profile.name(), ProfileState::Recovered));
    standing.chain(gone).collect()
}

/// What it is worth that no place of profiles was seen.
fn worth_of_absence(mapi: &Mapi<'_>, state: HiveState) -> String {
    if !mapi.unknown.is_empty() {
        return format!(
            "not known: whether profiles are below {} could not be read",
            mapi.unknown.join(", ")
        );
    }
    if !state.vouches_for_absence() {
        return format!("not known: the hive is {}, so that what is not seen may be there", state.as_str());
    }
    // What the reference says of absence: Q201121, Q166599, KB891425, Q247934.
    "none in the whole lists of the hive; this does not prove that no MAPI session was: the Internet Mail Service deletes its \
     profile when it stops, temporary profiles may lie in .mmp files, and an account whose profile could not be loaded uses \
     that of the system"
        .to_owned()
}

/// The earliest and the latest time of any key of MAPI.
fn traces(mapi: &Mapi<'_>, recovered: &Recovered<'_>) -> Option<(Filetime, Filetime)> {
    let live = mapi.roots.iter().flat_map(crate::mapi::Root::keys).map(|key| key.last_written);
    let gone = recovered.keys.iter().map(|state| state.key.last_written);
    live.chain(gone).fold(None, |span: Option<(Filetime, Filetime)>, time| {
        let (first, last) = span.unwrap_or((time, time));
        Some((first.min(time), last.max(time)))
    })
}

/// The order of a rule's findings in a hive: key path, value name, offset, origin of the first evidence.
fn place(claim: &Claim) -> impl Ord + '_ {
    claim.evidence.first().map(|first| (&first.key_path, &first.value_name, &first.place))
}

/// Makes finding identifiers of one hive, no two the same.
struct Identifiers {
    hive: Sha256,
    given: HashSet<String>,
}

impl Identifiers {
    fn new(host: Option<&str>, hive_path: &str) -> Self {
        let mut hive = Sha256::new();
        add(&mut hive, host.unwrap_or_default());
        add(&mut hive, hive_path);
        Self { hive, given: HashSet::new() }
    }

    /// A hash of host, hive, rule and evidence: what the evidence is and says, but not where it lies or when it was
    /// written, so that the same finding in a later copy of the hive keeps its identifier.
    fn of(&mut self, rule_id: &str, claim: &Claim) -> String {
        let mut hash = self.hive.clone();
        add(&mut hash, rule_id);
        add(&mut hash, claim.subject.root.as_deref().unwrap_or_default());
        add(&mut hash, claim.subject.profile.as_deref().unwrap_or_default());
        add(&mut hash, claim.subject.section_uid.as_deref().unwrap_or_default());
        for evidence in &claim.evidence {
            add(&mut hash, evidence.role);
            // Whose machine hive it is follows from the host; the name of its file need not.
            if evidence.hive.is_some() {
                add(&mut hash, "host");
            }
            add(&mut hash, &evidence.key_path);
            add(&mut hash, evidence.value_name.as_deref().unwrap_or_default());
            add(&mut hash, evidence.record.as_str());
            add(&mut hash, in_any_copy(evidence.place.origin).as_str());
            add(&mut hash, evidence.value.as_deref().unwrap_or_default());
        }
        // Two findings of one rule with the same evidence need a damaged hive with two keys of one name.
        let mut occurrence = 0_u32;
        loop {
            let mut numbered = hash.clone();
            add(&mut numbered, &occurrence.to_string());
            let digest = numbered.finalize();
            let id = hex(digest.get(..12).unwrap_or(&digest));
            if self.given.insert(id.clone()) {
                return id;
            }
            occurrence += 1;
        }
    }
}

/// The origin without the difference between what was in the hive file already and what a log still had: a later copy of
/// the same hive has it in the file.
fn in_any_copy(origin: Origin) -> Origin {
    if origin == Origin::Log { Origin::Primary } else { origin }
}

/// Adds a text with its length in front, so that no two lists of texts hash the same.
fn add(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}
