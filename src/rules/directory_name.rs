//! Names in Exchange's directory that a profile is to open.

use crate::mapi::prop::PropId;
use crate::mapi::{Profile, tags};

use super::exchange::{Part, part};
use super::hits::Hit;

/// The names: of the user and as typed in sections with settings, of the mailbox in providers of Exchange.
pub(super) fn all<'p, 'b>(profile: &'p Profile<'b>) -> impl Iterator<Item = Hit<'p, 'b>> {
    const SETTINGS: [(&str, PropId); 2] = [
        ("name of the user", tags::PR_PROFILE_USER),
        ("mailbox name as typed", tags::PR_PROFILE_UNRESOLVED_NAME),
    ];
    const PROVIDER: [(&str, PropId); 1] = [("mailbox of a store", tags::PR_PROFILE_MAILBOX)];

    profile.sections.iter().flat_map(|section| {
        let names: &[(&'static str, PropId)] = match part(section) {
            Some(Part::Settings) => &SETTINGS,
            Some(Part::Provider) => &PROVIDER,
            None => &[],
        };
        names.iter().filter_map(|(role, id)| Hit::text(role, section, *id))
    })
}

/// Whether a name is of a connector: it stands below the connections of a site.
pub(super) fn is_connector(name: &str) -> bool {
    contains(name, "/cn=Configuration/cn=Connections/cn=")
}

/// Whether a name is of something of the directory's configuration, so of no mailbox that people use.
pub(super) fn is_configuration(name: &str) -> bool {
    contains(name, "/cn=Configuration/")
}

/// Whether a name has this in it, in any letter case.
pub(super) fn contains(name: &str, part: &str) -> bool {
    name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
