//! TLS: whom the client believes, and that nothing is sent to anybody else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::client::{BUDGET, Budget, Client, SLACK, atlas, good, service_account, timed, token};
use crate::server::{Server, json};

static FILES: AtomicUsize = AtomicUsize::new(0);

/// A certificate authority, its file, and servers that it vouches for.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) file: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let number = FILES.fetch_add(1, Ordering::SeqCst);
        let name = format!("atlas-backups-core-{}-{number}.pem", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    pub(crate) fn acceptor(&self, host: &str, years: (i32, i32), alpn: &[&[u8]]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

const NOW: (i32, i32) = (2020, 2090);

fn trusting(file: &Path) -> Budget<'_> {
    Budget { ca_file: Some(file), ..BUDGET }
}

#[tokio::test]
async fn a_server_whose_authority_was_added_is_believed() {
    let authority = Authority::new();
    for (host, name) in [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")] {
        let server =
            Server::start_tls(authority.acceptor(name, NOW, &[]), |_| json(200, &good())).await;
        let url = server.url().replace("localhost", host);

        let client = Client::with(&url, &token(), &trusting(&authority.file));
        client.take().await.unwrap();
        client.take().await.unwrap();

        assert_eq!((server.posts(), server.connections()), (2, 1));
    }
}

#[tokio::test]
async fn a_server_that_is_not_believed_gets_nothing_and_the_error_comes_at_once() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let cases = [
        ("untrusted", stranger.acceptor("localhost", NOW, &[])),
        ("another host", authority.acceptor("example.test", NOW, &[])),
        ("expired", authority.acceptor("localhost", (2020, 2021), &[])),
        ("not yet valid", authority.acceptor("localhost", (2080, 2090), &[])),
    ];
    for (name, acceptor) in cases {
        for credentials in [token(), service_account()] {
            let server = Server::start_tls(acceptor.clone(), |_| json(200, &good())).await;
            let client = Client::with(&server.url(), &credentials, &trusting(&authority.file));

            let (result, took) = timed(client.take()).await;

            let failure = atlas(result);
            assert!(failure.what.contains("certificate"), "{name}: {failure}");
            assert!(took < SLACK, "{name}: {took:?}");
            assert_eq!((server.requests().len(), server.connections()), (0, 1), "{name}");
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_an_error_at_once() {
    let authority = Authority::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let mut connections = 0;
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            connections += 1;
            assert_eq!(connections, 1);
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });

    let (result, took) =
        timed(Client::with(&url, &token(), &trusting(&authority.file)).take()).await;

    atlas(result);
    assert!(took < SLACK);
    assert!(!server.is_finished());
    server.abort();
}

#[tokio::test]
async fn a_handshake_that_breaks_off_is_tried_again() {
    use crate::server::Welcome;
    let authority = Authority::new();
    for welcome in [Welcome::Reset, Welcome::Close] {
        let server = Server::start_with(
            |_| json(200, &good()),
            move |connection| if connection < 2 { welcome } else { Welcome::Serve },
            Some(authority.acceptor("localhost", NOW, &[])),
        )
        .await;

        Client::with(&server.url(), &token(), &trusting(&authority.file)).take().await.unwrap();

        assert_eq!((server.posts(), server.connections()), (1, 3), "{welcome:?}");
    }
}
