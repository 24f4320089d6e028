//! The three ways to authenticate, and where the environment keeps them. Secrets are never shown.

#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret, SecretString};

use crate::environment::{Lookup, QUOTED, is_quoted, read};
use crate::error::Error;

/// What a request is authenticated with.
#[derive(Clone)]
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
        check_account_form(client_id, client_secret)?;
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
        check_key_form(public_key, private_key)?;
        Ok(Self::ApiKey { public_key: public_key.to_owned(), private_key: private_key.into() })
    }

    /// A bearer token.
    ///
    /// # Errors
    /// [`Error::Configuration`] when it is empty or not visible ASCII.
    pub fn access_token(token: &str) -> Result<Self, Error> {
        check("token", token)?;
        check_token_form(token)?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Configuration("token must be visible ASCII".to_owned()));
        }
        Ok(Self::AccessToken(token.into()))
    }

    /// The first complete credential of the environment: access token, service account, API key.
    ///
    /// # Errors
    /// [`Error::Configuration`] names the variables when there is none, only half a pair, or one
    /// whose value is not UTF-8.
    pub fn from_env(env: Lookup<'_>) -> Result<Self, Error> {
        let get = |name: &'static str| read(env, name).map(|it| it.map(|value| (name, value)));
        let either = |[long, short]: [&'static str; 2]| {
            let (long, short) = (get(long)?, get(short)?);
            Ok::<_, Error>(long.or(short))
        };
        let half = |has: &str, lacks: &str| {
            Error::Configuration(format!("{has} is set, but {lacks} is not"))
        };
        let named = |error: Error, names: &str| match error {
            Error::Configuration(text) => Error::Configuration(format!("{text} (from {names})")),
            other => other,
        };
        // All are read before one is chosen, so that no unreadable value counts as unset.
        let token = get(ACCESS_TOKEN)?;
        let account = (get(CLIENT_ID)?, get(CLIENT_SECRET)?);
        let key = (either(PUBLIC_KEY)?, either(PRIVATE_KEY)?);
        if let Some((_, token)) = token {
            return Self::access_token(&token).map_err(|error| named(error, ACCESS_TOKEN));
        }
        match account {
            (Some((_, id)), Some((_, secret))) => {
                return Self::service_account(&id, &secret)
                    .map_err(|error| named(error, &format!("{CLIENT_ID}, {CLIENT_SECRET}")));
            }
            (Some((set, _)), None) => return Err(half(set, CLIENT_SECRET)),
            (None, Some((set, _))) => return Err(half(set, CLIENT_ID)),
            (None, None) => {}
        }
        match key {
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

    /// The id or public key if it has the form of one: anything else could be a misplaced secret.
    #[must_use]
    pub fn public_half(&self) -> Option<&str> {
        match self {
            Self::ServiceAccount { client_id, .. } => is_client_id(client_id).then_some(client_id),
            Self::ApiKey { public_key, .. } => is_public_key(public_key).then_some(public_key),
            Self::AccessToken(_) => None,
        }
    }
}

/// Shows what [`Self::public_half`] allows.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let half = self.public_half().unwrap_or("***");
        match self {
            Self::ServiceAccount { .. } => write!(f, "ServiceAccount({half}, ***)"),
            Self::ApiKey { .. } => write!(f, "ApiKey({half}, ***)"),
            Self::AccessToken(_) => f.write_str("AccessToken(***)"),
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
    } else if is_quoted(value) {
        QUOTED
    } else {
        return Ok(());
    };
    Err(Error::Configuration(format!("{name} {why}")))
}

const CLIENT_ID_PREFIX: &str = "mdb_sa_id_";
const CLIENT_SECRET_PREFIX: &str = "mdb_sa_sk_";

/// Atlas' client ids are the prefix and hexadecimal digits.
fn is_client_id(text: &str) -> bool {
    text.strip_prefix(CLIENT_ID_PREFIX)
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Atlas' public keys are eight lower-case letters.
fn is_public_key(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Atlas' private keys are UUIDs.
fn is_private_key(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What a value certainly is, by its form. No prefix is required, so most values have no form.
fn form_of(text: &str) -> Option<&'static str> {
    if text.starts_with(CLIENT_ID_PREFIX) {
        Some("the client id of a service account")
    } else if text.starts_with(CLIENT_SECRET_PREFIX) {
        Some("the client secret of a service account")
    } else if is_private_key(text) {
        Some("the private key of an API key")
    } else {
        None
    }
}

fn misplaced(field: &str, form: &str, advice: &str) -> Error {
    Error::Configuration(format!("{field} holds {form}: {advice}"))
}

fn check_account_form(id: &str, secret: &str) -> Result<(), Error> {
    let advice = if id.starts_with(CLIENT_SECRET_PREFIX) || secret.starts_with(CLIENT_ID_PREFIX) {
        "client_id and client_secret are the wrong way round"
    } else {
        "pass it to ApiKey (public_key and private_key)"
    };
    match (form_of(id), form_of(secret)) {
        (Some(form), _) if !id.starts_with(CLIENT_ID_PREFIX) => {
            Err(misplaced("client_id", form, advice))
        }
        (_, Some(form)) if secret.starts_with(CLIENT_ID_PREFIX) => {
            Err(misplaced("client_secret", form, advice))
        }
        // Another issuer may give UUIDs as secrets; beside an id of Atlas they are API keys.
        (known, Some(form)) if is_private_key(secret) && (known.is_some() || is_public_key(id)) => {
            Err(misplaced("client_secret", form, advice))
        }
        _ => Ok(()),
    }
}

fn check_key_form(public: &str, private: &str) -> Result<(), Error> {
    let of_account =
        |text: &str| text.starts_with(CLIENT_ID_PREFIX) || text.starts_with(CLIENT_SECRET_PREFIX);
    for (field, value) in [("public_key", public), ("private_key", private)] {
        if let Some(form) = form_of(value).filter(|_| of_account(value)) {
            let advice = "pass it to ServiceAccount (client_id and client_secret)";
            return Err(misplaced(field, form, advice));
        }
    }
    if let Some(form) = form_of(public) {
        let advice = "public_key and private_key are the wrong way round";
        return Err(misplaced("public_key", form, advice));
    }
    Ok(())
}

fn check_token_form(token: &str) -> Result<(), Error> {
    if let Some(form) = form_of(token) {
        let advice = "an access token is what the token endpoint returns for a service account";
        return Err(misplaced("token", form, advice));
    }
    let scheme = token.split_once(' ').map(|(scheme, _)| scheme.trim_end_matches(':'));
    if scheme.is_some_and(|it| ["bearer", "authorization"].contains(&&*it.to_ascii_lowercase())) {
        let why = "token must be the token alone, without \"Bearer \" before it";
        return Err(Error::Configuration(why.to_owned()));
    }
    Ok(())
}

/// HTTP Basic and Digest both end the name at the first colon.
fn without_colon(name: &str, value: &str) -> Result<(), Error> {
    if value.contains(':') {
        return Err(Error::Configuration(format!("{name} must not contain a colon")));
    }
    Ok(())
}
