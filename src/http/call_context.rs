//! One call of one operation: its deadline, what was tried so far, and what to log of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Config;
use crate::error::{Ambiguous, Attempts, Failure, RequestLine};
use crate::http::ambiguity::PendingOutcome;
use crate::http::events::{Events, Level, Topic};
use crate::http::hold::Hold;

/// Shared by everything that happens for one call.
#[derive(Debug, Clone)]
pub struct CallContext {
    started: Instant,
    deadline: Instant,
    /// What messages call its deadline.
    limit: &'static str,
    attempts: Arc<AtomicU32>,
    counters: Arc<Counters>,
    /// That of the event loop it belongs to.
    hold: Option<Hold>,
    /// What happened, for whoever listens.
    pub events: Arc<Events>,
}

/// What adds up in the course of a call, whichever part of it adds.
#[derive(Debug, Default)]
struct Counters {
    /// Those of the attempts that were the POST of a take.
    posts: AtomicU32,
    held_back: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    waited: Duration,
    /// What is unknown if the call is cut off.
    pending_outcome: Option<PendingOutcome>,
    deprecation: Option<String>,
    lost_tag: Option<String>,
}

impl CallContext {
    /// Begins a call with the time that the configuration gives one.
    #[must_use]
    pub fn begin(config: &Config, listener: Option<Level>) -> Self {
        Self::begin_with(config, Events::new(listener))
    }

    /// The same, with events that may be collected with those of other calls.
    #[must_use]
    pub fn begin_with(config: &Config, events: Events) -> Self {
        Self::new(config.total_timeout, events)
    }

    pub(crate) fn new(total: Duration, events: Events) -> Self {
        let started = Instant::now();
        let (deadline, limit) = (started + total, "total_timeout");
        let (attempts, counters, events) = (Arc::default(), Arc::default(), Arc::new(events));
        Self { started, deadline, limit, attempts, counters, hold: None, events }
    }

    /// The call of an event loop, which holds it back while it cancels others.
    #[must_use]
    pub fn held_by(self, hold: Option<Hold>) -> Self {
        Self { hold, ..self }
    }

    /// Whether its event loop holds it back.
    pub(crate) fn is_held(&self) -> bool {
        self.hold.as_ref().is_some_and(Hold::is_held)
    }

    /// Waits until its event loop does not hold it back.
    pub(crate) async fn released(&self) {
        if let Some(hold) = &self.hold {
            hold.released().await;
        }
    }

    /// A part of this call that has a deadline of its own.
    pub(crate) fn with_deadline(&self, deadline: Instant) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// A wait in the course of this call.
    pub(crate) fn wait_until(&self, deadline: Instant) -> Self {
        Self { limit: "the time of the wait", ..self.with_deadline(deadline) }
    }

    pub(crate) fn limit(&self) -> &'static str {
        self.limit
    }

    /// A part of this call that begins now and counts its own requests, for its own errors.
    pub(crate) fn part(&self) -> Self {
        Self { started: Instant::now(), attempts: Arc::default(), ..self.clone() }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Counts a request of the operation, and says which one it is.
    pub(crate) fn begin_attempt(&self) -> u32 {
        self.attempts.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Whether a rate limit delays it for the first time; logged once.
    pub(crate) fn is_first_wait(&self) -> bool {
        !self.counters.held_back.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn effort(&self) -> Attempts {
        self.attempts_of(self.attempts())
    }

    /// The effort of a part of the call that counts its own requests.
    pub(crate) fn attempts_of(&self, attempts: u32) -> Attempts {
        Attempts { attempts, elapsed: self.started.elapsed() }
    }

    /// Counts the POSTs of a take; its polls are not attempts.
    pub(crate) fn add_posts(&self, count: u32) {
        self.counters.posts.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn post_attempts(&self) -> Attempts {
        self.attempts_of(self.counters.posts.load(Ordering::Relaxed))
    }

    /// Adds to the time that was spent waiting for a snapshot rather than for an answer.
    pub(crate) fn add_waited(&self, time: Duration) {
        self.notes().waited += time;
    }

    /// How long the call has waited for snapshots.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.notes().waited
    }

    /// Notes what is unknown if the call is cut off after its request was sent.
    pub(crate) fn mark_pending(&self, pending: PendingOutcome) {
        self.notes().pending_outcome = Some(pending);
    }

    /// Nothing is unknown any more.
    pub(crate) fn clear_pending(&self) {
        self.notes().pending_outcome = None;
    }

    /// What is unknown because the call was cut off.
    #[must_use]
    pub fn pending_outcome(&self) -> Option<Ambiguous> {
        let pending = self.notes().pending_outcome.clone()?;
        pending.is_real().then(|| pending.error(self.effort()))
    }

    /// How many requests were begun.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Keeps the first notice that this version of the interface goes away.
    pub(crate) fn note_deprecation(&self, notice: impl FnOnce() -> String) {
        self.notes().deprecation.get_or_insert_with(notice);
    }

    /// That notice, for a warning.
    #[must_use]
    pub fn deprecation(&self) -> Option<String> {
        self.notes().deprecation.clone()
    }

    /// Keeps the first notice that Atlas lists the snapshot without its tag, and logs it.
    pub(crate) fn note_lost_tag(&self, notice: impl FnOnce() -> String) {
        let mut notes = self.notes();
        if notes.lost_tag.is_none() {
            let notice = notes.lost_tag.insert(notice());
            self.events.add(Topic::Take, Level::Warning, "%s", || [notice.clone()]);
        }
    }

    /// Keeps such a notice of another call, which has logged it.
    pub fn keep_lost_tag(&self, notice: String) {
        self.notes().lost_tag = Some(notice);
    }

    /// That notice, for a warning.
    #[must_use]
    pub fn lost_tag(&self) -> Option<String> {
        self.notes().lost_tag.clone()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.counters.notes.lock().unwrap_or_else(PoisonError::into_inner)
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
            .map_err(|_| Failure::new(request, format!("{} ended while {what}", self.limit)))
    }
}
