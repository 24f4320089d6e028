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

/// What a log event is about; the name of its logger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Requests, retries, and notices about the API version.
    Http,
    /// Tokens and the token cache.
    Auth,
    /// Waits for the rate limit of a project.
    RateLimit,
    /// Snapshots: taken, found, waited for.
    Take,
}

/// One line for the log.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it is about.
    pub topic: Topic,
    /// Its level.
    pub level: Level,
    /// The message, with `%s` for each argument.
    pub template: &'static str,
    /// The arguments; they contain no secret.
    pub arguments: Vec<String>,
    /// When it happened.
    pub at: Instant,
}

impl Event {
    /// An event that happens now.
    #[must_use]
    pub fn new<const N: usize>(
        topic: Topic,
        level: Level,
        template: &'static str,
        arguments: [String; N],
    ) -> Self {
        Self { topic, level, template, arguments: arguments.into(), at: Instant::now() }
    }

    /// The message with its arguments.
    #[must_use]
    pub fn text(&self) -> String {
        let mut arguments = self.arguments.iter();
        let mut pieces = self.template.split("%s");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            text.extend(arguments.next().map(String::as_str));
            text.push_str(piece);
        }
        text
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

    /// Adds an event; `template` has `%s` for each argument.
    pub(crate) fn add<const N: usize>(
        &self,
        topic: Topic,
        level: Level,
        template: &'static str,
        arguments: impl FnOnce() -> [String; N],
    ) {
        if self.least.is_some_and(|least| level >= least) {
            self.journal.add(Event::new(topic, level, template, arguments()));
        }
    }

    /// Takes the events collected so far.
    #[must_use]
    pub fn drain(&self) -> Vec<Event> {
        self.journal.drain()
    }
}
