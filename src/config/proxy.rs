//! A proxy's URL, which may hold a password and is therefore never shown.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::Error;

/// An http(s) proxy, perhaps with credentials.
#[derive(Debug, Clone)]
pub struct ProxyUrl(SecretString);

impl ProxyUrl {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::Configuration(format!("proxy {why}"));
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("must not contain white space or control characters"));
        }
        let url = Url::parse(text).map_err(|error| refuse(&format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("must begin with http:// or https://"));
        }
        if url.host().is_none() {
            return Err(refuse("has no host"));
        }
        // The HTTP library is stricter than the parser.
        if url.as_str().parse::<http::Uri>().is_err() {
            return Err(refuse("has characters in its host that cannot be sent"));
        }
        reqwest::Proxy::all(text).map_err(|_| refuse("cannot be used"))?;
        Ok(Self(SecretString::from(text)))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The URL, if it holds neither a user name nor a password.
    #[cfg(feature = "python")]
    pub(crate) fn without_credentials(&self) -> Option<&str> {
        let url = Url::parse(self.expose()).ok()?;
        (url.username().is_empty() && url.password().is_none()).then(|| self.expose())
    }
}
