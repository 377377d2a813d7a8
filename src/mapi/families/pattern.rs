//! Patterns of names, as `families.toml` explains them.

/// Which names belong to a family. It describes the whole name; letter case of ASCII letters does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

/// All but [`Part::Any`] take a known number of bytes, so that matching never has to try more than one way back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Any,
    One,
    Digits(usize),
    Hex(usize),
    Guid,
    PidAndFiletime,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A placeholder is not closed.
    #[error("\"<\" without \">\" behind it; the character itself is written \"<<\"")]
    Unclosed,
    /// There is no such placeholder.
    #[error(
        "there is no placeholder <{0}>; there are <any>, <text>, <digits:N>, <hex:N>, <guid> and <pid+filetime>, N from 1 \
         to 64"
    )]
    Unknown(String),
    /// Something follows process and time.
    #[error("<pid+filetime> can only stand at the end")]
    NotAtTheEnd,
    /// Nothing in it tells one name from another.
    #[error("it would claim every name")]
    EveryName,
}

/// Lengths of a GUID's groups of digits.
const GUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
const GUID_LEN: usize = 36;

/// Digits of process and time: three numbers of eight.
pub(super) const SUFFIX_DIGITS: usize = 24;

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(tail) = rest.strip_prefix("<<") {
                push_literal(&mut parts, '<');
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('<') {
                let (name, tail) = tail.split_once('>').ok_or(PatternError::Unclosed)?;
                push_placeholder(&mut parts, name)?;
                rest = tail;
            } else {
                push_literal(&mut parts, first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
        let before_last = parts.len().saturating_sub(1);
        if parts.iter().take(before_last).any(|part| *part == Part::PidAndFiletime) {
            return Err(PatternError::NotAtTheEnd);
        }
        if parts.iter().all(|part| matches!(part, Part::Any | Part::One)) {
            return Err(PatternError::EveryName);
        }
        Ok(Self { parts })
    }

    /// Whether a name belongs to it.
    pub fn matches(&self, name: &str) -> bool {
        let (mut name, mut parts) = (name.as_bytes(), self.parts.as_slice());
        // Where to go on, one byte later, if what follows the last `<any>` does not fit. Earlier ones need no second
        // try: what stands between them fitted at the first possible place, which leaves the most to the rest.
        let mut retry: Option<(&[u8], &[Part])> = None;
        loop {
            match parts.split_first() {
                Some((Part::Any, behind)) => {
                    retry = Some((name, behind));
                    parts = behind;
                    continue;
                }
                Some((part, behind)) => {
                    if let Some(tail) = part.take(name) {
                        (name, parts) = (tail, behind);
                        continue;
                    }
                }
                None if name.is_empty() => return true,
                None => {}
            }
            let Some((from, behind)) = retry else { return false };
            let Some((_, later)) = from.split_first() else { return false };
            retry = Some((later, behind));
            (name, parts) = (later, behind);
        }
    }

    /// Whether a name that belongs to it ends with process and time.
    pub fn ends_with_process_and_time(&self) -> bool {
        self.parts.last() == Some(&Part::PidAndFiletime)
    }
}

fn push_literal(parts: &mut Vec<Part>, character: char) {
    if let Some(Part::Literal(text)) = parts.last_mut() {
        text.push(character);
    } else {
        parts.push(Part::Literal(character.into()));
    }
}

fn push_placeholder(parts: &mut Vec<Part>, name: &str) -> Result<(), PatternError> {
    let unknown = || PatternError::Unknown(name.to_owned());
    let length = |digits: &str| {
        let length = digits.parse().ok().filter(|length| (1..=64).contains(length));
        length.filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(unknown)
    };
    match name.split_once(':') {
        Some(("digits", digits)) => parts.push(Part::Digits(length(digits)?)),
        Some(("hex", digits)) => parts.push(Part::Hex(length(digits)?)),
        Some(_) => return Err(unknown()),
        None => match name {
            "any" => parts.push(Part::Any),
            "text" => parts.extend([Part::One, Part::Any]),
            "guid" => parts.push(Part::Guid),
            "pid+filetime" => parts.push(Part::PidAndFiletime),
            _ => return Err(unknown()),
        },
    }
    Ok(())
}

impl Part {
    /// What is left of a name that begins with this part.
    fn take<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let len = match self {
            Self::Literal(text) => text.len(),
            Self::Any => 0,
            Self::One => 1,
            Self::Digits(len) | Self::Hex(len) => *len,
            Self::Guid => GUID_LEN,
            Self::PidAndFiletime => SUFFIX_DIGITS,
        };
        let (own, rest) = name.split_at_checked(len)?;
        let fits = match self {
            Self::Literal(text) => own.eq_ignore_ascii_case(text.as_bytes()),
            Self::Any | Self::One => true,
            Self::Digits(_) => own.iter().all(u8::is_ascii_digit),
            Self::Hex(_) => own.iter().all(u8::is_ascii_hexdigit),
            Self::Guid => is_guid(own),
            Self::PidAndFiletime => is_process_and_time(own),
        };
        fits.then_some(rest)
    }
}

fn is_guid(text: &[u8]) -> bool {
    let groups = text.split(|byte| *byte == b'-');
    groups.clone().map(<[u8]>::len).eq(GUID_GROUPS) && groups.flatten().all(u8::is_ascii_hexdigit)
}

/// Hexadecimal digits, of which the upper half of the time has the form of the Exchange Development Kit's years: 01 and a
/// digit from b to f.
fn is_process_and_time(digits: &[u8]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
        && digits.get(8..11).is_some_and(|year| {
            year.starts_with(b"01") && year.last().is_some_and(|digit| matches!(digit | 0x20, b'b'..=b'f'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches(name)
    }

    #[test]
    fn a_pattern_describes_the_whole_name() {
        for (pattern, name) in [
            ("Abc", "aBC"),
            ("a<any>", "A"),
            ("a<any>", "a and more"),
            ("<any>a", "banana"),
            ("<any>ab<any>ba", "xabba"),
            ("<any>ana<any>na", "bananana"),
            ("a<text>", "ab"),
            ("<text>ü", "üü"),
            ("a<<b>", "a<b>"),
            ("n<digits:2>", "n07"),
            ("<any><hex:4><any>", "xx00fFyy"),
            ("{<guid>}", "{D9734F19-8CFB-411D-BC59-833E334FCB5E}"),
            ("x<pid+filetime>", "x0000012C01Be92e19c6ae2a0"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("Abc", "Abcd"),
            ("Abc", "xAbc"),
            ("Abc", "Ab"),
            ("Abc", ""),
            ("a<any>", "ba"),
            ("<any>ab<any>ba", "xaba"),
            ("a<text>", "a"),
            ("ä", "Ä"),
            ("n<digits:2>", "n7"),
            ("n<digits:2>", "n0f"),
            ("n<digits:2>", "n007"),
            ("<any><hex:4><any>", "xx00fyyy"),
            ("<guid>", "D9734F19-8CFB-411D-BC59833E334FCB5E-"),
            ("<guid>", "D9734F19-8CFB-411D-BC59-833E334FCB5G"),
            ("<guid>", "{D9734F19-8CFB-411D-BC59-833E334FCB5E}"),
            ("x<pid+filetime>", "x0000012c01ae92e19c6ae2a0"),
            ("x<pid+filetime>", "x0000012c11be92e19c6ae2a0"),
            ("x<pid+filetime>", "x0000012c01be92e19c6ae2a00"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (pattern, why) in [
            ("a<any", "\"<\" without \">\""),
            ("a<", "\"<\" without \">\""),
            ("<word>", "no placeholder <word>"),
            ("<ANY>", "no placeholder <ANY>"),
            ("<hex>", "no placeholder <hex>"),
            ("<hex:0>", "no placeholder <hex:0>"),
            ("<hex:65>", "no placeholder <hex:65>"),
            ("<hex:+4>", "no placeholder <hex:+4>"),
            ("<guid:4>", "no placeholder <guid:4>"),
            ("<pid+filetime> x", "only stand at the end"),
            ("", "every name"),
            ("<any>", "every name"),
            ("<text><any>", "every name"),
        ] {
            let error = Pattern::parse(pattern).expect_err(pattern).to_string();
            assert!(error.contains(why), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_long_name_costs_no_more_than_its_length_times_the_patterns() {
        let name = "ab".repeat(30_000);
        assert!(!matches("<any>ab<any>ab<any>ab<any>ab<any>ab<any>abc<any>abd", &name));
    }
}
