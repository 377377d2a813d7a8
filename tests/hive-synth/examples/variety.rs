//! Writes one hive for every version and kind of list, and beside each a table of what is in it, for comparison with
//! independent readers: `cargo run -p hive-synth --example variety -- FOLDER`.
//!
//! Table columns: `key`, path, last-written ticks, class; or `value`, path, name, type, data in hexadecimal. Paths and
//! names are UTF-16BE in hexadecimal with `/` between the names of a path, since not all are valid text.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use hive_synth::{
    HiveBuilder, KeyId, ListKind, REG_BINARY, REG_NONE, REG_SZ, SECOND, SecurityDescriptor, Version,
    filetime, utf16,
};

fn main() -> std::io::Result<()> {
    let folder = env::args().nth(1).expect("a folder");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let versions = [Version::V1_2, Version::V1_3, Version::V1_4, Version::V1_5, Version::V1_6];
    for version in versions {
        for (leaf_name, leaf_size) in [("leaf", None), ("ri", Some(3))] {
            for kind in [ListKind::Index, ListKind::Fast, ListKind::Hash] {
                let mut variety = Variety::new(version);
                variety.hive.list_kind(kind);
                if let Some(size) = leaf_size {
                    variety.hive.leaf_size(size);
                }
                variety.fill();
                let name = format!("v1_{}-{kind:?}-{leaf_name}", version.minor());
                fs::write(folder.join(format!("{name}.hive")), variety.hive.build().bytes)?;
                fs::write(folder.join(format!("{name}.tsv")), variety.table)?;
            }
        }
    }
    write_dirty(folder)
}

/// A dirty hive of two changes, both in logs of the new format, one each, or both in one log of the old format; and
/// what Windows would make of it.
fn write_dirty(folder: &Path) -> std::io::Result<()> {
    let time = filetime(2020, 1, 2, 3, 4, 5, 0);
    let state = |changes: usize| {
        let mut hive = HiveBuilder::new(Version::V1_5);
        hive.last_written(time).key("Stays").binary("large", &[7; 9000]);
        for change in 0..changes {
            hive.key(&format!("Change {change}")).binary("data", &vec![1; 5000 * (change + 1)]);
        }
        hive.build()
    };
    let states = [state(0), state(1), state(2)];
    let mut primary = states[0].clone();
    primary.set_sequences(2, 1);
    let entry = |number: usize, sequence| {
        hive_synth::log::log_entry(&states[number].bytes, &states[number + 1].bytes, sequence)
    };
    let log = |sequence, entry: Vec<u8>| hive_synth::log::new_log(&states[2].bytes, sequence, &[entry]);
    fs::write(folder.join("dirty.DAT"), &primary.bytes)?;
    fs::write(folder.join("dirty.DAT.LOG1"), log(2, entry(0, 2)))?;
    fs::write(folder.join("dirty.DAT.LOG2"), log(3, entry(1, 3)))?;
    let old = hive_synth::log::old_log(&primary.bytes, &states[2].bytes, hive_synth::log::OLD_LOG, (2, 2));
    fs::write(folder.join("dirty-old.DAT"), &primary.bytes)?;
    fs::write(folder.join("dirty-old.DAT.LOG1"), old)?;
    fs::write(folder.join("dirty.recovered"), &states[2].bytes)
}

struct Variety {
    hive: HiveBuilder,
    table: String,
    time: u64,
}

impl Variety {
    fn new(version: Version) -> Self {
        Self {
            hive: HiveBuilder::new(version),
            table: String::new(),
            time: filetime(1999, 4, 28, 2, 0, 0, 123),
        }
    }

    fn fill(&mut self) {
        self.hive
            .sequences(7, 7)
            .last_written(filetime(2003, 2, 3, 4, 5, 6, 7))
            .file_name(r"\??\C:\Documents and Settings\svc-mail\NTUSER.DAT")
            .root_security(&SecurityDescriptor::user_hive("S-1-5-21-1004336348-1177238915-682003330-1104"));
        let root = self.hive.root().id();
        self.key(root, &[], "");

        let values = self.child(root, &[], &utf16("Values"), "");
        let path = [utf16("Values")];
        self.value(values, &path, "", REG_SZ, &hive_synth::utf16_nul("the unnamed value"));
        for length in 0..=9_u8 {
            let data: Vec<u8> = (1..=length).collect();
            self.value(values, &path, &format!("binary {length}"), REG_BINARY, &data);
        }
        self.value(values, &path, "text", REG_SZ, &hive_synth::utf16_nul("grüße"));
        self.value(values, &path, "naïve", REG_BINARY, b"latin-1 name");
        self.value(values, &path, "имя", REG_BINARY, b"utf-16 name");
        self.value(values, &path, "tab\tand\u{1}", REG_BINARY, b"control characters");
        self.value(values, &path, "unknown type", 0x8000_1234, b"unknown type");
        self.value(values, &path, "none", REG_NONE, b"none");
        for length in [4096, 16_344, 16_345, 32_688, 32_689, 70_000] {
            let data: Vec<u8> = (0..=250).cycle().take(length).collect();
            self.value(values, &path, &format!("large {length}"), REG_BINARY, &data);
        }

        let names = self.child(root, &[], &utf16("Names"), "with a class");
        for name in
            ["b", "A", "c", "_", "Ünïcode", "ключ", "tab\tname", "a\u{1}b", "Zebra", "zeBRB", "\u{ff21}wide"]
        {
            self.child(names, &[utf16("Names")], &utf16(name), "");
        }
        let other = SecurityDescriptor::user_hive("S-1-5-20");
        let secured = self.child(root, &[], &utf16("Secured"), "");
        self.hive.by_id(secured).security(&other);
        self.child(secured, &[utf16("Secured")], &utf16("inherits"), "another class");

        let many = self.child(root, &[], &utf16("Many"), "");
        for number in 0..700 {
            self.child(many, &[utf16("Many")], &utf16(&format!("key {number}")), "");
        }
        let mut deep = (root, Vec::new());
        for level in 0..60 {
            let name = utf16(&format!("level {level}"));
            let id = self.child(deep.0, &deep.1, &name, "");
            deep.1.push(name);
            deep.0 = id;
        }
    }

    fn child(&mut self, parent: KeyId, path: &[Vec<u16>], name: &[u16], class: &str) -> KeyId {
        let id = self.hive.by_id(parent).raw_key(name).id();
        let path: Vec<Vec<u16>> = path.iter().cloned().chain([name.to_vec()]).collect();
        self.key(id, &path, class);
        id
    }

    fn key(&mut self, id: KeyId, path: &[Vec<u16>], class: &str) {
        self.time += SECOND;
        self.hive.by_id(id).written(self.time).class(class);
        writeln!(self.table, "key\t{}\t{}\t{}", hex_path(path), self.time, hex(&utf16(class)))
            .expect("memory");
    }

    fn value(&mut self, id: KeyId, path: &[Vec<u16>], name: &str, kind: u32, data: &[u8]) {
        self.hive.by_id(id).value(name, kind, data);
        let bytes = data.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let (path, name) = (hex_path(path), hex(&utf16(name)));
        writeln!(self.table, "value\t{path}\t{name}\t{kind}\t{bytes}").expect("memory");
    }
}

fn hex_path(path: &[Vec<u16>]) -> String {
    path.iter().map(|name| hex(name)).collect::<Vec<_>>().join("/")
}

fn hex(units: &[u16]) -> String {
    units.iter().fold(String::new(), |text, unit| text + &format!("{unit:04x}"))
}
