//! Fork guard: no DNS lookup and no file lock is in progress while the process forks.
//!
//! `getaddrinfo` holds libc locks. If the process forks while one is held, the child inherits it
//! locked, and its first lookup deadlocks. A child also closes the registered lock files, so a file
//! must not be locked without being registered. So a fork waits for running sections, and new
//! sections wait for the fork.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A section that takes longer waits for a name server or a disk, and holds no lock meanwhile.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_micros(200);

static GUARD: ForkGuard = ForkGuard::new(LONGEST_WAIT);

/// Without a lock of its own: a fork would copy that too.
#[derive(Debug)]
struct ForkGuard {
    sections: AtomicUsize,
    forks: AtomicUsize,
    longest_wait: Duration,
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
        saturating_dec(&self.0.sections);
    }
}

/// The process is about to fork: waits for the sections that run.
pub fn before_fork() {
    GUARD.block();
}

/// The process has forked, or has failed to, and this is the parent.
pub fn after_fork_in_parent() {
    saturating_dec(&GUARD.forks);
}

/// The process is a child, in which one thread goes on.
pub fn after_fork_in_child() {
    GUARD.reset();
}

impl ForkGuard {
    const fn new(longest_wait: Duration) -> Self {
        Self { sections: AtomicUsize::new(0), forks: AtomicUsize::new(0), longest_wait }
    }

    fn enter(&self) -> GuardedSection<'_> {
        let begun = Instant::now();
        loop {
            // First counted, then asked: a fork either sees this section or is seen by it.
            self.sections.fetch_add(1, Ordering::SeqCst);
            let section = GuardedSection(self);
            if self.forks.load(Ordering::SeqCst) == 0 || begun.elapsed() > self.longest_wait {
                return section;
            }
            drop(section);
            sleep(PAUSE);
        }
    }

    fn block(&self) {
        self.forks.fetch_add(1, Ordering::SeqCst);
        let begun = Instant::now();
        while self.sections.load(Ordering::SeqCst) > 0 && begun.elapsed() < self.longest_wait {
            sleep(PAUSE);
        }
    }

    fn reset(&self) {
        self.sections.store(0, Ordering::SeqCst);
        self.forks.store(0, Ordering::SeqCst);
    }
}

/// Never below none: who calls back from a fork may not have announced it.
fn saturating_dec(count: &AtomicUsize) {
    let saturating_dec = |count: usize| count.checked_sub(1);
    let _ = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, saturating_dec);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::{scope, spawn};

    use super::*;

    /// Longer than any machine keeps a thread waiting.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_fork_waits_for_the_sections_that_run() {
        let gate = ForkGuard::new(LONG);
        let section = gate.enter();
        scope(|threads| {
            let fork = threads.spawn(|| {
                gate.block();
                gate.sections.load(Ordering::SeqCst)
            });
            while gate.forks.load(Ordering::SeqCst) == 0 {
                sleep(PAUSE);
            }
            assert!(!fork.is_finished());
            drop(section);
            assert!(matches!(fork.join(), Ok(0)));
        });
    }

    #[test]
    fn a_section_waits_for_the_fork() {
        static GUARD: ForkGuard = ForkGuard::new(LONG);
        GUARD.block();
        let (sender, entered) = channel();
        spawn(move || {
            let _section = GUARD.enter();
            sender.send(GUARD.forks.load(Ordering::SeqCst))
        });
        assert!(entered.recv_timeout(Duration::from_millis(50)).is_err());
        saturating_dec(&GUARD.forks);
        assert_eq!(entered.recv(), Ok(0));
    }

    #[test]
    fn neither_waits_for_ever() {
        let gate = ForkGuard::new(LONGEST_WAIT);
        let section = gate.enter();
        gate.block();
        let another = gate.enter();
        assert_eq!(gate.sections.load(Ordering::SeqCst), 2);
        drop((section, another));
        assert_eq!(gate.sections.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_child_begins_anew() {
        let gate = ForkGuard::new(Duration::from_secs(1));
        std::mem::forget(gate.enter());
        gate.block();
        gate.reset();
        let begun = Instant::now();
        let section = gate.enter();
        assert!(begun.elapsed() < gate.longest_wait);
        assert_eq!(gate.sections.load(Ordering::SeqCst), 1);
        drop(section);
        saturating_dec(&gate.sections);
        assert_eq!(gate.sections.load(Ordering::SeqCst), 0);
    }
}
