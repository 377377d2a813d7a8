//! A profile: its sections, and what its shape and its times tell.

use crate::hive::Found;
use crate::wintypes::Filetime;

use super::families::NameFacts;
use super::key::MapiKey;
use super::section::{self, ProviderSection};
use super::tags::{self, SectionKind};
use super::uid::{self, MapiUid};

/// Whether a profile is in use, marked for deletion, or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileState {
    /// Under `Profiles`.
    Live,
    /// Under `Deleted Profiles`: deleted while in use (KB303221).
    DeletedPending,
    /// Found in deleted cells.
    Recovered,
}

impl ProfileState {
    /// All states, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::Live, Self::DeletedPending, Self::Recovered];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::DeletedPending => "deleted-pending",
            Self::Recovered => "recovered",
        }
    }
}

/// A MAPI profile.
#[derive(Clone, Debug)]
pub struct Profile<'b> {
    /// Where it stands.
    pub state: ProfileState,
    /// The key that is named like the profile.
    pub key: MapiKey<'b>,
    /// What its name tells.
    pub name_facts: NameFacts,
    /// Its sections, in the order on disk.
    pub sections: Vec<ProviderSection<'b>>,
    /// Other keys below it, brace-named ones for example.
    pub other_keys: Vec<MapiKey<'b>>,
}

/// Sections written in one instant, so that their times tell when they were written together and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenTogether {
    /// How many share the instant.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The first of their times.
    pub from: Filetime,
    /// The last of their times.
    pub to: Filetime,
}

impl<'b> Profile<'b> {
    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The section with this identifier. With several of the same name, which only damage can bring about, the first.
    pub fn section(&self, uid: MapiUid) -> Found<&ProviderSection<'b>> {
        match self.sections.iter().find(|section| section.uid == uid) {
            Some(section) => Found::Here(section),
            None if self.key.subkeys_complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// The services that the profile's own table names (`9207…\01023d0e`).
    pub fn service_uids(&self) -> Found<section::UidList> {
        self.section(uid::ROOT_SECTION).and_then(|root| root.uids(tags::PR_SERVICES))
    }

    /// Sections of message services whose name is `name`.
    pub fn services<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ProviderSection<'b>> {
        self.sections.iter().filter(move |section| {
            let own_name = || section.text(tags::PR_SERVICE_NAME).here();
            section.kind == SectionKind::Service
                && own_name().is_some_and(|found| found.eq_ignore_ascii_case(name))
        })
    }

    /// The instance key that MAPI gives to each profile it creates (`8503…\0102300b`).
    pub fn instance_key(&self) -> Option<&[u8]> {
        let section = self.section(uid::PROFILE_INSTANCE_SECTION).here()?;
        let value = section.prop(tags::PR_SEARCH_KEY).here()?;
        Some(value.bytes()).filter(|key| value.is_complete() && key.len() == 16)
    }

    /// Every key of the profile, its own first.
    pub fn keys(&self) -> impl Iterator<Item = &MapiKey<'b>> {
        let of_sections =
            self.sections.iter().flat_map(|section| std::iter::once(&section.key).chain(&section.below));
        std::iter::once(&self.key).chain(of_sections).chain(&self.other_keys)
    }

    /// The latest time at which any key of the profile changed.
    pub fn latest_write(&self) -> Filetime {
        self.keys().map(|key| key.last_written).max().unwrap_or_default()
    }

    /// The most sections that were written within 10 ms of each other, if there are at least five sections and these
    /// are more than 80 % of them.
    pub fn written_together(&self) -> Option<WrittenTogether> {
        /// 10 ms in ticks of 100 ns.
        const INSTANT: u64 = 100_000;

        let mut times: Vec<Filetime> = self.sections.iter().map(|section| section.key.last_written).collect();
        times.sort_unstable();
        let of = times.len();
        let mut best: Option<WrittenTogether> = None;
        let mut last = 0;
        for (first, from) in times.iter().enumerate() {
            while times.get(last).is_some_and(|time| time.distance(*from) <= INSTANT) {
                last += 1;
            }
            let count = last - first;
            let to = times.get(last - 1).copied().unwrap_or(*from);
            if best.is_none_or(|best| count > best.count) {
                best = Some(WrittenTogether { count, of, from: *from, to });
            }
        }
        best.filter(|best| of >= 5 && best.count * 100 > of * 80)
    }

    pub(super) fn classify_sections(&mut self) {
        section::classify(&mut self.sections);
    }
}

impl WrittenTogether {
    /// Whether a time is part of the instant.
    pub fn includes(&self, time: Filetime) -> bool {
        (self.from..=self.to).contains(&time)
    }
}
