//! Every way in which an answer goes wrong. Those named `…Unacted` leave the request undone.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longer than the client waits for an answer.
const SILENCE: Duration = Duration::from_secs(30);
const DRIP: Duration = Duration::from_millis(20);
const BOMB_MEBIBYTES: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Reset,
    ResetUnacted,
    Close,
    CloseUnacted,
    HalfHead,
    HalfBody,
    Silent,
    SilentUnacted,
    Drip,
    Internal,
    InternalUnacted,
    BadGateway,
    BadGatewayUnacted,
    Unavailable,
    GatewayTimeout,
    RequestTimeout,
    TooMany,
    TooManySilent,
    Unauthorized,
    NotFoundPage,
    Redirect,
    Page,
    CutJson,
    Empty,
    WithoutId,
    CutGzip,
    GzipBomb,
}

impl Fault {
    pub(crate) const ALL: [Self; 27] = [
        Self::Reset,
        Self::ResetUnacted,
        Self::Close,
        Self::CloseUnacted,
        Self::HalfHead,
        Self::HalfBody,
        Self::Silent,
        Self::SilentUnacted,
        Self::Drip,
        Self::Internal,
        Self::InternalUnacted,
        Self::BadGateway,
        Self::BadGatewayUnacted,
        Self::Unavailable,
        Self::GatewayTimeout,
        Self::RequestTimeout,
        Self::TooMany,
        Self::TooManySilent,
        Self::Unauthorized,
        Self::NotFoundPage,
        Self::Redirect,
        Self::Page,
        Self::CutJson,
        Self::Empty,
        Self::WithoutId,
        Self::CutGzip,
        Self::GzipBomb,
    ];

    /// Plays it in place of the good answer; false: the connection is over.
    pub(crate) async fn play(self, socket: &mut TcpStream, good: &[u8]) -> std::io::Result<bool> {
        let head = good.windows(4).position(|w| w == b"\r\n\r\n").map_or(good.len(), |at| at + 4);
        let (head, body) = good.split_at(head);
        let bytes = match self {
            Self::Reset | Self::ResetUnacted => {
                socket.set_zero_linger()?;
                return Ok(false);
            }
            Self::Close | Self::CloseUnacted => return Ok(false),
            Self::HalfHead => {
                socket.write_all(head.get(..head.len() / 2).unwrap_or(head)).await?;
                return Ok(false);
            }
            Self::HalfBody => {
                socket.write_all(head).await?;
                socket.write_all(body.get(..body.len() / 2).unwrap_or(body)).await?;
                return Ok(false);
            }
            Self::Silent | Self::SilentUnacted => {
                tokio::time::sleep(SILENCE).await;
                return Ok(false);
            }
            Self::Drip => {
                socket.write_all(head).await?;
                for piece in body.chunks(16) {
                    tokio::time::sleep(DRIP).await;
                    socket.write_all(piece).await?;
                }
                return Ok(true);
            }
            Self::Internal | Self::InternalUnacted => error(500, "UNEXPECTED_ERROR"),
            Self::BadGateway | Self::BadGatewayUnacted => page(502),
            Self::Unavailable => error(503, "SERVICE_UNAVAILABLE"),
            Self::GatewayTimeout => page(504),
            Self::RequestTimeout => page(408),
            Self::TooMany => with_header(&error(429, "RATE_LIMITED"), "Retry-After: 1"),
            Self::TooManySilent => error(429, "RATE_LIMITED"),
            Self::Unauthorized => error(401, ""),
            Self::NotFoundPage => page(404),
            Self::Redirect => with_header(&page(302), "Location: http://127.0.0.1:9/elsewhere"),
            Self::Page => page(200),
            Self::CutJson => answer(200, JSON, body.get(..body.len() / 2).unwrap_or(body)),
            Self::Empty => answer(200, JSON, b""),
            Self::WithoutId => answer(200, JSON, b"{\"status\": \"queued\"}"),
            Self::CutGzip => {
                let whole = gzip([body]);
                encoded(whole.get(..whole.len() / 2).unwrap_or(&whole))
            }
            Self::GzipBomb => encoded(&gzip([&vec![b' '; 1 << 20][..]; BOMB_MEBIBYTES])),
        };
        socket.write_all(&bytes).await?;
        Ok(true)
    }
}

const JSON: &str = "application/json";

/// An answer as it stands on the wire.
pub(crate) fn answer(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut answer =
        format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    answer.extend(body);
    answer
}

fn page(status: u16) -> Vec<u8> {
    answer(status, "text/html", b"<html><body>a gateway speaks</body></html>")
}

fn error(status: u16, code: &str) -> Vec<u8> {
    let body = serde_json::json!({"error": status, "errorCode": code, "reason": "X", "detail": ""});
    answer(status, JSON, body.to_string().as_bytes())
}

fn with_header(answer: &[u8], header: &str) -> Vec<u8> {
    let at = answer.windows(2).position(|pair| pair == b"\r\n").unwrap_or_default();
    let (first, rest) = answer.split_at(at);
    [first, b"\r\n", header.as_bytes(), rest].concat()
}

fn encoded(body: &[u8]) -> Vec<u8> {
    with_header(&answer(200, JSON, body), "Content-Encoding: gzip")
}

fn gzip<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        // Writing to memory does not fail.
        let _ = encoder.write_all(part);
    }
    encoder.finish().unwrap_or_default()
}
