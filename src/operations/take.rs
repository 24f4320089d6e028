//! Takes a snapshot exactly once: find the key's snapshot, POST once, reconcile an ambiguous outcome.
//!
//! A POST that the server may have acted on is never sent again.

mod in_progress;
mod post;
mod recent;
mod reconcile;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::error::{ApiKind, Duplicates, Error};
use crate::http::response::Response;
use crate::http::{CallContext, Level, Topic};
use crate::model::Snapshot;
use crate::operations::arguments::{ClusterAddress, IfBusy, TakeArguments};
use crate::operations::client::AtlasClient;
use crate::operations::idempotency::Tag;
use crate::operations::list::{Listing, listing};
use crate::operations::request::RequestError;
use crate::operations::take::post::{Post, PostError};

/// Seconds between polls for a snapshot that a list may not show yet.
const POLL_SCHEDULE: [u64; 7] = [2, 4, 8, 16, 30, 30, 30];

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// Names and values in the order of the answer; what is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 is replaced.
    pub text: String,
}

/// The backoff after so many polls.
fn pause_after(polls: usize) -> Duration {
    let [.., longest] = POLL_SCHEDULE;
    Duration::from_secs(POLL_SCHEDULE.get(polls).copied().unwrap_or(longest))
}

/// One take under way.
struct Take<'a> {
    client: &'a AtlasClient,
    cluster: &'a ClusterAddress,
    arguments: &'a TakeArguments,
    post: Post<'a>,
    /// Its deadline moves on by the time that is spent waiting for other snapshots.
    call: CallContext,
    /// Time that is left for that.
    waiting: Duration,
    /// Ids of those that it has waited for; lists may go on showing them as running.
    ended: Vec<String>,
    /// How often Atlas has called the cluster busy without a list that shows why.
    unexplained_busy: usize,
    /// How often it has not found what the client remembers.
    missed_lookups: usize,
    /// How many snapshots of others it has waited for.
    waits: usize,
}

/// Takes one on-demand snapshot.
///
/// # Errors
/// [`Error::Ambiguous`] when the snapshot may exist all the same, [`Error::Duplicates`] when more
/// than one does; any other error means that it was not taken.
pub async fn take_snapshot(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    arguments: &TakeArguments,
    call: &CallContext,
) -> Result<Arc<Snapshot>, Error> {
    let mut take = Take {
        client,
        cluster,
        arguments,
        post: Post::new(client, cluster, arguments)?,
        // A call that is run again with other credentials may have waited before.
        call: call.with_deadline(call.deadline() + call.waited()),
        waiting: arguments.wait_timeout.saturating_sub(call.waited()),
        ended: Vec::new(),
        unexplained_busy: 0,
        missed_lookups: 0,
        waits: 0,
    };
    let taken = take.run().await.map_err(|error| error.after(call.effort()))?;
    // Without a key and without joining, a snapshot that is returned is always a new one.
    if arguments.tag().is_some() || arguments.if_busy == IfBusy::Join {
        log_novelty(&taken, call);
    }
    Ok(taken)
}

fn log_novelty(taken: &Snapshot, call: &CallContext) {
    let template = match taken.is_new() {
        Some(true) => "snapshot %s of cluster %s was taken by this call",
        _ => "snapshot %s of cluster %s was found, this call took none",
    };
    call.events.add(Topic::Take, Level::Info, template, || {
        [taken.id.clone(), taken.cluster_name().to_owned()]
    });
}

/// Takes one on-demand snapshot and gives whatever Atlas answers, errors included, as it came.
///
/// # Errors
/// When no whole answer came; [`Error::Ambiguous`] if the snapshot may exist all the same.
pub async fn take_snapshot_raw(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    arguments: &TakeArguments,
    call: &CallContext,
) -> Result<RawResponse, Error> {
    let sent = Post::new(client, cluster, arguments)?.send(call).await;
    let result = sent.and_then(|response| match response.incomplete() {
        Some(why) if !response.is_rejection() => Err(PostError::Ambiguous(response.invalid(why))),
        Some(_) | None => Ok(raw(&response)),
    });
    if result.as_ref().is_ok_and(|raw| (400..500).contains(&raw.status)) {
        call.clear_pending();
    }
    result.map_err(|post_error| Error::from(post_error).after(call.effort()))
}

/// Checks that a snapshot is the only one of its key once lists are consistent, and whether they
/// show its tag.
///
/// # Errors
/// [`Error::Duplicates`] if it is not. That it cannot be found out is logged: the snapshot exists.
pub(crate) async fn check_for_duplicates(
    client: &AtlasClient,
    cluster: &ClusterAddress,
    tag: &Tag,
    snapshot: &Snapshot,
    include_sharded: bool,
    call: &CallContext,
) -> Result<(), Error> {
    match listing(client, cluster, include_sharded, call).await {
        Ok(listing) => {
            if let Some(listed) = listing.find(&snapshot.id) {
                client.recent().mark_seen(&snapshot.id);
                note_lost_tag(tag, listed, call);
            }
            exactly_one(tag, Some(&snapshot.id), &listing, Some(snapshot)).map(|_| ())
        }
        Err(failure) => {
            let template =
                "snapshot %s exists; whether another one carries its tag is not known: %s";
            call.events.add(Topic::Take, Level::Warning, template, || {
                [snapshot.id.clone(), failure.error.to_string()]
            });
            Ok(())
        }
    }
}

impl Take<'_> {
    /// What is not the POST is boxed: it is large, and most takes need none of it.
    async fn run(&mut self) -> Result<Arc<Snapshot>, Error> {
        loop {
            if self.arguments.tag().is_some() {
                let listing = Box::pin(self.list()).await?;
                let mut known = None;
                if let Some(unlisted) = self.recent_not_listed(&listing) {
                    known = Box::pin(self.verify_recent(unlisted, listing.now())).await?;
                    if known.is_none() {
                        continue;
                    }
                }
                if let Some(own) = self.find_by_tag(&listing, known.as_ref())? {
                    return Ok(Arc::new(own));
                }
            }
            match self.post.take(&self.call).await {
                Ok(snapshot) => {
                    self.post.mark_created(&snapshot, &self.call);
                    self.remember(&snapshot, false);
                    if let Some(tag) = self.arguments.tag() {
                        let Self { client, cluster, call, .. } = self;
                        note_lost_tag(tag, &snapshot, call);
                        // The response to a POST is never a part, so it says what the cluster is.
                        let is_sharded = !snapshot.is_replica_set();
                        Box::pin(check_for_duplicates(
                            client, cluster, tag, &snapshot, is_sharded, call,
                        ))
                        .await?;
                    }
                    return Ok(snapshot);
                }
                Err(PostError::Rejected(rejection)) if is_busy(&rejection) => {
                    // As it stands now: the polls that follow are no attempts at the POST.
                    let rejection = rejection.after(self.call.post_attempts());
                    if let Some(snapshot) = Box::pin(self.find_running(rejection)).await? {
                        return Ok(Arc::new(snapshot));
                    }
                }
                Err(PostError::Rejected(error)) => {
                    return Err(error.after(self.call.post_attempts()));
                }
                Err(PostError::RecheckKey(_)) => {}
                Err(PostError::Ambiguous(cause)) => {
                    let own = Arc::new(Box::pin(self.reconcile(cause)).await?);
                    self.post.mark_created(&own, &self.call);
                    return Ok(own);
                }
            }
        }
    }

    async fn list(&self) -> Result<Listing, RequestError> {
        listing(self.client, self.cluster, true, &self.call).await
    }

    /// The one snapshot of this call's key, among those listed and one known beside them.
    fn find_by_tag(
        &self,
        listing: &Listing,
        known: Option<&Snapshot>,
    ) -> Result<Option<Snapshot>, Error> {
        let Some(tag) = self.arguments.tag() else { return Ok(None) };
        let remembered = self.client.recent().get(tag.as_str()).map(|known| known.id);
        let own = exactly_one(tag, remembered.as_deref(), listing, known)?;
        if let Some(own) = &own {
            self.remember(own, true);
            note_lost_tag(tag, own, &self.call);
        }
        Ok(own.map(|own| own.taken(false)))
    }
}

/// Warns if a key's snapshot does not carry its tag: no error, for the snapshot exists.
fn note_lost_tag(tag: &Tag, snapshot: &Snapshot, call: &CallContext) {
    if !tag.is_in(snapshot.description()) {
        call.note_lost_tag(|| {
            let (id, name) = (&snapshot.id, snapshot.cluster_name());
            format!(
                "snapshot {id} of cluster {name} exists, but Atlas did not keep the tag of its \
                 idempotency_key in its description: that key protects calls of this client only, \
                 others may take another snapshot"
            )
        });
    }
}

fn is_busy(error: &Error) -> bool {
    matches!(error, Error::Api(api) if api.kind == ApiKind::SnapshotInProgress)
}

/// The one snapshot of a key among those listed and the one that is known beside them.
fn exactly_one(
    tag: &Tag,
    remembered: Option<&str>,
    listing: &Listing,
    known: Option<&Snapshot>,
) -> Result<Option<Snapshot>, Error> {
    match listing.of_key(tag, remembered, known).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        many => Err(Error::Duplicates(Box::new(Duplicates {
            tag: tag.as_str().to_owned(),
            snapshots: many.iter().map(|snapshot| (*snapshot).clone()).collect(),
        }))),
    }
}

fn raw(response: &Response) -> RawResponse {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    RawResponse {
        status: response.http_status(),
        headers: response.headers().iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
        text: response.text(),
    }
}
