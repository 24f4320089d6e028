//! A service account: one token, fetched once for all calls, renewed before it ends.

mod endpoint;
pub(crate) mod token;
mod token_state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::auth::authorization::{Authorization, CredentialRef, Scheme, random};
use crate::auth::oauth::endpoint::Endpoint;
use crate::auth::oauth::token::Token;
use crate::auth::oauth::token_state::TokenState;
use crate::auth::token_cache::{CacheKey, Lock, LockAttempt, TokenCache, Update, unix_seconds};
use crate::config::FileError;
use crate::error::Error;
use crate::http::call_context::CallContext;
use crate::http::client::HttpClient;
use crate::http::events::{Level, Topic};

const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// More than a fetch takes, unless the process that does it is stopped or has no network.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What another process left to this one.
pub(crate) enum Acquired {
    Token(Arc<Token>),
    /// The task to fetch one, and the right to write it down.
    Leader(TokenCache, Lock),
    /// Nothing: there is no file, or none that can be used.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct ServiceAccount {
    client_id: String,
    endpoint: Endpoint,
    /// Locked while a token is fetched: concurrent first calls share one fetch (single-flight).
    single_flight: tokio::sync::Mutex<()>,
    state: Mutex<TokenState>,
    /// Serialises the threads that work on the token file.
    file_lock: LockAttempt,
    /// Whether it was said that the file of tokens cannot be used.
    warned: AtomicBool,
}

impl ServiceAccount {
    pub(crate) fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, Error> {
        Ok(Self {
            client_id: client_id.to_owned(),
            endpoint: Endpoint::new(client_id, client_secret)?,
            single_flight: tokio::sync::Mutex::default(),
            state: Mutex::default(),
            file_lock: LockAttempt::default(),
            warned: AtomicBool::new(false),
        })
    }

    pub(crate) async fn authorize(
        &self,
        http: &HttpClient,
        call: &CallContext,
    ) -> Result<Authorization, Error> {
        let fresh = self.state().fresh(Instant::now());
        let token = match fresh {
            Some(token) => token,
            // Boxed, because it is large and rare.
            None => Box::pin(self.fetch_single_flight(http, call)).await?,
        };
        Ok(Authorization {
            scheme: Scheme::ServiceAccount,
            header: Some(token.header.clone()),
            secrets: token.secrets.clone(),
            credential: CredentialRef::Token(token.serial),
        })
    }

    /// Drops a token that the API rejected. Returns false during the cooldown after a rejected
    /// replacement.
    ///
    /// The token is not revoked: nearly always it has expired already.
    pub(crate) fn replace(&self, serial: u64) -> bool {
        self.state().replace(serial, Instant::now())
    }

    /// Records that the API accepted a token.
    pub(crate) fn confirm(&self, serial: u64) {
        self.state().confirm(serial);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed()
    }

    pub(crate) async fn revoke(&self, http: &HttpClient, call: &CallContext) {
        let token = self.state().close();
        if let Some(token) = token.filter(|token| !token.shared) {
            self.endpoint.revoke(&token, http, call).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a token, or waits for the call that is fetching one and shares its result.
    async fn fetch_single_flight(
        &self,
        http: &HttpClient,
        call: &CallContext,
    ) -> Result<Arc<Token>, Error> {
        let line = Endpoint::line(http);
        let fetches_before = self.state().fetches();
        let waiting =
            call.until_deadline(&line, "waiting for a token", self.single_flight.lock()).await;
        let _guard = waiting.map_err(Error::Timeout)?;
        {
            let state = self.state();
            if let Some(token) = state.fresh(Instant::now()) {
                return Ok(token);
            }
            if state.is_closed() {
                return Err(Error::ClientClosed);
            }
            // A failure that came while this call was waiting is its failure too.
            if let Some(error) = state.failure_after(fetches_before) {
                return Err(error);
            }
        }
        let task = match self.find(http, call).await? {
            Acquired::Token(token) => return Ok(token),
            Acquired::Leader(cache, lock) => Some((cache, lock)),
            Acquired::Nothing => None,
        };
        let unexpired = self.state().unexpired(Instant::now());
        let retries = if unexpired.is_some() { 0 } else { http.config().max_retries };
        let result = self.endpoint.fetch(http, retries, call).await;
        let result = result.map(|token| Token { shared: task.is_some(), ..token });
        let is_new = result.is_ok();
        let fetched = self.state().finish_fetch(result, unexpired, Instant::now());
        if let Some((cache, lock)) = task {
            let token = fetched.as_deref().ok().filter(|_| is_new);
            self.leave(&cache, lock, token, call).await;
        }
        if let Ok(token) = &fetched
            && self.is_closed()
        {
            if !token.shared {
                self.endpoint.revoke(token, http, call).await;
            }
            return Err(Error::ClientClosed);
        }
        fetched
    }
}

/// The token file: one process fetches the token, the others read it there.
///
/// A file that cannot be used costs no call: the token then stays in memory.
impl ServiceAccount {
    /// Finds a token that another process fetched, or waits while another process fetches one.
    pub(crate) async fn find(
        &self,
        http: &HttpClient,
        call: &CallContext,
    ) -> Result<Acquired, Error> {
        let config = http.config();
        let Some(file) = &config.token_cache else { return Ok(Acquired::Nothing) };
        let base_url = config.base_url().to_owned();
        let owner = CacheKey { base_url, client_id: self.client_id.clone() };
        let cache = TokenCache::new(file, owner, &self.file_lock);
        let line = Endpoint::line(http);
        let found = call.until_deadline(&line, "waiting for token_cache", self.search(cache, call));
        match found.await.map_err(Error::Timeout)? {
            Ok(found) => Ok(found),
            Err(FileError::Insecure(why)) => {
                Err(Error::Configuration(format!("token_cache {why}")))
            }
            Err(FileError::Io(why) | FileError::Slow(why)) => {
                self.warn(&why, call);
                Ok(Acquired::Nothing)
            }
        }
    }

    async fn search(&self, cache: TokenCache, call: &CallContext) -> Result<Acquired, FileError> {
        let begun = Instant::now();
        // The other half is for a fetch of its own.
        let patience = (call.deadline().duration_since(begun) / 2).min(LONGEST_WAIT);
        let mut random = random();
        let mut backoff = SHORTEST_PAUSE * 4;
        loop {
            if let Some(token) = self.load(&cache).await? {
                return Ok(Acquired::Token(token));
            }
            if let Some(lock) = cache.try_lock().await? {
                // Before the lock was there, another process may have finished.
                let token = self.load(&cache).await?;
                return Ok(token.map_or(Acquired::Leader(cache, lock), Acquired::Token));
            }
            // One process is enough to renew it in time.
            if let Some(unexpired) = self.state().defer_refresh(Instant::now()) {
                return Ok(Acquired::Token(unexpired));
            }
            if begun.elapsed() >= patience {
                let template = "another process has kept token_cache locked for %s s: this one \
                                fetches a token that it does not share";
                call.events.add(Topic::Auth, Level::Warning, template, || {
                    [format!("{:.1}", patience.as_secs_f64())]
                });
                return Ok(Acquired::Nothing);
            }
            let pause = SHORTEST_PAUSE + backoff.mul_f64(random.f64());
            backoff = (backoff * 2).min(LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
        }
    }

    /// Leaves to other processes what a fetch brought, or that it brought nothing.
    pub(crate) async fn leave(
        &self,
        cache: &TokenCache,
        lock: Lock,
        fetched: Option<&Token>,
        call: &CallContext,
    ) {
        let change = match fetched {
            Some(token) => Some(Update::Put(token.entry((Instant::now(), unix_seconds())))),
            None => self.state().rejected().cloned().map(Update::Remove),
        };
        let Some(change) = change else { return };
        let written = tokio::time::timeout_at(call.deadline(), cache.write(lock, change)).await;
        match written {
            // Cut off with the call, it goes on by itself, as what is slow does.
            Err(_) | Ok(Ok(())) => {}
            Ok(Err(FileError::Slow(why))) => self.warn(&why, call),
            Ok(Err(FileError::Insecure(why) | FileError::Io(why))) => {
                self.warn(&why, call);
                if let Some(token) = fetched {
                    self.state().mark_private(token.serial);
                }
            }
        }
    }

    /// A token of the file that lasts.
    async fn load(&self, cache: &TokenCache) -> Result<Option<Arc<Token>>, FileError> {
        let entry = cache.load().await?;
        let clocks = (Instant::now(), unix_seconds());
        let token = entry.and_then(|entry| self.endpoint.token_of(&entry, clocks));
        Ok(token.and_then(|token| self.state().accept_shared(token, clocks.0)))
    }

    /// Once for a client: it will not go better with each call.
    fn warn(&self, why: &str, call: &CallContext) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let template = "token_cache cannot be used, the token stays in memory: %s";
            call.events.add(Topic::Auth, Level::Warning, template, || [why.to_owned()]);
        }
    }
}
