//! How processes share a token through a file: one of them fetches it, the others find it there.
//!
//! A file that cannot be used just now costs no call: the token then stays in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::random;
use super::super::token_cache::{Change, Lock, Owner, TokenCache, unix_seconds};
use super::ServiceAccount;
use super::endpoint::Endpoint;
use super::token::Token;
use crate::config::Unusable;
use crate::error::Error;
use crate::transport::call::Call;
use crate::transport::connection::Connection;
use crate::transport::events::Level;

const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// More than a fetch takes, unless the process that does it is stopped or has no network.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What another process left to this one.
pub(super) enum Found {
    Token(Arc<Token>),
    /// The task to fetch one, and the right to write it down.
    Task(TokenCache, Lock),
    /// Nothing: there is no file, or none that can be used.
    Nothing,
}

impl ServiceAccount {
    /// Finds a token that another process fetched, and waits for one that is fetching.
    pub(super) async fn find(&self, connection: &Connection, call: &Call) -> Result<Found, Error> {
        let config = connection.config();
        let Some(file) = &config.token_cache else { return Ok(Found::Nothing) };
        let base_url = config.base_url().to_owned();
        let owner = Owner { base_url, client_id: self.client_id.clone() };
        let cache = TokenCache::new(file, owner, &self.turn);
        let line = Endpoint::line(connection);
        let found = call.until_deadline(&line, "waiting for token_cache", self.search(cache, call));
        match found.await.map_err(Error::Timeout)? {
            Ok(found) => Ok(found),
            Err(Unusable::Refused(why)) => Err(Error::Configuration(format!("token_cache {why}"))),
            Err(Unusable::Broken(why) | Unusable::Slow(why)) => {
                self.warn(&why, call);
                Ok(Found::Nothing)
            }
        }
    }

    async fn search(&self, cache: TokenCache, call: &Call) -> Result<Found, Unusable> {
        let begun = Instant::now();
        // The other half is for a fetch of its own.
        let patience = (call.deadline().duration_since(begun) / 2).min(LONGEST_WAIT);
        let mut random = random();
        let mut ceiling = SHORTEST_PAUSE * 4;
        loop {
            if let Some(token) = self.load(&cache).await? {
                return Ok(Found::Token(token));
            }
            if let Some(lock) = cache.try_lock().await? {
                // Before the lock was there, another process may have finished.
                let token = self.load(&cache).await?;
                return Ok(token.map_or(Found::Task(cache, lock), Found::Token));
            }
            // One process is enough to renew it in time.
            if let Some(living) = self.held().postpone(Instant::now()) {
                return Ok(Found::Token(living));
            }
            if begun.elapsed() >= patience {
                call.events.add(Level::Warning, || {
                    let seconds = patience.as_secs_f64();
                    format!(
                        "another process has kept token_cache locked for {seconds:.1} s: this one \
                         fetches a token that it does not share"
                    )
                });
                return Ok(Found::Nothing);
            }
            let pause = SHORTEST_PAUSE + ceiling.mul_f64(random.f64());
            ceiling = (ceiling * 2).min(LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
        }
    }

    /// Leaves to other processes what a fetch brought, or that it brought nothing.
    pub(super) async fn leave(
        &self,
        cache: &TokenCache,
        lock: Lock,
        fetched: Option<&Token>,
        call: &Call,
    ) {
        let change = match fetched {
            Some(token) => Some(Change::Put(token.entry((Instant::now(), unix_seconds())))),
            None => self.held().refused().cloned().map(Change::Remove),
        };
        let Some(change) = change else { return };
        let written = tokio::time::timeout_at(call.deadline(), cache.write(lock, change)).await;
        match written {
            // Cut off with the call, it goes on by itself, as what is slow does.
            Err(_) | Ok(Ok(())) => {}
            Ok(Err(Unusable::Slow(why))) => self.warn(&why, call),
            Ok(Err(Unusable::Refused(why) | Unusable::Broken(why))) => {
                self.warn(&why, call);
                if let Some(token) = fetched {
                    self.held().unshare(token.serial);
                }
            }
        }
    }

    /// A token of the file that lasts.
    async fn load(&self, cache: &TokenCache) -> Result<Option<Arc<Token>>, Unusable> {
        let entry = cache.load().await?;
        let clocks = (Instant::now(), unix_seconds());
        let token = entry.and_then(|entry| self.endpoint.token_of(&entry, clocks));
        Ok(token.and_then(|token| self.held().adopt(token, clocks.0)))
    }

    /// Once for a client: it will not go better with each call.
    fn warn(&self, why: &str, call: &Call) {
        if !self.warned.swap(true, std::sync::atomic::Ordering::Relaxed) {
            call.events.add(Level::Warning, || {
                format!("token_cache cannot be used, the token stays in memory: {why}")
            });
        }
    }
}
