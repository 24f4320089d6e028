//! Sends the create request and classifies it as created, rejected or ambiguous. Retries only a request
//! that was provably not processed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Ambiguous, ApiError, ApiKind, Error, FieldViolation};
use crate::http::ambiguity::PendingOutcome;
use crate::http::body::Delivery;
use crate::http::exchange_error::{DeliveryStatus, ExchangeError};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::{CallContext, Level, Topic};
use crate::model::Snapshot;
use crate::operations::arguments::{ClusterAddress, TakeArguments};
use crate::operations::client::AtlasClient;
use crate::operations::idempotency::Tag;
use crate::policy::retry::{RetryDelay, RetryState};

/// After so much time since the list for a key's snapshot, another process may have taken it, so the
/// list is read again; that costs two requests.
const RECHECK_AFTER: Duration = Duration::from_secs(5);

/// A POST and the retries it may still spend.
pub(crate) struct Post<'a> {
    client: &'a AtlasClient,
    cluster: &'a ClusterAddress,
    request: Request,
    /// Whether it says how long the snapshot is kept.
    has_retention: bool,
    /// That of the call's key.
    tag: Option<Tag>,
    /// What a call leaves unknown that is cut off now.
    pending: PendingOutcome,
    retries: RetryState,
    /// When it was decided on.
    begun: Instant,
    last_sent: Instant,
}

/// A POST that brought no snapshot.
pub(crate) enum PostError {
    /// It certainly was not acted on.
    Rejected(Error),
    /// Nor was it this time; it may go again, but has a key that should be looked for before.
    RecheckKey(Error),
    /// It may have been.
    Ambiguous(Error),
}

/// What an answer says.
enum PostOutcome {
    Created(Arc<Snapshot>),
    Rejected(Error),
    /// Nothing was acted on, and another try may go through.
    Retry(Error, RetryDelay),
    Ambiguous(Error),
}

impl From<PostError> for Error {
    fn from(post_error: PostError) -> Self {
        match post_error {
            PostError::Rejected(error) | PostError::RecheckKey(error) => error,
            PostError::Ambiguous(cause) => Self::Ambiguous(Box::new(Ambiguous {
                idempotency_tag: None,
                candidates: Vec::new(),
                cause: Arc::new(cause),
            })),
        }
    }
}

impl<'a> Post<'a> {
    pub(crate) fn new(
        client: &'a AtlasClient,
        cluster: &'a ClusterAddress,
        arguments: &TakeArguments,
    ) -> Result<Self, Error> {
        let delivery = Delivery::default();
        let request = Request {
            method: http::Method::POST,
            path: cluster.snapshots_path(),
            query: arguments.query(),
            body: Some(arguments.body()?),
            delivery: Some(delivery.clone()),
        };
        let pending = PendingOutcome {
            request: client.line(&request),
            idempotency_tag: arguments.tag().map(|tag| tag.as_str().into()),
            snapshot: None,
            delivery,
        };
        Ok(Self {
            client,
            cluster,
            request,
            has_retention: arguments.has_retention(),
            tag: arguments.tag().cloned(),
            pending,
            retries: client.retries(),
            begun: Instant::now(),
            last_sent: Instant::now(),
        })
    }

    /// Sends it until there is an answer, whatever that says.
    pub(crate) async fn send(&mut self, call: &CallContext) -> Result<Response, PostError> {
        loop {
            self.last_sent = Instant::now();
            call.mark_pending(self.pending.clone());
            let before = call.attempts();
            let exchanged = self.client.exchange(&self.request, call).await;
            call.add_posts(call.attempts().saturating_sub(before));
            let failure = match exchanged {
                Ok(response) => {
                    if (200..300).contains(&response.status()) {
                        self.retries.succeeded();
                    }
                    note_deprecation(&response, call);
                    return Ok(response);
                }
                Err(failure) => failure,
            };
            match failure {
                ExchangeError { error, delivery: DeliveryStatus::NotSent } => {
                    self.pause(error, RetryDelay::Backoff, call).await?;
                }
                ExchangeError { error, delivery: DeliveryStatus::Permanent } => {
                    call.clear_pending();
                    return Err(PostError::Rejected(error));
                }
                ExchangeError { error, delivery: DeliveryStatus::Ambiguous } => {
                    return Err(PostError::Ambiguous(error));
                }
            }
        }
    }

    /// Sends it until it is known what became of it, or that this will not become known.
    pub(crate) async fn take(&mut self, call: &CallContext) -> Result<Arc<Snapshot>, PostError> {
        self.begun = Instant::now();
        loop {
            let response = self.send(call).await?;
            match self.classify(&response) {
                PostOutcome::Created(snapshot) => return Ok(snapshot),
                PostOutcome::Retry(error, again) => self.pause(error, again, call).await?,
                PostOutcome::Rejected(error) => {
                    call.clear_pending();
                    return Err(PostError::Rejected(self.explain(error)));
                }
                PostOutcome::Ambiguous(error) => return Err(PostError::Ambiguous(error)),
            }
        }
    }

    /// Whether Atlas requires a retention is not documented.
    fn explain(&self, error: Error) -> Error {
        let may_lack_retention = |api: &ApiError| {
            let names_it = |it: &FieldViolation| it.field.as_deref() == Some("retentionInDays");
            let violations = &api.field_violations;
            api.kind == ApiKind::Validation
                && !self.has_retention
                && (violations.is_empty() || violations.iter().any(names_it))
        };
        if matches!(&error, Error::Api(api) if may_lack_retention(api)) {
            return error.with_hint("Atlas may require retention_in_days, which was not given");
        }
        error
    }

    /// From here on the snapshot is known to exist; a call that is cut off says which, even when
    /// it has ended, but nobody has heard of that yet.
    pub(crate) fn mark_created(&self, snapshot: &Arc<Snapshot>, call: &CallContext) {
        let snapshot = Some(Arc::clone(snapshot));
        call.mark_pending(PendingOutcome { snapshot, ..self.pending.clone() });
    }

    /// How long ago it was sent for the last time.
    pub(crate) fn since_sent(&self) -> Duration {
        self.last_sent.elapsed()
    }

    async fn pause(
        &mut self,
        error: Error,
        again: RetryDelay,
        call: &CallContext,
    ) -> Result<(), PostError> {
        call.clear_pending();
        self.retries.pause(error.clone(), again, call).await.map_err(PostError::Rejected)?;
        let is_stale =
            self.pending.idempotency_tag.is_some() && self.begun.elapsed() >= RECHECK_AFTER;
        if is_stale { Err(PostError::RecheckKey(error)) } else { Ok(()) }
    }

    fn classify(&self, response: &Response) -> PostOutcome {
        match response.status() {
            200..=299 => match self.read(response) {
                Ok(snapshot) => PostOutcome::Created(Arc::new(snapshot)),
                Err(error) => PostOutcome::Ambiguous(error),
            },
            _ if response.is_retry_later() => PostOutcome::Retry(
                response.error(),
                RetryDelay::RetryAfter(response.retry_after_delay()),
            ),
            _ if response.is_rejection() => PostOutcome::Rejected(response.error()),
            // Gateways answer 408 while the server behind them goes on.
            408 => PostOutcome::Ambiguous(response.error()),
            400..=499 if response.error_code().is_some() => PostOutcome::Rejected(response.error()),
            _ => PostOutcome::Ambiguous(response.error()),
        }
    }

    /// The snapshot in a good answer; one with the tag of another key is not the answer to this POST.
    fn read(&self, response: &Response) -> Result<Snapshot, Error> {
        let cluster = self.cluster;
        let snapshot = Snapshot::read(response.fields()?, &cluster.group_id, &cluster.name);
        let snapshot = snapshot.map_err(|why| response.invalid(why))?;
        let tags = self.tag.as_ref().zip(Tag::read(snapshot.description()));
        if tags.is_some_and(|(own, other)| *own != other) {
            let id = &snapshot.id;
            return Err(response.invalid(&format!("snapshot {id} has the tag of another key")));
        }
        Ok(snapshot.taken(true))
    }
}

/// A write only logs it: a warning turned into an error would hide that the write succeeded.
fn note_deprecation(response: &Response, call: &CallContext) {
    if let Some(notice) = response.deprecation() {
        let template = "Atlas says that this version of \"take a snapshot\" is %s";
        call.events.add(Topic::Http, Level::Warning, template, || [notice]);
    }
}
