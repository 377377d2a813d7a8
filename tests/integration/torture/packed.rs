//! Archives that are made to harm: entries over each other, very many of them, and names that lead out of the archive.

use std::fs;

use super::{hive, quiet_run};
use crate::case_folder::everything;
use crate::packing::{Entry, tar_entry, tar_of, zip, zip_of};
use crate::program::{plant, rows_of_file};

/// A zip archive in whose directory one entry stands many times, under names of its own.
fn shared(entries: usize, bytes: &[u8]) -> Vec<u8> {
    let name = |number: usize| format!("{number:05}/NTUSER.DAT");
    let mut one = Entry::new(&name(0), bytes);
    one.method = 8;
    let one = zip_of(&[one]);
    let directory = one.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let end = one.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").unwrap();
    let record = &one[directory..end];
    let mut archive = one[..directory].to_vec();
    for number in 0..entries {
        let at = archive.len() + 46;
        archive.extend(record);
        archive[at..at + name(number).len()].copy_from_slice(name(number).as_bytes());
    }
    let mut tail = one[end..].to_vec();
    let count = u16::try_from(entries).unwrap().to_le_bytes();
    tail[8..10].copy_from_slice(&count);
    tail[10..12].copy_from_slice(&count);
    tail[12..16].copy_from_slice(&u32::try_from(entries * record.len()).unwrap().to_le_bytes());
    archive.extend(tail);
    archive
}

#[test]
fn entries_that_share_their_bytes_are_not_unpacked_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut large = hive();
    large.resize(60 << 20, 0);
    // Half a megabyte that would be 180 gigabytes.
    let bomb = shared(3_000, &large);
    assert!(bomb.len() < 700_000);
    for (name, bytes) in [("bomb.zip", bomb.clone()), ("outer.zip", zip(&[("in.zip", &bomb)]))] {
        fs::create_dir_all(at.join("ev")).unwrap();
        fs::write(at.join("ev").join(name), bytes).unwrap();
        let run =
            quiet_run(at, "ulimit -v 4000000", "scan -q ev --live-only --coverage h.csv -o f.csv --clobber");
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        let rows = rows_of_file(&at.join("h.csv"));
        let refused = rows.iter().filter(|row| row["reason"].contains("the same bytes as other entries"));
        let read = rows.iter().filter(|row| row["status"] == "parsed").count();
        assert!((1..100).contains(&read), "{name}: {read}");
        assert_eq!(refused.count() + read, 3_000, "{name}: each has its row");
        fs::remove_dir_all(at.join("ev")).unwrap();
    }
}

#[test]
fn one_wrong_length_in_a_directory_costs_no_other_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries: Vec<Entry> =
        (0..20).map(|number| Entry::new(&format!("{number:02}/NTUSER.DAT"), &hive())).collect();
    entries[0].packed_size = Some(0xffff_fff0);
    entries[7].packed_size = Some(20_000);
    plant(folder.path(), &[("ev/a.zip", &zip_of(&entries))]);
    quiet_run(folder.path(), "", "scan -q ev --coverage h.csv -o f.csv");
    let rows = rows_of_file(&folder.path().join("h.csv"));
    let parsed = rows.iter().filter(|row| row["status"] == "parsed").count();
    assert!(rows.len() == 20 && parsed >= 18, "{parsed}");
}

#[test]
fn a_folder_of_very_many_hives_and_logs_in_an_archive_ends() {
    const EACH: usize = 30_000;

    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let stored = |name: String, bytes: &[u8]| Entry { method: 0, ..Entry::new(&name, bytes) };
    let mut entries: Vec<Entry> =
        (0..EACH).map(|number| stored(format!("a/{number}.bin"), b"regf")).collect();
    entries.extend((0..EACH).map(|number| stored(format!("a/{number}.BIN.Log1"), b"")));
    plant(at, &[("ev/a.zip", &zip_of(&entries))]);
    let run = quiet_run(at, "ulimit -v 2000000", "scan -q ev --coverage h.csv -o f.csv");
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let rows = rows_of_file(&at.join("h.csv"));
    assert_eq!(rows.len(), EACH);
}

#[test]
fn names_that_lead_out_of_an_archive_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let names = [
        "../../escaped/NTUSER.DAT",
        "/escaped/NTUSER.DAT",
        "a/../../../escaped/NTUSER.DAT",
        "./a/./NTUSER.DAT",
        "C:/Users/x/NTUSER.DAT",
        "//server/share/NTUSER.DAT",
        "~/NTUSER.DAT",
    ];
    let tar = tar_of(&names.map(|name| tar_entry(name, b'0', &hive(), "")));
    let mut zipped: Vec<Entry> = names.iter().map(|name| Entry::new(name, &hive())).collect();
    zipped.push(Entry::new("..\\..\\other\\NTUSER.DAT", &hive()));
    // A link and then a file below it, which unpacking would write where the link leads.
    let linked =
        tar_of(&[tar_entry("out", b'2', b"", "/tmp"), tar_entry("out/NTUSER.DAT", b'0', &hive(), "")]);
    plant(at, &[("w/ev/a.tar", &tar), ("w/ev/b.zip", &zip_of(&zipped)), ("w/ev/c.tar", &linked)]);
    let run = quiet_run(&at.join("w"), "", "scan -q ev --case case --split-by account");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let hives = rows_of_file(&at.join("w/case/hives.csv"));
    let parsed = hives.iter().filter(|row| row["status"] == "parsed").count();
    assert_eq!(parsed, 2 * names.len() + 2);
    assert_eq!(quiet_run(&at.join("w"), "", "verify case").code, Some(0));
    let outside: Vec<String> =
        everything(at).into_keys().filter(|path| !path.starts_with("w/case/")).collect();
    assert_eq!(outside, ["w", "w/case", "w/ev", "w/ev/a.tar", "w/ev/b.zip", "w/ev/c.tar"]);
}
