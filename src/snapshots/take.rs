//! Taking a snapshot: one POST, sorted into taken, refused, not sent, or nobody knows.
//!
//! A POST that the server may have acted on is never sent again.

use std::sync::Arc;

use super::arguments::{Cluster, TakeArguments};
use crate::error::{Ambiguous, Error};
use crate::model::Snapshot;
use crate::transport::{Again, Answer, Call, Fate, Level, Lost, Request, Transport};

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// Names and values in the order of the answer; what is not UTF-8 is replaced.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 is replaced.
    pub text: String,
}

/// What became of one POST.
enum Sorted {
    Taken(Box<Snapshot>),
    Refused(Error),
    /// Nothing was acted on, and another try may go through.
    Again(Error, Again),
    Unknown(Error),
}

/// Takes one on-demand snapshot.
///
/// # Errors
/// [`Error::Ambiguous`] when the snapshot may exist all the same; any other error means that it
/// was not taken.
pub async fn take_snapshot(
    transport: &Transport,
    cluster: &Cluster,
    arguments: &TakeArguments,
    call: &Call,
) -> Result<Snapshot, Error> {
    let request = request(cluster, arguments);
    let result = post(transport, cluster, &request, call).await;
    result.map_err(|error| error.after(call.effort()))
}

async fn post(
    transport: &Transport,
    cluster: &Cluster,
    request: &Request,
    call: &Call,
) -> Result<Snapshot, Error> {
    let mut retries = transport.retries();
    loop {
        let sorted = match transport.exchange(request, call).await {
            Ok(answer) => {
                note_deprecation(&answer, call);
                sort(&answer, cluster)
            }
            Err(lost) => sort_lost(lost),
        };
        match sorted {
            Sorted::Taken(snapshot) => {
                retries.succeeded();
                return Ok(*snapshot);
            }
            Sorted::Refused(error) => return Err(error),
            Sorted::Again(error, again) => retries.pause(error, again, call).await?,
            Sorted::Unknown(error) => return Err(ambiguous(error)),
        }
    }
}

/// Takes one on-demand snapshot and gives whatever Atlas answers, errors included, as it came.
///
/// # Errors
/// When no whole answer came; [`Error::Ambiguous`] if the snapshot may exist all the same.
pub async fn take_snapshot_raw(
    transport: &Transport,
    cluster: &Cluster,
    arguments: &TakeArguments,
    call: &Call,
) -> Result<RawResponse, Error> {
    let request = request(cluster, arguments);
    let mut retries = transport.retries();
    let result = loop {
        match transport.exchange(&request, call).await {
            Ok(answer) if answer.is_cut() && !answer.is_refusal() => {
                break Err(ambiguous(answer.invalid("it is larger than what Atlas sends")));
            }
            Ok(answer) => {
                note_deprecation(&answer, call);
                if answer.status() < 300 {
                    retries.succeeded();
                }
                break Ok(raw(&answer));
            }
            Err(lost) => match sort_lost(lost) {
                Sorted::Again(error, again) => {
                    if let Err(error) = retries.pause(error, again, call).await {
                        break Err(error);
                    }
                }
                Sorted::Unknown(error) => break Err(ambiguous(error)),
                Sorted::Refused(error) => break Err(error),
                Sorted::Taken(_) => {}
            },
        }
    };
    result.map_err(|error| error.after(call.effort()))
}

fn request(cluster: &Cluster, arguments: &TakeArguments) -> Request {
    Request {
        method: http::Method::POST,
        path: cluster.snapshots_path(),
        query: arguments.query(),
        body: Some(arguments.body()),
    }
}

fn sort(answer: &Answer, cluster: &Cluster) -> Sorted {
    match answer.status() {
        200..=299 => match answer.object().and_then(|object| read(object, answer, cluster)) {
            Ok(snapshot) => Sorted::Taken(Box::new(snapshot)),
            Err(error) => Sorted::Unknown(error),
        },
        429 => Sorted::Again(answer.error(), Again::Requested(answer.requested_pause())),
        405 if answer.atlas_code() == Some("WRITES_NOT_ALLOWED_DURING_APP_UPGRADES") => {
            Sorted::Again(answer.error(), Again::Requested(answer.requested_pause()))
        }
        _ if answer.is_refusal() => Sorted::Refused(answer.error()),
        // Gateways answer 408 while the server behind them goes on.
        408 => Sorted::Unknown(answer.error()),
        400..=499 if answer.atlas_code().is_some() => Sorted::Refused(answer.error()),
        _ => Sorted::Unknown(answer.error()),
    }
}

fn sort_lost(lost: Lost) -> Sorted {
    match lost.fate {
        Fate::NotSent => Sorted::Again(lost.error, Again::Soon),
        Fate::Barred => Sorted::Refused(lost.error),
        Fate::Unknown => Sorted::Unknown(lost.error),
    }
}

fn read(
    object: &crate::model::JsonObject,
    answer: &Answer,
    cluster: &Cluster,
) -> Result<Snapshot, Error> {
    Snapshot::read(object.clone(), &cluster.group_id, &cluster.name)
        .map_err(|why| answer.invalid(why))
}

fn ambiguous(cause: Error) -> Error {
    Error::Ambiguous(Box::new(Ambiguous {
        idempotency_tag: None,
        candidates: Vec::new(),
        cause: Arc::new(cause),
    }))
}

/// For a write only the log tells: a warning turned into an error would hide that it was done.
fn note_deprecation(answer: &Answer, call: &Call) {
    if let Some(notice) = answer.deprecation() {
        call.events.add(Level::Warning, || {
            format!("Atlas says that this version of \"take a snapshot\" is {notice}")
        });
    }
}

fn raw(answer: &Answer) -> RawResponse {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    RawResponse {
        status: answer.http_status(),
        headers: answer.headers().iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
        text: answer.text(),
    }
}
