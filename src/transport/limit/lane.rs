//! The queue before one bucket: first come, first served, each when the estimate has a token for it.

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::bucket::{Bucket, Rates, Ticket};
use super::notice::Notice;
use crate::error::{Failure, RequestLine};
use crate::transport::call::Call;
use crate::transport::events::Level;

#[derive(Debug)]
pub(super) struct Lane {
    state: Mutex<State>,
    /// Held by the first of those who wait; the others queue for it.
    turn: tokio::sync::Mutex<()>,
    /// Tells the first that the estimate was corrected.
    corrected: Notify,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    waiting: u32,
}

/// A place in the queue.
struct Place<'a>(&'a Lane);

impl Lane {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            state: Mutex::new(State { bucket: Bucket::new(rates), waiting: 0 }),
            turn: tokio::sync::Mutex::default(),
            corrected: Notify::new(),
        }
    }

    /// A ticket, perhaps after a wait, or why the call has no time for one.
    pub(super) async fn enter(
        &self,
        line: &RequestLine,
        call: &Call,
    ) -> Result<Ticket, Box<Failure>> {
        let now = Instant::now();
        let (ready_at, _place) = {
            let mut state = self.state();
            if state.waiting == 0
                && let Some(ticket) = state.bucket.take(now)
            {
                return Ok(ticket);
            }
            let place = state.waiting.saturating_add(1);
            let ready_at = state.bucket.ready_at(now, place);
            if ready_at >= call.deadline() {
                return Err(Failure::new(line, too_long(ready_at - now, call)));
            }
            state.waiting = place;
            (ready_at, Place(self))
        };
        if call.is_first_wait() {
            call.events.add(Level::Info, || {
                let seconds = (ready_at - now).as_secs_f64();
                format!("{line}: waiting for the project's rate limit, about {seconds:.1} s")
            });
        }
        let waiting = "waiting for the project's rate limit; it was not sent";
        // Boxed, because it is large and rare.
        call.until_deadline(line, waiting, Box::pin(self.queue(line, call))).await?
    }

    async fn queue(&self, line: &RequestLine, call: &Call) -> Result<Ticket, Box<Failure>> {
        let _turn = self.turn.lock().await;
        loop {
            let now = Instant::now();
            let ready_at = {
                let mut state = self.state();
                if let Some(ticket) = state.bucket.take(now) {
                    return Ok(ticket);
                }
                state.bucket.ready_at(now, 1)
            };
            if ready_at >= call.deadline() {
                return Err(Failure::new(line, too_long(ready_at - now, call)));
            }
            // Either way the bucket is asked again.
            let _ = tokio::time::timeout_at(ready_at, self.corrected.notified()).await;
        }
    }

    pub(super) fn learn(&self, ticket: Ticket, notice: &Notice) {
        self.state().bucket.learn(ticket, notice, Instant::now());
        self.corrected.notify_one();
    }

    pub(super) fn leave(&self, ticket: &Ticket, sent: bool) {
        self.state().bucket.take_back(ticket, sent);
        self.corrected.notify_one();
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.state().bucket.is_idle(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

fn too_long(wait: Duration, call: &Call) -> String {
    let (seconds, limit) = (wait.as_secs_f64(), call.limit());
    format!(
        "not sent, because the project's rate limit leaves no request for it before {limit} ends \
         (in about {seconds:.1} s)"
    )
}
