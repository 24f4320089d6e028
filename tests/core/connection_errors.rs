//! Connections that break: whether the POST may have been acted on decides about a second one.

use std::time::Duration;

use atlas_backups::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{
    BUDGET, Budget, Client, IMPATIENT, SLACK, ambiguous, atlas, good, timed, timeout, token,
};
use crate::server::{Server, Step, Welcome, answer, json, refusing};

#[tokio::test]
async fn a_refused_connection_is_tried_again_until_the_count_is_spent() {
    let (_held, url) = refusing();
    let budget = Budget { retries: 2, ..BUDGET };

    let (result, took) = timed(Client::with(&url, &token(), &budget).take()).await;

    assert_eq!(atlas(result).effort.attempts, 3);
    assert!(took < Duration::from_secs(1) + SLACK);
}

#[tokio::test]
async fn a_server_that_comes_up_late_gets_one_post() {
    let (socket, url) = refusing();
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let listener = socket.listen(1).unwrap();
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut posts = 0;
        let mut buffer = vec![0; 65536];
        while let Ok(read @ 1..) = socket.read(&mut buffer).await {
            posts += String::from_utf8_lossy(&buffer[..read]).matches("POST ").count();
            socket.write_all(&answer(200, "Connection: close\r\n", good())).await.unwrap();
        }
        posts
    });
    let budget = Budget { retries: 30, ..BUDGET };

    Client::with(&url, &token(), &budget).take().await.unwrap();

    assert_eq!(late.await.unwrap(), 1);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_tried_again() {
    let budget = Budget { retries: 1, ..BUDGET };
    let client = Client::with("https://atlas.invalid", &token(), &budget);

    let (result, took) = timed(client.take()).await;

    let attempts = match result {
        Err(Error::Transport(failure) | Error::Timeout(failure)) => failure.effort.attempts,
        other => panic!("{other:?}"),
    };
    assert_eq!(attempts, 2);
    assert!(took < Duration::from_secs(4) + SLACK);
}

#[tokio::test]
async fn a_connection_that_is_never_made_is_tried_again() {
    // A full backlog: the kernel drops further attempts.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(Ok(one)) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address))
            .await
    {
        held.push(one);
        assert!(held.len() < 64);
    }
    let budget = Budget { attempt: 5.0, total: 2.0, ..IMPATIENT };

    let (result, took) =
        timed(Client::with(&format!("http://{address}"), &token(), &budget).take()).await;

    assert!(timeout(result).effort.attempts >= 2);
    assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
}

#[tokio::test]
async fn a_reset_before_the_request_was_read_is_never_answered_by_a_second_one() {
    for welcome in [Welcome::Reset, Welcome::ResetUnread, Welcome::Close] {
        let server = Server::start_with(
            |_| json(200, &good()),
            move |connection| if connection == 0 { welcome } else { Welcome::Serve },
            None,
        )
        .await;

        let result = Client::new(&server.url()).take().await;

        match result {
            // Seen before a byte of it was asked for.
            Ok(_) => assert_eq!((server.posts(), server.connections()), (1, 2), "{welcome:?}"),
            other => {
                ambiguous(other);
                assert_eq!((server.posts(), server.connections()), (0, 1), "{welcome:?}");
            }
        }
        if welcome == Welcome::ResetUnread {
            assert_eq!(server.connections(), 1);
        }
    }
}

#[tokio::test]
async fn an_end_after_the_request_was_read_leaves_it_open() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let whole = good();
    let half = &whole[..whole.len() / 2];
    let long = format!("{head}Content-Length: {}\r\n\r\n{whole}", whole.len() + 10);
    let cut = format!("{head}Content-Length: {}\r\n\r\n{half}", whole.len());
    let chunk = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{half}", whole.len());
    let no_last =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len());
    let short = format!("{head}Content-Length: {}\r\n\r\n{whole}", whole.len() - 10);
    let no_length = format!("{head}\r\n{half}");
    let two_lengths = format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{whole}");
    for bytes in [
        "",
        "HT",
        "HTTP/1.1 200 OK\r\nConte",
        head,
        &long,
        &cut,
        &chunk,
        &no_last,
        &short,
        &no_length,
        &two_lengths,
        "HTTP/1.1 200 OK\r\nBad Header\u{1}: x\r\n\r\n{}",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{15}\u{3}\u{1}\0\u{2}\u{2}\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
    ] {
        for end in [Step::Close, Step::Reset] {
            let (sent, last) = (bytes.as_bytes().to_vec(), end.clone());
            // A pause, so that a reset does not overtake what was sent before.
            let pause = Step::Pause(Duration::from_millis(20));
            let server =
                Server::start(move |_| vec![Step::Send(sent.clone()), pause.clone(), last.clone()])
                    .await;

            let (result, took) = timed(Client::new(&server.url()).take()).await;

            let error = ambiguous(result);
            assert_eq!(server.posts(), 1, "{bytes} {end:?}");
            assert!(took < SLACK, "{bytes} {end:?} {took:?}");
            assert!(error.to_string().chars().count() < 2000);
        }
    }
}

#[tokio::test]
async fn an_answer_that_overtakes_the_request_is_an_answer() {
    // The server answers as soon as it is connected; hyper refuses what it did not ask for.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut connections = 0;
        while let Ok(Ok((mut socket, _))) =
            tokio::time::timeout(Duration::from_secs(1), listener.accept()).await
        {
            connections += 1;
            let bytes = answer(200, "", crate::client::snapshot("6600000000000000000000ee"));
            let _ = socket.write_all(&bytes).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        connections
    });

    let result = Client::new(&url).take().await;

    // An unrequested response must not make the outcome certain.
    assert!(matches!(result, Ok(_) | Err(Error::Ambiguous(_) | Error::Transport(_))), "{result:?}");
    server.abort();
}

#[tokio::test]
async fn more_headers_than_anyone_sends_leave_it_open() {
    let many = "X-Filler: 0123456789012345678901234567890123456789\r\n".repeat(20_000);
    let server = Server::start(move |_| vec![Step::Send(answer(200, &many, good()))]).await;

    ambiguous(Client::new(&server.url()).take().await);

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn the_raw_take_follows_the_same_rule() {
    let server = Server::start(|_| vec![Step::Reset]).await;
    ambiguous(Client::new(&server.url()).raw().await);
    assert_eq!(server.posts(), 1);
}
