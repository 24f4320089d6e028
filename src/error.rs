//! The one error enum of the core; the Python exception tree mirrors it class by class.
//!
//! Texts from the network reach an error only cleaned: short, printable, without secrets.

mod api;
mod attempts;
mod kind;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use api::{ApiError, FieldViolation};
pub use attempts::{Attempts, RequestLine};
pub use kind::ApiKind;
pub(crate) use kind::is_about_role;
pub(crate) use text::printable;

use crate::model::Snapshot;

/// Of the status in a message.
const LONGEST_STATUS: usize = 100;

const DUPLICATES_HINT: &str = "keep one and delete the others";

/// The error code of an upgrade of Atlas itself, which passes.
pub(crate) const WRITES_STOPPED: &str = "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES";

/// Whatever an operation can end with instead of its result.
#[derive(Debug, Clone)]
pub enum Error {
    /// Credentials, base URL or options cannot be used.
    Configuration(String),
    /// The client was closed before the call.
    ClientClosed,
    /// The system has no thread or descriptor left with which a call could begin.
    OutOfResources(String),
    /// An argument was rejected before anything was sent.
    InvalidArgument(String),
    /// No response: DNS, ECONNREFUSED, TLS, reset.
    Transport(Box<Failure>),
    /// No answer in time.
    Timeout(Box<Failure>),
    /// An answer, but not one that Atlas gives.
    InvalidResponse(Box<Failure>),
    /// No project or cluster has the name that was looked up; of which kind it is.
    NameNotFound(ApiKind, Box<Failure>),
    /// The take may or may not have happened.
    Ambiguous(Box<Ambiguous>),
    /// More than one snapshot carries the tag of one key.
    Duplicates(Box<Duplicates>),
    /// Atlas gave up on the snapshot.
    SnapshotFailed(Box<Snapshot>),
    /// The wait is over, the snapshot is not.
    WaitTimeout(Box<WaitTimeout>),
    /// Atlas rejected the request.
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
    pub hint: Option<Cow<'static, str>>,
    /// Whether trying again later cannot help, as with a certificate that is not trusted.
    pub(crate) is_permanent: bool,
    /// How often and how long it was tried.
    pub effort: Attempts,
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

/// Snapshots that one key was meant to give only one of.
#[derive(Debug, Clone)]
pub struct Duplicates {
    /// The tag that they carry.
    pub tag: String,
    /// All of them, newest first.
    pub snapshots: Vec<Snapshot>,
}

/// A wait that came to its end before the snapshot did.
#[derive(Debug, Clone)]
pub struct WaitTimeout {
    /// For which snapshot, and for how long.
    pub what: String,
    /// As last seen; `None` if it never was.
    pub snapshot: Option<Snapshot>,
    /// The error of the last poll, if it did not return the snapshot.
    pub cause: Option<Error>,
}

impl Error {
    /// What happened, without attempts, hint and request.
    fn sentence(&self) -> String {
        match self {
            Self::Configuration(text)
            | Self::OutOfResources(text)
            | Self::InvalidArgument(text) => text.clone(),
            Self::ClientClosed => "the client is closed".to_owned(),
            Self::Transport(failure)
            | Self::Timeout(failure)
            | Self::InvalidResponse(failure)
            | Self::NameNotFound(_, failure) => failure.to_string(),
            Self::Ambiguous(ambiguous) => ambiguous.to_string(),
            Self::Duplicates(duplicates) => duplicates.to_string(),
            Self::SnapshotFailed(snapshot) => failed(snapshot),
            Self::WaitTimeout(wait) => wait.to_string(),
            Self::Api(api) => api.to_string(),
        }
    }

    /// What happened to one request, for a line that names the request itself.
    pub(crate) fn outcome(&self) -> String {
        self.response().unwrap_or_else(|| self.sentence())
    }

    /// The status and the code of a rejection.
    fn response(&self) -> Option<String> {
        match self {
            Self::Api(api) => Some(api.status_line()),
            Self::Ambiguous(ambiguous) => ambiguous.cause.response(),
            Self::WaitTimeout(wait) => wait.cause.as_ref()?.response(),
            Self::Transport(_)
            | Self::Timeout(_)
            | Self::InvalidResponse(_)
            | Self::NameNotFound(..)
            | Self::Configuration(_)
            | Self::ClientClosed
            | Self::OutOfResources(_)
            | Self::InvalidArgument(_)
            | Self::Duplicates(_)
            | Self::SnapshotFailed(_) => None,
        }
    }

    /// Says how much was tried before this error, unless that is known already.
    #[must_use]
    pub(crate) fn after(mut self, effort: Attempts) -> Self {
        match &mut self {
            Self::Transport(failure)
            | Self::Timeout(failure)
            | Self::InvalidResponse(failure)
            | Self::NameNotFound(_, failure) => {
                failure.effort = failure.effort.or(effort);
            }
            Self::Api(api) => api.effort = api.effort.or(effort),
            Self::Ambiguous(ambiguous) => {
                let cause = Arc::unwrap_or_clone(Arc::clone(&ambiguous.cause));
                ambiguous.cause = Arc::new(cause.after(effort));
            }
            Self::Configuration(_)
            | Self::ClientClosed
            | Self::OutOfResources(_)
            | Self::InvalidArgument(_)
            | Self::Duplicates(_)
            | Self::SnapshotFailed(_)
            | Self::WaitTimeout(_) => {}
        }
        self
    }

    /// Says what a person can do about it, unless that is said already.
    #[must_use]
    pub(crate) fn with_hint(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        if let Some(hint) = self.hint_mut() {
            hint.get_or_insert_with(|| text.into());
        }
        self
    }

    /// What a person can do about it, as in the message.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Transport(failure)
            | Self::Timeout(failure)
            | Self::InvalidResponse(failure)
            | Self::NameNotFound(_, failure) => failure.hint.as_deref(),
            Self::Api(api) => api.hint.as_deref(),
            Self::Ambiguous(ambiguous) => Some(ambiguous.hint()),
            Self::Duplicates(_) => Some(DUPLICATES_HINT),
            Self::WaitTimeout(wait) => Some(wait.hint()),
            Self::SnapshotFailed(_)
            | Self::Configuration(_)
            | Self::ClientClosed
            | Self::OutOfResources(_)
            | Self::InvalidArgument(_) => None,
        }
    }

    /// The request that failed and how much was tried; of an error with a cause, those of the cause.
    #[must_use]
    pub fn request(&self) -> Option<(&RequestLine, Attempts)> {
        match self {
            Self::Transport(failure)
            | Self::Timeout(failure)
            | Self::InvalidResponse(failure)
            | Self::NameNotFound(_, failure) => Some((&failure.request, failure.effort)),
            Self::Api(api) => Some((&api.request, api.effort)),
            Self::Ambiguous(ambiguous) => ambiguous.cause.request(),
            Self::WaitTimeout(wait) => wait.cause.as_ref()?.request(),
            Self::Duplicates(_)
            | Self::SnapshotFailed(_)
            | Self::Configuration(_)
            | Self::ClientClosed
            | Self::OutOfResources(_)
            | Self::InvalidArgument(_) => None,
        }
    }

    fn hint_mut(&mut self) -> Option<&mut Option<Cow<'static, str>>> {
        match self {
            Self::Transport(failure)
            | Self::Timeout(failure)
            | Self::InvalidResponse(failure)
            | Self::NameNotFound(_, failure) => Some(&mut failure.hint),
            Self::Api(api) => Some(&mut api.hint),
            Self::Ambiguous(_)
            | Self::Duplicates(_)
            | Self::SnapshotFailed(_)
            | Self::WaitTimeout(_)
            | Self::Configuration(_)
            | Self::ClientClosed
            | Self::OutOfResources(_)
            | Self::InvalidArgument(_) => None,
        }
    }
}

impl Error {
    /// Whether the same question may be answered later: what a wait survives.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(failure) => !failure.is_permanent,
            Self::Timeout(_) | Self::InvalidResponse(_) | Self::OutOfResources(_) => true,
            Self::Api(api) => match api.status {
                405 => api.error_code.as_deref() == Some(WRITES_STOPPED),
                status => matches!(status, 408 | 429 | 500..=599),
            },
            Self::Configuration(_)
            | Self::ClientClosed
            | Self::InvalidArgument(_)
            | Self::NameNotFound(..)
            | Self::Ambiguous(_)
            | Self::Duplicates(_)
            | Self::SnapshotFailed(_)
            | Self::WaitTimeout(_) => false,
        }
    }
}

impl Failure {
    #[allow(clippy::unnecessary_box_returns)] // every variant that holds one boxes it
    pub(crate) fn new(request: &RequestLine, what: impl Into<String>) -> Box<Self> {
        let (request, what) = (request.clone(), what.into());
        Box::new(Self {
            request,
            what,
            hint: None,
            is_permanent: false,
            effort: Attempts::default(),
        })
    }
}

impl fmt::Display for Error {
    /// The sentence, the attempts, the hint, and at the end the request in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = self.sentence();
        f.write_str(&sentence)?;
        let request = self.request();
        if let Some((_, effort)) = request {
            write!(f, " ({effort})")?;
        }
        if let Some(hint) = self.hint() {
            write!(f, ". Hint: {hint}")?;
        }
        let Some((line, _)) = request else { return Ok(()) };
        match self.response().filter(|response| !sentence.contains(response)) {
            Some(response) => write!(f, " [{line}: {response}]"),
            None => write!(f, " [{line}]"),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.cause.sentence();
        write!(
            f,
            "the snapshot may or may not have been taken, and nothing was sent again: {cause}"
        )?;
        match self.candidates.len() {
            0 => Ok(()),
            1 => write!(f, "; one on-demand snapshot of that time exists"),
            count => write!(f, "; {count} on-demand snapshots of that time exist"),
        }
    }
}

impl Ambiguous {
    fn hint(&self) -> &'static str {
        if self.idempotency_tag.is_some() {
            "call again with the same key: it finds the snapshot if there is one"
        } else {
            "check the cluster's snapshots before you take another one; with an idempotency_key \
             the call could simply be repeated"
        }
    }
}

impl fmt::Display for Duplicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
        write!(
            f,
            "{} snapshots carry the tag {} of one key: {}",
            ids.len(),
            self.tag,
            ids.join(", ")
        )
    }
}

impl fmt::Display for WaitTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.snapshot {
            Some(snapshot) => {
                let status = printable(snapshot.status_word(), LONGEST_STATUS);
                write!(f, "; it was last seen {status}")?;
            }
            None => f.write_str("; this wait has not seen it")?,
        }
        let Some(cause) = &self.cause else { return Ok(()) };
        write!(f, "; the last poll failed: {}", cause.sentence())
    }
}

impl WaitTimeout {
    fn hint(&self) -> &'static str {
        let is_missing = matches!(&self.cause, Some(Error::Api(api)) if api.status == 404);
        if self.snapshot.is_none() && is_missing {
            "is there such a snapshot? A new one may not be found for two minutes"
        } else {
            "the snapshot goes on in Atlas: wait again, take no other"
        }
    }
}

fn failed(snapshot: &Snapshot) -> String {
    format!(
        "Atlas failed to take snapshot {} of cluster {}: there is no backup",
        snapshot.id,
        snapshot.cluster_name()
    )
}
