//! The backoff between two polls of a snapshot, with jitter.

use std::time::Duration;

use crate::auth::authorization::random;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The last poll comes that long before the deadline, so that its response still counts.
const RESERVE: Duration = Duration::from_secs(1);

/// Pauses that grow to 30 s, jittered; or that are all the same.
#[derive(Debug)]
pub(crate) struct PollBackoff {
    fixed: Option<Duration>,
    step: Duration,
    random: fastrand::Rng,
}

impl PollBackoff {
    pub(crate) fn new(fixed: Option<Duration>) -> Self {
        Self { fixed, step: FIRST, random: random() }
    }

    /// The next backoff, shortened to leave time for a last poll; `None` after the last.
    pub(crate) fn next(&mut self, left: Duration, of: Duration) -> Option<Duration> {
        let pause = self.fixed.unwrap_or_else(|| {
            let jittered = self.step.mul_f64(0.8 + 0.4 * self.random.f64());
            self.step = (self.step * 2).min(LONGEST);
            jittered.min(LONGEST)
        });
        let longest = left.saturating_sub(RESERVE.min(of / 10));
        (!longest.is_zero()).then(|| pause.min(longest))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn they_grow_to_half_a_minute() {
        let mut backoff = PollBackoff::new(None);
        let mut middle = FIRST;
        for _ in 0..12 {
            let pause = backoff.next(HOUR, HOUR).unwrap();
            assert!(pause >= middle.mul_f64(0.8) && pause <= middle.mul_f64(1.2).min(LONGEST));
            middle = (middle * 2).min(LONGEST);
        }
    }

    #[test]
    fn an_interval_fixes_them() {
        let mut backoff = PollBackoff::new(Some(Duration::from_millis(250)));
        for _ in 0..3 {
            assert_eq!(backoff.next(HOUR, HOUR), Some(Duration::from_millis(250)));
        }
    }

    #[test]
    fn the_last_look_comes_just_before_the_deadline() {
        let mut backoff = PollBackoff::new(Some(Duration::from_secs(30)));
        let (left, of) = (Duration::from_secs(10), Duration::from_secs(60));
        assert_eq!(backoff.next(left, of), Some(Duration::from_secs(9)));
        assert_eq!(backoff.next(Duration::from_secs(1), of), None);
        assert_eq!(backoff.next(Duration::ZERO, of), None);
    }
}
