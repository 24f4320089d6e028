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

/// What another process left to this one.
pub(super) enum Found {
    Token(Arc<Token>),
    /// The task to fetch one, and the right to write it down.
    Task(TokenCache, Lock),
    /// Nothing: there is no file, or none that can be used.
    Nothing,
}

impl ServiceAccount {
    /// Looks for a token that another process fetched, and waits for one that is fetching.
    pub(super) async fn find(&self, connection: &Connection, call: &Call) -> Result<Found, Error> {
        let config = connection.config();
        let Some(file) = &config.token_cache else { return Ok(Found::Nothing) };
        let base_url = config.base_url().to_owned();
        let cache = TokenCache::new(file, Owner { base_url, client_id: self.client_id.clone() });
        let line = Endpoint::line(connection);
        let mut random = random();
        let mut ceiling = SHORTEST_PAUSE * 4;
        loop {
            if let Some(token) = self.look_into(&cache, call).await? {
                return Ok(Found::Token(token));
            }
            match cache.try_lock().await {
                Ok(Some(lock)) => {
                    // Between the look and the lock, somebody else may have been done.
                    let token = self.look_into(&cache, call).await?;
                    return Ok(token.map_or(Found::Task(cache, lock), Found::Token));
                }
                Ok(None) => {}
                Err(unusable) => {
                    self.do_without(unusable, call)?;
                    return Ok(Found::Nothing);
                }
            }
            // One process is enough to renew it in time.
            if let Some(living) = self.held().postpone(Instant::now()) {
                return Ok(Found::Token(living));
            }
            let pause = SHORTEST_PAUSE + ceiling.mul_f64(random.f64());
            ceiling = (ceiling * 2).min(LONGEST_PAUSE);
            let waiting = "waiting for another process to fetch a token";
            let pause = call.until_deadline(&line, waiting, tokio::time::sleep(pause)).await;
            pause.map_err(Error::Timeout)?;
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
        if let Err(Unusable::Refused(why) | Unusable::Broken(why)) = cache.write(lock, change).await
        {
            self.warn(&why, call);
            if let Some(token) = fetched {
                self.held().unshare(token.serial);
            }
        }
    }

    /// A token of the file that lasts.
    async fn look_into(
        &self,
        cache: &TokenCache,
        call: &Call,
    ) -> Result<Option<Arc<Token>>, Error> {
        let entry = match cache.load().await {
            Ok(entry) => entry,
            Err(unusable) => {
                self.do_without(unusable, call)?;
                None
            }
        };
        let clocks = (Instant::now(), unix_seconds());
        let token = entry.and_then(|entry| self.endpoint.token_of(&entry, clocks));
        Ok(token.and_then(|token| self.held().adopt(token, clocks.0)))
    }

    fn do_without(&self, unusable: Unusable, call: &Call) -> Result<(), Error> {
        match unusable {
            Unusable::Refused(why) => Err(Error::Configuration(format!("token_cache {why}"))),
            Unusable::Broken(why) => {
                self.warn(&why, call);
                Ok(())
            }
        }
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
