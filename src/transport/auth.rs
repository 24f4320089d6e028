//! What a request is authenticated with, and what to do when the server refuses it.

pub(super) mod digest;
mod key;
pub(super) mod oauth;
pub(super) mod token_cache;

use bytes::Bytes;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use self::digest::Session;
use self::key::Key;
use self::oauth::ServiceAccount;
use super::answer::Answer;
use super::call::Call;
use super::connection::{Connection, Target};
use super::secrets::Secrets;
use crate::credentials::Credentials;
use crate::error::Error;

/// Which kind of credentials, for hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    ServiceAccount,
    ApiKey,
    AccessToken,
}

/// The state of one credential: its token or its nonces, shared by concurrent calls.
#[derive(Debug)]
pub struct Auth(State);

#[derive(Debug)]
enum State {
    ServiceAccount(ServiceAccount),
    ApiKey(Key),
    AccessToken { header: HeaderValue, secrets: Secrets },
}

/// The right to send one request.
#[derive(Debug)]
pub(super) struct Grant {
    scheme: Scheme,
    header: Option<HeaderValue>,
    secrets: Secrets,
    proof: Proof,
}

/// What the header was made from, to renew or to keep it afterwards.
#[derive(Debug)]
enum Proof {
    /// The token with this serial number.
    Token(u64),
    /// A nonce that no other request in flight uses; none before the first challenge.
    Nonce(Option<Session>),
    /// Something that cannot be renewed here.
    Fixed,
}

/// What a refused call tries again with.
pub(super) enum Fresh {
    /// The next token, which is fetched.
    Token,
    /// The nonce that came with the refusal.
    Nonce(Session),
}

impl Grant {
    pub(super) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

impl Auth {
    /// Begins with a credential; nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it cannot be written as a header.
    pub fn new(credentials: &Credentials) -> Result<Self, Error> {
        Ok(Self(match credentials {
            Credentials::ServiceAccount { client_id, client_secret } => {
                State::ServiceAccount(ServiceAccount::new(client_id, client_secret)?)
            }
            Credentials::ApiKey { public_key, private_key } => {
                State::ApiKey(Key::new(public_key, private_key))
            }
            Credentials::AccessToken(token) => State::AccessToken {
                header: sensitive(["Bearer ", token.expose_secret()])?,
                secrets: Secrets::new([token.clone()]),
            },
        }))
    }

    /// Gets what the request needs; fetches a token if there is none that lasts.
    ///
    /// `fresh` is what the same call was just challenged with.
    pub(super) async fn grant(
        &self,
        fresh: Option<Fresh>,
        connection: &Connection,
        target: &Target,
        call: &Call,
    ) -> Result<Grant, Error> {
        match &self.0 {
            State::ServiceAccount(account) => account.grant(connection, call).await,
            State::ApiKey(key) => match fresh {
                Some(Fresh::Nonce(session)) => key.grant(Some(session), target),
                Some(Fresh::Token) | None => key.grant(key.idle_session(), target),
            },
            State::AccessToken { header, secrets } => Ok(Grant {
                scheme: Scheme::AccessToken,
                header: Some(header.clone()),
                secrets: secrets.clone(),
                proof: Proof::Fixed,
            }),
        }
    }

    /// Takes back what a request that was not refused can leave to the next one.
    pub(super) fn keep(&self, grant: Grant, answer: &Answer) {
        let is_accepted = answer.accepts(&grant);
        match (&self.0, grant.proof) {
            (State::ApiKey(key), Proof::Nonce(Some(session))) => key.put_back(session),
            (State::ServiceAccount(account), Proof::Token(serial)) if is_accepted => {
                account.approve(serial);
            }
            (_, _) => {}
        }
    }

    /// After a refusal that another try follows: what it can be made from, if that would differ.
    pub(super) fn renew(&self, grant: Grant, answer: &Answer) -> Option<Fresh> {
        match (&self.0, grant.proof) {
            (State::ServiceAccount(account), Proof::Token(serial)) => {
                account.replace(serial).then_some(Fresh::Token)
            }
            (State::ApiKey(_), Proof::Nonce(used)) => {
                key::challenged(used.as_ref(), answer).map(Fresh::Nonce)
            }
            (_, _) => None,
        }
    }

    /// Whether `close` has ended the token.
    pub(super) fn is_closed(&self) -> bool {
        matches!(&self.0, State::ServiceAccount(account) if account.is_closed())
    }

    pub(super) async fn close(&self, connection: &Connection, call: &Call) {
        if let State::ServiceAccount(account) = &self.0 {
            account.revoke(connection, call).await;
        }
    }
}

/// A header value that no log and no `Debug` shows, wiped when the last copy of it goes.
fn sensitive<const N: usize>(parts: [&str; N]) -> Result<HeaderValue, Error> {
    let text = Zeroizing::new(parts.concat().into_bytes());
    let is_visible = text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok();
    let mut value = value.filter(|_| is_visible).ok_or_else(|| {
        Error::Configuration("the credentials cannot be written as a header".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Random numbers for nonces and jitter, seeded by the system.
pub(crate) fn random() -> fastrand::Rng {
    fastrand::Rng::new()
}

/// A secret that is made of others, written in one place.
fn secret<const N: usize>(parts: [&str; N]) -> SecretString {
    SecretString::from(parts.concat())
}
