//! Just enough HTTP/1.1: requests with a `Content-Length` or no body, one after another.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Error, ErrorKind};

use super::answers::{Answers, HEADERS};

pub(crate) async fn serve<S>(mut socket: S, answers: &Answers) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = BytesMut::with_capacity(16 << 10);
    let mut output = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if socket.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        };
        let head = input.split_to(end);
        let head = std::str::from_utf8(&head).map_err(|_| ErrorKind::InvalidData)?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default();
        let target = words.next().ok_or(Error::from(ErrorKind::InvalidData))?;
        let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("content-length").then_some(value.trim())
        });
        let length = length.map_or(Ok(0), str::parse).map_err(|_| ErrorKind::InvalidData)?;
        while input.len() < length {
            if socket.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        }
        input.advance(length);
        write(&mut output, &answers.answer(method, target));
        socket.write_all(&output).await?;
        socket.flush().await?;
    }
}

fn write(output: &mut Vec<u8>, body: &[u8]) {
    output.clear();
    output.extend(b"HTTP/1.1 200 OK\r\n");
    for (name, value) in HEADERS {
        output.extend([name, ": ", value, "\r\n"].concat().as_bytes());
    }
    output.extend(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    output.extend(body);
}
