//! The pool of connections to one base URL, and one attempt on it within its time.

#[cfg(test)]
pub(crate) mod stand_in;
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

use super::Request;
use super::answer::Answer;
use super::auth::{self, Grant};
use super::body::{self, Delivery, Received, Sending, Unread, Watched};
use super::call::Call;
use super::events::Level;
use super::limit::Limits;
use super::lost::{Fate, Lost, is_refused_stream};
use super::memory::Memory;
use super::pool::{Lease, Pool};
use super::proxy_error;
use super::quota::Quota;
use super::retry::Retries;
use crate::config::Config;
use crate::error::{Error, Failure, RequestLine};

/// The HTTP library has no cap of its own.
const MOST_IN_FLIGHT: usize = 128;
/// How often a stream that the server refused is sent again at once, before it counts as a failure.
const MOST_REFUSED_STREAMS: u32 = 5;
/// A loop that cancels something in every turn must not hold its other calls back for ever.
const LONGEST_HOLD: Duration = Duration::from_secs(5);
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const VERSION: HeaderValue = HeaderValue::from_static("application/vnd.atlas.2025-03-12+json");

/// Connections to one base URL; belongs to the process that made it.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    pool: Pool,
    in_flight: Semaphore,
    quota: Arc<Quota>,
    pub(super) limits: Limits,
    pub(super) memory: Arc<Memory>,
    #[cfg(test)]
    stand_in: Option<Arc<dyn stand_in::StandIn>>,
}

/// A request that is ready to be sent, but for its credentials.
pub(super) struct Target {
    pub(super) line: RequestLine,
    url: Url,
    accept: HeaderValue,
    content: Option<(HeaderValue, Bytes)>,
    /// Whether the answer may hold a token, so that no error quotes it.
    confidential: bool,
    /// Whether an envelope was asked for, so that one is unwrapped.
    has_envelope: bool,
    delivery: Option<Delivery>,
}

impl Target {
    /// A form for the token endpoint.
    pub(super) fn form(connection: &Connection, path: &str, form: Bytes) -> Self {
        let line = connection.line(&Method::POST, path);
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self {
            url: connection.config.base_url.with(&line.path, &[]),
            line,
            accept: HeaderValue::from_static("application/json"),
            content: Some((form_type, form)),
            confidential: true,
            has_envelope: false,
            delivery: None,
        }
    }

    /// Whether the request changes something at Atlas.
    fn acts(&self) -> bool {
        self.line.method != Method::GET && !self.confidential
    }

    /// Path and query as they stand in the request line.
    pub(super) fn uri(&self) -> &str {
        &self.url[Position::BeforePath..]
    }

    fn build(&self, authorization: Option<&HeaderValue>) -> (reqwest::Request, Sending) {
        let mut request = reqwest::Request::new(self.line.method.clone(), self.url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, self.accept.clone());
        headers.insert(ACCEPT_ENCODING, GZIP);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let Some((content_type, content)) = &self.content else {
            return (request, Sending::without_body());
        };
        headers.insert(CONTENT_TYPE, content_type.clone());
        let sending = Sending::with_body();
        if let Some(delivery) = &self.delivery {
            delivery.track(&sending);
        }
        let body = Watched::new(content.clone(), sending.clone());
        *request.body_mut() = Some(reqwest::Body::wrap(body));
        (request, sending)
    }
}

impl Target {
    fn answer(
        &self,
        (status, headers, received): (u16, HeaderMap, Received),
        grant: &Grant,
    ) -> Answer {
        let context = (grant.scheme(), grant.secrets().clone());
        let head = (status, headers);
        let answer = Answer::new(self.line.clone(), head, received, context, self.has_envelope);
        if self.confidential { answer.confidential() } else { answer }
    }
}

/// What is sent may be a secret.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Connection {
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
            quota: Arc::new(Quota::full()),
            limits: Limits::new(),
            memory: Arc::default(),
            #[cfg(test)]
            stand_in: None,
        })
    }

    /// That many retries, as far as the quota of the client pays for them.
    pub(super) fn retries(&self, most: u32) -> Retries {
        Retries::new(most, Arc::clone(&self.quota), auth::random())
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn line(&self, method: &Method, path: &str) -> RequestLine {
        let path = [self.config.base_url.path(), path].concat();
        RequestLine { method: method.clone(), path: path.into() }
    }

    pub(super) fn target(&self, request: &Request) -> Target {
        let line = self.line(&request.method, &request.path);
        let url = self.config.base_url.with(&line.path, &request.query);
        let json = HeaderValue::from_static("application/json");
        let content = request.body.clone().map(|body| (json, body));
        let has_envelope =
            request.query.iter().any(|(name, value)| *name == "envelope" && value == "true");
        let delivery = request.delivery.clone();
        Target { line, url, accept: VERSION, content, confidential: false, has_envelope, delivery }
    }

    /// One request and its answer, read to the end; `attempt` is for the log.
    pub(super) async fn exchange(
        &self,
        target: &Target,
        grant: &Grant,
        attempt: u32,
        call: &Call,
    ) -> Result<Answer, Lost> {
        let begun = Instant::now();
        let result = self.send(target, grant, call).await;
        call.events.add(Level::Debug, || {
            let outcome = match &result {
                Ok(answer) => answer.status().to_string(),
                Err(lost) => lost.error.outcome(),
            };
            let seconds = begun.elapsed().as_secs_f64();
            format!("{}: {outcome} (attempt {attempt}, {seconds:.3} s)", target.line)
        });
        result
    }

    /// Waits until the request may be sent.
    async fn place(
        &self,
        target: &Target,
        call: &Call,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        let mut held_until = None;
        loop {
            let permit = self.in_flight.acquire().await;
            if target.content.is_some() {
                // Lets the runtime see which idle connections have ended, for instance while the
                // process was frozen, before this request is sent on one of them.
                tokio::task::yield_now().await;
            }
            let now = Instant::now();
            if !target.acts() || !call.is_held() || held_until.is_some_and(|until| until <= now) {
                return permit;
            }
            // Others may use the place meanwhile.
            drop(permit);
            let until = *held_until.get_or_insert(now + LONGEST_HOLD);
            let _ = tokio::time::timeout_at(until, call.released()).await;
        }
    }

    async fn send(&self, target: &Target, grant: &Grant, call: &Call) -> Result<Answer, Lost> {
        let waiting = "waiting for one of its connections";
        let permit = call.until_deadline(&target.line, waiting, self.place(target, call)).await;
        let _permit = permit
            .map_err(|failure| Lost { error: Error::Timeout(failure), fate: Fate::NotSent })?;
        if Instant::now() >= call.deadline() {
            let what = format!("{} ended before the request was sent", call.limit());
            let error = Error::Timeout(Failure::new(&target.line, what));
            return Err(Lost { error, fate: Fate::NotSent });
        }
        let own_limit = Instant::now() + self.config.timeout;
        let limit = own_limit.min(call.deadline());
        #[cfg(test)]
        if let Some(stand_in) = &self.stand_in {
            let (_, sending) = target.build(grant.header());
            sending.begin();
            return stand_in::exchange(stand_in.as_ref(), target, grant, limit).await;
        }
        let mut refused_streams = 0;
        loop {
            let (request, sending) = target.build(grant.header());
            let lease = self.pool.lease();
            let mut answered = false;
            let result =
                tokio::time::timeout_at(limit, self.receive(&lease, request, &mut answered)).await;
            let error = match result {
                // A good response whose body ends early is a connection that broke.
                Ok(Ok((status, _, Received { unread: Some(Unread::Cut), .. }))) if status < 400 => {
                    let what = "the connection broke: the compressed body is cut off";
                    let error = Error::Transport(Failure::new(&target.line, what));
                    return Err(Lost { error, fate: Fate::Unknown });
                }
                Ok(Ok(response)) => return Ok(target.answer(response, grant)),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.pool.timed_out(&lease, &self.config);
                    let is_own = limit == own_limit;
                    return Err(self.timed_out(target, &sending, is_own, call));
                }
            };
            if !answered && is_refused_stream(&error) && refused_streams < MOST_REFUSED_STREAMS {
                refused_streams += 1;
                let count = refused_streams;
                call.events.add(Level::Debug, || {
                    format!(
                        "{}: the server refused the HTTP/2 stream, sent again ({count})",
                        target.line
                    )
                });
                continue;
            }
            let acted = answered || !sending.give_up();
            let lost = Lost::sort(&error, answered, acted, &target.line);
            return Err(self.explain(lost, &error, target, limit).await);
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

    fn timed_out(&self, target: &Target, sending: &Sending, is_own: bool, call: &Call) -> Lost {
        let what = if is_own {
            let seconds = self.config.timeout.as_secs_f64();
            format!("no whole answer within timeout ({seconds} s)")
        } else {
            format!("no whole answer before {} ended", call.limit())
        };
        let fate = if sending.give_up() { Fate::NotSent } else { Fate::Unknown };
        Lost { error: Error::Timeout(Failure::new(&target.line, what)), fate }
    }

    /// Adds what a proxy has to do with an error.
    async fn explain(
        &self,
        lost: Lost,
        error: &reqwest::Error,
        target: &Target,
        limit: Instant,
    ) -> Lost {
        match &self.config.proxy {
            Some(proxy) if proxy_error::is_unexplained(error, proxy) => {
                let limit = limit.min(Instant::now() + self.config.connect_timeout);
                let host = self.config.base_url.authority();
                let tunnel = Box::pin(self.pool.tunnel(proxy, &host, limit)).await;
                proxy_error::explain(lost, tunnel, proxy, &host, &target.line)
            }
            Some(proxy) if error.is_connect() => proxy_error::name(lost, proxy),
            _ => lost,
        }
    }
}
