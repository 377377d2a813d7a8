use crate::finding::{Claim, Severity, Subject};
use crate::mapi::RootKind;

use super::owner::{ExchangeServices, exchange_services};
use super::{Rule, Verdict, View, needs};

pub(super) static RULE: Rule = Rule {
    id: "X06",
    slug: "no-mapi-at-all",
    title: "An account of Exchange's services whose hive has no Windows Messaging Subsystem",
    severities: &[Severity::Low],
    condition: "By the SYSTEM hive of the host a service of Exchange (MSExchange...) that is not disabled runs as the account, and \
                the hive, which vouches for what it does not show, has no key Windows Messaging Subsystem of Windows NT. Low \
                confidence where the service is the account's by a name alone.",
    implies: "Nothing of MAPI profiles of Windows NT is in the hive. Possible reasons: it is not the one that the services \
              used; they fell back to the default profile of the system because the account's own could not be loaded \
              (Q247934); all of their profiles are temporary ones in .mmp files, which no hive shows (KB891425); they use \
              none.",
    does_not_prove: "Which of these. That the services never used MAPI: services also delete their profiles when they \
                     stop, although the key above them should then stay (inferred).",
    remediation: "Look for the profiles in the DEFAULT hive of the host (C27) and for .mmp files, and compare the list of profile \
                  folders in SOFTWARE with the place of this hive.",
    false_positives: "Services of Exchange that use no MAPI profile. The NTUSER.DAT in systemprofile, which services of \
                      LocalSystem do not use: theirs is DEFAULT.",
    references: &["Q247934", "KB891425", "inferred"],
    argues_from_absence: true,
    by_profile: false,
    appendix: None,
    check,
};

fn check(view: &View<'_>, verdict: &mut Verdict) {
    let Some(system) = &view.host.system else { return };
    if view.mapi.roots.iter().any(|root| root.kind == RootKind::WindowsNt) {
        return;
    }
    // Where it cannot be told whether the services are this account's, every user of the host would be named.
    let ExchangeServices::Run(owning) = exchange_services(view) else { return };
    if !view.mapi.unknown.is_empty() {
        for path in &view.mapi.unknown {
            verdict.cannot_judge(format!("{path}: whether profiles are below it could not be read"));
        }
        return;
    }
    let detail = format!(
        "The hive has no key Windows Messaging Subsystem of Windows NT. {}{}",
        owning.sentence(),
        needs::guess_sentence(system)
    );
    let Some(hive) = needs::user_hive(view) else { return };
    let claim = Claim::new(Severity::Low, owning.confidence(), Subject::default(), hive, detail);
    let mut claim = claim.beside(owning.evidence(view));
    claim.count = owning.services.len() as u64;
    verdict.claim(claim);
}
