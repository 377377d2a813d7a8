//! `bodyfile.txt`: the times of all keys of MAPI, live and recovered, in the format of The Sleuth Kit's `mactime`.

use std::fmt::Write as _;

use crate::hive::Origin;
use crate::mapi::{MapiKey, Root};
use crate::scan::{OpenHive, Understood};
use crate::wintypes::Filetime;

/// The lines of a hive: `MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`, as version 3 of the format has it.
///
/// The name is the hive and the key; the place of an inode has the offset in the file, so that a line can be traced; the
/// last write stands as `mtime`, in seconds since 1970, and what is not known is 0. Keys last written before 1970 or later than
/// such seconds can say are left out, for 0 would be another claim.
pub fn bodyfile_lines(hive: &OpenHive<'_>, understood: &Understood<'_>) -> String {
    let mut lines = String::new();
    let (mapi, recovered) = (&understood.mapi, &understood.recovered);
    for key in mapi.roots.iter().flat_map(Root::keys) {
        add(&mut lines, hive.hive_path, key, "");
    }
    for key in mapi.places.iter().flat_map(|place| &place.keys) {
        add(&mut lines, hive.hive_path, key, "");
    }
    for state in &recovered.keys {
        let origin = match state.key.provenance.origin {
            Origin::Primary => "in the hive file before its logs were applied",
            other => other.as_str(),
        };
        add(
            &mut lines,
            hive.hive_path,
            &state.key,
            &format!(" (recovered: {origin}, trust {})", state.trust.as_str()),
        );
    }
    lines
}

fn add(lines: &mut String, hive_path: &str, key: &MapiKey<'_>, state: &str) {
    let Some(seconds) = unix_seconds(key.last_written) else { return };
    let file = match &key.provenance.log {
        Some(log) => crate::scan::beside(hive_path, log),
        None => hive_path.to_owned(),
    };
    let name = format!("{file}: {}{state}", key.path()).replace('|', "\\u{7c}");
    // Writing to a `String` cannot fail.
    let _ = writeln!(lines, "0|{name}|{}|r/rrwxrwxrwx|0|0|{}|0|{seconds}|0|0", key.provenance.at.0, key.size);
}

/// Whole seconds since 1970; `None` before then.
fn unix_seconds(time: Filetime) -> Option<u64> {
    /// Seconds from 1601-01-01 to 1970-01-01.
    const TO_1970: u64 = 11_644_473_600;

    (time.0 / 10_000_000).checked_sub(TO_1970).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_count_from_1970() {
        assert_eq!(unix_seconds(Filetime(116_444_736_000_000_000)), None);
        assert_eq!(unix_seconds(Filetime(116_444_736_010_000_000)), Some(1));
        assert_eq!(unix_seconds(Filetime(0)), None);
    }
}
