//! nt-hive panics on some damaged hives. Its panics end here: nothing of them reaches the terminal or a caller.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CONTAINING: Cell<bool> = const { Cell::new(false) };
}

/// The contained call panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Keeps panics that are contained in this module off the terminal; all others go to the hook that was set before.
///
/// For `main` and for test harnesses: a library does not change a process-wide hook on its own. Needs to be called
/// once; further calls do nothing.
pub fn silence_contained_panics() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CONTAINING.get() {
                previous(info);
            }
        }));
    });
}

/// Runs calls of nt-hive for one list, or one of a decoder of compressed bytes. Nothing of ours that could panic and no other
/// thread's work belongs inside.
pub fn contain<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    struct Guard(bool);
    impl Drop for Guard {
        fn drop(&mut self) {
            CONTAINING.set(self.0);
        }
    }
    let _guard = Guard(CONTAINING.replace(true));
    // nt-hive only reads, and a decoder that panicked is not asked again; a panic leaves nothing half changed.
    panic::catch_unwind(AssertUnwindSafe(call)).map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contained_panic_becomes_a_value_and_ends_the_silence() {
        silence_contained_panics();
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| panic!("inside nt-hive")), Err::<(), _>(Panicked));
        assert!(!CONTAINING.get());
    }
}
