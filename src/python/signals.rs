//! Threads that no signal is delivered to: signals are for the program's own threads.
//!
//! A program that blocks a signal and waits for it (`sigwait`) is ended by the signal if any thread
//! has not blocked it. A thread inherits the mask of the thread that spawns it.

use std::io;
use std::thread::Builder;

/// Spawns a thread that blocks signals, as will all threads that it spawns.
#[cfg(unix)]
pub(super) fn spawn_blocked(
    builder: Builder,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};

    let mut all = SigSet::all();
    // The system delivers these to the thread that causes them.
    for own in [
        Signal::SIGABRT,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGILL,
        Signal::SIGSEGV,
        Signal::SIGSYS,
        Signal::SIGTRAP,
    ] {
        all.remove(own);
    }
    let before = all.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let spawned = builder.spawn(work);
    before.thread_set_mask()?;
    spawned.map(drop)
}

/// Elsewhere there are no signal masks.
#[cfg(not(unix))]
pub(super) fn spawn_blocked(
    builder: Builder,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    builder.spawn(work).map(drop)
}
