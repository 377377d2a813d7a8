//! Writes seeds for each fuzz target into a folder: `fuzz-seeds FOLDER`. The same program writes the same bytes.

use std::path::Path;

use hive_synth::mapi::{
    Mailbox, NewProfile, PROFILES, PointerWidth, exchange_profile, mv_binary, mv_string8, mv_unicode,
};
use hive_synth::story::{LogFormat, stories};
use hive_synth::{HiveBuilder, ListKind, SecurityDescriptor, Version, filetime, samples};

#[path = "../../../tests/integration/packing.rs"]
#[allow(dead_code, reason = "the seeds need no archive that lies")]
mod packing;

/// Largest hive that is a seed; what is longer teaches a fuzzer nothing more and slows it.
const MAX_HIVE: usize = 40 << 10;
/// Bytes of a header that mean something.
const HEADER: usize = 512;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: fuzz-seeds FOLDER");
        std::process::exit(2);
    };
    let folder = Path::new(&folder);
    let hives = hives();
    let with_logs = hives_with_logs();
    for (name, hive) in &hives {
        if hive.len() <= MAX_HIVE {
            write(folder, "tree_walk", name, hive)?;
            write(folder, "carving", name, hive)?;
            write(folder, "whole_scan", name, &joined(2, hive, &[], &[]))?;
        }
        let header = [&[1], hive.get(..HEADER).unwrap_or(hive)].concat();
        write(folder, "base_block", name, &header)?;
    }
    for (name, bytes) in &with_logs {
        write(folder, "log_replay", name, bytes)?;
        write(folder, "whole_scan", name, bytes)?;
    }
    for (name, bytes) in values() {
        write(folder, "mapi_values", &name, &bytes)?;
    }
    let sid = "S-1-5-21-1111111111-1222222222-1333333333-1406";
    for (name, descriptor) in [
        ("user", SecurityDescriptor::user_hive(sid)),
        ("default", SecurityDescriptor::default_hive()),
        ("owner", SecurityDescriptor::new().owner(sid).group("S-1-5-32-544").without_dacl()),
        (
            "denied",
            SecurityDescriptor::new().owner(sid).deny(3, 0x000f_003f, "S-1-1-0").allow(2, 0x1000_0000, sid),
        ),
    ] {
        write(folder, "security_descriptor", name, &descriptor.bytes())?;
    }
    for (name, bytes) in archives() {
        write(folder, "archives", &name, &bytes)?;
    }
    Ok(())
}

fn write(folder: &Path, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder)?;
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    std::fs::write(folder.join(format!("seed-{name}")), bytes)
}

fn profile(hive: &mut HiveBuilder, name: &str) {
    let mailbox = Mailbox::new("SERVER", "SITE", "box", "Box");
    let profile = NewProfile::new(PROFILES, name, filetime(2001, 1, 1, 0, 0, 0, 0));
    exchange_profile(hive, &profile, &mailbox);
}

/// Every format and kind of list, deleted keys, and the sample hives.
fn hives() -> Vec<(String, Vec<u8>)> {
    let mut hives = Vec::new();
    for (version, list, wide) in [
        (Version::V1_2, ListKind::Index, false),
        (Version::V1_3, ListKind::Fast, true),
        (Version::V1_4, ListKind::Fast, false),
        (Version::V1_5, ListKind::Hash, false),
        (Version::V1_6, ListKind::Hash, true),
    ] {
        let mut hive = HiveBuilder::new(version);
        hive.list_kind(list).wide_names(wide).leaf_size(2);
        for key in ["One", "Two", "Three", r"Two\Below"] {
            hive.key(key).dword("number", 7).sz("text", "a text that is stored in a cell of its own");
        }
        hive.key("Two").class("class").tombstone("gone").binary("", &[1, 2, 3]);
        let mut built = hive.build();
        hives.push((format!("plain-{version:?}"), built.bytes.clone()));
        built.delete_key(r"Two\Below");
        built.delete_value("One", "text");
        let page = built.bytes[4096..6144].to_vec();
        built.append_tail(&page);
        hives.push((format!("deleted-{version:?}"), built.bytes));

        let mut hive = HiveBuilder::new(version);
        hive.list_kind(list).wide_names(wide);
        profile(&mut hive, "Profile");
        hives.push((format!("profile-{version:?}"), hive.build().bytes));
    }
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.key("Big").binary("data", &vec![7; 17_000]);
    hives.push(("big-data".into(), hive.build().bytes));
    let samples = samples::all().iter().flat_map(|host| {
        host.samples.iter().map(move |sample| (format!("{}-{}", host.name, sample.path), (sample.bytes)()))
    });
    hives.extend(samples.filter(|(_, bytes)| bytes.starts_with(b"regf")));
    hives
}

/// The dirty hives of all stories, with their logs.
fn hives_with_logs() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for (story, tell) in stories::ALL {
        for format in LogFormat::ALL {
            for (number, step) in tell(format).into_iter().enumerate() {
                let copy = step.copy;
                if !copy.is_dirty() {
                    continue;
                }
                let log = |index: usize| {
                    copy.logs.get(index).map(|(_, bytes)| bytes.as_slice()).unwrap_or_default()
                };
                let flags = if copy.logs.len() == 1 { 1 | 2 | 4 } else { 1 | 2 };
                found.push((
                    format!("{story}-{format:?}-{number}"),
                    joined(flags, &copy.primary, log(0), log(1)),
                ));
            }
        }
    }
    // The smallest of them first; a few show every form of log.
    found.sort_by_key(|(name, bytes)| (bytes.len(), name.clone()));
    found.truncate(24);
    found
}

/// A hive and its logs in one input; see `HiveWithLogs`.
fn joined(flags: u8, hive: &[u8], first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("a small file").to_le_bytes();
    [&[flags, 0, 0, 0], &length(hive)[..], &length(first), hive, first, second].concat()
}

/// Property data of every form: type of the property, of the registry value, code page, data.
fn values() -> Vec<(String, Vec<u8>)> {
    let text: Vec<u8> = hive_synth::utf16_nul("Microsoft Exchange Server");
    let mut values: Vec<(String, u16, u8, Vec<u8>)> = vec![
        ("long".into(), 0x0003, 3, vec![1, 0, 0, 0]),
        ("boolean".into(), 0x000b, 3, vec![1, 0]),
        ("double".into(), 0x0005, 3, 1.5_f64.to_le_bytes().to_vec()),
        ("currency".into(), 0x0006, 3, 15_000_u64.to_le_bytes().to_vec()),
        ("systime".into(), 0x0040, 3, filetime(2001, 1, 1, 0, 0, 0, 0).to_le_bytes().to_vec()),
        ("clsid".into(), 0x0048, 3, (0..16).collect()),
        ("binary".into(), 0x0102, 3, (0..40).collect()),
        ("string8".into(), 0x001e, 1, text.clone()),
        ("string8-bytes".into(), 0x001e, 3, b"caf\xe9\0".to_vec()),
        ("unicode".into(), 0x001f, 3, text),
        ("longs".into(), 0x1003, 3, vec![1, 0, 0, 0, 2, 0, 0, 0]),
        ("entry".into(), 0x0102, 3, hive_synth::mapi::wrapped_entry_id("mspst.dll", b"C:\\a\\outlook.pst\0")),
    ];
    for width in [PointerWidth::Bits32, PointerWidth::Bits64] {
        values.push((format!("strings-{width:?}"), 0x101e, 3, mv_string8(&["one", "two", ""], width)));
        values.push((format!("unicodes-{width:?}"), 0x101f, 3, mv_unicode(&["one", "two", ""], width)));
        values.push((format!("binaries-{width:?}"), 0x1102, 3, mv_binary(&[b"one", b"", b"three"], width)));
    }
    let input = |(name, kind, registry, data): (String, u16, u8, Vec<u8>)| {
        (name, [&kind.to_le_bytes()[..], &[registry, 0], &data].concat())
    };
    values.into_iter().map(input).collect()
}

/// A hive with a log in each kind of archive, and archives in archives.
fn archives() -> Vec<(String, Vec<u8>)> {
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.key("Software").dword("number", 1);
    let hive = hive.build().bytes;
    let files: [packing::File<'_>; 3] = [
        ("HOST/C/Users/svc/NTUSER.DAT", &hive),
        ("HOST/C/Users/svc/ntuser.dat.LOG1", b""),
        ("HOST/readme.txt", b"x"),
    ];
    let (zip, tar) = (packing::zip(&files), packing::tar(&files));
    let mut behind = packing::Entry::new("NTUSER.DAT", &hive);
    behind.flags |= 8;
    let mut zip64 = packing::Entry::new("NTUSER.DAT", &hive);
    zip64.zip64 = true;
    vec![
        ("zip".into(), zip.clone()),
        ("zip-behind".into(), packing::zip_of(&[behind])),
        ("zip64".into(), packing::zip_of(&[zip64])),
        ("tar".into(), tar.clone()),
        ("tar-gz".into(), packing::gzip(&tar)),
        ("tar-zst".into(), packing::zstd(&tar)),
        ("tar-xz".into(), packing::xz(&tar)),
        ("gz".into(), packing::gzip(&hive)),
        ("xz".into(), packing::xz(&hive)),
        ("zst".into(), packing::zstd(&hive)),
        ("zip-in-tar".into(), packing::tar(&[("inner.zip", &zip)])),
        ("tar-in-zip".into(), packing::zip(&[("inner.tar", &tar)])),
    ]
}
