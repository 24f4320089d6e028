//! The token endpoint, as one service account asks it: for a token, and to end one.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::auth::authorization::{Authorization, CredentialRef, Scheme, secret, sensitive};
use crate::auth::oauth::token::Token;
use crate::auth::token_cache::Entry;
use crate::error::{Error, RequestLine};
use crate::http::call_context::CallContext;
use crate::http::client::{HttpClient, PreparedRequest};
use crate::http::events::{Level, Topic};
use crate::http::exchange_error::DeliveryStatus;
use crate::http::redact::Redactor;
use crate::policy::retry::RetryDelay;

const TOKEN_PATH: &str = "/api/oauth/token";
const REVOKE_PATH: &str = "/api/oauth/revoke";
/// Who closes a client is on the way out, and what is asked for here is a courtesy.
const LONGEST_REVOCATION: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) struct Endpoint {
    basic: HeaderValue,
    /// What must not come back from it: the secret, and the header it went in.
    own_secrets: Vec<SecretString>,
}

impl Endpoint {
    pub(crate) fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, Error> {
        let pair = secret([client_id, ":", client_secret.expose_secret()]);
        let encoded = SecretString::from(BASE64.encode(pair.expose_secret().as_bytes()));
        Ok(Self {
            basic: sensitive(["Basic ", encoded.expose_secret()])?,
            own_secrets: vec![client_secret.clone(), encoded],
        })
    }

    /// The request for a token, for messages.
    pub(crate) fn line(http: &HttpClient) -> RequestLine {
        http.line(&http::Method::POST, TOKEN_PATH)
    }

    /// The token of a file, if it lives and can be sent.
    pub(crate) fn token_of(&self, entry: &Entry, clocks: (Instant, i64)) -> Option<Token> {
        Token::of_entry(entry, &self.own_secrets, clocks)
    }

    /// Asks for a token; that is safe to repeat.
    pub(crate) async fn fetch(
        &self,
        http: &HttpClient,
        max_retries: u32,
        call: &CallContext,
    ) -> Result<Token, Error> {
        let form = "grant_type=client_credentials";
        let request = PreparedRequest::form(http, TOKEN_PATH, Bytes::from_static(form.as_bytes()));
        let authorization = self.authorization([]);
        let mut retries = http.retries(max_retries);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let asked_at = Instant::now();
            let (error, again) = match http.exchange(&request, &authorization, attempt, call).await
            {
                Ok(answer) => match answer.status() {
                    200 => {
                        let token = Token::read(&answer, asked_at, &self.own_secrets);
                        if token.is_ok() {
                            retries.succeeded();
                        }
                        return token.map_err(|error| error.after(call.attempts_of(attempt)));
                    }
                    408 | 429 | 500..=599 => {
                        let pause = answer.retry_after_delay();
                        (answer.error(), Some(RetryDelay::RetryAfter(pause)))
                    }
                    _ => (answer.error(), None),
                },
                Err(failed) => match failed.delivery {
                    DeliveryStatus::Permanent => (failed.error, None),
                    DeliveryStatus::NotSent | DeliveryStatus::Ambiguous => {
                        (failed.error, Some(RetryDelay::Backoff))
                    }
                },
            };
            let error = error.after(call.attempts_of(attempt));
            match again {
                Some(again) => retries.pause(error, again, call).await?,
                None => return Err(error),
            }
        }
    }

    /// Ends a token, best effort: one that stays ends by itself within the hour.
    pub(crate) async fn revoke(&self, token: &Token, http: &HttpClient, call: &CallContext) {
        // Each byte takes up to three: written in one place, it leaves no copy behind.
        let capacity = 64 + 3 * token.value.expose_secret().len();
        let form = form_urlencoded::Serializer::new(String::with_capacity(capacity))
            .append_pair("token", token.value.expose_secret())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let form = Bytes::from_owner(Zeroizing::new(form.into_bytes()));
        let request = PreparedRequest::form(http, REVOKE_PATH, form);
        let authorization = self.authorization([token.value.clone()]);
        let exchange = http.exchange(&request, &authorization, 1, call);
        if tokio::time::timeout(LONGEST_REVOCATION, exchange).await.is_err() {
            let template = "%s: given up after %s s; the token ends by itself";
            call.events.add(Topic::Auth, Level::Debug, template, || {
                [request.line.to_string(), LONGEST_REVOCATION.as_secs_f64().to_string()]
            });
        }
    }

    fn authorization(&self, more_secrets: impl IntoIterator<Item = SecretString>) -> Authorization {
        let secrets = self.own_secrets.iter().cloned().chain(more_secrets);
        Authorization {
            scheme: Scheme::ServiceAccount,
            header: Some(self.basic.clone()),
            secrets: Redactor::new(secrets),
            credential: CredentialRef::Fixed,
        }
    }
}
