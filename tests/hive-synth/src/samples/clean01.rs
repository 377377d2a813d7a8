use super::user_hive::{Shell, UserHive};
use super::{Host, Kind, Sample, Status, silent};
use crate::builder::Version;
use crate::filetime;
use crate::mapi::{
    AccountText, Mailbox, NewProfile, PROFILES, Pop3Account, exchange_profile, outlook_profile,
};

pub(super) const HOST: Host = Host {
    name: "CLEAN01",
    about: "Windows Server 2003, the control: nothing here deserves a finding",
    samples: &[
        Sample {
            path: "C/Documents and Settings/svc-backup/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a service account with one resolved Exchange profile that is its default, format 1.3, clean",
            status: Status::Whole,
            fires: &[],
            nearly: &[
                silent("C07", AGENT, "the service `MSEMS` lists its stores, address books and transports"),
                silent(
                    "C08",
                    AGENT,
                    "6607 and 6608 hold what was typed, and 6602, 6603 and 660b what it was resolved to",
                ),
                silent("C09", AGENT, "settings beyond those of mapisvc.inf"),
                silent("L07", "Profiles", "no key `Deleted Profiles`"),
                silent("H01", "Profiles", "the sequence numbers agree"),
            ],
            not_judged: &[],
            bytes: service_account,
        },
        Sample {
            path: "C/Documents and Settings/jsample/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user with one Outlook 2003 profile (POP3 and PST, no stored password) that is the default, format 1.3, clean",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: user,
        },
    ],
};

const AGENT: &str = "Backup Agent";

fn service_account() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\??\C:\Documents and Settings\svc-backup\NTUSER.DAT",
        sid: Some("S-1-5-21-1111111111-1222222222-1333333333-1201"),
        created: filetime(2005, 1, 10, 8, 0, 0, 0),
        last_written: filetime(2005, 6, 1, 4, 0, 0, 0),
        shell: None,
        protected_storage: true,
    }
    .builder();
    let mailbox = Mailbox::new("EXCH2KB", "SOUTH", "svc-backup", "Backup Service").encrypted();
    let made = filetime(2005, 1, 10, 8, 20, 0, 0);
    exchange_profile(&mut hive, &NewProfile::new(PROFILES, AGENT, made), &mailbox);
    hive.key(PROFILES).sz("DefaultProfile", AGENT);
    hive.build().bytes
}

fn user() -> Vec<u8> {
    let mut hive = UserHive {
        version: Version::V1_3,
        file_name: r"\??\C:\Documents and Settings\jsample\NTUSER.DAT",
        sid: Some("S-1-5-21-1111111111-1222222222-1333333333-1202"),
        created: filetime(2005, 1, 11, 8, 0, 0, 0),
        last_written: filetime(2005, 6, 1, 16, 30, 0, 0),
        shell: Some(Shell {
            folder: r"C:\Documents and Settings\jsample",
            logon_user_name: Some("jsample"),
            app_data: "Application Data",
            cache: r"Local Settings\Temporary Internet Files",
        }),
        protected_storage: true,
    }
    .builder();
    let account = Pop3Account {
        display_name: "J. Sample".to_owned(),
        email: "jsample@example.test".to_owned(),
        server: "mail.example.test".to_owned(),
        pst_path:
            r"C:\Documents and Settings\jsample\Local Settings\Application Data\Microsoft\Outlook\Outlook.pst"
                .to_owned(),
        password: None,
        text: AccountText::Binary,
    };
    let made = filetime(2005, 1, 11, 8, 45, 0, 0);
    outlook_profile(&mut hive, &NewProfile::new(PROFILES, "Outlook", made), &account);
    hive.key(PROFILES).sz("DefaultProfile", "Outlook");
    hive.build().bytes
}
