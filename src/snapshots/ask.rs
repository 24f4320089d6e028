//! Asks what may be asked again: reads, and writes that say the same thing twice.
//!
//! Which faults are passing is the "GET" column of the fault matrix.

use crate::error::{ApiKind, Error};
use crate::transport::{Again, Answer, Call, Fate, Request, Transport};

/// A question that stayed without a good answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) error: Error,
    /// Whether an attempt before the last one may have been acted on.
    pub(super) may_have_acted: bool,
}

impl Unanswered {
    /// An answer that is not what Atlas sends; the next one may be.
    pub(super) fn invalid(error: Error) -> Self {
        Self { error, may_have_acted: false }
    }

    /// Whether there is nothing at that path, though project and cluster are there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(
            self.kind(),
            Some(ApiKind::NotFound | ApiKind::ResourceNotFound | ApiKind::SnapshotNotFound)
        )
    }

    pub(super) fn kind(&self) -> Option<ApiKind> {
        if let Error::Api(api) = &self.error { Some(api.kind) } else { None }
    }
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        unanswered.error
    }
}

/// Asks until there is an answer of 2xx, the retries are spent, or the answer is final.
pub(super) async fn ask(
    transport: &Transport,
    request: &Request,
    call: &Call,
) -> Result<Answer, Unanswered> {
    let mut retries = transport.retries();
    let mut may_have_acted = false;
    loop {
        let (error, again, acted) = match transport.exchange(request, call).await {
            Ok(answer) => match refusal(&answer) {
                None => {
                    retries.succeeded();
                    note_deprecation(&answer, request, call);
                    return Ok(answer);
                }
                Some(refusal) => refusal,
            },
            Err(lost) => match lost.fate {
                Fate::NotSent => (lost.error, Some(Again::Soon), false),
                Fate::Unknown => (lost.error, Some(Again::Soon), true),
                Fate::Barred => (lost.error, None, false),
            },
        };
        let error = error.after(call.effort());
        let Some(again) = again else { return Err(Unanswered { error, may_have_acted }) };
        let paused = retries.pause(error, again, call).await;
        paused.map_err(|error| Unanswered { error, may_have_acted })?;
        may_have_acted |= acted;
    }
}

/// The error of an answer that is not good, how to repeat the question, and whether the server may
/// have acted on it all the same.
fn refusal(answer: &Answer) -> Option<(Error, Option<Again>, bool)> {
    let requested = || Some(Again::Requested(answer.requested_pause()));
    match answer.status() {
        200..=299 => None,
        _ if answer.asks_to_wait() => Some((answer.error(), requested(), false)),
        408 | 500..=599 => {
            let again = answer.requested_pause().map_or(Again::Soon, |p| Again::Requested(Some(p)));
            Some((answer.error(), Some(again), true))
        }
        _ => Some((answer.error(), None, false)),
    }
}

fn note_deprecation(answer: &Answer, request: &Request, call: &Call) {
    if let Some(notice) = answer.deprecation() {
        call.note_deprecation(|| {
            format!("Atlas says that this version of {} is {notice}", request.path)
        });
    }
}
