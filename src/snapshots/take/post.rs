//! The one POST, sorted into taken, refused, or nobody knows; what was not acted on goes again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::tag::Tag;
use crate::error::{Ambiguous, ApiError, ApiKind, Error, FieldViolation};
use crate::model::Snapshot;
use crate::snapshots::arguments::{ClusterAddress, TakeArguments};
use crate::transport::{
    Again, Answer, Call, Delivery, Doubt, Fate, Level, Lost, Request, Retries, Transport,
};

/// When so much time has passed since the look for a key's snapshot, another process may have taken
/// it; a look costs two requests.
const LATE: Duration = Duration::from_secs(5);

/// A POST and the retries it may still spend.
pub(super) struct Post<'a> {
    transport: &'a Transport,
    cluster: &'a ClusterAddress,
    request: Request,
    /// Whether it says how long the snapshot is kept.
    has_retention: bool,
    /// That of the call's key.
    tag: Option<Tag>,
    /// What a call leaves unknown that is cut off now.
    doubt: Doubt,
    retries: Retries,
    /// When it was decided on.
    begun: Instant,
    last_sent: Instant,
}

/// A POST that brought no snapshot.
pub(super) enum NotTaken {
    /// It certainly was not acted on.
    Refused(Error),
    /// Nor was it this time; it may go again, but has a key that should be looked for before.
    Late(Error),
    /// It may have been.
    Unknown(Error),
}

/// What an answer says.
enum Sorted {
    Taken(Arc<Snapshot>),
    Refused(Error),
    /// Nothing was acted on, and another try may go through.
    Again(Error, Again),
    Unknown(Error),
}

impl From<NotTaken> for Error {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Refused(error) | NotTaken::Late(error) => error,
            NotTaken::Unknown(cause) => Self::Ambiguous(Box::new(Ambiguous {
                idempotency_tag: None,
                candidates: Vec::new(),
                cause: Arc::new(cause),
            })),
        }
    }
}

impl<'a> Post<'a> {
    pub(super) fn new(
        transport: &'a Transport,
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
        let doubt = Doubt {
            request: transport.line(&request),
            idempotency_tag: arguments.tag().map(|tag| tag.as_str().into()),
            snapshot: None,
            delivery,
        };
        Ok(Self {
            transport,
            cluster,
            request,
            has_retention: arguments.has_retention(),
            tag: arguments.tag().cloned(),
            doubt,
            retries: transport.retries(),
            begun: Instant::now(),
            last_sent: Instant::now(),
        })
    }

    /// Sends it until there is an answer, whatever that says.
    pub(super) async fn send(&mut self, call: &Call) -> Result<Answer, NotTaken> {
        loop {
            self.last_sent = Instant::now();
            call.set_in_doubt(self.doubt.clone());
            let before = call.attempts();
            let exchanged = self.transport.exchange(&self.request, call).await;
            call.add_posts(call.attempts().saturating_sub(before));
            let lost = match exchanged {
                Ok(answer) => {
                    if (200..300).contains(&answer.status()) {
                        self.retries.succeeded();
                    }
                    note_deprecation(&answer, call);
                    return Ok(answer);
                }
                Err(lost) => lost,
            };
            match lost {
                Lost { error, fate: Fate::NotSent } => self.pause(error, Again::Soon, call).await?,
                Lost { error, fate: Fate::Barred } => {
                    call.clear_doubt();
                    return Err(NotTaken::Refused(error));
                }
                Lost { error, fate: Fate::Unknown } => return Err(NotTaken::Unknown(error)),
            }
        }
    }

    /// Sends it until it is known what became of it, or that this will not become known.
    pub(super) async fn take(&mut self, call: &Call) -> Result<Arc<Snapshot>, NotTaken> {
        self.begun = Instant::now();
        loop {
            let answer = self.send(call).await?;
            match self.sort(&answer) {
                Sorted::Taken(snapshot) => return Ok(snapshot),
                Sorted::Again(error, again) => self.pause(error, again, call).await?,
                Sorted::Refused(error) => {
                    call.clear_doubt();
                    return Err(NotTaken::Refused(self.explain(error)));
                }
                Sorted::Unknown(error) => return Err(NotTaken::Unknown(error)),
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
    pub(super) fn doubt_only(&self, snapshot: &Arc<Snapshot>, call: &Call) {
        let snapshot = Some(Arc::clone(snapshot));
        call.set_in_doubt(Doubt { snapshot, ..self.doubt.clone() });
    }

    /// How long ago it was sent for the last time.
    pub(super) fn since_sent(&self) -> Duration {
        self.last_sent.elapsed()
    }

    async fn pause(&mut self, error: Error, again: Again, call: &Call) -> Result<(), NotTaken> {
        call.clear_doubt();
        self.retries.pause(error.clone(), again, call).await.map_err(NotTaken::Refused)?;
        let is_late = self.doubt.idempotency_tag.is_some() && self.begun.elapsed() >= LATE;
        if is_late { Err(NotTaken::Late(error)) } else { Ok(()) }
    }

    fn sort(&self, answer: &Answer) -> Sorted {
        match answer.status() {
            200..=299 => match self.read(answer) {
                Ok(snapshot) => Sorted::Taken(Arc::new(snapshot)),
                Err(error) => Sorted::Unknown(error),
            },
            _ if answer.asks_to_wait() => {
                Sorted::Again(answer.error(), Again::Requested(answer.requested_pause()))
            }
            _ if answer.is_refusal() => Sorted::Refused(answer.error()),
            // Gateways answer 408 while the server behind them goes on.
            408 => Sorted::Unknown(answer.error()),
            400..=499 if answer.atlas_code().is_some() => Sorted::Refused(answer.error()),
            _ => Sorted::Unknown(answer.error()),
        }
    }

    /// The snapshot in a good answer; one with the tag of another key is not the answer to this POST.
    fn read(&self, answer: &Answer) -> Result<Snapshot, Error> {
        let cluster = self.cluster;
        let snapshot = Snapshot::read(answer.fields()?, &cluster.group_id, &cluster.name);
        let snapshot = snapshot.map_err(|why| answer.invalid(why))?;
        let tags = self.tag.as_ref().zip(Tag::read(snapshot.description()));
        if tags.is_some_and(|(own, other)| *own != other) {
            let id = &snapshot.id;
            return Err(answer.invalid(&format!("snapshot {id} has the tag of another key")));
        }
        Ok(snapshot.taken(true))
    }
}

/// For a write only the log tells: a warning turned into an error would hide that it was done.
fn note_deprecation(answer: &Answer, call: &Call) {
    if let Some(notice) = answer.deprecation() {
        call.events.add(Level::Warning, || {
            format!("Atlas says that this version of \"take a snapshot\" is {notice}")
        });
    }
}
