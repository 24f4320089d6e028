//! Bodies: one to send that tells whether it was asked for, and reading with a limit.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// Decoded bytes of a good answer.
pub(super) const LARGEST_BODY: usize = 8 << 20;
/// Decoded bytes of an error's answer that are read; the rest is not.
pub(super) const LARGEST_ERROR_BODY: usize = 64 << 10;

/// A body to send. While nobody has asked for it, the server cannot have a whole request.
pub(super) struct Watched {
    content: Option<Bytes>,
    begun: Arc<AtomicBool>,
}

impl Watched {
    pub(super) fn new(content: Bytes, begun: Arc<AtomicBool>) -> Self {
        Self { content: Some(content), begun }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.begun.store(true, Ordering::Relaxed);
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
    /// Whether there was more than the limit.
    pub(super) cut: bool,
}

/// Reads until the end or the limit; decompression is counted after decoding, while streaming.
pub(super) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
) -> Result<Received, reqwest::Error> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            bytes.extend(chunk.into_iter().take(limit - bytes.len()));
            return Ok(Received { bytes: bytes.freeze(), cut: true });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Received { bytes: bytes.freeze(), cut: false })
}
