use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, low, medium, silent};
use crate::builder::HiveBuilder;
use crate::mapi::{
    Mailbox, NewProfile, PROFILES, Uid, add_second_msems, exchange_profile, property_name, pst_profile, uids,
};
use crate::{SECOND, filetime};

pub(super) const HOST: Host = Host {
    name: "EDIT04",
    about: "Windows Server 2003 on which somebody copied profiles about and changed them by hand",
    samples: &[Sample {
        path: "C/Documents and Settings/mailops/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of the account, format 1.3, clean: a whole hive whose profiles hold what MAPI would not write",
        status: Status::Whole,
        fires: &[
            medium(
                "C06",
                &[STORES],
                "`01023d00` of section 9207… lists three stores, and one has no section",
            ),
            low("C20", &[DOUBLE], "two services `MSEMS`, both with flag 2 in 3009: there may be one"),
            low("C21", &[TRAILING, LONG], "the name ends with a space; the name has 66 characters"),
            low(
                "C23",
                &[TYPED],
                "four values: a PT_LONG of two bytes (00036770), a PT_BOOLEAN of four (000b000d), a list whose second string would begin behind its end (101e3d0f), and a PT_STRING8 in REG_BINARY (001e3001)",
            ),
        ],
        nearly: &[
            silent(
                "C06",
                STORES,
                "`01023d08`, the list of hooks, leads nowhere too, but the rule does not name it",
            ),
            silent("C20", FILES, "two services `MSPST MS`, but without flag 2 in 3009"),
            silent("C21", INNER, "spaces within a name are allowed"),
            silent(
                "C23",
                TYPED,
                "a list with an element of no bytes (11023d05) and an empty text (001f3004) are as MAPI writes them",
            ),
        ],
        not_judged: &[],
        bytes: account,
    }],
};

const STORES: &str = "Merged Stores";
const DOUBLE: &str = "Double Exchange";
const FILES: &str = "Two Files";
const TRAILING: &str = "Old Mail ";
const LONG: &str = "Copy of Copy of Copy of Copy of Copy of Copy of Mail of the Office";
const INNER: &str = "Mail  of   1999";
const TYPED: &str = "Typed By Hand";

fn account() -> Vec<u8> {
    let mut hive = user_of_2003(
        r"C:\Documents and Settings\mailops",
        "S-1-5-21-1111111111-1222222222-1333333333-1404",
        filetime(2004, 1, 12, 8, 0, 0, 0),
        filetime(2004, 3, 1, 17, 0, 0, 0),
    );
    merged_stores(&mut hive, &profile(STORES, 0));
    let double = profile(DOUBLE, 1);
    exchange_profile(&mut hive, &double, &mailbox(1));
    add_second_msems(&mut hive, &double.clone().later(double.first_written + 60 * SECOND));
    pst_profile(&mut hive, &profile(FILES, 2), &[r"D:\Mail\first.pst", r"D:\Mail\second.pst"]);
    for (name, number) in [(TRAILING, 3), (LONG, 4), (INNER, 5)] {
        pst_profile(&mut hive, &profile(name, number), &[&format!(r"D:\Mail\copy{number}.pst")]);
    }
    typed_by_hand(&mut hive, &profile(TYPED, 6));
    hive.key(PROFILES).sz("DefaultProfile", FILES);
    hive.build().bytes
}

fn merged_stores(hive: &mut HiveBuilder, profile: &NewProfile) {
    exchange_profile(hive, profile, &mailbox(0));
    let role = |name: &str| profile.uid(&format!("MSEMS {name}"));
    let stores = [role("EMS_MDB_private"), role("EMS_MDB_public"), profile.uid("lost store")];
    let hooks = [role("EMS_Hook"), profile.uid("lost hook")];
    profile.edit(hive, Uid::ROOT).uids(0x3D00, &stores).uids(0x3D08, &hooks);
}

fn typed_by_hand(hive: &mut HiveBuilder, profile: &NewProfile) {
    pst_profile(hive, profile, &[r"D:\Mail\typed.pst"]);
    let mut root = profile.edit(hive, Uid::ROOT);
    root.property(0x000B, 0x000D, &[1, 0, 0, 0]);
    root.binaries(0x3D05, &[&[], &uids(&[Uid::PST])]);

    let mut service = profile.edit(hive, profile.uid("MSPST MS 1"));
    // Two strings, the first at 12; the second would begin at 0x4c, and the list ends at 22.
    let mut files = vec![2, 0, 0, 0, 12, 0, 0, 0, 0x4C, 0, 0, 0];
    files.extend(b"mspst.dll\0");
    service.property(0x101E, 0x3D0F, &files);

    let mut store = profile.edit(hive, profile.uid("PST store 1"));
    store.property(0x0003, 0x6770, &[0, 0]);
    store.remove(0x001F, 0x3001);
    store.key().binary(&property_name(0x001E, 0x3001), b"Typed\0");
}

fn profile(name: &str, number: u64) -> NewProfile {
    NewProfile::new(PROFILES, name, filetime(2004, 3, 1, 16, 5 * number, 0, 0))
}

fn mailbox(number: u64) -> Mailbox {
    Mailbox::new("MAIL4", "CENTRAL", &format!("ops{number}"), &format!("Operations {number}")).encrypted()
}
