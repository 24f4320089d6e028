//! A token as the token endpoint grants it: what it is sent as, and when it has to be renewed.

use std::time::Duration;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use crate::auth::authorization::{secret, sensitive};
use crate::auth::token_cache::Entry;
use crate::credentials::LONGEST_SECRET;
use crate::error::Error;
use crate::http::redact::Redactor;
use crate::http::response::Response;

/// RFC 6749 recommends that the server names a lifetime; Atlas grants an hour.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);
/// A longer one is not believed; it also keeps every clock arithmetic in range.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// A token is renewed that long before it ends, or in the last tenth of a shorter life.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// An API that refuses every token costs one in that time: 30 an hour of the 100 that may live.
pub(crate) const REJECTION_COOLDOWN: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Which of the tokens that this process has had.
    pub(crate) serial: u64,
    pub(crate) value: SecretString,
    pub(crate) header: HeaderValue,
    pub(crate) secrets: Redactor,
    pub(crate) renew_at: Instant,
    pub(crate) ends_at: Instant,
    /// It replaced a rejected token and was not accepted yet: until then, a second rejection
    /// does not make it worth replacing.
    pub(crate) rejection_cooldown_until: Option<Instant>,
    /// Other processes may use it too, so that it is not for this one to end.
    pub(crate) shared: bool,
}

impl Token {
    /// The token in an answer; the message about an unusable one never quotes it.
    pub(crate) fn read(
        answer: &Response,
        asked_at: Instant,
        own_secrets: &[SecretString],
    ) -> Result<Self, Error> {
        let fields = answer.fields()?;
        let token = fields
            .get::<String>("access_token")
            .map(SecretString::from)
            .filter(|token| is_usable(token.expose_secret()))
            .ok_or_else(|| answer.invalid("it holds no fresh access_token"))?;
        let bearer = |kind: &Value| kind.as_str().is_some_and(|k| k.eq_ignore_ascii_case("bearer"));
        if fields.get("token_type").is_some_and(|kind| !bearer(&kind)) {
            return Err(answer.invalid("its token is of a type other than Bearer"));
        }
        let seconds = fields
            .get::<Value>("expires_in")
            .and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
        let lifetime = seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or(USUAL_LIFETIME, |lifetime| lifetime.min(LONGEST_LIFETIME));
        let renewal = lifetime.saturating_sub(RENEW_BEFORE.min(lifetime / 10));
        Self::new(token.expose_secret(), own_secrets, asked_at + renewal, asked_at + lifetime)
    }

    /// The token of a file, as far as it has not expired by the clock that wrote it there.
    pub(crate) fn of_entry(
        entry: &Entry,
        own_secrets: &[SecretString],
        (now, unix_now): (Instant, i64),
    ) -> Option<Self> {
        // A clock that was set back must not give it a life of years.
        let until = |time: i64| {
            let left = u64::try_from(time.saturating_sub(unix_now)).ok()?;
            Some(Duration::from_secs(left).min(LONGEST_LIFETIME)).filter(|left| !left.is_zero())
        };
        let value = Some(entry.token.expose_secret()).filter(|token| is_usable(token))?;
        let ends_at = now + until(entry.expires_at)?;
        let renew_at = until(entry.renew_at).map_or(now, |left| now + left).min(ends_at);
        let cooldown = entry.replaced_at.and_then(|time| {
            let past = u64::try_from(unix_now.saturating_sub(time)).ok()?;
            REJECTION_COOLDOWN.checked_sub(Duration::from_secs(past))
        });
        Some(Self {
            rejection_cooldown_until: cooldown.map(|left| now + left),
            shared: true,
            ..Self::new(value, own_secrets, renew_at, ends_at).ok()?
        })
    }

    /// The entry of a file for a token that has just been fetched.
    pub(crate) fn entry(&self, (now, unix_now): (Instant, i64)) -> Entry {
        let after = |time: Instant| {
            let left = time.saturating_duration_since(now).as_secs();
            unix_now.saturating_add(i64::try_from(left).unwrap_or(i64::MAX))
        };
        Entry {
            token: self.value.clone(),
            renew_at: after(self.renew_at),
            expires_at: after(self.ends_at),
            replaced_at: self.rejection_cooldown_until.map(|_| unix_now),
        }
    }

    fn new(
        token: &str,
        own_secrets: &[SecretString],
        renew_at: Instant,
        ends_at: Instant,
    ) -> Result<Self, Error> {
        let value = secret([token]);
        let secrets = own_secrets.iter().cloned().chain([value.clone()]);
        Ok(Self {
            serial: 0,
            header: sensitive(["Bearer ", token])?,
            secrets: Redactor::new(secrets),
            renew_at,
            ends_at,
            rejection_cooldown_until: None,
            shared: false,
            value,
        })
    }

    pub(crate) fn is(&self, value: &SecretString) -> bool {
        self.value.expose_secret() == value.expose_secret()
    }
}

/// Whether it can be sent in a header.
fn is_usable(token: &str) -> bool {
    (1..=LONGEST_SECRET).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}
