//! Asks what may be asked again: reads, and writes that say the same thing twice.
//!
//! Which faults are passing is the "GET" column of the fault matrix.

use crate::error::{ApiKind, Error};
use crate::http::CallContext;
use crate::http::exchange_error::DeliveryStatus;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::operations::client::AtlasClient;
use crate::policy::retry::RetryDelay;

/// A question that stayed without a good answer.
#[derive(Debug)]
pub(crate) struct RequestError {
    pub(crate) error: Error,
    /// Whether an attempt before the last one may have been acted on.
    pub(crate) may_have_acted: bool,
}

impl RequestError {
    /// An answer that is not what Atlas sends; the next one may be.
    pub(crate) fn invalid(error: Error) -> Self {
        Self { error, may_have_acted: false }
    }

    /// Whether there is nothing at that path, though project and cluster are there.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(
            self.kind(),
            Some(ApiKind::NotFound | ApiKind::ResourceNotFound | ApiKind::SnapshotNotFound)
        )
    }

    /// Whether there is no such snapshot at the path, which another endpoint may serve.
    pub(crate) fn is_absent(&self) -> bool {
        self.is_missing() || matches!(self.kind(), Some(ApiKind::BadRequest | ApiKind::Validation))
    }

    /// Whether Atlas rejected the request because the cluster is a flex cluster.
    pub(crate) fn is_flex_cluster(&self) -> bool {
        let Error::Api(api) = &self.error else { return false };
        api.error_code.as_deref() == Some("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API")
    }

    pub(crate) fn kind(&self) -> Option<ApiKind> {
        if let Error::Api(api) = &self.error { Some(api.kind) } else { None }
    }
}

impl From<RequestError> for Error {
    fn from(unanswered: RequestError) -> Self {
        unanswered.error
    }
}

/// Asks until there is an answer of 2xx, the retries are spent, or the answer is final.
pub(crate) async fn send_idempotent(
    client: &AtlasClient,
    request: &Request,
    call: &CallContext,
) -> Result<Response, RequestError> {
    let mut retries = client.retries();
    let mut may_have_acted = false;
    loop {
        let (error, again, acted) = match client.exchange(request, call).await {
            Ok(answer) => match refusal(&answer) {
                None => {
                    retries.succeeded();
                    note_deprecation(&answer, request, call);
                    return Ok(answer);
                }
                Some(refusal) => refusal,
            },
            Err(lost) => match lost.delivery {
                DeliveryStatus::NotSent => (lost.error, Some(RetryDelay::Backoff), false),
                DeliveryStatus::Ambiguous => (lost.error, Some(RetryDelay::Backoff), true),
                DeliveryStatus::Permanent => (lost.error, None, false),
            },
        };
        let error = error.after(call.effort());
        let Some(again) = again else { return Err(RequestError { error, may_have_acted }) };
        let paused = retries.pause(error, again, call).await;
        paused.map_err(|error| RequestError { error, may_have_acted })?;
        may_have_acted |= acted;
    }
}

/// The error of an answer that is not good, how to repeat the question, and whether the server may
/// have acted on it all the same.
fn refusal(answer: &Response) -> Option<(Error, Option<RetryDelay>, bool)> {
    let requested = || Some(RetryDelay::RetryAfter(answer.retry_after_delay()));
    match answer.status() {
        200..=299 => None,
        _ if answer.is_retry_later() => Some((answer.error(), requested(), false)),
        408 | 500..=599 => {
            let again = answer
                .retry_after_delay()
                .map_or(RetryDelay::Backoff, |p| RetryDelay::RetryAfter(Some(p)));
            Some((answer.error(), Some(again), true))
        }
        _ => Some((answer.error(), None, false)),
    }
}

fn note_deprecation(answer: &Response, request: &Request, call: &CallContext) {
    if let Some(notice) = answer.deprecation() {
        call.note_deprecation(|| {
            format!("Atlas says that this version of {} is {notice}", request.path)
        });
    }
}
