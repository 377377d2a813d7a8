//! How the tables came to be: what of a report may differ between two runs over the same input.

use crate::wintypes::Filetime;

/// The run that made a case.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Version of the program.
    pub version: String,
    /// The arguments it was given, its own name first.
    pub arguments: Vec<String>,
    /// When it began.
    pub started: Filetime,
    /// When it ended.
    pub ended: Filetime,
    /// Files and folders that were searched.
    pub inputs: Vec<String>,
    /// Threads that it used.
    pub threads: usize,
    /// How it ended.
    pub ending: Ending,
    /// Further settings by name.
    pub settings: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All inputs were gone through.
    Complete,
    /// It was stopped, so that the tables hold a part.
    Interrupted,
}

impl Ending {
    /// The word in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}
