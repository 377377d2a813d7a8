//! Message services of personal folders, and where their files are.

use crate::mapi::entry_id::EntryId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::{MSPST_PROVIDER, MapiUid};
use crate::mapi::{Profile, ProviderSection};

use super::hits::Hit;

/// The services by their names in mapisvc.inf: the older form of the file and the Unicode one.
const SERVICES: [&str; 2] = ["MSPST MS", "MSUPST MS"];

/// The sections of such services.
pub(super) fn services<'p, 'b>(profile: &'p Profile<'b>) -> impl Iterator<Item = &'p ProviderSection<'b>> {
    profile.sections.iter().filter(|section| section.kind == SectionKind::Service && has_the_name(section))
}

/// Whether a section is a provider of personal folders: by its service, or by the kind of its store.
pub(super) fn is_provider(section: &ProviderSection<'_>) -> bool {
    let by_kind = || {
        let kind = section.prop(tags::PR_MDB_PROVIDER).here();
        kind.is_some_and(|kind| MapiUid::from_bytes(kind.bytes()) == Some(MSPST_PROVIDER))
    };
    section.kind == SectionKind::Provider && (has_the_name(section) || by_kind())
}

fn has_the_name(section: &ProviderSection<'_>) -> bool {
    let name = section.service_name.as_deref();
    name.is_some_and(|name| SERVICES.iter().any(|service| service.eq_ignore_ascii_case(name)))
}

/// The paths of the files: as the provider's own property, and as the copy in the identifier of the store.
pub(super) fn paths<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    profile.sections.iter().filter(|section| is_provider(section)).flat_map(paths_of).collect()
}

/// The same of one provider.
pub(super) fn paths_of<'p, 'b>(section: &'p ProviderSection<'b>) -> impl Iterator<Item = Hit<'p, 'b>> {
    let own = Hit::text("path of the file", section, tags::PR_PST_PATH);
    let copy = section.prop(tags::PR_ENTRYID).here().and_then(|value| {
        let path = EntryId::parse(value.bytes(), value.ansi()).ok()?.pst_path()?.to_owned();
        Hit::new("copy of the path in the store's identifier", section, value, path)
    });
    own.into_iter().chain(copy)
}
