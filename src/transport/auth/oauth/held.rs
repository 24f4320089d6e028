//! What calls share of a service account: its token, or how the last try to fetch one failed.
//!
//! Pure: the time is passed in.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::token::Token;
use crate::error::Error;

/// After a renewal that failed while the token was still good.
const RENEW_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Held {
    token: Option<Arc<Token>>,
    /// How many fetches have ended.
    fetches: u64,
    /// The last one that failed: which, and how.
    failure: Option<(u64, Error)>,
    closed: bool,
}

impl Held {
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn fetches(&self) -> u64 {
        self.fetches
    }

    /// A token that lasts.
    pub(super) fn usable(&self, now: Instant) -> Option<Arc<Token>> {
        self.token.clone().filter(|token| now < token.renew_at)
    }

    /// A token that should be renewed, but is still good.
    pub(super) fn living(&self, now: Instant) -> Option<Arc<Token>> {
        self.token.clone().filter(|token| now < token.ends_at)
    }

    /// How a fetch failed that ended after so many others.
    pub(super) fn failure_after(&self, fetches: u64) -> Option<Error> {
        self.failure.as_ref().filter(|(fetch, _)| *fetch > fetches).map(|(_, error)| error.clone())
    }

    /// Drops a token that the API refused, unless another one has taken its place.
    pub(super) fn forget(&mut self, serial: u64) {
        if self.token.as_ref().is_some_and(|token| token.serial == serial) {
            self.token = None;
        }
    }

    /// Takes the token away for good.
    pub(super) fn close(&mut self) -> Option<Arc<Token>> {
        self.closed = true;
        self.token.take()
    }

    /// Keeps what a fetch ended with, for this call and for those that wait.
    pub(super) fn settle(
        &mut self,
        result: Result<Token, Error>,
        living: Option<Arc<Token>>,
        now: Instant,
    ) -> Result<Arc<Token>, Error> {
        self.fetches += 1;
        let token = match (result, living) {
            (Ok(token), _) => Token { serial: self.fetches, ..token },
            // It does for now; calls in the next seconds need not try again.
            (Err(error), Some(living)) => {
                // Unless the API has refused it meanwhile.
                if self.token.as_ref().is_none_or(|token| token.serial != living.serial) {
                    return Err(error);
                }
                let renew_at = (now + RENEW_AGAIN).min(living.ends_at);
                Token { renew_at, ..Token::clone(&living) }
            }
            // Another call may have more time left than this one had.
            (Err(error @ Error::Timeout(_)), None) => return Err(error),
            (Err(error), None) => {
                self.failure = Some((self.fetches, error.clone()));
                return Err(error);
            }
        };
        let token = Arc::new(token);
        if !self.closed {
            self.token = Some(Arc::clone(&token));
        }
        Ok(token)
    }
}
