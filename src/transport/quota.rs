//! The retry quota that the calls of a client share, as in the AWS SDKs: while most of what a
//! client sends fails, it stops sending more.
//!
//! Only arithmetic; when to spend and what to give back, `retry` decides.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens of a client that has had no trouble.
const FULL: u32 = 500;
/// What a success brings that needed no retry.
pub(super) const SUCCESS: u32 = 1;

/// The tokens that are left; belongs to one client in one process.
#[derive(Debug)]
pub(crate) struct Quota(AtomicU32);

impl Quota {
    pub(super) fn full() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// Takes that many tokens, or none where fewer are left.
    pub(super) fn take(&self, tokens: u32) -> bool {
        let less = |left: u32| left.checked_sub(tokens);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    pub(super) fn give(&self, tokens: u32) {
        let more = |left: u32| Some(left.saturating_add(tokens).min(FULL));
        // It never fails: there is always an update.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(quota: &Quota) -> u32 {
        quota.0.load(Ordering::Relaxed)
    }

    #[test]
    fn too_much_is_refused_whole() {
        let quota = Quota::full();

        assert!(quota.take(FULL - 4));
        assert!(!quota.take(5));

        assert_eq!(left(&quota), 4);
    }

    proptest! {
        #[test]
        fn it_holds_what_was_given_and_not_taken_and_never_more_than_full(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![0_u32..30, any::<u32>()]), 0..200),
        ) {
            let (quota, mut expected) = (Quota::full(), FULL);
            for (take, tokens) in steps {
                if take {
                    prop_assert_eq!(quota.take(tokens), tokens <= expected);
                    expected = expected.checked_sub(tokens).unwrap_or(expected);
                } else {
                    quota.give(tokens);
                    expected = expected.saturating_add(tokens).min(FULL);
                }
                prop_assert_eq!(left(&quota), expected);
            }
        }
    }

    #[test]
    fn threads_lose_no_token() {
        let quota = Quota::full();

        let taken: u32 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..200).filter(|_| quota.take(1)).map(|_| 1).sum::<u32>()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });

        assert_eq!((taken, left(&quota)), (FULL, 0));
    }
}
