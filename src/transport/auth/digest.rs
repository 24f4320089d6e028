//! The client's side of HTTP Digest (RFC 7616): reads challenges, writes `Authorization`.
//!
//! Pure: random numbers are passed in, and neither password nor key is kept. Who holds which
//! nonce, and when to ask for a new one, is for the transport to say.

mod offer;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

use self::offer::{Offer, better, elements, split_scheme};

/// A hash function that a challenge may ask for, the better one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    /// `MD5`, also where the server names none.
    Md5,
    /// `SHA-256`.
    Sha256,
}

/// Why a server that offers Digest cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsupported {
    /// Realm or nonce is missing, or a parameter is unreadable, doubled or too long.
    #[error("the server's Digest challenge is malformed")]
    Malformed,
    /// An algorithm other than MD5 and SHA-256; the `-sess` variants too.
    #[error("the server's Digest algorithm {0:?} is not supported, only MD5 and SHA-256 are")]
    Algorithm(String),
    /// A list of protections without `auth`.
    #[error("the server's Digest qop {0:?} is not supported, only \"auth\" is")]
    Qop(String),
}

/// A Digest challenge that can be answered; values are without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The server's name for what is protected.
    pub(crate) realm: String,
    /// The server's number, good until it answers with another one.
    pub(crate) nonce: String,
    /// Returned to the server as it came.
    pub(crate) opaque: Option<String>,
    /// None where the server named none: then it is MD5, and is not named in the answer either.
    pub(crate) algorithm: Option<Algorithm>,
    /// Whether `qop=auth` is used; false is the form of RFC 2069, without count and cnonce.
    pub(crate) qop_auth: bool,
    /// The nonce was too old, the credentials were not refused: try again with this one.
    pub(crate) stale: bool,
    /// The server wants the user's name hashed.
    pub(crate) userhash: bool,
}

impl Challenge {
    /// Reads all `WWW-Authenticate` values of an answer and picks the best challenge: SHA-256
    /// before MD5, then the first. None: the server does not offer Digest at all.
    pub(crate) fn from_headers<'a>(
        values: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Self>, Unsupported> {
        let mut best: Option<Result<Self, Unsupported>> = None;
        let mut current: Option<Offer> = None;
        // Several header lines are one list (RFC 9110, 5.3), but no quote spans two lines.
        for element in values.into_iter().flat_map(elements) {
            let (scheme, parameter) = split_scheme(element);
            if let Some(scheme) = scheme {
                best = better(best, current.take());
                current = scheme.eq_ignore_ascii_case("digest").then(Offer::default);
            }
            if let Some(offer) = &mut current
                && !parameter.is_empty()
            {
                offer.read(parameter);
            }
        }
        better(best, current).transpose()
    }

    /// The value of `Authorization` for one request.
    ///
    /// `uri` is the request target as sent (path and query), `nc` counts the requests that used
    /// this nonce, this one included. The result is a valid header value as long as `user`, `uri`
    /// and `cnonce` hold no control characters.
    pub(crate) fn authorization(
        &self,
        user: &str,
        password: &SecretString,
        method: &str,
        uri: &str,
        nc: u32,
        cnonce: &str,
    ) -> String {
        let Self { realm, nonce, .. } = self;
        let count = format!("{nc:08x}");
        // This hash serves like the password, within the realm.
        let key = Zeroizing::new(self.hash(&[user, realm, password.expose_secret()]));
        let request = self.hash(&[method, uri]);
        let response = if self.qop_auth {
            self.hash(&[&key, nonce, &count, cnonce, "auth", &request])
        } else {
            self.hash(&[&key, nonce, &request])
        };

        let mut header = if self.userhash {
            format!("Digest userhash=true, username={}", quoted(&self.hash(&[user, realm])))
        } else {
            format!("Digest username={}", quoted(user))
        };
        push_quoted(&mut header, "realm", realm);
        push_quoted(&mut header, "nonce", nonce);
        push_quoted(&mut header, "uri", uri);
        header.push_str(match self.algorithm {
            None => "",
            Some(Algorithm::Md5) => ", algorithm=MD5",
            Some(Algorithm::Sha256) => ", algorithm=SHA-256",
        });
        push_quoted(&mut header, "response", &response);
        if let Some(opaque) = &self.opaque {
            push_quoted(&mut header, "opaque", opaque);
        }
        if self.qop_auth {
            header.push_str(", qop=auth, nc=");
            header.push_str(&count);
            push_quoted(&mut header, "cnonce", cnonce);
        }
        header
    }

    /// The hash of the parts, joined by colons, in lower-case hexadecimal.
    fn hash(&self, parts: &[&str]) -> String {
        match self.algorithm {
            None | Some(Algorithm::Md5) => hash::<Md5>(parts),
            Some(Algorithm::Sha256) => hash::<Sha256>(parts),
        }
    }
}

/// A nonce and how often it was used. Whoever sends a request owns it until the answer is there:
/// a server may refuse counts that overtake one another. Not Clone: no count is used twice.
#[derive(Debug)]
pub(crate) struct Session {
    challenge: Challenge,
    nc: u32,
}

impl Session {
    /// Begins with an unused nonce.
    pub(crate) fn new(challenge: Challenge) -> Self {
        Self { challenge, nc: 0 }
    }

    /// Whether an earlier request used this nonce, so that it may have become too old since.
    pub(crate) fn was_used_before(&self) -> bool {
        self.nc > 1
    }

    /// Counts one more use and gives the value of `Authorization` for it.
    pub(crate) fn next(
        &mut self,
        user: &str,
        password: &SecretString,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        // At the end of the range the count repeats: the server then answers with a new nonce.
        self.nc = self.nc.saturating_add(1);
        self.challenge.authorization(user, password, method, uri, self.nc, cnonce)
    }
}

/// A new client nonce: 128 bits in hexadecimal.
pub(crate) fn cnonce(rng: &mut fastrand::Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

/// The value as a quoted string.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

/// Appends a parameter with a quoted value.
fn push_quoted(header: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(header, ", {name}={}", quoted(value));
}

/// The hash of the parts, joined by colons; no part is copied, for one may be the password.
fn hash<D: Digest>(parts: &[&str]) -> String {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let mut text = String::with_capacity(hash.len() * 2);
    for byte in &hash {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
