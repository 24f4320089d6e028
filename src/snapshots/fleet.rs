//! One of many takes: how it ended, whether or not its snapshot was waited for.

use std::sync::Arc;

use tokio::time::Instant;

use super::arguments::{ClusterAddress, SnapshotAddress, TakeArguments};
use super::take::{Tag, check_for_duplicates, take_snapshot};
use super::wait::{Watch, unless_failed};
use crate::error::{Ambiguous, Error, Failure, RequestLine};
use crate::model::Snapshot;
use crate::transport::{Call, Transport};

/// The snapshot as far as it came, and what went wrong.
#[derive(Debug, Clone)]
pub struct Ended {
    /// `None`: nothing was taken, or nobody knows.
    pub snapshot: Option<Arc<Snapshot>>,
    /// `None`: what was asked for is true.
    pub error: Option<Error>,
}

impl Ended {
    /// How a take has ended of which nothing is heard any more: a defect of ours.
    #[must_use]
    pub fn lost(cluster: &ClusterAddress) -> Self {
        let line =
            RequestLine { method: http::Method::POST, path: cluster.snapshots_path().into() };
        let failure = Failure::new(&line, "the call ended without an outcome");
        let cause = Arc::new(Error::Transport(failure));
        let doubt = Ambiguous { idempotency_tag: None, candidates: Vec::new(), cause };
        Self { snapshot: None, error: Some(Error::Ambiguous(Box::new(doubt))) }
    }
}

/// Takes a snapshot and, if wanted, waits for its completion.
pub async fn take_and_wait(
    transport: &Transport,
    cluster: &ClusterAddress,
    arguments: &TakeArguments,
    wait: bool,
    call: &Call,
) -> Ended {
    let snapshot = match take_snapshot(transport, cluster, arguments, call).await {
        Ok(snapshot) => snapshot,
        Err(error) => return Ended { snapshot: None, error: Some(error) },
    };
    if !wait {
        return Ended { snapshot: Some(snapshot), error: None };
    }
    let left = arguments.wait_timeout.saturating_sub(call.waited());
    let address = SnapshotAddress {
        cluster: cluster.clone(),
        id: snapshot.id.clone(),
        is_sharded: snapshot.is_sharded(),
    };
    // The call's own time stood still while it waited for somebody else's snapshot.
    let call = call.until(call.deadline() + call.waited());
    let mut watch = Watch::new(address, left, None);
    // Boxed, because it is larger than the take.
    match Box::pin(finish_of_key(transport, &mut watch, arguments.tag(), &call)).await {
        Ok(completed) => Ended { snapshot: Some(Arc::new(completed)), error: None },
        Err(error) => {
            let last_seen = last_seen(&error).map_or(snapshot, Arc::new);
            Ended { snapshot: Some(last_seen), error: Some(error) }
        }
    }
}

/// Waits for a snapshot that was taken, then looks whether the key of its tag gave only this one.
///
/// # Errors
/// Those of the wait, and [`Error::Duplicates`].
pub async fn finish(
    transport: &Transport,
    watch: &mut Watch,
    call: &Call,
) -> Result<Snapshot, Error> {
    finish_of_key(transport, watch, None, call).await
}

async fn finish_of_key(
    transport: &Transport,
    watch: &mut Watch,
    tag: Option<&Tag>,
    call: &Call,
) -> Result<Snapshot, Error> {
    let begun = Instant::now();
    let completed = unless_failed(watch.until_final(transport, call).await?)?;
    if let Some(tag) = tag.cloned().or_else(|| Tag::read(completed.description())) {
        let call = call.until(call.deadline() + begun.elapsed());
        check_for_duplicates(transport, watch.cluster(), &tag, &completed, &call).await?;
    }
    Ok(completed)
}

fn last_seen(error: &Error) -> Option<Snapshot> {
    match error {
        Error::SnapshotFailed(snapshot) => Some(Snapshot::clone(snapshot)),
        Error::WaitTimeout(wait) => wait.snapshot.clone(),
        Error::Configuration(_)
        | Error::ClientClosed
        | Error::Exhausted(_)
        | Error::InvalidArgument(_)
        | Error::Transport(_)
        | Error::Timeout(_)
        | Error::InvalidResponse(_)
        | Error::Ambiguous(_)
        | Error::Duplicates(_)
        | Error::Api(_) => None,
    }
}
