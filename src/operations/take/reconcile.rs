//! Reconciles an ambiguous POST: polls the lists for the snapshot that it may have created.
//!
//! Lists are subject to eventual consistency: a new snapshot may appear in them seconds later.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::error::{Ambiguous, Error};
use crate::http::{Level, Topic};
use crate::model::Snapshot;
use crate::operations::list::Listing;
use crate::operations::take::{POLL_SCHEDULE, Take};

/// How much earlier than the POST, on the server's clock, its snapshot may seem to be.
const SLACK: Duration = Duration::from_secs(5);

impl Take<'_> {
    /// With a tag: our snapshot if a list shows it. Without one nothing is adopted, for it might be
    /// anybody's: one read of the list, for the candidates.
    pub(crate) async fn reconcile(&self, cause: Error) -> Result<Snapshot, Error> {
        let cause = cause.after(self.call.post_attempts());
        let tag = self.arguments.tag();
        let mut candidates = Vec::new();
        for pause in POLL_SCHEDULE.map(Duration::from_secs) {
            if Instant::now() + pause >= self.call.deadline() {
                break;
            }
            let template = "%s; looking for the snapshot in %s s";
            self.call.events.add(Topic::Take, Level::Info, template, || {
                [cause.to_string(), pause.as_secs().to_string()]
            });
            sleep(pause).await;
            match self.list().await {
                Ok(listing) if tag.is_none() => {
                    candidates = self.candidates(&listing);
                    break;
                }
                Ok(listing) => {
                    if let Some(own) = self.find_by_tag(&listing, None)? {
                        let is_new = own.requested_at() >= self.earliest(&listing);
                        return Ok(own.taken(is_new));
                    }
                }
                Err(failure) if failure.error.is_transient() && tag.is_some() => {}
                Err(_) => break,
            }
        }
        Err(Error::Ambiguous(Box::new(Ambiguous {
            idempotency_tag: tag.map(|tag| tag.as_str().to_owned()),
            candidates,
            cause: Arc::new(cause),
        })))
    }

    /// The first second, on the server's clock, in which the POST can have made a snapshot.
    fn earliest(&self, listing: &Listing) -> i64 {
        let now = listing.server_time.unwrap_or_else(Timestamp::now).as_second();
        now - (self.post.since_sent() + SLACK).as_secs().cast_signed()
    }

    /// On-demand snapshots that can be the one, by the second in their ids and by their text.
    fn candidates(&self, listing: &Listing) -> Vec<Snapshot> {
        let text = self.arguments.sent_description();
        let recent = listing.on_demand_since(self.earliest(listing)).into_iter().cloned();
        recent.filter(|it| text.as_deref().is_none_or(|text| it.description() == text)).collect()
    }
}
