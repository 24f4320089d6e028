//! Atlas' rate limits, one token bucket for each project and kind of resource. A request waits for a token.
//!
//! A wait that cannot end before the call's deadline does not begin: the call ends as timed out and
//! not sent. Sending anyway would mostly bring a 429 for something known, and where it did not, it
//! would take the token of a call that had queued for it.

mod bucket;
mod bucket_key;
mod bucket_queue;
pub(crate) mod headers;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::error::{Error, RequestLine};
use crate::http::call_context::CallContext;
use crate::http::exchange_error::{DeliveryStatus, ExchangeError};
use crate::http::response::Response;
use crate::policy::rate_limit::bucket::Reservation;
use crate::policy::rate_limit::bucket_key::BucketKey;
use crate::policy::rate_limit::bucket_queue::BucketQueue;
use crate::policy::rate_limit::headers::RateLimitInfo;

/// From this many buckets on, those that would hold nobody back are forgotten.
const MANY: usize = 1024;

/// What is known of every project's limits; belongs to one client in one process.
#[derive(Debug)]
pub(crate) struct RateLimits(Mutex<BucketQueues>);

impl Default for RateLimits {
    fn default() -> Self {
        Self(Mutex::new(BucketQueues { queues: HashMap::new(), sweep_at: MANY }))
    }
}

#[derive(Debug)]
struct BucketQueues {
    queues: HashMap<BucketKey, Arc<BucketQueue>>,
    /// With how many of them they are looked through again.
    sweep_at: usize,
}

/// The right to send one request, as far as rate limits go.
#[derive(Debug)]
pub(crate) struct Permit(Option<Active>);

#[derive(Debug)]
struct Active {
    queue: Arc<BucketQueue>,
    reservation: Reservation,
    sent: bool,
}

impl RateLimits {
    /// Waits until a request to this path may be sent; messages name it by its line.
    pub(crate) async fn acquire(
        &self,
        path: &str,
        request: &RequestLine,
        call: &CallContext,
    ) -> Result<Permit, ExchangeError> {
        let Some(key) = BucketKey::of(path) else { return Ok(Permit(None)) };
        let queue = self.0.lock().unwrap_or_else(PoisonError::into_inner).queue(key);
        // Barred: trying again within this call would not help.
        let permanent = |failure| ExchangeError {
            error: Error::Timeout(failure),
            delivery: DeliveryStatus::Permanent,
        };
        let reservation = queue.acquire(request, call).await.map_err(permanent)?;
        Ok(Permit(Some(Active { queue, reservation, sent: false })))
    }
}

impl BucketQueues {
    fn queue(&mut self, key: BucketKey) -> Arc<BucketQueue> {
        if self.queues.len() >= self.sweep_at && !self.queues.contains_key(&key) {
            self.sweep(Instant::now());
        }
        let queue = self
            .queues
            .entry(key)
            .or_insert_with(|| Arc::new(BucketQueue::new(key.default_limits())));
        Arc::clone(queue)
    }

    /// Keeps what is in use and what would hold somebody back; only the former if that is too much.
    fn sweep(&mut self, now: Instant) {
        let in_use = |queue: &Arc<BucketQueue>| Arc::strong_count(queue) > 1;
        self.queues.retain(|_, queue| in_use(queue) || !queue.is_idle(now));
        if self.queues.len() >= MANY {
            self.queues.retain(|_, queue| in_use(queue));
        }
        self.sweep_at = MANY.max(2 * self.queues.len());
    }
}

impl Permit {
    /// Performs the exchange that the pass is for, and learns from its end.
    pub(crate) async fn run(
        mut self,
        exchange: impl Future<Output = Result<Response, ExchangeError>>,
    ) -> Result<Response, ExchangeError> {
        if let Some(active) = &mut self.0 {
            active.sent = true;
        }
        let result = exchange.await;
        match &result {
            Ok(response) => {
                if let Some(Active { queue, reservation, .. }) = self.0.take() {
                    queue.update(reservation, &RateLimitInfo::of(response));
                }
            }
            Err(failure) => {
                if let Some(active) = &mut self.0 {
                    active.sent = failure.delivery == DeliveryStatus::Ambiguous;
                }
            }
        }
        result
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(Active { queue, reservation, sent }) = self.0.take() {
            queue.release(&reservation, sent);
        }
    }
}
