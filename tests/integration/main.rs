//! Promises of mapihive, one file each. The name of a test is the sentence that is true when it passes.

#![allow(unreachable_pub, reason = "what the files of one test binary share is public to nobody else")]

mod accounts;
mod archive_damage;
mod archives;
mod bounds;
mod case;
mod changing_files;
mod code_page;
mod compare;
mod copies;
mod corruption;
mod coverage;
mod damage;
mod determinism;
mod evidence;
mod exit_codes;
mod families;
mod fleet;
mod floors;
mod formats;
mod hosts;
mod machine;
mod made_fleet;
mod packing;
mod profile_tables;
mod program;
mod proof;
mod properties;
mod readme;
mod real_hives;
mod recovery;
mod replay;
mod report;
mod rules;
mod samples;
mod secrets;
mod services;
mod stories;
mod support;
mod tables;
