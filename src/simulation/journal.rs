//! What happened: every POST and every call, as the client and as Atlas know it.

use std::collections::HashSet;
use std::time::Duration;

use crate::operations::idempotency::Tag;
use crate::simulation::case::Caller;
use crate::simulation::cluster::Moment;

/// What a caller learned from a response.
#[derive(Debug, Clone)]
pub(crate) enum Observed {
    Nothing,
    Page {
        number: usize,
        shown: Vec<Shown>,
    },
    ShardedList(Vec<Shown>),
    One(String),
    /// That the POST made this snapshot.
    Created(String),
    /// That the POST was not acted on; true: because a snapshot is unfinished.
    Rejected {
        busy: bool,
    },
    /// Nothing that could be relied on, though it was sent.
    Unclear,
}

/// A snapshot in a list.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) tag: Option<Tag>,
    pub(crate) has_failed: bool,
}

/// One POST that the client began.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) call: usize,
    /// When the call's last listing that was answered to its end had begun at the server.
    pub(crate) listed_at: Option<Moment>,
    pub(crate) observed: Option<Observed>,
    pub(crate) ended_at: Moment,
}

impl Posted {
    /// Whether the client may believe that it was not acted on.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.observed, Some(Observed::Rejected { .. }))
    }

    /// Whether the client cannot know what became of it.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.observed, None | Some(Observed::Unclear))
    }
}

/// One call of a caller.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) caller: Caller,
    pub(crate) tag: Option<Tag>,
    pub(crate) began: Moment,
    pub(crate) requests: u32,
    /// Ids that came back in responses.
    pub(crate) ids: HashSet<String>,
    /// The lag with which it sees the lists.
    pub(crate) lag: Duration,
    pub(crate) listing: Listing,
    /// Listings that were answered to their end.
    pub(crate) list_reads: Vec<ListRead>,
    /// When the last listing began at the client.
    pub(crate) listed: Option<Moment>,
    /// When it last had a snapshot's id in hand: from the POST, or from a GET of it.
    pub(crate) held: Option<Moment>,
    /// Whether any exchange was slow, or did not end well.
    pub(crate) had_trouble: bool,
    /// When a read was last answered with what no retry helps against.
    pub(crate) read_refused: Option<Moment>,
    /// The tag of which it reported duplicates.
    pub(crate) reports: Option<String>,
    pub(crate) denies: Denies,
}

/// Which snapshot a call said, by its end, not to have taken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Denies {
    Nothing,
    /// One that does not fail.
    Good,
    Any,
}

/// A listing under way.
#[derive(Debug)]
pub(crate) struct Listing {
    began: Moment,
    shown: Vec<Shown>,
    /// No page of it was asked for so far.
    pub(crate) is_new: bool,
    /// The last read had no good response, so far.
    is_broken: bool,
}

#[derive(Debug)]
pub(crate) struct ListRead {
    pub(crate) began: Moment,
    pub(crate) shown: Vec<Shown>,
}

impl Called {
    pub(crate) fn new(caller: &Caller, tag: Option<Tag>, began: Moment) -> Self {
        Self {
            caller: caller.clone(),
            tag,
            began,
            requests: 0,
            ids: HashSet::new(),
            lag: Duration::ZERO,
            listing: Listing::default(),
            list_reads: Vec::new(),
            listed: None,
            held: None,
            had_trouble: false,
            read_refused: None,
            reports: None,
            denies: Denies::Nothing,
        }
    }

    /// Notes that a read sets out; one that asks for the first page may begin another listing.
    pub(crate) fn ask(&mut self, is_first_page: bool, now: Moment) {
        if is_first_page {
            self.listed = Some(now);
            if self.listing.is_broken {
                // The client may still know what the walks before showed.
                self.listing = Listing { is_new: self.listing.is_new, ..Listing::default() };
            }
        }
        self.listing.is_broken = true;
    }

    /// Notes what a response to a read shows; it was true at `then`.
    pub(crate) fn observe(&mut self, observed: Observed, then: Moment, now: Moment) {
        match observed {
            Observed::Page { number, shown } => {
                if number == 1 {
                    self.listing.began = then;
                }
                self.listing.is_broken = false;
                self.listing.add(shown, &mut self.ids);
            }
            Observed::ShardedList(shown) => {
                self.listing.add(shown, &mut self.ids);
                let Listing { began, shown, .. } = std::mem::take(&mut self.listing);
                self.list_reads.push(ListRead { began, shown });
            }
            Observed::One(id) => {
                // Without a wait it is one that the listing right before did not show.
                if self.caller.wait {
                    self.held = Some(now);
                }
                self.ids.insert(id);
            }
            Observed::Created(id) => {
                self.held = Some(now);
                self.ids.insert(id);
            }
            Observed::Nothing | Observed::Unclear | Observed::Rejected { .. } => {}
        }
    }

    /// Whether a list read since then has shown a snapshot with its tag.
    pub(crate) fn has_seen_own(&self, since: Moment) -> bool {
        let list_reads = self.list_reads.iter().filter(|read| read.began >= since);
        list_reads.map(|read| self.own(read)).any(|mut own| own.next().is_some())
    }

    /// The tagged snapshots of a list read that have not failed.
    pub(crate) fn own<'a>(&'a self, read: &'a ListRead) -> impl Iterator<Item = &'a Shown> {
        let tag = self.tag.as_ref();
        read.shown
            .iter()
            .filter(move |shown| tag.is_some() && shown.tag.as_ref() == tag && !shown.has_failed)
    }
}

impl Default for Listing {
    fn default() -> Self {
        Self { began: Moment::ZERO, shown: Vec::new(), is_new: true, is_broken: false }
    }
}

impl Listing {
    fn add(&mut self, shown: Vec<Shown>, ids: &mut HashSet<String>) {
        ids.extend(shown.iter().map(|shown| shown.id.clone()));
        for shown in shown {
            self.shown.retain(|known| known.id != shown.id);
            self.shown.push(shown);
        }
    }
}
