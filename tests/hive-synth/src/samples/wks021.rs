use super::user_hive::user_of_windows_10;
use super::{Host, Kind, Sample, Status, info, low, silent};
use crate::filetime;
use crate::mapi::{
    AccountText, NewProfile, OUTLOOK_16, OUTLOOK_16_PROFILES, PROFILES, Pop3Account, ProfileWriter, Uid,
    WIN9X_PROFILES, outlook_profile,
};

pub(super) const HOST: Host = Host {
    name: "WKS021",
    about: "Windows 10 workstation whose user came from Outlook 2003 to Outlook 2016",
    samples: &[Sample {
        path: "C/Users/rnovak/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of the user, format 1.5, clean; the old profile stayed where Outlook 2003 had it",
        status: Status::Whole,
        fires: &[
            info("L18", &[NEW], "a store with 0x80 in 3009, the temporary section of V23"),
            info(
                "C14",
                &[OLD, NEW],
                "a profile below `Windows NT\\CurrentVersion\\Windows Messaging Subsystem` and one of Outlook 16.0",
            ),
            low("C18", &[OLD], "the file last archived into (001e032c) lies on a server"),
        ],
        nearly: &[
            silent("L18", OLD, "the store has 0x802 in 3009, without 0x80"),
            silent(
                "C15",
                r"Microsoft\Windows Messaging Subsystem\Profiles",
                "the second root is there, but holds no profile",
            ),
            silent("C18", OLD, "the file to archive into (001e0324) is local"),
            silent("C22", OLD, "named at creation as it is now"),
        ],
        not_judged: &[],
        bytes: user,
    }],
};

const OLD: &str = "Outlook 2003";
const NEW: &str = "Outlook";

fn user() -> Vec<u8> {
    let mut hive = user_of_windows_10(
        r"C:\Users\rnovak",
        "S-1-5-21-2111111111-2222222222-2333333333-1021",
        filetime(2017, 3, 6, 6, 0, 0, 0),
    );
    let mut account = Pop3Account {
        display_name: "R. Novak".to_owned(),
        email: "rnovak@example.test".to_owned(),
        server: "mail.example.test".to_owned(),
        pst_path: r"C:\Users\rnovak\Documents\Outlook Files\mail.pst".to_owned(),
        password: None,
        text: AccountText::Binary,
    };
    let old = NewProfile::new(PROFILES, OLD, filetime(2006, 5, 15, 7, 0, 0, 0));
    outlook_profile(&mut hive, &old, &account);
    old.edit(&mut hive, Uid::CLIENT)
        .string8(0x0324, r"C:\Users\rnovak\Documents\archive.pst")
        .string8(0x032C, r"\\files.example.test\home\rnovak\archive.pst");
    hive.key(PROFILES).sz("DefaultProfile", OLD);
    hive.key(WIN9X_PROFILES);

    account.text = AccountText::Sz;
    let made = filetime(2017, 3, 6, 7, 30, 0, 0);
    let new = NewProfile::new(OUTLOOK_16_PROFILES, NEW, made).seed("rnovak").wide();
    outlook_profile(&mut hive, &new, &account);
    let session = new.clone().later(filetime(2019, 11, 4, 8, 12, 0, 0));
    let temporary = new.uid("temporary store");
    ProfileWriter::new(&mut hive, &session)
        .section(temporary)
        .string8(0x300A, "mspst.dll")
        .long(0x3009, 0x0880);
    hive.key(OUTLOOK_16).sz("DefaultProfile", NEW).written(made);
    hive.build().bytes
}
