//! The token endpoint, as one service account asks it: for a token, and to end one.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::super::token_cache::Entry;
use super::super::{Grant, Proof, Scheme, Secrets, secret, sensitive};
use super::token::Token;
use crate::error::{Error, RequestLine};
use crate::transport::call::Call;
use crate::transport::connection::{Connection, Target};
use crate::transport::events::Level;
use crate::transport::lost::Fate;
use crate::transport::retry::Again;

const TOKEN_PATH: &str = "/api/oauth/token";
const REVOKE_PATH: &str = "/api/oauth/revoke";
/// Who closes a client is on the way out, and what is asked for here is a courtesy.
const LONGEST_REVOCATION: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Endpoint {
    basic: HeaderValue,
    /// What must not come back from it: the secret, and the header it went in.
    own_secrets: Vec<SecretString>,
}

impl Endpoint {
    pub(super) fn new(client_id: &str, client_secret: &SecretString) -> Result<Self, Error> {
        let pair = secret([client_id, ":", client_secret.expose_secret()]);
        let encoded = SecretString::from(BASE64.encode(pair.expose_secret().as_bytes()));
        Ok(Self {
            basic: sensitive(["Basic ", encoded.expose_secret()])?,
            own_secrets: vec![client_secret.clone(), encoded],
        })
    }

    /// The request for a token, for messages.
    pub(super) fn line(connection: &Connection) -> RequestLine {
        connection.line(&http::Method::POST, TOKEN_PATH)
    }

    /// The token of a file, if it lives and can be sent.
    pub(super) fn token_of(&self, entry: &Entry, clocks: (Instant, i64)) -> Option<Token> {
        Token::of_entry(entry, &self.own_secrets, clocks)
    }

    /// Asks for a token; that is safe to repeat.
    pub(super) async fn fetch(
        &self,
        connection: &Connection,
        max_retries: u32,
        call: &Call,
    ) -> Result<Token, Error> {
        let form = "grant_type=client_credentials";
        let target = Target::form(connection, TOKEN_PATH, Bytes::from_static(form.as_bytes()));
        let grant = self.grant([]);
        let mut retries = connection.retries(max_retries);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let asked_at = Instant::now();
            let (error, again) = match connection.exchange(&target, &grant, attempt, call).await {
                Ok(answer) => match answer.status() {
                    200 => {
                        let token = Token::read(&answer, asked_at, &self.own_secrets);
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

    /// Ends a token, best effort: one that stays ends by itself within the hour.
    pub(super) async fn revoke(&self, token: &Token, connection: &Connection, call: &Call) {
        // Each byte takes up to three: written in one place, it leaves no copy behind.
        let room = 64 + 3 * token.value.expose_secret().len();
        let form = form_urlencoded::Serializer::new(String::with_capacity(room))
            .append_pair("token", token.value.expose_secret())
            .append_pair("token_type_hint", "access_token")
            .finish();
        let form = Bytes::from_owner(Zeroizing::new(form.into_bytes()));
        let target = Target::form(connection, REVOKE_PATH, form);
        let grant = self.grant([token.value.clone()]);
        let exchange = connection.exchange(&target, &grant, 1, call);
        if tokio::time::timeout(LONGEST_REVOCATION, exchange).await.is_err() {
            call.events.add(Level::Debug, || {
                let seconds = LONGEST_REVOCATION.as_secs();
                format!("{}: given up after {seconds} s; the token ends by itself", target.line)
            });
        }
    }

    fn grant(&self, more_secrets: impl IntoIterator<Item = SecretString>) -> Grant {
        let secrets = self.own_secrets.iter().cloned().chain(more_secrets);
        Grant {
            scheme: Scheme::ServiceAccount,
            header: Some(self.basic.clone()),
            secrets: Secrets::new(secrets),
            proof: Proof::Fixed,
        }
    }
}
