use crate::account::Confidence;
use crate::finding::{Claim, Evidence, Severity, Subject};
use crate::mapi::{Profile, ProfileState, Root};

use super::shutdown::{Before, Shutdown};
use super::wording::{counted, listed};
use super::{Rule, Verdict, View};

pub(super) static RULE: Rule = Rule {
    id: "L06",
    slug: "session-predates-boot",
    title: "Profiles of sessions, older than the last shutdown",
    severities: &[Severity::Medium],
    // The reference compares the last write of the key or the time in the name. Where both are there they have to agree, or
    // the confidence says that they do not; and of a profile without a time in its name every key has to be older.
    condition: "A profile under Deleted Profiles, or one under Profiles whose name is of a family that services make at their \
                start (MSExchangeIMC, MSExchangeCalCon, names in the form of the Exchange Development Kit), carries in its name \
                a time before ShutdownTime of the host's SYSTEM hive; or carries none, and no key of it was changed since. \
                One finding for each list of profiles and grade of confidence: medium only if name and keys are both \
                older, the control set is the current one, and the user's hive was changed after the shutdown; else low.",
    implies: "As far as these times are right and both hives are of one host: no session outlives a shutdown of Windows, \
              so that the session of the profile had ended by then, and what should remove the profile at its end \
              (Q199977, KB303221) did not.",
    does_not_prove: "Why: a crash, a stop that was cut short by the shutdown, or a program that was ended. That anything was \
                     lost. That later profiles are in use: an unclean end of Windows leaves ShutdownTime as it was, so that \
                     it says nothing of what is later. That the digits in a name are a time.",
    remediation: "Find out in the event log how the services ended. After preserving the evidence, stop all MAPI services and \
                  programs of the account, and then clean up what is left (Q199977).",
    false_positives: "ShutdownTime that is wrong or of another computer. A SYSTEM hive that was copied after a later shutdown \
                      than the user's hive. Clocks that were changed. A service that uses an older profile again without \
                      changing it.",
    references: &["KB303221", "Q199977", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check,
};

/// A profile and why its session is older.
type Leftover<'v> = (&'v Profile<'v>, Before);

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let is_of_session = |profile: &Profile<'_>| {
        profile.state == ProfileState::DeletedPending
            || profile.name_facts.is_dynamic()
    };
    if !view.mapi.all_profiles().any(|(_, profile)| is_of_session(profile)) {
        return;
    }
    let Some(shutdown) = Shutdown::needed(view, verdict) else { return };
    for root in &view.mapi.roots {
        for state in [ProfileState::Live, ProfileState::DeletedPending] {
            let Some(list) = root.list(state).as_ref().here() else { continue };
            let sessions: Vec<&Profile<'_>> =
                list.profiles.iter().filter(|profile| is_of_session(profile)).collect();
            let outlived: Vec<Leftover<'_>> = sessions
                .iter()
                .filter_map(|profile| Some((*profile, shutdown.outlived_by(profile)?)))
                .collect();
            let later = sessions.len() - outlived.len();
            for confidence in [Confidence::Medium, Confidence::Low] {
                let alike: Vec<Leftover<'_>> = outlived
                    .iter()
                    .copied()
                    .filter(|(_, before)| shutdown.confidence(*before) == confidence)
                    .collect();
                verdict.claims.extend(claim(root, state, &shutdown, confidence, &alike, later));
            }
        }
    }
}

fn claim(
    root: &Root<'_>,
    state: ProfileState,
    shutdown: &Shutdown<'_>,
    confidence: Confidence,
    leftovers: &[Leftover<'_>],
    later: usize,
) -> Option<Claim> {
    let ((first, _), others) = leftovers.split_first()?;
    let list = if state == ProfileState::Live { "Profiles" } else { "Deleted Profiles" };
    let further = match later {
        0 => String::new(),
        later => format!(
            " {} in this list {} not shown to be older, and the shutdown says nothing of {}.",
            counted(later, "further profile of a session", "further profiles of sessions"),
            if later == 1 { "is" } else { "are" },
            if later == 1 { "it" } else { "them" }
        ),
    };
    let detail = format!(
        "{} under {list} {} by the time in the name or of the keys older than the last shutdown: {}. {}{further}",
        counted(leftovers.len(), "profile", "profiles"),
        if others.is_empty() { "is" } else { "are" },
        listed(leftovers.iter().map(described)),
        shutdown.sentence()
    );
    let subject = match others {
        [] => Subject::profile(root, first),
        _ => Subject { profile_state: Some(state), ..Subject::root(root) },
    };
    let evidence = Evidence::key("profile key", &first.key);
    let mut claim = Claim::new(Severity::Medium, confidence, subject, evidence, detail)
        .with(others.iter().map(|(profile, _)| Evidence::key("profile key", &profile.key)))
        .beside([shutdown.evidence()])
        .timed_by(first);
    claim.count = leftovers.len() as u64;
    Some(claim)
}

fn described((profile, before): &Leftover<'_>) -> String {
    let name = profile.name();
    let latest = profile.latest_write();
    let named = profile.name_facts.edk.as_ref().map(|edk| edk.created);
    match (named, before) {
        (Some(named), Before::Name) => {
            format!("\"{name}\" (time in the name {named}, though a key was changed {latest} or may have been later)")
        }
        (Some(named), _) => format!("\"{name}\" (time in the name {named}, latest change {latest})"),
        (None, _) => format!("\"{name}\" (latest change {latest})"),
    }
}
