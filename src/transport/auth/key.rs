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
    secrets: Secrets,
    idle: Mutex<Vec<Session>>,
}

impl Key {
    pub(super) fn new(public: &str, private: &SecretString) -> Self {
        Self {
            public: public.to_owned(),
            private: private.clone(),
            secrets: Secrets::new([private.clone()]),
            idle: Mutex::default(),
        }
    }

    /// Uses an idle nonce; without one the request goes out bare, to be challenged.
    pub(super) fn grant(&self, target: &Target) -> Result<Grant, Error> {
        let mut session = self.idle().pop();
        let header = session.as_mut().map(|session| {
            let method = target.line.method.as_str();
            let cnonce = cnonce(&mut random());
            sensitive(&session.next(&self.public, &self.private, method, &target.uri, &cnonce))
        });
        Ok(Grant {
            scheme: Scheme::ApiKey,
            header: header.transpose()?,
            secrets: self.secrets.clone(),
            proof: Proof::Nonce(session),
        })
    }

    pub(super) fn put_back(&self, session: Session) {
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE {
            idle.push(session);
        }
    }

    /// Takes a new nonce from a 401; a fresh one that was refused is no reason to try again.
    pub(super) fn challenged(&self, used: Option<&Session>, answer: &Answer) -> bool {
        let Ok(Some(challenge)) = Challenge::from_headers(answer.challenges()) else {
            return false;
        };
        let worth_it = used.is_none_or(|session| challenge.stale || session.was_used_before());
        if worth_it {
            self.put_back(Session::new(challenge));
        }
        worth_it
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
