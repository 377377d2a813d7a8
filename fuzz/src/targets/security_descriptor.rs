//! Security descriptors and the identifiers in them. The input is a descriptor.

use mapihive::wintypes::{SecurityDescriptor, Sid};

/// Feeds one input.
pub fn run(input: &[u8]) {
    if let Ok(descriptor) = SecurityDescriptor::parse(input) {
        let allowed = descriptor.allowed.iter().flatten().map(|entry| &entry.sid);
        for sid in descriptor.owner.iter().chain(allowed) {
            let text = sid.to_string();
            assert_eq!(Sid::parse(&text).as_ref(), Some(sid), "bytes and text mean the same");
        }
        let _ = descriptor.incomplete.map(|why| why.to_string());
    }
}
