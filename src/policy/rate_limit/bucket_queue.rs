//! The queue before one bucket: first come, first served, each when the estimate has a token for it.

#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Failure, RequestLine};
use crate::http::call_context::CallContext;
use crate::http::events::{Level, Topic};
use crate::policy::rate_limit::bucket::{Bucket, Reservation};
use crate::policy::rate_limit::headers::RateLimitInfo;
use crate::policy::rate_limit::headers::Rates;

#[derive(Debug)]
pub(crate) struct BucketQueue {
    state: Mutex<State>,
    /// Held by the first of those who wait; the others queue for it.
    head: tokio::sync::Mutex<()>,
    /// Wakes the first waiter when the estimate was corrected.
    corrected: Notify,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    waiting: u32,
}

/// A place in the queue.
struct QueuePlace<'a>(&'a BucketQueue);

impl BucketQueue {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            state: Mutex::new(State { bucket: Bucket::new(rates), waiting: 0 }),
            head: tokio::sync::Mutex::default(),
            corrected: Notify::new(),
        }
    }

    /// A ticket, perhaps after a wait, or why the call has no time for one.
    pub(crate) async fn acquire(
        &self,
        line: &RequestLine,
        call: &CallContext,
    ) -> Result<Reservation, Box<Failure>> {
        let now = Instant::now();
        let (available_at, _place) = {
            let mut state = self.state();
            if state.waiting == 0
                && let Some(reservation) = state.bucket.take(now)
            {
                return Ok(reservation);
            }
            let place = state.waiting.saturating_add(1);
            let available_at = state.bucket.available_at(now, place);
            if available_at >= call.deadline() {
                return Err(Failure::new(line, rate_limited(available_at - now, call)));
            }
            state.waiting = place;
            (available_at, QueuePlace(self))
        };
        if call.is_first_wait() {
            let template = "%s: waiting for the project's rate limit, about %s s";
            call.events.add(Topic::RateLimit, Level::Info, template, || {
                [line.to_string(), format!("{:.1}", (available_at - now).as_secs_f64())]
            });
        }
        let waiting = "waiting for the project's rate limit; it was not sent";
        // Boxed, because it is large and rare.
        call.until_deadline(line, waiting, Box::pin(self.queue(line, call))).await?
    }

    async fn queue(
        &self,
        line: &RequestLine,
        call: &CallContext,
    ) -> Result<Reservation, Box<Failure>> {
        let _head = self.head.lock().await;
        loop {
            let now = Instant::now();
            let available_at = {
                let mut state = self.state();
                if let Some(reservation) = state.bucket.take(now) {
                    return Ok(reservation);
                }
                state.bucket.available_at(now, 1)
            };
            if available_at >= call.deadline() {
                return Err(Failure::new(line, rate_limited(available_at - now, call)));
            }
            // Either way the bucket is asked again.
            let _ = tokio::time::timeout_at(available_at, self.corrected.notified()).await;
        }
    }

    pub(crate) fn update(&self, reservation: Reservation, info: &RateLimitInfo) {
        self.state().bucket.update(reservation, info, Instant::now());
        self.corrected.notify_one();
    }

    pub(crate) fn release(&self, reservation: &Reservation, sent: bool) {
        self.state().bucket.release(reservation, sent);
        self.corrected.notify_one();
    }

    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.state().bucket.is_idle(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

fn rate_limited(wait: Duration, call: &CallContext) -> String {
    let (seconds, limit) = (wait.as_secs_f64(), call.limit());
    format!(
        "not sent, because the project's rate limit leaves no request for it before {limit} ends \
         (in about {seconds:.1} s)"
    )
}
