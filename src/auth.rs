//! What a request is authenticated with, and what to do when the server refuses it.

mod api_key;
pub(crate) mod authorization;
pub(crate) mod digest;
pub(crate) mod oauth;
pub(crate) mod token_cache;

use http::HeaderValue;
use secrecy::ExposeSecret;

use crate::auth::api_key::DigestCredential;
use crate::auth::authorization::{Authorization, CredentialRef, Scheme, sensitive};
use crate::auth::digest::Session;
use crate::auth::oauth::ServiceAccount;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::http::call_context::CallContext;
use crate::http::client::{HttpClient, PreparedRequest};
use crate::http::redact::Redactor;
use crate::http::response::Response;

/// Closes inherited lock files in a forked child; they stay locked in the parent.
pub fn close_locks_after_fork() {
    token_cache::lock::close_all();
}

/// The state of one credential: its token or its nonces, shared by concurrent calls.
#[derive(Debug)]
pub struct Auth(State);

#[derive(Debug)]
enum State {
    ServiceAccount(ServiceAccount),
    ApiKey(DigestCredential),
    AccessToken { header: HeaderValue, secrets: Redactor },
}

/// The renewed credential with which a rejected request is retried.
pub(crate) enum Refreshed {
    /// The next token, which is fetched.
    Token,
    /// The nonce of the 401.
    Nonce(Session),
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
                State::ApiKey(DigestCredential::new(public_key, private_key))
            }
            Credentials::AccessToken(token) => State::AccessToken {
                header: sensitive(["Bearer ", token.expose_secret()])?,
                secrets: Redactor::new([token.clone()]),
            },
        }))
    }

    /// Gets what the request needs; fetches a token if there is none that lasts.
    ///
    /// `fresh` is what the same call was just challenged with.
    pub(crate) async fn authorize(
        &self,
        fresh: Option<Refreshed>,
        http: &HttpClient,
        request: &PreparedRequest,
        call: &CallContext,
    ) -> Result<Authorization, Error> {
        match &self.0 {
            State::ServiceAccount(account) => account.authorize(http, call).await,
            State::ApiKey(key) => match fresh {
                Some(Refreshed::Nonce(session)) => key.authorize(Some(session), request),
                Some(Refreshed::Token) | None => key.authorize(key.pop_nonce(), request),
            },
            State::AccessToken { header, secrets } => Ok(Authorization {
                scheme: Scheme::AccessToken,
                header: Some(header.clone()),
                secrets: secrets.clone(),
                credential: CredentialRef::Fixed,
            }),
        }
    }

    /// Returns the credential of an accepted request to the pool.
    pub(crate) fn release(&self, authorization: Authorization, answer: &Response) {
        let is_accepted = answer.accepts_credentials(&authorization);
        match (&self.0, authorization.credential) {
            (State::ApiKey(key), CredentialRef::Nonce(Some(session))) => key.return_nonce(session),
            (State::ServiceAccount(account), CredentialRef::Token(serial)) if is_accepted => {
                account.confirm(serial);
            }
            (_, _) => {}
        }
    }

    /// After a rejection: the renewed credential, if a retry with it can succeed.
    pub(crate) fn refresh(
        &self,
        authorization: Authorization,
        answer: &Response,
    ) -> Option<Refreshed> {
        match (&self.0, authorization.credential) {
            (State::ServiceAccount(account), CredentialRef::Token(serial)) => {
                account.replace(serial).then_some(Refreshed::Token)
            }
            (State::ApiKey(_), CredentialRef::Nonce(used)) => {
                api_key::nonce_from_401(used.as_ref(), answer).map(Refreshed::Nonce)
            }
            (_, _) => None,
        }
    }

    /// Whether `close` has ended the token.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(&self.0, State::ServiceAccount(account) if account.is_closed())
    }

    pub(crate) async fn close(&self, http: &HttpClient, call: &CallContext) {
        if let State::ServiceAccount(account) = &self.0 {
            account.revoke(http, call).await;
        }
    }
}
