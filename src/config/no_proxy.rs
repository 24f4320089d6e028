//! `NO_PROXY`: which hosts are reached without a proxy, by the rules of curl and requests.

use std::net::IpAddr;

use url::{Host, Url};

/// The entries of a list that commas or blanks separate.
#[derive(Debug)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug)]
enum Entry {
    /// `*`
    Any,
    /// A host's name, which also matches its subdomains, perhaps with a port.
    Name(String, Option<u16>),
    /// An address, perhaps with a port.
    Address(IpAddr, Option<u16>),
    /// A block in CIDR notation.
    Block(IpAddr, u8),
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        let words = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(words.filter(|word| !word.is_empty()).map(Entry::parse).collect())
    }

    pub(super) fn matches(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let Some(host) = url.host() else { return false };
        let (name, address) = match host {
            Host::Domain(name) => (Some(name.trim_end_matches('.').to_lowercase()), None),
            Host::Ipv4(address) => (None, Some(IpAddr::from(address))),
            Host::Ipv6(address) => (None, Some(IpAddr::from(address))),
        };
        let is_port = |wanted: &Option<u16>| wanted.is_none() || *wanted == port;
        self.0.iter().any(|entry| match entry {
            Entry::Any => true,
            Entry::Name(domain, wanted) => {
                is_port(wanted) && name.as_ref().is_some_and(|name| is_within(name, domain))
            }
            Entry::Address(wanted_address, wanted) => {
                is_port(wanted) && address == Some(*wanted_address)
            }
            Entry::Block(network, bits) => {
                address.is_some_and(|address| is_in_block(address, *network, *bits))
            }
        })
    }
}

impl Entry {
    fn parse(word: &str) -> Self {
        if word == "*" {
            return Self::Any;
        }
        if let Some((network, bits)) = word.split_once('/')
            && let (Some(network), Ok(bits)) = (address(network), bits.parse())
        {
            return Self::Block(network, bits);
        }
        if let Some(address) = address(word) {
            return Self::Address(address, None);
        }
        let (host, port) = match word.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().ok()),
            _ => (word, None),
        };
        match address(host) {
            Some(address) => Self::Address(address, port),
            None => Self::Name(domain(host), port),
        }
    }
}

/// An IP address, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok()
}

fn domain(text: &str) -> String {
    let text = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
    let text = text.trim_start_matches('.').trim_end_matches('.');
    // Internationalized names are compared in the form that a URL gives them.
    url::Host::parse(text).map_or_else(|_| text.to_lowercase(), |host| host.to_string())
}

fn is_within(name: &str, domain: &str) -> bool {
    let rest = name.strip_suffix(domain);
    !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_in_block(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let differing = |width: u32, difference: u128| {
        let kept = u32::from(bits);
        kept <= width && (kept == 0 || difference >> (width - kept) == 0)
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => differing(32, u128::from(a.to_bits() ^ b.to_bits())),
        (IpAddr::V6(a), IpAddr::V6(b)) => differing(128, a.to_bits() ^ b.to_bits()),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn is_exception(list: &str, url: &str) -> bool {
        NoProxy::parse(list).matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn host_that_the_list_names_is_reached_directly() {
        for (list, url) in [
            ("*", "https://cloud.mongodb.com"),
            ("a.test * b.test", "https://10.0.0.1"),
            ("mongodb.com", "https://cloud.mongodb.com"),
            (".mongodb.com", "https://cloud.mongodb.com"),
            (".mongodb.com", "https://mongodb.com"),
            ("*.mongodb.com", "https://cloud.mongodb.com"),
            ("*.MongoDB.com", "https://CLOUD.mongodb.COM"),
            ("cloud.mongodb.com.", "https://cloud.mongodb.com"),
            ("cloud.mongodb.com", "https://cloud.mongodb.com."),
            ("cloud.mongodb.com:443", "https://cloud.mongodb.com"),
            ("cloud.mongodb.com:8443", "https://cloud.mongodb.com:8443"),
            ("a.test b.test\tcloud.mongodb.com", "https://cloud.mongodb.com"),
            ("a.test , cloud.mongodb.com", "https://cloud.mongodb.com"),
            ("10.0.0.0/8", "https://10.1.2.3"),
            ("10.9.9.9/8", "https://10.1.2.3"),
            ("0.0.0.0/0", "https://10.1.2.3"),
            ("10.1.2.3", "https://10.1.2.3:8443"),
            ("10.1.2.3:8443", "https://10.1.2.3:8443"),
            ("fd00::/8", "https://[fd00::1]"),
            ("[fd00::]/8", "https://[fd00::1]"),
            ("[fd00::1]", "https://[fd00::1]"),
            ("fd00::1", "https://[fd00:0::0:1]:8443"),
            ("[fd00::1]:8443", "https://[fd00::1]:8443"),
            ("bücher.test", "https://bücher.test"),
        ] {
            assert!(is_exception(list, url), "{list} {url}");
        }
    }

    #[test]
    fn other_hosts_go_through_the_proxy() {
        for (list, url) in [
            ("", "https://cloud.mongodb.com"),
            (",", "https://cloud.mongodb.com"),
            (".", "https://cloud.mongodb.com"),
            ("db.com", "https://cloud.mongodb.com"),
            ("cloud.mongodb.com:80", "https://cloud.mongodb.com"),
            ("https://cloud.mongodb.com", "https://cloud.mongodb.com"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            ("10.0.0.0/33", "https://10.0.0.0"),
            ("10.0.0.0/8", "https://[fd00::1]"),
            ("10.1.2.3:80", "https://10.1.2.3"),
            ("[fd00::1]:80", "https://[fd00::1]"),
            ("1.2.3", "https://10.1.2.3"),
        ] {
            assert!(!is_exception(list, url), "{list} {url}");
        }
    }
}
