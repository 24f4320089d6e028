//! What a call would leave unknown if it were cut off: noted before every POST, and seldom asked for.

use std::sync::Arc;

use crate::error::{Ambiguous, Attempts, Error, Failure, RequestLine};
use crate::http::body::Delivery;
use crate::model::Snapshot;

/// The parts of the error, which is only made when somebody asks for it.
#[derive(Debug, Clone)]
pub(crate) struct PendingOutcome {
    pub(crate) request: RequestLine,
    pub(crate) idempotency_tag: Option<Arc<str>>,
    /// The snapshot that is known to exist.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    /// Whether the request was sent at all.
    pub(crate) delivery: Delivery,
}

impl PendingOutcome {
    /// Whether the outcome is unknown. If nothing was sent, nothing is sent from now on.
    pub(crate) fn is_real(&self) -> bool {
        self.snapshot.is_some() || !self.delivery.revoke()
    }

    pub(crate) fn error(self, effort: Attempts) -> Ambiguous {
        let what = "the call was cut off before its outcome was known";
        let cause = Error::Transport(Failure::new(&self.request, what)).after(effort);
        Ambiguous {
            idempotency_tag: self.idempotency_tag.as_deref().map(ToOwned::to_owned),
            candidates: self.snapshot.into_iter().map(Arc::unwrap_or_clone).collect(),
            cause: Arc::new(cause),
        }
    }
}
