//! A site's list of the servers that exist: one name a line.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What is wrong with a list of servers, and where.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// Not a text.
    #[error("line {0}: the bytes are no UTF-8")]
    Utf8(usize),
    /// A line that is more or less than a name.
    #[error(
        "line {line}: {text:?} is no name of a server: expected letters, digits, \"-\", \"_\" and \".\", one name a line"
    )]
    Name {
        /// The line, counted from 1.
        line: usize,
        /// What stands there, up to 80 characters of it.
        text: String,
    },
    /// A list with nothing in it would call every server unknown.
    #[error("there is no name in it")]
    Empty,
}

/// The servers that exist, by a site's list.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// All names, in lower case and without a dot at their end.
    names: BTreeSet<String>,
    /// The same by their first labels.
    by_label: BTreeMap<String, Vec<String>>,
}

/// What a list says of a server that a profile names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Listed {
    /// The name stands in the list.
    Yes,
    /// One of the two names lacks its domain, so that both may be of one server.
    Perhaps,
    /// It does not stand there; these do, with another domain.
    No(Vec<String>),
    /// An address, an identifier or a DN: a list of names says nothing of it.
    NoName,
}

impl Servers {
    /// Reads a list. Empty lines count for nothing, and neither does what stands behind `#`.
    ///
    /// # Errors
    /// A line that is no name, with its number; a list without any.
    pub fn read(bytes: &[u8]) -> Result<Self, ServersError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut servers = Self::default();
        for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
            let text = std::str::from_utf8(line).map_err(|_| ServersError::Utf8(number))?;
            let text = text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            let name = folded(text)
                .ok_or_else(|| ServersError::Name { line: number, text: text.chars().take(80).collect() })?;
            if servers.names.insert(name.clone()) {
                servers.by_label.entry(label(&name).to_owned()).or_default().push(name);
            }
        }
        if servers.names.is_empty() { Err(ServersError::Empty) } else { Ok(servers) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Whether a server is one of them. Two names are of one server if they are the same but for letter case; a name without
    /// a domain may be that of any server with this first label.
    pub(super) fn listed(&self, server: &str) -> Listed {
        let Some(name) = folded(server) else { return Listed::NoName };
        if self.names.contains(&name) {
            return Listed::Yes;
        }
        let alike = self.by_label.get(label(&name)).map_or(&[][..], Vec::as_slice);
        let lacks_domain = |name: &str| !name.contains('.');
        if alike.iter().any(|other| lacks_domain(other) || lacks_domain(&name)) {
            return Listed::Perhaps;
        }
        Listed::No(alike.to_vec())
    }
}

/// A name of a host as it is compared; `None` for what is none.
fn folded(text: &str) -> Option<String> {
    let name = text.trim().trim_start_matches('\\');
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_letter = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let is_name = name.split('.').all(|label| !label.is_empty()) && name.chars().all(is_letter);
    (is_name && name.parse::<IpAddr>().is_err()).then(|| name.to_lowercase())
}

fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_compared_as_far_as_both_are_given() {
        let servers = Servers::read(b"MAIL1\r\n# old ones\nmail2.example.test. # the second\n\n").unwrap();
        assert_eq!(servers.count(), 2);
        for (name, listed) in [
            ("mail1", Listed::Yes),
            (r"\\MAIL1", Listed::Yes),
            ("Mail2.Example.Test", Listed::Yes),
            ("MAIL2", Listed::Perhaps),
            ("mail1.example.test", Listed::Perhaps),
            ("mail2.other.test", Listed::No(vec!["mail2.example.test".into()])),
            ("MAIL3", Listed::No(Vec::new())),
            ("mail", Listed::No(Vec::new())),
            ("10.0.0.1", Listed::NoName),
            ("5f2f3c6e-0000-0000-0000-000000000000@example.test", Listed::NoName),
            ("/o=Org/ou=Site/cn=Configuration/cn=Servers/cn=MAIL9", Listed::NoName),
        ] {
            assert_eq!(servers.listed(name), listed, "{name}");
        }
    }

    #[test]
    fn a_list_that_is_none_is_told_with_its_line() {
        for (bytes, says) in [
            (&b"MAIL1\nMAIL 2\n"[..], "line 2: \"MAIL 2\" is no name"),
            (b"MAIL1\n\n10.0.0.1", "line 3: \"10.0.0.1\""),
            (b"a..b", "line 1"),
            (b"MAIL1\n\xff", "line 2: the bytes are no UTF-8"),
            (b"# nothing\n\n", "there is no name"),
            (b"", "there is no name"),
        ] {
            let error = Servers::read(bytes).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
