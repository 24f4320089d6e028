//! An exchange without a usable answer, and whether the server may have acted on it.

use std::error::Error as StdError;

use crate::error::printable;
use crate::error::{Error, Failure, RequestLine};
use crate::http::tls_error;

const LONGEST_CAUSE: usize = 200;

/// What became of a request that brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryStatus {
    /// It never reached the server whole, and may be sent again.
    NotSent,
    /// It never reached the server, and never will: TLS or credentials stand in the way.
    Permanent,
    /// The server may have acted on it.
    Ambiguous,
}

/// An exchange without a usable answer.
#[derive(Debug)]
pub(crate) struct ExchangeError {
    pub(crate) error: Error,
    pub(crate) delivery: DeliveryStatus,
}

impl ExchangeError {
    /// Credentials could not be had: retried already where that helps.
    pub(crate) fn not_sent(error: Error) -> Self {
        Self { error, delivery: DeliveryStatus::Permanent }
    }

    /// Sorts a failure of the HTTP library.
    ///
    /// `answered`: an answer had begun, so the server has acted whatever it says then; `sent`: the
    /// whole request may have gone out.
    pub(crate) fn classify(
        error: &reqwest::Error,
        answered: bool,
        sent: bool,
        line: &RequestLine,
    ) -> Self {
        let what = describe(error);
        if error.is_connect() || error.is_builder() {
            if let Some(tls) = tls_error::find(causes(error)) {
                let mut failure = Failure::new(line, format!("no connection: {}", tls.what));
                failure.is_permanent = true;
                failure.hint = tls.hint.map(Into::into);
                return Self {
                    error: Error::Transport(failure),
                    delivery: DeliveryStatus::Permanent,
                };
            }
            let failure = Failure::new(line, what);
            return if error.is_timeout() {
                Self { error: Error::Timeout(failure), delivery: DeliveryStatus::NotSent }
            } else {
                Self { error: Error::Transport(failure), delivery: DeliveryStatus::NotSent }
            };
        }
        let unprocessed = !sent || (!answered && is_refused_stream(error));
        let delivery =
            if unprocessed { DeliveryStatus::NotSent } else { DeliveryStatus::Ambiguous };
        Self { error: Error::Transport(Failure::new(line, what)), delivery }
    }
}

/// HTTP/2 reports that a stream was not processed: `REFUSED_STREAM`, or a graceful GOAWAY below it.
pub(crate) fn is_refused_stream(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
        let reason = error.reason();
        error.is_remote()
            && ((error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
                || (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)))
    })
}

/// The chain of causes, through `io::Error`, which hides the one it wraps from `source`.
pub(crate) fn causes<'a>(
    first: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(first), |&cause| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map_or_else(|| cause.source(), |inner| Some(inner as &(dyn StdError + 'static)))
    })
}

/// The causes in words, without URLs (a proxy's may hold a password) and without repetition.
fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_dns() {
        "the name could not be resolved"
    } else if error.is_connect() && error.is_timeout() {
        "connect_timeout ended"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the request could not be made"
    } else {
        "the connection broke"
    };
    causes(error).skip(1).map(ToString::to_string).filter(|text| !text.contains("://")).fold(
        kind.to_owned(),
        |mut words, text| {
            // HTTP/2 lets a server say whatever it likes when it goes away.
            let text = printable(&text, LONGEST_CAUSE);
            if !words.contains(&text) {
                words.push_str(": ");
                words.push_str(&text);
            }
            words
        },
    )
}
