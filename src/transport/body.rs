//! Bodies: one to send that tells whether it was asked for, and reading with a limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// Decoded bytes of a good answer.
pub(super) const LARGEST_BODY: usize = 8 << 20;
/// Decoded bytes of an error's answer that are read; the rest is not.
pub(super) const LARGEST_ERROR_BODY: usize = 64 << 10;
/// A failed allocation aborts the process, so memory for larger bodies is asked for beforehand.
const SMALL_BODY: usize = 64 << 10;
/// A body is parsed, kept and converted, each time into memory of its own.
const COPIES: usize = 4;
/// The buffers of a connection.
const BUFFERS: usize = 2 << 20;

const UNTOUCHED: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Whether a body was asked for. Until then the server cannot have a whole request.
#[derive(Debug, Clone)]
pub(super) struct Sending(Arc<AtomicU8>);

impl Sending {
    /// Of a request that is whole without a body.
    pub(super) fn without_body() -> Self {
        Self(Arc::new(AtomicU8::new(BEGUN)))
    }

    pub(super) fn with_body() -> Self {
        Self(Arc::new(AtomicU8::new(UNTOUCHED)))
    }

    /// Takes the body back; false when it is too late. A connection that is just about to ask for
    /// it gets an error instead, so that the answer stays true.
    pub(super) fn give_up(&self) -> bool {
        self.leave_untouched(GIVEN_UP) != Err(BEGUN)
    }

    fn begin(&self) -> bool {
        self.leave_untouched(BEGUN) != Err(GIVEN_UP)
    }

    fn leave_untouched(&self, next: u8) -> Result<u8, u8> {
        self.0.compare_exchange(UNTOUCHED, next, Ordering::AcqRel, Ordering::Acquire)
    }
}

/// A body to send, as long as nobody has given it up.
pub(super) struct Watched {
    content: Option<Bytes>,
    sending: Sending,
}

impl Watched {
    pub(super) fn new(content: Bytes, sending: Sending) -> Self {
        Self { content: Some(content), sending }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if !self.sending.begin() {
            return Poll::Ready(Some(Err(std::io::Error::other("the request was given up"))));
        }
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.as_ref().map_or(0, |content| content.len() as u64))
    }
}

/// A body as far as it was read.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    /// Why that is not all of it.
    pub(super) unread: Option<Unread>,
}

/// Why a body that came whole was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// There was more than the limit.
    TooLarge,
    /// It is not compressed as its head says, or was damaged.
    Garbled,
    /// The system gives no memory for it.
    NoMemory,
}

/// Reads until the end or the limit; decompression is counted after decoding, while streaming.
pub(super) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
) -> Result<Received, reqwest::Error> {
    let mut bytes = BytesMut::new();
    let unread = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => {
                bytes.extend(chunk.into_iter().take(limit - bytes.len()));
                break Some(Unread::TooLarge);
            }
            Ok(Some(chunk)) if !reserve(&mut bytes, chunk.len()) => break Some(Unread::NoMemory),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) if is_garbled(&error) => break Some(Unread::Garbled),
            Err(error) => return Err(error),
        }
    };
    Ok(Received { bytes: bytes.freeze(), unread })
}

/// Makes room for more bytes of a body; false where there is no memory to process them.
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

/// Whether the decoder failed over what it was given; its want of more means a broken connection.
///
/// `is_decode` does not tell: reqwest says so of everything that ends a body. The connection's own
/// errors are wrapped once more, by hyper.
fn is_garbled(error: &reqwest::Error) -> bool {
    let source = std::error::Error::source(error);
    let decoder = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    decoder.is_some_and(|error| error.kind() != std::io::ErrorKind::UnexpectedEof)
}
