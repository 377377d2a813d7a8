//! Secrets stay in the hive: no output shows one, in whatever dress, nor a hash by which it could be tried.

use std::path::Path;

use hive_synth::log::{log_entry, new_log};
use hive_synth::mapi::{
    DELETED_PROFILES, NewProfile, OUTLOOK_16_DELETED_PROFILES, OUTLOOK_16_PROFILES, PROFILES, ProfileWriter,
    Uid, WIN9X_PROFILES, dpapi_blob, property_name,
};
use hive_synth::samples::{self, SECRET_MARKER};
use hive_synth::{
    HiveBuilder, REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_SZ, Version, filetime,
    utf16_nul,
};
use sha2::{Digest as _, Sha256};

use crate::program::mapihive;
use crate::support::hex;

/// The bytes of a secret value and the words in it that may appear nowhere.
struct Planted {
    place: String,
    data: Vec<u8>,
    marker: String,
}

/// Plants values, each with a marker of its own.
struct Planter {
    builder: HiveBuilder,
    planted: Vec<Planted>,
}

impl Planter {
    fn new(version: Version) -> Self {
        Self { builder: HiveBuilder::new(version), planted: Vec::new() }
    }

    /// A marker that no other value has and that no two bytes of a header resemble.
    fn marker(&self) -> String {
        format!("Zq{:04}xJvWk", self.planted.len())
    }

    fn plant(&mut self, key: &str, name: &str, kind: u32, data: Vec<u8>, marker: String) {
        // Names that differ in letter case alone cannot share a key.
        let mut key = key.to_owned();
        while self.planted.iter().any(|other| other.place.eq_ignore_ascii_case(&format!(r"{key}\{name}"))) {
            key.push_str(r"\other");
        }
        self.builder.key(&key).value(name, kind, &data);
        self.planted.push(Planted { place: format!(r"{key}\{name}"), data, marker });
    }

    /// The value in every form in which a secret may be stored: bytes, text of both widths, a DPAPI blob.
    fn plant_in_every_form(&mut self, key: &str, name: &str) {
        for (suffix, kind) in [
            ("a", REG_BINARY),
            ("b", REG_SZ),
            ("c", REG_EXPAND_SZ),
            ("d", REG_NONE),
            ("e", REG_MULTI_SZ),
            ("f", 0x1234),
            ("g", REG_BINARY),
            ("h", REG_BINARY),
            ("i", REG_BINARY),
        ] {
            let marker = self.marker();
            let wide = utf16_nul(&marker);
            let data = match suffix {
                "a" | "d" => marker.clone().into_bytes(),
                "g" => [&[2][..], &dpapi_blob(&marker)].concat(),
                "h" => wide.repeat(700),
                "i" => [marker.as_bytes(), &[0], marker.as_bytes()].concat(),
                _ => wide,
            };
            self.plant(&format!(r"{key}\{suffix}"), name, kind, data, marker);
        }
    }
}

/// Names of section 2.7 of the domain reference, as MAPI, descriptor files and hands write them.
fn secret_names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for id in 0x67f0..=0x67ff {
        for kind in [0x0102, 0x001e, 0x001f, 0x0003] {
            names.push(property_name(kind, id));
        }
        names.push(format!("S{}", property_name(0x0102, id)));
    }
    names.extend(
        [
            "S001e6602",
            "s01023d0e",
            "S010267F0",
            "010267FA",
            "67f00102",
            "001e6703",
            "001f6703",
            "01026704",
            "001f6704",
        ]
        .map(str::to_owned),
    );
    names.extend(["01026617", "01026611"].map(str::to_owned));
    names.extend(account_names());
    names
}

fn account_names() -> impl Iterator<Item = String> {
    let protocols = ["POP3", "IMAP", "SMTP", "HTTP", "NNTP", "EAS"];
    let of_protocols = protocols.into_iter().flat_map(|protocol| {
        [format!("{protocol} Password"), format!("{protocol} Password2"), format!("{protocol} PASSWORD")]
    });
    of_protocols.chain(["Password".to_owned(), "password2".to_owned()])
}

const ACCOUNT_MANAGER: &str = "9375CFF0413111d3B88A00104B2A6676";

/// Every place of section 2.7, each with its own marker.
fn everywhere(version: Version, wide_names: bool) -> Planter {
    let mut planter = Planter::new(version);
    planter.builder.wide_names(wide_names);
    let section = Uid::derived("some section").hex();
    let roots = [
        PROFILES,
        DELETED_PROFILES,
        WIN9X_PROFILES,
        OUTLOOK_16_PROFILES,
        OUTLOOK_16_DELETED_PROFILES,
        r"Software\Wow6432Node\Microsoft\Office\15.0\Outlook\Profiles",
        r"Software\Wow6432Node\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles",
    ];
    for root in roots {
        for name in secret_names() {
            let marker = planter.marker();
            planter.plant(
                &format!(r"{root}\P\{section}"),
                &name,
                REG_BINARY,
                marker.clone().into_bytes(),
                marker,
            );
        }
        for name in account_names() {
            let marker = planter.marker();
            let account = format!(r"{root}\P\{ACCOUNT_MANAGER}\00000001");
            planter.plant(&account, &name, REG_BINARY, utf16_nul(&marker), marker);
        }
        for (name, key) in
            [("POP3 Password", format!(r"{ACCOUNT_MANAGER}\00000001")), ("010267f0", section.clone())]
        {
            planter.plant_in_every_form(&format!(r"{root}\P\{key}\deep"), name);
        }
        // Where nobody expects one.
        for key in [root.to_owned(), format!(r"{root}\P"), format!(r"{root}\P\{{D9734F19}}\Summary")] {
            for name in ["S010267f0", "POP3 Password"] {
                let marker = planter.marker();
                planter.plant(&key, name, REG_SZ, utf16_nul(&marker), marker);
            }
        }
    }
    for (uid, name) in [(Uid::EXCHANGE, "S010267f0"), (Uid::CLIENT, "001e67fc"), (Uid::EXCHANGE, "01026611")]
    {
        planter.plant_in_every_form(&format!(r"{PROFILES}\P\{}", uid.hex()), name);
    }
    for name in account_names() {
        for place in [
            r"Software\Microsoft\Office\Outlook\OMI Account Manager\Accounts\00000001",
            r"Software\Microsoft\Internet Account Manager\Accounts\00000001",
            r"Software\Microsoft\Internet Account Manager\Accounts\00000001\below",
        ] {
            let marker = planter.marker();
            planter.plant(place, &name, REG_BINARY, marker.clone().into_bytes(), marker);
        }
    }
    let storage = r"Software\Microsoft\Protected Storage System Provider\S-1-5-21-1-2-3-1001";
    for key in [storage.to_owned(), format!(r"{storage}\Data"), format!(r"{storage}\Data\220d5cc1\6a9b4695")]
    {
        for name in ["Item Data", "", "Behavior"] {
            let marker = planter.marker();
            planter.plant(&key, name, REG_BINARY, marker.clone().into_bytes(), marker);
        }
    }
    plant_ldap(&mut planter);
    planter
}

/// 6617 in a profile whose service is the LDAP address book, as bytes and as somebody typed it.
fn plant_ldap(planter: &mut Planter) {
    let profile = NewProfile::new(PROFILES, "Directory", filetime(2003, 5, 6, 7, 8, 9, 0));
    let (service, provider) = (profile.uid("EMABLT"), profile.uid("EMABLT provider"));
    let mut writer = ProfileWriter::new(&mut planter.builder, &profile);
    writer.section(Uid::ROOT).uids(0x3d0e, &[service]).uids(0x3d01, &[provider]);
    writer.section(service).unicode(0x3d09, "EMABLT").uids(0x3d01, &[provider]);
    writer
        .section(provider)
        .unicode(0x3d09, "EMABLT")
        .uids(0x3d0c, &[service])
        .string8(0x6602, "ldap.example.test");
    for kind in [0x0102, 0x001e, 0x001f, 0x0003] {
        for (part, section) in [("service", service), ("provider", provider)] {
            let marker = planter.marker();
            let key = format!(r"{}\{}", profile.path(), section.hex());
            let data = utf16_nul(&format!("{marker}{part}"));
            planter.plant(&key, &property_name(kind, 0x6617), REG_BINARY, data, marker);
        }
    }
}

/// Every output of the program about these files, with what it was written by.
fn outputs(paths: &[&Path]) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let tables =
        ["findings", "evidence", "coverage", "accounts", "fleet"].map(|name| folder.path().join(name));
    // Compared with an empty hive, everything was born or is gone; compared with the other, every value with a marker differs.
    let [bare, other] = ["bare.DAT", "other.DAT"].map(|name| folder.path().join(name));
    std::fs::write(&bare, HiveBuilder::new(Version::V1_5).build().bytes).unwrap();
    let mut outputs = Vec::new();
    let mut run = |arguments: &[&str]| {
        let command = arguments.first().copied().unwrap_or_default().to_owned();
        let paths = paths.iter().map(|path| path.to_str().unwrap());
        let run = mapihive(arguments.iter().copied().chain(paths));
        assert_eq!(run.code, Some(0), "{command}: {}", run.stderr);
        outputs.push((format!("{command}, stdout"), run.stdout));
        outputs.push((format!("{command}, stderr"), run.stderr.into_bytes()));
    };
    run(&["profiles"]);
    run(&["dump", "--deleted"]);
    run(&["dump", "--deleted", "--deep"]);
    run(&["profiles", "--csv-raw", "--deep"]);
    run(&["profiles", "--no-logs"]);
    run(&["timeline", "--deep"]);
    run(&["dump"]);
    run(&["scan", "--live-only"]);
    let [findings, evidence, coverage, accounts, fleet] =
        tables.each_ref().map(|path| path.to_str().unwrap());
    let of_scan = ["--evidence", evidence, "--coverage", coverage, "--accounts", accounts, "--fleet", fleet];
    run(&[&["scan", "--deep", "-o", findings], &of_scan[..]].concat());
    for path in &tables {
        let name = path.file_name().unwrap().display();
        outputs.push((format!("scan, {name}"), std::fs::read(path).unwrap()));
    }
    for path in paths {
        std::fs::write(&other, with_other_markers(std::fs::read(path).unwrap())).unwrap();
        for pair in
            [[bare.as_path(), path], [path, bare.as_path()], [other.as_path(), path], [path, other.as_path()]]
        {
            let [before, after] = pair.map(|path| path.to_str().unwrap());
            let run = mapihive(["compare", "--deep", before, after]);
            assert_eq!(run.code, Some(0), "compare: {}", run.stderr);
            outputs.push(("compare, stdout".to_owned(), run.stdout));
            outputs.push(("compare, stderr".to_owned(), run.stderr.into_bytes()));
        }
    }
    for (option, name) in [("--case", "case"), ("--part", "part")] {
        let folder = folder.path().join(name);
        let paths = paths.iter().map(|path| path.to_str().unwrap());
        let arguments = ["scan", "--deep", option, folder.to_str().unwrap()];
        let run = mapihive(arguments.into_iter().chain(paths));
        assert_eq!(run.code, Some(0), "{option}: {}", run.stderr);
        for file in walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap) {
            if file.file_type().is_file() {
                let name = format!("{name}, {}", file.file_name().display());
                outputs.push((name, std::fs::read(file.path()).unwrap()));
            }
        }
    }
    outputs
}

/// The same hive with the last letter of each marker in the other case, as bytes and as UTF-16.
fn with_other_markers(mut hive: Vec<u8>) -> Vec<u8> {
    for end in ["xJvWk", SECRET_MARKER] {
        let wide: Vec<u8> = end.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (pattern, last) in [(end.as_bytes(), end.len() - 1), (&wide, wide.len() - 2)] {
            let found: Vec<usize> = (0..hive.len()).filter(|at| hive[*at..].starts_with(pattern)).collect();
            for at in found {
                hive[at + last] ^= 0x20;
            }
        }
    }
    hive
}

/// Base64 of `bytes` as it looks wherever in a longer text they stand: for each of the three alignments, the characters
/// that depend on nothing around them.
fn base64(bytes: &[u8]) -> Vec<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..3)
        .map(|before| {
            let shifted = [&vec![0; before][..], bytes].concat();
            let digits = shifted.chunks_exact(3).flat_map(|three| {
                let word = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
                [18, 12, 6, 0].map(|shift| char::from(DIGITS[(word >> shift) as usize & 63]))
            });
            // The first characters still hold bits of what stands before.
            digits.skip(if before == 0 { 0 } else { before + 1 }).collect()
        })
        .collect()
}

/// All dresses in which these words may be shown.
fn dresses(words: &str) -> Vec<Vec<u8>> {
    let wide: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let swapped: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut dresses =
        vec![words.as_bytes().to_vec(), wide.clone(), words.chars().rev().collect::<String>().into_bytes()];
    for bytes in [words.as_bytes(), &wide, &swapped] {
        dresses.push(hex(bytes).into_bytes());
        dresses.push(hex(bytes).to_uppercase().into_bytes());
        dresses.extend(base64(bytes).into_iter().map(String::into_bytes));
    }
    dresses
}

/// The outputs that hold one of `needles`, found in one pass over each.
fn holders<'n>(outputs: &[(String, Vec<u8>)], needles: &'n [(String, Vec<u8>)]) -> Vec<(String, &'n str)> {
    const HEAD: usize = 6;
    let mut by_head: std::collections::HashMap<&[u8], Vec<&(String, Vec<u8>)>> =
        std::collections::HashMap::new();
    for needle in needles {
        by_head.entry(&needle.1[..HEAD]).or_default().push(needle);
    }
    let mut found = Vec::new();
    for (output, bytes) in outputs {
        for (at, head) in bytes.windows(HEAD).enumerate() {
            for (what, needle) in by_head.get(head).into_iter().flatten() {
                if bytes[at..].starts_with(needle) {
                    found.push((output.clone(), what.as_str()));
                }
            }
        }
    }
    found
}

fn assert_hidden(outputs: &[(String, Vec<u8>)], planted: &[Planted]) {
    let mut needles = Vec::new();
    for planted in planted {
        needles.extend(dresses(&planted.marker).into_iter().map(|dress| (planted.place.clone(), dress)));
        let hash = hex(&Sha256::digest(&planted.data));
        for hash in [hash.to_uppercase(), hash] {
            needles.push((format!("SHA-256 of {}", planted.place), hash.into_bytes()[..16].to_vec()));
        }
    }
    let mut found = holders(outputs, &needles);
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} secrets are shown: {:#?}", found.len(), &found[..found.len().min(40)]);
}

#[test]
fn no_output_shows_the_secret_of_the_sample_hives() {
    let folder = tempfile::tempdir().unwrap();
    let hives = samples::all().iter().flat_map(|host| host.samples).map(|sample| (sample.bytes)());
    let holding =
        hives.filter(|bytes| bytes.windows(SECRET_MARKER.len()).any(|part| part == SECRET_MARKER.as_bytes()));
    for (number, bytes) in holding.enumerate() {
        let path = folder.path().join(format!("{number}.DAT"));
        std::fs::write(&path, &bytes).unwrap();
        let mut password = vec![2];
        password.extend(dpapi_blob(SECRET_MARKER));
        let planted = Planted { place: "POP3 Password".into(), data: password, marker: SECRET_MARKER.into() };
        assert_hidden(&outputs(&[&path]), &[planted]);
    }
}

#[test]
fn what_is_no_secret_is_found_in_the_outputs() {
    // Without this, the other tests of this file might look for what no output would ever hold.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let mut planter = Planter::new(Version::V1_5);
    let section = format!(r"{PROFILES}\P\{}", Uid::derived("some section").hex());
    let markers = [planter.marker()];
    planter.plant(&section, "001e6602", REG_SZ, utf16_nul(&markers[0]), markers[0].clone());
    planter.plant(&section, "01026700", REG_BINARY, b"Zq9999xJvWk".to_vec(), "Zq9999xJvWk".into());
    std::fs::write(&path, planter.builder.build().bytes).unwrap();
    let outputs = outputs(&[&path]);
    for (dress, shown_by) in [
        (markers[0].clone().into_bytes(), "profiles, stdout"),
        (hex(&utf16_nul(&markers[0])).into_bytes(), "profiles, stdout"),
        (hex(b"Zq9999xJvWk").into_bytes(), "profiles, stdout"),
        (hex(&Sha256::digest(b"Zq9999xJvWk")).into_bytes(), "dump, stdout"),
        (markers[0].clone().into_bytes(), "compare, stdout"),
    ] {
        let needles = [(String::new(), dress)];
        let found = holders(&outputs, &needles);
        assert!(found.iter().any(|(output, _)| output == shown_by), "{shown_by}: {found:?}");
    }
    assert_eq!(base64(b"marker-of-nine")[0], "bWFya2VyLW9mLW5p");
    assert!(
        "eHhtYXJrZXItb2YtbmluZQ==".contains(&base64(b"marker-of-nine")[2]),
        "{:?}",
        base64(b"marker-of-nine")
    );
}

#[test]
fn no_output_shows_a_secret_of_any_place_that_mapi_has() {
    let folder = tempfile::tempdir().unwrap();
    for (version, wide_names) in [(Version::V1_5, false), (Version::V1_3, true)] {
        let planter = everywhere(version, wide_names);
        let path = folder.path().join("NTUSER.DAT");
        std::fs::write(&path, planter.builder.build().bytes).unwrap();
        assert!(planter.planted.len() > 900);
        assert_hidden(&outputs(&[&path]), &planter.planted);
    }
}

#[test]
fn secrets_are_told_with_length_and_scheme() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let planter = everywhere(Version::V1_5, false);
    std::fs::write(&path, planter.builder.build().bytes).unwrap();
    let outputs = outputs(&[&path]);
    let rows = crate::program::rows(&outputs[0].1);
    let mut told = 0;
    for planted in &planter.planted {
        let (key, name) = planted.place.rsplit_once('\\').unwrap();
        let row = rows
            .iter()
            .find(|row| row["key_path"] == key && row["value_name"] == name && row["kind"] != "key");
        let Some(row) = row else {
            // What lies deeper in Protected Storage is not even listed.
            assert!(key.contains("Protected Storage"), "{}", planted.place);
            continue;
        };
        assert!(row["secret"].starts_with(&format!("present, {} bytes, ", planted.data.len())), "{row:?}");
        assert!(row["decoded"].is_empty() && row["raw_hex"].is_empty(), "{row:?}");
        told += 1;
    }
    assert!(told > 900);
}

#[test]
fn a_secret_that_cannot_be_read_whole_is_withheld_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let mut planter = Planter::new(Version::V1_5);
    let account = format!(r"{PROFILES}\P\{ACCOUNT_MANAGER}\00000001");
    let long = planter.marker();
    planter.plant(&account, "POP3 Password", REG_BINARY, long.repeat(5_000).into_bytes(), long);
    let short = planter.marker();
    planter.plant(&account, "IMAP Password", REG_BINARY, short.clone().into_bytes(), short);
    let mut hive = planter.builder.build();
    let segment = hive.layout.value(&account, "POP3 Password").segments[1];
    hive.free_cell(segment);
    hive.claim_data_size(&account, "IMAP Password", 10_000);
    std::fs::write(&path, hive.bytes).unwrap();
    let path = path.to_str().unwrap();
    let outputs: Vec<(String, Vec<u8>)> = ["profiles", "dump", "scan"]
        .into_iter()
        .flat_map(|command| {
            let run = mapihive([command, path]);
            assert_eq!(run.code, Some(3));
            [
                (format!("{command}, stdout"), run.stdout),
                (format!("{command}, stderr"), run.stderr.into_bytes()),
            ]
        })
        .collect();
    assert_hidden(&outputs, &planter.planted);
}

#[test]
fn one_decision_withholds_in_all_outputs_where_mapi_keeps_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let mut planter = Planter::new(Version::V1_5);
    for key in [
        r"Software\Microsoft\Exchange\Client\Options",
        r"Software\Microsoft\Exchange\Exchange Provider",
        r"Software\Microsoft\MS Setup (ACME)\User Info",
        r"Software\Microsoft\Windows Messaging Subsystem\Simple MAPI-CMC",
        r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem",
    ] {
        for name in ["Password", "S010267f0"] {
            let marker = planter.marker();
            planter.plant(key, name, REG_SZ, utf16_nul(&marker), marker);
        }
    }
    std::fs::write(&path, planter.builder.build().bytes).unwrap();
    assert_hidden(&outputs(&[&path]), &planter.planted);
}

#[test]
fn a_switch_is_not_mistaken_for_a_secret_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    let mut builder = HiveBuilder::new(Version::V1_5);
    let account = format!(r"{PROFILES}\P\{ACCOUNT_MANAGER}\00000001");
    builder
        .key(&account)
        .value("POP3 Prompt for Password", REG_DWORD, &[1, 0, 0, 0])
        .sz("Account Name", "shown");
    std::fs::write(&path, builder.build().bytes).unwrap();
    let run = mapihive(["scan", path.to_str().unwrap()]);
    assert!(!run.rows().iter().any(|row| row["rule_id"] == "S01"));
}

/// A hive and its log beside each other, which between them hold secrets in places that count no more.
fn assert_hidden_in(what: &str, hive: &[u8], log: &[u8], planted: &[Planted]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    std::fs::write(&path, hive).unwrap();
    if !log.is_empty() {
        std::fs::write(folder.path().join("NTUSER.DAT.LOG1"), log).unwrap();
    }
    let outputs = outputs(&[&path]);
    let shown: usize = outputs.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(shown > 200_000, "{what}: nothing of it was recovered: {shown}");
    assert_hidden(&outputs, planted);
}

#[test]
fn no_output_shows_a_secret_that_was_deleted_or_stands_in_logs_alone() {
    let Planter { builder, planted } = everywhere(Version::V1_5, false);
    let mut full = builder.build();
    let with = full.bytes.clone();
    let mut paths: Vec<String> = planted
        .iter()
        .map(|planted| planted.place.rsplit_once('\\').unwrap().0.to_owned())
        .filter(|path| full.layout.find(path).is_some())
        .collect();
    paths.sort();
    paths.dedup();
    let deepest_first: Vec<&String> = paths.iter().rev().collect();
    for path in &deepest_first {
        full.delete_key(path);
    }
    assert_hidden_in("free cells", &full.bytes, &[], &planted);

    // Values whose keys were overwritten stand in no place, so that their names alone tell what they are.
    let mut orphans = full.bytes.clone();
    for path in &paths {
        let nk = 4096 + full.layout.key(path).nk as usize + 4;
        orphans[nk..nk + 2].fill(0);
    }
    assert_hidden_in("values without keys", &orphans, &[], &planted);

    // What the pages of a log say of another moment: applied to no hive, or of a hive before it was replayed.
    let without = full.bytes.clone();
    let old = new_log(&with, 1, &[log_entry(&without, &with, 1)]);
    assert_hidden_in("an entry that is not applied", &without, &old, &planted);
    let mut dirty = full.clone();
    dirty.bytes = with.clone();
    dirty.set_sequences(2, 1);
    let removing = new_log(&dirty.bytes, 1, &[log_entry(&with, &without, 1)]);
    assert_hidden_in("the hive before replay", &dirty.bytes, &removing, &planted);
    let mut remnants = old.clone();
    remnants[512] = 0;
    assert_hidden_in("what entries have left", &without, &remnants, &planted);
}

#[test]
fn every_output_that_there_is_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("NTUSER.DAT");
    std::fs::write(&path, everywhere(Version::V1_5, false).builder.build().bytes).unwrap();
    let outputs = outputs(&[&path]);
    let looked_at: std::collections::BTreeSet<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "profiles, stdout",
        "dump, stdout",
        "timeline, stdout",
        "compare, stdout",
        "scan, stdout",
        "scan, stderr",
        "scan, findings",
        "scan, evidence",
        "scan, coverage",
        "scan, accounts",
        "scan, fleet",
        "case, report.html",
        "case, findings.jsonl",
        "case, services.csv",
        "part, index.jsonl",
    ] {
        assert!(looked_at.contains(name), "{name}");
        let holds = outputs.iter().any(|(output, bytes)| output == name && !bytes.is_empty());
        assert!(holds, "{name} is empty");
    }
    // Commands and tables that come later belong into the list.
    let help = String::from_utf8(mapihive(["--help"]).stdout).unwrap();
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        commands,
        [
            "scan",
            "profiles",
            "timeline",
            "compare",
            "plan",
            "merge",
            "verify",
            "dump",
            "rules",
            "explain",
            "completions",
            "man",
            "help"
        ]
    );
}
