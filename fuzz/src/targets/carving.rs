//! Deleted keys and values: free cells, slack, bytes behind the bins, unreferenced cells. The input is a hive file.

use mapihive::hive::{Depth, Problems, carve};

/// Feeds one input.
pub fn run(input: &[u8]) {
    let Some(image) = crate::open(input, &[], &mut Problems::default()) else { return };
    for depth in [Depth::Default, Depth::Deep] {
        let mut problems = Problems::default();
        let carved = carve(image.bins(), image.tail(), image.root(), depth, &mut problems);
        let len = (image.bytes().len() + image.tail().len()) as u64;
        for key in &carved.keys {
            assert!(key.at().0 < len, "a key lies in the file");
            let _ =
                (key.name(), key.size(), key.last_written().to_string(), key.trust(), key.doubts.to_string());
            for value in &key.values {
                let _ = (value.name().to_text(), value.trust(), value.data.is_ok());
            }
        }
        for value in &carved.values {
            assert!(value.at().0 < len, "a value lies in the file");
            let _ = (value.name().to_text(), value.trust());
        }
        // What could not be looked at is told.
        assert!(carved.complete || problems.total() > 0);
    }
}
