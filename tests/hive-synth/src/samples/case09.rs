use super::user_hive::service_of_2003;
use super::{Host, Kind, Sample, Status, info, low, silent};
use crate::filetime;
use crate::mapi::{DELETED_PROFILES, NewProfile, PROFILES, pst_profile};

pub(super) const HOST: Host = Host {
    name: "CASE09",
    about: "Windows Server 2003 with a program that makes a profile for every PST file that it reads",
    samples: &[
        Sample {
            path: "C/Documents and Settings/esearch/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account that reads, format 1.3, clean: 17 profiles and 4 that were deleted while in use",
            status: Status::Whole,
            fires: &[
                info("L07", EXPORTS.split_at(17).1, "`Deleted Profiles` holds four profiles"),
                low("L14", EXPORTS, "21 profiles, 4 of them below `Deleted Profiles`: more than 20"),
            ],
            nearly: &[silent(
                "C17",
                "Export 01",
                "a PST service, but the account is not known to run services",
            )],
            not_judged: &[],
            bytes: || reader("esearch", 1409, 17, 21),
        },
        Sample {
            path: "C/Documents and Settings/esearch2/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a second such account, format 1.3, clean: 20 profiles",
            status: Status::Whole,
            fires: &[],
            nearly: &[silent("L14", "Profiles", "20 profiles, not more")],
            not_judged: &[],
            bytes: || reader("esearch2", 1410, 20, 20),
        },
    ],
};

const EXPORTS: &[&str] = &[
    "Export 01",
    "Export 02",
    "Export 03",
    "Export 04",
    "Export 05",
    "Export 06",
    "Export 07",
    "Export 08",
    "Export 09",
    "Export 10",
    "Export 11",
    "Export 12",
    "Export 13",
    "Export 14",
    "Export 15",
    "Export 16",
    "Export 17",
    "Export 18",
    "Export 19",
    "Export 20",
    "Export 21",
];

fn reader(name: &str, rid: u32, live: usize, all: usize) -> Vec<u8> {
    let mut hive = service_of_2003(
        &format!(r"C:\Documents and Settings\{name}"),
        &format!("S-1-5-21-1111111111-1222222222-1333333333-{rid}"),
        filetime(2007, 5, 2, 8, 0, 0, 0),
        filetime(2007, 5, 9, 20, 0, 0, 0),
    );
    for number in 1..=all {
        let root = if number <= live { PROFILES } else { DELETED_PROFILES };
        let made = filetime(2007, 5, 9, 15, 10 * number as u64, 0, 0);
        let seed = format!("{name} {number}");
        let profile = NewProfile::new(root, EXPORTS[number - 1], made).seed(&seed);
        pst_profile(&mut hive, &profile, &[&format!(r"D:\Cases\{name}\export{number:02}.pst")]);
    }
    hive.key(PROFILES).sz("DefaultProfile", "Export 01");
    hive.build().bytes
}
