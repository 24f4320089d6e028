//! A service account's token in a file that processes share: read by all, written under a lock.
//!
//! It is read and written on a blocking thread, one operation at a time, each awaited for some seconds
//! only: a disk that hangs holds up no call for longer, and no second thread.

pub(crate) mod file;
pub(crate) mod lock;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::auth::token_cache::file::TokenFile;
pub(crate) use crate::auth::token_cache::file::{CacheKey, Entry};
pub(crate) use crate::auth::token_cache::lock::Lock;
use crate::config::{FileError, PrivateFile};

/// Enough for some hundred entries; a larger file is not a token cache.
const LARGEST: u64 = 1 << 20;
/// More than a disk takes that works at all.
const LONGEST_WORK: Duration = Duration::from_secs(2);

/// Held by the thread that works on the file of a client.
pub(crate) type LockAttempt = Arc<Mutex<()>>;

/// The entry of one service account in such a file.
#[derive(Debug, Clone)]
pub(crate) struct TokenCache {
    file: PrivateFile,
    owner: CacheKey,
    file_lock: LockAttempt,
}

/// What to do to the entry.
#[derive(Debug)]
pub(crate) enum Update {
    Put(Entry),
    /// Unless another token has taken the place of this one.
    Remove(SecretString),
}

impl TokenCache {
    pub(crate) fn new(file: &PrivateFile, owner: CacheKey, file_lock: &LockAttempt) -> Self {
        Self { file: file.clone(), owner, file_lock: Arc::clone(file_lock) }
    }

    /// What the file holds. Reading needs no lock: it is always whole.
    pub(crate) async fn load(&self) -> Result<Option<Entry>, FileError> {
        let Self { file, owner, .. } = self.clone();
        self.on_thread(move || Ok(read(&file)?.get(&owner).cloned())).await
    }

    /// The lock; `None` while another process has it.
    pub(crate) async fn try_lock(&self) -> Result<Option<Lock>, FileError> {
        let lock_file = self.file.lock_file();
        self.on_thread(move || Lock::try_acquire(&lock_file)).await
    }

    /// Writes a change down and gives the lock back, also if nobody waits for that any more.
    pub(crate) async fn write(&self, lock: Lock, change: Update) -> Result<(), FileError> {
        let Self { file, owner, .. } = self.clone();
        self.on_thread(move || {
            let written = read(&file).and_then(|mut entries| {
                entries.evict_expired(unix_seconds());
                match change {
                    Update::Put(entry) => entries.put(&owner, entry),
                    Update::Remove(token) => entries.remove(&owner, &token),
                }
                file.replace(&entries.to_json())
            });
            lock.release();
            written
        })
        .await
    }

    /// Works on the file once nobody else of this client does; work that hangs goes on by itself.
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let no_thread = |error| FileError::Io(format!("no thread for the file: {error}"));
        let file_lock = Arc::clone(&self.file_lock);
        let result = timeout(LONGEST_WORK, async move {
            let file_lock = file_lock.lock_owned().await;
            let work = move || {
                let result = work();
                drop(file_lock);
                result
            };
            crate::http::blocking::spawn_blocking(work).await
        });
        let result = result.await.map_err(|_| self.file.slow(LONGEST_WORK))?;
        result.map_err(no_thread)?
    }
}

/// The clock that processes share. It may be wrong: then a token is refreshed too early, or rejected.
pub(crate) fn unix_seconds() -> i64 {
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs());
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since).unwrap_or(i64::MAX),
        Err(before) => seconds(before.duration()).map_or(i64::MIN, |seconds| -seconds),
    }
}

fn read(file: &PrivateFile) -> Result<TokenFile, FileError> {
    let Some(opened) = file.open()? else { return Ok(TokenFile::default()) };
    // Allocated at once: a growing buffer leaves copies of tokens behind.
    let capacity = opened.metadata().map_or(0, |metadata| metadata.len().min(LARGEST));
    let mut json = Zeroizing::new(Vec::with_capacity(usize::try_from(capacity).unwrap_or(0) + 1));
    let length = opened.take(LARGEST).read_to_end(&mut json).map_err(|e| file.broken(&e))?;
    let is_whole = u64::try_from(length).is_ok_and(|length| length < LARGEST);
    Ok(if is_whole { TokenFile::parse(&json) } else { TokenFile::default() })
}
