//! A proxy's URL, given or of the environment, which may hold a password and is therefore never shown.

use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use zeroize::Zeroizing;

use super::base_url::BaseUrl;
use crate::environment::{Lookup, read};
use crate::error::Error;

const FOR_TLS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const FOR_ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const FOR_NONE: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// An http(s) proxy, perhaps with credentials.
#[derive(Debug, Clone)]
pub struct ProxyUrl(SecretString);

impl ProxyUrl {
    /// `source` names the option or variable in messages; the text itself is never shown.
    pub(super) fn parse(source: &str, text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::Configuration(format!("{source} {why}"));
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

/// Refuses a proxy of the environment that the HTTP library would silently go around.
pub(super) fn check_environment(base_url: &BaseUrl, env: Lookup<'_>) -> Result<(), Error> {
    // In a CGI program the HTTP library uses none: a client could have set it with a header.
    if base_url.is_loopback() || excepts_everything(env)? || env("REQUEST_METHOD").is_some() {
        return Ok(());
    }
    let utf8 = |name: &'static str| Some((name, env(name)?.into_string().ok()?));
    let first = |names: [&'static str; 2]| names.into_iter().find_map(utf8);
    let exceptions = first(FOR_NONE).map(|(_, list)| list).unwrap_or_default();
    let any = Matcher::builder().https("http://any").no(exceptions).build();
    if base_url.as_str().parse().is_ok_and(|url| any.intercept(&url).is_none()) {
        return Ok(());
    }
    let is_set = |(_, value): &(&str, String)| !value.is_empty();
    let chosen = [FOR_TLS, FOR_ALL].into_iter().filter_map(first).find(is_set);
    chosen.map_or(Ok(()), |(name, value)| {
        let scheme = if value.contains("://") { "" } else { "http://" };
        ProxyUrl::parse(name, &Zeroizing::new(format!("{scheme}{value}"))).map(drop)
    })
}

/// Whether the environment says `NO_PROXY=*`, which the HTTP library overlooks for addresses.
pub(super) fn excepts_everything(env: Lookup<'_>) -> Result<bool, Error> {
    let [upper, lower] = FOR_NONE.map(|name| read(env, name));
    let list = upper?.or(lower?);
    Ok(list.is_some_and(|list| list.split(',').any(|name| name.trim() == "*")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(base_url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let env = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).into())
        };
        let base_url = BaseUrl::choose(Some(base_url), &env).ok()?;
        check_environment(&base_url, &env).err().map(|error| error.to_string())
    }

    const CLOUD: &str = "https://cloud.mongodb.com";
    const BROKEN: &str = "ftp://user:canary@proxy:3128";

    #[test]
    fn a_variable_that_names_no_proxy_is_named_without_its_value() {
        let values =
            [BROKEN, "http://user:canary@", "socks5://canary:1080", "http://canary:x", "a canary"];
        for name in FOR_TLS.into_iter().chain(FOR_ALL) {
            for value in values {
                let text = refusal(CLOUD, &[(name, value)]).unwrap_or_default();
                assert!(text.starts_with(name) && !text.contains("canary"), "{value}: {text:?}");
            }
        }
    }

    #[test]
    fn one_that_names_a_proxy_is_good() {
        for value in ["http://proxy:3128", "https://u:p%40@proxy", "proxy:3128", "10.0.0.1:80", ""]
        {
            assert_eq!(refusal(CLOUD, &[("HTTPS_PROXY", value)]), None, "{value}");
        }
    }

    #[test]
    fn one_that_is_not_used_may_be_broken() {
        for variables in [
            [("HTTPS_PROXY", BROKEN), ("NO_PROXY", "mongodb.com")],
            [("HTTPS_PROXY", BROKEN), ("no_proxy", "example.test, *")],
            [("ALL_PROXY", BROKEN), ("HTTPS_PROXY", "http://proxy:3128")],
            [("https_proxy", BROKEN), ("HTTPS_PROXY", "http://proxy:3128")],
            [("HTTP_PROXY", BROKEN), ("http_proxy", BROKEN)],
            [("HTTPS_PROXY", BROKEN), ("REQUEST_METHOD", "GET")],
        ] {
            assert_eq!(refusal(CLOUD, &variables), None, "{variables:?}");
        }
        assert_eq!(refusal("https://127.0.0.1:1", &[("ALL_PROXY", BROKEN)]), None);
        assert_eq!(
            refusal("https://10.1.2.3", &[("ALL_PROXY", BROKEN), ("NO_PROXY", "10.0.0.0/8")]),
            None
        );
        assert!(refusal(CLOUD, &[("ALL_PROXY", BROKEN), ("NO_PROXY", "example.test")]).is_some());
    }
}
