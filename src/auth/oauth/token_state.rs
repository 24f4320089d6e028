//! What calls share of a service account: its token, or how the last try to fetch one failed.
//!
//! Pure: the time is passed in.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::auth::oauth::token::{REJECTION_COOLDOWN, Token};
use crate::error::Error;

/// After a renewal that failed while the token was still good.
const RENEW_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct TokenState {
    token: Option<Arc<Token>>,
    /// How many fetches have ended.
    fetches: u64,
    /// The last one that failed: which, and how.
    failure: Option<(u64, Error)>,
    /// The last rejected token.
    rejected: Option<SecretString>,
    /// Whether the next one takes its place.
    replacing: bool,
    closed: bool,
}

impl TokenState {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn fetches(&self) -> u64 {
        self.fetches
    }

    /// A token that lasts.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Arc<Token>> {
        self.token.clone().filter(|token| now < token.renew_at)
    }

    /// A token that should be renewed, but is still good.
    pub(crate) fn unexpired(&self, now: Instant) -> Option<Arc<Token>> {
        self.token.clone().filter(|token| now < token.ends_at)
    }

    /// How a fetch failed that ended after so many others.
    pub(crate) fn failure_after(&self, fetches: u64) -> Option<Error> {
        self.failure.as_ref().filter(|(fetch, _)| *fetch > fetches).map(|(_, error)| error.clone())
    }

    /// Drops a token that the API rejected; false during the cooldown after a rejected replacement.
    pub(crate) fn replace(&mut self, serial: u64, now: Instant) -> bool {
        // Otherwise another call has dropped it already.
        if let Some(token) = self.token.as_ref().filter(|token| token.serial == serial) {
            if token.rejection_cooldown_until.is_some_and(|until| now < until) {
                return false;
            }
            self.rejected = Some(token.value.clone());
            self.token = None;
            self.replacing = true;
        }
        true
    }

    /// Records that the API accepted a token: a later rejection means that it expired.
    pub(crate) fn confirm(&mut self, serial: u64) {
        if let Some(token) = &mut self.token
            && token.serial == serial
            && token.rejection_cooldown_until.is_some()
        {
            Arc::make_mut(token).rejection_cooldown_until = None;
        }
    }

    /// Takes the token away for good.
    pub(crate) fn close(&mut self) -> Option<Arc<Token>> {
        self.closed = true;
        self.token.take()
    }

    /// The last rejected token, to remove it from the token cache.
    pub(crate) fn rejected(&self) -> Option<&SecretString> {
        self.rejected.as_ref()
    }

    /// Accepts a token that another process fetched, unless the API rejected it.
    pub(crate) fn accept_shared(&mut self, token: Token, now: Instant) -> Option<Arc<Token>> {
        let was_rejected = self.rejected.as_ref().is_some_and(|rejected| token.is(rejected));
        let is_better = self.unexpired(now).is_none_or(|own| {
            // What is known of it by now stays.
            !token.is(&own.value) && token.ends_at > own.ends_at
        });
        if !was_rejected && is_better && !self.closed {
            self.fetches += 1;
            self.replacing = false;
            self.token = Some(Arc::new(Token { serial: self.fetches, ..token }));
        }
        self.fresh(now)
    }

    /// Puts the renewal of a token that is still good off: something else does it, or it failed.
    pub(crate) fn defer_refresh(&mut self, now: Instant) -> Option<Arc<Token>> {
        let mut unexpired = self.unexpired(now)?;
        Arc::make_mut(&mut unexpired).renew_at = (now + RENEW_AGAIN).min(unexpired.ends_at);
        self.token = Some(Arc::clone(&unexpired));
        Some(unexpired)
    }

    /// Notes that a token did not get where other processes would find it.
    pub(crate) fn mark_private(&mut self, serial: u64) {
        if let Some(token) = &mut self.token
            && token.serial == serial
        {
            Arc::make_mut(token).shared = false;
        }
    }

    /// Keeps what a fetch ended with, for this call and for those that wait.
    pub(crate) fn finish_fetch(
        &mut self,
        result: Result<Token, Error>,
        unexpired: Option<Arc<Token>>,
        now: Instant,
    ) -> Result<Arc<Token>, Error> {
        self.fetches += 1;
        let token = match (result, unexpired) {
            (Ok(token), _) => {
                let rejection_cooldown_until = self.replacing.then(|| now + REJECTION_COOLDOWN);
                self.replacing = false;
                Token { serial: self.fetches, rejection_cooldown_until, ..token }
            }
            // It does for now; calls in the next seconds need not try again. Unless the API has
            // rejected it meanwhile.
            (Err(error), Some(unexpired)) => {
                let same =
                    self.token.as_ref().is_some_and(|token| token.serial == unexpired.serial);
                return if same { self.defer_refresh(now).ok_or(error) } else { Err(error) };
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::http::redact::Redactor;

    const HOUR: Duration = Duration::from_secs(3600);

    fn granted(now: Instant) -> Token {
        Token {
            serial: 0,
            value: "canary-token".into(),
            header: HeaderValue::from_static("Bearer canary-token"),
            secrets: Redactor::default(),
            renew_at: now + HOUR,
            ends_at: now + HOUR,
            rejection_cooldown_until: None,
            shared: false,
        }
    }

    fn fetch(state: &mut TokenState, now: Instant) -> u64 {
        state.finish_fetch(Ok(granted(now)), None, now).unwrap().serial
    }

    #[test]
    fn a_token_that_replaced_a_refused_one_is_replaced_no_more_than_every_two_minutes() {
        let (mut state, mut now) = (TokenState::default(), Instant::now());
        let mut serial = fetch(&mut state, now);

        let mut fetches = 1;
        for _ in 0..3600 {
            if state.replace(serial, now) {
                serial = fetch(&mut state, now);
                fetches += 1;
            }
            now += Duration::from_secs(1);
        }

        assert_eq!(fetches, 1 + 30);
    }

    #[test]
    fn a_token_that_was_accepted_is_replaced_at_once() {
        let (mut state, now) = (TokenState::default(), Instant::now());
        let first = fetch(&mut state, now);
        assert!(state.replace(first, now));
        let second = fetch(&mut state, now);
        assert!(!state.replace(second, now));

        state.confirm(first);
        assert!(!state.replace(second, now));
        state.confirm(second);

        assert!(state.replace(second, now));
        assert!(state.fresh(now).is_none());
    }

    #[test]
    fn a_refusal_of_a_token_that_is_gone_drops_no_other() {
        let (mut state, now) = (TokenState::default(), Instant::now());
        let first = fetch(&mut state, now);
        state.replace(first, now);
        let second = fetch(&mut state, now);

        assert!(state.replace(first, now));

        assert_eq!(state.fresh(now).unwrap().serial, second);
    }
}
