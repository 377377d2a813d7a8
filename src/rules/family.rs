//! The live profiles whose names belong to one family, counted by name.

use std::collections::BTreeMap;

use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root};
use crate::wintypes::same_name;

use super::View;
use super::wording::{name_reading, running_or_left_over};

/// A name under `Profiles` and the profiles that bear it: more than one where roots share a name.
pub(super) struct Name<'v> {
    pub(super) root: &'v Root<'v>,
    pub(super) profile: &'v Profile<'v>,
    pub(super) elsewhere: Vec<(&'v Root<'v>, &'v Profile<'v>)>,
}

/// The names of a family under all `Profiles` keys of a hive.
pub(super) struct Names<'v> {
    /// In the order on disk.
    pub(super) names: Vec<Name<'v>>,
    /// Whether all profiles of the hive could be listed.
    pub(super) complete: bool,
}

impl<'v> Names<'v> {
    pub(super) fn of(view: &View<'v>, family: &str) -> Self {
        let mut names: Vec<Name<'v>> = Vec::new();
        let mut by_upper_case: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (root, profile) in view.mapi.profiles(ProfileState::Live) {
            if profile.name_facts.family.is_none_or(|found| found.id != family) {
                continue;
            }
            let alike = by_upper_case.entry(profile.name().to_uppercase()).or_default();
            let is_same = |name: &Name<'_>| same_name(name.profile.name(), profile.name());
            let same = alike.iter().copied().find(|index| names.get(*index).is_some_and(is_same));
            if let Some(same) = same.and_then(|index| names.get_mut(index)) {
                same.elsewhere.push((root, profile));
            } else {
                alike.push(names.len());
                names.push(Name { root, profile, elsewhere: Vec::new() });
            }
        }
        Self { names, complete: view.mapi.is_complete(ProfileState::Live) }
    }

    /// The root of all of them, if it is one.
    pub(super) fn common_root(&self) -> Option<&'v Root<'v>> {
        let first = self.names.first()?.root;
        let everywhere = self.names.iter().flat_map(Name::places);
        everywhere.into_iter().all(|(root, _)| std::ptr::eq(root, first)).then_some(first)
    }

    /// A sentence with a space in front, where a name was met in several roots.
    pub(super) fn counted_once(&self) -> String {
        match self.names.iter().filter(|name| !name.elsewhere.is_empty()).count() {
            0 => String::new(),
            1 => " One of the names stands under several roots and is counted once.".into(),
            several => format!(" {several} of the names stand under several roots and are counted once."),
        }
    }
}

impl<'v> Name<'v> {
    /// Everywhere it stands.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'v Root<'v>, &'v Profile<'v>)> {
        std::iter::once((self.root, self.profile)).chain(self.elsewhere.iter().copied())
    }
}

/// What there is to say where just one name of a family is present: a service that runs, or a leftover.
pub(super) fn only_one(view: &View<'_>, family: &str) -> Option<Claim> {
    let names = Names::of(view, family);
    let [name] = names.names.as_slice() else { return None };
    let seen = if names.complete {
        format!("One name under Profiles begins with {family}")
    } else {
        format!("At least one name under Profiles begins with {family}, and not all profiles could be listed")
    };
    let profile = name.profile;
    let detail = format!(
        "{seen}: \"{}\".{} {} {}",
        profile.name(),
        names.counted_once(),
        name_reading(profile),
        running_or_left_over(view)
    );
    let subject = Subject::profile(name.root, profile);
    let evidence = Evidence::key("profile key", &profile.key);
    let elsewhere = name.elsewhere.iter();
    let claim = Claim::new(Severity::Info, Confidence::Medium, subject, evidence, detail)
        .with(elsewhere.map(|(_, profile)| Evidence::key("same name in another root", &profile.key)));
    Some(claim.timed_by(profile))
}
