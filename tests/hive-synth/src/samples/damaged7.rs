use super::user_hive::service_of_2003;
use super::{Fires, Host, Kind, Sample, Silent, Status, info, silent};
use crate::builder::HiveBuilder;
use crate::mapi::{
    DELETED_PROFILES, Mailbox, NewProfile, PROFILES, Uid, empty_profile, exchange_profile, pst_profile,
    skeleton_only_profile,
};
use crate::{BASE_BLOCK_SIZE, SynthHive, filetime};

pub(super) const HOST: Host = Host {
    name: "DAMAGED7",
    about: "Windows Server 2003 with a failing disk",
    samples: &[Sample {
        path: "C/Documents and Settings/svcmail/NTUSER.DAT",
        kind: Kind::Hive,
        about: "Hive of a service account, format 1.3, clean by its header and damaged in five places: the subkeys list of `Lost Section` names a cell that is free and too small for a key, the data of one value of `Lost Value` lie beyond the end, the subkeys list of `Short List` holds one entry less than its key says, the subkeys list of `Deleted Profiles` lies beyond the end, and the header of a bin that holds nothing but the data of one value is overwritten. Everything else reads, the sections of all four profiles but two among it",
        status: Status::Damaged,
        fires: FIRES,
        nearly: &[],
        not_judged: NOT_JUDGED,
        bytes: account,
    }],
};

const WHOLE: &str = "Daily Report";
const LOST_SECTION: &str = "Lost Section";
const LOST_VALUE: &str = "Lost Value";
const SHORT_LIST: &str = "Short List";
const LAST: &str = "Last Export";

const FIRES: &[Fires] = &[
    info(
        "C25",
        &[LOST_VALUE],
        "all values are listed, and 661b, 663b, 6610, 6611 and an entry identifier are not among them",
    ),
    info("S08", &[WHOLE, LOST_VALUE], "connect flags 6604 are 2 and 6606 lacks 0x4000"),
];

const NOT_JUDGED: &[Silent] = &[
    silent(
        "L11",
        "Deleted Profiles",
        "the key counts one subkey, and none is to be seen; L07 is silent for the same reason",
    ),
    silent("C05", SHORT_LIST, "the section of its one service is not in the list, which lacks an entry"),
    silent(
        "C06",
        LOST_SECTION,
        "the section of a transport is not to be seen, and neither is that it is absent",
    ),
    silent("C08", LOST_VALUE, "6603 is there and cannot be read: the mailbox may have been resolved"),
    silent("C09", LOST_VALUE, "the same"),
];

fn account() -> Vec<u8> {
    let mut hive = service_of_2003(
        r"C:\Documents and Settings\svcmail",
        "S-1-5-21-1111111111-1222222222-1333333333-1407",
        filetime(2005, 3, 7, 8, 0, 0, 0),
        filetime(2005, 7, 7, 7, 0, 0, 0),
    );
    exchange_profile(&mut hive, &profile(WHOLE, 0), &mailbox("report"));
    let lost_section = profile(LOST_SECTION, 1);
    exchange_profile(&mut hive, &lost_section, &mailbox("journal").encrypted());
    let lost_value = profile(LOST_VALUE, 2);
    skeleton_only_profile(&mut hive, &lost_value);
    lost_value.edit(&mut hive, Uid::EXCHANGE).string8(0x6603, &mailbox("lost").dn);
    let short_list = profile(SHORT_LIST, 3).seed("short list 9");
    pst_profile(&mut hive, &short_list, &[r"D:\Mail\short.pst"]);
    empty_profile(&mut hive, &NewProfile::new(DELETED_PROFILES, LAST, filetime(2005, 7, 6, 23, 0, 0, 0)));
    hive.key(PROFILES).sz("DefaultProfile", WHOLE);
    add_filler(&mut hive);

    let mut hive = hive.build();
    lose_section(&mut hive, &lost_section, lost_section.uid("MSEMS EMS_RXP"));
    hive.point_value_data(&path_of(&lost_value, Uid::EXCHANGE), "001e6603", BEYOND_THE_END);
    hide_last_section(&mut hive, &short_list, short_list.uid("MSPST MS 1"));
    hive.point_subkey_list(DELETED_PROFILES, BEYOND_THE_END);
    destroy_bin_of_filler(&mut hive);
    hive.bytes
}

const BEYOND_THE_END: u32 = 0x0010_0020;

/// More than the rest of any bin, so that it gets a bin of its own.
const FILLER_SIZE: usize = 4_200;
const FILLER_KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\TrayNotify";
const FILLER: &str = "IconStreams";

fn profile(name: &str, number: u64) -> NewProfile {
    NewProfile::new(PROFILES, name, filetime(2005, 7, 7, 6, 10 * number, 0, 0))
}

fn mailbox(alias: &str) -> Mailbox {
    Mailbox::new("MAIL7", "WEST", alias, alias)
}

fn path_of(profile: &NewProfile, section: Uid) -> String {
    format!(r"{}\{}", profile.path(), section.hex())
}

fn add_filler(hive: &mut HiveBuilder) {
    let icons: Vec<u8> = (0..=250).cycle().take(FILLER_SIZE).collect();
    hive.key(FILLER_KEY).binary(FILLER, &icons);
}

/// Points the entry of a section in the profile's list at a free cell at the end of the file, too small for a key.
fn lose_section(hive: &mut SynthHive, profile: &NewProfile, section: Uid) {
    let nk = hive.layout.key(&path_of(profile, section)).nk;
    let leaf = hive.layout.key(&profile.path()).leaves[0];
    let entry_of = |index: u16| 4 + 8 * usize::from(index);
    let mut entries = (0..hive.u16(leaf, 2)).map(entry_of);
    let entry = entries.find(|&entry| hive.u32(leaf, entry) == nk).expect("the section is listed");
    let free = end_free_cell(hive);
    hive.set_u32(leaf, entry, free);
}

/// Makes the end of the last free cell, which ends the file, a cell of its own.
fn end_free_cell(hive: &mut SynthHive) -> u32 {
    const SIZE: u8 = 16;
    let last = *hive.free_cells().last().expect("a free cell");
    let left = u32::try_from(hive.cell(last).len() + 4).expect("a cell of a small hive") - u32::from(SIZE);
    let end = last + left;
    assert_eq!(SynthHive::file_offset(end) - 4 + usize::from(SIZE), hive.bytes.len(), "the end of the file");
    hive.set_cell_size(last, i32::try_from(left).expect("a cell of a small hive"));
    hive.set_cell_size(end, SIZE.into());
    end
}

/// Takes the last entry off the count of a profile's list, which is that of `section`; the key keeps its count.
fn hide_last_section(hive: &mut SynthHive, profile: &NewProfile, section: Uid) {
    let leaf = hive.layout.key(&profile.path()).leaves[0];
    let left = hive.u16(leaf, 2) - 1;
    let hidden = hive.u32(leaf, 4 + 8 * usize::from(left));
    assert_eq!(hidden, hive.layout.key(&path_of(profile, section)).nk, "the last section");
    hive.claim_list_entries(&profile.path(), left);
}

/// Overwrites the header of the bin that begins right before the filler's data.
fn destroy_bin_of_filler(hive: &mut SynthHive) {
    const BIN_HEADER: usize = 32;
    let data = hive.layout.value(FILLER_KEY, FILLER).data.expect("data in a cell");
    let header = BASE_BLOCK_SIZE + data as usize - BIN_HEADER;
    assert_eq!(&hive.bytes[header..header + 4], b"hbin", "a bin of its own");
    hive.bytes[header..header + BIN_HEADER].fill(0xA5);
}
