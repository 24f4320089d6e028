//! Which proxy requests go through: the option `proxy`, or what the environment names.
//!
//! One parser reads both. A value that cannot be used is an error, so no proxy is bypassed silently.

use data_encoding::BASE64;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use crate::config::base_url::BaseUrl;
use crate::config::no_proxy::NoProxy;
use crate::environment::{Lookup, QUOTED, is_quoted, read};
use crate::error::Error;

/// The variable of an earlier place wins, unless it is empty.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const OPTION: &str = "proxy";
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

const ENCODE: &str = "percent-encode special characters in the user name and the password (/ as %2F, ? as %3F, # as %23)";

/// An http(s) proxy, perhaps with a login, which is never shown.
#[derive(Debug, Clone)]
pub struct ProxyUrl {
    /// The option or the variable that names it.
    source: &'static str,
    /// Without the login.
    url: Url,
    /// The header for HTTP Basic authentication, marked as sensitive.
    authorization: Option<HeaderValue>,
}

impl ProxyUrl {
    /// The proxy for the base URL: the option's, else the environment's.
    pub(super) fn choose(
        option: Option<&str>,
        base_url: &BaseUrl,
        env: Lookup<'_>,
    ) -> Result<Option<Self>, Error> {
        let given = option.map(|text| Self::parse(OPTION, text)).transpose()?;
        if base_url.is_loopback() {
            return Ok(None);
        }
        match given {
            Some(proxy) => Ok(Some(proxy)),
            None => Self::of_environment(base_url, env),
        }
    }

    fn of_environment(base_url: &BaseUrl, env: Lookup<'_>) -> Result<Option<Self>, Error> {
        let named = |name: &&str| env(name).is_some_and(|value| !value.is_empty());
        let Some(variable) = VARIABLES.into_iter().find(named) else { return Ok(None) };
        let [upper, lower] = EXCEPTIONS.map(|name| read(env, name));
        let exceptions = match upper? {
            Some(list) => Some(list),
            None => lower?,
        };
        if exceptions.is_some_and(|list| NoProxy::parse(&list).matches(base_url.url())) {
            return Ok(None);
        }
        read(env, variable)?.map(|value| Self::parse(variable, &value)).transpose()
    }

    /// `source` names the option or variable in messages; the text itself is never shown.
    pub(super) fn parse(source: &'static str, text: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::Configuration(format!("{source} {why}"));
        if is_quoted(text) {
            return Err(invalid(QUOTED));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid("must not contain white space or control characters"));
        }
        let (scheme, rest) = split_scheme(text);
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(invalid("must begin with http:// or https://"));
        }
        // As curl does: a password may contain an unescaped @, a host cannot.
        let (login, host) = match rest.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, rest),
        };
        if login.is_some_and(|login| login.contains(['/', '?', '#'])) {
            return Err(invalid(&format!("has no valid login: {ENCODE}")));
        }
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.is_empty() {
            return Err(invalid("has no host"));
        }
        if host.contains(['/', '?', '#', '\\']) {
            return Err(invalid(&format!("must end after the host and port; {ENCODE}")));
        }
        let url = Url::parse(&format!("{scheme}://{host}"))
            .map_err(|error| invalid(&format!("is not a valid URL: {error}")))?;
        // The HTTP library is stricter than the parser.
        if url.as_str().parse::<http::Uri>().is_err() {
            return Err(invalid("has a host with characters that cannot be sent"));
        }
        let authorization = login.filter(|login| !login.is_empty()).map(basic).transpose();
        let authorization = authorization.map_err(|why| invalid(&why))?;
        Ok(Self { source, url, authorization })
    }

    /// Scheme, host and port, which a message may show.
    pub(crate) fn address(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// How messages name the proxy: where it is, and which option or variable says so.
    pub(crate) fn named(&self) -> String {
        format!("the proxy {} (from {})", self.address(), self.source)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Whether a caller gave the proxy, rather than the environment.
    #[cfg(feature = "python")]
    pub(crate) fn is_option(&self) -> bool {
        self.source == OPTION
    }

    /// Whether the proxy requires a login, which a pickle must not contain.
    #[cfg(feature = "python")]
    pub(crate) fn has_login(&self) -> bool {
        self.authorization.is_some()
    }
}

/// The scheme, `http` if there is none, and what follows it.
fn split_scheme(text: &str) -> (&str, &str) {
    let is_scheme = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("http", text))
}

/// HTTP Basic authentication ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)) in UTF-8.
fn basic(login: &str) -> Result<HeaderValue, String> {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let [user, password] =
        [user, password].map(|part| Zeroizing::new(percent_decode_str(part).collect::<Vec<u8>>()));
    if user.contains(&b':') {
        return Err("has a user name with a colon, which HTTP Basic cannot send".to_owned());
    }
    let pair = Zeroizing::new([user.as_slice(), b":", password.as_slice()].concat());
    let text = Zeroizing::new(format!("Basic {}", BASE64.encode(&pair)));
    let mut header =
        HeaderValue::from_str(&text).map_err(|_| "has a login that cannot be sent".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    const CLOUD: &str = "https://cloud.mongodb.com";
    const BROKEN: &str = "ftp://user:canary@proxy:3128";

    fn choose(base_url: &str, variables: &[(&str, &str)]) -> Result<Option<ProxyUrl>, String> {
        let env = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let base_url = BaseUrl::choose(Some(base_url), &env).unwrap();
        ProxyUrl::choose(None, &base_url, &env).map_err(|error| error.to_string())
    }

    /// Address and login that an option or a variable mean.
    fn meaning(text: &str) -> (String, Option<String>) {
        let from_option = ProxyUrl::parse("proxy", text).unwrap();
        let from_environment = choose(CLOUD, &[("HTTPS_PROXY", text)]).unwrap().unwrap();
        let [one, other] = [from_option, from_environment].map(|proxy| {
            let login = proxy.authorization.as_ref().map(|header| {
                let text = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
                String::from_utf8(BASE64.decode(text.as_bytes()).unwrap()).unwrap()
            });
            assert!(!format!("{proxy:?}").contains("canary"), "{proxy:?}");
            (proxy.address().to_owned(), login)
        });
        assert_eq!(one, other);
        one
    }

    #[test]
    fn login_may_contain_any_character_that_curl_accepts() {
        for login in [
            "user:canary",
            "user:\"<>[]^{|}`canary",
            "müller:cänary",
            "CORP\\user:canary",
            "user:p@canary",
            "user:a:canary",
            "user:100%-canary",
            "user:",
            ":canary",
        ] {
            let expected = ("http://proxy:3128".to_owned(), Some(login.to_owned()));
            assert_eq!(meaning(&format!("http://{login}@proxy:3128")), expected, "{login}");
            assert_eq!(meaning(&format!("{login}@proxy:3128")), expected, "{login}");
        }
        assert_eq!(meaning("http://us%40er:p%2F%25canary@proxy").1.unwrap(), "us@er:p/%canary");
        assert_eq!(meaning("http://user@proxy").1.unwrap(), "user:");
    }

    #[test]
    fn url_without_scheme_or_login_is_http() {
        for (text, address) in [
            ("proxy:3128", "http://proxy:3128"),
            ("http://proxy:3128/", "http://proxy:3128"),
            ("HTTPS://Proxy", "https://proxy"),
            ("10.0.0.1:80", "http://10.0.0.1"),
            ("http://[::1]:3128", "http://[::1]:3128"),
        ] {
            assert_eq!(meaning(text), (address.to_owned(), None), "{text}");
        }
    }

    #[test]
    fn unusable_value_is_reported_with_its_variable_and_without_its_text() {
        let values = [
            BROKEN,
            "http://user:canary@",
            "socks5://canary:1080",
            "http://canary:x",
            "a canary",
            "user:can/ary@proxy",
            "user:can?ary@proxy",
            "user:#canary@proxy",
            "us%3Aer:canary@proxy",
            "\"http://canary@proxy\"",
            "http://canary/path",
            "http://canary\\path",
            "http://[canary",
        ];
        for name in VARIABLES {
            for value in values {
                let text = choose(CLOUD, &[(name, value)]).unwrap_err();
                assert!(text.starts_with(name) && !text.contains("canary"), "{value}: {text:?}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn variable_that_is_not_utf8_is_an_error() {
        use std::os::unix::ffi::OsStringExt;
        let env = |name: &str| {
            (name == "https_proxy")
                .then(|| OsString::from_vec(b"http://u:canary\xff@proxy".to_vec()))
        };
        let base_url = BaseUrl::choose(Some(CLOUD), &env).unwrap();
        let text = ProxyUrl::choose(None, &base_url, &env).unwrap_err().to_string();
        assert!(text.starts_with("https_proxy ") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn first_variable_that_is_not_empty_wins() {
        for (variables, host) in [
            (vec![("HTTPS_PROXY", "a"), ("https_proxy", "b"), ("ALL_PROXY", "c")], "http://a"),
            (vec![("HTTPS_PROXY", ""), ("https_proxy", "b"), ("ALL_PROXY", "c")], "http://b"),
            (vec![("ALL_PROXY", ""), ("all_proxy", "d")], "http://d"),
            (vec![("HTTPS_PROXY", "a"), ("REQUEST_METHOD", "GET")], "http://a"),
        ] {
            assert_eq!(choose(CLOUD, &variables).unwrap().unwrap().address(), host);
        }
        for variables in [vec![("HTTPS_PROXY", "")], vec![("HTTP_PROXY", "a"), ("http_proxy", "b")]]
        {
            assert!(choose(CLOUD, &variables).unwrap().is_none(), "{variables:?}");
        }
    }

    #[test]
    fn variable_that_is_not_used_may_be_broken() {
        for variables in [
            [("HTTPS_PROXY", BROKEN), ("NO_PROXY", "mongodb.com")],
            [("HTTPS_PROXY", BROKEN), ("no_proxy", "example.test, *")],
        ] {
            assert!(choose(CLOUD, &variables).unwrap().is_none(), "{variables:?}");
        }
        assert!(choose("https://127.0.0.1:1", &[("ALL_PROXY", BROKEN)]).unwrap().is_none());
        let used = choose(CLOUD, &[("ALL_PROXY", BROKEN), ("HTTPS_PROXY", "proxy")]);
        assert_eq!(used.unwrap().unwrap().address(), "http://proxy");
    }
}
