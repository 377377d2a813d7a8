//! What was deleted is recovered with its place, its path and what is doubtful about it; what lives is never told as deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hive_synth::{HiveBuilder, REG_BINARY, SynthHive, Version, filetime, samples};
use mapihive::hive::{
    Bins, Care, Carved, CellOffset, DeletedKey, DeletedValue, Depth, Doubt, Error, Origin, Place, Problems,
    Trust, carve, carve_places,
};

use mapihive::mapi::Recovered;

use crate::program::{Row, manifest_dir, mapihive};
use crate::support::{hex, with_tree};

const KEY: &str = r"Software\Mail\Profile";

/// A hive with one key to delete, which has a value of every storage, and others that stay.
fn builder(version: Version) -> HiveBuilder {
    let mut builder = HiveBuilder::new(version);
    builder.key(r"Software\Mail").dword("stays", 1);
    builder.key(KEY).class("a class").dword("number", 7).sz("text", "some text").binary("", b"0123456789");
    builder.key(&format!(r"{KEY}\section")).sz("inside", "deeper");
    builder.key(r"Software\Other").sz("also stays", "a text that lives on");
    builder
}

fn recover<T>(bytes: &[u8], depth: Depth, look: impl FnOnce(&Carved<'_>, &Problems) -> T) -> T {
    with_tree(bytes, Care::Once, |image, _, _| {
        let bins = image.bins();
        let tail = &bytes[bins.bytes().len()..];
        let mut problems = Problems::default();
        let carved = carve(bins, tail, image.root(), depth, &mut problems);
        look(&carved, &problems)
    })
}

fn key<'c, 'b>(carved: &'c Carved<'b>, path: &str) -> &'c DeletedKey<'b> {
    let found = carved.keys.iter().find(|key| key.path == path);
    found.unwrap_or_else(|| panic!("no key {path:?} among {:?}", paths(carved)))
}

fn paths<'c>(carved: &'c Carved<'_>) -> Vec<&'c str> {
    carved.keys.iter().map(|key| key.path.as_str()).collect()
}

fn value<'c, 'b>(values: &'c [DeletedValue<'b>], name: &str) -> &'c DeletedValue<'b> {
    values.iter().find(|value| value.name().to_text() == name).expect("a value of this name")
}

fn bytes_of<'c>(value: &'c DeletedValue<'_>) -> &'c [u8] {
    &value.data.as_ref().expect("data").bytes
}

fn is_empty(carved: &Carved<'_>) -> bool {
    carved.keys.is_empty() && carved.values.is_empty() && carved.lists.is_empty()
}

/// Every value that was recovered, be it attached, tied or alone.
fn all_values<'c, 'b>(carved: &'c Carved<'b>) -> impl Iterator<Item = &'c DeletedValue<'b>> {
    let of_keys = carved.keys.iter().flat_map(|key| &key.values);
    of_keys.chain(carved.lists.iter().flat_map(|list| &list.values)).chain(&carved.values)
}

fn names(values: &[DeletedValue<'_>]) -> Vec<String> {
    values.iter().map(|value| value.name().to_text()).collect()
}

/// Deletes a key as programs do that clear both the count of its values and the offset of their list.
fn delete_and_clear(hive: &mut SynthHive, path: &str) {
    hive.claim_values(path, 0);
    hive.point_value_list(path, u32::MAX);
    hive.delete_key(path);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_deleted_tree_comes_back_with_paths_values_and_data() {
    for version in [Version::V1_2, Version::V1_3, Version::V1_5, Version::V1_6] {
        for coalesce in [false, true] {
            let mut hive = builder(version).build();
            hive.delete_key(KEY);
            if coalesce {
                hive.coalesce_free_cells();
            }
            recover(&hive.bytes, Depth::Default, |carved, problems| {
                assert!(problems.is_empty() && carved.complete);
                assert_eq!(carved.keys.len(), 2, "{:?}", paths(carved));
                let profile = key(carved, KEY);
                let place = hive.layout.key(KEY);
                assert_eq!(profile.node().cell_offset(), CellOffset(place.nk));
                assert_eq!(profile.trust(), Trust::High, "{}", profile.doubts);
                assert!(profile.path_complete && profile.values_complete);
                assert_eq!((profile.origin, profile.name().as_str()), (Origin::Free, "Profile"));
                let names: Vec<String> = profile.values.iter().map(|value| value.name().to_text()).collect();
                assert_eq!(names, ["number", "text", ""]);
                assert_eq!(bytes_of(value(&profile.values, "number")), [7, 0, 0, 0]);
                assert_eq!(bytes_of(value(&profile.values, "text")), utf16("some text"));
                assert_eq!(bytes_of(value(&profile.values, "")), b"0123456789");
                assert!(profile.values.iter().all(|value| value.trust() == Trust::High));
                let section = key(carved, &format!(r"{KEY}\section"));
                assert_eq!(section.trust(), Trust::High, "{}", section.doubts);
                assert_eq!(bytes_of(value(&section.values, "inside")), utf16("deeper"));
                assert!(carved.values.is_empty());
            });
        }
    }
}

#[test]
fn nothing_live_is_told_as_deleted() {
    let built = [Version::V1_2, Version::V1_3, Version::V1_5, Version::V1_6];
    let built = built.into_iter().map(|version| ("built", builder(version).build().bytes));
    let samples = samples::all().iter().flat_map(|host| host.samples.iter());
    let samples = samples.map(|sample| (sample.path, (sample.bytes)()));
    let whole = samples.filter(|(_, bytes)| {
        // Neither a log nor a format that is not read.
        let is_hive = bytes.starts_with(b"regf") && bytes[28] == 0 && bytes[24] >= 2;
        is_hive && with_tree(bytes, Care::Once, |_, _, problems| problems.is_empty())
    });
    let mut hives = 0;
    for (name, bytes) in built.chain(whole) {
        let live: BTreeSet<u64> = with_tree(&bytes, Care::Once, |_, tree, problems| {
            let (mut live, mut reached) = (BTreeSet::new(), mapihive::hive::Reached::default());
            let Ok(root) = tree.root() else { return live };
            tree.walk(root, "", &mut reached, problems, |step, problems| {
                live.insert(step.key.at().0);
                live.extend(step.key.values(step.path, problems).items.iter().map(|value| value.at().0));
            });
            live
        });
        for depth in [Depth::Default, Depth::Deep] {
            recover(&bytes, depth, |carved, _| {
                let values = all_values(carved).map(|value| value.at().0);
                let told = carved.keys.iter().map(|key| key.at().0).chain(values);
                assert_eq!(told.filter(|at| live.contains(at)).count(), 0, "{name} {depth:?} {carved:#?}");
            });
        }
        hives += 1;
    }
    assert!(hives > 10, "{hives}");
    let untouched = builder(Version::V1_5).build();
    recover(&untouched.bytes, Depth::Deep, |carved, _| assert!(is_empty(carved)));
}

#[test]
fn a_value_deleted_from_a_live_key_is_told_without_a_key() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_value(KEY, "text");
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert!(carved.keys.is_empty());
        assert_eq!(carved.values.len(), 1);
        let text = value(&carved.values, "text");
        assert_eq!(bytes_of(text), utf16("some text"));
        assert_eq!(text.trust(), Trust::Medium);
        assert!(text.doubts.contains(Doubt::KeyUnknown));
    });
}

#[test]
fn data_in_a_cell_that_is_in_use_again_are_lost_not_borrowed() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    let data = hive.layout.value(KEY, "text").data.expect("a data cell");
    let size = i32::try_from(hive.cell(data).len() + 4).expect("a small cell");
    hive.set_cell_size(data, -size);
    hive.set(data, 0, b"of somebody else");
    for depth in [Depth::Default, Depth::Deep] {
        recover(&hive.bytes, depth, |carved, _| {
            let profile = key(carved, KEY);
            let text = value(&profile.values, "text");
            assert!(matches!(text.data, Err(Error::DataOverwritten { size: 20, .. })), "{:?}", text.data);
            assert_eq!(text.trust(), Trust::Medium, "{depth:?}");
            assert!(text.doubts.contains(Doubt::DataLost) && profile.doubts.contains(Doubt::DataLost));
            assert_eq!(profile.trust(), Trust::Medium);
            assert_eq!(value(&profile.values, "number").trust(), Trust::High);
        });
    }
}

#[test]
fn data_over_which_a_smaller_cell_was_laid_are_lost() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    let data = hive.layout.value(KEY, "text").data.expect("a data cell");
    let size = i32::try_from(hive.cell(data).len() + 4).expect("a small cell");
    // The first half was in use and is free again.
    hive.set_cell_size(data, 8);
    hive.set_cell_size(data + 8, size - 8);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let text = value(&key(carved, KEY).values, "text");
        assert!(matches!(text.data, Err(Error::DataOverwritten { .. })), "{:?}", text.data);
    });
}

#[test]
fn big_data_come_back_as_far_as_their_segments_are_free() {
    let long: Vec<u8> =
        (0..40_000_u32).flat_map(|number| (number % 251).to_le_bytes()[..1].to_vec()).collect();
    let mut builder = HiveBuilder::new(Version::V1_5);
    builder.key(KEY).value("long", REG_BINARY, &long);
    let mut hive = builder.build();
    hive.delete_key(KEY);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let profile = key(carved, KEY);
        assert_eq!(bytes_of(value(&profile.values, "long")), long);
        assert_eq!(profile.trust(), Trust::High, "{}", profile.doubts);
    });
    hive.coalesce_free_cells();
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert_eq!(bytes_of(value(&key(carved, KEY).values, "long")), long);
    });

    let mut hive = builder.build();
    hive.delete_key(KEY);
    let second = hive.layout.value(KEY, "long").segments[1];
    let size = i32::try_from(hive.cell(second).len() + 4).expect("a small cell");
    hive.set_cell_size(second, -size);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let long_again = value(&key(carved, KEY).values, "long");
        let data = long_again.data.as_ref().expect("the first segment");
        assert!(!data.complete && data.bytes[..] == long[..16_344]);
        assert!(long_again.doubts.contains(Doubt::DataLost));
    });
}

#[test]
fn a_parent_older_than_its_child_is_doubted() {
    let mut builder = builder(Version::V1_5);
    builder.key(r"Software\Mail").written(filetime(2005, 1, 1, 0, 0, 0, 0));
    builder.key(KEY).written(filetime(2006, 1, 1, 0, 0, 0, 0));
    let mut hive = builder.build();
    hive.delete_key(KEY);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let section = format!(r"{KEY}\section");
        for path in [KEY, &section] {
            let key = key(carved, path);
            assert!(key.path_complete && key.doubts.contains(Doubt::ParentOlder), "{path}");
            assert_eq!(key.trust(), Trust::Medium);
        }
    });
}

#[test]
fn a_path_with_a_gap_says_so() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    // The parent's cell is in use again by something else.
    let nk = hive.layout.key(KEY).nk;
    let size = i32::try_from(hive.cell(nk).len() + 4).expect("a small cell");
    hive.set_cell_size(nk, -size);
    for depth in [Depth::Default, Depth::Deep] {
        recover(&hive.bytes, depth, |carved, _| {
            if depth == Depth::Deep {
                let profile = key(carved, KEY);
                assert_eq!(profile.origin, Origin::Unreferenced);
                assert_eq!(profile.trust(), Trust::Medium);
                assert_eq!(profile.values.len(), 3);
                return;
            }
            let section = key(carved, r"?\section");
            assert!(!section.path_complete && section.doubts.contains(Doubt::ParentUnknown));
            assert_eq!(section.trust(), Trust::Medium);
            assert_eq!(carved.keys.len(), 1, "{:?}", paths(carved));
            assert_eq!(carved.values.len(), 3);
        });
    }
}

#[test]
fn unreferenced_cells_are_told_only_where_asked_for() {
    let mut hive = builder(Version::V1_5).build();
    hive.claim_subkeys(r"Software\Mail", 0);
    recover(&hive.bytes, Depth::Default, |carved, _| assert!(is_empty(carved)));
    recover(&hive.bytes, Depth::Deep, |carved, problems| {
        assert!(problems.is_empty());
        assert_eq!(carved.keys.len(), 2);
        let profile = key(carved, KEY);
        assert_eq!((profile.origin, profile.trust()), (Origin::Unreferenced, Trust::Medium));
        assert_eq!(bytes_of(value(&profile.values, "text")), utf16("some text"));
        assert!(!profile.doubts.contains(Doubt::TreeIncomplete));
    });
    // Where the live tree cannot be read, what seems unreferenced may be live.
    let mut hive = builder(Version::V1_5).build();
    hive.point_subkey(r"Software\Mail", 0, 0x20);
    recover(&hive.bytes, Depth::Deep, |carved, _| {
        assert!(key(carved, KEY).doubts.contains(Doubt::TreeIncomplete));
    });
}

#[test]
fn a_record_in_the_slack_of_a_live_one_is_told_as_slack() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_value(KEY, "number");
    // The live cell before grows over the deleted record.
    let vk = hive.layout.value(KEY, "number").vk;
    let bins = 0x20..vk;
    let before = bins.step_by(8).rfind(|cell| hive.layout.keys().any(|place| place.nk == *cell));
    let before = before.expect("a key before the value");
    let grown = vk - before + u32::try_from(hive.cell(vk).len()).expect("a small cell") + 4;
    hive.set_cell_size(before, -i32::try_from(grown).expect("a small cell"));
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let number = value(&carved.values, "number");
        assert_eq!((number.origin, number.trust()), (Origin::Slack, Trust::Low));
        assert_eq!(bytes_of(number), [7, 0, 0, 0]);
    });
}

#[test]
fn what_lies_behind_the_bins_is_trusted_little_and_mixed_with_nothing() {
    let mut hive = builder(Version::V1_5).build();
    let other = builder(Version::V1_5).build();
    let nk = SynthHive::file_offset(other.layout.key(KEY).nk) - 4;
    // Not at a multiple of eight: another file's bytes need not keep to our grid.
    hive.append_tail(&[0; 4]);
    hive.append_tail(&other.bytes[nk..nk + 88]);
    recover(&hive.bytes, Depth::Default, |carved, problems| {
        assert!(problems.is_empty());
        let profile = key(carved, r"?\Profile");
        assert_eq!((profile.origin, profile.trust()), (Origin::Tail, Trust::Low));
        assert!(!profile.path_complete && profile.values.is_empty() && !profile.values_complete);
        assert_eq!(profile.at().0, (hive.bytes.len() - 88) as u64);
    });
}

#[test]
fn values_without_a_count_are_told_as_such() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    hive.claim_values(KEY, 0);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let profile = key(carved, KEY);
        assert_eq!(profile.values.len(), 3);
        assert!(!profile.values_complete && profile.doubts.contains(Doubt::CountLost));
        assert!(profile.values.iter().all(|value| value.trust() == Trust::Medium));
    });
}

#[test]
fn a_list_is_found_for_the_only_key_that_remembers_such_values() {
    let section = format!(r"{KEY}\section");
    for (coalesce, depth) in [(false, Depth::Default), (true, Depth::Default), (false, Depth::Deep)] {
        let mut hive = builder(Version::V1_5).build();
        hive.delete_key(KEY);
        for path in [KEY, &section] {
            hive.claim_values(path, 0);
            hive.point_value_list(path, u32::MAX);
        }
        if coalesce {
            hive.coalesce_free_cells();
        }
        recover(&hive.bytes, depth, |carved, problems| {
            assert!(problems.is_empty() && carved.complete);
            let profile = key(carved, KEY);
            assert_eq!(names(&profile.values), ["number", "text", ""]);
            assert!(profile.doubts.contains(Doubt::ListFound) && !profile.doubts.contains(Doubt::HadValues));
            assert!(!profile.values_complete, "how many there were nothing tells");
            assert_eq!(profile.trust(), Trust::Medium, "{}", profile.doubts);
            for value in &profile.values {
                assert!(value.doubts.contains(Doubt::ListFound) && !value.doubts.contains(Doubt::KeyUnknown));
                assert_eq!(value.trust(), Trust::Medium);
            }
            assert_eq!(names(&key(carved, &section).values), ["inside"]);
            assert!(carved.values.is_empty() && carved.lists.is_empty());
        });
    }
}

/// Two keys that remember values of the same sizes, which differ in nothing but what they say.
fn alike() -> (HiveBuilder, [&'static str; 2]) {
    const ALIKE: [&str; 2] = [r"Software\Mail\one", r"Software\Mail\two"];
    let mut builder = builder(Version::V1_5);
    for (path, text) in ALIKE.into_iter().zip(["of the one", "of the two"]) {
        builder.key(path).sz("said", text).dword("n", 1);
    }
    (builder, ALIKE)
}

#[test]
fn a_list_that_two_keys_may_have_had_is_given_to_neither() {
    let (builder, alike) = alike();
    let mut hive = builder.build();
    for path in alike {
        delete_and_clear(&mut hive, path);
    }
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let candidates: Vec<usize> = alike
            .iter()
            .map(|path| carved.keys.iter().position(|key| key.path == *path).expect("the key"))
            .collect();
        assert!(carved.keys.iter().all(|key| key.values.is_empty() && key.doubts.contains(Doubt::HadValues)));
        assert_eq!(carved.lists.len(), 2);
        for (list, text) in carved.lists.iter().zip(["of the one", "of the two"]) {
            assert_eq!(list.candidates, candidates);
            assert_eq!(names(&list.values), ["said", "n"]);
            assert_eq!(bytes_of(&list.values[0]), utf16(text));
            assert_eq!(carved.path_of(list), r"Software\Mail\?");
            assert_eq!(carved.owners_of(list), "values of one of: one, two");
            assert!(list.values.iter().all(|value| value.doubts.contains(Doubt::KeyUnknown)));
        }
        assert!(carved.values.is_empty());
    });
    // Of two keys that remember the same one still leads to its own list, and the other one's is found.
    let mut hive = builder.build();
    delete_and_clear(&mut hive, alike[0]);
    hive.delete_key(alike[1]);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        for (path, text) in alike.iter().zip(["of the one", "of the two"]) {
            assert_eq!(bytes_of(value(&key(carved, path).values, "said")), utf16(text));
        }
        assert_eq!(key(carved, alike[1]).trust(), Trust::High);
    });
    // One of them lives on and has lost its values: it may have lost the list as well.
    let mut hive = builder.build();
    delete_and_clear(&mut hive, alike[0]);
    hive.claim_values(alike[1], 0);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert!(key(carved, alike[0]).values.is_empty() && carved.lists.is_empty());
        assert_eq!(carved.values.len(), 2);
    });
}

#[test]
fn a_key_that_names_a_list_gets_no_other() {
    let (builder, alike) = alike();
    let mut hive = builder.build();
    for path in alike {
        hive.delete_key(path);
    }
    // The key's own list is overwritten, and the record of the key that had the other one is gone.
    hive.point_value_list(alike[0], hive.layout.key(r"Software\Other").nk);
    let gone = hive.layout.key(alike[1]).nk;
    hive.set(gone, 0, &[0; 80]);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let one = key(carved, alike[0]);
        assert!(one.values.is_empty() && one.doubts.contains(Doubt::ValuesLost));
        assert!(carved.lists.is_empty());
        assert_eq!(names(&carved.values), ["said", "n", "said", "n"]);
    });
}

#[test]
fn a_list_fits_only_a_key_that_remembers_just_its_longest_name_and_data() {
    for field in [60, 64] {
        let mut hive = builder(Version::V1_5).build();
        let nk = hive.layout.key(KEY).nk;
        let remembered = hive.u32(nk, field);
        hive.set_u32(nk, field, remembered + 2);
        delete_and_clear(&mut hive, KEY);
        recover(&hive.bytes, Depth::Default, |carved, _| {
            assert!(key(carved, KEY).values.is_empty() && carved.lists.is_empty());
            assert_eq!(carved.values.len(), 3);
        });
    }
}

#[test]
fn an_older_state_of_a_list_is_no_list_of_its_own() {
    let mut hive = builder(Version::V1_5).build();
    let place = |name| hive.layout.value(KEY, name);
    let (older, vks) = (place("").data.expect("a data cell"), ["number", "text"].map(|name| place(name).vk));
    for (index, vk) in vks.into_iter().enumerate() {
        hive.set_u32(older, 4 * index, vk);
    }
    delete_and_clear(&mut hive, KEY);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert_eq!(names(&key(carved, KEY).values), ["number", "text", ""]);
        assert!(carved.lists.is_empty() && carved.values.is_empty());
    });
}

#[test]
fn a_found_list_takes_no_value_from_another_key() {
    let section = format!(r"{KEY}\section");
    for owner in [section.as_str(), r"Software\Other"] {
        let mut hive = builder(Version::V1_5).build();
        let name = if owner == section { "inside" } else { "also stays" };
        let vk = hive.layout.value(owner, name).vk;
        hive.point_value(KEY, 1, vk);
        delete_and_clear(&mut hive, KEY);
        recover(&hive.bytes, Depth::Default, |carved, _| {
            assert!(key(carved, KEY).values.is_empty() && carved.lists.is_empty());
            assert_eq!(names(&key(carved, &section).values), ["inside"]);
            assert_eq!(names(&carved.values), ["number", "text", ""]);
        });
    }
}

#[test]
fn lists_of_one_length_that_contradict_each_other_are_both_left_alone() {
    let (builder, alike) = alike();
    let mut hive = builder.build();
    let shared = hive.layout.value(alike[0], "n").vk;
    hive.point_value(alike[1], 1, shared);
    for path in alike {
        delete_and_clear(&mut hive, path);
    }
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert!(carved.lists.is_empty() && carved.keys.iter().all(|key| key.values.is_empty()));
        assert_eq!(carved.values.len(), 4);
    });
}

#[test]
fn a_value_has_one_key() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    let section = format!(r"{KEY}\section");
    let vk = hive.layout.value(KEY, "text").vk;
    hive.point_value(&section, 0, vk);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        let owners: Vec<&DeletedKey<'_>> = carved
            .keys
            .iter()
            .filter(|key| key.values.iter().any(|value| value.name().to_text() == "text"))
            .collect();
        assert_eq!(owners.len(), 1);
        for key in &carved.keys {
            assert!(key.doubts.contains(Doubt::ClaimedTwice) && !key.values_complete);
            assert_eq!(key.trust(), Trust::Medium);
        }
        assert_eq!(carved.values.len(), 1, "the value that lost its place in the list");
    });
}

#[test]
fn parents_in_a_circle_end() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    let section = hive.layout.key(&format!(r"{KEY}\section")).nk;
    let profile = hive.layout.key(KEY).nk;
    hive.set_u32(profile, 16, section);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert_eq!(carved.keys.len(), 2);
        for key in &carved.keys {
            assert!(key.doubts.contains(Doubt::ParentCircle) && !key.path_complete, "{}", key.path);
            assert_eq!(key.trust(), Trust::Low);
        }
    });
}

#[test]
fn places_show_every_record_in_them_and_nothing_else() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_value(r"Software\Other", "also stays");
    with_tree(&hive.bytes, Care::Once, |image, _, problems| {
        let bins: Bins<'_> = image.bins();
        let all = [Place { range: 4096..hive.bytes.len(), origin: Origin::Log }];
        let carved = carve_places(bins, image.root(), &all, problems);
        let mut expected: Vec<String> = hive.layout.keys().map(|place| place.path.clone()).collect();
        expected.sort();
        let mut found: Vec<String> = carved.keys.iter().map(|key| key.path.clone()).collect();
        found.sort();
        assert_eq!(found, expected);
        for key in &carved.keys {
            assert_eq!((key.origin, key.trust()), (Origin::Log, Trust::High), "{} {}", key.path, key.doubts);
            assert_eq!(key.values.len(), key.node().value_count() as usize);
        }
        assert_eq!(carved.values.len(), 1);

        let nk = SynthHive::file_offset(hive.layout.key(KEY).nk);
        let one = Place { range: nk..nk + 2, origin: Origin::LogRemnant };
        assert!(
            carve_places(bins, image.root(), std::slice::from_ref(&one), problems).keys.is_empty(),
            "cut off"
        );
        let one = Place { range: nk..nk + 8, ..one };
        let carved = carve_places(bins, image.root(), &[one.clone(), one], problems);
        assert_eq!(paths(&carved), [KEY]);
        // Its values lie outside the place, and are its own.
        assert_eq!(carved.keys[0].values.len(), 3);
        assert_eq!(carved.keys[0].origin, Origin::LogRemnant);
    });
}

#[test]
fn a_deleted_parent_older_than_its_child_is_doubted() {
    let mut builder = builder(Version::V1_5);
    builder.key(&format!(r"{KEY}\section")).written(filetime(2006, 1, 1, 0, 0, 0, 0));
    let mut hive = builder.build();
    hive.delete_key(KEY);
    recover(&hive.bytes, Depth::Default, |carved, _| {
        assert_eq!(key(carved, KEY).trust(), Trust::High);
        assert!(key(carved, &format!(r"{KEY}\section")).doubts.contains(Doubt::ParentOlder));
    });
}

#[test]
fn among_places_too_a_free_record_has_no_bytes_of_a_cell_in_use() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    let data = hive.layout.value(KEY, "text").data.expect("a data cell");
    let size = i32::try_from(hive.cell(data).len() + 4).expect("a small cell");
    hive.set_cell_size(data, -size);
    with_tree(&hive.bytes, Care::Once, |image, _, problems| {
        let all = [Place { range: 0..hive.bytes.len(), origin: Origin::LogRemnant }];
        let carved = carve_places(image.bins(), image.root(), &all, problems);
        let profile = key(&carved, KEY);
        assert!(value(&profile.values, "text").data.is_err());
        assert_eq!(bytes_of(value(&profile.values, "")), b"0123456789");
        assert_eq!(profile.trust(), Trust::Medium, "{}", profile.doubts);
    });
}

#[test]
fn bins_that_cannot_be_told_apart_are_named_and_left_out() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_key(KEY);
    hive.bytes[4096] = b'g';
    recover(&hive.bytes, Depth::Default, |carved, problems| {
        assert!(is_empty(carved), "{:?}", paths(carved));
        assert!(problems.kept().iter().any(|problem| matches!(problem.error, Error::Bin { .. })));
    });
}

// ---- what lists hold ---------------------------------------------------------------------------------------------------

const PROFILES: &str = r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles";
const PROFILE_INSTANCE: &str = "8503020000000000c000000000000046";
const PROFILE_NAME: &str = "3517490d76624c419a828607e2a54604";
const UNNAMED: &str = "f86ed2903a4a11cfb57e524153480001";
const SERVICES: [&str; 2] = ["11111111111111111111111111111111", "22222222222222222222222222222222"];
const PROVIDERS: [&str; 2] = ["33333333333333333333333333333333", "44444444444444444444444444444444"];
const ACCOUNTS: &str = "9375CFF0413111d3B88A00104B2A6676";

/// What was recovered of a hive in which these keys were deleted and cut off from their values, once it was judged by
/// meaning.
fn by_meaning(builder: &HiveBuilder, deleted: &[String], look: impl FnOnce(&Carved<'_>)) {
    let mut hive = builder.build();
    for path in deleted {
        delete_and_clear(&mut hive, path);
    }
    with_tree(&hive.bytes, Care::Once, |image, _, problems| {
        let mut carved = carve(image.bins(), &[], image.root(), Depth::Default, problems);
        let before = all_values(&carved).count();
        Recovered::attach_by_meaning(&mut carved);
        assert_eq!(all_values(&carved).count(), before, "a value was lost or told twice");
        assert!(carved.values.is_sorted_by_key(DeletedValue::at));
        look(&carved);
    });
}

#[test]
fn well_known_sections_get_what_they_are_known_to_hold_and_the_last_one_what_is_left() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    let other = "55555555555555555555555555555555";
    let held = [
        (PROFILE_INSTANCE, "0102300b"),
        (PROFILE_NAME, "001f6000"),
        (UNNAMED, "00486002"),
        (other, "00146700"),
    ];
    let paths = held.map(|(section, _)| format!(r"{PROFILES}\P\{section}"));
    for (path, (_, name)) in paths.iter().zip(held) {
        builder.key(path).binary(name, &[7; 16]);
    }
    by_meaning(&builder, &paths, |carved| {
        for (path, (_, name)) in paths.iter().zip(held) {
            assert_eq!(names(&key(carved, path).values), [name], "{path}");
        }
        assert!(carved.lists.is_empty());
    });
    // The same sections of two profiles: which is whose nobody knows.
    let twins = ["P", "Q"].map(|profile| format!(r"{PROFILES}\{profile}\{PROFILE_INSTANCE}"));
    for path in &twins {
        builder.key(path).binary("0102300b", &[7; 16]);
    }
    by_meaning(&builder, &twins, |carved| {
        assert_eq!(carved.lists.len(), 2);
        for list in &carved.lists {
            assert_eq!(carved.path_of(list), "?");
            assert_eq!(carved.owners_of(list), format!("values of one of: {}, {}", twins[0], twins[1]));
        }
    });
}

#[test]
fn a_section_that_cannot_hold_something_gets_nothing_for_want_of_another() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    let path = format!(r"{PROFILES}\P\{PROFILE_INSTANCE}");
    let others = ["66666666666666666666666666666666", "77777777777777777777777777777777"];
    let others = others.map(|section| format!(r"{PROFILES}\P\{section}"));
    builder.key(&path).binary("0102300b", &[7; 16]);
    for other in &others {
        builder.key(other).binary("00146700", &[7; 16]);
    }
    let deleted = [&[path.clone()][..], &others].concat();
    by_meaning(&builder, &deleted, |carved| {
        assert_eq!(names(&key(carved, &path).values), ["0102300b"]);
        assert_eq!(carved.lists.len(), 2);
        let left = "values of one of: 66666666666666666666666666666666, 77777777777777777777777777777777";
        assert!(carved.lists.iter().all(|list| carved.owners_of(list) == left));
    });
}

#[test]
fn a_service_is_known_by_the_providers_that_name_it() {
    let uid = |hex: &str| u128::from_str_radix(hex, 16).expect("a UID").to_be_bytes();
    let mut builder = HiveBuilder::new(Version::V1_5);
    let path = |section: &str| format!(r"{PROFILES}\P\{section}");
    for (index, (service, provider)) in SERVICES.into_iter().zip(PROVIDERS).enumerate() {
        builder.key(&path(service)).binary("01023d00", &uid(provider)).binary("001f3d09", b"A\0\0\0");
        builder
            .key(&path(provider))
            .binary("01023d0c", &uid(service))
            .binary("001f3001", &vec![65; 20 + index]);
    }
    let deleted: Vec<String> = SERVICES.into_iter().chain(PROVIDERS).map(path).collect();
    by_meaning(&builder, &deleted, |carved| {
        for (service, provider) in SERVICES.into_iter().zip(PROVIDERS) {
            let service = key(carved, &path(service));
            assert_eq!(bytes_of(value(&service.values, "01023d00")), uid(provider));
        }
        assert!(carved.lists.is_empty());
    });
}

#[test]
fn values_of_one_of_several_accounts_are_told_without_their_passwords() {
    let mut builder = HiveBuilder::new(Version::V1_5);
    let accounts = ["00000001", "00000002"].map(|number| format!(r"{PROFILES}\P\{ACCOUNTS}\{number}"));
    for (path, (user, password)) in accounts.iter().zip([("anna", "secretA"), ("bert", "secretB")]) {
        builder.key(path).binary("POP3 User", &utf16(user)).binary("POP3 Password", &utf16(password));
    }
    let mut hive = builder.build();
    for path in &accounts {
        delete_and_clear(&mut hive, path);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("NTUSER.DAT");
    std::fs::write(&file, &hive.bytes).expect("a file");
    let file = file.to_str().expect("a path");
    let key_path = format!(r"{PROFILES}\P\{ACCOUNTS}\?");
    for arguments in [vec!["profiles", file], vec!["dump", "--deleted", file]] {
        let run = mapihive(arguments);
        let rows = run.rows();
        let of_list: Vec<&Row> = rows.iter().filter(|row| row["key_path"] == key_path).collect();
        assert_eq!(of_list.len(), 4, "{}", run.stderr);
        for row in of_list {
            assert!(row["problem"].contains("values of one of: 00000001, 00000002"), "{row:?}");
            assert_eq!(row["trust"], "medium");
            let told = row.get("decoded").map(String::as_str);
            match row["value_name"].as_str() {
                "POP3 User" => assert!(told.is_none_or(|told| ["anna", "bert"].contains(&told)), "{row:?}"),
                _ => assert!(told.unwrap_or_default().is_empty(), "{row:?}"),
            }
            if row["value_name"] == "POP3 Password" {
                let withheld = row.get("secret").map_or("withheld", String::as_str);
                assert!(withheld.starts_with("present, 16 bytes") || row["problem"].starts_with("withheld"));
                assert!(row.get("data_sha256").is_none_or(String::is_empty));
                assert!(row.get("raw_hex").is_none_or(String::is_empty));
            }
        }
        let text = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(!text.contains("secretA") && !text.contains(&hex(&utf16("secret")[..12])));
    }
}

// ---- hostile bytes ----------------------------------------------------------------------------------------------------

/// What no hive of this size may take, in a build without optimisation on a busy machine.
const SLOW: Duration = Duration::from_secs(5);

/// A small generator of numbers that differ for every seed and never change (`SplitMix64`, Steele and others, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("a small number")
    }
}

/// Everything that was recovered, at both depths and from places, as text.
fn said(bytes: &[u8], end: usize) -> (String, bool) {
    let (bins, tail) = (Bins::new(bytes, end), &bytes[end.min(bytes.len())..]);
    let root = CellOffset(0x20);
    let mut problems = Problems::default();
    let started = Instant::now();
    let places = [
        Place { range: 4096..end / 2, origin: Origin::Log },
        Place { range: end / 3..usize::MAX, origin: Origin::LogRemnant },
    ];
    let all = [
        carve(bins, tail, root, Depth::Default, &mut problems),
        carve(bins, tail, root, Depth::Deep, &mut problems),
        carve_places(bins, root, &places, &mut problems),
    ];
    assert!(started.elapsed() < SLOW, "took {:?}", started.elapsed());
    for carved in &all {
        assert!(carved.keys.is_sorted_by_key(DeletedKey::at));
        let mut values: Vec<u64> = carved.values.iter().map(|value| value.at().0).collect();
        assert!(values.is_sorted());
        values.clear();
        values.extend(all_values(carved).map(|value| value.at().0));
        let all = values.len();
        assert_eq!(values.into_iter().collect::<BTreeSet<_>>().len(), all, "a value told twice");
        for key in &carved.keys {
            assert_eq!(key.path_complete, key.path != "?" && !key.path.starts_with(r"?\"), "{}", key.path);
        }
    }
    (format!("{all:?}{problems:?}"), all.iter().any(|carved| !is_empty(carved)))
}

#[test]
fn no_corruption_makes_recovery_panic_hang_or_say_two_things() {
    let mut hive = builder(Version::V1_5).build();
    hive.delete_value(r"Software\Other", "also stays");
    hive.delete_key(KEY);
    let end = hive.bytes.len();
    let other = builder(Version::V1_3).build();
    let records: Vec<usize> = (4096..end - 4)
        .step_by(8)
        .filter(|at| {
            matches!(
                &hive.bytes[at + 4..][..2],
                b"nk" | b"vk" | b"lf" | b"lh" | b"li" | b"ri" | b"sk" | b"db"
            )
        })
        .collect();
    let mut found = 0;
    for seed in 0..6_000 {
        let mut random = Random(seed);
        let mut hive = hive.clone();
        if seed % 5 == 0 {
            hive.claim_values(KEY, 0);
            hive.point_value_list(KEY, u32::MAX);
        }
        if seed % 2 == 0 {
            hive.coalesce_free_cells();
        }
        if seed % 3 == 0 {
            hive.append_tail(&other.bytes[4096 + 8 * random.below(64)..]);
        }
        for _ in 0..=random.below(6) {
            let at = match random.below(2) {
                0 => records[random.below(records.len())] + random.below(80),
                _ => random.below(hive.bytes.len()),
            };
            let word = at.min(hive.bytes.len() - 4) & !3;
            let target = u32::try_from(records[random.below(records.len())] - 4096).expect("a small hive");
            let number = match random.below(6) {
                0 => 0,
                1 => u32::MAX,
                2 => target,
                3 => target | 0x8000_0000,
                4 => u32::try_from(random.next() & 0xffff_ffff).expect("32 bits"),
                _ => u32::from(hive.bytes[word]).wrapping_mul(8),
            };
            hive.bytes[word..word + 4].copy_from_slice(&number.to_le_bytes());
        }
        let (text, any) = said(&hive.bytes, end);
        if seed % 10 == 0 {
            assert!(text == said(&hive.bytes, end).0, "seed {seed} gave two results");
        }
        found += usize::from(any);
    }
    assert!(found > 5_000, "{found}");
}

/// One free cell in one bin over `size` bytes, filled by repeating `record`.
fn filled(size: usize, record: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let bin = size.next_multiple_of(4096);
    let number = |number: usize| u32::try_from(number).expect("a small bin").to_le_bytes();
    bytes.extend(b"hbin\0\0\0\0");
    bytes.extend(number(bin));
    bytes.extend([0; 20]);
    bytes.extend(number(bin - 32));
    bytes.extend(record.iter().copied().cycle().take(bin - 36));
    bytes
}

#[test]
fn records_that_claim_each_other_cost_no_more_than_their_bytes_allow() {
    // Values of 24 bytes, each with a name of 16,383 that runs over hundreds of others.
    let mut value = b"vk\xff\x3f\0\0\0\x80\0\0\0\0\x01\0\0\0\x01\0".to_vec();
    value.resize(24, b'a');
    // Keys of 88 bytes with long names, each the child of the one before.
    let mut key = vec![b'n', b'k', 0x20, 0];
    key.extend(filetime(2001, 1, 1, 0, 0, 0, 0).to_le_bytes());
    key.extend([0; 32]);
    key.extend([0xff; 4]);
    key.extend([0; 24]);
    key.extend([255, 0, 0, 0]);
    key.resize(88, b'k');
    let size = 1 << 20;
    let mut chain = filled(size, &key);
    for (index, at) in (4096 + 36..chain.len() - 88).step_by(88).enumerate() {
        let parent = u32::try_from(32 + 88 * index.saturating_sub(1)).expect("a small hive");
        chain[at + 16..at + 20].copy_from_slice(&parent.to_le_bytes());
        // All claim one list of values, which is the whole cell.
        chain[at + 40..at + 44].copy_from_slice(&40_u32.to_le_bytes());
        chain[at + 36..at + 40].copy_from_slice(&1000_u32.to_le_bytes());
    }
    for bytes in [filled(size, &value), chain] {
        let mut problems = Problems::default();
        let started = Instant::now();
        let carved = carve(Bins::new(&bytes, bytes.len()), &[], CellOffset(32), Depth::Deep, &mut problems);
        assert!(started.elapsed() < SLOW, "took {:?}", started.elapsed());
        let text: usize = carved.keys.iter().map(|key| key.path.len()).sum();
        assert!(text <= 5 * bytes.len(), "{text} bytes of paths");
        assert!(!carved.complete && problems.kept().iter().any(|p| p.error == Error::RecoveryStopped));
        assert!(carved.keys.len() + carved.values.len() > 100);
    }
}

#[test]
fn values_that_share_their_data_cost_no_more_than_their_bytes_allow() {
    let size = 1 << 20;
    let number = |number: usize| u32::try_from(number).expect("a small hive").to_le_bytes();
    let mut value = number(24).to_vec();
    value.extend(b"vk\0\0");
    value.extend(number(size / 2));
    value.extend(number(32 + size / 4));
    value.extend(b"\x03\0\0\0\x01\0\0\0");
    let mut bytes = filled(size, &[0]);
    for at in (4096 + 40..4096 + size / 8).step_by(24) {
        bytes[at..at + 24].copy_from_slice(&value);
    }
    let data = 4096 + 32 + size / 4;
    bytes[data..data + 4].copy_from_slice(&number(size / 2 + 8));
    let mut problems = Problems::default();
    let carved = carve(Bins::new(&bytes, bytes.len()), &[], CellOffset(32), Depth::Default, &mut problems);
    let told: usize =
        carved.values.iter().filter_map(|value| Some(value.data.as_ref().ok()?.bytes.len())).sum();
    assert!(carved.values.len() > 5_000 && (bytes.len()..=5 * bytes.len()).contains(&told), "{told}");
    assert!(!carved.complete && problems.kept().iter().any(|p| p.error == Error::RecoveryStopped));
}

#[test]
fn lists_that_fit_the_same_keys_cost_no_more_than_their_bytes_allow() {
    let number = |number: usize| u32::try_from(number).expect("a small hive").to_le_bytes();
    // Keys with long names that remember a value of four bytes without a name.
    let mut key = vec![0; 336];
    key[..4].copy_from_slice(&number(336));
    key[4..8].copy_from_slice(b"nk\x20\0");
    key[8..16].copy_from_slice(&filetime(2001, 1, 1, 0, 0, 0, 0).to_le_bytes());
    key[44..52].copy_from_slice(&[0xff; 8]);
    key[68..72].copy_from_slice(&4_u32.to_le_bytes());
    key[76] = 255;
    key[80..335].fill(b'k');
    let mut value = number(24).to_vec();
    value.extend(b"vk\0\0\x04\0\0\x80\0\0\0\0\x04\0\0\0\x01\0\0\0");
    for keys in [1, 10, 16, 17, 1000] {
        let mut bytes = filled(1 << 20, &[0]);
        for index in 0..keys {
            let at = 4096 + 32 + 8 + 336 * index;
            bytes[at..at + 336].copy_from_slice(&key);
        }
        let first = 4096 + 32 + 8 + 336 * keys;
        let mut lists = 0;
        for at in (first..bytes.len() - 32).step_by(32) {
            bytes[at..at + 24].copy_from_slice(&value);
            bytes[at + 24..at + 28].copy_from_slice(&number(8));
            bytes[at + 28..at + 32].copy_from_slice(&number(at - 4096));
            lists += 1;
        }
        let mut problems = Problems::default();
        let started = Instant::now();
        let carved =
            carve(Bins::new(&bytes, bytes.len()), &[], CellOffset(32), Depth::Default, &mut problems);
        let told = |list| (carved.path_of(list).len() + carved.owners_of(list).len()) * list.values.len();
        let text: usize = carved.lists.iter().map(told).sum();
        assert!(started.elapsed() < SLOW, "took {:?}", started.elapsed());
        assert!(text <= 6 * bytes.len(), "{text} bytes of names");
        assert_eq!((carved.keys.len(), all_values(&carved).count()), (keys, lists));
        assert_eq!(carved.lists.is_empty(), keys > 16, "{keys}");
    }
}

// ---- real hives -------------------------------------------------------------------------------------------------------

/// A real hive's bytes; the tests that need them promise nothing where they are not.
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("MAPIHIVE_REAL_HIVES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| manifest_dir().join("../shared/hives"));
    let bytes = std::fs::read(folder.join(name).join("NTUSER.DAT")).ok();
    if bytes.is_none() {
        println!("skipped: no {name} in {}; MAPIHIVE_REAL_HIVES names the folder", folder.display());
    }
    bytes
}

#[test]
fn as_much_is_recovered_as_independent_readers_recover() {
    for (name, keys, values, whole_paths) in [
        ("many-deleted-keys", 475, 646, 468),
        ("win7-outlook2010-nfury", 82, 457, 0),
        ("win7-outlook2010-nfury-profile-deleted", 107, 605, 25),
        ("win10-outlook2016-dirty-nologs", 9, 28, 8),
        ("win10-museum-dirty", 1, 3, 1),
        ("win10-dirty-logs", 0, 0, 0),
        ("xp-no-mapi", 0, 0, 0),
    ] {
        let Some(bytes) = real(name) else { return };
        recover(&bytes, Depth::Default, |carved, problems| {
            assert_eq!((carved.keys.len(), all_values(carved).count()), (keys, values), "{name}");
            assert_eq!(carved.keys.iter().filter(|key| key.path_complete).count(), whole_paths, "{name}");
            assert!(problems.is_empty() && carved.complete, "{name}");
        });
    }
}

#[test]
fn a_profile_deleted_from_a_real_hive_comes_back_as_it_was() {
    const PROFILES: &str =
        r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem\Profiles\";
    let Some(before) = real("win7-outlook2010-nfury") else { return };
    let Some(after) = real("win7-outlook2010-nfury-profile-deleted") else { return };
    // Place, path, last-written time, and every value with type and data.
    let mut live_keys = BTreeMap::new();
    let mut live_values = BTreeMap::new();
    let mut live_owners = BTreeMap::new();
    with_tree(&before, Care::Once, |_, tree, problems| {
        let mut reached = mapihive::hive::Reached::default();
        tree.walk(tree.root().expect("a root"), "", &mut reached, problems, |step, problems| {
            if step.path.starts_with(PROFILES) {
                live_keys.insert(step.key.at(), (step.path.to_string(), step.key.last_written()));
                for value in step.key.values(step.path, problems).items {
                    let data = hex(&value.data().expect("data").bytes);
                    live_owners.insert(value.at(), step.path.to_string());
                    live_values.insert(value.at(), (value.name().to_text(), value.value_type(), data));
                }
            }
        });
    });
    assert_eq!((live_keys.len(), live_values.len()), (25, 148));
    recover(&after, Depth::Default, |carved, _| {
        let below = carved.keys.iter().filter(|key| key.path.starts_with(PROFILES));
        let keys: BTreeMap<_, _> = below
            .inspect(|key| assert!(key.path_complete))
            .map(|key| (key.at(), (key.path.clone(), key.last_written())))
            .collect();
        assert_eq!(keys, live_keys);
        // The program that deleted them cleared count and list, so that no record says whose the values are.
        let values: BTreeMap<_, _> = all_values(carved)
            .filter(|value| live_values.contains_key(&value.at()))
            .map(|value| {
                let data = hex(bytes_of(value));
                (value.at(), (value.name().to_text(), value.record().value_type(), data))
            })
            .collect();
        assert_eq!(values, live_values);
        // The sizes that the keys remember do.
        let mut attached = 0;
        for key in &carved.keys {
            for value in key.values.iter().filter(|value| live_values.contains_key(&value.at())) {
                assert_eq!(Some(&key.path), live_owners.get(&value.at()));
                assert!(value.doubts.contains(Doubt::ListFound) && value.trust() == Trust::Medium);
                attached += 1;
            }
        }
        let mut tied = 0;
        for list in &carved.lists {
            for value in list.values.iter().filter(|value| live_values.contains_key(&value.at())) {
                let owner = &live_owners[&value.at()];
                assert!(carved.candidates_of(list).any(|key| key.path == *owner), "{owner}");
                tied += 1;
            }
        }
        assert_eq!((attached, tied), (105, 43));
    });
}
