//! The one error enum of the core; the Python exception tree mirrors it class by class.
//!
//! Texts from the network reach an error only cleaned: short, printable, without secrets.

mod api;
mod effort;
mod kind;

use std::sync::Arc;

pub use api::{ApiError, FieldViolation};
pub use effort::{Effort, RequestLine};
pub use kind::ApiKind;

use crate::model::Snapshot;

/// Whatever an operation can end with instead of its result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Credentials, base URL or options cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The client was closed before the call.
    #[error("the client is closed")]
    ClientClosed,
    /// An argument was refused before anything was sent.
    #[error("{0}")]
    InvalidArgument(String),
    /// No answer: DNS, refused, TLS, reset.
    #[error("{0}")]
    Transport(Box<Failure>),
    /// No answer in time.
    #[error("{0}")]
    Timeout(Box<Failure>),
    /// An answer, but not one that Atlas gives.
    #[error("{0}")]
    InvalidResponse(Box<Failure>),
    /// The take may or may not have happened.
    #[error("{0}")]
    Ambiguous(Box<Ambiguous>),
    /// Atlas refused.
    #[error("{0}")]
    Api(Box<ApiError>),
}

/// A request that brought no usable answer.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which request.
    pub request: RequestLine,
    /// What happened.
    pub what: String,
    /// What the person can do about it.
    pub hint: Option<&'static str>,
    /// How often and how long it was tried.
    pub effort: Effort,
}

/// A POST whose outcome nobody knows.
#[derive(Debug, Clone)]
pub struct Ambiguous {
    /// The tag that the snapshot carries if it exists.
    pub idempotency_tag: Option<String>,
    /// On-demand snapshots that may be the one.
    pub candidates: Vec<Snapshot>,
    /// Why it is not known.
    pub cause: Arc<Error>,
}

impl Error {
    /// Says how much was tried before this error, unless that is known already.
    #[must_use]
    pub(crate) fn after(mut self, effort: Effort) -> Self {
        match &mut self {
            Self::Transport(failure) | Self::Timeout(failure) | Self::InvalidResponse(failure) => {
                failure.effort = failure.effort.or(effort);
            }
            Self::Api(api) => api.effort = api.effort.or(effort),
            Self::Ambiguous(ambiguous) => {
                let cause = Arc::unwrap_or_clone(Arc::clone(&ambiguous.cause));
                ambiguous.cause = Arc::new(cause.after(effort));
            }
            Self::Configuration(_) | Self::ClientClosed | Self::InvalidArgument(_) => {}
        }
        self
    }

    /// Says what a person can do about it, unless that is said already.
    #[must_use]
    pub(crate) fn with_hint(mut self, text: &'static str) -> Self {
        let hint = match &mut self {
            Self::Transport(failure) | Self::Timeout(failure) | Self::InvalidResponse(failure) => {
                &mut failure.hint
            }
            Self::Api(api) => &mut api.hint,
            Self::Ambiguous(_)
            | Self::Configuration(_)
            | Self::ClientClosed
            | Self::InvalidArgument(_) => return self,
        };
        hint.get_or_insert(text);
        self
    }
}

impl Failure {
    #[allow(clippy::unnecessary_box_returns)] // every variant that holds one boxes it
    pub(crate) fn new(request: &RequestLine, what: impl Into<String>) -> Box<Self> {
        let (request, what) = (request.clone(), what.into());
        Box::new(Self { request, what, hint: None, effort: Effort::default() })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.request, self.what, self.effort)?;
        effort::write_hint(f, self.hint)
    }
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the snapshot may or may not have been taken, and nothing was sent again: {}",
            self.cause
        )?;
        effort::write_hint(f, Some("look at the cluster's snapshots before you take another one"))
    }
}
