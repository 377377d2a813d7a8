//! Floor 5: the rules. Each is data and one pure function in a file of its own; this is the registry.

use crate::account::{Attribution, Confidence};
use crate::finding::{Claim, Severity};
use crate::hive::{BaseBlock, HiveState};
use crate::mapi::Mapi;

/// A rule: what it looks for, what it means when it is found, and what it does not mean.
pub struct Rule {
    /// `L01`.
    pub id: &'static str,
    /// `calcon-multi`.
    pub slug: &'static str,
    /// A few words for people.
    pub title: &'static str,
    /// The severities that its findings can have, lowest first.
    pub severities: &'static [Severity],
    /// The exact condition, in words; where it is sharper than the published one, the file says why.
    pub condition: &'static str,
    /// What a finding implies.
    pub implies: &'static str,
    /// What it does not prove.
    pub does_not_prove: &'static str,
    /// What to do about it, after preserving the evidence.
    pub remediation: &'static str,
    /// What looks the same and is not meant.
    pub false_positives: &'static str,
    /// Where the rule comes from.
    pub references: &'static [&'static str],
    /// Whether it argues from something not being there; then it is not judged where the hive does not vouch for that.
    pub argues_from_absence: bool,
    /// Judges one hive.
    pub check: fn(&View<'_>, &mut Verdict),
}

/// What a rule may look at.
pub struct View<'v> {
    /// The header as it is in the file; `None` if it is destroyed.
    pub base_block: Option<&'v BaseBlock>,
    /// How far the header vouches for the rest.
    pub state: HiveState,
    /// Names of the transaction logs that lie beside the hive.
    pub logs: &'v [String],
    /// Whose hive it is.
    pub account: &'v Attribution,
    /// What it holds for MAPI.
    pub mapi: &'v Mapi<'v>,
}

impl View<'_> {
    /// How sure it is that what was seen is the state of the hive: bytes of a write that had not ended may be old.
    fn as_seen(&self) -> Confidence {
        if self.state.vouches_for_absence() { Confidence::High } else { Confidence::Medium }
    }
}

/// What a rule says about one hive.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Its findings.
    pub claims: Vec<Claim>,
    /// Why it could not judge some of what it looked at, each a few words with a key path.
    pub not_judged: Vec<String>,
}

impl Verdict {
    /// The rule finds something.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// The rule cannot judge something.
    pub fn cannot_judge(&mut self, why: impl Into<String>) {
        self.not_judged.push(why.into());
    }
}

/// Declares the rules' files and lists them, in the order of the reference: one line a rule.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in the order in which findings are sorted.
        pub static ALL: &[&Rule] = &[$(&$module::RULE),*];
    };
}

mod damage;
mod exchange;
mod family;
mod unseen;
mod wording;

registry! {
    calcon_multi,
    calcon_one,
    imc_present,
    imc_multi,
    deleted_pending,
    name_in_both,
    deleted_only,
    default_dangling,
    empty_profile,
    no_service_table,
    service_dangling,
    msems_no_providers,
    msems_unconfigured,
    skeleton_only,
    default_hive_profiles,
    dirty_hive,
    written_together,
    stored_secret,
}

/// The rule with this identifier (`L01`, `MAPI-L01`) or slug, in any letter case.
pub fn find(name: &str) -> Option<&'static Rule> {
    let id = name.get(..5).filter(|head| head.eq_ignore_ascii_case("MAPI-")).and_then(|_| name.get(5..));
    let id = id.unwrap_or(name);
    ALL.iter().find(|rule| rule.id.eq_ignore_ascii_case(id) || rule.slug.eq_ignore_ascii_case(name)).copied()
}

/// Judges a hive by one rule.
pub fn judge(rule: &Rule, view: &View<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    if rule.argues_from_absence && !view.state.vouches_for_absence() {
        verdict.cannot_judge(format!("hive is {}, so what is not seen may be there", view.state.as_str()));
        return verdict;
    }
    (rule.check)(view, &mut verdict);
    verdict
}
