//! Atlas' rate limits, one bucket for each project and kind of resource: what would be refused waits.
//!
//! A wait that cannot end before the call's deadline does not begin: the call ends as timed out and
//! not sent. Sending anyway would mostly bring a 429 for something known, and where it did not, it
//! would take the token of a call that had queued for it.

mod bucket;
mod lane;
pub(super) mod notice;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use self::bucket::Ticket;
use self::lane::Lane;
use self::notice::Notice;
use self::scope::Scope;
use super::answer::Answer;
use super::call::Call;
use super::lost::{Fate, Lost};
use crate::error::{Error, RequestLine};

/// From this many buckets on, those that would hold nobody back are forgotten.
const MANY: usize = 1024;

/// What is known of every project's limits; belongs to one client in one process.
#[derive(Debug)]
pub(super) struct Limits(Mutex<Lanes>);

#[derive(Debug)]
struct Lanes {
    lanes: HashMap<Scope, Arc<Lane>>,
    /// With how many of them they are looked through again.
    sweep_at: usize,
}

/// The right to send one request, as far as rate limits go.
#[derive(Debug)]
pub(super) struct Pass(Option<Open>);

#[derive(Debug)]
struct Open {
    lane: Arc<Lane>,
    ticket: Ticket,
    sent: bool,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Lanes { lanes: HashMap::new(), sweep_at: MANY }))
    }

    /// Waits until a request to this path may be sent; messages name it by its line.
    pub(super) async fn pass(
        &self,
        path: &str,
        request: &RequestLine,
        call: &Call,
    ) -> Result<Pass, Lost> {
        let Some(scope) = Scope::of(path) else { return Ok(Pass(None)) };
        let lane = self.0.lock().unwrap_or_else(PoisonError::into_inner).lane(scope);
        // Barred: trying again within this call would not help.
        let barred = |failure| Lost { error: Error::Timeout(failure), fate: Fate::Barred };
        let ticket = lane.enter(request, call).await.map_err(barred)?;
        Ok(Pass(Some(Open { lane, ticket, sent: false })))
    }
}

impl Lanes {
    fn lane(&mut self, scope: Scope) -> Arc<Lane> {
        if self.lanes.len() >= self.sweep_at && !self.lanes.contains_key(&scope) {
            self.sweep(Instant::now());
        }
        let lane = self.lanes.entry(scope).or_insert_with(|| Arc::new(Lane::new(scope.usual())));
        Arc::clone(lane)
    }

    /// Keeps what is in use and what would hold somebody back; only the former if that is too much.
    fn sweep(&mut self, now: Instant) {
        let in_use = |lane: &Arc<Lane>| Arc::strong_count(lane) > 1;
        self.lanes.retain(|_, lane| in_use(lane) || !lane.is_idle(now));
        if self.lanes.len() >= MANY {
            self.lanes.retain(|_, lane| in_use(lane));
        }
        self.sweep_at = MANY.max(2 * self.lanes.len());
    }
}

impl Pass {
    /// Performs the exchange that the pass is for, and learns from its end.
    pub(super) async fn spend(
        mut self,
        exchange: impl Future<Output = Result<Answer, Lost>>,
    ) -> Result<Answer, Lost> {
        if let Some(open) = &mut self.0 {
            open.sent = true;
        }
        let result = exchange.await;
        match &result {
            Ok(answer) => {
                if let Some(Open { lane, ticket, .. }) = self.0.take() {
                    lane.learn(ticket, &Notice::of(answer));
                }
            }
            Err(lost) => {
                if let Some(open) = &mut self.0 {
                    open.sent = lost.fate == Fate::Unknown;
                }
            }
        }
        result
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(Open { lane, ticket, sent }) = self.0.take() {
            lane.leave(&ticket, sent);
        }
    }
}
