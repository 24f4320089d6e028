//! A service account's token in a file that processes share: read by all, written under a lock.
//!
//! It is read and written on threads apart, one at a time, and each is awaited for some seconds
//! only: a disk that hangs holds up no call for longer, and no second thread.

pub(in crate::transport) mod entries;
pub(in crate::transport) mod lock;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::timeout;
use zeroize::Zeroizing;

use self::entries::Entries;
pub(super) use self::entries::{Entry, Owner};
pub(super) use self::lock::Lock;
use crate::config::{PrivateFile, Unusable};

/// Room for some hundred entries; a larger file is none of ours.
const LARGEST: u64 = 1 << 20;
/// More than a disk takes that works at all.
const LONGEST_WORK: Duration = Duration::from_secs(2);

/// Held by the thread that works on the file of a client.
pub(super) type Turn = Arc<Mutex<()>>;

/// The entry of one service account in such a file.
#[derive(Debug, Clone)]
pub(super) struct TokenCache {
    file: PrivateFile,
    owner: Owner,
    turn: Turn,
}

/// What to do to the entry.
#[derive(Debug)]
pub(super) enum Change {
    Put(Entry),
    /// Unless another token has taken the place of this one.
    Remove(SecretString),
}

impl TokenCache {
    pub(super) fn new(file: &PrivateFile, owner: Owner, turn: &Turn) -> Self {
        Self { file: file.clone(), owner, turn: Arc::clone(turn) }
    }

    /// What the file holds. Reading needs no lock: it is always whole.
    pub(super) async fn load(&self) -> Result<Option<Entry>, Unusable> {
        let Self { file, owner, .. } = self.clone();
        self.apart(move || Ok(read(&file)?.get(&owner).cloned())).await
    }

    /// The lock; `None` while another process has it.
    pub(super) async fn try_lock(&self) -> Result<Option<Lock>, Unusable> {
        let lock_file = self.file.lock_file();
        self.apart(move || Lock::try_acquire(&lock_file)).await
    }

    /// Writes a change down and gives the lock back, also if nobody waits for that any more.
    pub(super) async fn write(&self, lock: Lock, change: Change) -> Result<(), Unusable> {
        let Self { file, owner, .. } = self.clone();
        self.apart(move || {
            let written = read(&file).and_then(|mut entries| {
                entries.prune(unix_seconds());
                match change {
                    Change::Put(entry) => entries.put(&owner, entry),
                    Change::Remove(token) => entries.remove(&owner, &token),
                }
                file.replace(&entries.to_json())
            });
            lock.release();
            written
        })
        .await
    }

    /// Works on the file once nobody else of this client does; work that hangs goes on by itself.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unusable> + Send + 'static,
    ) -> Result<T, Unusable> {
        let no_thread = |error| Unusable::Broken(format!("no thread for the file: {error}"));
        let turn = Arc::clone(&self.turn);
        let result = timeout(LONGEST_WORK, async move {
            let turn = turn.lock_owned().await;
            let work = move || {
                let result = work();
                drop(turn);
                result
            };
            crate::transport::apart::apart(work).await
        });
        let result = result.await.map_err(|_| self.file.slow(LONGEST_WORK))?;
        result.map_err(no_thread)?
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
