//! Promises of mapihive, one file each. The name of a test is the sentence that is true when it passes.

#![allow(unreachable_pub, reason = "what the files of one test binary share is public to nobody else")]

mod bounds;
mod corruption;
mod damage;
mod formats;
mod program;
mod rules;
mod support;
