//! What a call leaves unknown, or says not to exist: whether that is true.

use std::time::Duration;

use crate::error::{Ambiguous, Error};
use crate::operations::IfBusy;
use crate::simulation::cluster::{Landed, Moment};
use crate::simulation::counts::Counts;
use crate::simulation::invariants::Over;
use crate::simulation::journal::{Denies, ListRead};
use crate::simulation::world::World;

/// The sum of the pauses between polls.
const WINDOW: Duration = Duration::from_secs(120);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// More than a request ever takes to the server.
const WAY: Duration = Duration::from_secs(20);

pub(crate) fn check_kill(
    world: &mut World,
    number: usize,
    pending: Option<Ambiguous>,
    counts: &mut Counts,
) {
    counts.kills += 1;
    let call = &world.calls[number];
    let mut unclear = world.posts.iter().filter(|post| post.call == number && post.is_unclear());
    let is_open = unclear.any(|post| !call.has_seen_own(post.ended_at));
    let tag = call.tag.as_ref().map(|tag| tag.as_str().to_owned());
    if is_open && pending.is_none() {
        world
            .violations
            .push(format!("call {number}: killed with a POST in the air, but no pending outcome"));
    }
    if pending.is_some_and(|pending| pending.idempotency_tag != tag) {
        world.violations.push(format!("call {number}: the pending outcome has another tag"));
    }
}

/// When all is over: what was said not to exist does not.
pub(crate) fn check_denials(world: &mut World, counts: &mut Counts) {
    counts.posts += world.posts.len() as u64;
    for (number, post) in world.posts.iter().enumerate() {
        let Some(Landed::Created(index)) = world.cluster.landed.get(&number) else { continue };
        let is_denied = match world.calls[post.call].denies {
            Denies::Nothing => false,
            Denies::Good => !world.cluster.snapshots[*index].fails,
            Denies::Any => true,
        };
        if is_denied {
            world.violations.push(format!("call {}: said it took no snapshot, but did", post.call));
        }
    }
}

impl Over<'_> {
    pub(crate) fn check_ambiguous(&self, ambiguous: &Ambiguous, violations: &mut Vec<String>) {
        let tag = self.call.tag.as_ref().map(|tag| tag.as_str().to_owned());
        if ambiguous.idempotency_tag != tag {
            violations.push("the tag is not that of the key".to_owned());
        }
        let mut posts = self.world.posts.iter().enumerate();
        let Some((number, post)) = posts.rfind(|(_, post)| post.call == self.number) else {
            violations.push("nothing was sent".to_owned());
            return;
        };
        if !post.is_unclear() {
            violations.push("the outcome is clear".to_owned());
        }
        if self.call.has_seen_own(post.ended_at) {
            violations.push("its snapshot was in a list".to_owned());
        }
        if self.call.tag.is_none() {
            let read = self.call.list_reads.last().filter(|read| read.began >= post.ended_at);
            self.check_candidates(ambiguous, number, read, violations);
        } else {
            self.check_patience(post.ended_at, violations);
        }
    }

    /// What an error says not to exist: by itself, or because it would have been seen by now.
    pub(crate) fn denies(&self, error: &Error) -> Denies {
        match error {
            // It cannot be recognised.
            Error::Ambiguous(_) if self.world.cluster.service.tags.are_dropped() => Denies::Nothing,
            Error::Ambiguous(_) => {
                let cluster = &self.world.cluster;
                let hidden = cluster.service.landing + cluster.longest_lag();
                let hidden = Duration::from_secs(hidden) + WAY;
                let post = self.world.posts.iter().rfind(|post| post.call == self.number);
                let read = self.call.list_reads.last();
                let pair = post.zip(read).filter(|_| self.call.tag.is_some());
                let passed = pair.map(|(post, read)| read.began.saturating_sub(post.ended_at));
                if passed >= Some(hidden) { Denies::Good } else { Denies::Nothing }
            }
            Error::Duplicates(_) => Denies::Nothing,
            _ => Denies::Any,
        }
    }

    fn check_candidates(
        &self,
        ambiguous: &Ambiguous,
        post: usize,
        read: Option<&ListRead>,
        violations: &mut Vec<String>,
    ) {
        let made = self.world.cluster.snapshots.iter().find(|held| held.post == Some(post));
        let is_shown = |id: &str| read.is_some_and(|read| read.shown.iter().any(|it| it.id == id));
        let is_candidate = |id: &str| ambiguous.candidates.iter().any(|it| it.id == id);
        if made.is_some_and(|made| is_shown(&made.id) && !is_candidate(&made.id)) {
            violations.push("its snapshot was in the list, but is no candidate".to_owned());
        }
        if ambiguous.candidates.iter().any(|it| !it.is_on_demand() || !is_shown(&it.id)) {
            violations.push("a candidate was not in the list, or is not on demand".to_owned());
        }
    }

    /// With a key it polls until the window is over or its own time is.
    fn check_patience(&self, since: Moment, violations: &mut Vec<String>) {
        let caller = &self.call.caller;
        let deadline = self.call.began + Duration::from_secs(caller.total_timeout);
        let had_time = self.now + LONGEST_PAUSE < deadline;
        let was_refused = self.call.read_refused.is_some_and(|at| at >= since);
        if self.now.saturating_sub(since) < WINDOW
            && had_time
            && !was_refused
            && caller.if_busy != IfBusy::Wait
        {
            violations.push("it gave up early".to_owned());
        }
    }
}
