use super::user_hive::{user_of_2003, user_of_windows_10};
use super::{Host, Kind, SECRET_MARKER, Sample, Status, low, medium, silent};
use crate::filetime;
use crate::mapi::{
    AccountText, Directory, NewProfile, OUTLOOK_16, OUTLOOK_16_PROFILES, PROFILES, Pop3Account, ldap_profile,
    outlook_profile,
};

pub(super) const HOST: Host = Host {
    name: "WKS033",
    about: "Workstation that two people share, one image of it after an upgrade from Windows XP to Windows 10",
    samples: &[
        Sample {
            path: "C/Documents and Settings/ehart/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user who searches directories by LDAP, format 1.3, clean",
            status: Status::Whole,
            fires: &[
                medium(
                    "S01",
                    &[CLEAR, SSL],
                    "value 01026617, the encoded password of a directory, no DPAPI blob; the text `PLANTED-SECRET-MARKER` in it may appear in no output",
                ),
                medium("S07", &[CLEAR], "a password (6617) and no SSL (6613)"),
            ],
            nearly: &[
                silent("S07", SSL, "a password, but SSL"),
                silent("S06", CLEAR, "6623 is 1, which is the default search base in a section of `EMABLT`"),
                silent(
                    "C11",
                    CLEAR,
                    "6602 is the user in a section of `EMABLT`, and 6613 no list of addresses",
                ),
            ],
            not_judged: &[],
            bytes: directory_user,
        },
        Sample {
            path: "C/Users/tgray/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user with two PST files, format 1.5, clean; `Profiles` of the old subsystem is empty",
            status: Status::Whole,
            fires: &[low(
                "S02",
                &[REMEMBERED],
                "6701 of the store is true: the password of the PST file is remembered",
            )],
            nearly: &[
                silent("S02", ASKED, "6701 is false"),
                silent(
                    "C02",
                    r"Outlook\Profiles",
                    "no `DefaultProfile` beside the profiles of Outlook 16.0, where none is expected",
                ),
                silent(
                    "C14",
                    r"Windows Messaging Subsystem\Profiles",
                    "both roots are there, but the old one holds no profile",
                ),
            ],
            not_judged: &[],
            bytes: file_user,
        },
    ],
};

const CLEAR: &str = "Directory";
const SSL: &str = "Directory by SSL";
const REMEMBERED: &str = "Private";
const ASKED: &str = "Shared";

fn directory_user() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\ehart",
        "S-1-5-21-2111111111-2222222222-2333333333-1033",
        filetime(2004, 10, 4, 8, 0, 0, 0),
        filetime(2004, 11, 2, 16, 0, 0, 0),
    );
    for (number, name, ssl) in [(0, CLEAR, false), (1, SSL, true)] {
        let profile = NewProfile::new(PROFILES, name, filetime(2004, 11, 2, 15, number, 0, 0));
        let directory = Directory {
            server: "ldap.example.test",
            user: "cn=ehart,ou=people,o=example",
            ssl,
            password: SECRET_MARKER.as_bytes(),
        };
        ldap_profile(&mut hive, &profile, &directory);
    }
    hive.key(PROFILES).sz("DefaultProfile", SSL);
    hive.build().bytes
}

fn file_user() -> Vec<u8> {
    let mut hive = user_of_windows_10(
        r"C:\Users\tgray",
        "S-1-5-21-2111111111-2222222222-2333333333-1034",
        filetime(2018, 1, 15, 6, 0, 0, 0),
    );
    for (number, name, remember) in [(0, REMEMBERED, true), (1, ASKED, false)] {
        let account = Pop3Account {
            display_name: "T. Gray".to_owned(),
            email: format!("tgray{number}@example.test"),
            server: "mail.example.test".to_owned(),
            pst_path: format!(r"C:\Users\tgray\Documents\Outlook Files\{name}.pst"),
            password: None,
            text: AccountText::Sz,
        };
        let made = filetime(2018, 1, 15, 7, 10 * number, 0, 0);
        let profile = NewProfile::new(OUTLOOK_16_PROFILES, name, made).wide();
        outlook_profile(&mut hive, &profile, &account);
        profile.edit(&mut hive, profile.uid("PST store")).boolean(0x6701, remember);
    }
    hive.key(OUTLOOK_16).written(filetime(2018, 1, 15, 7, 0, 0, 0));
    hive.key(PROFILES);
    hive.build().bytes
}
