//! What the tests share: hives on disk and what the library reads from them.

use std::path::Path;

use hive_synth::SynthHive;
use mapihive::account::Attribution;
use mapihive::hive::{Care, HiveSource, Image, Links, Problems, Tree, Way};
use mapihive::mapi::Mapi;
use mapihive::rules::View;

/// Reads a hive as the scan does, from a file in a folder of its own, and shows what the rules see of it.
///
/// `path` is the path that the hive is taken to have been collected from.
pub fn with_view<T>(hive: &SynthHive, path: &str, use_view: impl FnOnce(&View<'_>, &Problems) -> T) -> T {
    mapihive::hive::silence_contained_panics();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(Path::new(path).file_name().expect("a file name"));
    std::fs::write(&file, &hive.bytes).expect("a writable temporary folder");

    let mut problems = Problems::default();
    let source = HiveSource::open(&file, Links::Follow).expect("a readable hive");
    let image = Image::open(&source, Way::Map, &mut problems).expect("a hive");
    let tree = Tree::new(&image, Care::Once);
    let account = Attribution::read(path, &image, &tree, &mut problems);
    let mapi = Mapi::read(&tree, &mut problems);
    let view = View {
        base_block: image.base_block(),
        state: image.state(),
        logs: &[],
        account: &account,
        mapi: &mapi,
    };
    use_view(&view, &problems)
}
