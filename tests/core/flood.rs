//! Interim answers (1xx) without end and without a pause, over TLS, on a runtime with one worker.

use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::http::CallContext;
use atlas_backups::model::Snapshot;
use atlas_backups::operations::{ClusterAddress, list_snapshots};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::client::{BUDGET, Budget, Client, GROUP, timed, timeout, token};
use crate::server::answer;
use crate::tls::Authority;

const ATTEMPT: f64 = 5.0;
/// What the HTTP library reads at a stretch takes seconds where nothing is optimized.
const STRETCH: Duration = Duration::from_secs(12);

/// Floods what is asked of one cluster, on a thread of its own, and answers for others.
fn serve(authority: &Authority) -> String {
    let acceptor = authority.acceptor("localhost", (2020, 2090), &[b"http/1.1"]);
    let (sender, url) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            sender.send(format!("https://localhost:{port}")).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut socket = acceptor.accept(socket).await?;
                    let mut head = vec![0; 4096];
                    loop {
                        let length = socket.read(&mut head).await?;
                        let is_flooded = head[..length].windows(5).any(|it| it == b"Flood");
                        let interim = b"HTTP/1.1 100 C\r\n\r\n".repeat(50_000);
                        if is_flooded {
                            loop {
                                socket.write_all(&interim).await?;
                            }
                        }
                        let page = r#"{"results":[],"totalCount":0}"#;
                        socket.write_all(&answer(200, "", page)).await?;
                        if length == 0 {
                            return std::io::Result::Ok(());
                        }
                    }
                });
            }
        });
    });
    url.recv().unwrap()
}

async fn list(client: Client, cluster: &'static str) -> Result<Vec<Snapshot>, Error> {
    let cluster = ClusterAddress::new(GROUP, cluster).unwrap();
    let call = CallContext::begin(&client.config, None);
    list_snapshots(&client.atlas, &cluster, false, &call).await
}

#[test]
fn a_flood_of_interim_answers_outlasts_no_time_out_and_holds_up_no_other_call() {
    let authority = Authority::new();
    let url = serve(&authority);
    let budget = Budget {
        connect: ATTEMPT,
        attempt: ATTEMPT,
        total: 30.0,
        retries: 0,
        ca_file: Some(&authority.file),
        ..BUDGET
    };
    let client = Client::with(&url, &token(), &budget);
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();

    // Spawned, as calls from Python are: they share the worker with the connections.
    let flooded = runtime.spawn(timed(list(client.clone(), "Flood")));
    let others = runtime.spawn(async move {
        let mut ends = Vec::new();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            ends.push(list(client.clone(), "Other").await);
        }
        ends
    });
    let (flooded, others) = runtime.block_on(async { tokio::join!(flooded, others) });

    let ((flooded, took), others) = (flooded.unwrap(), others.unwrap());
    timeout(flooded);
    assert!(took < Duration::from_secs_f64(ATTEMPT) + STRETCH, "{took:?}");
    assert!(others.iter().all(Result::is_ok), "{others:?}");
}
