use super::machine_hives::{SystemHive, software};
use super::user_hive::UserHive;
use super::{Host, Kind, Sample, Status, info, low, machine_hive, medium, silent};
use crate::builder::{HiveBuilder, Version};
use crate::mapi::{
    AccountText, Mailbox, NewProfile, PROFILES, Pop3Account, calcon_profile, edk_name, exchange_profile,
    imc_profile, outlook_profile,
};
use crate::{MILLISECOND, Sid, filetime, machine};

const SERVER: &str = "EXCH2KB";
const SITE: &str = "SOUTH";

pub(super) const HOST: Host = Host {
    name: "TS02",
    about: "Windows Server 2008 terminal server with the folders of later Windows and names of old services, for rules at their edges",
    samples: &[
        Sample {
            path: "C/Windows/ServiceProfiles/NetworkService/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the network service account, format 1.5, clean: one of each",
            status: Status::Whole,
            fires: &[
                info("L02", &[CALCON], "just one name starts with `MSExchangeCalCon`"),
                info("L03", &[IMC_OF_SERVICE], "just one name starts with `MSExchangeIMC `"),
                medium(
                    "L06",
                    &[CALCON, IMC_OF_SERVICE],
                    "their times are before `ShutdownTime` of SYSTEM, 2008-12-17 06:00; low confidence, for nothing in the hive is later",
                ),
                info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
                info("C27", &[CALCON, IMC_OF_SERVICE], "profiles in the hive of NetworkService"),
                info(
                    "S03",
                    &[CALCON, IMC_OF_SERVICE],
                    "connect flags 6604 are 3 and 1; info, since the SID shows a service account",
                ),
                info("S08", &[CALCON], "connect flags 6604 are 3 (no RPC encryption) and 6606 lacks 0x4000"),
                medium("X05", &[CALCON], "SYSTEM has no service `MSExchangeCalCon`"),
            ],
            nearly: &[
                silent("L01", CALCON, "one name, not two"),
                silent(
                    "L04",
                    IMC_OF_SERVICE,
                    "`MSExchangeIMC` runs as this account, and a profile of it is there",
                ),
                silent("L05", IMC_OF_SERVICE, "one name, not two"),
                silent("X03", IMC_OF_SERVICE, "`MSExchangeIMC` runs as NetworkService"),
                silent(
                    "L08",
                    IMC_OF_SERVICE,
                    "connections over Terminal Services are taken, but nothing is marked for deletion",
                ),
                silent("C16", IMC_OF_SERVICE, "the account of a service, but nothing of Outlook"),
                silent("C17", IMC_OF_SERVICE, "and no PST service"),
            ],
            not_judged: &[],
            bytes: network_service,
        },
        Sample {
            path: "C/Windows/ServiceProfiles/LocalService/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the local service account, format 1.5, clean: Outlook was run in it",
            status: Status::Whole,
            fires: &[
                low(
                    "C16",
                    &[OUTLOOK],
                    "sections 0a0d02…, 9375… and a service `CONTAB` in the hive of the account that runs `MSExchangeES`",
                ),
                medium("C17", &[OUTLOOK], "a service `MSUPST MS` in the hive of a service account"),
                info("C27", &[OUTLOOK], "a profile in the hive of LocalService"),
            ],
            nearly: &[],
            not_judged: &[],
            bytes: local_service,
        },
        Sample {
            path: "C/Users/svc-mail/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of an account, format 1.5, clean: two Internet Mail Service profiles and four near misses (`MSExchangeIMC` without what follows, `MSExchangeCal Archive`, an EDK-like name whose time is out of range, a name of 64 characters); its subkeys lists are split, with index roots",
            status: Status::Whole,
            fires: &[
                low("L05", &[IMC_FIRST, IMC_SECOND], "two names start with `MSExchangeIMC `"),
                medium("L06", &[IMC_FIRST], "its time is before `ShutdownTime` of SYSTEM, 2008-12-17 06:00"),
                info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
                low(
                    "S03",
                    &[IMC_FIRST, IMC_SECOND],
                    "connect flags 6604 are 1; the account kind is unknown, for that `MailSweep` runs as an account called like the folder proves nothing",
                ),
                info(
                    "S09",
                    &["MSExchangeIMC", "MSExchangeCal Archive", OUT_OF_RANGE, LONGEST],
                    "four mailboxes, and a service that is none of Exchange's names an account called like the folder (low confidence)",
                ),
                medium(
                    "X03",
                    &[IMC_FIRST, IMC_SECOND],
                    "`MSExchangeIMC` runs as NetworkService, whose SID is another one",
                ),
            ],
            nearly: &[
                silent("L02", "MSExchangeCal Archive", "the name starts with less than `MSExchangeCalCon`"),
                silent("L03", "MSExchangeIMC", "no space behind the name of the service"),
                silent("L06", IMC_SECOND, "eleven hours after the shutdown"),
                silent("X05", IMC_FIRST, "the host has the service"),
                silent("L12", OUT_OF_RANGE, "the high half of the time is none of 1986 to 2057"),
                silent("C21", LONGEST, "64 characters, not more"),
            ],
            not_judged: &[],
            bytes: mail_account,
        },
        machine_hive(
            "C/Windows/System32/config/SYSTEM",
            "Hive of the machine, format 1.5, clean: connections over Terminal Services are taken; `MSExchangeIMC` runs as NetworkService, `MSExchangeES` as LocalService, `MailSweep` as `EXAMPLE\\svc-mail`",
            system,
        ),
        machine_hive(
            "C/Windows/System32/config/SOFTWARE",
            "Hive of the machine, format 1.5, clean: whose profile folder is whose",
            software_hive,
        ),
    ],
};

const CALCON: &str = "MSExchangeCalCon 000006a001c95f9fbb162800";
const IMC_OF_SERVICE: &str = "MSExchangeIMC 0000071401c95f9fc1c93e80";
const IMC_FIRST: &str = "MSExchangeIMC 000003e801c95f9fe26cf500";
const IMC_SECOND: &str = "MSExchangeIMC 0000041401c9606909432e00";

/// The EDK pattern wants a time from 1986 to 2057 (high word 01b00000 to 01ffffff); this one is of 1770.
const OUT_OF_RANGE: &str = "SyncGateway 0000012c00be92e19c6ae2a0";
const LONGEST: &str = "Long Name Long Name Long Name Long Name Long Name Long Name Long";
const OUTLOOK: &str = "Outlook";

const INSTALLED: u64 = filetime(2008, 11, 3, 8, 0, 0, 0);
const MAIL_SID: &str = "S-1-5-21-1111111111-1222222222-1333333333-1310";

fn system() -> Vec<u8> {
    let mut hive = SystemHive {
        version: Version::V1_5,
        name: "TS02",
        installed: INSTALLED,
        shutdown: filetime(2008, 12, 17, 6, 0, 0, 0),
        services: &[
            ("MSExchangeIMC", r"NT AUTHORITY\NetworkService", 2),
            ("MSExchangeES", r"NT AUTHORITY\LocalService", 3),
            ("MailSweep", r"EXAMPLE\svc-mail", 2),
            ("TermService", r"NT Authority\NetworkService", 2),
            ("Spooler", "LocalSystem", 2),
        ],
    }
    .builder();
    machine::terminal_server(&mut hive, 1).dword("TSEnabled", 1).dword("fDenyTSConnections", 0);
    hive.build().bytes
}

fn software_hive() -> Vec<u8> {
    let profiles = [
        (Sid::LOCAL_SERVICE, r"%systemroot%\ServiceProfiles\LocalService"),
        (Sid::NETWORK_SERVICE, r"%systemroot%\ServiceProfiles\NetworkService"),
        (MAIL_SID, r"C:\Users\svc-mail"),
    ];
    let product = ("Windows Server (R) 2008 Standard", "6.0");
    software(Version::V1_5, product, INSTALLED, &profiles).build().bytes
}

fn network_service() -> Vec<u8> {
    let created = filetime(2008, 11, 3, 9, 0, 0, 0);
    let mut hive = UserHive {
        version: Version::V1_5,
        file_name: r"\SystemRoot\ServiceProfiles\NetworkService\NTUSER.DAT",
        sid: Some(Sid::NETWORK_SERVICE),
        created,
        last_written: filetime(2008, 12, 16, 17, 0, 0, 0),
        shell: None,
        protected_storage: false,
    }
    .builder();
    let (calcon, imc) = (filetime(2008, 12, 16, 17, 0, 0, 0), filetime(2008, 12, 16, 17, 0, 11, 240));
    let profile =
        NewProfile::new(PROFILES, &edk_name("MSExchangeCalCon", 1696, calcon), calcon + 60 * MILLISECOND);
    calcon_profile(&mut hive, &profile, SERVER, SITE);
    let profile = NewProfile::new(PROFILES, &edk_name("MSExchangeIMC", 1812, imc), imc + 60 * MILLISECOND);
    imc_profile(&mut hive, &profile, SERVER, SITE);
    hive.build().bytes
}

fn local_service() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_5,
        file_name: r"\SystemRoot\ServiceProfiles\LocalService\NTUSER.DAT",
        sid: Some(Sid::LOCAL_SERVICE),
        created: filetime(2008, 11, 3, 9, 0, 0, 0),
        last_written: filetime(2009, 1, 20, 13, 0, 0, 0),
        shell: None,
        protected_storage: false,
    }
    .builder();
    let account = Pop3Account {
        display_name: "Collector".to_owned(),
        email: "collector@example.test".to_owned(),
        server: "mail.example.test".to_owned(),
        pst_path: r"D:\Collector\collector.pst".to_owned(),
        password: None,
        text: AccountText::Binary,
    };
    let made = filetime(2009, 1, 20, 12, 0, 0, 0);
    outlook_profile(&mut hive, &NewProfile::new(PROFILES, OUTLOOK, made).seed("LocalService"), &account);
    hive.key(PROFILES).sz("DefaultProfile", OUTLOOK);
    hive.build().bytes
}

fn mail_account() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_5,
        file_name: r"\??\C:\Users\svc-mail\NTUSER.DAT",
        sid: Some(MAIL_SID),
        created: filetime(2008, 11, 4, 9, 0, 0, 0),
        last_written: filetime(2008, 12, 18, 9, 0, 0, 0),
        shell: None,
        protected_storage: true,
    }
    .builder();
    hive.leaf_size(3);
    // Two sites, so that the two connectors are two.
    for (pid, start, site) in [
        (1000, filetime(2008, 12, 16, 17, 1, 6, 0), SITE),
        (1044, filetime(2008, 12, 17, 17, 1, 0, 0), "EAST"),
    ] {
        let profile =
            NewProfile::new(PROFILES, &edk_name("MSExchangeIMC", pid, start), start + 60 * MILLISECOND);
        imc_profile(&mut hive, &profile, SERVER, site);
    }
    near_miss(&mut hive, "MSExchangeIMC", 0);
    near_miss(&mut hive, "MSExchangeCal Archive", 1);
    near_miss(&mut hive, OUT_OF_RANGE, 2);
    near_miss(&mut hive, LONGEST, 3);
    hive.build().bytes
}

fn near_miss(hive: &mut HiveBuilder, name: &str, number: u64) {
    let mailbox = Mailbox::new(SERVER, SITE, &format!("mail{number}"), &format!("Mail {number}")).encrypted();
    let made = filetime(2008, 12, 18, 8, number, 0, 0);
    exchange_profile(hive, &NewProfile::new(PROFILES, name, made), &mailbox);
}
