//! The HTTP client, which keeps connections, and a new one once HTTP/2 has gone silent.
//!
//! HTTP/1.1 closes a connection whose request timed out. HTTP/2 cannot know that it is dead and not
//! one stream slow, and the library would send whatever comes next down the same connection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::config::{Config, ProxyUrl};
use crate::error::Error;
use crate::http::proxy_error;
use crate::http::proxy_error::Outcome;
use crate::http::resolver::SystemResolver;
use crate::http::tls;

/// Below the idle limits of usual gateways (60 s and more), so that they rarely close first.
const IDLE_LIMIT: Duration = Duration::from_secs(55);
/// Between pings on an HTTP/2 connection that has open streams.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// What new attempts are sent with.
#[derive(Debug)]
pub(crate) struct Pool {
    tls: ClientConfig,
    /// Whether the server has answered over HTTP/1.
    is_http1: AtomicBool,
    current: Mutex<Arc<Client>>,
}

#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    /// How many whole answers it has brought.
    answers: AtomicU64,
}

/// One attempt's client; replacing it does not disturb the attempt.
#[derive(Debug)]
pub(crate) struct Lease {
    client: Arc<Client>,
    answers_before: u64,
}

impl Lease {
    pub(crate) async fn execute(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.client.http.execute(request).await
    }
}

impl Pool {
    /// Sets up TLS and proxy; nothing is connected yet.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let tls = if config.base_url.is_tls() {
            tls::client_config(config)?
        } else {
            tls::unused_config()?
        };
        let current = Mutex::new(Arc::new(Client::new(config, tls.clone())?));
        Ok(Self { tls, is_http1: AtomicBool::new(!config.base_url.is_tls()), current })
    }

    pub(crate) fn lease(&self) -> Lease {
        let client = Arc::clone(&self.current());
        Lease { answers_before: client.answers.load(Ordering::Relaxed), client }
    }

    /// Records that an attempt received its whole response.
    pub(crate) fn answered(&self, lease: &Lease, version: Version) {
        lease.client.answers.fetch_add(1, Ordering::Relaxed);
        if version < Version::HTTP_2 {
            self.is_http1.store(true, Ordering::Relaxed);
        }
    }

    /// Records that an attempt timed out: without another response meanwhile, the next ones connect
    /// anew. Once for all attempts of one client, so at most once in the time that an attempt has.
    pub(crate) fn timed_out(&self, lease: &Lease, config: &Config) {
        let answers = lease.client.answers.load(Ordering::Relaxed);
        if answers != lease.answers_before || self.is_http1.load(Ordering::Relaxed) {
            return;
        }
        let mut current = self.current();
        if Arc::ptr_eq(&current, &lease.client)
            && let Ok(client) = Client::new(config, self.tls.clone())
        {
            *current = Arc::new(client);
        }
    }

    /// What the proxy answers to a request for a tunnel, within a limit.
    pub(crate) async fn tunnel(&self, proxy: &ProxyUrl, host: &str, limit: Instant) -> Outcome {
        let tunnel = proxy_error::connect(proxy, host, &self.tls);
        tokio::time::timeout_at(limit, tunnel).await.unwrap_or(Outcome::Unreachable)
    }

    fn current(&self) -> MutexGuard<'_, Arc<Client>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn new(config: &Config, tls: ClientConfig) -> Result<Self, Error> {
        let unusable = |error: reqwest::Error| {
            Error::Configuration(format!("no HTTP client: {}", error.without_url()))
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // The environment is read by `Config`, not by the library.
            .no_proxy()
            .user_agent(config.user_agent.clone())
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(IDLE_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .dns_resolver(SystemResolver::new())
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(config.connect_timeout);
        if let Some(proxy) = &config.proxy {
            builder = builder.proxy(to_reqwest(proxy).map_err(unusable)?);
        }
        let http = builder.build().map_err(unusable)?;
        Ok(Self { http, answers: AtomicU64::new(0) })
    }
}

/// A proxy as the HTTP library takes it.
fn to_reqwest(proxy: &ProxyUrl) -> Result<reqwest::Proxy, reqwest::Error> {
    let built = reqwest::Proxy::all(proxy.url().clone())?;
    Ok(match proxy.authorization() {
        Some(header) => built.custom_http_auth(header.clone()),
        None => built,
    })
}
