//! Names of servers as profiles hold them: NetBIOS names, names with a domain, and forms that name no host at all.

use std::net::IpAddr;

/// The first label of a server's name, in lower case, so that a NetBIOS name and the full name of one server are the
/// same; `None` for what cannot be compared: an address, an identifier with a domain as Outlook 2013 and later write it
/// (`GUID@domain`), a DN, or anything else that is no name of a host.
pub(super) fn label(name: &str) -> Option<String> {
    let name = name.trim().trim_start_matches('\\').trim_end_matches('.');
    let is_name = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    if name.is_empty() || !is_name(name) || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let label = name.split('.').next().filter(|label| !label.is_empty())?;
    Some(label.to_lowercase())
}

/// The first label of the host in an RPC binding: `ncacn_ip_tcp:server.example.com[1234]`.
pub(super) fn label_of_binding(binding: &str) -> Option<String> {
    let (_, host) = binding.split_once(':')?;
    label(host.split_once('[').map_or(host, |(host, _)| host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_full_names_of_a_server_are_the_same() {
        for name in ["EXCH01", "exch01", "Exch01.example.com", " exch01.example.com. ", r"\\EXCH01"] {
            assert_eq!(label(name).as_deref(), Some("exch01"), "{name}");
        }
        for binding in ["ncacn_ip_tcp:exch01.example.com", "ncalrpc:EXCH01", r"ncacn_np:\\EXCH01[\pipe\x]"] {
            assert_eq!(label_of_binding(binding).as_deref(), Some("exch01"), "{binding}");
        }
    }

    #[test]
    fn what_names_no_host_is_not_compared() {
        for name in [
            "",
            " ",
            "10.0.0.1",
            "fe80::1",
            "5f2f3c6e-0000-0000-0000-000000000000@example.com",
            "/o=Org/ou=Site/cn=Configuration/cn=Servers/cn=EXCH01",
            "Mail Server",
            ".example.com",
            "EXCH\\u{1}",
        ] {
            assert_eq!(label(name), None, "{name}");
        }
        for binding in ["", "EXCH01", "ncacn_ip_tcp:", "ncacn_ip_tcp:10.0.0.1", "ncacn_http:a@b"] {
            assert_eq!(label_of_binding(binding), None, "{binding}");
        }
    }
}
