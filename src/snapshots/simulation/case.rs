//! One case: how Atlas behaves, what the network does, and who calls when. Plain data.
//!
//! Times are seconds unless the name says otherwise.

use crate::snapshots::IfBusy;

#[derive(Debug, Clone)]
pub(super) struct Case {
    /// For jitter.
    pub(super) seed: u64,
    pub(super) nature: Nature,
    pub(super) foreign: Vec<Foreign>,
    /// One exchange after the other; when it is used up, the weather is clear.
    pub(super) weather: Vec<Weather>,
    pub(super) callers: Vec<Caller>,
}

/// What Atlas does not document.
#[derive(Debug, Clone)]
pub(super) struct Nature {
    pub(super) rule: Rule,
    /// Lists show the cluster as it was that long ago, at most.
    pub(super) list_lag: u64,
    /// Each listing has a lag of its own, up to that one.
    pub(super) flickers: bool,
    /// The status that lists show is as old as they are.
    pub(super) stale: bool,
    /// A snapshot younger than this is not found by its id.
    pub(super) get_lag: u64,
    /// A POST whose answer is lost may take effect that much later.
    pub(super) landing: u64,
    /// How snapshots end, in turn.
    pub(super) lives: Vec<Life>,
    pub(super) shape: Shape,
    /// Items on one page.
    pub(super) page: usize,
    pub(super) newest_first: bool,
    /// The server's clock, compared with the client's.
    pub(super) skew: i64,
    pub(super) tags: Tags,
}

/// What becomes of the tag in a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    Kept,
    /// It comes back with its brackets escaped, behind a prefix.
    Escaped,
    /// The answer to the POST has it, no read does.
    Unlisted,
    Lost,
}

impl Tags {
    pub(super) fn are_lost(self) -> bool {
        matches!(self, Self::Unlisted | Self::Lost)
    }

    /// What reads show of a description that was sent.
    pub(super) fn read(self, sent: &str) -> String {
        match self {
            _ if !sent.starts_with('[') => sent.to_owned(),
            Self::Kept => sent.to_owned(),
            Self::Escaped => format!("> {}", sent.replace('[', "&#91;").replace(']', "&#93;")),
            Self::Unlisted | Self::Lost => sent.split_once("] ").map_or(sent, |it| it.1).to_owned(),
        }
    }
}

/// One on-demand snapshot at a time?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Atomic,
    /// It does not see snapshots that are younger than this.
    Blind(u64),
    Off,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) seconds: u64,
    pub(super) fails: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    ReplicaSet {
        sharded_list: NotSharded,
    },
    Sharded {
        /// The whole snapshot stands in the plain list too.
        in_plain: bool,
        /// Its parts do.
        parts_listed: bool,
        /// It names its parts only when it is completed.
        named_late: bool,
        /// The sharded list is that much later than the plain one. Where it is, the cluster has a
        /// snapshot from long ago.
        later: u64,
    },
}

/// What the sharded list of a replica set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSharded {
    Empty,
    BadRequest,
    NotFound,
}

/// A snapshot of somebody else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign {
    pub(super) at: u64,
    pub(super) on_demand: bool,
    /// Its description is the one that our callers use without a key.
    pub(super) same_text: bool,
}

/// What happens to one exchange.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) kind: Kind,
    /// Milliseconds until the server acts, and from then to the answer.
    pub(super) there: u64,
    pub(super) back: u64,
    /// Whether a POST takes effect though its answer is lost.
    pub(super) acted: bool,
    /// Which part of the longest delay that takes; and of the longest lag, for lists. Of 255.
    pub(super) share: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Clear,
    NotSent,
    Reset,
    Silent,
    TooMany(RetryAfter),
    Upgrading,
    /// A refusal by Atlas.
    Refused(u16),
    /// A gateway's page.
    Page(u16),
    /// A server error as Atlas words it.
    Broken(u16),
    /// 200 with something else than was asked for.
    Garbled(Garbled),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    Absent,
    Seconds(u64),
    Date(u64),
    Unreadable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Garbled {
    Html,
    Empty,
    Cut,
    NoId,
    BadId,
}

/// A task that takes a snapshot, and is run again until it has one; in the same process, unless that
/// was killed.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) start: u64,
    pub(super) key: Option<u8>,
    pub(super) if_busy: IfBusy,
    pub(super) timeout: u64,
    pub(super) total_timeout: u64,
    pub(super) max_retries: u32,
    pub(super) wait: bool,
    pub(super) wait_timeout: u64,
    /// Whether it calls again though it has one.
    pub(super) repeats: bool,
    pub(super) runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) kill: Option<Kill>,
    /// Until the next run.
    pub(super) pause: u64,
}

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    /// Before that exchange is sent.
    Unsent(u32),
    /// When the server has it, before the answer.
    Unanswered(u32),
    /// With the answer in hand.
    Answered(u32),
    /// So many milliseconds after its start.
    After(u64),
}

impl Weather {
    pub(super) const CLEAR: Self =
        Self { kind: Kind::Clear, there: 50, back: 50, acted: true, share: 255 };
}
