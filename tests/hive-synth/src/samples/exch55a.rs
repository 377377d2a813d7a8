use super::user_hive::UserHive;
use super::{Fires, Host, Kind, Sample, Status, info, low, medium, silent};
use crate::builder::Version;
use crate::mapi::{
    Connector, DELETED_PROFILES, Mailbox, NewProfile, PROFILES, calcon_profile, edk_gateway_profile,
    edk_name, exchange_profile, imc_profile,
};
use crate::{MILLISECOND, SECOND, filetime};

const SERVER: &str = "EXCH55A";
const SITE: &str = "NORTH";
const SID: &str = "S-1-5-21-1111111111-1222222222-1333333333-1009";

pub(super) const HOST: Host = Host {
    name: SERVER,
    about: "Windows NT 4.0 with Exchange Server 5.5; Calendar Connector and Internet Mail Service run as `exsvc`",
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
/// One of them stands in both lists.
const UNENCRYPTED: &[&str] = &[CALCON[0], CALCON[1], CALCON[2], CALCON[3], ARCHIVE, ARCHIVE];

const FIRES: &[Fires] = &[
    low(
        "L01",
        CALCON,
        "four names start with `MSExchangeCalCon`; their EDK times increase strictly: at least three unclean ends",
    ),
    info("L03", &[IMC], "just one name starts with `MSExchangeIMC `"),
    info("L07", &[GATEWAY, ARCHIVE], "`Deleted Profiles` holds two profiles"),
    medium("L09", &[ARCHIVE], "the name stands both under `Profiles` and under `Deleted Profiles`"),
    medium("C01", &["Profiles"], "`DefaultProfile` is `IMC Profile`, and no profile has this name"),
    low(
        "S03",
        EDK_SHAPED,
        "connect flags 6604 are 1 or 3, as the Exchange Development Kit sets them; the account kind is unknown without a SYSTEM hive",
    ),
    info(
        "S08",
        UNENCRYPTED,
        "connect flags 6604 are 2 or 3 (no RPC encryption) and 6606 lacks 0x4000; `Archive Job` stands in both lists",
    ),
];

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
