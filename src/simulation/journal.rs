//! What happened: every POST and every call, as the client and as Atlas know it.

use std::collections::HashSet;
use std::time::Duration;

use crate::operations::idempotency::Tag;
use crate::simulation::case::Caller;
use crate::simulation::cluster::Moment;

/// What an answer told whoever got it.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Nothing,
    Page {
        number: usize,
        shown: Vec<Shown>,
    },
    ShardedList(Vec<Shown>),
    One(String),
    /// That the POST made this snapshot.
    Taken(String),
    /// That the POST was not acted on; true: because a snapshot is unfinished.
    Refused {
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
    pub(crate) looked: Option<Moment>,
    pub(crate) heard: Option<Told>,
    pub(crate) ended_at: Moment,
}

impl Posted {
    /// Whether the client may believe that it was not acted on.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.heard, Some(Told::Refused { .. }))
    }

    /// Whether the client cannot know what became of it.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.heard, None | Some(Told::Unclear))
    }
}

/// One call of a caller.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) caller: Caller,
    pub(crate) tag: Option<Tag>,
    pub(crate) began: Moment,
    pub(crate) requests: u32,
    /// Ids that came back in answers.
    pub(crate) ids: HashSet<String>,
    /// The lag with which it sees the lists.
    pub(crate) lag: Duration,
    pub(crate) listing: Listing,
    /// Listings that were answered to their end.
    pub(crate) looks: Vec<Look>,
    /// When the last listing began at the client.
    pub(crate) listed: Option<Moment>,
    /// When it last had a snapshot's id in hand: from the POST, or from a look at it.
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
    /// The last read had no good answer, so far.
    is_broken: bool,
}

#[derive(Debug)]
pub(crate) struct Look {
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
            looks: Vec::new(),
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

    /// Notes what an answer to a read tells; it was true at `then`.
    pub(crate) fn hear(&mut self, told: Told, then: Moment, now: Moment) {
        match told {
            Told::Page { number, shown } => {
                if number == 1 {
                    self.listing.began = then;
                }
                self.listing.is_broken = false;
                self.listing.add(shown, &mut self.ids);
            }
            Told::ShardedList(shown) => {
                self.listing.add(shown, &mut self.ids);
                let Listing { began, shown, .. } = std::mem::take(&mut self.listing);
                self.looks.push(Look { began, shown });
            }
            Told::One(id) => {
                // Without a wait it is one that the listing right before did not show.
                if self.caller.wait {
                    self.held = Some(now);
                }
                self.ids.insert(id);
            }
            Told::Taken(id) => {
                self.held = Some(now);
                self.ids.insert(id);
            }
            Told::Nothing | Told::Unclear | Told::Refused { .. } => {}
        }
    }

    /// Whether a look since then has shown a snapshot with its tag.
    pub(crate) fn has_seen_own(&self, since: Moment) -> bool {
        let looks = self.looks.iter().filter(|look| look.began >= since);
        looks.map(|look| self.own(look)).any(|mut own| own.next().is_some())
    }

    /// The tagged snapshots of a look that have not failed.
    pub(crate) fn own<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = &'a Shown> {
        let tag = self.tag.as_ref();
        look.shown
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
