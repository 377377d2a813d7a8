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
    let mut lanes: [Option<Lane<'_>>; SIDE_BY_SIDE] = std::array::from_fn(|_| waiting.next());
    loop {
        if let [Some(a), Some(b), Some(c), Some(d)] = &mut lanes {
            let words = [&a, &b, &c, &d].iter().map(|lane| lane.words.len()).min().unwrap_or(0);
            for (((one, two), three), four) in
                a.take(words).iter().zip(b.take(words)).zip(c.take(words)).zip(d.take(words))
            {
                a.state = mix(a.state, u32::from_le_bytes(*one));
                b.state = mix(b.state, u32::from_le_bytes(*two));
                c.state = mix(c.state, u32::from_le_bytes(*three));
                d.state = mix(d.state, u32::from_le_bytes(*four));
            }
        }
        let mut any = false;
        for lane in &mut lanes {
            if let Some(done) = lane.take_if(|lane| lane.words.is_empty()) {
                if let Some(place) = hashes.get_mut(done.index) {
                    *place = finish(done.state, done.rest);
                }
                *lane = waiting.next();
            }
            any |= lane.is_some();
        }
        if !any {
            return hashes;
        }
        if lanes.iter().any(Option::is_none) {
            // Fewer runs than lanes are left: each to its end.
            for lane in lanes.iter_mut().flatten() {
                let words = std::mem::take(&mut lane.words);
                lane.state =
                    words.iter().fold(lane.state, |state, word| mix(state, u32::from_le_bytes(*word)));
            }
        }
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

    /// The next words, of which there are as many.
    fn take(&mut self, count: usize) -> &'r [[u8; 4]] {
        let (now, later) = self.words.split_at_checked(count).unwrap_or((self.words, &[]));
        self.words = later;
        now
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
