//! Files that profiles name, and values that break their form: C10, C18, C23, S05.

use hive_synth::mapi::{
    AccountText, DELETED_PROFILES, NewProfile, PROFILES, Pop3Account, ProfileWriter, Section, Uid,
    outlook_profile, unresolved_msems_profile,
};
use hive_synth::{HiveBuilder, NOWHERE, REG_BINARY, REG_DWORD, REG_SZ, SynthHive, utf16_nul};
use mapihive::account::Confidence;
use mapihive::finding::Severity;

use super::{T, add_exchange, assert_not_judged, assert_silent, claim, judge, new_hive};

fn profile() -> NewProfile {
    NewProfile::new(PROFILES, "Mail", T)
}

fn section(uid: Uid) -> String {
    format!(r"{}\{}", profile().path(), uid.hex())
}

// ---- C10 --------------------------------------------------------------------------------------------------------------

fn pair(list: &str, path: &str) -> HiveBuilder {
    let mut hive = new_hive();
    unresolved_msems_profile(
        &mut hive,
        &NewProfile::new(list, "Mail", T),
        "Smith, John",
        "EXCH1",
        Some(path),
    );
    hive
}

#[test]
fn the_shape_of_a_profile_of_exmerge_is_found() {
    for (list, path) in
        [(PROFILES, r"D:\EXMERGE\EXMERGEDATA\JSMITH.PST"), (DELETED_PROFILES, r"c:\exmergedata\jsmith.pst")]
    {
        let claim = claim(&pair(list, path).build(), "C10");
        assert_eq!((claim.severity, claim.confidence), (Severity::Low, Confidence::Low));
        assert!(claim.evidence.iter().any(|evidence| evidence.value.as_deref() == Some(path)), "{claim:#?}");
        assert!(claim.evidence.iter().any(|evidence| evidence.value.as_deref() == Some("MSEMS")));
    }
}

#[test]
fn a_folder_that_is_only_called_similarly_a_client_and_half_a_pair_are_no_finding() {
    for path in [r"D:\EXMERGEDATA OLD\a.pst", r"D:\Mail\exmergedata.pst", r"D:\a.pst"] {
        assert_silent(&pair(PROFILES, path).build(), "C10");
    }
    let mut with_client = pair(PROFILES, r"D:\EXMERGEDATA\a.pst");
    with_client.key(&section(Uid::CLIENT)).written(T);
    assert_silent(&with_client.build(), "C10");
    assert_silent(&outlook(r"D:\EXMERGEDATA\a.pst").build(), "C10");
}

#[test]
fn a_section_of_a_client_that_may_be_there_is_not_missing() {
    let mut hive = pair(PROFILES, r"D:\EXMERGEDATA\a.pst");
    hive.key(&section(Uid::OPAQUE)).written(T);
    let mut hive = hive.build();
    let below = format!(r"{}\", profile().path());
    let mut sections: Vec<&str> =
        hive.layout.keys().filter_map(|key| key.path.strip_prefix(&below)).collect();
    sections.sort_unstable();
    let index = sections.iter().position(|name| *name == Uid::OPAQUE.hex()).unwrap();
    hive.point_subkey(&profile().path(), index, NOWHERE);
    assert_not_judged(&hive, "C10", "whether a client used it could not be read");
    let mut hive = pair(PROFILES, r"D:\EXMERGEDATA\a.pst").build();
    hive.set_sequences(5, 4);
    assert_not_judged(&hive, "C10", "hive is dirty-unreplayed");
}

// ---- C18 --------------------------------------------------------------------------------------------------------------

fn outlook(path: &str) -> HiveBuilder {
    let mut hive = new_hive();
    let account = Pop3Account {
        display_name: "A".into(),
        email: "a@example.test".into(),
        server: "mail.example.test".into(),
        pst_path: path.into(),
        password: None,
        text: AccountText::Binary,
    };
    outlook_profile(&mut hive, &profile(), &account);
    hive
}

#[test]
fn personal_folders_on_another_computer_are_found_in_all_their_copies() {
    let path = r"\\files.example.test\home\a.pst";
    let claim = claim(&outlook(path).build(), "C18");
    assert_eq!((claim.severity, claim.count), (Severity::Low, 3));
    let names: Vec<_> = claim.evidence.iter().filter_map(|evidence| evidence.value_name.as_deref()).collect();
    for name in ["001f6700", "01020fff", "Delivery Store EntryID"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(claim.evidence.iter().all(|evidence| evidence.value.as_deref() == Some(path)));
}

#[test]
fn offline_files_and_archives_on_another_computer_are_found() {
    for (uid, name) in [
        (Uid::EXCHANGE, "001e6610"),
        (Uid::EXCHANGE, "001e660e"),
        (Uid::CLIENT, "001e0324"),
        (Uid::CLIENT, "001e032c"),
    ] {
        let mut hive = outlook(r"C:\a.pst");
        hive.key(&section(uid)).sz(name, r"\\?\UNC\server\share\a");
        let claim = claim(&hive.build(), "C18");
        assert_eq!(claim.evidence[0].value_name.as_deref(), Some(name));
    }
}

#[test]
fn drive_letters_device_paths_and_other_texts_are_no_other_computer() {
    for path in [r"C:\a.pst", r"Z:\home\a.pst", r"\\?\C:\a.pst", r"\\.\C:\a.pst", r"\a.pst"] {
        assert_silent(&outlook(path).build(), "C18");
    }
    let mut hive = outlook(r"C:\a.pst");
    // A comment, and a number that means a path only in other sections.
    hive.key(&section(Uid::CLIENT)).sz("001e3004", r"\\server\share");
    hive.key(&section(profile().uid("CONTAB provider"))).sz("001e6700", r"\\server\share");
    assert_silent(&hive.build(), "C18");
}

// ---- C23 --------------------------------------------------------------------------------------------------------------

/// A profile of Outlook with one more value.
fn with_value(name: &str, kind: u32, data: &[u8]) -> SynthHive {
    let mut hive = outlook(r"C:\a.pst");
    hive.key(&section(Uid::CLIENT)).value(name, kind, data);
    hive.build()
}

#[test]
fn values_whose_form_loses_meaning_are_found() {
    for (name, kind, data, what) in [
        ("00030333", REG_BINARY, vec![1, 2], "2 bytes, expected 4"),
        ("000b0333", REG_BINARY, vec![1, 0, 0, 0], "4 bytes, expected 2"),
        ("00400333", REG_BINARY, vec![1], "1 bytes, expected 8"),
        ("10030333", REG_BINARY, vec![1; 6], "expected a multiple of 4"),
        ("101e0333", REG_BINARY, vec![1, 0, 0, 0, 0xff, 0, 0, 0, b'a', 0], "list in neither width"),
        ("101e0333", REG_BINARY, vec![2, 0, 0, 0, 12, 0, 0, 0, 0xff, 0, 0, 0, b'a', 0], "does not fit"),
        ("001f0333", REG_BINARY, vec![b'a', 0, b'b'], "UTF-16 text of 3 bytes"),
        ("00030333", REG_SZ, utf16_nul("12345"), "registry type REG_SZ"),
        ("001e0333", REG_DWORD, vec![1, 0, 0, 0], "registry type REG_DWORD"),
    ] {
        let claim = claim(&with_value(name, kind, &data), "C23");
        assert_eq!((claim.severity, claim.count), (Severity::Low, 1), "{name}");
        assert!(claim.evidence[0].value.as_ref().is_some_and(|value| value.contains(what)), "{claim:#?}");
    }
}

#[test]
fn harmless_variance_is_no_corruption() {
    let gap = [vec![1, 0, 0, 0, 12, 0, 0, 0], vec![0xff; 4], b"a\0".to_vec()].concat();
    for (name, kind, data) in [
        ("001f0333", REG_SZ, utf16_nul("text")),
        ("001f0333", REG_BINARY, vec![b'a', 0]),
        ("001e0333", REG_SZ, vec![b'a', 0]),
        ("001e0333", REG_BINARY, b"ansi\0".to_vec()),
        ("001f0333", REG_BINARY, vec![b'a', 0, 0, 0, b'x', 0]),
        ("001f0333", REG_BINARY, vec![b'a', 0, 0, 0, 0]),
        ("00030333", REG_DWORD, vec![1, 0, 0, 0]),
        ("101e0333", REG_BINARY, gap),
        ("01020333", REG_SZ, utf16_nul("x")),
        // No properties: an unknown type, and names that nobody meant as one.
        ("20030333", REG_SZ, utf16_nul("x")),
        ("00000001", REG_DWORD, vec![1, 0, 0, 0]),
        ("00000001", REG_SZ, utf16_nul("x")),
        ("Version", REG_DWORD, vec![1]),
    ] {
        assert_silent(&with_value(name, kind, &data), "C23");
    }
}

#[test]
fn secrets_and_data_that_could_not_be_read_are_not_judged_by_their_form() {
    for (name, data) in [("101e67f0", b"MARKER-hunter2".to_vec()), ("S00030333", b"MARKER-hunter2".to_vec())]
    {
        assert_silent(&with_value(name, REG_BINARY, &data), "C23");
    }
    let mut hive = with_value("00400333", REG_BINARY, &[1; 8]);
    hive.point_value_data(&section(Uid::CLIENT), "00400333", NOWHERE);
    assert_silent(&hive, "C23");
}

#[test]
fn many_broken_values_of_a_profile_are_one_finding() {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    for number in 0..30 {
        writer.section(Uid::CLIENT).property(0x0003, 0x0400 + number, &[1]);
    }
    let claim = claim(&hive.build(), "C23");
    assert_eq!((claim.count, claim.evidence.len()), (30, 20));
    assert!(claim.detail.ends_with("The first 20 are listed, 10 are not."), "{}", claim.detail);
}

// ---- S05 --------------------------------------------------------------------------------------------------------------

fn dll(write: impl FnOnce(&mut Section<'_>)) -> SynthHive {
    let mut hive = new_hive();
    let mut writer = ProfileWriter::new(&mut hive, &profile());
    let uid = writer.uid("provider");
    write(&mut writer.section(uid));
    hive.build()
}

#[test]
fn a_dll_that_is_not_on_the_list_is_a_fact() {
    let hive = dll(|section| {
        section.string8(0x300A, "faxlink.dll").unicode(0x3D0A, r"C:\Program Files\Fax\faxcfg.dll");
    });
    let claim = claim(&hive, "S05");
    assert_eq!((claim.severity, claim.count), (Severity::Info, 2));
    assert!(claim.detail.contains("\"faxlink.dll\""), "{}", claim.detail);
}

#[test]
fn a_dll_in_a_folder_that_users_may_write_to_matters_whatever_its_name() {
    for path in [r"C:\Documents and Settings\a\Local Settings\Temp\mailhelp.dll", r"%TEMP%\mspst.dll"] {
        let hive = dll(|section| {
            section.string8(0x300A, path);
        });
        assert_eq!(claim(&hive, "S05").severity, Severity::Medium, "{path}");
    }
    let both = dll(|section| {
        section.string8(0x300A, r"C:\Temp\a.dll").string8(0x3D0A, "b.dll");
    });
    let severities: Vec<_> = judge(&both, "S05").claims.iter().map(|claim| claim.severity).collect();
    assert_eq!(severities, [Severity::Medium, Severity::Info]);
}

#[test]
fn known_dlls_are_no_finding_in_any_letter_case() {
    assert_silent(&outlook(r"C:\a.pst").build(), "S05");
    let mut hive = new_hive();
    add_exchange(&mut hive, PROFILES, "Mail", T);
    assert_silent(&hive.build(), "S05");
    let hive = dll(|section| {
        section.string8(0x300A, "MSPST.DLL").string8(0x3D0A, r"C:\Program Files\Outlook\OmsXp.dll");
    });
    assert_silent(&hive, "S05");
    let hive = dll(|section| {
        section.string8(0x300A, "");
    });
    assert_silent(&hive, "S05");
}
