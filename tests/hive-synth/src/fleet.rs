//! Fleets of any number of distinct hives, with the truth of what was planted in each.
//!
//! Everything derives from the seed and the number of the host, so that hosts can be made in any order and on any thread, and
//! the same fleet is written each time.

use std::fmt::Write as _;

use crate::builder::Version;
use crate::log::{log_entry, new_log};
use crate::mapi::{
    AccountText, DELETED_PROFILES, Mailbox, NewProfile, PROFILES, Pop3Account, Uid, add_delegate_stores,
    calcon_profile, dangling_service_profile, edk_name, empty_profile, exchange_profile, imc_profile,
    no_service_table_profile, outlook_profile, pst_profile, skeleton_only_profile, unresolved_msems_profile,
};
use crate::random::Random;
use crate::samples::machine_hives::{SystemHive, software};
use crate::samples::user_hive::{Shell, UserHive};
use crate::{HiveBuilder, MILLISECOND, SECOND, filetime};

/// What fleet to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Hives of users.
    pub hives: u64,
    /// Of these on one host; at least 1.
    pub hives_per_host: u64,
    /// What everything derives from.
    pub seed: u64,
}

/// One host of a fleet.
#[derive(Debug)]
pub struct FleetHost {
    /// Its files.
    pub files: Vec<FleetFile>,
    /// What was planted in them.
    pub truth: Vec<Truth>,
}

/// A file.
#[derive(Debug)]
pub struct FleetFile {
    /// Path below the folder of the fleet.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What a rule is to find in a hive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// Path of the hive below the folder of the fleet.
    pub hive_path: String,
    /// The rule; empty where nothing above `info` is to be found.
    pub rule: &'static str,
    /// What was planted.
    pub what: &'static str,
}

/// The first line of a table of truth.
pub const TRUTH_HEADER: &str = "hive_path,rule_id,what\n";

impl FleetHost {
    /// The rows of a table of truth in CSV. Paths and rules have neither commas nor quotation marks.
    pub fn rows(&self) -> String {
        self.truth.iter().fold(String::new(), |mut rows, Truth { hive_path, rule, what }| {
            writeln!(rows, "{hive_path},{rule},\"{what}\"").expect("memory");
            rows
        })
    }
}

impl Plan {
    /// How many hosts there are.
    pub fn hosts(&self) -> u64 {
        self.hives.div_ceil(self.hives_per_host.max(1))
    }

    /// Makes a host; hosts count from 0.
    pub fn host(&self, number: u64) -> FleetHost {
        let per_host = self.hives_per_host.max(1);
        let first = number * per_host;
        let mut random = Random::new(self.seed, number);
        let host = Host {
            name: format!("{}{number:06}", random.pick(&["WKS", "LAPTOP", "SRV", "TS"])),
            domain: format!("S-1-5-21-{}-{}-{}", part(self.seed, 1), part(self.seed, 2), part(self.seed, 3)),
            has_machine_hives: number.is_multiple_of(3),
            old: random.below(3) == 0,
            installed: filetime(1999 + random.below(9), 1, 1 + random.below(28), 6, 0, 0, 0),
        };
        let accounts: Vec<Account> = (first..self.hives.min(first + per_host))
            .map(|hive| Account::new(&host, hive, hive == first, &mut random))
            .collect();
        let mut made = FleetHost { files: Vec::new(), truth: Vec::new() };
        for account in &accounts {
            account.write(&host, &mut made);
        }
        if host.has_machine_hives {
            host.write_machine_hives(&accounts, &mut made);
        }
        made
    }
}

struct Host {
    name: String,
    domain: String,
    has_machine_hives: bool,
    /// Windows XP and Server 2003 rather than Windows 7.
    old: bool,
    installed: u64,
}

impl Host {
    fn version(&self) -> Version {
        if self.old { Version::V1_3 } else { Version::V1_5 }
    }

    fn folder(&self, account: &str) -> String {
        format!(r"C:\{}\{account}", if self.old { "Documents and Settings" } else { "Users" })
    }

    fn path(&self, below: &str) -> String {
        format!("{}/C/{below}", self.name)
    }

    fn write_machine_hives(&self, accounts: &[Account], made: &mut FleetHost) {
        let object_names: Vec<(&str, String)> = accounts
            .iter()
            .filter_map(|account| Some((account.plant.service()?, format!(r"EXAMPLE\{}", account.name))))
            .collect();
        let mut services = vec![("Spooler", "LocalSystem", 2)];
        services.extend(object_names.iter().map(|(service, account)| (*service, account.as_str(), 2)));
        let system = SystemHive {
            version: self.version(),
            name: &self.name,
            installed: self.installed,
            shutdown: self.installed + 3_600 * SECOND,
            services: &services,
        };
        let folders: Vec<(String, String)> =
            accounts.iter().map(|account| (account.sid.clone(), self.folder(&account.name))).collect();
        let folders: Vec<(&str, &str)> =
            folders.iter().map(|(sid, folder)| (sid.as_str(), folder.as_str())).collect();
        let product =
            if self.old { ("Microsoft Windows XP", "5.1") } else { ("Windows 7 Professional", "6.1") };
        let software = software(self.version(), product, self.installed, &folders);
        let config = if self.old { "WINDOWS/system32/config" } else { "Windows/System32/config" };
        for (name, bytes) in
            [("SYSTEM", system.builder().build().bytes), ("SOFTWARE", software.build().bytes)]
        {
            made.files.push(FleetFile { path: self.path(&format!("{config}/{name}")), bytes });
        }
    }
}

struct Account {
    name: String,
    sid: String,
    plant: Plant,
    dirty: bool,
    random: Random,
    /// When its profiles were made: years after the host was installed and last shut down.
    time: u64,
}

impl Account {
    fn new(host: &Host, hive: u64, is_first: bool, random: &mut Random) -> Self {
        let plants: Vec<Plant> = PLANTS
            .iter()
            .copied()
            // A profile named as a service's is a finding of its own in the hive of another account.
            .filter(|plant| is_first || !host.has_machine_hives || plant.service().is_none())
            .collect();
        // Every other hive is as it should be.
        let plant = if random.below(2) == 0 {
            *random.pick(&[Plant::Exchange, Plant::Outlook, Plant::PersonalFolders])
        } else {
            *random.pick(&plants)
        };
        let name = format!("{}{}{hive:07}", random.pick(&FIRST), random.pick(&SECOND_NAMES));
        Self {
            name,
            sid: format!("{}-{}", host.domain, 1_000 + hive),
            plant,
            dirty: !host.old && random.below(8) == 0,
            time: host.installed
                + (400 + random.below(1_500)) * 86_400 * SECOND
                + random.below(86_400) * SECOND,
            random: random.fork(),
        }
    }

    fn write(&self, host: &Host, made: &mut FleetHost) {
        let folder = if host.old { "Documents and Settings" } else { "Users" };
        let path = host.path(&format!("{folder}/{}/NTUSER.DAT", self.name));
        let mut hive = self.bare(host);
        let before = self.dirty.then(|| hive.build());
        self.plant.write(&mut hive, &mut Planter { account: self, random: self.random.clone(), elapsed: 0 });
        let after = hive.build();

        let mut truth = |rule, what| made.truth.push(Truth { hive_path: path.clone(), rule, what });
        if self.plant.rules().is_empty() {
            truth("", self.plant.what());
        }
        for rule in self.plant.rules() {
            truth(rule, self.plant.what());
        }
        let Some(mut primary) = before else {
            made.files.push(FleetFile { path, bytes: after.bytes });
            return;
        };
        truth("H01", "dirty, and made current by its log");
        let log = new_log(&after.bytes, 2, &[log_entry(&primary.bytes, &after.bytes, 2)]);
        primary.set_sequences(2, 1);
        made.files.push(FleetFile { path: format!("{path}.LOG1"), bytes: log });
        made.files.push(FleetFile { path: format!("{path}.LOG2"), bytes: Vec::new() });
        made.files.push(FleetFile { path, bytes: primary.bytes });
    }

    /// The hive before any profile was made in it.
    fn bare(&self, host: &Host) -> HiveBuilder {
        let folder = host.folder(&self.name);
        let mut hive = UserHive {
            version: host.version(),
            file_name: &format!(r"\??\{folder}\ntuser.dat"),
            sid: Some(&self.sid),
            created: host.installed + 7_200 * SECOND,
            last_written: self.time + 3_600 * SECOND,
            shell: Some(Shell {
                folder: &folder,
                logon_user_name: host.old.then_some(self.name.as_str()),
                app_data: if host.old { "Application Data" } else { r"AppData\Roaming" },
                cache: if host.old {
                    r"Local Settings\Temporary Internet Files"
                } else {
                    r"AppData\Local\Cache"
                },
            }),
            protected_storage: host.old,
        }
        .builder();
        hive.sequences(1, 1);
        self.fill(&mut hive);
        hive
    }

    /// What else a hive holds: settings that have nothing to do with MAPI, of another size in each.
    fn fill(&self, hive: &mut HiveBuilder) {
        /// Values, each of a few kilobytes.
        const VALUES: u32 = 9;

        let mut random = self.random.clone();
        for number in 0..VALUES {
            let length = 3_000 + random.below(2_000);
            let data: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| random.next().to_le_bytes()).collect();
            hive.key(&format!(r"Software\Example\Program {number}\Settings"))
                .binary("Layout", &data)
                .dword("Version", number)
                .sz("User", &self.name);
        }
    }
}

/// What is planted in a hive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plant {
    Exchange,
    Outlook,
    PersonalFolders,
    CalendarConnector,
    InternetMail,
    Marked,
    DanglingDefault,
    Empty,
    NoServiceTable,
    DanglingService,
    Unresolved,
    Skeleton,
    OnNetwork,
    Moved,
    Cloned,
    BadName,
    ClearPassword,
    VeryMany,
    NoSsl,
    DirectoryService,
    Delegates,
    Malformed,
}

const PLANTS: [Plant; 19] = [
    Plant::CalendarConnector,
    Plant::InternetMail,
    Plant::Marked,
    Plant::DanglingDefault,
    Plant::Empty,
    Plant::NoServiceTable,
    Plant::DanglingService,
    Plant::Unresolved,
    Plant::Skeleton,
    Plant::OnNetwork,
    Plant::Moved,
    Plant::Cloned,
    Plant::BadName,
    Plant::ClearPassword,
    Plant::VeryMany,
    Plant::NoSsl,
    Plant::DirectoryService,
    Plant::Delegates,
    Plant::Malformed,
];

const FIRST: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "j", "k", "l", "m"];
const SECOND_NAMES: [&str; 12] =
    ["amber", "berg", "croft", "dale", "ehrl", "frost", "gray", "holm", "ivers", "jensen", "keller", "lind"];

impl Plant {
    /// The rules that are to fire: all above `info` that do, and of those at `info` the ones that were meant.
    fn rules(self) -> &'static [&'static str] {
        match self {
            Self::Exchange | Self::Outlook | Self::PersonalFolders => &[],
            Self::CalendarConnector => &["L01", "S03"],
            Self::InternetMail => &["L05", "S03"],
            Self::Marked => &["L07"],
            Self::DanglingDefault => &["C01"],
            Self::Empty => &["C03"],
            Self::NoServiceTable => &["C04"],
            Self::DanglingService => &["C05"],
            Self::Unresolved => &["C08", "C25"],
            Self::Skeleton => &["C09", "C25"],
            Self::OnNetwork => &["C18"],
            Self::Moved => &["C12", "C13"],
            Self::Cloned => &["L15"],
            Self::BadName => &["C21"],
            Self::ClearPassword => &["S01"],
            Self::VeryMany => &["L14"],
            Self::NoSsl => &["S06"],
            Self::DirectoryService => &["L17"],
            Self::Delegates => &["C24"],
            Self::Malformed => &["C23"],
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Exchange => "clean: a resolved profile of Exchange",
            Self::Outlook => "clean: a profile of Outlook with POP3",
            Self::PersonalFolders => "clean: a profile with personal folders",
            Self::CalendarConnector => "several profiles of the Calendar Connector",
            Self::InternetMail => "two profiles of the Internet Mail Service",
            Self::Marked => "a profile marked for deletion",
            Self::DanglingDefault => "the default profile does not exist",
            Self::Empty => "a profile without sections",
            Self::NoServiceTable => "a profile without a list of services",
            Self::DanglingService => "a listed service without a section",
            Self::Unresolved => "a mailbox that was never resolved",
            Self::Skeleton => "the skeleton of mapisvc.inf alone",
            Self::OnNetwork => "personal folders on another computer",
            Self::Moved => "a mailbox that moved to another server",
            Self::Cloned => "a profile copied under another name",
            Self::BadName => "a name that ends with a space",
            Self::ClearPassword => "a password that is no DPAPI blob",
            Self::VeryMany => "21 profiles or more",
            Self::NoSsl => "RPC over HTTP without SSL",
            Self::DirectoryService => "the mailbox of a directory service",
            Self::Delegates => "stores of six other mailboxes",
            Self::Malformed => "a value that is too short for its type",
        }
    }

    /// The service whose account has such profiles.
    fn service(self) -> Option<&'static str> {
        match self {
            Self::CalendarConnector => Some("MSExchangeCalCon"),
            Self::InternetMail => Some("MSExchangeIMC"),
            _ => None,
        }
    }

    fn write(self, hive: &mut HiveBuilder, planter: &mut Planter<'_>) {
        let profile = planter.next_profile("Mail");
        let mailbox = planter.mailbox();
        let mut default = profile.name.clone();
        match self {
            Self::Outlook => outlook_profile(hive, &profile, &planter.pop3(None)),
            Self::PersonalFolders => pst_profile(hive, &profile, &[&planter.pst()]),
            _ => exchange_profile(hive, &profile, &mailbox),
        }
        let second = planter.next_profile("Second");
        match self {
            Self::Exchange | Self::Outlook | Self::PersonalFolders => {}
            Self::CalendarConnector | Self::InternetMail => {
                let (service, count) = match self {
                    Self::CalendarConnector => ("MSExchangeCalCon", 2 + planter.random.below(4)),
                    _ => ("MSExchangeIMC", 2),
                };
                for _ in 0..count {
                    let start = planter.next_time();
                    let pid = 100 + planter.random.word() % 3_000;
                    let name = edk_name(service, pid, start);
                    let profile = planter.profile(PROFILES, &name, start + 60 * MILLISECOND);
                    // Each run of its own connector, for they share no mailbox.
                    let (server, site) = (mailbox.server.as_str(), planter.account.name.as_str());
                    match self {
                        Self::CalendarConnector => calcon_profile(hive, &profile, server, site),
                        _ => imc_profile(hive, &profile, server, site),
                    }
                }
            }
            Self::Marked => {
                let marked = planter.profile(DELETED_PROFILES, &second.name, second.first_written);
                exchange_profile(hive, &marked, &mailbox);
            }
            Self::DanglingDefault => default.push_str(" of before"),
            Self::Empty => {
                let early = planter.profile(PROFILES, &second.name, profile.first_written - 3_600 * SECOND);
                empty_profile(hive, &early);
            }
            Self::NoServiceTable => no_service_table_profile(hive, &second),
            Self::DanglingService => dangling_service_profile(hive, &second, &planter.pst()),
            Self::Unresolved => {
                unresolved_msems_profile(hive, &second, &mailbox.display_name, &mailbox.server, None);
            }
            Self::Skeleton => skeleton_only_profile(hive, &second),
            Self::OnNetwork => {
                let path = format!(r"\\FILES{}\mail\{}.pst", planter.random.below(20), planter.account.name);
                pst_profile(hive, &second, &[&path]);
            }
            Self::Moved => drop(
                profile
                    .edit(hive, Uid::EXCHANGE)
                    .string8(0x6608, "OLDMAIL")
                    .string8s(0x6613, &["ncacn_ip_tcp:oldmail.example.test"]),
            ),
            Self::Cloned => {
                let seed = profile.seed.clone();
                exchange_profile(hive, &second.seed(&seed), &mailbox);
            }
            Self::BadName => {
                let name = format!("{} ", second.name);
                exchange_profile(hive, &planter.profile(PROFILES, &name, second.first_written), &mailbox);
            }
            Self::ClearPassword => {
                let account = planter.pop3(Some(b"no password of anybody".to_vec()));
                outlook_profile(hive, &second, &account);
            }
            Self::VeryMany => {
                for number in 0..20 + planter.random.below(10) {
                    let profile = planter.next_profile(&format!("Export {number}"));
                    pst_profile(hive, &profile, &[&planter.pst()]);
                }
            }
            Self::NoSsl => drop(profile.edit(hive, Uid::EXCHANGE).long(0x6623, 1)),
            Self::DirectoryService => {
                let mut directory = mailbox.clone();
                directory.dn = format!(
                    "{}/cn=Configuration/cn=Servers/cn={}/cn=Microsoft DSA",
                    mailbox.site_dn, mailbox.server
                );
                exchange_profile(hive, &second, &directory);
            }
            Self::Delegates => {
                let others: Vec<Mailbox> = (0..6)
                    .map(|number| {
                        let alias = format!("{}.{number}", planter.account.name);
                        Mailbox::new(&mailbox.server, "SITE", &alias, &alias)
                    })
                    .collect();
                add_delegate_stores(hive, &profile.later(second.first_written), &others);
            }
            Self::Malformed => drop(profile.edit(hive, Uid::EXCHANGE).property(0x0003, 0x660D, &[7, 7])),
        }
        hive.key(PROFILES).sz("DefaultProfile", &default);
    }
}

/// Makes the profiles of one account, each later than the one before.
struct Planter<'a> {
    account: &'a Account,
    random: Random,
    /// Seconds since the first profile.
    elapsed: u64,
}

impl Planter<'_> {
    fn profile(&self, root: &str, name: &str, written: u64) -> NewProfile {
        // UIDs of its own in each hive.
        NewProfile::new(root, name, written).seed(&format!(r"{}\{root}\{name}", self.account.sid))
    }

    fn next_profile(&mut self, name: &str) -> NewProfile {
        let time = self.next_time();
        let name = format!("{name} of {}", self.account.name);
        self.profile(PROFILES, &name, time)
    }

    /// The clock of the account only goes forward: an hour or more for each profile.
    fn next_time(&mut self) -> u64 {
        let step = 3_600 + self.random.below(7_200);
        let ticks = self.random.below(SECOND);
        self.elapsed += step;
        self.account.time + self.elapsed * SECOND + ticks
    }

    fn mailbox(&mut self) -> Mailbox {
        let server = format!("MAIL{}", self.random.below(8));
        Mailbox::new(&server, "SITE", &self.account.name, &self.account.name).encrypted()
    }

    fn pst(&mut self) -> String {
        format!(r"D:\Mail\{}\{:08x}.pst", self.account.name, self.random.word())
    }

    fn pop3(&mut self, password: Option<Vec<u8>>) -> Pop3Account {
        Pop3Account {
            display_name: self.account.name.clone(),
            email: format!("{}@example.test", self.account.name),
            server: "mail.example.test".to_owned(),
            pst_path: self.pst(),
            password,
            text: AccountText::Binary,
        }
    }
}

/// A part of the identifier of a domain.
fn part(seed: u64, number: u64) -> u32 {
    Random::new(seed, number).word()
}
