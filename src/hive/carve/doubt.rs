//! What speaks against a recovered record, and how far it can be trusted therefore.

use std::fmt;

/// How far a recovered record can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// The bytes are those of such a record, but not certainly of this hive, or they contradict others: the record lies
    /// behind the last bin, overlaps another recovered one, has parents that form a circle, or lies in slack and nothing
    /// tells where it belonged. A lead, no evidence.
    Low,
    /// The record is whole, and something else is lost or in doubt: its place in the tree, some of its values, their data
    /// or to whom they belonged. [`Doubts`] name it.
    Medium,
    /// The record is whole and lies in a free cell, its parents lead to the live root without a gap, and all values it
    /// counts are there with all their data (of a value: it belongs to a recovered key, which counts it, and its data are
    /// whole). What it says was once in this hive; that none of its cells was used and freed again in between is likely, for
    /// nothing that is left contradicts it, and cannot be proven.
    High,
}

impl Trust {
    /// All levels, for the documentation of the vocabulary.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word used in every table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

macro_rules! doubts {
    ($($(#[doc = $doc:literal])* $name:ident: $most:ident, $text:literal;)*) => {
        /// One thing that lowers the trust in a recovered record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Doubt { $($(#[doc = $doc])* $name,)* }

        impl Doubt {
            /// All doubts, for the documentation of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The words used in tables.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The most that a record of which this is true can be trusted.
            pub fn at_most(self) -> Trust {
                match self { $(Self::$name => Trust::$most,)* }
            }
        }
    };
}

doubts! {
    /// Behind the last bin, where another file's bytes may be left.
    InTail: Low, "behind the last bin, may be another file's";
    /// In what an overwritten log entry has left: whose page of the hive it was is not known any more, nor therefore which
    /// cells it refers to.
    PlaceUnknown: Low, "left by an overwritten log entry, its place in the hive is not known";
    /// In the unused bytes of a cell that is in use.
    InSlack: Medium, "in the slack of a cell in use";
    /// In an allocated cell to which no live record refers.
    Unreferenced: Medium, "in an allocated cell without reference";
    /// The live tree could not be read whole, so that what seems unreferenced may be live.
    TreeIncomplete: Medium, "live tree not read whole";
    /// The size before the record is not that of its cell: the place was used again, or is not a cell's.
    SizeUnfit: Medium, "size of its old cell does not fit";
    /// The name is made of control characters: bytes of a later record.
    NameOverwritten: Low, "name overwritten";
    /// Bytes of the record are those of another recovered record too: one of them overwrote the other.
    Overlaps: Low, "overlaps another recovered record";
    /// The path has a gap: no sound key is where a parent should be.
    ParentUnknown: Medium, "parent not found";
    /// The path leads through a key in an allocated cell that the live tree does not list.
    ParentNotLive: Medium, "parent in use, but not live";
    /// The key that is where the parent should be changed last before this key did. Removing a subkey stamps the parent, so
    /// the parent's cell may have been used again by another key.
    ParentOlder: Medium, "parent is older, its cell may have been used again";
    /// The parents form a circle or are more than Windows allows.
    ParentCircle: Low, "parents form a circle or are too many";
    /// The path is longer than is held.
    PathTooLong: Medium, "path too long";
    /// The key counts no values although its list is there; the values are those the list still shows.
    CountLost: Medium, "count of values lost";
    /// The key counts no values and has no list, but once had some. Windows keeps the count of a deleted key; other programs
    /// clear it.
    HadValues: Medium, "had values once, counts none";
    /// The key does not lead to its list of values; a list was found that fits no other key.
    ListFound: Medium, "list of values found by the sizes of its values";
    /// The list of values, or values in it, were overwritten.
    ValuesLost: Medium, "values lost";
    /// Two recovered keys list the same value; it is told with one of them.
    ClaimedTwice: Medium, "value listed by two keys";
    /// Data were overwritten, all or in part.
    DataLost: Medium, "data lost";
    /// The data's bytes are also those of another recovered record or value.
    DataShared: Medium, "data overlap those of another record";
    /// The key that lists the value is itself of low trust.
    KeyDoubted: Low, "its key is of low trust";
    /// No recovered key lists the value.
    KeyUnknown: Medium, "key not found";
}

/// A set of doubts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Doubts {
    bits: u32,
}

impl Doubts {
    /// The doubts, in the order of [`Doubt::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Doubt> {
        Doubt::ALL.iter().copied().filter(move |doubt| self.contains(*doubt))
    }

    /// Whether this is one of them.
    pub fn contains(self, doubt: Doubt) -> bool {
        self.bits & 1 << doubt as u32 != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// How far a record with these doubts can be trusted.
    pub fn trust(self) -> Trust {
        let lost = self.contains(Doubt::ParentUnknown) || self.contains(Doubt::KeyUnknown);
        if self.contains(Doubt::InSlack) && lost {
            return Trust::Low;
        }
        self.iter().map(Doubt::at_most).min().unwrap_or(Trust::High)
    }

    pub(super) fn insert(&mut self, doubt: Doubt) {
        self.bits |= 1 << doubt as u32;
    }

    pub(super) fn remove(&mut self, doubt: Doubt) {
        self.bits &= !Self::from(doubt).bits;
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.bits |= others.bits;
    }

    /// Those of both sets.
    pub(super) fn only(self, wanted: &[Doubt]) -> Self {
        let mut some = Self::default();
        wanted.iter().filter(|doubt| self.contains(**doubt)).for_each(|doubt| some.insert(*doubt));
        some
    }
}

impl From<Doubt> for Doubts {
    fn from(doubt: Doubt) -> Self {
        Self { bits: 1 << doubt as u32 }
    }
}

/// The words of all doubts with semicolons between, for a cell of a table.
impl fmt::Display for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, doubt) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            f.write_str(doubt.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_doubt_has_words_of_its_own_and_lowers_the_trust() {
        let mut words: Vec<&str> = Doubt::ALL.iter().map(|doubt| doubt.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Doubt::ALL.len());
        for doubt in Doubt::ALL {
            let doubts = Doubts::from(*doubt);
            assert!(
                doubts.contains(*doubt) && doubts.trust() == doubt.at_most() && doubts.trust() < Trust::High
            );
            assert_eq!(doubts.to_string(), doubt.as_str());
        }
        assert_eq!(Doubts::default().trust(), Trust::High);
        assert_eq!(Doubts::default().to_string(), "");
        assert!(Trust::ALL.is_sorted());
    }

    #[test]
    fn slack_without_a_place_in_the_tree_is_a_lead_only() {
        for lost in [Doubt::ParentUnknown, Doubt::KeyUnknown] {
            let mut doubts = Doubts::from(Doubt::InSlack);
            doubts.insert(lost);
            assert_eq!(doubts.trust(), Trust::Low);
            assert_eq!(Doubts::from(lost).trust(), Trust::Medium);
        }
    }
}
