//! A service account: one token, fetched once for all calls, renewed before it ends.

mod endpoint;
mod held;
mod sharing;
pub(in crate::transport) mod token;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use tokio::time::Instant;

use self::endpoint::Endpoint;
use self::held::Held;
use self::sharing::Found;
use self::token::Token;
use super::token_cache::Turn;
use super::{Grant, Proof, Scheme};
use crate::error::Error;
use crate::transport::call::Call;
use crate::transport::connection::Connection;

#[derive(Debug)]
pub(super) struct ServiceAccount {
    client_id: String,
    endpoint: Endpoint,
    /// Held while a token is fetched, so that concurrent first calls fetch one.
    fetching: tokio::sync::Mutex<()>,
    held: Mutex<Held>,
    /// Held by the thread that works on the file of tokens.
    turn: Turn,
    /// Whether it was said that the file of tokens cannot be used.
    warned: AtomicBool,
}

impl ServiceAccount {
    pub(super) fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, Error> {
        Ok(Self {
            client_id: client_id.to_owned(),
            endpoint: Endpoint::new(client_id, client_secret)?,
            fetching: tokio::sync::Mutex::default(),
            held: Mutex::default(),
            turn: Turn::default(),
            warned: AtomicBool::new(false),
        })
    }

    pub(super) async fn grant(&self, connection: &Connection, call: &Call) -> Result<Grant, Error> {
        let usable = self.held().usable(Instant::now());
        let token = match usable {
            Some(token) => token,
            // Boxed, because it is large and rare.
            None => Box::pin(self.fetch_once(connection, call)).await?,
        };
        Ok(Grant {
            scheme: Scheme::ServiceAccount,
            header: Some(token.header.clone()),
            secrets: token.secrets.clone(),
            proof: Proof::Token(token.serial),
        })
    }

    /// Drops a token that the API refused; false when the next one would hardly fare better.
    ///
    /// It is not revoked: nearly always it has ended, and `Held` lets few be replaced that have not.
    pub(super) fn replace(&self, serial: u64) -> bool {
        self.held().replace(serial, Instant::now())
    }

    /// Hears that the API knows a token.
    pub(super) fn approve(&self, serial: u64) {
        self.held().approve(serial);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.held().is_closed()
    }

    pub(super) async fn revoke(&self, connection: &Connection, call: &Call) {
        let token = self.held().close();
        if let Some(token) = token.filter(|token| !token.shared) {
            self.endpoint.revoke(&token, connection, call).await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a token, or waits for the call that is fetching one and shares what it got.
    async fn fetch_once(&self, connection: &Connection, call: &Call) -> Result<Arc<Token>, Error> {
        let line = Endpoint::line(connection);
        let fetches_before = self.held().fetches();
        let waiting = call.until_deadline(&line, "waiting for a token", self.fetching.lock()).await;
        let _guard = waiting.map_err(Error::Timeout)?;
        {
            let held = self.held();
            if let Some(token) = held.usable(Instant::now()) {
                return Ok(token);
            }
            if held.is_closed() {
                return Err(Error::ClientClosed);
            }
            // A failure that came while this call was waiting is its failure too.
            if let Some(error) = held.failure_after(fetches_before) {
                return Err(error);
            }
        }
        let task = match self.find(connection, call).await? {
            Found::Token(token) => return Ok(token),
            Found::Task(cache, lock) => Some((cache, lock)),
            Found::Nothing => None,
        };
        let living = self.held().living(Instant::now());
        let retries = if living.is_some() { 0 } else { connection.config().max_retries };
        let result = self.endpoint.fetch(connection, retries, call).await;
        let result = result.map(|token| Token { shared: task.is_some(), ..token });
        let is_new = result.is_ok();
        let fetched = self.held().settle(result, living, Instant::now());
        if let Some((cache, lock)) = task {
            let token = fetched.as_deref().ok().filter(|_| is_new);
            self.leave(&cache, lock, token, call).await;
        }
        if let Ok(token) = &fetched
            && self.is_closed()
        {
            if !token.shared {
                self.endpoint.revoke(token, connection, call).await;
            }
            return Err(Error::ClientClosed);
        }
        fetched
    }
}
