//! Transaction logs: what is applied, what is refused, and what is left of earlier states. The input is a hive with its logs.

use crate::HiveWithLogs;
use mapihive::hive::{Offset, Problems, carve_places, carve_remnant};

/// Feeds one input.
pub fn run(input: &[u8]) {
    let Some(files) = HiveWithLogs::of(input) else { return };
    let mut problems = Problems::default();
    let Some(image) = crate::open(&files.hive, &files.logs(), &mut problems) else { return };
    for (name, fate) in image.log_fates() {
        assert!(!name.is_empty() && !fate.to_string().is_empty());
    }
    if let Some(before) = image.before_replay() {
        assert!(before.file_size() == files.hive.len() as u64, "the hive before is the file");
    }
    // Each byte is said to be where it is.
    for at in (0..image.bytes().len().saturating_sub(8)).step_by(488) {
        let provenance = image.provenance(Offset(at as u64), 8);
        assert!(!provenance.origin.as_str().is_empty());
    }
    image.for_each_remnant(|remnant| {
        let _ = carve_remnant(image.bins(), image.root(), remnant.bytes, &mut Problems::default());
    });
    image.for_each_past(
        |_| true,
        &mut problems,
        |past, problems| {
            let places: Vec<_> = past
                .changed()
                .iter()
                .map(|range| mapihive::hive::Place {
                    range: range.clone(),
                    origin: mapihive::hive::Origin::LogRemnant,
                })
                .collect();
            let _ = carve_places(past.bins(), past.root(), &places, problems);
        },
    );
}
