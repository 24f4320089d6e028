//! Fork guard: no DNS lookup and no file lock is in progress while the process forks.
//!
//! `getaddrinfo` holds libc locks. If the process forks while one is held, the child inherits it
//! locked, and its first lookup deadlocks. A child also closes the registered lock files, so a file
//! must not be locked without being registered. So a fork waits for running sections, and new
//! sections wait for the fork.

use std::thread::sleep;
use std::time::Duration;

use crate::running_count::RunningCount;

/// A section that takes longer waits for a name server or a disk, and holds no lock meanwhile.
const MAX_PAUSES: usize = 1000;
const PAUSE: Duration = Duration::from_micros(200);

static GUARD: ForkGuard = ForkGuard::new(MAX_PAUSES);

/// Without a lock of its own: a fork would copy that too.
#[derive(Debug)]
struct ForkGuard {
    sections: RunningCount,
    forks: RunningCount,
    max_pauses: usize,
}

/// A section of work that runs and that no fork may cut.
pub(crate) struct GuardedSection<'a>(&'a ForkGuard);

impl GuardedSection<'_> {
    /// Waits while the process forks.
    pub(crate) fn begin() -> Self {
        GUARD.enter()
    }
}

impl Drop for GuardedSection<'_> {
    fn drop(&mut self) {
        self.0.sections.end();
    }
}

/// The process is about to fork: waits for the sections that run.
pub fn before_fork() {
    GUARD.block(|| sleep(PAUSE));
}

/// The process has forked, or has failed to, and this is the parent.
pub fn after_fork_in_parent() {
    GUARD.forks.end();
}

/// The process is a child, in which one thread goes on.
pub fn after_fork_in_child() {
    GUARD.reset();
}

impl ForkGuard {
    const fn new(max_pauses: usize) -> Self {
        Self { sections: RunningCount::new(), forks: RunningCount::new(), max_pauses }
    }

    fn enter(&self) -> GuardedSection<'_> {
        for _ in 0..self.max_pauses {
            let section = self.count_section();
            if self.forks.get() == 0 {
                return section;
            }
            drop(section);
            sleep(PAUSE);
        }
        self.count_section()
    }

    /// Counted before `forks` is read: a fork either sees this section or is seen by it.
    fn count_section(&self) -> GuardedSection<'_> {
        self.sections.begin();
        GuardedSection(self)
    }

    fn block(&self, pause: impl FnMut()) {
        self.forks.begin();
        self.sections.wait_for_none(self.max_pauses, pause);
    }

    fn reset(&self) {
        self.sections.reset();
        self.forks.reset();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::{scope, spawn};

    use super::*;

    /// More than any machine keeps a thread waiting.
    const MANY: usize = 300_000;

    fn nap() {
        sleep(PAUSE);
    }

    #[test]
    fn a_fork_waits_for_the_sections_that_run() {
        let guard = ForkGuard::new(MANY);
        let section = guard.enter();
        scope(|threads| {
            let fork = threads.spawn(|| {
                guard.block(nap);
                guard.sections.get()
            });
            while guard.forks.get() == 0 {
                sleep(PAUSE);
            }
            assert!(!fork.is_finished());
            drop(section);
            assert!(matches!(fork.join(), Ok(0)));
        });
    }

    #[test]
    fn a_section_waits_for_the_fork() {
        static GUARD: ForkGuard = ForkGuard::new(MANY);
        GUARD.block(nap);
        let (sender, entered) = channel();
        spawn(move || {
            let _section = GUARD.enter();
            sender.send(GUARD.forks.get())
        });
        assert!(entered.recv_timeout(Duration::from_millis(50)).is_err());
        GUARD.forks.end();
        assert_eq!(entered.recv(), Ok(0));
    }

    #[test]
    fn a_fork_waits_for_a_section_while_the_machine_is_suspended() {
        let guard = ForkGuard::new(10);
        let mut section = Some(guard.enter());
        let mut pauses = 0;
        guard.block(|| {
            pauses += 1;
            if pauses == 1 {
                sleep(PAUSE * 1000); // suspended
            } else {
                section = None;
            }
        });
        assert_eq!(guard.sections.get(), 0);
        assert_eq!(pauses, 2);
    }

    #[test]
    fn neither_waits_for_ever() {
        let guard = ForkGuard::new(10);
        let section = guard.enter();
        guard.block(nap);
        let another = guard.enter();
        assert_eq!(guard.sections.get(), 2);
        drop((section, another));
        assert_eq!(guard.sections.get(), 0);
    }

    #[test]
    fn a_child_begins_anew() {
        let guard = ForkGuard::new(10);
        std::mem::forget(guard.enter());
        guard.block(nap);
        guard.reset();
        let section = guard.enter();
        assert_eq!(guard.sections.get(), 1);
        drop(section);
        guard.sections.end();
        assert_eq!(guard.sections.get(), 0);
    }
}
