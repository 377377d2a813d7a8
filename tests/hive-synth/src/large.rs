//! Hives as large as those of people, and the shapes in which readers get slow: what `scripts/bench` measures with.
//!
//! Everything derives from the seed and the number of the hive, so that hives can be made in any order and on any thread.

use crate::builder::{HiveBuilder, Version};
use crate::fleet::FleetFile;
use crate::log::{log_entry, new_log};
use crate::mapi::{
    AccountText, Mailbox, NewProfile, PROFILES, Pop3Account, exchange_profile, outlook_profile, pst_profile,
};
use crate::random::Random;
use crate::samples::user_hive::{Shell, UserHive};
use crate::synth_hive::SynthHive;
use crate::{SECOND, filetime};

/// Bytes of the smallest hive.
const SMALLEST: f64 = 256.0 * 1024.0;
/// How many times as large the largest is: 10 MB.
const SPREAD: f64 = 38.0;
/// Many hives are small and few are large; this makes the mean 1.7 MB.
const SKEW: f64 = 2.0;

/// Hives of a host: Windows itself has one for each of its service accounts.
const ACCOUNTS: u64 = 4;

/// Hives of users, four on each host.
#[derive(Clone, Copy, Debug)]
pub struct LargePlan {
    /// How many.
    pub hives: u64,
    /// Whether each is dirty, with a log that makes it current.
    pub dirty: bool,
    /// What everything derives from.
    pub seed: u64,
}

impl LargePlan {
    /// Makes a hive, and its log if it is dirty; hives count from 0. Every other hive has profiles.
    pub fn files(&self, number: u64) -> Vec<FleetFile> {
        let user = User::new(self.seed, number, Self::size_of(number));
        let primary = user.hive();
        let host = number / ACCOUNTS;
        let folder = format!("PC{host:06}/C/{}/{}", user.folder_of_users(), user.name);
        let path = format!("{folder}/NTUSER.DAT");
        if !self.dirty {
            return vec![FleetFile { path, bytes: primary.bytes }];
        }
        let (primary, log) = user.dirty(primary);
        // So Windows names them, and some readers look for no other names.
        vec![
            FleetFile { path: format!("{folder}/ntuser.dat.LOG1"), bytes: log },
            FleetFile { path: format!("{folder}/ntuser.dat.LOG2"), bytes: Vec::new() },
            FleetFile { path, bytes: primary.bytes },
        ]
    }

    /// Bytes that a hive is to have, about. Steps of the golden ratio spread large and small hives, so that every part of a
    /// fleet is like the whole.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn size_of(number: u64) -> usize {
        let place = (number as f64 * 0.618_033_988_749_895).fract();
        (SMALLEST * SPREAD.powf(place.powf(SKEW))) as usize
    }
}

/// A hive of a user with `profiles` profiles and about `size` bytes.
pub fn with_profiles(profiles: u64, size: usize) -> Vec<u8> {
    let mut user = User::new(1, 1, size);
    user.profiles = profiles;
    user.hive().bytes
}

/// A hive in which every key on the way to the profiles is one of `siblings`.
///
/// # Panics
/// Never: the path of profiles has names.
pub fn with_siblings(siblings: usize) -> Vec<u8> {
    let mut user = User::new(1, 4 * ACCOUNTS - 1, 0);
    user.profiles = 1;
    let mut hive = user.builder();
    let (way, _) = PROFILES.rsplit_once('\\').expect("a path");
    let mut path = String::new();
    for name in way.split('\\') {
        let mut parent = hive.key(&path);
        for number in 0..siblings.saturating_sub(1) {
            parent.duplicate_key(&format!("Sibling {number:05}"));
        }
        path = if path.is_empty() { name.to_owned() } else { format!(r"{path}\{name}") };
    }
    hive.build().bytes
}

/// A hive whose profiles cannot be counted: below their key every list names one child eight times, twelve levels deep.
pub fn bomb() -> Vec<u8> {
    let mut hive = HiveBuilder::new(Version::V1_5);
    let mut id = hive.key(PROFILES).id();
    for level in 0..12 {
        let mut parent = hive.by_id(id);
        parent.repeat_subkeys(8);
        id = parent.key(&format!("level{level:02}")).id();
    }
    hive.build().bytes
}

struct User {
    name: String,
    sid: String,
    /// Windows XP rather than Windows 7.
    old: bool,
    profiles: u64,
    size: usize,
    created: u64,
    random: Random,
}

impl User {
    fn new(seed: u64, number: u64, size: usize) -> Self {
        let mut random = Random::new(seed, number);
        Self {
            name: format!("user{number:06}"),
            sid: format!("S-1-5-21-1004336348-1177238915-682003330-{}", 1_000 + number),
            old: (number / ACCOUNTS) % 4 == 3,
            profiles: if number.is_multiple_of(2) { 1 + random.below(3) } else { 0 },
            size,
            created: filetime(2004 + random.below(8), 1, 1 + random.below(28), 6, 0, 0, 0),
            random,
        }
    }

    fn folder_of_users(&self) -> &'static str {
        if self.old { "Documents and Settings" } else { "Users" }
    }

    /// The finished hive: some of what it held was deleted since.
    fn hive(&self) -> SynthHive {
        let mut hive = self.builder();
        let programs = Filler::new(self.random.clone(), self.created).fill(&mut hive, self.size);
        let mut built = hive.build();
        // One program of thirty was removed, few of very many, and of some hives with several profiles one of those.
        for program in programs.iter().skip(7).step_by(30).take(20) {
            built.delete_key(program);
        }
        if self.profiles > 1 && self.random.clone().below(3) == 0 {
            built.delete_key(&self.profile(1).path());
        }
        built.coalesce_free_cells();
        built
    }

    /// What the hive holds for Windows and MAPI.
    fn builder(&self) -> HiveBuilder {
        let folder = format!(r"C:\{}\{}", self.folder_of_users(), self.name);
        let mut hive = UserHive {
            version: if self.old { Version::V1_3 } else { Version::V1_5 },
            file_name: &format!(r"\??\{folder}\ntuser.dat"),
            sid: Some(&self.sid),
            created: self.created,
            last_written: self.created + 4_000 * 86_400 * SECOND,
            shell: Some(Shell {
                folder: &folder,
                logon_user_name: self.old.then_some(self.name.as_str()),
                app_data: if self.old { "Application Data" } else { r"AppData\Roaming" },
                cache: r"Local Settings\Temporary Internet Files",
            }),
            protected_storage: self.old,
        }
        .builder();
        hive.sequences(1, 1);
        for number in 0..self.profiles {
            self.write_profile(&mut hive, number);
        }
        if self.profiles > 0 {
            hive.key(PROFILES).sz("DefaultProfile", &self.profile(0).name);
        }
        hive
    }

    fn profile(&self, number: u64) -> NewProfile {
        let name = if number == 0 { "Outlook".to_owned() } else { format!("Profile {number}") };
        let written = self.created + (number + 1) * 86_400 * SECOND;
        NewProfile::new(PROFILES, &name, written).seed(&format!(r"{}\{name}", self.sid))
    }

    fn write_profile(&self, hive: &mut HiveBuilder, number: u64) {
        let profile = self.profile(number);
        let pst_path = format!(r"D:\Mail\{}\{number}.pst", self.name);
        match number % 3 {
            0 => {
                let mailbox = Mailbox::new("MAIL1", "SITE", &self.name, &self.name).encrypted();
                exchange_profile(hive, &profile, &mailbox);
            }
            1 => outlook_profile(
                hive,
                &profile,
                &Pop3Account {
                    display_name: self.name.clone(),
                    email: format!("{}@example.test", self.name),
                    server: "mail.example.test".to_owned(),
                    pst_path,
                    password: None,
                    text: AccountText::Binary,
                },
            ),
            _ => pst_profile(hive, &profile, &[&pst_path]),
        }
    }

    /// The hive before two changes, and the log that holds them. Each writes other times into keys all over the hive, as
    /// programs do that set the same values again.
    fn dirty(&self, mut primary: SynthHive) -> (SynthHive, Vec<u8>) {
        /// Keys of which one is written, so that a third of the pages is in the log.
        const ONE_OF: u64 = 24;
        const NK_LAST_WRITTEN: usize = 4;

        let mut random = self.random.clone();
        let mut states = vec![primary.clone()];
        for _ in 0..2 {
            let mut state = states.last().expect("the first").clone();
            let time = self.created + (4_001 + random.below(99)) * 86_400 * SECOND;
            let keys: Vec<u32> = state.layout.keys().map(|key| key.nk).collect();
            let allocated = |state: &SynthHive, nk| state.is_allocated(nk);
            for nk in keys {
                if random.below(ONE_OF) == 0 && allocated(&state, nk) {
                    state.set(nk, NK_LAST_WRITTEN, &time.to_le_bytes());
                }
            }
            states.push(state);
        }
        let entries: Vec<Vec<u8>> = (states.iter().zip(&states[1..]).zip(2..))
            .map(|((before, after), sequence)| log_entry(&before.bytes, &after.bytes, sequence))
            .collect();
        let log = new_log(&states[2].bytes, 2, &entries);
        primary.set_sequences(2, 1);
        (primary, log)
    }
}

/// Writes settings of programs until a hive has its size: keys, values and lists in the proportions of real hives (per key
/// 2.4 values and 570 bytes in all).
struct Filler {
    random: Random,
    time: u64,
    written: usize,
}

impl Filler {
    /// Where programs keep what is theirs; Windows and Microsoft have the longest lists.
    const PLACES: [&str; 5] = [
        r"Software\Microsoft",
        r"Software\Microsoft\Windows\CurrentVersion",
        r"Software\Microsoft\Windows NT\CurrentVersion",
        r"Software\Classes",
        r"Software\Vendor",
    ];
    const WORDS: [&str; 12] = [
        "Settings", "Recent", "Layout", "View", "Bags", "Options", "Shell", "Cache", "Toolbars", "Fonts",
        "Security", "Network",
    ];
    /// Bytes of a key with its place in a list, without its name.
    const KEY: usize = 92;
    /// Bytes of a value with its place in a list and the head of its data, without name and data.
    const VALUE: usize = 36;

    fn new(random: Random, time: u64) -> Self {
        Self { random, time, written: 0 }
    }

    /// The paths of all programs.
    fn fill(mut self, hive: &mut HiveBuilder, size: usize) -> Vec<String> {
        let mut programs = Vec::new();
        while self.written < size {
            let number = programs.len();
            let mut path = format!(r"{}\Program {number}", self.random.pick(&Self::PLACES));
            // A hundred programs a vendor, so that no list grows without bound.
            if number >= 100 {
                path = format!(r"Software\Vendor {}\Program {number}", number / 100);
            }
            self.program(hive, &path);
            programs.push(path);
        }
        programs
    }

    fn program(&mut self, hive: &mut HiveBuilder, path: &str) {
        let mut ids = vec![hive.key(path).id()];
        for number in 0..8 + self.random.below(24) {
            let parent = *self.random.pick(&ids);
            let name = format!("{}{number}", self.random.pick(&Self::WORDS));
            self.time += SECOND;
            let mut key = hive.by_id(parent);
            let mut key = key.key(&name);
            key.written(self.time);
            self.written += Self::KEY + name.len();
            for value in 0..self.random.below(6) {
                let name = format!("{}{value}", self.random.pick(&Self::WORDS));
                self.written += Self::VALUE + name.len();
                match self.random.below(200) {
                    0..80 => drop(key.dword(&name, self.random.word())),
                    80..150 => {
                        let text = format!(r"%ProgramFiles%\{path}\{:x}.dat", self.random.next());
                        self.written += 2 * text.len();
                        key.expand_sz(&name, &text);
                    }
                    kind => {
                        let longest = if kind == 199 { 12_000 } else { 300 };
                        let length = 8 * (1 + self.random.below(longest / 8));
                        let data: Vec<u8> =
                            (0..length / 8).flat_map(|_| self.random.next().to_le_bytes()).collect();
                        self.written += data.len();
                        key.binary(&name, &data);
                    }
                }
            }
            ids.push(key.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_fleet_is_as_large_as_its_share() {
        let sizes: Vec<usize> = (0..200).map(LargePlan::size_of).collect();
        let mean = |sizes: &[usize]| sizes.iter().sum::<usize>() / sizes.len();
        assert!((1_500_000..1_900_000).contains(&mean(&sizes)), "{}", mean(&sizes));
        assert!(sizes.iter().all(|size| (250_000..10_500_000).contains(size)));
        for part in sizes.chunks(50) {
            assert!(mean(part).abs_diff(mean(&sizes)) * 5 < mean(&sizes), "{}", mean(part));
        }
    }

    #[test]
    fn a_hive_is_about_as_large_as_planned_and_the_same_each_time() {
        let plan = LargePlan { hives: 10, dirty: false, seed: 7 };
        for number in 0..4 {
            let [file] = plan.files(number).try_into().expect("one file");
            let (is, planned) = (file.bytes.len(), LargePlan::size_of(number));
            assert!(is.abs_diff(planned) * 5 < planned, "{is} for {planned}");
            assert_eq!(file.bytes, plan.files(number)[0].bytes);
        }
    }

    #[test]
    fn a_third_of_a_dirty_hive_is_in_its_log() {
        let plan = LargePlan { hives: 10, dirty: true, seed: 7 };
        let [log, _, primary] = plan.files(2).try_into().expect("hive and logs");
        let percent = 100 * log.bytes.len() / primary.bytes.len();
        assert!((20..110).contains(&percent), "{percent} %");
    }
}
