//! Where Atlas is, and that credentials travel there only over TLS or inside this machine.

use url::{Host, Url};

use crate::environment::{Lookup, QUOTED, is_quoted, read};
use crate::error::Error;

const CLOUD: &str = "https://cloud.mongodb.com";
const GOVERNMENT: &str = "https://cloud.mongodbgov.com";
const VARIABLES: [&str; 2] = ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"];
/// Selects a cloud by name, as in the Atlas CLI.
const SERVICE: &str = "MONGODB_ATLAS_SERVICE";
/// The first segments under `/api` that an address must not include.
const API_SEGMENTS: [&str; 4] = ["atlas", "oauth", "public", "private"];

/// An http(s) URL with an optional path prefix and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    loopback: bool,
    tls: bool,
}

impl BaseUrl {
    /// The argument, else the environment's address, else the public cloud's.
    pub(super) fn choose(given: Option<&str>, env: Lookup<'_>) -> Result<Self, Error> {
        if let Some(text) = given {
            return Self::parse("base_url", text);
        }
        let mut found: Vec<(&str, Self)> = Vec::new();
        for name in VARIABLES {
            if let Some(text) = read(env, name)? {
                found.push((name, Self::parse(name, &text)?));
            }
        }
        if is_government(env)? {
            found.push(("MONGODB_ATLAS_SERVICE=cloudgov", Self::parse(SERVICE, GOVERNMENT)?));
        }
        let Some((first, url)) = found.first() else { return Self::parse("base_url", CLOUD) };
        match found.iter().find(|(_, other)| other != url) {
            None => Ok(url.clone()),
            Some((second, _)) => Err(Error::Configuration(format!(
                "{first} and {second} are both set, and give different addresses: unset one"
            ))),
        }
    }

    /// `source` names the option or variable in messages; the text itself is never shown.
    fn parse(source: &str, text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Error::Configuration(format!("{source} {why}"));
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("must not contain white space or control characters"));
        }
        if is_quoted(text) {
            return Err(refuse(QUOTED));
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
        if let Some(prefix) = before_api(&path) {
            url.set_path(prefix);
            let right = url.as_str().trim_end_matches('/');
            return Err(refuse(&format!("must not include the path of the API: use {right}")));
        }
        Ok(Self { url, loopback, tls })
    }

    /// Host and port, as a proxy is asked for them.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.url.port_or_known_default().unwrap_or_default())
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
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

/// Whether `MONGODB_ATLAS_SERVICE` selects the cloud for the US government.
fn is_government(env: Lookup<'_>) -> Result<bool, Error> {
    match read(env, SERVICE)?.map(|name| name.to_ascii_lowercase()).as_deref() {
        None | Some("cloud") => Ok(false),
        Some("cloudgov") => Ok(true),
        Some(_) => Err(Error::Configuration(format!("{SERVICE} must be cloud or cloudgov"))),
    }
}

/// The part of a path before the API's own path, which settings of other clients include.
fn before_api(path: &str) -> Option<&str> {
    path.match_indices('/').map(|(at, _)| at).find_map(|at| {
        let (prefix, rest) = path.split_at_checked(at)?;
        let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
        let is_api = segments.next()?.eq_ignore_ascii_case("api");
        let is_ours = segments
            .next()
            .is_none_or(|next| API_SEGMENTS.iter().any(|it| next.eq_ignore_ascii_case(it)));
        (is_api && is_ours).then(|| prefix.trim_end_matches('/'))
    })
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

    fn from(variables: &[(&str, &str)]) -> Result<BaseUrl, Error> {
        BaseUrl::choose(None, &|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).into())
        })
    }

    fn message(result: Result<BaseUrl, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn an_address_with_the_path_of_the_api_is_an_error_that_gives_the_right_one() {
        for path in [
            "/api/atlas/v2",
            "/api/atlas/v2/",
            "/api/atlas/v1.0",
            "/api/atlas",
            "/api",
            "/api/",
            "//api//atlas/v2",
            "/API/Atlas/V2/groups",
            "/api/public/v1.0",
            "/api/oauth/token",
        ] {
            for prefix in ["", "/gateway", "/api-gateway/x"] {
                let text = message(parse(&format!("https://h.example{prefix}{path}")));
                let right = format!("use https://h.example{prefix}");
                assert!(text.starts_with("base_url ") && text.ends_with(&right), "{path}: {text}");
            }
        }
        for good in ["/apis", "/api-v2", "/my-api", "/api/gateway", "/apiatlas/v2"] {
            assert!(parse(&format!("https://h.example{good}")).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_service_cloudgov_selects_the_address_of_the_government() {
        for name in ["cloudgov", "CloudGov"] {
            assert_eq!(from(&[(SERVICE, name)]).unwrap().as_str(), GOVERNMENT);
        }
        for name in ["cloud", ""] {
            assert_eq!(from(&[(SERVICE, name)]).unwrap().as_str(), CLOUD);
        }
        for variable in VARIABLES {
            let same = from(&[(SERVICE, "cloudgov"), (variable, "https://cloud.mongodbgov.com/")]);
            assert_eq!(same.unwrap().as_str(), GOVERNMENT);
            let text = message(from(&[(SERVICE, "cloudgov"), (variable, CLOUD)]));
            assert!(text.contains(SERVICE) && text.contains(variable), "{text}");
        }
        for unknown in ["ops-manager", "gov", "\"cloudgov\""] {
            assert!(message(from(&[(SERVICE, unknown)])).starts_with(SERVICE), "{unknown}");
        }
    }

    #[test]
    fn quotation_marks_around_an_address_are_named() {
        let text = message(from(&[(VARIABLES[1], "\"https://a.example\"")]));
        assert!(text.starts_with(VARIABLES[1]) && text.contains("quotation marks"), "{text}");
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
            from(&[(VARIABLES[0], first), (VARIABLES[1], second)])
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
