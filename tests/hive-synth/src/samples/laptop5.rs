use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, medium, silent};
use crate::filetime;
use crate::mapi::{Mailbox, NewProfile, PROFILES, Uid, exchange_profile};

pub(super) const HOST: Host = Host {
    name: "LAPTOP5",
    about: "Windows XP laptop with Outlook 2003 that reaches Exchange through an RPC proxy",
    samples: &[Sample {
        path: "C/Documents and Settings/kberg/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of the user, format 1.3, clean",
        status: Status::Whole,
        fires: &[medium("S06", &[ROAD], "flags 6623 are 1: use the proxy, and nothing that asks for SSL")],
        nearly: &[
            silent("S06", HOME, "flags 6623 are 0x2f, with 2 (SSL only)"),
            silent("S06", LAN, "flags 6623 are 0x0c: the proxy is named, but not used"),
            silent("S08", LAN, "6604 has 2 (no RPC encryption), but 6606 has 0x4000"),
        ],
        not_judged: &[],
        bytes: user,
    }],
};

const ROAD: &str = "On the Road";
const HOME: &str = "At Home";
const LAN: &str = "In the Office";

fn user() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\kberg",
        "S-1-5-21-1111111111-1222222222-1333333333-1405",
        filetime(2005, 8, 1, 9, 0, 0, 0),
        filetime(2005, 10, 20, 21, 0, 0, 0),
    );
    for (number, name, flags, connect_flags) in [(0, ROAD, 0x01, 0), (1, HOME, 0x2F, 0), (2, LAN, 0x0C, 2)] {
        let profile = NewProfile::new(PROFILES, name, filetime(2005, 10, 20, 20, 10 * number, 0, 0));
        let mut mailbox = Mailbox::new("MAIL5", "WEST", "kberg", "K. Berg").encrypted();
        mailbox.connect_flags = connect_flags;
        exchange_profile(&mut hive, &profile, &mailbox);
        profile
            .edit(&mut hive, Uid::EXCHANGE)
            .unicode(0x6622, "rpc.example.test")
            .long(0x6623, flags)
            .unicode(0x6625, "msstd:rpc.example.test")
            .long(0x6627, 2);
    }
    hive.key(PROFILES).sz("DefaultProfile", LAN);
    hive.build().bytes
}
