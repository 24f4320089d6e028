//! One of many takes: how it ended, whether or not its snapshot was waited for.

use std::sync::Arc;

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
    let mut watch = Watch::new(address, left, None).of_key(arguments.tag().cloned());
    // Boxed, because it is larger than the take.
    match Box::pin(finish(transport, &mut watch, &call)).await {
        Ok(completed) => {
            Ended { snapshot: Some(Arc::new(completed.taken_like(&snapshot))), error: None }
        }
        Err(error) => {
            let seen = last_seen(&error).map(|seen| Arc::new(seen.taken_like(&snapshot)));
            Ended { snapshot: seen.or(Some(snapshot)), error: Some(error) }
        }
    }
}

/// Waits for a completed snapshot.
///
/// # Errors
/// Those of [`next_change`].
pub async fn finish(
    transport: &Transport,
    watch: &mut Watch,
    call: &Call,
) -> Result<Snapshot, Error> {
    loop {
        let snapshot = next_change(transport, watch, call).await?;
        if snapshot.is_final() {
            return Ok(snapshot);
        }
    }
}

/// The next change of a snapshot that is to complete; when it has, its key gave only this one.
///
/// # Errors
/// Those of the wait, [`Error::SnapshotFailed`] and [`Error::Duplicates`].
pub async fn next_change(
    transport: &Transport,
    watch: &mut Watch,
    call: &Call,
) -> Result<Snapshot, Error> {
    let snapshot = unless_failed(watch.next(transport, call).await?)?;
    let tag = watch.key().cloned().or_else(|| Tag::read(snapshot.description()));
    if let Some(tag) = tag.filter(|_| snapshot.is_completed()) {
        // The call's own time stood still during the wait.
        let call = call.until(call.deadline() + watch.elapsed());
        let check = check_for_duplicates(transport, watch.cluster(), &tag, &snapshot, &call);
        Box::pin(check).await?;
    }
    Ok(snapshot)
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
