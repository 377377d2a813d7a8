//! Floor 4: what a rule claims, and the evidence that carries it.

use std::sync::Arc;

use crate::account::machine::Fact;
use crate::account::{Confidence, MachineHive};
use crate::hive::Provenance;
use crate::mapi::{MapiKey, MapiValue, Profile, ProfileState, ProviderSection, Root, WrittenTogether};
use crate::wintypes::Filetime;

/// How much a finding matters. Never encodes how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A fact or a normal state.
    Info,
    /// Hygiene.
    Low,
    /// A defect or exposure that the bytes carry.
    Medium,
    /// An exposure that needs action now, corroborated.
    High,
}

impl Severity {
    /// All grades, for the documentation of the vocabulary.
    pub const ALL: [Self; 4] = [Self::Info, Self::Low, Self::Medium, Self::High];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Adds one of its kind to counts in the order of [`Self::ALL`].
    pub fn count_in(self, counts: &mut [u64; Self::ALL.len()]) {
        for (severity, count) in Self::ALL.iter().zip(counts) {
            *count += u64::from(*severity == self);
        }
    }
}

/// What kind of record a piece of evidence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// A key node.
    KeyNode,
    /// A key value.
    KeyValue,
    /// Bytes outside of a cell: of the base block, or the data of a value.
    Data,
}

impl Record {
    /// All kinds, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::KeyNode, Self::KeyValue, Self::Data];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyNode => "nk",
            Self::KeyValue => "vk",
            Self::Data => "data",
        }
    }
}

/// One place in a file that a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is to the finding, in a few words: `profile key`, `list of services`.
    pub role: &'static str,
    /// The hive it lies in, if that is another one than the account's: a machine hive of the host.
    pub hive: Option<Arc<str>>,
    /// The key, from the root of the hive.
    pub key_path: String,
    /// The value, if it is one.
    pub value_name: Option<String>,
    /// What lies at the offset.
    pub record: Record,
    /// Where: of a cell, its size field; and whether these bytes are live, from a log, deleted.
    pub place: Provenance,
    /// How many bytes.
    pub size: u64,
    /// When the key last changed.
    pub last_written: Option<Filetime>,
    /// What it says, decoded, secrets withheld.
    pub value: Option<String>,
    /// Where the bytes of a value lie, and how many there are.
    pub data: Option<(Provenance, u64)>,
}

impl Evidence {
    /// A key.
    pub fn key(role: &'static str, key: &MapiKey<'_>) -> Self {
        Self {
            role,
            hive: None,
            key_path: key.path(),
            value_name: None,
            record: Record::KeyNode,
            place: key.provenance.clone(),
            size: u64::from(key.size),
            last_written: Some(key.last_written),
            value: None,
            data: None,
        }
    }

    /// What a machine hive of the host says.
    pub fn fact<T, H>(role: &'static str, fact: &Fact<T>, of: &MachineHive<H>) -> Self {
        Self {
            role,
            hive: Some(Arc::clone(&of.hive_path)),
            key_path: fact.key_path.to_string(),
            value_name: fact.value_name.clone(),
            record: if fact.value_name.is_some() { Record::KeyValue } else { Record::KeyNode },
            place: fact.place.clone(),
            size: fact.size,
            last_written: Some(fact.last_written),
            value: Some(fact.text.clone()),
            data: fact.data.clone(),
        }
    }

    /// A value and what it says.
    pub fn value(role: &'static str, key: &MapiKey<'_>, value: &MapiValue<'_>, says: String) -> Self {
        Self {
            value_name: Some(value.name().into_owned()),
            record: Record::KeyValue,
            place: value.provenance(),
            size: u64::from(value.size()),
            value: Some(says),
            data: value.data_provenance().map(|place| (place, value.bytes().len() as u64)),
            ..Self::key(role, key)
        }
    }
}

/// What a claim is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The root, as tables show it.
    pub root: Option<String>,
    /// The profile's name.
    pub profile: Option<String>,
    /// The family its name belongs to.
    pub profile_family: Option<&'static str>,
    /// Live, marked for deletion, recovered.
    pub profile_state: Option<ProfileState>,
    /// The process identifier that the name seems to carry.
    pub name_pid: Option<u32>,
    /// The creation time that the name seems to carry.
    pub name_created: Option<Filetime>,
    /// The section.
    pub section_uid: Option<String>,
    /// The message service it belongs to.
    pub service_name: Option<String>,
}

impl Subject {
    /// A root as a whole.
    pub fn root(root: &Root<'_>) -> Self {
        Self { root: Some(root.to_string()), ..Self::default() }
    }

    /// A profile.
    pub fn profile(root: &Root<'_>, profile: &Profile<'_>) -> Self {
        let edk = profile.name_facts.edk.as_ref();
        Self {
            profile: Some(profile.name().to_owned()),
            profile_family: profile.name_facts.family.map(|family| family.id),
            profile_state: Some(profile.state),
            name_pid: edk.map(|edk| edk.pid),
            name_created: edk.map(|edk| edk.created),
            ..Self::root(root)
        }
    }

    /// The same, about one of its sections.
    #[must_use]
    pub fn section(mut self, section: &ProviderSection<'_>) -> Self {
        self.section_uid = Some(section.uid.to_string());
        self.service_name.clone_from(&section.service_name);
        self
    }
}

/// What a rule says about a hive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it is about.
    pub subject: Subject,
    /// What was seen here, in a sentence or two.
    pub detail: String,
    /// What the finding's `last_written` means; empty where there is none.
    pub time_meaning: String,
    /// The earliest of the times that the claim spans.
    pub first_seen: Option<Filetime>,
    /// The latest of them.
    pub last_seen: Option<Filetime>,
    /// How many of what the claim counts.
    pub count: u64,
    /// Places it rests on, the most telling first. Never empty, and never more than [`Self::MAX_EVIDENCE`].
    pub evidence: Vec<Evidence>,
    /// Places that were left out because of that bound.
    pub evidence_left_out: u64,
}

impl Claim {
    /// Places that are spelled out of one claim; further ones are counted. A damaged or hostile hive can have a profile
    /// with as many sections as it has cells, each with a path of thousands of characters.
    pub const MAX_EVIDENCE: usize = 100;

    /// A claim that rests on `evidence`; its time means the last write of its key.
    pub fn new(
        severity: Severity,
        confidence: Confidence,
        subject: Subject,
        evidence: Evidence,
        detail: String,
    ) -> Self {
        let time_meaning = evidence.last_written.map_or("", |_| "last change of the key").to_owned();
        Self {
            severity,
            confidence,
            subject,
            detail,
            time_meaning,
            first_seen: evidence.last_written,
            last_seen: evidence.last_written,
            count: 1,
            evidence: vec![evidence],
            evidence_left_out: 0,
        }
    }

    /// Adds further evidence; the claim then spans its times too.
    #[must_use]
    pub fn with(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        for evidence in evidence {
            if let Some(time) = evidence.last_written {
                self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
                self.last_seen = Some(self.last_seen.map_or(time, |last| last.max(time)));
            }
            self.keep(evidence);
        }
        self
    }

    /// Adds evidence whose times are none of those that the claim spans: the key in which something was looked for.
    #[must_use]
    pub fn beside(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        evidence.into_iter().for_each(|evidence| self.keep(evidence));
        self
    }

    fn keep(&mut self, evidence: Evidence) {
        if self.evidence.len() < Self::MAX_EVIDENCE {
            self.evidence.push(evidence);
        } else {
            self.evidence_left_out += 1;
        }
    }

    /// Says in the detail how much evidence was left out, once the claim is complete.
    #[must_use]
    pub fn with_its_bound(mut self) -> Self {
        if self.evidence_left_out > 0 {
            let sentence = format!(
                " Of the evidence the first {} places are listed and {} more are not.",
                self.evidence.len(),
                self.evidence_left_out
            );
            self.detail.push_str(&sentence);
        }
        self
    }

    /// Says what the times mean where a profile's sections were written together.
    #[must_use]
    pub fn timed_by(self, profile: &Profile<'_>) -> Self {
        self.timed_within(profile.written_together())
    }

    /// The same for several claims about one profile, whose sections are then compared once.
    #[must_use]
    pub fn timed_within(mut self, together: Option<WrittenTogether>) -> Self {
        let time = self.evidence.first().and_then(|evidence| evidence.last_written);
        if let (Some(time), Some(together)) = (time, together)
            && together.includes(time)
        {
            self.time_meaning = format!(
                "written together with {} of {} sections: creation or rewrite, the bytes cannot tell",
                together.count, together.of
            );
        }
        self
    }
}

/// A claim about a known hive: what the tables print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Hash of rule, host, hive and evidence.
    pub id: String,
    /// The rule's identifier.
    pub rule_id: &'static str,
    /// What the rule says.
    pub claim: Claim,
}

/// Something that a hive contributes to the rules over all hives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetFact {
    /// What it is.
    pub kind: FleetKind,
    /// What it says, in upper case: facts that say the same belong together.
    pub folded: String,
    /// What it says.
    pub value: String,
    /// The root, as tables show it.
    pub root: String,
    /// The profile.
    pub profile: String,
    /// Whether the profile stands under `Profiles`, and is not marked for deletion.
    pub is_live: bool,
    /// Where it stands.
    pub evidence: Evidence,
}

/// What a fact for the rules over all hives is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum FleetKind {
    /// An account with profiles, by its security identifier.
    Account,
    /// A profile's family of names, of those that services make and remove.
    Family,
    /// A profile's instance key (`8503…\0102300b`).
    Instance,
    /// The distinguished name of a mailbox or user.
    Mailbox,
    /// A home server.
    Server,
}

impl FleetKind {
    /// The role of the evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "profile of the account",
            Self::Family => "profile of the family",
            Self::Instance => "instance key",
            Self::Mailbox => "mailbox",
            Self::Server => "server",
        }
    }
}
