//! Where Atlas is, and that credentials travel there only over TLS or inside this machine.

use url::{Host, Url};

use crate::error::Error;

const CLOUD: &str = "https://cloud.mongodb.com";
const VARIABLES: [&str; 2] = ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"];

/// An http(s) URL with an optional path prefix and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    loopback: bool,
    tls: bool,
}

impl BaseUrl {
    /// The one given, else that of the environment, else the public cloud.
    pub(super) fn choose(
        given: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        if let Some(text) = given {
            return Self::parse("base_url", text);
        }
        let mut found: Vec<(&str, Self)> = Vec::new();
        for name in VARIABLES {
            if let Some(text) = env(name).filter(|text| !text.is_empty()) {
                found.push((name, Self::parse(name, &text)?));
            }
        }
        match found.as_slice() {
            [] => Self::parse("base_url", CLOUD),
            [(_, url)] => Ok(url.clone()),
            [(_, first), (_, second), ..] if first == second => Ok(first.clone()),
            _ => Err(Error::Configuration(format!(
                "{} and {} are both set, and differ: unset one",
                VARIABLES[0], VARIABLES[1]
            ))),
        }
    }

    /// `source` names the option or variable in messages; the text itself is never shown.
    fn parse(source: &str, text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::Configuration(format!("{source} {why}"));
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("must not contain white space or control characters"));
        }
        let mut url = Url::parse(text).map_err(|error| refuse(&format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("must begin with https:// (or http:// for this machine)"));
        }
        // The parser skips further slashes, and would take a path for the host.
        let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
        if after_scheme.is_empty() || after_scheme.starts_with(['/', '\\']) {
            return Err(refuse("has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must not contain credentials: pass them as credentials"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("must not have a query or a fragment"));
        }
        // The HTTP library is stricter than the parser.
        if url.as_str().parse::<http::Uri>().is_err() {
            return Err(refuse("has characters in its host or path that cannot be sent"));
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            None => return Err(refuse("has no host")),
        };
        let tls = url.scheme() == "https";
        if !tls && !loopback {
            return Err(refuse("must be https: plain http is only for loopback addresses"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url, loopback, tls })
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The prefix before `/api`, empty or beginning with a slash.
    pub(crate) fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// The URL to ask for a path that begins with [`Self::path`]; the host is not parsed anew.
    pub(crate) fn with(&self, path: &str, query: &[(&'static str, String)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded;

    use super::*;

    fn parse(text: &str) -> Result<BaseUrl, Error> {
        BaseUrl::choose(Some(text), &|_| None)
    }

    #[test]
    fn a_trailing_slash_and_a_prefix_are_kept_apart() {
        assert_eq!(
            parse("https://cloud.mongodbgov.com/").unwrap().as_str(),
            "https://cloud.mongodbgov.com"
        );
        let prefixed = parse("https://proxy.example/atlas/v1/").unwrap();
        assert_eq!(
            (prefixed.as_str(), prefixed.path()),
            ("https://proxy.example/atlas/v1", "/atlas/v1")
        );
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for text in [
            "http://127.0.0.1:80",
            "http://127.8.9.1",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:1/p",
        ] {
            assert!(parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://cloud.mongodb.com",
            "http://localhost.example.com",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "ftp://localhost",
            "cloud.mongodb.com",
            "https://",
            "https:///path",
            "https:cloud.mongodb.com",
            "https://user@cloud.mongodb.com",
            "https://user:pass@cloud.mongodb.com",
            "https://cloud.mongodb.com?x=1",
            "https://cloud.mongodb.com#x",
            "https://cloud.mongodb.com/\n",
            "https://cloud\".mongodb.com",
            "",
        ] {
            assert!(matches!(parse(text), Err(Error::Configuration(_))), "{text}");
        }
    }

    #[test]
    fn a_message_never_shows_the_url() {
        let error = parse("https://user:canary@cloud.mongodb.com").unwrap_err();
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn the_environment_is_read_and_must_agree() {
        let both = |first: &'static str, second: &'static str| {
            BaseUrl::choose(None, &move |name| {
                Some(if name == VARIABLES[0] { first } else { second }.to_owned())
            })
        };
        assert_eq!(
            both("https://a.example/", "https://a.example").unwrap().as_str(),
            "https://a.example"
        );
        assert_eq!(both("", "https://b.example").unwrap().as_str(), "https://b.example");
        assert!(both("https://a.example", "https://b.example").is_err());
        assert_eq!(BaseUrl::choose(None, &|_| None).unwrap().as_str(), CLOUD);
    }

    proptest! {
        #[test]
        fn a_url_is_what_its_text_would_be_parsed_as(
            host in "(http://(localhost|127\\.0\\.0\\.1|\\[::1\\])|https://[a-zA-Zü]{1,9}\\.example)(:[0-9]{2,4})?",
            prefix in "(/[!$-.0-;=A-Za-z\\[\\]^_`{|}~ü%\\\\]{0,9}){0,3}",
            path in "/api/atlas/v2/groups(/[0-9a-f]{24}(/clusters(/[A-Za-z0-9-]{1,64}/backup/snapshots)?)?)?",
            values in prop::collection::vec(any::<String>(), 0..3),
        ) {
            let given = format!("{host}{prefix}");
            let base = parse(&given);
            prop_assume!(base.is_ok());
            let base = base.unwrap();
            let names = ["itemsPerPage", "pageNum", "envelope"];
            let query: Vec<_> = names.into_iter().zip(values).collect();

            let url = base.with(&format!("{}{path}", base.path()), &query);

            let root = Url::parse(&given).unwrap();
            let mut text = format!("{}{path}", root.as_str().trim_end_matches('/'));
            if !query.is_empty() {
                let mut pairs = form_urlencoded::Serializer::new(String::new());
                text = format!("{text}?{}", pairs.extend_pairs(&query).finish());
            }
            prop_assert_eq!(url.as_str(), &text);
            prop_assert_eq!(Ok(url), Url::parse(&text));
        }
    }
}
