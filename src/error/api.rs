//! An error that Atlas (or its token endpoint) answered with.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::error::attempts::{Attempts, RequestLine};
use crate::error::kind::ApiKind;
use crate::model::Snapshot;

/// Wrong fields that a message names; all of them are in the error.
const SHOWN_VIOLATIONS: usize = 2;

/// What Atlas said, already cleaned of secrets.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Which class of the tree.
    pub kind: ApiKind,
    /// Which request.
    pub request: RequestLine,
    /// The HTTP status, or the one inside the envelope.
    pub status: u16,
    /// Atlas' `errorCode`, or OAuth's `error`.
    pub error_code: Option<String>,
    /// The sentence for people; for an answer that is not Atlas', a short excerpt.
    pub detail: Option<String>,
    /// The status' name as Atlas gave it.
    pub reason: Option<String>,
    /// What the sentence was made from.
    pub parameters: Vec<Value>,
    /// Which fields of the request were wrong.
    pub field_violations: Vec<FieldViolation>,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The server's clock when it answered.
    pub(crate) server_time: Option<Timestamp>,
    /// The unfinished snapshot that stands in the way of another one, where it was found.
    pub running: Option<Box<Snapshot>>,
    /// What the person can do about it.
    pub hint: Option<Cow<'static, str>>,
    /// How often and how long it was tried.
    pub effort: Attempts,
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's name.
    pub field: Option<String>,
    /// What is wrong with it.
    pub description: Option<String>,
}

/// What Atlas said; the status where it said nothing.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => f.write_str(detail)?,
            None => f.write_str(&self.status_line())?,
        }
        for violation in self.field_violations.iter().take(SHOWN_VIOLATIONS) {
            let field = violation.field.as_deref().unwrap_or("?");
            write!(f, " [{field}: {}]", violation.description.as_deref().unwrap_or("?"))?;
        }
        match self.field_violations.len().checked_sub(SHOWN_VIOLATIONS) {
            Some(more @ 1..) => write!(f, " [and {more} more]"),
            _ => Ok(()),
        }
    }
}

impl ApiError {
    /// `400 Bad Request, VALIDATION_ERROR`.
    pub(super) fn status_line(&self) -> String {
        let standard = StatusCode::from_u16(self.status).ok();
        let standard = standard.and_then(|status| status.canonical_reason());
        let mut line = self.status.to_string();
        if let Some(reason) = self.reason.as_deref().or(standard) {
            let _ = write!(line, " {reason}");
        }
        if let Some(code) = &self.error_code {
            let _ = write!(line, ", {code}");
        }
        line
    }
}
