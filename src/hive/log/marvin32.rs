//! Marvin32, the hash of log entries.

/// The registry's seed, as the specification prints it: low word first ("Log entries", note 3).
const SEED: (u32, u32) = (0x7a4e_55c5, 0x82ef_4d88);

/// The hash of `bytes`, 64 bits.
pub(super) fn marvin32(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let state = words.iter().fold(SEED, |state, word| mix(state, u32::from_le_bytes(*word)));
    // What is left, then one byte 0x80, then zeros.
    let mut last = [0; 4];
    for (place, byte) in last.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *place = *byte;
    }
    let (low, high) = mix(mix(state, u32::from_le_bytes(last)), 0);
    u64::from(high) << 32 | u64::from(low)
}

fn mix((low, high): (u32, u32), word: u32) -> (u32, u32) {
    let low = low.wrapping_add(word);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    (low, high.rotate_left(19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_windows() {
        // Values that yarp gives, which reads logs of Windows 10 by them.
        assert_eq!(marvin32(b""), 0xb39e_fca4_0396_6e08);
        assert_eq!(marvin32(b"abcdefg"), 0x0c00_597a_c6bf_45f2);
    }
}
