//! Promises of mapihive, one file each. The name of a test is the sentence that is true when it passes.

mod rules;
mod support;
