use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::entry_id::EntryId;
use crate::mapi::prop::PropId;
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::{Profile, ProviderSection};

use super::file_path::is_unc;
use super::hits::{self, Hit};
use super::wording::counted;
use super::{Rule, Verdict, View, personal_folders};

pub(super) static RULE: Rule = Rule {
    id: "C18",
    slug: "file-on-network",
    title: "A path of a mail file leads to another computer",
    severities: &[Severity::Low],
    // A hive does not tell whether a drive letter is mapped to another computer; only paths that name one fire.
    condition: "The path of a personal folders file (6700, or the copies in identifiers of stores: 0fff, and Delivery \
                Store EntryID of an account), of an offline store (6610), of the folder of the offline address book \
                (660e), or of an archive file (0324, 032c) names another computer (\\\\server\\share). Drive letters are \
                not judged: where they lead cannot be known from the hive. One finding for each profile.",
    implies: "The profile is set up to use a file over the network. Where it does, the file is exposed to damage and to \
              locks (inferred).",
    does_not_prove: "That the file is there, or was ever opened; that it is damaged.",
    remediation: "Secure the file, and move it to a drive of the computer itself.",
    false_positives: "A path that was only typed.",
    references: &["MSPST.h", "EdkMdb.h", "Q198479", "inferred"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        let hits = on_network(place.1);
        let detail = || {
            format!(
                "Profile \"{}\" has {} on another computer: {}.",
                place.1.name(),
                counted(hits.len(), "path", "paths"),
                hits::spelled(&hits)
            )
        };
        verdict.claims.extend(hits::claim(Severity::Low, Confidence::Medium, place, &hits, detail));
    }
}

fn on_network<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let mut hits: Vec<Hit<'p, 'b>> = Vec::new();
    for section in &profile.sections {
        match section.kind {
            SectionKind::GlobalProfile => hits.extend(texts(section, &OF_EXCHANGE)),
            SectionKind::Capone => hits.extend(texts(section, &OF_CLIENTS)),
            SectionKind::AccountManager => hits.extend(deliveries(section)),
            _ if personal_folders::is_provider(section) => hits.extend(personal_folders::paths_of(section)),
            _ => {}
        }
    }
    hits.retain(|hit| is_unc(&hit.says));
    hits
}

/// Properties with paths, and what each is.
type Paths = [(&'static str, PropId)];

const OF_EXCHANGE: [(&str, PropId); 2] = [
    ("path of the offline store", tags::PR_PROFILE_OFFLINE_STORE_PATH),
    ("folder of the offline address book", tags::PR_PROFILE_AB_FILES_PATH),
];

const OF_CLIENTS: [(&str, PropId); 2] = [
    ("default archive file", tags::CAPONE_ARCHIVE_DEFAULT),
    ("last archive file", tags::CAPONE_ARCHIVE_LAST),
];

fn texts<'p, 'b>(
    section: &'p ProviderSection<'b>,
    paths: &'static Paths,
) -> impl Iterator<Item = Hit<'p, 'b>> {
    paths.iter().filter_map(|(role, id)| Hit::text(role, section, *id))
}

/// Where the accounts of Outlook's account manager deliver to.
fn deliveries<'p, 'b>(manager: &'p ProviderSection<'b>) -> impl Iterator<Item = Hit<'p, 'b>> {
    manager.below.iter().filter_map(move |account| {
        let value = account.named("Delivery Store EntryID").here()?;
        let path = EntryId::parse(value.bytes(), value.ansi()).ok()?.pst_path()?.to_owned();
        Hit::below("path of the store that an account delivers to", manager, account, value, path)
    })
}
