//! The header of a hive and of a log, and the verdict on it.
//!
//! The input is laid over the first bytes of a small intact hive; where its first byte is odd, the checksum is made right.

use std::sync::OnceLock;

use hive_synth::{HiveBuilder, Version};
use mapihive::hive::{BaseBlock, Care, FileKind, Problems, Tree};

fn intact() -> &'static [u8] {
    static INTACT: OnceLock<Vec<u8>> = OnceLock::new();
    INTACT.get_or_init(|| {
        let mut hive = HiveBuilder::new(Version::V1_5);
        hive.key(r"Software\Microsoft").dword("number", 1);
        hive.build().bytes
    })
}

/// Feeds one input.
pub fn run(input: &[u8]) {
    let Some((flag, header)) = input.split_first() else { return };
    let mut hive = intact().to_vec();
    let length = header.len().min(hive.len());
    hive[..length].copy_from_slice(&header[..length]);
    if flag & 1 == 1 {
        crate::fix_checksum(&mut hive);
    }

    let _ = BaseBlock::read(header);
    let _ = FileKind::of(header, header.get(4096..).unwrap_or_default());
    let mut problems = Problems::default();
    let Some(image) = crate::open(&hive, &[], &mut problems) else { return };
    // A hive that was opened has said which state it is in and has a root key or says why not.
    assert!(!image.state().as_str().is_empty());
    let tree = Tree::new(&image, Care::Compare);
    if let Ok(root) = tree.root() {
        let _ = root.subkeys("", &mut problems);
    }
}
