//! Floor 7: what differs between two copies of hives, each difference with the evidence of both.
//!
//! Which copy is the earlier one is the user's statement. That something is there in one copy and not in the other is only
//! told where the other one's lists are complete and its header vouches for them; else it is told as not comparable.

mod keys;
mod one_pair;
mod pairing;
mod profiles;
mod replay;

use crate::account::Confidence;
use crate::finding::Evidence;
use crate::hive::ValueType;

pub use one_pair::{PairReport, compare_pair};
pub use pairing::{Pair, PairedBy, Side, pairs};
pub use replay::replayed;

/// How two copies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Whether something differs cannot be told.
    NotComparable,
    /// A hive of an account is in AFTER alone.
    AccountAppeared,
    /// A hive of an account is in BEFORE alone.
    AccountVanished,
    /// A hive that is no account's own is in AFTER alone.
    HiveAppeared,
    /// A hive that is no account's own is in BEFORE alone.
    HiveVanished,
    /// The hives at one place are of two accounts.
    AccountChanged,
    /// A profile is in AFTER alone.
    Born,
    /// A profile is in BEFORE alone.
    Gone,
    /// A profile stood under `Profiles` and stands under `Deleted Profiles` (KB303221).
    MovedToDeleted,
    /// A profile stood under `Deleted Profiles` and stands under `Profiles`.
    MovedBack,
    /// A profile of the same name has another instance key.
    Recreated,
    /// Keys or values of a profile differ.
    Changed,
    /// A key is in AFTER alone.
    KeyAdded,
    /// A key is in BEFORE alone.
    KeyRemoved,
    /// A key holds the same and was written at another time.
    Touched,
    /// A value is in AFTER alone.
    ValueAdded,
    /// A value is in BEFORE alone.
    ValueRemoved,
    /// A value has another type or other data.
    ValueChanged,
    /// `DefaultProfile` names another profile, or is in one copy alone.
    DefaultProfileChanged,
}

impl What {
    /// All of them, in the order of rows about one place.
    pub const ALL: [Self; 19] = [
        Self::NotComparable,
        Self::AccountAppeared,
        Self::AccountVanished,
        Self::HiveAppeared,
        Self::HiveVanished,
        Self::AccountChanged,
        Self::Born,
        Self::Gone,
        Self::MovedToDeleted,
        Self::MovedBack,
        Self::Recreated,
        Self::Changed,
        Self::KeyAdded,
        Self::KeyRemoved,
        Self::Touched,
        Self::ValueAdded,
        Self::ValueRemoved,
        Self::ValueChanged,
        Self::DefaultProfileChanged,
    ];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotComparable => "not-comparable",
            Self::AccountAppeared => "account-appeared",
            Self::AccountVanished => "account-vanished",
            Self::HiveAppeared => "hive-appeared",
            Self::HiveVanished => "hive-vanished",
            Self::AccountChanged => "account-changed",
            Self::Born => "born",
            Self::Gone => "gone",
            Self::MovedToDeleted => "moved-to-deleted",
            Self::MovedBack => "moved-back",
            Self::Recreated => "recreated",
            Self::Changed => "changed",
            Self::KeyAdded => "key-added",
            Self::KeyRemoved => "key-removed",
            Self::Touched => "touched",
            Self::ValueAdded => "value-added",
            Self::ValueRemoved => "value-removed",
            Self::ValueChanged => "value-changed",
            Self::DefaultProfileChanged => "default-profile-changed",
        }
    }
}

/// One difference between two copies of a hive.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// Which place of profiles.
    pub root: Option<String>,
    /// The profile.
    pub profile: Option<String>,
    /// The section.
    pub section_uid: Option<String>,
    /// The key; of one that has moved, where it is in AFTER.
    pub key_path: Option<String>,
    /// The value.
    pub value_name: Option<String>,
    /// How many keys a difference of a profile or of a hive counts.
    pub count: Option<usize>,
    /// What was seen, in a sentence.
    pub detail: String,
    /// How sure it is.
    pub certainty: Confidence,
    /// What BEFORE has.
    pub before: Seen,
    /// What AFTER has.
    pub after: Seen,
}

/// What one copy shows of a difference.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The record itself or, where there is none, the key whose whole list shows that.
    pub evidence: Option<Evidence>,
    /// The registry type of a value that is there.
    pub value_type: Option<ValueType>,
}

impl Difference {
    /// A difference of which nothing is known but what it is.
    fn new(what: What, detail: String) -> Self {
        Self {
            what,
            root: None,
            profile: None,
            section_uid: None,
            key_path: None,
            value_name: None,
            count: None,
            detail,
            certainty: Confidence::High,
            before: Seen::default(),
            after: Seen::default(),
        }
    }

    /// The order of rows in one pair: root, profile, key path, value, and then what it is and where it was seen.
    fn order(&self) -> impl Ord + '_ {
        let place = |seen: &Seen| seen.evidence.as_ref().map(|evidence| evidence.place.at);
        (
            (&self.root, &self.profile, &self.key_path, &self.value_name),
            (self.what, place(&self.before), place(&self.after), &self.detail),
        )
    }
}

impl Seen {
    fn of(evidence: Evidence) -> Self {
        Self { evidence: Some(evidence), value_type: None }
    }

    fn maybe(evidence: Option<Evidence>) -> Self {
        Self { evidence, value_type: None }
    }
}

/// Brings differences in the order of rows.
fn in_order(differences: &mut [Difference]) {
    // Such a row claims no difference.
    for difference in differences.iter_mut().filter(|row| row.what == What::NotComparable) {
        difference.certainty = Confidence::Low;
    }
    differences.sort_by(|a, b| a.order().cmp(&b.order()));
}

/// A name as Windows compares it: each character by the capital it has alone.
fn folded(name: &str) -> String {
    let upcase = |character: char| {
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(single), None) => single,
            _ => character,
        }
    };
    name.chars().map(upcase).collect()
}

/// `1 key`, `2 keys`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_its_own() {
        let mut words = What::ALL.map(What::as_str).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), What::ALL.len());
        assert!(What::ALL.is_sorted());
    }

    #[test]
    fn names_fold_as_they_are_compared() {
        for (left, right) in
            [("Outlook", "OUTLOOK"), ("Straße", "STRAßE"), ("ñ", "Ñ"), ("a", "b"), ("ß", "SS")]
        {
            assert_eq!(
                folded(left) == folded(right),
                crate::wintypes::same_name(left, right),
                "{left} {right}"
            );
        }
    }
}
