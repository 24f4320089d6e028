//! A raw TCP server that counts what it receives and answers with the bytes of a script.
//!
//! It knows just enough HTTP/1.1 to find the end of a request; whatever it sends is up to the test.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One request, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) uri: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Which connection brought it, from 0.
    pub(crate) connection: usize,
    /// Which request with this path it is, from 0.
    pub(crate) nth: usize,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.split('?').next().unwrap()
    }
}

/// What the server does next on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Waits until the server has received so many POSTs that ask for a snapshot.
    Posts(usize),
    /// Sends these bytes again and again, until the client is gone.
    Forever(Vec<u8>, Duration),
    /// An orderly end.
    Close,
    /// The same, and then that of the client is waited for.
    CloseBoth,
    /// RST, by `SO_LINGER` 0.
    Reset,
}

/// What the server does with a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Welcome {
    Serve,
    /// RST before anything is read.
    Reset,
    /// RST once bytes of a request have come, of which none is read.
    ResetUnread,
    /// An orderly end before anything is read.
    Close,
    /// Nothing is read, nothing is sent.
    Ignore,
}

pub(crate) trait Answers: Fn(&Received) -> Vec<Step> + Send + Sync + 'static {}
impl<F: Fn(&Received) -> Vec<Step> + Send + Sync + 'static> Answers for F {}

/// A listening server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    answers: Box<dyn Answers>,
    welcome: Box<dyn Fn(usize) -> Welcome + Send + Sync>,
    tls: Option<TlsAcceptor>,
    requests: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    ended: AtomicUsize,
    answered: AtomicUsize,
}

impl State {
    fn posts(&self) -> usize {
        let asks = |it: &&Received| it.method == "POST" && it.path().ends_with("/backup/snapshots");
        self.requests.lock().unwrap().iter().filter(asks).count()
    }
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Server {
    pub(crate) async fn start(answers: impl Answers) -> Self {
        Self::start_with(answers, |_| Welcome::Serve, None).await
    }

    pub(crate) async fn start_tls(tls: TlsAcceptor, answers: impl Answers) -> Self {
        Self::start_with(answers, |_| Welcome::Serve, Some(tls)).await
    }

    /// `welcome` is asked for every connection, by its number from 0.
    pub(crate) async fn start_with(
        answers: impl Answers,
        welcome: impl Fn(usize) -> Welcome + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            answers: Box::new(answers),
            welcome: Box::new(welcome),
            tls,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state))).abort_handle();
        Self { address, state, task }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.state.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Whole requests to paths with this end.
    pub(crate) fn count(&self, path_end: &str) -> usize {
        self.requests().iter().filter(|request| request.path().ends_with(path_end)).count()
    }

    /// Whole POSTs that ask for a snapshot.
    pub(crate) fn posts(&self) -> usize {
        self.state.posts()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Requests to which all was done.
    pub(crate) fn answered(&self) -> usize {
        self.state.answered.load(Ordering::SeqCst)
    }

    /// Connections without TLS that were served to their end.
    pub(crate) fn ended(&self) -> usize {
        self.state.ended.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port that is taken and refuses connections until it listens, and its URL.
pub(crate) fn refusing() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { return };
        let number = state.connections.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            match (state.welcome)(number) {
                Welcome::Serve => {}
                Welcome::Reset => return reset(&socket),
                Welcome::ResetUnread => {
                    socket.peek(&mut [0]).await.unwrap();
                    return reset(&socket);
                }
                Welcome::Close => return,
                Welcome::Ignore => return std::future::pending().await,
            }
            let _ = socket.set_nodelay(true);
            match &state.tls {
                None => {
                    serve(socket, &state, number).await;
                    state.ended.fetch_add(1, Ordering::SeqCst);
                }
                Some(tls) => {
                    if let Ok(socket) = tls.clone().accept(socket).await {
                        serve(socket, &state, number).await;
                    }
                }
            }
        });
    }
}

fn reset(socket: &TcpStream) {
    socket.set_zero_linger().unwrap();
}

async fn serve<S: Socket>(mut socket: S, state: &State, connection: usize) {
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut socket, &mut buffer).await {
        request.connection = connection;
        {
            let mut requests = state.requests.lock().unwrap();
            request.nth = requests.iter().filter(|r| r.path() == request.path()).count();
            requests.push(request.clone());
        }
        for step in (state.answers)(&request) {
            if !perform(&mut socket, state, step).await {
                return;
            }
        }
        state.answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// False: the connection is over.
async fn perform<S: Socket>(socket: &mut S, state: &State, step: Step) -> bool {
    match step {
        Step::Send(bytes) => send(socket, &bytes).await,
        Step::Pause(time) => {
            tokio::time::sleep(time).await;
            true
        }
        Step::Posts(count) => {
            while state.posts() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            true
        }
        Step::Forever(bytes, pause) => {
            while send(socket, &bytes).await {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            false
        }
        Step::Close => {
            let _ = socket.shutdown().await;
            false
        }
        Step::CloseBoth => {
            let _ = socket.shutdown().await;
            let mut rest = [0; 64];
            while matches!(socket.read(&mut rest).await, Ok(1..)) {}
            false
        }
        Step::Reset => {
            reset(socket.tcp());
            false
        }
    }
}

async fn send<S: Socket>(socket: &mut S, bytes: &[u8]) -> bool {
    socket.write_all(bytes).await.is_ok() && socket.flush().await.is_ok()
}

async fn read_request<S: Socket>(socket: &mut S, buffer: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        read_some(Pin::new(socket), buffer).await?;
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let (method, uri) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < head_end + length {
        read_some(Pin::new(socket), buffer).await?;
    }
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Some(Received { method, uri, headers, body, connection: 0, nth: 0 })
}

async fn read_some<S: Socket>(mut socket: Pin<&mut S>, buffer: &mut Vec<u8>) -> Option<()> {
    match socket.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}

/// A whole answer with a length.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An answer of JSON, as Atlas sends one.
pub(crate) fn json(status: u16, body: &str) -> Vec<Step> {
    vec![Step::Send(answer(status, "Content-Type: application/json\r\n", body))]
}

/// The same with more headers, each ended by CRLF.
pub(crate) fn json_with(status: u16, headers: &str, body: &str) -> Vec<Step> {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    vec![Step::Send(answer(status, &headers, body))]
}

pub(crate) fn html(status: u16) -> Vec<Step> {
    let page = "<html><body><h1>Bad Gateway</h1></body></html>";
    vec![Step::Send(answer(status, "Content-Type: text/html\r\n", page))]
}

/// An error as Atlas writes it.
pub(crate) fn atlas_error(status: u16, code: &str) -> String {
    format!(
        r#"{{"detail":"It went wrong.","error":{status},"errorCode":"{code}","parameters":["a"],"reason":"Because"}}"#
    )
}
