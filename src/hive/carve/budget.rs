//! Bounds on work and memory, in proportion to the hive.

use std::cell::Cell;

use crate::hive::limits;

/// Bytes that may still be read or made.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<u64>,
    exceeded: Cell<bool>,
}

impl Budget {
    /// For reading `length` bytes of a hive.
    pub(super) fn for_visits(length: usize) -> Self {
        Self::new(length as u64 * limits::MAX_VISITS_OF_EACH_BYTE)
    }

    /// For what is made of `length` bytes of a hive.
    pub(super) fn for_results(length: usize) -> Self {
        Self::new(length as u64 * limits::MAX_RECOVERED_OF_EACH_BYTE)
    }

    fn new(bytes: u64) -> Self {
        Self { left: Cell::new(bytes.max(limits::MIN_VISITED_BYTES)), exceeded: Cell::new(false) }
    }

    /// Takes some; once there was too little, there never is any.
    pub(super) fn take(&self, bytes: usize) -> bool {
        match self.left.get().checked_sub(bytes as u64) {
            Some(left) if !self.exceeded.get() => {
                self.left.set(left);
                true
            }
            _ => {
                self.exceeded.set(true);
                false
            }
        }
    }

    /// Whether there was once too little.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded.get()
    }
}
