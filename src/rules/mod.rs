//! Floor 5: the rules. Each is data and one pure function in a file of its own; this is the registry.

use std::cell::OnceCell;

use crate::account::{Attribution, Confidence, HostFacts};
use crate::finding::{Claim, Severity};
use crate::hive::{BaseBlock, HiveState, LogFate};
use crate::mapi::{Mapi, Profile, ProfileState, Recovered, Root};
use crate::wintypes::Filetime;

/// A rule: what it looks for, what it means when it is found, and what it does not mean.
#[derive(Debug)]
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
    /// Whether it judges each profile by itself. Such rules are shown a few profiles at a time, all of them the same few, which
    /// are still in the processor's cache then.
    pub by_profile: bool,
    /// Lines that explain more than fits into the texts: the list that a rule goes by.
    pub appendix: Option<fn() -> Vec<String>>,
    /// Judges one hive.
    pub check: fn(&View<'_>, &mut Verdict),
}

/// What a rule may look at.
pub struct View<'v> {
    /// The header as it is in the file; `None` if it is destroyed.
    pub base_block: Option<&'v BaseBlock>,
    /// How far the header vouches for the rest.
    pub state: HiveState,
    /// The transaction logs that lie beside the hive, and what became of each.
    pub logs: &'v [(String, LogFate)],
    /// Whose hive it is.
    pub account: &'v Attribution,
    /// What the machine hives of its host say.
    pub host: &'v HostFacts,
    /// What it holds for MAPI.
    pub mapi: &'v Mapi<'v>,
    /// What the hive file itself shows for MAPI, where transaction logs were applied.
    pub before: Option<&'v Mapi<'v>>,
    /// What it held for MAPI and holds no more: never mixed with what is live.
    pub recovered: &'v Recovered<'v>,
    /// The profiles that a rule of single profiles is shown now; `None` for all of them.
    pub shown: Option<Shown<'v>>,
}

/// A profile and the root it stands in.
pub type InRoot<'v> = (&'v Root<'v>, &'v Profile<'v>);

/// Some of the profiles of a hive.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'v> {
    /// The profiles, live ones first.
    profiles: &'v [InRoot<'v>],
    /// Whether they are the first that are shown: what is told once for all profiles is told with them.
    is_first: bool,
    /// When any key of MAPI last changed, once a rule asked for it.
    latest_write: &'v OnceCell<Option<Filetime>>,
}

impl<'v> View<'v> {
    /// The profiles to judge, live ones first.
    fn all_profiles(&self) -> impl Iterator<Item = InRoot<'v>> {
        let all = self.shown.is_none().then(|| self.mapi.all_profiles());
        let shown = self.shown.map_or(&[][..], |shown| shown.profiles);
        shown.iter().copied().chain(all.into_iter().flatten())
    }

    /// Those of a state.
    fn profiles(&self, state: ProfileState) -> impl Iterator<Item = InRoot<'v>> {
        self.all_profiles().filter(move |(_, profile)| profile.state == state)
    }

    /// When any key of MAPI in the hive last changed, also of profiles that are not shown now.
    fn latest_write(&self) -> Option<Filetime> {
        let latest = || self.mapi.latest_write();
        self.shown.map_or_else(latest, |shown| *shown.latest_write.get_or_init(latest))
    }

    /// Whether what is told once for all profiles is to be told now.
    fn is_first(&self) -> bool {
        self.shown.is_none_or(|shown| shown.is_first)
    }

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
    /// Why it could not judge some of what it looked at, each a few words with a key path; of very many the first.
    pub not_judged: Vec<String>,
    /// How many more reasons there are.
    not_judged_left_out: u64,
}

impl Verdict {
    /// Reasons that are spelled out; in a damaged hive every key can be one.
    const MAX_REASONS: usize = 100;

    /// The rule finds something.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// The rule cannot judge something.
    pub fn cannot_judge(&mut self, why: impl Into<String>) {
        if self.not_judged.len() < Self::MAX_REASONS {
            self.not_judged.push(why.into());
        } else {
            self.not_judged_left_out += 1;
        }
    }

    /// What was left out is told, now that the rule has said everything.
    fn completed(mut self) -> Self {
        self.claims = self.claims.into_iter().map(Claim::with_its_bound).collect();
        if self.not_judged_left_out > 0 {
            self.not_judged.push(format!("and {} more places", self.not_judged_left_out));
        }
        self
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

pub mod across;
mod damage;
mod directory_name;
mod exchange;
mod family;
mod file_path;
mod fleet_facts;
mod hits;
mod host_name;
mod needs;
mod owner;
mod personal_folders;
mod remains;
mod shutdown;
mod unseen;
mod wording;

registry! {
    calcon_multi,
    calcon_one,
    imc_present,
    imc_absent,
    imc_multi,
    session_predates_boot,
    deleted_pending,
    deleted_ts_risk,
    name_in_both,
    deleted_only,
    deleted_empty_key,
    dynamic_in_profiles,
    profiles_key_changed_later,
    profile_explosion,
    cloned_profile,
    gateway_tool_profile,
    dsa_mailbox_profile,
    temp_section,
    linkage_profile,
    imc_earlier_runs,
    calcon_earlier_runs,
    gone_after_replay,
    moved_to_deleted,
    removed_with_traces,
    recovered_differs,
    default_dangling,
    default_missing,
    empty_profile,
    no_service_table,
    service_dangling,
    provider_dangling,
    msems_no_providers,
    msems_unconfigured,
    skeleton_only,
    exchange_pst_pair,
    no_server_addrs,
    home_server_moved,
    stale_fqdn,
    legacy_and_office,
    duplicate_subsystem,
    outlook_on_exchange,
    service_pst,
    file_on_network,
    bes_no_homeserver,
    dup_single_copy,
    name_rule,
    name_mismatch,
    malformed_value,
    delegate_stores,
    never_connected,
    default_hive_profiles,
    stored_secret,
    pst_pw_remembered,
    admin_privilege,
    anon_connect,
    unknown_provider_dll,
    roh_no_ssl,
    ldap_clear,
    no_rpc_encryption,
    event_1016_style,
    service_mismatch,
    imc_but_no_service,
    no_mapi_at_all,
    dirty_hive,
    clock,
    recovered_profile,
    written_together,
    mmp_gap,
}

pub use fleet_facts::fleet_facts;

/// Every rule: those that judge one hive, then those that judge all hives together.
pub fn every() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().chain(across::ACROSS).copied()
}

/// The rule with this identifier (`L01`, `MAPI-L01`) or slug, in any letter case.
pub fn find(name: &str) -> Option<&'static Rule> {
    let id = name.get(..5).filter(|head| head.eq_ignore_ascii_case("MAPI-")).and_then(|_| name.get(5..));
    let id = id.unwrap_or(name);
    every().find(|rule| rule.id.eq_ignore_ascii_case(id) || rule.slug.eq_ignore_ascii_case(name))
}

/// Profiles that rules of single profiles are shown at a time: with their values some 500 KB.
pub const AT_A_TIME: usize = 32;

/// Judges a hive by one rule.
pub fn judge(rule: &Rule, view: &View<'_>) -> Verdict {
    judge_by(&[rule], view, AT_A_TIME).pop().unwrap_or_default()
}

/// Judges a hive by several rules and gives their verdicts in the same order. Rules of single profiles are shown so many
/// `at_a_time`, which changes nothing of what they say.
pub fn judge_by(rules: &[&Rule], view: &View<'_>, at_a_time: usize) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = rules.iter().map(|_| Verdict::default()).collect();
    let mut of_profiles = Vec::new();
    for (rule, verdict) in rules.iter().zip(&mut verdicts) {
        if rule.argues_from_absence && !view.state.vouches_for_absence() {
            verdict
                .cannot_judge(format!("hive is {}, so what is not seen may be there", view.state.as_str()));
        } else if rule.by_profile {
            of_profiles.push((rule, verdict));
        } else {
            (rule.check)(view, verdict);
        }
    }
    if !of_profiles.is_empty() {
        let profiles: Vec<InRoot<'_>> = view.mapi.all_profiles().collect();
        let latest_write = OnceCell::new();
        let mut parts = profiles.chunks(at_a_time.max(1));
        // Without any profile too, what is told once for all is told.
        let first = parts.next().unwrap_or_default();
        let mut shown = Shown { profiles: first, is_first: true, latest_write: &latest_write };
        loop {
            let view = View { shown: Some(shown), ..*view };
            for (rule, verdict) in &mut of_profiles {
                (rule.check)(&view, verdict);
            }
            let Some(profiles) = parts.next() else { break };
            shown = Shown { profiles, is_first: false, ..shown };
        }
    }
    verdicts.into_iter().map(Verdict::completed).collect()
}
