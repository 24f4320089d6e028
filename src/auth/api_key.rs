//! An API key: HTTP Digest with nonces that are used again, each by one request at a time.

use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;

use crate::auth::authorization::{Authorization, CredentialRef, Scheme, random, sensitive};
use crate::auth::digest::{Challenge, Session, cnonce};
use crate::error::Error;
use crate::http::client::PreparedRequest;
use crate::http::redact::Redactor;
use crate::http::response::Response;

/// More nonces than that are not kept; one is enough for calls one after another.
const MOST_IDLE: usize = 128;

#[derive(Debug)]
pub(crate) struct DigestCredential {
    public: String,
    private: SecretString,
    idle: Mutex<Vec<Session>>,
}

impl DigestCredential {
    pub(crate) fn new(public: &str, private: &SecretString) -> Self {
        Self { public: public.to_owned(), private: private.clone(), idle: Mutex::default() }
    }

    /// A nonce that no request in flight uses.
    pub(crate) fn pop_nonce(&self) -> Option<Session> {
        self.idle().pop()
    }

    /// Uses a nonce. Without one the request goes out without a header; the 401 brings a nonce.
    pub(crate) fn authorize(
        &self,
        mut session: Option<Session>,
        request: &PreparedRequest,
    ) -> Result<Authorization, Error> {
        let sent = session.as_mut().map(|session| {
            let method = request.line.method.as_str();
            let cnonce = cnonce(&mut random());
            session.next(&self.public, &self.private, method, request.uri(), &cnonce)
        });
        let header = sent.as_deref().map(|text| sensitive([text])).transpose()?;
        let response = sent.as_deref().and_then(response).map(|text| text.to_owned().into());
        let sent = sent.map(SecretString::from);
        let secrets = [Some(self.private.clone()), sent, response];
        Ok(Authorization {
            scheme: Scheme::ApiKey,
            header,
            secrets: Redactor::new(secrets.into_iter().flatten()),
            credential: CredentialRef::Nonce(session),
        })
    }

    pub(crate) fn return_nonce(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE {
            idle.push(session);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The new nonce of a 401; `None` if the rejected nonce was fresh, because a retry would not help.
pub(crate) fn nonce_from_401(used: Option<&Session>, answer: &Response) -> Option<Session> {
    let challenge = Challenge::from_headers(answer.challenges()).ok().flatten()?;
    let worth_it = used.is_none_or(|session| challenge.stale || session.was_used_before());
    worth_it.then(|| Session::new(challenge))
}

/// The credential of knowing the key, in an `Authorization` that was sent.
fn response(authorization: &str) -> Option<&str> {
    authorization.split_once("response=\"")?.1.split('"').next()
}
