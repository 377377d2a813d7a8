use crate::account::Confidence;
use crate::finding::Severity;
use crate::mapi::tags::{self, SectionKind};

use super::hits::{self, Hit};
use super::host_name::label;
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "C12",
    slug: "home-server-moved",
    title: "The home server is another one than was typed",
    severities: &[Severity::Info],
    // The domain is left out of the comparison, so that a short and a full name of one server are the same.
    condition: "A section with Exchange settings (13dbb0c8aa05101a9bb000aa002fc45a, or one that a 3d15 names) holds a home \
                server (6602) and the server as typed (6608), both names of hosts, whose first labels differ in any \
                letter case. Addresses, DNs, and names with @, as Outlook 2013 and later write them, are not compared. \
                One finding for each such section.",
    implies: "As where the mailbox was moved to another server after the profile was created: the home server follows the \
              mailbox, while what was typed stays as it was, also when the name is checked again (Q178620). That it was \
              moved is inferred.",
    does_not_prove: "When it was moved. That it was: an alias, or another server than that of the mailbox, may have been \
                     typed.",
    remediation: "None.",
    false_positives: "An alias of the server in what was typed.",
    references: &["Q178620", "EdkMdb.h", "inferred"],
    argues_from_absence: false,
    by_profile: true,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    for place in view.all_profiles() {
        for section in place.1.sections.iter().filter(|section| section.kind == SectionKind::GlobalProfile) {
            let home = Hit::text("home server", section, tags::PR_PROFILE_HOME_SERVER);
            let typed = Hit::text("server as typed", section, tags::PR_PROFILE_UNRESOLVED_SERVER);
            let Some((home, typed)) = home.zip(typed) else { continue };
            let differ = label(&home.says).zip(label(&typed.says)).is_some_and(|(home, typed)| home != typed);
            if !differ {
                continue;
            }
            let detail = format!(
                "Section {} of profile \"{}\" holds the home server \"{}\" (6602), where \"{}\" was typed (6608).",
                section.uid,
                place.1.name(),
                home.says,
                typed.says
            );
            let claim = hits::claim(Severity::Info, Confidence::Medium, place, &[home, typed], || detail);
            verdict.claims.extend(claim.map(|claim| crate::finding::Claim { count: 1, ..claim }));
        }
    }
}
