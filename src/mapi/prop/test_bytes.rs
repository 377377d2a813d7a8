//! Bytes for tests.

/// Bytes from hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| u8::try_from(high << 4 | low).unwrap()).collect()
}

/// UTF-16LE with a terminating NUL.
pub(crate) fn utf16z(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// Damaged variants of `seed`, the same ones in every run: every prefix, then `count` with up to four bytes changed,
/// swapped for boundary numbers, or cut out.
pub(crate) fn mutations(seed: &[u8], count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ seed.len() as u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    let prefixes: Vec<_> = (0..seed.len()).map(|len| seed[..len].to_vec()).collect();
    let damaged: Vec<_> = (0..count)
        .map(|_| {
            let mut bytes = seed.to_vec();
            for _ in 0..=next(4) {
                if bytes.is_empty() {
                    break;
                }
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = next(256).to_le_bytes()[0],
                    1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][next(5)],
                    _ => {
                        bytes.remove(at);
                    }
                }
            }
            bytes
        })
        .collect();
    prefixes.into_iter().chain(damaged)
}
