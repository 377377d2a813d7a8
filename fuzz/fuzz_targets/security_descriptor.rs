//! Hands inputs of the fuzzer to the target of this name.
#![no_main]

use mapihive_fuzz::targets::security_descriptor;

libfuzzer_sys::fuzz_target!(|input: &[u8]| mapihive_fuzz::run(security_descriptor::run, input));
