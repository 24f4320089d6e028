//! Which snapshot a client has got under which tag: it is found by its id before lists show it.
//!
//! Only the newest are kept; a forgotten one is looked for in the lists alone, as by any process.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Takes that are remembered at most.
const MOST: usize = 1024;

/// What is remembered, oldest first; belongs to one client in one process.
#[derive(Debug, Default)]
pub(crate) struct RecentSnapshots(Mutex<VecDeque<RecentSnapshot>>);

/// A snapshot that carries a tag, which names its project and cluster too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecentSnapshot {
    pub(crate) tag: String,
    pub(crate) id: String,
    pub(crate) is_sharded: bool,
    pub(crate) since: Instant,
    /// Whether a list or a GET has returned it.
    pub(crate) is_seen: bool,
}

impl RecentSnapshots {
    /// Keeps a snapshot instead of the one that had its tag before.
    pub(crate) fn insert(&self, recent: RecentSnapshot) {
        let mut all = self.all();
        if let Some(same) = all.iter_mut().find(|it| it.tag == recent.tag && it.id == recent.id) {
            same.is_seen |= recent.is_seen;
            return;
        }
        all.retain(|it| it.tag != recent.tag);
        all.push_back(recent);
        if all.len() > MOST {
            all.pop_front();
        }
    }

    pub(crate) fn get(&self, tag: &str) -> Option<RecentSnapshot> {
        self.all().iter().find(|it| it.tag == tag).cloned()
    }

    /// Notes that a list has shown a snapshot.
    pub(crate) fn mark_seen(&self, id: &str) {
        self.all().iter_mut().filter(|it| it.id == id).for_each(|it| it.is_seen = true);
    }

    /// Forgets a snapshot that is gone, or good for nothing.
    pub(crate) fn remove(&self, id: &str) {
        self.all().retain(|it| it.id != id);
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<RecentSnapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn recent(tag: &str, id: &str) -> RecentSnapshot {
        let (tag, id) = (tag.to_owned(), id.to_owned());
        RecentSnapshot { tag, id, is_sharded: false, since: Instant::now(), is_seen: false }
    }

    #[test]
    fn the_last_snapshot_of_a_tag_is_found_until_it_is_forgotten() {
        let snapshots = RecentSnapshots::default();
        let id_of = |tag| snapshots.get(tag).map(|recent| recent.id);
        for (tag, id) in [("a", "1"), ("b", "2"), ("a", "3")] {
            snapshots.insert(recent(tag, id));
        }

        snapshots.remove("1");
        assert_eq!(id_of("a").as_deref(), Some("3"));
        snapshots.remove("3");
        assert_eq!((id_of("a"), id_of("b").as_deref()), (None, Some("2")));
    }

    #[test]
    fn seeing_one_again_does_not_make_it_new() {
        let snapshots = RecentSnapshots::default();
        let first = recent("a", "1");
        snapshots.insert(first.clone());

        snapshots.insert(recent("a", "1"));

        assert_eq!(snapshots.get("a"), Some(first));
    }

    #[test]
    fn test_what_was_seen_stays_seen() {
        let snapshots = RecentSnapshots::default();
        let is_seen = || snapshots.get("a").unwrap().is_seen;
        snapshots.insert(recent("a", "1"));
        assert!(!is_seen());

        snapshots.mark_seen("1");
        snapshots.insert(recent("a", "1"));
        assert!(is_seen());

        snapshots.insert(recent("a", "2"));
        assert!(!is_seen());
        snapshots.insert(RecentSnapshot { is_seen: true, ..recent("a", "2") });
        assert!(is_seen());
    }

    #[test]
    fn the_newest_are_kept() {
        let snapshots = RecentSnapshots::default();
        for number in 0..=MOST {
            snapshots.insert(recent(&number.to_string(), "id"));
        }

        assert_eq!((snapshots.get("0"), snapshots.all().len()), (None, MOST));
        assert!(snapshots.get("1").is_some() && snapshots.get(&MOST.to_string()).is_some());
    }
}
