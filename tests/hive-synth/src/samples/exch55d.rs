use super::exch55b::{HELP_DESK, QUEUE, QUEUE_SEED, connector, help_desk, roaming_user};
use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, info, low, medium, silent};
use crate::filetime;
use crate::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, edk_gateway_profile, exchange_profile};

pub(super) const HOST: Host = Host {
    name: "EXCH55D",
    about: "Windows NT 4.0 beside EXCH55B, for rules over several hosts",
    samples: &[
        Sample {
            path: "C/WINNT/Profiles/rquinn/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the user whose profile roams, as on EXCH55B",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: roaming_user,
        },
        Sample {
            path: "C/WINNT/Profiles/qadmin/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of an administrator who took over a profile of EXCH55B with Save Key and Restore, format 1.3, clean",
            status: Status::Whole,
            fires: &[
                info("L07", &[OLD], "`Deleted Profiles` holds one profile"),
                medium("L16", &[QUEUE], "a service `MSEMS_EdkGateway` under a name that no connector gives"),
                low(
                    "S03",
                    &[QUEUE],
                    "connect flags 6604 are 1; the account kind is unknown without a SYSTEM hive",
                ),
            ],
            nearly: &[
                silent("L15", QUEUE, "its search key is that of a profile on EXCH55B, which is X07"),
                silent("L09", OLD, "no live profile of this name"),
            ],
            not_judged: &[],
            bytes: administrator,
        },
    ],
};

const OLD: &str = "Mail until March";

fn administrator() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\WINNT\Profiles\qadmin",
        "S-1-5-21-1111111111-1222222222-1333333333-1042",
        filetime(1999, 1, 12, 8, 0, 0, 0),
        filetime(1999, 6, 2, 18, 30, 0, 0),
    );
    let deleted = filetime(1999, 3, 31, 17, 0, 0, 0);
    let old = Mailbox::new("OLDMAIL", "NORTH", "qadmin", "Q. Admin").encrypted();
    exchange_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, OLD, deleted), &old);
    let restored = filetime(1999, 5, 4, 10, 0, 0, 0);
    let profile = NewProfile::new(PROFILES, QUEUE, restored).seed(QUEUE_SEED);
    edk_gateway_profile(&mut hive, &profile, &connector());
    let made = filetime(1999, 5, 5, 10, 0, 0, 0);
    let profile = NewProfile::new(PROFILES, HELP_DESK, made).seed("help desk of qadmin");
    exchange_profile(&mut hive, &profile, &help_desk());
    hive.key(PROFILES).sz("DefaultProfile", HELP_DESK);
    hive.build().bytes
}
