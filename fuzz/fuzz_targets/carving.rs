//! Hands inputs of the fuzzer to the target of this name.
#![no_main]

use mapihive_fuzz::targets::carving;

libfuzzer_sys::fuzz_target!(|input: &[u8]| mapihive_fuzz::run(carving::run, input));
