//! Waits for a snapshot: polls with backoff, tolerates outages, ends at a hard deadline.
//!
//! Nothing is ever deleted, taken or changed here.

mod poll_backoff;

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::error::{Error, WaitTimeout};
use crate::http::{CallContext, Level, Topic};
use crate::model::{Snapshot, object_id_timestamp};
use crate::operations::arguments::{ClusterAddress, SnapshotAddress};
use crate::operations::client::AtlasClient;
use crate::operations::get::{Endpoint, fetch};
use crate::operations::idempotency::Tag;
use crate::operations::request::RequestError;
use crate::operations::wait::poll_backoff::PollBackoff;

/// A snapshot that was just taken may not be found for that long.
const PROPAGATION_DELAY: Duration = Duration::from_secs(120);
const NOT_FOUND_CODES: [&str; 2] = ["SNAPSHOT_NOT_FOUND", "RESOURCE_NOT_FOUND"];

/// A wait for one snapshot that returns every change.
#[derive(Debug)]
pub struct Watch {
    address: SnapshotAddress,
    key: Option<Tag>,
    timeout: Duration,
    backoff: PollBackoff,
    /// Known from the first poll on.
    begun: Option<Instant>,
    endpoint: Option<Endpoint>,
    last: Option<Snapshot>,
}

/// The snapshot, unless Atlas gave up on it.
///
/// # Errors
/// [`Error::SnapshotFailed`].
pub(crate) fn unless_failed(snapshot: Snapshot) -> Result<Snapshot, Error> {
    if snapshot.has_failed() {
        Err(Error::SnapshotFailed(Box::new(snapshot)))
    } else {
        Ok(snapshot)
    }
}

/// Whether a snapshot is not found only because it is so new; judged by the server's own clock.
/// Without one, or where the id is dated ahead of it, by the time `since` it was first looked for;
/// `None`: it was seen before, so it is gone.
pub(crate) fn within_propagation_delay(
    failure: &RequestError,
    id: &str,
    since: Option<Instant>,
) -> bool {
    let Error::Api(api) = &failure.error else { return false };
    let code = api.error_code.as_deref().unwrap_or_default();
    if api.status != 404 || !NOT_FOUND_CODES.contains(&code) {
        return false;
    }
    let age = api
        .server_time
        .and_then(|now| u64::try_from(now.as_second() - object_id_timestamp(id)).ok());
    let age = age.map(Duration::from_secs).or_else(|| Some(since?.elapsed()));
    age.is_some_and(|age| age < PROPAGATION_DELAY)
}

impl Watch {
    /// A wait that starts with a poll; without an interval the backoff grows to 30 s.
    #[must_use]
    pub fn new(address: SnapshotAddress, timeout: Duration, interval: Option<Duration>) -> Self {
        let backoff = PollBackoff::new(interval);
        Self { address, key: None, timeout, backoff, begun: None, endpoint: None, last: None }
    }

    /// The same for a snapshot of a key, whose description may not say so.
    pub(crate) fn of_key(self, key: Option<Tag>) -> Self {
        Self { key, ..self }
    }

    pub(crate) fn key(&self) -> Option<&Tag> {
        self.key.as_ref()
    }

    /// The same for a snapshot that a list has shown: should it not be found, it is gone.
    pub(crate) fn after(self, seen: Snapshot) -> Self {
        Self { last: Some(seen), ..self }
    }

    /// How long it has lasted.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.map(|begun| begun.elapsed()).unwrap_or_default()
    }

    pub(crate) fn cluster(&self) -> &ClusterAddress {
        &self.address.cluster
    }

    /// The snapshot as it is when it will not change any more.
    pub(crate) async fn until_final(
        &mut self,
        client: &AtlasClient,
        call: &CallContext,
    ) -> Result<Snapshot, Error> {
        loop {
            let snapshot = self.next(client, call).await?;
            if snapshot.is_final() {
                return Ok(snapshot);
            }
        }
    }

    /// The snapshot as it is first seen, then at its next change.
    ///
    /// # Errors
    /// [`Error::WaitTimeout`] and what is final.
    pub async fn next(
        &mut self,
        client: &AtlasClient,
        call: &CallContext,
    ) -> Result<Snapshot, Error> {
        let mut is_first = self.begun.is_none();
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let deadline = begun + self.timeout;
        let call = call.wait_until(deadline);
        let mut cause = None;
        loop {
            if !std::mem::take(&mut is_first) {
                let left = deadline.saturating_duration_since(Instant::now());
                let Some(pause) = self.backoff.next(left, self.timeout) else {
                    return Err(self.timed_out(cause));
                };
                sleep_until(Instant::now() + pause).await;
            }
            match fetch(client, &self.address, &mut self.endpoint, &call).await {
                Ok(snapshot) => {
                    cause = None;
                    if self.last.as_ref() != Some(&snapshot) {
                        self.last = Some(snapshot.clone());
                        return Ok(snapshot);
                    }
                }
                Err(failure)
                    if failure.error.is_transient()
                        || (self.last.is_none()
                            && within_propagation_delay(
                                &failure,
                                &self.address.id,
                                Some(begun),
                            )) =>
                {
                    let template = "%s; still waiting for the snapshot";
                    call.events
                        .add(Topic::Take, Level::Info, template, || [failure.error.to_string()]);
                    // What only the end of the time cut off says less than what was before.
                    if cause.is_none() || Instant::now() < deadline {
                        cause = Some(failure.error);
                    }
                }
                Err(failure) => return Err(failure.error),
            }
        }
    }

    fn timed_out(&self, cause: Option<Error>) -> Error {
        let SnapshotAddress { cluster, id, .. } = &self.address;
        let (name, seconds) = (&cluster.name, self.timeout.as_secs_f64());
        Error::WaitTimeout(Box::new(WaitTimeout {
            what: format!("snapshot {id} of cluster {name} was not finished within {seconds} s"),
            snapshot: self.last.clone(),
            cause,
        }))
    }
}
