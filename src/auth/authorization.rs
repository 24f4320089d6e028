//! The `Authorization` header of one request, with what it was made from.

use bytes::Bytes;
use http::HeaderValue;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::auth::digest::Session;
use crate::error::Error;
use crate::http::redact::Redactor;

/// Which kind of credentials, for hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    ServiceAccount,
    ApiKey,
    AccessToken,
}

/// The right to send one request.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) scheme: Scheme,
    pub(crate) header: Option<HeaderValue>,
    pub(crate) secrets: Redactor,
    pub(crate) credential: CredentialRef,
}

/// What the header was made from, to renew or to keep it afterwards.
#[derive(Debug)]
pub(crate) enum CredentialRef {
    /// The token with this serial number.
    Token(u64),
    /// A nonce that no other request in flight uses; none before the first challenge.
    Nonce(Option<Session>),
    /// Something that cannot be renewed here.
    Fixed,
}

impl Authorization {
    pub(crate) fn header(&self) -> Option<&HeaderValue> {
        self.header.as_ref()
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn secrets(&self) -> &Redactor {
        &self.secrets
    }
}

/// A header value that no log and no `Debug` shows, wiped when the last copy of it goes.
pub(crate) fn sensitive<const N: usize>(parts: [&str; N]) -> Result<HeaderValue, Error> {
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
pub(crate) fn secret<const N: usize>(parts: [&str; N]) -> SecretString {
    SecretString::from(parts.concat())
}
