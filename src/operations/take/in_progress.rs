//! Atlas refuses a take while another on-demand snapshot is unfinished: whose is it, and what then?

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, WaitTimeout};
use crate::http::{Level, Topic};
use crate::model::Snapshot;
use crate::operations::arguments::{IfBusy, SnapshotAddress};
use crate::operations::get::fetch;
use crate::operations::take::{POLL_SCHEDULE, Take, pause_after};
use crate::operations::wait::Watch;

impl Take<'_> {
    /// The snapshot to give instead of a new one; `None`: the POST may go again.
    ///
    /// With a tag it may be our own, from an earlier call, which lists do not show yet: they are
    /// asked again before somebody else is blamed. A running one that they do show is the reason.
    pub(crate) async fn find_running(
        &mut self,
        rejection: Error,
    ) -> Result<Option<Snapshot>, Error> {
        let (is_keyed, if_busy) = (self.arguments.tag().is_some(), self.arguments.if_busy);
        let mut pauses = POLL_SCHEDULE.map(Duration::from_secs).into_iter();
        loop {
            match self.list().await {
                Ok(listing) => {
                    if let Some(own) = self.find_by_tag(&listing, None)? {
                        return Ok(Some(own));
                    }
                    if let Some(running) = listing.running(&self.ended) {
                        return self.handle_running(running.clone(), rejection).await;
                    }
                }
                Err(failure) if failure.error.is_transient() => {}
                Err(_) => return Err(rejection),
            }
            if !is_keyed && if_busy == IfBusy::Raise {
                return Err(rejection);
            }
            if !is_keyed {
                // It may have completed: then the POST succeeds, else it is rejected again.
                return self.backoff(&rejection).await.map(|()| None);
            }
            let Some(pause) = pauses.next() else {
                // It has ended meanwhile, or stays out of sight.
                return if if_busy == IfBusy::Wait { Ok(None) } else { Err(rejection) };
            };
            self.pause(pause, &rejection).await?;
        }
    }

    /// What to do about somebody else's snapshot.
    async fn handle_running(
        &mut self,
        running: Snapshot,
        rejection: Error,
    ) -> Result<Option<Snapshot>, Error> {
        match self.arguments.if_busy {
            IfBusy::Raise => Err(with_running(rejection, running)),
            IfBusy::Join => self.join(running, &rejection).await,
            IfBusy::Wait => self.wait_for(&running, &rejection).await.map(|()| None),
        }
    }

    /// The running snapshot, unless it has ended already and the list does not know yet.
    async fn join(
        &mut self,
        running: Snapshot,
        rejection: &Error,
    ) -> Result<Option<Snapshot>, Error> {
        let seen = fetch(self.client, &self.address_of(&running), &mut None, &self.call).await;
        match seen {
            Ok(snapshot) if !snapshot.is_final() => return Ok(Some(snapshot.taken(false))),
            Ok(_) => {}
            Err(failure) if failure.is_missing() => {}
            Err(failure) if failure.error.is_transient() => return Ok(Some(running.taken(false))),
            Err(failure) => return Err(failure.error),
        }
        self.ended.push(running.id);
        self.backoff(rejection).await.map(|()| None)
    }

    fn address_of(&self, snapshot: &Snapshot) -> SnapshotAddress {
        SnapshotAddress {
            cluster: self.cluster.clone(),
            id: snapshot.id.clone(),
            is_sharded: snapshot.is_sharded(),
        }
    }

    /// A pause that grows from one to the next.
    async fn backoff(&mut self, rejection: &Error) -> Result<(), Error> {
        let pause = pause_after(self.unexplained_busy);
        self.unexplained_busy += 1;
        self.pause(pause, rejection).await
    }

    async fn wait_for(&mut self, running: &Snapshot, rejection: &Error) -> Result<(), Error> {
        let address = self.address_of(running);
        let template = "waiting for snapshot %s of cluster %s";
        self.call.events.add(Topic::Take, Level::Info, template, || {
            [running.id.clone(), self.cluster.name.clone()]
        });
        let begun = Instant::now();
        let mut watch = Watch::new(address, self.waiting, None).after(running.clone());
        let end = watch.until_final(self.client, &self.call).await;
        self.add_waited(begun.elapsed());
        self.ended.push(running.id.clone());
        match end {
            // Whether it failed is its owner's concern.
            Ok(_) => self.space_out(rejection).await,
            // If it was deleted, it is out of the way too, but Atlas may not know that everywhere.
            Err(Error::Api(api)) if api.status == 404 => self.backoff(rejection).await,
            Err(error) => Err(error),
        }
    }

    /// Backs off between POSTs, though each list shows a new runner that has ended already; the
    /// first time that is no reason to pause.
    async fn space_out(&mut self, rejection: &Error) -> Result<(), Error> {
        let least = self.waits.checked_sub(1).map(pause_after).unwrap_or_default();
        self.waits += 1;
        let pause = least.saturating_sub(self.post.since_sent());
        if pause.is_zero() { Ok(()) } else { self.pause(pause, rejection).await }
    }

    /// Waits before the next poll: within `wait_timeout` if the call waits, else within `total_timeout`.
    async fn pause(&mut self, pause: Duration, rejection: &Error) -> Result<(), Error> {
        if self.arguments.if_busy == IfBusy::Wait {
            if pause >= self.waiting {
                return Err(self.wait_timed_out(rejection));
            }
            sleep(pause).await;
            self.add_waited(pause);
        } else {
            if Instant::now() + pause >= self.call.deadline() {
                return Err(rejection.clone());
            }
            sleep(pause).await;
        }
        Ok(())
    }

    /// The call's own time stands still while it waits for somebody else's snapshot.
    fn add_waited(&mut self, time: Duration) {
        self.waiting = self.waiting.saturating_sub(time);
        self.call.add_waited(time);
        self.call = self.call.with_deadline(self.call.deadline() + time);
    }

    fn wait_timed_out(&self, rejection: &Error) -> Error {
        let (name, seconds) = (&self.cluster.name, self.arguments.wait_timeout.as_secs_f64());
        Error::WaitTimeout(Box::new(WaitTimeout {
            what: format!(
                "the unfinished snapshot of cluster {name} did not end within {seconds} s"
            ),
            snapshot: None,
            cause: Some(rejection.clone()),
        }))
    }
}

fn with_running(rejection: Error, running: Snapshot) -> Error {
    match rejection {
        Error::Api(mut api) => {
            api.running = Some(Box::new(running));
            Error::Api(api)
        }
        other => other,
    }
}
