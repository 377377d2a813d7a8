//! Marvin32, the hash of log entries.

/// The registry's seed, as the specification prints it: low word first ("Log entries", note 3).
const SEED: (u32, u32) = (0x7a4e_55c5, 0x82ef_4d88);

/// The hash of `bytes`, 64 bits.
pub(super) fn marvin32(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let state = words.iter().fold(SEED, |state, word| mix(state, u32::from_le_bytes(*word)));
    finish(state, rest)
}

/// The hashes of several runs of bytes at once, as many as there are `runs`.
///
/// Each step of the hash waits for the one before, so that one run leaves most of a processor idle; four runs side by side
/// take little longer than one.
pub(super) fn marvin32_of_each(runs: &[&[u8]]) -> Vec<u64> {
    const SIDE_BY_SIDE: usize = 4;

    let mut hashes = vec![0; runs.len()];
    let mut waiting = runs.iter().enumerate().map(|(index, run)| Lane::new(index, run));
    let mut lanes: Vec<Lane<'_>> = Vec::with_capacity(SIDE_BY_SIDE);
    loop {
        lanes.extend(waiting.by_ref().take(SIDE_BY_SIDE - lanes.len()));
        match &mut lanes[..] {
            [] => return hashes,
            [a] => side_by_side([a]),
            [a, b] => side_by_side([a, b]),
            [a, b, c] => side_by_side([a, b, c]),
            [a, b, c, d, ..] => side_by_side([a, b, c, d]),
        }
        lanes.retain(|lane| {
            let is_done = lane.words.is_empty();
            if let Some(place) = hashes.get_mut(lane.index).filter(|_| is_done) {
                *place = finish(lane.state, lane.rest);
            }
            !is_done
        });
    }
}

/// Hashes the lanes on to where the shortest of them ends.
fn side_by_side<const LANES: usize>(lanes: [&mut Lane<'_>; LANES]) {
    /// Words of each lane that are hashed in one go: whether there are more is asked no more often.
    const BLOCK: usize = 8;

    let count = lanes.iter().map(|lane| lane.words.len()).min().unwrap_or(0);
    let mut states = lanes.each_ref().map(|lane| lane.state);
    let mut parts = lanes.each_ref().map(|lane| {
        let (blocks, rest) = lane.words.get(..count).unwrap_or_default().as_chunks::<BLOCK>();
        (blocks.iter(), rest)
    });
    for _ in 0..count / BLOCK {
        let blocks = parts.each_mut().map(|(blocks, _)| blocks.next().copied().unwrap_or_default());
        for word in 0..BLOCK {
            for (state, block) in states.iter_mut().zip(&blocks) {
                *state = mix(*state, u32::from_le_bytes(block[word]));
            }
        }
    }
    for ((state, (_, rest)), lane) in states.into_iter().zip(parts).zip(lanes) {
        lane.state = rest.iter().fold(state, |state, word| mix(state, u32::from_le_bytes(*word)));
        lane.words = lane.words.get(count..).unwrap_or_default();
    }
}

/// A run of bytes, as far as it is not hashed yet.
struct Lane<'r> {
    index: usize,
    words: &'r [[u8; 4]],
    rest: &'r [u8],
    state: (u32, u32),
}

impl<'r> Lane<'r> {
    fn new(index: usize, run: &'r [u8]) -> Self {
        let (words, rest) = run.as_chunks::<4>();
        Self { index, words, rest, state: SEED }
    }
}

/// What is left, then one byte 0x80, then zeros.
fn finish(state: (u32, u32), rest: &[u8]) -> u64 {
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

    #[test]
    fn runs_side_by_side_have_the_hashes_they_have_alone() {
        let bytes: Vec<u8> = (0..4_000_u32).map(|number| number.wrapping_mul(193).to_le_bytes()[1]).collect();
        for count in 0..9 {
            let runs: Vec<&[u8]> = (0..count)
                .map(|index| &bytes[index * 7..(index * 731 + 50 * count) % 3_900 + index * 7])
                .collect();
            let alone: Vec<u64> = runs.iter().map(|run| marvin32(run)).collect();
            assert_eq!(marvin32_of_each(&runs), alone, "{count}");
        }
    }
}
