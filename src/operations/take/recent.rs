//! What this client took or found under a key before: read by its id, as lists may not show it.

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::model::{Snapshot, Timestamp};
use crate::operations::arguments::SnapshotAddress;
use crate::operations::get::fetch;
use crate::operations::list::Listing;
use crate::operations::recent_snapshots::RecentSnapshot;
use crate::operations::take::{Take, pause_after};
use crate::operations::wait::within_propagation_delay;

impl Take<'_> {
    /// Keeps in mind which snapshot the key has, and whether a read has shown it.
    pub(crate) fn remember(&self, snapshot: &Snapshot, is_seen: bool) {
        if let Some(tag) = self.arguments.tag() {
            self.client.recent().insert(RecentSnapshot {
                tag: tag.as_str().to_owned(),
                id: snapshot.id.clone(),
                is_sharded: snapshot.is_sharded(),
                since: Instant::now(),
                is_seen,
            });
        }
    }

    /// What the client remembers, and a list does not show.
    pub(crate) fn recent_not_listed(&self, listing: &Listing) -> Option<RecentSnapshot> {
        let recent = self.client.recent().get(self.arguments.tag()?.as_str())?;
        listing.find(&recent.id).is_none().then_some(recent)
    }

    /// That snapshot as it is; `None`: it was not found so far, or is forgotten by now, for it has
    /// failed, expired or is gone. In each case time has passed, so that lists have to be asked again.
    pub(crate) async fn verify_recent(
        &mut self,
        recent: RecentSnapshot,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, Error> {
        let RecentSnapshot { id, is_sharded, since, is_seen, .. } = recent;
        let since = (!is_seen).then_some(since);
        let address = SnapshotAddress { cluster: self.cluster.clone(), id, is_sharded };
        match fetch(self.client, &address, &mut None, &self.call).await {
            Ok(snapshot) if snapshot.is_valid(now) => return Ok(Some(snapshot)),
            Err(failure) if within_propagation_delay(&failure, &address.id, since) => {
                let pause = pause_after(self.missed_lookups);
                if Instant::now() + pause >= self.call.deadline() {
                    return Err(failure.error);
                }
                self.missed_lookups += 1;
                sleep(pause).await;
                return Ok(None);
            }
            Ok(_) => {}
            Err(failure) if failure.is_missing() => {}
            Err(failure) => return Err(failure.error),
        }
        self.client.recent().remove(&address.id);
        Ok(None)
    }
}
