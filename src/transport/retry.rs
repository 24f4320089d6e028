//! When to try again: full jitter under a growing ceiling, within a count and a deadline.
//!
//! What may be repeated is not decided here.

use std::time::Duration;

use tokio::time::Instant;

use super::call::Call;
use super::events::Level;
use crate::error::Error;

const FIRST_CEILING: Duration = Duration::from_millis(200);
const LAST_CEILING: Duration = Duration::from_secs(10);
/// A server that says "later" means at least this, whatever its header says.
const SHORTEST_REQUESTED: Duration = Duration::from_secs(1);

/// The retries that one step of a call still has.
pub(crate) struct Retries {
    left: u32,
    ceiling: Duration,
    random: fastrand::Rng,
}

/// Why to try again.
pub(crate) enum Again {
    /// Nothing was acted on; any pause will do.
    Soon,
    /// The server asked to wait, perhaps without saying how long.
    Requested(Option<Duration>),
}

impl Retries {
    pub(crate) fn new(max_retries: u32, random: fastrand::Rng) -> Self {
        Self { left: max_retries, ceiling: FIRST_CEILING, random }
    }

    /// The next pause, or `None` when the count is spent.
    fn next_pause(&mut self, again: &Again) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let jitter = self.ceiling.mul_f64(self.random.f64());
        self.ceiling = (self.ceiling * 2).min(LAST_CEILING);
        Some(match again {
            Again::Soon => jitter,
            Again::Requested(pause) => {
                pause.unwrap_or_default().max(SHORTEST_REQUESTED).saturating_add(jitter)
            }
        })
    }

    /// Pauses before the next attempt; gives the error back when there is no budget for one.
    pub(crate) async fn pause(
        &mut self,
        error: Error,
        again: Again,
        call: &Call,
    ) -> Result<(), Error> {
        let Some(pause) = self.next_pause(&again) else { return Err(error) };
        let now = Instant::now();
        if now.checked_add(pause).is_none_or(|until| until >= call.deadline()) {
            return Err(error);
        }
        call.events.add(Level::Info, || {
            format!("{}; trying again in {:.1} s", error.after(call.effort()), pause.as_secs_f64())
        });
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::transport::events::Events;

    fn retries(count: u32) -> Retries {
        Retries::new(count, fastrand::Rng::with_seed(7))
    }

    #[test]
    fn pauses_stay_under_a_growing_ceiling_and_end() {
        let mut retries = retries(10);
        let mut ceiling = FIRST_CEILING;
        for _ in 0..10 {
            assert!(retries.next_pause(&Again::Soon).unwrap() <= ceiling);
            ceiling = (ceiling * 2).min(LAST_CEILING);
        }
        assert_eq!(retries.next_pause(&Again::Soon), None);
    }

    #[test]
    fn a_requested_pause_has_a_floor_and_never_overflows() {
        let mut retries = retries(3);
        assert!(retries.next_pause(&Again::Requested(None)).unwrap() >= SHORTEST_REQUESTED);
        let zero = Again::Requested(Some(Duration::ZERO));
        assert!(retries.next_pause(&zero).unwrap() >= SHORTEST_REQUESTED);
        let forever = Again::Requested(Some(Duration::MAX));
        assert_eq!(retries.next_pause(&forever), Some(Duration::MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_beyond_the_deadline_gives_the_error_back_at_once() {
        let call = Call::new(Duration::from_secs(5), Events::new(None));
        let begun = Instant::now();

        let soon = retries(9).pause(Error::ClientClosed, Again::Soon, &call).await;
        let late = Again::Requested(Some(Duration::from_secs(60)));
        let never = retries(9).pause(Error::ClientClosed, late, &call).await;

        assert!(soon.is_ok());
        assert!(matches!(never, Err(Error::ClientClosed)));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
