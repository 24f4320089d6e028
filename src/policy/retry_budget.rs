//! The retry budget that the calls of a client share, as in the AWS SDKs: while most of what a
//! client sends fails, it stops sending more.
//!
//! Only arithmetic; when to spend and what to give back, `retry` decides.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens of a client that has had no trouble.
const CAPACITY: u32 = 500;
/// What a success brings that needed no retry.
pub(crate) const SUCCESS: u32 = 1;

/// The tokens that are left; belongs to one client in one process.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl RetryBudget {
    pub(crate) fn full() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }

    /// Takes that many tokens, or none where fewer are left.
    pub(crate) fn take(&self, tokens: u32) -> bool {
        let less = |left: u32| left.checked_sub(tokens);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    pub(crate) fn give(&self, tokens: u32) {
        let more = |left: u32| Some(left.saturating_add(tokens).min(CAPACITY));
        // It never fails: there is always an update.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(budget: &RetryBudget) -> u32 {
        budget.0.load(Ordering::Relaxed)
    }

    #[test]
    fn too_much_is_refused_whole() {
        let budget = RetryBudget::full();

        assert!(budget.take(CAPACITY - 4));
        assert!(!budget.take(5));

        assert_eq!(left(&budget), 4);
    }

    proptest! {
        #[test]
        fn it_holds_what_was_given_and_not_taken_and_never_more_than_full(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![0_u32..30, any::<u32>()]), 0..200),
        ) {
            let (budget, mut expected) = (RetryBudget::full(), CAPACITY);
            for (take, tokens) in steps {
                if take {
                    prop_assert_eq!(budget.take(tokens), tokens <= expected);
                    expected = expected.checked_sub(tokens).unwrap_or(expected);
                } else {
                    budget.give(tokens);
                    expected = expected.saturating_add(tokens).min(CAPACITY);
                }
                prop_assert_eq!(left(&budget), expected);
            }
        }
    }

    #[test]
    fn threads_lose_no_token() {
        let budget = RetryBudget::full();

        let taken: u32 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| (0..200).filter(|_| budget.take(1)).map(|_| 1).sum::<u32>())
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });

        assert_eq!((taken, left(&budget)), (CAPACITY, 0));
    }
}
