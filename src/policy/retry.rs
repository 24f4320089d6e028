//! Retry policy: full jitter, bounded by a count, a deadline and a retry budget.
//!
//! What may be repeated is not decided here. The decision reads no clock and never sleeps: it gets
//! the time, and its random numbers and the client's retry budget were passed in.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::http::call_context::CallContext;
use crate::http::events::{Level, Topic};
use crate::policy::retry_budget::{self, RetryBudget};

const INITIAL_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A server that says "later" means at least this, whatever its header says.
const SHORTEST_REQUESTED: Duration = Duration::from_secs(1);
/// What a retry takes out of the retry budget.
const COST: u32 = 5;
/// What it takes after a time-out, which costs both sides more.
const COST_AFTER_TIMEOUT: u32 = 10;
const BUDGET_EXHAUSTED: &str = "not retried: retry budget exhausted (too many recent failures)";

/// The retries that one step of a call still has.
pub(crate) struct RetryState {
    left: u32,
    backoff: Duration,
    budget: Arc<RetryBudget>,
    /// What the last retry took out of the retry budget.
    spent: Option<u32>,
    random: fastrand::Rng,
}

/// Why to try again.
pub(crate) enum RetryDelay {
    /// Nothing was acted on; any pause will do.
    Backoff,
    /// The server asked to wait, perhaps without saying how long.
    RetryAfter(Option<Duration>),
}

/// Why not to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exhausted {
    Count,
    Time,
    RetryBudget,
}

impl RetryState {
    pub(crate) fn new(max_retries: u32, budget: Arc<RetryBudget>, random: fastrand::Rng) -> Self {
        Self { left: max_retries, backoff: INITIAL_BACKOFF, budget, spent: None, random }
    }

    /// The pause before another attempt, which is paid for, or why there is none.
    fn decide(
        &mut self,
        again: &RetryDelay,
        cost: u32,
        now: Instant,
        deadline: Instant,
    ) -> Result<Duration, Exhausted> {
        self.left = self.left.checked_sub(1).ok_or(Exhausted::Count)?;
        let jitter = self.backoff.mul_f64(self.random.f64());
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
        let pause = match again {
            RetryDelay::Backoff => jitter,
            RetryDelay::RetryAfter(pause) => {
                pause.unwrap_or_default().max(SHORTEST_REQUESTED).saturating_add(jitter)
            }
        };
        if now.checked_add(pause).is_none_or(|until| until >= deadline) {
            return Err(Exhausted::Time);
        }
        if !self.budget.take(cost) {
            return Err(Exhausted::RetryBudget);
        }
        self.spent = Some(cost);
        Ok(pause)
    }

    /// Pauses before the next attempt; gives the error back when there is no budget for one.
    pub(crate) async fn pause(
        &mut self,
        error: Error,
        again: RetryDelay,
        call: &CallContext,
    ) -> Result<(), Error> {
        let cost = if matches!(error, Error::Timeout(_)) { COST_AFTER_TIMEOUT } else { COST };
        let pause = match self.decide(&again, cost, Instant::now(), call.deadline()) {
            Ok(pause) => pause,
            Err(Exhausted::Count | Exhausted::Time) => return Err(error),
            Err(Exhausted::RetryBudget) => {
                let error = error.after(call.effort()).with_hint(BUDGET_EXHAUSTED);
                call.events.add(Topic::Http, Level::Info, "%s", || [error.to_string()]);
                return Err(error);
            }
        };
        call.events.add(Topic::Http, Level::Info, "%s; retrying in %s s", || {
            [error.after(call.effort()).to_string(), format!("{:.1}", pause.as_secs_f64())]
        });
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Gives back to the retry budget once the retried attempt has succeeded.
    pub(crate) fn succeeded(&mut self) {
        self.budget.give(self.spent.take().unwrap_or(retry_budget::SUCCESS));
    }
}
