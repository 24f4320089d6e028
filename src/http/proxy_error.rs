//! Why a proxy opens no tunnel. The HTTP library keeps the proxy's response to itself, so after a
//! failure one CONNECT of our own finds out.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::ProxyUrl;
use crate::error::{Error, Failure, RequestLine};
use crate::http::exchange_error::{DeliveryStatus, ExchangeError, causes};
use crate::http::resolver::SystemResolver;
use crate::http::tls_error;

/// What asking for a tunnel ended with.
pub(crate) enum Outcome {
    /// The proxy's response; for 2xx the trouble lies behind the proxy.
    Response(StatusCode),
    NotHttp,
    Tls(io::Error),
    /// The proxy cannot be reached, which the first error says already.
    Unreachable,
}

/// Whether a failure may be the proxy's. TLS through a proxy without TLS is the server's own.
pub(crate) fn is_unexplained(error: &reqwest::Error, proxy: &ProxyUrl) -> bool {
    let is_tls = tls_error::find(causes(error)).is_some();
    error.is_connect() && !error.is_timeout() && (!is_tls || proxy.url().scheme() == "https")
}

/// Completes the error of a request that did not get through a proxy.
pub(crate) fn explain(
    failed: ExchangeError,
    outcome: Outcome,
    proxy: &ProxyUrl,
    target: &str,
    line: &RequestLine,
) -> ExchangeError {
    let named = proxy.named();
    match outcome {
        Outcome::Response(status) if status.is_success() => failed,
        Outcome::Response(status) => {
            let hint = match status.as_u16() {
                407 => format!("check the user name and the password of {named}"),
                401 | 403 => format!(
                    "{named} rejects connections to {target}: allow the host there, or list it in NO_PROXY"
                ),
                500.. => format!("{named} could not reach {target}"),
                _ => format!("{named} opens no connection to {target}: is it a proxy?"),
            };
            let what = match status.as_u16() {
                407 => format!("proxy authorization required: the proxy answered {status}"),
                _ => format!("the proxy answered {status}"),
            };
            let is_permanent = status.is_client_error() && !matches!(status.as_u16(), 408 | 429);
            failure(line, what, hint, is_permanent)
        }
        Outcome::Tls(error) => {
            let chain = causes(&error);
            let (what, hint) = match tls_error::find(chain) {
                Some(failure) => (failure.what, failure.hint),
                None => (error.to_string(), None),
            };
            let host = proxy.address().trim_start_matches("https://");
            let hint = match hint {
                Some(hint) if what.contains("certificate") => format!("{hint} ({named})"),
                _ => format!(
                    "{named} does not accept TLS: name it as http://{host} if it is a plain proxy"
                ),
            };
            failure(line, format!("no TLS with the proxy: {what}"), hint, true)
        }
        Outcome::NotHttp => {
            let what = "the response of the proxy is not HTTP".to_owned();
            failure(
                line,
                what,
                format!("is {named} a proxy, and does it expect TLS (https://)?"),
                false,
            )
        }
        Outcome::Unreachable => name(failed, proxy),
    }
}

/// Adds to an error which proxy the request went to.
pub(crate) fn name(failed: ExchangeError, proxy: &ProxyUrl) -> ExchangeError {
    let ExchangeError { error, delivery } = failed;
    let mut hint = format!("requests go through {}", proxy.named());
    if let Some(host) = proxy.address().strip_prefix("https://") {
        let _ = write!(hint, ": name it as http://{host} if it is a plain proxy");
    }
    ExchangeError { error: error.with_hint(hint), delivery }
}

fn failure(line: &RequestLine, what: String, hint: String, is_permanent: bool) -> ExchangeError {
    let mut failure = Failure::new(line, what);
    failure.is_permanent = is_permanent;
    let delivery = if is_permanent { DeliveryStatus::Permanent } else { DeliveryStatus::NotSent };
    ExchangeError { error: Error::Transport(failure).with_hint(hint), delivery }
}

/// Asks for the tunnel to `target`, a host and a port.
pub(crate) async fn connect(proxy: &ProxyUrl, target: &str, tls: &ClientConfig) -> Outcome {
    let Some(stream) = open(proxy).await else { return Outcome::Unreachable };
    if proxy.url().scheme() != "https" {
        return request_tunnel(stream, proxy, target).await;
    }
    let host = proxy.url().host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(host.to_owned()) else { return Outcome::Unreachable };
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    match TlsConnector::from(Arc::new(tls)).connect(name, stream).await {
        Ok(stream) => request_tunnel(stream, proxy, target).await,
        Err(error) => Outcome::Tls(error),
    }
}

async fn open(proxy: &ProxyUrl) -> Option<TcpStream> {
    let port = proxy.url().port_or_known_default()?;
    let mut addresses = match proxy.url().host()? {
        url::Host::Domain(name) => SystemResolver::new().addresses(name).await.ok()?,
        url::Host::Ipv4(address) => vec![(address, 0).into()],
        url::Host::Ipv6(address) => vec![(address, 0).into()],
    };
    for address in &mut addresses {
        address.set_port(port);
    }
    TcpStream::connect(addresses.as_slice()).await.ok()
}

async fn request_tunnel(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    proxy: &ProxyUrl,
    target: &str,
) -> Outcome {
    let mut request = Request::builder().method(Method::CONNECT).uri(target).header(HOST, target);
    if let Some(login) = proxy.authorization() {
        request = request.header(PROXY_AUTHORIZATION, login);
    }
    let (Ok(request), Ok((mut sender, connection))) =
        (request.body(Empty::<&[u8]>::new()), http1::handshake(TokioIo::new(stream)).await)
    else {
        return Outcome::Unreachable;
    };
    let mut response = std::pin::pin!(sender.send_request(request));
    let response = tokio::select! {
        biased;
        response = &mut response => response,
        ended = connection => match ended {
            Ok(()) => response.await,
            Err(error) => Err(error),
        },
    };
    match response {
        Ok(response) => Outcome::Response(response.status()),
        Err(error) if error.is_parse() => Outcome::NotHttp,
        Err(_) => Outcome::Unreachable,
    }
}
