//! Writes that say the same thing twice: how long a snapshot is kept, and that it shall go.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;

use crate::error::{ApiKind, Error};
use crate::http::CallContext;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::model::Snapshot;
use crate::operations::arguments::{Retention, SnapshotAddress};
use crate::operations::client::AtlasClient;
use crate::operations::get::{Endpoint, read};
use crate::operations::request::{RequestError, send_idempotent};
use crate::operations::wait::Watch;

/// Changes how long a snapshot is kept, counted from its completion.
///
/// With `wait`, an unfinished snapshot is first waited for that long.
///
/// # Errors
/// [`Error::Api`], the errors of the network, and those of the wait.
pub async fn update_retention(
    client: &AtlasClient,
    address: &SnapshotAddress,
    retention: Retention,
    wait: Option<Duration>,
    call: &CallContext,
) -> Result<Snapshot, Error> {
    // Atlas has no such request for the sharded endpoint.
    let request = write(Method::PATCH, Endpoint::Plain, address, Some(retention.body()));
    let mut call = call.clone();
    let mut wait = wait;
    loop {
        match send_idempotent(client, &request, &call).await {
            Ok(response) => return Ok(read(&response, address, &call)?),
            Err(failure) => {
                call = until_finished(client, address, failure, &mut wait, call).await?;
            }
        }
    }
}

/// Deletes a snapshot.
///
/// With `wait`, an unfinished snapshot is first waited for that long.
///
/// # Errors
/// [`Error::Api`], the errors of the network, and those of the wait.
pub async fn delete_snapshot(
    client: &AtlasClient,
    address: &SnapshotAddress,
    wait: Option<Duration>,
    call: &CallContext,
) -> Result<(), Error> {
    let mut call = call.clone();
    let mut wait = wait;
    loop {
        match delete_once(client, address, &call).await {
            Ok(()) => {
                client.recent().remove(&address.id);
                return Ok(());
            }
            Err(failure) => {
                call = until_finished(client, address, failure, &mut wait, call).await?;
            }
        }
    }
}

/// Deletes at the one endpoint, then at the other.
async fn delete_once(
    client: &AtlasClient,
    address: &SnapshotAddress,
    call: &CallContext,
) -> Result<(), RequestError> {
    let first = Endpoint::first(address);
    let delete = |endpoint| write(Method::DELETE, endpoint, address, None);
    let missing = match send_idempotent(client, &delete(first), call).await {
        Ok(response) => return deleted(&response, call),
        Err(missing) if missing.is_missing() => missing,
        Err(failure) => return Err(failure),
    };
    match send_idempotent(client, &delete(first.other()), call).await {
        Ok(response) => deleted(&response, call),
        // An earlier attempt, whose response did not arrive, has deleted it.
        Err(second) if second.is_missing() && second.may_have_acted => Ok(()),
        Err(second) if second.is_absent() && missing.may_have_acted => Ok(()),
        Err(second) if second.is_absent() => Err(missing),
        Err(second) => Err(second),
    }
}

/// Whether a good answer is one that Atlas gives, rather than the page of a gateway.
fn deleted(response: &Response, call: &CallContext) -> Result<(), RequestError> {
    if response.text().trim().is_empty() {
        return Ok(());
    }
    let object = response.fields().map(drop);
    object.map_err(|error| RequestError::invalid(error.after(call.effort())))
}

/// Waits if the snapshot is unfinished and waiting is wanted; gives the call with its new deadline.
async fn until_finished(
    client: &AtlasClient,
    address: &SnapshotAddress,
    failure: RequestError,
    wait: &mut Option<Duration>,
    call: CallContext,
) -> Result<CallContext, Error> {
    let is_unfinished = failure.kind() == Some(ApiKind::SnapshotNotCompleted);
    let Some(timeout) = wait.take().filter(|_| is_unfinished) else { return Err(failure.error) };
    let begun = Instant::now();
    Watch::new(address.clone(), timeout, None).until_final(client, &call).await?;
    Ok(call.with_deadline(call.deadline() + begun.elapsed()))
}

fn write(
    method: Method,
    endpoint: Endpoint,
    address: &SnapshotAddress,
    body: Option<Bytes>,
) -> Request {
    Request { method, path: endpoint.path(address), query: Vec::new(), body, delivery: None }
}
