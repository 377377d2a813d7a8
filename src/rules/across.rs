//! Rules that judge all hives together. Here are their words; what they look for is judged by the floor above, once every
//! hive has added its facts.

use crate::finding::Severity;

use super::{Rule, Verdict, View};

/// Every rule over all hives, in the order in which their findings are sorted.
pub static ACROSS: &[&Rule] = &[
    &STALE_SERVER,
    &SHARED_MAILBOX,
    &SAME_INSTANCE_HOSTS,
    &CLONED_ACROSS_ACCOUNTS,
    &LEFTOVERS_ON_HOSTS,
    &ACCOUNT_ON_HOSTS,
    &ONLY_MARKED_PROFILES,
];

/// Places that must name a server before one of them can be that of the majority (X01).
pub const FEWEST_SERVERS: u64 = 10;
/// Accounts that must name a mailbox before it counts as shared (X02).
pub const FEWEST_ACCOUNTS: u64 = 3;
/// Hosts on which a family of profiles must stand (X08).
pub const FEWEST_HOSTS: u64 = 3;

/// One hive alone shows nothing of what these rules look for.
fn nothing_in_one_hive(_: &View<'_>, _: &mut Verdict) {}

/// X01.
pub static STALE_SERVER: Rule = Rule {
    id: "X01",
    slug: "stale-server",
    title: "A server that most of the fleet, or the given list of servers, does not name",
    severities: &[Severity::Low],
    condition: "Without a list of servers: at least ten places in the profiles of all hives name a home server (6602, \
                660c), more than half of them the same, and this one names another; letter case does not matter. With one \
                (--servers): the server is not in the list. Names are compared in any letter case; where one of the two \
                has no domain and the host names are the same, they may be of one server, and nothing is told. Addresses, \
                DNs and identifiers with a domain (Outlook 2013 and later) are not looked for in the list.",
    implies: "The server may be decommissioned, and the profiles that name it may be left over.",
    does_not_prove: "That the server is gone, or that the profiles are not used: fleets have several servers, the hives \
                     that were collected need not be all there are, and a list may be incomplete or of another time.",
    remediation: "Compare with the list of servers that are in use.",
    false_positives: "Sites with servers of their own; hives of several organisations in one run; servers that were \
                      renamed, or are named by an alias.",
    references: &["Q178620", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X02.
pub static SHARED_MAILBOX: Rule = Rule {
    id: "X02",
    slug: "shared-mailbox",
    title: "A mailbox that the profiles of several accounts name",
    severities: &[Severity::Info],
    condition: "The same distinguished name of a mailbox or user (660b, 6603) stands in live profiles, or profiles marked for \
                deletion, of at least three accounts. The same security identifier on several hosts is one account.",
    implies: "The profiles of several accounts are set up for one mailbox: a shared one, or one that several accounts may \
              open (inferred).",
    does_not_prove: "That any of them opened it, or had the right to.",
    remediation: "Review who may open the mailbox.",
    false_positives: "Mailboxes of a department; connectors, which have one name for all services. Copies of one hive \
                      under several accounts.",
    references: &["inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X04.
pub static SAME_INSTANCE_HOSTS: Rule = Rule {
    id: "X04",
    slug: "same-instance-hosts",
    title: "One profile of an account on several hosts",
    severities: &[Severity::Info],
    condition: "Profiles of the same account, by a security identifier of a domain or machine, hold the same instance key \
                (8503\u{2026}\\0102300b) in hives of at least two hosts.",
    implies: "These profiles have one origin: the account's profile roams, or a hive or profile was copied from one host \
              to the other.",
    does_not_prove: "Which of these, and which host had it first.",
    remediation: "None needed; tells which hives belong together.",
    false_positives: "Two collections of one host under different names; machines that were cloned. MAPI itself makes the \
                      key new for each profile that it creates.",
    references: &["office-developer-client-docs:iprofsectimapiprop", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X07.
pub static CLONED_ACROSS_ACCOUNTS: Rule = Rule {
    id: "X07",
    slug: "cloned-across-accounts",
    title: "One instance key in the hives of several accounts",
    severities: &[Severity::Medium],
    condition: "Profiles of at least two accounts, by security identifiers of domains or machines, hold the same instance key \
                (8503\u{2026}\\0102300b). The part of L15 that needs several hives.",
    implies: "The profiles have one origin, as where one was brought from one account to another through the registry \
              (Save Key and Restore, import of a .reg file, a copied hive). No function of MAPI is known that copies a \
              profile to another account.",
    does_not_prove: "Who did it, or that it was meant to give access: Microsoft documents the way for looking at mail queues.",
    remediation: "Find out what the copy was for. After preserving the evidence, delete it by a program of MAPI once it is not \
                  needed any more.",
    false_positives: "A template for new accounts that has a profile, which every account made from it inherits.",
    references: &["Q165505", "Q184621", "office-developer-client-docs:iprofsectimapiprop"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X08.
pub static LEFTOVERS_ON_HOSTS: Rule = Rule {
    id: "X08",
    slug: "family-on-many-hosts",
    title: "Profiles named as those of one service on many hosts",
    severities: &[Severity::Info],
    condition: "Profiles whose names belong to one family that a service makes at start and removes at stop stand on at least \
                three hosts.",
    implies: "The same service, or what it has left, seems to be on all of these hosts and is to be looked at there.",
    does_not_prove: "That any of the profiles is a leftover: a running service has one.",
    remediation: "See the findings of each hive for the family (L01 to L05, L12).",
    false_positives: "A service that runs on all these hosts as it should.",
    references: &["Q214637", "Q201121", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X09.
pub static ACCOUNT_ON_HOSTS: Rule = Rule {
    id: "X09",
    slug: "account-on-many-hosts",
    title: "Profiles of one account on several hosts",
    severities: &[Severity::Info],
    condition: "Hives of the same account, by a security identifier of a domain or machine, hold profiles on at least two \
                hosts.",
    implies: "The account used MAPI on these hosts, its profile roams, or hives or machines were copied.",
    does_not_prove: "That it was meant to be used there, or who used it.",
    remediation: "For an account of a service, compare with the hosts on which the service is to run.",
    false_positives: "Roaming profiles; two collections of one host under different names; machines that were cloned with their \
                      identifier.",
    references: &["inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};

/// X10.
pub static ONLY_MARKED_PROFILES: Rule = Rule {
    id: "X10",
    slug: "only-marked-profiles",
    title: "A server that only profiles marked for deletion name",
    severities: &[Severity::Info],
    condition: "A home server (6602, 660c) is named by profiles under Deleted Profiles and by no profile under Profiles in any \
                hive that was read.",
    implies: "All profiles of these hives that name the server are marked for deletion; these accounts may no longer use \
              it.",
    does_not_prove: "That no other account, whose hive was not collected, uses it; that the server is gone; that the \
                     profiles are not in use until their sessions end.",
    remediation: "None needed.",
    false_positives: "Healthy gateways mark their profile for deletion right after they log on.",
    references: &["KB303221", "inferred"],
    argues_from_absence: false,
    by_profile: false,
    appendix: None,
    check: nothing_in_one_hive,
};
