//! A token as the token endpoint grants it: what it is sent as, and when it has to be renewed.

use std::time::Duration;

use http::HeaderValue;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use super::super::{Secrets, secret, sensitive};
use crate::error::Error;
use crate::transport::answer::Answer;

/// RFC 6749 recommends that the server names a lifetime; Atlas grants an hour.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);
/// A token is renewed that long before it ends, or in the last tenth of a shorter life.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Which of the tokens that this process has had.
    pub(super) serial: u64,
    pub(super) value: SecretString,
    pub(super) header: HeaderValue,
    pub(super) secrets: Secrets,
    pub(super) renew_at: Instant,
    pub(super) ends_at: Instant,
    /// It took the place of a refused one and was not accepted yet: until then, being refused too
    /// does not make it worth replacing.
    pub(super) doubtful_until: Option<Instant>,
}

impl Token {
    /// The token in an answer; the message about an unusable one never quotes it.
    pub(super) fn read(
        answer: &Answer,
        asked_at: Instant,
        own_secrets: &[SecretString],
    ) -> Result<Self, Error> {
        let object = answer.object()?;
        let usable =
            |token: &&str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let token = object
            .get("access_token")
            .and_then(Value::as_str)
            .filter(usable)
            .ok_or_else(|| answer.invalid("it holds no usable access_token"))?;
        let bearer = |kind: &Value| kind.as_str().is_some_and(|k| k.eq_ignore_ascii_case("bearer"));
        if object.get("token_type").is_some_and(|kind| !bearer(kind)) {
            return Err(answer.invalid("its token is of a type other than Bearer"));
        }
        let seconds = object
            .get("expires_in")
            .and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
        let lifetime = seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or(USUAL_LIFETIME, |lifetime| lifetime.min(USUAL_LIFETIME * 24));
        let value = secret(token.to_owned());
        let secrets = own_secrets.iter().cloned().chain([value.clone()]);
        Ok(Self {
            serial: 0,
            header: sensitive(&format!("Bearer {token}"))?,
            secrets: Secrets::new(secrets),
            renew_at: asked_at + lifetime - RENEW_BEFORE.min(lifetime / 10),
            ends_at: asked_at + lifetime,
            doubtful_until: None,
            value,
        })
    }
}
