//! Answers in the place of the network, for simulations: all that stands above one exchange is real.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};

use crate::auth::authorization::Authorization;
use crate::config::Config;
use crate::error::{Error, Failure};
use crate::http::body::Received;
use crate::http::client::{HttpClient, PreparedRequest};
use crate::http::exchange_error::{DeliveryStatus, ExchangeError};
use crate::http::response::Response;

/// Whoever answers.
pub(crate) trait MockTransport: fmt::Debug + Send + Sync {
    /// What comes back for a request; dropped when the client waits no longer.
    fn answer(&self, asked: MockRequest)
    -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>>;
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct MockRequest {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) body: Bytes,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum MockResponse {
    Response(u16, HeaderMap, Bytes),
    ExchangeError(DeliveryStatus),
}

impl HttpClient {
    /// Asks a stand-in instead of the network, for a client that may have made calls before.
    pub(crate) fn simulated(
        config: Arc<Config>,
        mock: Arc<dyn MockTransport>,
    ) -> Result<Self, Error> {
        Ok(Self { mock: Some(mock), ..Self::new(config)? })
    }
}

/// One exchange with a stand-in, until a limit.
pub(crate) async fn exchange(
    mock: &dyn MockTransport,
    request: &PreparedRequest,
    authorization: &Authorization,
    limit: Instant,
) -> Result<Response, ExchangeError> {
    let body = request.content.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
    let asked =
        MockRequest { method: request.line.method.clone(), uri: request.uri().to_owned(), body };
    match timeout_at(limit, mock.answer(asked)).await {
        Ok(MockResponse::Response(status, headers, bytes)) => {
            let received = Received { bytes, incomplete: None };
            let context = (authorization.scheme(), authorization.secrets().clone());
            Ok(Response::new(
                request.line.clone(),
                (status, headers),
                received,
                context,
                request.has_envelope,
            ))
        }
        Ok(MockResponse::ExchangeError(delivery)) => Err(ExchangeError {
            error: Error::Transport(Failure::new(&request.line, "connection closed")),
            delivery,
        }),
        Err(_) => {
            let error = Error::Timeout(Failure::new(&request.line, "no answer in time"));
            Err(ExchangeError { error, delivery: DeliveryStatus::Ambiguous })
        }
    }
}
