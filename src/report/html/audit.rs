//! How the tables came to be: what of a report may differ between two runs over the same input.

use super::escape::quoted;
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
    /// Files and folders that were searched, or parts that were joined.
    pub inputs: Vec<String>,
    /// Threads that it used.
    pub threads: usize,
    /// How it ended.
    pub ending: Ending,
    /// Further settings by name.
    pub settings: Vec<(String, String)>,
}

impl Audit {
    /// The command that makes the tables again, in another folder; `None` where the arguments cannot be copied, or are too many to.
    pub(super) fn again(&self) -> Option<String> {
        /// Characters of the longest command that is shown.
        const LONGEST: usize = 2000;

        let mut command = String::new();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let is_case = argument == "--case";
            let word = match argument.as_str() {
                "--clobber" | "--resume" => continue,
                _ if is_case || argument.starts_with("--case=") => "--case NEW-FOLDER".to_owned(),
                argument => quoted(argument)?,
            };
            if is_case {
                arguments.next();
            }
            if !command.is_empty() {
                command.push(' ');
            }
            command.push_str(&word);
            if command.len() > LONGEST {
                return None;
            }
        }
        Some(command).filter(|command| !command.is_empty())
    }
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
