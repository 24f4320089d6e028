//! What the file of a token cache holds: JSON with a version, one entry for each service account.
//!
//! Pure. Whatever cannot be understood, a later version too, counts as nothing and is overwritten.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

const VERSION: u64 = 1;

/// Whose token: one service account of one Atlas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheKey {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
}

/// A token; times in seconds of Unix.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) token: SecretString,
    pub(crate) renew_at: i64,
    pub(crate) expires_at: i64,
    /// When it replaced a token that the API had rejected, if it did.
    pub(crate) replaced_at: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct TokenFile(Vec<(CacheKey, Entry)>);

/// The rows stay where they are until each is read: no token is copied on the way.
#[derive(Deserialize)]
struct Content<'a> {
    version: u64,
    #[serde(borrow)]
    tokens: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Row {
    base_url: String,
    client_id: String,
    access_token: SecretString,
    renew_at: i64,
    expires_at: i64,
    replaced_at: Option<i64>,
}

#[derive(Serialize)]
struct ContentToWrite<'a> {
    version: u64,
    tokens: Vec<RowToWrite<'a>>,
}

#[derive(Serialize)]
struct RowToWrite<'a> {
    base_url: &'a str,
    client_id: &'a str,
    access_token: &'a str,
    renew_at: i64,
    expires_at: i64,
    replaced_at: Option<i64>,
}

impl TokenFile {
    pub(crate) fn parse(json: &[u8]) -> Self {
        let content = serde_json::from_slice::<Content<'_>>(json).ok();
        let rows = content.filter(|content| content.version == VERSION).map(|it| it.tokens);
        let rows = rows.into_iter().flatten();
        let rows = rows.filter_map(|row| serde_json::from_str::<Row>(row.get()).ok());
        Self(rows.map(Row::split).collect())
    }

    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let tokens = self.0.iter().map(|(owner, entry)| RowToWrite {
            base_url: &owner.base_url,
            client_id: &owner.client_id,
            access_token: entry.token.expose_secret(),
            renew_at: entry.renew_at,
            expires_at: entry.expires_at,
            replaced_at: entry.replaced_at,
        });
        let content = ContentToWrite { version: VERSION, tokens: tokens.collect() };
        let mut json = Zeroizing::new(Vec::with_capacity(self.capacity()));
        // Texts and numbers can always be written, and memory takes them.
        if serde_json::to_writer_pretty(&mut *json, &content).is_err() {
            json.clear();
        }
        json
    }

    /// More than it takes to write all of it, so that no token is copied as the text grows.
    fn capacity(&self) -> usize {
        let texts = |(owner, entry): &(CacheKey, Entry)| {
            let token = entry.token.expose_secret();
            owner.base_url.len() + owner.client_id.len() + token.len()
        };
        // A character becomes six where it needs an escape; the rest of a row is 250.
        64 + self.0.iter().map(|row| 256 + 6 * texts(row)).sum::<usize>()
    }

    pub(crate) fn get(&self, owner: &CacheKey) -> Option<&Entry> {
        self.0.iter().find(|(other, _)| other == owner).map(|(_, entry)| entry)
    }

    /// The only entry of its owner from now on.
    pub(crate) fn put(&mut self, owner: &CacheKey, entry: Entry) {
        self.0.retain(|(other, _)| other != owner);
        self.0.push((owner.clone(), entry));
    }

    /// Removes a token of an owner, but no other that has taken its place.
    pub(crate) fn remove(&mut self, owner: &CacheKey, token: &SecretString) {
        self.0.retain(|(other, entry)| {
            other != owner || entry.token.expose_secret() != token.expose_secret()
        });
    }

    /// Removes what has expired, whosever it is.
    pub(crate) fn evict_expired(&mut self, now: i64) {
        self.0.retain(|(_, entry)| entry.expires_at > now);
    }
}

impl Row {
    fn split(self) -> (CacheKey, Entry) {
        let Self { base_url, client_id, access_token, renew_at, expires_at, replaced_at } = self;
        let token = access_token;
        (CacheKey { base_url, client_id }, Entry { token, renew_at, expires_at, replaced_at })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
