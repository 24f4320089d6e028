//! The client that operations use: one authenticated, rate-limited exchange at a time.
//!
//! It never repeats a request that the server may have processed; operations decide on that.

use std::pin::pin;
use std::sync::Arc;

use crate::auth::Auth;
use crate::error::{Error, RequestLine};
use crate::http::exchange_error::ExchangeError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::{CallContext, HttpClient};
use crate::operations::recent_snapshots::RecentSnapshots;
use crate::policy::rate_limit::RateLimits;
use crate::policy::retry::RetryState;

/// A http pool, its credentials and its rate limits; cheap to clone.
#[derive(Debug, Clone)]
pub struct AtlasClient {
    http: Arc<HttpClient>,
    auth: Arc<Auth>,
    limits: Arc<RateLimits>,
    recent: Arc<RecentSnapshots>,
}

impl AtlasClient {
    /// Joins a connection pool and credentials.
    #[must_use]
    pub fn new(http: HttpClient, auth: Auth) -> Self {
        Self {
            http: Arc::new(http),
            auth: Arc::new(auth),
            limits: Arc::default(),
            recent: Arc::default(),
        }
    }

    /// The same client with other credentials. The connections stay: they carry no credentials.
    #[must_use]
    pub fn with_auth(&self, auth: Auth) -> Self {
        Self { auth: Arc::new(auth), ..self.clone() }
    }

    /// The client of a caller that may have taken snapshots before.
    #[cfg(test)]
    pub(crate) fn with_recent(self, recent: Arc<RecentSnapshots>) -> Self {
        Self { recent, ..self }
    }

    /// Sends one request; sends it again once when the server rejects a renewable credential.
    ///
    /// A rejected request was not processed, so this repeats nothing, not even for a POST.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        call: &CallContext,
    ) -> Result<Response, ExchangeError> {
        let prepared = self.http.prepare(request);
        let mut refreshed = None;
        loop {
            let is_last = refreshed.is_some();
            if let Some(delivery) = &request.delivery {
                delivery.reset();
            }
            // The wait comes before the authorization, which may expire meanwhile.
            let permit = self.limits.acquire(&request.path, &prepared.line, call).await?;
            let authorization = self.auth.authorize(refreshed, &self.http, &prepared, call).await;
            let authorization = authorization.map_err(ExchangeError::not_sent)?;
            let attempt = call.begin_attempt();
            let response = {
                // Pinned here: passed by value, the future would be stored twice in every call.
                let exchange = pin!(self.http.exchange(&prepared, &authorization, attempt, call));
                permit.run(exchange).await?
            };
            if !response.rejects_credentials(&authorization) {
                self.auth.release(authorization, &response);
                return Ok(response);
            }
            if self.auth.is_closed() {
                // `close` revoked the token; Atlas' message about it would mislead.
                return Err(ExchangeError::not_sent(Error::ClientClosed));
            }
            refreshed = if is_last { None } else { self.auth.refresh(authorization, &response) };
            if refreshed.is_none() {
                return Ok(response);
            }
        }
    }

    /// How messages name a request.
    pub(crate) fn line(&self, request: &Request) -> RequestLine {
        self.http.line(&request.method, &request.path)
    }

    /// The snapshots that this client took recently.
    pub(crate) fn recent(&self) -> &RecentSnapshots {
        &self.recent
    }

    /// The retries that an operation may spend on what is safe to repeat.
    pub(crate) fn retries(&self) -> RetryState {
        self.http.retries(self.http.config().max_retries)
    }

    /// Revokes the token, best effort; the credentials are not used again.
    pub async fn close(&self, call: &CallContext) {
        self.auth.close(&self.http, call).await;
    }
}
