use super::user_hive::service_of_2003;
use super::{Host, Kind, Sample, Status, low, silent};
use crate::builder::HiveBuilder;
use crate::filetime;
use crate::mapi::{Mailbox, NewProfile, PROFILES, Uid, exchange_profile};

pub(super) const HOST: Host = Host {
    name: "AUDIT06",
    about: "Windows Server 2003 from which one account looks into the mailboxes of others",
    samples: &[Sample {
        path: "C/Documents and Settings/auditsvc/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of the account that audits, format 1.3, clean; a privilege stands in six forms, one to a profile",
        status: Status::Whole,
        fires: &[
            low(
                "S03",
                &[AUDIT, RESTORE, OVERRIDE],
                "connect flags 6604 have 1 (administrator), have 0x80 (restored database), open flags 6609 of the private store have 0x10 (not the home database); the account kind is unknown without a SYSTEM hive",
            ),
            low(
                "S04",
                &[GUEST, WATCH],
                "connect flags 6604 have 0x10, open flags 6609 of the public store have 0x80: no name is given",
            ),
        ],
        nearly: &[
            silent("S03", QUIET, "6604 is 0x6c and 6609 is 0x204c: every neighbour of the bits that count"),
            silent("S04", QUIET, "the same flags"),
            silent("S08", QUIET, "6606 lacks 0x4000, but 6604 lacks 2 as well"),
        ],
        not_judged: &[],
        bytes: account,
    }],
};

const AUDIT: &str = "Mailbox Audit";
const RESTORE: &str = "Restore Check";
const OVERRIDE: &str = "Home Override";
const GUEST: &str = "Guest View";
const WATCH: &str = "Folder Watch";
const QUIET: &str = "Quiet Reader";

const PRIVATE_STORE: &str = "MSEMS EMS_MDB_private";
const PUBLIC_STORE: &str = "MSEMS EMS_MDB_public";

fn account() -> Vec<u8> {
    let mut hive = service_of_2003(
        r"C:\Documents and Settings\auditsvc",
        "S-1-5-21-1111111111-1222222222-1333333333-1406",
        filetime(2005, 2, 1, 8, 0, 0, 0),
        filetime(2005, 9, 30, 19, 0, 0, 0),
    );
    connect_flags(&mut hive, 0, AUDIT, 0x01);
    connect_flags(&mut hive, 1, RESTORE, 0x80);
    let profile = connect_flags(&mut hive, 2, OVERRIDE, 0);
    profile.edit(&mut hive, profile.uid(PRIVATE_STORE)).long(0x6609, 0x1C);
    connect_flags(&mut hive, 3, GUEST, 0x10);
    let profile = connect_flags(&mut hive, 4, WATCH, 0);
    profile.edit(&mut hive, profile.uid(PUBLIC_STORE)).long(0x6609, 0x86);
    let profile = connect_flags(&mut hive, 5, QUIET, 0x6C);
    profile.edit(&mut hive, profile.uid(PRIVATE_STORE)).long(0x6609, 0x204C);
    profile.edit(&mut hive, Uid::EXCHANGE).long(0x6606, 0);
    hive.key(PROFILES).sz("DefaultProfile", QUIET);
    hive.build().bytes
}

fn connect_flags(hive: &mut HiveBuilder, number: u64, name: &str, flags: u32) -> NewProfile {
    let made = filetime(2005, 9, 30, 18, 10 * number, 0, 0);
    let mut mailbox =
        Mailbox::new("MAIL6", "WEST", &format!("box{number}"), &format!("Box {number}")).encrypted();
    mailbox.connect_flags = flags;
    let profile = NewProfile::new(PROFILES, name, made);
    exchange_profile(hive, &profile, &mailbox);
    profile
}
