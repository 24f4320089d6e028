//! Counts what is running, without a lock: a fork would copy one that is held.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many are running now.
#[derive(Debug)]
pub(crate) struct RunningCount(AtomicUsize);

impl RunningCount {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Never below zero: what ends after a fork may have begun before it.
    pub(crate) fn end(&self) {
        let less = |count: usize| count.checked_sub(1);
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Waits until nothing is running.
    ///
    /// Bounded by pauses, not by the clock: the clock advances while the machine is suspended or the
    /// process is stopped, and what is running does not.
    pub(crate) fn wait_for_none(&self, max_pauses: usize, mut pause: impl FnMut()) {
        for _ in 0..max_pauses {
            if self.get() == 0 {
                return;
            }
            pause();
        }
    }
}
