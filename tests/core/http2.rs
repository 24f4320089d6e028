//! HTTP/2, frame by frame: which ends of a stream prove that nothing was acted on.

mod silence;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_backups::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::client::{
    BUDGET, Budget, Client, IMPATIENT, SLACK, SNAPSHOT_ID, ambiguous, atlas, good, timed, token,
};
use crate::tls::Authority;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

/// The highest id: "no new streams", whatever is there goes on.
const ANY_STREAM: u32 = 0x7fff_ffff;

#[derive(Debug, Clone)]
enum Act {
    Send(Vec<u8>),
    Pause(u64),
    Close,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Act {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    Act::Send(bytes)
}

fn head(stream: u32, status: u16) -> Act {
    let mut block = vec![0x08, 3];
    block.extend(status.to_string().bytes());
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn answered(stream: u32) -> Vec<Act> {
    vec![head(stream, 200), frame(DATA, END_STREAM, stream, good().as_bytes())]
}

fn reset(stream: u32, reason: u32) -> Act {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

fn go_away(last: u32, reason: u32, debug: &[u8]) -> Act {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(reason.to_be_bytes());
    payload.extend(debug);
    frame(GOAWAY, 0, 0, &payload)
}

type Acts = Box<dyn Fn(u32) -> Vec<Act> + Send + Sync>;

/// Which whole request this is: on the server, on its connection, and its stream.
#[derive(Debug, Clone, Copy)]
struct Seen {
    nth: usize,
    connection: usize,
    stream: u32,
}

struct Server {
    url: String,
    authority: Authority,
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    answers: Box<dyn Fn(Seen) -> Vec<Act> + Send + Sync>,
    settings: Vec<u8>,
    heads: AtomicUsize,
    requests: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

impl Server {
    async fn start(answers: impl Fn(Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::with_settings(answers, Vec::new()).await
    }

    async fn with_settings(
        answers: impl Fn(Seen) -> Vec<Act> + Send + Sync + 'static,
        settings: Vec<u8>,
    ) -> Self {
        let authority = Authority::new();
        let acceptor = authority.acceptor("localhost", (2020, 2090), &[b"h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let state = Arc::new(State {
            answers: Box::new(answers),
            settings,
            heads: AtomicUsize::new(0),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let _ = socket.set_nodelay(true);
                    let socket = acceptor.accept(socket).await.unwrap();
                    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                    let _ = serve(socket, &state, number).await;
                });
            }
        });
        Self { url, authority, state, task: task.abort_handle() }
    }

    fn client(&self, budget: Budget<'_>) -> Client {
        let budget = Budget { ca_file: Some(&self.authority.file), ..budget };
        Client::with(&self.url, &token(), &budget)
    }

    fn posts(&self) -> usize {
        self.state.requests.lock().unwrap().len()
    }

    fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<S>(mut socket: S, state: &State, connection: usize) -> std::io::Result<()>
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    let mut preface = [0; 24];
    socket.read_exact(&mut preface).await?;
    perform(&mut socket, frame(SETTINGS, 0, 0, &state.settings)).await?;
    loop {
        let mut header = [0; 9];
        socket.read_exact(&mut header).await?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        socket.read_exact(&mut payload).await?;
        let (kind, flags) = (header[3], header[4]);
        let stream = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
        match kind {
            SETTINGS if flags & ACK == 0 => {
                perform(&mut socket, frame(SETTINGS, ACK, 0, &[])).await?;
            }
            PING if flags & ACK == 0 => perform(&mut socket, frame(PING, ACK, 0, &payload)).await?,
            HEADERS => drop(state.heads.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            let seen = {
                let mut requests = state.requests.lock().unwrap();
                let seen = Seen { nth: requests.len(), connection, stream };
                requests.push(seen);
                seen
            };
            for act in (state.answers)(seen) {
                perform(&mut socket, act).await?;
            }
        }
    }
}

async fn perform<S: AsyncWriteExt + Unpin>(socket: &mut S, act: Act) -> std::io::Result<()> {
    match act {
        Act::Send(bytes) => {
            socket.write_all(&bytes).await?;
            socket.flush().await
        }
        Act::Pause(time) => {
            tokio::time::sleep(Duration::from_millis(time)).await;
            Ok(())
        }
        Act::Close => {
            let _ = socket.shutdown().await;
            Err(std::io::ErrorKind::Other.into())
        }
    }
}

#[tokio::test]
async fn what_the_server_offers_is_used_and_one_connection_serves_all() {
    let server = Server::start(|seen| answered(seen.stream)).await;
    let client = server.client(BUDGET);
    for _ in 0..5 {
        assert_eq!(client.take().await.unwrap().id, SNAPSHOT_ID);
    }
    assert_eq!((server.posts(), server.connections()), (5, 1));
}

#[tokio::test]
async fn refused_stream_is_sent_again_at_once_without_spending_retries() {
    let server = Server::start(|seen| match seen.nth {
        0..5 => vec![reset(seen.stream, REFUSED_STREAM)],
        _ => answered(seen.stream),
    })
    .await;

    let (result, took) = timed(server.client(Budget { retries: 0, ..BUDGET }).take()).await;

    result.unwrap();
    assert_eq!(server.posts(), 6);
    assert!(took < SLACK);
}

#[tokio::test]
async fn go_away_does_not_spend_retries() {
    let server = Server::start(|seen| match seen.connection {
        0..5 => vec![go_away(0, NO_ERROR, b""), Act::Pause(50), Act::Close],
        _ => answered(seen.stream),
    })
    .await;

    server.client(Budget { retries: 0, ..BUDGET }).take().await.unwrap();

    assert_eq!((server.posts(), server.connections()), (6, 6));
}

#[tokio::test]
async fn streams_refused_for_ever_end_with_the_count() {
    let server = Server::start(|seen| vec![reset(seen.stream, REFUSED_STREAM)]).await;

    let error = atlas(server.client(Budget { retries: 2, ..BUDGET }).take().await);

    assert_eq!((error.effort.attempts, server.posts()), (3, 18));
}

#[tokio::test]
async fn a_go_away_below_the_stream_is_repeated_on_another_connection() {
    let server = Server::start(|seen| match seen.connection {
        0 => vec![go_away(0, NO_ERROR, b""), Act::Pause(50), Act::Close],
        _ => answered(seen.stream),
    })
    .await;

    server.client(BUDGET).take().await.unwrap();

    assert_eq!((server.posts(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_go_away_that_includes_the_stream_leaves_it_open_when_the_answer_never_comes() {
    for (last, pause) in [(1, 0), (1, 50), (ANY_STREAM, 0), (ANY_STREAM, 50)] {
        let server = Server::start(move |seen| match seen.connection {
            0 => vec![go_away(last, NO_ERROR, b""), Act::Pause(pause), Act::Close],
            _ => answered(seen.stream),
        })
        .await;

        ambiguous(server.client(BUDGET).take().await);

        assert_eq!((server.posts(), server.connections()), (1, 1), "{last} {pause}");
    }
}

#[tokio::test]
async fn a_server_that_says_goodbye_may_still_answer() {
    let server = Server::start(|seen| {
        let mut acts = vec![go_away(ANY_STREAM, NO_ERROR, b""), Act::Pause(30)];
        acts.push(go_away(seen.stream, NO_ERROR, b""));
        acts.extend(answered(seen.stream));
        acts
    })
    .await;
    let client = server.client(BUDGET);

    client.take().await.unwrap();
    client.take().await.unwrap();

    assert_eq!((server.posts(), server.connections()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_streams_only_the_one_above_the_go_away_is_repeated() {
    let server = Server::start(|seen| match (seen.connection, seen.stream) {
        (0, 1) => vec![],
        (0, 3) => {
            let mut acts = vec![go_away(1, NO_ERROR, b"")];
            acts.extend(answered(1));
            acts
        }
        _ => answered(seen.stream),
    })
    .await;
    let client = server.client(BUDGET);
    let first = {
        let client = client.clone();
        tokio::spawn(async move { client.take().await })
    };
    while server.posts() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    client.take().await.unwrap();
    first.await.unwrap().unwrap();

    assert_eq!((server.posts(), server.connections()), (3, 2));
}

#[tokio::test]
async fn every_other_end_of_a_stream_leaves_it_open() {
    let partial = |stream| vec![head(stream, 200), frame(DATA, 0, stream, b"{\"id\":")];
    let cases: Vec<(&str, Acts)> = vec![
        ("no error", Box::new(|stream| vec![reset(stream, NO_ERROR)])),
        ("internal error", Box::new(|stream| vec![reset(stream, INTERNAL_ERROR)])),
        ("cancel", Box::new(|stream| vec![reset(stream, CANCEL)])),
        ("calm", Box::new(|stream| vec![reset(stream, ENHANCE_YOUR_CALM)])),
        ("http 1.1", Box::new(|stream| vec![reset(stream, HTTP_1_1_REQUIRED)])),
        ("end of file", Box::new(|_| vec![Act::Close])),
        (
            "go away, internal error",
            Box::new(|s| vec![go_away(s, INTERNAL_ERROR, b""), Act::Close]),
        ),
        ("half, then reset", Box::new(move |s| [partial(s), vec![reset(s, CANCEL)]].concat())),
        ("half, then end", Box::new(move |s| [partial(s), vec![Act::Close]].concat())),
        (
            "no status",
            Box::new(|stream| vec![frame(HEADERS, END_HEADERS | END_STREAM, stream, &[])]),
        ),
        ("bad block", Box::new(|stream| vec![frame(HEADERS, END_HEADERS, stream, &[0xff; 9])])),
        ("huge frame", Box::new(|stream| vec![frame(DATA, 0, stream, &[b' '; 1 << 20])])),
        ("http/1.1", Box::new(|_| vec![Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())])),
        ("502", Box::new(|s| vec![head(s, 502), frame(DATA, END_STREAM, s, b"<html>")])),
    ];
    for (name, acts) in cases {
        let server = Server::start(move |seen| acts(seen.stream)).await;

        let (result, took) = timed(server.client(BUDGET).take()).await;

        let error = ambiguous(result);
        assert_eq!(server.posts(), 1, "{name}: {error}");
        assert!(took < SLACK, "{name}: {took:?}");
        assert!(error.to_string().chars().count() < 2000, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_began_to_answer_has_acted_whatever_it_says_then() {
    for go in [false, true] {
        let server = Server::start(move |seen| {
            let id = seen.stream;
            let half = frame(DATA, 0, id, b"{\"id\":");
            let end = if go { go_away(0, NO_ERROR, b"") } else { reset(id, REFUSED_STREAM) };
            vec![head(id, 200), half, Act::Pause(20), end, Act::Pause(50), Act::Close]
        })
        .await;

        let result = server.client(BUDGET).take().await;

        assert_eq!(server.posts(), 1, "go away: {go}, {result:?}");
        ambiguous(result);
    }
}

#[tokio::test]
async fn an_angry_go_away_below_the_stream_is_repeated_or_left_open() {
    // RFC 9113, 6.8: streams above the last one were not processed, whatever the reason.
    let server = Server::start(|seen| match seen.connection {
        0 => vec![go_away(0, ENHANCE_YOUR_CALM, b"too_many_pings"), Act::Pause(50), Act::Close],
        _ => answered(seen.stream),
    })
    .await;

    match server.client(BUDGET).take().await {
        Ok(_) => assert_eq!(server.posts(), 2),
        other => {
            ambiguous(other);
            assert_eq!(server.posts(), 1);
        }
    }
}

#[tokio::test]
async fn what_a_go_away_says_does_not_flood_the_message() {
    let debug = "<script>\u{1b}[31m".repeat(1000);
    let server = Server::start(move |seen| {
        vec![go_away(seen.stream - 1, INTERNAL_ERROR, debug.as_bytes()), Act::Pause(50), Act::Close]
    })
    .await;

    let error = server.client(Budget { retries: 0, ..BUDGET }).take().await.unwrap_err();

    let message = error.to_string();
    assert!(message.chars().count() < 2000, "{} characters", message.chars().count());
    assert!(!message.contains(char::is_control), "{message:?}");
}

#[tokio::test]
async fn a_head_beyond_measure_leaves_it_open() {
    // A literal header: a name of one letter, a value of a hundred.
    let header = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
    for (frames, per_frame) in [(1, 150), (3, 150), (1000, 150), (20_000, 0)] {
        let header = header.clone();
        let block = header.repeat(per_frame);
        let server = Server::start(move |seen| {
            let mut acts = vec![frame(HEADERS, 0, seen.stream, &[0x08, 3, b'2', b'0', b'0'])];
            acts.extend(vec![frame(CONTINUATION, 0, seen.stream, &block); frames]);
            acts.push(frame(CONTINUATION, END_HEADERS, seen.stream, &header));
            acts.push(frame(DATA, END_STREAM, seen.stream, good().as_bytes()));
            acts
        })
        .await;

        let taken = server.client(Budget { attempt: 5.0, total: 1.9, ..BUDGET }).take().await;

        let error = ambiguous(taken);
        assert!(matches!(&*error.cause, Error::Transport(_)), "{frames}: {error}");
        assert_eq!(server.posts(), 1, "{frames}");
    }
}

#[tokio::test]
async fn silence_leaves_it_open() {
    let server = Server::start(|_| vec![]).await;
    let (result, took) = timed(server.client(IMPATIENT).take()).await;
    ambiguous(result);
    assert!(took < Duration::from_millis(300) + SLACK);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_request_that_the_server_has_no_room_for_is_not_open() {
    let no_streams = [0, 3, 0, 0, 0, 0].to_vec();
    let no_window = [0, 4, 0, 0, 0, 0].to_vec();
    for settings in [no_streams, no_window] {
        let server = Server::with_settings(|seen| answered(seen.stream), settings.clone()).await;
        let client = server.client(Budget { connect: 1.0, ..IMPATIENT });
        // Each on a connection of its own, for the one before has gone silent.
        for _ in 0..2 {
            let before = server.posts();
            let (result, took) = timed(client.take()).await;
            // The very first request may leave before the settings have come.
            match result {
                Ok(_) => assert_eq!(server.posts(), before + 1),
                Err(Error::Timeout(_)) => assert_eq!(server.posts(), before),
                Err(Error::Ambiguous(_)) => assert!(server.posts() <= before + 1),
                other => panic!("{settings:?}: {other:?}"),
            }
            assert!(took < Duration::from_secs(1) + SLACK);
        }
    }
}

#[tokio::test]
async fn request_that_waits_for_a_window_was_not_sent() {
    let server = Server::start(|seen| {
        let mut acts = answered(seen.stream);
        acts.push(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
        acts
    })
    .await;
    let client = server.client(Budget { connect: 1.0, retries: 0, ..IMPATIENT });
    client.take().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let call = client.call();

    let result = client.take_in(&call).await;

    assert!(matches!(result, Err(Error::Timeout(_))), "{result:?}");
    assert!(call.pending_outcome().is_none());
    assert_eq!(server.posts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_said_goodbye_while_idle_never_doubles_a_post() {
    let server = Server::start(|seen| {
        let mut acts = answered(seen.stream);
        acts.push(Act::Pause(u64::from(seen.nth % 2 == 0)));
        acts.extend([go_away(seen.stream, NO_ERROR, b""), Act::Close]);
        acts
    })
    .await;
    let client = server.client(BUDGET);
    for round in 0..40 {
        let before = server.posts();
        match client.take().await {
            Ok(_) => assert!(server.posts() - before == 1, "round {round}"),
            other => {
                ambiguous(other);
                assert!(server.posts() - before <= 1, "round {round}");
            }
        }
    }
}
