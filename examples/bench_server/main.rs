//! Answers like Atlas, at once and always well: what `benches/speed` measures clients against.
//!
//! Its first line of output is its port. `--tls FILE` makes it speak TLS, HTTP/2 where the client
//! offers it (not with `--http1`), and writes the certificate to trust into that file. `GET /stats`
//! returns its counters.
#![allow(clippy::print_stdout)]

mod answers;
mod http1;
mod http2;
mod tls;

use std::error::Error;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use self::answers::Answers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let has_http2 = std::env::args().all(|it| it != "--http1");
    let file = std::env::args().skip_while(|it| it != "--tls").nth(1);
    let acceptor = file.map(|file| tls::acceptor(file.as_ref(), has_http2)).transpose()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let answers = Arc::new(Answers::new());
    loop {
        let (socket, _) = listener.accept().await?;
        let (acceptor, answers) = (acceptor.clone(), Arc::clone(&answers));
        tokio::spawn(async move {
            // A client that goes away ends its connection, whatever state that is in.
            let _ = serve(socket, acceptor, answers).await;
        });
    }
}

async fn serve(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    answers: Arc<Answers>,
) -> Result<(), Box<dyn Error>> {
    answers.connected();
    socket.set_nodelay(true)?;
    let Some(acceptor) = acceptor else { return Ok(http1::serve(socket, &answers).await?) };
    let socket = acceptor.accept(socket).await?;
    answers.shook_hands();
    if socket.get_ref().1.alpn_protocol() == Some(b"h2") {
        return Ok(http2::serve(socket, answers).await?);
    }
    Ok(http1::serve(socket, &answers).await?)
}
