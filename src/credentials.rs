//! The three ways to authenticate, and where the environment keeps them. Secrets are never shown.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::Error;

/// What a request is authenticated with.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A service account: OAuth client credentials, exchanged for a token.
    ServiceAccount {
        /// Public; begins with `mdb_sa_id_` in Atlas.
        client_id: String,
        /// Secret; begins with `mdb_sa_sk_` in Atlas.
        client_secret: SecretString,
    },
    /// A legacy API key: HTTP Digest.
    ApiKey {
        /// The public half.
        public_key: String,
        /// The private half.
        private_key: SecretString,
    },
    /// A bearer token that the user already has.
    AccessToken(SecretString),
}

/// Bytes of a token or of half a pair: more than a server reads of a whole head.
pub(crate) const LONGEST_SECRET: usize = 16 << 10;

const ACCESS_TOKEN: &str = "MONGODB_ATLAS_ACCESS_TOKEN";
const CLIENT_ID: &str = "MONGODB_ATLAS_CLIENT_ID";
const CLIENT_SECRET: &str = "MONGODB_ATLAS_CLIENT_SECRET";
const PUBLIC_KEY: [&str; 2] = ["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PUBLIC_KEY"];
const PRIVATE_KEY: [&str; 2] = ["MONGODB_ATLAS_PRIVATE_API_KEY", "MONGODB_ATLAS_PRIVATE_KEY"];

impl Credentials {
    /// A service account.
    ///
    /// # Errors
    /// [`Error::Configuration`] when a half is empty or has characters that cannot be sent.
    pub fn service_account(client_id: &str, client_secret: &str) -> Result<Self, Error> {
        check("client_id", client_id)?;
        check("client_secret", client_secret)?;
        without_colon("client_id", client_id)?;
        Ok(Self::ServiceAccount {
            client_id: client_id.to_owned(),
            client_secret: client_secret.into(),
        })
    }

    /// An API key.
    ///
    /// # Errors
    /// [`Error::Configuration`] when a half is empty or has characters that cannot be sent.
    pub fn api_key(public_key: &str, private_key: &str) -> Result<Self, Error> {
        check("public_key", public_key)?;
        check("private_key", private_key)?;
        without_colon("public_key", public_key)?;
        Ok(Self::ApiKey { public_key: public_key.to_owned(), private_key: private_key.into() })
    }

    /// A bearer token.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is empty or not visible ASCII.
    pub fn access_token(token: &str) -> Result<Self, Error> {
        check("token", token)?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Configuration("token must be visible ASCII".to_owned()));
        }
        Ok(Self::AccessToken(token.into()))
    }

    /// The first complete credential of the environment: access token, service account, API key.
    ///
    /// # Errors
    /// [`Error::Configuration`] names the variables when there is none, or only half a pair.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let get = |names: &[&'static str]| {
            let set = |name: &&'static str| {
                let value = env(name).map(Zeroizing::new).filter(|value| !value.is_empty());
                value.map(|value| (*name, value))
            };
            names.iter().find_map(set)
        };
        let half = |has: &str, lacks: &str| {
            Error::Configuration(format!("{has} is set, but {lacks} is not"))
        };
        let named = |error: Error, names: &str| match error {
            Error::Configuration(text) => Error::Configuration(format!("{text} (from {names})")),
            other => other,
        };
        if let Some((_, token)) = get(&[ACCESS_TOKEN]) {
            return Self::access_token(&token).map_err(|error| named(error, ACCESS_TOKEN));
        }
        match (get(&[CLIENT_ID]), get(&[CLIENT_SECRET])) {
            (Some((_, id)), Some((_, secret))) => {
                return Self::service_account(&id, &secret)
                    .map_err(|error| named(error, &format!("{CLIENT_ID}, {CLIENT_SECRET}")));
            }
            (Some((set, _)), None) => return Err(half(set, CLIENT_SECRET)),
            (None, Some((set, _))) => return Err(half(set, CLIENT_ID)),
            (None, None) => {}
        }
        match (get(&PUBLIC_KEY), get(&PRIVATE_KEY)) {
            (Some((first, public)), Some((second, private))) => Self::api_key(&public, &private)
                .map_err(|error| named(error, &format!("{first}, {second}"))),
            (Some((set, _)), None) => Err(half(set, PRIVATE_KEY[0])),
            (None, Some((set, _))) => Err(half(set, PUBLIC_KEY[0])),
            (None, None) => Err(Error::Configuration(format!(
                "no credentials: pass ServiceAccount, ApiKey or AccessToken, or set {ACCESS_TOKEN}; \
                 or {CLIENT_ID} and {CLIENT_SECRET}; or {} and {}",
                PUBLIC_KEY[0], PRIVATE_KEY[0]
            ))),
        }
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &SecretString, b: &SecretString| a.expose_secret() == b.expose_secret();
        match (self, other) {
            (
                Self::ServiceAccount { client_id: a, client_secret: b },
                Self::ServiceAccount { client_id: c, client_secret: d },
            )
            | (
                Self::ApiKey { public_key: a, private_key: b },
                Self::ApiKey { public_key: c, private_key: d },
            ) => a == c && same(b, d),
            (Self::AccessToken(a), Self::AccessToken(b)) => same(a, b),
            (Self::ServiceAccount { .. } | Self::ApiKey { .. } | Self::AccessToken(_), _) => false,
        }
    }
}

/// The message names the field, never what is in it.
fn check(name: &str, value: &str) -> Result<(), Error> {
    let why = if value.is_empty() {
        "must not be empty"
    } else if value.len() > LONGEST_SECRET {
        "must not be longer than 16 KiB"
    } else if value.trim() != value {
        "must not begin or end with white space"
    } else if value.chars().any(char::is_control) {
        "must not contain control characters"
    } else {
        return Ok(());
    };
    Err(Error::Configuration(format!("{name} {why}")))
}

/// HTTP Basic and Digest both end the name at the first colon.
fn without_colon(name: &str, value: &str) -> Result<(), Error> {
    if value.contains(':') {
        return Err(Error::Configuration(format!("{name} must not contain a colon")));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, Error> {
        Credentials::from_env(&|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_has_an_order() {
        let key = [("MONGODB_ATLAS_PUBLIC_KEY", "p"), ("MONGODB_ATLAS_PRIVATE_API_KEY", "q")];
        let account = [(CLIENT_ID, "i"), (CLIENT_SECRET, "s")];
        let token = [(ACCESS_TOKEN, "t")];

        let all = [&key[..], &account[..], &token[..]].concat();

        assert_eq!(from(&all).unwrap(), Credentials::access_token("t").unwrap());
        assert_eq!(
            from(&[&key[..], &account[..]].concat()).unwrap(),
            Credentials::service_account("i", "s").unwrap()
        );
        assert_eq!(from(&key).unwrap(), Credentials::api_key("p", "q").unwrap());
    }

    #[test]
    fn half_a_pair_names_the_missing_half() {
        for (set, missing) in [
            (CLIENT_ID, CLIENT_SECRET),
            (CLIENT_SECRET, CLIENT_ID),
            (PUBLIC_KEY[1], PRIVATE_KEY[0]),
            (PRIVATE_KEY[0], PUBLIC_KEY[0]),
        ] {
            let message = from(&[(set, "x")]).unwrap_err().to_string();
            assert!(message.contains(missing), "{message}");
        }
        assert!(
            from(&[(CLIENT_ID, ""), (CLIENT_SECRET, "")])
                .unwrap_err()
                .to_string()
                .contains(ACCESS_TOKEN)
        );
    }

    #[test]
    fn what_no_head_has_room_for_is_refused() {
        let longest = "x".repeat(LONGEST_SECRET);
        assert!(Credentials::access_token(&longest).is_ok());
        for error in [
            Credentials::access_token(&format!("{longest}x")).unwrap_err(),
            Credentials::service_account("id", &format!("{longest}x")).unwrap_err(),
        ] {
            assert!(error.to_string().contains("longer than 16 KiB"), "{error}");
        }
    }

    #[test]
    fn secrets_show_neither_in_debug_nor_in_messages() {
        let account = Credentials::service_account("id", "canary-secret").unwrap();
        assert!(!format!("{account:?}").contains("canary"));
        for error in [
            Credentials::service_account("id", "canary\n").unwrap_err(),
            Credentials::access_token("canary token").unwrap_err(),
            from(&[(ACCESS_TOKEN, "canary\u{7f}")]).unwrap_err(),
        ] {
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
