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
    fn from(failure: RequestError) -> Self {
        failure.error
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
            Ok(response) => match rejection(&response) {
                None => {
                    retries.succeeded();
                    note_deprecation(&response, request, call);
                    return Ok(response);
                }
                Some(rejection) => rejection,
            },
            Err(failure) => match failure.delivery {
                DeliveryStatus::NotSent => (failure.error, Some(RetryDelay::Backoff), false),
                DeliveryStatus::Ambiguous => (failure.error, Some(RetryDelay::Backoff), true),
                DeliveryStatus::Permanent => (failure.error, None, false),
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
fn rejection(response: &Response) -> Option<(Error, Option<RetryDelay>, bool)> {
    let requested = || Some(RetryDelay::RetryAfter(response.retry_after_delay()));
    match response.status() {
        200..=299 => None,
        _ if response.is_retry_later() => Some((response.error(), requested(), false)),
        408 | 500..=599 => {
            let again = response
                .retry_after_delay()
                .map_or(RetryDelay::Backoff, |p| RetryDelay::RetryAfter(Some(p)));
            Some((response.error(), Some(again), true))
        }
        _ => Some((response.error(), None, false)),
    }
}

fn note_deprecation(response: &Response, request: &Request, call: &CallContext) {
    if let Some(notice) = response.deprecation() {
        call.note_deprecation(|| {
            format!("Atlas says that this version of {} is {notice}", request.path)
        });
    }
}
