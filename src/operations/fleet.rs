//! One of many takes: how it ended, whether or not its snapshot was waited for.

use std::sync::Arc;

use crate::error::{Ambiguous, Error, Failure, RequestLine};
use crate::http::CallContext;
use crate::model::Snapshot;
use crate::operations::arguments::{ClusterAddress, SnapshotAddress, TakeArguments};
use crate::operations::client::AtlasClient;
use crate::operations::idempotency::Tag;
use crate::operations::take::{check_for_duplicates, take_snapshot};
use crate::operations::wait::{Watch, unless_failed};

/// The snapshot as far as it came, and what went wrong.
#[derive(Debug, Clone)]
pub struct TakeOutcome {
    /// `None`: nothing was taken, or nobody knows.
    pub snapshot: Option<Arc<Snapshot>>,
    /// `None`: what was asked for is true.
    pub error: Option<Error>,
}

impl TakeOutcome {
    /// How a take has ended of which nothing is heard any more: a defect of ours.
    #[must_use]
    pub fn panicked(cluster: &ClusterAddress) -> Self {
        let line =
            RequestLine { method: http::Method::POST, path: cluster.snapshots_path().into() };
        let failure = Failure::new(&line, "the call ended without an outcome");
        let cause = Arc::new(Error::Transport(failure));
        let pending = Ambiguous { idempotency_tag: None, candidates: Vec::new(), cause };
        Self { snapshot: None, error: Some(Error::Ambiguous(Box::new(pending))) }
    }
}

/// Takes a snapshot and, if wanted, waits for its completion.
pub async fn take_and_wait(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    arguments: &TakeArguments,
    wait: bool,
    call: &CallContext,
) -> TakeOutcome {
    let snapshot = match take_snapshot(client, cluster, arguments, call).await {
        Ok(snapshot) => snapshot,
        Err(error) => return TakeOutcome { snapshot: None, error: Some(error) },
    };
    if !wait {
        return TakeOutcome { snapshot: Some(snapshot), error: None };
    }
    let left = arguments.wait_timeout.saturating_sub(call.waited());
    let address = SnapshotAddress {
        cluster: cluster.clone(),
        id: snapshot.id.clone(),
        is_sharded: snapshot.is_sharded(),
    };
    // The call's own time stood still while it waited for somebody else's snapshot.
    let call = call.with_deadline(call.deadline() + call.waited());
    let mut watch = Watch::new(address, left, None).of_key(arguments.tag().cloned());
    // Boxed, because it is larger than the take.
    match Box::pin(wait_and_verify(client, &mut watch, &call)).await {
        Ok(completed) => {
            TakeOutcome { snapshot: Some(Arc::new(completed.taken_like(&snapshot))), error: None }
        }
        Err(error) => {
            let seen = last_seen(&error).map(|seen| Arc::new(seen.taken_like(&snapshot)));
            TakeOutcome { snapshot: seen.or(Some(snapshot)), error: Some(error) }
        }
    }
}

/// Waits for a completed snapshot.
///
/// # Errors
/// Those of [`next_change`].
pub async fn wait_and_verify(
    client: &AtlasClient,
    watch: &mut Watch,
    call: &CallContext,
) -> Result<Snapshot, Error> {
    loop {
        let snapshot = next_change(client, watch, call).await?;
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
    client: &AtlasClient,
    watch: &mut Watch,
    call: &CallContext,
) -> Result<Snapshot, Error> {
    let snapshot = unless_failed(watch.next(client, call).await?)?;
    let tag = watch.key().cloned().or_else(|| Tag::read(snapshot.description()));
    if let Some(tag) = tag.filter(|_| snapshot.is_completed()) {
        // The call's own time stood still during the wait.
        let call = call.with_deadline(call.deadline() + watch.elapsed());
        let check = check_for_duplicates(client, watch.cluster(), &tag, &snapshot, true, &call);
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
        | Error::OutOfResources(_)
        | Error::InvalidArgument(_)
        | Error::Transport(_)
        | Error::Timeout(_)
        | Error::InvalidResponse(_)
        | Error::NameNotFound(..)
        | Error::Ambiguous(_)
        | Error::Duplicates(_)
        | Error::Api(_) => None,
    }
}
