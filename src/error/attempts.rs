//! What every message names: the request, how often it was tried and for how long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Method and path of a request, without its query; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// `GET`, `POST`, ….
    pub method: http::Method,
    /// The path, with the prefix of the base URL.
    pub path: Arc<str>,
}

/// How much was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Requests that were begun; those for a token count only in the token endpoint's own errors.
    pub attempts: u32,
    /// From the call to its end, pauses included.
    pub elapsed: Duration,
}

impl Attempts {
    /// This effort, or the other where nothing was tried yet.
    pub(super) fn or(self, other: Self) -> Self {
        if self.attempts == 0 { other } else { self }
    }
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(f, "{} attempt{plural}, {:.2} s", self.attempts, self.elapsed.as_secs_f64())
    }
}
