use super::user_hive::{Shell, UserHive};
use super::{Fires, Host, Kind, Sample, Status, info, low, medium, silent};
use crate::builder::Version;
use crate::mapi::{
    NewProfile, PROFILES, dangling_service_profile, empty_profile, no_providers_profile,
    no_service_table_profile, skeleton_only_profile, unresolved_msems_profile,
};
use crate::{filetime, log};

pub(super) const HOST: Host = Host {
    name: "RECOV01",
    about: "Windows Server 2003, Exchange recovery server: a mailbox export tool ran against mailboxes that the directory did not know (Q265438)",
    samples: &[
        Sample {
            path: "C/Documents and Settings/mbxsvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the account that ran the export, format 1.3, clean; one value over 16,344 bytes in a single cell",
            status: Status::Whole,
            fires: FIRES,
            nearly: &[
                silent(
                    "C10",
                    OTHER_FOLDER,
                    "the PST lies in a folder `EXMERGEDATA OLD`, which is another name",
                ),
                silent("C10", DANGLING, "a PST service alone"),
            ],
            not_judged: &[],
            bytes: || export_account(LATER),
        },
        Sample {
            path: "C/Documents and Settings/mbxsvc/NTUSER.DAT.LOG",
            kind: Kind::Log,
            about: "Old-format log (file type 1) of the last write, already in the hive: its sequence numbers are one lower, as Windows XP and Server 2003 leave them. The hive is clean, so there is nothing to replay and H01 does not fire",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: log_of_last_write,
        },
    ],
};

const UNRESOLVED: &str = "Recovery Run 1";
const SKELETON: &str = "Recovery Run 2";
const NO_PROVIDERS: &str = "Recovery Run 3";
const NO_TABLE: &str = "Recovery Run 4";
const EMPTY: &str = "Recovery Run 5";
const OTHER_FOLDER: &str = "Recovery Run 6";
const DANGLING: &str = "Merged Export";

const FIRES: &[Fires] = &[
    info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
    medium("C03", &[EMPTY], "the profile key has no section, and other profiles are more than 60 s younger"),
    medium("C04", &[NO_TABLE], "section 9207… has no value `01023d0e`"),
    medium("C05", &[DANGLING], "`01023d0e` lists two services, and one has no section"),
    medium("C07", &[NO_PROVIDERS], "service `MSEMS` has none of `01023d00`, `01023d01`, `01023d02`"),
    low(
        "C08",
        &[UNRESOLVED, OTHER_FOLDER],
        "no home server and no resolved mailbox, but 6607 and 6608 as typed; the account kind is unknown",
    ),
    low(
        "C09",
        &[SKELETON, NO_PROVIDERS],
        "no home server, no resolved mailbox, no names as typed: the defaults of mapisvc.inf alone, or (side effect of C07) no Exchange section at all",
    ),
    low(
        "C10",
        &[UNRESOLVED],
        "side effect: `MSEMS` and `MSPST MS` in a profile without 0a0d02…, and the PST lies in a folder `EXMERGEDATA`",
    ),
    info(
        "C25",
        &[UNRESOLVED, SKELETON, NO_PROVIDERS, OTHER_FOLDER],
        "side effect: `MSEMS` without 661b, 663b, 6610, 6611 and entry identifier",
    ),
    info(
        "S08",
        &[UNRESOLVED, SKELETON, OTHER_FOLDER],
        "side effect: connect flags 6604 are 2, the default of mapisvc.inf",
    ),
];

/// The last write to the hive, and the moment before it.
const LATER: u64 = filetime(2004, 6, 2, 18, 5, 0, 0);
const EARLIER: u64 = filetime(2004, 6, 2, 18, 4, 0, 0);

fn export_account(desktop_written: u64) -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\??\C:\Documents and Settings\mbxsvc\NTUSER.DAT",
        sid: Some("S-1-5-21-1111111111-1222222222-1333333333-1180"),
        created: filetime(2004, 5, 28, 8, 0, 0, 0),
        last_written: LATER,
        shell: Some(Shell {
            folder: r"C:\Documents and Settings\mbxsvc",
            logon_user_name: Some("mbxsvc"),
            app_data: "Application Data",
            cache: r"Local Settings\Temporary Internet Files",
        }),
        protected_storage: true,
    }
    .builder();

    let run = |number: u64| filetime(2004, 6, 2, 17, 10 * number, 0, 0);
    let profile = |name: &str, number| NewProfile::new(PROFILES, name, run(number));
    dangling_service_profile(&mut hive, &profile(DANGLING, 0), r"D:\Export\merged.pst");
    unresolved_msems_profile(
        &mut hive,
        &profile(UNRESOLVED, 1),
        "Mailbox One",
        "RECOV01",
        Some(r"D:\EXMERGEDATA\MAILBOX1.PST"),
    );
    empty_profile(&mut hive, &profile(EMPTY, 2));
    no_service_table_profile(&mut hive, &profile(NO_TABLE, 3));
    no_providers_profile(&mut hive, &profile(NO_PROVIDERS, 4));
    skeleton_only_profile(&mut hive, &profile(SKELETON, 5));
    let other_folder = profile(OTHER_FOLDER, 6);
    unresolved_msems_profile(
        &mut hive,
        &other_folder,
        "Mailbox Two",
        "RECOV01",
        Some(r"D:\EXMERGEDATA OLD\MAILBOX2.PST"),
    );

    let icons: Vec<u8> = (0..=250).cycle().take(17_000).collect();
    hive.key(r"Software\Microsoft\Windows\CurrentVersion\Explorer\TrayNotify").binary("IconStreams", &icons);
    hive.key(r"Control Panel\Desktop").written(desktop_written);
    hive.build().bytes
}

fn log_of_last_write() -> Vec<u8> {
    let (before, after) = (export_account(EARLIER), export_account(LATER));
    log::old_log(&before, &after, log::OLD_LOG, (39, 39))
}
