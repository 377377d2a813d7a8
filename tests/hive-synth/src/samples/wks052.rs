use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, info, low, silent};
use crate::filetime;
use crate::mapi::{
    AccountText, Mailbox, NewProfile, PROFILES, Pop3Account, Uid, add_delegate_stores, exchange_profile,
    outlook_profile,
};

const SERVER: &str = "MAIL2";
const SITE: &str = "WEST";

pub(super) const HOST: Host = Host {
    name: "WKS052",
    about: "Windows XP workstation of an office whose mailboxes moved from server MAIL1 to MAIL2",
    samples: &[
        Sample {
            path: "C/Documents and Settings/pmoss/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user whose mailbox moved, format 1.3, clean",
            status: Status::Whole,
            fires: &[
                low("C11", &[RESTRICTED], "6602 names the home server, and there is no 6613"),
                info("C12", &[MOVED], "6608 is `MAIL1` as typed, 6602 is `MAIL2`"),
                low("C13", &[MOVED], "the addresses 6613 name `MAIL1` alone, 6602 is `MAIL2`"),
            ],
            nearly: &[
                silent("C12", SAME, "6608 is `mail2.example.test`, 6602 is `MAIL2`: one host"),
                silent("C13", SAME, "the one address is `mail2.example.test`"),
                silent("C13", RESTRICTED, "no addresses, which is C11"),
                silent("C25", SAME, "no server version, but the entry identifier of the private store"),
            ],
            not_judged: &[],
            bytes: moved_user,
        },
        Sample {
            path: "C/Documents and Settings/dquill/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of an assistant who opens the mailboxes of others, format 1.3, clean",
            status: Status::Whole,
            fires: &[info(
                "C24",
                &[TWO, SIX],
                "two stores of other people's mailboxes; six of them, which would be medium if the account were known to be an ordinary user's",
            )],
            nearly: &[silent(
                "C24",
                OWN,
                "660a is 1, 3 and 10: the own mailbox, public folders, a transport",
            )],
            not_judged: &[],
            bytes: assistant,
        },
        Sample {
            path: "C/Documents and Settings/nstorm/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user who renamed a profile, format 1.3, clean",
            status: Status::Whole,
            fires: &[info("C22", &[RENAMED], "section 3517490d… has the name `Outlook` (001f6000)")],
            nearly: &[silent("C22", KEPT, "001e6750 is the name that the profile has")],
            not_judged: &[],
            bytes: renaming_user,
        },
    ],
};

const MOVED: &str = "Moved Mailbox";
const RESTRICTED: &str = "Restricted Address Book";
const SAME: &str = "Typed in Full";
const OWN: &str = "Own Mail";
const TWO: &str = "Two Managers";
const SIX: &str = "Whole Office";
const RENAMED: &str = "Home Mail";
const KEPT: &str = "Office Mail";

fn moved_user() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\pmoss",
        "S-1-5-21-1111111111-1222222222-1333333333-1452",
        filetime(2003, 2, 3, 8, 0, 0, 0),
        filetime(2005, 11, 7, 17, 0, 0, 0),
    );
    let [moved, restricted, same] = [MOVED, RESTRICTED, SAME].map(|name| {
        let profile = NewProfile::new(PROFILES, name, filetime(2005, 11, 7, 9, 0, 0, 0));
        exchange_profile(&mut hive, &profile, &Mailbox::new(SERVER, SITE, "pmoss", "P. Moss").encrypted());
        profile
    });
    moved
        .edit(&mut hive, Uid::EXCHANGE)
        .string8(0x6608, "MAIL1")
        .string8s(0x6613, &["ncalrpc:MAIL1", "ncacn_ip_tcp:mail1.example.test", "netbios:MAIL1"]);
    restricted.edit(&mut hive, Uid::EXCHANGE).remove(0x101E, 0x6613);
    same.edit(&mut hive, Uid::EXCHANGE)
        .string8(0x6608, "mail2.example.test")
        .string8s(0x6613, &["ncacn_ip_tcp:mail2.example.test"])
        .remove(0x0003, 0x661B);
    hive.key(PROFILES).sz("DefaultProfile", MOVED);
    hive.build().bytes
}

fn assistant() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\dquill",
        "S-1-5-21-1111111111-1222222222-1333333333-1453",
        filetime(2003, 2, 4, 8, 0, 0, 0),
        filetime(2005, 11, 8, 17, 0, 0, 0),
    );
    for (hour, name, delegates) in [(9, OWN, 0), (10, TWO, 2), (11, SIX, 6)] {
        let profile = NewProfile::new(PROFILES, name, filetime(2005, 11, 8, hour, 0, 0, 0));
        exchange_profile(&mut hive, &profile, &Mailbox::new(SERVER, SITE, "dquill", "D. Quill").encrypted());
        let others: Vec<Mailbox> = (1..=delegates)
            .map(|number| {
                Mailbox::new(SERVER, SITE, &format!("manager{number}"), &format!("Manager {number}"))
            })
            .collect();
        if !others.is_empty() {
            let later = profile.later(filetime(2005, 11, 8, hour, 30, 0, 0));
            add_delegate_stores(&mut hive, &later, &others);
        }
    }
    hive.key(PROFILES).sz("DefaultProfile", OWN);
    hive.build().bytes
}

fn renaming_user() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\nstorm",
        "S-1-5-21-1111111111-1222222222-1333333333-1454",
        filetime(2003, 2, 5, 8, 0, 0, 0),
        filetime(2005, 11, 9, 17, 0, 0, 0),
    );
    let account = Pop3Account {
        display_name: "N. Storm".to_owned(),
        email: "nstorm@example.test".to_owned(),
        server: "mail.example.test".to_owned(),
        pst_path: r"C:\Documents and Settings\nstorm\My Documents\mail.pst".to_owned(),
        password: None,
        text: AccountText::Binary,
    };
    let renamed = NewProfile::new(PROFILES, RENAMED, filetime(2005, 11, 9, 9, 0, 0, 0));
    outlook_profile(&mut hive, &renamed, &account);
    renamed.edit(&mut hive, Uid::NAME_AT_CREATION).unicode(0x6000, "Outlook");

    let kept = NewProfile::new(PROFILES, KEPT, filetime(2005, 11, 9, 10, 0, 0, 0));
    exchange_profile(&mut hive, &kept, &Mailbox::new(SERVER, SITE, "nstorm", "N. Storm").encrypted());
    kept.edit(&mut hive, Uid::EXCHANGE).string8(0x6750, KEPT);
    hive.key(PROFILES).sz("DefaultProfile", RENAMED);
    hive.build().bytes
}
