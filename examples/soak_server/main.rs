//! A mock of Atlas that breaks a share of its responses in every way of `faults.rs`.
//!
//! `benches/soak.py` starts it; its first line of output is its port. `GET /stats` returns its
//! counters. It keeps the snapshots taken, so that missing and duplicate ones show.
#![allow(clippy::print_stdout)]

mod faults;
mod request;
mod state;

use std::sync::Arc;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use self::faults::{Fault, answer};
use self::request::Request;
use self::state::State;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let percent = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5.0);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let state = Arc::new(State::new(percent / 100.0));
    loop {
        let (socket, _) = listener.accept().await?;
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            state.connected();
            // A client that goes away in the middle is what some faults lead to.
            let _ = serve(socket, &state).await;
        });
    }
}

async fn serve(socket: TcpStream, state: &State) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    while let Some(request) = Request::read(&mut socket).await? {
        if request.path == "/stats" {
            let body = state.stats();
            socket.get_mut().write_all(&answer(200, "application/json", body.as_bytes())).await?;
            continue;
        }
        let fault = state.draw();
        let good = match fault {
            Some(fault) if !fault.acts() => Vec::new(),
            _ => state.act(&request),
        };
        let socket = socket.get_mut();
        match fault {
            None => socket.write_all(&good).await?,
            Some(fault) => {
                if !fault.play(socket, &good).await? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

impl Fault {
    /// Half of the faults that could go either way act before they go wrong.
    fn acts(self) -> bool {
        !matches!(
            self,
            Self::TooMany
                | Self::TooManySilent
                | Self::Unauthorized
                | Self::ResetUnacted
                | Self::CloseUnacted
                | Self::NotFoundPage
                | Self::SilentUnacted
                | Self::InternalUnacted
                | Self::BadGatewayUnacted
        )
    }
}
