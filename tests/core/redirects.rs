//! Redirects are answers, not orders: nothing follows them, and no credential leaves.

use crate::client::{BUDGET, Client, ambiguous, good, service_account, token};
use crate::server::{Server, Step, answer, json};

const STATUSES: [u16; 6] = [300, 301, 302, 303, 307, 308];

#[tokio::test]
async fn a_redirect_of_the_post_leaves_it_open_and_is_not_followed() {
    for status in STATUSES {
        for same_host in [true, false] {
            let other = Server::start(|_| json(200, &good())).await;
            let target = if same_host { "/elsewhere".to_owned() } else { other.url() };
            let server = Server::start(move |request| {
                let headers = format!("Location: {target}\r\n");
                match request.path() {
                    "/elsewhere" => json(200, &good()),
                    _ => vec![Step::Send(answer(status, &headers, good()))],
                }
            })
            .await;

            ambiguous(Client::with(&server.url(), &token(), &BUDGET).take().await);

            assert_eq!((server.requests().len(), server.posts()), (1, 1), "{status}");
            assert_eq!((other.connections(), other.requests().len()), (0, 0), "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_of_the_token_request_is_an_error_and_not_followed() {
    for status in STATUSES {
        let other = Server::start(|_| json(200, r#"{"access_token":"t"}"#)).await;
        let headers = format!("Location: {}\r\n", other.url());
        let server = Server::start(move |_| vec![Step::Send(answer(status, &headers, ""))]).await;

        let client = Client::with(&server.url(), &service_account(), &BUDGET);
        let error = client.take().await.unwrap_err();

        assert!(matches!(error, atlas_backups::error::Error::InvalidResponse(_)), "{error:?}");
        assert_eq!((server.requests().len(), server.posts()), (1, 0), "{status}");
        assert_eq!(other.connections(), 0);
    }
}
