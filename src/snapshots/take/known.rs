//! What this client has got under a key before: looked at by its id, for lists may not show it yet.

use tokio::time::{Instant, sleep};

use super::{Take, pause_after};
use crate::error::Error;
use crate::model::{Snapshot, Timestamp};
use crate::snapshots::arguments::SnapshotAddress;
use crate::snapshots::get::look;
use crate::snapshots::list::Listing;
use crate::snapshots::wait::may_yet_come;
use crate::transport::Known;

impl Take<'_> {
    /// Keeps in mind which snapshot the key has, and whether a read has shown it.
    pub(super) fn remember(&self, snapshot: &Snapshot, is_seen: bool) {
        if let Some(tag) = self.arguments.tag() {
            self.transport.memory().keep(Known {
                tag: tag.as_str().to_owned(),
                id: snapshot.id.clone(),
                is_sharded: snapshot.is_sharded(),
                since: Instant::now(),
                is_seen,
            });
        }
    }

    /// What the client remembers, and a list does not show.
    pub(super) fn known_beside(&self, listing: &Listing) -> Option<Known> {
        let known = self.transport.memory().find(self.arguments.tag()?.as_str())?;
        listing.find(&known.id).is_none().then_some(known)
    }

    /// That snapshot as it is; `None`: it was not found so far, or is forgotten by now, for it has
    /// failed, expired or is gone. In each case time has passed, so that lists have to be asked again.
    pub(super) async fn look_at(
        &mut self,
        known: Known,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, Error> {
        let Known { id, is_sharded, since, is_seen, .. } = known;
        let since = (!is_seen).then_some(since);
        let address = SnapshotAddress { cluster: self.cluster.clone(), id, is_sharded };
        match look(self.transport, &address, &mut None, &self.call).await {
            Ok(snapshot) if snapshot.is_valid(now) => return Ok(Some(snapshot)),
            Err(refused) if may_yet_come(&refused, &address.id, since) => {
                let pause = pause_after(self.unseen);
                if Instant::now() + pause >= self.call.deadline() {
                    return Err(refused.error);
                }
                self.unseen += 1;
                sleep(pause).await;
                return Ok(None);
            }
            Ok(_) => {}
            Err(refused) if refused.is_missing() => {}
            Err(refused) => return Err(refused.error),
        }
        self.transport.memory().forget(&address.id);
        Ok(None)
    }
}
