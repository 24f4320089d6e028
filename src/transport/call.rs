//! One call of one operation: its deadline, what was tried so far, and what to log of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::events::{Events, Level};
use crate::config::Config;
use crate::error::{Effort, Failure, RequestLine};

/// Shared by everything that happens for one call.
#[derive(Debug)]
pub struct Call {
    started: Instant,
    deadline: Instant,
    attempts: AtomicU32,
    waited: AtomicBool,
    /// What happened, for whoever listens.
    pub events: Events,
}

impl Call {
    /// Begins a call with the time that the configuration gives one.
    #[must_use]
    pub fn begin(config: &Config, listener: Option<Level>) -> Self {
        Self::new(config.total_timeout, Events::new(listener))
    }

    pub(crate) fn new(total: Duration, events: Events) -> Self {
        let started = Instant::now();
        let (attempts, waited) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { started, deadline: started + total, attempts, waited, events }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Counts a request of the operation, and says which one it is.
    pub(crate) fn begin_attempt(&self) -> u32 {
        self.attempts.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Whether it waits for a rate limit for the first time; the log tells of that once.
    pub(super) fn is_first_wait(&self) -> bool {
        !self.waited.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn effort(&self) -> Effort {
        self.effort_of(self.attempts.load(Ordering::Relaxed))
    }

    /// The effort of a part of the call that counts its own requests.
    pub(crate) fn effort_of(&self, attempts: u32) -> Effort {
        Effort { attempts, elapsed: self.started.elapsed() }
    }

    /// Awaits something that sends no request of the operation, until the call's deadline.
    pub(crate) async fn until_deadline<F: Future>(
        &self,
        request: &RequestLine,
        what: &str,
        future: F,
    ) -> Result<F::Output, Box<Failure>> {
        tokio::time::timeout_at(self.deadline, future)
            .await
            .map_err(|_| Failure::new(request, format!("total_timeout ended while {what}")))
    }
}
