//! What transaction logs changed: the hive file alone beside what its logs make of it.

use crate::account::Confidence;
use crate::hive::{Care, HiveState, Tree};
use crate::mapi::Recovered;
use crate::scan::{OpenHive, Understood};

use super::Difference;
use super::keys::{Copied, Scope};
use super::profiles;

/// What the transaction logs of a hive changed for MAPI, in the order of rows; nothing where none was applied. BEFORE is
/// the hive file, AFTER what its logs make of it.
pub fn replayed(hive: &OpenHive<'_>, understood: &Understood<'_>) -> Vec<Difference> {
    let (Some(image), Some(before)) = (hive.image.before_replay(), &understood.before) else {
        return Vec::new();
    };
    let tree = Tree::new(image, Care::Once);
    let nothing = Recovered::default();
    let scope = Scope {
        before: Copied {
            // What is asked is what the lists of the file show, and for that a file that is dirty vouches too.
            state: if image.state() == HiveState::Damaged {
                HiveState::Damaged
            } else {
                HiveState::DirtyReplayed
            },
            tree: &tree,
            mapi: before,
            recovered: &nothing,
        },
        after: Copied {
            state: hive.image.state(),
            tree: hive.tree,
            mapi: &understood.mapi,
            // What the file shows is told beside it; that the records are still there is no news.
            recovered: &nothing,
        },
        certainty: Confidence::High,
        root: None,
        profile: None,
    };
    let mut differences = Vec::new();
    profiles::differences(scope, &mut differences);
    super::in_order(&mut differences);
    differences
}
