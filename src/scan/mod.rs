//! Floor 6: from paths to what is known of every hive below them.

mod archive;
mod companions;
mod discover;
mod fleet;
mod hosts;
mod input;
mod judge;
mod manifest;
mod one_hive;
mod series;

pub use archive::{Inside, archive_of};
pub use companions::{Companions, Seen};
pub use discover::{
    Candidate, Discovered, PassedOver, PathOfText, discover, discover_inputs, in_archive, path_text,
    read_path_text, system_text,
};
pub use fleet::{GroupKey, Stop, Unit, in_order, units};
pub use hosts::{GivenHives, Hosts};
pub use input::{Hashed, hash_file, hash_in_archive};
pub use judge::{HeldProfile, HiveReport, Judged, NotJudged, judge_hive, judge_hive_and};
pub use manifest::{Input, Listed, ManifestError, ManifestLine, ManifestLog, RenamedLog};
pub use one_hive::{
    Coverage, GivenInput, InputFile, InputKind, OpenHive, Reading, Status, Understood, beside, read_hive,
};
pub use series::{CopyOf, Earlier, EarlierProfile, link_copies};
