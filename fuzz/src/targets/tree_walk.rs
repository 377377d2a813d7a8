//! Every key and value of a hive: lists by both readers, names, times, security and data. The input is a hive file.

use mapihive::hive::{Care, Problems, Reached, Tree};

/// Feeds one input.
pub fn run(input: &[u8]) {
    let mut problems = Problems::default();
    let Some(image) = crate::open(input, &[], &mut problems) else { return };
    for care in [Care::Once, Care::Compare] {
        let tree = Tree::new(&image, care);
        let Ok(root) = tree.root() else { continue };
        let mut keys = 0_usize;
        let mut reached = Reached::default();
        tree.walk(root, "", &mut reached, &mut problems, |step, problems| {
            keys += 1;
            let key = step.key;
            let _ = (key.last_written().to_string(), key.security(), key.is_tombstone());
            assert!(key.at().0 < image.bytes().len() as u64, "a key lies in the hive");
            let values = key.values(step.path, problems);
            for value in &values.items {
                assert!(value.at().0 < image.bytes().len() as u64, "a value lies in the hive");
                let _ = (value.name().to_text(), value.value_type(), tree.data(value));
            }
            // A name that is looked for is found, or the answer says that it cannot be known.
            if let Some(first) = values.items.first() {
                let _ = key.value(&first.name().to_text());
            }
        });
        // No key is visited twice, and none is smaller than its record.
        assert!(keys <= image.bytes().len() / 80 + 1, "{keys} keys");
        tree.check_bins(&mut problems);
        if let Ok(root) = tree.root() {
            let _ =
                root.descendant(r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem");
        }
    }
}
