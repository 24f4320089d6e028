//! What must hold when a call ends, judged by one who sees both sides.

use std::time::Duration;

use crate::error::{ApiKind, Duplicates, Error};
use crate::model::Snapshot;
use crate::operations::{IfBusy, TakeOutcome};
use crate::simulation::case::Caller;
use crate::simulation::cluster::{Held, Moment, Status};
use crate::simulation::counts::Counts;
use crate::simulation::journal::{Called, Denies, Observed};
use crate::simulation::world::World;

/// Clocks that count whole milliseconds, and a wait that ends just before its deadline.
const SLACK: Duration = Duration::from_secs(1);
/// Seconds after which a snapshot is found by its id, as is assumed: two minutes, in whole seconds.
const FOUND_WITHIN: u64 = 119;

/// A call with its number and the moment of its end.
pub(crate) struct Over<'a> {
    pub(crate) world: &'a World,
    pub(crate) number: usize,
    pub(crate) call: &'a Called,
    pub(crate) now: Moment,
}

pub(crate) fn check_end(
    world: &mut World,
    number: usize,
    ended: &TakeOutcome,
    counts: &mut Counts,
) {
    let now = world.now();
    world.cluster.advance(now);
    let over = Over { world, number, call: &world.calls[number], now };
    let mut violations = Vec::new();
    over.check_time(&mut violations);
    match (&ended.snapshot, &ended.error) {
        (Some(snapshot), None) => over.check_success(snapshot, counts, &mut violations),
        (Some(snapshot), Some(error)) => {
            over.check_id(snapshot, &mut violations);
            over.check_wait_error(error, counts, &mut violations);
        }
        (None, Some(error)) => over.check_error(error, counts, &mut violations),
        (None, None) => violations.push("it ended with nothing".to_owned()),
    }
    let reports = match &ended.error {
        Some(Error::Duplicates(duplicates)) => Some(duplicates.tag.clone()),
        _ => None,
    };
    let denies = match &ended.error {
        Some(error) if ended.snapshot.is_none() => over.denies(error),
        Some(_) | None => Denies::Nothing,
    };
    let violations = violations.into_iter().map(|violation| {
        format!("call {number}, at {:.3} s: {violation}; it ended: {ended:?}", now.as_secs_f64())
    });
    let violations: Vec<_> = violations.collect();
    world.violations.extend(violations);
    world.calls[number].reports = reports;
    world.calls[number].denies = denies;
}

/// A process that calls again with its key gets the snapshot that it has got, unless that failed.
pub(crate) fn check_again(
    world: &mut World,
    caller: &Caller,
    had: Option<String>,
    snapshot: &Snapshot,
) {
    let Some(had) = had.filter(|had| caller.key.is_some() && *had != snapshot.id) else { return };
    let now = world.now();
    if world.cluster.service.get_lag > FOUND_WITHIN {
        return;
    }
    // Also where Atlas has dropped the tag: the process remembers the id.
    if world.cluster.find(&had).is_some_and(|held| held.status(now) != Status::Failed) {
        world.violations.push(format!("a process got {had}, then {} for one key", snapshot.id));
    }
}

impl Over<'_> {
    fn check_time(&self, violations: &mut Vec<String>) {
        let caller = &self.call.caller;
        let mut most = Duration::from_secs(caller.total_timeout) + SLACK;
        if caller.wait || caller.if_busy == IfBusy::Wait {
            most += Duration::from_secs(caller.wait_timeout);
        }
        let passed = self.now.saturating_sub(self.call.began);
        if passed > most {
            violations.push(format!("it took longer than {most:?}"));
        }
        let seconds = passed.as_secs();
        if u64::from(self.call.requests) > 60 + 2 * seconds {
            violations.push(format!("{} requests in {seconds} s", self.call.requests));
        }
    }

    fn check_id(&self, snapshot: &Snapshot, violations: &mut Vec<String>) {
        let Some(held) = self.world.cluster.find(&snapshot.id) else {
            violations.push("Atlas has no such snapshot".to_owned());
            return;
        };
        if !self.call.ids.contains(&snapshot.id) {
            violations.push("its id was never read from Atlas".to_owned());
        }
        let is_own = match &self.call.tag {
            Some(tag) => held.tag().as_ref() == Some(tag),
            None => held.post.is_some_and(|post| self.world.posts[post].call == self.number),
        };
        let may_join = self.call.caller.if_busy == IfBusy::Join && held.on_demand;
        if !is_own && !may_join {
            violations.push("it is somebody else's snapshot".to_owned());
        }
    }

    fn check_success(
        &self,
        snapshot: &Snapshot,
        counts: &mut Counts,
        violations: &mut Vec<String>,
    ) {
        counts.successes += 1;
        self.check_id(snapshot, violations);
        let Some(held) = self.world.cluster.find(&snapshot.id) else { return };
        let is_adopted = held.post.is_none_or(|post| self.world.posts[post].call != self.number);
        if !is_adopted && snapshot.is_new() != Some(true) {
            violations.push("it took the snapshot, but says that it found it".to_owned());
        }
        counts.adopted += u64::from(is_adopted && self.call.tag.is_some());
        if self.call.caller.wait && held.status(self.now) != Status::Completed {
            violations.push(format!("it was waited for, but is {:?}", held.status(self.now)));
        }
        let last = self.call.list_reads.last();
        if last.is_some_and(|read| self.call.own(read).any(|own| own.id != snapshot.id)) {
            violations.push("its last list read showed another one with its tag".to_owned());
        }
        self.check_last_list_read(violations);
    }

    /// With a key a take checks for duplicates at the end, unless the network fails.
    fn check_last_list_read(&self, violations: &mut Vec<String>) {
        let Called { caller, tag, held, listed, had_trouble, .. } = self.call;
        let had_time = caller.total_timeout >= 60;
        if tag.is_some() && listed < held && had_time && !had_trouble {
            violations.push("it did not check for duplicates at its end".to_owned());
        }
    }

    fn check_wait_error(&self, error: &Error, counts: &mut Counts, violations: &mut Vec<String>) {
        match error {
            Error::SnapshotFailed(failed) => {
                counts.failed += 1;
                let held = self.world.cluster.find(&failed.id);
                if held.is_none_or(|held| held.status(self.now) != Status::Failed) {
                    violations.push("the snapshot has not failed".to_owned());
                }
            }
            Error::Duplicates(duplicates) => self.check_duplicates(duplicates, counts, violations),
            _ => counts.other_errors += 1,
        }
    }

    fn check_error(&self, error: &Error, counts: &mut Counts, violations: &mut Vec<String>) {
        match error {
            Error::Ambiguous(ambiguous) => {
                counts.ambiguous += 1;
                counts.candidates += u64::from(!ambiguous.candidates.is_empty());
                self.check_ambiguous(ambiguous, violations);
            }
            Error::Duplicates(duplicates) => self.check_duplicates(duplicates, counts, violations),
            Error::SnapshotFailed(_) => violations.push("nothing was waited for".to_owned()),
            Error::Api(api) if api.kind == ApiKind::SnapshotInProgress => {
                counts.other_errors += 1;
                self.check_busy(api.running.as_deref(), violations);
            }
            _ => counts.other_errors += 1,
        }
    }

    fn check_busy(&self, running: Option<&Snapshot>, violations: &mut Vec<String>) {
        let mut posts = self.world.posts.iter().filter(|post| post.call == self.number);
        if !posts.any(|post| matches!(post.observed, Some(Observed::Rejected { busy: true }))) {
            violations.push("Atlas never said that the cluster is busy".to_owned());
        }
        let held = running.and_then(|running| self.world.cluster.find(&running.id));
        let is_recognised = !self.world.cluster.service.tags.are_dropped();
        let is_own = is_recognised
            && held.is_some_and(|held| self.call.tag.is_some() && held.tag() == self.call.tag);
        if is_own || (running.is_some() && held.is_none_or(|held| !held.on_demand)) {
            violations.push("that snapshot does not stand in the way of this call".to_owned());
        }
        if self.call.list_reads.last().is_some_and(|read| self.call.own(read).next().is_some()) {
            violations.push("its own snapshot was in the list".to_owned());
        }
    }

    fn check_duplicates(
        &self,
        duplicates: &Duplicates,
        counts: &mut Counts,
        violations: &mut Vec<String>,
    ) {
        counts.duplicate_errors += 1;
        let real = duplicates.snapshots.iter().filter(|snapshot| {
            let held = self.world.cluster.find(&snapshot.id);
            let tag = held.and_then(Held::tag);
            tag.is_some_and(|tag| tag.as_str() == duplicates.tag)
        });
        if real.count() < 2.max(duplicates.snapshots.len()) {
            violations.push("they are no duplicates".to_owned());
        }
    }
}
