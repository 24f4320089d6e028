//! Log events of calls, collected until a Python thread logs them: the runtime never touches Python.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The level of a log event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// One line per attempt.
    Debug,
    /// Waits and retries.
    Info,
    /// A person should act.
    Warning,
}

/// One line for the log.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its level.
    pub level: Level,
    /// The message; contains no secret.
    pub text: String,
    /// When it happened.
    pub at: Instant,
}

impl Event {
    /// An event that happens now.
    #[must_use]
    pub fn new(level: Level, text: String) -> Self {
        Self { level, text, at: Instant::now() }
    }
}

/// Collects the events of one call, of a fleet, or of all calls of an event loop.
#[derive(Default)]
pub struct Journal {
    events: Mutex<Vec<Event>>,
    /// Wakes the thread that logs them.
    wake: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Journal {
    /// A journal that calls `wake` at its first event.
    #[must_use]
    pub fn that_wakes(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { events: Mutex::default(), wake: Some(Box::new(wake)) }
    }

    fn add(&self, event: Event) {
        let is_first = {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.push(event);
            events.len() == 1
        };
        if is_first && let Some(wake) = &self.wake {
            wake();
        }
    }

    /// Takes the events collected so far.
    #[must_use]
    pub fn drain(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("events", &self.events).finish_non_exhaustive()
    }
}

/// The events of one call; free of cost without a listener.
#[derive(Debug)]
pub struct Events {
    least: Option<Level>,
    journal: Arc<Journal>,
}

impl Events {
    /// Collects events of this level and above; `None`: no listener.
    #[must_use]
    pub fn new(least: Option<Level>) -> Self {
        Self::into_journal(least, Arc::default())
    }

    /// Collects them with the events of other calls.
    #[must_use]
    pub fn into_journal(least: Option<Level>, journal: Arc<Journal>) -> Self {
        Self { least, journal }
    }

    pub(crate) fn add(&self, level: Level, text: impl FnOnce() -> String) {
        if self.least.is_some_and(|least| level >= least) {
            self.journal.add(Event::new(level, text()));
        }
    }

    /// Takes the events collected so far.
    #[must_use]
    pub fn drain(&self) -> Vec<Event> {
        self.journal.drain()
    }
}
