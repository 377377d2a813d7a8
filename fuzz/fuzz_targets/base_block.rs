//! Hands inputs of the fuzzer to the target of this name.
#![no_main]

use mapihive_fuzz::targets::base_block;

libfuzzer_sys::fuzz_target!(|input: &[u8]| mapihive_fuzz::run(base_block::run, input));
