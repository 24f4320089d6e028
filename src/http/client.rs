//! The pool of connections to one base URL, and one attempt on it within its time.

#[cfg(test)]
pub(crate) mod mock_transport;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::Instant;
use url::{Position, Url};

use crate::auth::authorization::Authorization;
use crate::config::Config;
use crate::error::{Error, Failure, RequestLine};
use crate::http::body;
use crate::http::body::{BodyState, Delivery, Incomplete, Received, TrackedBody};
use crate::http::call_context::CallContext;
use crate::http::events::{Level, Topic};
use crate::http::exchange_error::{DeliveryStatus, ExchangeError, is_refused_stream};
use crate::http::pool::{Lease, Pool};
use crate::http::proxy_error;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::policy::retry::RetryState;
use crate::policy::retry_budget::RetryBudget;

/// The HTTP library has no cap of its own.
const MOST_IN_FLIGHT: usize = 128;
/// How often a rejected stream is resent at once, before it counts as a failure.
const MOST_REFUSED_STREAMS: u32 = 5;
/// The longest hold: a loop that cancels in every iteration must not block its other calls.
const LONGEST_HOLD: Duration = Duration::from_secs(5);
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const VERSION: HeaderValue = HeaderValue::from_static("application/vnd.atlas.2025-03-12+json");

/// Connections to one base URL; belongs to the process that made it.
#[derive(Debug)]
pub struct HttpClient {
    config: Arc<Config>,
    pool: Pool,
    in_flight: Semaphore,
    budget: Arc<RetryBudget>,
    #[cfg(test)]
    mock: Option<Arc<dyn mock_transport::MockTransport>>,
}

/// A request that is ready to be sent, but for its credentials.
pub(crate) struct PreparedRequest {
    pub(crate) line: RequestLine,
    url: Url,
    accept: HeaderValue,
    content: Option<(HeaderValue, Bytes)>,
    /// Whether the answer may hold a token, so that no error quotes it.
    may_contain_token: bool,
    /// Whether an envelope was asked for, so that one is unwrapped.
    has_envelope: bool,
    delivery: Option<Delivery>,
}

impl PreparedRequest {
    /// A form for the token endpoint.
    pub(crate) fn form(http: &HttpClient, path: &str, form: Bytes) -> Self {
        let line = http.line(&Method::POST, path);
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self {
            url: http.config.base_url.with(&line.path, &[]),
            line,
            accept: HeaderValue::from_static("application/json"),
            content: Some((form_type, form)),
            may_contain_token: true,
            has_envelope: false,
            delivery: None,
        }
    }

    /// Whether the request changes something at Atlas.
    fn acts(&self) -> bool {
        self.line.method != Method::GET && !self.may_contain_token
    }

    /// Path and query as they stand in the request line.
    pub(crate) fn uri(&self) -> &str {
        &self.url[Position::BeforePath..]
    }

    fn build(&self, authorization: Option<&HeaderValue>) -> (reqwest::Request, BodyState) {
        let mut request = reqwest::Request::new(self.line.method.clone(), self.url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, self.accept.clone());
        headers.insert(ACCEPT_ENCODING, GZIP);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let Some((content_type, content)) = &self.content else {
            return (request, BodyState::without_body());
        };
        headers.insert(CONTENT_TYPE, content_type.clone());
        let body_state = BodyState::with_body();
        if let Some(delivery) = &self.delivery {
            delivery.track(&body_state);
        }
        let body = TrackedBody::new(content.clone(), body_state.clone());
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        (request, body_state)
    }
}

impl PreparedRequest {
    fn answer(
        &self,
        (status, headers, received): (u16, HeaderMap, Received),
        authorization: &Authorization,
    ) -> Response {
        let context = (authorization.scheme(), authorization.secrets().clone());
        let head = (status, headers);
        let answer = Response::new(self.line.clone(), head, received, context, self.has_envelope);
        if self.may_contain_token { answer.may_contain_token() } else { answer }
    }
}

/// What is sent may be a secret.
impl std::fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("line", &self.line).finish_non_exhaustive()
    }
}

impl HttpClient {
    /// Sets up TLS, proxy and limits; nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] when TLS or the proxy cannot be used.
    pub fn new(config: Arc<Config>) -> Result<Self, Error> {
        let pool = Pool::new(&config)?;
        Ok(Self {
            config,
            pool,
            in_flight: Semaphore::new(MOST_IN_FLIGHT),
            budget: Arc::new(RetryBudget::full()),
            #[cfg(test)]
            mock: None,
        })
    }

    /// That many retries, as far as the retry budget of the client pays for them.
    pub(crate) fn retries(&self, most: u32) -> RetryState {
        RetryState::new(most, Arc::clone(&self.budget), crate::auth::authorization::random())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn line(&self, method: &Method, path: &str) -> RequestLine {
        let path = [self.config.base_url.path(), path].concat();
        RequestLine { method: method.clone(), path: path.into() }
    }

    pub(crate) fn prepare(&self, request: &Request) -> PreparedRequest {
        let line = self.line(&request.method, &request.path);
        let url = self.config.base_url.with(&line.path, &request.query);
        let json = HeaderValue::from_static("application/json");
        let content = request.body.clone().map(|body| (json, body));
        let has_envelope =
            request.query.iter().any(|(name, value)| *name == "envelope" && value == "true");
        let delivery = request.delivery.clone();
        PreparedRequest {
            line,
            url,
            accept: VERSION,
            content,
            may_contain_token: false,
            has_envelope,
            delivery,
        }
    }

    /// One request and its answer, read to the end; `attempt` is for the log.
    pub(crate) async fn exchange(
        &self,
        request: &PreparedRequest,
        authorization: &Authorization,
        attempt: u32,
        call: &CallContext,
    ) -> Result<Response, ExchangeError> {
        let begun = Instant::now();
        let result = self.send(request, authorization, call).await;
        let template = "%s: %s (attempt %s, %s s)";
        call.events.add(Topic::Http, Level::Debug, template, || {
            let outcome = match &result {
                Ok(answer) => answer.status().to_string(),
                Err(failed) => failed.error.outcome(),
            };
            let seconds = format!("{:.3}", begun.elapsed().as_secs_f64());
            [request.line.to_string(), outcome, attempt.to_string(), seconds]
        });
        result
    }

    /// Waits until the request may be sent.
    async fn place(
        &self,
        request: &PreparedRequest,
        call: &CallContext,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        let mut held_until = None;
        loop {
            let permit = self.in_flight.acquire().await;
            if request.content.is_some() {
                // Lets the runtime see which idle connections have ended, for instance while the
                // process was frozen, before this request is sent on one of them.
                tokio::task::yield_now().await;
            }
            let now = Instant::now();
            if !request.acts() || !call.is_held() || held_until.is_some_and(|until| until <= now) {
                return permit;
            }
            // Others may use the place meanwhile.
            drop(permit);
            let until = *held_until.get_or_insert(now + LONGEST_HOLD);
            let _ = tokio::time::timeout_at(until, call.released()).await;
        }
    }

    async fn send(
        &self,
        request: &PreparedRequest,
        authorization: &Authorization,
        call: &CallContext,
    ) -> Result<Response, ExchangeError> {
        let waiting = "waiting for one of its connections";
        let permit = call.until_deadline(&request.line, waiting, self.place(request, call)).await;
        let _permit = permit.map_err(|failure| ExchangeError {
            error: Error::Timeout(failure),
            delivery: DeliveryStatus::NotSent,
        })?;
        if Instant::now() >= call.deadline() {
            let what = format!("{} ended before the request was sent", call.limit());
            let error = Error::Timeout(Failure::new(&request.line, what));
            return Err(ExchangeError { error, delivery: DeliveryStatus::NotSent });
        }
        let own_limit = Instant::now() + self.config.timeout;
        let limit = own_limit.min(call.deadline());
        #[cfg(test)]
        if let Some(mock) = &self.mock {
            let (_, body_state) = request.build(authorization.header());
            body_state.begin();
            return mock_transport::exchange(mock.as_ref(), request, authorization, limit).await;
        }
        let mut refused_streams = 0;
        loop {
            let (http_request, body_state) = request.build(authorization.header());
            let lease = self.pool.lease();
            let mut answered = false;
            let result =
                tokio::time::timeout_at(limit, self.receive(&lease, http_request, &mut answered))
                    .await;
            let error = match result {
                // A good response whose body ends early is a connection that broke.
                Ok(Ok((status, _, Received { incomplete: Some(Incomplete::Cut), .. })))
                    if status < 400 =>
                {
                    let what = "the http broke: the compressed body is cut off";
                    let error = Error::Transport(Failure::new(&request.line, what));
                    return Err(ExchangeError { error, delivery: DeliveryStatus::Ambiguous });
                }
                Ok(Ok(response)) => return Ok(request.answer(response, authorization)),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.pool.timed_out(&lease, &self.config);
                    let is_own = limit == own_limit;
                    return Err(self.timed_out(request, &body_state, is_own, call));
                }
            };
            if !answered && is_refused_stream(&error) && refused_streams < MOST_REFUSED_STREAMS {
                refused_streams += 1;
                let count = refused_streams;
                let template = "%s: the server rejected the HTTP/2 stream; resent (%s)";
                call.events.add(Topic::Http, Level::Debug, template, || {
                    [request.line.to_string(), count.to_string()]
                });
                continue;
            }
            let acted = answered || !body_state.revoke();
            let failed = ExchangeError::classify(&error, answered, acted, &request.line);
            return Err(self.explain(failed, &error, request, limit).await);
        }
    }

    /// Sends a request and reads the response to its end.
    async fn receive(
        &self,
        lease: &Lease,
        request: reqwest::Request,
        answered: &mut bool,
    ) -> Result<(u16, HeaderMap, Received), reqwest::Error> {
        let mut response = lease.execute(request).await?;
        *answered = true;
        let status = response.status().as_u16();
        let most = if status < 400 { body::LARGEST_BODY } else { body::LARGEST_ERROR_BODY };
        let received = body::read(&mut response, most).await?;
        self.pool.answered(lease, response.version());
        Ok((status, std::mem::take(response.headers_mut()), received))
    }

    fn timed_out(
        &self,
        request: &PreparedRequest,
        body_state: &BodyState,
        is_own: bool,
        call: &CallContext,
    ) -> ExchangeError {
        let what = if is_own {
            let seconds = self.config.timeout.as_secs_f64();
            format!("no whole answer within timeout ({seconds} s)")
        } else {
            format!("no whole answer before {} ended", call.limit())
        };
        let delivery =
            if body_state.revoke() { DeliveryStatus::NotSent } else { DeliveryStatus::Ambiguous };
        ExchangeError { error: Error::Timeout(Failure::new(&request.line, what)), delivery }
    }

    /// Adds what a proxy has to do with an error.
    async fn explain(
        &self,
        failed: ExchangeError,
        error: &reqwest::Error,
        request: &PreparedRequest,
        limit: Instant,
    ) -> ExchangeError {
        match &self.config.proxy {
            Some(proxy) if proxy_error::is_unexplained(error, proxy) => {
                let limit = limit.min(Instant::now() + self.config.connect_timeout);
                let host = self.config.base_url.authority();
                let tunnel = Box::pin(self.pool.tunnel(proxy, &host, limit)).await;
                proxy_error::explain(failed, tunnel, proxy, &host, &request.line)
            }
            Some(proxy) if error.is_connect() => proxy_error::name(failed, proxy),
            _ => failed,
        }
    }
}
