//! What happened during a call, collected for the caller's thread: workers never touch Python.

use std::sync::{Mutex, PoisonError};

/// How loud an event is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// One line per attempt.
    Debug,
    /// Waits and retries.
    Info,
    /// What somebody should act on.
    Warning,
}

/// One line for the log.
#[derive(Debug, Clone)]
pub struct Event {
    /// How loud.
    pub level: Level,
    /// What happened; holds no secret.
    pub text: String,
}

/// The events of one call; costs nothing when nobody listens.
#[derive(Debug)]
pub struct Events {
    least: Option<Level>,
    log: Mutex<Vec<Event>>,
}

impl Events {
    /// Collects what a listener wants to hear: this level and louder; `None`: nobody listens.
    #[must_use]
    pub fn new(least: Option<Level>) -> Self {
        Self { least, log: Mutex::default() }
    }

    pub(crate) fn add(&self, level: Level, text: impl FnOnce() -> String) {
        if self.least.is_some_and(|least| level >= least) {
            let event = Event { level, text: text() };
            self.log.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
    }

    /// Adds what another call has collected.
    pub fn extend(&self, events: Vec<Event>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    /// Takes what has come together so far.
    pub fn drain(&self) -> Vec<Event> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
