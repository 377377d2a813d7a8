//! How long the steps take of which reading a hive consists: `cargo bench`.
//!
//! The hive is a made one of about 2 MB, or the one that `MAPIHIVE_BENCH_HIVE` names. `cargo bench -- walk` runs those with
//! `walk` in their names.

#![allow(clippy::unwrap_used, reason = "a bench that cannot be prepared ends")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use hive_synth::fleet::Plan;
use hive_synth::log::{log_entry, new_log};
use hive_synth::{HiveBuilder, Version};
use mapihive::hive::{
    Care, Depth, HiveSource, Image, Links, LogFile, Problems, Reached, Tree, Way, carve, carve_if_any,
};
use mapihive::mapi::families::Families;
use mapihive::mapi::{Mapi, Recovered};
use mapihive::report::{Formulas, TableWriter, dump_rows};
use mapihive::rules;
use mapihive::scan::{Candidate, GivenHives, Hosts, Reading, judge_hive, read_hive};
use mapihive::wintypes::{AnsiCodePage, decode_latin1, decode_utf16le};

fn main() {
    mapihive::hive::survive_failing_pages();
    mapihive::hive::silence_contained_panics();
    divan::main();
}

/// Where the hives are.
struct Made {
    _folder: tempfile::TempDir,
    /// A clean hive with nothing of MAPI.
    large: PathBuf,
    /// A dirty one whose log has a hundred keys.
    dirty: PathBuf,
    /// A small one with profiles.
    profiles: PathBuf,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut builder = HiveBuilder::new(Version::V1_5);
    for group in 0..60 {
        for number in 0..60 {
            builder
                .key(&format!(r"Software\Vendor{group:02}\Program{number:02}"))
                .sz("Path", &format!(r"C:\Program Files\Vendor {group}\Program {number}\program.exe"))
                .dword("Flags", number)
                .binary("Window", &[0x5a; 44])
                .binary("State", &[0xa5; 120]);
        }
    }
    let mut before = builder.build();
    for number in 0..100 {
        builder.key(&format!(r"Software\Vendor{:02}\Added", number % 60)).dword(&number.to_string(), 1);
    }
    let after = builder.build();
    let large = std::env::var_os("MAPIHIVE_BENCH_HIVE")
        .map_or_else(|| write("LARGE.DAT", &after.bytes), PathBuf::from);
    let log = new_log(&after.bytes, 2, &[log_entry(&before.bytes, &after.bytes, 2)]);
    before.set_sequences(2, 1);
    let dirty = write("DIRTY.DAT", &before.bytes);
    write("DIRTY.DAT.LOG1", &log);
    let host = Plan { hives: 40, hives_per_host: 40, seed: 1 }.host(0);
    let user = host.files.iter().filter(|file| file.path.ends_with("NTUSER.DAT"));
    let profiles = write("NTUSER.DAT", &user.max_by_key(|file| file.bytes.len()).unwrap().bytes);
    Made { _folder: folder, large, dirty, profiles }
});

fn open(path: &Path, way: Way) -> Image {
    let source = HiveSource::open(path, Links::Follow).unwrap();
    Image::open(&source, Vec::new(), way, &mut Problems::default()).unwrap()
}

fn size(path: &Path) -> BytesCount {
    BytesCount::new(std::fs::metadata(path).unwrap().len())
}

#[divan::bench]
fn open_mapped(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| open(&MADE.large, Way::Map).root());
}

#[divan::bench]
fn open_read_whole(bencher: Bencher<'_, '_>) {
    bencher.counter(size(&MADE.large)).bench_local(|| open(&MADE.large, Way::Read).root());
}

#[divan::bench]
fn open_replayed(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| {
        let source = HiveSource::open(&MADE.dirty, Links::Follow).unwrap();
        let log = HiveSource::open(&MADE.dirty.with_extension("DAT.LOG1"), Links::Follow).unwrap();
        let logs = vec![LogFile::read("DIRTY.DAT.LOG1", &log, Way::Read)];
        Image::open(&source, logs, Way::Read, &mut Problems::default()).unwrap().state()
    });
}

/// Every key and value with its data, as `dump` reads them but for their hashes; with [`Care::Once`], as `scan` reads lists.
#[divan::bench(args = [Care::Once, Care::Compare])]
fn walk(bencher: Bencher<'_, '_>, care: Care) {
    let image = open(&MADE.large, Way::Read);
    bencher.counter(size(&MADE.large)).bench_local(|| {
        let tree = Tree::new(&image, care);
        let mut problems = Problems::default();
        let mut bytes = 0;
        tree.walk(tree.root().unwrap(), "", &mut Reached::default(), &mut problems, |step, problems| {
            for value in step.key.values(step.path, problems).items {
                bytes += tree.data(&value).map_or(0, |data| data.bytes.len());
            }
        });
        bytes
    });
}

#[divan::bench]
fn find_a_key(bencher: Bencher<'_, '_>) {
    let image = open(&MADE.large, Way::Read);
    bencher.bench_local(|| {
        let tree = Tree::new(&image, Care::Once);
        let root = tree.root().unwrap();
        root.descendant(black_box(r"Software\Vendor59\Program59")).is_absent()
    });
}

#[divan::bench(args = [Depth::Default, Depth::Deep])]
fn recover_all(bencher: Bencher<'_, '_>, depth: Depth) {
    let image = open(&MADE.large, Way::Read);
    bencher.counter(size(&MADE.large)).bench_local(|| {
        carve(image.bins(), image.tail(), image.root(), depth, &mut Problems::default()).keys.len()
    });
}

#[divan::bench]
fn recover_nothing_of_interest(bencher: Bencher<'_, '_>) {
    let image = open(&MADE.large, Way::Read);
    bencher.counter(size(&MADE.large)).bench_local(|| {
        let problems = &mut Problems::default();
        carve_if_any(image.bins(), image.tail(), image.root(), Depth::Default, |_| false, problems).complete
    });
}

#[divan::bench]
fn read_profiles(bencher: Bencher<'_, '_>) {
    let image = open(&MADE.profiles, Way::Read);
    bencher.bench_local(|| {
        let tree = Tree::new(&image, Care::Once);
        Mapi::read(&tree, Families::built_in(), AnsiCodePage::UNKNOWN, &mut Problems::default()).roots.len()
    });
}

#[divan::bench]
fn recover_profiles(bencher: Bencher<'_, '_>) {
    let image = open(&MADE.profiles, Way::Read);
    let tree = Tree::new(&image, Care::Once);
    let mapi = Mapi::read(&tree, Families::built_in(), AnsiCodePage::UNKNOWN, &mut Problems::default());
    bencher.bench_local(|| {
        Recovered::read(&image, &mapi, None, Depth::Default, &mut Problems::default()).keys.len()
    });
}

fn reading(care: Care, way: Way) -> Reading {
    let (families, ansi) = (Families::built_in(), AnsiCodePage::UNKNOWN);
    Reading {
        care,
        way,
        logs: true,
        recovery: Some(Depth::Default),
        families,
        hash: false,
        fleet: false,
        ansi,
    }
}

/// From the path to findings, as `scan` does for each hive.
#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let candidate = Candidate::named(&MADE.profiles);
    bencher.bench_local(|| {
        let hosts = Hosts::of([&candidate], &GivenHives::default(), true);
        judge_hive(&candidate, reading(Care::Once, Way::Map), &hosts, rules::ALL).judged.findings.len()
    });
}

/// From the path to rows, as `dump` does.
#[divan::bench]
fn dump(bencher: Bencher<'_, '_>) {
    let candidate = Candidate::named(&MADE.large);
    bencher.counter(size(&MADE.large)).bench_local(|| {
        let mut table = TableWriter::headless(std::io::sink(), Formulas::AsTheyAre);
        let read = read_hive(&candidate, reading(Care::Compare, Way::Read), |hive, problems| {
            (None, dump_rows(hive, problems, |row| table.write(row)))
        });
        read.1.unwrap().unwrap();
    });
}

#[divan::bench]
fn decode_names(bencher: Bencher<'_, '_>) {
    bencher.bench(|| decode_latin1(black_box(b"9375CFF0413111d3B88A00104B2A6676")));
}

#[divan::bench]
fn decode_text(bencher: Bencher<'_, '_>) {
    let text: Vec<u8> =
        r"C:\Documents and Settings\svc-mail\outlook.pst".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bencher.bench(|| decode_utf16le(black_box(&text)));
}
