//! Promises about the sample hives.

use std::path::Path;

use hive_synth::samples::{Kind, SECRET_MARKER, all, readme};
use hive_synth::utf16;

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_committed_samples_are_what_the_crate_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-hives");
    for host in all() {
        for sample in host.samples {
            let path = folder.join(host.name).join(sample.path);
            assert!(std::fs::read(&path).ok() == Some((sample.bytes)()), "{} differs", path.display());
        }
    }
    assert!(std::fs::read_to_string(folder.join("README.md")).ok() == Some(readme()), "README.md differs");
}

#[test]
fn samples_are_small() {
    let sizes: Vec<usize> =
        all().iter().flat_map(|host| host.samples).map(|sample| (sample.bytes)().len()).collect();
    assert!(sizes.iter().all(|&size| size <= 64 * 1024));
    assert!(sizes.iter().sum::<usize>() < 1024 * 1024);
}

#[test]
fn every_place_that_fires_is_in_its_hive() {
    for host in all() {
        for sample in host.samples {
            let bytes = (sample.bytes)();
            for place in sample.fires.iter().flat_map(|fired| fired.places) {
                let names = place.split('\\').all(|name| contains(&bytes, name.as_bytes()));
                assert!(names || *place == "base block", "{place} is not in {}", sample.path);
            }
        }
    }
}

#[test]
fn the_planted_secret_is_in_one_hive_only() {
    let holders: Vec<&str> = all()
        .iter()
        .flat_map(|host| host.samples)
        .filter(|sample| contains(&(sample.bytes)(), SECRET_MARKER.as_bytes()))
        .map(|sample| sample.path)
        .collect();
    assert_eq!(holders, ["C/Users/mlind/NTUSER.DAT"]);
    let wide: Vec<u8> = utf16(SECRET_MARKER).iter().flat_map(|unit| unit.to_le_bytes()).collect();
    assert!(!all().iter().flat_map(|host| host.samples).any(|sample| contains(&(sample.bytes)(), &wide)));
}

#[test]
fn files_are_what_they_say() {
    for sample in all().iter().flat_map(|host| host.samples) {
        let bytes = (sample.bytes)();
        let file_type = bytes.starts_with(b"regf").then(|| bytes[28]);
        assert_eq!(
            file_type,
            match sample.kind {
                Kind::Hive => Some(0),
                Kind::Log => Some(1),
                Kind::Other => None,
            }
        );
    }
}
