//! Bodies that are not what Atlas sends: memory stays bounded, nothing is believed or repeated.

use std::io::Write;
use std::time::Duration;

use atlas_backups::error::Error;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{
    BUDGET, Budget, Client, SLACK, SNAPSHOT_ID, ambiguous, atlas, good, timed, token,
};
use crate::server::{Server, Step, answer, atlas_error, json, refusing};

const MEBIBYTE: usize = 1 << 20;

fn gzip(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(&part).unwrap();
    }
    encoder.finish().unwrap()
}

/// Peak of the resident memory of this process, in bytes.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn answers_without_a_valid_id_are_no_snapshots() {
    for body in [
        "",
        " \n",
        "null",
        "[]",
        "7",
        "\"6600000000000000000000bb\"",
        "{}",
        "{\"id\":null}",
        "{\"id\":7}",
        "{\"id\":\"\"}",
        "{\"id\":\"6600000000000000000000BB\"}",
        "{\"id\":\"6600000000000000000000bb\\n\"}",
        "{\"id\":\"6600000000000000000000bb\"",
        "{\"id\":\"6600000000000000000000bb\"}}",
        "{\"id\":\"6600000000000000000000bb\",\"id\":null}",
        "{\"Id\":\"6600000000000000000000bb\"}",
        "<html><body>Welcome</body></html>",
        "\u{feff}{\"id\":\"6600000000000000000000bb\"}",
        "NaN",
    ] {
        let server = Server::start(move |_| json(200, body)).await;

        let error = ambiguous(Client::new(&server.url()).take().await);

        assert!(matches!(&*error.cause, Error::InvalidResponse(_)), "{body}: {error:?}");
        assert_eq!(server.posts(), 1, "{body}");
    }
}

#[tokio::test]
async fn no_content_and_no_utf8_leave_it_open() {
    let server =
        Server::start(|_| vec![Step::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]).await;
    ambiguous(Client::new(&server.url()).take().await);
    let bytes = [b"{\"id\":\"".as_slice(), &[0xff; 24], b"\"}"].concat();
    let server = Server::start(move |_| vec![Step::Send(answer(200, "", &bytes))]).await;
    ambiguous(Client::new(&server.url()).take().await);
    let page = [b"<html>".as_slice(), &[0xfe; 600], b"\0\x1b[2J"].concat();
    let server = Server::start(move |_| vec![Step::Send(answer(502, "", &page))]).await;
    let message = ambiguous(Client::new(&server.url()).take().await).to_string();
    assert!(message.chars().count() < 600 && !message.contains(char::is_control), "{message:?}");
}

#[tokio::test]
async fn an_endless_body_is_left_at_its_limit() {
    let before = peak_memory();
    for (status, raw) in [(200, false), (500, false), (200, true), (400, true)] {
        let server = Server::start(move |_| {
            let head = format!("HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = format!("10000\r\n{}\r\n", "[".repeat(0x10000));
            vec![Step::Send(head.into_bytes()), Step::Forever(chunk.into_bytes(), Duration::ZERO)]
        })
        .await;
        let client =
            Client::with(&server.url(), &token(), &Budget { attempt: 20.0, total: 20.0, ..BUDGET });

        let (error, took) = timed(async {
            if raw { ambiguous(client.raw().await) } else { ambiguous(client.take().await) }
        })
        .await;

        assert!(took < Duration::from_secs(8), "{took:?}");
        assert!(error.to_string().chars().count() < 600);
        assert_eq!(server.posts(), 1);
    }
    let grown = peak_memory().saturating_sub(before);
    // Of this process, in which other tests read large answers at the same time.
    assert!(grown < 400 * MEBIBYTE, "{grown}");
}

#[tokio::test]
async fn an_error_of_atlas_within_64_kib_is_read_and_a_longer_one_is_not_believed() {
    let padded = |length: usize| {
        let body = atlas_error(400, "VALIDATION_ERROR");
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    for (length, believed) in [(64 << 10, true), ((64 << 10) + 1, false)] {
        let body = padded(length);
        let server = Server::start(move |_| json(400, &body)).await;
        match (Client::new(&server.url()).take().await, believed) {
            (Err(Error::Api(_)), true) | (Err(Error::Ambiguous(_)), false) => {}
            (other, _) => panic!("{length}: {other:?}"),
        }
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn eight_mebibytes_are_read_and_one_byte_more_is_not() {
    for (more, taken) in [(0, true), (1, false)] {
        let body = good();
        let body = format!("{body}{}", " ".repeat(8 * MEBIBYTE + more - body.len()));
        let server = Server::start(move |_| json(200, &body)).await;
        let client =
            Client::with(&server.url(), &token(), &Budget { attempt: 20.0, total: 20.0, ..BUDGET });
        let result = client.take().await;
        assert_eq!(result.is_ok(), taken);
        if !taken {
            let error = ambiguous(result);
            assert!(error.to_string().contains("larger"), "{error}");
        }
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let body = gzip([good().into_bytes()]);
    let server =
        Server::start(move |_| vec![Step::Send(answer(200, "Content-Encoding: gzip\r\n", &body))])
            .await;

    let snapshot = Client::new(&server.url()).take().await.unwrap();

    assert_eq!(snapshot.id, SNAPSHOT_ID);
}

#[tokio::test]
async fn a_bomb_is_left_at_its_limit() {
    let body = gzip((0..256).map(|_| vec![b' '; MEBIBYTE]));
    for status in [200, 500] {
        let bytes = answer(status, "Content-Encoding: gzip\r\n", &body);
        let server = Server::start(move |_| vec![Step::Send(bytes.clone())]).await;
        let before = peak_memory();

        let client =
            Client::with(&server.url(), &token(), &Budget { attempt: 20.0, total: 20.0, ..BUDGET });
        ambiguous(client.take().await);

        let grown = peak_memory().saturating_sub(before);
        assert!(grown < 200 * MEBIBYTE, "{grown}");
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn gzip_of_several_members_and_in_any_case_is_decoded() {
    let body = good();
    let (first, second) = body.split_at(body.len() / 2);
    let members = [gzip([first.into()]), gzip([second.into()])].concat();
    for encoding in ["gzip", "GZIP", "x-gzip"] {
        let bytes = answer(200, &format!("Content-Encoding: {encoding}\r\n"), &members);
        let server = Server::start(move |_| vec![Step::Send(bytes.clone())]).await;

        Client::new(&server.url()).take().await.unwrap();
    }
}

#[tokio::test]
async fn cut_false_and_foreign_encodings_leave_it_open() {
    let whole = gzip([good().into_bytes()]);
    let cut = whole[..whole.len() / 2].to_vec();
    let no_trailer = whole[..whole.len() - 8].to_vec();
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 0xff;
    // Where more would have come, the connection broke; what cannot be decoded is no answer of Atlas.
    for (encoding, body, broke) in [
        ("gzip", cut.clone(), true),
        ("gzip", whole[..4].to_vec(), true),
        ("gzip", no_trailer, true),
        ("gzip", damaged, false),
        ("gzip", good().into_bytes(), false),
        ("gzip", Vec::new(), false),
        ("br", vec![0x1b, 0x00, 0x00], false),
    ] {
        for raw in [false, true] {
            let bytes = answer(200, &format!("Content-Encoding: {encoding}\r\n"), &body);
            let server = Server::start(move |_| vec![Step::Send(bytes.clone())]).await;
            let client = Client::new(&server.url());

            // As it came, for better or worse.
            if raw && (encoding == "br" || body.is_empty()) {
                client.raw().await.unwrap();
                continue;
            }
            let (error, took) = timed(async {
                if raw { ambiguous(client.raw().await) } else { ambiguous(client.take().await) }
            })
            .await;

            let atlas = matches!(&*error.cause, Error::Transport(_));
            let invalid = matches!(&*error.cause, Error::InvalidResponse(_));
            assert_eq!((atlas, invalid), (broke, !broke), "{encoding} {error}");
            assert!(took < SLACK);
            assert_eq!(server.posts(), 1, "{encoding}");
        }
    }
}

#[tokio::test]
async fn a_compressed_answer_that_ends_early_is_a_broken_connection() {
    let body = gzip([good().into_bytes()]);
    let mut bytes = answer(200, "Content-Encoding: gzip\r\n", &body);
    bytes.truncate(bytes.len() - 20);
    for end in [Step::Close, Step::Reset] {
        let (sent, pause) = (bytes.clone(), Step::Pause(Duration::from_millis(20)));
        let server =
            Server::start(move |_| vec![Step::Send(sent.clone()), pause.clone(), end.clone()])
                .await;

        let error = ambiguous(Client::new(&server.url()).take().await);

        assert!(matches!(&*error.cause, Error::Transport(_)), "{error}");
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn a_refusal_needs_no_readable_body() {
    let garbled = "WWW-Authenticate: Bearer\r\nContent-Encoding: gzip\r\n";
    let server = Server::start(move |_| vec![Step::Send(answer(401, garbled, "no gzip"))]).await;

    let error = Client::new(&server.url()).take().await.unwrap_err();

    assert!(matches!(error, Error::Api(_)), "{error}");
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn json_deeper_than_a_stack_leaves_it_open() {
    for (deep, taken) in [(60, true), (64, false), (100_000, false)] {
        let body =
            format!(r#"{{"id":"{SNAPSHOT_ID}","x":{}{}}}"#, "[".repeat(deep), "]".repeat(deep));
        let server = Server::start(move |_| json(200, &body)).await;
        let result = Client::new(&server.url()).take().await;
        assert_eq!(result.is_ok(), taken, "{deep}");
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn a_closed_port_is_no_body() {
    // The counterpart: nothing was sent, so nothing is open.
    let (_held, url) = refusing();
    atlas(Client::with(&url, &token(), &Budget { retries: 0, ..BUDGET }).take().await);
}
