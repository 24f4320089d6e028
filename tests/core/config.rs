//! Options as the outside gives them: above all, where credentials may travel without TLS.

use std::net::IpAddr;

use atlas_backups::config::Config;
use proptest::prelude::*;

use crate::client::{BUDGET, options};

fn accepted(url: &str) -> Option<String> {
    let config = Config::new(&options(url, &BUDGET), &|_| None).ok()?;
    Some(config.base_url().to_owned())
}

/// The host of a URL, found without the parser that the package uses.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let authority = rest.split('/').next().unwrap();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap(),
        None => authority.split(':').next().unwrap(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host.trim_end_matches('.') == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

proptest! {
    #[test]
    fn plain_http_never_leaves_this_machine(url in "(http|HTTP|hTtP|https):/{0,3}\\\\?\\PC{0,30}") {
        if let Some(url) = accepted(&url) {
            prop_assert!(url.starts_with("https://") || is_this_machine(host(&url)), "{url}");
        }
    }

    #[test]
    fn nor_with_hosts_that_look_local(
        scheme in "https?",
        user in "([a-z:%@]{1,3}@)?",
        host in "(127|0x7f|0177|localhost|\\[::1\\]|\\[::ffff:127\\.0\\.0\\.1\\]|1|2130706433|128|0)",
        more in "([.%@:/\\\\#?][a-z0-9.]{0,4}){0,4}",
    ) {
        if let Some(url) = accepted(&format!("{scheme}://{user}{host}{more}")) {
            prop_assert!(url.starts_with("https://") || is_this_machine(super::config::host(&url)), "{url}");
            prop_assert!(!url.contains(['@', '?', '#']) || !super::config::host(&url).contains('@'));
        }
    }

    #[test]
    fn an_accepted_url_is_accepted_again_unchanged(url in "https://[a-z]{1,5}(:[0-9]{1,5})?(/[a-z%0-9./;=]{0,8}){0,3}") {
        if let Some(url) = accepted(&url) {
            prop_assert!(!url.ends_with('/'));
            prop_assert_eq!(accepted(&url), Some(url.clone()));
        }
    }

    #[test]
    fn a_message_never_shows_a_password(password in "[a-zA-Z0-9]{12}", scheme in "http|https|ftp|x") {
        let url = format!("{scheme}://user:{password}@127.0.0.1/");
        let error = Config::new(&options(&url, &BUDGET), &|_| None).unwrap_err();
        prop_assert!(!error.to_string().contains(&password));
    }
}

#[test]
fn zero_retries_are_allowed_and_odd_times_are_not() {
    for time in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
        for (connect, attempt, total) in [(time, 1.0, 1.0), (1.0, time, 1.0), (1.0, 1.0, time)] {
            let budget = crate::client::Budget { connect, attempt, total, ..BUDGET };
            assert!(Config::new(&options("http://127.0.0.1", &budget), &|_| None).is_err());
        }
    }
    let budget = crate::client::Budget { retries: 0, total: f64::MAX, ..BUDGET };
    assert!(Config::new(&options("http://127.0.0.1", &budget), &|_| None).is_ok());
}
