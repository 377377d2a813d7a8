//! The machine hives of the hosts whose user hives are scanned: found by their place, each host's read once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::account::machine::{MachineKind, SamFacts, SoftwareFacts, SystemFacts};
use crate::account::{HostFacts, MachineHive, Place, collection, place};
use crate::hive::{Care, Found, Problems, Tree, Way};
use crate::mapi::families::Families;
use crate::wintypes::AnsiCodePage;

use super::discover::Candidate;
use super::one_hive::{GivenInput, InputKind, Reading, read_hive};

/// Machine hives that were given by name; they count for every user hive.
#[derive(Clone, Debug, Default)]
pub struct GivenHives {
    /// `SYSTEM`.
    pub system: Option<PathBuf>,
    /// `SOFTWARE`.
    pub software: Option<PathBuf>,
    /// `SAM`.
    pub sam: Option<PathBuf>,
    /// Whether their bytes are hashed.
    pub hash: bool,
}

/// The hosts of a scan.
#[derive(Debug)]
pub struct Hosts {
    logs: bool,
    hash: bool,
    by_collection: BTreeMap<Key, Mutex<Host>>,
}

/// Host and collection: a manifest may give hives of several hosts paths that show none.
type Key = (Option<Arc<str>>, Option<Box<str>>);

/// Small, for a fleet has tens of thousands, many of them without machine hives.
#[derive(Debug, Default)]
struct Host {
    system: Option<Box<Candidate>>,
    software: Option<Box<Candidate>>,
    sam: Option<Box<Candidate>>,
    /// Which of these three were given, by an option or a manifest, and are no hives of the scan.
    given: [bool; 3],
    /// Hives that still have to be judged; after the last of them the facts are given up.
    waiting: usize,
    facts: Option<Arc<HostFacts>>,
    /// Of the hives that were given; known once they were read.
    inputs: Arc<[GivenInput]>,
}

impl Hosts {
    /// Sorts the machine hives among the candidates to their hosts; nothing is read yet.
    pub fn of<'c>(
        candidates: impl IntoIterator<Item = &'c Candidate>,
        given: &GivenHives,
        logs: bool,
    ) -> Self {
        let candidates: Vec<&Candidate> = candidates.into_iter().collect();
        let of_manifest = OfManifest::of(&candidates);
        let mut by_collection: BTreeMap<Key, Mutex<Host>> = BTreeMap::new();
        for candidate in candidates {
            let key = key(candidate);
            let has_volume = key.1.is_some();
            let host = by_collection.entry(key).or_default();
            let host = host.get_mut().unwrap_or_else(PoisonError::into_inner);
            host.waiting += 1;
            // Hives that lie nowhere in a Windows volume have nothing in common.
            if has_volume
                && let Some(place) = host.place_for(candidate.lay_at())
                && place.as_ref().is_none_or(|other| candidate.hive_path < other.hive_path)
            {
                *place = Some(Box::new(candidate.clone()));
            }
        }
        for ((name, _), host) in &mut by_collection {
            let host = host.get_mut().unwrap_or_else(PoisonError::into_inner);
            let named = |path: &Option<PathBuf>| path.as_deref().map(Candidate::with_logs).map(Box::new);
            let (system, software) = of_manifest.machine_hives(name.as_deref());
            let [system, software, sam] = [
                system.or_else(|| named(&given.system)),
                software.or_else(|| named(&given.software)),
                named(&given.sam),
            ];
            // One that has a line of its own in a manifest is told as every hive is.
            host.given = [&system, &software, &sam]
                .map(|given| given.as_ref().is_some_and(|given| given.listed.is_none()));
            host.system = system.or(host.system.take());
            host.software = software.or(host.software.take());
            host.sam = sam.or(host.sam.take());
        }
        Self { logs, hash: given.hash, by_collection }
    }

    /// What the machine hives of a hive's host say; read when the first hive of the host asks. A hive that lies nowhere in a
    /// Windows volume has the hives that were given, if any.
    pub fn facts(&self, candidate: &Candidate) -> Arc<HostFacts> {
        self.facts_and_inputs(candidate).0
    }

    /// The same, and the machine hives that were given by name and read for the host.
    pub(super) fn facts_and_inputs(&self, candidate: &Candidate) -> (Arc<HostFacts>, Arc<[GivenInput]>) {
        let Some(host) = self.by_collection.get(&key(candidate)) else {
            return (Arc::default(), Arc::default());
        };
        // Others of the same host wait here until it is read.
        let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = if let Some(facts) = &host.facts {
            Arc::clone(facts)
        } else {
            let (facts, inputs) = host.read(self.hash, self.logs);
            host.inputs = inputs.into();
            Arc::new(facts)
        };
        host.waiting = host.waiting.saturating_sub(1);
        host.facts = (host.waiting > 0).then(|| Arc::clone(&facts));
        (facts, Arc::clone(&host.inputs))
    }
}

fn key(candidate: &Candidate) -> Key {
    (candidate.host.clone(), collection(&candidate.hive_path).map(String::into_boxed_str))
}

/// What manifests say of machine hives; the lines of one host agree.
#[derive(Default)]
struct OfManifest<'c> {
    by_host: HashMap<&'c str, (Option<&'c str>, Option<&'c str>)>,
    by_path: HashMap<&'c str, &'c Candidate>,
}

impl<'c> OfManifest<'c> {
    fn of(candidates: &[&'c Candidate]) -> Self {
        let mut found = Self::default();
        for candidate in candidates {
            let Some((listed, host)) = candidate.listed.as_ref().zip(candidate.host.as_deref()) else {
                continue;
            };
            let (system, software) = (listed.line.system.as_deref(), listed.line.software.as_deref());
            if system.is_some() || software.is_some() {
                let of_host = found.by_host.entry(host).or_default();
                *of_host = (of_host.0.or(system), of_host.1.or(software));
            }
        }
        if !found.by_host.is_empty() {
            let listed =
                candidates.iter().filter_map(|candidate| Some((candidate.listed.as_ref()?, candidate)));
            found.by_path.extend(listed.map(|(listed, candidate)| (listed.line.path.as_str(), *candidate)));
        }
        found
    }

    /// `SYSTEM` and `SOFTWARE` of a host. A hive that has a line too is called as that says.
    fn machine_hives(&self, host: Option<&str>) -> (Option<Box<Candidate>>, Option<Box<Candidate>>) {
        let given = host.and_then(|host| self.by_host.get(host)).copied().unwrap_or_default();
        let candidate = |path: &str| {
            let listed = self.by_path.get(path).copied().cloned();
            Box::new(listed.unwrap_or_else(|| Candidate::with_logs(Path::new(path))))
        };
        (given.0.map(candidate), given.1.map(candidate))
    }
}

impl Host {
    /// Where a file belongs by its name, if it lies where Windows has the machine's hives. Copies in `RegBack` and elsewhere are
    /// older states.
    fn place_for(&mut self, path: &Path) -> Option<&mut Option<Box<Candidate>>> {
        let name = path.file_name()?;
        let folder = path.parent().and_then(Path::file_name);
        if !folder.is_some_and(|folder| folder.eq_ignore_ascii_case("config")) {
            return None;
        }
        match name.to_str()?.to_ascii_uppercase().as_str() {
            "SYSTEM" => Some(&mut self.system),
            "SOFTWARE" => Some(&mut self.software),
            "SAM" => Some(&mut self.sam),
            _ => None,
        }
    }

    /// What its machine hives say, and the files of those that were given.
    fn read(&self, hash: bool, logs: bool) -> (HostFacts, Vec<GivenInput>) {
        let reading = |is_given| Reading { hash: hash && is_given, ..machine_reading(logs) };
        let [has_system, has_software, has_sam] = self.given;
        let (system, of_system) = self
            .system
            .as_ref()
            .map(|hive| machine_hive(hive, reading(has_system), MachineKind::System, SystemFacts::read))
            .unzip();
        let (software, of_software) = self
            .software
            .as_ref()
            .map(|hive| machine_hive(hive, reading(has_software), MachineKind::Software, SoftwareFacts::read))
            .unzip();
        let (sam, of_sam) = self
            .sam
            .as_ref()
            .map(|hive| machine_hive(hive, reading(has_sam), MachineKind::Sam, SamFacts::read))
            .unzip();
        let inputs = [(has_system, of_system), (has_software, of_software), (has_sam, of_sam)];
        let inputs = inputs.into_iter().filter(|(is_given, _)| *is_given).filter_map(|(_, input)| input);
        let facts = HostFacts { system: system.flatten(), software: software.flatten(), sam: sam.flatten() };
        (facts, inputs.collect())
    }
}

/// How machine hives are read.
fn machine_reading(logs: bool) -> Reading {
    let (families, ansi) = (Families::built_in(), AnsiCodePage::UNKNOWN);
    Reading {
        care: Care::Once,
        way: Way::Map,
        logs,
        recovery: None,
        families,
        ansi,
        hash: false,
        fleet: false,
    }
}

/// Reads a machine hive; `None` where it cannot be read or is another one. Its own row in the coverage table says why.
fn machine_hive<T>(
    candidate: &Candidate,
    reading: Reading,
    kind: MachineKind,
    read: impl Fn(&Tree<'_>, &mut Problems) -> T,
) -> (Option<MachineHive<T>>, GivenInput) {
    let (coverage, found) = read_hive(candidate, reading, |hive, problems| {
        let is_other = matches!(MachineKind::of(hive.tree), Found::Here(found) if found != kind);
        let facts = (!is_other).then(|| (hive.image.state(), read(hive.tree, problems)));
        (None, facts)
    });
    let hive = found.flatten().map(|(state, facts)| MachineHive {
        hive_path: Arc::from(candidate.hive_path.as_str()),
        state,
        facts,
    });
    let mut files = coverage.inputs;
    if let Some(file) = files.first_mut() {
        file.kind = InputKind::Machine;
    }
    (hive, GivenInput { hive_path: coverage.hive_path, files })
}

/// Whether a hive is one of the machine's by its place: there are no profiles to recover in it.
pub(super) fn is_machine_hive(candidate: &Candidate) -> bool {
    place(&candidate.hive_path) == Place::Machine
}
