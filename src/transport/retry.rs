//! When to try again: full jitter under a growing ceiling, within a count, a deadline and a quota.
//!
//! What may be repeated is not decided here. The decision reads no clock and never sleeps: it gets
//! the time, and its random numbers and the client's quota were passed in.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::call::Call;
use super::events::Level;
use super::quota::{self, Quota};
use crate::error::Error;

const FIRST_CEILING: Duration = Duration::from_millis(200);
const LAST_CEILING: Duration = Duration::from_secs(10);
/// A server that says "later" means at least this, whatever its header says.
const SHORTEST_REQUESTED: Duration = Duration::from_secs(1);
/// What a retry takes out of the quota.
const COST: u32 = 5;
/// What it takes after a time-out, which costs both sides more.
const COST_AFTER_TIMEOUT: u32 = 10;
const QUOTA_SPENT: &str = "not tried again, because too many calls of this client failed lately (its retry quota is spent)";

/// The retries that one step of a call still has.
pub(crate) struct Retries {
    left: u32,
    ceiling: Duration,
    quota: Arc<Quota>,
    /// What the last retry took out of the quota.
    spent: Option<u32>,
    random: fastrand::Rng,
}

/// Why to try again.
pub(crate) enum Again {
    /// Nothing was acted on; any pause will do.
    Soon,
    /// The server asked to wait, perhaps without saying how long.
    Requested(Option<Duration>),
}

/// Why not to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spent {
    Count,
    Time,
    Quota,
}

impl Retries {
    pub(crate) fn new(max_retries: u32, quota: Arc<Quota>, random: fastrand::Rng) -> Self {
        Self { left: max_retries, ceiling: FIRST_CEILING, quota, spent: None, random }
    }

    /// The pause before another attempt, which is paid for, or why there is none.
    fn decide(
        &mut self,
        again: &Again,
        cost: u32,
        now: Instant,
        deadline: Instant,
    ) -> Result<Duration, Spent> {
        self.left = self.left.checked_sub(1).ok_or(Spent::Count)?;
        let jitter = self.ceiling.mul_f64(self.random.f64());
        self.ceiling = (self.ceiling * 2).min(LAST_CEILING);
        let pause = match again {
            Again::Soon => jitter,
            Again::Requested(pause) => {
                pause.unwrap_or_default().max(SHORTEST_REQUESTED).saturating_add(jitter)
            }
        };
        if now.checked_add(pause).is_none_or(|until| until >= deadline) {
            return Err(Spent::Time);
        }
        if !self.quota.take(cost) {
            return Err(Spent::Quota);
        }
        self.spent = Some(cost);
        Ok(pause)
    }

    /// Pauses before the next attempt; gives the error back when there is no budget for one.
    pub(crate) async fn pause(
        &mut self,
        error: Error,
        again: Again,
        call: &Call,
    ) -> Result<(), Error> {
        let cost = if matches!(error, Error::Timeout(_)) { COST_AFTER_TIMEOUT } else { COST };
        let pause = match self.decide(&again, cost, Instant::now(), call.deadline()) {
            Ok(pause) => pause,
            Err(Spent::Count | Spent::Time) => return Err(error),
            Err(Spent::Quota) => {
                let error = error.after(call.effort()).with_hint(QUOTA_SPENT);
                call.events.add(Level::Info, || error.to_string());
                return Err(error);
            }
        };
        call.events.add(Level::Info, || {
            format!("{}; trying again in {:.1} s", error.after(call.effort()), pause.as_secs_f64())
        });
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Gives back to the quota, once the attempt that was tried for has gone well.
    pub(crate) fn succeeded(&mut self) {
        self.quota.give(self.spent.take().unwrap_or(quota::SUCCESS));
    }
}
