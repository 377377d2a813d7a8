use std::collections::BTreeMap;

use crate::account::AccountKind;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, Root};

use super::hits::Hit;
use super::owner::{ExchangeServices, Owning, exchange_services};
use super::wording::{counted, listed};
use super::{Rule, Verdict, View, directory_name, needs};

pub(super) static RULE: Rule = Rule {
    id: "S09",
    slug: "event1016-style",
    title: "Profiles for several mailboxes in an account of services other than Exchange's",
    severities: &[Severity::Info],
    // The reference has "several"; two may be an account's own mailbox and one that it serves.
    condition: "The profiles of the hive, live or marked for deletion, name at least three different mailboxes (6603, 660b; \
                objects of the directory's configuration left out), in any letter case; by the SYSTEM hive of the host services \
                run as the account; and the whole list of services shows that none of Exchange's (MSExchange...) does. Low \
                confidence where the services are its by a name alone. One finding for each hive.",
    implies: "The profiles are set up for the mailboxes of others, as those of products for antivirus and backup can be, \
              which work in them by design. Exchange logs event 1016 for such logons (Q244305).",
    does_not_prove: "That the account has the rights of a service account in Exchange, which only the directory shows; that it \
                     read any mail; which product it is.",
    remediation: "Find the product by the services, and review whether it needs the mailboxes.",
    false_positives: "A service account in whose name a person worked with shared mailboxes.",
    references: &["Q244305"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

const SEVERAL: usize = 3;

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let mut mailboxes: BTreeMap<String, (&Root<'_>, &Profile<'_>, Hit<'_, '_>)> = BTreeMap::new();
    for (root, profile) in view.mapi.all_profiles() {
        for hit in directory_name::all(profile) {
            let is_mailbox = hit.says.starts_with('/')
                && hit.role != "mailbox name as typed"
                && !directory_name::is_configuration(&hit.says);
            if is_mailbox {
                mailboxes.entry(hit.says.to_lowercase()).or_insert((root, profile, hit));
            }
        }
    }
    if mailboxes.len() < SEVERAL || view.account.kind == AccountKind::User {
        return;
    }
    let Some(system) = needs::system(view, verdict) else { return };
    let Some(owning) = Owning::of(view.account.services.iter()) else {
        if !view.host.knows_all_services() {
            verdict.cannot_judge("the services of the host could not all be listed");
        }
        return;
    };
    match exchange_services(view) {
        ExchangeServices::Run(_) => return,
        ExchangeServices::None => {}
        ExchangeServices::Unknown(why) => {
            verdict.cannot_judge(why);
            return;
        }
    }
    let detail = format!(
        "The profiles of the hive name {}: {}. {} None of the services of Exchange does.{}",
        counted(mailboxes.len(), "mailbox", "mailboxes"),
        listed(mailboxes.values().map(|(.., hit)| &hit.says)),
        owning.sentence(),
        needs::guess_sentence(system)
    );
    let count = mailboxes.len() as u64;
    let mut values = mailboxes.into_values();
    let Some((root, first, hit)) = values.next() else { return };
    let rest: Vec<_> = values.collect();
    let mut profiles: BTreeMap<_, &Profile<'_>> = BTreeMap::from([(first.key.at, first)]);
    profiles.extend(rest.iter().map(|(_, profile, _)| (profile.key.at, *profile)));
    let keys = profiles.values().map(|profile| Evidence::key("profile key", &profile.key));
    let one = rest.iter().all(|(_, profile, _)| profile.key.at == first.key.at);
    let subject = if one { Subject::profile(root, first) } else { Subject::default() };
    let mut claim = Claim::new(Severity::Info, owning.confidence(), subject, hit.evidence(), detail)
        .beside(owning.evidence(view).take(10))
        .with(rest.iter().map(|(.., hit)| hit.evidence()))
        .beside(keys)
        .timed_by(first);
    claim.count = count;
    verdict.claim(claim);
}
