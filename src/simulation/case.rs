//! One case: how Atlas behaves, what the network does, and who calls when. Plain data.
//!
//! Times are seconds unless the name says otherwise.

use crate::operations::IfBusy;

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// For jitter.
    pub(crate) seed: u64,
    pub(crate) service: ServiceModel,
    pub(crate) others: Vec<OtherSnapshot>,
    /// One exchange after the other; when it is used up, there are no faults.
    pub(crate) faults: Vec<NetworkFaults>,
    pub(crate) callers: Vec<Caller>,
}

/// What Atlas does not document.
#[derive(Debug, Clone)]
pub(crate) struct ServiceModel {
    pub(crate) rule: Rule,
    /// Lists show the cluster as it was that long ago, at most.
    pub(crate) list_lag: u64,
    /// Each listing has a lag of its own, up to that one.
    pub(crate) flickers: bool,
    /// The status that lists show is as old as they are.
    pub(crate) stale: bool,
    /// A snapshot younger than this is not found by its id.
    pub(crate) get_lag: u64,
    /// A POST whose response does not arrive may take effect that much later.
    pub(crate) landing: u64,
    /// How snapshots end, one after another.
    pub(crate) lives: Vec<Life>,
    pub(crate) shape: Shape,
    /// Items on one page.
    pub(crate) page: usize,
    pub(crate) newest_first: bool,
    /// The server's clock, compared with the client's.
    pub(crate) skew: i64,
    pub(crate) tags: Tags,
}

/// What becomes of the tag in a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    Kept,
    /// It comes back with its brackets escaped, behind a prefix.
    Escaped,
    /// The response to the POST has it, no read does.
    Unlisted,
    ExchangeError,
}

impl Tags {
    pub(crate) fn are_dropped(self) -> bool {
        matches!(self, Self::Unlisted | Self::ExchangeError)
    }

    /// What reads show of a description that was sent.
    pub(crate) fn read(self, sent: &str) -> String {
        match self {
            _ if !sent.starts_with('[') => sent.to_owned(),
            Self::Kept => sent.to_owned(),
            Self::Escaped => format!("> {}", sent.replace('[', "&#91;").replace(']', "&#93;")),
            Self::Unlisted | Self::ExchangeError => {
                sent.split_once("] ").map_or(sent, |it| it.1).to_owned()
            }
        }
    }
}

/// One on-demand snapshot at a time?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Atomic,
    /// It does not see snapshots that are younger than this.
    Blind(u64),
    Off,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) seconds: u64,
    pub(crate) fails: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
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
pub(crate) enum NotSharded {
    Empty,
    BadRequest,
    NotFound,
}

/// A snapshot of somebody else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OtherSnapshot {
    pub(crate) at: u64,
    pub(crate) on_demand: bool,
    /// Its description is the one that our callers use without a key.
    pub(crate) same_text: bool,
}

/// What happens to one exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NetworkFaults {
    pub(crate) kind: Kind,
    /// Milliseconds until the server acts, and from then to the response.
    pub(crate) there: u64,
    pub(crate) back: u64,
    /// Whether a POST takes effect though its response does not arrive.
    pub(crate) acted: bool,
    /// Which part of the longest delay that takes; and of the longest lag, for lists. Of 255.
    pub(crate) share: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Clear,
    NotSent,
    Reset,
    Silent,
    TooMany(RetryAfter),
    Upgrading,
    /// A rejection by Atlas.
    Rejected(u16),
    /// A gateway's page.
    Page(u16),
    /// A server error as Atlas words it.
    Broken(u16),
    /// 200 with something else than was asked for.
    CorruptEncoding(CorruptEncoding),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Absent,
    Seconds(u64),
    Date(u64),
    Unreadable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CorruptEncoding {
    Html,
    Empty,
    Cut,
    NoId,
    BadId,
}

/// A task that takes a snapshot, and is run again until it has one; in the same process, unless that
/// was killed.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) start: u64,
    pub(crate) key: Option<u8>,
    pub(crate) if_busy: IfBusy,
    pub(crate) timeout: u64,
    pub(crate) total_timeout: u64,
    pub(crate) max_retries: u32,
    pub(crate) wait: bool,
    pub(crate) wait_timeout: u64,
    /// Whether it calls again though it has one.
    pub(crate) repeats: bool,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) kill: Option<Kill>,
    /// Until the next run.
    pub(crate) pause: u64,
}

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    /// Before that exchange is sent.
    Unsent(u32),
    /// When the server has it, before the response.
    RequestError(u32),
    /// With the response in hand.
    Answered(u32),
    /// So many milliseconds after its start.
    After(u64),
}

impl NetworkFaults {
    pub(crate) const CLEAR: Self =
        Self { kind: Kind::Clear, there: 50, back: 50, acted: true, share: 255 };
}
