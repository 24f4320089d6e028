//! Fuzzing of URLs: where requests go, and that no error message contains the URL.
#![allow(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used)]

use http::Uri;
use url::Url;

use crate::config::{BaseUrl, ProxyUrl};
use crate::error::Error;

const PATH: &str = "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/clusters/a/backup/snapshots";
/// Shorter pieces of a URL may stand in a message by chance.
const SHORTEST_SECRET: usize = 12;

/// A base URL: requests go to its host, over TLS or within this machine, and to no other path.
pub fn base_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let base = match BaseUrl::choose(Some(text), &|_| None) {
        Ok(base) => base,
        Err(error) => return refused_unseen(text, &error),
    };
    let given = Url::parse(text).unwrap();
    assert!(base.is_tls() || base.is_loopback());
    assert_eq!(base.is_tls(), given.scheme() == "https");
    let path = format!("{}{PATH}", base.path());
    let uri = format!("{path}?itemsPerPage=500&pageNum=1");
    let url = base.with(&path, &[("itemsPerPage", "500".into()), ("pageNum", "1".into())]);
    assert_eq!((url.scheme(), url.host()), (given.scheme(), given.host()));
    assert_eq!(url.port_or_known_default(), given.port_or_known_default());
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    // Messages name the path as it is written here, so it must be sent like that.
    assert_eq!(format!("{}?{}", url.path(), url.query().unwrap()), uri);
    assert!(url.path().ends_with(PATH));
    // What the HTTP library makes of it.
    let sent: Uri = url.as_str().parse().unwrap();
    assert_eq!(sent.path_and_query().unwrap().as_str(), uri);
    assert_eq!(BaseUrl::choose(Some(base.as_str()), &|_| None).unwrap(), base);
}

/// A proxy's URL: one that is used has a host, and a message about any other shows nothing of it.
pub fn proxy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match ProxyUrl::parse("proxy", text) {
        Ok(proxy) => {
            let url = proxy.url();
            let _: Uri = url.as_str().parse().unwrap();
            assert!(url.host().is_some() && matches!(url.scheme(), "http" | "https"));
            if let Some((login, _)) = text.rsplit_once('@') {
                let shown = format!("{proxy:?}");
                assert!(login.len() < SHORTEST_SECRET || !shown.contains(login), "{shown}");
            }
        }
        Err(error) => refused_unseen(text, &error),
    }
}

fn refused_unseen(text: &str, error: &Error) {
    let Error::Configuration(why) = error else { panic!("{error:?}") };
    // What is no URL at all may be a piece of the message itself.
    assert!(!text.contains("://") || text.len() < SHORTEST_SECRET || !why.contains(text), "{why}");
    assert!(!why.contains(char::is_control));
    if let Ok(url) = Url::parse(text) {
        for secret in [url.username(), url.password().unwrap_or_default()] {
            assert!(secret.len() < SHORTEST_SECRET || !why.contains(secret), "{why}");
        }
    }
}
