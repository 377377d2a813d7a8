//! Message services and their providers as a linked view: who lists whom, who names whom as its service, and what leads
//! nowhere.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::key::MapiValue;
use super::profile::Profile;
use super::prop::PropId;
use super::section::{PROVIDER_LISTS, ProviderSection};
use super::tags::{self, SectionKind};
use super::uid::{self, MapiUid};

/// A message service of a profile.
#[derive(Clone, Debug)]
pub struct Service<'p, 'b> {
    /// Its section; `None` where the list of services names a section that is not there.
    pub section: Option<&'p ProviderSection<'b>>,
    /// Its identifier.
    pub uid: MapiUid,
    /// Whether the profile's list of services names it (`9207…\01023d0e`).
    pub is_listed: bool,
    /// Its providers, in the order of its lists, then those that only name it themselves.
    pub providers: Vec<Provider<'p, 'b>>,
    /// Further sections it names: `PR_SERVICE_EXTRA_UIDS` and `PR_EMSMDB_SECTION_UID`.
    pub extra: Vec<Provider<'p, 'b>>,
}

/// A section that a service names, or that names the service as its own.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'p, 'b> {
    /// Its section; `None` where the service names a section that is not there.
    pub section: Option<&'p ProviderSection<'b>>,
    /// Its identifier.
    pub uid: MapiUid,
    /// The list of the service in which it stands; `None` where it only names the service (`PR_SERVICE_UID`).
    pub list: Option<PropId>,
    /// Whether it names the service as its own.
    pub names_service: bool,
}

/// The services of a profile: those it lists, in that order, then service sections that it does not list.
pub fn services<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Service<'p, 'b>> {
    let listed = profile.service_uids().here().map(|list| list.uids).unwrap_or_default();
    let named: BTreeSet<MapiUid> = listed.iter().copied().collect();
    let unlisted = profile
        .sections
        .iter()
        .filter(|section| section.kind == SectionKind::Service && !named.contains(&section.uid))
        .map(|section| section.uid);
    let sections = Sections::of(profile);
    let mut seen = BTreeSet::new();
    listed
        .iter()
        .copied()
        .chain(unlisted)
        .filter(|uid| seen.insert(*uid))
        .map(|uid| sections.service(uid, named.contains(&uid)))
        .collect()
}

/// The sections of a profile by what is asked of them. A hostile profile has tens of thousands, each of which may be a
/// service.
struct Sections<'p, 'b> {
    /// Of several of one name, which only damage can bring about, the first.
    by_uid: HashMap<MapiUid, &'p ProviderSection<'b>>,
    /// The sections that name a service as their own.
    by_service: HashMap<MapiUid, Vec<&'p ProviderSection<'b>>>,
    /// The same as pairs of service and section.
    naming: HashSet<(MapiUid, MapiUid)>,
}

impl<'p, 'b> Sections<'p, 'b> {
    fn of(profile: &'p Profile<'b>) -> Self {
        let mut sections =
            Self { by_uid: HashMap::new(), by_service: HashMap::new(), naming: HashSet::new() };
        for section in &profile.sections {
            sections.by_uid.entry(section.uid).or_insert(section);
            for service in named_services(section) {
                if sections.naming.insert((service, section.uid)) {
                    sections.by_service.entry(service).or_default().push(section);
                }
            }
        }
        sections
    }

    fn service(&self, uid: MapiUid, is_listed: bool) -> Service<'p, 'b> {
        let section = self.by_uid.get(&uid).copied();
        let mut providers = self.links(section, uid, &PROVIDER_LISTS);
        let extra = self.links(section, uid, &[tags::PR_SERVICE_EXTRA_UIDS, tags::PR_EMSMDB_SECTION_UID]);
        let known: BTreeSet<MapiUid> = providers.iter().chain(&extra).map(|provider| provider.uid).collect();
        let naming = self.by_service.get(&uid).into_iter().flatten();
        providers.extend(naming.filter(|naming| !known.contains(&naming.uid)).map(|naming| Provider {
            section: Some(naming),
            uid: naming.uid,
            list: None,
            names_service: true,
        }));
        Service { section, uid, is_listed, providers, extra }
    }

    /// What a service names in these lists, each section once.
    fn links(
        &self,
        service: Option<&ProviderSection<'_>>,
        uid: MapiUid,
        lists: &[PropId],
    ) -> Vec<Provider<'p, 'b>> {
        let mut seen = BTreeSet::new();
        let mut links = Vec::new();
        for list in lists {
            let uids = service.and_then(|section| section.uids(*list).here()).map(|list| list.uids);
            for target in uids.unwrap_or_default() {
                if seen.insert(target) {
                    let section = self.by_uid.get(&target).copied();
                    let names_service = self.naming.contains(&(uid, target));
                    links.push(Provider { section, uid: target, list: Some(*list), names_service });
                }
            }
        }
        links
    }
}

/// The services that a section names as its own; MAPI writes one.
fn named_services(section: &ProviderSection<'_>) -> Vec<MapiUid> {
    section.uids(tags::PR_SERVICE_UID).here().map(|list| list.uids).unwrap_or_default()
}

/// Properties that name sections of their own profile.
const LINKS: [PropId; 9] = [
    tags::PR_STORE_PROVIDERS,
    tags::PR_AB_PROVIDERS,
    tags::PR_TRANSPORT_PROVIDERS,
    tags::PR_SERVICES,
    tags::PR_SERVICE_UID,
    tags::PR_SERVICE_EXTRA_UIDS,
    tags::PR_EMSMDB_SECTION_UID,
    tags::PR_EMSABP_USER_UID,
    tags::PR_FILTERING_HOOKS,
];

/// The sections that a value names and the profile does not have; empty where the value names no sections, or where not
/// all sections could be listed. Sixteen zeros name nothing.
pub fn dangling(profile: &Profile<'_>, value: &MapiValue<'_>) -> Vec<MapiUid> {
    if !value.prop.is_some_and(|prop| LINKS.contains(&prop.id()) && !prop.secure) || !value.is_complete() {
        return Vec::new();
    }
    let (mut uids, _) = MapiUid::from_list(value.bytes());
    uids.retain(|uid| uid.0 != [0; 16] && profile.section(*uid).is_absent());
    uids
}

/// Sections that nothing refers to: not the profile's own lists, no service, no account, and not known by their
/// identifier. Healthy profiles have some (measured: 5 of 19 and 3 of 14 sections), so that this is an inventory and no
/// defect.
pub fn unreferenced<'p, 'b>(profile: &'p Profile<'b>) -> Vec<&'p ProviderSection<'b>> {
    /// Values of accounts that name sections.
    const OF_ACCOUNTS: [&str; 3] = ["Service UID", "XP Provider UID", "Preferences UID"];

    let mut referred = BTreeSet::new();
    for section in &profile.sections {
        for id in LINKS {
            let uids = section.uids(id).here().map(|list| list.uids).unwrap_or_default();
            // A section that names only itself is no more referred to than before.
            referred.extend(uids.into_iter().filter(|uid| *uid != section.uid));
        }
        for account in &section.below {
            for name in OF_ACCOUNTS {
                let value = account.named(name).here();
                referred.extend(value.map(|value| MapiUid::from_list(value.bytes()).0).unwrap_or_default());
            }
        }
    }
    profile
        .sections
        .iter()
        .filter(|section| !referred.contains(&section.uid) && uid::well_known(&section.uid).is_none())
        .collect()
}
