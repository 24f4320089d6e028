//! The three ways to authenticate, and where the environment keeps them. Secrets are never shown.

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, Error> {
        Credentials::from_env(&|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
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

    const ID: &str = "mdb_sa_id_1";
    const SECRET: &str = "mdb_sa_sk_canary";
    const PUBLIC: &str = "abcdefgh";
    const PRIVATE: &str = "5f0c0de0-0000-4000-8000-0123456789ab";

    fn message(result: Result<Credentials, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_misplaced_half_is_an_error_that_shows_neither_value() {
        let (account, key) = (Credentials::service_account, Credentials::api_key);
        let rows = [
            (account(SECRET, ID), "client_id and client_secret are the wrong way round"),
            (account(SECRET, "other"), "client_id and client_secret are the wrong way round"),
            (account("other", ID), "client_id and client_secret are the wrong way round"),
            (account(ID, ID), "client_id and client_secret are the wrong way round"),
            (account(PRIVATE, "other"), "ApiKey"),
            (account(PUBLIC, PRIVATE), "ApiKey"),
            (account(ID, PRIVATE), "ApiKey"),
            (key(PRIVATE, PUBLIC), "public_key and private_key are the wrong way round"),
            (key(PRIVATE, "other"), "public_key and private_key are the wrong way round"),
            (key(ID, SECRET), "ServiceAccount"),
            (key(SECRET, ID), "ServiceAccount"),
            (key(PUBLIC, SECRET), "ServiceAccount"),
            (key(ID, PRIVATE), "ServiceAccount"),
            (Credentials::access_token(SECRET), "token endpoint"),
            (Credentials::access_token(ID), "token endpoint"),
            (Credentials::access_token(PRIVATE), "token endpoint"),
        ];
        for (row, (result, advice)) in rows.into_iter().enumerate() {
            let text = message(result);
            assert!(text.contains(advice), "{row}: {text}");
            for value in [ID, SECRET, PRIVATE] {
                assert!(!text.contains(value), "{row}: {text}");
            }
        }
    }

    #[test]
    fn values_without_a_known_form_are_accepted() {
        for (id, secret) in [("id", "s"), (ID, SECRET), (ID, "s"), ("id", SECRET), ("id", PRIVATE)]
        {
            assert!(Credentials::service_account(id, secret).is_ok(), "{id}");
        }
        for (public, private) in [(PUBLIC, PRIVATE), ("p", "q"), (PUBLIC, PUBLIC)] {
            assert!(Credentials::api_key(public, private).is_ok(), "{public}");
        }
    }

    #[test]
    fn debug_shows_a_public_half_only_in_the_form_that_atlas_gives_it() {
        let shown = |made: Result<Credentials, Error>| format!("{:?}", made.unwrap());
        assert_eq!(
            shown(Credentials::service_account(ID, SECRET)),
            "ServiceAccount(mdb_sa_id_1, ***)"
        );
        assert_eq!(shown(Credentials::service_account("canary", "s")), "ServiceAccount(***, ***)");
        assert_eq!(shown(Credentials::api_key(PUBLIC, PRIVATE)), "ApiKey(abcdefgh, ***)");
        assert_eq!(shown(Credentials::api_key("canary", "s")), "ApiKey(***, ***)");
    }

    #[test]
    fn quotation_marks_and_a_scheme_before_a_token_are_named() {
        for (quoted, field) in [
            (Credentials::service_account("\"mdb_sa_id_1\"", SECRET), "client_id"),
            (Credentials::service_account(ID, "'mdb_sa_sk_canary'"), "client_secret"),
            (Credentials::api_key("\"abcdefgh\"", PRIVATE), "public_key"),
            (Credentials::api_key(PUBLIC, "\"canary\""), "private_key"),
            (Credentials::access_token("\"canary\""), "token"),
        ] {
            let text = message(quoted);
            assert!(text.starts_with(field) && text.contains("quotation marks"), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
        for token in ["Bearer canary", "bearer canary", "Authorization: Bearer canary"] {
            let text = message(Credentials::access_token(token));
            assert!(text.contains("without \"Bearer \"") && !text.contains("canary"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_utf8_is_never_unset() {
        use std::os::unix::ffi::OsStringExt;
        let all = [ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET]
            .into_iter()
            .chain(PUBLIC_KEY)
            .chain(PRIVATE_KEY);
        for bad in all {
            let result = Credentials::from_env(&|name| match name {
                _ if name == bad => Some(std::ffi::OsString::from_vec(b"canary\xff".to_vec())),
                ACCESS_TOKEN => Some("token".into()),
                _ => None,
            });
            let text = message(result);
            assert!(text.starts_with(bad) && !text.contains("canary"), "{text}");
        }
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
