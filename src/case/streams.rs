//! The tables that grow hive by hive, and what one hive adds to each.

use crate::fleet::StoredFact;
use crate::report::{
    AccountRow, EvidenceRow, FindingRow, Formulas, HiveRow, InputRow, LogChangeRow, ProfileRow, PropertyRow,
    Row, ServiceRow, TableWriter, TimelineRow,
};

/// Declares the streams: name, file, and the row of a table with a header.
macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident: $file:literal $(, $row:ty)?;)*) => {
        /// A table that grows hive by hive, in the order of hives.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Stream {
            $($(#[$doc])* $name,)*
        }

        impl Stream {
            /// All of them.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// Its name in a case folder.
            pub fn file(self) -> &'static str {
                match self {
                    $(Self::$name => $file,)*
                }
            }

            /// The first line; empty where there is none.
            pub fn header(self) -> Vec<u8> {
                let headers: &[fn() -> Vec<u8>] = match self {
                    $(Self::$name => &[$(header_of::<$row>)?],)*
                };
                headers.first().map(|header| header()).unwrap_or_default()
            }
        }
    };
}

streams! {
    /// Findings about one hive.
    Findings: "findings.csv", FindingRow<'_>;
    /// Where each finding rests.
    Evidence: "evidence.csv", EvidenceRow<'_>;
    /// Findings as JSON lines.
    FindingsJson: "findings.jsonl";
    /// Profiles.
    Profiles: "profiles.csv", ProfileRow<'_>;
    /// Message services and providers.
    Services: "services.csv", ServiceRow<'_>;
    /// Keys and decoded properties.
    Properties: "properties.csv", PropertyRow<'_>;
    /// Dated events.
    Timeline: "timeline.csv", TimelineRow<'_>;
    /// Times of keys for `mactime`.
    Bodyfile: "bodyfile.txt";
    /// What the transaction logs changed.
    LogChanges: "log_changes.csv", LogChangeRow<'_>;
    /// Accounts, host by host.
    Accounts: "accounts.csv", AccountRow<'_>;
    /// What became of every file.
    Hives: "hives.csv", HiveRow<'_>;
    /// Files that were read.
    Inputs: "inputs.csv", InputRow<'_>;
    /// Facts for the rules over all hives; no table of a case.
    FleetFacts: "fleet_facts.part";
}

impl Stream {
    /// Whether it is a table of the case, and not only a means to make others.
    pub fn is_table(self) -> bool {
        self != Self::FleetFacts
    }
}

fn header_of<R: Row>() -> Vec<u8> {
    // Memory is always writable.
    TableWriter::new::<R>(Vec::new(), Formulas::AsTheyAre)
        .ok()
        .and_then(|table| table.finish().ok())
        .unwrap_or_default()
}

/// What hives add to the streams.
#[derive(Clone, Debug, Default)]
pub struct Added([Vec<u8>; Stream::ALL.len()]);

impl Added {
    /// The bytes for a stream.
    pub fn of(&self, stream: Stream) -> &[u8] {
        self.0.get(stream as usize).map_or(&[], Vec::as_slice)
    }

    /// How many bytes of memory these take.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(Vec::capacity).sum()
    }

    pub(super) fn put(&mut self, stream: Stream, bytes: Vec<u8>) {
        if let Some(place) = self.0.get_mut(stream as usize) {
            *place = bytes;
        }
    }

    pub(super) fn rows<R: Row>(
        &mut self,
        stream: Stream,
        formulas: Formulas,
        rows: impl IntoIterator<Item = R>,
    ) {
        self.put(stream, rows_of(formulas, rows));
    }

    pub(super) fn facts(&mut self, facts: impl IntoIterator<Item = StoredFact>) {
        self.put(Stream::FleetFacts, StoredFact::lines(facts));
    }
}

/// Rows without their header.
pub(super) fn rows_of<R: Row>(formulas: Formulas, rows: impl IntoIterator<Item = R>) -> Vec<u8> {
    let mut rows = rows.into_iter().peekable();
    // Most hives have no rows for most tables, and a writer has a buffer.
    if rows.peek().is_none() {
        return Vec::new();
    }
    let mut table = TableWriter::headless(Vec::new(), formulas);
    for row in rows {
        // Memory is always writable, and a row of cells can always be serialized.
        let _ = table.write(row);
    }
    table.finish().unwrap_or_default()
}
