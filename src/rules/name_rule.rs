use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};

use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C21",
    slug: "name-rule",
    title: "A name that MAPI's rules for profiles do not allow",
    severities: &[Severity::Low],
    condition: "The name of a profile, live or marked for deletion, is longer than 64 characters (UTF-16 units), begins \
                or ends with a space, or contains a control character.",
    implies: "The key was not made in the documented way: names of profiles have up to 64 characters, with spaces only \
              inside (CreateProfile). It was written directly into the registry, or through a MAPI that does not check, or \
              the name is damaged.",
    does_not_prove: "Which of these; that a program uses the profile.",
    remediation: "Find out what made the key. Editors of the registry may not show such a name as it is.",
    false_positives: "Programs that derive the name from a text of their own, as CDO does.",
    references: &["office-developer-client-docs:iprofadmin-createprofile", "Q271913"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

/// The length of the documented longest name.
const LONGEST: usize = 64;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for (root, profile) in view.all_profiles() {
        let faults = faults(profile.name());
        if !faults.is_empty() {
            let detail = format!("The name \"{}\" {}.", profile.name(), faults.join(", and "));
            let evidence = Evidence::key("profile key", &profile.key);
            let subject = Subject::profile(root, profile);
            let claim = Claim::new(Severity::Low, Confidence::High, subject, evidence, detail);
            verdict.claim(claim.timed_by(profile));
        }
    }
}

/// What is wrong with a name. The name is one component of a path, in which control characters and backslashes are
/// escaped (see [`wintypes`](crate::wintypes)).
fn faults(name: &str) -> Vec<String> {
    let (mut units, mut controls) = (0, 0);
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let escaped = rest.strip_prefix("\\u{").and_then(|tail| tail.split_once('}'));
        let (unit, tail) =
            match escaped.and_then(|(hex, tail)| Some((u32::from_str_radix(hex, 16).ok()?, tail))) {
                Some(escaped) => escaped,
                None => (u32::from(first), rest.get(first.len_utf8()..).unwrap_or_default()),
            };
        units += if unit > 0xffff { 2 } else { 1 };
        controls += usize::from(char::from_u32(unit).is_some_and(char::is_control));
        rest = tail;
    }
    let mut faults = Vec::new();
    if units > LONGEST {
        faults.push(format!("has {units} characters"));
    }
    match (name.starts_with(' '), name.ends_with(' ')) {
        (true, true) => faults.push("begins and ends with a space".to_owned()),
        (true, false) => faults.push("begins with a space".to_owned()),
        (false, true) => faults.push("ends with a space".to_owned()),
        (false, false) => {}
    }
    if controls > 0 {
        faults.push(super::wording::counted(
            controls,
            "control character is in it",
            "control characters are in it",
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_measured_as_they_are_stored() {
        for (name, expected) in [
            ("Outlook", 0),
            ("inner space", 0),
            ("a\\u{5c}b", 0),
            (" x", 1),
            ("x ", 1),
            (" ", 1),
            ("a\\u{7}b", 1),
            ("\\u{d800}", 0),
        ] {
            assert_eq!(faults(name).len(), expected, "{name}: {:?}", faults(name));
        }
        assert!(faults(&"n".repeat(64)).is_empty());
        assert_eq!(faults(&"n".repeat(65)), ["has 65 characters"]);
        // An escape is one character.
        assert!(faults(&format!("{}\\u{{5c}}", "n".repeat(63))).is_empty());
        assert_eq!(faults(&"😀".repeat(33)), ["has 66 characters"]);
    }
}
