//! What the stories promise, checked with a reader of their own: small, trusting, and of no use elsewhere.

use std::collections::BTreeMap;

use super::stories::{
    ALL, Event, Happened, NEW_SERVER, OLD_SERVER, Step, Tale, calendar_connector, deleted_while_in_use,
    internet_mail_service, recreated_under_the_same_name, removed_by_second_session,
};
use super::{CopiedHive, LivingHive, LogFormat};
use crate::log::marvin32;
use crate::mapi::{DELETED_PROFILES, OUTLOOK_16_PROFILES, PROFILES};
use crate::synth_hive::checksum;
use crate::{BASE_BLOCK_SIZE, HiveBuilder, NOWHERE, REG_BINARY, Version, filetime, name_hash, utf16};

const TIME: u64 = filetime(2004, 3, 1, 0, 0, 0, 0);

fn all_steps() -> impl Iterator<Item = (LogFormat, Step)> {
    let stories = LogFormat::ALL.into_iter().flat_map(|format| ALL.map(|(_, story)| (format, story)));
    stories.flat_map(|(format, story)| story(format).into_iter().map(move |step| (format, step)))
}

fn step(steps: &[Step], name: &str) -> Step {
    steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("no step {name}")).clone()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

// ---- a reader ------------------------------------------------------------------------------------------------------

/// The cells with their sizes and bytes; fails where they do not tile their bins.
fn cells(hive: &[u8]) -> BTreeMap<u32, (i32, &[u8])> {
    let mut cells = BTreeMap::new();
    let mut bin = BASE_BLOCK_SIZE;
    assert_eq!(u32_at(hive, 40) as usize, hive.len() - BASE_BLOCK_SIZE);
    while bin < hive.len() {
        assert_eq!(&hive[bin..bin + 4], b"hbin");
        assert_eq!(u32_at(hive, bin + 4) as usize, bin - BASE_BLOCK_SIZE);
        let end = bin + u32_at(hive, bin + 8) as usize;
        let (mut cell, mut after_free) = (bin + 32, false);
        while cell < end {
            let size = u32_at(hive, cell).cast_signed();
            let next = cell + size.unsigned_abs() as usize;
            assert!(size != 0 && size % 8 == 0 && next <= end);
            assert!(!(after_free && size > 0), "two free cells side by side at {cell:#x}");
            after_free = size > 0;
            cells.insert(u32::try_from(cell - BASE_BLOCK_SIZE).unwrap(), (size, &hive[cell + 4..next]));
            cell = next;
        }
        bin = end;
    }
    cells
}

/// All keys and values by path, each with its time or its data; fails where a record contradicts another, and where a
/// cell is allocated that nothing names, or named and free.
fn tree(hive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let cells = cells(hive);
    let mut tree = BTreeMap::new();
    let mut named: BTreeMap<u32, u32> = BTreeMap::new();
    let mut waiting = vec![(u32_at(hive, 36), NOWHERE, String::new())];
    while let Some((nk, parent, path)) = waiting.pop() {
        let mut cell = |offset: u32| {
            *named.entry(offset).or_default() += 1;
            let (size, data) = cells[&offset];
            assert!(size < 0, "{path}: the cell at {offset:#x} is free");
            data
        };
        let data = cell(nk);
        assert_eq!(&data[..2], b"nk");
        if parent != NOWHERE {
            assert_eq!(u32_at(data, 16), parent, "{path}");
        }
        tree.insert(path.clone(), data[4..12].to_vec());
        assert_eq!(&cell(u32_at(data, 44))[..2], b"sk");

        let (count, list) = (u32_at(data, 20) as usize, u32_at(data, 28));
        assert_eq!(count == 0, list == NOWHERE, "{path}");
        if count > 0 {
            let list = cell(list);
            assert_eq!(usize::from(list[2]) | usize::from(list[3]) << 8, count, "{path}");
            let mut in_order = Vec::new();
            for index in 0..count {
                let child = u32_at(list, 4 + 8 * index);
                let record = cells[&child].1;
                let name = String::from_utf8(record[76..76 + usize::from(record[72])].to_vec()).unwrap();
                if &list[..2] == b"lh" {
                    assert_eq!(u32_at(list, 8 + 8 * index), name_hash(&utf16(&name)));
                } else {
                    assert_eq!(&list[..2], b"lf");
                    let hint = name.bytes().chain([0; 4]).take(4).collect::<Vec<u8>>();
                    assert_eq!(list[8 + 8 * index..12 + 8 * index], hint);
                }
                waiting.push((child, nk, format!(r"{path}\{name}")));
                in_order.push(name.to_uppercase());
            }
            assert!(in_order.is_sorted_by(|one, next| one < next), "{path}: {in_order:?}");
        }
        let (count, list) = (u32_at(data, 36) as usize, u32_at(data, 40));
        assert_eq!(count == 0, list == NOWHERE, "{path}");
        for index in 0..count {
            let list = cells[&list].1;
            let vk = cell(u32_at(list, 4 * index));
            assert_eq!(&vk[..2], b"vk");
            let name = String::from_utf8(vk[20..20 + usize::from(vk[2])].to_vec()).unwrap();
            let size = u32_at(vk, 4);
            let data = match size >> 31 {
                1 => &vk[8..8 + (size & 0xFFFF) as usize],
                _ => &cell(u32_at(vk, 8))[..size as usize],
            };
            tree.insert(format!("{path} : {name}"), data.to_vec());
        }
        if count > 0 {
            cell(list);
        }
    }
    for (offset, (size, data)) in &cells {
        assert_eq!(*size < 0, named.contains_key(offset), "the cell at {offset:#x}");
        if *size < 0 && data.starts_with(b"sk") {
            assert_eq!(u32_at(data, 12), named[offset], "users of the security at {offset:#x}");
        }
    }
    tree
}

/// The hive bins data that applying the logs gives.
fn replayed(copy: &CopiedHive) -> Vec<u8> {
    let mut hive = copy.primary.clone();
    assert_eq!(u32_at(&hive, 508), checksum(&hive[..508]));
    if !copy.is_dirty() {
        return hive[BASE_BLOCK_SIZE..].to_vec();
    }
    let mut logs: Vec<&[u8]> =
        copy.logs.iter().map(|(_, log)| &log[..]).filter(|log| !log.is_empty()).collect();
    logs.sort_by_key(|log| u32_at(log, 4));
    let secondary = u32_at(&hive, 8);
    let mut last = None;
    for log in logs {
        assert_eq!(u32_at(log, 508), checksum(&log[..508]));
        assert_eq!(u32_at(log, 4), u32_at(log, 8));
        if u32_at(log, 28) == 1 {
            assert_eq!(log[12..20], hive[12..20], "the time of log and primary");
            apply_dirty_pages(&mut hive, log);
            continue;
        }
        assert_eq!(u32_at(log, 28), 6);
        if u32_at(log, 4) >= secondary && last.is_none_or(|last| u32_at(log, 4) == last + 1) {
            last = apply_entries(&mut hive, log).or(last);
        }
    }
    hive[BASE_BLOCK_SIZE..].to_vec()
}

fn apply_dirty_pages(hive: &mut Vec<u8>, log: &[u8]) {
    assert_eq!(&log[512..516], b"DIRT");
    let sectors = u32_at(log, 40) as usize / 512;
    hive.resize(BASE_BLOCK_SIZE + sectors * 512, 0);
    let mut page = (516 + sectors / 8).next_multiple_of(512);
    for sector in (0..sectors).filter(|sector| log[516 + sector / 8] >> (sector % 8) & 1 == 1) {
        let at = BASE_BLOCK_SIZE + 512 * sector;
        hive[at..at + 512].copy_from_slice(&log[page..page + 512]);
        page += 512;
    }
}

fn apply_entries(hive: &mut Vec<u8>, log: &[u8]) -> Option<u32> {
    let (mut at, mut next, mut last) = (512, u32_at(log, 4), None);
    while let Some(entry) = entry_at(log, at, next) {
        hive.resize(hive.len().max(BASE_BLOCK_SIZE + u32_at(entry, 16) as usize), 0);
        let count = u32_at(entry, 20) as usize;
        let mut page = 40 + 8 * count;
        for reference in 0..count {
            let (offset, size) = (u32_at(entry, 40 + 8 * reference), u32_at(entry, 44 + 8 * reference));
            let (target, size) = (BASE_BLOCK_SIZE + offset as usize, size as usize);
            hive[target..target + size].copy_from_slice(&entry[page..page + size]);
            page += size;
        }
        last = Some(next);
        next += 1;
        at += entry.len();
    }
    last
}

fn entry_at(log: &[u8], at: usize, sequence: u32) -> Option<&[u8]> {
    let entry = log.get(at..)?;
    if !entry.starts_with(b"HvLE") || u32_at(entry, 12) != sequence {
        return None;
    }
    let entry = entry.get(..u32_at(entry, 4) as usize)?;
    let hash = |at: usize| u64::from_le_bytes(entry[at..at + 8].try_into().unwrap());
    (hash(24) == marvin32(&entry[40..]) && hash(32) == marvin32(&entry[..32])).then_some(entry)
}

fn free_bytes(hive: &[u8]) -> Vec<u8> {
    cells(hive).values().filter(|(size, _)| *size > 0).flat_map(|(_, data)| data.to_vec()).collect()
}

fn names_below(state: &[u8], root: &str) -> Vec<String> {
    let below = format!(r"\{root}\");
    let tree = tree(state);
    let paths = tree.keys().filter(|path| !path.contains(" : ")).filter_map(|path| path.strip_prefix(&below));
    paths.filter(|rest| !rest.contains('\\')).map(str::to_owned).collect()
}

// ---- the hive ------------------------------------------------------------------------------------------------------

fn small_hive(format: LogFormat) -> LivingHive {
    let mut description = HiveBuilder::new(Version::V1_5);
    description.key("A").sz("text", "some text").written(TIME);
    LivingHive::new(&description, format)
}

#[test]
fn changes_stamp_what_windows_stamps() {
    let mut hive = small_hive(LogFormat::Windows81);
    hive.create_key(r"A\b\c", TIME + 1);
    assert_eq!(["A", r"A\b", r"A\b\c"].map(|path| hive.written(path)), [TIME + 1; 3]);
    hive.set_value(r"A\b\c", "v", REG_BINARY, &[1; 20], TIME + 2);
    assert_eq!(hive.written(r"A\b\c"), TIME + 2);
    assert_eq!(hive.written(r"A\b"), TIME + 1);
    hive.delete_value(r"A\b\c", "V", TIME + 3);
    assert_eq!(hive.written(r"a\B\C"), TIME + 3);
    hive.delete_key(r"A\b\c", TIME + 4);
    assert_eq!(["A", r"A\b"].map(|path| hive.written(path)), [TIME + 1, TIME + 4]);
    assert!(hive.subkeys(r"A\b").is_empty());
    tree(&hive.state());
}

#[test]
fn values_are_read_as_they_were_set() {
    let mut hive = small_hive(LogFormat::Xp);
    for (index, size) in [0, 3, 4, 5, 100, 60, 2, 5_000].into_iter().enumerate() {
        let data = vec![u8::try_from(index).unwrap(); size];
        hive.set_value("A", "changed", REG_BINARY, &data, TIME);
        hive.set_value("A", &format!("kept {index}"), REG_BINARY, &data, TIME);
        assert_eq!(hive.value("A", "CHANGED"), Some((REG_BINARY, data)));
        tree(&hive.state());
    }
    assert_eq!(hive.values("A").len(), 10);
    assert_eq!(hive.value("A", "kept 4").unwrap().1, [4; 100]);
}

#[test]
fn a_hive_grows_by_bins_and_takes_what_is_free_again() {
    let mut hive = small_hive(LogFormat::Windows81);
    let size = hive.state().len();
    for index in 0..60 {
        hive.create_key(&format!(r"Many\{index}"), TIME);
        hive.set_value(&format!(r"Many\{index}"), "v", REG_BINARY, &[7; 100], TIME);
    }
    let grown = hive.state().len();
    assert!(grown > size);
    assert_eq!(hive.subkeys("Many").len(), 60);
    hive.delete_tree("Many", TIME + 1);
    tree(&hive.state());
    hive.create_key("Again", TIME + 2);
    hive.set_value("Again", "large", REG_BINARY, &[8; 3_000], TIME + 2);
    assert_eq!(hive.state().len(), grown);
    tree(&hive.state());
}

#[test]
fn a_deleted_key_keeps_its_values_and_loses_its_subkeys() {
    let mut hive = small_hive(LogFormat::Windows81);
    hive.create_key(r"A\parent\child", TIME);
    hive.set_value(r"A\parent", "value of the parent", REG_BINARY, &[0x5A; 40], TIME);
    let before = hive.state();
    let nk = before.windows(6).position(|window| window == b"parent").unwrap() - 76;
    hive.delete_tree(r"A\parent", TIME + 1);
    let after = hive.state();
    assert_eq!(&after[nk..nk + 2], b"nk");
    assert_eq!((u32_at(&after, nk + 20), u32_at(&after, nk + 28)), (0, NOWHERE));
    assert_eq!((u32_at(&after, nk + 36), u32_at(&after, nk + 40)), (1, u32_at(&before, nk + 40)));
    assert!(contains(&free_bytes(&after), b"value of the parent"));
    assert!(contains(&free_bytes(&after), &[0x5A; 40]));
}

#[test]
fn a_move_makes_new_keys() {
    let mut hive = small_hive(LogFormat::Windows81);
    hive.create_key(r"A\from\section", TIME);
    hive.set_value(r"A\from\section", "v", REG_BINARY, b"moved", TIME);
    hive.move_tree(r"A\from", r"A\gone\to", TIME + 9);
    assert!(!hive.has_key(r"A\from"));
    assert_eq!([r"A\gone\to", r"A\gone\to\section"].map(|path| hive.written(path)), [TIME + 9; 2]);
    assert_eq!(hive.value(r"A\gone\to\section", "v").unwrap().1, b"moved");
    tree(&hive.state());
}

#[test]
#[should_panic(expected = "no key with subkeys")]
fn a_key_with_subkeys_is_not_deleted() {
    let mut hive = small_hive(LogFormat::Xp);
    hive.create_key(r"A\b", TIME);
    hive.delete_key("A", TIME);
}

#[test]
#[should_panic(expected = "values over 16344 bytes")]
fn large_values_are_refused() {
    small_hive(LogFormat::Xp).set_value("A", "v", REG_BINARY, &[0; 16_345], TIME);
}

// ---- the disk ------------------------------------------------------------------------------------------------------

fn sequences(file: &[u8]) -> (u32, u32) {
    (u32_at(file, 4), u32_at(file, 8))
}

#[test]
fn entries_count_on_and_logs_alternate() {
    let mut hive = small_hive(LogFormat::Windows81);
    let set = |hive: &mut LivingHive, byte: u8| {
        hive.set_value("A", "v", REG_BINARY, &[byte; 6], TIME);
        hive.flush(TIME);
        hive.copy()
    };
    let one = set(&mut hive, 1);
    assert_eq!((sequences(&one.primary), sequences(one.log("LOG1"))), ((2, 1), (1, 1)));
    let two = set(&mut hive, 2);
    assert_eq!((sequences(&two.primary), sequences(two.log("LOG1"))), ((2, 1), (1, 1)));
    assert!(two.log("LOG2").is_empty());
    hive.reconcile();
    assert_eq!(sequences(&hive.copy().primary), (3, 3));
    assert_eq!(hive.copy().primary, hive.state());
    let three = set(&mut hive, 3);
    assert_eq!((sequences(&three.primary), sequences(three.log("LOG2"))), ((4, 3), (3, 3)));
    assert_eq!(three.log("LOG1"), two.log("LOG1"));
    hive.reconcile();
    let four = set(&mut hive, 4);
    assert_eq!(sequences(four.log("LOG1")), (4, 4));
    assert_eq!(four.log("LOG1").len(), two.log("LOG1").len(), "the second entry stays behind the new one");
    assert_eq!(u32_at(&four.log("LOG1")[four.log("LOG2").len()..], 12), 2);
    assert_eq!(replayed(&four), hive.state()[BASE_BLOCK_SIZE..]);
}

#[test]
fn an_old_log_leads_as_far_as_its_version_of_windows_does() {
    for (format, suffix, logged, clean) in
        [(LogFormat::Xp, "LOG", (2, 2), (3, 3)), (LogFormat::Vista, "LOG1", (2, 2), (2, 2))]
    {
        let mut hive = small_hive(format);
        hive.create_key("B", TIME);
        hive.flush(TIME + 5);
        let copy = hive.copy();
        assert_eq!((sequences(copy.log(suffix)), sequences(&copy.primary)), (logged, clean));
        assert_eq!(copy.primary, hive.state());
        assert_eq!(copy.primary[12..20], (TIME + 5).to_le_bytes());
        assert_eq!(copy.primary[BASE_BLOCK_SIZE + 20..BASE_BLOCK_SIZE + 28], (TIME + 5).to_le_bytes());

        hive.create_key("C", TIME + 6);
        hive.crash_while_writing_primary(TIME + 7, 0);
        let copy = hive.copy();
        let half_way = if format == LogFormat::Xp { (5, 4) } else { (3, 2) };
        assert_eq!(sequences(&copy.primary), half_way);
        assert!(copy.is_dirty());
        assert_eq!(replayed(&copy), hive.durable()[BASE_BLOCK_SIZE..]);
        hive.recover();
        assert!(hive.has_key("C"));
        assert_eq!(hive.copy().primary, hive.state());

        hive.create_key("D", TIME + 8);
        hive.crash_while_writing_log(TIME + 9, 700);
        assert!(!hive.copy().is_dirty());
        assert_eq!(hive.copy().primary, hive.durable());
        hive.recover();
        assert!(!hive.has_key("D"));
    }
}

/// Numbers that look drawn and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Keys with their values.
type Model = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// One change to the hive and to what it should hold by then.
fn change(hive: &mut LivingHive, model: &mut Model, dice: &mut Dice, time: u64) {
    let keys: Vec<String> = model.keys().cloned().collect();
    let key = keys[dice.below(keys.len())].clone();
    let doomed = |model: &Model| -> Vec<String> {
        let below = format!(r"{key}\");
        model.keys().filter(|path| **path == key || path.starts_with(&below)).cloned().collect()
    };
    match dice.below(10) {
        0..3 => {
            let new = format!(r"{key}\key {}", dice.below(1_000));
            if !model.contains_key(&new) && new.matches('\\').count() < 8 {
                hive.create_key(&new, time);
                model.insert(new, BTreeMap::new());
            }
        }
        3..7 => {
            let (name, length) = (format!("value {}", dice.below(8)), [0, 4, 30, 300, 2_000][dice.below(5)]);
            let data = vec![u8::try_from(dice.below(256)).unwrap(); length];
            hive.set_value(&key, &name, REG_BINARY, &data, time);
            model.get_mut(&key).unwrap().insert(name, data);
        }
        7 => {
            let values = model.get_mut(&key).unwrap();
            if let Some((name, _)) = values.pop_last() {
                hive.delete_value(&key, &name, time);
            }
        }
        8 if key != "A" => {
            hive.delete_tree(&key, time);
            for path in doomed(model) {
                model.remove(&path);
            }
        }
        9 if key != "A" => {
            let to = format!(r"A\moved {}", dice.below(1_000));
            if !model.contains_key(&to) {
                hive.move_tree(&key, &to, time);
                for path in doomed(model) {
                    let values = model.remove(&path).unwrap();
                    model.insert(format!("{to}{}", &path[key.len()..]), values);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn whatever_happens_the_hive_stays_sound_and_the_logs_lead_to_it() {
    for (seed, format) in (0..6).flat_map(|seed| LogFormat::ALL.map(|format| (seed, format))) {
        let mut dice = Dice(seed);
        let mut hive = small_hive(format);
        let mut model = BTreeMap::from([("A".to_owned(), BTreeMap::new())]);
        hive.delete_value("A", "text", TIME);
        let (mut durable, mut divided) = (model.clone(), false);
        for round in 0..150 {
            let time = TIME + round;
            for _ in 0..dice.below(12) {
                change(&mut hive, &mut model, &mut dice, time);
            }
            hive.set_value("A", "round", REG_BINARY, &round.to_le_bytes(), time);
            model.get_mut("A").unwrap().insert("round".to_owned(), round.to_le_bytes().to_vec());
            match dice.below(8) {
                0 => hive.crash_while_writing_log(time, 100),
                1 if format.is_old() => {
                    hive.crash_while_writing_primary(time, dice.below(2));
                    durable.clone_from(&model);
                }
                what => {
                    hive.flush(time);
                    durable.clone_from(&model);
                    match what {
                        2 | 3 if !format.is_old() => {
                            hive.reconcile();
                            divided = false;
                        }
                        5 if !format.is_old() && !divided => {
                            hive.switch_log();
                            divided = true;
                        }
                        4 if !format.is_old() && hive.copy().is_dirty() => {
                            hive.crash_while_writing_primary(time, 0);
                        }
                        _ => {}
                    }
                }
            }
            let copy = hive.copy();
            assert!(replayed(&copy) == hive.durable()[BASE_BLOCK_SIZE..], "{format:?}, {seed}, {round}");
            if dice.below(4) == 0 || round == 149 {
                let mut found: Model = BTreeMap::new();
                for (path, data) in tree(&hive.durable()) {
                    match path.split_once(" : ") {
                        Some((key, value)) => {
                            found.get_mut(&key[1..]).unwrap().insert(value.to_owned(), data);
                        }
                        None if path.is_empty() => {}
                        None => drop(found.insert(path[1..].to_owned(), BTreeMap::new())),
                    }
                }
                assert!(found == durable, "{format:?}, {seed}, {round}");
            }
            if hive.has_crashed() {
                hive.recover();
                divided = false;
                model.clone_from(&durable);
            }
        }
    }
}

// ---- the stories ---------------------------------------------------------------------------------------------------

#[test]
fn every_state_is_a_sound_hive() {
    for (_, step) in all_steps() {
        tree(&step.state);
        assert_eq!(sequences(&step.state).0, sequences(&step.state).1);
        assert_eq!(u32_at(&step.state, 508), checksum(&step.state[..508]));
    }
}

#[test]
fn applying_the_logs_of_a_copy_gives_its_state() {
    let mut dirty = 0;
    for (format, step) in all_steps() {
        assert!(replayed(&step.copy) == step.state[BASE_BLOCK_SIZE..], "{format:?}, {}", step.name);
        dirty += usize::from(step.copy.is_dirty());
    }
    assert!(dirty > 20, "{dirty} dirty copies");
}

#[test]
fn every_story_has_clean_and_dirty_copies_in_every_format() {
    for format in LogFormat::ALL {
        for (name, story) in ALL {
            let steps = story(format);
            assert!(steps.iter().any(|step| step.copy.is_dirty()), "{format:?}, {name}");
            assert!(steps.iter().any(|step| !step.copy.is_dirty()), "{format:?}, {name}");
        }
    }
}

#[test]
fn what_happened_is_told_in_order_and_agrees_with_the_state() {
    for (format, step) in all_steps() {
        assert!(step.happened.is_sorted_by_key(|event| event.time), "{format:?}, {}", step.name);
        let mut there: BTreeMap<String, bool> = BTreeMap::new();
        for Event { happened, subject, .. } in step.happened.iter().filter(|event| event.durable) {
            match happened {
                Happened::ProfileCreated | Happened::ProfileMovedToDeleted => {
                    there.insert(subject.clone(), true)
                }
                Happened::ProfileDeleted => there.insert(subject.clone(), false),
                _ => None,
            };
        }
        let moved = |path: &String| {
            step.happened
                .iter()
                .any(|event| event.happened == Happened::ProfileMovedToDeleted && event.subject != *path)
        };
        let tree = tree(&step.state);
        for (path, expected) in there.iter().filter(|(path, _)| !moved(path)) {
            assert_eq!(
                tree.contains_key(&format!(r"\{path}")),
                *expected,
                "{format:?}, {}: {path}",
                step.name
            );
        }
    }
}

#[test]
fn deleted_profiles_leave_their_bytes() {
    for format in LogFormat::ALL {
        for (story, name) in [
            (internet_mail_service as Tale, "second run reconciled"),
            (calendar_connector, "administrator done"),
            (deleted_while_in_use, "session end reconciled"),
            (removed_by_second_session, "removed by the second session"),
            (recreated_under_the_same_name, "deleted"),
        ] {
            let step = step(&story(format), name);
            let deleted = step.happened.iter().rev().find(|event| event.happened == Happened::ProfileDeleted);
            let profile = deleted.unwrap().subject.rsplit('\\').next().unwrap().to_owned();
            let free = free_bytes(&step.state);
            assert!(contains(&free, profile.as_bytes()), "{format:?}, {name}");
            assert!(contains(&free, b"001e6602"), "{format:?}, {name}");
        }
    }
}

#[test]
fn the_logs_turn_one_run_into_another() {
    let step = step(&internet_mail_service(LogFormat::Windows81), "fourth run after a clean stop");
    let (before, after) = (names_below(&step.copy.primary, PROFILES), names_below(&step.state, PROFILES));
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(before.iter().filter(|name| after.contains(name)).count(), 1);
    let gone = before.iter().find(|name| !after.contains(name)).unwrap();
    assert!(contains(&free_bytes(&step.state), gone.as_bytes()));
}

#[test]
fn remnants_of_earlier_flushes_stay_in_the_logs() {
    let run = |step: &Step, number: usize| {
        let created = step.happened.iter().filter(|event| event.happened == Happened::ProfileCreated);
        let paths: Vec<&str> = created.map(|event| &event.subject[..]).collect();
        paths[number - 1].rsplit('\\').next().unwrap().to_owned()
    };
    let at_new = step(&internet_mail_service(LogFormat::Windows81), "fourth run after a clean stop");
    let logs = at_new.copy.logs.iter().flat_map(|(_, log)| log.clone()).collect::<Vec<u8>>();
    assert!(contains(&logs, run(&at_new, 2).as_bytes()));
    assert!(!contains(&at_new.copy.primary, run(&at_new, 2).as_bytes()));

    for (format, suffix) in [(LogFormat::Xp, "LOG"), (LogFormat::Vista, "LOG1")] {
        let step = step(&internet_mail_service(format), "second run at work");
        let log = step.copy.log(suffix);
        let vector = &log[516..516 + u32_at(log, 40) as usize / 4096];
        let pages: u32 = vector.iter().map(|byte| byte.count_ones() / 8).sum();
        let end = (516 + vector.len()).next_multiple_of(512) + 4096 * pages as usize;
        assert!(contains(&log[end..], b"vk"), "{format:?}");
    }
}

#[test]
fn a_torn_write_loses_what_was_to_be_flushed() {
    for format in LogFormat::ALL {
        let step = step(&internet_mail_service(format), "crash while writing the log");
        let lost: Vec<&Event> = step.happened.iter().filter(|event| !event.durable).collect();
        assert_eq!(lost.iter().filter(|event| event.happened == Happened::ProfileDeleted).count(), 1);
        let tree = tree(&step.state);
        assert_eq!(step.copy.is_dirty(), !format.is_old(), "the entry before the torn one is to be applied");
        for event in lost.iter().filter(|event| event.happened == Happened::ProfileDeleted) {
            assert!(tree.contains_key(&format!(r"\{}", event.subject)), "{format:?}");
        }
    }
}

#[test]
fn a_profile_deleted_in_use_waits_among_the_deleted() {
    let steps = deleted_while_in_use(LogFormat::Vista);
    let moved = step(&steps, "deleted while in use");
    assert!(names_below(&moved.state, PROFILES).is_empty());
    assert_eq!(names_below(&moved.state, DELETED_PROFILES), ["Outlook"]);
    let ended = step(&steps, "session end reconciled");
    assert!(names_below(&ended.state, DELETED_PROFILES).is_empty());
    assert!(tree(&ended.state).contains_key(&format!(r"\{DELETED_PROFILES}")));
}

#[test]
fn the_default_profile_outlives_the_profile() {
    let step = step(&removed_by_second_session(LogFormat::Xp), "removed by the second session");
    let tree = tree(&step.state);
    assert!(tree.contains_key(&format!(r"\{PROFILES} : DefaultProfile")));
    assert!(names_below(&step.state, PROFILES).is_empty());
}

#[test]
fn the_first_profile_of_a_name_is_seen_behind_the_second() {
    for format in LogFormat::ALL {
        let step = step(&recreated_under_the_same_name(format), "made again, reconciled");
        let wide = |text: &str| utf16(text).into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let live: Vec<u8> = tree(&step.state).into_values().flatten().collect();
        assert!(contains(&live, &wide(NEW_SERVER)) && !contains(&live, &wide(OLD_SERVER)), "{format:?}");
        assert!(contains(&free_bytes(&step.state), &wide(OLD_SERVER)), "{format:?}");
    }
    let steps = recreated_under_the_same_name(LogFormat::Windows81);
    assert_eq!(names_below(&step(&steps, "made again").state, OUTLOOK_16_PROFILES), ["Outlook"]);
}
