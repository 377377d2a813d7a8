//! What the tests share: hives on disk and what the library reads from them.

use std::io::Write as _;
use std::path::Path;

use hive_synth::SynthHive;
use mapihive::account::machine::{SamFacts, SoftwareFacts, SystemFacts};
use mapihive::account::{Attribution, HostFacts, MachineHive};
use mapihive::hive::{Care, Depth, HiveSource, Image, Links, LogFile, Offset, Problem, Problems, Tree, Way};
use mapihive::lifecycle;
use mapihive::mapi::families::Families;
use mapihive::mapi::{Mapi, Recovered, before_replay};
use mapihive::report::{DumpRow, Formulas, PropertyRow, TableWriter, deleted_rows, dump_rows, property_rows};
use mapihive::rules::{self, View};
use mapihive::scan::{Candidate, Coverage, GivenHives, HiveReport, Hosts, Reading, judge_hive, read_hive};
use mapihive::wintypes::AnsiCodePage;

use crate::program::{Row, rows};

/// Reads a hive as the scan does, from a file in a folder of its own, and shows what the rules see of it.
///
/// `path` is the path that the hive is taken to have been collected from.
pub fn with_view<T>(hive: &SynthHive, path: &str, use_view: impl FnOnce(&View<'_>, &Problems) -> T) -> T {
    with_view_of_files(&hive.bytes, &[], path, use_view)
}

/// The same of a hive whose host has these machine hives.
pub fn with_view_on_host<T>(
    hive: &[u8],
    logs: &[(&str, &[u8])],
    path: &str,
    host: &HostFacts,
    use_view: impl FnOnce(&View<'_>, &Problems) -> T,
) -> T {
    with_view_of_files(hive, logs, path, |view, problems| {
        let account = view.account.clone().joined(path, host);
        use_view(&View { account: &account, host, ..*view }, problems)
    })
}

/// What machine hives say, each read as the scan reads it: bytes of `SYSTEM`, `SOFTWARE` and `SAM` with their paths.
pub fn host_facts(
    system: Option<(&str, &[u8])>,
    software: Option<(&str, &[u8])>,
    sam: Option<(&str, &[u8])>,
) -> HostFacts {
    fn read<T>(
        hive: Option<(&str, &[u8])>,
        read: impl Fn(&Tree<'_>, &mut Problems) -> T,
    ) -> Option<MachineHive<T>> {
        let (path, bytes) = hive?;
        Some(with_tree(bytes, Care::Once, |image, tree, problems| MachineHive {
            hive_path: path.into(),
            state: image.state(),
            facts: read(tree, problems),
        }))
    }
    HostFacts {
        system: read(system, SystemFacts::read),
        software: read(software, SoftwareFacts::read),
        sam: read(sam, SamFacts::read),
    }
}

/// The same of a hive with its transaction logs, each with its file name.
pub fn with_view_of_files<T>(
    hive: &[u8],
    logs: &[(&str, &[u8])],
    path: &str,
    use_view: impl FnOnce(&View<'_>, &Problems) -> T,
) -> T {
    mapihive::hive::silence_contained_panics();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(Path::new(path).file_name().expect("a file name"));
    std::fs::write(&file, hive).expect("a writable temporary folder");

    let mut problems = Problems::default();
    let open = |path: &Path| HiveSource::open(path, Links::Follow).expect("a readable file");
    let log = |(name, bytes): &(&str, &[u8])| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a writable temporary folder");
        LogFile::read(name, &open(&path), Way::Map)
    };
    let logs = logs.iter().map(log).collect();
    let image = Image::open(&open(&file), logs, Way::Map, &mut problems).expect("a hive");
    let tree = Tree::new(&image, Care::Once);
    let account = Attribution::read(path, &image, &tree, &mut problems);
    let mapi = Mapi::read(&tree, Families::built_in(), AnsiCodePage::UNKNOWN, &mut problems);
    let before = before_replay(&image, Families::built_in(), AnsiCodePage::UNKNOWN);
    let recovered = Recovered::read(&image, &mapi, before.as_ref(), Depth::Default, &mut problems);
    let fates: Vec<_> = image.log_fates().map(|(name, fate)| (name.to_owned(), fate.clone())).collect();
    let view = View {
        base_block: image.base_block(),
        state: image.state(),
        logs: &fates,
        account: &account,
        host: &HostFacts::default(),
        mapi: &mapi,
        before: before.as_ref(),
        recovered: &recovered,
        shown: None,
    };
    use_view(&view, &problems)
}

/// Everything that the commands make of one hive, in memory.
pub struct Examined {
    /// What `scan` says: each list read by one reader.
    pub scan: HiveReport,
    /// The rows of `dump`.
    pub dump: Vec<Row>,
    /// What became of the hive in `dump`: each list read by both readers.
    pub dump_coverage: Coverage,
    /// The rows of `profiles`.
    pub properties: Vec<Row>,
}

/// The same as the commands write it.
pub struct Written {
    /// What `scan` says.
    pub scan: HiveReport,
    /// The table of `dump`.
    pub dump: Vec<u8>,
    /// What became of the hive in `dump`.
    pub dump_coverage: Coverage,
    /// The table of `profiles`.
    pub properties: Vec<u8>,
    /// The deleted rows of `dump --deleted --deep`.
    pub deleted: Vec<u8>,
    /// The events of `timeline`.
    pub timeline: Vec<lifecycle::Event>,
}

/// Puts a hive on disk and lets every command look at it. The file is named as `path` is.
pub fn examine(bytes: &[u8], path: &str) -> Examined {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(Path::new(path).file_name().expect("a file name"));
    std::fs::write(&file, bytes).expect("a writable temporary folder");
    let Written { scan, dump, dump_coverage, properties, .. } = examine_file(&file, path);
    Examined { scan, dump: rows(&dump), dump_coverage, properties: rows(&properties) }
}

/// Lets every command look at a file that is called `path` in all tables.
pub fn examine_file(file: &Path, path: &str) -> Written {
    mapihive::hive::silence_contained_panics();
    let candidate = Candidate {
        opened_at: Some(file.into()),
        host: None,
        hive_path: path.to_owned(),
        links: Links::Follow,
        logs: Candidate::with_logs(file).logs,
        looks_like_a_hive: true,
        inside: None,
        listed: None,
    };
    let hosts = Hosts::of([&candidate], &GivenHives::default(), true);
    let scan = judge_hive(&candidate, reading(Care::Once), &hosts, rules::ALL);
    let (_, properties) = read_hive(&candidate, reading(Care::Once), |hive, problems| {
        let understood = hive.understand(problems);
        let mut table = table::<PropertyRow<'_>>();
        let done = property_rows(hive, &understood.account, &understood.mapi, &understood.recovered, |row| {
            table.write(row)
        });
        done.expect("memory");
        (Some(understood.account), table.finish().expect("memory"))
    });
    let (dump_coverage, dump) = read_hive(&candidate, reading(Care::Compare), |hive, problems| {
        hive.tree.check_bins(problems);
        let mut table = table::<DumpRow<'_>>();
        dump_rows(hive, problems, |row| table.write(row)).expect("memory");
        (None, table.finish().expect("memory"))
    });
    let deep = Reading { recovery: Some(Depth::Deep), ..reading(Care::Compare) };
    let (_, deleted) = read_hive(&candidate, deep, |hive, problems| {
        let mut table = table::<DumpRow<'_>>();
        deleted_rows(hive, problems, |row| table.write(row)).expect("memory");
        (None, table.finish().expect("memory"))
    });
    let (_, timeline) = read_hive(&candidate, reading(Care::Once), |hive, problems| {
        let understood = hive.understand(problems);
        (None, lifecycle::events(&understood.mapi, &understood.recovered))
    });
    Written {
        scan,
        dump: dump.unwrap_or_default(),
        dump_coverage,
        properties: properties.unwrap_or_default(),
        deleted: deleted.unwrap_or_default(),
        timeline: timeline.unwrap_or_default(),
    }
}

/// As the commands read, with the care that each takes.
pub fn reading(care: Care) -> Reading {
    Reading {
        care,
        way: Way::Map,
        logs: true,
        recovery: Some(Depth::Default),
        families: Families::built_in(),
        hash: false,
        fleet: true,
        ansi: AnsiCodePage::UNKNOWN,
    }
}

fn table<R: mapihive::report::Row>() -> TableWriter<Vec<u8>> {
    TableWriter::new::<R>(Vec::new(), Formulas::AsTheyAre).expect("memory")
}

impl Examined {
    /// The paths of all keys that `dump` shows.
    pub fn keys(&self) -> Vec<&str> {
        self.dump.iter().filter(|row| row["kind"] == "key").map(|row| row["key_path"].as_str()).collect()
    }

    /// The row of a key in `dump`.
    pub fn key(&self, path: &str) -> &Row {
        let found = self.dump.iter().find(|row| row["kind"] == "key" && row["key_path"] == path);
        found.unwrap_or_else(|| panic!("no key {path:?} among {:?}", self.keys()))
    }

    /// The names of a key's values in `dump`.
    pub fn values(&self, path: &str) -> Vec<&str> {
        let values = self.dump.iter().filter(|row| row["kind"] == "value" && row["key_path"] == path);
        values.map(|row| row["value_name"].as_str()).collect()
    }

    /// The row of a value in `dump`.
    pub fn value(&self, path: &str, name: &str) -> &Row {
        let mut values = self.dump.iter().filter(|row| row["kind"] == "value" && row["key_path"] == path);
        values
            .find(|row| row["value_name"] == name)
            .unwrap_or_else(|| panic!("no value {name:?} in {path:?}"))
    }

    /// The problems that `dump` met.
    pub fn problems(&self) -> &[Problem] {
        self.dump_coverage.problems.kept()
    }

    /// Whether a problem at this byte of the file says this.
    pub fn names(&self, at: usize, what: &str) -> bool {
        let fits = |problem: &Problem| {
            problem.at == Some(Offset(at as u64)) && problem.error.to_string().contains(what)
        };
        self.problems().iter().any(fits)
    }
}

/// Reads a hive with the library and shows its keys.
pub fn with_tree<T>(
    bytes: &[u8],
    care: Care,
    use_tree: impl FnOnce(&Image, &Tree<'_>, &mut Problems) -> T,
) -> T {
    mapihive::hive::silence_contained_panics();
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a writable temporary folder");
    let mut problems = Problems::default();
    let source = HiveSource::open(file.path(), Links::Follow).expect("a readable file");
    let image = Image::open(&source, Vec::new(), Way::Map, &mut problems).expect("a hive");
    let tree = Tree::new(&image, care);
    use_tree(&image, &tree, &mut problems)
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(b"0123456789abcdef"[usize::from(half)]))
        .collect()
}
