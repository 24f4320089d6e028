//! A service account's token in a file that processes share: read by all, written under a lock.
//!
//! It is looked at on threads for what may wait, so that a slow disk holds up no other call.

pub(in crate::transport) mod entries;

use std::fs::{File, TryLockError};
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use zeroize::Zeroizing;

use self::entries::Entries;
pub(super) use self::entries::{Entry, Owner};
use crate::config::{PrivateFile, Unusable};

/// Room for some hundred entries; a larger file is none of ours.
const LARGEST: u64 = 1 << 20;

/// The entry of one service account in such a file.
#[derive(Debug, Clone)]
pub(super) struct TokenCache {
    file: PrivateFile,
    owner: Owner,
}

/// What to do to the entry.
#[derive(Debug)]
pub(super) enum Change {
    Put(Entry),
    /// Unless another token has taken the place of this one.
    Remove(SecretString),
}

/// The right to write, and to fetch what is to be written. Other processes see it taken.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would not do: a child that was forked meanwhile holds the same open file.
        let _ = self.0.unlock();
    }
}

impl TokenCache {
    pub(super) fn new(file: &PrivateFile, owner: Owner) -> Self {
        Self { file: file.clone(), owner }
    }

    /// What the file holds. Reading needs no lock: it is always whole.
    pub(super) async fn load(&self) -> Result<Option<Entry>, Unusable> {
        let Self { file, owner } = self.clone();
        apart(move || Ok(read(&file)?.get(&owner).cloned())).await
    }

    /// The lock; `None` while another process has it.
    pub(super) async fn try_lock(&self) -> Result<Option<Lock>, Unusable> {
        let lock_file = self.file.lock_file();
        apart(move || {
            let file = lock_file.open_or_create()?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Lock(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(lock_file.broken(&error)),
            }
        })
        .await
    }

    /// Writes a change down and gives the lock back, also if nobody waits for that any more.
    pub(super) async fn write(&self, lock: Lock, change: Change) -> Result<(), Unusable> {
        let Self { file, owner } = self.clone();
        apart(move || {
            let _lock = lock;
            let mut entries = read(&file)?;
            entries.prune(unix_seconds());
            match change {
                Change::Put(entry) => entries.put(&owner, entry),
                Change::Remove(token) => entries.remove(&owner, &token),
            }
            file.replace(&entries.to_json())
        })
        .await
    }
}

/// The clock that processes share. It may be wrong: then a token is renewed too early, or refused.
pub(super) fn unix_seconds() -> i64 {
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs());
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since).unwrap_or(i64::MAX),
        Err(before) => seconds(before.duration()).map_or(i64::MIN, |seconds| -seconds),
    }
}

fn read(file: &PrivateFile) -> Result<Entries, Unusable> {
    let Some(opened) = file.open()? else { return Ok(Entries::default()) };
    // Room for all of it at once: one that grows leaves copies of tokens behind.
    let room = opened.metadata().map_or(0, |metadata| metadata.len().min(LARGEST));
    let mut json = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0) + 1));
    let length = opened.take(LARGEST).read_to_end(&mut json).map_err(|e| file.broken(&e))?;
    let is_whole = u64::try_from(length).is_ok_and(|length| length < LARGEST);
    Ok(if is_whole { Entries::parse(&json) } else { Entries::default() })
}

async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
) -> Result<T, Unusable> {
    let no_thread = |error| Unusable::Broken(format!("no thread for the file: {error}"));
    crate::transport::apart::apart(work).await.map_err(no_thread)?
}
