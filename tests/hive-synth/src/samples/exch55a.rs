use super::machine_hives::{SystemHive, software};
use super::user_hive::UserHive;
use super::{Fires, Host, Kind, Sample, Status, info, low, machine_hive, medium, silent};
use crate::builder::Version;
use crate::mapi::{
    Connector, DELETED_PROFILES, Mailbox, NewProfile, PROFILES, calcon_profile, edk_gateway_profile,
    edk_name, exchange_profile, imc_profile,
};
use crate::{MILLISECOND, SECOND, filetime, machine};

const SERVER: &str = "EXCH55A";
const SITE: &str = "NORTH";
const SID: &str = "S-1-5-21-1111111111-1222222222-1333333333-1009";

pub(super) const HOST: Host = Host {
    name: SERVER,
    about: "Windows NT 4.0, Terminal Server Edition, with Exchange Server 5.5; its services run as the local account `exsvc`",
    samples: &[
        Sample {
            path: "C/WINNT/Profiles/exsvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the Exchange service account, format 1.3, clean",
            status: Status::Whole,
            fires: FIRES,
            nearly: &[
                silent(
                    "L12",
                    GATEWAY,
                    "in the form of the Exchange Development Kit, but marked for deletion",
                ),
                silent("L12", IMC, "of a family of its own"),
                silent("L06", IMC, "made ten minutes after the shutdown"),
                silent("X03", IMC, "`MSExchangeIMC` runs as this account"),
                silent("X05", IMC, "the host has the service, and it starts by itself"),
                silent("C16", ARCHIVE, "the account of Exchange's services, but nothing of Outlook"),
            ],
            not_judged: &[],
            bytes: service_account,
        },
        Sample {
            path: "C/WINNT/Profiles/exsvc/Personal/notes.txt",
            kind: Kind::Other,
            about: "Ordinary text file beside the hive",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: || b"Synthetic text file. Not a registry hive.\r\n".to_vec(),
        },
        machine_hive(
            "C/WINNT/system32/config/SYSTEM",
            "Hive of the machine, format 1.3, clean: Exchange's services run as `.\\exsvc`, Terminal Services are on, last shutdown ten minutes before the Internet Mail Service started",
            system,
        ),
        machine_hive(
            "C/WINNT/system32/config/SOFTWARE",
            "Hive of the machine, format 1.3, clean: whose profile folder is whose, and `ProfileDirectory`",
            software_hive,
        ),
        machine_hive(
            "C/WINNT/system32/config/SAM",
            "Hive of the machine, format 1.3, clean: `exsvc` is the local account of the user hive's SID",
            sam,
        ),
    ],
};

const CALCON: &[&str] = &[
    "MSExchangeCalCon 0000011b01be8f887db09000",
    "MSExchangeCalCon 000000d901be9051efa0dc00",
    "MSExchangeCalCon 000000f401be911ad2841000",
    "MSExchangeCalCon 0000013601be9203c4f68500",
];
const IMC: &str = "MSExchangeIMC 0000012c01be92e19c6ae2a0";
const ARCHIVE: &str = "Archive Job";
const GATEWAY: &str = "FaxGateway 000000c801be8af30647b000";

const EDK_SHAPED: &[&str] = &[CALCON[0], CALCON[1], CALCON[2], CALCON[3], IMC, GATEWAY];
/// Their sessions ended with the shutdown.
const OUTLIVED: &[&str] = &[CALCON[0], CALCON[1], CALCON[2], CALCON[3], GATEWAY, ARCHIVE];
/// One of them stands in both lists.
const UNENCRYPTED: &[&str] = &[CALCON[0], CALCON[1], CALCON[2], CALCON[3], ARCHIVE, ARCHIVE];

const FIRES: &[Fires] = &[
    low(
        "L01",
        CALCON,
        "four names start with `MSExchangeCalCon`; their EDK times increase strictly: at least three unclean ends",
    ),
    info("L03", &[IMC], "just one name starts with `MSExchangeIMC `"),
    medium(
        "L06",
        OUTLIVED,
        "their times are before `ShutdownTime` of SYSTEM, 1999-04-30 08:05, and the hive was changed after it",
    ),
    info("L07", &[GATEWAY, ARCHIVE], "`Deleted Profiles` holds two profiles"),
    medium(
        "L08",
        &[GATEWAY, ARCHIVE],
        "L07, `TSEnabled` is 1, and services of Exchange run as this account by its SID in SAM",
    ),
    medium("L09", &[ARCHIVE], "the name stands both under `Profiles` and under `Deleted Profiles`"),
    medium("C01", &["Profiles"], "`DefaultProfile` is `IMC Profile`, and no profile has this name"),
    info(
        "S03",
        EDK_SHAPED,
        "connect flags 6604 are 1 or 3, as the Exchange Development Kit sets them; by SYSTEM and SAM the account is one of services",
    ),
    info(
        "S08",
        UNENCRYPTED,
        "connect flags 6604 are 2 or 3 (no RPC encryption) and 6606 lacks 0x4000; `Archive Job` stands in both lists",
    ),
    info("H05", &["Windows Messaging Subsystem"], "`ProfileDirectory` is set in SOFTWARE"),
];

const MACHINE: &str = "S-1-5-21-1111111111-1222222222-1333333333";
const INSTALLED: u64 = filetime(1998, 11, 1, 8, 0, 0, 0);

fn system() -> Vec<u8> {
    let mut hive = SystemHive {
        version: Version::V1_3,
        name: SERVER,
        installed: INSTALLED,
        shutdown: filetime(1999, 4, 30, 8, 5, 0, 0),
        services: &[
            ("MSExchangeSA", r".\exsvc", 2),
            ("MSExchangeDS", r".\exsvc", 2),
            ("MSExchangeIS", r".\exsvc", 2),
            ("MSExchangeMTA", r".\exsvc", 2),
            ("MSExchangeIMC", r".\exsvc", 2),
            ("MSExchangeCalCon", r".\exsvc", 3),
            ("Spooler", "LocalSystem", 2),
        ],
    }
    .builder();
    machine::terminal_server(&mut hive, 1).dword("TSEnabled", 1);
    hive.build().bytes
}

fn software_hive() -> Vec<u8> {
    let mut hive =
        software(Version::V1_3, ("Windows NT", "4.0"), INSTALLED, &[(SID, r"%SystemRoot%\Profiles\exsvc")]);
    hive.key(r"Microsoft\Windows Messaging Subsystem").sz("ProfileDirectory", r"C:\exchsrvr\Webtemp");
    hive.build().bytes
}

fn sam() -> Vec<u8> {
    let mut hive = machine::sam(Version::V1_3, MACHINE);
    hive.default_written(INSTALLED).last_written(INSTALLED);
    machine::local_account(&mut hive, "Administrator", 500);
    machine::local_account(&mut hive, "exsvc", 1009);
    hive.build().bytes
}

fn service_account() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\??\C:\WINNT\Profiles\exsvc\ntuser.dat",
        sid: Some(SID),
        created: filetime(1998, 11, 2, 9, 30, 0, 0),
        last_written: filetime(1999, 4, 30, 8, 15, 41, 0),
        shell: None,
        protected_storage: true,
    }
    .builder();
    let mailbox = Mailbox::new(SERVER, SITE, "archive", "Archive");

    // Deletion moves a profile by copying it, so its keys are as old as the deletion.
    let gateway = filetime(1999, 4, 20, 6, 0, 0, 0);
    let connector = Connector::new(SERVER, SITE, "Fax Gateway (EXCH55A)");
    let name = edk_name("FaxGateway", 200, gateway);
    edk_gateway_profile(
        &mut hive,
        &NewProfile::new(DELETED_PROFILES, &name, gateway + 2 * SECOND),
        &connector,
    );
    let deleted = filetime(1999, 4, 25, 22, 10, 5, 0);
    exchange_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, ARCHIVE, deleted), &mailbox);
    let made_again = filetime(1999, 4, 25, 22, 10, 9, 0);
    exchange_profile(&mut hive, &NewProfile::new(PROFILES, ARCHIVE, made_again), &mailbox);

    let starts = [
        (283, filetime(1999, 4, 26, 2, 0, 0, 0)),
        (217, filetime(1999, 4, 27, 2, 2, 0, 0)),
        (244, filetime(1999, 4, 28, 2, 0, 0, 0)),
        (310, filetime(1999, 4, 29, 5, 47, 30, 0)),
    ];
    for (pid, start) in starts {
        let profile =
            NewProfile::new(PROFILES, &edk_name("MSExchangeCalCon", pid, start), start + 60 * MILLISECOND);
        calcon_profile(&mut hive, &profile, SERVER, SITE);
    }
    let start = filetime(1999, 4, 30, 8, 15, 30, 250);
    let profile = NewProfile::new(PROFILES, &edk_name("MSExchangeIMC", 300, start), start + 60 * MILLISECOND);
    imc_profile(&mut hive, &profile, SERVER, SITE);

    hive.key(PROFILES).sz("DefaultProfile", "IMC Profile");
    hive.build().bytes
}
