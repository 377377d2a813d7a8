/// The UTF-16 code units of a text.
pub fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// UTF-16LE bytes with a terminating NUL, as in `REG_SZ` data.
pub fn utf16_nul(text: &str) -> Vec<u8> {
    bytes_of(&utf16(text)).into_iter().chain([0, 0]).collect()
}

/// Upper case of one UTF-16 unit, one unit to one unit as Windows does it. Units whose upper case needs two
/// characters, and the few that the table of Windows leaves alone although Unicode does not, stay as they are.
pub fn upcase(unit: u16) -> u16 {
    const LEFT_ALONE: [u16; 3] = [0x00B5, 0x0131, 0x017F];
    const GEORGIAN: std::ops::RangeInclusive<u16> = 0x10D0..=0x10FF;
    if LEFT_ALONE.contains(&unit) || GEORGIAN.contains(&unit) {
        return unit;
    }
    let Some(character) = char::from_u32(u32::from(unit)) else { return unit };
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// The hash of a name in a hash leaf (spec, *Hash leaf*, note).
pub fn name_hash(name: &[u16]) -> u32 {
    name.iter().fold(0, |hash: u32, &unit| hash.wrapping_mul(37).wrapping_add(u32::from(upcase(unit))))
}

/// The first four characters of a name in a fast leaf; the first byte is null when one of the four is no extended
/// ASCII character (spec, *Fast leaf*).
pub fn name_hint(name: &[u16]) -> [u8; 4] {
    let mut hint = [0; 4];
    for (byte, &unit) in hint.iter_mut().zip(name) {
        let Ok(character) = u8::try_from(unit) else {
            hint[0] = 0;
            break;
        };
        *byte = character;
    }
    hint
}

/// The name in upper case: the key by which lists are sorted and names are compared.
pub(crate) fn folded(name: &[u16]) -> Vec<u16> {
    name.iter().copied().map(upcase).collect()
}

/// One byte for each character if all are extended ASCII ("comp" names; spec, *Key node*, *Flags*).
pub(crate) fn compressed(name: &[u16]) -> Option<Vec<u8>> {
    name.iter().map(|&unit| u8::try_from(unit).ok()).collect()
}

pub(crate) fn bytes_of(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_ignore_case_and_follow_the_specification() {
        assert_eq!(name_hash(&utf16("a")), 0x41);
        assert_eq!(name_hash(&utf16("ab")), 0x41 * 37 + 0x42);
        assert_eq!(name_hash(&utf16("Profiles")), name_hash(&utf16("PROFILES")));
    }

    #[test]
    fn hints_are_padded_and_marked_when_not_extended_ascii() {
        assert_eq!(name_hint(&utf16("ab")), *b"ab\0\0");
        assert_eq!(name_hint(&utf16("Software")), *b"Soft");
        assert_eq!(name_hint(&utf16("é\u{17e}x")), [0, 0, 0, 0]);
        assert_eq!(name_hint(&utf16("ab\u{17e}x")), [0, b'b', 0, 0]);
    }

    #[test]
    fn upper_case_keeps_one_unit_one_unit() {
        assert_eq!(upcase(u16::from(b'z')), u16::from(b'Z'));
        assert_eq!(upcase(0x00E9), 0x00C9);
        assert_eq!(upcase(0x00FF), 0x0178);
        assert_eq!(upcase(0x00DF), 0x00DF);
        assert_eq!(upcase(0xD800), 0xD800);
    }
}
