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
pub(crate) struct Memory(Mutex<VecDeque<Known>>);

/// A snapshot that carries a tag, which names its project and cluster too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) tag: String,
    pub(crate) id: String,
    pub(crate) is_sharded: bool,
    pub(crate) since: Instant,
    /// Whether a list or a look at it has shown it.
    pub(crate) is_seen: bool,
}

impl Memory {
    /// Keeps a snapshot instead of the one that had its tag before.
    pub(crate) fn keep(&self, known: Known) {
        let mut all = self.all();
        if let Some(same) = all.iter_mut().find(|it| it.tag == known.tag && it.id == known.id) {
            same.is_seen |= known.is_seen;
            return;
        }
        all.retain(|it| it.tag != known.tag);
        all.push_back(known);
        if all.len() > MOST {
            all.pop_front();
        }
    }

    pub(crate) fn find(&self, tag: &str) -> Option<Known> {
        self.all().iter().find(|it| it.tag == tag).cloned()
    }

    /// Notes that a list has shown a snapshot.
    pub(crate) fn mark_seen(&self, id: &str) {
        self.all().iter_mut().filter(|it| it.id == id).for_each(|it| it.is_seen = true);
    }

    /// Forgets a snapshot that is gone, or good for nothing.
    pub(crate) fn forget(&self, id: &str) {
        self.all().retain(|it| it.id != id);
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn known(tag: &str, id: &str) -> Known {
        let (tag, id) = (tag.to_owned(), id.to_owned());
        Known { tag, id, is_sharded: false, since: Instant::now(), is_seen: false }
    }

    #[test]
    fn the_last_snapshot_of_a_tag_is_found_until_it_is_forgotten() {
        let memory = Memory::default();
        let id_of = |tag| memory.find(tag).map(|known| known.id);
        for (tag, id) in [("a", "1"), ("b", "2"), ("a", "3")] {
            memory.keep(known(tag, id));
        }

        memory.forget("1");
        assert_eq!(id_of("a").as_deref(), Some("3"));
        memory.forget("3");
        assert_eq!((id_of("a"), id_of("b").as_deref()), (None, Some("2")));
    }

    #[test]
    fn seeing_one_again_does_not_make_it_new() {
        let memory = Memory::default();
        let first = known("a", "1");
        memory.keep(first.clone());

        memory.keep(known("a", "1"));

        assert_eq!(memory.find("a"), Some(first));
    }

    #[test]
    fn test_what_was_seen_stays_seen() {
        let memory = Memory::default();
        let is_seen = || memory.find("a").unwrap().is_seen;
        memory.keep(known("a", "1"));
        assert!(!is_seen());

        memory.mark_seen("1");
        memory.keep(known("a", "1"));
        assert!(is_seen());

        memory.keep(known("a", "2"));
        assert!(!is_seen());
        memory.keep(Known { is_seen: true, ..known("a", "2") });
        assert!(is_seen());
    }

    #[test]
    fn the_newest_are_kept() {
        let memory = Memory::default();
        for number in 0..=MOST {
            memory.keep(known(&number.to_string(), "id"));
        }

        assert_eq!((memory.find("0"), memory.all().len()), (None, MOST));
        assert!(memory.find("1").is_some() && memory.find(&MOST.to_string()).is_some());
    }
}
