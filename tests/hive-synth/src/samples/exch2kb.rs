use super::user_hive::{Shell, UserHive};
use super::{Host, Kind, Sample, Silent, Status, info, low, silent};
use crate::builder::Version;
use crate::filetime;
use crate::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, exchange_profile};

const SERVER: &str = "EXCH2KB";
const SITE: &str = "SOUTH";

pub(super) const HOST: Host = Host {
    name: SERVER,
    about: "Windows 2000 with Exchange 2000 Server, whose services run as LocalSystem",
    samples: &[
        Sample {
            path: "C/WINNT/system32/config/DEFAULT",
            kind: Kind::Hive,
            about: "Default hive (HKU\\.DEFAULT), format 1.3, dirty: sequence numbers 41 and 40, no log beside it",
            status: Status::Whole,
            fires: &[
                info("C27", &[NIGHTLY, REPORT], "profiles in the DEFAULT hive: those of LocalSystem"),
                info("S08", &[NIGHTLY, REPORT], "connect flags 6604 are 2 and 6606 lacks 0x4000"),
                info("H01", &["base block"], "the sequence numbers differ, and no log is there to replay"),
            ],
            nearly: &[],
            not_judged: NOT_JUDGED,
            bytes: default_hive,
        },
        Sample {
            path: "C/Documents and Settings/jadmin/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of an administrator, format 1.3, clean",
            status: Status::Whole,
            fires: &[
                info("L07", &["jadmin"], "`Deleted Profiles` holds one profile"),
                low("L10", &["jadmin"], "`Profiles` is empty while `Deleted Profiles` is not"),
            ],
            nearly: &[silent("L11", "Deleted Profiles", "the key holds a profile")],
            not_judged: &[],
            bytes: administrator,
        },
    ],
};

const NIGHTLY: &str = "Nightly Maintenance";
const REPORT: &str = "Mailbox Report";

/// All rules that argue from something not being there, C02 among them: no `DefaultProfile` is to be seen.
const NOT_JUDGED: &[Silent] = &[
    unreplayed("L10"),
    unreplayed("L11"),
    unreplayed("L13"),
    unreplayed("C01"),
    unreplayed("C02"),
    unreplayed("C03"),
    unreplayed("C04"),
    unreplayed("C05"),
    unreplayed("C06"),
    unreplayed("C07"),
    unreplayed("C08"),
    unreplayed("C09"),
    unreplayed("C10"),
    unreplayed("C11"),
    unreplayed("C13"),
    unreplayed("C19"),
    unreplayed("C20"),
    unreplayed("C25"),
];

const fn unreplayed(rule: &'static str) -> Silent {
    silent(rule, "Profiles", "the hive is dirty and not replayed, so what is not to be seen may be there")
}

fn default_hive() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\SystemRoot\System32\Config\DEFAULT",
        sid: None,
        created: filetime(2001, 3, 5, 11, 0, 0, 0),
        last_written: filetime(2002, 9, 14, 3, 0, 2, 0),
        shell: None,
        protected_storage: false,
    }
    .builder();
    let nightly = Mailbox::new(SERVER, SITE, "maintenance", "Maintenance");
    let report = Mailbox::new(SERVER, SITE, "report", "Report");
    exchange_profile(
        &mut hive,
        &NewProfile::new(PROFILES, NIGHTLY, filetime(2002, 9, 13, 3, 0, 0, 0)),
        &nightly,
    );
    exchange_profile(
        &mut hive,
        &NewProfile::new(PROFILES, REPORT, filetime(2002, 9, 14, 3, 0, 0, 0)),
        &report,
    );
    hive.sequences(41, 40);
    hive.build().bytes
}

fn administrator() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\??\C:\Documents and Settings\jadmin\NTUSER.DAT",
        sid: Some("S-1-5-21-1111111111-1222222222-1333333333-1117"),
        created: filetime(2001, 3, 5, 12, 0, 0, 0),
        last_written: filetime(2002, 9, 12, 17, 45, 0, 0),
        shell: Some(Shell {
            folder: r"C:\Documents and Settings\jadmin",
            logon_user_name: Some("jadmin"),
            app_data: "Application Data",
            cache: r"Local Settings\Temporary Internet Files",
        }),
        protected_storage: true,
    }
    .builder();
    let deleted = filetime(2002, 9, 12, 17, 40, 0, 0);
    let mailbox = Mailbox::new(SERVER, SITE, "jadmin", "J. Admin").encrypted();
    exchange_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, "jadmin", deleted), &mailbox);
    hive.key(PROFILES).written(deleted);
    hive.build().bytes
}
