//! The cluster as it truly is: its snapshots, the rule that there be one at a time, what is to come.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::operations::idempotency::Tag;
use crate::simulation::case::{Life, OtherSnapshot, Rule, ServiceModel, Shape};

/// The server's clock at the beginning, without its skew.
pub(crate) const EPOCH: i64 = 1_790_000_000;
/// What callers say without a key, and somebody else perhaps too.
pub(crate) const TEXT: &str = "before the release";
/// Another key's tag.
const FOREIGN_TEXT: &str = "[ab1:AAAAAAAAAAAAAAAAAAAAAAAAAA] of somebody else";

/// A moment, counted from the beginning of the case.
pub(crate) type Moment = Duration;

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) service: ServiceModel,
    pub(crate) snapshots: Vec<Held>,
    coming: Vec<(Moment, Coming)>,
    /// What became of POSTs that have taken effect, by their number.
    pub(crate) landed: BTreeMap<usize, Landed>,
}

#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) at: Moment,
    ends: Moment,
    pub(crate) fails: bool,
    pub(crate) on_demand: bool,
    pub(crate) description: Option<String>,
    /// What reads show of the description.
    pub(crate) shown: Option<String>,
    /// The POST that made it; none: somebody else.
    pub(crate) post: Option<usize>,
    pub(crate) parts: Vec<String>,
}

#[derive(Debug)]
enum Coming {
    Post(usize, Option<String>),
    OtherSnapshot(OtherSnapshot),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Landed {
    /// As the snapshot with that index.
    Created(usize),
    /// One is unfinished.
    Rejected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    InProgress,
    Completed,
    Failed,
}

impl Cluster {
    pub(crate) fn new(service: ServiceModel, others: &[OtherSnapshot]) -> Self {
        let coming = others
            .iter()
            .map(|others| (Duration::from_secs(others.at), Coming::OtherSnapshot(*others)));
        let coming = coming.collect();
        let is_old = matches!(service.shape, Shape::Sharded { later: 1.., .. });
        let snapshots = if is_old { vec![Held::ancient()] } else { Vec::new() };
        Self { service, snapshots, coming, landed: BTreeMap::new() }
    }

    /// A POST that takes effect at that moment.
    pub(crate) fn expect(&mut self, post: usize, description: Option<String>, at: Moment) {
        self.coming.push((at, Coming::Post(post, description)));
    }

    /// Lets everything happen that has happened by now.
    pub(crate) fn advance(&mut self, now: Moment) {
        loop {
            let due = self.coming.iter().enumerate().filter(|(_, (at, _))| *at <= now);
            let Some((index, _)) = due.min_by_key(|(_, (at, _))| *at) else { return };
            let (at, coming) = self.coming.remove(index);
            match coming {
                Coming::Post(post, description) => {
                    let landed = self.take(at, true, description, Some(post));
                    self.landed.insert(post, landed);
                }
                Coming::OtherSnapshot(OtherSnapshot { on_demand, same_text, .. }) => {
                    let text = if same_text { TEXT } else { FOREIGN_TEXT };
                    self.take(at, on_demand, Some(text.to_owned()), None);
                }
            }
        }
    }

    fn take(
        &mut self,
        at: Moment,
        on_demand: bool,
        description: Option<String>,
        post: Option<usize>,
    ) -> Landed {
        if on_demand && self.is_busy(at) {
            return Landed::Rejected;
        }
        let serial = self.snapshots.len();
        let lives = &self.service.lives;
        let Life { seconds, fails } = lives[serial % lives.len()];
        let second = self.server_second(at);
        let id = |part: usize| format!("{second:08x}{serial:012x}{part:04x}");
        let parts = match self.service.shape {
            Shape::ReplicaSet { .. } => Vec::new(),
            Shape::Sharded { .. } => vec![id(1), id(2)],
        };
        let ends = at + Duration::from_secs(seconds);
        let id = id(0);
        let shown = description.as_deref().map(|sent| self.service.tags.read(sent));
        let held = Held { id, at, ends, fails, on_demand, description, shown, post, parts };
        self.snapshots.push(held);
        Landed::Created(serial)
    }

    fn is_busy(&self, now: Moment) -> bool {
        let blind = match self.service.rule {
            Rule::Atomic => 0,
            Rule::Blind(seconds) => seconds,
            Rule::Off => return false,
        };
        let seen = |held: &&Held| held.age(now) >= Duration::from_secs(blind);
        self.snapshots.iter().filter(seen).any(|held| held.on_demand && !held.is_final(now))
    }

    /// How long lists take, at most, to show all of a snapshot.
    pub(crate) fn longest_lag(&self) -> u64 {
        let later = match self.service.shape {
            Shape::ReplicaSet { .. } => 0,
            Shape::Sharded { later, .. } => later,
        };
        self.service.list_lag + later
    }

    pub(crate) fn server_second(&self, now: Moment) -> i64 {
        EPOCH + self.service.skew + now.as_secs().cast_signed()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Held> {
        self.snapshots.iter().find(|held| held.id == id)
    }
}

impl Held {
    /// One from long before the case.
    fn ancient() -> Self {
        Self {
            id: "6a0000000000000000000000".to_owned(),
            at: Moment::ZERO,
            ends: Moment::ZERO,
            fails: false,
            on_demand: false,
            description: None,
            shown: None,
            post: None,
            parts: vec!["6a0000000000000000000001".to_owned()],
        }
    }

    pub(crate) fn status(&self, now: Moment) -> Status {
        if now >= self.ends {
            return if self.fails { Status::Failed } else { Status::Completed };
        }
        if self.age(now) < self.life() / 4 { Status::Queued } else { Status::InProgress }
    }

    pub(crate) fn is_final(&self, now: Moment) -> bool {
        now >= self.ends
    }

    pub(crate) fn tag(&self) -> Option<Tag> {
        Tag::read(self.description.as_deref().unwrap_or_default())
    }

    pub(crate) fn life(&self) -> Duration {
        self.ends.saturating_sub(self.at)
    }

    pub(crate) fn age(&self, now: Moment) -> Duration {
        let is_ancient = self.at == Moment::ZERO && self.description.is_none();
        if is_ancient { Duration::MAX } else { now.saturating_sub(self.at) }
    }
}
