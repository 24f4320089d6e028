//! What calls share of a service account: its token, or how the last try to fetch one failed.
//!
//! Pure: the time is passed in.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::token::{REPLACE_AGAIN, Token};
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
    /// The last token that was refused.
    refused: Option<SecretString>,
    /// Whether the next one takes its place.
    replacing: bool,
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

    /// Drops a token that the API refused; false when the next one would hardly fare better.
    pub(super) fn replace(&mut self, serial: u64, now: Instant) -> bool {
        // Otherwise another call has dropped it already.
        if let Some(token) = self.token.as_ref().filter(|token| token.serial == serial) {
            if token.doubtful_until.is_some_and(|until| now < until) {
                return false;
            }
            self.refused = Some(token.value.clone());
            self.token = None;
            self.replacing = true;
        }
        true
    }

    /// Notes that the API knows a token: should it be refused later, it has ended.
    pub(super) fn approve(&mut self, serial: u64) {
        if let Some(token) = &mut self.token
            && token.serial == serial
            && token.doubtful_until.is_some()
        {
            Arc::make_mut(token).doubtful_until = None;
        }
    }

    /// Takes the token away for good.
    pub(super) fn close(&mut self) -> Option<Arc<Token>> {
        self.closed = true;
        self.token.take()
    }

    /// The last token that was refused, for files that may still hold it.
    pub(super) fn refused(&self) -> Option<&SecretString> {
        self.refused.as_ref()
    }

    /// Takes over a token that another process fetched, unless the API has refused it.
    pub(super) fn adopt(&mut self, token: Token, now: Instant) -> Option<Arc<Token>> {
        let was_refused = self.refused.as_ref().is_some_and(|refused| token.is(refused));
        let is_better = self.living(now).is_none_or(|own| {
            // What is known of it by now stays.
            !token.is(&own.value) && token.ends_at > own.ends_at
        });
        if !was_refused && is_better && !self.closed {
            self.fetches += 1;
            self.replacing = false;
            self.token = Some(Arc::new(Token { serial: self.fetches, ..token }));
        }
        self.usable(now)
    }

    /// Puts the renewal of a token that is still good off: something else does it, or it failed.
    pub(super) fn postpone(&mut self, now: Instant) -> Option<Arc<Token>> {
        let mut living = self.living(now)?;
        Arc::make_mut(&mut living).renew_at = (now + RENEW_AGAIN).min(living.ends_at);
        self.token = Some(Arc::clone(&living));
        Some(living)
    }

    /// Notes that a token did not get where other processes would find it.
    pub(super) fn unshare(&mut self, serial: u64) {
        if let Some(token) = &mut self.token
            && token.serial == serial
        {
            Arc::make_mut(token).shared = false;
        }
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
            (Ok(token), _) => {
                let doubtful_until = self.replacing.then(|| now + REPLACE_AGAIN);
                self.replacing = false;
                Token { serial: self.fetches, doubtful_until, ..token }
            }
            // It does for now; calls in the next seconds need not try again. Unless the API has
            // refused it meanwhile.
            (Err(error), Some(living)) => {
                let same = self.token.as_ref().is_some_and(|token| token.serial == living.serial);
                return if same { self.postpone(now).ok_or(error) } else { Err(error) };
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
    use crate::transport::secrets::Secrets;

    const HOUR: Duration = Duration::from_secs(3600);

    fn granted(now: Instant) -> Token {
        Token {
            serial: 0,
            value: "canary-token".into(),
            header: HeaderValue::from_static("Bearer canary-token"),
            secrets: Secrets::default(),
            renew_at: now + HOUR,
            ends_at: now + HOUR,
            doubtful_until: None,
            shared: false,
        }
    }

    fn fetch(held: &mut Held, now: Instant) -> u64 {
        held.settle(Ok(granted(now)), None, now).unwrap().serial
    }

    #[test]
    fn a_token_that_replaced_a_refused_one_is_replaced_no_more_than_every_two_minutes() {
        let (mut held, mut now) = (Held::default(), Instant::now());
        let mut serial = fetch(&mut held, now);

        let mut fetches = 1;
        for _ in 0..3600 {
            if held.replace(serial, now) {
                serial = fetch(&mut held, now);
                fetches += 1;
            }
            now += Duration::from_secs(1);
        }

        assert_eq!(fetches, 1 + 30);
    }

    #[test]
    fn a_token_that_was_accepted_is_replaced_at_once() {
        let (mut held, now) = (Held::default(), Instant::now());
        let first = fetch(&mut held, now);
        assert!(held.replace(first, now));
        let second = fetch(&mut held, now);
        assert!(!held.replace(second, now));

        held.approve(first);
        assert!(!held.replace(second, now));
        held.approve(second);

        assert!(held.replace(second, now));
        assert!(held.usable(now).is_none());
    }

    #[test]
    fn a_refusal_of_a_token_that_is_gone_drops_no_other() {
        let (mut held, now) = (Held::default(), Instant::now());
        let first = fetch(&mut held, now);
        held.replace(first, now);
        let second = fetch(&mut held, now);

        assert!(held.replace(first, now));

        assert_eq!(held.usable(now).unwrap().serial, second);
    }
}
