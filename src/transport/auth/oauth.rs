//! A service account: one token, fetched once for all calls, renewed before it ends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use super::{Grant, Proof, Scheme, Secrets, secret, sensitive};
use crate::error::Error;
use crate::transport::answer::Answer;
use crate::transport::call::Call;
use crate::transport::connection::{Connection, Target};
use crate::transport::lost::Fate;
use crate::transport::retry::Again;

const TOKEN_PATH: &str = "/api/oauth/token";
const REVOKE_PATH: &str = "/api/oauth/revoke";
/// RFC 6749 recommends that the server names a lifetime; Atlas grants an hour.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);
/// A token is renewed that long before it ends, or in the last tenth of a shorter life.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// After a renewal that failed while the token was still good.
const RENEW_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct ServiceAccount {
    basic: HeaderValue,
    /// What must not come back from the token endpoint: the secret, and the header it went in.
    own_secrets: Vec<SecretString>,
    /// Held while a token is fetched, so that concurrent first calls fetch one.
    fetching: tokio::sync::Mutex<()>,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    token: Option<Arc<Token>>,
    /// How many fetches have ended.
    fetches: u64,
    /// The last one that failed: which, and how.
    failure: Option<(u64, Error)>,
    closed: bool,
}

#[derive(Debug, Clone)]
struct Token {
    /// Which fetch brought it.
    serial: u64,
    value: SecretString,
    header: HeaderValue,
    secrets: Secrets,
    renew_at: Instant,
    ends_at: Instant,
}

impl ServiceAccount {
    pub(super) fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, Error> {
        let pair = secret(format!("{client_id}:{}", client_secret.expose_secret()));
        let encoded = secret(STANDARD.encode(pair.expose_secret()));
        Ok(Self {
            basic: sensitive(&format!("Basic {}", encoded.expose_secret()))?,
            own_secrets: vec![client_secret.clone(), encoded],
            fetching: tokio::sync::Mutex::default(),
            shared: Mutex::default(),
        })
    }

    pub(super) async fn grant(&self, connection: &Connection, call: &Call) -> Result<Grant, Error> {
        let token = match self.usable() {
            Some(token) => token,
            None => self.fetch_once(connection, call).await?,
        };
        Ok(Grant {
            scheme: Scheme::ServiceAccount,
            header: Some(token.header.clone()),
            secrets: token.secrets.clone(),
            proof: Proof::Token(token.serial),
        })
    }

    /// Drops a token that the API refused, unless another one has taken its place.
    pub(super) fn forget(&self, serial: u64) {
        let mut shared = self.shared();
        if shared.token.as_ref().is_some_and(|token| token.serial == serial) {
            shared.token = None;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared().closed
    }

    pub(super) async fn revoke(&self, connection: &Connection, call: &Call) {
        let token = {
            let mut shared = self.shared();
            shared.closed = true;
            shared.token.take()
        };
        if let Some(token) = token {
            self.revoke_token(&token, connection, call).await;
        }
    }

    async fn revoke_token(&self, token: &Token, connection: &Connection, call: &Call) {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token.value.expose_secret())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let target = Target::form(connection, REVOKE_PATH, form);
        let grant = self.basic([token.value.clone()]);
        // Best effort: a token that stays ends by itself within the hour.
        let _ = connection.exchange(&target, &grant, 1, call).await;
    }

    /// The right to ask the token endpoint.
    fn basic(&self, more_secrets: impl IntoIterator<Item = SecretString>) -> Grant {
        let secrets = self.own_secrets.iter().cloned().chain(more_secrets);
        Grant {
            scheme: Scheme::ServiceAccount,
            header: Some(self.basic.clone()),
            secrets: Secrets::new(secrets),
            proof: Proof::Fixed,
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Option<Arc<Token>> {
        self.shared().token.clone().filter(|token| Instant::now() < token.renew_at)
    }

    /// A token that should be renewed, but is still good.
    fn living(&self) -> Option<Arc<Token>> {
        self.shared().token.clone().filter(|token| Instant::now() < token.ends_at)
    }

    /// Fetches a token, or waits for the call that is fetching one and shares what it got.
    async fn fetch_once(&self, connection: &Connection, call: &Call) -> Result<Arc<Token>, Error> {
        let line = connection.line(&http::Method::POST, TOKEN_PATH);
        let fetches_before = self.shared().fetches;
        let waiting = call.until_deadline(&line, "waiting for a token", self.fetching.lock()).await;
        let _guard = waiting.map_err(Error::Timeout)?;
        if let Some(token) = self.usable() {
            return Ok(token);
        }
        {
            let shared = self.shared();
            if shared.closed {
                return Err(Error::ClientClosed);
            }
            // A failure that came while this call was waiting is its failure too.
            if let Some((_, error)) =
                shared.failure.as_ref().filter(|(fetch, _)| *fetch > fetches_before)
            {
                return Err(error.clone());
            }
        }
        let living = self.living();
        let retries = if living.is_some() { 0 } else { connection.config().max_retries };
        let result = self.fetch(connection, retries, call).await;
        let fetched = self.settle(result, living);
        if let Ok(token) = &fetched
            && self.is_closed()
        {
            self.revoke_token(token, connection, call).await;
            return Err(Error::ClientClosed);
        }
        fetched
    }

    /// Keeps what a fetch ended with, for this call and for those that wait.
    fn settle(
        &self,
        result: Result<Token, Error>,
        living: Option<Arc<Token>>,
    ) -> Result<Arc<Token>, Error> {
        let mut shared = self.shared();
        shared.fetches += 1;
        let token = match (result, living) {
            (Ok(token), _) => Token { serial: shared.fetches, ..token },
            // It does for now; calls in the next seconds need not try again.
            (Err(error), Some(living)) => {
                // Unless the API has refused it meanwhile.
                if shared.token.as_ref().is_none_or(|token| token.serial != living.serial) {
                    return Err(error);
                }
                let renew_at = (Instant::now() + RENEW_AGAIN).min(living.ends_at);
                Token { renew_at, ..Token::clone(&living) }
            }
            // Another call may have more time left than this one had.
            (Err(error @ Error::Timeout(_)), None) => return Err(error),
            (Err(error), None) => {
                shared.failure = Some((shared.fetches, error.clone()));
                return Err(error);
            }
        };
        let token = Arc::new(token);
        if !shared.closed {
            shared.token = Some(Arc::clone(&token));
        }
        Ok(token)
    }

    /// Asks for a token; that is safe to repeat.
    async fn fetch(
        &self,
        connection: &Connection,
        max_retries: u32,
        call: &Call,
    ) -> Result<Token, Error> {
        let form = "grant_type=client_credentials".to_owned();
        let target = Target::form(connection, TOKEN_PATH, form);
        let grant = self.basic([]);
        let mut retries = connection.retries(max_retries);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let asked_at = Instant::now();
            let (error, again) = match connection.exchange(&target, &grant, attempt, call).await {
                Ok(answer) => match answer.status() {
                    200 => {
                        let token = self.read(&answer, asked_at);
                        if token.is_ok() {
                            retries.succeeded();
                        }
                        return token.map_err(|error| error.after(call.effort_of(attempt)));
                    }
                    408 | 429 | 500..=599 => {
                        let pause = answer.requested_pause();
                        (answer.error(), Some(Again::Requested(pause)))
                    }
                    _ => (answer.error(), None),
                },
                Err(lost) => match lost.fate {
                    Fate::Barred => (lost.error, None),
                    Fate::NotSent | Fate::Unknown => (lost.error, Some(Again::Soon)),
                },
            };
            let error = error.after(call.effort_of(attempt));
            match again {
                Some(again) => retries.pause(error, again, call).await?,
                None => return Err(error),
            }
        }
    }

    /// The token in an answer; the message about an unusable one never quotes it.
    fn read(&self, answer: &Answer, asked_at: Instant) -> Result<Token, Error> {
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
        let secrets = self.own_secrets.iter().cloned().chain([value.clone()]);
        Ok(Token {
            serial: 0,
            header: sensitive(&format!("Bearer {token}"))?,
            secrets: Secrets::new(secrets),
            renew_at: asked_at + lifetime - RENEW_BEFORE.min(lifetime / 10),
            ends_at: asked_at + lifetime,
            value,
        })
    }
}
