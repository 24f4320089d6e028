//! The right to write a token cache, and to fetch what is to be written: a lock on a file.
//!
//! The lock belongs to the open file, which a forked child has in common with its parent: it lasts
//! until both have closed it. So open files are noted here, and a child closes them.

use std::fs::{File, TryLockError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError as Busy};
use std::thread::Builder;

use crate::config::{FileError, PrivateFile};
use crate::http::fork_guard::GuardedSection;

/// The files that are locked; used in a `GuardedSection` only, so that no fork copies this lock held.
static LOCKED: Mutex<Vec<(u64, File)>> = Mutex::new(Vec::new());
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// The number of a locked file. Other processes see it locked.
#[derive(Debug)]
pub(crate) struct Lock(u64);

impl Lock {
    /// `None` while another process has the lock.
    pub(crate) fn try_acquire(lock_file: &PrivateFile) -> Result<Option<Self>, FileError> {
        let _section = GuardedSection::begin();
        let file = lock_file.open_or_create()?;
        match file.try_lock() {
            Ok(()) => {
                let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
                LOCKED.lock().unwrap_or_else(PoisonError::into_inner).push((number, file));
                Ok(Some(Self(number)))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(lock_file.broken(&error)),
        }
    }

    /// Gives the lock back on this thread, which may wait for the disk.
    pub(crate) fn release(self) {
        release(self.0);
        std::mem::forget(self);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let number = self.0;
        let spawned =
            Builder::new().name("atlas-backups".to_owned()).spawn(move || release(number));
        if spawned.is_err() {
            release(number);
        }
    }
}

fn release(number: u64) {
    let file = {
        let _section = GuardedSection::begin();
        let mut locked = LOCKED.lock().unwrap_or_else(PoisonError::into_inner);
        let index = locked.iter().position(|(other, _)| *other == number);
        index.map(|index| locked.swap_remove(index).1)
    };
    if let Some(file) = file {
        // Closing would not do where a child has not closed it: Python may not know of the fork.
        let _ = file.unlock();
    }
}

/// In a forked child: closes what the parent has locked, which stays locked there.
pub(crate) fn close_all() {
    match LOCKED.try_lock() {
        Ok(mut locked) => locked.clear(),
        Err(Busy::Poisoned(locked)) => locked.into_inner().clear(),
        Err(Busy::WouldBlock) => {}
    }
}
