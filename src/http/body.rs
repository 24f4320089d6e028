//! Bodies: a request body that records whether it was sent, and reading with a limit.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::{Body, Frame, SizeHint};

/// Decoded bytes of a good answer.
pub(crate) const LARGEST_BODY: usize = 8 << 20;
/// Decoded bytes of an error's answer that are read; the rest is not.
pub(crate) const LARGEST_ERROR_BODY: usize = 64 << 10;
/// A failed allocation aborts the process, so memory for larger bodies is asked for beforehand.
const SMALL_BODY: usize = 64 << 10;
/// A body is parsed, kept and converted, each time into memory of its own.
const COPIES: usize = 4;
/// The buffers of a connection.
const BUFFERS: usize = 2 << 20;

const IDLE: u8 = 0;
const STARTED: u8 = 1;
const REVOKED: u8 = 2;

/// Whether the end of a body was asked for. Until then the server cannot have a whole request.
#[derive(Debug, Clone)]
pub(crate) struct BodyState(Arc<AtomicU8>);

impl BodyState {
    /// Of a request that is whole without a body.
    pub(crate) fn without_body() -> Self {
        Self(Arc::new(AtomicU8::new(STARTED)))
    }

    pub(crate) fn with_body() -> Self {
        Self(Arc::new(AtomicU8::new(IDLE)))
    }

    /// Takes the body back; false when it is too late. A connection that is just about to ask for
    /// it gets an error instead, so that the answer stays true.
    pub(crate) fn revoke(&self) -> bool {
        self.leave_untouched(REVOKED) != Err(STARTED)
    }

    pub(crate) fn begin(&self) -> bool {
        self.leave_untouched(STARTED) != Err(REVOKED)
    }

    fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == REVOKED
    }

    fn leave_untouched(&self, next: u8) -> Result<u8, u8> {
        self.0.compare_exchange(IDLE, next, Ordering::AcqRel, Ordering::Acquire)
    }
}

/// Whether the body of a request's latest attempt may have been sent. A call that is cut off asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delivery(Arc<Mutex<Option<BodyState>>>);

impl Delivery {
    /// An attempt begins, or the last one was rejected.
    pub(crate) fn reset(&self) {
        self.set(None);
    }

    pub(crate) fn track(&self, body_state: &BodyState) {
        self.set(Some(body_state.clone()));
    }

    /// Ensures that nothing is sent from now on; false when it is too late.
    pub(crate) fn revoke(&self) -> bool {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().is_none_or(BodyState::revoke)
    }

    fn set(&self, latest: Option<BodyState>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = latest;
    }
}

/// A body to send in two parts, as long as nobody has given it up.
///
/// The HTTP library asks for a part before the server's flow control lets it send anything, and for
/// the next one only when the part before went out. So a request whose second part was not asked for
/// cannot be whole at the server.
pub(crate) struct TrackedBody {
    first: Bytes,
    rest: Bytes,
    body_state: BodyState,
}

impl TrackedBody {
    pub(crate) fn new(mut content: Bytes, body_state: BodyState) -> Self {
        let first = content.split_to(content.len().saturating_sub(1).min(1));
        Self { first, rest: content, body_state }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let is_last = self.first.is_empty();
        let is_revoked =
            if is_last { !self.body_state.begin() } else { self.body_state.is_given_up() };
        if is_revoked {
            return Poll::Ready(Some(Err(io::Error::other("the request was given up"))));
        }
        let part = std::mem::take(if is_last { &mut self.rest } else { &mut self.first });
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.first.len() + self.rest.len()) as u64)
    }
}

/// A body as far as it was read.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    /// Why that is not all of it.
    pub(crate) incomplete: Option<Incomplete>,
}

/// Why a body that came whole was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// There was more than the limit.
    TooLarge,
    /// It is not compressed as its head says, or was damaged.
    CorruptEncoding,
    /// It is compressed, and ends before its end.
    Cut,
    /// The system gives no memory for it.
    NoMemory,
}

/// Reads until the end or the limit, which also holds for the decoded body.
pub(crate) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
) -> Result<Received, reqwest::Error> {
    let mut bytes = BytesMut::new();
    let incomplete = loop {
        match response.chunk().await? {
            Some(chunk) if bytes.len() + chunk.len() > limit => {
                bytes.extend(chunk.into_iter().take(limit - bytes.len()));
                break Some(Incomplete::TooLarge);
            }
            Some(chunk) if !reserve(&mut bytes, chunk.len()) => break Some(Incomplete::NoMemory),
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break None,
        }
    };
    if bytes.is_empty() || !take_gzip_header(response.headers_mut()) {
        return Ok(Received { bytes: bytes.freeze(), incomplete });
    }
    let decoded = decode(&bytes, limit);
    Ok(Received { incomplete: incomplete.or(decoded.incomplete), ..decoded })
}

/// Whether the body is compressed with gzip; the headers then describe the decoded body.
fn take_gzip_header(headers: &mut HeaderMap) -> bool {
    let value = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let is_gzip = value.is_some_and(|value| {
        ["gzip", "x-gzip"].iter().any(|name| value.trim().eq_ignore_ascii_case(name))
    });
    if is_gzip {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    is_gzip
}

/// Decodes gzip, perhaps of several members ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)).
fn decode(compressed: &[u8], limit: usize) -> Received {
    let mut decoder = MultiGzDecoder::new(compressed);
    let mut bytes = BytesMut::new();
    let mut buffer = [0; 16 << 10];
    let incomplete = loop {
        let chunk = match decoder.read(&mut buffer) {
            Ok(size) => buffer.get(..size).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                break Some(Incomplete::Cut);
            }
            Err(_) => break Some(Incomplete::CorruptEncoding),
        };
        let capacity = limit - bytes.len();
        if chunk.is_empty() {
            break None;
        }
        if !reserve(&mut bytes, chunk.len().min(capacity)) {
            break Some(Incomplete::NoMemory);
        }
        bytes.extend_from_slice(chunk.get(..capacity).unwrap_or(chunk));
        if chunk.len() > capacity {
            break Some(Incomplete::TooLarge);
        }
    };
    Received { bytes: bytes.freeze(), incomplete }
}

/// Reserves capacity for more bytes of a body; false if there is not enough memory.
fn reserve(bytes: &mut BytesMut, more: usize) -> bool {
    let size = bytes.len() + more;
    if size <= bytes.capacity() || size <= SMALL_BODY {
        return true;
    }
    let capacity = size.next_power_of_two();
    if Vec::<u8>::new().try_reserve_exact(COPIES * capacity + BUFFERS).is_err() {
        return false;
    }
    bytes.reserve(capacity - bytes.len());
    true
}
