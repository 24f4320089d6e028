//! The client's side of HTTP Digest (RFC 7616): reads challenges, writes `Authorization`.
//!
//! Pure: random numbers are passed in, and neither password nor key is kept. Who holds which
//! nonce, and when to ask for a new one, is for the transport to say.

mod challenge;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(crate) use crate::auth::digest::challenge::{Algorithm, Challenge};

impl Challenge {
    /// The value of `Authorization` for one request.
    ///
    /// `uri` is the request request as sent (path and query), `nc` counts the requests that used
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
