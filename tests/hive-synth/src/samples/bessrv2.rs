use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, low, medium, silent};
use crate::builder::HiveBuilder;
use crate::mapi::{Mailbox, NewProfile, PROFILES, Uid, WIN9X_PROFILES, exchange_profile};
use crate::{SECOND, filetime};

pub(super) const HOST: Host = Host {
    name: "BESSRV2",
    about: "Windows Server 2003 with BlackBerry Enterprise Server, which runs as `besadmin`",
    samples: &[Sample {
        path: "C/Documents and Settings/besadmin/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of the service account, format 1.3, clean; profiles below both subsystem keys, `Profiles` written just two seconds after its last profile",
        status: Status::Whole,
        fires: &[
            low(
                "C15",
                &["Profiles"],
                "profiles below `Windows NT\\CurrentVersion\\Windows Messaging Subsystem` and below `Windows Messaging Subsystem`",
            ),
            medium(
                "C19",
                &[SERVER, MANAGER],
                "no 6602; a GUID with a domain in 6602, as Exchange 2013 gives it",
            ),
        ],
        nearly: &[
            silent("L13", "Profiles", "written 2 s after the last profile, not more"),
            silent("C11", MANAGER, "addresses 6613 are there"),
            silent("C12", MANAGER, "no 6608 to compare with"),
            silent("C13", MANAGER, "the one address names the host of 6602"),
            silent("C19", TEST, "no 6602, but the name is another"),
            silent("C19", OLD_ROOT, "the profile `BlackBerryServer` of this root names its home server"),
        ],
        not_judged: &[],
        bytes: account,
    }],
};

const SERVER: &str = "BlackBerryServer";
const MANAGER: &str = "BlackBerryManager";
const TEST: &str = "BlackBerryServer Test";
const OLD_ROOT: &str = r"Microsoft\Windows Messaging Subsystem\Profiles";

/// The form in which Exchange 2013 and later name the home server.
const GUID_AS_SERVER: &str = "6d1f2c44-0b7e-4c52-9a3d-5e8f7a6b1c20@example.test";

fn account() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\besadmin",
        "S-1-5-21-1111111111-1222222222-1333333333-1402",
        filetime(2006, 4, 3, 9, 0, 0, 0),
        filetime(2006, 4, 4, 12, 0, 0, 0),
    );
    add(&mut hive, WIN9X_PROFILES, SERVER, 0);
    hive.key(WIN9X_PROFILES).sz("DefaultProfile", SERVER);

    let profile = add(&mut hive, PROFILES, SERVER, 1);
    profile.edit(&mut hive, Uid::EXCHANGE).remove(0x001E, 0x6602);
    let profile = add(&mut hive, PROFILES, TEST, 2);
    profile.edit(&mut hive, Uid::EXCHANGE).remove(0x001E, 0x6602);

    let last = NewProfile::new(PROFILES, MANAGER, made(3));
    exchange_profile(&mut hive, &last, &mailbox(3));
    last.edit(&mut hive, Uid::EXCHANGE)
        .string8(0x6602, GUID_AS_SERVER)
        .remove(0x001E, 0x6608)
        .string8s(0x6613, &[&format!("ncacn_http:{GUID_AS_SERVER}")]);
    // The key of the profile is as young as its last section.
    let sections = 10;
    let profile_written = made(3) + (sections - 1) * last.step;
    hive.key(PROFILES).sz("DefaultProfile", MANAGER).written(profile_written + 2 * SECOND);
    hive.build().bytes
}

fn add(hive: &mut HiveBuilder, root: &str, name: &str, number: u64) -> NewProfile {
    let profile = NewProfile::new(root, name, made(number));
    exchange_profile(hive, &profile, &mailbox(number));
    profile
}

fn made(number: u64) -> u64 {
    filetime(2006, 4, 4, 10, 5 * number, 0, 0)
}

fn mailbox(number: u64) -> Mailbox {
    Mailbox::new("MAIL2", "CENTRAL", &format!("besadmin{number}"), "BES Administrator").encrypted()
}
