use crate::account::Confidence;
use crate::finding::{Evidence, Severity};
use crate::hive::Found;
use crate::mapi::{Profile, ProfileState, tags, uid};

use super::exchange::{self, MSEMS};
use super::file_path::components;
use super::hits::{self, Hit};
use super::personal_folders;
use super::{Rule, Verdict, View, unseen};

pub(super) static RULE: Rule = Rule {
    id: "C10",
    slug: "exchange-pst-pair",
    title: "An Exchange service and a personal folders file in a folder of ExMerge's name",
    severities: &[Severity::Low],
    // The absence of the client's section is part of the condition. Profiles marked for deletion are judged too: a
    // temporary profile may have been left there.
    condition: "A profile, live or marked for deletion, has a message service MSEMS and one of personal folders (MSPST MS \
                or MSUPST MS), no section 0a0d020000000000c000000000000046 of a client, and the path of a personal \
                folders file (6700, or the copy in the store's identifier 0fff) has a component EXMERGEDATA, in any \
                letter case. Without that component there is no finding.",
    implies: "The shape is compatible with a temporary profile of ExMerge, which opens a mailbox and a personal folders \
              file together (Q265438).",
    does_not_prove: "That ExMerge ran; that data were exported. The order in which ExMerge configures its profile is not \
                     published, and an attempt that failed need not leave a file.",
    remediation: "Ask who ran ExMerge, when and by whose order, and look for the file and for ExMerge's log.",
    false_positives: "A profile that was made by hand for a file that ExMerge had written. A folder that only has this \
                      name.",
    references: &["Q265438", "Q265441", "inferred"],
    argues_from_absence: true,
    by_profile: true,
    appendix: None,
    check,
};

/// The default folder for the files that ExMerge writes (Q265441; in a folder of the program in Q265438).
const FOLDER: &str = "EXMERGEDATA";

fn check(view: &View<'_>, verdict: &mut Verdict) {
    unseen::lists(view, &[ProfileState::Live, ProfileState::DeletedPending], verdict);
    for place in view.all_profiles() {
        let profile = place.1;
        exchange::unseen_services(profile, verdict);
        let files = exported_files(profile);
        let (Some(exchange), Some(personal)) =
            (profile.services(MSEMS).next(), personal_folders::services(profile).next())
        else {
            continue;
        };
        if files.is_empty() {
            continue;
        }
        match profile.section(uid::CAPONE_SECTION) {
            Found::Here(_) => continue,
            Found::Absent => {}
            Found::Unknown => {
                verdict.cannot_judge(format!(
                    "{}: whether a client used it could not be read",
                    profile.key.path()
                ));
                continue;
            }
        }
        let detail = || {
            format!(
                "Profile \"{}\" has the services {MSEMS} and {}, no section of a client, and a file in a folder {FOLDER}: {}.",
                profile.name(),
                personal.service_name.as_deref().unwrap_or_default(),
                hits::spelled(&files)
            )
        };
        let claim = hits::claim(Severity::Low, Confidence::Low, place, &files, detail);
        let services = [exchange, personal].into_iter().filter_map(|service| {
            let name = service.prop(tags::PR_SERVICE_NAME).here()?;
            let says = service.service_name.clone().unwrap_or_default();
            Some(Evidence::value("name of the service", &service.key, name, says))
        });
        verdict.claims.extend(claim.map(|claim| claim.with(services)));
    }
}

/// Paths of personal folders with the component.
fn exported_files<'p, 'b>(profile: &'p Profile<'b>) -> Vec<Hit<'p, 'b>> {
    let mut paths = personal_folders::paths(profile);
    paths.retain(|hit| components(&hit.says).any(|component| component.eq_ignore_ascii_case(FOLDER)));
    paths
}
