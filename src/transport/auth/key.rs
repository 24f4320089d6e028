//! An API key: HTTP Digest with nonces that are used again, each by one request at a time.

use std::sync::{Mutex, PoisonError};

use secrecy::SecretString;

use super::digest::{Challenge, Session, cnonce};
use super::{Grant, Proof, Scheme, Secrets, random, sensitive};
use crate::error::Error;
use crate::transport::answer::Answer;
use crate::transport::connection::Target;

/// More nonces than that are not kept; one is enough for calls one after another.
const MOST_IDLE: usize = 128;

#[derive(Debug)]
pub(super) struct Key {
    public: String,
    private: SecretString,
    idle: Mutex<Vec<Session>>,
}

impl Key {
    pub(super) fn new(public: &str, private: &SecretString) -> Self {
        Self { public: public.to_owned(), private: private.clone(), idle: Mutex::default() }
    }

    /// A nonce that no request in flight uses.
    pub(super) fn idle_session(&self) -> Option<Session> {
        self.idle().pop()
    }

    /// Uses a nonce; without one the request goes out bare, to be challenged.
    pub(super) fn grant(
        &self,
        mut session: Option<Session>,
        target: &Target,
    ) -> Result<Grant, Error> {
        let sent = session.as_mut().map(|session| {
            let method = target.line.method.as_str();
            let cnonce = cnonce(&mut random());
            session.next(&self.public, &self.private, method, target.uri(), &cnonce)
        });
        let header = sent.as_deref().map(|text| sensitive([text])).transpose()?;
        let response = sent.as_deref().and_then(response).map(|text| text.to_owned().into());
        let sent = sent.map(SecretString::from);
        let secrets = [Some(self.private.clone()), sent, response];
        Ok(Grant {
            scheme: Scheme::ApiKey,
            header,
            secrets: Secrets::new(secrets.into_iter().flatten()),
            proof: Proof::Nonce(session),
        })
    }

    pub(super) fn put_back(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE {
            idle.push(session);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The new nonce of a 401; that a fresh one was refused is no reason to try again.
pub(super) fn challenged(used: Option<&Session>, answer: &Answer) -> Option<Session> {
    let challenge = Challenge::from_headers(answer.challenges()).ok().flatten()?;
    let worth_it = used.is_none_or(|session| challenge.stale || session.was_used_before());
    worth_it.then(|| Session::new(challenge))
}

/// The proof of knowing the key, in an `Authorization` that was sent.
fn response(authorization: &str) -> Option<&str> {
    authorization.split_once("response=\"")?.1.split('"').next()
}
