use super::user_hive::service_of_2003;
use super::{Fires, Host, Kind, Sample, Silent, Status, info, low, silent};
use crate::mapi::{
    Connector, DELETED_PROFILES, Mailbox, NewProfile, PROFILES, edk_gateway_profile, edk_name,
    exchange_profile,
};
use crate::{MILLISECOND, SECOND, filetime};

const SERVER: &str = "LINKSRV1";
const SITE: &str = "NORTH";

pub(super) const HOST: Host = Host {
    name: SERVER,
    about: "Windows NT 4.0 with Exchange Server 5.5, LinkAge connectors and gateways of other makers",
    samples: &[
        Sample {
            path: "C/WINNT/Profiles/lmesvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account of the LinkAge connectors, format 1.3, clean; a profile was removed forty minutes after the last one was made",
            status: Status::Whole,
            fires: LINKAGE_FIRES,
            nearly: LINKAGE_NEARLY,
            not_judged: &[],
            bytes: linkage_account,
        },
        Sample {
            path: "C/WINNT/Profiles/gwsvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account of the gateways, format 1.3, clean: the clock was set back before one profile was written",
            status: Status::Whole,
            fires: GATEWAY_FIRES,
            nearly: GATEWAY_NEARLY,
            not_judged: &[],
            bytes: gateway_account,
        },
    ],
};

const SNADS: &str = "LINKSRV1-LME-SNADS V5.5";
const NOTES: &str = "LINKSRV1-LME-NOTES V3";
const PROFS: &str = "LINKSRV1-LME-PROFS";
const QUEUE: &str = "LmeQueue 000000b401bf0b32f072f800";

const LINKAGE_FIRES: &[Fires] = &[
    info("L11", &["Deleted Profiles"], "the key is there and holds no profile"),
    info("L12", &[QUEUE], "a name in the form of the Exchange Development Kit, of no known family"),
    info("L13", &["Profiles"], "written forty minutes after the last profile's key"),
    info("L19", &[SNADS, NOTES], "`-LME-`, a connector, a space, `V` and a digit"),
    info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
    low("S03", &[QUEUE], "connect flags 6604 are 1; the account kind is unknown without a SYSTEM hive"),
];

const LINKAGE_NEARLY: &[Silent] = &[
    silent("L19", PROFS, "no version"),
    silent("L07", "Deleted Profiles", "empty"),
    silent(
        "L16",
        QUEUE,
        "a service `MSEMS_EdkGateway`, but a name in the form of the Exchange Development Kit",
    ),
    silent("L10", "Deleted Profiles", "empty, and `Profiles` is not"),
    silent("H02", QUEUE, "the EDK time is earlier than the last write"),
];

const FAX: &str = "FaxQueue 000000c801bf0eab6bc60800";
const PAGER: &str = "PagerQueue 000000d201bf0d1916f28800";

const GATEWAY_FIRES: &[Fires] = &[
    info("L12", &[FAX, PAGER], "names in the form of the Exchange Development Kit, of no known family"),
    info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
    low("S03", &[FAX, PAGER], "connect flags 6604 are 1; the account kind is unknown without a SYSTEM hive"),
    info("H02", &[FAX], "the EDK time is two days later than anything in the profile"),
];

const GATEWAY_NEARLY: &[Silent] =
    &[silent("H02", PAGER, "the EDK time is 5 s later than the last write, not more")];

fn linkage_account() -> Vec<u8> {
    let mut hive = service_of_2003(
        r"C:\WINNT\Profiles\lmesvc",
        "S-1-5-21-1111111111-1222222222-1333333333-1021",
        filetime(1999, 6, 1, 9, 0, 0, 0),
        filetime(1999, 9, 30, 12, 0, 0, 0),
    );
    for (number, name) in [(0, SNADS), (1, NOTES), (2, PROFS)] {
        let mailbox =
            Mailbox::new(SERVER, SITE, &format!("lme{number}"), &format!("LinkAge {number}")).encrypted();
        let made = filetime(1999, 9, 1, 6, number, 0, 0);
        exchange_profile(&mut hive, &NewProfile::new(PROFILES, name, made), &mailbox);
    }
    let start = filetime(1999, 9, 30, 11, 0, 0, 0);
    let profile = NewProfile::new(PROFILES, &edk_name("LmeQueue", 180, start), start + 60 * MILLISECOND);
    edk_gateway_profile(&mut hive, &profile, &Connector::new(SERVER, SITE, "Lme Queue (LINKSRV1)"));

    let removed = filetime(1999, 9, 30, 11, 40, 0, 0);
    hive.key(PROFILES).written(removed);
    hive.key(DELETED_PROFILES).written(removed);
    hive.build().bytes
}

fn gateway_account() -> Vec<u8> {
    let mut hive = service_of_2003(
        r"C:\WINNT\Profiles\gwsvc",
        "S-1-5-21-1111111111-1222222222-1333333333-1022",
        filetime(1999, 6, 1, 9, 30, 0, 0),
        filetime(1999, 10, 2, 21, 0, 0, 0),
    );
    let fax = filetime(1999, 10, 4, 21, 0, 0, 0);
    let profile =
        NewProfile::new(PROFILES, &edk_name("FaxQueue", 200, fax), filetime(1999, 10, 2, 20, 50, 0, 0));
    edk_gateway_profile(&mut hive, &profile, &Connector::new(SERVER, SITE, "Fax Queue (LINKSRV1)"));

    let pager = filetime(1999, 10, 2, 21, 0, 0, 0);
    let sections = 7;
    let mut profile = NewProfile::new(PROFILES, &edk_name("PagerQueue", 210, pager), 0);
    profile.first_written = pager - 5 * SECOND - (sections - 1) * profile.step;
    edk_gateway_profile(&mut hive, &profile, &Connector::new(SERVER, SITE, "Pager Queue (LINKSRV1)"));
    hive.build().bytes
}
