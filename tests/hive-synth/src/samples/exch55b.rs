use super::machine_hives::SystemHive;
use super::user_hive::{service_of_2003, user_of_2003};
use super::{Host, Kind, Sample, Status, info, low, machine_hive, medium, silent};
use crate::builder::Version;
use crate::mapi::{Connector, Mailbox, NewProfile, PROFILES, edk_gateway_profile, exchange_profile};
use crate::{filetime, machine};

const SERVER: &str = "EXCH55B";
const SITE: &str = "NORTH";

pub(super) const HOST: Host = Host {
    name: SERVER,
    about: "Windows NT 4.0 with Exchange Server 5.5 whose Internet Mail Service is stopped, and on which somebody looked into its queues",
    samples: &[
        Sample {
            path: "C/WINNT/Profiles/imsvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account of the Internet Mail Service, format 1.3, clean",
            status: Status::Whole,
            fires: &[
                info(
                    "L04",
                    &["Profiles"],
                    "SYSTEM and SAM show that `MSExchangeIMC` runs as this account and starts by itself, and no name starts with `MSExchangeIMC `",
                ),
                medium(
                    "L15",
                    &[QUEUE_INSTANCE, SECOND_QUEUE_INSTANCE],
                    "both hold the same search key 0102300b",
                ),
                medium(
                    "L16",
                    &[QUEUE, SECOND_QUEUE],
                    "services `MSEMS_EdkGateway` and the name of a connector, under names that no connector gives",
                ),
                medium("L17", &[DIRECTORY], "6603 and 660b name `/cn=Microsoft DSA`"),
                info(
                    "S03",
                    &[QUEUE, SECOND_QUEUE],
                    "connect flags 6604 are 1; the account is one of services",
                ),
            ],
            nearly: &[
                silent("L15", HELP_DESK, "a search key of its own"),
                silent("L16", HELP_DESK, "a mailbox of the same site, and no connector"),
                silent("L17", REPORT, "`Microsoft DSA Report` as typed, and no `/cn=` before it"),
                silent("X06", "Profiles", "the account of a service of Exchange, and profiles are there"),
            ],
            not_judged: &[],
            bytes: mail_service,
        },
        Sample {
            path: "C/WINNT/Profiles/exsvc2/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account of Exchange's other services, format 1.3, clean: without any key of MAPI",
            status: Status::Whole,
            fires: &[low(
                "X06",
                &["base block"],
                "`MSExchangeSA` and two more run as this account, and there is no Windows Messaging Subsystem",
            )],
            nearly: &[silent(
                "L04",
                "Software",
                "no profile of the Internet Mail Service, which runs as another account",
            )],
            not_judged: &[],
            bytes: || service_hive("exsvc2", 1032).build().bytes,
        },
        Sample {
            path: "C/WINNT/Profiles/rquinn/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user whose profile roams to EXCH55D, format 1.3, clean",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: roaming_user,
        },
        machine_hive(
            "C/WINNT/system32/config/SYSTEM",
            "Hive of the machine, format 1.3, clean: the Internet Mail Service runs as `.\\imsvc`, the other services of Exchange as `.\\exsvc2`",
            system,
        ),
        machine_hive(
            "C/WINNT/system32/config/SAM",
            "Hive of the machine, format 1.3, clean: both are local accounts",
            sam,
        ),
    ],
};

pub(super) const QUEUE: &str = "IMC Queue";
const SECOND_QUEUE: &str = "IMC Queue of May";
const QUEUE_INSTANCE: &str = r"IMC Queue\8503020000000000c000000000000046";
const SECOND_QUEUE_INSTANCE: &str = r"IMC Queue of May\8503020000000000c000000000000046";
/// What the copies of the profile for the queue have in common.
pub(super) const QUEUE_SEED: &str = "queue of EXCH55B";
pub(super) const ROAMING_SEED: &str = "roaming profile of rquinn";
const DIRECTORY: &str = "EXCH55BDS";
const REPORT: &str = "Replication Report";
pub(super) const HELP_DESK: &str = "Help Desk";

const MACHINE: &str = "S-1-5-21-1444444444-1555555555-1666666666";
const INSTALLED: u64 = filetime(1999, 1, 11, 8, 0, 0, 0);
const COLLECTED: u64 = filetime(1999, 6, 2, 18, 0, 0, 0);

fn system() -> Vec<u8> {
    SystemHive {
        version: Version::V1_3,
        name: SERVER,
        installed: INSTALLED,
        shutdown: filetime(1999, 5, 1, 6, 0, 0, 0),
        services: &[
            ("MSExchangeSA", r".\exsvc2", 2),
            ("MSExchangeDS", r".\exsvc2", 2),
            ("MSExchangeIS", r".\exsvc2", 2),
            ("MSExchangeIMC", r".\imsvc", 2),
            ("Spooler", "LocalSystem", 2),
        ],
    }
    .builder()
    .build()
    .bytes
}

fn sam() -> Vec<u8> {
    let mut hive = machine::sam(Version::V1_3, MACHINE);
    hive.default_written(INSTALLED).last_written(INSTALLED);
    machine::local_account(&mut hive, "Administrator", 500);
    machine::local_account(&mut hive, "imsvc", 1031);
    machine::local_account(&mut hive, "exsvc2", 1032);
    hive.build().bytes
}

fn service_hive(name: &str, rid: u32) -> crate::HiveBuilder {
    let (folder, sid) = (format!(r"C:\WINNT\Profiles\{name}"), format!("{MACHINE}-{rid}"));
    service_of_2003(&folder, &sid, INSTALLED, COLLECTED)
}

fn mail_service() -> Vec<u8> {
    let mut hive = service_hive("imsvc", 1031);
    for (name, made) in
        [(QUEUE, filetime(1999, 5, 3, 9, 0, 0, 0)), (SECOND_QUEUE, filetime(1999, 5, 17, 9, 30, 0, 0))]
    {
        edk_gateway_profile(&mut hive, &NewProfile::new(PROFILES, name, made).seed(QUEUE_SEED), &connector());
    }
    let mut directory = Mailbox::new(SERVER, SITE, "dsa", "Directory of EXCH55B").encrypted();
    directory.dn = format!("{}/cn=Configuration/cn=Servers/cn={SERVER}/cn=Microsoft DSA", directory.site_dn);
    let made = filetime(1999, 5, 20, 14, 0, 0, 0);
    exchange_profile(&mut hive, &NewProfile::new(PROFILES, DIRECTORY, made), &directory);
    let report = Mailbox::new(SERVER, SITE, "replrep", "Microsoft DSA Report").encrypted();
    let made = filetime(1999, 5, 20, 15, 0, 0, 0);
    exchange_profile(&mut hive, &NewProfile::new(PROFILES, REPORT, made), &report);
    let made = filetime(1999, 5, 21, 9, 0, 0, 0);
    let profile = NewProfile::new(PROFILES, HELP_DESK, made).seed("help desk of imsvc");
    exchange_profile(&mut hive, &profile, &help_desk());
    hive.key(PROFILES).sz("DefaultProfile", HELP_DESK);
    hive.build().bytes
}

/// The connector into whose queues the profiles look.
pub(super) fn connector() -> Connector {
    Connector::new(SERVER, SITE, "Internet Mail Connector (EXCH55B)")
}

/// A mailbox that several accounts open.
pub(super) fn help_desk() -> Mailbox {
    Mailbox::new(SERVER, SITE, "helpdesk", "Help Desk").encrypted()
}

/// The hive that the user has on each host.
pub(super) fn roaming_user() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\WINNT\Profiles\rquinn",
        "S-1-5-21-1111111111-1222222222-1333333333-1041",
        INSTALLED,
        COLLECTED,
    );
    let made = filetime(1999, 2, 1, 9, 0, 0, 0);
    let profile = NewProfile::new(PROFILES, HELP_DESK, made).seed(ROAMING_SEED);
    exchange_profile(&mut hive, &profile, &help_desk());
    hive.key(PROFILES).sz("DefaultProfile", HELP_DESK);
    hive.build().bytes
}
